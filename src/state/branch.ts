// The state on the data branch, in the commit with the data, and nowhere else: so neither is ever there without the other.
import { basename, dirname } from 'node:path/posix';
import { SyncError } from '../errors.ts';
import type { TreeEntry } from '../github/answers.ts';
import type { Git } from '../github/git.ts';
import type { GitHubError } from '../github/request.ts';
import type { Api } from '../github/rest.ts';
import { entriesAt } from '../github/tree.ts';
import { isStreamName, type State } from '../sync/state.ts';
import { serializeState } from '../sync/state-document.ts';
import { type Json, jsonObject } from '../sync/stream-document.ts';
import { parseSaved, type StateStore } from './store.ts';

/** A data branch, and the state that is meant on it. */
export interface BranchPlace {
  readonly git: Git;
  /** `owner/name` */
  readonly repository: string;
  readonly branch: string;
  readonly dataPath: string;
  readonly stateName: string;
}

/** What is on the branch of one stream. */
export interface Total {
  /** Lines: a record has one for each version of it. */
  readonly records: number;
  /** Records; undefined when some of the lines came without that. */
  readonly distinct?: number | undefined;
  readonly files: number;
  readonly bytes: number;
  readonly max_updated_at: string | null;
  /** The sync has read the stream up to this time; undefined when that is not known. */
  readonly complete_up_to?: string;
}

export type Totals = Readonly<Record<string, Total>>;

/** What the document of a state says beside the state. */
export interface BranchNotes {
  /** Who has committed to the branch, the last one first: `<run>-<attempt>/<publish id>`. */
  readonly writers: readonly string[];
  readonly totals: Totals;
  /** The blob of the README that shows the totals; empty when that is not known. */
  readonly readme: string;
}

/** What a data branch has at one moment. */
export type Branch = Awaited<ReturnType<typeof readBranch>>;

const SYNC_FILE = 'state.json';
/** The folder of all other states. */
const STATES = 'state';
/** How many of them are read to find the folder of the data: the first that names one is enough. */
const MAX_OTHERS = 20;

/** Where the state is: a name of several parts (see config/scope.ts) is set apart from a name of one. */
export function stateFileOf(stateName: string): string {
  return stateName.includes('/') ? `${STATES}/${stateName}.json` : SYNC_FILE;
}

/**
 * @param here `owner/name` of the workflow's repository
 * @param onLoad gets what was read, so that the first commit need not ask again
 */
export function openBranchStore(
  openPlace: () => Promise<BranchPlace>,
  api: () => Promise<Api>,
  here: string,
  onLoad: (branch: Branch) => void,
): StateStore {
  return {
    async load({ reset }) {
      const place = await openPlace();
      try {
        const branch = await readBranch(place, reset);
        onLoad(branch);
        const { root, document } = branch;
        // GitHub says 404 of a repository that the token may not see, too: better to know before hours of reading.
        if (document === null && place.repository !== here) await (await api()).isPublic(place.repository);
        const state = document?.state ?? null;
        const syncRevisions = (await syncAt(place, root))?.revisions;
        return {
          saved: state && { state, place: `the branch ${place.branch}` },
          base: { generation: state?.generation ?? 0, savedAs: document?.sha ?? null },
          ...(syncRevisions && { syncRevisions }),
        };
      } catch (error) {
        if (error instanceof SyncError) throw error;
        throw unreadableBranch(place, error);
      }
    },
  };
}

/**
 * The last commit of a branch, the top of its tree, and the document of the state; null where there is none.
 * @param isIgnored the state need not be readable: null then
 */
export async function readBranch(place: BranchPlace, isIgnored: boolean) {
  const { git, branch, stateName } = place;
  const tip = await git.tip(branch);
  const root = tip === null ? [] : await git.tree(tip.tree);
  const path = stateFileOf(stateName);
  const folders = [place.dataPath, dirname(path)].map(folder => folder.split('/')[0]);
  const inTheWay = root.find(entry => folders.includes(entry.path) && entry.type !== 'tree');
  if (inTheWay !== undefined) throw pathTaken(place, inTheWay.path);
  const entries = await entriesAt(git, root, dirname(path));
  const entry = entries?.find(({ path: name }) => name === basename(path));
  if (entry !== undefined && entry.type !== 'blob') throw pathTaken(place, path);
  const document = entry === undefined ? null : await readDocument(place, root, entry.sha, isIgnored);
  if (document?.folder === undefined) requireSameFolder(place, await folderOfOthers(place, root));
  return { tip, root, document };
}

/** The folder in which any other state on the branch says that the records are: all agree. */
async function folderOfOthers(place: BranchPlace, root: readonly TreeEntry[]): Promise<unknown> {
  const sync = await syncAt(place, root);
  if (sync?.folder !== undefined) return sync.folder;
  const states = root.find(({ path, type }) => path === STATES && type === 'tree');
  const entries = states === undefined ? [] : ((await place.git.wholeTree(states.sha)) ?? []);
  for (const { sha } of entries.filter(isDocument).slice(0, MAX_OTHERS)) {
    const { generation, data_path: folder } = jsonObject(String(await place.git.blob(sha)));
    if (typeof generation === 'number' && typeof folder === 'string') return folder;
  }
  return undefined;
}

function isDocument({ path, type }: TreeEntry): boolean {
  return type === 'blob' && path.endsWith('.json');
}

