// What a shard of a plan goes on from: what it has published itself, and of what the runs before the plan have published,
// what lies in its part. So it reads what a single run would, knows by their fingerprints what comes again, and claims
// nothing outside of its part. Pure.

import { clamp, contains, type IntervalSet } from '../sync/intervals.ts';
import { merge } from '../sync/merge.ts';
import type { ShardWork } from '../sync/plan.ts';
import { type PlanOptions, planSearch } from '../sync/plan.ts';
import { dedupKeyTime, type SearchState, type State, streamOf } from '../sync/state.ts';

/** `own`: the state of the shard. `base`: that of the sync or backfill the plan was made for. */
export function seedState(own: State, base: State, shard: ShardWork, wishes: PlanOptions): State {
  const search = new Map<string, SearchState>();
  for (const [name, each] of base.search) {
    const pieces = shard.search.get(streamOf(name));
    if (pieces !== undefined) search.set(name, within(each, pieces, certainOf(name, base, shard, wishes)));
  }
  const lists = new Map([...base.lists].filter(([name]) => shard.lists.includes(name)));
  return {
    ...merge(own, { ...base, search, lists, klassesCheckedAt: null }),
    generation: own.generation,
    klassesCheckedAt: own.klassesCheckedAt,
  };
}

/** What of a stream need not be read again, as the plan has reckoned it. */
function certainOf(name: string, base: State, { cutoff }: ShardWork, wishes: PlanOptions): IntervalSet {
  const selection = { name, mode: 'incremental', named: false } as const;
  return planSearch(name, selection, { ...wishes, shard: null }, base, cutoff + wishes.settleMs, true).work.synced;
}

function within(each: SearchState, pieces: IntervalSet, certain: IntervalSet): SearchState {
  const isIn = (print: string) => {
    const at = dedupKeyTime(print);
    return !Number.isFinite(at) || contains(pieces, at);
  };
  return {
    ...each,
    syncedRanges: pieces.flatMap(({ from, to }) => clamp(certain, from, to)),
    dedupKeys: new Set([...each.dedupKeys].filter(isIn)),
  };
}
