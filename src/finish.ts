// What is read becomes published, and only then the state says so (contract 6). The same order for every run.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_VERSION, serialiseManifest } from './files/manifest.ts';
import type { Part } from './files/parts.ts';
import type { Context } from './github/context.ts';
import { leaveForPost } from './handover.ts';
import type { Config } from './inputs.ts';
import { count, type Log } from './log.ts';
import { type Report, streamReport } from './report.ts';
import { type State, serialise } from './sync/state.ts';

export interface Finishing {
  readonly config: Config;
  readonly context: Context;
  readonly log: Log;
  readonly files: readonly Part[];
  /** The state that is in force once the files are published; null when this run has nothing to claim. */
  readonly state: State | null;
  readonly window: { readonly from: string; readonly to: string };
  readonly usage: unknown;
}

/**
 * Writes the manifest, publishes, saves the state; puts what was done into the report.
 * @throws SyncError `publish` or `state`; nothing after the step that failed is done.
 */
export async function finish(
  report: Report,
  { config, context, log, files, state, window, usage }: Finishing,
): Promise<void> {
  const document = state === null ? null : serialise(state);
  const manifest = join(report.outputDir, 'manifest.json');
  const { runId, attempt, job, workflow, repository, ref, event } = context;
  await writeFile(
    manifest,
    serialiseManifest({
      version: MANIFEST_VERSION,
      run: { id: runId, attempt, job, workflow, repository, ref, event },
      window,
      streams: report.streams.map(streamReport),
      files,
      api: usage,
      state: document === null ? null : JSON.parse(document),
    }),
  );
  report.manifest = manifest;

  if (files.length > 0 && config.destinations.includes('artifact')) {
    const { upload } = await import('./github/artifact.ts');
    // A re-run finds the artifacts of the attempts before it.
    const name = attempt === '1' ? config.artifactName : `${config.artifactName}-attempt-${attempt}`;
    const uploaded = await upload(context, {
      name,
      directory: report.outputDir,
      files: ['manifest.json', ...files.map(({ path }) => path)],
      retentionDays: config.retentionDays,
      compressed: config.gzip,
    });
    report.artifact = { ...uploaded, name };
    log.info(`Uploaded ${count(files.length, 'file')} as artifact ${name}.`);
  }

  if (document === null || state === null) return;
  if (config.destinations.length === 0) {
    await leaveForPost(config, context, document);
    report.stateDeferred = true;
    return;
  }
  const { save } = await import('./github/cache.ts');
  await save(config.stateId, context, document);
  report.stateSaved = true;
  report.generation = state.generation;
}
