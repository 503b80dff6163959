// The GET endpoints (docs/kustomer-api.md#lists).
import { type Answer, errorAnswer, listAnswer, pageNumber } from './envelope.ts';
import type { Renderer } from './render.ts';
import { objectId, type Row } from './rows.ts';
import type { Stream } from './streams.ts';
import type { Tweak } from './tweak.ts';
import type { WorldOptions } from './world.ts';

export type KlassStatus = 'enabled' | 'existing_only' | 'disabled';

export interface Klass {
  readonly name: string;
  readonly status: KlassStatus;
}

export type Query = Readonly<Record<string, string>>;

export type MetadataIds = 'hex' | 'kind' | 'same';

/** By kind of object, and by name. */
export type Definitions = Readonly<Record<string, Readonly<Record<string, object>>>>;

export interface ListSource {
  readonly renderer: Renderer;
  readonly klasses: () => readonly Klass[];
  readonly missingLists: readonly Stream[];
  readonly metadataIds: MetadataIds;
  readonly definitions: Definitions;
  /** Rows that are not gone, in the order of lists. */
  readonly rows: (stream: Stream, klass?: string) => readonly Row[];
  readonly options: Pick<WorldOptions, 'notesListDeleted' | 'listLimit' | 'linksNext' | 'afterEnd' | 'listCopies'>;
}

interface ListSpec {
  readonly stream: Stream;
  readonly maxPageSize: number;
  /** Whether meta has total and totalPages (docs/kustomer-api.md#totals). */
  readonly total: boolean;
  readonly select: (rows: readonly Row[], query: Query, source: ListSource) => readonly Row[] | undefined;
}

const everything = (rows: readonly Row[]) => rows;
const notDeleted = (rows: readonly Row[]) => rows.filter(row => !row.latest.deleted);

/** Without the parameter: those that are not deleted; with it: only deleted ones, or only the others. */
function byDeleted(rows: readonly Row[], { deleted }: Query): readonly Row[] {
  return rows.filter(row => row.latest.deleted === (deleted === 'true'));
}

/** Filters of users cannot be combined (docs/kustomer-api.md#lists). */
function users(rows: readonly Row[], query: Query, { renderer }: ListSource): readonly Row[] | undefined {
  const filters = ['pending', 'deleted', 'userType', 'email'].filter(name => query[name] !== undefined);
  if (filters.length > 1) return undefined;
  const active = byDeleted(rows, query);
  if (query.pending === 'true') return [];
  if (query.userType !== undefined) return active.filter(row => renderer.userType(row.seq) === query.userType);
  if (query.email !== undefined) return active.filter(row => renderer.email(row.seq) === query.email);
  return active;
}

const LISTS: Readonly<Record<string, ListSpec>> = {
  '/v1/users': { stream: 'users', maxPageSize: 500, total: false, select: users },
  '/v1/teams': { stream: 'teams', maxPageSize: 500, total: false, select: byDeleted },
  '/v1/tags': { stream: 'tags', maxPageSize: 100, total: true, select: byDeleted },
  // Deleted shortcuts are in the plain list, and `deleted` means nothing here.
  '/v1/shortcuts': { stream: 'shortcuts', maxPageSize: 100, total: false, select: everything },
  '/v1/notes': {
    stream: 'notes',
    maxPageSize: 100,
    total: false,
    select: (rows, _query, source) => (source.options.notesListDeleted ? rows : notDeleted(rows)),
  },
  '/v1/conversations': { stream: 'conversations', maxPageSize: 100, total: false, select: notDeleted },
  '/v1/customers': { stream: 'customers', maxPageSize: 100, total: true, select: notDeleted },
  '/v1/messages': { stream: 'messages', maxPageSize: 100, total: false, select: notDeleted },
  '/v1/routing/queues': { stream: 'queues', maxPageSize: 100, total: false, select: everything },
  '/v1/brands': { stream: 'brands', maxPageSize: 100, total: false, select: everything },
  '/v1/slas': { stream: 'slas', maxPageSize: 100, total: false, select: rows => rows.filter(isSla) },
  '/v1/schedules': { stream: 'business_schedules', maxPageSize: 100, total: false, select: everything },
  '/v1/klasses': { stream: 'klasses', maxPageSize: 100, total: false, select: klassesByStatus },
};

const isSla = ({ klass }: Row) => klass === undefined;

/** Klasses by status, enabled ones by default (docs/kustomer-api.md#klass-list). */
function klassesByStatus(rows: readonly Row[], { status = 'enabled' }: Query, source: ListSource) {
  if (!['enabled', 'existing_only', 'disabled'].includes(status)) return undefined;
  const names = source.klasses().flatMap(klass => (klass.status === status ? [klass.name] : []));
  return rows.filter(({ id }) => names.includes(id));
}

/** The versions of the SLAs on a page, where the query asks for them (docs/kustomer-api.md#slas). */
function versionsOf(slas: readonly Row[], shown: readonly Row[], rows: readonly Row[]): readonly Row[] {
  return rows.filter(row => !isSla(row) && shown.includes(slas[row.seq % slas.length] as Row));
}

const METADATA = /^\/v1\/metadata\/([^/]+)$/;

