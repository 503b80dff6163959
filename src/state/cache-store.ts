// The state in the Actions cache, and its backup: the `state.json` of artifacts.
//
// The cache forgets: an entry that nobody has read for a week is gone. And a run may die between its upload and its save.
// In both cases the newest artifact of the sync says what is published.
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { Log } from '../report/log.ts';
import { nextState, type StateChange } from '../sync/next-state.ts';
import { parseState, serializeState } from '../sync/state-document.ts';
import { newestState } from './artifacts.ts';
import { type CacheEntry, findEntry, openCacheEntries, requireCache, unreadableEntry } from './cache.ts';
import { type LookupFailure, lookupFailure, lookupNotice, readKindFor, stateNotFound } from './lookup-failures.ts';
import { type Base, type LoadedState, type LoadOptions, parseSaved } from './store.ts';

export interface CacheStoreOptions {
  readonly stateName: string;
  readonly context: Context;
  /** Name of the artifacts that have the state, too; null when this sync uploads none. */
  readonly artifactName: string | null;
  readonly api: () => Promise<Api>;
  readonly log: Log;
}

/** Waits before each try of a save: an answer may be lost, or the cache has taken 200 uploads in a minute. */
const SAVE_TRIES_MS = [0, 2_000, 5_000];

export function openCacheStore(options: CacheStoreOptions) {
  const entries = openCacheEntries(options.stateName, options.context);

  /**
   * What a save would save now, on top of what other runs have saved since.
   * @param base what the run has started from, or what its last save returned
   * @returns `savedAs`: the key of the entry that has just this state, saved by an earlier try whose answer was lost or
   * whose process died; null when there is none
   * @throws SyncError when another run has saved, and its state cannot be read
   */
  async function preview(change: StateChange, base: Base) {
    const newer = await entries.newerThan(base.savedAs);
    const theirs = newer && parseState(newer.text, placeOf(newer));
    if (newer !== null && theirs?.publishId === change.state.publishId)
      return { state: theirs, lost: [], otherRun: null, savedAs: newer.key };
    return { ...nextState(change, base.generation, theirs), savedAs: null };
  }

  /**
   * Saves a state on top of what other runs have saved since.
   * @param artifact the artifact that has this state, too
   * @throws SyncError `state-not-saved`, and as {@link preview} does
   */
  async function save(change: StateChange, base: Base, artifact: string | undefined) {
    let cause: unknown;
    let lastTried = 0;
    for (const wait of SAVE_TRIES_MS) {
      if (wait > 0) await sleep(wait);
      // Compared anew before each try, always with what the run has started from.
      const { savedAs, ...result } = await preview(change, base);
      const { generation } = result.state;
      const isRetry = lastTried === generation;
      lastTried = generation;
      try {
        const key = savedAs ?? (await entries.put(serializeState(result.state), generation, isRetry));
        if (key !== null) return { ...result, base: { generation, savedAs: key } };
      } catch (error) {
        cause = error;
      }
    }
    throw notSaved(artifact, cause);
  }

  async function load(how: LoadOptions): Promise<LoadedState> {
    requireCache();
    const search = { ...options, ...how, entries };
    return (await tryLoad(search, false)) ?? ((await tryLoad(search, true)) as LoadedState);
  }

  return { load, preview, save };
}

type CacheSearch = CacheStoreOptions & LoadOptions & { readonly entries: ReturnType<typeof openCacheEntries> };

/** Null when an entry is listed that the cache did not hand over: another run may have saved its first state just now. */
async function tryLoad(search: CacheSearch, isLastTry: boolean): Promise<LoadedState | null> {
  const { artifactName, log, reset, artifactsOf, entries } = search;
  const failures: LookupFailure[] = [];
  const { entry, isMissing } = await findEntry(entries);
  const state = entry && parseSaved(entry.text, placeOf(entry), reset);
  const cached = state && { state, place: 'the Actions cache' };
  const hasArtifacts = artifactName !== null && artifactsOf !== 'nobody';
  const saved = hasArtifacts ? await newestState({ ...search, artifactName, cached }, failures) : cached;
  // The library reports an outage as it reports a miss; the list of entries tells the two apart.
  const listed = entry === null ? await listedKey(search, saved !== null || reset, failures) : null;
  // Without that list, what the library says has to do: a state that may be there must not be published again.
  if (listed === undefined && !isMissing)
    failures.unshift({ place: 'the Actions cache', isForbidden: false, isOther: false, mayHold: true });
  const base = { generation: saved?.state.generation ?? 0, savedAs: entry?.key ?? listed ?? null };
  if (reset) return { saved, base };
  if (typeof listed === 'string') {
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

/** The key of a saved state that this run should have been able to see; null when there is none, undefined when unknown. */
async function listedKey(
  { entries, context, api }: CacheSearch,
  isDispensable: boolean,
  failures: LookupFailure[],
): Promise<string | null | undefined> {
  try {
    const github = await api();
    const listed = await github.caches(entries.prefix, readKindFor(!isDispensable));
    if (listed.length === 0) return null;
    const base = context.baseRef === '' ? [] : [`refs/heads/${context.baseRef}`];
    const visible = [context.ref, ...base, `refs/heads/${context.defaultBranch ?? (await github.defaultBranch())}`];
    return listed.find(({ ref }) => visible.includes(ref))?.key ?? null;
  } catch (error) {
    failures.push(lookupFailure('the list of cache entries, which tells a miss from a failure', error, false));
    return undefined;
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
