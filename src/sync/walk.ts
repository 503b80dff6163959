// How one slice of a search stream is read exactly, oldest first. Pure: a generator that says what to ask for next, is
// given the page, and says which records are whole. Everything that could lose or double a record is decided here.
//
// The page is always the first one, from the last instant known to be whole: a page number over a result that changes
// would skip records. Records of one instant are handed on together, and only when it is known that there are no more
// of them; so any point between two hand-overs is a place to go on from, without doubles and without gaps.
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
 * What has been learned about a source and holds for all its slices: `grain` is 1 where it compares milliseconds and
 * 1000 where it compares whole seconds (kustomer-api.md 13.4).
 */
export interface Senses {
  grain: 1 | 1_000;
}

/** A page with more instants than this cannot be in order by chance. */
const FEW = 3;
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
  let suspect = '';
  while (slice.from < slice.to) {
    const { from } = slice;
    if (from > reached) {
      reached = from;
      patience = PATIENCE;
      width *= 2;
    }
    const asked = Math.min(slice.to, floor(from + width, SECOND));
    const page = yield { side, from, to: asked, created: null, page: 1 };
    // The slice may have been shortened meanwhile: what lies beyond its end is another reader's now.
    const to = Math.min(asked, slice.to);
    const found = dated(page.found, from);
    const inside = within(found, from, to);
    if (comparesSeconds(found, from)) senses.grain = SECOND;

    // A page with records of another time, or one that is neither full nor the last, may lack some of this window: it is
    // asked for again, and believed when it comes again as it was. A stale index is over soon; a smaller page is not.
    const doubtful = hasStrangers(found, from, asked) || (!isEnd(page) && page.found.length < page.size);
    if (doubtful && page.found.length > 0 && suspect !== idsOf(page)) {
      suspect = idsOf(page);
      if (patience-- === 0) throw contradiction('gives something else each time it is asked', from);
    } else if (isEnd(page)) {
      yield hand(slice, inside, to);
    } else if (page.timedOut || !isSorted(inside, senses)) {
      // A smaller window is easier on the search, and one that fits a page needs no order.
      if (asked - from > SECOND) {
        width = Math.max(SECOND, floor((asked - from) / 2, SECOND));
      } else if (page.timedOut) {
        if (patience-- === 0) throw contradiction('stays cut short', from);
      } else {
        slice.held = asked;
        yield hand(slice, yield* readWhole({ from, to: asked }, side), asked);
      }
    } else if (inside.length === 0 && comparesSeconds(found, from)) {
      // The page is full of what comes before the asked millisecond in its second.
      const rest = { from, to: Math.min(floor(from, SECOND) + SECOND, asked) };
      slice.held = rest.to;
      yield hand(slice, yield* readWhole(rest, side), rest.to);
    } else if (inside.length === 0) {
      if (page.found.length === 0 && (page.total ?? 0) === 0) yield hand(slice, [], to);
      else if (patience-- === 0) throw contradiction('gives no record of a window that it says is not empty', from);
    } else {
      // Another reader may learn meanwhile what the search compares; this page is judged by one measure.
      const { grain } = senses;
      const first = floor((inside[0] as Found).at, grain);
      const last = floor((inside.at(-1) as Found).at, grain);
      if (first < last && new Set(inside.map(({ at }) => floor(at, grain))).size > FEW) {
        const whole = inside.filter(({ at }) => at < last);
        yield hand(slice, whole, last);
      } else if (first < last) {
        // Records of so few instants may come in order although the search has ignored the order, so they are counted.
        const start = floor(last, SECOND);
        slice.held = start > from ? start : start + SECOND;
        yield hand(slice, yield* readWhole({ from, to: slice.held }, side), slice.held);
      } else {
        slice.held = first + grain;
        // A page of one instant looks sorted whatever its order, so what comes before is looked at by itself.
        const start = floor(first, SECOND);
        if (start > from) yield hand(slice, yield* readWhole({ from, to: start }, side), start);
        const instant = { from: Math.max(from, start), to: first + grain };
        const group = yield* readWhole(instant, side);
        // Its records were there a moment ago. Either they have just been updated, or a search for one millisecond
        // finds nothing because only whole seconds are compared: then the second is read as one.
        if (group.length === 0 && grain === 1) senses.grain = SECOND;
        else yield hand(slice, group, instant.to);
      }
    }
  }
}

/** Hands records on and moves the slice behind them. */
function hand(slice: Slice, whole: readonly Found[], until: number): Whole {
  slice.from = until;
  return { whole, until };
}

/** Whether a first page is all there is, by everything it says of itself. Anything less is confirmed by asking on. */
function isEnd(page: Page): boolean {
  // A full page that says it is all is believed only when nothing comes after it.
  if (page.timedOut || page.more || page.found.length >= page.size) return false;
  return page.total === null || page.total === page.found.length;
}

function idsOf(page: Page): string {
  return page.found.map(({ resource }) => resource.id).join(' ');
}

/** A search that compares whole seconds also gives the records of the second before the asked millisecond. */
function comparesSeconds(found: readonly Found[], from: number): boolean {
  return found.some(({ at }) => at < from && at >= floor(from, SECOND));
}

/** Whether records come oldest first, which a search by whole seconds promises for seconds only. */
function isSorted(found: readonly Found[], senses: Senses): boolean {
  const sorted = (grain: number) =>
    found.every(({ at }, n) => n === 0 || floor(at, grain) >= floor((found[n - 1] as Found).at, grain));
  if (sorted(senses.grain)) return true;
  if (!sorted(SECOND)) return false;
  senses.grain = SECOND;
  return true;
}
