// The upload of an artifact. Only this file knows @actions/artifact.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DefaultArtifactClient } from '@actions/artifact';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { verifyPart, verifySize } from '../records/integrity.ts';
import type { PartFile } from '../records/parts.ts';
import type { UploadedArtifact } from '../report/report.ts';

export interface Upload {
  readonly name: string;
  readonly directory: string;
  /** Below the directory. `manifest.json` and `state.json` go with them. */
  readonly files: readonly PartFile[];
  /** 0: the default of the repository. */
  readonly retentionDays: number;
  /** The files are compressed, so the zip need not compress them again. */
  readonly isCompressed: boolean;
  /** Whether an artifact of this run holds just these files; null when that cannot be found out. */
  readonly holdsFiles: (id: number) => Promise<boolean | null>;
}

/** Waits before each further try, in milliseconds; the library itself has tried several times by then. */
const RETRY_AFTER_MS = [0, 2_000];

/**
 * Uploads, and makes sure that what was uploaded is what was written.
 * @throws SyncError of kind `publish`
 */
export async function upload(context: Context, request: Upload): Promise<UploadedArtifact> {
  const { directory, files, retentionDays, isCompressed, holdsFiles } = request;
  for (const file of files) await verifyPart(directory, file);
  const beside = ['manifest.json', 'state.json'].filter(path => existsSync(join(directory, path)));
  const paths = [...beside, ...files.map(({ path }) => path)].map(path => join(directory, path));
  const options = { compressionLevel: isCompressed ? 0 : 6, ...(retentionDays > 0 ? { retentionDays } : {}) };
  const client = new DefaultArtifactClient();

  let { name } = request;
  for (let tries = 0; ; tries++) {
    let cause: unknown;
    try {
      const { id, digest } = await client.uploadArtifact(name, paths, directory, options);
      if (id === undefined) throw new Error('no artifact id');
      await verifySizes(request).catch(async error => {
        // Nobody should load an artifact that lacks a part. readArtifact finds out where one stays.
        await client.deleteArtifact(name).catch(() => {});
        throw error;
      });
      return uploaded(context, name, id, digest);
    } catch (error) {
      if (error instanceof SyncError) throw error;
      cause = error;
    }
    if (isEnterpriseServer(cause)) throw notUploaded(cause);
    await verifySizes(request);
    // The answer may have been lost, or a process before this one died after its upload.
    const existing = await find(client, name);
    // Under another name the same records might be there twice.
    if (existing === undefined && failedAfterNaming(cause)) throw unconfirmed(cause);
    if (existing && ((await holdsFiles(existing.id)) ?? failedAfterNaming(cause)))
      return uploaded(context, name, existing.id, existing.digest);
    const wait = RETRY_AFTER_MS[tries];
    if (wait === undefined) throw notUploaded(cause);
    await sleep(wait);
    // A name that was taken stays taken, also when nothing was uploaded under it.
    name = `${request.name}-${randomBytes(3).toString('hex')}`;
  }
}

/** The library leaves out a file that has gone meanwhile, and only warns. @throws SyncError `part-changed` */
async function verifySizes({ directory, files }: Upload): Promise<void> {
  for (const file of files) await verifySize(directory, file);
}

/** The artifact of this run with a name; null when there is none, undefined when that cannot be found out. */
async function find(client: DefaultArtifactClient, name: string) {
  try {
    const { artifacts } = await client.listArtifacts({ latest: false });
    const found = artifacts.find(artifact => artifact.name === name);
    return found === undefined ? null : { id: found.id, digest: found.digest };
  } catch {
    return undefined;
  }
}

function uploaded(context: Context, name: string, id: number, digest: string | undefined): UploadedArtifact {
  return {
    id: String(id),
    url: `${context.serverUrl}/${context.repository}/actions/runs/${context.runId}/artifacts/${id}`,
    digest: (digest ?? '').replace(/^sha256:/, ''),
    name,
  };
}

/**
 * Whether an upload failed only after it had got its name, so that what has this name is its own. An upload that was refused
 * the name may have met the files of another job or step.
 */
function failedAfterNaming(error: unknown): boolean {
  return error instanceof Error && error.message.includes('FinalizeArtifact');
}

function isEnterpriseServer(error: unknown): boolean {
  return error instanceof Error && error.name === 'GHESNotSupportedError';
}

function notUploaded(cause: unknown): SyncError {
  if (isEnterpriseServer(cause)) {
    return new SyncError('no-artifacts-on-ghes', {
      what: 'A GitHub Enterprise Server does not take artifacts of this kind.',
      todo: 'Use `destination: branch`, or `destination: none` and load the files in the next step.',
      cause,
    });
  }
  return new SyncError('artifact-not-uploaded', {
    what: 'The artifact could not be uploaded.',
    todo: 'Nothing is taken for published: run again, and the same records are delivered.',
    cause,
  });
}

function unconfirmed(cause: unknown): SyncError {
  return new SyncError('artifact-unconfirmed', {
    what: 'The artifact was sent, and GitHub did not say whether it has it.',
    todo: 'Run again, with the permission `actions: read`: if it is there, the sync goes on from it; if not, the same records are delivered.',
    cause,
  });
}
