import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as O}from"./chunk-VRTYZWXL.mjs";import{b as _,g as z,k as R,l as H,m as B,n as L,o as G,q as J,r as K,s as X,t as Y,v as Q,w as I,x as Z,y as tt}from"./chunk-WHYM6IHK.mjs";import{a as U}from"./chunk-2P6OUKJL.mjs";import"./chunk-KPMKQLZS.mjs";import{G as F,v as W}from"./chunk-BZKN2JTJ.mjs";import"./chunk-VRF7PIXG.mjs";import{b as k,c as x,d as V,f as q}from"./chunk-5JUX55CI.mjs";import{c as C}from"./chunk-HHLJWSCN.mjs";import"./chunk-ZFO5TRUW.mjs";import"./chunk-UOULNYKW.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as pt}from"node:timers/promises";var j="README.md",A={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.age -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function nt({branch:t,dataPath:o,repository:n},r,{run:c,savedAt:s},{runUrl:l,serverUrl:m,workflowFile:f,repository:a}){let d=`${m}/${n}`,p=f===""?l:`${m}/${a}/actions/workflows/${f}`,e=Object.entries(r).map(([u,{records:g,distinct:y,files:h,bytes:b,max_updated_at:$,complete_up_to:w}])=>`| [${u}](${encodeURI(o)}/${u}) | ${y===void 0?"\u2013":x(y)} | ${x(g)} | ${x(h)} | ${V(b)} | ${et($)} | ${et(w)} |`),[i="conversations"]=Object.keys(r);return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record (UTC) | Complete up to (UTC) |
| :--- | ---: | ---: | ---: | ---: | :--- | :--- |
${e.join(`
`)}

<!-- totals: ${JSON.stringify(r)} -->

Last commit: by run [${c.id}, attempt ${c.attempt}](${l}), ${k(Date.parse(s))}. [A run](${p}) that finds nothing new makes no commit:
it notes in a ref that it has checked the branch, and up to when the branch is complete.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} \\
  ${d} kustomer-data
