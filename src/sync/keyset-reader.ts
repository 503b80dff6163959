// How one slice of a search stream is read exactly, oldest first. Pure: a generator that says what to ask for next, is
// given the page, and says which records are whole. Everything that could lose or double a record is decided here.
//
// The page is always the first one, from the last instant known to be whole: a page number over a result that changes
// would skip records. Records of one instant are handed on together, and only when it is known that there are no more
// of them; so any point between two hand-overs is a place to go on from, without doubles and without gaps. What a page
// says is taken for true only where a lie would show; everything else is counted by whole.ts.
import { floor, hasOutOfWindowRecords, inconsistentSearch, recordsIn, SECOND, withImputedDates } from './pages.ts';
import type { DatedRecord, Page, SearchIndex, SearchRequest } from './source.ts';
import { readTies, type Stage } from './tie-reader.ts';

/** A part of a stream's work. `from` moves up as it is read; `to` may be moved down to give the rest to another reader. */
export interface Slice {
  from: number;
  to: number;
  /** Up to here it is being read in one piece, and must not be cut. */
  splitBarrier: number;
}

/** Records that are whole: all there are with `from <= updated_at < until`, where `from` is where the last ones ended. */
export interface Commit {
  readonly commit: readonly DatedRecord[];
  readonly until: number;
}

/** More instants than this cannot be in order by chance. */
export const MIN_ORDERED_INSTANTS = 12;
/** How often a result that contradicts itself is asked for again before the stream is given up. */
const MAX_RETRIES = 5;

export type Step = SearchRequest | Stage | Commit;

export function isCommit(step: Step): step is Commit {
  return 'commit' in step;
}

export function isStage(step: Step): step is Stage {
  return 'stage' in step;
}

/**
 * Reads a slice. Yields what to ask for (and expects the page), or what is whole or a part of it (and expects nothing).
 * @throws SyncError `inconsistent` when the source contradicts itself and asking again does not help.
 */
export function* readByKeyset(slice: Slice, index: SearchIndex): Generator<Step, void, Page> {
  const pace: WindowControl = { reached: slice.from, width: Number.POSITIVE_INFINITY, retriesLeft: MAX_RETRIES };
  while (slice.from < slice.to) {
    if (slice.from > pace.reached) {
      pace.reached = slice.from;
      pace.retriesLeft = MAX_RETRIES;
      pace.width *= 2;
    }
    yield* readKeysetPage(slice, index, pace);
  }
}

interface WindowControl {
  /** Where the slice was when it last got on. */
  reached: number;
  /** How much is asked about at a time, in milliseconds. */
  width: number;
  /** How often it may still be asked again in vain. */
  retriesLeft: number;
}

/** A generator of its own for each page: a frame that lived on would keep the page while the next one is awaited. */
function* readKeysetPage(slice: Slice, index: SearchIndex, pace: WindowControl): Generator<Step, void, Page> {
  const from = floor(slice.from, SECOND);
  const asked = Math.min(slice.to, floor(slice.from + pace.width, SECOND));
  const page = yield { index, from, to: asked, created: null, page: 1 };
  const strange = hasOutOfWindowRecords(page.found, from, asked);
  // The slice may have been shortened meanwhile: what lies beyond its end is another reader's now.
  const to = Math.min(asked, slice.to);
  const found = recordsIn(withImputedDates(page.found, slice.from), from, to);
  const isNarrow = asked - slice.from <= SECOND;

  if (isEnd(page) && !strange) {
    yield commitUpTo(slice, found, to);
  } else if (found.length === 0 && to < asked) {
    // All of it lies beyond the end as it is now: what lies before is asked for next.
  } else if (strange || (page.timedOut ? isNarrow : found.length === 0)) {
    // Records of another time stand where others are missing, or none where some must be; a stale index, and a fault,
    // are over soon.
    if (pace.retriesLeft-- === 0) throw inconsistentSearch('does not give the records it was asked for', slice.from);
  } else if (page.timedOut || !isSorted(found, SECOND)) {
    // A smaller window is easier on the search, and one that fits a page needs no order.
    pace.width = Math.max(SECOND, floor((asked - slice.from) / 2, SECOND));
  } else {
    const [first, last] = [found[0] as DatedRecord, found.at(-1) as DatedRecord];
    // Before its last instant a page is whole when it is full, and in order by more than chance.
    if (page.found.length >= page.size && instants(found, SECOND) > MIN_ORDERED_INSTANTS) {
      yield commitUpTo(slice, found, floor(last.at, SECOND));
    } else {
      const instant = floor(last.at, SECOND);
      yield* readTieGroup(slice, first.at < instant ? instant : instant + SECOND, index);
    }
  }
}

/** Reads from where the slice is up to a border in one piece, counted. */
function* readTieGroup(slice: Slice, until: number, index: SearchIndex): Generator<Step, void, Page> {
  slice.splitBarrier = until;
  yield commitUpTo(slice, yield* readTies({ from: slice.from, to: until }, index), until);
}

/** Hands on the records up to a border, and moves the slice behind them. */
function commitUpTo(slice: Slice, found: readonly DatedRecord[], until: number): Commit {
  const commit = recordsIn(found, slice.from, until);
  slice.from = until;
  return { commit, until };
}

/** Whether a first page is all there is, by everything it says of itself. A full page never is: something may follow. */
function isEnd(page: Page): boolean {
  if (page.timedOut || page.found.length >= page.size) return false;
  // Where nothing is, and is counted, a link leads on to nothing.
  if (page.found.length === 0 && page.total === 0) return true;
  return !page.hasMore && (page.total === null || page.total === page.found.length);
}

function instants(found: readonly DatedRecord[], grain: number): number {
  return new Set(found.map(({ at }) => floor(at, grain))).size;
}

/** Whether records come oldest first, as far as times are told apart. */
function isSorted(found: readonly DatedRecord[], grain: number): boolean {
  return found.every(({ at }, n) => n === 0 || floor(at, grain) >= floor((found[n - 1] as DatedRecord).at, grain));
}
