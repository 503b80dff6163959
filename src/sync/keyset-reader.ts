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

/**
 * What has been learned about a search and holds for all its slices: what it compares times by, milliseconds (1) or whole
 * seconds (1000), of which the documents say nothing (docs/kustomer-api.md#date-precision). 0 as long as it is not
 * known: then whole seconds are handed on, which is right for both.
 */
export interface CursorGranularity {
  ms: 0 | 1 | 1_000;
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
export function* readByKeyset(
  slice: Slice,
  senses: CursorGranularity,
  index: SearchIndex,
): Generator<Step, void, Page> {
  const pace: WindowControl = { reached: slice.from, width: Number.POSITIVE_INFINITY, retriesLeft: MAX_RETRIES };
  while (slice.from < slice.to) {
    if (slice.from > pace.reached) {
      pace.reached = slice.from;
      pace.retriesLeft = MAX_RETRIES;
      pace.width *= 2;
    }
    yield* readKeysetPage(slice, senses, index, pace);
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
function* readKeysetPage(
  slice: Slice,
  senses: CursorGranularity,
  index: SearchIndex,
  pace: WindowControl,
): Generator<Step, void, Page> {
  const from = floor(slice.from, senses.ms || SECOND);
  const asked = Math.min(slice.to, floor(slice.from + pace.width, SECOND));
  const page = yield { index, from, to: asked, created: null, page: 1 };
  const strange = hasOutOfWindowRecords(page.found, from, asked);
  const shown = withImputedDates(page.found, slice.from);
  if (senses.ms === 0 && !strange && !isEnd(page) && endsInTieGroup(shown, page.size))
    senses.ms = yield* learnGranularity(shown, index);
  // The slice may have been shortened meanwhile: what lies beyond its end is another reader's now.
  const to = Math.min(asked, slice.to);
  const grain = senses.ms || SECOND;
  const found = recordsIn(shown, floor(slice.from, grain), to);
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
    const isDense = grain === 1 && endsDense(found);
    // Before its last instant a page is whole when it is full, and in order by more than chance.
    if (page.found.length >= page.size && (isDense || instants(found, SECOND) > MIN_ORDERED_INSTANTS)) {
      yield commitUpTo(slice, found, isDense ? last.at : floor(last.at, SECOND));
    } else {
      const instant = floor(last.at, grain);
      yield* readTieGroup(slice, first.at < instant ? instant : instant + grain, index, grain);
    }
  }
}

/** Reads from where the slice is up to a border in one piece, counted. */
function* readTieGroup(slice: Slice, until: number, index: SearchIndex, grain: number): Generator<Step, void, Page> {
  slice.splitBarrier = until;
  yield commitUpTo(slice, yield* readTies({ from: slice.from, to: until }, index, grain), until);
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

/** Whether so many records share the last second that it pays to know whether they can be told apart: else it is read again. */
export function endsInTieGroup(found: readonly DatedRecord[], size: number): boolean {
  return lastSecond(found).length > size / 20;
}

/** Whether the last second is in order by more than chance: a search that compares milliseconds need not sort by them. */
export function endsDense(found: readonly DatedRecord[]): boolean {
  const crowd = lastSecond(found);
  return isSorted(crowd, 1) && instants(crowd, 1) > MIN_ORDERED_INSTANTS;
}

export function lastSecond(found: readonly DatedRecord[]): readonly DatedRecord[] {
  const last = floor(found.at(-1)?.at ?? 0, SECOND);
  return found.filter(({ at }) => at >= last);
}

export function instants(found: readonly DatedRecord[], grain: number): number {
  return new Set(found.map(({ at }) => floor(at, grain))).size;
}

/** Whether records come oldest first, as far as times are told apart. */
function isSorted(found: readonly DatedRecord[], grain: number): boolean {
  return found.every(({ at }, n) => n === 0 || floor(at, grain) >= floor((found[n - 1] as DatedRecord).at, grain));
}

/**
 * Finds out what a search compares times by: whether it shows a record to somebody who asks for what comes a millisecond
 * after it, and only then to somebody who asks for its own. 0 when too many come after it to say, or none is fit for it.
 */
function* learnGranularity(
  found: readonly DatedRecord[],
  index: SearchIndex,
): Generator<SearchRequest, CursorGranularity['ms'], Page> {
  // At either end of a second, what is rounded and what is not look the same.
  const record = found.find(({ at, undated }) => at % SECOND > 0 && at % SECOND < SECOND - 1 && !undated);
  if (record === undefined) return 0;
  const to = floor(record.at, SECOND) + SECOND;
  const shows = (page: Page) => page.found.some(({ resource }) => resource.id === record.resource.id);
  // What shows records of another time, or more of them than it says there are, proves nothing.
  const isSound = ({ found, total }: Page) =>
    !hasOutOfWindowRecords(found, record.at, to) && found.length <= (total ?? found.length);
  const after = yield { index, from: record.at + 1, to, created: null, page: 1 };
  if (shows(after)) return SECOND;
  if (!isEnd(after) || !isSound(after)) return 0;
  const itself = yield { index, from: record.at, to, created: null, page: 1 };
  if (!isSound(itself)) return 0;
  return shows(itself) ? 1 : SECOND;
}
