// What walk.ts and whole.ts both know about a page of a search. Pure.
import { SyncError } from '../errors.ts';
import type { DatedRecord } from './source.ts';

/** The coarsest precision that a search is known to compare times with; a border on it means the same to every search. */
export const SECOND = 1_000;

export function floor(at: number, grain: number): number {
  return Math.floor(at / grain) * grain;
}

/**
 * Gives a record whose `updated_at` cannot be read the instant of its neighbour: the search found it in this place, so
 * that is where it belongs, and it is not lost.
 */
export function withImputedDates(found: readonly DatedRecord[], from: number): readonly DatedRecord[] {
  if (!found.some(({ at }) => Number.isNaN(at))) return found;
  let neighbour = found.find(({ at }) => at >= from)?.at ?? from;
  return found.map(each => {
    if (Number.isNaN(each.at)) return { at: neighbour, resource: each.resource, undated: true };
    neighbour = Math.max(from, each.at);
    return each;
  });
}

/** Whether there are records that a search for [from, to) has no reason to give, even one that compares whole seconds. */
export function hasOutOfWindowRecords(found: readonly DatedRecord[], from: number, to: number): boolean {
  return found.some(({ at }) => at < floor(from, SECOND) || at >= -floor(-to, SECOND));
}

/** The records of a page that belong to a window. What is newer has been updated since, and is another window's. */
export function recordsIn(found: readonly DatedRecord[], from: number, to: number): DatedRecord[] {
  return found.filter(({ at }) => at >= from && at < to);
}

export function inconsistentSearch(what: string, at: number): SyncError {
  return new SyncError('search-inconsistent', {
    what: `Kustomer's search ${what}, at ${new Date(at).toISOString()}.`,
    todo: 'What comes before that instant is kept and nothing after it is taken for read; run again, and report it to Kustomer if it stays.',
  });
}
