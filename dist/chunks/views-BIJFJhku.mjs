import{M as e}from"./main-By8odzfv.mjs";import{a as t,i as n,n as r,s as i,t as a}from"./columns-DVmltkQn.mjs";const o=`_file`,s=`_order`;function c(e,t,n){let r=t.some(({name:e})=>e===`rev`)?[`updated_at`,`rev`]:[`updated_at`];return[...v.has(e)?[]:r.map(e=>`${e} DESC NULLS LAST`),`${n} DESC`].join(`, `)}function l(e){return e.some(({name:e})=>e===`created_at`)?`coalesce(updated_at, created_at)`:`updated_at`}const[u,d,f]=[`_deletions`,`_first`,`_again`],p=[u,d,f],m=[o,s,...p];function h(e){let t=!v.has(e);return{isDated:t,mayComeBack:t&&n(e)}}function g(e){return h(e).mayComeBack?`${f} IS NOT NULL`:`FALSE`}function _(e,t,n){if(!h(e).mayComeBack)return t;let r=`(deleted IS TRUE OR deleted_at IS NOT NULL)`;return`(
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN ${`${u} > ${d} AND updated_at IS NOT NULL AND NOT ${r}`} THEN ${n} END) OVER (PARTITION BY id) AS ${f}
      FROM (
        SELECT *, MIN(${u}) OVER (PARTITION BY id, updated_at, ${r}) AS ${d}
        FROM (
          SELECT *, COUNT(CASE WHEN ${r} THEN 1 END) OVER (PARTITION BY id ORDER BY ${n}) AS ${u}
          FROM ${t}) AS lines) AS lines) AS lines
    WHERE (${r} AND ${n} < ${f}) IS NOT TRUE) AS lines`}const v=new Set([`slas`,`custom_attributes`]);function y(n){let r=[],o=new Set(m),s=new Map(m.map(e=>[e,``])),c=(e,t,n,i=[])=>{let a=e,c=n.join(`/`);if((s.get(c.toLowerCase())??c)===c){s.set(c.toLowerCase(),c);for(let t=2;o.has(a.toLowerCase());t++)a=`${e}_${t}`;o.add(a.toLowerCase()),r.push({name:a,type:t,path:n,inside:i})}},l=[...a.get(n.stream)?.columns.values()??[]],u=new Set;for(let e of l){let r=t(e,n.format),a=b(r.in,r.key);u.add(`${r.in}/${r.key}`),c(e.name,x(e),a),e.isRelationship&&e.kinds===i.object&&c(`${e.name}_id`,`text`,a,[`id`])}for(let[t,r]of n.columns){let i=t.endsWith(`custom`);for(let[a,o]of[...r].sort(w)){let r=t===``&&/^(?:attributes|relationships)$/.test(a);if(u.has(`${t}/${a}`)||r||!/^[^\p{Cc}\p{Cs}]+$/u.test(a))continue;let s=e(a);i?c(`custom_${s}`,S(a,o,n.custom),b(``,...t.split(`.`)),[a]):c(s,C(o),b(t,a))}}return r}function b(e,...t){return e===`relationships`?[e,...t,`data`]:e===``?t:[e,...t]}function x({kinds:e,joins:t,isRelationship:n}){return e===i.array&&t!==void 0&&!n?`texts`:C(e)}function S(e,t,n){return C((t&(i.array|i.object))>0?i.array:r(e,n)||t)}function C(e){switch(e&~i.seen){case i.string:case i.string|i[`date-time`]:return`text`;case i[`date-time`]:return`time`;case i.integer:return`integer`;case i.number:case i.number|i.integer:return`number`;case i.boolean:return`boolean`;default:return`json`}}function w([t],[n]){let r=t=>e(t)===t?0:1;return r(t)-r(n)||(t<n?-1:1)}const T={text:``,time:`TIMESTAMPTZ`,integer:`BIGINT`,number:`DOUBLE`,boolean:`BOOLEAN`,texts:`VARCHAR[]`,json:``};function E(e,t=`data`){let n=new Set(e.map(({stream:e})=>e)),r=[`conversations`,`customers`,`messages`].every(e=>n.has(e));return`${[D,...e.map(e=>j(e,t)),...r?[O]:[]].join(`
`)}`}const D=`-- Views of the records beside this file. In the folder that has it: duckdb -init views.sql
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
`}`,O=`-- An example that joins three streams: every message with its conversation and its customer.
CREATE OR REPLACE TEMP VIEW conversation_messages AS
SELECT
  message.id AS message_id, message.sent_at, message.direction, message.channel, message.preview,
  conversation.id AS conversation_id, conversation.name AS conversation, conversation.status,
  customer.id AS customer_id, customer.display_name AS customer
