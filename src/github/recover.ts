// Every place the state may be, and the copy that counts: the valid one of the highest generation (contract 6).
import { SyncError } from '../errors.ts';
import type { Log } from '../log.ts';
import { NO_STATE, type State } from '../sync/state.ts';
import { parseState } from '../sync/state-document.ts';
import { duration } from '../words.ts';
import type { Api } from './api.ts';
import { manifestOf } from './artifact-manifest.ts';
import { type Known, readBranch } from './branch-state.ts';
import { keyPrefix, restore } from './cache.ts';
import type { Context } from './context.ts';

export interface Recovery {
  readonly stateName: string;
  readonly context: Context;
  /** Whether there is a cache to ask. */
  readonly hasCache: boolean;
  /** Where the sync publishes is where its state is, too. */
  readonly destinations: readonly string[];
  readonly artifactName: string;
  /** Whose artifacts may hold it: those of this workflow's runs, of this run alone, or nobody's. */
  readonly uploadedBy: 'workflow' | 'this-run' | 'nobody';
  readonly repository: string;
  readonly branch: string;
  readonly dataPath: string;
  readonly onMissing: 'full' | 'fail';
  /** Start over: of what is saved only the generation counts, so that the new state outranks it. */
  readonly reset: boolean;
  readonly api: () => Promise<Api>;
  readonly log: Log;
}

export interface Recovered {
  readonly state: State;
  /** What the data branch says now. */
  readonly branch: Known | null;
  /** Key of the newest entry in the cache that this run can see. */
  readonly cacheKey: string | null;
}

/**
 * So many of the workflow's last runs are asked for artifacts, and so many manifests are read. As long as there is no
 * state at all the older ones are asked, too: runs that find nothing new upload nothing.
 */
const MOST_RUNS = 10;
const MOST_MANIFESTS = 3;

interface Copy {
  readonly state: State;
  /** As in `from the Actions cache`. */
  readonly place: string;
}

/**
 * The state to go on from.
 * @throws SyncError `state` when one exists and cannot be used, or when none exists and one is demanded.
 */
export async function recover(recovery: Recovery, isLastLook = false): Promise<Recovered> {
  const { stateName, context, onMissing, reset, log, hasCache, destinations, branch } = recovery;
  const [saved, onBranch] = await Promise.all([
    hasCache ? restore(stateName, context) : null,
    destinations.includes('branch') ? fromBranch(recovery) : null,
  ]);
  const copies: Copy[] = [];
  const unreachable: string[] = [];
  if (onBranch?.state) copies.push({ state: onBranch.state, place: `the branch ${branch}` });
  if (saved !== null) {
    const cached = parsed(recovery, saved.text, `Actions cache, ${saved.key}`);
    if (cached !== null) copies.push({ state: cached, place: 'the Actions cache' });
  }
  if (destinations.includes('artifact') && recovery.uploadedBy !== 'nobody')
    copies.push(...(await fromArtifacts(recovery, highest(copies)?.state, unreachable)));

  const best = highest(copies);
  const known = { branch: onBranch?.known ?? null, cacheKey: saved?.key ?? null };
  if (reset) {
    log.info('State: ignored, as `reset-state` says; this run starts over.');
    return { ...known, state: { ...NO_STATE, generation: best?.state.generation ?? 0 } };
  }
  // The cache library reports an outage as it reports a miss; the list of entries tells the two apart. Nobody needs to know
  // where the data branch has a state: it knows of everything that is published there.
  const listed = hasCache && saved === null && !onBranch?.state ? await listedKey(recovery, unreachable) : null;
  if (listed !== null) {
    // Another run may have saved its first state between the two questions.
    if (!isLastLook) return recover(recovery, true);
    throw new SyncError(
      'github',
      'state',
      `The Actions cache has a saved state (${listed}) and did not hand it over.`,
      'Run again later. If it stays: the entry was saved on another operating system or without zstd; run there, delete it, or run once with `reset-state: true`.',
    );
  }
  if (unreachable.length > 0) {
    log.notice(
      `Not all places where a state may be saved could be looked at: ${unreachable.join(', and ')}. Give the job the permission \`actions: read\`, so that nothing is published twice after a crash.`,
    );
  }
  if (best !== undefined) {
    const { state, place } = best;
    const age = Date.now() - Date.parse(state.savedAt);
    log.info(
      `State: generation ${state.generation} of ${state.savedAt}${age >= 0 ? ` (${duration(age)} ago)` : ''}, from ${place}.`,
    );
    const had = saved === null ? 0 : generationOnBranch(saved.text);
    if (destinations.includes('branch') && (onBranch === null || onBranch.known.generation < had)) {
      warnOfLostBranch(recovery, onBranch?.known ?? null);
    }
    return { ...known, state };
  }
  if (onMissing === 'fail') {
    throw new SyncError(
      'user',
      'state',
      `There is no saved state called \`${stateName}\`, and \`on-missing-state\` is \`fail\`.`,
      'Run once with `on-missing-state: full` to start with a full sync.',
    );
  }
  log.info('State: none yet, so this is a first sync.');
  return { ...known, state: NO_STATE };
}

function highest(copies: readonly Copy[]): Copy | undefined {
  return copies.reduce<Copy | undefined>(
    (best, copy) => (best === undefined || copy.state.generation > best.state.generation ? copy : best),
    undefined,
  );
}

/** A copy that cannot be read is an error, unless it is to be ignored anyway. */
function parsed({ reset }: Recovery, text: string, place: string): State | null {
  try {
    return parseState(text, place);
  } catch (error) {
    if (reset) return null;
    throw error;
  }
}

