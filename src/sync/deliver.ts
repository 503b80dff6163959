// What a slice hands on, to the sink: what is new in it, each record once. Records of an instant that is not known to be
// whole yet are held as long as they are few; more go to a place of their own, and count when it is.
import type { Interval } from './intervals.ts';
import type { Aside, Found, Sink } from './source.ts';
import { fingerprint, type SearchWork } from './state.ts';

export interface Delivery {
  /** Takes records that count only when everything up to `until` has been handed on. */
  ahead(records: readonly Found[], until: number): Promise<void>;
  /** Hands on records. Resolves to whether all up to `until` may be claimed; otherwise what is ahead has to come first. */
  whole(records: readonly Found[], until: number): Promise<boolean>;
  /** Lets go of what never came to count. */
  drop(): Promise<void>;
}

interface Target {
  readonly sink: Sink;
  readonly work: SearchWork;
  /** What has been handed on: fingerprints, from `rememberFrom` on, and how many records. */
  readonly progress: { readonly fresh: Set<string>; records: number };
}

/** Records held before they go aside, where they make a file of their own: that should be rare, and so should memory. */
const MOST_HELD = 5_000;

/** What is taken and does not count yet. */
interface Waiting {
  held: Found[];
  place: Aside | undefined;
  until: number;
  records: number;
  readonly prints: string[];
  /** The instant of each record, by id. */
  readonly taken: Map<string, number>;
}

/** `part`: what is outside of it belongs to others. */
export function openDelivery({ sink, work, progress }: Target, part: Interval): Delivery {
  let waiting = nothing();

  async function take(records: readonly Found[]): Promise<void> {
    const { taken, prints } = waiting;
    const fresh = new Map<string, Found>();
    for (const found of records) {
      const { id } = found.resource;
      if (found.at < part.from || found.at >= part.to || found.at <= (taken.get(id) ?? Number.NEGATIVE_INFINITY))
        continue;
      const remember = found.undated || found.at >= work.rememberFrom;
      if (remember || work.known.size > 0) {
        const print = fingerprint(found);
        if (work.known.has(print) || progress.fresh.has(print)) continue;
        if (remember) prints.push(print);
      }
      taken.set(id, found.at);
      fresh.set(id, found);
    }
    waiting.records += fresh.size;
    waiting.held.push(...fresh.values());
    if (waiting.held.length <= MOST_HELD) return;
    waiting.place ??= sink.aside();
    const { held } = waiting;
    waiting.held = [];
    await waiting.place.write(held);
  }

  return {
    async ahead(records, until) {
      waiting.until = Math.max(waiting.until, until);
      await take(records);
    },
    async whole(records, until) {
      await take(records);
      if (until < waiting.until) return false;
      const { place, held, prints, records: count } = waiting;
      if (held.length > 0) await (place ?? sink).write(held);
      await place?.keep();
      waiting = nothing();
      for (const print of prints) progress.fresh.add(print);
      progress.records += count;
      return true;
    },
    async drop() {
      await waiting.place?.drop();
    },
  };
}

function nothing(): Waiting {
  return {
    held: [],
    place: undefined,
    until: Number.NEGATIVE_INFINITY,
    records: 0,
    prints: [],
    taken: new Map(),
  };
}
