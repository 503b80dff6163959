import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as j}from"./chunk-IYH44OJZ.mjs";import{a as $}from"./chunk-6Z7EFLT7.mjs";import"./chunk-FIVMPHRX.mjs";import{b as v,e as k,f as O,g as C,h as M,j as F,k as D,l as H,m as L}from"./chunk-UBXO7TXZ.mjs";import{a as N}from"./chunk-D3HAH4KE.mjs";import"./chunk-SDUXQX2A.mjs";import{a as S}from"./chunk-QCWDQVBI.mjs";import{b as B,c as _}from"./chunk-FBDYW3DX.mjs";import"./chunk-UOULNYKW.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as V}from"node:timers/promises";var A="README.md",w={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function I({branch:t,dataPath:r,totals:o,run:n,savedAt:e}){let a=Object.entries(o).map(([l,{records:s,files:d,bytes:m,max_updated_at:u}])=>`| [${l}](${encodeURI(r)}/${l}) | ${B(s)} | ${B(d)} | ${B(Math.ceil(m/1024))} kB | ${u??"\u2013"} |`),[i="conversations"]=Object.keys(o),c=`${r}/${i}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${a.join(`
`)}

<!-- totals: ${JSON.stringify(o)} -->

Last run: [${n.id}, attempt ${n.attempt}](${n.url}), ${e}.

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
`}function Y(t){let[,r]=/^<!-- totals: (\{.*\}) -->$/m.exec(t)??[];try{return r===void 0?void 0:JSON.parse(r)}catch{return}}async function q({git:t},r,o){let n=r.find(({path:i})=>i===A),e=o?.totals??{};if(n===void 0||n.sha===o?.readme)return{totals:e,isOurs:!0};let a=Y((await t.blob(n.sha)).toString("utf8"));return{totals:a??e,isOurs:a!==void 0}}function G({status:t,reason:r}){return t===409||t===422&&/fast.?forward|already exists|does not exist|cannot lock ref/i.test(r)}function W({status:t,reason:r}){return t===413||t===422&&/too large|too_large/i.test(r)}function U({path:t},{status:r,cause:o}){return new S("record-too-large-for-branch",{what:`The file ${t} holds a record that is too large for a data branch.`,todo:"Set `compression: gzip`, or `destination: artifact`, which takes files of any size.",cause:o,status:r})}function z({status:t,reason:r,cause:o},{repository:n,branch:e},a){let i=(c,l,s)=>new S(c,{what:l,todo:s,cause:o,status:t});return t===401?i("branch-refused",`GitHub does not accept the token for the repository ${n} (401).`,"Check the secret that is given as `github-token`, and that it has not expired."):t===404?i("branch-refused",`There is no repository ${n} that the token may write to (404).`,"Check `repository`, and give a `github-token` that has `contents: write` there."):a&&(t===422||t===403&&!/not accessible/i.test(r))?i("branch-refused",`The branch ${e} of ${n} is protected and does not take the commit (${t}).`,"Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name."):t===403?i("branch-refused",`The token may not write to the contents of ${n} (403).`,"Give the job `permissions: contents: write`, or a `github-token` that has it."):i("branch-unavailable",`The commit to the branch ${e} of ${n} could not be made${t>0?` (status ${t})`:""}.`,"Nothing is taken for published; run again, and the same records are delivered.")}var Q=4,X=12,Z=20;async function Et(t,r,o){let n={place:t,request:r,log:o.log,...tt(r,o),blobs:new Map};for(let e=1;;e++){let a=await et(n,e===1?r.base.head?.tip:void 0,e===X);if(a!==null)return a;o.log.debug(`Another writer was faster on ${t.branch}; starting from what is there now.`),await V(Math.random()*Math.min(8e3,250*2**e))}}function tt({change:t,window:r},{context:o,fileMark:n}){let{runId:e,attempt:a,serverUrl:i,repository:c}=o,l=`${e}-${a}/`;return{run:{id:e,attempt:a,url:`${i}/${c}/actions/runs/${e}`},runPrefix:l,ownName:`${l}${t.state.publishId}`,filePrefix:`${e}-${a}-${n===""?"":`${n}-`}`,day:r.to.slice(0,10)}}async function et(t,r,o){let{place:n,request:e,last:a}=t,{base:i,change:c}=e,l=!1;try{let s=r??await F(n);if(a!==void 0&&s?.commit===a.commit)return a;let d=await D(n,s?.root??[],i.head);if(d?.state&&d.head.writers.includes(t.ownName)){let{state:b,head:x}=d;return{commit:s?.commit??"",state:b,lost:[],otherRun:null,base:J(b,x)}}let m=d?.state??null,{state:u,lost:h}=N(c,i.generation,m),f={lost:h,otherRun:m?.run??null},p=v(e,h),g=p.files.filter(({stream:b})=>!p.unfinished.includes(b)),R=await ot(n,g,p.replaces,s?.root??[]),T=g.length>0||R.length>0||e.savesStateAlone;if(p.change.changed.length===0||!T)return{commit:null,state:m??c.state,base:i,...f};let{tree:P,head:y}=await rt(t,s,d?.head??null,{kept:p,files:g,removed:R,state:u}),E=await n.git.createCommit(lt(g,t.run),P,s?.commit??null);return t.last={commit:E,state:u,base:J(u,y),...f},l=!0,s===null?await n.git.createBranch(n.branch,E):await n.git.moveBranch(n.branch,E),t.last}catch(s){if(!(s instanceof $))throw s;if(l&&G(s)&&!o)return null;throw z(s,n,l)}}async function rt(t,r,o,n){let{place:e,run:a,request:i,blobs:c}=t,{kept:l,files:s,removed:d,state:m}=n,u=r?.root??[];r===null&&await it(e),await st(e,i.directory,s,c,t.log);let h=await at(t,s,o,u),f=await q(e,u,o),p=nt(f.totals,s,l.replaces),g=I({...e,totals:p,run:a,savedAt:m.savedAt}),T={writers:L(o?.writers??[],t.ownName),totals:p,readme:O(Buffer.from(g))},P=await e.git.createBlob(Buffer.from(H(m,e.stateName,T))),y={type:"blob"};return{tree:await C(e,r?.tree??null,l.replaces,[{...y,path:M(e.stateName),sha:P},...f.isOurs?[{...y,path:A,content:g}]:[],...u.some(({path:b})=>b===w.path)?[]:[{...y,...w}],...d,...s.map((b,x)=>({...y,path:h[x],sha:c.get(b.path)}))]),head:{sha:P,...T}}}function J({generation:t},r){return{generation:t,cacheKey:null,head:r}}function nt(t,r,o){let n={};for(let[e,a]of Object.entries(t))o.includes(e)||(n[e]=a);for(let{stream:e,records:a,bytes:i,max_updated_at:c}of r){let l=n[e]??{records:0,files:0,bytes:0,max_updated_at:null};n[e]={records:l.records+a,files:l.files+1,bytes:l.bytes+i,max_updated_at:(l.max_updated_at??"")>(c??"")?l.max_updated_at:c}}return Object.fromEntries(Object.entries(n).sort(([e],[a])=>e<a?-1:1))}async function at({place:{git:t,dataPath:r},runPrefix:o,filePrefix:n,day:e},a,i,c){let l=i?.writers.some(d=>d.startsWith(o))??!1,s=new Map;for(let d of new Set(l?a.map(m=>m.stream):[])){let u=(await k(t,c,`${r}/${d}/dt=${e}`)??[]).flatMap(({path:f})=>f.startsWith(n)?Number(/^(\d+)\.ndjson/.exec(f.slice(n.length))?.[1]??0):[]),h=Math.min(...a.filter(f=>f.stream===d).map(f=>K(f).number));Math.max(0,...u)>=h&&s.set(d,Math.max(...u))}return a.map(d=>{let{number:m,ending:u}=K(d),h=String(m+(s.get(d.stream)??0)).padStart(5,"0");return`${r}/${d.stream}/dt=${e}/${n}${h}${u}`})}function K({path:t}){let r=/-(\d+)(\.ndjson(?:\.gz)?)$/.exec(t);if(r===null)throw new Error(`A part has no number: ${t}`);return{number:Number(r[1]),ending:r[2]}}async function ot({git:t,dataPath:r},o,n,e){let a=n.filter(c=>!o.some(l=>l.stream===c));if(a.length===0)return[];let i=await k(t,e,r)??[];return a.filter(c=>i.some(({path:l})=>l===c)).map(c=>({path:`${r}/${c}`,type:"tree",sha:null}))}async function st({git:t,branch:r},o,n,e,a){let i=n.filter(({path:s})=>!e.has(s)),c=0;async function l(){for(let s=i.shift();s!==void 0;s=i.shift()){let d=s,m=await j(o,d),u=await t.createBlob(m).catch(h=>{throw h instanceof $&&W(h)?U(d,h):h});if(u!==O(m))throw new $(0,"another blob than was sent");e.set(d.path,u),++c%Z===0&&a.info(`Uploaded ${c} of ${_(n.length,"file")} for ${r}.`)}}await Promise.all(Array.from({length:Q},l))}async function it({git:t,branch:r}){try{await t.createBlob(Buffer.from(w.content))}catch(o){if(!(o instanceof $)||o.status!==409)throw o;await t.createFirstCommit(r,w.path,w.content,"sync: first commit of an empty repository")}}function lt(t,{id:r,attempt:o}){let n=[...new Set(t.map(({stream:a})=>a))],e=t.reduce((a,i)=>a+i.records,0);return`sync: ${n.join(", ")||"no stream"}, ${_(e,"record")} [run ${r}.${o}]`}export{Et as commit};
