// Where the state of a sync is kept. Each destination has one store: a data branch keeps the state in the commit with the
// data (branch.ts), everything else in the Actions cache, with the artifacts as its backup (cache-store.ts).
import { SyncError } from '../errors.ts';
import { duration, utc } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { startOver } from '../sync/next-state.ts';
import { NO_STATE, type State, type StreamRevision } from '../sync/state.ts';
import { parseState, requirePast } from '../sync/state-document.ts';

/** What a run has started from. Whoever saves compares the base with what is saved by then. */
export interface Base {
  /** Of the state; 0 when there was none. */
  readonly generation: number;
  /** Key of the entry in the cache, or blob of the document on the branch; null when there is none. */
  readonly savedAs: string | null;
}

/** A state, and where it was found. */
export interface SavedState {
  readonly state: State;
  /** As in `from the Actions cache`. */
  readonly place: string;
}

export interface LoadedState {
  /** Null when nothing is saved, or (with `reset`) nothing that can be read. */
  readonly saved: SavedState | null;
  readonly base: Base;
  /** For a backfill or a shard on a data branch: the revisions of the sync that the branch belongs to. */
  readonly syncRevisions?: ReadonlyMap<string, StreamRevision>;
}

export interface LoadOptions {
  /** The state is to be ignored, so it need not be readable. */
  readonly reset: boolean;
  /** Whose artifacts are searched: those of this workflow's runs, of this run alone, or nobody's. */
  readonly artifactsOf: 'workflow' | 'this-run' | 'nobody';
}

export interface StateStore {
  /** @throws SyncError when a state is saved and cannot be read */
  load(options: LoadOptions): Promise<LoadedState>;
}

/**
 * A saved document; null when it is damaged and its state is to be ignored anyway.
 * @throws SyncError when it is damaged
 */
export function parseSaved(text: string, place: string, isIgnored: boolean): State | null {
  try {
    return parseState(text, place);
  } catch (error) {
    if (isIgnored) return null;
    throw error;
  }
}

export interface RecoveryOptions extends LoadOptions {
  readonly stateName: string;
  readonly onMissing: 'full' | 'fail';
  readonly log: Log;
}

export interface RecoveredState extends Omit<LoadedState, 'saved'> {
  readonly state: State;
  /** Where it was found; undefined when there is none, or it is ignored. */
  readonly foundIn?: string;
}

/**
 * The state that a run goes on from; {@link NO_STATE} for a first sync.
 * @throws SyncError `no-state` when there is none and one is demanded
 */
export async function recover(store: StateStore, options: RecoveryOptions): Promise<RecoveredState> {
  const { stateName, reset, onMissing, log } = options;
  const { saved, ...loaded } = await store.load(options);
  if (reset) {
    log.info('State: ignored, as `reset-state` says; this run starts over.');
    return { ...loaded, state: saved === null ? NO_STATE : startOver(saved.state) };
  }
  if (saved !== null) {
    const { state, place } = saved;
    requirePast(state, place, Date.now());
    const age = Date.now() - Date.parse(state.savedAt);
    const ago = age >= 0 ? ` (${duration(age)} ago)` : '';
    log.info(`State: generation ${state.generation} of ${utc(Date.parse(state.savedAt))}${ago}, from ${place}.`);
    return { ...loaded, state, foundIn: place };
  }
  if (onMissing === 'fail') {
    throw new SyncError('no-state', {
      what: `There is no saved state called \`${stateName}\`, and \`on-missing-state\` is \`fail\`.`,
      todo: 'Run once with `on-missing-state: full` to start with a full sync.',
    });
  }
  log.info('State: none yet, so this is a first sync.');
  return { ...loaded, state: NO_STATE };
}
