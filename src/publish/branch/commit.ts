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
import { nextState } from '../../sync/merge.ts';
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
  const writer = openWriter(place, request, options);
  try {
    for (let tries = 1; ; tries++) {
      const result = await writer.tryCommit(tries === 1 ? request.base.head?.tip : undefined, tries === MAX_TRIES);
      if (result !== null) return result;
      options.log.debug(`Another writer was faster on ${place.branch}; starting from what is there now.`);
      await sleep(Math.random() * Math.min(8_000, 250 * 2 ** tries));
    }
  } catch (error) {
    throw error instanceof GitHubError ? problem(error, place, writer.isMoving()) : error;
  }
}

function openWriter(place: BranchPlace, request: PublishRequest, { context, log, fileMark }: DestinationOptions) {
  const { git, branch } = place;
  const { base, change } = request;
  const blobs = new Map<string, string>();
  const run = {
    id: context.runId,
    attempt: context.attempt,
    url: `${context.serverUrl}/${context.repository}/actions/runs/${context.runId}`,
  };
  const runName = `${run.id}-${run.attempt}`;
  const ownName = `${runName}/${change.state.publishId}`;
  const names: Names = {
    prefix: `${runName}-${fileMark === '' ? '' : `${fileMark}-`}`,
    day: request.window.to.slice(0, 10),
  };
  let isMoving = false;
  let last: CommitResult | undefined;

  /** Null when another writer was faster. */
  async function tryCommit(knownTip: Tip | undefined, isLastTry: boolean): Promise<CommitResult | null> {
    const tip = knownTip ?? (await readTip(place));
    // The answer was lost, and the branch did move.
    if (last !== undefined && tip?.commit === last.commit) return last;
    const root = tip?.root ?? [];
    const current = await headAt(place, root, base.head);
    if (current?.state && current.head.writers.includes(ownName)) {
      // A process before this one committed the request and died.
      const { state, head } = current;
      return { commit: tip?.commit ?? '', state, lost: [], otherRun: null, base: baseOf(state, head) };
    }
    const theirs = current?.state ?? null;
    const { state, lost } = nextState(change, base.generation, theirs);
    const kept = withoutLost(request, lost);
    const nothing = { commit: null, state: theirs ?? change.state, base, lost, otherRun: theirs?.run ?? null };
    if (kept.change.changed.length === 0) return nothing;
    const files = kept.files.filter(({ stream }) => !kept.unfinished.includes(stream));
    const removed = await toRemove(place, files, kept.replaces, root);
    if (files.length === 0 && removed.length === 0 && !request.savesStateAlone) return nothing;
    if (tip === null) await beginIfEmpty(place);

    await uploadAll(place, request.directory, files, blobs, log);
    const offsets = await offsetsOf(place, names, files, current?.head, runName, root);
    const paths = files.map(file => pathOf(place, names, file, offsets.get(file.stream) ?? 0));
    const entries = files.map(
      (file, n): TreeChange => ({ path: paths[n] as string, type: 'blob', sha: blobs.get(file.path) as string }),
    );
    const before = await readmeAt(place, root, current?.head ?? null);
    const totals = totalsAfter(before.totals, files, kept.replaces);
    const about = readme({ ...place, totals, run, savedAt: state.savedAt });
    const own = {
      writers: withWriter(current?.head.writers ?? [], ownName),
      totals,
      readme: blobSha(Buffer.from(about)),
    };
    const sha = await git.createBlob(Buffer.from(branchDocument(state, place.stateName, own)));
    const tree = await writeTree(place, tip?.tree ?? null, kept.replaces, [
      { path: stateFileOf(place.stateName), type: 'blob', sha },
      ...(before.isOurs ? [{ path: README, type: 'blob' as const, content: about }] : []),
      ...(root.some(({ path }) => path === ATTRIBUTES.path) ? [] : [{ ...ATTRIBUTES, type: 'blob' as const }]),
      ...removed,
      ...entries,
    ]);
    const made = await git.createCommit(messageOf(files, runName.replace('-', '.')), tree, tip?.commit ?? null);
    last = { commit: made, state, base: baseOf(state, { sha, ...own }), lost, otherRun: theirs?.run ?? null };
    return (await move(tip, made, isLastTry)) ? last : null;
  }

  /** False when another writer was faster. */
  async function move(tip: Tip | null, made: string, isLastTry: boolean): Promise<boolean> {
    isMoving = true;
    try {
      if (tip === null) await git.createBranch(branch, made);
      else await git.moveBranch(branch, made);
      return true;
    } catch (error) {
      if (!(error instanceof GitHubError) || !isRace(error) || isLastTry) throw error;
      isMoving = false;
      return false;
    }
  }

  return { tryCommit, isMoving: () => isMoving };
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

/** What the names of a run's files have in common. */
interface Names {
  /** `<run>-<attempt>-`, and the mark of a backfill or a shard. */
  readonly prefix: string;
  /** `YYYY-MM-DD`: the day that the files are filed under. */
  readonly day: string;
}

/** @param offset makes room beside files of the same run and attempt: those of another job or step */
function pathOf({ dataPath }: BranchPlace, { prefix, day }: Names, { path, stream }: PartFile, offset: number): string {
  const [, number = '', ending = ''] = /-(\d+)(\.ndjson(?:\.gz)?)$/.exec(path) ?? [];
  return `${dataPath}/${stream}/dt=${day}/${prefix}${String(Number(number) + offset).padStart(5, '0')}${ending}`;
}

/** By how much a stream's numbers have to move, so that they meet no file of the same run: empty when it has committed none. */
async function offsetsOf(
  { git, dataPath }: BranchPlace,
  { prefix, day }: Names,
  files: readonly PartFile[],
  head: BranchHead | undefined,
  runName: string,
  root: readonly TreeEntry[],
): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>();
  // What this process has committed itself is numbered on from.
  const others = head?.writers.filter(writer => writer.startsWith(`${runName}/`)) ?? [];
  if (others.length === 0) return offsets;
  for (const stream of new Set(files.map(file => file.stream))) {
    const entries = (await entriesAt(git, root, `${dataPath}/${stream}/dt=${day}`)) ?? [];
    const numbers = entries.flatMap(({ path }) =>
      path.startsWith(prefix) ? Number(/^(\d+)\.ndjson/.exec(path.slice(prefix.length))?.[1] ?? 0) : [],
    );
    const first = Math.min(...files.filter(file => file.stream === stream).map(numberOf));
    const last = Math.max(0, ...numbers);
    if (last >= first) offsets.set(stream, last);
  }
  return offsets;
}

function numberOf({ path }: PartFile): number {
  return Number(/-(\d+)\.ndjson/.exec(path)?.[1] ?? 0);
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

function messageOf(files: readonly PartFile[], run: string): string {
  const streams = [...new Set(files.map(({ stream }) => stream))];
  const records = files.reduce((sum, file) => sum + file.records, 0);
  return `sync: ${streams.join(', ') || 'no stream'}, ${count(records, 'record')} [run ${run}]`;
}
