// How many requests the pages of a stream take beside one each, judged by some of them. Pure arithmetic on what walk.ts does.

import { endsDense, endsInTieGroup, instants, lastSecond, MIN_ORDERED_INSTANTS } from '../sync/keyset-reader.ts';
import { SECOND } from '../sync/pages.ts';
import type { DatedRecord, Page } from '../sync/source.ts';

/** Something is asked for twice now and then, also where no two records are of one second. */
const LEAST = 1.02;
/** Where a page is too small to prove that it is in order, or its records too much of a time, it is asked for twice. */
const TWICE = 2;
/** Requests by which a reader learns whether the records of one second can be told apart. */
const TO_LEARN = 2;
/** Where no more of the pages end in a crowd, there may be no need to learn that. */
const OFTEN = 0.1;

/** Requests for so many full pages of a stream, over their number. */
export function perPageOf(pages: readonly Page[]): number {
  if (pages.some(({ size }) => size <= MIN_ORDERED_INSTANTS)) return TWICE;
  const full = pages.filter(({ found, size }) => found.length >= size);
  if (full.length === 0) return LEAST;
  const mean = full.reduce((sum, { found }) => sum + requestsForOne(found), 0) / full.length;
  return Math.min(TWICE, Math.max(LEAST, mean));
}

/** Requests for what is to be learned before a stream is read. */
export function requestsToLearn(pages: readonly Page[]): number {
  const ends = pages.flatMap(({ found, size }) => beginnings(found).map(beginning => endsInTieGroup(beginning, size)));
  return ends.filter(Boolean).length > OFTEN * ends.length ? TO_LEARN : 0;
}

/**
 * The records of the last second of a page are asked for again with the next one. Where a page ends is chance, so this is
 * the mean over all records of the page, as if each had been the last.
 */
function requestsForOne(found: readonly DatedRecord[]): number {
  const ends = beginnings(found);
  const again = ends.reduce((sum, end) => sum + againAfter(end), 0) / ends.length;
  const rest = 1 / (1 - again / found.length);
  if (instants(found, SECOND) > MIN_ORDERED_INSTANTS) return rest;
  // Of so few seconds, only an end that is dense proves the order.
  const dense = ends.filter(endsDense).length / ends.length;
  return TWICE + dense * (rest - TWICE);
}

/** A page as it would be if it ended with its first record, its second, and so on. */
function beginnings(found: readonly DatedRecord[]): (readonly DatedRecord[])[] {
  return found.map((_, n) => found.slice(0, n + 1));
}

/** How many records are asked for again after such a page: where its end is dense, only those of the last instant. */
function againAfter(found: readonly DatedRecord[]): number {
  const crowd = lastSecond(found);
  return endsDense(found) ? crowd.filter(({ at }) => at === crowd.at(-1)?.at).length : crowd.length;
}
