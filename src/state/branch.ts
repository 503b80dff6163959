// What the data branch says of itself: the state, and beside it what only the branch has to know.
import { basename, dirname } from 'node:path/posix';
import { SyncError } from '../errors.ts';
import type { Git, TreeEntry } from '../github/rest.ts';
import { README, type Totals, totalsIn } from '../publish/branch/readme.ts';
import { entriesAt } from '../publish/branch/tree.ts';
import type { State } from '../sync/state.ts';
import { parseState, serializeState } from '../sync/state-document.ts';

/** Where the state is; what has a name of several parts (see scope.ts) is apart from what has one. */
export function stateFileOf(stateName: string): string {
  return stateName.includes('/') ? `state/${stateName}.json` : 'state.json';
}

/** The state on the branch as it was found on the branch, or as we have written it there. */
export interface Known {
  readonly sha: string;
  readonly generation: number;
  /** Who has written to the branch, the last one first: run id and attempt. */
  readonly runs: readonly string[];
  readonly totals: Totals;
  /** The blob of the README that says the same; empty when that is not known. */
  readonly readme: string;
  /** Where it was found. */
  readonly tip?: Tip;
}

/** The end of the branch, and what is at the top of it. */
interface Tip {
  readonly commit: string;
  readonly tree: string;
  readonly root: readonly TreeEntry[];
}

export interface Place {
  readonly git: Git;
  /** `owner/name` */
  readonly repository: string;
  readonly branch: string;
  readonly dataPath: string;
  readonly stateName: string;
}

/** So many writers are remembered: more than come, as a rule, while a run lasts that writes several times. */
const MOST_RUNS = 200;

/** What a branch says at one moment. */
export interface OnBranch {
  readonly state: State | null;
  /** Null when it has no state. */
  readonly known: Known | null;
  /** How often the sync that the branch belongs to has replaced the files of a stream, whoever had brought them. */
  readonly refreshes: ReadonlyMap<string, number>;
}

/**
 * What the branch says. A state that is to be replaced (`reset`) need not be readable: then it is only known which one it
 * is.
 */
export async function readBranch(place: Place, reset: boolean): Promise<OnBranch> {
  const tip = await lookAt(place);
  if (tip === null) return { state: null, known: null, refreshes: new Map() };
  const [entry, refreshes] = await Promise.all([stateEntry(place, tip.root), refreshesAt(place, tip.root)]);
  if (!entry) return { state: null, known: null, refreshes };
  const bytes = await place.git.blob(entry.sha);
  const own = ownPartOf(place, bytes);
  try {
    const { state, known } = readState(place, entry.sha, bytes);
    return { state, known: { ...known, tip }, refreshes };
  } catch (error) {
    if (!reset) throw error;
    return { state: null, known: { sha: entry.sha, generation: 0, ...own, tip }, refreshes };
  }
}

/** Shards that are looked for side by side all ask for the same. */
const refreshesOf = new Map<string, Promise<ReadonlyMap<string, number>>>();

/**
 * What a sync that is not ours says of full refreshes; nothing where there is none, or none that can be read: what is
 * wrong with its state is not for us to say.
 */
function refreshesAt({ git, stateName }: Place, root: readonly TreeEntry[]): Promise<ReadonlyMap<string, number>> {
  const path = stateFileOf('');
  const entry = stateFileOf(stateName) === path ? undefined : root.find(each => each.path === path);
  if (entry === undefined) return Promise.resolve(new Map());
  const known = refreshesOf.get(entry.sha) ?? git.blob(entry.sha).then(refreshesIn);
  refreshesOf.set(entry.sha, known);
  return known;
}

function refreshesIn(bytes: Buffer): ReadonlyMap<string, number> {
  const { refreshes } = objectIn(bytes.toString('utf8'));
  const isObject = typeof refreshes === 'object' && refreshes !== null && !Array.isArray(refreshes);
  return new Map(Object.entries(isObject ? refreshes : {}).filter(([, times]) => Number.isSafeInteger(times)));
}

export async function lookAt({ git, branch }: Place): Promise<Tip | null> {
  const tip = await git.tip(branch);
  return tip && { ...tip, root: await git.tree(tip.tree) };
}

function stateEntry({ git, stateName }: Place, root: readonly TreeEntry[]): Promise<TreeEntry | undefined> {
  const path = stateFileOf(stateName);
  return entriesAt(git, root, dirname(path)).then(there => there?.find(each => each.path === basename(path)));
}

/** What `state.json` says, read only if it is another one than we know. */
export async function stateAt(
  place: Place,
  root: readonly TreeEntry[],
  known: Known | null,
): Promise<(Known & { state: State | null }) | null> {
  const entry = await stateEntry(place, root);
  if (entry === undefined) return null;
  if (entry.sha === known?.sha) return { ...known, state: null };
  const read = readState(place, entry.sha, await place.git.blob(entry.sha));
  return { ...read.known, state: read.state };
}

/** What a state document that is or was on the branch says. */
export async function stateOf(place: Place, sha: string): Promise<State> {
  return readState(place, sha, await place.git.blob(sha)).state;
}

function readState(place: Place, sha: string, bytes: Buffer): { state: State; known: Known } {
  const own = ownPartOf(place, bytes);
  const state = parseState(bytes.toString('utf8'), `branch ${place.branch}`);
  const runs = latest(nameOfRun(state.run), own.runs);
  return { state, known: { sha, generation: state.generation, ...own, runs } };
}

/** What only the branch's copy of a state says. @throws SyncError when it is another sync's, whatever else it says. */
function ownPartOf({ branch, stateName }: Place, bytes: Buffer): Own {
  const { state_id: id, runs, totals = {}, readme = '' } = objectIn(bytes.toString('utf8'));
  if (typeof id === 'string' && id !== stateName) {
    throw new SyncError('branch-of-other-sync', {
      what: `The branch ${branch} belongs to the sync with the \`state-id\` ${id}, and this one is ${stateName}.`,
      todo: 'Give each sync its own `branch`.',
    });
  }
  return { runs: Array.isArray(runs) ? runs : [], totals, readme };
}

/** Nothing when it is not JSON. */
function objectIn(text: string): Partial<Own> & { state_id?: unknown; refreshes?: Record<string, number> } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

export function nameOfRun({ id, attempt }: { readonly id: string; readonly attempt: string }): string {
  return `${id}-${attempt}`;
}

/** The writers after one more. */
export function latest(run: string, runs: readonly string[]): string[] {
  return [run, ...runs.filter(each => each !== run)].slice(0, MOST_RUNS);
}

/** What only the branch has to know. */
type Own = Pick<Known, 'runs' | 'totals' | 'readme'>;

/** The state with that, and with whose it is. */
export function documentOf(state: State, stateName: string, own: Own): string {
  return `${JSON.stringify({ ...JSON.parse(serializeState(state)), state_id: stateName, ...own }, null, 1)}\n`;
}

/**
 * How much there is, by what the README says now: runs with other states publish to the branch, too. One that somebody
 * else has written is not ours to replace.
 */
export async function readmeAt(
  { git }: Place,
  root: readonly TreeEntry[],
  known: Known | null,
): Promise<{ totals: Totals; isOurs: boolean }> {
  const entry = root.find(({ path }) => path === README);
  const own = known?.totals ?? {};
  if (entry === undefined || entry.sha === known?.readme) return { totals: own, isOurs: true };
  const totals = totalsIn((await git.blob(entry.sha)).toString('utf8'));
  return { totals: totals ?? own, isOurs: totals !== undefined };
}
