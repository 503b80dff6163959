// How many requests a full page of records takes, judged by some pages. Pure arithmetic on what walk.ts does.
import { floor, SECOND } from './pages.ts';
import type { Page } from './source.ts';
import { FEW } from './walk.ts';

/** Something is asked for twice now and then, also where no two records are of one second. */
const LEAST = 1.02;
/** Where a page is too small to prove that it is in order, or its records too much of a time, it is asked for twice. */
const TWICE = 2;

/** Requests for so many full pages of a stream, over their number. */
export function perPageOf(pages: readonly Page[]): number {
  if (pages.some(({ size }) => size <= FEW)) return TWICE;
  const full = pages.filter(({ found, size }) => found.length >= size);
  if (full.length === 0) return LEAST;
  const mean = full.reduce((sum, page) => sum + forOne(page), 0) / full.length;
  return Math.min(TWICE, Math.max(LEAST, mean));
}

/**
 * The records of the last second of a page are asked for again with the next one. Where a page ends is chance, so this is
 * the mean over all records of the page, as if each had been the last.
 */
function forOne({ found }: Page): number {
  const instants = found.map(({ at }) => at);
  const again = instants.map((_, n) => againAfter(instants, n));
  const isProven = new Set(instants.map(at => floor(at, SECOND))).size > FEW || isDense(lastSecond(instants));
  if (!isProven) return TWICE;
  return 1 / (1 - again.reduce((a, b) => a + b, 0) / found.length ** 2);
}

/** How many records are asked for again when a page ends with this one. */
function againAfter(instants: readonly number[], last: number): number {
  const crowd = lastSecond(instants.slice(0, last + 1));
  return isDense(crowd) ? crowd.filter(at => at === crowd.at(-1)).length : crowd.length;
}

function lastSecond(instants: readonly number[]): readonly number[] {
  const second = floor(instants.at(-1) ?? 0, SECOND);
  return instants.slice(instants.findIndex(at => floor(at, SECOND) === second));
}

/** Whether the records of one second are in order by more than chance, so that only those of the last instant are in doubt. */
function isDense(crowd: readonly number[]): boolean {
  return new Set(crowd).size > FEW && crowd.every((at, n) => n === 0 || at >= (crowd[n - 1] as number));
}
