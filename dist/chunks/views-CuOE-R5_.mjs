import{i as e,n as t,o as n,r,t as i}from"./columns-3zu5KEFa.mjs";const a=`_file`,o=`_order`;function s(e,t,n){let r=t.some(({name:e})=>e===`rev`)?[`updated_at`,`rev`]:[`updated_at`];return[...c.has(e)?[]:r.map(e=>`${e} DESC NULLS LAST`),`${n} DESC`].join(`, `)}const c=new Set([`slas`,`custom_attributes`]);function l(t){let s=[],c=new Set([a,o]),l=new Map([[a,``],[o,``]]),h=(e,t,n,r=[])=>{let i=e,a=n.join(`/`);if((l.get(a.toLowerCase())??a)===a){l.set(a.toLowerCase(),a);for(let t=2;c.has(i.toLowerCase());t++)i=`${e}_${t}`;c.add(i.toLowerCase()),s.push({name:i,type:t,path:n,inside:r})}},g=[...i.get(t.stream)?.columns.values()??[]],_=new Set;for(let e of g){let i=r(e,t.format),a=u(i.in,i.key);_.add(`${i.in}/${i.key}`),h(e.name,d(e),a),e.isRelationship&&e.kinds===n.object&&h(`${e.name}_id`,`text`,a,[`id`])}for(let[n,r]of t.columns){let t=n.endsWith(`custom`);for(let[i,a]of[...r].sort(m)){let r=n===``&&/^(?:attributes|relationships)$/.test(i);if(_.has(`${n}/${i}`)||r||!/^[^\p{Cc}\p{Cs}]+$/u.test(i))continue;let o=e(i);t?h(`custom_${o}`,f(i,a),u(``,...n.split(`.`)),[i]):h(o,p(a),u(n,i))}}return s}function u(e,...t){return e===`relationships`?[e,...t,`data`]:e===``?t:[e,...t]}function d({kinds:e,joins:t,isRelationship:r}){return e===n.array&&t!==void 0&&!r?`texts`:p(e)}function f(e,r){return p((r&(n.array|n.object))>0?n.array:t(e)||r)}function p(e){switch(e&~n.seen){case n.string:case n.string|n[`date-time`]:return`text`;case n[`date-time`]:return`time`;case n.integer:return`integer`;case n.number:case n.number|n.integer:return`number`;case n.boolean:return`boolean`;default:return`json`}}function m([t],[n]){let r=t=>e(t)===t?0:1;return r(t)-r(n)||(t<n?-1:1)}const h={text:``,time:`TIMESTAMPTZ`,integer:`BIGINT`,number:`DOUBLE`,boolean:`BOOLEAN`,texts:`VARCHAR[]`,json:``};function g(e,t=`data`){let n=new Set(e.map(({stream:e})=>e)),r=[`conversations`,`customers`,`messages`].every(e=>n.has(e));return`${[_,...e.map(e=>x(e,t)),...r?[v]:[]].join(`
`)}`}const _=`-- Views of the records beside this file. In the folder that has it: duckdb -init views.sql
--
--   <stream>            the latest version of each record that exists: no deleted ones, no deletion lines, and none that
--                       the newest reconciliation beside these files has not found
--   <stream>_history    every version, every line
--
-- In the folder above a number of downloaded artifacts, the init file of any of them reads them all. Ids are text, times
-- are in UTC, a value of another type than its column's is null, and objects and lists are JSON.
SET TimeZone = 'UTC';
${String.raw`SET VARIABLE manifests = (
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
`}`,v=`-- An example that joins three streams: every message with its conversation and its customer.
CREATE OR REPLACE TEMP VIEW conversation_messages AS
SELECT
  message.id AS message_id, message.sent_at, message.direction, message.channel, message.preview,
  conversation.id AS conversation_id, conversation.name AS conversation, conversation.status,
  customer.id AS customer_id, customer.display_name AS customer
FROM messages AS message
LEFT JOIN conversations AS conversation ON conversation.id = message.conversation_id
LEFT JOIN customers AS customer ON customer.id = coalesce(message.customer_id, conversation.customer_id);
`,y=[String.raw`regexp_replace(file, '[^\\/]*$', '')`,String.raw`regexp_extract(file, '[^\\/]*$')`].map(e=>String.raw`[lpad(n, 20, '0') FOR n IN regexp_extract_all(regexp_replace(${e}, 'dt=[0-9-]+', ''), '\d+')]`),b=String.raw`\d+-\d+-((shard\d+|backfill)-\w+-)?\d+\.ndjson(\.gz)?`;function x(e,t){let{stream:n}=e,r=l(e),i=[n,`*/${n}`,`*/*/${n}`,`${t}/${n}/*`].map(e=>`${e}/*.ndjson*`),c=r.some(e=>e.name===`created_at`)?`coalesce(updated_at, created_at)`:`updated_at`,u=`reconciliations WHERE name = ${k(n)} AND as_of = getvariable(${k(`${n}_as_of`)})`,d=String.raw`(${n}-\d+\.ndjson(\.gz)?|${b})$`;return`SET VARIABLE ${n}_files = (
  SELECT list(file ORDER BY ${y.join(`, `)}) FROM glob([${i.map(k).join(`, `)}])
  WHERE regexp_matches(file, ${k(`[\\\\/]${d}`)}));
SET VARIABLE ${n}_as_of = (SELECT max(as_of) FROM reconciliations WHERE name = ${k(n)});
SET VARIABLE ${n}_ids_since = (SELECT coalesce(max(since), '-infinity'::TIMESTAMPTZ) FROM ${u});
SET VARIABLE ${n}_ids_files = (SELECT any_value(files) FROM ${u});
CREATE OR REPLACE TEMP VIEW ${n}_ids AS
SELECT id FROM ${D(n)};
CREATE OR REPLACE TEMP VIEW ${n}_history AS
SELECT
${r.map(t=>`  ${S(t,e)} AS ${A(t.name)},`).join(`
`)}
  ${a}, row_number() OVER () AS ${o}
FROM ${e.format===`flat`?w(n,r):E(n,r)};
CREATE OR REPLACE TEMP VIEW ${n} AS
SELECT * FROM (
  FROM ${n}_history
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${s(n,r,o)}) = 1)
WHERE deleted IS NOT TRUE AND deleted_at IS NULL
  AND (${c} BETWEEN getvariable(${k(`${n}_ids_since`)}) AND getvariable(${k(`${n}_as_of`)})
    AND id NOT IN (FROM ${n}_ids)) IS NOT TRUE;
`}function S({path:e,inside:t,type:n},{format:r}){let i=[...r===`raw`?[`line`]:[],...e.map(A)].join(`.`),a=t.map(e=>`/${e.replaceAll(`~`,`~0`).replaceAll(`/`,`~1`)}`).join(``),o=t.length===0?i:`${i}${n===`json`?`->`:`->>`}${k(a)}`;return h[n]===``?o:`TRY_CAST(${o} AS ${h[n]})`}function C({type:e,inside:t}){return e===`json`||e===`texts`||t.length>0}function w(e,t){let n=new Map;for(let e of t){let t=e.path[0];n.set(t,C(e)||n.get(t)===`JSON`?`JSON`:`VARCHAR`)}let r=[...n].map(([e,t])=>`${k(e)}: ${k(t)}`);return O(e,`read_json(getvariable(${k(`${e}_files`)}), format = 'newline_delimited', filename = '${a}', columns = {${r.join(`, `)}})`,[...n].map(([e,t])=>`NULL::${t} AS ${A(e)}`))}const T=String.raw`replace(regexp_replace(regexp_replace(line,
    '(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(\\u[dD][89a-fA-F]..)', e'\\1\x01\\2\x02', 'g'),
    e'\x01\\\\u....\x02', '\\ufffd', 'g'), e'\x01\x02', '')`;function E(e,t){let n={};for(let e of t){let t=n;for(let n of e.path.slice(0,-1))t[n]??={},t=t[n];let r=e.path.at(-1);t[r]=C(e)||t[r]===`JSON`?`JSON`:`VARCHAR`}let r=O(e,`read_csv(getvariable(${k(`${e}_files`)}), columns = {'line': 'VARCHAR'}, filename = '${a}', header = false, auto_detect = false, delim = chr(1), quote = '', escape = '', new_line = '\\n', max_line_size = 33554432, buffer_size = 67108864)`,[`NULL::VARCHAR AS line`]);return`(SELECT ${a}, from_json(CASE WHEN line ILIKE '%\\ud%' THEN ${T} ELSE line END,
    ${k(JSON.stringify(n))}) AS line
  FROM ${r})`}function D(e){let t=`${e}_ids`;return O(t,`read_json(getvariable(${k(`${t}_files`)}), format = 'newline_delimited', columns = {'id': 'VARCHAR'})`,[`NULL::VARCHAR AS id`])}function O(e,t,n){let r=`SELECT ${n.join(`, `)}, NULL::VARCHAR AS ${a} WHERE false`;return`query(CASE WHEN getvariable(${k(`${e}_files`)}) IS NULL
  THEN ${k(r)}
  ELSE ${k(`FROM ${t}`)} END)`}function k(e){return`'${e.replaceAll(`'`,`''`)}'`}function A(e){return`"${e.replaceAll(`"`,`""`)}"`}export{g as n,c as r,b as t};