// How a small window is read whole without trusting the order of the search: an instant shared by more records than a
// page holds, or a second whose records come unsorted. Pure, as walk.ts is.
//
// The pages of the window are read through and counted against what the search says is there. Where the order changes
// from one request to the next, or the window is larger than a search may reach, it is cut by `created_at` into parts
// that fit one page each: a single page needs no order.
import type { Interval } from './intervals.ts';
import { contradiction, dated, floor, SECOND, within } from './pages.ts';
import type { Ask, CreatedRange, Found, Page, Side } from './source.ts';

/** The deepest result that a search surely gives: AWS and the web app say 10,000, Kustomer 100 pages (kustomer-api.md 12). */
const REACH = 10_000;
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
  const range = created === EVERYTHING ? null : created;
  let kept = new Map<string, Found>();
  for (let pass = 1; ; pass++) {
    const { total, steady, beyond } = yield* readPages({ side, ...window, created: range }, kept);
    if (steady && !beyond && kept.size >= total) return [...kept.values()];

    // A total that is just the reach may be a larger one that was capped.
    const cuts = cut([...kept.values()], created, total === REACH ? 2 * REACH : total);
    if (cuts.length > 0) {
      const parts = yield* readParts(window, side, created, cuts);
      if (parts !== null) return parts;
    } else if (beyond) {
      throw contradiction(`has more records of one instant than it gives (${total}), all created at once`, window.from);
    }
    if (pass >= MOST_PASSES) {
      throw contradiction(`says that there are ${total} records where it gives ${kept.size}`, window.from);
    }
    // Records came or went: what was seen before proves nothing about what is there now.
    if (!steady) kept = new Map();
  }
}

/** One pass over the pages of a window. `beyond`: it holds more than a search reaches, so the pass was not finished. */
function* readPages(
  window: Omit<Ask, 'page'>,
  kept: Map<string, Found>,
): Generator<Ask, { total: number; steady: boolean; beyond: boolean }, Page> {
  let total: number | null = null;
  let steady = true;
  for (let number = 1; ; number++) {
    const page = yield { ...window, page: number };
    const before = kept.size;
    for (const each of within(dated(page.found, window.from), window.from, window.to)) kept.set(each.resource.id, each);
    if (number === 1) total = page.total;
    else if (page.total !== total) steady = false;
    if (page.timedOut) steady = false;

    const all = total ?? 0;
    if (all >= REACH) return { total: all, steady, beyond: true };
    const last = page.found.length === 0 || (!page.more && number * page.size >= all);
    if (last) return { total: all, steady: steady && (total !== null || page.found.length < page.size), beyond: false };
    // A page that brings nothing new where more are promised: the order changed, or the page is the first one again.
    if (kept.size === before && number * page.size >= all) return { total: all, steady: false, beyond: false };
    if ((number + 1) * page.size > REACH) return { total: all, steady, beyond: true };
  }
}

/** Reads a window part by part; null when the parts do not add up to what is there, as when one has no `created_at`. */
function* readParts(
  window: Interval,
  side: Side,
  created: CreatedRange,
  cuts: readonly number[],
): Generator<Ask, Found[] | null, Page> {
  const kept = new Map<string, Found>();
  const borders = [created.from, ...cuts, created.to];
  for (let n = 1; n < borders.length; n++) {
    const part = { from: borders[n - 1] as number | null, to: borders[n] as number | null };
    for (const each of yield* readWhole(window, side, part)) kept.set(each.resource.id, each);
  }
  const page = yield { side, ...window, created: created === EVERYTHING ? null : created, page: 1 };
  return !page.timedOut && kept.size >= (page.total ?? 0) ? [...kept.values()] : null;
}

/** Where to cut a range of `created_at` so that each part fits a page, going by the records seen so far. */
export function cut(sample: readonly Found[], range: CreatedRange, total: number): number[] {
  const size = Math.max(1, Math.min(sample.length, 500)) * FILL;
  const created = sample
    .map(({ resource }) => Date.parse(String(resource.attributes?.createdAt)))
    .filter(at => !Number.isNaN(at))
    .sort((a, b) => a - b);
  const inside = (at: number) =>
    at > (range.from ?? Number.NEGATIVE_INFINITY) && at < (range.to ?? Number.POSITIVE_INFINITY);
  const parts = Math.max(2, Math.ceil(total / size));
  const cuts = new Set<number>();
  for (let n = 1; n < parts; n++) {
    const at = created[Math.floor((n * created.length) / parts)];
    if (at === undefined) continue;
    // Whole seconds are understood by every search; milliseconds are the second choice.
    const border = [floor(at, SECOND), at].find(border => inside(border) && border > (created[0] as number));
    if (border !== undefined) cuts.add(border);
  }
  return [...cuts].sort((a, b) => a - b);
}
