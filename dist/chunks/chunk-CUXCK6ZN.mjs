import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{d as k,f as O}from"./chunk-YTBE2MJH.mjs";import{V as g}from"./chunk-MJYN2DQC.mjs";import{b as I,c as y,d as F}from"./chunk-5JUX55CI.mjs";import{a as S}from"./chunk-TMQ625D5.mjs";import{hash as B}from"node:crypto";function Y(e){let o=g(e),{id:r,attributes:n}=o;if(typeof r!="string")return null;let t=typeof n=="object"&&n!==null&&!("updated_at"in o),[a,s,d,c]=t?[n,"updatedAt","createdAt","deletedAt"]:[o,"updated_at","created_at","deleted_at"],u=f(a[s]);return{key:B("sha256",r,"buffer").toString("latin1",0,m),at:u,since:Number.isFinite(u)?u:f(a[d]),rev:Number.isSafeInteger(a.rev)?a.rev:Number.NEGATIVE_INFINITY,isDeleted:a.deleted===!0||f(a[c])>Number.NEGATIVE_INFINITY}}function L(e,o){let r=new Map,n=(t,a)=>e&&(t.at<a.at||t.at===a.at&&t.rev<a.rev);return{add(t,a){let s=r.get(t.key);(s===void 0||!n(t,s))&&r.set(t.key,{...t,number:a})},*holding(){for(let t of r.values())!t.isDeleted&&!R(t,o)&&(yield t)}}}function R({key:e,since:o},r){return r===void 0||!Number.isFinite(o)?!1:o>=r.from&&o<=r.asOf&&!r.keys.has(e)}function P(e,o){let[r,n]=[A(e),A(o)],t=r.findIndex((a,s)=>a!==n[s]);return t<0?r.length-n.length:r[t]<(n[t]??"")?-1:1}var m=16,x=m+24+1;function q({key:e,at:o,since:r,rev:n,isDeleted:t},a,s){a.write(e,s,"latin1");for(let[d,c]of[o,r,n].entries())a.writeDoubleLE(c,s+m+8*d);a[s+x-1]=Number(t)}function*z(e,o,r){for(let n=0,t=0;n<e.length;n+=x,t++){if(e.readUInt32LE(n)%r!==o)continue;let a=e.toString("latin1",n,n+m),[s,d,c]=[0,1,2].map(u=>e.readDoubleLE(n+m+8*u));yield[{key:a,at:s,since:d,rev:c,isDeleted:e[n+x-1]===1},t]}}function f(e){let[,o,r="",n="Z"]=typeof e=="string"&&/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(e)||[],t=Date.parse(`${o?.replace(" ","T")}${n}`);return Number.isNaN(t)?Number.NEGATIVE_INFINITY:t*1e3+Number(r.slice(0,6).padEnd(6,"0"))}function A(e){return(e.match(/\d+/g)??[]).map(o=>o.padStart(20,"0"))}var v="ids",C="manifest.json";async function W(e,o){let r=new Map;for(let{path:n,sha:t,type:a}of await S(e,o,v)??[]){let s=a==="tree"?await e.wholeTree(t):null,d=s?.find(({path:i})=>i===C);if(d===void 0)continue;let{as_of:c,streams:u,files:w}=g(String(await e.blob(d.sha))),p=f(c),E=new Map(s?.map(i=>[i.path,i.sha]));for(let{name:i,outcome:h,from:T}of D(u)){if(h!=="complete"||p<=(r.get(String(i))?.asOf??Number.NEGATIVE_INFINITY))continue;let b=D(w).filter(l=>l.stream===i).map(({path:l,sha256:N})=>({path:`${v}/${n}/${l}`,sha:E.get(String(l))??"",sha256:String(N)}));b.every(l=>l.sha!=="")&&r.set(String(i),{asOf:p,from:f(T),files:b})}}return r}function D(e){return Array.isArray(e)?e.map(o=>Object(o)):[]}var G="README.md",te={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.age -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function ne({branch:e,dataPath:o,repository:r},n,{run:t,savedAt:a},{runUrl:s,serverUrl:d,workflowFile:c,repository:u}){let w=`${d}/${r}`,p=c===""?s:`${d}/${u}/actions/workflows/${c}`,E=Object.entries(n).map(([h,{records:T,distinct:$,files:b,bytes:l,max_updated_at:N,complete_up_to:j}])=>`| [${h}](${encodeURI(o)}/${h}) | ${$===void 0?"\u2013":y($)} | ${y(T)} | ${y(b)} | ${F(l)} | ${_(N)} | ${_(j)} |`),[i="conversations"]=Object.keys(n);return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream, and
a compaction those of all. \`state.json\`, and the folder \`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record (UTC) | Complete up to (UTC) |
| :--- | ---: | ---: | ---: | ---: | :--- | :--- |
${E.join(`
`)}

<!-- totals: ${JSON.stringify(n)} -->

Last commit: by run [${t.id}, attempt ${t.attempt}](${s}), ${I(Date.parse(a))}. [A run](${p}) that finds nothing new makes no commit:
it notes in a ref that it has checked the branch, and up to when the branch is complete.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${e} \\
  ${w} kustomer-data
cd kustomer-data
\`\`\`

The latest note of a run without news, if there is one:

\`\`\`sh
git fetch --quiet origin ${O(e)} && git log -1 --format=%s FETCH_HEAD
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
`}function _(e){return e==null?"\u2013":I(Date.parse(e)).replace(" UTC","")}async function re({git:e},o,r){let n=o.find(({path:s})=>s===G),t=r?.totals??{};if(n===void 0||n.sha===r?.readme)return{totals:t,isOurs:!0};let[,a]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await e.blob(n.sha)))??[];try{return{totals:k(JSON.parse(a??"")),isOurs:!0}}catch{return{totals:t,isOurs:!1}}}export{Y as a,L as b,P as c,x as d,q as e,z as f,v as g,C as h,W as i,G as j,te as k,ne as l,re as m};
