/**
 * What is known of the lines of a stream, as the state keeps it: src/schema makes it, and what follows from it. Pure.
 *
 * Keys that were never met are not allowed, so that a new one widens the schema and does not narrow it. Beyond
 * `MAX_COLUMNS` keys in one place, every key is.
 */

/** How a record is written as a line: docs/reading-the-data.md#records. */
export const RECORD_FORMATS = ['flat', 'raw'] as const;
export type RecordFormat = (typeof RECORD_FORMATS)[number];

/** A record whose keys are data, ids for example, must not make a schema of megabytes. */
export const MAX_COLUMNS = 2_000;
export const MAX_KEY_LENGTH = 200;

/** A union of kinds of JSON values, as bits. Null fits any. */
export type Kinds = number;
/** All kinds, and whether some record had the column. */
const MOST: Kinds = 255;

/** An object of a line whose members are columns of the schema: '' is the line itself. */
export type Container = '' | 'attributes' | 'relationships' | 'custom' | 'attributes.custom';

/** Where a format has the members that are columns, outermost first. */
export const CONTAINERS: Readonly<Record<RecordFormat, readonly Container[]>> = {
  flat: ['', 'custom'],
  raw: ['', 'attributes', 'relationships', 'attributes.custom'],
};

export type Columns = Map<string, Kinds>;

/** What Kustomer says of custom attributes (docs/kustomer-api.md#definitions-of-custom-attributes). */
export interface CustomTypes {
  /** By the key in a line. */
  readonly kinds: Columns;
  /** By kind of object: when Kustomer was asked last (ms). */
  readonly askedAt: ReadonlyMap<string, number>;
}

/** What is known of the lines of a stream. */
export interface StreamSchema {
  readonly stream: string;
  readonly format: RecordFormat;
  readonly columns: ReadonlyMap<Container, Columns>;
  /** The containers that have more keys than are listed. */
  readonly open: ReadonlySet<Container>;
  /** Names of the klasses that were seen. */
  readonly klasses: ReadonlySet<string>;
  /** What a complete read no longer showed: paths of columns, and klasses as `klass <name>`. */
  readonly vanished: ReadonlySet<string>;
  /** Undefined when nobody has asked. */
  readonly custom?: CustomTypes | undefined;
}

/** The schema that allows what either allows. `own` is the later one: its format holds, and what it says has vanished. */
function uniteSchemas(other: StreamSchema, own: StreamSchema): StreamSchema {
  if (other.format !== own.format) return own;
  const open = new Set([...other.open, ...own.open]);
  const columns = new Map<Container, Columns>();
  for (const container of CONTAINERS[own.format]) {
    const united: Columns = new Map();
    for (const [known, also] of [
      [other, own],
      [own, other],
    ] as const) {
      const others = also.columns.get(container);
      for (const [key, kinds] of known.columns.get(container) ?? []) {
        // Where all keys are allowed, with any value, listing one more would forbid some of its values.
        if (others?.has(key) || !also.open.has(container)) united.set(key, kinds | (others?.get(key) ?? 0));
      }
    }
    const kept = [...united].sort(byKey).slice(0, MAX_COLUMNS);
    if (kept.length < united.size) open.add(container);
    columns.set(container, new Map(kept));
  }
  const custom = uniteTypes(other.custom, own.custom);
  return { ...own, columns, open, klasses: new Set([...other.klasses, ...own.klasses]), ...(custom && { custom }) };
}

/** An attribute whose type has changed may have values of both. */
export function uniteTypes(other: CustomTypes | undefined, own: CustomTypes | undefined): CustomTypes | undefined {
  if (other === undefined || own === undefined) return own ?? other;
  const kinds: Columns = new Map(other.kinds);
  for (const [key, each] of own.kinds) {
    if (kinds.has(key) || kinds.size < MAX_COLUMNS) kinds.set(key, (kinds.get(key) ?? 0) | each);
  }
  const askedAt = new Map(other.askedAt);
  for (const [kind, at] of own.askedAt) askedAt.set(kind, Math.max(at, askedAt.get(kind) ?? at));
  return { kinds, askedAt };
}

/** Those of both, by stream: a schema only ever widens, whoever has published. */
export function joinSchemas(
  others: ReadonlyMap<string, StreamSchema>,
  own: ReadonlyMap<string, StreamSchema>,
): Map<string, StreamSchema> {
  const joined = new Map(others);
  for (const [stream, schema] of own) {
    const other = joined.get(stream);
    joined.set(stream, other === undefined || other === schema ? schema : uniteSchemas(other, schema));
  }
  return joined;
}

/** Sorts the entries of columns. */
export function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** For the state. Keys in order, so that the same schema is the same text. */
export function serializeSchema(schema: StreamSchema): unknown {
  return {
    format: schema.format,
    columns: Object.fromEntries(
      [...schema.columns].map(([container, keys]) => [container, Object.fromEntries([...keys].sort(byKey))]),
    ),
    open: [...schema.open].sort(),
    klasses: [...schema.klasses].sort(),
    vanished: [...schema.vanished].sort(),
    custom: schema.custom && {
      kinds: Object.fromEntries([...schema.custom.kinds].sort(byKey)),
      asked_at: Object.fromEntries(
        [...schema.custom.askedAt].sort(byKey).map(([kind, at]) => [kind, new Date(at).toISOString()]),
      ),
    },
  };
}

/** By stream; null when one of them is not what `serializeSchema` makes. */
export function parseSchemas(schemas: unknown): Map<string, StreamSchema> | null {
  try {
    return new Map(Object.entries(objectIn(schemas)).map(([stream, schema]) => [stream, parseSchema(stream, schema)]));
  } catch {
    return null;
  }
}

/** @throws TypeError when the value is not what `serializeSchema` makes */
export function parseSchema(stream: string, value: unknown): StreamSchema {
  const { format, columns, open, klasses, vanished, custom } = objectIn(value);
  if (format !== 'flat' && format !== 'raw') throw notSchema();
  const containers = objectIn(columns);
  return {
    stream,
    format,
    columns: new Map(CONTAINERS[format].map(container => [container, columnsIn(containers[container])])),
    open: stringsIn(open) as ReadonlySet<Container>,
    klasses: stringsIn(klasses),
    vanished: stringsIn(vanished),
    ...(custom !== undefined && { custom: customIn(custom) }),
  };
}

function columnsIn(value: unknown): Columns {
  const keys = Object.entries(objectIn(value));
  if (keys.length > MAX_COLUMNS || !keys.every(isColumn)) throw notSchema();
  return new Map(keys);
}

function customIn(value: unknown): CustomTypes {
  const { kinds, asked_at: asked } = objectIn(value);
  const askedAt = Object.entries(objectIn(asked)).map(([kind, at]) => [kind, Date.parse(String(at))] as const);
  if (askedAt.some(([, at]) => Number.isNaN(at))) throw notSchema();
  return { kinds: columnsIn(kinds), askedAt: new Map(askedAt) };
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notSchema();
  return value as Record<string, unknown>;
}

function stringsIn(value: unknown): ReadonlySet<string> {
  if (!Array.isArray(value) || !value.every(each => typeof each === 'string')) throw notSchema();
  return new Set(value);
}

function notSchema(): TypeError {
  return new TypeError('this is not the schema of a stream');
}

function isColumn(entry: [string, unknown]): entry is [string, Kinds] {
  const [key, kinds] = entry;
  return key.length <= MAX_KEY_LENGTH && Number.isInteger(kinds) && (kinds as Kinds) >= 0 && (kinds as Kinds) <= MOST;
}
