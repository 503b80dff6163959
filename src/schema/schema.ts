// What is documented and seen of the lines of a stream. It only ever widens: each kind of value that was documented or seen
// once stays allowed. Pure.
import type { RecordFormat } from '../sync/state.ts';
import {
  byKey,
  CONTAINERS,
  type Columns,
  type Container,
  type Kinds,
  MAX_COLUMNS,
  type StreamSchema,
} from '../sync/stream-schema.ts';
import { customKinds, DOCUMENTED, placeOf } from './columns.ts';
import { KIND } from './kinds.ts';

/** What was seen in the lines of a run. */
export type Observed = Pick<StreamSchema, 'columns' | 'open' | 'klasses'>;

interface WidenOptions {
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
    for (const [key, kinds] of [...(observed.columns.get(container) ?? [])].sort(byKey)) {
      if (merged.has(key) || merged.size < MAX_COLUMNS) {
        add(key, kinds | (isCustom ? customKinds(key, previous.custom) : 0));
      } else open.add(container);
    }
    // Those that no record has had, as long as there is room for what comes.
    for (const [key, kinds] of (isCustom && previous.custom?.kinds) || []) {
      if (merged.has(key) || merged.size < MAX_COLUMNS / 2) add(key, kinds);
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

/** Whether lines have a column, with its path as in a line, as far as a schema knows. */
export function hasColumn({ columns }: StreamSchema, path: string): boolean {
  return [...columns].some(([container, keys]) => {
    const start = pathOf(container, '');
    return path.startsWith(start) && keys.has(path.slice(start.length));
  });
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
