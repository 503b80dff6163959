// How a small window is read whole without trusting the order of the search: an instant shared by more records than a
// page holds, or a second whose records come unsorted. Pure, as walk.ts is.
//
// The pages of the window are read through and counted against what the search says is there. Where the order changes
// from one request to the next, or the window is larger than a search may reach, it is cut by `created_at` into parts
// that fit one page each: a single page needs no order. Parts are handed on as they come, so that only ids are held of a
// window of any size.
import type { Interval } from './intervals.ts';
import { floor, hasOutOfWindowRecords, inconsistentSearch, recordsIn, SECOND, withImputedDates } from './pages.ts';
import type { CreatedRange, DatedRecord, Page, SearchIndex, SearchRequest } from './source.ts';

/** Records of a window that is not known to be whole yet: they count once everything up to `until` is handed on. */
export interface Stage {
  readonly stage: readonly DatedRecord[];
  readonly until: number;
}

/**
 * The deepest result that a search surely gives: AWS and the web app say 10,000, Kustomer 100 pages
 * (docs/kustomer-api.md#search-depth). It may be the most that a search counts, too, so a total that is just this says
 * nothing.
 */
const REACH = 10_000;
/**
 * The other limit, which is Kustomer's own. It keeps page 101 from ever being asked for
 * (docs/kustomer-api.md#search-depth), and what cannot be cut is read as far as this.
 */
const MOST_PAGES = 100;
/** Passes over a window that cannot be cut and comes in another order each time. Random orders need about ln(records) + 3. */
const MOST_PASSES = 40;
/** How often a window is read part by part before it is taken for one that cannot be cut: each may take hundreds of pages. */
const MOST_TRIES = 3;
/** How full a part should be: parts are cut by a sample, so some come out larger than planned. */
const FILL = 0.7;

const EVERYTHING: CreatedRange = { from: null, to: null };

/**
 * Reads all records of a window: returns them, less those that it has handed on in parts.
 * @throws SyncError `inconsistent` when they cannot all be had.
 */
export function* readTies(window: Interval, index: SearchIndex): Generator<SearchRequest | Stage, DatedRecord[], Page> {
  const ask = { index, from: floor(window.from, SECOND), to: window.to };
  const handed = new Set<string>();
  const fresh = (found: readonly DatedRecord[]) =>
    recordsIn(found, window.from, window.to).filter(({ resource }) => !handed.has(resource.id));

  for (let tries = 1; ; tries++) {
    const seen = new Set<string>();
    for (const ranges = [EVERYTHING]; ranges.length > 0; ) {
      const range = ranges.shift() as CreatedRange;
      const read = yield* readRange(ask, range, tries <= MOST_TRIES);
      if ('cuts' in read) {
        ranges.unshift(...split(range, read.cuts));
        continue;
      }
      const part = fresh(read.found);
      if (range === EVERYTHING) return part;
      for (const { resource } of read.found) seen.add(resource.id);
      for (const { resource } of part) handed.add(resource.id);
      yield { stage: part, until: window.to };
    }
    // Records leave an instant and never enter it, so what was in no part when it was read is not in the window when all
    // are; but one without a `created_at` is in no part at all.
    const page = yield { ...ask, created: null, page: 1 };
    if (!page.timedOut && seen.size >= (page.total ?? 0)) return [];
  }
}

/** Reads a range of the window: all its records, or where to cut it. */
function* readRange(
  window: Omit<SearchRequest, 'page' | 'created'>,
  range: CreatedRange,
  mayCut: boolean,
): Generator<SearchRequest, { found: DatedRecord[] } | { cuts: number[] }, Page> {
  const ask = { ...window, created: range === EVERYTHING ? null : range };
  // Everything that comes is counted, also what a search by whole seconds adds from just outside the window.
  let kept = new Map<string, DatedRecord>();
  let total = 0;
  let reach = REACH;
  for (let pass = 1; ; pass++) {
    const { found, steady, beyond, size, pages, ...seen } = yield* readPages(ask, reach);
    // Records came or went: what was seen before proves nothing about what is there now. And what comes with something
    // that speaks against it is not counted at all.
    if (!steady || seen.total !== total) kept = new Map();
    if (steady) for (const each of found) kept.set(each.resource.id, each);
    total = seen.total;
    if (steady && !beyond && kept.size >= total) {
      // A total that was too low, and a record that left before the second page: one that moved up to the first page was
      // seen on neither, and the numbers agree.
      if (pages === 1 || isKnown(yield { ...ask, page: 1 }, kept, total)) return { found: [...kept.values()] };
      kept = new Map();
    }

    const cuts = mayCut ? splitByCreatedAt(found, range, total, size) : [];
    if (cuts.length > 0) return { cuts };
    // The window may be a second; most of what is in it tells which instant it is that is too much.
    const inside = recordsIn(found, window.from, window.to);
    const at = inside[inside.length >> 1]?.at ?? window.from;
    if (beyond && pass > 1) {
      if (reach === REACH && total > REACH && total < MOST_PAGES * size) {
        reach = MOST_PAGES * size;
        continue;
      }
      throw inconsistentSearch(
        `has more records of one instant than it gives (${total}), and \`created_at\` does not tell them apart`,
        at,
      );
    }
    if (pass === MOST_PASSES) {
      throw inconsistentSearch(
        `says that there are ${total} records where it gives ${Math.max(kept.size, found.length)}`,
        at,
      );
    }
  }
}

