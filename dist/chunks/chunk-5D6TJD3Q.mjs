import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{d as m,f as g}from"./chunk-YVHYWDBN.mjs";import{b as c,c as o,d as f}from"./chunk-5JUX55CI.mjs";var D="README.md",v={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.age -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function A({branch:t,dataPath:r,repository:a},e,{run:n,savedAt:i},{runUrl:s,serverUrl:l,workflowFile:h,repository:$}){let b=`${l}/${a}`,w=h===""?s:`${l}/${$}/actions/workflows/${h}`,T=Object.entries(e).map(([u,{records:k,distinct:p,files:x,bytes:E,max_updated_at:O,complete_up_to:S}])=>`| [${u}](${encodeURI(r)}/${u}) | ${p===void 0?"\u2013":o(p)} | ${o(k)} | ${o(x)} | ${f(E)} | ${y(O)} | ${y(S)} |`),[d="conversations"]=Object.keys(e);return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream, and
a compaction those of all. \`state.json\`, and the folder \`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Records | Lines | Files | Size | Newest record (UTC) | Complete up to (UTC) |
| :--- | ---: | ---: | ---: | ---: | :--- | :--- |
${T.join(`
`)}

<!-- totals: ${JSON.stringify(e)} -->

Last commit: by run [${n.id}, attempt ${n.attempt}](${s}), ${c(Date.parse(i))}. [A run](${w}) that finds nothing new makes no commit:
it notes in a ref that it has checked the branch, and up to when the branch is complete.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} \\
  ${b} kustomer-data
cd kustomer-data
\`\`\`

The latest note of a run without news, if there is one:

\`\`\`sh
git fetch --quiet origin ${g(t)} && git log -1 --format=%s FETCH_HEAD
\`\`\`

With DuckDB, \`views.sql\` has typed views: \`<stream>\` is the latest version of each record that exists, \`<stream>_history\`
every line.

\`\`\`sh
duckdb -init views.sql
\`\`\`

\`\`\`sql
SELECT * FROM ${d} ORDER BY updated_at DESC;
\`\`\`

The same in Python, here for pandas (\`pip install duckdb pandas\`):

\`\`\`python
import pathlib
import duckdb

db = duckdb.connect()
db.execute(pathlib.Path("views.sql").read_text(encoding="utf-8"))
${d} = db.sql("FROM ${d}").df()
\`\`\`
`}function y(t){return t==null?"\u2013":c(Date.parse(t)).replace(" UTC","")}async function B({git:t},r,a){let e=r.find(({path:s})=>s===D),n=a?.totals??{};if(e===void 0||e.sha===a?.readme)return{totals:n,isOurs:!0};let[,i]=/^<!-- totals: (\{.*\}) -->$/m.exec(String(await t.blob(e.sha)))??[];try{return{totals:m(JSON.parse(i??"")),isOurs:!0}}catch{return{totals:n,isOurs:!1}}}export{D as a,v as b,A as c,B as d};
