/**
 * Joins the states of the shards of a plan, and adds them to the state that other runs have saved. Pure.
 *
 * Shards are disjoint, so a join is a union. One thing takes away from it: of a stream that a full refresh has replaced on
 * the data branch, what was published in an earlier epoch does not count.
 */
import { SyncError } from '../errors.ts';
import { isSearch, streamNamed } from '../kustomer/streams.ts';
import { clamp, covers, type Interval, type IntervalSet, minus, union } from '../sync/intervals.ts';
import { unitePublished } from '../sync/kept-back.ts';
import { klassKey } from '../sync/klasses-job.ts';
import { requireSameOrganization } from '../sync/next-state.ts';
import { type PlanOptions, planSearch, type Selection } from '../sync/plan.ts';
import {
  isCheckDone,
  type KlassCheck,
  type ListState,
  listVersionTime,
  NO_STATE,
  type SearchState,
  type State,
  type StreamRevision,
  stateKeysOf,
  streamOf,
} from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import { joinSchemas } from '../sync/stream-schema.ts';
import type { Shard } from './shard.ts';

/**
 * What two states say together of the records that are published. Everything else is that of `a`: its generation, its
 * run, its files.
 * @throws SyncError `other-organization` when they belong to different organizations.
 */
export function unite(a: State, b: State): State {
  requireSameOrganization(a, b);
  /** Whether a state knows what the last full refresh of a stream has published. */
  const isCurrent = (state: State, name: string) => epochOf(state, name) >= epochOf(state === a ? b : a, name);
  const uniteMaps = <T>(of: (state: State) => ReadonlyMap<string, T>, both: (a: T, b: T) => T) => {
    const united = new Map<string, T>();
    for (const state of [a, b]) {
      for (const [name, value] of of(state)) {
        const other = united.get(name);
        if (isCurrent(state, name)) united.set(name, other === undefined ? value : both(other, value));
      }
    }
    return united;
  };
  return {
    ...a,
    organizationId: a.organizationId ?? b.organizationId,
    search: uniteMaps(({ search }) => search, uniteSearch),
    lists: uniteMaps(({ lists }) => lists, addList),
    revisions: uniteMaps(({ revisions }) => revisions, uniteRevisions),
    schemas: joinSchemas(b.schemas, a.schemas),
  };
}

function syncedOf({ search }: State, key: string): IntervalSet {
  return search.get(key)?.syncedRanges ?? [];
}

function epochOf({ revisions }: State, name: string): number {
  return revisions.get(streamOf(name))?.epoch ?? 0;
}

function uniteRevisions(a: StreamRevision, b: StreamRevision): StreamRevision {
  const changedIn = Math.max(a.changedIn, b.changedIn);
  // Each has counted on from what was published before the plan.
  const { published: _, ...rest } = a;
  const keptBack = unitePublished(a.keptBack, b.keptBack);
  return { ...rest, changedIn, includeDeleted: a.includeDeleted && b.includeDeleted, ...(keptBack && { keptBack }) };
}

function uniteSearch(a: SearchState, b: SearchState): SearchState {
  return {
    syncedRanges: union(a.syncedRanges, b.syncedRanges),
    // Records of the ranges that only the earlier one has read may have been indexed after its cutoff.
    cutoff: Math.min(a.cutoff, b.cutoff),
    dedupSince: Math.max(a.dedupSince, b.dedupSince),
    dedupKeys: new Set([...a.dedupKeys, ...b.dedupKeys]),
    klasses: uniteChecks([a, b]),
    // No shard reads the audit log.
    deletions: a.deletions ?? b.deletions,
  };
}

/** Undefined when one of the states has records whose klasses nobody has looked for. */
function uniteChecks(states: readonly SearchState[]): KlassCheck | undefined {
  const checks = states.filter(isCheckDone).flatMap(({ klasses }) => klasses ?? []);
  const isUnchecked = (state: SearchState) => !isCheckDone(state) && state.syncedRanges.length > 0;
  if (checks.length === 0 || states.some(isUnchecked)) return undefined;
  return {
    checkedAt: Math.max(...checks.map(({ checkedAt }) => checkedAt)),
    from: Math.min(...checks.map(({ from }) => from)),
    skipped: [...new Set(checks.flatMap(({ skipped }) => skipped))].sort(),
  };
}

/**
 * Adds what one state has seen of a list to what another one knows of it, but for what that one has found gone since: what
 * was gone before has come back.
 */
function addList({ narrow, gone: knownGone = new Map(), ...known }: ListState, added: ListState): ListState {
  const seen = new Map(known.seen);
  const gone = new Map(knownGone);
  const readFrom = added.until ?? Number.NEGATIVE_INFINITY;
  for (const [id, version] of added.seen) {
    const own = seen.get(id);
    const isNewer = own === undefined || listVersionTime(version) > listVersionTime(own);
    const goneAt = gone.get(id);
    if (goneAt !== undefined && goneAt >= readFrom) continue;
    gone.delete(id);
    if (isNewer) seen.set(id, version);
  }
  const until = Math.max(known.until ?? Number.NEGATIVE_INFINITY, added.until ?? Number.NEGATIVE_INFINITY);
  return {
    ...known,
    seen,
    ...(narrow && added.narrow ? { narrow } : {}),
    ...(gone.size > 0 ? { gone } : {}),
    ...(until === Number.NEGATIVE_INFINITY ? {} : { until }),
  };
}