function isKnown({ found, total }: Page, kept: ReadonlyMap<string, DatedRecord>, before: number): boolean {
  return total === before && found.every(({ resource }) => kept.has(resource.id));
}

/** What one pass over the pages of a window has shown. */
interface Pass {
  readonly found: readonly DatedRecord[];
  readonly total: number;
  readonly size: number;
  readonly pages: number;
  /** Nothing came or went while it was read, and nothing else speaks against it. */
  readonly steady: boolean;
  /** The window holds more than a search reaches, so the pass was not finished. */
  readonly beyond: boolean;
}

/** @param deepest how far down a result is read. Beyond what it surely gives, a search may give nothing. */
function* readPages(ask: Omit<SearchRequest, 'page'>, deepest: number): Generator<SearchRequest, Pass, Page> {
  const found = new Map<string, DatedRecord>();
  let total: number | null = null;
  let received = 0;
  let steady = true;
  for (let number = 1; ; number++) {
    const page = yield { ...ask, page: number };
    const before = found.size;
    for (const each of withImputedDates(page.found, ask.from)) found.set(each.resource.id, each);
    received += page.found.length;
    if (number === 1) total = page.total;
    if (page.timedOut || page.total !== total || hasOutOfWindowRecords(page.found, ask.from, ask.to)) steady = false;

    const all = total ?? 0;
    const asked = number * page.size;
    const reach = Math.min(deepest, MOST_PAGES * page.size);
    const pass = { found: [...found.values()], total: all, size: page.size, pages: number, steady, beyond: false };
    if (all >= reach || (page.found.length === 0 && asked > REACH && received < all)) return { ...pass, beyond: true };
    // The last page is one that is not full. What cannot be counted against a total is steady only if it came at once.
    if (page.found.length === 0 || (!page.hasMore && page.found.length < page.size)) {
      return { ...pass, steady: steady && (total === null ? number === 1 : received === total) };
    }
    // Further pages are promised and bring nothing new: the order changes, or the same page comes again.
    if (found.size === before && asked > all) return { ...pass, steady: false };
    if (asked + page.size > reach) return { ...pass, beyond: true };
  }
}

function split({ from, to }: CreatedRange, cuts: readonly number[]): CreatedRange[] {
  const borders = [from, ...cuts, to];
  return borders.slice(1).map((border, n) => ({ from: borders[n] as number | null, to: border }));
}

/**
 * Where to cut a range of `created_at` so that each part fits a page of `size`, going by a sample of its records. Empty
 * when the sample does not show how.
 */
export function splitByCreatedAt(
  sample: readonly DatedRecord[],
  range: CreatedRange,
  total: number,
  size: number,
): number[] {
  const created = sample
    .map(({ resource }) => Date.parse(String(resource.attributes?.createdAt)))
    .filter(at => !Number.isNaN(at))
    .sort((a, b) => a - b);
  const parts = Math.max(2, Math.ceil(total / Math.max(1, size * FILL)));
  const cuts = new Set<number>();
  for (let n = 1; n < parts; n++) {
    const at = created[Math.floor((n * created.length) / parts)] as number;
    // Whole seconds are understood by every search; milliseconds are the second choice.
    const border = [floor(at, SECOND), at].find(border => isInside(border, range) && border > (created[0] as number));
    if (border !== undefined) cuts.add(border);
  }
  return [...cuts];
}

function isInside(at: number, range: CreatedRange): boolean {
  return at > (range.from ?? Number.NEGATIVE_INFINITY) && at < (range.to ?? Number.POSITIVE_INFINITY);
}
