/**
 * Reads a small window whole without trusting the order of the search: a tie group (more records of one second than a
 * page holds), or seconds that come unsorted. Pure.
 *
 * The reader goes through the pages and counts the records against the total that the search reports. Where the order
 * changes between requests, or the window holds more than a search returns, the reader splits the window by `created_at`
 * into ranges that fit on one page each: a single page needs no order. It keeps only the ids of what it has staged.
 */
import type { Interval } from './intervals.ts';
import { floorToSecond, hasOutOfWindowRecords, inconsistentSearch, recordsIn, withImputedDates } from './pages.ts';
import {
  type CreatedRange,
  type DatedRecord,
  type Page,
  SEARCH_CAP,
  type SearchIndex,
  type SearchRequest,
  timeIn,
} from './source.ts';
import type { Steps } from './steps.ts';

/**
 * The other limit of a result, beside {@link SEARCH_CAP} (docs/kustomer-api.md#search-depth); a window that cannot be split
 * is read up to it.
 */
const MAX_PAGES = 100;
/** Passes over a window whose order changes each time. A random order takes about ln(records) + 3. */
const MAX_PASSES = 40;
/** Attempts to read a window range by range, each of which may take hundreds of requests. */
const MAX_SPLIT_ATTEMPTS = 3;
/** Part of a page that a range should fill: boundaries come from a sample, so some ranges get more than planned. */
const TARGET_FILL = 0.7;

type Window = Omit<SearchRequest, 'page' | 'created'>;

/**
 * Reads all records of a window.
 * @returns the records that were not staged on the way
 * @throws SyncError `search-inconsistent` when the search does not return all records that it reports
 */
export function* readTies(range: Interval, index: SearchIndex): Steps<DatedRecord[]> {
  const window = { index, from: floorToSecond(range.from), to: range.to };
  const staged = new Set<string>();
  for (let attempt = 1; ; attempt++) {
    const seen = new Set<string>();
    const pending: (CreatedRange | null)[] = [null];
    for (let created = pending.shift(); created !== undefined; created = pending.shift()) {
      const result = yield* readCreatedRange(window, created, attempt <= MAX_SPLIT_ATTEMPTS);
      if ('boundaries' in result) {
        pending.unshift(...splitAt(created, result.boundaries));
        continue;
      }
      const records = recordsIn(result.found, range.from, range.to).filter(({ resource }) => !staged.has(resource.id));
      if (created === null) return records;
      for (const { resource } of result.found) seen.add(resource.id);
      for (const { resource } of records) staged.add(resource.id);
      yield { action: 'stage', records, until: range.to };
    }
    // An update moves a record out of the window, never into it, so no record slips between the ranges. But a record
    // without a `created_at` is in none of them.
    const page = yield { ...window, created: null, page: 1 };
    if (!page.timedOut && seen.size >= (page.total ?? 0)) return [];
  }
}

/** Reads the records of a window that were created in a range, or says where to split the range. */
function* readCreatedRange(
  window: Window,
  created: CreatedRange | null,
  maySplit: boolean,
): Steps<{ found: DatedRecord[] } | { boundaries: number[] }> {
  const search = { ...window, created };
  // The count includes the records just outside of the range that a search by whole seconds returns.
  let seen = new Map<string, DatedRecord>();
  let total = 0;
  let maxRecords = SEARCH_CAP;
  for (let number = 1; ; number++) {
    const pass = yield* readPages(search, maxRecords);
    // Records came or went, so what was seen before proves nothing now. A pass that contradicts itself does not count.
    if (!pass.isConsistent || pass.reported !== total) seen = new Map();
    if (pass.isConsistent) for (const record of pass.found) seen.set(record.resource.id, record);
    total = pass.reported;
    if (pass.isConsistent && !pass.isTooLarge && seen.size >= total) {
      // The count can agree by chance: the total was too low, and another record moved up to the first page after that
      // page was read. So the first page of several is read again.
      if (pass.pages === 1 || isSeen(yield { ...search, page: 1 }, seen, total)) return { found: [...seen.values()] };
      seen = new Map();
    }

    const boundaries = maySplit ? splitByCreatedAt(pass.found, created, total, pass.size) : [];
    if (boundaries.length > 0) return { boundaries };
    if (pass.isTooLarge && number > 1) {
      const isInPages = total > SEARCH_CAP && total < MAX_PAGES * pass.size;
      if (maxRecords !== SEARCH_CAP || !isInPages) {
        const what = `has more records of one second than it returns (${total})`;
        throw inconsistentSearch(`${what}, and \`created_at\` does not tell them apart`, timeOf(pass, window));
      }
      maxRecords = MAX_PAGES * pass.size;
    } else if (number === MAX_PASSES) {
      const returned = Math.max(seen.size, pass.found.length);
      throw inconsistentSearch(`reports ${total} records but returns ${returned}`, timeOf(pass, window));
    }
  }
}

