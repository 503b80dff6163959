// Files and the state that speaks of them -> one commit on the data branch.
//
// The branch moves forward only. Whoever finds that another writer was faster starts again from what is there now, and
// publishes no stream that the other one has changed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TreeEntry } from '../../github/answers.ts';
import type { TreeChange } from '../../github/git.ts';
import { GitHubError } from '../../github/request.ts';
import { blobSha, entriesAt, writeTree } from '../../github/tree.ts';
import { readPart } from '../../records/integrity.ts';
import type { PartFile } from '../../records/parts.ts';
import { count } from '../../report/format.ts';
import type { Log } from '../../report/log.ts';
import { type BranchPlace, branchDocument, headAt, readTip, stateFileOf, withWriter } from '../../state/branch.ts';
import type { Base, BranchHead, Tip, Total, Totals } from '../../state/store.ts';
import { nextState } from '../../sync/next-state.ts';
import type { State } from '../../sync/state.ts';
import { type DestinationOptions, type PublishRequest, withoutLost } from '../destination.ts';
import { ATTRIBUTES, README, readme, readmeAt } from './readme.ts';
import { isRace, isTooLarge, problem, tooLarge } from './refusal.ts';

export interface CommitResult {
  /** Null when there was nothing to commit. */
  readonly commit: string | null;
  readonly state: State;
  readonly base: Base;
  readonly lost: readonly string[];
  /** The run that has committed meanwhile, if one has. */
  readonly otherRun: State['run'] | null;
}

const UPLOADS_AT_ONCE = 4;
/** How often another writer may be faster. */
const MAX_TRIES = 12;
/** How often, in files, the log says how far the upload is. */
const PROGRESS_EVERY = 20;

/**
 * Commits what is in the request and was not published by another run meanwhile.
 * @throws SyncError of kind `publish`; the branch is then as it was
 */
export async function commit(
  place: BranchPlace,
  request: PublishRequest,
  options: DestinationOptions,
): Promise<CommitResult> {
  const write: Write = { place, request, log: options.log, ...namesOf(request, options), blobs: new Map() };
  for (let tries = 1; ; tries++) {
    const result = await tryCommit(write, tries === 1 ? request.base.head?.tip : undefined, tries === MAX_TRIES);
    if (result !== null) return result;
    options.log.debug(`Another writer was faster on ${place.branch}; starting from what is there now.`);
    await sleep(Math.random() * Math.min(8_000, 250 * 2 ** tries));
  }
}

/** One request on its way to the branch, over as many tries as it takes. */
interface Write {
  readonly place: BranchPlace;
  readonly request: PublishRequest;
  readonly log: Log;
  readonly run: { readonly id: string; readonly attempt: string; readonly url: string };
  /** `<run>-<attempt>/`: begins the names of all requests of the run. */
  readonly runPrefix: string;
  readonly ownName: string;
  /** `<run>-<attempt>-`, and the mark of a backfill or a shard: begins the names of files. */
  readonly filePrefix: string;
  /** `YYYY-MM-DD`: the day that the files are filed under. */
  readonly day: string;
  /** By path: the sha of what is uploaded. */
  readonly blobs: Map<string, string>;
  /** What the last try was to move the branch to. */
  last?: CommitResult;
}

function namesOf({ change, window }: PublishRequest, { context, fileMark }: DestinationOptions) {
  const { runId: id, attempt, serverUrl, repository } = context;
  const runPrefix = `${id}-${attempt}/`;
  return {
    run: { id, attempt, url: `${serverUrl}/${repository}/actions/runs/${id}` },
    runPrefix,
    ownName: `${runPrefix}${change.state.publishId}`,
    filePrefix: `${id}-${attempt}-${fileMark === '' ? '' : `${fileMark}-`}`,
    day: window.to.slice(0, 10),
  };
}

