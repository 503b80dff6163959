import{D as e,E as t,x as n,z as r}from"./main-and-post-C9SQqqyE.mjs";import{ct as i,dt as a,it as o}from"./main-CIFM_kY0.mjs";import{hash as s}from"node:crypto";function c(e){let t=r(e),{id:n,attributes:i}=t;if(typeof n!=`string`)return null;let[a,o,c,l]=typeof i==`object`&&i&&!(`updated_at`in t)?[i,`updatedAt`,`createdAt`,`deletedAt`]:[t,`updated_at`,`created_at`,`deleted_at`],u=h(a[o]);return{key:s(`sha256`,n,`buffer`).toString(`latin1`,0,f),at:u,since:Number.isFinite(u)?u:h(a[c]),rev:Number.isSafeInteger(a.rev)?a.rev:-1/0,isDeleted:a.deleted===!0||h(a[l])>-1/0}}function l(e,t){let n=new Map,r=(t,n)=>e&&(t.at<n.at||t.at===n.at&&t.rev<n.rev);return{add(e,t){let i=n.get(e.key);i!==void 0&&r(e,i)||n.set(e.key,{...e,number:t})},*holding(){for(let e of n.values())!e.isDeleted&&!u(e,t)&&(yield e)}}}function u({key:e,since:t},n){return n===void 0||!Number.isFinite(t)?!1:t>=n.from&&t<=n.asOf&&!n.keys.has(e)}function d(e,t){let[n,r]=[g(e),g(t)],i=n.findIndex((e,t)=>e!==r[t]);return i<0?n.length-r.length:n[i]<(r[i]??``)?-1:1}const f=16;function p({key:e,at:t,since:n,rev:r,isDeleted:i},a,o){a.write(e,o,`latin1`);for(let[e,i]of[t,n,r].entries())a.writeDoubleLE(i,o+16+8*e);a[o+41-1]=Number(i)}function*m(e,t,n){for(let r=0,i=0;r<e.length;r+=41,i++){if(e.readUInt32LE(r)%n!==t)continue;let a=e.toString(`latin1`,r,r+16),[o,s,c]=[0,1,2].map(t=>e.readDoubleLE(r+16+8*t));yield[{key:a,at:o,since:s,rev:c,isDeleted:e[r+41-1]===1},i]}}function h(e){let[,t,n=``,r=`Z`]=typeof e==`string`&&/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(e)||[],i=Date.parse(`${t?.replace(` `,`T`)}${r}`);return Number.isNaN(i)?-1/0:i*1e3+Number(n.slice(0,6).padEnd(6,`0`))}function g(e){return(e.match(/\d+/g)??[]).map(e=>e.padStart(20,`0`))}const _=`manifest.json`;async function v(e,t){let n=new Map;for(let{path:i,sha:o,type:s}of await a(e,t,`ids`)??[]){let t=s===`tree`?await e.wholeTree(o):null,a=t?.find(({path:e})=>e===_);if(a===void 0)continue;let{as_of:c,streams:l,files:u}=r(String(await e.blob(a.sha))),d=h(c),f=new Map(t?.map(e=>[e.path,e.sha]));for(let{name:e,outcome:t,from:r}of y(l)){if(t!==`complete`||d<=(n.get(String(e))?.asOf??-1/0))continue;let a=y(u).filter(t=>t.stream===e).map(({path:e,sha256:t})=>({path:`ids/${i}/${e}`,sha:f.get(String(e))??``,sha256:String(t)}));a.every(e=>e.sha!==``)&&n.set(String(e),{asOf:d,from:h(r),files:a})}}return n}function y(e){return Array.isArray(e)?e.map(e=>Object(e)):[]}const b=`README.md`,x={path:`.gitattributes`,content:`*.ndjson -text -diff linguist-generated
*.age -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function S({branch:r,dataPath:i,repository:a},s,{run:c,savedAt:l},{runUrl:u,serverUrl:d,workflowFile:f,repository:p}){let m=`${d}/${a}`,h=f===``?u:`${d}/${p}/actions/workflows/${f}`,g=Object.entries(s).map(([e,{records:r,distinct:a,files:o,bytes:s,max_updated_at:c,complete_up_to:l}])=>`| [${e}](${encodeURI(i)}/${e}) | ${a===void 0?`–`:n(a)} | ${n(r)} | ${n(o)} | ${t(s)} | ${C(c)} | ${C(l)} |`),[_=`conversations`]=Object.keys(s);return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream, and
a compaction those of all. \`state.json\`, and the folder \`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record (UTC) | Complete up to (UTC) |
| :--- | ---: | ---: | ---: | ---: | :--- | :--- |
${g.join(`
`)}

<!-- totals: ${JSON.stringify(s)} -->

Last commit: by run [${c.id}, attempt ${c.attempt}](${u}), ${e(Date.parse(l))}. [A run](${h}) that finds nothing new makes no commit:
it notes in a ref that it has checked the branch, and up to when the branch is complete.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${r} \\
  ${m} kustomer-data
cd kustomer-data
\`\`\`

The latest note of a run without news, if there is one:

\`\`\`sh
git fetch --quiet origin ${o(r)} && git log -1 --format=%s FETCH_HEAD
\`\`\`

With DuckDB, \`views.sql\` has typed views: \`<stream>\` is the latest version of each record that exists, \`<stream>_history\`
every line.

\`\`\`sh
duckdb -init views.sql
\`\`\`

\`\`\`sql
SELECT * FROM ${_} ORDER BY updated_at DESC;
\`\`\`

The same in Python, here for pandas (\`pip install duckdb pandas\`):

\`\`\`python
import pathlib
import duckdb

db = duckdb.connect()
db.execute(pathlib.Path("views.sql").read_text(encoding="utf-8"))
${_} = db.sql("FROM ${_}").df()
\`\`\`
`}function C(t){return t==null?`–`:e(Date.parse(t)).replace(` UTC`,``)}async function w({git:e},t,n){let r=t.find(({path:e})=>e===b),a=n?.totals??{};if(r===void 0||r.sha===n?.readme)return{totals:a,isOurs:!0};let[,o]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await e.blob(r.sha)))??[];try{return{totals:i(JSON.parse(o??``)),isOurs:!0}}catch{return{totals:a,isOurs:!1}}}export{_ as a,c,p as d,w as i,m as l,b as n,v as o,S as r,d as s,x as t,l as u};