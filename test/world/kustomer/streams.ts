// The streams, and the names under which the API knows them: a row each.

interface Facts {
  /** The JSON:API type of its records, and its queryContext (docs/kustomer-api.md#search-request). */
  readonly type: string;
  /** Which searches have it; none: it has a list only. */
  readonly search?: 'live' | 'live and archive';
  /** Its records have a time of creation only. */
  readonly isFixed?: true;
}

/** What `all` stands for. */
const USUAL = {
  conversations: { type: 'conversation', search: 'live and archive' },
  customers: { type: 'customer', search: 'live and archive' },
  kobjects: { type: 'kobject', search: 'live and archive' },
  messages: { type: 'message', search: 'live and archive' },
  // The archive has no notes (docs/kustomer-api.md#archive).
  notes: { type: 'note', search: 'live' },
  shortcuts: { type: 'shortcut' },
  tags: { type: 'tag' },
  teams: { type: 'team' },
  users: { type: 'user' },
} as const satisfies Readonly<Record<string, Facts>>;

/** Streams that have to be named. */
const BY_NAME = {
  companies: { type: 'company', search: 'live and archive' },
  work_sessions: { type: 'work_session', search: 'live' },
  work_items: { type: 'work_item', search: 'live' },
  conversation_times: { type: 'conversation_time', search: 'live', isFixed: true },
  queues: { type: 'queue' },
  brands: { type: 'brand' },
  slas: { type: 'sla' },
  business_schedules: { type: 'schedule' },
  klasses: { type: 'klass' },
  custom_attributes: { type: 'metadata' },
} as const satisfies Readonly<Record<string, Facts>>;

export type Stream = keyof typeof USUAL | keyof typeof BY_NAME;

const ROWS: Readonly<Record<Stream, Facts>> = { ...USUAL, ...BY_NAME };

export const ALL_STREAMS = Object.keys(ROWS) as readonly Stream[];
export const STREAMS = Object.keys(USUAL) as readonly (keyof typeof USUAL)[];
export const STREAMS_BY_NAME = Object.keys(BY_NAME) as readonly Stream[] as readonly (keyof typeof BY_NAME)[];
export const isFixed = (stream: Stream) => ROWS[stream].isFixed === true;
export const SEARCHED = ALL_STREAMS.filter(stream => ROWS[stream].search !== undefined);
export const LISTED = ALL_STREAMS.filter(stream => ROWS[stream].search === undefined);

export interface Context {
  readonly name: string;
  readonly stream: Stream;
  /** The type of its records, and the beginning of its keys. */
  readonly type: string;
  readonly isArchived: boolean;
  /** Set under `kobject_<klass>` only. */
  readonly klass: string | undefined;
}

/** `kobject_<klass>` is dealt with apart, its name being open. */
export function contextNamed(name: string): Context | undefined {
  const klass = name.startsWith('kobject_') ? name.slice('kobject_'.length) : undefined;
  const type = klass === undefined ? name : 'kobject';
  const stream = SEARCHED.find(each => ROWS[each].type === type);
  if (stream === undefined) return undefined;
  return { name, stream, type, isArchived: ROWS[stream].search === 'live and archive', klass };
}

/**
 * The JSON:API type of a stream's records; that of a KObject has its klass after a dot (docs/kustomer-api.md#kobjects).
 * Versions of an SLA are records, too: their klass is `version`.
 */
export function typeOf(stream: Stream, klass?: string): string {
  if (stream === 'slas' && klass === 'version') return 'sla_version';
  return stream === 'kobjects' ? `kobject.${klass}` : ROWS[stream].type;
}