/** Null when another writer was faster. */
async function tryCommit(write: Write, knownTip: Tip | undefined, isLastTry: boolean): Promise<CommitResult | null> {
  const { place, request, last } = write;
  const { base, change } = request;
  let isMoving = false;
  try {
    const tip = knownTip ?? (await readTip(place));
    // The answer was lost, and the branch did move.
    if (last !== undefined && tip?.commit === last.commit) return last;
    const current = await headAt(place, tip?.root ?? [], base.head);
    if (current?.state && current.head.writers.includes(write.ownName)) {
      // A process before this one committed the request and died.
      const { state, head } = current;
      return { commit: tip?.commit ?? '', state, lost: [], otherRun: null, base: baseOf(state, head) };
    }
    const theirs = current?.state ?? null;
    const { state, lost } = nextState(change, base.generation, theirs);
    const meanwhile = { lost, otherRun: theirs?.run ?? null };
    const kept = withoutLost(request, lost);
    const files = kept.files.filter(({ stream }) => !kept.unfinished.includes(stream));
    const removed = await toRemove(place, files, kept.replaces, tip?.root ?? []);
    const isNews = files.length > 0 || removed.length > 0 || request.savesStateAlone;
    if (kept.change.changed.length === 0 || !isNews)
      return { commit: null, state: theirs ?? change.state, base, ...meanwhile };
    const { tree, head } = await writeContents(write, tip, current?.head ?? null, { kept, files, removed, state });
    const made = await place.git.createCommit(messageOf(files, write.run), tree, tip?.commit ?? null);
    write.last = { commit: made, state, base: baseOf(state, head), ...meanwhile };
    isMoving = true;
    if (tip === null) await place.git.createBranch(place.branch, made);
    else await place.git.moveBranch(place.branch, made);
    return write.last;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    if (isMoving && isRace(error) && !isLastTry) return null;
    throw problem(error, place, isMoving);
  }
}

interface Contents {
  readonly kept: PublishRequest;
  readonly files: readonly PartFile[];
  readonly removed: readonly TreeChange[];
  readonly state: State;
}

/** Uploads what the commit is to have, and makes its tree. */
async function writeContents(write: Write, tip: Tip | null, head: BranchHead | null, contents: Contents) {
  const { place, run, request, blobs } = write;
  const { kept, files, removed, state } = contents;
  const root = tip?.root ?? [];
  if (tip === null) await beginIfEmpty(place);
  await uploadAll(place, request.directory, files, blobs, write.log);
  const paths = await pathsOf(write, files, head, root);
  const before = await readmeAt(place, root, head);
  const totals = totalsAfter(before.totals, files, kept.replaces);
  const about = readme({ ...place, totals, run, savedAt: state.savedAt });
  const writers = withWriter(head?.writers ?? [], write.ownName);
  const own = { writers, totals, readme: blobSha(Buffer.from(about)) };
  const sha = await place.git.createBlob(Buffer.from(branchDocument(state, place.stateName, own)));
  const blob = { type: 'blob' } as const;
  const tree = await writeTree(place, tip?.tree ?? null, kept.replaces, [
    { ...blob, path: stateFileOf(place.stateName), sha },
    ...(before.isOurs ? [{ ...blob, path: README, content: about }] : []),
    ...(root.some(({ path }) => path === ATTRIBUTES.path) ? [] : [{ ...blob, ...ATTRIBUTES }]),
    ...removed,
    ...files.map((file, n) => ({ ...blob, path: paths[n] as string, sha: blobs.get(file.path) as string })),
  ]);
  return { tree, head: { sha, ...own } };
}

function baseOf({ generation }: State, head: BranchHead): Base {
  return { generation, cacheKey: null, head };
}

