// Every place the state may be, and the copy that counts: the valid one of the highest generation
// (docs/design.md#the-life-of-the-state).
import { SyncError } from '../errors.ts';
import { duration } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { merge, reset as startOver, without } from '../sync/merge.ts';
import { NO_STATE, type State } from '../sync/state.ts';
import { parseState } from '../sync/state-document.ts';
import { type Copy, fromArtifacts, type Uploads } from './artifacts.ts';
import { type Known, nameOfRun, type OnBranch, readBranch } from './branch.ts';
import { keyPrefix, notHandedOver, restore } from './cache.ts';
import { type LookupFailure, listFailure, noticeOf, outOfReach, readKindFor } from './lookup-failures.ts';

export interface Recovery extends Uploads {
  /** Whether there is a cache to ask. */
  readonly hasCache: boolean;
  /** Where the sync publishes is where its state is, too. */
  readonly destinations: readonly string[];
  readonly repository: string;
  readonly branch: string;
  readonly dataPath: string;
  readonly onMissing: 'full' | 'fail';
  readonly log: Log;
}

export interface Recovered {
  readonly state: State;
  /** What the data branch says now. */
  readonly branch: Known | null;
  /** Key of the newest entry in the cache that this run can see. */
  readonly cacheKey: string | null;
}

const CACHE = 'the Actions cache';

/**
 * The state to go on from. On the data branch it claims nothing that a full refresh by the sync itself has removed, which
 * knows nothing of the states of backfills and shards.
 * @throws SyncError `state` when one exists and cannot be used, or when none exists and one is demanded.
 */
export async function recover(recovery: Recovery): Promise<Recovered> {
  const { refreshes, ...found } = await find(recovery);
  const { state, removed } = without(found.state, refreshes);
  if (removed.length > 0) {
    recovery.log.info(
      `A full refresh has taken the place of what the branch ${recovery.branch} had of ${removed.join(', ')}, so that is read again.`,
    );
  }
  return { ...found, state };
}

/** The same, and how often the sync has refreshed what is on the data branch. */
async function find(recovery: Recovery, isLastLook = false): Promise<Recovered & Pick<OnBranch, 'refreshes'>> {
  const { stateName, context, onMissing, reset, log, hasCache, destinations, branch } = recovery;
  const [saved, onBranch] = await Promise.all([
    hasCache ? restore(stateName, context) : null,
    destinations.includes('branch') ? fromBranch(recovery) : null,
  ]);
  const copies: Copy[] = [];
  const unseen: LookupFailure[] = [];
  if (onBranch?.state) copies.push({ state: onBranch.state, place: `the branch ${branch}` });
  if (saved !== null) {
    const cached = parsed(recovery, saved.text, `Actions cache, ${saved.key}`);
    if (cached !== null) copies.push({ state: cached, place: CACHE });
  }
  if (destinations.includes('artifact') && recovery.uploadedBy !== 'nobody') {
    const parse = (text: string, place: string) => parsed(recovery, text, place);
    copies.push(...(await fromArtifacts(recovery, highest(copies)?.state, unseen, parse)));
  }

  const best = highest(copies);
  const refreshes: OnBranch['refreshes'] = onBranch?.refreshes ?? new Map();
  const known = { branch: onBranch?.known ?? null, cacheKey: saved?.key ?? null, refreshes };
  if (reset) {
    // What is to be ignored must be known, too, or it would be taken for what others have saved meanwhile.
    if (hasCache && saved === null) known.cacheKey = await listedKey(recovery, best, unseen);
    log.info('State: ignored, as `reset-state` says; this run starts over.');
    return { ...known, state: startOver(copies.map(({ state }) => state)) };
  }
  // The cache library reports an outage as it reports a miss; the list of entries tells the two apart. Nobody needs to know
  // where the data branch has a state: it knows of everything that is published there.
  const listed = hasCache && saved === null && !onBranch?.state ? await listedKey(recovery, best, unseen) : null;
  if (listed !== null) {
    // Another run may have saved its first state between the two questions.
    if (!isLastLook) return find(recovery, true);
    throw notHandedOver(listed);
  }
  // Who asks for no artifacts is new, or asks for them next.
  if (best === undefined && recovery.uploadedBy !== 'nobody' && unseen.some(({ mayHold }) => mayHold)) {
    throw outOfReach(unseen);
  }
  if (unseen.length > 0) log.notice(noticeOf(unseen));
  if (best !== undefined) {
    const { state, place } = best;
    const age = Date.now() - Date.parse(state.savedAt);
    log.info(
      `State: generation ${state.generation} of ${state.savedAt}${age >= 0 ? ` (${duration(age)} ago)` : ''}, from ${place}.`,
    );
    const had = saved === null ? null : generationOnBranch(saved.text);
    const has = onBranch?.known?.generation ?? 0;
    if (destinations.includes('branch') && has < (had ?? 1)) warnOfLostBranch(recovery, onBranch?.known ?? null);
    if (place === CACHE && onBranch?.state && has > (had ?? 0)) {
      // Others have committed since: what they claim is on the branch, whoever counts higher.
      return { ...known, state: { ...merge(state, onBranch.state), generation: highestOf(copies) } };
    }
    return { ...known, state: { ...withTies(state, copies), generation: highestOf(copies) } };
  }
  if (onMissing === 'fail') {
    throw new SyncError('no-state', {
      what: `There is no saved state called \`${stateName}\`, and \`on-missing-state\` is \`fail\`.`,
      todo: 'Run once with `on-missing-state: full` to start with a full sync.',
    });
  }
  log.info('State: none yet, so this is a first sync.');
  return { ...known, state: NO_STATE };
}

