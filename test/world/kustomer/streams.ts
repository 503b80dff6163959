// The nine streams, and the names under which the API knows them.

export const STREAMS = [
  'conversations',
  'customers',
  'kobjects',
  'messages',
  'notes',
  'shortcuts',
  'tags',
  'teams',
  'users',
] as const;

export type Stream = (typeof STREAMS)[number];

/**
 * queryContext -> stream (docs/kustomer-api.md#search-request). `kobject_<klass>` is dealt with apart, its name being
 * open.
 */
const CONTEXTS: Readonly<Record<string, Stream>> = {
  conversation: 'conversations',
  customer: 'customers',
  message: 'messages',
  note: 'notes',
  kobject: 'kobjects',
};

export interface Context {
  readonly name: string;
  readonly stream: Stream;
  /** Set under `kobject_<klass>` only. */
  readonly klass: string | undefined;
}

export function contextNamed(name: string): Context | undefined {
  if (name.startsWith('kobject_')) return { name, stream: 'kobjects', klass: name.slice('kobject_'.length) };
  const stream = Object.hasOwn(CONTEXTS, name) ? CONTEXTS[name] : undefined;
  return stream === undefined ? undefined : { name, stream, klass: undefined };
}

/**
 * The JSON:API type of a stream's records; that of a KObject has its klass after a dot (docs/kustomer-api.md#kobjects).
 */
export function typeOf(stream: Stream, klass?: string): string {
  return stream === 'kobjects' ? `kobject.${klass}` : stream.slice(0, -1);
}