async function fromBranch({ api, repository, branch, dataPath, stateName, context, reset }: Recovery) {
  try {
    const git = (await api()).git(repository);
    const found = await readBranch({ git, repository, branch, dataPath, stateName }, reset);
    // "Not there" and "not for you" are the same answer: better to know before hours of reading.
    if (found === null && repository !== context.repository) await (await api()).isPublic(repository);
    return found;
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError(
      'user',
      'state',
      `The branch ${branch} of ${repository} could not be read, so it is not known what it has.`,
      'Check `repository`, and that the job has `permissions: contents: write` or a `github-token` that has it; otherwise run again later.',
      error,
    );
  }
}

/** The states in what this workflow has uploaded from this branch. Those of pull requests and forks are not looked at. */
async function fromArtifacts(recovery: Recovery, best: State | undefined, unreachable: string[]): Promise<Copy[]> {
  const { artifactName, api } = recovery;
  const copies: Copy[] = [];
  let tried = 0;
  try {
    const github = await api();
    for (const [n, run] of (await runsOf(recovery, github, best)).entries()) {
      if (n >= MOST_RUNS && (best !== undefined || copies.length > 0)) break;
      for (const { id, name } of await github.artifacts(run.id)) {
        if (tried >= MOST_MANIFESTS) return copies;
        if (!isOurs(name, artifactName)) continue;
        const place = `the artifact ${name} of run ${run.id}`;
        const state = await stateOf(recovery, github, id, place);
        if (state === null) continue;
        tried++;
        if (state === 'unreachable') {
          unreachable.push(place);
          continue;
        }
        copies.push({ state, place });
        // The others of this run are older.
        break;
      }
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    unreachable.push('the artifacts of earlier runs');
  }
  return copies;
}

/** The state in an artifact's manifest; null when it has none that is ours. */
async function stateOf(recovery: Recovery, github: Api, id: number, place: string) {
  let manifest: string | null;
  try {
    manifest = await manifestOf(github, id);
  } catch {
    return 'unreachable';
  }
  const text = manifest === null ? null : stateIn(manifest, recovery.stateName);
  return text === null ? null : parsed(recovery, text, place);
}

/** The runs whose artifacts are looked at. */
async function runsOf({ context, uploadedBy }: Recovery, github: Api, best: State | undefined) {
  if (uploadedBy === 'this-run') return [{ id: context.runId }];
  const branch = /^refs\/heads\/(.+)$/.exec(context.ref)?.[1];
  if (branch === undefined || context.workflowFile === '') return [];
  return (
    (await github.runs(context.workflowFile, branch))
      .filter(run => !run.event.startsWith('pull_request') && run.headRepository === context.repository)
      // What was over before a state was saved cannot know more than it does. An older run may have been run again since.
      .filter(run => best === undefined || isAtLeast(run.id, best.run.id) || run.changedAt >= Date.parse(best.savedAt))
  );
}

/** Whether an artifact is called as finish.ts and artifact.ts call those of this sync. A shard's are not its plan's. */
function isOurs(name: string, artifactName: string): boolean {
  const rest = name.startsWith(artifactName) ? name.slice(artifactName.length) : '?';
  return /^(?:-attempt-\d+)?(?:-part-\d+)?(?:-[0-9a-f]{6})?$/.test(rest);
}

/** The state document in a manifest, as text; null when it has none or belongs to another sync. */
function stateIn(manifest: string, stateName: string): string | null {
  let document: { run?: { state_id?: unknown }; state?: unknown } | null;
  try {
    document = JSON.parse(manifest);
  } catch {
    // Somebody else's: ours are whole, since an artifact is finished only when it is.
    return null;
  }
  return document?.run?.state_id === stateName && document.state ? JSON.stringify(document.state) : null;
}

/** Ids of runs grow. */
function isAtLeast(id: string, other: string): boolean {
  return !/^\d+$/.test(other) || BigInt(id) >= BigInt(other);
}

/** The key of a saved state that this run should have been able to see, or null. */
async function listedKey({ stateName, context, api }: Recovery, unreachable: string[]): Promise<string | null> {
  try {
    const github = await api();
    const entries = await github.caches(keyPrefix(stateName));
    if (entries.length === 0) return null;
    const base = context.baseRef === '' ? [] : [`refs/heads/${context.baseRef}`];
    const visible = [context.ref, ...base, `refs/heads/${context.defaultBranch ?? (await github.defaultBranch())}`];
    return entries.find(({ ref }) => visible.includes(ref))?.key ?? null;
  } catch {
    unreachable.push('the list of cache entries, which tells a miss from a failure');
    return null;
  }
}

/** A branch that was deleted or set back lacks what was published there. That is somebody's will, but may be a slip. */
function warnOfLostBranch({ branch, log }: Recovery, there: Known | null): void {
  log.warning(
    `The branch ${branch} ${there === null ? 'has no state' : 'has an older state than it had'}, so it lacks records that were published before. Run once with \`reset-state: true\` if it is to have all of them.`,
  );
}

/** The generation that the data branch had when a document was saved; 0 when it says nothing of one. */
function generationOnBranch(document: string): number {
  const { on_branch: generation } = JSON.parse(document) as { on_branch?: unknown };
  return typeof generation === 'number' ? generation : 0;
}

/** A document that also says which generation the data branch has, for {@link generationOnBranch}. */
export function withGenerationOnBranch(document: string, generation: number): string {
  return `${JSON.stringify({ ...JSON.parse(document), on_branch: generation }, null, 1)}\n`;
}
