/**
 * Decides what a run reads of each stream. All windows of a run end at its cutoff: the start of the run less `settle`, so
 * that the search index can catch up. The shards of a plan share the cutoff of the plan. Pure.
 */
import { clamp, covers, type Interval, type IntervalSet } from './intervals.ts';
import { floorToSecond } from './pages.ts';
import type { SearchIndex } from './source.ts';
import { type ListState, type SearchState, type SearchWork, type State, searchWork, streamOf } from './state.ts';

export type SyncMode = 'incremental' | 'full_refresh';

export interface Selection {
  readonly name: string;
  readonly mode: SyncMode;
  /** Named by the user, not implied by `all`: a missing role then fails the run instead of skipping the stream. */
  readonly named: boolean;
}

export interface ShardWork {
  /** When the plan was made, less `settle` (ms). */
  readonly cutoff: number;
  readonly search: ReadonlyMap<string, IntervalSet>;
  readonly lists: readonly string[];
  /** Klasses missing from the generic search; null when nobody could look for them, or no stream has klasses. */
  readonly klasses: readonly string[] | null;
  /** Of a list with old records, those that were updated from this time on (ms) are read, too: no search may have them yet. */
  readonly listAlsoFrom?: number;
}

export interface PlanOptions {
  /** Milliseconds. */
  readonly startDate: number | null;
  /** Milliseconds; makes the run a backfill. */
  readonly endDate?: number | null;
  /** Makes the run one shard of a plan. */
  readonly shard?: ShardWork | null;
  readonly settleMs: number;
  readonly lookbackMs: number;
  readonly archive: 'auto' | 'never';
  readonly confirmVanished?: boolean;
}

export interface SearchPlan {
  /** From the first to the last time of the ranges. */
  readonly wanted: Interval;
  /** What has to be synced when this run is complete. */
  readonly ranges: IntervalSet;
  /** The search index is taken to be complete up to here (ms). */
  readonly cutoff: number;
  readonly before: SearchState | undefined;
  readonly work: SearchWork;
  readonly horizon: SearchHorizon;
  /** Records updated before this (ms) are only in a list; null when there is no such list, or nobody wants them. */
  readonly listOnlyBefore: number | null;
  /** See {@link ShardWork}. */
  readonly listAlsoFrom: number;
}

/** What has the records of a stream that the live search no longer shows. */
export type OldRecords = 'archive' | 'list' | 'nowhere';

export interface ListPlan {
  /** Records updated outside of this window are ignored. */
  readonly wanted: Interval;
  /** What was published before; undefined when everything is to be published. */
  readonly before: ListState | undefined;
  /** Set for a backfill or a shard: records updated before this (ms) are read once, and none is reported as deleted. */
  readonly until?: number;
  /** Ids that have vanished are published as deleted, however many they are. */
  readonly confirmsVanished?: boolean;
}

/** Where the live index begins and where the archive index ends (ms). Infinite where only one of them is read. */
export interface SearchHorizon {
  readonly live: number;
  readonly archive: number;
}

/** From this time on (ms) the live index has all records, as far as anybody knows: the search horizon itself. */
export function liveFrom({ live, archive }: SearchHorizon): number {
  return (live + archive) / 2;
}

/** Where only the live index is read. */
export const LIVE_ONLY: SearchHorizon = { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY };

/** The live index has what was updated in the last two years (docs/kustomer-api.md#search-horizon). */
const LIVE_HORIZON_MS = 730 * 86_400_000;
/** Before and after the search horizon, both indexes are read this far (docs/kustomer-api.md#archive-overlap). */
const OVERLAP_MS = 30 * 86_400_000;
/** A stream without an archive is read from a list up to this long after the horizon: the list has all records. */
const LIST_MARGIN_MS = 7 * 86_400_000;
/** A shard of an older plan takes the search horizon of its own start: the overlap allows for this much. */
const MAX_PLAN_AGE_MS = 3 * 86_400_000;

/** From this time on (ms) the live index has all records, also when it is read some weeks after the cutoff. */
export function liveForWeeksFrom(cutoff: number): number {
  return floorToSecond(cutoff - LIVE_HORIZON_MS + OVERLAP_MS);
}

/** The end of all windows of a run (ms): a whole second, which means the same to every search. */
export function cutoffOf(now: number, settleMs: number): number {
  return floorToSecond(now - settleMs);
}