function isSeen({ found, total }: Page, seen: ReadonlyMap<string, DatedRecord>, totalBefore: number): boolean {
  return total === totalBefore && found.every(({ resource }) => seen.has(resource.id));
}

/** The time (ms) of most records of the window. */
function timeOf({ found }: Pass, { from, to }: Window): number {
  const inWindow = recordsIn(found, from, to);
  return inWindow[inWindow.length >> 1]?.at ?? from;
}

/** One pass over the pages of a search. */
interface Pass {
  readonly found: readonly DatedRecord[];
  /** Records that the search reports. */
  readonly reported: number;
  /** Records of a full page. */
  readonly size: number;
  readonly pages: number;
  /** Nothing shows that records came or went meanwhile, or that the search was wrong. */
  readonly isConsistent: boolean;
  /** The search has more records than it returns, so the pass was not finished. */
  readonly isTooLarge: boolean;
}

/** @param maxRecords how deep the result is read. Beyond what a search reliably returns, it may return nothing. */
function* readPages(search: Omit<SearchRequest, 'page'>, maxRecords: number): Steps<Pass> {
  const found = new Map<string, DatedRecord>();
  let total: number | null = null;
  let received = 0;
  let isConsistent = true;
  for (let number = 1; ; number++) {
    const page = yield { ...search, page: number };
    const known = found.size;
    for (const record of withImputedDates(page.found, search.from)) found.set(record.resource.id, record);
    received += page.found.length;
    if (number === 1) total = page.total;
    const { size } = page;
    const isEmpty = page.found.length === 0;
    // A later page that has nothing and says nothing is one that there is not.
    const isTotalKept = page.total === total || (isEmpty && page.total === null);
    if (page.timedOut || !isTotalKept || hasOutOfWindowRecords(page.found, search.from, search.to)) {
      isConsistent = false;
    }

    const reported = total ?? 0;
    const requested = number * size;
    const limit = Math.min(maxRecords, MAX_PAGES * size);
    const end = (isTooLarge: boolean, isCounted = true): Pass => {
      const records = [...found.values()];
      return { found: records, reported, size, pages: number, isConsistent: isConsistent && isCounted, isTooLarge };
    };
    if (reported >= limit || (isEmpty && requested > SEARCH_CAP && received < reported)) return end(true);
    // The last page is one that is not full. Without a total to count against, only a single page is proof.
    if (isEmpty || (!page.hasMore && page.found.length < size)) {
      return end(false, total === null ? number === 1 : received === total);
    }
    // A link leads to another page and nothing new comes: the order changes, or the same page comes again.
    if (found.size === known && requested > reported) return end(false, false);
    if (requested + size > limit) return end(true);
  }
}

function splitAt(range: CreatedRange | null, boundaries: readonly number[]): CreatedRange[] {
  const starts = [range?.from ?? null, ...boundaries];
  return starts.map((from, n) => ({ from, to: boundaries[n] ?? range?.to ?? null }));
}

/**
 * Where to split a range of `created_at` so that each part fits on a page.
 * @param sample some of its `total` records
 * @param size records of a full page
 * @returns boundaries (ms), ascending; empty when the sample does not tell
 */
export function splitByCreatedAt(
  sample: readonly DatedRecord[],
  range: CreatedRange | null,
  total: number,
  size: number,
): number[] {
  const created = sample
    .map(({ resource }) => timeIn(resource.attributes?.createdAt))
    .filter(at => !Number.isNaN(at))
    .sort((a, b) => a - b);
  const first = Math.max(created[0] ?? 0, range?.from ?? Number.NEGATIVE_INFINITY);
  const last = range?.to ?? Number.POSITIVE_INFINITY;
  // A sample has no more boundaries than records, whatever the total says.
  const parts = Math.min(created.length + 1, Math.max(2, Math.ceil(total / Math.max(1, size * TARGET_FILL))));
  const boundaries = new Set<number>();
  for (let n = 1; n < parts; n++) {
    const at = created[Math.floor((n * created.length) / parts)] as number;
    // Every search understands whole seconds; milliseconds are the second choice.
    const boundary = [floorToSecond(at), at].find(each => each > first && each < last);
    if (boundary !== undefined) boundaries.add(boundary);
  }
  return [...boundaries];
}
