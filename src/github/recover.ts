// Every place the state may be, and the copy that counts.
import { SyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import { NO_STATE, parseState, type State } from '../sync/state.ts';
import type { Api } from './api.ts';
import { keyPrefix, restore } from './cache.ts';
import type { Context } from './context.ts';

export interface Recovery {
  readonly stateId: string;
  readonly context: Context;
  readonly onMissing: 'full' | 'fail';
  /** Start over: of what is saved only the generation counts, so that the new state outranks it. */
  readonly reset: boolean;
  readonly api: () => Promise<Api>;
  readonly log: Log;
}

/**
 * The state to go on from.
 * @throws SyncError `state` when one exists and cannot be used, or when none exists and one is demanded.
 */
export async function recover(recovery: Recovery): Promise<State> {
  const { stateId, context, onMissing, reset, api, log } = recovery;
  if (reset) {
    log.info('State: ignored, as `reset-state` says; this run starts over.');
    return { ...NO_STATE, generation: await savedGeneration(recovery) };
  }
  const saved = await restore(stateId, context);
  if (saved !== null) {
    const state = parseState(saved.text, `Actions cache, ${saved.key}`);
    log.info(`State: generation ${state.generation} of ${state.savedAt}, from the Actions cache.`);
    return state;
  }
  // The cache library reports an outage as it reports a miss; the list of entries tells the two apart.
  const listed = await listedKey(stateId, context, api, log);
  if (listed !== null) {
    throw new SyncError(
      'github',
      'state',
      `The Actions cache has a saved state (${listed}) and did not hand it over.`,
      'Run again later. If it stays: the entry was saved on another operating system or without zstd; run there, delete it, or run once with `reset-state: true`.',
    );
  }
  if (onMissing === 'fail') {
    throw new SyncError(
      'user',
      'state',
      `There is no saved state called \`${stateId}\`, and \`on-missing-state\` is \`fail\`.`,
      'Run once with `on-missing-state: full` to start with a full sync.',
    );
  }
  log.info('State: none yet, so this is a first sync.');
  return NO_STATE;
}

/** Generation of the state that is saved now; 0 when there is none, or none that can be read. */
async function savedGeneration({ stateId, context }: Recovery): Promise<number> {
  const saved = await restore(stateId, context);
  try {
    return saved === null ? 0 : parseState(saved.text, saved.key).generation;
  } catch {
    return 0;
  }
}

/** The key of a saved state that this run should have been able to see, or null. */
async function listedKey(stateId: string, context: Context, api: Recovery['api'], log: Log): Promise<string | null> {
  try {
    const github = await api();
    const entries = await github.caches(keyPrefix(stateId));
    if (entries.length === 0) return null;
    const base = context.baseRef === '' ? [] : [`refs/heads/${context.baseRef}`];
    const visible = [context.ref, ...base, `refs/heads/${context.defaultBranch ?? (await github.defaultBranch())}`];
    return entries.find(({ ref }) => visible.includes(ref))?.key ?? null;
  } catch {
    log.notice(
      'No saved state was found, and GitHub did not say whether there is one that could not be read. Give the job the permission `actions: read` to be sure.',
    );
    return null;
  }
}
