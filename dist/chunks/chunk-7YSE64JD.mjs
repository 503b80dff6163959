import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{t as h,u as m}from"./chunk-NLD6CCZR.mjs";import{a as g}from"./chunk-VLXAIWLU.mjs";import{b as f}from"./chunk-45DWIFGY.mjs";var w="README.md",I={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function D({branch:t,dataPath:r,totals:e,run:n,savedAt:a}){let o=Object.entries(e).map(([d,{records:u,files:i,bytes:c,max_updated_at:y}])=>`| [${d}](${encodeURI(r)}/${d}) | ${f(u)} | ${f(i)} | ${f(Math.ceil(c/1024))} kB | ${y??"\u2013"} |`),[s="conversations"]=Object.keys(e),l=`${r}/${s}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${o.join(`
`)}

<!-- totals: ${JSON.stringify(e)} -->

Last run: [${n.id}, attempt ${n.attempt}](${n.url}), ${a}.

## Reading it

\`\`\`sh
git clone --single-branch --depth 1 --branch ${t} <address of this repository> kustomer-data && cd kustomer-data
\`\`\`

DuckDB, the latest version of each record:

\`\`\`sql
SELECT * FROM read_json('${l}', format = 'newline_delimited', union_by_name = true)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1;
\`\`\`

pandas:

\`\`\`python
import glob, pandas
lines = pandas.concat(pandas.read_json(path, lines=True) for path in glob.glob('${l}'))
latest = lines.sort_values('updated_at').drop_duplicates('id', keep='last')
\`\`\`

jq (\`zcat -f\` also reads what is not compressed):

\`\`\`sh
zcat -f ${l} | jq -s 'group_by(.id) | map(max_by(.updated_at))'
\`\`\`
`}function b(t){let[,r]=/^<!-- totals: (\{.*\}) -->$/m.exec(t)??[];try{return r===void 0?void 0:JSON.parse(r)}catch{return}}import{createHash as E}from"node:crypto";var T=100;async function $(t,r,e){let n=r;for(let a of e.split("/").filter(o=>o!==".")){let o=n.find(s=>s.path===a&&s.type==="tree");if(o===void 0)return null;n=await t.tree(o.sha)}return n}function G(t){return E("sha1").update(`blob ${t.length}\0`).update(t).digest("hex")}async function J({git:t,dataPath:r},e,n,a){let o=`${r}/`,s=i=>i.slice(o.length,i.indexOf("/",o.length)),l=({path:i,type:c})=>e!==null&&c==="blob"&&i.startsWith(o)&&n.includes(s(i)),d=a.filter(l).map(i=>({...i,path:i.path.slice(o.length)})),u=a.filter(i=>!l(i));if(d.length>0){let i=await t.tree(await x(t,null,d));u=[...u,...i.map(({path:c,sha:y})=>({path:o+c,type:"tree",sha:y}))]}return x(t,e,u)}async function x(t,r,e){let n=r;for(let a=0;a<e.length;a+=T)n=await t.createTree(n,e.slice(a,a+T));return n}import{basename as P,dirname as _}from"node:path/posix";function k(t){return t.includes("/")?`state/${t}.json`:"state.json"}var A=200;async function Y(t,r){let e=await j(t),n=e&&await O(t,e.root);if(!n)return null;let a=await t.git.blob(n.sha),o=S(t,a);try{let{state:s,known:l}=p(t,n.sha,a);return{state:s,known:{...l,tip:e}}}catch(s){if(!r)throw s;return{state:null,known:{sha:n.sha,generation:0,...o,tip:e}}}}async function j({git:t,branch:r}){let e=await t.tip(r);return e&&{...e,root:await t.tree(e.tree)}}function O({git:t,stateName:r},e){let n=k(r);return $(t,e,_(n)).then(a=>a?.find(o=>o.path===P(n)))}async function H(t,r,e){let n=await O(t,r);if(n===void 0)return null;if(n.sha===e?.sha)return{...e,state:null};let a=p(t,n.sha,await t.git.blob(n.sha));return{...a.known,state:a.state}}async function Q(t,r){return p(t,r,await t.git.blob(r)).state}function p(t,r,e){let n=S(t,e),a=m(e.toString("utf8"),`branch ${t.branch}`),o=N(K(a.run),n.runs);return{state:a,known:{sha:r,generation:a.generation,...n,runs:o}}}function S({branch:t,stateName:r},e){let{state_id:n,runs:a,totals:o={},readme:s=""}=R(e.toString("utf8"));if(typeof n=="string"&&n!==r)throw new g("user","state",`The branch ${t} belongs to the sync with the \`state-id\` ${n}, and this one is ${r}.`,"Give each sync its own `branch`.");return{runs:Array.isArray(a)?a:[],totals:o,readme:s}}function R(t){try{return JSON.parse(t)??{}}catch{return{}}}function K({id:t,attempt:r}){return`${t}-${r}`}function N(t,r){return[t,...r.filter(e=>e!==t)].slice(0,A)}function V(t,r,e){return`${JSON.stringify({...JSON.parse(h(t)),state_id:r,...e},null,1)}
`}async function W({git:t},r,e){let n=r.find(({path:s})=>s===w),a=e?.totals??{};if(n===void 0||n.sha===e?.readme)return{totals:a,isOurs:!0};let o=b((await t.blob(n.sha)).toString("utf8"));return{totals:o??a,isOurs:o!==void 0}}export{w as a,I as b,D as c,$ as d,G as e,J as f,k as g,Y as h,j as i,H as j,Q as k,K as l,N as m,V as n,W as o};
