import{createRequire as __require}from'node:module';const require=__require(import.meta.url);
import{a as l,e as L,f as _,g as p,h as O}from"./chunk-L7OCWBPU.mjs";var d="_file",R="_order";function N(n,t,e){let o=t.some(({name:r})=>r==="rev")?["updated_at","rev"]:["updated_at"];return[...I.has(n)?[]:o.map(r=>`${r} DESC NULLS LAST`),`${e} DESC`].join(", ")}var I=new Set(["slas","custom_attributes"]);function y(n){let t=[],e=new Set([d,R]),o=new Map([[d,""],[R,""]]),s=(a,c,f,E=[])=>{let S=a,u=f.join("/");if((o.get(u.toLowerCase())??u)===u){o.set(u.toLowerCase(),u);for(let A=2;e.has(S.toLowerCase());A++)S=`${a}_${A}`;e.add(S.toLowerCase()),t.push({name:S,type:c,path:f,inside:E})}},r=[...L.get(n.stream)?.columns.values()??[]],m=new Set;for(let a of r){let c=O(a,n.format),f=g(c.in,c.key);m.add(`${c.in}/${c.key}`),s(a.name,b(a),f),a.isRelationship&&a.kinds===l.object&&s(`${a.name}_id`,"text",f,["id"])}for(let[a,c]of n.columns){let f=a.endsWith("custom");for(let[E,S]of[...c].sort(v)){let u=a===""&&/^(?:attributes|relationships)$/.test(E);if(m.has(`${a}/${E}`)||u||!/^[^\p{Cc}\p{Cs}]+$/u.test(E))continue;let A=p(E);f?s(`custom_${A}`,x(E,S),g("",...a.split(".")),[E]):s(A,T(S),g(a,E))}}return t}function g(n,...t){return n==="relationships"?[n,...t,"data"]:n===""?t:[n,...t]}function b({kinds:n,joins:t,isRelationship:e}){return n===l.array&&t!==void 0&&!e?"texts":T(n)}function x(n,t){let e=(t&(l.array|l.object))>0;return T(e?l.array:_(n)||t)}function T(n){switch(n&~l.seen){case l.string:case l.string|l["date-time"]:return"text";case l["date-time"]:return"time";case l.integer:return"integer";case l.number:case l.number|l.integer:return"number";case l.boolean:return"boolean";default:return"json"}}function v([n],[t]){let e=o=>p(o)===o?0:1;return e(n)-e(t)||(n<t?-1:1)}var h={text:"",time:"TIMESTAMPTZ",integer:"BIGINT",number:"DOUBLE",boolean:"BOOLEAN",texts:"VARCHAR[]",json:""};function G(n,t="data"){let e=new Set(n.map(({stream:s})=>s)),o=["conversations","customers","messages"].every(s=>e.has(s));return`${[V,...n.map(s=>D(s,t)),...o?[H]:[]].join(`
`)}`}var M=String.raw`SET VARIABLE manifests = (
  SELECT list(file) FROM glob(['manifest.json', '*/manifest.json', '*/*/manifest.json']));
CREATE OR REPLACE TEMP TABLE reconciliations AS
WITH manifest AS (
  SELECT regexp_replace(filename, '[^\\/]*$', '') AS folder, content->>'as_of' AS as_of,
    from_json(content->'streams', '[{"name":"VARCHAR","outcome":"VARCHAR","from":"VARCHAR"}]') AS streams,
    from_json(content->'files', '[{"path":"VARCHAR","stream":"VARCHAR","sha256":"VARCHAR","run":"VARCHAR"}]') AS files
  FROM (SELECT filename, TRY_CAST(content AS JSON) AS content FROM query(CASE WHEN getvariable('manifests') IS NULL
    THEN 'SELECT NULL::VARCHAR AS filename, NULL::VARCHAR AS content WHERE false'
    ELSE 'FROM read_text(getvariable(''manifests''))' END))
  WHERE content->>'as_of' IS NOT NULL),
found AS (
  SELECT file.sha256 AS sha256, any_value(folder || decrypted) AS path
  FROM (SELECT folder, file, regexp_replace(file.path, '\.age$', '') AS decrypted
    FROM (SELECT folder, unnest(files) AS file FROM manifest))
  WHERE file.run IS NULL AND folder || decrypted IN (SELECT file FROM glob(['*/*.ndjson*', '*/*/*.ndjson*', '*/*/*/*.ndjson*']))
  GROUP BY ALL),
complete AS (
  SELECT as_of, name, since, unnest(CASE WHEN len(own) = 0 THEN [NULL] ELSE own END) AS sha256
  FROM (
    SELECT as_of, stream.name AS name, stream."from" AS since,
      [f.sha256 FOR f IN files IF f.stream = stream.name] AS own
    FROM (SELECT as_of, files, unnest(streams) AS stream FROM manifest)
    WHERE stream.outcome = 'complete'))
SELECT name, as_of::TIMESTAMPTZ AS as_of, TRY_CAST(since AS TIMESTAMPTZ) AS since, list(path) FILTER (path IS NOT NULL) AS files
FROM complete LEFT JOIN found USING (sha256)
GROUP BY ALL HAVING count(complete.sha256) = count(path);
`,V=`-- Views of the records beside this file. In the folder that has it: duckdb -init views.sql
--
--   <stream>            the latest version of each record that exists: no deleted ones, no deletion lines, and none that
--                       the newest reconciliation beside these files has not found
--   <stream>_history    every version, every line
--
-- In the folder above a number of downloaded artifacts, the init file of any of them reads them all. Ids are text, times
-- are in UTC, a value of another type than its column's is null, and objects and lists are JSON.
SET TimeZone = 'UTC';
${M}`,H=`-- An example that joins three streams: every message with its conversation and its customer.
CREATE OR REPLACE TEMP VIEW conversation_messages AS
SELECT
  message.id AS message_id, message.sent_at, message.direction, message.channel, message.preview,
  conversation.id AS conversation_id, conversation.name AS conversation, conversation.status,
  customer.id AS customer_id, customer.display_name AS customer
FROM messages AS message
LEFT JOIN conversations AS conversation ON conversation.id = message.conversation_id
LEFT JOIN customers AS customer ON customer.id = coalesce(message.customer_id, conversation.customer_id);
`,F=[String.raw`regexp_replace(file, '[^\\/]*$', '')`,String.raw`regexp_extract(file, '[^\\/]*$')`].map(n=>String.raw`[lpad(n, 20, '0') FOR n IN regexp_extract_all(regexp_replace(${n}, 'dt=[0-9-]+', ''), '\d+')]`),j=String.raw`\d+-\d+-((shard\d+|backfill)-\w+-)?\d+\.ndjson(\.gz)?`;function D(n,t){let{stream:e}=n,o=y(n),s=[e,`*/${e}`,`*/*/${e}`,`${t}/${e}/*`].map(c=>`${c}/*.ndjson*`),r=o.some(c=>c.name==="created_at")?"coalesce(updated_at, created_at)":"updated_at",m=`reconciliations WHERE name = ${i(e)} AND as_of = getvariable(${i(`${e}_as_of`)})`,a=String.raw`(${e}-\d+\.ndjson(\.gz)?|${j})$`;return`SET VARIABLE ${e}_files = (
  SELECT list(file ORDER BY ${F.join(", ")}) FROM glob([${s.map(i).join(", ")}])
  WHERE regexp_matches(file, ${i(`[\\\\/]${a}`)}));
SET VARIABLE ${e}_as_of = (SELECT max(as_of) FROM reconciliations WHERE name = ${i(e)});
SET VARIABLE ${e}_ids_since = (SELECT coalesce(max(since), '-infinity'::TIMESTAMPTZ) FROM ${m});
SET VARIABLE ${e}_ids_files = (SELECT any_value(files) FROM ${m});
CREATE OR REPLACE TEMP VIEW ${e}_ids AS
SELECT id FROM ${k(e)};
CREATE OR REPLACE TEMP VIEW ${e}_history AS
SELECT
${o.map(c=>`  ${U(c,n)} AS ${C(c.name)},`).join(`
`)}
  ${d}, row_number() OVER () AS ${R}
FROM ${n.format==="flat"?W(e,o):B(e,o)};
CREATE OR REPLACE TEMP VIEW ${e} AS
SELECT * FROM (
  FROM ${e}_history
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${N(e,o,R)}) = 1)
WHERE deleted IS NOT TRUE AND deleted_at IS NULL
  AND (${r} BETWEEN getvariable(${i(`${e}_ids_since`)}) AND getvariable(${i(`${e}_as_of`)})
    AND id NOT IN (FROM ${e}_ids)) IS NOT TRUE;
`}function U({path:n,inside:t,type:e},{format:o}){let s=[...o==="raw"?["line"]:[],...n.map(C)].join("."),r=t.map(a=>`/${a.replaceAll("~","~0").replaceAll("/","~1")}`).join(""),m=t.length===0?s:`${s}${e==="json"?"->":"->>"}${i(r)}`;return h[e]===""?m:`TRY_CAST(${m} AS ${h[e]})`}function w({type:n,inside:t}){return n==="json"||n==="texts"||t.length>0}function W(n,t){let e=new Map;for(let s of t){let r=s.path[0];e.set(r,w(s)||e.get(r)==="JSON"?"JSON":"VARCHAR")}let o=[...e].map(([s,r])=>`${i(s)}: ${i(r)}`);return $(n,`read_json(getvariable(${i(`${n}_files`)}), format = 'newline_delimited', filename = '${d}', columns = {${o.join(", ")}})`,[...e].map(([s,r])=>`NULL::${r} AS ${C(s)}`))}var P=String.raw`replace(regexp_replace(regexp_replace(line,
    '(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(\\u[dD][89a-fA-F]..)', e'\\1\x01\\2\x02', 'g'),
    e'\x01\\\\u....\x02', '\\ufffd', 'g'), e'\x01\x02', '')`;function B(n,t){let e={};for(let s of t){let r=e;for(let a of s.path.slice(0,-1))r[a]??={},r=r[a];let m=s.path.at(-1);r[m]=w(s)||r[m]==="JSON"?"JSON":"VARCHAR"}let o=$(n,`read_csv(getvariable(${i(`${n}_files`)}), columns = {'line': 'VARCHAR'}, filename = '${d}', header = false, auto_detect = false, delim = chr(1), quote = '', escape = '', new_line = '\\n', max_line_size = 33554432, buffer_size = 67108864)`,["NULL::VARCHAR AS line"]);return`(SELECT ${d}, from_json(CASE WHEN line ILIKE '%\\ud%' THEN ${P} ELSE line END,
    ${i(JSON.stringify(e))}) AS line
  FROM ${o})`}function k(n){let t=`${n}_ids`,e=`read_json(getvariable(${i(`${t}_files`)}), format = 'newline_delimited', columns = {'id': 'VARCHAR'})`;return $(t,e,["NULL::VARCHAR AS id"])}function $(n,t,e){let o=`SELECT ${e.join(", ")}, NULL::VARCHAR AS ${d} WHERE false`;return`query(CASE WHEN getvariable(${i(`${n}_files`)}) IS NULL
  THEN ${i(o)}
  ELSE ${i(`FROM ${t}`)} END)`}function i(n){return`'${n.replaceAll("'","''")}'`}function C(n){return`"${n.replaceAll('"','""')}"`}export{I as a,G as b,j as c};