/** One record, not a list (docs/kustomer-api.md#definitions-of-custom-attributes). */
function answerMetadata(source: ListSource, kind: string, org: string): Answer {
  const { rows, renderer, metadataIds, missingLists, definitions } = source;
  if (Object.hasOwn(definitions, kind)) {
    const data = { type: 'metadata', id: kind, attributes: { properties: definitions[kind] } };
    return { status: 200, body: Buffer.from(JSON.stringify({ data })), records: 1 };
  }
  const row = rows('custom_attributes').find(({ id }) => id === kind);
  if (row === undefined || missingLists.includes('custom_attributes')) return errorAnswer(404, 'not found', 'jsonapi');
  const id = { hex: objectId(row.createdAt, 0, row.seq), kind, same: 'metadata' }[metadataIds];
  const text = renderer.render(row.latest, org).replace(JSON.stringify(kind), () => JSON.stringify(id));
  return { status: 200, body: Buffer.from(`{"data":${text}}`), records: 1 };
}

/** The stream that a path lists, for the roles and for tests that look for requests. */
export function listedStream(path: string): Stream | undefined {
  if (/^\/v1\/klasses\/[^/]+$/.test(path)) return 'kobjects';
  if (METADATA.test(path)) return 'custom_attributes';
  // It is asked for by who reads KObjects.
  if (path === '/v1/klasses') return undefined;
  return Object.hasOwn(LISTS, path) ? LISTS[path]?.stream : undefined;
}

/** Undefined: there is no such list. */
export function answerList(
  source: ListSource,
  path: string,
  query: Query,
  orgId: string,
  tweak: Tweak,
): Answer | undefined {
  const kind = METADATA.exec(path)?.[1];
  if (kind !== undefined) return answerMetadata(source, decodeURIComponent(kind), tweak.org ?? orgId);
  const klass = /^\/v1\/klasses\/([^/]+)$/.exec(path)?.[1];
  if (klass !== undefined) {
    const name = decodeURIComponent(klass);
    if (!source.klasses().some(one => one.name === name)) return errorAnswer(404, 'no such klass', 'jsonapi');
    const rows = notDeleted(source.rows('kobjects', name));
    return page(source, { path, query, rows, maxPageSize: 100, total: false, orgId, tweak });
  }
  const spec = Object.hasOwn(LISTS, path) ? LISTS[path] : undefined;
  if (spec === undefined || source.missingLists.includes(spec.stream)) return undefined;
  const all = source.rows(spec.stream);
  const rows = spec.select(all, query, source);
  if (rows === undefined) return errorAnswer(400, 'filters cannot be combined', 'jsonapi');
  const beside = query.versions === 'all' ? (shown: readonly Row[]) => versionsOf(rows, shown, all) : undefined;
  return page(source, { path, query, rows, maxPageSize: spec.maxPageSize, total: spec.total, orgId, tweak, beside });
}

interface PageOf {
  readonly path: string;
  readonly query: Query;
  readonly rows: readonly Row[];
  readonly maxPageSize: number;
  readonly total: boolean;
  readonly orgId: string;
  readonly tweak: Tweak;
  /** What `included` has beside these rows. */
  readonly beside?: ((shown: readonly Row[]) => readonly Row[]) | undefined;
}

function page(source: ListSource, list: PageOf): Answer {
  const { path, query, tweak, orgId } = list;
  const { listLimit, afterEnd, linksNext, listCopies } = source.options;
  const rows = list.rows.length > listLimit ? list.rows.slice(0, listLimit) : list.rows;
  const { page: _page, pageSize: _pageSize, ...rest } = query;
  const asked = pageNumber(query.page, 1);
  const size = pageNumber(query.pageSize, Math.min(100, list.maxPageSize));
  if (asked === undefined || size === undefined) return errorAnswer(400, 'page or pageSize is not a number', 'jsonapi');
  // Clamped, not refused (docs/kustomer-api.md#page-size).
  const pageSize = Math.min(size, list.maxPageSize);
  const last = Math.max(1, Math.ceil(rows.length / pageSize));
  if (asked > last && typeof afterEnd === 'number') return errorAnswer(afterEnd, 'no such page', 'jsonapi');
  const number = tweak.repeatPage ? 1 : afterEnd === 'last-page' ? Math.min(asked, last) : asked;
  const found = rows.slice((number - 1) * pageSize, number * pageSize);
  const render = (row: Row) => source.renderer.render(row.latest, tweak.org ?? orgId);
  return listAnswer({
    path,
    query: rest,
    page: number,
    pageSize,
    total: list.total ? (tweak.total?.(rows.length) ?? rows.length) : undefined,
    hasNext: tweak.repeatPage === true || number * pageSize < rows.length,
    linksNext,
    data: tweak.missingData
      ? undefined
      : dropped(found, tweak).flatMap(row => Array.from({ length: listCopies }, () => render(row))),
    included: list.beside?.(found).map(render),
  });
}

export function dropped<T>(found: readonly T[], { drop }: Tweak): readonly T[] {
  if (drop === undefined) return found;
  const count = Math.min(found.length, drop.count ?? Math.ceil(found.length / 2));
  const start = drop.where === 'end' ? found.length - count : Math.floor((found.length - count) / 2);
  return found.filter((_, i) => i < start || i >= start + count);
}
