// One state for what several runs have published, beside each other or one after the other. Pure.
import { SyncError } from '../errors.ts';
import { minus, union } from './intervals.ts';
import { type ListState, NO_STATE, type SearchState, type State, streamOf } from './state.ts';

/**
 * One state for what two runs have published beside each other: `theirs` was saved while `ours` was being published.
 * Whatever either of them claims stays claimed; where they differ in how far they trust it, the more careful one counts.
 *
 * A stream that one of them knows to have been refreshed more often is the exception: that refresh has removed what the
 * other one claims, but for what is published only now. `ours` is that of a run that publishes now and has grown out of
 * `before`; without `before` nothing of `ours` is newer than the refresh. In the same way a reset has all ignored that was
 * claimed before; not so a refresh that was published beside it, which has removed what was published after the reset.
 * @throws SyncError `state` when they belong to different organizations.
 */
export function merge(ours: State, theirs: State, before: State = ours): State {
  if (ours.organizationId !== null && theirs.organizationId !== null && ours.organizationId !== theirs.organizationId) {
    throw new SyncError('other-organization', {
      what: `Another run has saved the state of another Kustomer organization (${theirs.organizationId}) under the same name.`,
      todo: 'Give each organization its own `state-id`, and its own `branch` where there is a data branch.',
    });
  }
  /** Above 0 where ours is the one that has been refreshed or else reset more often. */
  const rank = (name: string) => refreshesOf(ours, name) - refreshesOf(theirs, name) || ours.resets - theirs.resets;
  const mergeMaps = <T>(of: (state: State) => ReadonlyMap<string, T>, two: Two<T>) => {
    const merged = new Map<string, T>();
    for (const name of new Set([...of(ours).keys(), ...of(theirs).keys()])) {
      const own = rank(name) < 0 ? two.added(of(ours).get(name), of(before).get(name)) : of(ours).get(name);
      const other = rank(name) > 0 ? undefined : of(theirs).get(name);
      const both = own && other ? two.both(own, other) : (own ?? other);
      if (both !== undefined) merged.set(name, both);
    }
    return merged;
  };
  const search = mergeMaps(({ search }) => search, { both: bothSearch, added: addedSearch });
  return {
    ...ours,
    generation: Math.max(ours.generation, theirs.generation) + 1,
    organizationId: ours.organizationId ?? theirs.organizationId,
    search,
    lists: mergeMaps(({ lists }) => lists, { both: bothLists, added: addedList }),
    klassesCheckedAt: bothCheckedAt(ours, theirs, rank('kobjects')),
    refreshes: mostRefreshes([ours, theirs]),
    resets: Math.max(ours.resets, theirs.resets),
  };
}

/** The state of a run that ignores what there is: all copies of it that are known. It counts for more than any of them. */
export function reset(copies: readonly State[]): State {
  return {
    ...NO_STATE,
    generation: Math.max(0, ...copies.map(({ generation }) => generation)),
    refreshes: mostRefreshes(copies),
    resets: Math.max(0, ...copies.map(({ resets }) => resets)) + 1,
  };
}

function mostRefreshes(states: readonly State[]): Map<string, number> {
  const names = states.flatMap(({ refreshes }) => [...refreshes.keys()]);
  return new Map(names.map(name => [name, Math.max(...states.map(each => refreshesOf(each, name)))]));
}

/** The state of a run that takes the place of all that was published of some streams, by whomever until now. */
export function refreshed(state: State, streams: readonly string[], until: State): State {
  const refreshes = new Map(state.refreshes);
  for (const name of streams) refreshes.set(name, Math.max(refreshesOf(state, name), refreshesOf(until, name) + 1));
  return { ...state, refreshes };
}

/**
 * The state without what it claims of streams that runs with another state have refreshed since, which has removed it,
 * and the names of these streams.
 */
export function without(state: State, refreshes: ReadonlyMap<string, number>): { state: State; removed: string[] } {
  const { generation, resets, shardManifest } = state;
  const left = { ...merge(state, { ...NO_STATE, resets, refreshes }), generation };
  const names = [...state.search.keys(), ...state.lists.keys()];
  const removed = names.filter(name => !name.includes('/') && !left.search.has(name) && !left.lists.has(name));
  if (shardManifest === undefined) return { state: left, removed };
  const files = shardManifest.files.filter(({ stream }) => !removed.includes(stream));
  return { state: { ...left, shardManifest: { ...shardManifest, files } }, removed };
}

