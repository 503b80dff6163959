/**
 * Notes which columns the lines of a stream have, and which kinds of values. Pure.
 *
 * The writer of flat lines visits their members anyway, and notes each value where it copies it: that costs a few
 * nanoseconds. `line` does the same in a pass of its own, at half the cost of writing `flat`.
 */
import { eachMember, endOfValue, isObject, KeyCache, valueIn } from '../sync/json-bytes.ts';
import {
  CONTAINERS,
  type Columns,
  type Container,
  MAX_COLUMNS,
  MAX_KEY_LENGTH,
  type StreamSchema,
} from '../sync/stream-schema.ts';
import { KIND, SeenKinds } from './kinds.ts';
import type { Observed } from './schema.ts';

const MAX_KLASSES = 1_000;

export class Observer {
  readonly #entries: ReadonlyMap<Container, Map<string, SeenKinds>>;
  readonly #open = new Map<Container, SeenKinds>();
  readonly #klasses = new Set<string>();
  readonly #types = new Set<string>();
  #lastType = '';
  /** Made when there is a line: each takes a while, and some 200 kB. */
  readonly #caches = new Map<Container, KeyCache<SeenKinds>>();
  readonly #containers: ReadonlySet<string>;

  /** @param known its columns are noted however many others there are */
  constructor(known: StreamSchema) {
    const containers = CONTAINERS[known.format];
    this.#containers = new Set(containers);
    this.#entries = new Map(
      containers.map(container => {
        const keys = known.columns.get(container)?.keys() ?? [];
        return [container, new Map([...keys].map(key => [key, new SeenKinds(this.#inner(container, key))]))];
      }),
    );
  }

  /** What is noted of a column. Beyond the limit, all further keys of a container share one. */
  column(container: Container, key: string): SeenKinds {
    const entries = this.#entries.get(container) as Map<string, SeenKinds>;
    const known = entries.get(key);
    if (known !== undefined) return known;
    const entry = new SeenKinds(this.#inner(container, key));
    const hasRoom = entries.size < MAX_COLUMNS && key.length <= MAX_KEY_LENGTH;
    if (hasRoom || entry.inner !== null) entries.set(key, entry);
    else {
      const shared = this.#open.get(container) ?? entry;
      this.#open.set(container, shared);
      return shared;
    }
    return entry;
  }

  #inner(container: Container, key: string): Container | null {
    const path = container === '' ? key : `${container}.${key}`;
    return this.#containers.has(path) && path !== '' ? (path as Container) : null;
  }

  /** @param type JSON:API type of a record, which names the klass of a KObject */
  type(type: string): void {
    if (type === this.#lastType || this.#types.has(type) || this.#types.size === MAX_KLASSES) return;
    this.#lastType = type;
    this.#types.add(type);
    const klass = /^kobject\.(.+)$/s.exec(type)?.[1];
    if (klass !== undefined && klass.length <= MAX_KEY_LENGTH) this.#klasses.add(klass);
  }

  /** Notes the columns of a line, which is as its format writes it. */
  line(json: Buffer): void {
    this.#members(json, 0, '');
  }

  #members(json: Buffer, at: number, container: Container): number {
    const cache = this.#cacheOf(container);
    return eachMember(json, at, (_, value, from, to) => {
      // A cache of ever new keys would be slower than none.
      const entry = this.#open.has(container)
        ? this.column(container, String(valueIn(json, from, to)))
        : cache.at(json, from, to);
      const inner = isObject(json, value) ? entry.inner : null;
      const end = inner === null ? endOfValue(json, value) : this.#members(json, value, inner);
      if (entry.settled[json[value] as number] === 0) entry.note(json, value, end);
      return end;
    });
  }

  /** On its own, since a function keeps alive what is beside it: here the bytes of a record. */
  #cacheOf(container: Container): KeyCache<SeenKinds> {
    const cache = this.#caches.get(container) ?? new KeyCache(key => this.column(container, key));
    this.#caches.set(container, cache);
    return cache;
  }

  /** What was seen so far, as a copy. */
  seen(): Observed {
    const columns = new Map<Container, Columns>();
    for (const [container, entries] of this.#entries) {
      const seen = [...entries].filter(([, { kinds }]) => kinds & KIND.seen);
      columns.set(container, new Map(seen.map(([key, { kinds }]) => [key, kinds])));
    }
    return { columns, open: new Set(this.#open.keys()), klasses: new Set(this.#klasses) };
  }
}
