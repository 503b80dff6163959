/**
 * Rewrites the data branch: of each stream the lines that hold, in one commit without a past.
 *
 * The new tree is complete before the branch moves, and the branch moves only if it is where it was read: then everything is
 * there, whatever happens. A writer who was faster makes it start again from what is there, with the files that it has
 * already. A sync that was slower finds that its commit does not follow on the branch, and does the same.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyncError } from '../../errors.ts';
import type { TreeEntry } from '../../github/answers.ts';
import type { TreeChange } from '../../github/git.ts';
import { blobSha } from '../../github/objects.ts';
import { GitHubError } from '../../github/request.ts';
import { entriesAt, writeTree } from '../../github/tree.ts';
import { plural } from '../../report/format.ts';
import {
  type Branch,
  type BranchPlace,
  branchDocument,
  readBranch,
  stateFileOf,
  type Totals,
} from '../../state/branch.ts';
import type { State } from '../../sync/state.ts';
import type { Compacted, DestinationOptions } from '../destination.ts';
import {
  type CompactOptions,
  compactStream,
  fetchArchive,
  isPart,
  type NewFolder,
  type StreamFolder,
} from './compact-stream.ts';
import { IDS, idFilesAt } from './existing.ts';
import { ATTRIBUTES, README, readme, readmeAt } from './readme.ts';
import { branchError, raceOthers } from './refusal.ts';

type Compaction = Omit<Compacted, 'places' | 'streams'> & { readonly streams: readonly NewFolder[] };

/** What a sync puts beside the data. */
const OWN = [README, ATTRIBUTES.path, 'state.json', 'state', 'schema', 'views.sql', IDS];

/** One compaction, over as many tries as it takes. */
interface Work extends CompactOptions {
  readonly place: BranchPlace;
  readonly context: DestinationOptions['context'];
  /** RFC 3339 */
  readonly now: string;
  /** Finished streams, by what they were made of (keyOf). */
  readonly done: Map<string, NewFolder>;
  /** What the tries have made, the last one last. */
  readonly made: Compaction[];
}

/**
 * @param step called before each file; it throws when the run is to stop
 * @throws SyncError; the branch is then as it was, or rewritten where GitHub said nothing of its move
 */
export async function compactBranch(
  place: BranchPlace,
  options: DestinationOptions,
  partBytes: number,
  step: (stream: string) => void,
): Promise<Compaction> {
  const { context, compression, log } = options;
  const now = new Date().toISOString();
  const directory = await mkdtemp(join(context.temp || tmpdir(), 'kustomer-sync-'));
  const { runId } = context;
  const settings = { ...place, compression, partBytes, runId, day: now.slice(0, 10), directory, step, context, now };
  const work: Work = { ...settings, place, done: new Map(), made: [] };
  try {
    return await raceOthers(place, log, () => tryCompact(work));
  } catch (error) {
    throw error instanceof GitHubError ? notCompacted(branchError(error, place, work.made.length > 0)) : error;
  } finally {
    // They are personal data.
    await rm(directory, { recursive: true, force: true });
  }
}

function notCompacted(error: SyncError): SyncError {
  if (error.code !== 'branch-unavailable') return error;
  const { code, what, cause, status } = error;
  return new SyncError(code, {
    what,
    todo: 'Run again later: the branch is as it was, or all of it is rewritten.',
    cause,
    status,
  });
}

/** Null when another writer was faster. */
async function tryCompact(work: Work): Promise<Compaction | null> {
  const { place, made, done } = work;
  const { git } = place;
  const branch = await readBranch(place, false);
  const { tip, document } = branch;
  const landed = made.find(({ commit }) => commit === tip?.commit);
  if (landed !== undefined) return landed;
  const state = document?.state;
  if (tip === null || !state) throw noDataBranch(place);
  await requireOwn(place, branch.root);
  const folders = await foldersAt(place, branch.root);
  const idFiles = await idFilesAt(git, branch.root);
  requireReadable(place, [...pathsIn(place, folders), ...[...idFiles.values()].flatMap(each => each.files)]);
  await fetchArchive(work, tip.commit, folders);
  const streams: NewFolder[] = [];
  const keyOf = ({ stream, sha }: StreamFolder) => `${sha} ${idFiles.get(stream)?.asOf}`;
  for (const folder of folders) {
    const result = done.get(keyOf(folder)) ?? (await compactStream(work, folder, idFiles.get(folder.stream)));
    done.set(keyOf(folder), result);
    streams.push(result);
  }
  if (tip.isFirst && streams.every(({ files }) => files === null)) return { commit: null, streams, state };
  const tree = await writeContents(work, branch, state, streams);
  const commit = await git.createCommit(messageOf(work, streams), tree, null);
  const result = { commit, streams, state };
  made.push(result);
  try {
    await git.replaceBranch(place.branch, tip.commit, commit);
    return result;
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    // What has become of it is where the branch is now: the answer may have been lost.
    const at = (await git.tip(place.branch))?.commit;
    if (at === commit) return result;
    if (at !== tip.commit) return null;
    throw error;
  }
}

