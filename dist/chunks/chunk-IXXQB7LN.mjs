import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{j as D,n as j,o as N}from"./chunk-MFB4ZE2N.mjs";import{a as w}from"./chunk-CEKWOAZM.mjs";import{b as $,c as k}from"./chunk-45DWIFGY.mjs";import{a as P}from"./chunk-FA767KB3.mjs";import{a as x}from"./chunk-WZIFJZP6.mjs";import{createHash as q}from"node:crypto";import{basename as H,dirname as V}from"node:path/posix";import{setTimeout as W}from"node:timers/promises";var _="README.md",g={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function B({branch:t,dataPath:e,totals:a,run:r,savedAt:n}){let o=Object.entries(a).map(([d,{records:f,files:l,bytes:u,max_updated_at:c}])=>`| [${d}](${encodeURI(e)}/${d}) | ${$(f)} | ${$(l)} | ${$(Math.ceil(u/1024))} kB | ${c??"\u2013"} |`),[s="conversations"]=Object.keys(a),i=`${e}/${s}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${o.join(`
`)}

<!-- totals: ${JSON.stringify(a)} -->

Last run: [${r.id}, attempt ${r.attempt}](${r.url}), ${n}.

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
`}function C(t){let[,e]=/^<!-- totals: (\{.*\}) -->$/m.exec(t)??[];try{return e===void 0?void 0:JSON.parse(e)}catch{return}}function E(t){return t.includes("/")?`state/${t}.json`:"state.json"}var K=100,Q=4,X=12,Z=20;async function Pt({git:t,branch:e,...a}){let r=await t.file(e,E(a.stateName));return r===null?null:L({git:t,branch:e,...a},r.sha,r.bytes)}async function _t(t,e,a){let r={};try{return await tt(t,e,a,n=>{r=n})}catch(n){throw n instanceof w?ft(n,t,r):n}}async function tt(t,e,a,r){let{git:n,branch:o}=t,{files:s,replaces:i,run:d}=e,f,l;for(let u=1;;u++){let c=await n.tip(o);if(l!==void 0&&c?.commit===l.commit)return l;let m=c===null?[]:await n.tree(c.tree),p=await et(t,m,e.known),y=e.state,O=s.map(h=>I(t,e,h,0));if(p!==null&&(p.state!==null||p.run===`${d.id}-${d.attempt}`)){let h=await ot(t,e,m);if(h==="delivered")return{commit:c?.commit??"",state:p.state??e.state,known:p};O=s.map(b=>I(t,e,b,h.get(b.stream)??0)),p.state!==null&&(y=D(e.state,p.state,new Set(i)))}let A=await st(t,e,m);if(s.length===0&&A.length===0&&!e.stateAlone)return null;c===null&&u===1&&await dt(t),f??=await it(t,e,a,r),r({});let T=at(await rt(t,m,p),e),J=Buffer.from(nt(y,t.stateName,T)),F=O.map((h,b)=>({path:h,type:"blob",sha:f?.[b]})),R=await n.createBlob(J),Y=await lt(t,c?.tree??null,i,[{path:E(t.stateName),type:"blob",sha:R},{path:_,type:"blob",content:B({...t,totals:T,run:d,savedAt:y.savedAt})},...m.some(({path:h})=>h===g.path)?[]:[{...g,type:"blob"}],...A,...F]),S=await n.createCommit(ct(e),Y,c?.commit??null);l={commit:S,state:y,known:{sha:R,...G(y),totals:T}},r({moving:!0});try{return c===null?await n.createBranch(o,S):await n.moveBranch(o,S),l}catch(h){if(!(h instanceof w)||!ut(h)||u===X)throw h;r({}),a.debug(`Another writer was faster on ${o}; starting from what is there now.`),await W(Math.random()*Math.min(8e3,250*2**u))}}}async function et(t,e,a){let r=E(t.stateName),n=(await v(t.git,e,V(r)))?.find(s=>s.path===H(r));if(n===void 0)return null;if(n.sha===a?.sha)return{...a,state:null};let o=L(t,n.sha,await t.git.blob(n.sha));return{...o.known,state:o.state}}function L({branch:t,stateName:e},a,r){let n=r.toString("utf8"),o=N(n,`branch ${t}`),{state_id:s,totals:i}=JSON.parse(n);if(typeof s=="string"&&s!==e)throw new x("user","state",`The branch ${t} belongs to the sync with the \`state-id\` ${s}, and this one is ${e}.`,"Give each sync its own `branch`.");return{state:o,known:{sha:a,...G(o),totals:i??{}}}}function G({generation:t,run:e}){return{generation:t,run:`${e.id}-${e.attempt}`}}function nt(t,e,a){return`${JSON.stringify({...JSON.parse(j(t)),state_id:e,totals:a},null,1)}
`}async function rt({git:t},e,a){let r=e.find(({path:n})=>n===_);return(r&&C((await t.blob(r.sha)).toString("utf8")))??a?.totals??{}}function at(t,{files:e,replaces:a}){let r={};for(let[n,o]of Object.entries(t))a.includes(n)||(r[n]=o);for(let{stream:n,records:o,bytes:s,max_updated_at:i}of e){let d=r[n]??{records:0,files:0,bytes:0,max_updated_at:null};r[n]={records:d.records+o,files:d.files+1,bytes:d.bytes+s,max_updated_at:(d.max_updated_at??"")>(i??"")?d.max_updated_at:i}}return Object.fromEntries(Object.entries(r).sort(([n],[o])=>n<o?-1:1))}function I({dataPath:t},e,{path:a,stream:r},n){let[,o="",s=""]=/-(\d+)(\.ndjson(?:\.gz)?)$/.exec(a)??[],i=`${U(e)}${String(Number(o)+n).padStart(5,"0")}${s}`;return`${t}/${r}/dt=${e.day}/${i}`}function U({run:t,mark:e}){return`${t.id}-${t.attempt}-${e===""?"":`${e}-`}`}async function ot({git:t,dataPath:e},a,r){let n=new Map,{files:o,day:s,directory:i}=a,[d]=o,f=U(a);for(let l of new Set(o.map(u=>u.stream))){let c=(await v(t,r,`${e}/${l}/dt=${s}`)??[]).filter(({path:m})=>m.startsWith(f)&&/^\d/.test(m.slice(f.length)));if(c.length!==0){if(l===d?.stream){let m=z(await P(i,d));if(c.some(p=>p.sha===m))return"delivered"}n.set(l,Math.max(...c.map(({path:m})=>Number(/-(\d+)\.ndjson/.exec(m)?.[1]??0))))}}return n}async function v(t,e,a){let r=e;for(let n of a.split("/").filter(o=>o!==".")){let o=r.find(s=>s.path===n&&s.type==="tree");if(o===void 0)return null;r=await t.tree(o.sha)}return r}async function st({git:t,dataPath:e},{files:a,replaces:r},n){let o=r.filter(i=>!a.some(d=>d.stream===i));if(o.length===0)return[];let s=await v(t,n,e)??[];return o.filter(i=>s.some(({path:d})=>d===i)).map(i=>({path:`${e}/${i}`,type:"tree",sha:null}))}async function it({git:t,branch:e},{directory:a,files:r},n,o){let s=[],i=0,d=0;async function f(){for(let l=i++;l<r.length;l=i++){let u=r[l],c=await P(a,u);o({uploading:u.path});let m=await t.createBlob(c);if(m!==z(c))throw new w(0,"another blob than was sent");s[l]=m,++d%Z===0&&n.info(`Uploaded ${d} of ${k(r.length,"file")} for ${e}.`)}}return await Promise.all(Array.from({length:Q},f)),s}function z(t){return q("sha1").update(`blob ${t.length}\0`).update(t).digest("hex")}async function lt({git:t,dataPath:e},a,r,n){let o=`${e}/`,s=l=>l.slice(o.length,l.indexOf("/",o.length)),i=({path:l,type:u})=>a!==null&&u==="blob"&&l.startsWith(o)&&r.includes(s(l)),d=n.filter(i).map(l=>({...l,path:l.path.slice(o.length)})),f=n.filter(l=>!i(l));if(d.length>0){let l=await t.tree(await M(t,null,d));f=[...f,...l.map(({path:u,sha:c})=>({path:o+u,type:"tree",sha:c}))]}return M(t,a,f)}async function M(t,e,a){let r=e;for(let n=0;n<a.length;n+=K)r=await t.createTree(r,a.slice(n,n+K));return r}async function dt({git:t,branch:e}){try{await t.createBlob(Buffer.from(g.content))}catch(a){if(!(a instanceof w)||a.status!==409)throw a;await t.begin(e,g.path,g.content,"sync: first commit of an empty repository")}}function ct({files:t,run:e}){let a=[...new Set(t.map(({stream:n})=>n))],r=t.reduce((n,o)=>n+o.records,0);return`sync: ${a.join(", ")||"no stream"}, ${k(r,"record")} [run ${e.id}.${e.attempt}]`}function ut({status:t,says:e}){return t===409||t===422&&/fast.?forward|already exists|does not exist|cannot lock ref/i.test(e)}function ft({status:t,says:e,cause:a},{repository:r,branch:n},o){let s=(i,d,f)=>new x(i,"publish",d,f,a,t);return t===401?s("user",`GitHub does not accept the token for the repository ${r} (401).`,"Check the secret that is given as `github-token`, and that it has not expired."):t===404?s("user",`There is no repository ${r} that the token may write to (404).`,"Check `repository`, and give a `github-token` that has `contents: write` there."):o.uploading!==void 0&&(t===413||t===422&&/too large|too_large/i.test(e))?s("user",`The file ${o.uploading} holds a record that is too large for a data branch.`,"Set `compression: gzip`, or `destination: artifact`, which takes files of any size."):o.moving&&(t===422||t===403&&!/not accessible/i.test(e))?s("user",`The branch ${n} of ${r} is protected and does not take the commit (${t}).`,"Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name."):t===403?s("user",`The token may not write to the contents of ${r} (403).`,"Give the job `permissions: contents: write`, or a `github-token` that has it."):s("github",`The commit to the branch ${n} of ${r} could not be made${t>0?` (status ${t})`:""}.`,"Nothing is taken for published; run again, and the same records are delivered.")}export{Pt as a,_t as b};
