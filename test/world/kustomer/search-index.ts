// The search index of one context: the versions it shows, in order of updated_at. Changes are collected and merged in
// before the next search, so that a world of many records can change at every request.
import type { SearchQuery } from './criteria.ts';
import { mix, type Random } from './random.ts';
import type { Version } from './rows.ts';

export interface Ask {
  readonly query: SearchQuery;
  /** Milliseconds of updated_at that the endpoint shows at all: live or archive. */
  readonly shown: { readonly from: number; readonly to: number };
  /** Positions of the result, half-open. */
  readonly from: number;
  readonly to: number;
  /** Set: records of one instant come in a new random order each time. */
  readonly shuffle: Random | undefined;
  /** Answer in arbitrary order although a sort is asked for. */
  readonly ignoreSort: boolean;
}

export interface Found {
  readonly versions: Version[];
  readonly total: number;
}

type Key = (version: Version) => number;
const byUpdated: Key = version => version.updatedAt;
const byCreated: Key = version => version.row.createdAt;

export class SearchIndex {
  readonly #all = new Sorted();
  /** Without those that are deleted; kept only once it has been asked for. */
  #alive: Sorted | undefined;
  #added: Version[] = [];
  #removed: Version[] = [];
  /** The last range of times of update that had to be put in order of creation: searches come back to a large tie. */
  #last: { readonly key: string; readonly list: Version[] } | undefined;

  /** To be called when `version.row.shown` has become this version. */
  add(version: Version): void {
    this.#added.push(version);
  }

  /** To be called when this version is shown no more. */
  remove(version: Version): void {
    this.#removed.push(version);
  }

  find(ask: Ask): Found {
    const { query, ignoreSort } = ask;
    const all = this.#current(query.includeDeleted);
    const low = lowerBound(all, 0, all.length, byUpdated, Math.max(ask.shown.from, query.updated.from));
    const high = lowerBound(all, low, all.length, byUpdated, Math.min(ask.shown.to, query.updated.to));
    const sort = ignoreSort ? undefined : query.sort;
    const key = sort?.field === 'created' ? byCreated : byUpdated;
    let list = all;
    let [start, end] = [low, high];
    if (query.created.from > -Infinity || query.created.to < Infinity || key === byCreated) {
      list = this.#byCreated(all, low, high, query.includeDeleted);
      start = lowerBound(list, 0, list.length, byCreated, query.created.from);
      end = lowerBound(list, start, list.length, byCreated, query.created.to);
    }
    if (query.test !== undefined || (list !== all && key === byUpdated)) {
      list = list.slice(start, end);
      if (query.test !== undefined) list = list.filter(query.test);
      if (key === byUpdated) list.sort(order);
      [start, end] = [0, list.length];
    }
    const total = end - start;
    const from = Math.min(ask.from, total);
    const to = Math.min(ask.to, total);
    if (sort === undefined) return { versions: scatter(list, start, total, from, to, ask.shuffle), total };
    if (!sort.descending)
      return { versions: slice(list, start, end, start + from, start + to, key, ask.shuffle), total };
    return { versions: slice(list, start, end, end - to, end - from, key, ask.shuffle).reverse(), total };
  }

  #current(includeDeleted: boolean): Version[] {
    if (this.#removed.length > 0 || this.#added.length > 0) {
      this.#all.change(this.#added, this.#removed);
      this.#alive?.change(this.#added, this.#removed);
      this.#added = [];
      this.#removed = [];
      this.#last = undefined;
    }
    if (includeDeleted) return this.#all.list;
    this.#alive ??= new Sorted(this.#all.list);
    return this.#alive.list;
  }

  /** all[low, high) in order of creation. */
  #byCreated(all: Version[], low: number, high: number, includeDeleted: boolean): Version[] {
    const key = `${low}-${high}-${includeDeleted}`;
    if (this.#last?.key !== key) {
      const list = all.slice(low, high).sort((a, b) => byCreated(a) - byCreated(b) || order(a, b));
      this.#last = { key, list };
    }
    return this.#last.list;
  }
}

/** Up to so many changes are made one by one; more are cheaper all at once. */
const FEW = 64;

/** Versions in order; when made from a list, only those that are not deleted. */
class Sorted {
  list: Version[];
  readonly #fits: (version: Version) => boolean;

  constructor(from?: readonly Version[]) {
    this.#fits = from === undefined ? () => true : version => !version.deleted;
    this.list = from?.filter(this.#fits) ?? [];
  }

  change(added: readonly Version[], removed: readonly Version[]): void {
    const isShown = (version: Version) => version.row.shown === version;
    const incoming = added.filter(version => isShown(version) && this.#fits(version));
    if (incoming.length + removed.length <= FEW) {
      for (const version of removed) {
        const at = this.#position(version);
        // It may have come and gone between two searches.
        if (this.list[at] === version) this.list.splice(at, 1);
      }
      for (const version of incoming) this.list.splice(this.#position(version), 0, version);
      return;
    }
    const kept = removed.length > 0 ? this.list.filter(isShown) : this.list;
    this.list = merge(kept, incoming.sort(order));
  }

  #position(version: Version): number {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order(this.list[middle] as Version, version) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Among equal instants: an order that is the same each time but means nothing (docs/kustomer-api.md#ties). */
function order(a: Version, b: Version): number {
  return a.updatedAt - b.updatedAt || mix(a.row.seq) - mix(b.row.seq) || a.rev - b.rev;
}

function merge(a: Version[], b: Version[]): Version[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const out: Version[] = [];
  let i = 0;
  for (const next of b) {
    while (i < a.length && order(a[i] as Version, next) <= 0) out.push(a[i++] as Version);
    out.push(next);
  }
  while (i < a.length) out.push(a[i++] as Version);
  return out;
}

function lowerBound(list: readonly Version[], from: number, to: number, key: Key, value: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(list[middle] as Version) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** list[from, to); groups of one instant within list[start, end) in a random order when `shuffle` is set. */
function slice(
  list: Version[],
  start: number,
  end: number,
  from: number,
  to: number,
  key: Key,
  shuffle?: Random,
): Version[] {
  if (shuffle === undefined) return list.slice(from, to);
  const out: Version[] = [];
  let at = from;
  while (at < to) {
    const instant = key(list[at] as Version);
    const groupStart = at === from ? lowerBound(list, start, at, key, instant) : at;
    let groupEnd = at + 1;
    while (groupEnd < to && key(list[groupEnd] as Version) === instant) groupEnd++;
    const next = groupEnd;
    if (groupEnd === to) groupEnd = lowerBound(list, to, end, key, instant + 1);
    if (groupEnd - groupStart === 1) out.push(list[at] as Version);
    else for (const i of shuffle.sample(next - at, groupStart, groupEnd)) out.push(list[i] as Version);
    at = next;
  }
  return out;
}

/** An order that is none: position k shows element k * step + offset, with a step that reaches every element once. */
function scatter(list: Version[], start: number, total: number, from: number, to: number, shuffle?: Random): Version[] {
  let step = Math.max(1, Math.floor(total * 0.618));
  while (gcd(step, total) > 1) step++;
  const offset = shuffle === undefined ? total >>> 1 : shuffle.int(0, Math.max(1, total));
  const out: Version[] = [];
  for (let k = from; k < to; k++) out.push(list[start + ((k * step + offset) % total)] as Version);
  return out;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