cd kustomer-data
\`\`\`

The latest note of a run without news, if there is one:

\`\`\`sh
git fetch --quiet origin ${Y(t)} && git log -1 --format=%s FETCH_HEAD
\`\`\`

With DuckDB, \`views.sql\` has typed views: \`<stream>\` is the latest version of each record that exists, \`<stream>_history\`
every line.

\`\`\`sh
duckdb -init views.sql
\`\`\`

\`\`\`sql
SELECT * FROM ${i} ORDER BY updated_at DESC;
\`\`\`

The same in Python, here for pandas (\`pip install duckdb pandas\`):

\`\`\`python
import pathlib
import duckdb

db = duckdb.connect()
db.execute(pathlib.Path("views.sql").read_text(encoding="utf-8"))
${i} = db.sql("FROM ${i}").df()
\`\`\`
`}function et(t){return t==null?"\u2013":k(Date.parse(t)).replace(" UTC","")}async function st({git:t},o,n){let r=o.find(({path:l})=>l===j),c=n?.totals??{};if(r===void 0||r.sha===n?.readme)return{totals:c,isOurs:!0};let[,s]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await t.blob(r.sha)))??[];try{return{totals:K(JSON.parse(s??"")),isOurs:!0}}catch{return{totals:c,isOurs:!1}}}var P="schema",rt=t=>`${P}/${t}.json`,mt=({path:t,type:o})=>t===P&&o==="tree";async function ot(t,{root:o,document:n},r){let{filesBeside:c,VIEWS:s}=await import("./beside-BVEHB5XG.mjs"),l=n?.state?.schemas??new Map,m=await ft(t,o,l),f=C(m.schemas,r.schemas),a=o.find(({path:h})=>h===s),d=new Map([...m.shas,[s,a?.sha??""]]),e=[...c([...f.values()],t.dataPath,rt)].filter(([h,b])=>!m.isForeign(h)&&N(b)!==d.get(h)),i=c([...l.values()],t.dataPath).get(s),u=async({sha:h,type:b})=>h===N(i??"")||b==="blob"&&/^-- Views of the records/.test(String(await t.git.blob(h))),g=e.some(([h])=>h===s)&&(a===void 0||await u(a)),y=e.filter(([h])=>h!==s||g);return{state:{...r,schemas:f},changes:y.map(([h,b])=>({type:"blob",path:h,content:b}))}}async function ft({git:t},o,n){let{schemaIn:r,schemaText:c}=await import("./beside-BVEHB5XG.mjs"),s=new Map([...n.values()].map(e=>[rt(e.stream),N(c(e))])),l=o.find(mt),m=[...s].map(([e,i])=>({path:e.slice(P.length+1),sha:i}));if(l?.sha===H(m))return{schemas:n,shas:s,isForeign:()=>!1};let f=l===void 0&&o.some(({path:e})=>e===P),a=new Map,d=new Map,p=new Set;for(let{path:e,sha:i,type:u}of(l&&await R(t,o,P))??[]){let g=`${P}/${e}`;if(d.set(g,i),u==="blob"&&s.get(g)===i)continue;let y=e.replace(/\.json$/,""),h=u==="blob"&&e.endsWith(".json")?r(y,String(await t.blob(i))):null;h===null?p.add(g):a.set(y,h)}return{schemas:C(a,n),shas:d,isForeign:e=>p.has(e)||f&&e!=="views.sql"}}function N(t){return B(Buffer.from(t))}var dt={records:0,distinct:0,files:0,bytes:0,max_updated_at:null};function at(t,o,n,r){let{files:c,replaces:s,firstSeen:l,change:m}=o,f=Object.entries(t).filter(([e])=>!s.includes(e)),a=new Map(f.map(([e,i])=>[e,m.startsOver?{...i,distinct:0}:i]));for(let[e,i]of Map.groupBy(c,u=>u.stream)){let u=b=>i.reduce(($,w)=>$+w[b],0),g=a.get(e)??dt,y=[g,...i].map(b=>b.max_updated_at??"").sort(),h=l[e];a.set(e,{...g,records:g.records+u("records"),distinct:g.distinct===void 0||h===void 0?void 0:g.distinct+h,files:g.files+i.length,bytes:g.bytes+u("bytes"),max_updated_at:y.at(-1)||null})}let d=!r.includes("/"),p=[...a].map(([e,i])=>{let u=d?ht(e,n,o):void 0;return[e,u===void 0?i:{...i,complete_up_to:u}]});return Object.fromEntries(p.sort(([e],[i])=>e<i?-1:1))}function ht(t,o,{streams:n,window:r}){let c=W(o,t).flatMap(s=>o.search.get(s)?.syncedRanges.at(-1)?.to??[]);return c.length>0?F(Math.min(...c)):n.some(({name:s,outcome:l})=>s===t&&l==="complete")?r.to:void 0}var gt=4,it=10*6e4,yt=2e3,bt=20,wt=200;async function Xt(t,o,n,r){let{runId:c,attempt:s}=n.context,l=`${c}-${s}`,m={place:t,request:o,options:n,runName:l,blobs:new Map,refused:new Map},f=Number.POSITIVE_INFINITY;for(let a=1;;a++){let d=await D(m,a===1?r:void 0);if(d!==null)return{...d,refused:m.refused};if(a===1&&(f=performance.now()+it),performance.now()>f)throw tt(t,it/6e4);n.log.debug(`Another writer was faster on ${t.branch}; starting from what is there now.`),await pt(Math.random()*Math.min(yt,100*2**a))}}async function D(t,o){let{place:n,last:r,refused:c}=t,s=_(t.request,{lost:[],refused:c}),{base:l,change:m}=s,f;try{let a=o??await J(n,m.startsOver),{tip:d,document:p}=a;if(r!==void 0&&d?.commit===r.commit)return r;let e=p===null?null:p.state;if(e!==null&&p?.writers.includes(lt(t))){let S=m.changed.filter(E=>!St(E,s,e)),{files:T}=ct(s,S),v={generation:e.generation,savedAs:p.sha};return{commit:d?.commit??"",state:e,lost:S,otherRun:null,base:v,files:T}}let i=U(m,l.generation,e),u=ct(s,i.lost),g=await Et(n,u.replaces,a.root),y=u.files.length>0||g.length>0||s.savesStateAlone;if(u.change.changed.length===0||!y)return{...i,state:e??m.state,commit:null,tip:d,base:l,files:[]};if(d===null&&await Bt(n),await Rt(t,u.files),u.files.some(({stream:S})=>c.has(S)))return D(t,a);let{sha:h,tree:b,state:$}=await Tt(t,a,u,g,i),w=await n.git.createCommit(Ot(u),b,d?.commit??null),M={generation:i.state.generation,savedAs:h};return t.last={...i,state:$,commit:w,base:M,files:u.files},f=u,d===null?await n.git.createBranch(n.branch,w):await n.git.moveBranch(n.branch,w),t.last}catch(a){if(!(a instanceof O))throw a;if(f!==void 0){if(Q(a))return null;if(a.isTemporary&&!t.isUnsure)return t.isUnsure=!0,null;if($t(t,f,a))return D(t,o)}throw Z(a,n,f!==void 0)}}function $t({refused:t},{files:o},n){let r=new Set(o.map(({stream:s})=>s)),c=I(`A file of ${[...r].join(", ")}`,n,!1);if(c===null||r.size===0)return!1;if(r.size>1)throw c;for(let s of r)t.set(s,c);return!0}function St(t,{base:o,change:n},{publishId:r,generation:c,revisions:s}){let l=s.get(t)?.changedIn??0;return r===n.state.publishId?l===c:l>o.generation}function lt({runName:t,request:o}){return`${t}/${o.change.state.publishId}`}function ct(t,o){let n=_(t,{lost:o});return{...n,files:n.files.filter(({stream:r})=>!n.unfinished.includes(r))}}async function Tt(t,o,n,r,c){let{place:s,blobs:l,options:m}=t,{git:f,stateName:a}=s,{tip:d,root:p,document:e}=o,{state:i,changes:u}=await ot(s,o,c.state),{files:g}=n,y=e?.writers??[],h=await Pt(t,g,y,p),b=await st(s,p,e),$=at(b.totals,n,i,a),w=nt(s,$,i,m.context),M={writers:[lt(t),...y].slice(0,wt),totals:$,readme:B(Buffer.from(w))},S=await f.createBlob(Buffer.from(X(i,a,M))),T={type:"blob"},v=await L(f,d?.tree??null,r,[{...T,path:G(a),sha:S},...b.isOurs?[{...T,path:j,content:w}]:[],...p.some(({path:E})=>E===A.path)?[]:[{...T,...A}],...u,...g.map((E,ut)=>({...T,path:h[ut],sha:l.get(E.path)}))]);return{sha:S,tree:v,state:i}}async function Pt({place:{git:t,dataPath:o},request:n,options:{fileMark:r},runName:c},s,l,m){let f=e=>`${o}/${e}/dt=${n.window.to.slice(0,10)}`,a=r===""?`${c}-`:`${c}-${r}-`,d=l.some(e=>e.startsWith(`${c}/`)),p=new Map;for(let e of new Set(d?s.map(i=>i.stream):[])){let g=(await R(t,m,f(e))??[]).filter(({path:y})=>y.startsWith(a)).map(({path:y})=>Number(/^(\d+)\.ndjson/.exec(y.slice(a.length))?.[1]??0));p.set(e,Math.max(0,...g))}return s.map(({stream:e,path:i})=>{let u=(p.get(e)??0)+1;return p.set(e,u),`${f(e)}/${a}${String(u).padStart(5,"0")}${i.slice(i.indexOf(".ndjson"))}`})}async function Et({git:t,dataPath:o},n,r){return((n.length===0?null:await R(t,r,o))??[]).filter(({path:s})=>n.includes(s)).map(({path:s})=>({path:`${o}/${s}`,type:"tree",sha:null}))}async function Rt({place:t,request:o,options:n,blobs:r,refused:c},s){let l=s.filter(({path:a})=>!r.has(a)).values(),m=0;async function f(){for(let a of l){if(c.has(a.stream))continue;let d=await z(o.directory,a),p=await t.git.createBlob(d).catch(e=>{let i=e instanceof O?I(`The file ${a.path}`,e,!0):null;if(i===null)throw e;return c.set(a.stream,i),null});if(p!==null){if(p!==B(d))throw new O(0,"another blob than was sent");r.set(a.path,p),++m%bt===0&&n.log.info(`Uploaded ${m} of ${q(s.length,"file")} for ${t.branch}.`)}}}await Promise.all(Array.from({length:gt},f))}async function Bt({git:t,branch:o}){let{path:n,content:r}=A;await t.createBlob(Buffer.from(r)).catch(c=>{if(!(c instanceof O)||c.status!==409)throw c;return t.createFirstCommit(o,n,r,"sync: first commit of an empty repository")})}function Ot({files:t,change:o}){let n=[...new Set(t.map(({stream:l})=>l))],r=t.reduce((l,m)=>l+m.records,0),{id:c,attempt:s}=o.state.run;return`sync: ${n.join(", ")||"no stream"}, ${q(r,"record")} [run ${c}.${s}]`}export{Xt as commitToBranch};
