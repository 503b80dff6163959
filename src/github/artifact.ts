// A directory of files to one artifact. Only this file knows @actions/artifact.
import { join } from 'node:path';
import { DefaultArtifactClient } from '@actions/artifact';
import { SyncError } from '../errors.ts';
import type { Context } from './context.ts';

export interface Uploaded {
  readonly id: string;
  readonly url: string;
  readonly digest: string;
}

export interface Upload {
  readonly name: string;
  readonly directory: string;
  /** Below the directory. */
  readonly files: readonly string[];
  readonly retentionDays: number;
  /** The files are compressed already. */
  readonly compressed: boolean;
}

/** @throws SyncError `publish` */
export async function upload(
  context: Context,
  { name, directory, files, retentionDays, compressed }: Upload,
): Promise<Uploaded> {
  try {
    const { id, digest } = await new DefaultArtifactClient().uploadArtifact(
      name,
      files.map(file => join(directory, file)),
      directory,
      { compressionLevel: compressed ? 0 : 6, ...(retentionDays > 0 ? { retentionDays } : {}) },
    );
    if (id === undefined) throw new Error('no artifact id');
    return {
      id: String(id),
      url: `${context.serverUrl}/${context.repository}/actions/runs/${context.runId}/artifacts/${id}`,
      digest: digest ?? '',
    };
  } catch (error) {
    throw problem(name, error);
  }
}

function problem(name: string, error: unknown): SyncError {
  const kind = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : '';
  if (kind === 'GHESNotSupportedError') {
    return new SyncError(
      'user',
      'publish',
      'A GitHub Enterprise Server does not take artifacts of this kind.',
      'Use `destination: none` and load the files in the next step.',
      error,
    );
  }
  if (/already exists|409/.test(message)) {
    return new SyncError(
      'user',
      'publish',
      `This workflow run already has an artifact called ${name}.`,
      'Give each use of the action in one workflow its own `artifact-name` and its own `state-id`.',
      error,
    );
  }
  return new SyncError(
    'github',
    'publish',
    'The artifact could not be uploaded; nothing is taken for published.',
    'Run again: the next run delivers the same records.',
    error,
  );
}
