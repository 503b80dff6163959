/**
 * What a reconciliation reads, over one run or several, and what its count says. Pure.
 *
 * Many readers at once can miss a record that is updated meanwhile: it moves from a range that is not read yet to one that
 * is. Its new time is after `asOf`. So what was updated after that is read last, by one reader in order of time: a record
 * can only move to where that reader has not been. What it has not found either, and was not updated after `asOf`, is gone.
 */
import { floorToSecond } from './pages.ts';
import { liveForWeeksFrom, type ShardWork } from './plan.ts';
import { areTooMany } from './read-list.ts';
import { MAX_CLOCK_LEAD_MS, type Reconciliation, type State } from './state.ts';
import { isCount, isJsonObject, iso, type Json, parseTime } from './stream-document.ts';

/** A reconciliation that is not complete by then starts anew: what it has read says less and less. */
const MAX_AGE_MS = 14 * 86_400_000;

type Reconciling = State & { readonly reconciliation: Reconciliation };

/**
 * The state that a run goes on from: that of the reconciliation which has streams left, or of a new one.
 * @param now start of the run (ms)
 * @param cutoff where a new one ends (ms)
 */
export function goOn(state: State, selected: readonly string[], now: number, cutoff: number): Reconciling {
  const { reconciliation } = state;
  if (reconciliation !== undefined && now - reconciliation.cutoff < MAX_AGE_MS) {
    if (reconciliation.open.some(name => selected.includes(name))) return { ...state, reconciliation };
  }
  // Its ids lie under its cutoff: those of the one before must not come to lie among them.
  const own = reconciliation?.cutoff === cutoff ? cutoff - 1_000 : cutoff;
  const begun = { cutoff: own, asOf: own, open: [], ids: reconciliation?.ids ?? {} };
  return { ...state, search: new Map(), lists: new Map(), shardManifest: undefined, reconciliation: begun };
}

/** Whether a stream has been read to its end, by this run or an earlier one. */
export function isReconciled({ search, lists, reconciliation: { open } }: Reconciling, name: string): boolean {
  return (search.has(name) || lists.has(name)) && !open.includes(name);
}

/**
 * The latest `asOf` (ms) of which the index, which may be late, knows everything.
 * @param clockLeadMs see {@link StreamJob.updateState}
 */
export function latestAsOf({ cutoff, asOf }: Reconciliation, lookbackMs: number, clockLeadMs: number): number {
  return Math.min(asOf, floorToSecond(cutoff - lookbackMs - clockLeadMs));
}

/**
 * All that was updated before the cutoff, to be read by many readers; of lists all there is.
 * @param hasArchive otherwise nobody can tell what is gone of the old records
 */
export function mainWork({ cutoff }: Reconciliation, name: string, lookbackMs: number, hasArchive: boolean): ShardWork {
  const from = hasArchive ? 0 : liveForWeeksFrom(cutoff);
  const listAlsoFrom = cutoff - lookbackMs - MAX_CLOCK_LEAD_MS;
  return { cutoff, search: new Map([[name, [{ from, to: cutoff }]]]), lists: [name], klasses: null, listAlsoFrom };
}

/** What was updated after `asOf` (ms), to be read by one reader. Nobody's clock is so fast that there is more. */
export function lastWork(name: string, asOf: number, now: number): ShardWork {
  const to = floorToSecond(now + MAX_CLOCK_LEAD_MS);
  return { cutoff: to, search: new Map([[name, [{ from: asOf, to }]]]), lists: [], klasses: null };
}

/** The state that the last reader goes on from: it publishes no version again, and takes no range for read. */
export function withoutRanges(search: State['search']): State['search'] {
  return new Map([...search].map(([key, each]) => [key, { ...each, syncedRanges: [] }]));
}

/** Whether too many ids have gone since the last time to be believed. */
export function hasFallen(before: number | undefined, ids: number): boolean {
  return before !== undefined && areTooMany(before - ids, before);
}

export function reconciliationToJson({ cutoff, asOf, open, ids }: Reconciliation): Json {
  return { cutoff: iso(cutoff), as_of: iso(asOf), open, ids };
}

/** Undefined when the state has none; null when it cannot be read. */
export function parseReconciliation(value: unknown): Reconciliation | undefined | null {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) return null;
  const { open, ids } = value;
  const [cutoff, asOf] = [parseTime(value.cutoff), parseTime(value.as_of)];
  if (Number.isNaN(cutoff) || Number.isNaN(asOf)) return null;
  if (!Array.isArray(open) || !open.every(name => typeof name === 'string')) return null;
  if (!isJsonObject(ids) || !Object.values(ids).every(isCount)) return null;
  return { cutoff, asOf, open, ids: ids as Record<string, number> };
}
