// The state on the data branch, in the commit with the data, and nowhere else: so neither is ever there without the other.
import { basename, dirname } from 'node:path/posix';
import { SyncError } from '../errors.ts';
import type { TreeEntry } from '../github/answers.ts';
import type { Git } from '../github/git.ts';
import type { Api } from '../github/rest.ts';
import { entriesAt } from '../github/tree.ts';
import type { State, StreamRevision } from '../sync/state.ts';
import { serializeState } from '../sync/state-document.ts';
import { type BranchHead, parseSaved, type StateStore, type Tip, type Totals } from './store.ts';

/** A data branch, and the state that is meant on it. */
export interface BranchPlace {
  readonly git: Git;
  /** `owner/name` */
  readonly repository: string;
  readonly branch: string;
  readonly dataPath: string;
  readonly stateName: string;
}

/** Writers that are remembered: more than come, as a rule, while a run lasts that commits several times. */
const MAX_WRITERS = 200;

/** Where the state is: a name of several parts (see config/scope.ts) is set apart from a name of one. */
export function stateFileOf(stateName: string): string {
  return stateName.includes('/') ? `state/${stateName}.json` : 'state.json';
}

/** @param here `owner/name` of the workflow's repository */
export function openBranchStore(
  openPlace: () => Promise<BranchPlace>,
  api: () => Promise<Api>,
  here: string,
): StateStore {
  return {
    async load({ reset }) {
      const place = await openPlace();
      try {
        const tip = await readTip(place);
        const root = tip?.root ?? [];
        const [current, revisions] = await Promise.all([
          headAt(place, root, null, reset),
          syncRevisionsAt(place, root),
        ]);
        // GitHub says 404 of a repository that the token may not see, too: better to know before hours of reading.
        if (current === null && place.repository !== here) await (await api()).isPublic(place.repository);
        const state = current?.state ?? null;
        const head = current && tip && { ...current.head, tip };
        return {
          saved: state && { state, place: `the branch ${place.branch}` },
          base: { generation: state?.generation ?? 0, cacheKey: null, head },
          ...(revisions && { syncRevisions: revisions }),
        };
      } catch (error) {
        if (error instanceof SyncError) throw error;
        throw unreadableBranch(place, error);
      }
    },
  };
}

/** Null when there is no such branch. */
export async function readTip({ git, branch }: BranchPlace): Promise<Tip | null> {
  const tip = await git.tip(branch);
  return tip && { ...tip, root: await git.tree(tip.tree) };
}

/**
 * What the branch says at a tip: `state` is null when it says what we know already. Null when it has no state.
 * @param isIgnored the state need not be readable: null then
 */
export async function headAt(
  place: BranchPlace,
  root: readonly TreeEntry[],
  known: BranchHead | null,
  isIgnored = false,
): Promise<{ readonly head: BranchHead; readonly state: State | null } | null> {
  const path = stateFileOf(place.stateName);
  const entries = await entriesAt(place.git, root, dirname(path));
  const sha = entries?.find(entry => entry.path === basename(path))?.sha;
  if (sha === undefined) return null;
  if (sha === known?.sha) return { head: known, state: null };
  const text = String(await place.git.blob(sha));
  return { head: headOf(place, sha, text), state: parseSaved(text, `branch ${place.branch}`, isIgnored) };
}

/** @throws SyncError `branch-of-other-sync` when the document is another sync's, whatever else it says */
function headOf({ branch, stateName }: BranchPlace, sha: string, text: string): BranchHead {
  const { state_id: id, writers, totals, readme } = jsonObject(text);
  if (typeof id === 'string' && id !== stateName) {
    throw new SyncError('branch-of-other-sync', {
      what: `The branch ${branch} belongs to the sync with the \`state-id\` ${id}, and this one is ${stateName}.`,
      todo: 'Give each sync its own `branch`.',
    });
  }
  return {
    sha,
    writers: Array.isArray(writers) ? writers.filter(writer => typeof writer === 'string') : [],
    totals: (totals ?? {}) as Totals,
    readme: typeof readme === 'string' ? readme : '',
  };
}

/** The document of a state with what the branch says beside it. */
export function branchDocument(
  state: State,
  stateName: string,
  { writers, totals, readme }: Omit<BranchHead, 'sha'>,
): string {
  const document = { ...JSON.parse(serializeState(state)), state_id: stateName, writers, totals, readme };
  return `${JSON.stringify(document, null, 1)}\n`;
}

export function withWriter(writers: readonly string[], writer: string): string[] {
  return [writer, ...writers].slice(0, MAX_WRITERS);
}

/** By blob: shards that are looked up side by side all ask for the same. */
const revisionsOf = new Map<string, Promise<ReadonlyMap<string, StreamRevision>>>();

/**
 * The revisions of the sync that the branch belongs to; undefined when this is that sync, or there is none. A damaged state
 * of the sync is not for a backfill to report.
 */
async function syncRevisionsAt({ git, stateName }: BranchPlace, root: readonly TreeEntry[]) {
  const path = stateFileOf('');
  const sha = stateFileOf(stateName) === path ? undefined : root.find(entry => entry.path === path)?.sha;
  if (sha === undefined) return undefined;
  const read = async () => parseSaved(String(await git.blob(sha)), 'branch', true)?.revisions ?? new Map();
  const revisions = revisionsOf.get(sha) ?? read();
  revisionsOf.set(sha, revisions);
  return revisions;
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function unreadableBranch({ branch, repository }: BranchPlace, cause: unknown): SyncError {
  return new SyncError('branch-unreadable', {
    what: `The branch ${branch} of ${repository} could not be read, so it is not known what it has.`,
    todo: 'Check `repository`, and that the job has `permissions: contents: write` or a `github-token` that has it; otherwise run again later.',
    cause,
  });
}
