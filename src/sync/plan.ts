// Config and state and the time, to what is to be read. Pure.
import { covers, type Interval, type IntervalSet } from './intervals.ts';
import { floor, SECOND } from './pages.ts';
import {
  type ListState,
  type SearchState,
  type SearchWork,
  type State,
  searchWork,
  searchWorkOnce,
  streamOf,
} from './state.ts';

export type SyncMode = 'incremental' | 'full_refresh';

/** A stream that the run is to read, and how. */
export interface Selection {
  readonly name: string;
  readonly mode: SyncMode;
  /** Named by the user rather than meant by `all`: a missing role then fails the run instead of skipping the stream. */
  readonly named: boolean;
}

/** What one of several runs that share a window has to read of it. */
export interface ShardWork {
  /** When the plan was made, less `settle`: all shards have the cutoff of the plan. */
  readonly cutoff: number;
  readonly search: ReadonlyMap<string, IntervalSet>;
  readonly lists: readonly string[];
  /** Klasses of KObjects that only their own search shows; null where nobody could look, or there are none to be read. */
  readonly klasses: readonly string[] | null;
}

export interface PlanOptions {
  readonly startDate: number | null;
  /** Set, it makes the run a backfill. */
  readonly endDate?: number | null;
  /** Set, the run reads only this part of a plan. */
  readonly shard?: ShardWork | null;
  readonly settleMs: number;
  readonly lookbackMs: number;
  readonly archive: 'auto' | 'never';
}

export interface SearchPlan {
  /** From the first instant wanted to the last. */
  readonly wanted: Interval;
  /** Of it, what this run has to see to. */
  readonly ranges: IntervalSet;
  /** As far as the index has caught up. */
  readonly cutoff: number;
  readonly before: SearchState | undefined;
  readonly work: SearchWork;
  readonly horizon: SearchHorizon;
  /** What was updated before this is in a list only; null when nothing is. */
  readonly listOnlyBefore: number | null;
}

export interface ListPlan {
  readonly wanted: Interval;
  readonly before: ListState | undefined;
  /** Of a backfill or a shard, which reads what was updated before this once and for all, and says of nothing that it has gone. */
  readonly until?: number;
}

/**
 * Where the live search begins and where the archive ends, for this run: between the two, both are read. Infinite where
 * only one of them is.
 */
export interface SearchHorizon {
  readonly live: number;
  readonly archive: number;
}

/**
 * Live search shows what was updated within two years; where exactly the edge is, is not said
 * (docs/kustomer-api.md#search-horizon).
 */
const LIVE_HORIZON_MS = 730 * 86_400_000;
/** How far to both sides of the edge both searches are read (docs/kustomer-api.md#archive-overlap). */
const OVERLAP_MS = 30 * 86_400_000;

/**
 * Before so long after the edge, a stream that the archive does not know is read from a list. The list shows all records,
 * so nothing has to overlap; it is enough that the live search certainly shows what comes after.
 */
const CLEAR_OF_EDGE_MS = 7 * 86_400_000;

/** The end of every window of a run. A whole second, which means the same to every search. */
export function cutoffOf(now: number, settleMs: number): number {
  return floor(now - settleMs, SECOND);
}

/** A plan older than this is no guide any more to where the live search begins; it has the overlaps to be wrong by. */
const LONGEST_PLAN_MS = 3 * 86_400_000;

/** A full refresh knows of nothing before it. `archived`: the archive knows the stream. */
export function planSearch(
  name: string,
  { mode }: Selection,
  wishes: PlanOptions,
  state: State,
  now: number,
  archived: boolean,
): SearchPlan {
  const before = mode === 'full_refresh' ? undefined : state.search.get(name);
  const { shard = null, endDate = null } = wishes;
  const cutoff = shard?.cutoff ?? cutoffOf(now, wishes.settleMs);
  const planned = shard === null ? now : shard.cutoff + wishes.settleMs;
  const edge = floor((now - planned < LONGEST_PLAN_MS ? planned : now) - LIVE_HORIZON_MS, SECOND);
  const all = wishes.archive === 'auto';
  const to = Math.min(cutoff, endDate ?? cutoff);
  const from = Math.min(to, Math.max(wishes.startDate ?? 0, all ? 0 : edge));
  const window = { from, to };
  const ranges = shard === null ? [window] : (shard.search.get(streamOf(name)) ?? []);
  const isOnce = shard !== null || (endDate !== null && covers(before?.syncedRanges ?? [], { from, to: endDate }));
  return {
    wanted: shard === null ? window : { from: ranges[0]?.from ?? from, to: ranges.at(-1)?.to ?? from },
    ranges,
    cutoff,
    before,
    work: isOnce
      ? searchWorkOnce(before, ranges, cutoff - wishes.lookbackMs)
      : searchWork(before, window, wishes.lookbackMs, cutoff),
    horizon:
      all && archived
        ? { live: edge - OVERLAP_MS, archive: edge + OVERLAP_MS }
        : { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY },
    listOnlyBefore: all && !archived ? edge + CLEAR_OF_EDGE_MS : null,
  };
}

/** A list is read as it stands now: it has no window but the start date, unless the run is about a window that ends. */
export function planList(name: string, { mode }: Selection, wishes: PlanOptions, state: State, now = 0): ListPlan {
  const before = mode === 'full_refresh' ? undefined : state.lists.get(name);
  const from = wishes.startDate ?? Number.NEGATIVE_INFINITY;
  const { shard = null, endDate = null } = wishes;
  if (shard === null && endDate === null) return { wanted: { from, to: Number.POSITIVE_INFINITY }, before };
  const cutoff = shard?.cutoff ?? cutoffOf(now, wishes.settleMs);
  const isOthers = shard !== null && !shard.lists.includes(name);
  return {
    wanted: { from, to: endDate ?? Number.POSITIVE_INFINITY },
    before,
    // Another shard's list has nothing to show here.
    until: isOthers ? Number.NEGATIVE_INFINITY : Math.min(cutoff, endDate ?? cutoff),
  };
}

/** Whether a list has nothing more to show in its window. */
export function isListDone({ before, until }: ListPlan): boolean {
  return until !== undefined && (before?.until ?? Number.NEGATIVE_INFINITY) >= until;
}

/** The parts of an interval that lie in the archive only, in both searches, and in the live one only; none of them empty. */
export function byIndex(
  { from, to }: Interval,
  horizon: SearchHorizon,
): { part: Interval; indexes: 'archive' | 'both' | 'live' }[] {
  const borders = [Number.NEGATIVE_INFINITY, horizon.live, horizon.archive, Number.POSITIVE_INFINITY];
  return (['archive', 'both', 'live'] as const).flatMap((indexes, n) => {
    const part = { from: Math.max(from, borders[n] as number), to: Math.min(to, borders[n + 1] as number) };
    return part.from < part.to ? [{ part, indexes }] : [];
  });
}
