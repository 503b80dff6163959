/**
 * Reads one slice of a search stream exactly, oldest first. Pure.
 *
 * The reader requests page 1 only, starting at the time up to which everything is read (keyset pagination): page numbers
 * over a result that changes would skip records. Records of one second are committed together, and only when no more of
 * them can follow, so the end of every commit is a safe place to resume. A page is trusted where an error in it would
 * show; everything else goes through the tie reader, which counts.
 */
import {
  floorToSecond,
  hasOutOfWindowRecords,
  inconsistentSearch,
  recordsIn,
  SECOND_MS,
  withImputedDates,
} from './pages.ts';
import type { DatedRecord, Page, SearchIndex } from './source.ts';
import type { Batch, Slice, Steps } from './steps.ts';
import { readTies } from './tie-reader.ts';

/** A page with records of more seconds than this, in ascending order, is not sorted by chance. */
export const MIN_ORDERED_SECONDS = 12;
/** Requests in a row that bring no progress because the result contradicts itself. */
const MAX_RETRIES = 5;

/** The next request. */
interface SliceProgress {
  /** How much of the slice it covers. */
  widthMs: number;
  /** By what the width is multiplied for the request after it. */
  growth: number;
  retriesLeft: number;
}

/** @throws SyncError `search-inconsistent` when the search contradicts itself, also after retries */
export function* readByKeyset(slice: Slice, index: SearchIndex): Steps {
  const progress = { widthMs: Number.POSITIVE_INFINITY, growth: 2, retriesLeft: MAX_RETRIES };
  while (slice.from < slice.to) {
    const { from } = slice;
    yield* readKeysetPage(slice, index, progress);
    if (slice.from > from) {
      progress.retriesLeft = MAX_RETRIES;
      progress.widthMs = Math.max(SECOND_MS, progress.widthMs * progress.growth);
    }
  }
}

/** A generator for each page: the frame of a loop would keep the page in memory while the next one is awaited. */
function* readKeysetPage(slice: Slice, index: SearchIndex, progress: SliceProgress): Steps {
  const from = floorToSecond(slice.from);
  const requestedTo = Math.min(slice.to, floorToSecond(slice.from + progress.widthMs));
  const page = yield { index, from, to: requestedTo, created: null, page: 1 };
  const isOutOfWindow = hasOutOfWindowRecords(page.found, from, requestedTo);
  // The slice may have been split meanwhile: what lies beyond its end belongs to another reader.
  const to = Math.min(requestedTo, slice.to);
  const found = recordsIn(withImputedDates(page.found, slice.from), from, to);
  progress.growth = page.isUnordered ? Math.min(MAX_GROWTH, fractionOf(page)) : 2;
  const isNarrow = requestedTo - slice.from <= SECOND_MS;

  if (isEnd(page) && !isOutOfWindow) {
    yield commitUntil(slice, found, to);
  } else if (found.length === 0 && to < requestedTo) {
    // All records lie beyond the new end of the slice; the next request is for what lies before it.
  } else if (isOutOfWindow || (page.timedOut ? isNarrow : found.length === 0)) {
    // Records are missing, or out-of-window records have taken their place: a stale index or a fault, which is over soon.
    if (progress.retriesLeft-- === 0) throw inconsistentSearch('does not return the requested records', slice.from);
  } else if (page.timedOut || !isSorted(found) || (!isNarrow && !provesOrder(page))) {
    // A smaller window is easier on the search, and a window that fits on one page needs neither order nor dates.
    const fraction = page.isUnordered ? Math.min(1 / 2, fractionOf(page)) : 1 / 2;
    progress.widthMs = Math.max(SECOND_MS, floorToSecond((requestedTo - slice.from) * fraction));
  } else {
    yield* readSortedPage(slice, index, page, found);
  }
}

/** @param found the records of the page that belong to the slice; at least one */
function* readSortedPage(slice: Slice, index: SearchIndex, page: Page, found: readonly DatedRecord[]): Steps {
  const [firstAt, lastAt] = [found[0]?.at as number, found.at(-1)?.at as number];
  const lastSecond = floorToSecond(lastAt);
  const seconds = new Set(found.map(({ at }) => floorToSecond(at))).size;
  // A page that is full and sorted has all records before its last second.
  if (page.found.length >= page.size && seconds > MIN_ORDERED_SECONDS) {
    yield commitUntil(slice, found, lastSecond);
  } else {
    // The last second is counted by itself: it may go on beyond the page.
    const until = firstAt < lastSecond ? lastSecond : lastSecond + SECOND_MS;
    slice.splitBarrier = until;
    yield commitUntil(slice, yield* readTies({ from: slice.from, to: until }, index), until);
  }
}

/** Commits the records before `until` (ms), and moves the start of the slice there. */
function commitUntil(slice: Slice, found: readonly DatedRecord[], until: number): Batch {
  const records = recordsIn(found, slice.from, until);
  slice.from = until;
  return { action: 'commit', records, until };
}

/** Whether everything on a first page says that it is the only one. A full page never is: another may follow. */
function isEnd(page: Page): boolean {
  if (page.timedOut || page.found.length >= page.size) return false;
  // An empty result may still have a link to a next page.
  if (page.found.length === 0 && page.total === 0) return true;
  return !page.hasMore && (page.total === null || page.total === page.found.length);
}

/** Without an order, a page should be so full: a window with more than a page is read in vain. */
const TARGET_FILL = 0.7;
const MAX_GROWTH = 8;

/** The part of the window of a page, or the multiple of it, that should have as many records as fit on a page. */
function fractionOf({ total, found, size }: Page): number {
  return (TARGET_FILL * size) / Math.max(1, total ?? 0, found.length);
}

/** Whether the order of the records on a page may be that of their times. */
function provesOrder({ found, isUnordered }: Page): boolean {
  return isUnordered !== true && found.some(({ at }) => !Number.isNaN(at));
}

/** Whether records come oldest first, by whole seconds. */
function isSorted(found: readonly DatedRecord[]): boolean {
  return found.every(({ at }, n) => n === 0 || floorToSecond(at) >= floorToSecond((found[n - 1] as DatedRecord).at));
}