FROM messages AS message
LEFT JOIN conversations AS conversation ON conversation.id = message.conversation_id
LEFT JOIN customers AS customer ON customer.id = coalesce(message.customer_id, conversation.customer_id);
`,k=[String.raw`regexp_replace(file, '[^\\/]*$', '')`,String.raw`regexp_extract(file, '[^\\/]*$')`].map(e=>String.raw`[lpad(n, 20, '0') FOR n IN regexp_extract_all(regexp_replace(${e}, 'dt=[0-9-]+', ''), '\d+')]`),A=String.raw`\d+-\d+-((shard\d+|backfill)-\w+-)?\d+\.ndjson(\.gz)?`;function j(e,t){let{stream:n}=e,r=y(e),i=[n,`*/${n}`,`*/*/${n}`,`${t}/${n}/*`].map(e=>`${e}/*.ndjson*`),a=h(n).mayComeBack?` EXCLUDE (${p.join(`, `)})`:``,u=`reconciliations WHERE name = ${z(n)} AND as_of = getvariable(${z(`${n}_as_of`)})`,d=String.raw`(${n}-\d+\.ndjson(\.gz)?|${A})$`;return`SET VARIABLE ${n}_files = (
  SELECT list(file ORDER BY ${k.join(`, `)}) FROM glob([${i.map(z).join(`, `)}])
  WHERE regexp_matches(file, ${z(`[\\\\/]${d}`)}));
SET VARIABLE ${n}_as_of = (SELECT max(as_of) FROM reconciliations WHERE name = ${z(n)});
SET VARIABLE ${n}_ids_since = (SELECT coalesce(max(since), '-infinity'::TIMESTAMPTZ) FROM ${u});
SET VARIABLE ${n}_ids_files = (SELECT any_value(files) FROM ${u});
CREATE OR REPLACE TEMP VIEW ${n}_ids AS
SELECT id FROM ${L(n)};
CREATE OR REPLACE TEMP VIEW ${n}_history AS
SELECT
${r.map(t=>`  ${M(t,e)} AS ${B(t.name)},`).join(`
`)}
  ${o}, row_number() OVER () AS ${s}
FROM ${e.format===`flat`?P(n,r):I(n,r)};
CREATE OR REPLACE TEMP VIEW ${n} AS
SELECT *${a} FROM (
  FROM ${_(n,`${n}_history`,s)}
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${c(n,r,s)}) = 1)
WHERE deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (${g(n)}) AND ${l(r)} BETWEEN getvariable(${z(`${n}_ids_since`)}) AND getvariable(${z(`${n}_as_of`)})
    AND id NOT IN (FROM ${n}_ids)) IS NOT TRUE;
`}function M({path:e,inside:t,type:n},{format:r}){let i=[...r===`raw`?[`line`]:[],...e.map(B)].join(`.`),a=t.map(e=>`/${e.replaceAll(`~`,`~0`).replaceAll(`/`,`~1`)}`).join(``),o=t.length===0?i:`${i}${n===`json`?`->`:`->>`}${z(a)}`;return T[n]===``?o:`TRY_CAST(${o} AS ${T[n]})`}function N({type:e,inside:t}){return e===`json`||e===`texts`||t.length>0}function P(e,t){let n=new Map;for(let e of t){let t=e.path[0];n.set(t,N(e)||n.get(t)===`JSON`?`JSON`:`VARCHAR`)}let r=[...n].map(([e,t])=>`${z(e)}: ${z(t)}`);return R(e,`read_json(getvariable(${z(`${e}_files`)}), format = 'newline_delimited', filename = '${o}', columns = {${r.join(`, `)}})`,[...n].map(([e,t])=>`NULL::${t} AS ${B(e)}`))}const F=String.raw`replace(regexp_replace(regexp_replace(line,
    '(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(\\u[dD][89a-fA-F]..)', e'\\1\x01\\2\x02', 'g'),
    e'\x01\\\\u....\x02', '\\ufffd', 'g'), e'\x01\x02', '')`;function I(e,t){let n={};for(let e of t){let t=n;for(let n of e.path.slice(0,-1))t[n]??={},t=t[n];let r=e.path.at(-1);t[r]=N(e)||t[r]===`JSON`?`JSON`:`VARCHAR`}let r=R(e,`read_csv(getvariable(${z(`${e}_files`)}), columns = {'line': 'VARCHAR'}, filename = '${o}', header = false, auto_detect = false, delim = chr(1), quote = '', escape = '', new_line = '\\n', max_line_size = 33554432, buffer_size = 67108864)`,[`NULL::VARCHAR AS line`]);return`(SELECT ${o}, from_json(CASE WHEN line ILIKE '%\\ud%' THEN ${F} ELSE line END,
    ${z(JSON.stringify(n))}) AS line
  FROM ${r})`}function L(e){let t=`${e}_ids`;return R(t,`read_json(getvariable(${z(`${t}_files`)}), format = 'newline_delimited', columns = {'id': 'VARCHAR'})`,[`NULL::VARCHAR AS id`])}function R(e,t,n){let r=`SELECT ${n.join(`, `)}, NULL::VARCHAR AS ${o} WHERE false`;return`query(CASE WHEN getvariable(${z(`${e}_files`)}) IS NULL
  THEN ${z(r)}
  ELSE ${z(`FROM ${t}`)} END)`}function z(e){return`'${e.replaceAll(`'`,`''`)}'`}function B(e){return`"${e.replaceAll(`"`,`""`)}"`}export{E as n,h as r,A as t};