/** What was claimed before a reset does not count, however high a run has counted that had begun before. */
function highest(copies: readonly Copy[]): Copy | undefined {
  const isHigher = (a: State, b: State) => (a.resets - b.resets || a.generation - b.generation) > 0;
  return copies.reduce<Copy | undefined>(
    (best, copy) => (best === undefined || isHigher(copy.state, best.state) ? copy : best),
    undefined,
  );
}

function highestOf(copies: readonly Copy[]): number {
  return Math.max(...copies.map(({ state }) => state.generation));
}

/**
 * Runs that have saved at the same moment, each without the other, count as high: what any of them has published counts.
 * Not so what a run has that was under way when a reset had all of it ignored, or has changed the organization.
 */
function withTies(best: State, copies: readonly Copy[]): State {
  const { generation, run, resets } = best;
  const isOfOthers = ({ organizationId }: State) =>
    organizationId !== null && best.organizationId !== null && organizationId !== best.organizationId;
  return copies
    .filter(({ state }) => state.generation === generation && nameOfRun(state.run) !== nameOfRun(run))
    .filter(({ state }) => state.resets === resets && !isOfOthers(state))
    .reduce((all, { state }) => ({ ...merge(all, state), generation }), best);
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
    if (found.known === null && repository !== context.repository) await (await api()).isPublic(repository);
    return found;
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('branch-unreadable', {
      what: `The branch ${branch} of ${repository} could not be read, so it is not known what it has.`,
      todo: 'Check `repository`, and that the job has `permissions: contents: write` or a `github-token` that has it; otherwise run again later.',
      cause: error,
    });
  }
}

/** The key of a saved state that this run should have been able to see, or null. */
async function listedKey(recovery: Recovery, best: Copy | undefined, unseen: LookupFailure[]): Promise<string | null> {
  const { stateName, context, api, reset } = recovery;
  try {
    const github = await api();
    const entries = await github.caches(keyPrefix(stateName), readKindFor(best === undefined && !reset));
    if (entries.length === 0) return null;
    const base = context.baseRef === '' ? [] : [`refs/heads/${context.baseRef}`];
    const visible = [context.ref, ...base, `refs/heads/${context.defaultBranch ?? (await github.defaultBranch())}`];
    return entries.find(({ ref }) => visible.includes(ref))?.key ?? null;
  } catch (error) {
    unseen.push(listFailure('the list of cache entries, which tells a miss from a failure', error));
    return null;
  }
}

/** A branch that was deleted or set back lacks what was published there. That is somebody's will, but may be a slip. */
function warnOfLostBranch({ branch, log }: Recovery, there: Known | null): void {
  log.warning(
    `The branch ${branch} ${there === null ? 'has no state' : 'has an older state than it had'}, so it lacks records that were published before. Run once with \`reset-state: true\` if it is to have all of them.`,
  );
}

/** The generation that the data branch had when a document was saved, 0 for none; null when it was not for a branch. */
function generationOnBranch(document: string): number | null {
  const { on_branch: generation } = JSON.parse(document) as { on_branch?: unknown };
  return typeof generation === 'number' ? generation : null;
}

/** A document that also says which generation the data branch has, for {@link generationOnBranch}. */
export function withGenerationOnBranch(document: string, generation: number): string {
  return `${JSON.stringify({ ...JSON.parse(document), on_branch: generation }, null, 1)}\n`;
}
