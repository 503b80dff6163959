/**
 * What is left to read of the selected streams: what a single run would read now, which a plan divides among shards.
 *
 * Klasses of KObjects that only their own search shows are found here, once for all shards.
 */
import { isKind } from '../errors.ts';
import type { Source } from '../kustomer/source.ts';
import { oldRecordsOf, type SearchStream } from '../kustomer/streams.ts';
import { clamp, type Interval, type IntervalSet, union } from '../sync/intervals.ts';
import { findMissingKlasses, klassKey } from '../sync/klasses-job.ts';
import { isListDone, type PlanOptions, planList, planSearch, type SearchPlan, type Selection } from '../sync/plan.ts';
import { isCheckDone, type State, stateKeysOf } from '../sync/state.ts';

export interface RemainingOptions {
  readonly config: PlanOptions;
  readonly state: State;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly source: Source;
  readonly stop: AbortController;
}

export type RemainingSearch = Awaited<ReturnType<typeof remainingSearch>>;

type KnownOptions = Pick<RemainingOptions, 'config' | 'state' | 'now'>;

/** What is left of a search stream, as far as the state knows its klasses. Pure. */
export function knownRemaining(selection: Selection, stream: SearchStream, { config, state, now }: KnownOptions) {
  const planOf = (name: string) => planSearch(name, selection, config, state, now, oldRecordsOf(stream));
  const leftOf = (names: readonly string[]) => union(...names.map(name => planOf(name).work.toRead));
  const plan = planOf(stream.name);
  const known = stateKeysOf(state, stream.name);
  return { plan, known, leftOf, ...byPlace(plan, leftOf(known)) };
}

function byPlace({ listOnlyBefore, horizon }: SearchPlan, left: IntervalSet) {
  const searchedFrom = listOnlyBefore ?? Number.NEGATIVE_INFINITY;
  return {
    horizon,
    toSearch: clamp(left, searchedFrom, Number.POSITIVE_INFINITY),
    /** Before the reach of any search: only a list shows it. */
    toList: clamp(left, Number.NEGATIVE_INFINITY, searchedFrom),
  };
}

/**
 * What is left of a search stream, klasses that only their own search shows included.
 * @throws SyncError `forbidden` when the key may not read the stream.
 */
export async function remainingSearch(selection: Selection, stream: SearchStream, remaining: RemainingOptions) {
  const { state } = remaining;
  const { plan, known, leftOf } = knownRemaining(selection, stream, remaining);
  // Where all is synced and the klasses were looked for, nothing is left to find.
  const mayMiss = stream.hasKlasses && (!isCheckDone(state.search.get(stream.name) ?? {}) || leftOf(known).length > 0);
  const klasses = mayMiss ? await missingKlasses(stream, plan, remaining) : null;
  const left = leftOf([...known, ...(klasses ?? []).map(klass => klassKey(stream.name, klass))]);
  /** Klasses are null where nobody looked for them, or not all can be listed and read: then each shard looks. */
  return { klasses, ...byPlace(plan, left) };
}

/** Looks for klasses, also in what earlier runs published of earlier windows. */
async function missingKlasses(stream: SearchStream, plan: SearchPlan, { source, stop }: RemainingOptions) {
  const from = Math.min(plan.wanted.from, plan.before?.syncedRanges[0]?.from ?? Number.POSITIVE_INFINITY);
  const all = { ...plan, wanted: { ...plan.wanted, from } };
  try {
    return await findMissingKlasses(source.klasses(stream), all, stop.signal);
  } catch (error) {
    // Each shard looks again, and warns that records may be missing.
    if (!isKind(error, 'forbidden')) throw error;
    return null;
  }
}

/**
 * The range (ms) whose records are to be published of a list; null when the list is read already. Once an incremental
 * sync has read a list, later syncs read it again in each run, and no shard has to.
 */
export function remainingList(selection: Selection, { config, state, now }: KnownOptions): Interval | null {
  const plan = planList(selection.name, selection, config, state, now);
  const isDone = plan.until === undefined ? plan.before !== undefined : isListDone(plan);
  return isDone ? null : plan.wanted;
}
