// The state in the Actions cache, and its backup: the `state.json` of artifacts.
//
// The cache forgets: an entry that nobody has read for a week is gone. And a run may die between its upload and its save.
// In both cases the newest artifact of the sync says what is published.
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { Log } from '../report/log.ts';
import { type MergedState, nextState, type StateChange } from '../sync/merge.ts';
import type { State } from '../sync/state.ts';
import { parseState, serializeState } from '../sync/state-document.ts';
import { newestInArtifacts } from './artifacts.ts';
import { type CacheEntry, cacheTrouble, keyPrefix, newerThan, put, restore, unreadableEntry } from './cache.ts';
import { type LookupFailure, listFailure, lookupNotice, readKindFor, stateNotFound } from './lookup-failures.ts';
import type { Base, LoadedState, LoadOptions, SavedState, StateStore } from './store.ts';

export interface CacheStoreOptions {
  readonly stateName: string;
  readonly context: Context;
  /** Name of the artifacts that have the state, too; null when this sync uploads none. */
  readonly artifactName: string | null;
  readonly api: () => Promise<Api>;
  readonly log: Log;
}

/** What would be saved, or was saved, on top of what other runs have saved since. */
export interface SaveResult extends MergedState {
  /** The run that has saved meanwhile, if one has. */
  readonly otherRun: State['run'] | null;
}

export interface CacheStore extends StateStore {
  /**
   * What {@link CacheStore.save} would save now.
   * @param base what the run has started from, or what its last save returned
   * @throws SyncError when another run has saved, and its state cannot be read
   */
  preview(change: StateChange, base: Base): Promise<SaveResult>;
  /**
   * Saves a state on top of what other runs have saved since.
   * @param artifact the artifact that has this state, too
   * @throws SyncError `state-not-saved`
   */
  save(change: StateChange, base: Base, artifact: string | undefined): Promise<SaveResult & { readonly base: Base }>;
}

/** Waits before each try of a save: an answer may be lost, or the cache has taken 200 uploads in a minute. */
const SAVE_TRIES_MS = [0, 2_000, 5_000];

export function openCacheStore(options: CacheStoreOptions): CacheStore {
  const { stateName, context } = options;

  /** `savedAs`: the entry that has just this state, saved by a try before whose answer was lost or whose process died. */
  async function merge(change: StateChange, base: Base): Promise<SaveResult & { savedAs: string | null }> {
    const newer = await newerThan(base.cacheKey, stateName, context);
    const theirs = newer && parseState(newer.text, placeOf(newer));
    if (newer !== null && theirs?.publishId === change.state.publishId)
      return { state: theirs, lost: [], otherRun: null, savedAs: newer.key };
    return { ...nextState(change, base.generation, theirs), otherRun: theirs?.run ?? null, savedAs: null };
  }

  return {
    async load(how) {
      const trouble = cacheTrouble();
      if (trouble !== null) throw trouble;
      return (await tryLoad(options, how, false)) ?? ((await tryLoad(options, how, true)) as LoadedState);
    },
    preview: merge,
    async save(change, base, artifact) {
      let cause: unknown;
      let lastTried = 0;
      for (const wait of SAVE_TRIES_MS) {
        if (wait > 0) await sleep(wait);
        // Compared anew before each try, always with what the run has started from.
        const { savedAs, ...result } = await merge(change, base);
        const { generation } = result.state;
        const isRetry = lastTried === generation;
        lastTried = generation;
        try {
          const key = savedAs ?? (await put(stateName, context, serializeState(result.state), generation, isRetry));
          if (key !== null) return { ...result, base: { generation, cacheKey: key, head: null } };
        } catch (error) {
          cause = error;
        }
      }
      throw notSaved(artifact, cause);
    },
  };
}

/** Null when an entry is listed that the cache did not hand over: another run may have saved its first state just now. */
async function tryLoad(options: CacheStoreOptions, how: LoadOptions, isLastTry: boolean): Promise<LoadedState | null> {
  const { stateName, context, artifactName, log } = options;
  const { reset, artifactsOf } = how;
  const failures: LookupFailure[] = [];
  const parse = (text: string, place: string) => parseUnlessReset(text, place, reset);
  const entry = await restore(stateName, context);
  const cached = entry && parse(entry.text, placeOf(entry));
  const uploaded =
    artifactName === null || artifactsOf === 'nobody'
      ? null
      : await newestInArtifacts({ ...options, ...how, artifactName, best: cached, parse }, failures);
  const saved = newest(cached === null ? null : { state: cached, place: 'the Actions cache' }, uploaded);
  // The library reports an outage as it reports a miss; the list of entries tells the two apart.
  const listed = entry === null ? await listedKey(options, saved !== null || reset, failures) : null;
  const base = { generation: saved?.state.generation ?? 0, cacheKey: entry?.key ?? listed, head: null };
  if (reset) return { saved, base };
  if (listed !== null) {
    if (!isLastTry) return null;
    throw unreadableEntry(listed);
  }
  if (saved === null && artifactsOf !== 'nobody' && failures.some(({ mayHold }) => mayHold))
    throw stateNotFound(failures);
  if (failures.length > 0) log.notice(lookupNotice(failures));
  return { saved, base };
}

function placeOf({ key }: CacheEntry): string {
  return `Actions cache, ${key}`;
}

/** A copy that cannot be read is an error, unless it is to be ignored anyway. */
function parseUnlessReset(text: string, place: string, reset: boolean): State | null {
  try {
    return parseState(text, place);
  } catch (error) {
    if (reset) return null;
    throw error;
  }
}

function newest(cached: SavedState | null, uploaded: SavedState | null): SavedState | null {
  if (cached === null || uploaded === null) return cached ?? uploaded;
  return uploaded.state.generation > cached.state.generation ? uploaded : cached;
}

/** The key of a saved state that this run should have been able to see, or null. */
async function listedKey(
  { stateName, context, api }: CacheStoreOptions,
  isDispensable: boolean,
  failures: LookupFailure[],
): Promise<string | null> {
  try {
    const github = await api();
    const entries = await github.caches(keyPrefix(stateName), readKindFor(!isDispensable));
    if (entries.length === 0) return null;
    const base = context.baseRef === '' ? [] : [`refs/heads/${context.baseRef}`];
    const visible = [context.ref, ...base, `refs/heads/${context.defaultBranch ?? (await github.defaultBranch())}`];
    return entries.find(({ ref }) => visible.includes(ref))?.key ?? null;
  } catch (error) {
    failures.push(listFailure('the list of cache entries, which tells a miss from a failure', error));
    return null;
  }
}

function notSaved(artifact: string | undefined, cause: unknown): SyncError {
  const why = 'the warnings of the cache above (a run from a fork or by an outside event may not write to it)';
  const [what, todo] =
    artifact === undefined
      ? ["so the next run will deliver this run's records again.", `Look at ${why}, and run again.`]
      : [
          `but this run's records are in the artifact ${artifact}, and the next run goes on from there where it may read artifacts (\`actions: read\`).`,
          `Take them from that artifact, and look at ${why}.`,
        ];
  return new SyncError('state-not-saved', {
    what: `The state could not be saved in the Actions cache, ${what}`,
    todo,
    cause,
  });
}
