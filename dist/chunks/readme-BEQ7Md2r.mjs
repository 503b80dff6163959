import{D as e,E as t,O as n,S as r,V as i,ht as a,w as o}from"./main-and-post-CYzux3Y5.mjs";import{dt as s,pt as c,st as l}from"./main-By8odzfv.mjs";import{hash as u}from"node:crypto";function d(e){let t=f(e),{id:n,attributes:r}=t;if(typeof n!=`string`)return null;let[i,a,o,s]=typeof r==`object`&&r&&!(`updated_at`in t)?[r,`updatedAt`,`createdAt`,`deletedAt`]:[t,`updated_at`,`created_at`,`deleted_at`],c=b(i[a]);return{key:u(`sha256`,n,`buffer`).toString(`latin1`,0,_),at:c,since:Number.isFinite(c)?c:b(i[o]),rev:Number.isSafeInteger(i.rev)?i.rev:-1/0,isDeleted:i.deleted===!0||b(i[s])>-1/0}}function f(e){try{return Object(JSON.parse(e))}catch{return{}}}function p({isDated:e,mayComeBack:t},n){let r=new Map,i=new Map,a=m(),o=new Set,s=(t,n)=>e&&(t.at<n.at||t.at===n.at&&t.rev<n.rev),c=e=>{let t=i.get(e.key);return(t===void 0||s(t,e)||!s(e,t)&&t.number<e.number)&&!e.isDeleted&&(o.has(e.key)||!h(e,n))};return{add(e,n){let{key:c}=e,l=t&&e.isDeleted?i:r,u=l.get(c);u!==void 0&&s(e,u)||l.set(c,{...e,number:n}),t&&a(e)&&(i.delete(c),o.add(c))},*holding(){for(let e of r.values())c(e)&&(yield e)}}}function m(){let e=new Map,t=new Map;return({key:n,at:r,isDeleted:i})=>{let a=e.get(n)??0;if(i&&e.set(n,a+1),i||!Number.isFinite(r))return!1;let o=`${n}${r}`,s=t.get(o)??a;return t.set(o,s),a>s}}function h({key:e,since:t},n){return n===void 0||!Number.isFinite(t)?!1:t>=n.from&&t<=n.asOf&&!n.keys.has(e)}function g(e,t){let[n,r]=[x(e),x(t)],i=n.findIndex((e,t)=>e!==r[t]);return i<0?n.length-r.length:n[i]<(r[i]??``)?-1:1}const _=16;function v({key:e,at:t,since:n,rev:r,isDeleted:i},a,o){a.write(e,o,`latin1`);for(let[e,i]of[t,n,r].entries())a.writeDoubleLE(i,o+16+8*e);a[o+41-1]=Number(i)}function*y(e,t,n){for(let r=0,i=0;r<e.length;r+=41,i++){if(e.readUInt32LE(r)%n!==t)continue;let a=e.toString(`latin1`,r,r+16),[o,s,c]=[0,1,2].map(t=>e.readDoubleLE(r+16+8*t));yield[{key:a,at:o,since:s,rev:c,isDeleted:e[r+41-1]===1},i]}}function b(e){let[,t,n=``,r=`Z`]=typeof e==`string`&&/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(e)||[],i=Date.parse(`${t?.replace(` `,`T`)}${r}`);return Number.isNaN(i)?-1/0:i*1e3+Number(n.slice(0,6).padEnd(6,`0`))}function x(e){return(e.match(/\d+/g)??[]).map(e=>e.padStart(20,`0`))}const S=`manifest.json`;async function C(e,t){let n=new Map;for(let{path:r,sha:a,type:o}of await c(e,t,`ids`)??[]){let t=o===`tree`?await e.wholeTree(a):null,s=t?.find(({path:e})=>e===S);if(s===void 0)continue;let{as_of:c,streams:l,files:u}=i(String(await e.blob(s.sha))),d=b(c),f=new Map(t?.map(e=>[e.path,e.sha]));for(let{name:e,outcome:t,from:i}of w(l)){if(t!==`complete`||d<=(n.get(String(e))?.asOf??-1/0))continue;let a=w(u).filter(t=>t.stream===e).map(({path:e,sha256:t})=>({path:`ids/${r}/${e}`,sha:f.get(String(e))??``,sha256:String(t)}));a.every(e=>e.sha!==``)&&n.set(String(e),{asOf:d,from:b(i),files:a})}}return n}function w(e){return Array.isArray(e)?e.map(e=>Object(e)):[]}const T=`README.md`,E={path:`.gitattributes`,content:`*.ndjson -text -diff linguist-generated
*.age -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function D({branch:e,dataPath:t,repository:r},i,{run:s,savedAt:c},{runUrl:u,serverUrl:d,workflowFile:f,repository:p}){let m=`${d}/${r}`,h=f===``?u:`${d}/${p}/actions/workflows/${f}`,g=t.split(`/`).map(encodeURIComponent).join(`/`),_=Object.entries(i).map(e=>O(e,g)),v=Object.keys(i).find(a)??`conversations`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream, and
a compaction those of all. \`state.json\`, and the folder \`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record (UTC) | Complete up to (UTC) |
| :--- | ---: | ---: | ---: | ---: | :--- | :--- |
${_.join(`
`)}

<!-- totals: ${JSON.stringify(i).replaceAll(`>`,`\\u003e`)} -->

Last commit: by run ${o(`${s.id}, attempt ${s.attempt}`,u)}, ${n(Date.parse(c))}. ${o(`A run`,h)} that finds nothing new makes no commit:
it notes in a ref that it has checked the branch, and up to when the branch is complete.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${k(e)} \\
  ${m} kustomer-data
cd kustomer-data
\`\`\`

The latest note of a run without news, if there is one:

\`\`\`sh
git fetch --quiet origin ${k(l(e))} && git log -1 --format=%s FETCH_HEAD
\`\`\`

With DuckDB, \`views.sql\` has typed views: \`<stream>\` is the latest version of each record that exists, \`<stream>_history\`
every line.

\`\`\`sh
duckdb -init views.sql
\`\`\`

\`\`\`sql
SELECT * FROM ${v} ORDER BY updated_at DESC;
\`\`\`

The same in Python, here for pandas (\`pip install duckdb pandas\`):

\`\`\`python
import pathlib
import duckdb

db = duckdb.connect()
db.execute(pathlib.Path("views.sql").read_text(encoding="utf-8"))
${v} = db.sql("FROM ${v}").df()
\`\`\`
`}function O([n,i],a){let{records:s,distinct:c,files:l,bytes:u,max_updated_at:d,complete_up_to:f}=i;return t(o(n,`${a}/${encodeURIComponent(n)}`),c===void 0?`\u2013`:r(c),r(s),r(l),e(u),A(d),A(f))}function k(e){return/^[\w./-]+$/.test(e)?e:`'${e.replaceAll(`'`,`'\\''`)}'`}function A(e){return e==null?`\u2013`:n(Date.parse(e)).replace(` UTC`,``)}async function j({git:e},t,n){let r=t.find(({path:e})=>e===T),i=n?.totals??{};if(r===void 0||r.sha===n?.readme)return{totals:i,isOurs:!0};let[,a]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await e.blob(r.sha)))??[];try{return{totals:s(JSON.parse(a??``)),isOurs:!0}}catch{return{totals:i,isOurs:!1}}}export{S as a,d as c,v as d,j as i,y as l,T as n,C as o,D as r,g as s,E as t,p as u};