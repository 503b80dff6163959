// The streams, one row each. To add a stream, add a row: how it is read follows from the traits of the row.
import type { OldRecords } from '../sync/plan.ts';

/** A stream read through `POST /v1/customers/search`, ordered by `updated_at` (docs/kustomer-api.md#live-search). */
export interface SearchStream {
  readonly kind: 'search';
  readonly name: string;
  /** `queryContext` of the search, and the prefix of its filter keys (docs/kustomer-api.md#filter-keys). */
  readonly context: string;
  /** The time that it is filtered and sorted by: of the update, or of the creation where nothing is updated. */
  readonly cursor: 'updated' | 'created';
  /** Where records are that the live search no longer shows: in the archive search, only in a list, or nowhere. */
  readonly archive: 'search' | ListStream | null;
  /** The records have klasses, and the search may miss some of them (docs/kustomer-api.md#plain-context). */
  readonly hasKlasses: boolean;
  /** The roles to grant the API key when Kustomer answers 403 (docs/kustomer-api.md#roles). */
  readonly role: string;
}

/** A stream read through a list endpoint, all pages in every run (docs/kustomer-api.md#lists). */
export interface ListStream {
  readonly kind: 'list';
  readonly name: string;
  /** JSON:API type of the records. */
  readonly type: string;
  readonly path: string;
  /** Largest page of the endpoint; it clamps a larger one (docs/kustomer-api.md#page-size). */
  readonly pageSize: number;
  /** Together they show every record, deleted and deactivated ones included (docs/kustomer-api.md#list-views). */
  readonly views: readonly View[];
  /** The records in `included` are records of the stream, too (docs/kustomer-api.md#slas). */
  readonly hasIncluded?: true;
  /** In place of pages, there is one record for each of these kinds of object, and for each klass. */
  readonly objects?: readonly string[];
  /** Kustomer may not have the list in every organization: 404 skips the stream (docs/kustomer-api.md#missing-lists). */
  readonly isOptional?: true;
  readonly role: string;
}

/** Parameters of a list request, besides those of the page. */
export type View = Readonly<Record<string, string>>;

export type Stream = SearchStream | ListStream;

const PLAIN: View = {};
const DELETED: View = { deleted: 'true' };

/** The archive search does not know notes: this list has the old ones (docs/kustomer-api.md#old-notes). */
const NOTES_LIST = list('notes', 'note', 100, [PLAIN]);

/** What `all` stands for. */
export const USUAL_STREAMS: readonly Stream[] = [
  search('conversations', 'conversation'),
  search('customers', 'customer'),
  search('kobjects', 'kobject', { hasKlasses: true, role: searchRole('kobject', 'klass') }),
  search('messages', 'message'),
  search('notes', 'note', { archive: NOTES_LIST }),
  // Shortcuts have no `deleted` parameter; deleted ones are in the plain list, marked.
  list('shortcuts', 'shortcut', 100, [PLAIN]),
  list('tags', 'tag', 100, [PLAIN, DELETED]),
  list('teams', 'team', 500, [PLAIN, DELETED]),
  list('users', 'user', 500, [PLAIN, DELETED]),
];

/** Kinds of objects, beside the klasses, that have custom attributes (docs/kustomer-api.md#definitions-of-custom-attributes). */
export const ATTRIBUTED = ['company', 'conversation', 'customer', 'message'];

const KLASS_STATUSES = ['enabled', 'existing_only', 'disabled'].map(status => ({ status }));
/** The klasses of KObjects (docs/kustomer-api.md#klass-list). */
export const KLASS_LIST = list('klasses', 'klass', 100, KLASS_STATUSES);

/** Streams that a user has to name. */
const BY_NAME: readonly Stream[] = [
  search('companies', 'company'),
  search('work_sessions', 'work_session', { archive: null }),
  search('work_items', 'work_item', { archive: null, role: searchRole('routing') }),
  search('conversation_times', 'conversation_time', {
    cursor: 'created',
    archive: null,
    role: searchRole('conversation'),
  }),
  list('queues', 'queue', 100, [PLAIN], { path: '/v1/routing/queues', isOptional: true }),
  list('brands', 'brand', 100, [PLAIN], { isOptional: true }),
  list('slas', 'sla', 100, [PLAIN, { versions: 'all' }], { hasIncluded: true, isOptional: true }),
  list('business_schedules', 'schedule', 100, [PLAIN], { path: '/v1/schedules', isOptional: true }),
  KLASS_LIST,
  list('custom_attributes', 'metadata', 1, [], {
    path: '/v1/metadata',
    objects: ATTRIBUTED,
    role: 'org.permission.metadata.read and org.permission.klass.read',
  }),
];

export const STREAMS: readonly Stream[] = [...USUAL_STREAMS, ...BY_NAME];
export const STREAM_NAMES: readonly string[] = STREAMS.map(({ name }) => name);

/** @param name one of `STREAM_NAMES` */
export function streamNamed(name: string): Stream {
  return STREAMS.find(stream => stream.name === name) as Stream;
}

export function oldRecordsOf({ archive }: SearchStream): OldRecords {
  if (archive === null) return 'nowhere';
  return archive === 'search' ? 'archive' : 'list';
}

/** What was done in the organization, deletions among it (docs/kustomer-api.md#audit-log). */
export const AUDIT_LOG_PATH = '/v1/audit-logs';
/** The streams whose deletions the audit log records. */
export const AUDITED: ReadonlySet<string> = new Set(['conversations', 'customers']);

/** A path for the log: nothing that a link has made up, and no query. */
export function pathForLog(path: string): string {
  const [known = ''] = path.split('?');
  const isSearchPath = /^\/v1\/customers\/(?:archive\/)?search$/.test(known);
  const isListPath = [KLASS_LIST, NOTES_LIST, ...STREAMS].some(
    stream => stream.kind === 'list' && stream.path === known,
  );
  return isSearchPath || isListPath || known === AUDIT_LOG_PATH ? known : '(another path)';
}

export function isSearch(stream: Stream): stream is SearchStream {
  return stream.kind === 'search';
}

function search(name: string, context: string, traits: Partial<SearchStream> = {}): SearchStream {
  const usual = { cursor: 'updated', archive: 'search', hasKlasses: false, role: searchRole(context) } as const;
  return { kind: 'search', name, context, ...usual, ...traits };
}

/** @param objects what the key must be able to read besides searching */
function searchRole(...objects: readonly string[]): string {
  return `${objects.map(object => `org.permission.${object}.read`).join(', ')} and org.permission.search.create`;
}

function list(
  name: string,
  type: string,
  pageSize: number,
  views: readonly View[],
  traits: Partial<ListStream> = {},
): ListStream {
  const role = `org.permission.${type}.read`;
  return { kind: 'list', name, type, path: `/v1/${name}`, pageSize, views, role, ...traits };
}
