import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as K}from"./chunk-3B3NHUZ2.mjs";import{a as P}from"./chunk-J2X43457.mjs";import{b as J,e as j,f as N,g as W,h as Y,j as G,k as q,l as V,m as Q}from"./chunk-PSRAIZUJ.mjs";import{r as X}from"./chunk-GZRNS27J.mjs";import{a as x}from"./chunk-EUWIYRSJ.mjs";import{c as E,d as A}from"./chunk-CD3KXWSL.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as ft}from"node:timers/promises";var M="README.md",R={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function Z({branch:t,dataPath:e,totals:n,run:o,savedAt:r}){let a=Object.entries(n).map(([i,{records:d,files:l,bytes:u,max_updated_at:h}])=>`| [${i}](${encodeURI(e)}/${i}) | ${E(d)} | ${E(l)} | ${E(Math.ceil(u/1024))} kB | ${h??"\u2013"} |`),[c="conversations"]=Object.keys(n),s=`${e}/${c}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${a.join(`
`)}

<!-- totals: ${JSON.stringify(n)} -->

Last run: [${o.id}, attempt ${o.attempt}](${o.url}), ${r}.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} <address of this repository> kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${s}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${s}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${s} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}function mt(t){let[,e]=/^<!-- totals: (\{.*\}) -->$/m.exec(t)??[];try{return e===void 0?void 0:JSON.parse(e)}catch{return}}async function tt({git:t},e,n){let o=e.find(({path:c})=>c===M),r=n?.totals??{};if(o===void 0||o.sha===n?.readme)return{totals:r,isOurs:!0};let a=mt((await t.blob(o.sha)).toString("utf8"));return{totals:a??r,isOurs:a!==void 0}}function et({status:t,says:e}){return t===409||t===422&&/fast.?forward|already exists|does not exist|cannot lock ref/i.test(e)}function rt({status:t,says:e}){return t===413||t===422&&/too large|too_large/i.test(e)}function nt({path:t},{status:e,cause:n}){return new x("record-too-large-for-branch",{what:`The file ${t} holds a record that is too large for a data branch.`,todo:"Set `compression: gzip`, or `destination: artifact`, which takes files of any size.",cause:n,status:e})}function ot({status:t,says:e,cause:n},{repository:o,branch:r},a){let c=(s,i,d)=>new x(s,{what:i,todo:d,cause:n,status:t});return t===401?c("branch-refused",`GitHub does not accept the token for the repository ${o} (401).`,"Check the secret that is given as `github-token`, and that it has not expired."):t===404?c("branch-refused",`There is no repository ${o} that the token may write to (404).`,"Check `repository`, and give a `github-token` that has `contents: write` there."):a&&(t===422||t===403&&!/not accessible/i.test(e))?c("branch-refused",`The branch ${r} of ${o} is protected and does not take the commit (${t}).`,"Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name."):t===403?c("branch-refused",`The token may not write to the contents of ${o} (403).`,"Give the job `permissions: contents: write`, or a `github-token` that has it."):c("branch-unavailable",`The commit to the branch ${r} of ${o} could not be made${t>0?` (status ${t})`:""}.`,"Nothing is taken for published; run again, and the same records are delivered.")}var ht=4,pt=12,bt=20;async function Lt(t,e,n){let o=yt(t,e,n);try{for(let r=1;;r++){let a=await o.tryCommit(r===1?e.base.head?.tip:void 0,r===pt);if(a!==null)return a;n.log.debug(`Another writer was faster on ${t.branch}; starting from what is there now.`),await ft(Math.random()*Math.min(8e3,250*2**r))}}catch(r){throw r instanceof P?ot(r,t,o.isMoving()):r}}function yt(t,e,{context:n,log:o,fileMark:r}){let{git:a,branch:c}=t,{base:s,change:i}=e,d=new Map,l={id:n.runId,attempt:n.attempt,url:`${n.serverUrl}/${n.repository}/actions/runs/${n.runId}`},u=`${l.id}-${l.attempt}`,h=`${u}/${i.state.publishId}`,p={prefix:`${u}-${r===""?"":`${r}-`}`,day:e.window.to.slice(0,10)},$=!1,f;async function st(O,B){let b=O??await G(t);if(f!==void 0&&b?.commit===f.commit)return f;let y=b?.root??[],w=await q(t,y,s.head);if(w?.state&&w.head.writers.includes(h)){let{state:m,head:v}=w;return{commit:b?.commit??"",state:m,lost:[],otherRun:null,base:at(m,v)}}let S=w?.state??null,{state:_,lost:k}=X(i,s.generation,S),T=J(e,k),C={commit:null,state:S??i.state,base:s,lost:k,otherRun:S?.run??null};if(T.change.changed.length===0)return C;let g=T.files.filter(({stream:m})=>!T.unfinished.includes(m)),F=await Pt(t,g,T.replaces,y);if(g.length===0&&F.length===0&&!e.savesStateAlone)return C;b===null&&await Bt(t),await Rt(t,e.directory,g,d,o);let ct=await $t(t,p,g,w?.head,u,y),lt=g.map(m=>wt(t,p,m,ct.get(m.stream)??0)),dt=g.map((m,v)=>({path:lt[v],type:"blob",sha:d.get(m.path)})),D=await tt(t,y,w?.head??null),I=gt(D.totals,g,T.replaces),L=Z({...t,totals:I,run:l,savedAt:_.savedAt}),U={writers:Q(w?.head.writers??[],h),totals:I,readme:N(Buffer.from(L))},z=await a.createBlob(Buffer.from(V(_,t.stateName,U))),ut=await W(t,b?.tree??null,T.replaces,[{path:Y(t.stateName),type:"blob",sha:z},...D.isOurs?[{path:M,type:"blob",content:L}]:[],...y.some(({path:m})=>m===R.path)?[]:[{...R,type:"blob"}],...F,...dt]),H=await a.createCommit(St(g,u.replace("-",".")),ut,b?.commit??null);return f={commit:H,state:_,base:at(_,{sha:z,...U}),lost:k,otherRun:S?.run??null},await it(b,H,B)?f:null}async function it(O,B,b){$=!0;try{return O===null?await a.createBranch(c,B):await a.moveBranch(c,B),!0}catch(y){if(!(y instanceof P)||!et(y)||b)throw y;return $=!1,!1}}return{tryCommit:st,isMoving:()=>$}}function at({generation:t},e){return{generation:t,cacheKey:null,head:e}}function gt(t,e,n){let o={};for(let[r,a]of Object.entries(t))n.includes(r)||(o[r]=a);for(let{stream:r,records:a,bytes:c,max_updated_at:s}of e){let i=o[r]??{records:0,files:0,bytes:0,max_updated_at:null};o[r]={records:i.records+a,files:i.files+1,bytes:i.bytes+c,max_updated_at:(i.max_updated_at??"")>(s??"")?i.max_updated_at:s}}return Object.fromEntries(Object.entries(o).sort(([r],[a])=>r<a?-1:1))}function wt({dataPath:t},{prefix:e,day:n},{path:o,stream:r},a){let[,c="",s=""]=/-(\d+)(\.ndjson(?:\.gz)?)$/.exec(o)??[];return`${t}/${r}/dt=${n}/${e}${String(Number(c)+a).padStart(5,"0")}${s}`}async function $t({git:t,dataPath:e},{prefix:n,day:o},r,a,c,s){let i=new Map;if((a?.writers.filter(l=>l.startsWith(`${c}/`))??[]).length===0)return i;for(let l of new Set(r.map(u=>u.stream))){let h=(await j(t,s,`${e}/${l}/dt=${o}`)??[]).flatMap(({path:f})=>f.startsWith(n)?Number(/^(\d+)\.ndjson/.exec(f.slice(n.length))?.[1]??0):[]),p=Math.min(...r.filter(f=>f.stream===l).map(Tt)),$=Math.max(0,...h);$>=p&&i.set(l,$)}return i}function Tt({path:t}){return Number(/-(\d+)\.ndjson/.exec(t)?.[1]??0)}async function Pt({git:t,dataPath:e},n,o,r){let a=o.filter(s=>!n.some(i=>i.stream===s));if(a.length===0)return[];let c=await j(t,r,e)??[];return a.filter(s=>c.some(({path:i})=>i===s)).map(s=>({path:`${e}/${s}`,type:"tree",sha:null}))}async function Rt({git:t,branch:e},n,o,r,a){let c=o.filter(({path:d})=>!r.has(d)),s=0;async function i(){for(let d=c.shift();d!==void 0;d=c.shift()){let l=d,u=await K(n,l),h=await t.createBlob(u).catch(p=>{throw p instanceof P&&rt(p)?nt(l,p):p});if(h!==N(u))throw new P(0,"another blob than was sent");r.set(l.path,h),++s%bt===0&&a.info(`Uploaded ${s} of ${A(o.length,"file")} for ${e}.`)}}await Promise.all(Array.from({length:ht},i))}async function Bt({git:t,branch:e}){try{await t.createBlob(Buffer.from(R.content))}catch(n){if(!(n instanceof P)||n.status!==409)throw n;await t.begin(e,R.path,R.content,"sync: first commit of an empty repository")}}function St(t,e){let n=[...new Set(t.map(({stream:r})=>r))],o=t.reduce((r,a)=>r+a.records,0);return`sync: ${n.join(", ")||"no stream"}, ${A(o,"record")} [run ${e}]`}export{Lt as commit};
