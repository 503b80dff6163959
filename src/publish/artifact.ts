// The destination `artifact`: all files of a run as one artifact. Only this file knows @actions/artifact.
import { randomBytes } from 'node:crypto';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DefaultArtifactClient, UploadArtifactResponse } from '@actions/artifact';
import { SyncError } from '../errors.ts';
import { cite } from '../github/cite.ts';
import { withDeadline } from '../github/deadline.ts';
import type { Api } from '../github/rest.ts';
import { requirePrivate } from '../github/visibility.ts';
import { verifyPart, verifySize } from '../records/integrity.ts';
import { plural } from '../report/format.ts';
import type { UploadedArtifact } from '../report/report.ts';
import { readArtifact } from '../state/artifact-files.ts';
import type { Delivery, DestinationOptions, PublishRequest } from './destination.ts';

/** Waits before each further try, in milliseconds; the library itself has tried several times by then. */
const RETRY_AFTER_MS = [0, 2_000];
/** For one call of the library, with its own retries; more for an upload, at a slow pace. */
const DEADLINE_MS = 5 * 60_000;
const BYTES_PER_MS = 1_000;

export function openArtifact(options: DestinationOptions): Delivery {
  const { context, api, log, allowPublic } = options;
  // A run takes each name once, so a later attempt adds its number.
  const artifactName = options.artifactName + (context.attempt === '1' ? '' : `-attempt-${context.attempt}`);
  return {
    artifactName,
    async requireAccess() {
      if (!allowPublic) await requirePrivate(context.repository, 'its artifacts', context, api);
    },
    async deliver(request, receipt) {
      for (const file of request.files) await verifyPart(request.directory, file);
      receipt.artifact = await upload(artifactName, request, options);
      const { name, url } = receipt.artifact;
      log.info(`Uploaded ${plural(request.files.length, 'file')} with records as artifact ${name}.`);
      return { kind: 'artifact', name, url };
    },
  };
}

/**
 * Uploads, and makes sure that what was uploaded is what was written.
 * @throws SyncError of kind `publish`
 */
async function upload(
  firstName: string,
  request: PublishRequest,
  { context, api, retentionDays, compression, encryptTo, singer }: DestinationOptions,
): Promise<UploadedArtifact> {
  const { directory, files } = request;
  const beside = ['manifest.json', 'state.json', 'singer.jsonl', 'views.sql', '*/schema.json'];
  const unlisted = globSync(beside, { cwd: directory });
  const paths = [...unlisted, ...files.map(({ path }) => path)].map(path => join(directory, path));
  // What is compressed or encrypted gets no smaller; 0 days are the default of the repository.
  const isDense = (compression === 'gzip' || encryptTo.length > 0) && !singer;
  const options = { compressionLevel: isDense ? 0 : 6, ...(retentionDays > 0 ? { retentionDays } : {}) };
  const client = new (await import('@actions/artifact')).DefaultArtifactClient();
  const uploaded = (name: string, id: number, digest = ''): UploadedArtifact => ({
    id: String(id),
    url: `${context.runUrl}/artifacts/${id}`,
    digest: digest.replace(/^sha256:/, ''),
    name,
  });

  const messages = singer ? statSync(join(directory, 'singer.jsonl')).size : 0;
  const bytes = files.reduce((sum, file) => sum + file.bytes, messages);
  let name = firstName;
  for (let tries = 0; ; tries++) {
    let uploading: Promise<UploadArtifactResponse> | undefined;
    try {
      uploading = client.uploadArtifact(name, paths, directory, options);
      const { id, digest } = await withDeadline(
        DEADLINE_MS + bytes / BYTES_PER_MS,
        uploading,
        {} as UploadArtifactResponse,
      );
      if (id === undefined) throw new Error('no artifact id');
      await verifySizes(request).catch(async error => {
        // Nobody should load an artifact that lacks a part. readArtifact finds out where one stays.
        await withDeadline(DEADLINE_MS, client.deleteArtifact(name), null).catch(() => {});
        throw error;
      });
      return uploaded(name, id, digest);
    } catch (error) {
      if (error instanceof SyncError) throw error;
      if (error instanceof Error && error.name === 'GHESNotSupportedError') throw noArtifacts(error);
      await verifySizes(request);
      // The answer may have been lost, or a process before this one died after its upload.
      const existing = await find(client, name);
      // Under another name the same records might be there twice.
      if (existing === undefined && failedAfterNaming(error)) throw unconfirmed(error);
      if (existing && ((await holdsFiles(api, existing.id, request)) ?? failedAfterNaming(error)))
        return uploaded(name, existing.id, existing.digest);
      // The library cannot be told to stop: what it still brings to an end would be there twice.
      const abandoned = name;
      uploading?.then(() => client.deleteArtifact(abandoned)).catch(() => {});
      const wait = RETRY_AFTER_MS[tries];
      if (wait === undefined) throw notUploaded(error);
      await sleep(wait);
      // A name that was taken stays taken, also when nothing was uploaded under it.
      name = `${firstName}-${randomBytes(3).toString('hex')}`;
    }
  }
}

