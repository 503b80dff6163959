import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as P}from"./chunk-OA3WT6O7.mjs";import"./chunk-ZFO5TRUW.mjs";import{b as _,g as q,k as A,l as x,m as v,n as D,p as W,q as F,r as U,s as z,u as H,v as M,w as L,x as Y}from"./chunk-443WH6DG.mjs";import{a as k}from"./chunk-D5LD5ZSV.mjs";import{B as j,w as N}from"./chunk-G756CQYP.mjs";import"./chunk-73TQJACG.mjs";import"./chunk-A4B4QVHR.mjs";import"./chunk-UOULNYKW.mjs";import{c as T,d as B}from"./chunk-3PQUGRZT.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as nt}from"node:timers/promises";var C="README.md",O={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function G({branch:t,dataPath:a,repository:e},n,{run:r,savedAt:o},{runUrl:l,serverUrl:f,workflowFile:p,repository:i}){let m=`${f}/${e}`,d=p===""?l:`${f}/${i}/actions/workflows/${p}`,s=Object.entries(n).map(([h,{records:g,distinct:y,files:$,bytes:b,max_updated_at:w,complete_up_to:R}])=>`| [${h}](${encodeURI(a)}/${h}) | ${y===void 0?"\u2013":T(y)} | ${T(g)} | ${T($)} | ${T(Math.ceil(b/1024))} kB | ${w??"\u2013"} | ${R??"\u2013"} |`),[c="conversations"]=Object.keys(n),u=`${a}/${c}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record | Complete up to |
| --- | ---: | ---: | ---: | ---: | --- | --- |
${s.join(`
`)}

<!-- totals: ${JSON.stringify(n)} -->

Last commit: by run [${r.id}, attempt ${r.attempt}](${l}), ${o}. [A run](${d}) that finds nothing new makes no commit;
the last one says in a ref of its own that it has checked the branch, and up to when it is complete. (No such ref: none has.)

