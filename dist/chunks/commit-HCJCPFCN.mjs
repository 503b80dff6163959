import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as j}from"./chunk-IYH44OJZ.mjs";import{a as $}from"./chunk-6Z7EFLT7.mjs";import"./chunk-FIVMPHRX.mjs";import{b as v,e as k,f as O,g as C,h as M,j as F,k as D,l as H,m as L}from"./chunk-E33ZYL7H.mjs";import{a as N}from"./chunk-DCMDODOW.mjs";import"./chunk-ZCYRSOB6.mjs";import{a as S}from"./chunk-QCWDQVBI.mjs";import{b as B,c as _}from"./chunk-FBDYW3DX.mjs";import"./chunk-UOULNYKW.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as V}from"node:timers/promises";var A="README.md",w={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function I({branch:t,dataPath:n,totals:a,run:r,savedAt:e}){let o=Object.entries(a).map(([l,{records:s,files:d,bytes:m,max_updated_at:u}])=>`| [${l}](${encodeURI(n)}/${l}) | ${B(s)} | ${B(d)} | ${B(Math.ceil(m/1024))} kB | ${u??"\u2013"} |`),[i="conversations"]=Object.keys(a),c=`${n}/${i}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${o.join(`
`)}

<!-- totals: ${JSON.stringify(a)} -->

Last run: [${r.id}, attempt ${r.attempt}](${r.url}), ${e}.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} <address of this repository> kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${c}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${c}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${c} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}function Y(t){let[,n]=/^<!-- totals: (\{.*\}) -->$/m.exec(t)??[];try{return n===void 0?void 0:JSON.parse(n)}catch{return}}async function q({git:t},n,a){let r=n.find(({path:i})=>i===A),e=a?.totals??{};if(r===void 0||r.sha===a?.readme)return{totals:e,isOurs:!0};let o=Y((await t.blob(r.sha)).toString("utf8"));return{totals:o??e,isOurs:o!==void 0}}function G({status:t,reason:n}){return t===409||t===422&&/fast.?forward|already exists|does not exist|cannot lock ref/i.test(n)}function W({status:t,reason:n}){return t===413||t===422&&/too large|too_large/i.test(n)}function U({path:t},{status:n,cause:a}){return new S("record-too-large-for-branch",{what:`The file ${t} holds a record that is too large for a data branch.`,todo:"Set `compression: gzip`, or `destination: artifact`, which takes files of any size.",cause:a,status:n})}function z({status:t,reason:n,cause:a},{repository:r,branch:e},o){let i=(c,l,s)=>new S(c,{what:l,todo:s,cause:a,status:t});return t===401?i("branch-refused",`GitHub does not accept the token for the repository ${r} (401).`,"Check the secret that is given as `github-token`, and that it has not expired."):t===404?i("branch-refused",`There is no repository ${r} that the token may write to (404).`,"Check `repository`, and give a `github-token` that has `contents: write` there."):o&&(t===422||t===403&&!/not accessible/i.test(n))?i("branch-refused",`The branch ${e} of ${r} is protected and does not take the commit (${t}).`,"Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name."):t===403?i("branch-refused",`The token may not write to the contents of ${r} (403).`,"Give the job `permissions: contents: write`, or a `github-token` that has it."):i("branch-unavailable",`The commit to the branch ${e} of ${r} could not be made${t>0?` (status ${t})`:""}.`,"Nothing is taken for published; run again, and the same records are delivered.")}var Q=4,X=12,Z=20;async function Et(t,n,a){let r={place:t,request:n,log:a.log,...tt(n,a),blobs:new Map};for(let e=1;;e++){let o=await et(r,e===1?n.base.head?.tip:void 0,e===X);if(o!==null)return o;a.log.debug(`Another writer was faster on ${t.branch}; starting from what is there now.`),await V(Math.random()*Math.min(8e3,250*2**e))}}function tt({change:t,window:n},{context:a,fileMark:r}){let{runId:e,attempt:o,serverUrl:i,repository:c}=a,l=`${e}-${o}/`;return{run:{id:e,attempt:o,url:`${i}/${c}/actions/runs/${e}`},runPrefix:l,ownName:`${l}${t.state.publishId}`,filePrefix:`${e}-${o}-${r===""?"":`${r}-`}`,day:n.to.slice(0,10)}}async function et(t,n,a){let{place:r,request:e,last:o}=t,{base:i,change:c}=e,l=!1;try{let s=n??await F(r);if(o!==void 0&&s?.commit===o.commit)return o;let d=await D(r,s?.root??[],i.head);if(d?.state&&d.head.writers.includes(t.ownName)){let{state:b,head:x}=d;return{commit:s?.commit??"",state:b,lost:[],otherRun:null,base:J(b,x)}}let m=d?.state??null,{state:u,lost:h}=N(c,i.generation,m),f={lost:h,otherRun:m?.run??null},p=v(e,h),y=p.files.filter(({stream:b})=>!p.unfinished.includes(b)),R=await ot(r,y,p.replaces,s?.root??[]),T=y.length>0||R.length>0||e.savesStateAlone;if(p.change.changed.length===0||!T)return{commit:null,state:m??c.state,base:i,...f};let{tree:P,head:g}=await rt(t,s,d?.head??null,{kept:p,files:y,removed:R,state:u}),E=await r.git.createCommit(lt(y,t.run),P,s?.commit??null);return t.last={commit:E,state:u,base:J(u,g),...f},l=!0,s===null?await r.git.createBranch(r.branch,E):await r.git.moveBranch(r.branch,E),t.last}catch(s){if(!(s instanceof $))throw s;if(l&&G(s)&&!a)return null;throw z(s,r,l)}}async function rt(t,n,a,r){let{place:e,run:o,request:i,blobs:c}=t,{kept:l,files:s,removed:d,state:m}=r,u=n?.root??[];n===null&&await it(e),await st(e,i.directory,s,c,t.log);let h=await at(t,s,a,u),f=await q(e,u,a),p=nt(f.totals,s,l.replaces),y=I({...e,totals:p,run:o,savedAt:m.savedAt}),T={writers:L(a?.writers??[],t.ownName),totals:p,readme:O(Buffer.from(y))},P=await e.git.createBlob(Buffer.from(H(m,e.stateName,T))),g={type:"blob"};return{tree:await C(e,n?.tree??null,l.replaces,[{...g,path:M(e.stateName),sha:P},...f.isOurs?[{...g,path:A,content:y}]:[],...u.some(({path:b})=>b===w.path)?[]:[{...g,...w}],...d,...s.map((b,x)=>({...g,path:h[x],sha:c.get(b.path)}))]),head:{sha:P,...T}}}function J({generation:t},n){return{generation:t,cacheKey:null,head:n}}function nt(t,n,a){let r={};for(let[e,o]of Object.entries(t))a.includes(e)||(r[e]=o);for(let{stream:e,records:o,bytes:i,max_updated_at:c}of n){let l=r[e]??{records:0,files:0,bytes:0,max_updated_at:null};r[e]={records:l.records+o,files:l.files+1,bytes:l.bytes+i,max_updated_at:(l.max_updated_at??"")>(c??"")?l.max_updated_at:c}}return Object.fromEntries(Object.entries(r).sort(([e],[o])=>e<o?-1:1))}async function at({place:{git:t,dataPath:n},runPrefix:a,filePrefix:r,day:e},o,i,c){let l=i?.writers.some(d=>d.startsWith(a))??!1,s=new Map;for(let d of new Set(l?o.map(m=>m.stream):[])){let u=(await k(t,c,`${n}/${d}/dt=${e}`)??[]).flatMap(({path:f})=>f.startsWith(r)?Number(/^(\d+)\.ndjson/.exec(f.slice(r.length))?.[1]??0):[]),h=Math.min(...o.filter(f=>f.stream===d).map(f=>K(f).number));Math.max(0,...u)>=h&&s.set(d,Math.max(...u))}return o.map(d=>{let{number:m,ending:u}=K(d),h=String(m+(s.get(d.stream)??0)).padStart(5,"0");return`${n}/${d.stream}/dt=${e}/${r}${h}${u}`})}function K({path:t}){let[,n="",a=""]=/-(\d+)(\.ndjson(?:\.gz)?)$/.exec(t)??[];return{number:Number(n),ending:a}}async function ot({git:t,dataPath:n},a,r,e){let o=r.filter(c=>!a.some(l=>l.stream===c));if(o.length===0)return[];let i=await k(t,e,n)??[];return o.filter(c=>i.some(({path:l})=>l===c)).map(c=>({path:`${n}/${c}`,type:"tree",sha:null}))}async function st({git:t,branch:n},a,r,e,o){let i=r.filter(({path:s})=>!e.has(s)),c=0;async function l(){for(let s=i.shift();s!==void 0;s=i.shift()){let d=s,m=await j(a,d),u=await t.createBlob(m).catch(h=>{throw h instanceof $&&W(h)?U(d,h):h});if(u!==O(m))throw new $(0,"another blob than was sent");e.set(d.path,u),++c%Z===0&&o.info(`Uploaded ${c} of ${_(r.length,"file")} for ${n}.`)}}await Promise.all(Array.from({length:Q},l))}async function it({git:t,branch:n}){try{await t.createBlob(Buffer.from(w.content))}catch(a){if(!(a instanceof $)||a.status!==409)throw a;await t.createFirstCommit(n,w.path,w.content,"sync: first commit of an empty repository")}}function lt(t,{id:n,attempt:a}){let r=[...new Set(t.map(({stream:o})=>o))],e=t.reduce((o,i)=>o+i.records,0);return`sync: ${r.join(", ")||"no stream"}, ${_(e,"record")} [run ${n}.${a}]`}export{Et as commit};
