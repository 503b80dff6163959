/**
 * What is known of the lines of a stream. It only ever widens: each kind of value that was
 * documented or seen once stays allowed.
 *
 * Keys that were never met are not allowed, so that a new one widens the schema and does not narrow it. Beyond
 * `MAX_COLUMNS` keys in one place, every key is.
 */
import type { RecordFormat } from '../sync/state.ts';
import { CONTAINERS, type Container, type CustomMetadata, customKinds, DOCUMENTED, placeOf } from './columns.ts';
import { isKinds, KIND, type Kinds } from './kinds.ts';

/** A record whose keys are data, ids for example, must not make a schema of megabytes. */
export const MAX_COLUMNS = 2_000;
export const MAX_KEY_LENGTH = 200;

export type Columns = Map<string, Kinds>;

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
}

/** What was seen in the lines of a run. */
export type Observed = Pick<StreamSchema, 'columns' | 'open' | 'klasses'>;

export interface WidenOptions {
  /** The stream's custom attributes, by their key in a line, where the API key may read them. */
  readonly metadata?: CustomMetadata;
  /** Every record was read, so that what was not seen is gone. */
  readonly isComplete?: boolean;
}

/** The schema of a stream of which no line was seen. */
export function documentedSchema(stream: string, format: RecordFormat): StreamSchema {
  const columns = new Map<Container, Columns>(CONTAINERS[format].map(container => [container, new Map()]));
  for (const column of DOCUMENTED.get(stream)?.columns.values() ?? []) {
    const place = placeOf(column, format);
    // Relationships of the source are objects with data and links.
    columns.get(place.in)?.set(place.key, place.in === 'relationships' ? KIND.object : column.kinds);
  }
  if (format === 'raw') for (const name of ['attributes', 'relationships']) columns.get('')?.set(name, KIND.object);
  return { stream, format, columns, open: new Set(), klasses: new Set(), vanished: new Set() };
}

/** The schema that allows all that `previous` allows, and what was seen since. */
export function widen(previous: StreamSchema, observed: Observed, options: WidenOptions = {}): StreamSchema {
  const documented = documentedSchema(previous.stream, previous.format);
  const open = new Set([...previous.open, ...observed.open]);
  const columns = new Map<Container, Columns>();
  for (const container of CONTAINERS[previous.format]) {
    const isCustom = container.endsWith('custom');
    const merged: Columns = new Map(previous.columns.get(container));
    const add = (key: string, kinds: Kinds) => {
      // Where all keys are allowed, listing one more would forbid some of its values.
      if (merged.has(key) || !previous.open.has(container)) merged.set(key, (merged.get(key) ?? 0) | kinds);
    };
    for (const [key, kinds] of documented.columns.get(container) ?? []) add(key, kinds);
    if (isCustom) for (const key of options.metadata?.keys() ?? []) add(key, customKinds(key, options.metadata));
    for (const [key, kinds] of [...(observed.columns.get(container) ?? [])].sort(byKey)) {
      if (merged.has(key) || merged.size < MAX_COLUMNS) {
        add(key, kinds | (isCustom ? customKinds(key, options.metadata) : 0));
      } else open.add(container);
    }
    columns.set(container, merged);
  }
  const klasses = new Set([...previous.klasses, ...observed.klasses]);
  const next = { ...previous, columns, open, klasses };
  return { ...next, vanished: vanishedIn(next, observed, options.isComplete === true) };
}

function vanishedIn(schema: StreamSchema, observed: Observed, isComplete: boolean): ReadonlySet<string> {
  const now = seenIn(observed);
  const ever = seenIn(schema);
  return new Set([...(isComplete ? ever : schema.vanished)].filter(name => !now.has(name)));
}

/** Paths of the columns that some record had, and klasses as `klass <name>`. */
function seenIn({ columns, klasses }: Observed): Set<string> {
  const names = [...klasses].map(klass => `klass ${klass}`);
  for (const [container, keys] of columns) {
    for (const [key, kinds] of keys) if (kinds & KIND.seen) names.push(pathOf(container, key));
  }
  return new Set(names);
}

function pathOf(container: Container, key: string): string {
  return container === '' ? key : `${container}.${key}`;
}

/** What to say of a run: undocumented columns and klasses that are new, and what is gone. Names only, never values. */
export function changes(previous: StreamSchema, next: StreamSchema): { appeared: string[]; vanished: string[] } {
  const before = seenIn(previous);
  const documented = new Set(
    [...documentedSchema(next.stream, next.format).columns].flatMap(([container, keys]) =>
      [...keys.keys()].map(key => pathOf(container, key)),
    ),
  );
  const appeared = [...seenIn(next)].filter(name => !before.has(name) && !documented.has(name));
  const vanished = [...next.vanished].filter(name => !previous.vanished.has(name));
  return { appeared: appeared.sort(), vanished: vanished.sort() };
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
  };
}

/** @throws TypeError when the value is not what `serializeSchema` makes */
export function parseSchema(stream: string, value: unknown): StreamSchema {
  const { format, columns, open, klasses, vanished } = objectIn(value);
  if (format !== 'flat' && format !== 'raw') throw notSchema();
  const containers = objectIn(columns);
  return {
    stream,
    format,
    columns: new Map(
      CONTAINERS[format].map(container => {
        const keys = Object.entries(objectIn(containers[container]));
        if (!keys.every((each): each is [string, Kinds] => isKinds(each[1]))) throw notSchema();
        return [container, new Map(keys)];
      }),
    ),
    open: stringsIn(open) as ReadonlySet<Container>,
    klasses: stringsIn(klasses),
    vanished: stringsIn(vanished),
  };
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
