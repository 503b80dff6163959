// Files and the state that speaks of them -> one commit on the data branch.
//
// The branch moves forward only. Whoever finds that another writer was faster starts again from what is there now, and
// publishes no stream that the other one has changed.
import type { SyncError } from '../../errors.ts';
import type { TreeEntry } from '../../github/answers.ts';
import type { TreeChange } from '../../github/git.ts';
import { blobSha } from '../../github/objects.ts';
import { GitHubError } from '../../github/request.ts';
import { entriesAt, writeTree } from '../../github/tree.ts';
import { readPart } from '../../records/integrity.ts';
import type { PartFile } from '../../records/parts.ts';
import { plural } from '../../report/format.ts';
import { type Branch, type BranchPlace, branchDocument, readBranch, stateFileOf } from '../../state/branch.ts';
import type { Base } from '../../state/store.ts';
import { type MergedState, nextState } from '../../sync/next-state.ts';
import type { State } from '../../sync/state.ts';
import { type DestinationOptions, type PublishRequest, type Withheld, withhold } from '../destination.ts';
import { idsFolder, idsManifest, replacedIds } from './ids.ts';
import { ATTRIBUTES, README, readme, readmeAt } from './readme.ts';
import { branchError, fileRefusal, isRace, raceOthers } from './refusal.ts';
import { withSchemas } from './schemas.ts';
import { totalsAfter } from './totals.ts';

export interface CommitResult extends MergedState, Withheld {
  /** Null when there was nothing to commit. */
  readonly commit: string | null;
  /** What the branch has, where there was nothing to commit. */
  readonly tip?: Branch['tip'];
  readonly base: Base;
  /** Those that are in the commit. */
  readonly files: readonly PartFile[];
}

const UPLOADS_AT_ONCE = 4;
/**
 * A file takes five times its bytes in memory while it is uploaded: as read, in base64, as JSON, and as sent. One large file
 * at a time is fast enough: GitHub takes 500 an hour (docs/actions-platform.md#request-limits).
 */
const BYTES_AT_ONCE = 8 * 1024 * 1024;
/** How often, in files, the log says how far the upload is. */
const PROGRESS_EVERY = 20;
/** Writers that are remembered: more than come, as a rule, while a run lasts that commits several times. */
const MAX_WRITERS = 200;

/** One request on its way to the branch, over as many tries as it takes. */
interface Write {
  readonly place: BranchPlace;
  readonly request: PublishRequest;
  readonly options: DestinationOptions;
  /** `<run>-<attempt>`: begins the names of all writers of the run, and of its files. */
  readonly runName: string;
  /** By path: the sha of what is uploaded. */
  readonly blobs: Map<string, string>;
  /** Streams with a file that GitHub has refused. */
  readonly refused: Map<string, SyncError>;
  /** GitHub gave no answer to the last move of the branch, which may have been made. */
  isUnsure?: boolean;
  /** What the last try was to move the branch to. */
  last?: CommitResult;
}

/**
 * Commits what is in the request and was not published by another run meanwhile.
 * @param loaded what the branch had when the run began, if that is known
 * @throws SyncError of kind `publish`, or of kind `refused` when GitHub does not say which of several streams has the file
 * that it refuses; the branch is then as it was
 */
export async function commitToBranch(
  place: BranchPlace,
  request: PublishRequest,
  options: DestinationOptions,
  loaded: Branch | undefined,
): Promise<CommitResult> {
  const { runId, attempt } = options.context;
  const runName = `${runId}-${attempt}`;
  const write: Write = { place, request, options, runName, blobs: new Map(), refused: new Map() };
  const result = await raceOthers(place, options.log, tries => tryCommit(write, tries === 1 ? loaded : undefined));
  return { ...result, refused: write.refused };
}

