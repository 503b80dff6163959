import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{f as A,h as D,i as O}from"./chunk-YPFA22SK.mjs";import{a as b}from"./chunk-PDG2CQDB.mjs";import{c as k}from"./chunk-E6N4RSRP.mjs";import{a as _}from"./chunk-6QH455NK.mjs";import{a as S}from"./chunk-SRBMZ726.mjs";import{createHash as J}from"node:crypto";import{setTimeout as Y}from"node:timers/promises";var j="README.md",g={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
`};function B({branch:t,dataPath:e,totals:a,run:n,savedAt:r}){let o=Object.entries(a).map(([l,{records:f,files:c,bytes:u,max_updated_at:d}])=>`| [${l}](${encodeURI(e)}/${l}) | ${x(f)} | ${x(c)} | ${x(Math.ceil(u/1024))} kB | ${d??"\u2013"} |`),[s="conversations"]=Object.keys(a),i=`${e}/${s}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\` says what has been read;
leave it as it is. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${o.join(`
`)}

Last run: [${n.id}, attempt ${n.attempt}](${n.url}), ${r}.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} <address of this repository> kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${i}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${i}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${i} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}function x(t){return t.toLocaleString("en-US")}var P="state.json",C=100,q=4,H=12,V=20;async function yt({git:t,branch:e,...a}){let n=await t.file(e,P);return n===null?null:K({git:t,branch:e,...a},n.sha,n.bytes)}async function bt(t,e,a){let n={};try{return await W(t,e,a,r=>{n=r})}catch(r){throw r instanceof b?it(r,t,n):r}}async function W(t,e,a,n){let{git:r,branch:o}=t,{files:s,replaces:i,run:l}=e,f,c;for(let u=1;;u++){let d=await r.tip(o);if(c!==void 0&&d?.commit===c.commit)return c;let m=d===null?[]:await r.tree(d.tree),p=await Q(t,m,e.known),y=e.state,E=s.map(h=>N(t,e,h,0));if(p!==null&&(p.state!==null||p.run===`${l.id}-${l.attempt}`)){let h=await tt(t,e,m);if(h==="delivered")return{commit:d?.commit??"",state:p.state??e.state,known:p};E=s.map(w=>N(t,e,w,h.get(w.stream)??0)),p.state!==null&&(y=A(e.state,p.state,new Set(i)))}let v=await et(t,e,m);if(s.length===0&&v.length===0)return null;d===null&&u===1&&await at(t),f??=await nt(t,e,a,n),n({});let $=Z(p?.totals??{},e),G=Buffer.from(X(y,t.stateId,$)),z=E.map((h,w)=>({path:h,type:"blob",sha:f?.[w]})),R=await r.createBlob(G),F=await rt(t,d?.tree??null,i,[{path:P,type:"blob",sha:R},{path:j,type:"blob",content:B({...t,totals:$,run:l,savedAt:y.savedAt})},...m.some(({path:h})=>h===g.path)?[]:[{...g,type:"blob"}],...v,...z]),T=await r.createCommit(ot(e),F,d?.commit??null);c={commit:T,state:y,known:{sha:R,...L(y),totals:$}},n({moving:!0});try{return d===null?await r.createBranch(o,T):await r.moveBranch(o,T),c}catch(h){if(!(h instanceof b)||!st(h)||u===H)throw h;n({}),a.debug(`Another writer was faster on ${o}; starting from what is there now.`),await Y(Math.random()*Math.min(8e3,250*2**u))}}}async function Q(t,e,a){let n=e.find(({path:o})=>o===P);if(n===void 0)return null;if(n.sha===a?.sha)return{...a,state:null};let r=K(t,n.sha,await t.git.blob(n.sha));return{...r.known,state:r.state}}function K({branch:t,stateId:e},a,n){let r=n.toString("utf8"),o=O(r,`branch ${t}`),{state_id:s,totals:i}=JSON.parse(r);if(typeof s=="string"&&s!==e)throw new S("user","state",`The branch ${t} belongs to the sync with the \`state-id\` ${s}, and this one is ${e}.`,"Give each sync its own `branch`.");return{state:o,known:{sha:a,...L(o),totals:i??{}}}}function L({generation:t,run:e}){return{generation:t,run:`${e.id}-${e.attempt}`}}function X(t,e,a){return`${JSON.stringify({...JSON.parse(D(t)),state_id:e,totals:a},null,1)}
`}function Z(t,{files:e,replaces:a}){let n={};for(let[r,o]of Object.entries(t))a.includes(r)||(n[r]=o);for(let{stream:r,records:o,bytes:s,max_updated_at:i}of e){let l=n[r]??{records:0,files:0,bytes:0,max_updated_at:null};n[r]={records:l.records+o,files:l.files+1,bytes:l.bytes+s,max_updated_at:(l.max_updated_at??"")>(i??"")?l.max_updated_at:i}}return Object.fromEntries(Object.entries(n).sort(([r],[o])=>r<o?-1:1))}function N({dataPath:t},{day:e,run:a},{path:n,stream:r},o){let[,s="",i=""]=/-(\d+)(\.ndjson(?:\.gz)?)$/.exec(n)??[],l=`${a.id}-${a.attempt}-${String(Number(s)+o).padStart(5,"0")}${i}`;return`${t}/${r}/dt=${e}/${l}`}async function tt({git:t,dataPath:e},{files:a,day:n,run:r,directory:o},s){let i=new Map,[l]=a;for(let f of new Set(a.map(c=>c.stream))){let u=(await M(t,s,`${e}/${f}/dt=${n}`)??[]).filter(({path:d})=>d.startsWith(`${r.id}-${r.attempt}-`));if(u.length!==0){if(f===l?.stream){let d=U(await _(o,l));if(u.some(m=>m.sha===d))return"delivered"}i.set(f,Math.max(...u.map(({path:d})=>Number(/-(\d+)\.ndjson/.exec(d)?.[1]??0))))}}return i}async function M(t,e,a){let n=e;for(let r of a.split("/")){let o=n.find(s=>s.path===r&&s.type==="tree");if(o===void 0)return null;n=await t.tree(o.sha)}return n}async function et({git:t,dataPath:e},{files:a,replaces:n},r){let o=n.filter(i=>!a.some(l=>l.stream===i));if(o.length===0)return[];let s=await M(t,r,e)??[];return o.filter(i=>s.some(({path:l})=>l===i)).map(i=>({path:`${e}/${i}`,type:"tree",sha:null}))}async function nt({git:t,branch:e},{directory:a,files:n},r,o){let s=[],i=0,l=0;async function f(){for(let c=i++;c<n.length;c=i++){let u=n[c],d=await _(a,u);o({uploading:u.path});let m=await t.createBlob(d);if(m!==U(d))throw new b(0,"another blob than was sent");s[c]=m,++l%V===0&&r.info(`Uploaded ${l} of ${k(n.length,"file")} for ${e}.`)}}return await Promise.all(Array.from({length:q},f)),s}function U(t){return J("sha1").update(`blob ${t.length}\0`).update(t).digest("hex")}async function rt({git:t,dataPath:e},a,n,r){let o=`${e}/`,s=c=>c.slice(o.length,c.indexOf("/",o.length)),i=({path:c,type:u})=>a!==null&&u==="blob"&&c.startsWith(o)&&n.includes(s(c)),l=r.filter(i).map(c=>({...c,path:c.path.slice(o.length)})),f=r.filter(c=>!i(c));if(l.length>0){let c=await t.tree(await I(t,null,l));f=[...f,...c.map(({path:u,sha:d})=>({path:o+u,type:"tree",sha:d}))]}return I(t,a,f)}async function I(t,e,a){let n=e;for(let r=0;r<a.length;r+=C)n=await t.createTree(n,a.slice(r,r+C));return n}async function at({git:t,branch:e}){try{await t.createBlob(Buffer.from(g.content))}catch(a){if(!(a instanceof b)||a.status!==409)throw a;await t.begin(e,g.path,g.content,"sync: first commit of an empty repository")}}function ot({files:t,run:e}){let a=[...new Set(t.map(({stream:r})=>r))],n=t.reduce((r,o)=>r+o.records,0);return`sync: ${a.join(", ")||"no stream"}, ${k(n,"record")} [run ${e.id}.${e.attempt}]`}function st({status:t,says:e}){return t===409||t===422&&/fast.?forward|already exists|does not exist|cannot lock ref/i.test(e)}function it({status:t,says:e,cause:a},{repository:n,branch:r},o){let s=(i,l,f)=>new S(i,"publish",l,f,a,t);return t===401?s("user",`GitHub does not accept the token for the repository ${n} (401).`,"Check the secret that is given as `github-token`, and that it has not expired."):t===404?s("user",`There is no repository ${n} that the token may write to (404).`,"Check `repository`, and give a `github-token` that has `contents: write` there."):o.uploading!==void 0&&(t===413||t===422&&/too large|too_large/i.test(e))?s("user",`The file ${o.uploading} holds a record that is too large for a data branch.`,"Set `compression: gzip`, or `destination: artifact`, which takes files of any size."):o.moving&&(t===422||t===403&&!/not accessible/i.test(e))?s("user",`The branch ${r} of ${n} is protected and does not take the commit (${t}).`,"Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name."):t===403?s("user",`The token may not write to the contents of ${n} (403).`,"Give the job `permissions: contents: write`, or a `github-token` that has it."):s("github",`The commit to the branch ${r} of ${n} could not be made${t>0?` (status ${t})`:""}.`,"Nothing is taken for published; run again, and the same records are delivered.")}export{yt as a,bt as b};