function totalsAfter(before: Totals, files: readonly PartFile[], replaces: readonly string[]): Totals {
  const totals: Record<string, Total> = {};
  for (const [stream, total] of Object.entries(before)) if (!replaces.includes(stream)) totals[stream] = total;
  for (const { stream, records, bytes, max_updated_at } of files) {
    const total = totals[stream] ?? { records: 0, files: 0, bytes: 0, max_updated_at: null };
    totals[stream] = {
      records: total.records + records,
      files: total.files + 1,
      bytes: total.bytes + bytes,
      max_updated_at: (total.max_updated_at ?? '') > (max_updated_at ?? '') ? total.max_updated_at : max_updated_at,
    };
  }
  return Object.fromEntries(Object.entries(totals).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where files go. Numbers move on where the run has files in the same folder: those of another job or step. */
async function pathsOf(
  { place: { git, dataPath }, runPrefix, filePrefix, day }: Write,
  files: readonly PartFile[],
  head: BranchHead | null,
  root: readonly TreeEntry[],
): Promise<string[]> {
  const hasCommitted = head?.writers.some(writer => writer.startsWith(runPrefix)) ?? false;
  const offsets = new Map<string, number>();
  for (const stream of new Set(hasCommitted ? files.map(file => file.stream) : [])) {
    const entries = (await entriesAt(git, root, `${dataPath}/${stream}/dt=${day}`)) ?? [];
    const numbers = entries.flatMap(({ path }) =>
      path.startsWith(filePrefix) ? Number(/^(\d+)\.ndjson/.exec(path.slice(filePrefix.length))?.[1] ?? 0) : [],
    );
    const first = Math.min(...files.filter(file => file.stream === stream).map(file => numbered(file).number));
    // What this process has committed itself is numbered on from.
    if (Math.max(0, ...numbers) >= first) offsets.set(stream, Math.max(...numbers));
  }
  return files.map(file => {
    const { number, ending } = numbered(file);
    const place = String(number + (offsets.get(file.stream) ?? 0)).padStart(5, '0');
    return `${dataPath}/${file.stream}/dt=${day}/${filePrefix}${place}${ending}`;
  });
}

function numbered({ path }: PartFile): { number: number; ending: string } {
  const match = /-(\d+)(\.ndjson(?:\.gz)?)$/.exec(path);
  // Without a number of its own, a file would take the place of another.
  if (match === null) throw new Error(`A part has no number: ${path}`);
  return { number: Number(match[1]), ending: match[2] as string };
}

/** The folders of replaced streams that have no file any more. A path that is not there cannot be removed. */
async function toRemove(
  { git, dataPath }: BranchPlace,
  files: readonly PartFile[],
  replaces: readonly string[],
  root: readonly TreeEntry[],
): Promise<TreeChange[]> {
  const empty = replaces.filter(stream => !files.some(file => file.stream === stream));
  if (empty.length === 0) return [];
  const entries = (await entriesAt(git, root, dataPath)) ?? [];
  return empty
    .filter(stream => entries.some(({ path }) => path === stream))
    .map(stream => ({ path: `${dataPath}/${stream}`, type: 'tree', sha: null }));
}

/** @param blobs filled with the sha of each file's blob, by path; what is there is not sent again */
async function uploadAll(
  { git, branch }: BranchPlace,
  directory: string,
  files: readonly PartFile[],
  blobs: Map<string, string>,
  log: Log,
): Promise<void> {
  const missing = files.filter(({ path }) => !blobs.has(path));
  let done = 0;
  async function work(): Promise<void> {
    for (let file = missing.shift(); file !== undefined; file = missing.shift()) {
      const part = file;
      const bytes = await readPart(directory, part);
      const sha = await git.createBlob(bytes).catch(error => {
        throw error instanceof GitHubError && isTooLarge(error) ? tooLarge(part, error) : error;
      });
      if (sha !== blobSha(bytes)) throw new GitHubError(0, 'another blob than was sent');
      blobs.set(part.path, sha);
      if (++done % PROGRESS_EVERY === 0) log.info(`Uploaded ${done} of ${count(files.length, 'file')} for ${branch}.`);
    }
  }
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, work));
}

/** A repository without a commit takes no objects. It gets a first one, on the data branch, to build on. */
async function beginIfEmpty({ git, branch }: BranchPlace): Promise<void> {
  try {
    await git.createBlob(Buffer.from(ATTRIBUTES.content));
  } catch (error) {
    if (!(error instanceof GitHubError) || error.status !== 409) throw error;
    await git.createFirstCommit(
      branch,
      ATTRIBUTES.path,
      ATTRIBUTES.content,
      'sync: first commit of an empty repository',
    );
  }
}

function messageOf(files: readonly PartFile[], { id, attempt }: Write['run']): string {
  const streams = [...new Set(files.map(({ stream }) => stream))];
  const records = files.reduce((sum, file) => sum + file.records, 0);
  return `sync: ${streams.join(', ') || 'no stream'}, ${count(records, 'record')} [run ${id}.${attempt}]`;
}
