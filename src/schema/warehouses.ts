/**
 * The views of a stream for warehouses, over a table `<stream>_lines` that has a line a row in its column `record`. Pure.
 * The same columns as in DuckDB, and as there a value that does not fit its column is null.
 *
 * The action itself has none of this: `npm run generate` writes the views into docs/sql.
 */
import type { StreamSchema } from '../sync/stream-schema.ts';
import {
  countingLines,
  hasComeBack,
  newestFirst,
  type SqlType,
  timeOf,
  type ViewColumn,
  viewColumns,
} from './view-columns.ts';

interface Dialect {
  readonly title: string;
  /** What holds a line. */
  readonly recordType: string;
  readonly textType: string;
  readonly timeType: string;
  /** Quoted only where it must be, so that a query need not quote it. */
  readonly name: (name: string) => string;
  /** The value at a path of keys, as text and as it is. */
  readonly text: (path: readonly string[]) => string;
  readonly json: (path: readonly string[]) => string;
  /** Casts a text, to null if it does not fit. Types that are missing stay as they are. */
  readonly cast: Partial<Readonly<Record<SqlType, (text: string, path: readonly string[]) => string>>>;
  /** Whether a view can be replaced by one with other columns. */
  readonly canReplace: boolean;
  /** The table, where lines need a repair first. */
  readonly lines: (table: string) => string;
}

export type Warehouse = keyof typeof DIALECTS;

export const DIALECTS = {
  bigquery: {
    title: 'BigQuery',
    recordType: 'STRING',
    textType: 'STRING',
    timeType: 'TIMESTAMP',
    name: name => `\`${name}\``,
    text: path => `JSON_VALUE(record, ${jsonPath(path)})`,
    json: path => `JSON_QUERY(record, ${jsonPath(path)})`,
    cast: {
      time: text => `SAFE_CAST(${text} AS TIMESTAMP)`,
      integer: text => `SAFE_CAST(${text} AS INT64)`,
      number: text => `SAFE_CAST(${text} AS FLOAT64)`,
      boolean: text => `SAFE_CAST(${text} AS BOOL)`,
      texts: (_, path) => `JSON_VALUE_ARRAY(record, ${jsonPath(path)})`,
    },
    canReplace: true,
    lines: table => table,
  },
  snowflake: {
    title: 'Snowflake',
    recordType: 'VARIANT',
    textType: 'VARCHAR',
    timeType: 'TIMESTAMP_TZ',
    // Names that are not quoted are upper case.
    name: name => `"${name.toUpperCase()}"`,
    text: path => `${variant(path)}::VARCHAR`,
    json: variant,
    cast: {
      time: text => `TRY_TO_TIMESTAMP_TZ(${text})`,
      integer: text => `TRY_TO_NUMBER(${text})`,
      number: text => `TRY_TO_DOUBLE(${text})`,
      boolean: text => `TRY_TO_BOOLEAN(${text})`,
    },
    canReplace: true,
    lines: table => table,
  },
  postgres: {
    title: 'Postgres',
    recordType: 'json',
    textType: 'text',
    timeType: 'timestamptz',
    name: name => `"${name}"`,
    text: path => member(path, '->>'),
    json: path => member(path, '->'),
    cast: {
      time: text => matching(text, String.raw`^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d`, 'timestamptz'),
      integer: text => matching(text, String.raw`^-?\d{1,18}$`, 'bigint'),
      number: text => matching(text, String.raw`^-?\d+(\.\d+)?([eE][-+]?\d{1,3})?$`, 'numeric'),
      boolean: text => matching(text, '^(true|false)$', 'boolean'),
    },
    canReplace: false,
    // A text of Postgres cannot hold the character NUL.
    lines: table =>
      String.raw`(SELECT regexp_replace(record::text, '(\\\\)|\\u0000', '\1', 'g')::json AS record, run FROM ${table}) AS lines`,
  },
} as const satisfies Record<string, Dialect>;

/**
 * The statement that makes the table of the ids that reconciliations have found, which may be empty. A row without an id says
 * that a stream is complete, and until when and from when on the ids speak.
 */
export function idsTable(warehouse: Warehouse): string {
  const { textType, timeType }: Dialect = DIALECTS[warehouse];
  const columns = `stream ${textType}, as_of ${timeType}, since ${timeType}, id ${textType}`;
  return `CREATE TABLE IF NOT EXISTS kustomer.ids (${columns});\n`;
}

/** Statements that make the table of lines and the views, for which there must be the table of ids. */
export function warehouseViews(warehouse: Warehouse, schema: StreamSchema): string {
  const dialect: Dialect = DIALECTS[warehouse];
  const { stream } = schema;
  const columns = viewColumns(schema).filter(({ name }) => /^\w+$/.test(name));
  const time = timeOf(columns);
  const names = columns.map(({ name }) => dialect.name(name)).join(', ');
  const create = dialect.canReplace ? 'CREATE OR REPLACE VIEW' : 'CREATE VIEW';
  const drop = `DROP VIEW IF EXISTS kustomer.${stream};\nDROP VIEW IF EXISTS kustomer.${stream}_history;\n`;
  return `CREATE TABLE IF NOT EXISTS kustomer.${stream}_lines (run BIGINT, record ${dialect.recordType});
${dialect.canReplace ? '' : drop}${create} kustomer.${stream}_history AS
SELECT
${columns.map(column => `  ${value(dialect, column)} AS ${dialect.name(column.name)}`).join(',\n')},
  run AS _run
FROM ${dialect.lines(`kustomer.${stream}_lines`)};
${create} kustomer.${stream} AS
SELECT ${names}
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ${newestFirst(stream, columns, '_run')}) AS age
  FROM ${countingLines(stream, `kustomer.${stream}_history`, '_run')}) AS versions
LEFT JOIN (
  SELECT as_of AS _as_of, since AS _since
  FROM kustomer.ids WHERE stream = '${stream}' AND id IS NULL ORDER BY as_of DESC LIMIT 1) AS newest ON TRUE
LEFT JOIN (
  SELECT DISTINCT as_of AS _found_as_of, id AS _found_id
  FROM kustomer.ids WHERE stream = '${stream}') AS found ON _found_id = id AND _found_as_of = _as_of
WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL
  AND (NOT (${hasComeBack(stream)}) AND _found_id IS NULL AND ${time} <= _as_of
    AND (_since IS NULL OR ${time} >= _since)) IS NOT TRUE;
`;
}

function value(dialect: Dialect, { path, inside, type }: ViewColumn): string {
  const whole = [...path, ...inside];
  const cast = dialect.cast[type];
  if (cast !== undefined) return cast(dialect.text(whole), whole);
  return type === 'text' ? dialect.text(whole) : dialect.json(whole);
}

function jsonPath(path: readonly string[]): string {
  return `'$${path.map(key => `."${key}"`).join('')}'`;
}

function variant(path: readonly string[]): string {
  return `record:${path.map(key => `"${key}"`).join('.')}`;
}

function member(path: readonly string[], last: string): string {
  return `record${path.map((key, i) => `${i === path.length - 1 ? last : '->'}'${key}'`).join('')}`;
}

function matching(text: string, pattern: string, type: string): string {
  return `CASE WHEN ${text} ~ '${pattern}' THEN (${text})::${type} END`;
}
