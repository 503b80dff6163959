/**
 * `views.sql`: views in DuckDB over the files of an artifact, of many artifacts, or of the data branch. Pure.
 *
 * Nothing is sniffed: files of different width give the same types. Columns are read as text or JSON, and cast in the
 * view, where a value that does not fit is null. A stream without a file has empty views.
 */
import type { StreamSchema } from '../sync/stream-schema.ts';
import { FILE, newestFirst, ORDER, type SqlType, type ViewColumn, viewColumns } from './view-columns.ts';

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

const HEAD = `-- Views of the records beside this file. In the folder that has it: duckdb -init views.sql
--
--   <stream>            the latest version of each record that exists: no deleted ones, no deletion lines
--   <stream>_history    every version, every line
--
-- In the folder above a number of downloaded artifacts, the init file of any of them reads them all. Ids are text, times
-- are in UTC, a value of another type than its column's is null, and objects and lists are JSON.
SET TimeZone = 'UTC';
`;

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
  // As parts are called in an artifact, and on the branch.
  const parts = String.raw`(${stream}-\d+\.ndjson(\.gz)?|${BRANCH_PART})$`;
  return `SET VARIABLE ${stream}_files = (
  SELECT list(file ORDER BY ${WRITTEN.join(', ')}) FROM glob([${places.map(text).join(', ')}])
  WHERE regexp_matches(file, ${text(`[\\\\/]${parts}`)}));
CREATE OR REPLACE TEMP VIEW ${stream}_history AS
SELECT
${columns.map(column => `  ${cast(column, schema)} AS ${name(column.name)},`).join('\n')}
  ${FILE}, row_number() OVER () AS ${ORDER}
FROM ${schema.format === 'flat' ? flatLines(stream, columns) : rawLines(stream, columns)};
CREATE OR REPLACE TEMP VIEW ${stream} AS
SELECT * FROM (
  FROM ${stream}_history
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY ${newestFirst(stream, columns, ORDER)}) = 1)
WHERE deleted IS NOT TRUE AND deleted_at IS NULL;
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

/** Halves of surrogate pairs, which \`raw\` keeps and DuckDB refuses, become U+FFFD; no line has control characters. */
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

/** No file is an error of DuckDB's readers, so that the choice must be made before. */
function orEmpty(stream: string, reader: string, empty: readonly string[]): string {
  const none = `SELECT ${empty.join(', ')}, NULL::VARCHAR AS ${FILE} WHERE false`;
  return `query(CASE WHEN getvariable(${text(`${stream}_files`)}) IS NULL
  THEN ${text(none)}
  ELSE ${text(`FROM ${reader}`)} END)`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function name(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