/** Null when the try is to be repeated: another writer was faster, or GitHub did not say whether the branch moved. */
async function tryCommit(write: Write, loaded: Branch | undefined): Promise<CommitResult | null> {
  const { place, last, refused } = write;
  const request = withhold(write.request, { lost: [], refused });
  const { base, change } = request;
  let moving: PublishRequest | undefined;
  try {
    const branch = loaded ?? (await readBranch(place, change.startsOver));
    const { tip, document } = branch;
    // The answer was lost, and the branch did move.
    if (last !== undefined && tip?.commit === last.commit) return last;
    const theirs = document === null ? null : document.state;
    if (theirs !== null && document?.writers.includes(writerOf(write))) {
      // A process before this one committed the request and died. Nobody knows why it left out what it left out.
      const lost = change.changed.filter(stream => !isCommitted(stream, request, theirs));
      const { files } = committedPart(request, lost);
      const own = { generation: theirs.generation, savedAs: document.sha };
      return { commit: tip?.commit ?? '', state: theirs, lost, otherRun: null, base: own, files };
    }
    const next = nextState(change, base.generation, theirs);
    const kept = committedPart(request, next.lost);
    const removed = await toRemove(place, kept, branch.root);
    const isNews = kept.files.length > 0 || removed.length > 0 || request.savesStateAlone;
    if (kept.change.changed.length === 0 || !isNews)
      return { ...next, state: theirs ?? change.state, commit: null, tip, base, files: [] };
    if (tip === null) await beginIfEmpty(place);
    await uploadAll(write, kept.files);
    if (kept.files.some(({ stream }) => refused.has(stream))) return tryCommit(write, branch);
    const { sha, tree, state } = await writeContents(write, branch, kept, removed, next);
    const made = await place.git.createCommit(messageOf(kept), tree, tip?.commit ?? null);
    const own = { generation: next.state.generation, savedAs: sha };
    write.last = { ...next, state, commit: made, base: own, files: kept.files };
    moving = kept;
    if (tip === null) await place.git.createBranch(place.branch, made);
    else await place.git.moveBranch(place.branch, made);
    return write.last;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    if (moving !== undefined) {
      if (isRace(error)) return null;
      if (error.isTemporary && !write.isUnsure) {
        write.isUnsure = true;
        return null;
      }
      if (refuseOne(write, moving, error)) return tryCommit(write, loaded);
    }
    throw branchError(error, place, moving !== undefined);
  }
}

/**
 * Notes whose file it is for which GitHub has refused a whole commit.
 * @returns false when the refusal is not about a file
 * @throws SyncError of kind `refused` when it may be that of several streams
 */
function refuseOne({ refused }: Write, { files }: PublishRequest, error: GitHubError): boolean {
  const streams = new Set(files.map(({ stream }) => stream));
  const refusal = fileRefusal(`A file of ${[...streams].join(', ')}`, error, false);
  if (refusal === null || streams.size === 0) return false;
  if (streams.size > 1) throw refusal;
  for (const stream of streams) refused.set(stream, refusal);
  return true;
}

/** Whether the commit of a request has a stream, as far as the state that is on the branch since can tell. */
function isCommitted(stream: string, { base, change }: PublishRequest, { publishId, generation, revisions }: State) {
  const changedIn = revisions.get(stream)?.changedIn ?? 0;
  return publishId === change.state.publishId ? changedIn === generation : changedIn > base.generation;
}

function writerOf({ runName, request }: Write): string {
  return `${runName}/${request.change.state.publishId}`;
}

/** A request without streams that are lost, and without the files of a refresh that is not complete. */
function committedPart(request: PublishRequest, lost: readonly string[]): PublishRequest {
  const kept = withhold(request, { lost });
  return { ...kept, files: kept.files.filter(({ stream }) => !kept.unfinished.includes(stream)) };
}

/** Uploads what the commit is to have, and makes its tree. */
async function writeContents(
  write: Write,
  branch: Branch,
  request: PublishRequest,
  removed: TreeChange[],
  next: MergedState,
) {
  const { place, blobs, options } = write;
  const { git, stateName } = place;
  const { tip, root, document } = branch;
  const { state, changes } = await withSchemas(place, branch, next.state, request.replaces);
  const { files } = request;
  const writers = document?.writers ?? [];
  const paths = await pathsOf(write, files, writers, root);
  const before = await readmeAt(place, root, document);
  const hasIds = state.reconciliation !== undefined;
  const totals = hasIds ? before.totals : totalsAfter(before.totals, request, state, stateName);
  const content = readme(place, totals, state, options.context);
  const notes = {
    writers: [writerOf(write), ...writers].slice(0, MAX_WRITERS),
    totals,
    readme: blobSha(Buffer.from(content)),
  };
  const sha = await git.createBlob(Buffer.from(branchDocument(state, place, notes)));
  const blob = { type: 'blob' } as const;
  const tree = await writeTree(git, tip?.tree ?? null, removed, [
    { ...blob, path: stateFileOf(stateName), sha },
    ...(before.isOurs ? [{ ...blob, path: README, content }] : []),
    ...(root.some(({ path }) => path === ATTRIBUTES.path) ? [] : [{ ...blob, ...ATTRIBUTES }]),
    ...changes,
    ...(hasIds ? [await idsManifest(place, root, request, paths, options)] : []),
    ...files.map((file, n) => ({ ...blob, path: paths[n] as string, sha: blobs.get(file.path) as string })),
  ]);
  return { sha, tree, state };
}