/**
 * @param name key in the state: the stream, or a klass of it
 * @param now start of the run (ms)
 * @param old where the old records of the stream are: in the archive index, in a list, or nowhere
 */
export function planSearch(
  name: string,
  { mode }: Selection,
  options: PlanOptions,
  state: State,
  now: number,
  old: OldRecords,
): SearchPlan {
  const { shard = null, endDate = null, lookbackMs } = options;
  // A full refresh starts from nothing.
  const before = mode === 'full_refresh' ? undefined : state.search.get(name);
  const cutoff = shard?.cutoff ?? cutoffOf(now, options.settleMs);
  const horizon = horizonOf(options, now);
  const usesArchive = options.archive === 'auto';
  const to = Math.min(cutoff, endDate ?? cutoff);
  const from = Math.min(to, Math.max(options.startDate ?? 0, usesArchive ? 0 : horizon));
  const ranges = shard === null ? [{ from, to }] : (shard.search.get(streamOf(name)) ?? []);
  const isOnce = shard !== null || (endDate !== null && covers(before?.syncedRanges ?? [], { from, to: endDate }));
  return {
    wanted: { from: ranges[0]?.from ?? from, to: ranges.at(-1)?.to ?? from },
    ranges,
    cutoff,
    before,
    work: searchWork(before, ranges, lookbackMs, cutoff, isOnce),
    horizon:
      usesArchive && old === 'archive' ? { live: horizon - OVERLAP_MS, archive: horizon + OVERLAP_MS } : LIVE_ONLY,
    listOnlyBefore: usesArchive && old === 'list' ? horizon + LIST_MARGIN_MS : null,
    listAlsoFrom: shard?.listAlsoFrom ?? Number.POSITIVE_INFINITY,
  };
}

/** The search horizon (ms): that of the plan for a shard, so that all shards agree. */
function horizonOf({ shard = null, settleMs }: PlanOptions, now: number): number {
  const plannedAt = shard === null ? now : shard.cutoff + settleMs;
  return floorToSecond((now - plannedAt < MAX_PLAN_AGE_MS ? plannedAt : now) - LIVE_HORIZON_MS);
}

/** A list is read as it is now: its window has no end, unless the run is a backfill or a shard. */
export function planList(name: string, { mode }: Selection, options: PlanOptions, state: State, now = 0): ListPlan {
  const { shard = null, endDate = null } = options;
  const before = mode === 'full_refresh' ? undefined : state.lists.get(name);
  const wanted = { from: options.startDate ?? Number.NEGATIVE_INFINITY, to: endDate ?? Number.POSITIVE_INFINITY };
  if (shard === null && endDate === null) {
    return { wanted, before, ...(options.confirmVanished === true && { confirmsVanished: true }) };
  }
  // A list belongs to one shard; the others have nothing to read.
  if (shard !== null && !shard.lists.includes(name)) return { wanted, before, until: Number.NEGATIVE_INFINITY };
  const cutoff = shard?.cutoff ?? cutoffOf(now, options.settleMs);
  return { wanted, before, until: Math.min(cutoff, endDate ?? cutoff) };
}

/** Whether a list has nothing more to read in its window. */
export function isListDone({ before, until }: ListPlan): boolean {
  return until !== undefined && (before?.until ?? Number.NEGATIVE_INFINITY) >= until;
}

export type IndexChoice = SearchIndex | 'both';

/** What a range has to be read from: `both` also where only a part of it may be in the archive. */
export function indexOf({ from, to }: Interval, { live, archive }: SearchHorizon): IndexChoice {
  if (to <= live) return 'archive';
  return from < archive ? 'both' : 'live';
}

/** The ranges that each index has to be read for, none of them empty: `both` for the one around the search horizon. */
export function splitByIndex(interval: Interval, horizon: SearchHorizon): { range: Interval; index: IndexChoice }[] {
  const { live, archive } = horizon;
  const split = (index: IndexChoice, from: number, to: number) =>
    clamp([interval], from, to).map(range => ({ range, index }));
  return [
    ...split('archive', Number.NEGATIVE_INFINITY, live),
    ...split('both', live, archive),
    ...split('live', archive, Number.POSITIVE_INFINITY),
  ];
}
