/**
 * What the readers of a search know about one page. Whether a search compares milliseconds or whole seconds is not
 * documented (docs/kustomer-api.md#date-precision). So every boundary that is requested is a whole second.
 */
import { SyncError } from '../errors.ts';
import type { DatedRecord } from './source.ts';

export const SECOND_MS = 1_000;

export function floorToSecond(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}

export function ceilToSecond(ms: number): number {
  return Math.ceil(ms / SECOND_MS) * SECOND_MS;
}

/**
 * Gives each record without a readable `updated_at` the time of its neighbor: the search found the record in that
 * place, and a record without any time would be lost.
 * @param from start of the window (ms), for a page that has no readable date at all
 */
export function withImputedDates(found: readonly DatedRecord[], from: number): readonly DatedRecord[] {
  if (!found.some(({ at }) => Number.isNaN(at))) return found;
  let neighbor = found.find(({ at }) => at >= from)?.at ?? from;
  return found.map(record => {
    if (Number.isNaN(record.at)) return { at: neighbor, resource: record.resource, undated: true };
    neighbor = Math.max(from, record.at);
    return record;
  });
}

/** Whether a page has records that even a search by whole seconds has no reason to return for [from, to). */
export function hasOutOfWindowRecords(found: readonly DatedRecord[], from: number, to: number): boolean {
  return found.some(({ at }) => at < floorToSecond(from) || at >= ceilToSecond(to));
}

/** The records with `from <= updated_at < to`. The others belong to other windows, or have been updated since. */
export function recordsIn(found: readonly DatedRecord[], from: number, to: number): DatedRecord[] {
  return found.filter(({ at }) => at >= from && at < to);
}

/** @param at time of the records in question (ms) */
export function inconsistentSearch(what: string, at: number): SyncError {
  return new SyncError('search-inconsistent', {
    what: `Kustomer's search ${what}, at ${new Date(at).toISOString()}.`,
    todo: 'Run again, which resumes at that time; report it to Kustomer if it persists.',
  });
}