function refreshesOf({ refreshes }: State, name: string): number {
  return refreshes.get(streamOf(name)) ?? 0;
}

/**
 * When the klasses were checked of all that has been published; null when they were not of a part of it. Of what has been
 * removed or is ignored it does not matter.
 */
function bothCheckedAt(ours: State, theirs: State, rank: number): number | null {
  const isUnchecked = ({ search, klassesCheckedAt }: State) =>
    klassesCheckedAt === null && (search.get('kobjects')?.syncedRanges.length ?? 0) > 0;
  if (isUnchecked(ours) || (rank <= 0 && isUnchecked(theirs))) return null;
  const states = rank > 0 ? [ours] : rank < 0 ? [theirs] : [ours, theirs];
  const checked = states.flatMap(({ klassesCheckedAt }) => klassesCheckedAt ?? []);
  return checked.length === 0 ? null : Math.max(...checked);
}

/** What two states say of one stream. */
interface Two<T> {
  both(a: T, b: T): T;
  /** What of `now` was not claimed before; undefined when that is nothing. */
  added(now: T | undefined, before: T | undefined): T | undefined;
}

function bothSearch(a: SearchState, b: SearchState): SearchState {
  return {
    syncedRanges: union(a.syncedRanges, b.syncedRanges),
    // What only the earlier one has read may have been indexed after its cutoff, so that one counts for the lookback.
    cutoff: Math.min(a.cutoff, b.cutoff),
    dedupSince: Math.max(a.dedupSince, b.dedupSince),
    dedupKeys: new Set([...a.dedupKeys, ...b.dedupKeys]),
  };
}

function bothLists(a: ListState, b: ListState): ListState {
  const seen = new Map(notGone(a, b));
  for (const [id, version] of notGone(b, a)) {
    const own = seen.get(id);
    if (own === undefined || Date.parse(version) > Date.parse(own)) seen.set(id, version);
  }
  const gone = new Map<string, number>();
  for (const [id, at] of [...(a.gone ?? []), ...(b.gone ?? [])])
    if (!seen.has(id)) gone.set(id, Math.max(at, gone.get(id) ?? at));
  const until = latest(a.until, b.until);
  // The later one, or what only that one has seen could be taken for gone.
  const readAt = latest(a.readAt, b.readAt);
  return {
    seen,
    ...(a.narrow && b.narrow ? { narrow: true } : {}),
    ...(until === undefined ? {} : { until }),
    ...(readAt === undefined ? {} : { readAt }),
    ...(gone.size === 0 ? {} : { gone }),
  };
}

/** What one state has seen and the other one has not found gone since: that has been published as gone. */
function notGone({ seen, readAt = Number.NEGATIVE_INFINITY }: ListState, { gone }: ListState): [string, string][] {
  return [...seen].filter(([id]) => {
    const at = gone?.get(id);
    return at === undefined || at < readAt;
  });
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function addedSearch(now: SearchState | undefined, before: SearchState | undefined): SearchState | undefined {
  if (now === undefined || before === undefined) return now;
  const syncedRanges = minus(now.syncedRanges, before.syncedRanges);
  const dedupKeys = new Set([...now.dedupKeys].filter(print => !before.dedupKeys.has(print)));
  return syncedRanges.length === 0 && dedupKeys.size === 0 ? undefined : { ...now, syncedRanges, dedupKeys };
}

function addedList(now: ListState | undefined, before: ListState | undefined): ListState | undefined {
  if (now === undefined || before === undefined) return now;
  const seen = new Map([...now.seen].filter(([id, version]) => before.seen.get(id) !== version));
  const { gone: all = new Map<string, number>(), ...rest } = now;
  const gone = new Map([...all].filter(([id, at]) => before.gone?.get(id) !== at));
  return seen.size + gone.size === 0 ? undefined : { ...rest, seen, ...(gone.size === 0 ? {} : { gone }) };
}
