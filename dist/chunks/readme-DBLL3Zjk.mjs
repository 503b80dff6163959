import{D as e,E as t,x as n,z as r}from"./main-and-post-BVE8ZrA8.mjs";import{ct as i,dt as a,it as o}from"./main-M4cJRh0T.mjs";import{hash as s}from"node:crypto";function c(e){let t=r(e),{id:n,attributes:i}=t;if(typeof n!=`string`)return null;let[a,o,c,l]=typeof i==`object`&&i&&!(`updated_at`in t)?[i,`updatedAt`,`createdAt`,`deletedAt`]:[t,`updated_at`,`created_at`,`deleted_at`],u=g(a[o]);return{key:s(`sha256`,n,`buffer`).toString(`latin1`,0,p),at:u,since:Number.isFinite(u)?u:g(a[c]),rev:Number.isSafeInteger(a.rev)?a.rev:-1/0,isDeleted:a.deleted===!0||g(a[l])>-1/0}}function l({isDated:e,mayComeBack:t},n){let r=new Map,i=new Map,a=u(),o=new Set,s=(t,n)=>e&&(t.at<n.at||t.at===n.at&&t.rev<n.rev),c=e=>{let t=i.get(e.key);return(t===void 0||s(t,e)||!s(e,t)&&t.number<e.number)&&!e.isDeleted&&(o.has(e.key)||!d(e,n))};return{add(e,n){let{key:c}=e,l=t&&e.isDeleted?i:r,u=l.get(c);u!==void 0&&s(e,u)||l.set(c,{...e,number:n}),t&&a(e)&&(i.delete(c),o.add(c))},*holding(){for(let e of r.values())c(e)&&(yield e)}}}function u(){let e=new Map,t=new Map;return({key:n,at:r,isDeleted:i})=>{let a=e.get(n)??0;if(i&&e.set(n,a+1),i||!Number.isFinite(r))return!1;let o=`${n}${r}`,s=t.get(o)??a;return t.set(o,s),a>s}}function d({key:e,since:t},n){return n===void 0||!Number.isFinite(t)?!1:t>=n.from&&t<=n.asOf&&!n.keys.has(e)}function f(e,t){let[n,r]=[_(e),_(t)],i=n.findIndex((e,t)=>e!==r[t]);return i<0?n.length-r.length:n[i]<(r[i]??``)?-1:1}const p=16;function m({key:e,at:t,since:n,rev:r,isDeleted:i},a,o){a.write(e,o,`latin1`);for(let[e,i]of[t,n,r].entries())a.writeDoubleLE(i,o+16+8*e);a[o+41-1]=Number(i)}function*h(e,t,n){for(let r=0,i=0;r<e.length;r+=41,i++){if(e.readUInt32LE(r)%n!==t)continue;let a=e.toString(`latin1`,r,r+16),[o,s,c]=[0,1,2].map(t=>e.readDoubleLE(r+16+8*t));yield[{key:a,at:o,since:s,rev:c,isDeleted:e[r+41-1]===1},i]}}function g(e){let[,t,n=``,r=`Z`]=typeof e==`string`&&/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(e)||[],i=Date.parse(`${t?.replace(` `,`T`)}${r}`);return Number.isNaN(i)?-1/0:i*1e3+Number(n.slice(0,6).padEnd(6,`0`))}function _(e){return(e.match(/\d+/g)??[]).map(e=>e.padStart(20,`0`))}const v=`manifest.json`;async function y(e,t){let n=new Map;for(let{path:i,sha:o,type:s}of await a(e,t,`ids`)??[]){let t=s===`tree`?await e.wholeTree(o):null,a=t?.find(({path:e})=>e===v);if(a===void 0)continue;let{as_of:c,streams:l,files:u}=r(String(await e.blob(a.sha))),d=g(c),f=new Map(t?.map(e=>[e.path,e.sha]));for(let{name:e,outcome:t,from:r}of b(l)){if(t!==`complete`||d<=(n.get(String(e))?.asOf??-1/0))continue;let a=b(u).filter(t=>t.stream===e).map(({path:e,sha256:t})=>({path:`ids/${i}/${e}`,sha:f.get(String(e))??``,sha256:String(t)}));a.every(e=>e.sha!==``)&&n.set(String(e),{asOf:d,from:g(r),files:a})}}return n}function b(e){return Array.isArray(e)?e.map(e=>Object(e)):[]}const x=`README.md`,S={path:`.gitattributes`,content:`*.ndjson -text -diff linguist-generated
*.age -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function C({branch:r,dataPath:i,repository:a},s,{run:c,savedAt:l},{runUrl:u,serverUrl:d,workflowFile:f,repository:p}){let m=`${d}/${a}`,h=f===``?u:`${d}/${p}/actions/workflows/${f}`,g=Object.entries(s).map(([e,{records:r,distinct:a,files:o,bytes:s,max_updated_at:c,complete_up_to:l}])=>`| [${e}](${encodeURI(i)}/${e}) | ${a===void 0?`–`:n(a)} | ${n(r)} | ${n(o)} | ${t(s)} | ${w(c)} | ${w(l)} |`),[_=`conversations`]=Object.keys(s);return`# Kustomer data

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
`}function w(t){return t==null?`–`:e(Date.parse(t)).replace(` UTC`,``)}async function T({git:e},t,n){let r=t.find(({path:e})=>e===x),a=n?.totals??{};if(r===void 0||r.sha===n?.readme)return{totals:a,isOurs:!0};let[,o]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await e.blob(r.sha)))??[];try{return{totals:i(JSON.parse(o??``)),isOurs:!0}}catch{return{totals:a,isOurs:!1}}}export{v as a,c,m as d,T as i,h as l,x as n,y as o,C as r,f as s,S as t,l as u};