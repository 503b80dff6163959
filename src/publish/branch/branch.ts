// Files and the state that speaks of them -> one commit on the data branch, so that neither is ever there without the
// other. The branch moves forwards only: whoever finds that another writer was faster starts again from what is there now.
import { setTimeout as sleep } from 'node:timers/promises';
import { GitHubError } from '../../github/request.ts';
import type { TreeChange, TreeEntry } from '../../github/rest.ts';
import { readPart } from '../../records/integrity.ts';
import type { PartFile } from '../../records/parts.ts';
import { count } from '../../report/format.ts';
import type { Log } from '../../report/log.ts';
import {
  documentOf,
  type Known,
  latest,
  lookAt,
  nameOfRun,
  type Place,
  readmeAt,
  stateAt,
  stateFileOf,
  stateOf,
} from '../../state/branch.ts';
import { merge, refreshed } from '../../sync/merge.ts';
import { NO_STATE, type State } from '../../sync/state.ts';
import { ATTRIBUTES, README, readme, type Total, type Totals } from './readme.ts';
import { isRace, isTooLarge, problem, tooLarge } from './refusal.ts';
import { blobSha, entriesAt, writeTree } from './tree.ts';

export interface Delivery {
  readonly directory: string;
  readonly files: readonly PartFile[];
  /** Streams whose earlier files on the branch are replaced by these. */
  readonly replaces: readonly string[];
  /** The state that is in force once the files are on the branch. */
  readonly state: State;
  /** The state alone is worth a commit, too: it was read on the branch, or nowhere yet. */
  readonly stateAlone: boolean;
  /** In the names of the files, so that jobs of one run do not meet; may be empty. */
  readonly mark: string;
  /** `YYYY-MM-DD`, the day the files are filed under. */
  readonly day: string;
  readonly run: { readonly id: string; readonly attempt: string; readonly url: string };
  /** The state that `state` has grown out of; null when it was not on the branch. */
  readonly known: Known | null;
}

export interface Delivered {
  /** The commit with the files; a later one when they were there already. */
  readonly commit: string;
  /** What the branch says now: ours, and what other writers have published meanwhile. */
  readonly state: State;
  readonly known: Known;
}

const UPLOADS_AT_ONCE = 4;
/** How often another writer may be faster. */
const MOST_TRIES = 12;
/** How often, in files, the log says how far the upload is. */
const PROGRESS_EVERY = 20;

/**
 * Commits; null when there is nothing to commit.
 * @throws SyncError `publish`; the branch is then as it was.
 */
export async function deliver(place: Place, delivery: Delivery, log: Log): Promise<Delivered | null> {
  let isMoving = false;
  try {
    return await commit(place, delivery, log, now => {
      isMoving = now;
    });
  } catch (error) {
    throw error instanceof GitHubError ? problem(error, place, isMoving) : error;
  }
}

async function commit(
  place: Place,
  delivery: Delivery,
  log: Log,
  onMoving: (isMoving: boolean) => void,
): Promise<Delivered | null> {
  const { git, branch } = place;
  const { files, replaces, run } = delivery;
  let blobs: readonly string[] | undefined;
  let last: Delivered | undefined;
  for (let tries = 1; ; tries++) {
    // The branch moves forwards only, so building on what it was when the state was read is found out at the end.
    const tip = (tries === 1 && delivery.known?.tip) || (await lookAt(place));
    // The answer was lost, and the branch did move.
    if (last !== undefined && tip?.commit === last.commit) return last;
    const root = tip?.root ?? [];
    const known = await stateAt(place, root, delivery.known);
    let state = delivery.state;
    let names = files.map(file => nameOf(place, delivery, file, 0));
    if (known !== null && (known.state !== null || known.runs.includes(nameOfRun(run)))) {
      // Somebody has written since we looked, or this run has before: ourselves perhaps, in a process that did not live
      // to know it, or another job, whose files must not be overwritten.
      const { offsets, areThere } = await lookUp(place, delivery, root);
      names = files.map(file => nameOf(place, delivery, file, offsets.get(file.stream) ?? 0));
      if (known.state !== null) {
        // Of what we knew of before, nothing is this delivery: a step before ours has refreshed to the same bytes.
        if (areThere) return { commit: tip?.commit ?? '', state: known.state, known };
        const before = await grownOutOf(place, delivery);
        state = merge(refreshed(delivery.state, replaces, known.state), known.state, before);
      }
    }
    const gone = await toRemove(place, delivery, root);
    if (files.length === 0 && gone.length === 0 && !delivery.stateAlone) return null;
    if (tip === null && tries === 1) await beginIfEmpty(place);

    blobs ??= await uploadAll(place, delivery, log);
    const before = await readmeAt(place, root, known);
    const totals = totalsAfter(before.totals, delivery);
    const about = readme({ ...place, totals, run, savedAt: state.savedAt });
    const runs = latest(nameOfRun(run), known?.runs ?? []);
    const own = { runs, totals, readme: blobSha(Buffer.from(about)) };
    const entries = names.map((path, n): TreeChange => ({ path, type: 'blob', sha: blobs?.[n] as string }));
    const stateSha = await git.createBlob(Buffer.from(documentOf(state, place.stateName, own)));
    const tree = await writeTree(place, tip?.tree ?? null, replaces, [
      { path: stateFileOf(place.stateName), type: 'blob', sha: stateSha },
      ...(before.isOurs ? [{ path: README, type: 'blob' as const, content: about }] : []),
      ...(root.some(({ path }) => path === ATTRIBUTES.path) ? [] : [{ ...ATTRIBUTES, type: 'blob' as const }]),
      ...gone,
      ...entries,
    ]);
    const made = await git.createCommit(messageOf(delivery), tree, tip?.commit ?? null);
    last = { commit: made, state, known: { sha: stateSha, generation: state.generation, ...own } };
    onMoving(true);
    try {
      if (tip === null) await git.createBranch(branch, made);
      else await git.moveBranch(branch, made);
      return last;
    } catch (error) {
      if (!(error instanceof GitHubError) || !isRace(error) || tries === MOST_TRIES) throw error;
      onMoving(false);
      log.debug(`Another writer was faster on ${branch}; starting from what is there now.`);
      await sleep(Math.random() * Math.min(8_000, 250 * 2 ** tries));
    }
  }
}

