import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a,e as C,f as w,g as $,h as T}from"./chunk-L7OCWBPU.mjs";var d="_file",E="_order";function _(e,n,t){let r=n.some(({name:o})=>o==="rev")?["updated_at","rev"]:["updated_at"];return[...N.has(e)?[]:r.map(o=>`${o} DESC NULLS LAST`),`${t} DESC`].join(", ")}var N=new Set(["slas","custom_attributes"]);function h(e){let n=[],t=new Set([d,E]),r=new Map([[d,""],[E,""]]),s=(i,u,p,m=[])=>{let f=i,g=p.join("/");if((r.get(g.toLowerCase())??g)===g){r.set(g.toLowerCase(),g);for(let S=2;t.has(f.toLowerCase());S++)f=`${i}_${S}`;t.add(f.toLowerCase()),n.push({name:f,type:u,path:p,inside:m})}},o=[...C.get(e.stream)?.columns.values()??[]],c=new Set;for(let i of o){let u=T(i,e.format),p=A(u.in,u.key);c.add(`${u.in}/${u.key}`),s(i.name,b(i),p),i.isRelationship&&i.kinds===a.object&&s(`${i.name}_id`,"text",p,["id"])}for(let[i,u]of e.columns){let p=i.endsWith("custom");for(let[m,f]of[...u].sort(I)){let g=i===""&&/^(?:attributes|relationships)$/.test(m);if(c.has(`${i}/${m}`)||g||!/^[^\p{Cc}\p{Cs}]+$/u.test(m))continue;let S=$(m);p?s(`custom_${S}`,v(m,f),A("",...i.split(".")),[m]):s(S,y(f),A(i,m))}}return n}function A(e,...n){return e==="relationships"?[e,...n,"data"]:e===""?n:[e,...n]}function b({kinds:e,joins:n,isRelationship:t}){return e===a.array&&n!==void 0&&!t?"texts":y(e)}function v(e,n){let t=(n&(a.array|a.object))>0;return y(t?a.array:w(e)||n)}function y(e){switch(e&~a.seen){case a.string:case a.string|a["date-time"]:return"text";case a["date-time"]:return"time";case a.integer:return"integer";case a.number:case a.number|a.integer:return"number";case a.boolean:return"boolean";default:return"json"}}function I([e],[n]){let t=r=>$(r)===r?0:1;return t(e)-t(n)||(e<n?-1:1)}var L={text:"",time:"TIMESTAMPTZ",integer:"BIGINT",number:"DOUBLE",boolean:"BOOLEAN",texts:"VARCHAR[]",json:""};function K(e,n="data"){let t=new Set(e.map(({stream:s})=>s)),r=["conversations","customers","messages"].every(s=>t.has(s));return`${[j,...e.map(s=>H(s,n)),...r?[V]:[]].join(`
`)}`}var j=`-- Views of the records beside this file. In the folder that has it: duckdb -init views.sql
--
--   <stream>            the latest version of each record that exists: no deleted ones, no deletion lines
--   <stream>_history    every version, every line
--
-- In the folder above a number of downloaded artifacts, the init file of any of them reads them all. Ids are text, times
-- are in UTC, a value of another type than its column's is null, and objects and lists are JSON.
SET TimeZone = 'UTC';
`,V=`-- An example that joins three streams: every message with its conversation and its customer.
CREATE OR REPLACE TEMP VIEW conversation_messages AS
SELECT
  message.id AS message_id, message.sent_at, message.direction, message.channel, message.preview,
  conversation.id AS conversation_id, conversation.name AS conversation, conversation.status,
  customer.id AS customer_id, customer.display_name AS customer
FROM messages AS message
LEFT JOIN conversations AS conversation ON conversation.id = message.conversation_id
LEFT JOIN customers AS customer ON customer.id = coalesce(message.customer_id, conversation.customer_id);
`,D=[String.raw`regexp_replace(file, '[^\\/]*$', '')`,String.raw`regexp_extract(file, '[^\\/]*$')`].map(e=>String.raw`[lpad(n, 20, '0') FOR n IN regexp_extract_all(regexp_replace(${e}, 'dt=[0-9-]+', ''), '\d+')]`),F=String.raw`\d+-\d+-((shard\d+|backfill)-\w+-)?\d+\.ndjson(\.gz)?`;function H(e,n){let{stream:t}=e,r=h(e),s=[t,`*/${t}`,`*/*/${t}`,`${n}/${t}/*`].map(c=>`${c}/*.ndjson*`),o=String.raw`(${t}-\d+\.ndjson(\.gz)?|${F})$`;return`SET VARIABLE ${t}_files = (
  SELECT list(file ORDER BY ${D.join(", ")}) FROM glob([${s.map(l).join(", ")}])
  WHERE regexp_matches(file, ${l(`[\\\\/]${o}`)}));
CREATE OR REPLACE TEMP VIEW ${t}_history AS
SELECT
${r.map(c=>`  ${M(c,e)} AS ${R(c.name)},`).join(`
`)}
  ${d}, row_number() OVER () AS ${E}
FROM ${e.format==="flat"?U(t,r):q(t,r)};
CREATE OR REPLACE TEMP VIEW ${t} AS
SELECT * FROM (
  FROM ${t}_history
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${_(t,r,E)}) = 1)
WHERE deleted IS NOT TRUE AND deleted_at IS NULL;
`}function M({path:e,inside:n,type:t},{format:r}){let s=[...r==="raw"?["line"]:[],...e.map(R)].join("."),o=n.map(i=>`/${i.replaceAll("~","~0").replaceAll("/","~1")}`).join(""),c=n.length===0?s:`${s}${t==="json"?"->":"->>"}${l(o)}`;return L[t]===""?c:`TRY_CAST(${c} AS ${L[t]})`}function O({type:e,inside:n}){return e==="json"||e==="texts"||n.length>0}function U(e,n){let t=new Map;for(let s of n){let o=s.path[0];t.set(o,O(s)||t.get(o)==="JSON"?"JSON":"VARCHAR")}let r=[...t].map(([s,o])=>`${l(s)}: ${l(o)}`);return x(e,`read_json(getvariable(${l(`${e}_files`)}), format = 'newline_delimited', filename = '${d}', columns = {${r.join(", ")}})`,[...t].map(([s,o])=>`NULL::${o} AS ${R(s)}`))}var k=String.raw`replace(regexp_replace(regexp_replace(line,
    '(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(\\u[dD][89a-fA-F]..)', e'\\1\x01\\2\x02', 'g'),
    e'\x01\\\\u....\x02', '\\ufffd', 'g'), e'\x01\x02', '')`;function q(e,n){let t={};for(let s of n){let o=t;for(let i of s.path.slice(0,-1))o[i]??={},o=o[i];let c=s.path.at(-1);o[c]=O(s)||o[c]==="JSON"?"JSON":"VARCHAR"}let r=x(e,`read_csv(getvariable(${l(`${e}_files`)}), columns = {'line': 'VARCHAR'}, filename = '${d}', header = false, auto_detect = false, delim = chr(1), quote = '', escape = '', new_line = '\\n', max_line_size = 33554432, buffer_size = 67108864)`,["NULL::VARCHAR AS line"]);return`(SELECT ${d}, from_json(CASE WHEN line ILIKE '%\\ud%' THEN ${k} ELSE line END,
    ${l(JSON.stringify(t))}) AS line
  FROM ${r})`}function x(e,n,t){let r=`SELECT ${t.join(", ")}, NULL::VARCHAR AS ${d} WHERE false`;return`query(CASE WHEN getvariable(${l(`${e}_files`)}) IS NULL
  THEN ${l(r)}
  ELSE ${l(`FROM ${n}`)} END)`}function l(e){return`'${e.replaceAll("'","''")}'`}function R(e){return`"${e.replaceAll('"','""')}"`}export{N as a,K as b,F as c};
