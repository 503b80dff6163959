// How one slice of a search stream is read exactly, oldest first. Pure: a generator that says what to ask for next, is
// given the page, and says which records are whole. Everything that could lose or double a record is decided here.
//
// The page is always the first one, from the last instant known to be whole: a page number over a result that changes
// would skip records. Records of one instant are handed on together, and only when it is known that there are no more
// of them; so any point between two hand-overs is a place to go on from, without doubles and without gaps. What a page
// says is taken for true only where a lie would show; everything else is counted by whole.ts.
import { contradiction, dated, floor, hasStrangers, SECOND, within } from './pages.ts';
import type { Ask, Found, Page, Side } from './source.ts';
import { readWhole } from './whole.ts';

/** A part of a stream's work. `from` moves up as it is read; `to` may be moved down to give the rest to another reader. */
export interface Slice {
  from: number;
  to: number;
  /** Up to here it is being read in one piece, and must not be cut. */
  held: number;
}

/** Records that are whole: all there are with `from <= updated_at < until`, where `from` is where the last ones ended. */
export interface Whole {
  readonly whole: readonly Found[];
  readonly until: number;
}

/**
 * What has been learned about a search and holds for all its slices: what it compares times by, milliseconds (1) or whole
 * seconds (1000), of which the documents say nothing (kustomer-api.md 13.4). 0 as long as it is not known: then whole
 * seconds are handed on, which is right for both.
 */
export interface Senses {
  grain: 0 | 1 | 1_000;
}

/** A page with more instants than this cannot be in order by chance. */
const FEW = 12;
/** How often a result that contradicts itself is asked for again before the stream is given up. */
const PATIENCE = 5;

export function isWhole(step: Ask | Whole): step is Whole {
  return 'whole' in step;
}

/**
 * Reads a slice. Yields what to ask for (and expects the page) or what is whole (and expects nothing).
 * @throws SyncError `inconsistent` when the source contradicts itself and asking again does not help.
 */
export function* walk(slice: Slice, senses: Senses, side: Side): Generator<Ask | Whole, void, Page> {
  let width = Number.POSITIVE_INFINITY;
  let patience = PATIENCE;
  let reached = slice.from;
  while (slice.from < slice.to) {
    if (slice.from > reached) {
      reached = slice.from;
      patience = PATIENCE;
      width *= 2;
    }
    const from = floor(slice.from, senses.grain || 1);
    const asked = Math.min(slice.to, floor(slice.from + width, SECOND));
    const page = yield { side, from, to: asked, created: null, page: 1 };
    const strange = hasStrangers(page.found, from, asked);
    if (senses.grain === 0 && !strange && !isEnd(page) && isCrowded(page))
      senses.grain = yield* learnGrain(page.found, side);
    // The slice may have been shortened meanwhile: what lies beyond its end is another reader's now.
    const to = Math.min(asked, slice.to);
    const found = within(dated(page.found, from), floor(from, SECOND), to);

    if (isEnd(page) && !strange) {
      yield hand(slice, found, to);
    } else if (strange || (page.timedOut && asked - slice.from <= SECOND) || (page.found.length === 0 && page.total)) {
      // Records of another time stand where others are missing; a stale index, and a fault, are over soon.
      if (patience-- === 0) throw contradiction('does not give the records it was asked for', from);
    } else if (page.found.length === 0) {
      yield hand(slice, [], to);
    } else if (found.length === 0) {
      // All of it lies beyond the end as it is now: what lies before is asked for next.
    } else if (page.timedOut || !isSorted(found)) {
      // A smaller window is easier on the search, and one that fits a page needs no order.
      if (asked - slice.from > SECOND) width = Math.max(SECOND, floor((asked - slice.from) / 2, SECOND));
      else yield* readPiece(slice, asked, side);
    } else {
      const grain = senses.grain || SECOND;
      const last = floor((found.at(-1) as Found).at, grain);
      if (last > slice.from && isTrusted(page, found, grain)) {
        const whole = found.filter(({ at }) => at < last);
        yield hand(slice, whole, last);
      } else {
        // Up to the last second, or that second itself: borders that mean the same to every search.
        const start = floor(last, SECOND);
        const instant = grain === 1 && isOne(found) ? last + 1 : start + SECOND;
        yield* readPiece(slice, start > slice.from ? start : Math.min(instant, to), side);
      }
    }
  }
}

/** Reads from where the slice is up to a border in one piece, counted. */
function* readPiece(slice: Slice, until: number, side: Side): Generator<Ask | Whole, void, Page> {
  slice.held = until;
  yield hand(slice, yield* readWhole({ from: slice.from, to: until }, side), until);
}

/** Hands records on and moves the slice behind them. */
function hand(slice: Slice, found: readonly Found[], until: number): Whole {
  const whole = found.filter(({ at }) => at >= slice.from && at < until);
  slice.from = until;
  return { whole, until };
}

/** Whether a first page is all there is, by everything it says of itself. A full page never is: something may follow. */
function isEnd(page: Page): boolean {
  if (page.timedOut || page.more || page.found.length >= page.size) return false;
  return page.total === null || page.total === page.found.length;
}

/** Whether what a page shows before its last instant is all there is of it: it is full, and in order by more than chance. */
function isTrusted(page: Page, found: readonly Found[], grain: number): boolean {
  return page.found.length >= page.size && new Set(found.map(({ at }) => floor(at, grain))).size > FEW;
}

/** Whether so many records share the last second that it pays to know whether they can be told apart: else it is read again. */
function isCrowded({ found, size }: Page): boolean {
  const last = floor(found.at(-1)?.at ?? 0, SECOND);
  return found.filter(({ at }) => at >= last).length > size / 20;
}

function isOne(found: readonly Found[]): boolean {
  return (found[0] as Found).at === (found.at(-1) as Found).at;
}

/** Whether records come oldest first, which a search by whole seconds need only do by seconds. */
function isSorted(found: readonly Found[]): boolean {
  return found.every(({ at }, n) => n === 0 || floor(at, SECOND) >= floor((found[n - 1] as Found).at, SECOND));
}

/**
 * Finds out what a search compares times by: whether it shows a record to somebody who asks for what comes a millisecond
 * after it. 0 when the record has gone meanwhile, or none is fit to be asked for.
 */
function* learnGrain(found: readonly Found[], side: Side): Generator<Ask, Senses['grain'], Page> {
  const record = found.find(({ at, undated }) => at % SECOND !== SECOND - 1 && !undated);
  if (record === undefined) return 0;
  const to = floor(record.at, SECOND) + SECOND;
  const shows = (page: Page) => page.found.some(({ resource }) => resource.id === record.resource.id);
  const after = yield { side, from: record.at + 1, to, created: null, page: 1 };
  if (shows(after)) return SECOND;
  if (!isEnd(after)) return 0;
  const itself = yield { side, from: record.at, to, created: null, page: 1 };
  return shows(itself) ? 1 : 0;
}
