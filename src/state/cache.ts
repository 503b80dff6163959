// The state in the Actions cache. Only this file knows @actions/cache.
//
// Every save has a new key, and nothing is ever deleted (docs/actions-platform.md#cache-keys). The key is the
// generation: of two runs that save the same one at the same moment the cache takes one, and the other one hears of it.
// The path is the same relative one everywhere: its spelling is part of what the cache goes by
// (docs/actions-platform.md#cache-version).
import { randomBytes } from 'node:crypto';
import { rmdirSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as cache from '@actions/cache';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';

const FOLDER = '.kustomer-sync';
/** Waits before something is tried again: a lost answer, a moment's outage, or 200 uploads in a minute by others. */
const AGAIN_AFTER_MS = [2_000, 5_000];

/**
 * All keys of one state begin so. It ends with a delimiter: a prefix must not match another state's keys; nor can what
 * has a name of several parts (see scope.ts) be taken for one of a single part, or the other way round.
 */
export function keyPrefix(stateName: string): string {
  return `kustomer-sync${stateName.includes('/') ? '-' : '/'}${stateName}/`;
}

/** Why a save at the end could not work, as far as that can be told at once; null when it may. */
export function cacheTrouble(): SyncError | null {
  const mode = process.env.ACTIONS_CACHE_MODE ?? '';
  if (!cache.isFeatureAvailable()) {
    return new SyncError('no-cache', {
      what: 'There is no Actions cache here, so the state of this sync could not be kept.',
      todo: 'Run the action on a runner that has one (a GitHub Enterprise Server needs it switched on).',
    });
  }
  if (mode === 'read' || mode === 'none' || mode === 'write-only') {
    return new SyncError('cache-not-writable', {
      what: `This job may not ${mode === 'write-only' ? 'read from' : 'write to'} the Actions cache (\`cache-mode: ${mode}\`), so the state of this sync could not be kept.`,
      todo: 'Give the job `cache-mode: write`, and run it on `schedule`, `push` or `workflow_dispatch`.',
    });
  }
  return null;
}

/** The newest saved document this run can see, or null. A failure of the service looks like a miss: see recover.ts. */
export async function restore(stateName: string, context: Context): Promise<{ text: string; key: string } | null> {
  const path = pathOf(stateName);
  const file = join(context.workspace, path);
  rmSync(file, { force: true });
  underWay++;
  try {
    const key = await cache.restoreCache([path], `${keyPrefix(stateName)}?`, [keyPrefix(stateName)]);
    // An entry without the file is read as an empty document, which is refused as any other damaged one.
    return key === undefined ? null : { text: await readFile(file, 'utf8').catch(() => ''), key };
  } finally {
    clean(file, context);
  }
}

/**
 * What another run has saved since `known` was restored or saved; null when there is no such thing.
 * @throws SyncError `state` when there is, and it is not to be had.
 */
export async function newerThan(
  known: string | null,
  stateName: string,
  context: Context,
): Promise<{ text: string; key: string } | null> {
  const prefix = keyPrefix(stateName);
  const newest = () => cache.restoreCache([pathOf(stateName)], `${prefix}?`, [prefix], { lookupOnly: true });
  // An outage looks like a miss: where not even `known` is there it is worth another look, since the state must not fall
  // behind what others have saved.
  const key = (await newest()) ?? (known === null ? undefined : await again(newest));
  if (key === undefined || key === known) return null;
  const other = () => restore(stateName, context);
  const saved = (await other()) ?? (await again(other));
  if (saved === null) throw notHandedOver(key);
  return saved;
}

async function again<T>(ask: () => Promise<T>): Promise<T> {
  await sleep(AGAIN_AFTER_MS[0]);
  return ask();
}

export function notHandedOver(key: string): SyncError {
  return new SyncError('cache-unreadable', {
    what: `The Actions cache has a saved state (${key}) and did not hand it over.`,
    todo: 'Run again later. If it stays: the entry was saved on another operating system or without zstd; run there, delete it, or run once with `reset-state: true`.',
  });
}

/**
 * Resolves to the key under which the document is saved. It is asked for before each try: others may have saved meanwhile.
 * `artifact`: the one that has the records and this state, too.
 * @throws SyncError `state` when it is not saved, whatever the reason.
 */
export async function save(
  stateName: string,
  context: Context,
  document: () => Promise<{ readonly text: string; readonly generation: number }>,
  artifact: string | undefined,
): Promise<string> {
  const path = pathOf(stateName);
  let cause: unknown;
  let tried = Number.NaN;
  for (const wait of [0, ...AGAIN_AFTER_MS]) {
    if (wait > 0) await sleep(wait);
    const { text, generation } = await document();
    // Where nobody has saved it, the key is that of a save which was begun and got lost: perhaps our own.
    const key = `${keyPrefix(stateName)}${generation}${generation === tried ? `-${randomBytes(4).toString('hex')}` : ''}`;
    tried = generation;
    const file = join(context.workspace, path);
    underWay++;
    try {
      // Written anew each time: a checkout between main and post empties the workspace.
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      if ((await cache.saveCache([path], key)) > 0) return key;
    } catch (error) {
      cause = error;
    } finally {
      clean(file, context);
    }
  }
  throw notSaved(artifact, cause);
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

function pathOf(stateName: string): string {
  return `${FOLDER}/${stateName}/state.json`;
}

/** States that are on their way from or to the cache, through folders that they share. */
let underWay = 0;
const used = new Set<string>();

/**
 * The workspace is the user's: nothing of ours stays in it, and nothing else is touched. A folder is removed when no
 * state is under way: where some are restored side by side, `tar` may just be about to put one into it. Synchronous, so
 * that none sets out meanwhile.
 */
function clean(file: string, { workspace }: Context): void {
  rmSync(file, { force: true });
  used.add(dirname(file));
  if (--underWay > 0) return;
  for (const last of used) {
    for (let folder = last; folder.length > workspace.length; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {}
    }
  }
  used.clear();
}