/** @throws SyncError `branch-of-other-sync` when the document is another sync's, `branch-path-taken` when it is nobody's */
async function readDocument(place: BranchPlace, root: readonly TreeEntry[], sha: string, isIgnored: boolean) {
  const { git, branch, stateName } = place;
  const text = String(await git.blob(sha));
  const document = jsonObject(text);
  if (!(await isOurs(place, root, text, document))) throw pathTaken(place, stateFileOf(stateName));
  const { state_id: id, writers, totals, readme, data_path: folder } = document;
  if (typeof id === 'string' && id !== stateName) {
    throw new SyncError('branch-of-other-sync', {
      what: `The branch ${branch} belongs to the sync with the \`state-id\` ${id}, and this one is ${stateName}.`,
      todo: 'Give each sync its own `branch`.',
    });
  }
  requireSameFolder(place, folder);
  const notes: BranchNotes = {
    writers: Array.isArray(writers) ? writers.filter(writer => typeof writer === 'string') : [],
    totals: totalsIn(totals),
    readme: typeof readme === 'string' ? readme : '',
  };
  return { sha, folder, ...notes, state: parseSaved(text, `branch ${branch}`, isIgnored) };
}

/** Whether a sync has written a document, however damaged it is: what is somebody else's is never replaced. */
async function isOurs({ git }: BranchPlace, root: readonly TreeEntry[], text: string, document: Json) {
  if (typeof document.version === 'number' && typeof document.generation === 'number') return true;
  if (Object.keys(document).length > 0) return false;
  // Cut off, or overwritten with what is no document at all, on a branch that has our README.
  const readme = root.find(({ path }) => path === 'README.md');
  return (
    /^\{\s*"version":\s*\d+,\s*"written_by"/.test(text) ||
    (readme && /<!-- totals: /.test(String(await git.blob(readme.sha))))
  );
}

/** The totals that somebody may have edited: those of a stream that are not such are as if absent. */
export function totalsIn(value: unknown): Totals {
  const isNumber = (each: unknown) => Number.isSafeInteger(each) && (each as number) >= 0;
  const isTime = (each: unknown) => typeof each === 'string' && /^\+?\d[\d:.TZ-]{8,30}$/.test(each);
  const isTotal = (each: unknown): each is Total => {
    const { records, distinct = 0, files, bytes, max_updated_at: max, complete_up_to: upTo } = Object(each) as Json;
    const areTimes = (max === null || isTime(max)) && (upTo === undefined || isTime(upTo));
    return areTimes && [records, distinct, files, bytes].every(isNumber);
  };
  const entries = Object.entries(value ?? {}).filter(([stream, each]) => isStreamName(stream) && isTotal(each));
  return Object.fromEntries(entries);
}

export function branchDocument(state: State, { stateName, dataPath }: BranchPlace, notes: BranchNotes): string {
  const where = { state_id: stateName, data_path: dataPath };
  return `${JSON.stringify({ ...JSON.parse(serializeState(state)), ...where, ...notes }, null, 1)}\n`;
}

/** By blob: shards that are looked up side by side all ask for the same. */
const syncs = new Map<string, Promise<{ readonly folder: unknown; readonly revisions: State['revisions'] }>>();

/**
 * What there is of the sync that the branch belongs to; undefined when this is that sync, or there is none. A damaged state
 * of the sync is not for a backfill to report.
 */
async function syncAt({ git, stateName }: BranchPlace, root: readonly TreeEntry[]) {
  const entry = root.find(({ path, type }) => path === SYNC_FILE && type === 'blob');
  if (entry === undefined || stateFileOf(stateName) === SYNC_FILE) return undefined;
  const read = async () => {
    const text = String(await git.blob(entry.sha));
    const revisions: State['revisions'] = parseSaved(text, 'branch', true)?.revisions ?? new Map();
    return { folder: jsonObject(text).data_path, revisions };
  };
  const sync = syncs.get(entry.sha) ?? read();
  syncs.set(entry.sha, sync);
  return sync;
}

/** @throws SyncError `data-path-changed` */
function requireSameFolder({ branch, dataPath }: BranchPlace, folder: unknown): void {
  if (typeof folder !== 'string' || folder === dataPath) return;
  throw new SyncError('data-path-changed', {
    what: `The branch ${branch} has its records in \`${folder}\`, and \`data-path\` is \`${dataPath}\`: the views and recipes read one folder.`,
    todo: 'Set `data-path` back, or use another `branch`.',
  });
}

function pathTaken({ branch, repository }: BranchPlace, path: string): SyncError {
  return new SyncError('branch-path-taken', {
    what: `The branch ${branch} of ${repository} has a \`${path}\` that this action has not written, in the place of its own.`,
    todo: 'Set `branch` (or `data-path`) to another name, or move it away: it is not overwritten, not even with `reset-state`.',
  });
}

function unreadableBranch({ branch, repository }: BranchPlace, cause: unknown): SyncError {
  const { cited = '' } = cause as Partial<GitHubError>;
  return new SyncError('branch-unreadable', {
    what: `The branch ${branch} of ${repository} could not be read${cited}, so it is not known what it has.`,
    todo: 'Check `repository`, and that the job has `permissions: contents: write` or a `github-token` that has it; otherwise run again later.',
    cause,
  });
}
