import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{b as v,g as U,k as O,l as V,m as _,n as z,o as L,q as H,r as Y,s as G,t as J,v as K,w as I,x as X,y as Q}from"./chunk-3KBAGWUT.mjs";import{a as W}from"./chunk-CSFB2NZM.mjs";import{A as F,v as D}from"./chunk-SB4PAB4W.mjs";import{a as A}from"./chunk-KXLYZIR3.mjs";import"./chunk-73TQJACG.mjs";import"./chunk-A4B4QVHR.mjs";import{c as B,d as C}from"./chunk-3PQUGRZT.mjs";import"./chunk-ZFO5TRUW.mjs";import"./chunk-UOULNYKW.mjs";import{c as j}from"./chunk-HHLJWSCN.mjs";import"./chunk-WJT27BII.mjs";import{setTimeout as ft}from"node:timers/promises";var k="README.md",x={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function Z({branch:t,dataPath:r,repository:n},o,{run:i,savedAt:s},{runUrl:l,serverUrl:u,workflowFile:h,repository:a}){let f=`${u}/${n}`,p=h===""?l:`${u}/${a}/actions/workflows/${h}`,e=Object.entries(o).map(([g,{records:y,distinct:d,files:b,bytes:$,max_updated_at:w,complete_up_to:E}])=>`| [${g}](${encodeURI(r)}/${g}) | ${d===void 0?"\u2013":B(d)} | ${B(y)} | ${B(b)} | ${B(Math.ceil($/1024))} kB | ${w??"\u2013"} | ${E??"\u2013"} |`),[c="conversations"]=Object.keys(o),m=`${r}/${c}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record | Complete up to |
| --- | ---: | ---: | ---: | ---: | --- | --- |
${e.join(`
`)}

<!-- totals: ${JSON.stringify(o)} -->

Last commit: by run [${i.id}, attempt ${i.attempt}](${l}), ${s}. [A run](${p}) that finds nothing new makes no commit;
the last one says in a ref of its own that it has checked the branch, and up to when it is complete. (No such ref: none has.)

\`\`\`sh
git fetch --quiet ${f} ${J(t)} && git log -1 --format=%s FETCH_HEAD
\`\`\`

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} ${f} kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${m}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${m}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${m} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}async function tt({git:t},r,n){let o=r.find(({path:l})=>l===k),i=n?.totals??{};if(o===void 0||o.sha===n?.readme)return{totals:i,isOurs:!0};let[,s]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await t.blob(o.sha)))??[];try{return{totals:Y(JSON.parse(s??"")),isOurs:!0}}catch{return{totals:i,isOurs:!1}}}var P="schema",et=t=>`${P}/${t}.json`,ct=({path:t,type:r})=>t===P&&r==="tree";async function nt(t,{root:r,document:n},o){let{filesBeside:i,VIEWS:s}=await import("./beside-CYI7ZW6J.mjs"),l=n?.state?.schemas??new Map,u=await lt(t,r,l),h=j(u.schemas,o.schemas),a=r.find(({path:d})=>d===s),f=new Map([...u.shas,[s,a?.sha??""]]),e=[...i([...h.values()],t.dataPath,et)].filter(([d,b])=>!u.isForeign(d)&&N(b)!==f.get(d)),c=i([...l.values()],t.dataPath).get(s),m=async({sha:d,type:b})=>d===N(c??"")||b==="blob"&&/^-- Views of the records/.test(String(await t.git.blob(d))),g=e.some(([d])=>d===s)&&(a===void 0||await m(a)),y=e.filter(([d])=>d!==s||g);return{state:{...o,schemas:h},changes:y.map(([d,b])=>({type:"blob",path:d,content:b}))}}async function lt({git:t},r,n){let{schemaIn:o,schemaText:i}=await import("./beside-CYI7ZW6J.mjs"),s=new Map([...n.values()].map(e=>[et(e.stream),N(i(e))])),l=r.find(ct),u=[...s].map(([e,c])=>({path:e.slice(P.length+1),sha:c}));if(l?.sha===V(u))return{schemas:n,shas:s,isForeign:()=>!1};let h=l===void 0&&r.some(({path:e})=>e===P),a=new Map,f=new Map,p=new Set;for(let{path:e,sha:c,type:m}of(l&&await O(t,r,P))??[]){let g=`${P}/${e}`;if(f.set(g,c),m==="blob"&&s.get(g)===c)continue;let y=e.replace(/\.json$/,""),d=m==="blob"&&e.endsWith(".json")?o(y,String(await t.blob(c))):null;d===null?p.add(g):a.set(y,d)}return{schemas:j(a,n),shas:f,isForeign:e=>p.has(e)||h&&e!=="views.sql"}}function N(t){return _(Buffer.from(t))}var mt={records:0,distinct:0,files:0,bytes:0,max_updated_at:null};function st(t,r,n,o){let{files:i,replaces:s,firstSeen:l,change:u}=r,h=Object.entries(t).filter(([e])=>!s.includes(e)),a=new Map(h.map(([e,c])=>[e,u.startsOver?{...c,distinct:0}:c]));for(let[e,c]of Map.groupBy(i,m=>m.stream)){let m=b=>c.reduce(($,w)=>$+w[b],0),g=a.get(e)??mt,y=[g,...c].map(b=>b.max_updated_at??"").sort(),d=l[e];a.set(e,{...g,records:g.records+m("records"),distinct:g.distinct===void 0||d===void 0?void 0:g.distinct+d,files:g.files+c.length,bytes:g.bytes+m("bytes"),max_updated_at:y.at(-1)||null})}let f=!o.includes("/"),p=[...a].map(([e,c])=>{let m=f?ut(e,n,r):void 0;return[e,m===void 0?c:{...c,complete_up_to:m}]});return Object.fromEntries(p.sort(([e],[c])=>e<c?-1:1))}function ut(t,r,{streams:n,window:o}){let i=D(r,t).flatMap(s=>r.search.get(s)?.syncedRanges.at(-1)?.to??[]);return i.length>0?F(Math.min(...i)):n.some(({name:s,outcome:l})=>s===t&&l==="complete")?o.to:void 0}var dt=4,rt=10*6e4,ht=2e3,pt=20,gt=200;async function Yt(t,r,n,o){let{runId:i,attempt:s}=n.context,l=`${i}-${s}`,u={place:t,request:r,options:n,runName:l,blobs:new Map,refused:new Map},h=Number.POSITIVE_INFINITY;for(let a=1;;a++){let f=await q(u,a===1?o:void 0);if(f!==null)return{...f,refused:u.refused};if(a===1&&(h=performance.now()+rt),performance.now()>h)throw Q(t,rt/6e4);n.log.debug(`Another writer was faster on ${t.branch}; starting from what is there now.`),await ft(Math.random()*Math.min(ht,100*2**a))}}async function q(t,r){let{place:n,last:o,refused:i}=t,s=v(t.request,{lost:[],refused:i}),{base:l,change:u}=s,h;try{let a=r??await H(n,u.startsOver),{tip:f,document:p}=a;if(o!==void 0&&f?.commit===o.commit)return o;let e=p===null?null:p.state;if(e!==null&&p?.writers.includes(at(t))){let S=u.changed.filter(R=>!bt(R,s,e)),{files:T}=ot(s,S),M={generation:e.generation,savedAs:p.sha};return{commit:f?.commit??"",state:e,lost:S,otherRun:null,base:M,files:T}}let c=W(u,l.generation,e),m=ot(s,c.lost),g=await St(n,m.replaces,a.root),y=m.files.length>0||g.length>0||s.savesStateAlone;if(m.change.changed.length===0||!y)return{...c,state:e??u.state,commit:null,tip:f,base:l,files:[]};if(f===null&&await Pt(n),await Tt(t,m.files),m.files.some(({stream:S})=>i.has(S)))return q(t,a);let{sha:d,tree:b,state:$}=await wt(t,a,m,g,c),w=await n.git.createCommit(Et(m),b,f?.commit??null),E={generation:c.state.generation,savedAs:d};return t.last={...c,state:$,commit:w,base:E,files:m.files},h=m,f===null?await n.git.createBranch(n.branch,w):await n.git.moveBranch(n.branch,w),t.last}catch(a){if(!(a instanceof A))throw a;if(h!==void 0){if(K(a))return null;if(a.isTemporary&&!t.isUnsure)return t.isUnsure=!0,null;if(yt(t,h,a))return q(t,r)}throw X(a,n,h!==void 0)}}function yt({refused:t},{files:r},n){let o=new Set(r.map(({stream:s})=>s)),i=I(`A file of ${[...o].join(", ")}`,n,!1);if(i===null||o.size===0)return!1;if(o.size>1)throw i;for(let s of o)t.set(s,i);return!0}function bt(t,{base:r,change:n},{publishId:o,generation:i,revisions:s}){let l=s.get(t)?.changedIn??0;return o===n.state.publishId?l===i:l>r.generation}function at({runName:t,request:r}){return`${t}/${r.change.state.publishId}`}function ot(t,r){let n=v(t,{lost:r});return{...n,files:n.files.filter(({stream:o})=>!n.unfinished.includes(o))}}async function wt(t,r,n,o,i){let{place:s,blobs:l,options:u}=t,{git:h,stateName:a}=s,{tip:f,root:p,document:e}=r,{state:c,changes:m}=await nt(s,r,i.state),{files:g}=n,y=e?.writers??[],d=await $t(t,g,y,p),b=await tt(s,p,e),$=st(b.totals,n,c,a),w=Z(s,$,c,u.context),E={writers:[at(t),...y].slice(0,gt),totals:$,readme:_(Buffer.from(w))},S=await h.createBlob(Buffer.from(G(c,a,E))),T={type:"blob"},M=await z(h,f?.tree??null,o,[{...T,path:L(a),sha:S},...b.isOurs?[{...T,path:k,content:w}]:[],...p.some(({path:R})=>R===x.path)?[]:[{...T,...x}],...m,...g.map((R,it)=>({...T,path:d[it],sha:l.get(R.path)}))]);return{sha:S,tree:M,state:c}}async function $t({place:{git:t,dataPath:r},request:n,options:{fileMark:o},runName:i},s,l,u){let h=e=>`${r}/${e}/dt=${n.window.to.slice(0,10)}`,a=o===""?`${i}-`:`${i}-${o}-`,f=l.some(e=>e.startsWith(`${i}/`)),p=new Map;for(let e of new Set(f?s.map(c=>c.stream):[])){let g=(await O(t,u,h(e))??[]).filter(({path:y})=>y.startsWith(a)).map(({path:y})=>Number(/^(\d+)\.ndjson/.exec(y.slice(a.length))?.[1]??0));p.set(e,Math.max(0,...g))}return s.map(({stream:e,path:c})=>{let m=(p.get(e)??0)+1;return p.set(e,m),`${h(e)}/${a}${String(m).padStart(5,"0")}${c.slice(c.indexOf(".ndjson"))}`})}async function St({git:t,dataPath:r},n,o){return((n.length===0?null:await O(t,o,r))??[]).filter(({path:s})=>n.includes(s)).map(({path:s})=>({path:`${r}/${s}`,type:"tree",sha:null}))}async function Tt({place:t,request:r,options:n,blobs:o,refused:i},s){let l=s.filter(({path:a})=>!o.has(a)).values(),u=0;async function h(){for(let a of l){if(i.has(a.stream))continue;let f=await U(r.directory,a),p=await t.git.createBlob(f).catch(e=>{let c=e instanceof A?I(`The file ${a.path}`,e,!0):null;if(c===null)throw e;return i.set(a.stream,c),null});if(p!==null){if(p!==_(f))throw new A(0,"another blob than was sent");o.set(a.path,p),++u%pt===0&&n.log.info(`Uploaded ${u} of ${C(s.length,"file")} for ${t.branch}.`)}}}await Promise.all(Array.from({length:dt},h))}async function Pt({git:t,branch:r}){let{path:n,content:o}=x;await t.createBlob(Buffer.from(o)).catch(i=>{if(!(i instanceof A)||i.status!==409)throw i;return t.createFirstCommit(r,n,o,"sync: first commit of an empty repository")})}function Et({files:t,change:r}){let n=[...new Set(t.map(({stream:l})=>l))],o=t.reduce((l,u)=>l+u.records,0),{id:i,attempt:s}=r.state.run;return`sync: ${n.join(", ")||"no stream"}, ${C(o,"record")} [run ${i}.${s}]`}export{Yt as commitToBranch};