/** Where files go. Numbers go on after those that the run has in the same folder, of this process or of another. */
async function pathsOf(
  { place: { git, dataPath }, request, options: { fileMark }, runName }: Write,
  files: readonly PartFile[],
  writers: readonly string[],
  root: readonly TreeEntry[],
): Promise<string[]> {
  const { reconciliation } = request.change.state;
  const folderOf = (stream: string) =>
    reconciliation
      ? `${idsFolder(reconciliation)}/${stream}`
      : `${dataPath}/${stream}/dt=${request.window.to.slice(0, 10)}`;
  const prefix = fileMark === '' ? `${runName}-` : `${runName}-${fileMark}-`;
  const hasCommitted = writers.some(writer => writer.startsWith(`${runName}/`));
  /** By stream. */
  const lastNumbers = new Map<string, number>();
  for (const stream of new Set(hasCommitted ? files.map(file => file.stream) : [])) {
    const entries = (await entriesAt(git, root, folderOf(stream))) ?? [];
    const own = entries.filter(({ path }) => path.startsWith(prefix));
    const numbers = own.map(({ path }) => Number(/^(\d+)\.ndjson/.exec(path.slice(prefix.length))?.[1] ?? 0));
    lastNumbers.set(stream, Math.max(0, ...numbers));
  }
  return files.map(({ stream, path }) => {
    const number = (lastNumbers.get(stream) ?? 0) + 1;
    lastNumbers.set(stream, number);
    return `${folderOf(stream)}/${prefix}${String(number).padStart(5, '0')}${path.slice(path.indexOf('.ndjson'))}`;
  });
}

/** The folders of replaced streams. A path that is not there cannot be removed. */
async function toRemove(place: BranchPlace, request: PublishRequest, root: readonly TreeEntry[]) {
  if (request.change.state.reconciliation !== undefined) return replacedIds(place, root, request);
  const { git, dataPath } = place;
  const { replaces } = request;
  const entries = replaces.length === 0 ? null : await entriesAt(git, root, dataPath);
  return (entries ?? [])
    .filter(({ path }) => replaces.includes(path))
    .map(({ path }): TreeChange => ({ path: `${dataPath}/${path}`, type: 'tree', sha: null }));
}

/** Fills in the blobs of files, and the streams whose file is refused; what is there is not sent again. */
async function uploadAll(
  { place, request, options, blobs, refused }: Write,
  files: readonly PartFile[],
): Promise<void> {
  // One iterator: each worker takes the next file from it.
  const missing = files.filter(({ path }) => !blobs.has(path)).values();
  let done = 0;
  async function work(): Promise<void> {
    for (const part of missing) {
      if (refused.has(part.stream)) continue;
      const bytes = await readPart(request.directory, part);
      const sha = await place.git.createBlob(bytes).catch(error => {
        const refusal = error instanceof GitHubError ? fileRefusal(`The file ${part.path}`, error, true) : null;
        if (refusal === null) throw error;
        refused.set(part.stream, refusal);
        return null;
      });
      if (sha === null) continue;
      blobs.set(part.path, sha);
      if (++done % PROGRESS_EVERY === 0)
        options.log.info(`Uploaded ${done} of ${plural(files.length, 'file')} for ${place.branch}.`);
    }
  }
  const largest = Math.max(...files.map(({ bytes }) => bytes));
  const length = Math.max(1, Math.min(UPLOADS_AT_ONCE, Math.floor(BYTES_AT_ONCE / largest)));
  await Promise.all(Array.from({ length }, work));
}

/** A repository without a commit takes no objects. It gets a first one, on the data branch, to build on. */
async function beginIfEmpty({ git, branch }: BranchPlace): Promise<void> {
  const { path, content } = ATTRIBUTES;
  await git.createBlob(Buffer.from(content)).catch(error => {
    if (!(error instanceof GitHubError) || error.status !== 409) throw error;
    return git.createFirstCommit(branch, path, content, 'sync: first commit of an empty repository');
  });
}

function messageOf({ files, change }: PublishRequest): string {
  const streams = [...new Set(files.map(({ stream }) => stream))];
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const { id, attempt } = change.state.run;
  const [what, lines] = change.state.reconciliation ? ['reconcile', 'id'] : ['sync', 'record'];
  return `${what}: ${streams.join(', ') || 'no stream'}, ${plural(records, lines as string)} [run ${id}.${attempt}]`;
}