/** The state that a run had before. One that was not on the branch is not known any more: then all of it may be old. */
async function grownOutOf(place: Place, { known, state }: Delivery): Promise<State> {
  if (known !== null) return stateOf(place, known.sha);
  return state.generation === 1 ? NO_STATE : state;
}

function totalsAfter(before: Totals, { files, replaces }: Delivery): Totals {
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

/** Where a file goes. `offset` makes room beside files of the same run and attempt: those of another job. */
function nameOf({ dataPath }: Place, delivery: Delivery, { path, stream }: PartFile, offset: number): string {
  const [, number = '', ending = ''] = /-(\d+)(\.ndjson(?:\.gz)?)$/.exec(path) ?? [];
  const file = `${prefixOf(delivery)}${String(Number(number) + offset).padStart(5, '0')}${ending}`;
  return `${dataPath}/${stream}/dt=${delivery.day}/${file}`;
}

function prefixOf({ run, mark }: Delivery): string {
  return `${run.id}-${run.attempt}-${mark === '' ? '' : `${mark}-`}`;
}

/**
 * Whether all files are on the branch already, and by how much each stream's numbers have to be moved so that they meet
 * no file that is there.
 */
async function lookUp(
  { git, dataPath }: Place,
  delivery: Delivery,
  root: readonly TreeEntry[],
): Promise<{ offsets: ReadonlyMap<string, number>; areThere: boolean }> {
  const offsets = new Map<string, number>();
  const { files, day, directory } = delivery;
  const prefix = prefixOf(delivery);
  let areThere = files.length > 0;
  for (const stream of new Set(files.map(each => each.stream))) {
    const there = (await entriesAt(git, root, `${dataPath}/${stream}/dt=${day}`)) ?? [];
    const own = there.filter(({ path }) => path.startsWith(prefix) && /^\d/.test(path.slice(prefix.length)));
    const shas = new Set(own.map(({ sha }) => sha));
    for (const file of files) {
      if (areThere && file.stream === stream) areThere = shas.has(blobSha(await readPart(directory, file)));
    }
    if (own.length > 0)
      offsets.set(stream, Math.max(...own.map(({ path }) => Number(/-(\d+)\.ndjson/.exec(path)?.[1] ?? 0))));
  }
  return { offsets, areThere };
}

/** The folders of replaced streams that have no file any more. A path that is not there cannot be removed. */
async function toRemove({ git, dataPath }: Place, { files, replaces }: Delivery, root: readonly TreeEntry[]) {
  const empty = replaces.filter(stream => !files.some(file => file.stream === stream));
  if (empty.length === 0) return [];
  const there = (await entriesAt(git, root, dataPath)) ?? [];
  return empty
    .filter(stream => there.some(({ path }) => path === stream))
    .map((stream): TreeChange => ({ path: `${dataPath}/${stream}`, type: 'tree', sha: null }));
}

/** Resolves to the shas of the files' blobs, in their order. */
async function uploadAll({ git, branch }: Place, { directory, files }: Delivery, log: Log): Promise<string[]> {
  const shas: string[] = [];
  let next = 0;
  let done = 0;
  async function work(): Promise<void> {
    for (let n = next++; n < files.length; n = next++) {
      const file = files[n] as PartFile;
      const bytes = await readPart(directory, file);
      const sha = await git.createBlob(bytes).catch(error => {
        throw error instanceof GitHubError && isTooLarge(error) ? tooLarge(file, error) : error;
      });
      if (sha !== blobSha(bytes)) throw new GitHubError(0, 'another blob than was sent');
      shas[n] = sha;
      if (++done % PROGRESS_EVERY === 0) log.info(`Uploaded ${done} of ${count(files.length, 'file')} for ${branch}.`);
    }
  }
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, work));
  return shas;
}

/** A repository without a commit takes no objects. It gets a first one, on the data branch, that others build upon. */
async function beginIfEmpty({ git, branch }: Place): Promise<void> {
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

function messageOf({ files, run }: Delivery): string {
  const streams = [...new Set(files.map(({ stream }) => stream))];
  const records = files.reduce((sum, file) => sum + file.records, 0);
  return `sync: ${streams.join(', ') || 'no stream'}, ${count(records, 'record')} [run ${run.id}.${run.attempt}]`;
}
