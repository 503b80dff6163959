// A directory of files to one artifact. Only this file knows @actions/artifact.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultArtifactClient } from '@actions/artifact';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { verifyPart, verifySize } from '../records/integrity.ts';
import type { PartFile } from '../records/parts.ts';

export interface Uploaded {
  readonly id: string;
  readonly url: string;
  readonly digest: string;
  readonly name: string;
}

export interface Upload {
  readonly name: string;
  readonly directory: string;
  /** Beside the manifest; below the directory. */
  readonly files: readonly PartFile[];
  readonly retentionDays: number;
  /** The files are compressed already. */
  readonly compressed: boolean;
  /** Whether an artifact of this run holds just these files; null when that cannot be found out. */
  readonly holdsThese: (id: number) => Promise<boolean | null>;
}

/** Waits before the next try, in milliseconds; the library has tried several times itself until then. */
const AGAIN_AFTER_MS = [0, 2_000];

/**
 * Uploads, and makes sure that what was uploaded is what was written.
 * @throws SyncError `publish`
 */
export async function upload(context: Context, wanted: Upload): Promise<Uploaded> {
  const { directory, files, retentionDays, compressed, holdsThese } = wanted;
  for (const file of files) await verifyPart(directory, file);
  const paths = ['manifest.json', ...files.map(({ path }) => path)].map(path => join(directory, path));
  const options = { compressionLevel: compressed ? 0 : 6, ...(retentionDays > 0 ? { retentionDays } : {}) };
  const client = new DefaultArtifactClient();

  let { name } = wanted;
  for (let tries = 0; ; tries++) {
    let cause: unknown;
    try {
      const { id, digest } = await client.uploadArtifact(name, paths, directory, options);
      if (id === undefined) throw new Error('no artifact id');
      try {
        await verifySizes(wanted);
      } catch (error) {
        // Nobody is to load what lacks a part. Where it stays, manifestOf tells.
        await client.deleteArtifact(name).catch(() => {});
        throw error;
      }
      return uploaded(context, name, id, digest);
    } catch (error) {
      if (error instanceof SyncError) throw error;
      cause = error;
    }
    if (isEnterpriseServer(cause)) throw problem(cause);
    await verifySizes(wanted);
    // The answer may have been lost, or this is a second try at what a process before this one did not live to see done.
    const there = await find(client, name);
    // Under another name the same records might be there twice.
    if (there === undefined && hadName(cause)) throw inTheDark(cause);
    if (there) {
      const isOurs = (await holdsThese(there.id)) ?? hadName(cause);
      if (isOurs) return uploaded(context, name, there.id, there.digest);
    }
    const wait = AGAIN_AFTER_MS[tries];
    if (wait === undefined) throw problem(cause);
    await sleep(wait);
    // A name that was taken stays taken, also when nothing was uploaded under it.
    name = `${wanted.name}-${randomBytes(3).toString('hex')}`;
  }
}

/** The library leaves out a file that has gone meanwhile, and only warns. @throws SyncError */
async function verifySizes({ directory, files }: Upload): Promise<void> {
  for (const file of files) await verifySize(directory, file);
}

/** What has this name; null when nothing has, undefined when that cannot be found out. */
async function find(client: DefaultArtifactClient, name: string) {
  try {
    const { artifacts } = await client.listArtifacts({ latest: false });
    const found = artifacts.find(artifact => artifact.name === name);
    return found === undefined ? null : { id: found.id, digest: found.digest };
  } catch {
    return undefined;
  }
}

function uploaded(context: Context, name: string, id: number, digest: string | undefined): Uploaded {
  return {
    id: String(id),
    url: `${context.serverUrl}/${context.repository}/actions/runs/${context.runId}/artifacts/${id}`,
    digest: (digest ?? '').replace(/^sha256:/, ''),
    name,
  };
}

/**
 * Whether an upload failed only after it had got its name, so that what has this name is its own. One that was refused
 * the name may have met another job's files, or those of another step.
 */
function hadName(error: unknown): boolean {
  return error instanceof Error && error.message.includes('FinalizeArtifact');
}

function isEnterpriseServer(error: unknown): boolean {
  return error instanceof Error && error.name === 'GHESNotSupportedError';
}

function problem(error: unknown): SyncError {
  if (isEnterpriseServer(error)) {
    return new SyncError('no-artifacts-on-ghes', {
      what: 'A GitHub Enterprise Server does not take artifacts of this kind.',
      todo: 'Use `destination: branch`, or `destination: none` and load the files in the next step.',
      cause: error,
    });
  }
  return new SyncError('artifact-not-uploaded', {
    what: 'The artifact could not be uploaded.',
    todo: 'Nothing is taken for published: run again, and the same records are delivered.',
    cause: error,
  });
}

function inTheDark(error: unknown): SyncError {
  return new SyncError('artifact-unconfirmed', {
    what: 'The artifact was sent, and GitHub did not say whether it has it.',
    todo: 'Run again, with the permission `actions: read`: if it is there, the sync goes on from it; if not, the same records are delivered.',
    cause: error,
  });
}