/**
 * Adds the shards of a plan to the state that other runs may have gone on with meanwhile.
 * @param before the newest state of the sync or backfill that the plan was made for
 * @returns a state without a generation of its own. Whoever saves it sets `savedAt`, `run` and `publishId`.
 */
export function joinOnto(
  before: State,
  plan: readonly Shard[],
  states: readonly State[],
  { endDate = null }: Pick<PlanOptions, 'endDate'>,
): State {
  const joined = states.map(withoutGone).reduce(unite, NO_STATE);
  const united = unite(before, joined);
  const { consecutiveRuns: _, shardManifest: __, ...state } = endDate === null ? withOpenLists(united) : united;
  // A plan looks for klasses in everything that is synced, and its shards have read those that it found.
  const areChecked = plan.some(({ klasses }) => klasses !== null);
  if (!areChecked) return state;
  const search = [...state.search].map(([name, each]) => {
    const own = joined.search.get(name);
    return [name, own === undefined ? each : { ...each, klasses: own.klasses }] as const;
  });
  return { ...state, search: new Map(search) };
}

/** A shard knows of the sync what was gone before its plan, and finds nothing gone itself. */
function withoutGone({ lists, ...state }: State): State {
  return { ...state, lists: new Map([...lists].map(([name, { gone: _, ...list }]) => [name, list])) };
}

/** Lists as an incremental sync has them, without an end. */
function withOpenLists({ lists, ...state }: State): State {
  return { ...state, lists: new Map([...lists].map(([name, { until: _, ...list }]) => [name, list])) };
}

/** Whether a state says that all of a shard is published, klasses that only their own search shows included. */
export function isDone({ search, lists, klasses }: Shard, state: State): boolean {
  const isRead = ([name, ranges]: [string, IntervalSet]) => {
    const stream = streamNamed(name);
    const hasKlasses = isSearch(stream) && stream.hasKlasses;
    const planned = hasKlasses ? (klasses ?? []).map(klass => klassKey(name, klass)) : [];
    const synced = [...stateKeysOf(state, name), ...planned].map(key => syncedOf(state, key));
    const isChecked = !hasKlasses || isCheckDone(state.search.get(name) ?? {});
    return isChecked && synced.every(set => ranges.every(range => covers(set, range)));
  };
  return [...search].every(isRead) && lists.every(name => state.lists.has(name));
}

/**
 * @param states those of the shards, in the order of the plan
 * @throws SyncError `shards-unfinished` when a shard has not published all of it.
 */
export function checkDone(plan: readonly Shard[], states: readonly State[]): void {
  const numbers = plan.filter((shard, n) => !isDone(shard, states[n] ?? NO_STATE)).map(({ number }) => number);
  if (numbers.length === 0) return;
  throw new SyncError('shards-unfinished', {
    what: `The shards ${numbers.slice(0, 20).join(', ')}${numbers.length > 20 ? ', …' : ''} of ${plan.length} are missing or not done, so nothing was put together.`,
    todo: 'Re-run the failed jobs, or else the jobs of these shards: a shard goes on from where it was.',
  });
}

/** @throws SyncError `plan-overlap` when two shards have the same range: its records would be published twice. */
export function checkOverlap(plan: readonly Shard[]): void {
  const taken = new Map<string, IntervalSet>();
  for (const { number, search } of plan) {
    for (const [name, ranges] of search) {
      const others = taken.get(name) ?? [];
      if (ranges.some(({ from, to }) => clamp(others, from, to).length > 0)) {
        throw new SyncError('plan-overlap', {
          what: `Shard ${number} of the plan overlaps another one in ${name}.`,
          todo: 'Hand the output `matrix` of the plan on as it is.',
        });
      }
      taken.set(name, union(others, ranges));
    }
  }
}

/**
 * @param before the state that the shards are added to
 * @throws SyncError `plan-gap` when a range of a planned stream is in no shard, nor synced by anybody else.
 */
export function checkGap(
  plan: readonly Shard[],
  options: PlanOptions & { streams: readonly Selection[] },
  before: State,
): void {
  for (const selection of options.streams) {
    const { name } = selection;
    const planned = plan.flatMap(({ search }) => search.get(name) ?? []);
    const [gap] = minus([wantedRange(plan, selection, options)], union(planned, syncedOf(before, name)));
    if (planned.length > 0 && gap !== undefined) {
      throw new SyncError('plan-gap', {
        what: `The shards of the plan leave out what was updated in ${name} from ${iso(gap.from)} to ${iso(gap.to)}.`,
        todo: 'Hand the output `matrix` of the plan on as it is.',
      });
    }
  }
}

/** The range (ms) of a search stream that a single run would want that began when the plan was made. */
export function wantedRange(plan: readonly Shard[], selection: Selection, options: PlanOptions): Interval {
  const began = (plan[0]?.cutoff ?? 0) + options.settleMs;
  return planSearch(selection.name, selection, options, NO_STATE, began, 'archive').wanted;
}

/** Whether `after` says of no record that it is published that `before` does not say it of: nothing is to be saved. */
export function addsNothing(before: State, after: State): boolean {
  return (
    before.generation > 0 &&
    [...after.search].every(
      ([name, each]) =>
        minus(each.syncedRanges, syncedOf(before, name)).length === 0 &&
        isCheckDone(before.search.get(name) ?? {}) === isCheckDone(each),
    ) &&
    [...after.lists].every(([name, { seen, until }]) => {
      const known = before.lists.get(name);
      return known?.until === until && [...seen].every(([id, version]) => known?.seen.get(id) === version);
    })
  );
}
