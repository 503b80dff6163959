// How a small window is read whole without trusting the order of the search: an instant shared by more records than a
// page holds, or a second whose records come unsorted. Pure, as walk.ts is.
//
// The pages of the window are read through and counted against what the search says is there. Where the order changes
// from one request to the next, or the window is larger than a search may reach, it is cut by `created_at` into parts
// that fit one page each: a single page needs no order.
import type { Interval } from './intervals.ts';
import { contradiction, dated, floor, hasStrangers, SECOND, within } from './pages.ts';
import type { Ask, CreatedRange, Found, Page, Side } from './source.ts';

/** The deepest result that a search surely gives: AWS and the web app say 10,000, Kustomer 100 pages (kustomer-api.md 12). */
const REACH = 10_000;
/** The other limit, which is Kustomer's own. It keeps page 101 from ever being asked for (kustomer-api.md 5.4). */
const MOST_PAGES = 100;
/** Passes over a window that cannot be cut and comes in another order each time. Random orders need about ln(records) + 3. */
const MOST_PASSES = 40;
/** How full a part should be: parts are cut by a sample, so some come out larger than planned. */
const FILL = 0.7;

const EVERYTHING: CreatedRange = { from: null, to: null };

/**
 * Reads all records of a window.
 * @throws SyncError `inconsistent` when they cannot all be had.
 */
export function* readWhole(
  window: Interval,
  side: Side,
  created: CreatedRange = EVERYTHING,
): Generator<Ask, Found[], Page> {
  const ask = { side, ...window, created: created === EVERYTHING ? null : created };
  // Everything that comes is counted, also what a search by whole seconds adds from just outside the window.
  let kept = new Map<string, Found>();
  let total = -1;
  for (let pass = 1; ; pass++) {
    const { found, steady, beyond, size, ...seen } = yield* readPages(ask);
    // Records came or went: what was seen before proves nothing about what is there now.
    if (!steady || seen.total !== total) kept = new Map();
    for (const each of found) kept.set(each.resource.id, each);
    total = seen.total;
    if (steady && !beyond && kept.size >= total) return within([...kept.values()], window.from, window.to);

    // A total that is just the reach may be a larger one that was capped.
    const cuts = cut(found, created, beyond ? Math.max(total, 2 * REACH) : total, size);
    if (cuts.length > 0) {
      const parts = yield* readParts(ask, created, cuts);
      if (parts !== null) return parts;
    } else if (beyond && pass > 1) {
      throw contradiction(`has more records of one instant than it gives (${total}), all created at once`, window.from);
    }
    if (pass === MOST_PASSES) {
      throw contradiction(`says that there are ${total} records where it gives ${kept.size}`, window.from);
    }
  }
}

/** What one pass over the pages of a window has shown. */
interface Pass {
  readonly found: readonly Found[];
  readonly total: number;
  readonly size: number;
  /** Nothing came or went while it was read, and nothing else speaks against it. */
  readonly steady: boolean;
  /** The window holds more than a search reaches, so the pass was not finished. */
  readonly beyond: boolean;
}

function* readPages(ask: Omit<Ask, 'page'>): Generator<Ask, Pass, Page> {
  const found = new Map<string, Found>();
  let total: number | null = null;
  let received = 0;
  let steady = true;
  for (let number = 1; ; number++) {
    const page = yield { ...ask, page: number };
    const before = found.size;
    for (const each of dated(page.found, ask.from)) found.set(each.resource.id, each);
    received += page.found.length;
    if (number === 1) total = page.total;
    if (page.timedOut || page.total !== total || hasStrangers(page.found, ask.from, ask.to)) steady = false;

    const all = total ?? 0;
    const asked = number * page.size;
    const reach = Math.min(REACH, MOST_PAGES * page.size);
    const pass = { found: [...found.values()], total: all, size: page.size, steady, beyond: false };
    if (all >= reach) return { ...pass, beyond: true };
    // The last page is one that is not full, whatever it says. What cannot be counted against a total is steady only if
    // it came at once.
    if (page.found.length === 0 || (!page.more && asked >= all && page.found.length < page.size)) {
      return { ...pass, steady: steady && (total === null ? number === 1 : received === total) };
    }
    // Further pages are promised and bring nothing new: the order changes, or the same page comes again.
    if (found.size === before && asked >= all) return { ...pass, steady: false };
    if (asked + page.size > reach) return { ...pass, beyond: true };
  }
}

/**
 * Reads a window part by part. Records leave an instant and never enter it, so what was in no part when it was read is not
 * in the window when all are; null when the count says otherwise, as for a record without a `created_at`.
 */
function* readParts(
  ask: Omit<Ask, 'page'>,
  created: CreatedRange,
  cuts: readonly number[],
): Generator<Ask, Found[] | null, Page> {
  const kept = new Map<string, Found>();
  const borders = [created.from, ...cuts, created.to];
  for (let n = 1; n < borders.length; n++) {
    const part = { from: borders[n - 1] as number | null, to: borders[n] as number | null };
    for (const each of yield* readWhole(ask, ask.side, part)) kept.set(each.resource.id, each);
  }
  const page = yield { ...ask, page: 1 };
  return !page.timedOut && kept.size >= (page.total ?? 0) ? [...kept.values()] : null;
}

/**
 * Where to cut a range of `created_at` so that each part fits a page of `size`, going by a sample of its records. Empty
 * when the sample does not show how.
 */
export function cut(sample: readonly Found[], range: CreatedRange, total: number, size: number): number[] {
  const created = sample
    .map(({ resource }) => Date.parse(String(resource.attributes?.createdAt)))
    .filter(at => !Number.isNaN(at))
    .sort((a, b) => a - b);
  const parts = Math.max(2, Math.ceil(total / Math.max(1, size * FILL)));
  const cuts = new Set<number>();
  for (let n = 1; n < parts; n++) {
    const at = created[Math.floor((n * created.length) / parts)];
    if (at === undefined) continue;
    // Whole seconds are understood by every search; milliseconds are the second choice.
    const border = [floor(at, SECOND), at].find(border => isInside(border, range) && border > (created[0] as number));
    if (border !== undefined) cuts.add(border);
  }
  return [...cuts].sort((a, b) => a - b);
}

function isInside(at: number, range: CreatedRange): boolean {
  return at > (range.from ?? Number.NEGATIVE_INFINITY) && at < (range.to ?? Number.POSITIVE_INFINITY);
}
