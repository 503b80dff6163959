// The columns of the views of a stream: what they are called, where their values are in a line, and their SQL type. Pure.
import { snakeCase } from '../sync/snake-case.ts';
import type { Container, CustomTypes, Kinds, StreamSchema } from '../sync/stream-schema.ts';
import { type Column, customKinds, DOCUMENTED, hasDeletionLines, placeOf } from './columns.ts';
import { KIND } from './kinds.ts';

export type SqlType = 'text' | 'time' | 'integer' | 'number' | 'boolean' | 'texts' | 'json';

export interface ViewColumn {
  readonly name: string;
  readonly type: SqlType;
  /** Keys that lead to the value or, if `inside` is not empty, to an object that has the value deeper down. */
  readonly path: readonly string[];
  readonly inside: readonly string[];
}

/** The columns of the views that say which file a line is from, and how many lines were written before it. */
export const FILE = '_file';
export const ORDER = '_order';

/** Of lines with one time, the one that was written later; of records that have no time, too. */
export function newestFirst(stream: string, columns: readonly ViewColumn[], order: string): string {
  const dated = columns.some(({ name }) => name === 'rev') ? ['updated_at', 'rev'] : ['updated_at'];
  const by = UNDATED.has(stream) ? [] : dated.map(name => `${name} DESC NULLS LAST`);
  return [...by, `${order} DESC`].join(', ');
}

/** When a record of a stream was updated, or else created. */
export function timeOf(columns: readonly ViewColumn[]): string {
  return columns.some(({ name }) => name === 'created_at') ? 'coalesce(updated_at, created_at)' : 'updated_at';
}

/** How many deletion lines of a record were written before a line, and before its version at first; when it came back last. */
const [DELETIONS, FIRST, AGAIN] = ['_deletions', '_first', '_again'] as const;
/** What {@link countingLines} adds, for a stream of which records may come back. */
export const COUNTING: readonly string[] = [DELETIONS, FIRST, AGAIN];
const OWN: readonly string[] = [FILE, ORDER, ...COUNTING];

/** How the lines of a stream are compared: see records/latest.ts, which does the same without SQL. */
export function orderOf(stream: string): { readonly isDated: boolean; readonly mayComeBack: boolean } {
  const isDated = !UNDATED.has(stream);
  return { isDated, mayComeBack: isDated && hasDeletionLines(stream) };
}

/** Of the rows of {@link countingLines}: the record has come back, as it was, since it was deleted. */
export function hasComeBack(stream: string): string {
  return orderOf(stream).mayComeBack ? `${AGAIN} IS NOT NULL` : 'FALSE';
}

/**
 * The lines that count, as SQL: all of them, but for a deletion line after which a version is written that had been written
 * before it. A list shows a record again, as it was, that it had left out: the deletion line has the latest time.
 */
export function countingLines(stream: string, lines: string, order: string): string {
  if (!orderOf(stream).mayComeBack) return lines;
  const isDeleted = '(deleted IS TRUE OR deleted_at IS NOT NULL)';
  const isAgain = `${DELETIONS} > ${FIRST} AND updated_at IS NOT NULL AND NOT ${isDeleted}`;
  return `(
    SELECT * FROM (
      SELECT *, MAX(CASE WHEN ${isAgain} THEN ${order} END) OVER (PARTITION BY id) AS ${AGAIN}
      FROM (
        SELECT *, MIN(${DELETIONS}) OVER (PARTITION BY id, updated_at, ${isDeleted}) AS ${FIRST}
        FROM (
          SELECT *, COUNT(CASE WHEN ${isDeleted} THEN 1 END) OVER (PARTITION BY id ORDER BY ${order}) AS ${DELETIONS}
          FROM ${lines}) AS lines) AS lines) AS lines
    WHERE (${isDeleted} AND ${order} < ${AGAIN}) IS NOT TRUE) AS lines`;
}

/** Their records have no `updated_at`, and their deletion lines do (docs/kustomer-api.md#slas). */
const UNDATED: ReadonlySet<string> = new Set(['slas', 'custom_attributes']);

/**
 * The type of a documented column is that of the documents, whatever was seen: a value of another kind is null in the
 * view. So a view does not change its types because of one odd record. Ids are text.
 */
export function viewColumns(schema: StreamSchema): readonly ViewColumn[] {
  const columns: ViewColumn[] = [];
  const used = new Set(OWN);
  const keys = new Map(OWN.map(name => [name, '']));
  const add = (name: string, type: SqlType, path: readonly string[], inside: readonly string[] = []) => {
    let free = name;
    // SQL does not tell names apart by case, and DuckDB's readers do not tell keys apart.
    const key = path.join('/');
    if ((keys.get(key.toLowerCase()) ?? key) !== key) return;
    keys.set(key.toLowerCase(), key);
    for (let n = 2; used.has(free.toLowerCase()); n++) free = `${name}_${n}`;
    used.add(free.toLowerCase());
    columns.push({ name: free, type, path, inside });
  };
  const documented = [...(DOCUMENTED.get(schema.stream)?.columns.values() ?? [])];
  const places = new Set<string>();
  for (const column of documented) {
    const place = placeOf(column, schema.format);
    const path = pathTo(place.in, place.key);
    places.add(`${place.in}/${place.key}`);
    add(column.name, typeOfDocumented(column), path);
    if (column.isRelationship && column.kinds === KIND.object) add(`${column.name}_id`, 'text', path, ['id']);
  }
  for (const [container, members] of schema.columns) {
    const isCustom = container.endsWith('custom');
    for (const [key, kinds] of [...members].sort(bySpelling)) {
      const isOwn = container === '' && /^(?:attributes|relationships)$/.test(key);
      if (places.has(`${container}/${key}`) || isOwn || !/^[^\p{Cc}\p{Cs}]+$/u.test(key)) continue;
      const name = snakeCase(key);
      if (isCustom)
        add(`custom_${name}`, typeOfCustom(key, kinds, schema.custom), pathTo('', ...container.split('.')), [key]);
      else add(name, typeOfSeen(kinds), pathTo(container, key));
    }
  }
  return columns;
}

function pathTo(container: Container, ...keys: string[]): readonly string[] {
  if (container === 'relationships') return [container, ...keys, 'data'];
  return container === '' ? keys : [container, ...keys];
}

function typeOfDocumented({ kinds, joins, isRelationship }: Column): SqlType {
  if (kinds === KIND.array && joins !== undefined && !isRelationship) return 'texts';
  return typeOfSeen(kinds);
}

/** As it is known, unless it was seen to be a list, as one with several values is. */
function typeOfCustom(key: string, kinds: Kinds, custom: CustomTypes | undefined): SqlType {
  const isComposite = (kinds & (KIND.array | KIND.object)) > 0;
  return typeOfSeen(isComposite ? KIND.array : customKinds(key, custom) || kinds);
}

function typeOfSeen(kinds: Kinds): SqlType {
  switch (kinds & ~KIND.seen) {
    case KIND.string:
    case KIND.string | KIND['date-time']:
      return 'text';
    case KIND['date-time']:
      return 'time';
    case KIND.integer:
      return 'integer';
    case KIND.number:
    case KIND.number | KIND.integer:
      return 'number';
    case KIND.boolean:
      return 'boolean';
    default:
      return 'json';
  }
}

/** A key that is in snake_case already comes first, so that it gets the name; as in flat records. */
function bySpelling([a]: [string, Kinds], [b]: [string, Kinds]): number {
  const isSnake = (key: string) => (snakeCase(key) === key ? 0 : 1);
  return isSnake(a) - isSnake(b) || (a < b ? -1 : 1);
}
