// What lies beside the parts in the output directory: `manifest.json` and `state.json`.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../github/context.ts';
import type { State } from '../sync/state.ts';
import { serializeState } from '../sync/state-document.ts';
import type { PublishRequest } from './destination.ts';

type Contents = Pick<PublishRequest, 'directory' | 'window' | 'streams' | 'usage' | 'externalFiles' | 'files'>;

/**
 * Writes the manifest, and the state that holds once the parts are published.
 * @returns the path of the manifest
 */
export async function writeManifest(
  { directory, window, streams, usage, files, externalFiles = [] }: Contents,
  { runId, attempt, job, workflow, repository, ref, event }: Context,
  stateName: string,
  state: State,
): Promise<string> {
  const path = join(directory, 'manifest.json');
  const run = { id: runId, attempt, job, workflow, repository, ref, event, state_id: stateName };
  // A merge lists the parts of the shards, with the run and the artifact that has them.
  const manifest = { version: 1, run, window, streams, files: [...externalFiles, ...files], api: usage };
  await writeFile(path, `${JSON.stringify(manifest, null, 1)}\n`);
  if (state.generation > 0) await writeFile(join(directory, 'state.json'), serializeState(state));
  return path;
}
