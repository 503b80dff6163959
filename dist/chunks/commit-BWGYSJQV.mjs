import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as w}from"./chunk-3UK7Z5UO.mjs";import"./chunk-ZFO5TRUW.mjs";import{b as A,g as j,k as O,l as _,m as C,n as M,p as N,q as D}from"./chunk-IOZKNACD.mjs";import{a as v}from"./chunk-54FVMXC5.mjs";import{a as E}from"./chunk-7PXQMLGM.mjs";import{b as P,c as S}from"./chunk-FBDYW3DX.mjs";import"./chunk-UOULNYKW.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as H}from"node:timers/promises";var k="README.md",x={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function q({branch:n,dataPath:o},r,{run:e,savedAt:t},{runUrl:s}){let c=Object.entries(r).map(([l,{records:m,files:d,bytes:u,max_updated_at:h}])=>`| [${l}](${encodeURI(o)}/${l}) | ${P(m)} | ${P(d)} | ${P(Math.ceil(u/1024))} kB | ${h??"\u2013"} |`),[i="conversations"]=Object.keys(r),a=`${o}/${i}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${c.join(`
`)}

<!-- totals: ${JSON.stringify(r)} -->

Last run: [${e.id}, attempt ${e.attempt}](${s}), ${t}.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${n} <address of this repository> kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${a}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${a}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${a} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}async function F({git:n},o,r){let e=o.find(({path:c})=>c===k),t=r?.totals??{};if(e===void 0||e.sha===r?.readme)return{totals:t,isOurs:!0};let[,s]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await n.blob(e.sha)))??[];try{return{totals:JSON.parse(s??""),isOurs:!0}}catch{return{totals:t,isOurs:!1}}}function I({status:n,reason:o}){return n===409||n===422&&/fast.?forward|already exists|does not exist|cannot lock ref/i.test(o)}function W({path:n},o){if(!(o instanceof w))return null;let{status:r,reason:e,cause:t}=o;return r!==413&&!(r===422&&/too large|too_large/i.test(e))?null:new E("record-too-large-for-branch",{what:`The file ${n} holds a record that is too large for a data branch.`,todo:"Set `compression: gzip`, or `destination: artifact`, which takes files of any size.",cause:t,status:r})}function L(n,{repository:o,branch:r},e){let{status:t,reason:s,cause:c}=n,i=(l,m)=>new E("branch-refused",{what:l,todo:m,cause:c,status:t});if(t===401)return i(`GitHub does not accept the token for the repository ${o} (401).`,"Check the secret that is given as `github-token`, and that it has not expired.");if(t===404)return i(`There is no repository ${o} that the token may write to (404).`,"Check `repository`, and give a `github-token` that has `contents: write` there.");if(e&&(t===422||t===403&&!/not accessible/i.test(s)))return i(`The branch ${r} of ${o} is protected and does not take the commit (${t}).`,"Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name.");if(t===403)return i(`The token may not write to the contents of ${o} (403).`,"Give the job `permissions: contents: write`, or a `github-token` that has it.");let a=t>0?` (status ${t})`:"";return new E("branch-unavailable",{what:`The commit to the branch ${r} of ${o} could not be made${a}.`,todo:"Nothing is taken for published; run again, and the same records are delivered.",cause:c,status:t})}var J=4,Y=12,K=20,V=200;async function $t(n,o,r,e){let{runId:t,attempt:s}=r.context,c={place:n,request:o,options:r,runName:`${t}-${s}`,blobs:new Map};for(let i=1;;i++){let a=await X(c,i===1?e:void 0,i===Y);if(a!==null)return a;r.log.debug(`Another writer was faster on ${n.branch}; starting from what is there now.`),await H(Math.random()*Math.min(8e3,250*2**i))}}async function X(n,o,r){let{place:e,request:t,last:s}=n,{base:c,change:i}=t,a=!1;try{let l=o??await N(e,i.startsOver),{tip:m,document:d}=l;if(s!==void 0&&m?.commit===s.commit)return s;let u=d===null||d.sha===c.savedAs?null:d.state;if(u!==null&&d?.writers.includes(U(n))){let{files:R}=G(t,[]),$={generation:u.generation,savedAs:d.sha};return{commit:m?.commit??"",state:u,lost:[],otherRun:null,base:$,files:R}}let h=v(i,c.generation,u),f=G(t,h.lost),b=await et(e,f.replaces,l.root),p=f.files.length>0||b.length>0||t.savesStateAlone;if(f.change.changed.length===0||!p)return{...h,state:u??i.state,commit:null,base:c,files:[]};let{sha:T,tree:B}=await Q(n,l,f,b,h),g=await e.git.createCommit(ot(f),B,m?.commit??null),y={generation:h.state.generation,savedAs:T};return n.last={...h,commit:g,base:y,files:f.files},a=!0,m===null?await e.git.createBranch(e.branch,g):await e.git.moveBranch(e.branch,g),n.last}catch(l){if(!(l instanceof w))throw l;if(a&&I(l)&&!r)return null;throw L(l,e,a)}}function U({runName:n,request:o}){return`${n}/${o.change.state.publishId}`}function G(n,o){let r=A(n,o);return{...r,files:r.files.filter(({stream:e})=>!r.unfinished.includes(e))}}async function Q(n,{tip:o,root:r,document:e},{files:t,replaces:s},c,{state:i}){let{place:a,blobs:l,options:m}=n,{git:d,stateName:u}=a,h=e?.writers??[];o===null&&await rt(a),await nt(n,t);let f=await tt(n,t,h,r),b=await F(a,r,e),p=Z(b.totals,t,s),T=q(a,p,i,m.context),B={writers:[U(n),...h].slice(0,V),totals:p,readme:_(Buffer.from(T))},g=await d.createBlob(Buffer.from(D(i,u,B))),y={type:"blob"},R=await C(d,o?.tree??null,c,[{...y,path:M(u),sha:g},...b.isOurs?[{...y,path:k,content:T}]:[],...r.some(({path:$})=>$===x.path)?[]:[{...y,...x}],...t.map(($,z)=>({...y,path:f[z],sha:l.get($.path)}))]);return{sha:g,tree:R}}function Z(n,o,r){let e={};for(let[t,s]of Object.entries(n))r.includes(t)||(e[t]=s);for(let{stream:t,records:s,bytes:c,max_updated_at:i}of o){let a=e[t]??{records:0,files:0,bytes:0,max_updated_at:null};e[t]={records:a.records+s,files:a.files+1,bytes:a.bytes+c,max_updated_at:(a.max_updated_at??"")>(i??"")?a.max_updated_at:i}}return Object.fromEntries(Object.entries(e).sort(([t],[s])=>t<s?-1:1))}async function tt({place:{git:n,dataPath:o},request:r,options:{fileMark:e},runName:t},s,c,i){let a=u=>`${o}/${u}/dt=${r.window.to.slice(0,10)}`,l=e===""?`${t}-`:`${t}-${e}-`,m=c.some(u=>u.startsWith(`${t}/`)),d=new Map;for(let u of new Set(m?s.map(h=>h.stream):[])){let b=(await O(n,i,a(u))??[]).filter(({path:p})=>p.startsWith(l)).map(({path:p})=>Number(/^(\d+)\.ndjson/.exec(p.slice(l.length))?.[1]??0));d.set(u,Math.max(0,...b))}return s.map(({stream:u,path:h})=>{let f=(d.get(u)??0)+1;return d.set(u,f),`${a(u)}/${l}${String(f).padStart(5,"0")}${h.slice(h.indexOf(".ndjson"))}`})}async function et({git:n,dataPath:o},r,e){return((r.length===0?null:await O(n,e,o))??[]).filter(({path:s})=>r.includes(s)).map(({path:s})=>({path:`${o}/${s}`,type:"tree",sha:null}))}async function nt({place:n,request:o,options:r,blobs:e},t){let s=t.filter(({path:a})=>!e.has(a)).values(),c=0;async function i(){for(let a of s){let l=await j(o.directory,a),m=await n.git.createBlob(l).catch(d=>{throw W(a,d)??d});if(m!==_(l))throw new w(0,"another blob than was sent");e.set(a.path,m),++c%K===0&&r.log.info(`Uploaded ${c} of ${S(t.length,"file")} for ${n.branch}.`)}}await Promise.all(Array.from({length:J},i))}async function rt({git:n,branch:o}){let{path:r,content:e}=x;await n.createBlob(Buffer.from(e)).catch(t=>{if(!(t instanceof w)||t.status!==409)throw t;return n.createFirstCommit(o,r,e,"sync: first commit of an empty repository")})}function ot({files:n,change:o}){let r=[...new Set(n.map(({stream:c})=>c))],e=n.reduce((c,i)=>c+i.records,0),{id:t,attempt:s}=o.state.run;return`sync: ${r.join(", ")||"no stream"}, ${S(e,"record")} [run ${t}.${s}]`}export{$t as commitToBranch};
