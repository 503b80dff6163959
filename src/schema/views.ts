/**
 * `views.sql`: views in DuckDB over the files of an artifact, of many artifacts, or of the data branch. Pure.
 *
 * Nothing is sniffed: files of different width give the same types. Columns are read as text or JSON, and cast in the
 * view, where a value that does not fit is null. A stream without a file has empty views.
 */
import type { StreamSchema } from '../sync/stream-schema.ts';
import {
  COUNTING,
  countingLines,
  FILE,
  hasComeBack,
  newestFirst,
  ORDER,
  orderOf,
  type SqlType,
  timeOf,
  type ViewColumn,
  viewColumns,
} from './view-columns.ts';

const CASTS: Readonly<Record<SqlType, string>> = {
  text: '',
  time: 'TIMESTAMPTZ',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  texts: 'VARCHAR[]',
  json: '',
};

/** @param dataPath folder of the data on the data branch */
export function duckdbViews(schemas: readonly StreamSchema[], dataPath = 'data'): string {
  const names = new Set(schemas.map(({ stream }) => stream));
  const hasExample = ['conversations', 'customers', 'messages'].every(name => names.has(name));
  return `${[HEAD, ...schemas.map(schema => streamViews(schema, dataPath)), ...(hasExample ? [EXAMPLE] : [])].join('\n')}`;
}

/**
 * The files with the ids of each stream, where all files that a complete reconciliation lists are there: those of several
 * runs have a manifest each.
 */
const RECONCILIATIONS = String.raw`SET VARIABLE manifests = (
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
`;

const HEAD = `-- Views of the records beside this file. In the folder that has it: duckdb -init views.sql
--
--   <stream>            the latest version of each record that exists: no deleted ones, no deletion lines, and none that
--                       the newest reconciliation beside these files has not found
--   <stream>_history    every version, every line
--
-- In the folder above a number of downloaded artifacts, the init file of any of them reads them all. Ids are text, times
-- are in UTC, a value of another type than its column's is null, and objects and lists are JSON.
SET TimeZone = 'UTC';
${RECONCILIATIONS}`;

const EXAMPLE = `-- An example that joins three streams: every message with its conversation and its customer.
CREATE OR REPLACE TEMP VIEW conversation_messages AS
SELECT
  message.id AS message_id, message.sent_at, message.direction, message.channel, message.preview,
  conversation.id AS conversation_id, conversation.name AS conversation, conversation.status,
  customer.id AS customer_id, customer.display_name AS customer
FROM messages AS message
LEFT JOIN conversations AS conversation ON conversation.id = message.conversation_id
LEFT JOIN customers AS customer ON customer.id = coalesce(message.customer_id, conversation.customer_id);
`;

/**
 * Sorts files by when they were written: by the numbers in the names of their folders (runs), then of their own. The
 * arrow of a lambda is an error in DuckDB 2, and its new form one in DuckDB 1.2.
 */
const WRITTEN = [String.raw`regexp_replace(file, '[^\\/]*$', '')`, String.raw`regexp_extract(file, '[^\\/]*$')`].map(
  name => String.raw`[lpad(n, 20, '0') FOR n IN regexp_extract_all(regexp_replace(${name}, 'dt=[0-9-]+', ''), '\d+')]`,
);

/** How a file of records is called on the data branch: by its run, and by the shard or backfill. */
export const BRANCH_PART = String.raw`\d+-\d+-((shard\d+|backfill)-\w+-)?\d+\.ndjson(\.gz)?`;

