// How many requests the pages of a stream take beside one each, judged by some of them. Pure arithmetic on what walk.ts does.

import { MIN_ORDERED_SECONDS, secondsIn } from '../sync/keyset-reader.ts';
import { floorToSecond } from '../sync/pages.ts';
import type { DatedRecord, Page } from '../sync/source.ts';

/** Something is asked for twice now and then, also where no two records are of one second. */
const LEAST = 1.02;
/** Where a page is too small to prove that it is in order, or its records too much of a time, it is asked for twice. */
const TWICE = 2;

/** Requests for so many full pages of a stream, over their number. */
export function perPageOf(pages: readonly Page[]): number {
  if (pages.some(({ size }) => size <= MIN_ORDERED_SECONDS)) return TWICE;
  const full = pages.filter(({ found, size }) => found.length >= size);
  if (full.length === 0) return LEAST;
  const mean = full.reduce((sum, { found }) => sum + requestsForOne(found), 0) / full.length;
  return Math.min(TWICE, Math.max(LEAST, mean));
}

/**
 * The records of the last second of a page are asked for again with the next one. Where a page ends is chance, so this is
 * the mean over all records of the page, as if each had been the last.
 */
function requestsForOne(found: readonly DatedRecord[]): number {
  const ends = beginnings(found);
  const again = ends.reduce((sum, end) => sum + againAfter(end), 0) / ends.length;
  // Of so few seconds, nothing proves the order.
  return secondsIn(found) > MIN_ORDERED_SECONDS ? 1 / (1 - again / found.length) : TWICE;
}

/** A page as it would be if it ended with its first record, its second, and so on. */
function beginnings(found: readonly DatedRecord[]): (readonly DatedRecord[])[] {
  return found.map((_, n) => found.slice(0, n + 1));
}

/** How many records are asked for again after such a page: those of its last second. */
function againAfter(found: readonly DatedRecord[]): number {
  const last = floorToSecond(found.at(-1)?.at ?? 0);
  return found.filter(({ at }) => at >= last).length;
}
