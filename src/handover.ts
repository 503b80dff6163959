// What the main step leaves for the post step. Besides inputs.ts, report.ts and log.ts this is the place that knows
// @actions/core, for its saved state.
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@actions/core';
import type { Context } from './github/context.ts';
import type { Config } from './inputs.ts';

const STATE_FILE = 'state-file';
const STATE_ID = 'state-id';

/** Leaves a state that may be saved only when the job has made use of the files. */
export async function leaveForPost(config: Config, context: Context, document: string): Promise<void> {
  // Not in the output directory, which the next steps may empty.
  const file = join(context.temp || tmpdir(), `kustomer-sync-state-${randomUUID()}.json`);
  await writeFile(file, document);
  core.saveState(STATE_FILE, file);
  core.saveState(STATE_ID, config.stateId);
}

/** What the main step left, or null. */
export async function leftByMain(): Promise<{ stateId: string; document: string } | null> {
  const file = core.getState(STATE_FILE);
  return file === '' ? null : { stateId: core.getState(STATE_ID), document: await readFile(file, 'utf8') };
}
