import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{o as m,p as b}from"./chunk-623PI7Z6.mjs";import{a as g}from"./chunk-KR76GBG6.mjs";import{c as f}from"./chunk-K2EKZK2X.mjs";var w="README.md",D={path:".gitattributes",content:`*.ndjson -text -diff linguist-generated
*.gz -text -diff linguist-generated
state.json -diff linguist-generated
state/** -diff linguist-generated
`};function C({branch:t,dataPath:e,totals:n,run:r,savedAt:a}){let o=Object.entries(n).map(([d,{records:u,files:i,bytes:c,max_updated_at:y}])=>`| [${d}](${encodeURI(e)}/${d}) | ${f(u)} | ${f(i)} | ${f(Math.ceil(c/1024))} kB | ${y??"\u2013"} |`),[s="conversations"]=Object.keys(n),l=`${e}/${s}/*/*.ndjson*`;return`# Kustomer data

A copy of Kustomer records as NDJSON, one JSON object a line, kept up to date by a workflow with kustomer-sync. Each run
adds files and changes none; a record that was updated is there again in its new version, so **the line with the latest
\`updated_at\` of an \`id\` counts**. A full refresh replaces the files of its stream. \`state.json\`, and the folder
\`state\` of backfills, say what has been read; leave them as they are. The records are personal data: treat this branch as you treat Kustomer.

| Stream | Lines | Files | Size | Updated up to |
| --- | ---: | ---: | ---: | --- |
${o.join(`
`)}

<!-- totals: ${JSON.stringify(n)} -->

Last run: [${r.id}, attempt ${r.attempt}](${r.url}), ${a}.

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
`}function T(t){let[,e]=/^<!-- totals: (\{.*\}) -->$/m.exec(t)??[];try{return e===void 0?void 0:JSON.parse(e)}catch{return}}import{createHash as A}from"node:crypto";var O=100;async function S(t,e,n){let r=e;for(let a of n.split("/").filter(o=>o!==".")){let o=r.find(s=>s.path===a&&s.type==="tree");if(o===void 0)return null;r=await t.tree(o.sha)}return r}function z(t){return A("sha1").update(`blob ${t.length}\0`).update(t).digest("hex")}async function F({git:t,dataPath:e},n,r,a){let o=`${e}/`,s=i=>i.slice(o.length,i.indexOf("/",o.length)),l=({path:i,type:c})=>n!==null&&c==="blob"&&i.startsWith(o)&&r.includes(s(i)),d=a.filter(l).map(i=>({...i,path:i.path.slice(o.length)})),u=a.filter(i=>!l(i));if(d.length>0){let i=await t.tree(await x(t,null,d));u=[...u,...i.map(({path:c,sha:y})=>({path:o+c,type:"tree",sha:y}))]}return x(t,n,u)}async function x(t,e,n){let r=e;for(let a=0;a<n.length;a+=O)r=await t.createTree(r,n.slice(a,a+O));return r}import{basename as R,dirname as _}from"node:path/posix";function h(t){return t.includes("/")?`state/${t}.json`:"state.json"}var j=200;async function V(t,e){let n=await I(t);if(n===null)return{state:null,known:null,refreshes:new Map};let[r,a]=await Promise.all([P(t,n.root),M(t,n.root)]);if(!r)return{state:null,known:null,refreshes:a};let o=await t.git.blob(r.sha),s=E(t,o);try{let{state:l,known:d}=p(t,r.sha,o);return{state:l,known:{...d,tip:n},refreshes:a}}catch(l){if(!e)throw l;return{state:null,known:{sha:r.sha,generation:0,...s,tip:n},refreshes:a}}}var $=new Map;function M({git:t,stateName:e},n){let r=h(""),a=h(e)===r?void 0:n.find(s=>s.path===r);if(a===void 0)return Promise.resolve(new Map);let o=$.get(a.sha)??t.blob(a.sha).then(B);return $.set(a.sha,o),o}function B(t){let{refreshes:e}=k(t.toString("utf8")),n=typeof e=="object"&&e!==null&&!Array.isArray(e);return new Map(Object.entries(n?e:{}).filter(([,r])=>Number.isSafeInteger(r)))}async function I({git:t,branch:e}){let n=await t.tip(e);return n&&{...n,root:await t.tree(n.tree)}}function P({git:t,stateName:e},n){let r=h(e);return S(t,n,_(r)).then(a=>a?.find(o=>o.path===R(r)))}async function W(t,e,n){let r=await P(t,e);if(r===void 0)return null;if(r.sha===n?.sha)return{...n,state:null};let a=p(t,r.sha,await t.git.blob(r.sha));return{...a.known,state:a.state}}async function X(t,e){return p(t,e,await t.git.blob(e)).state}function p(t,e,n){let r=E(t,n),a=b(n.toString("utf8"),`branch ${t.branch}`),o=K(N(a.run),r.runs);return{state:a,known:{sha:e,generation:a.generation,...r,runs:o}}}function E({branch:t,stateName:e},n){let{state_id:r,runs:a,totals:o={},readme:s=""}=k(n.toString("utf8"));if(typeof r=="string"&&r!==e)throw new g("branch-of-other-sync",{what:`The branch ${t} belongs to the sync with the \`state-id\` ${r}, and this one is ${e}.`,todo:"Give each sync its own `branch`."});return{runs:Array.isArray(a)?a:[],totals:o,readme:s}}function k(t){try{return JSON.parse(t)??{}}catch{return{}}}function N({id:t,attempt:e}){return`${t}-${e}`}function K(t,e){return[t,...e.filter(n=>n!==t)].slice(0,j)}function Z(t,e,n){return`${JSON.stringify({...JSON.parse(m(t)),state_id:e,...n},null,1)}
`}async function tt({git:t},e,n){let r=e.find(({path:s})=>s===w),a=n?.totals??{};if(r===void 0||r.sha===n?.readme)return{totals:a,isOurs:!0};let o=T((await t.blob(r.sha)).toString("utf8"));return{totals:o??a,isOurs:o!==void 0}}export{w as a,D as b,C as c,S as d,z as e,F as f,h as g,V as h,I as i,W as j,X as k,N as l,K as m,Z as n,tt as o};
