// What the main step leaves for the post step. Besides inputs.ts, report.ts and log.ts this is the place that knows
// @actions/core, for its saved state.
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@actions/core';
import type { Context } from '../github/context.ts';
import { openMutex } from '../sync/mutex.ts';
import type { State } from '../sync/state.ts';
import { parseState, serializeState } from '../sync/state-document.ts';
import type { Publication, Target } from './publish.ts';

const STATE_FILE = 'state-file';
const STATE_NAME = 'state-name';
const CACHE_KEY = 'cache-key';
const CONTINUES = 'continues';
const UNPUBLISHED_FILE = 'unpublished-file';

/** Leaves a state that may be saved only when the job has made use of the files. */
export async function leaveForPost(
  { stateName }: Pick<Target, 'stateName'>,
  context: Context,
  document: string,
  cacheKey: string | null,
  continues: boolean,
): Promise<void> {
  // Not in the output directory, which the next steps may empty.
  const file = newFile(context, 'state');
  await writeFile(file, document);
  core.saveState(STATE_FILE, file);
  core.saveState(STATE_NAME, stateName);
  core.saveState(CACHE_KEY, cacheKey ?? '');
  core.saveState(CONTINUES, String(continues));
}

/** What the main step left, or null. */
export async function leftByMain(): Promise<{
  stateName: string;
  state: State;
  cacheKey: string | null;
  continues: boolean;
} | null> {
  const file = core.getState(STATE_FILE);
  if (file === '') return null;
  return {
    stateName: core.getState(STATE_NAME),
    state: parseState(await readFile(file, 'utf8'), 'left by the main step'),
    cacheKey: core.getState(CACHE_KEY) || null,
    continues: core.getState(CONTINUES) === 'true',
  };
}

/** What is to be published, in this order, by whoever comes to it. */
export interface Handover {
  /** Takes the place of what was left before, at one stroke: a process that dies here leaves the one or the other. */
  leave(target: Target, publications: readonly Publication[]): Promise<void>;
  /** Whether something is left. */
  isPending(): boolean;
}

export function openHandover(context: Context): Handover {
  const file = newFile(context, 'unpublished');
  let pending = false;
  let isAnnounced = false;
  const inTurn = openMutex();
  async function write(target: Target, publications: readonly Publication[]): Promise<void> {
    const { destinations, artifactName, retentionDays, gzip, branch, dataPath, repository } = target;
    const { stateName, fileMark } = target;
    const left: Left = {
      target: { destinations, artifactName, retentionDays, gzip, branch, dataPath, repository, stateName, fileMark },
      publications: publications.map(each => ({
        ...each,
        state: each.state === null ? null : serializeState(each.state),
      })),
    };
    await writeFile(`${file}.new`, JSON.stringify(left));
    await rename(`${file}.new`, file);
    if (!isAnnounced) core.saveState(UNPUBLISHED_FILE, file);
    isAnnounced = true;
    pending = publications.length > 0;
  }
  return {
    // One after the other: what is being published and what is being read are noted down side by side.
    leave: (target, publications) => inTurn(() => write(target, publications)),
    isPending: () => pending,
  };
}

interface Left {
  readonly target: Target;
  readonly publications: readonly (Omit<Publication, 'state'> & { readonly state: string | null })[];
}

/** What the main step did not publish. */
export async function leftUnpublished(): Promise<{ target: Target; publications: readonly Publication[] } | null> {
  const file = core.getState(UNPUBLISHED_FILE);
  if (file === '') return null;
  const { target, publications } = JSON.parse(await readFile(file, 'utf8')) as Left;
  return {
    target,
    publications: publications.map(each => ({
      ...each,
      state: each.state === null ? null : parseState(each.state, 'left by the main step'),
    })),
  };
}

function newFile({ temp }: Context, what: string): string {
  return join(temp || tmpdir(), `kustomer-sync-${what}-${randomUUID()}.json`);
}
