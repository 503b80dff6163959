// The body of a search, checked as strictly as the official schema reads (docs/kustomer-api.md#search-request,
// docs/kustomer-api.md#archive).
import type { Version } from './rows.ts';
import { type Context, contextNamed, isFixed } from './streams.ts';

export type SearchKind = 'live' | 'archive';
type Field = 'updated' | 'created';

/** Half-open, in milliseconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export const ALWAYS: Range = { from: -Infinity, to: Infinity };

interface Criterion extends Range {
  readonly field: Field;
}

export interface SearchQuery {
  readonly context: Context;
  readonly includeDeleted: boolean;
  readonly updated: Range;
  readonly created: Range;
  /** What `updated` and `created` do not say; undefined when that is all. */
  readonly test: ((version: Version) => boolean) | undefined;
  readonly sort: { readonly field: Field; readonly descending: boolean } | undefined;
}

export interface Refusal {
  readonly status: 400 | 404;
  readonly message: string;
}

export interface CriteriaOptions {
  /** Unknown keys of the body are refused: additionalProperties is false (docs/kustomer-api.md#search-request). */
  readonly strictBody: boolean;
  /** Which spelling `kobject_<klass>` accepts (docs/kustomer-api.md#klass-filter-keys). */
  readonly klassFilterKey: 'kobject_updated_at' | 'kobject_<klass>_updated_at' | 'both';
  /** 's': dates are compared in whole seconds (docs/kustomer-api.md#date-precision). */
  readonly precision: 'ms' | 's' | 'stored-s';
  readonly hasKlass: (name: string) => boolean;
}

const ARCHIVE_KEYS = ['queryContext', 'includeDeleted', 'timeZone', 'and', 'or', 'not', 'sort'];
const LIVE_KEYS = [...ARCHIVE_KEYS, 'searchHash', 'aggs', 'fields'];

class Refused extends Error {
  readonly status: 400 | 404;
  constructor(message: string, status: 400 | 404 = 400) {
    super(message);
    this.status = status;
  }
}

export function readSearch(kind: SearchKind, body: unknown, options: CriteriaOptions): SearchQuery | Refusal {
  try {
    return read(kind, body, options);
  } catch (error) {
    if (error instanceof Refused) return { status: error.status, message: error.message };
    throw error;
  }
}

function read(kind: SearchKind, body: unknown, options: CriteriaOptions): SearchQuery {
  if (!isObject(body)) throw new Refused('the body is not a JSON object');
  const allowed = kind === 'live' ? LIVE_KEYS : ARCHIVE_KEYS;
  const unknown = Object.keys(body).find(key => !allowed.includes(key));
  if (unknown !== undefined && options.strictBody) throw new Refused(`additional property "${unknown}"`);
  const { queryContext = 'customer', includeDeleted = false } = body;
  const context = typeof queryContext === 'string' ? contextNamed(queryContext) : undefined;
  if (context === undefined) throw new Refused('queryContext is unknown');
  if (kind === 'archive' && !context.isArchived) throw new Refused('queryContext is not supported here');
  if (context.klass !== undefined && !options.hasKlass(context.klass)) throw new Refused('no such klass', 404);
  if (typeof includeDeleted !== 'boolean') throw new Refused('includeDeleted is not a boolean');

  const keys = timeKeys(context, options);
  const [and, or, not] = [body.and, body.or, body.not].map(list =>
    entries(list).map(one => criterion(one, keys, options.precision)),
  );
  const within = (field: Field) => and!.filter(one => one.field === field).reduce(intersect, ALWAYS);
  const plain = or!.length === 0 && not!.length === 0;
  const holdsAll = (version: Version) =>
    (or!.length === 0 || or!.some(one => holds(one, version))) && !not!.some(one => holds(one, version));
  return {
    context,
    includeDeleted,
    updated: within('updated'),
    created: within('created'),
    test: plain ? undefined : holdsAll,
    sort: sortOf(body.sort, keys),
  };
}