/** The library leaves out a file that has gone meanwhile, and only warns. @throws SyncError `part-changed` */
async function verifySizes({ directory, files }: PublishRequest): Promise<void> {
  for (const file of files) await verifySize(directory, file);
}

/** The artifact of this run with a name; null when there is none, undefined when that cannot be found out. */
async function find(client: DefaultArtifactClient, name: string) {
  const list = client.listArtifacts({ latest: false });
  const listed = await withDeadline(DEADLINE_MS, list, undefined).catch(() => undefined);
  return listed && (listed.artifacts.find(artifact => artifact.name === name) ?? null);
}

/** Whether an artifact has just the files of a request; null when that cannot be found out. */
async function holdsFiles(
  api: () => Promise<Api>,
  id: number,
  { files, externalFiles = [] }: PublishRequest,
): Promise<boolean | null> {
  try {
    const found = await readArtifact(await api(), id);
    const listed = found && JSON.stringify(JSON.parse(found.manifest).files);
    return listed === JSON.stringify([...externalFiles, ...files]);
  } catch {
    return null;
  }
}

/**
 * Whether an upload failed only after it had got its name, so that what has this name is its own. An upload that was refused
 * the name may have met the files of another job or step.
 */
function failedAfterNaming(error: unknown): boolean {
  return error instanceof Error && error.message.includes('FinalizeArtifact');
}

function noArtifacts(cause: unknown): SyncError {
  return new SyncError('no-artifacts-on-ghes', {
    what: 'A GitHub Enterprise Server does not take artifacts of this kind.',
    todo: 'Use `destination: branch`, or `destination: none` and load the files in the next step.',
    cause,
  });
}

function notUploaded(cause: unknown): SyncError {
  return new SyncError('artifact-not-uploaded', {
    what: `The artifact could not be uploaded${citedOf(cause)}.`,
    todo: isQuota(cause)
      ? 'Delete old artifacts, lower `retention-days` or raise the budget for storage, and run again (GitHub counts anew every 6 to 12 hours): the same records are delivered.'
      : 'Nothing is taken for published: run again, and the same records are delivered.',
    cause,
  });
}

/** The library wraps its error of a used-up storage in another one. */
function isQuota(error: unknown): boolean {
  return error instanceof Error && (error.name === 'UsageError' || /storage quota/i.test(error.message));
}

/** For a message: what the service has answered, as the library tells it. */
function citedOf(error: unknown): string {
  const { message } = error instanceof Error ? error : new Error();
  if (isQuota(error)) return ': the storage for artifacts is used up';
  const [, status = 0, text = ''] = /Failed request: \((\d+)\) [^:]*(?:: (.*))?/s.exec(message) ?? [];
  return cite(Number(status), text);
}

function unconfirmed(cause: unknown): SyncError {
  return new SyncError('artifact-unconfirmed', {
    what: 'The artifact was sent, and GitHub did not say whether it has it.',
    todo: 'Run again, with the permission `actions: read`: if it is there, the sync goes on from it; if not, the same records are delivered.',
    cause,
  });
}