function streamViews(schema: StreamSchema, dataPath: string): string {
  const { stream } = schema;
  const columns = viewColumns(schema);
  const places = [stream, `*/${stream}`, `*/*/${stream}`, `${dataPath}/${stream}/*`].map(place => `${place}/*.ndjson*`);
  const hidden = orderOf(stream).mayComeBack ? ` EXCLUDE (${COUNTING.join(', ')})` : '';
  const newest = `reconciliations WHERE name = ${text(stream)} AND as_of = getvariable(${text(`${stream}_as_of`)})`;
  // As parts are called in an artifact, and on the branch.
  const parts = String.raw`(${stream}-\d+\.ndjson(\.gz)?|${BRANCH_PART})$`;
  return `SET VARIABLE ${stream}_files = (
  SELECT list(file ORDER BY ${WRITTEN.join(', ')}) FROM glob([${places.map(text).join(', ')}])
  WHERE regexp_matches(file, ${text(`[\\\\/]${parts}`)}));
SET VARIABLE ${stream}_as_of = (SELECT max(as_of) FROM reconciliations WHERE name = ${text(stream)});
SET VARIABLE ${stream}_ids_since = (SELECT coalesce(max(since), '-infinity'::TIMESTAMPTZ) FROM ${newest});
SET VARIABLE ${stream}_ids_files = (SELECT any_value(files) FROM ${newest});
CREATE OR REPLACE TEMP VIEW ${stream}_ids AS
SELECT id FROM ${ids(stream)};
CREATE OR REPLACE TEMP VIEW ${stream}_history AS
SELECT
${columns.map(column => `  ${cast(column, schema)} AS ${name(column.name)},`).join('\n')}
  ${FILE}, row_number() OVER () AS ${ORDER}
FROM ${schema.format === 'flat' ? flatLines(stream, columns) : rawLines(stream, columns)};
CREATE OR REPLACE TEMP VIEW ${stream} AS
SELECT *${hidden} FROM (
  FROM ${countingLines(stream, `${stream}_history`, ORDER)}
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${newestFirst(stream, columns, ORDER)}) = 1)
WHERE deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (${hasComeBack(stream)}) AND ${timeOf(columns)} BETWEEN getvariable(${text(`${stream}_ids_since`)}) AND getvariable(${text(`${stream}_as_of`)})
    AND id NOT IN (FROM ${stream}_ids)) IS NOT TRUE;
`;
}

function cast({ path, inside, type }: ViewColumn, { format }: StreamSchema): string {
  const base = [...(format === 'raw' ? ['line'] : []), ...path.map(name)].join('.');
  const pointer = inside.map(key => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const value = inside.length === 0 ? base : `${base}${type === 'json' ? '->' : '->>'}${text(pointer)}`;
  return CASTS[type] === '' ? value : `TRY_CAST(${value} AS ${CASTS[type]})`;
}

/** What the values of a path are read as. */
function isJson({ type, inside }: ViewColumn): boolean {
  return type === 'json' || type === 'texts' || inside.length > 0;
}

function flatLines(stream: string, columns: readonly ViewColumn[]): string {
  const types = new Map<string, string>();
  for (const column of columns) {
    const key = column.path[0] as string;
    types.set(key, isJson(column) || types.get(key) === 'JSON' ? 'JSON' : 'VARCHAR');
  }
  const named = [...types].map(([key, type]) => `${text(key)}: ${text(type)}`);
  return orEmpty(
    stream,
    `read_json(getvariable(${text(`${stream}_files`)}), format = 'newline_delimited', filename = '${FILE}', columns = {${named.join(', ')}})`,
    [...types].map(([key, type]) => `NULL::${type} AS ${name(key)}`),
  );
}

/** Halves of surrogate pairs, which `raw` keeps and DuckDB refuses, become U+FFFD; no line has control characters. */
const WHOLE_LINE = String.raw`replace(regexp_replace(regexp_replace(line,
    '(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(\\u[dD][89a-fA-F]..)', e'\\1\x01\\2\x02', 'g'),
    e'\x01\\\\u....\x02', '\\ufffd', 'g'), e'\x01\x02', '')`;

function rawLines(stream: string, columns: readonly ViewColumn[]): string {
  const structure = {};
  for (const column of columns) {
    let at: Record<string, unknown> = structure;
    for (const key of column.path.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    const key = column.path.at(-1) as string;
    at[key] = isJson(column) || at[key] === 'JSON' ? 'JSON' : 'VARCHAR';
  }
  const lines = orEmpty(
    stream,
    `read_csv(getvariable(${text(`${stream}_files`)}), columns = {'line': 'VARCHAR'}, filename = '${FILE}', header = false, auto_detect = false, delim = chr(1), quote = '', escape = '', new_line = '\\n', max_line_size = 33554432, buffer_size = 67108864)`,
    ['NULL::VARCHAR AS line'],
  );
  return `(SELECT ${FILE}, from_json(CASE WHEN line ILIKE '%\\ud%' THEN ${WHOLE_LINE} ELSE line END,
    ${text(JSON.stringify(structure))}) AS line
  FROM ${lines})`;
}

function ids(stream: string): string {
  const files = `${stream}_ids`;
  const reader = `read_json(getvariable(${text(`${files}_files`)}), format = 'newline_delimited', columns = {'id': 'VARCHAR'})`;
  return orEmpty(files, reader, ['NULL::VARCHAR AS id']);
}

/** No file is an error of DuckDB's readers, so that the choice must be made before. */
function orEmpty(files: string, reader: string, empty: readonly string[]): string {
  const none = `SELECT ${empty.join(', ')}, NULL::VARCHAR AS ${FILE} WHERE false`;
  return `query(CASE WHEN getvariable(${text(`${files}_files`)}) IS NULL
  THEN ${text(none)}
  ELSE ${text(`FROM ${reader}`)} END)`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function name(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