\`\`\`sh
git fetch --quiet ${m} ${z(t)} && git log -1 --format=%s FETCH_HEAD
\`\`\`

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} ${m} kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${u}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${u}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${u} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}async function J({git:t},a,e){let n=a.find(({path:l})=>l===C),r=e?.totals??{};if(n===void 0||n.sha===e?.readme)return{totals:r,isOurs:!0};let[,o]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await t.blob(n.sha)))??[];try{return{totals:F(JSON.parse(o??"")),isOurs:!0}}catch{return{totals:r,isOurs:!1}}}var tt={records:0,distinct:0,files:0,bytes:0,max_updated_at:null};function K(t,a,e,n){let{files:r,replaces:o,firstSeen:l,change:f}=a,p=Object.entries(t).filter(([s])=>!o.includes(s)),i=new Map(p.map(([s,c])=>[s,f.startsOver?{...c,distinct:0}:c]));for(let[s,c]of Map.groupBy(r,u=>u.stream)){let u=$=>c.reduce((b,w)=>b+w[$],0),h=i.get(s)??tt,g=[h,...c].map($=>$.max_updated_at??"").sort(),y=l[s];i.set(s,{...h,records:h.records+u("records"),distinct:h.distinct===void 0||y===void 0?void 0:h.distinct+y,files:h.files+c.length,bytes:h.bytes+u("bytes"),max_updated_at:g.at(-1)||null})}let m=!n.includes("/"),d=[...i].map(([s,c])=>{let u=m?et(s,e,a):void 0;return[s,u===void 0?c:{...c,complete_up_to:u}]});return Object.fromEntries(d.sort(([s],[c])=>s<c?-1:1))}function et(t,a,{streams:e,window:n}){let r=N(a,t).flatMap(o=>a.search.get(o)?.syncedRanges.at(-1)?.to??[]);return r.length>0?j(Math.min(...r)):e.some(({name:o,outcome:l})=>o===t&&l==="complete")?n.to:void 0}var st=4,V=10*6e4,rt=2e3,ot=20,at=200;async function It(t,a,e,n){let{runId:r,attempt:o}=e.context,l=`${r}-${o}`,f={place:t,request:a,options:e,runName:l,blobs:new Map,refused:new Map},p=Number.POSITIVE_INFINITY;for(let i=1;;i++){let m=await I(f,i===1?n:void 0);if(m!==null)return{...m,refused:f.refused};if(i===1&&(p=performance.now()+V),performance.now()>p)throw Y(t,V/6e4);e.log.debug(`Another writer was faster on ${t.branch}; starting from what is there now.`),await nt(Math.random()*Math.min(rt,100*2**i))}}async function I(t,a){let{place:e,last:n,refused:r}=t,o=_(t.request,{lost:[],refused:r}),{base:l,change:f}=o,p;try{let i=a??await W(e,f.startsOver),{tip:m,document:d}=i;if(n!==void 0&&m?.commit===n.commit)return n;let s=d===null?null:d.state;if(s!==null&&d?.writers.includes(Q(t))){let R=f.changed.filter(Z=>!ct(Z,o,s)),{files:S}=X(o,R),E={generation:s.generation,savedAs:d.sha};return{commit:m?.commit??"",state:s,lost:R,otherRun:null,base:E,files:S}}let c=k(f,l.generation,s),u=X(o,c.lost),h=await ft(e,u.replaces,i.root),g=u.files.length>0||h.length>0||o.savesStateAlone;if(u.change.changed.length===0||!g)return{...c,state:s??f.state,commit:null,tip:m,base:l,files:[]};if(m===null&&await dt(e),await mt(t,u.files),u.files.some(({stream:R})=>r.has(R)))return I(t,i);let{sha:y,tree:$}=await lt(t,i,u,h,c),b=await e.git.createCommit(pt(u),$,m?.commit??null),w={generation:c.state.generation,savedAs:y};return t.last={...c,commit:b,base:w,files:u.files},p=u,m===null?await e.git.createBranch(e.branch,b):await e.git.moveBranch(e.branch,b),t.last}catch(i){if(!(i instanceof P))throw i;if(p!==void 0){if(H(i))return null;if(i.isTemporary&&!t.isUnsure)return t.isUnsure=!0,null;if(it(t,p,i))return I(t,a)}throw L(i,e,p!==void 0)}}function it({refused:t},{files:a},e){let n=new Set(a.map(({stream:o})=>o)),r=M(`A file of ${[...n].join(", ")}`,e,!1);if(r===null||n.size===0)return!1;if(n.size>1)throw r;for(let o of n)t.set(o,r);return!0}function ct(t,{base:a,change:e},{publishId:n,generation:r,revisions:o}){let l=o.get(t)?.changedIn??0;return n===e.state.publishId?l===r:l>a.generation}function Q({runName:t,request:a}){return`${t}/${a.change.state.publishId}`}function X(t,a){let e=_(t,{lost:a});return{...e,files:e.files.filter(({stream:n})=>!e.unfinished.includes(n))}}async function lt(t,{tip:a,root:e,document:n},r,o,{state:l}){let{place:f,blobs:p,options:i}=t,{git:m,stateName:d}=f,{files:s}=r,c=n?.writers??[],u=await ut(t,s,c,e),h=await J(f,e,n),g=K(h.totals,r,l,d),y=G(f,g,l,i.context),$={writers:[Q(t),...c].slice(0,at),totals:g,readme:x(Buffer.from(y))},b=await m.createBlob(Buffer.from(U(l,d,$))),w={type:"blob"},R=await v(m,a?.tree??null,o,[{...w,path:D(d),sha:b},...h.isOurs?[{...w,path:C,content:y}]:[],...e.some(({path:S})=>S===O.path)?[]:[{...w,...O}],...s.map((S,E)=>({...w,path:u[E],sha:p.get(S.path)}))]);return{sha:b,tree:R}}async function ut({place:{git:t,dataPath:a},request:e,options:{fileMark:n},runName:r},o,l,f){let p=s=>`${a}/${s}/dt=${e.window.to.slice(0,10)}`,i=n===""?`${r}-`:`${r}-${n}-`,m=l.some(s=>s.startsWith(`${r}/`)),d=new Map;for(let s of new Set(m?o.map(c=>c.stream):[])){let h=(await A(t,f,p(s))??[]).filter(({path:g})=>g.startsWith(i)).map(({path:g})=>Number(/^(\d+)\.ndjson/.exec(g.slice(i.length))?.[1]??0));d.set(s,Math.max(0,...h))}return o.map(({stream:s,path:c})=>{let u=(d.get(s)??0)+1;return d.set(s,u),`${p(s)}/${i}${String(u).padStart(5,"0")}${c.slice(c.indexOf(".ndjson"))}`})}async function ft({git:t,dataPath:a},e,n){return((e.length===0?null:await A(t,n,a))??[]).filter(({path:o})=>e.includes(o)).map(({path:o})=>({path:`${a}/${o}`,type:"tree",sha:null}))}async function mt({place:t,request:a,options:e,blobs:n,refused:r},o){let l=o.filter(({path:i})=>!n.has(i)).values(),f=0;async function p(){for(let i of l){if(r.has(i.stream))continue;let m=await q(a.directory,i),d=await t.git.createBlob(m).catch(s=>{let c=s instanceof P?M(`The file ${i.path}`,s,!0):null;if(c===null)throw s;return r.set(i.stream,c),null});if(d!==null){if(d!==x(m))throw new P(0,"another blob than was sent");n.set(i.path,d),++f%ot===0&&e.log.info(`Uploaded ${f} of ${B(o.length,"file")} for ${t.branch}.`)}}}await Promise.all(Array.from({length:st},p))}async function dt({git:t,branch:a}){let{path:e,content:n}=O;await t.createBlob(Buffer.from(n)).catch(r=>{if(!(r instanceof P)||r.status!==409)throw r;return t.createFirstCommit(a,e,n,"sync: first commit of an empty repository")})}function pt({files:t,change:a}){let e=[...new Set(t.map(({stream:l})=>l))],n=t.reduce((l,f)=>l+f.records,0),{id:r,attempt:o}=a.state.run;return`sync: ${e.join(", ")||"no stream"}, ${B(n,"record")} [run ${r}.${o}]`}export{It as commitToBranch};
