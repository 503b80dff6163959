/**
 * What is left to read of the selected streams: what a single run would read now, which a plan divides among shards.
 *
 * Klasses of KObjects that only their own search shows are found here, once for all shards.
 */
import { isKind } from '../errors.ts';
import { type Source, streamNamed } from '../kustomer/source.ts';
import type { ListStream, SearchStream } from '../kustomer/streams.ts';
import { clamp, type Interval, type IntervalSet, union } from '../sync/intervals.ts';
import { findMissingKlasses, klassKey } from '../sync/kobjects-job.ts';
import {
  isListDone,
  type PlanOptions,
  planList,
  planSearch,
  type SearchHorizon,
  type SearchPlan,
  type Selection,
} from '../sync/plan.ts';
import { type State, stateKeysOf } from '../sync/state.ts';

export interface RemainingOptions {
  readonly options: PlanOptions;
  readonly state: State;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly source: Source;
  readonly signal: AbortSignal;
}

/** What is left of a search stream. */
export interface RemainingSearch {
  readonly stream: SearchStream;
  readonly horizon: SearchHorizon;
  /** Klasses that only their own search shows; null where nobody looked for them, or the key may not list klasses. */
  readonly klasses: readonly string[] | null;
  readonly toSearch: IntervalSet;
  /** Before the reach of any search: only a list shows it. */
  readonly toList: IntervalSet;
}

/**
 * What is left of a search stream, klasses that only their own search shows included.
 * @throws SyncError `forbidden` when the key may not read the stream.
 */
export async function remainingSearch(
  selection: Selection,
  stream: SearchStream,
  remaining: RemainingOptions,
): Promise<RemainingSearch> {
  const { options, state, now } = remaining;
  const planOf = (name: string) => planSearch(name, selection, options, state, now, stream.archived);
  const leftOf = (names: readonly string[]) => union(...names.map(name => planOf(name).work.toRead));
  const plan = planOf(stream.name);
  const known = stateKeysOf(state, stream.name);
  // Where all is synced and the klasses were looked for, nothing is left to find.
  const mayMiss = stream.name === 'kobjects' && (state.klassesCheckedAt === null || leftOf(known).length > 0);
  const klasses = mayMiss ? await missingKlasses(stream, plan, remaining) : null;
  const left = leftOf([...known, ...(klasses ?? []).map(klass => klassKey(stream.name, klass))]);
  const searchedFrom = plan.listOnlyBefore ?? Number.NEGATIVE_INFINITY;
  return {
    stream,
    horizon: plan.horizon,
    klasses,
    toSearch: clamp(left, searchedFrom, Number.POSITIVE_INFINITY),
    toList: clamp(left, Number.NEGATIVE_INFINITY, searchedFrom),
  };
}

/** Looks for klasses, also in what earlier runs published of earlier windows. */
async function missingKlasses(stream: SearchStream, plan: SearchPlan, { source, signal }: RemainingOptions) {
  const from = Math.min(plan.wanted.from, plan.before?.syncedRanges[0]?.from ?? Number.POSITIVE_INFINITY);
  const all = { ...plan, wanted: { ...plan.wanted, from } };
  try {
    return await findMissingKlasses(source.klasses(stream), all, () => false, signal);
  } catch (error) {
    // Each shard looks again, and warns that records may be missing.
    if (!isKind(error, 'forbidden')) throw error;
    return null;
  }
}

export interface RemainingList {
  readonly selection: Selection;
  readonly stream: ListStream;
  /** Only records updated in this range (ms) are published. */
  readonly wanted: Interval;
}

/** The list streams that are not read yet. Once an incremental sync has read a list, later syncs do, and no shard. */
export function remainingLists(
  streams: readonly Selection[],
  { options, state, now }: RemainingOptions,
): RemainingList[] {
  return streams.flatMap(selection => {
    const stream = streamNamed(selection.name);
    if (stream.kind !== 'list') return [];
    const plan = planList(selection.name, selection, options, state, now);
    const isDone = plan.until === undefined ? plan.before !== undefined : isListDone(plan);
    return isDone ? [] : [{ selection, stream, wanted: plan.wanted }];
  });
}
