// The nine streams, a row each. Another stream is another row.

/**
 * A stream read through `POST /v1/customers/search`, in the order of `updated_at` (docs/kustomer-api.md#live-search).
 */
export interface SearchStream {
  readonly kind: 'search';
  readonly name: string;
  /** `queryContext` of the search, and the prefix of its filter keys (docs/kustomer-api.md#filter-keys). */
  readonly context: string;
  /** Whether the archive search knows the context (docs/kustomer-api.md#archive: all but notes). */
  readonly archived: boolean;
  /** What to grant the API key when Kustomer answers 403 (docs/kustomer-api.md#roles). */
  readonly role: string;
}

/** A stream read through a list endpoint, all pages each time (docs/kustomer-api.md#lists). */
export interface ListStream {
  readonly kind: 'list';
  readonly name: string;
  /** JSON:API type of its records. */
  readonly type: string;
  readonly path: string;
  /**
   * Largest page the endpoint is said to give (docs/kustomer-api.md#page-size); a larger one is clamped, not refused.
   */
  readonly pageSize: number;
  /**
   * Queries that together show every record, deleted and deactivated ones included (docs/kustomer-api.md#list-views).
   */
  readonly views: readonly Readonly<Record<string, string>>[];
  readonly role: string;
  /** The stream that its requests are made for, where it is none itself. */
  readonly countedFor?: string;
}

export type Stream = SearchStream | ListStream;

const SEARCH_ROLE = 'org.permission.search.create';
const EVERYTHING = {};
const DELETED = { deleted: 'true' };

export const STREAMS: readonly Stream[] = [
  search('conversations', 'conversation', `org.permission.conversation.read and ${SEARCH_ROLE}`),
  search('customers', 'customer', `org.permission.customer.read and ${SEARCH_ROLE}`),
  search('kobjects', 'kobject', `org.permission.kobject.read, org.permission.klass.read and ${SEARCH_ROLE}`),
  search('messages', 'message', `org.permission.message.read and ${SEARCH_ROLE}`),
  { ...search('notes', 'note', `org.permission.note.read and ${SEARCH_ROLE}`), archived: false },
  // Shortcuts have no `deleted` parameter: their rows carry the flag.
  list('shortcuts', 'shortcut', 100, 'org.permission.shortcut.read', [EVERYTHING]),
  list('tags', 'tag', 100, 'org.permission.tag.read', [EVERYTHING, DELETED]),
  list('teams', 'team', 500, 'org.permission.team.read', [EVERYTHING, DELETED]),
  list('users', 'user', 500, 'org.permission.user.read', [EVERYTHING, DELETED]),
];

/**
 * The list with the notes that the live search no longer shows: the archive has none (docs/kustomer-api.md#old-notes).
 */
export const OLD_NOTES: ListStream = list('notes', 'note', 100, 'org.permission.note.read', [EVERYTHING]);

export const STREAM_NAMES: readonly string[] = STREAMS.map(stream => stream.name);

function search(name: string, context: string, role: string): SearchStream {
  return { kind: 'search', name, context, archived: true, role };
}

function list(name: string, type: string, pageSize: number, role: string, views: ListStream['views']): ListStream {
  return { kind: 'list', name, type, path: `/v1/${name}`, pageSize, views, role };
}