/** The new tree: the state goes on as it is, and README and totals say what is there now. */
async function writeContents(work: Work, branch: Branch, state: State, streams: readonly NewFolder[]) {
  const { place, context, now } = work;
  const { tip, root, document } = branch;
  const before = await readmeAt(place, root, document);
  const totals = totalsOf(before.totals, streams);
  const run = { id: context.runId, attempt: context.attempt };
  const content = readme(place, totals, { ...state, run, savedAt: now }, context);
  const notes = { writers: document?.writers ?? [], totals, readme: blobSha(Buffer.from(content)) };
  const changed = streams.filter(({ files }) => files !== null);
  const removed = changed.map(({ stream }): TreeChange => {
    return { path: `${place.dataPath}/${stream}`, type: 'tree', sha: null };
  });
  const sha = await place.git.createBlob(Buffer.from(branchDocument(state, place, notes)));
  return writeTree(place.git, tip?.tree ?? null, removed, [
    { type: 'blob', path: stateFileOf(place.stateName), sha },
    ...(before.isOurs ? [{ type: 'blob' as const, path: README, content }] : []),
    ...changed.flatMap(({ files }) => files ?? []),
  ]);
}

function totalsOf(before: Totals, streams: readonly NewFolder[]): Totals {
  return Object.fromEntries(
    streams.map(({ stream, total }) => {
      const upTo = before[stream]?.complete_up_to;
      return [stream, upTo === undefined ? total : { ...total, complete_up_to: upTo }];
    }),
  );
}

/** The streams on the branch, in the order of their names, with all their files. */
async function foldersAt({ git, dataPath }: BranchPlace, root: readonly TreeEntry[]): Promise<StreamFolder[]> {
  const folders: StreamFolder[] = [];
  for (const { path: stream, sha, type } of (await entriesAt(git, root, dataPath)) ?? []) {
    if (type !== 'tree') continue;
    folders.push({ stream, sha, files: (await git.wholeTree(sha)) ?? (await filesBelow(git, sha)) });
  }
  return folders.filter(({ files }) => files.some(file => isPart(file) || isSealed(file)));
}

/** For a folder of more files than GitHub lists at once: one level at a time. */
async function filesBelow(git: BranchPlace['git'], sha: string): Promise<TreeEntry[]> {
  const files: TreeEntry[] = [];
  for (const entry of await git.tree(sha)) {
    const below = entry.type === 'tree' ? await filesBelow(git, entry.sha) : [];
    files.push(entry, ...below.map(file => ({ ...file, path: `${entry.path}/${file.path}` })));
  }
  return files;
}

function messageOf({ context }: Work, streams: readonly NewFolder[]): string {
  const records = streams.reduce((sum, { total }) => sum + total.records, 0);
  const names = streams.map(({ stream }) => stream).join(', ') || 'no stream';
  return `compact: ${names}, ${plural(records, 'record')} [run ${context.runId}.${context.attempt}]`;
}

function isSealed({ path }: Pick<TreeEntry, 'path'>): boolean {
  return /\.ndjson(?:\.gz)?\.age$/.test(path);
}

/** @throws SyncError `branch-encrypted` */
function requireReadable({ branch }: BranchPlace, files: readonly Pick<TreeEntry, 'path'>[]): void {
  const sealed = files.filter(isSealed);
  if (sealed.length === 0) return;
  throw new SyncError('branch-encrypted', {
    what: `The branch ${branch} has encrypted files (${sealed[0]?.path}, ${sealed.length} in all), which the action cannot read.`,
    todo: 'Nothing was changed: run once with `sync-mode: full_refresh`, which replaces the files of a stream, or begin a new branch and delete this one.',
  });
}

function pathsIn({ dataPath }: BranchPlace, folders: readonly StreamFolder[]) {
  return folders.flatMap(({ stream, files }) => files.map(({ path }) => ({ path: `${dataPath}/${stream}/${path}` })));
}

/**
 * The history of a branch goes, so the branch must be ours.
 * @throws SyncError `branch-shared`
 */
async function requireOwn({ git, branch, repository, dataPath }: BranchPlace, root: readonly TreeEntry[]) {
  const others = root.filter(({ path }) => !OWN.includes(path)).map(({ path }) => path);
  const folders = dataPath.split('/');
  for (const n of folders.keys()) {
    const parent = folders.slice(0, n).join('/');
    const entries = n === 0 ? [] : ((await entriesAt(git, root, parent)) ?? []);
    others.push(...entries.map(({ path }) => `${parent}/${path}`));
  }
  const other = others.find(path => !`${dataPath}/`.startsWith(`${path}/`));
  if (other === undefined) return;
  throw new SyncError('branch-shared', {
    what: `The branch ${branch} of ${repository} also has \`${other}\`, which is not of this action, and a compaction would remove the history of all that is on the branch.`,
    todo: 'Nothing was changed: move it to another branch, or give the data a `branch` of its own.',
  });
}

function noDataBranch({ branch, repository, stateName }: BranchPlace): SyncError {
  return new SyncError('no-data-branch', {
    what: `There is no branch ${branch} of ${repository} with the data of a sync \`${stateName}\`, so there is nothing to compact.`,
    todo: 'Check `repository`, `branch` and `state-id`: they are those of the sync.',
  });
}