/** The keys of a context's dates. Under `kobject_<klass>` the option says which spelling is right. */
function timeKeys(context: Context, options: CriteriaOptions): Map<string, Field> {
  const plain = context.type;
  const spellings = context.klass === undefined ? [plain] : [];
  if (context.klass !== undefined && options.klassFilterKey !== 'kobject_<klass>_updated_at') spellings.push(plain);
  if (context.klass !== undefined && options.klassFilterKey !== 'kobject_updated_at') spellings.push(context.name);
  return new Map(
    spellings.flatMap(name => [
      ...(isFixed(context.stream) ? [] : [[`${name}_updated_at`, 'updated'] as const]),
      [`${name}_created_at`, 'created'] as const,
    ]),
  );
}

/** `and`, `or`, `not`: an object or an array, at most 20, no two the same (docs/kustomer-api.md#search-request). */
function entries(list: unknown): Record<string, unknown>[] {
  if (list === undefined) return [];
  const all: unknown[] = Array.isArray(list) ? list : [list];
  if (all.length > 20) throw new Refused('more than 20 criteria');
  if (new Set(all.map(one => JSON.stringify(one))).size < all.length) throw new Refused('criteria are not unique');
  return all.map(one => {
    if (!isObject(one)) throw new Refused('a criterion is not an object');
    return one;
  });
}

/** One attribute, one operator, one value (docs/kustomer-api.md#search-request). */
function criterion(
  one: Record<string, unknown>,
  keys: Map<string, Field>,
  precision: CriteriaOptions['precision'],
): Criterion {
  const [attribute, ...more] = Object.entries(one);
  if (attribute === undefined || more.length > 0) throw new Refused('a criterion has one attribute');
  const [key, condition] = attribute;
  const field = keys.get(key);
  if (field === undefined) throw new Refused(`attribute "${key}" is not allowed in this context`);
  const operators = isObject(condition) ? Object.entries(condition) : [];
  const [operator] = operators;
  if (operator === undefined || operators.length > 1) throw new Refused(`"${key}" has to have one operator`);
  const [name, value] = operator;
  const at = date(value);
  if (at === undefined) throw new Refused(`"${key}" is compared to something that is not a date`);
  const unit = precision === 'ms' ? 1 : 1000;
  const start = Math.floor(at / unit) * unit;
  // An index of seconds shows a record of 12:00:00.5 to who asks for what comes before 12:00:00.2.
  const border = precision === 'stored-s' ? Math.ceil(at / unit) * unit : start;
  switch (name) {
    case 'gte':
      return { field, from: border, to: Infinity };
    case 'gt':
      return { field, from: start + unit, to: Infinity };
    case 'lt':
      return { field, from: -Infinity, to: border };
    case 'lte':
      return { field, from: -Infinity, to: start + unit };
    default:
      throw new Refused(`operator "${name}" is not allowed for a date`);
  }
}

/** `YYYY-MM-DD` or a date-time in UTC (docs/kustomer-api.md#search-request). */
function date(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?$/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}

/** One key each, at most 5; what follows the first is ignored, as has been seen (docs/kustomer-api.md#sort-order). */
function sortOf(sort: unknown, keys: Map<string, Field>): SearchQuery['sort'] {
  if (sort === undefined) return undefined;
  const all: unknown[] = Array.isArray(sort) ? sort : [sort];
  if (all.length > 5) throw new Refused('more than 5 sorts');
  const parsed = all.map(one => {
    const [pair, ...more] = isObject(one) ? Object.entries(one) : [];
    if (pair === undefined || more.length > 0) throw new Refused('a sort has one key');
    const field = keys.get(pair[0]);
    if (field === undefined) throw new Refused(`cannot sort by "${pair[0]}" in this context`);
    if (pair[1] !== 'asc' && pair[1] !== 'desc') throw new Refused('a sort is asc or desc');
    return { field, descending: pair[1] === 'desc' };
  });
  return parsed[0];
}

function holds({ field, from, to }: Criterion, version: Version): boolean {
  const at = field === 'updated' ? version.updatedAt : version.row.createdAt;
  return at >= from && at < to;
}

function intersect(a: Range, b: Range): Range {
  return { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
