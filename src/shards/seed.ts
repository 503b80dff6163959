/**
 * The state that a shard goes on from: what it has published itself, on top of what the runs before the plan have
 * published inside its ranges. Pure.
 *
 * So a shard reads what a single run would read there, knows by their dedup keys the records that come again, and says
 * nothing of what lies outside its ranges.
 */
import { clamp, contains, union } from '../sync/intervals.ts';
import { type PlanOptions, planSearch, type ShardWork } from '../sync/plan.ts';
import { dedupKeyTime, type SearchState, type State, streamOf } from '../sync/state.ts';
import { unite } from './join.ts';

/**
 * @param own the state of the shard itself
 * @param seed the state of the sync or backfill that the plan was made for
 * @throws SyncError `other-organization` when they belong to different organizations.
 */
export function seedState(own: State, seed: State, shard: ShardWork, options: PlanOptions): State {
  const plannedAt = shard.cutoff + options.settleMs;
  const whole = { ...options, shard: null };
  const search = new Map<string, SearchState>();
  for (const [name, each] of seed.search) {
    const planned = shard.search.get(streamOf(name));
    if (planned === undefined) continue;
    const ranges = union(planned);
    // What the plan counted as synced: without what the lookback reaches, which is read again.
    const selection = { name, mode: 'incremental', named: false } as const;
    const { synced } = planSearch(name, selection, whole, seed, plannedAt, 'archive').work;
    const isInside = (key: string) => {
      const at = dedupKeyTime(key);
      // A record without a date may come up anywhere.
      return !Number.isFinite(at) || contains(ranges, at);
    };
    const syncedRanges = ranges.flatMap(({ from, to }) => clamp(synced, from, to));
    search.set(name, { ...each, syncedRanges, dedupKeys: new Set([...each.dedupKeys].filter(isInside)) });
  }
  const lists = new Map([...seed.lists].filter(([name]) => shard.lists.includes(name)));
  const united = unite(own, { ...seed, search, lists });
  // The shard looks for klasses itself, unless the plan has.
  const withOwnCheck = ([name, each]: [string, SearchState]) =>
    [name, { ...each, klasses: own.search.get(name)?.klasses }] as const;
  return { ...united, search: new Map([...united.search].map(withOwnCheck)) };
}
