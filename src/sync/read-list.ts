// One list stream: read whole, compared with what was last seen, so that only what changed is published.

import type { Interval } from './intervals.ts';
import { bytesOf } from './json-bytes.ts';
import { type DatedRecord, type ListPages, type Resource, type Sink, updatedAt } from './source.ts';
import type { ListState } from './state.ts';

export interface ListReading {
  readonly pages: ListPages;
  /** JSON:API type of its records. */
  readonly type: string;
  readonly sink: Sink;
  /** What was published before; undefined when everything is to be published. */
  readonly before: ListState | undefined;
  /** Records updated outside of this window are left as they were. */
  readonly wanted: Interval;
  /** Only what was updated before this counts, in a window that is not the whole list: nothing is then said to be gone. */
  readonly until?: number | undefined;
  /** When the run has begun, in milliseconds. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** A list that changes all the time is taken as it is after so many passes; nothing is then said to be gone. */
const MOST_PASSES = 20;
/** Or after so many passes in a row that have shown nothing new, in whatever order: then no more is likely to come. */
const ENOUGH = 3;
/** So long it is remembered that a record has gone: no run goes on from a state that is older, and it takes room. */
const REMEMBER_GONE_MS = 30 * 86_400_000;

/** Resolves to what is published now, once everything new has reached the sink. */
export async function readList({
  pages,
  type,
  sink,
  before,
  wanted,
  until,
  now,
  signal,
}: ListReading): Promise<{ state: ListState; records: number }> {
  const { records, settled, everything } = await readSettled(pages, before, signal);
  const seen = new Map<string, string>();
  const fresh: DatedRecord[] = [];
  for (const [id, resource] of records) {
    const version = updatedAt(resource);
    const known = before?.seen.get(id);
    if (known !== version && isWanted(resource, wanted)) {
      fresh.push(found(resource));
      seen.set(id, version);
    } else if (known !== undefined) {
      seen.set(id, known);
    }
  }
  const away = stillGone(before, records, now);
  for (const [id, version] of before?.seen ?? []) {
    if (records.has(id)) continue;
    // Without proof that it is gone it is still there.
    if (settled && until === undefined) {
      fresh.push(found(deleted(id, type)));
      away.set(id, now);
    } else seen.set(id, version);
  }
  if (fresh.length > 0) await sink.write(fresh);
  const narrow = !everything && (before?.narrow ?? before === undefined);
  const state: ListState = {
    seen,
    readAt: now,
    ...(narrow ? { narrow } : {}),
    ...(until === undefined ? {} : { until }),
    ...(away.size === 0 ? {} : { gone: away }),
  };
  return { state, records: fresh.length };
}

/** What was found gone before, and not too long ago, and is not there again. */
function stillGone(
  before: ListState | undefined,
  records: ReadonlyMap<string, Resource>,
  now: number,
): Map<string, number> {
  return new Map([...(before?.gone ?? [])].filter(([id, at]) => !records.has(id) && at >= now - REMEMBER_GONE_MS));
}

/**
 * The list as it stands. A record that moves from one page to another while they are read can be missed, so a list that
 * does not come at once, and is not just what was seen before, is read again until two passes agree on what there is.
 */
async function readSettled(pages: ListPages, before: ListState | undefined, signal: AbortSignal) {
  const all = new Map<string, Resource>();
  let last: Map<string, Resource> | undefined;
  let shownWhole = true;
  let stale = 0;
  for (let pass = 1; pass <= MOST_PASSES; pass++) {
    signal.throwIfAborted();
    const { records, atOnce, isWhole, everything } = await pages.pass();
    // A part that the list refused when it was seen before too has shown nothing that could now be missing.
    const settled = everything || before?.narrow === true;
    shownWhole = everything;
    const known = all.size;
    for (const [id, resource] of records) all.set(id, newer(all.get(id), resource));
    stale = all.size > known ? 0 : stale + 1;
    // What is gone is looked for once more before it is said to be: an answer can lack what is there.
    const lacksSome = before !== undefined && [...before.seen.keys()].some(id => !records.has(id));
    if (pass === 1 && isWhole && ((atOnce && !lacksSome) || isUnchanged(records, before)))
      return { records, settled, everything };
    if (last !== undefined && sameIds(last, records)) return { records, settled, everything };
    if (stale >= ENOUGH) break;
    last = records;
  }
  return { records: all, settled: false, everything: shownWhole };
}

/** Kept where the date cannot be read: there is no ground to leave it out. */
export function isWanted(resource: Resource, { from, to }: Interval): boolean {
  const at = Date.parse(updatedAt(resource));
  return Number.isNaN(at) || (at >= from && at < to);
}

function isUnchanged(records: ReadonlyMap<string, Resource>, before: ListState | undefined): boolean {
  if (before === undefined || before.seen.size !== records.size) return false;
  return [...records].every(([id, resource]) => before.seen.get(id) === updatedAt(resource));
}

function sameIds(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every(id => b.has(id));
}

/** Of two copies of a record, the one updated last; the later one read where that says nothing. */
export function newer(a: Resource | undefined, b: Resource): Resource {
  return a !== undefined && Date.parse(updatedAt(a)) > Date.parse(updatedAt(b)) ? a : b;
}

function found(resource: Resource): DatedRecord {
  return { at: Date.parse(updatedAt(resource)), resource };
}

/** What is published once for an id that the list no longer shows (docs/reading-the-data.md#deletions). */
function deleted(id: string, type: string): Resource {
  return { id, type, json: bytesOf({ id, type, attributes: { deleted: true } }) };
}

/** The same list, its first pass begun at once: it does not depend on what was seen before. */
export function readAhead(pages: ListPages): ListPages {
  let first: ReturnType<ListPages['pass']> | undefined = pages.pass();
  first.catch(() => {});
  return {
    pass() {
      const begun = first;
      first = undefined;
      return begun ?? pages.pass();
    },
  };
}
