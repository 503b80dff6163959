// What every command begins with: GitHub, Kustomer, the destination, the saved state, and a place for files.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Config, inputsOf } from '../config/config.ts';
import { type Scope, scopeOf, syncScope } from '../config/scope.ts';
import { USER_AGENT } from '../config/version.ts';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { openBudget } from '../kustomer/budget.ts';
import { type ClientOptions, openClient } from '../kustomer/client.ts';
import { isSearch, streamNamed } from '../kustomer/streams.ts';
import { chooseDestination } from '../publish/choose.ts';
import type { DestinationSettings } from '../publish/destination.ts';
import { openJournal } from '../publish/journal.ts';
import type { Log } from '../report/log.ts';
import { emptyReport, type Report } from '../report/report.ts';
import { seedState } from '../shards/seed.ts';
import type { Shard } from '../shards/shard.ts';
import { type LoadOptions, type RecoveredState, recover } from '../state/store.ts';
import { withoutReplaced } from '../sync/next-state.ts';
import type { Selection } from '../sync/plan.ts';
import { Stopped } from '../sync/read-all.ts';
import { NO_STATE, type State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import { checkKeptBack } from './kept-back.ts';

export type Run = ReturnType<typeof openRun>;

/** What every command has from its first moment on, with the report of a run that has done nothing yet. */
export function openRun(
  config: Config,
  scope: Scope,
  context: Context,
  log: Log,
  api = openGitHub(context, config.githubToken, log),
) {
  // As manifest and outputs show it: `from` is empty where the window begins with the beginning.
  const window = { from: config.startDate === null ? '' : iso(config.startDate), to: iso(scope.window.to) };
  const settings = destinationSettings(config, scope);
  const destination = chooseDestination({ ...settings, context, api, log });
  const isEncrypted = config.encryptTo.length > 0;
  const unread = { ...window, outcome: 'failed', records: 0, requests: 0 };
  const streams = config.streams.map(selection => ({ ...selection, ...unread }));
  const report: Report = { ...emptyReport(streams), filesStay: destination.savesAfterJob, isEncrypted };
  return { config, scope, context, log, api, window, settings, destination, journal: openJournal(context), report };
}

/** The REST API of GitHub, loaded when it is first needed. */
export function openGitHub(context: Context, token: string, log: Log): () => Promise<Api> {
  let api: Promise<Api> | undefined;
  return () => {
    api ??= import('../github/rest.ts').then(({ openApi }) => openApi(context, token, USER_AGENT, log));
    return api;
  };
}

export type ReadingRun = ReturnType<typeof openReadingRun>;

/**
 * A run that reads from Kustomer, until all is read, its time budget is used up, or `stop` is aborted.
 * @param backpressure see {@link ClientOptions}
 */
export function openReadingRun(
  config: Config,
  context: Context,
  log: Log,
  stop: AbortController,
  backpressure: ClientOptions['backpressure'] = async () => {},
) {
  /** Milliseconds since the epoch. */
  const now = Date.now();
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  // Shards follow upon their plan and upon each other, and so do the runs of an auto-continued sync.
  const isEven = config.mode === 'plan' || config.shard !== null || config.onIncomplete === 'continue';
  const sharedBy = config.shard === null ? 1 : config.shardsAtOnce;
  const client = openClient({
    origin: config.apiUrl,
    token: config.token,
    concurrency: config.concurrency,
    budget: openBudget(config.searchesPerMinute, config.requestsPerMinute, stop.signal, { sharedBy, isEven }),
    signal: stop.signal,
    userAgent: USER_AGENT,
    debug: log.debug,
    info: log.info,
    backpressure,
  });
  return { ...openRun(config, scopeOf(config, now), context, log), now, stop, deadline, client };
}

/** The inputs of the group `destination`, without secrets, and the names under which the run publishes. */
function destinationSettings(config: Config, { stateName, artifactName, fileMark }: Scope): DestinationSettings {
  return { ...inputsOf(config, 'destination'), stateName, artifactName, fileMark };
}

/** Makes the directory for the files of a run. @throws SyncError `output-dir-unusable` */
export async function makeOutputDir({ outputDir }: Config, { temp }: Context): Promise<string> {
  if (outputDir === '') return mkdtemp(join(temp || tmpdir(), 'kustomer-sync-'));
  try {
    await makeDirectory(outputDir);
    return outputDir;
  } catch (error) {
    throw new SyncError('output-dir-unusable', {
      what: `The directory that \`output-dir\` names could not be made (${(error as NodeJS.ErrnoException).code}).`,
      todo: 'Name a place that the job may write to, or leave `output-dir` out.',
      cause: error,
    });
  }
}

/** Level by level: Node's own recursive way never ends where nothing can be made, below /proc for one. */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path);
}

/**
 * The state that a sync goes on from; for a shard, on top of what the runs before its plan have published.
 * @throws SyncError as {@link recoverState}, {@link recoverSeed} and {@link checkOptions} do
 */
export async function recoverRun(run: Run): Promise<RecoveredState> {
  const { shard } = run.config;
  const [recovered, seed] = await Promise.all([recoverState(run), shard && recoverSeed(run, shard)]);
  await checkOptions(run, recovered.state);
  return shard && seed ? { ...recovered, state: seedState(recovered.state, seed, shard, run.config) } : recovered;
}

type ArtifactsOf = LoadOptions['artifactsOf'];

/**
 * The state that a run of this scope goes on from.
 * @param artifactsOf whose artifacts are searched; by default those that may have a state of this scope
 * @throws SyncError when a state is saved that cannot be read, or when there is none and one is demanded
 */
export async function recoverState(run: Run, artifactsOf?: ArtifactsOf): Promise<RecoveredState> {
  const { config, context, destination, log } = run;
  const { stateName, kind } = run.scope;
  // An earlier attempt of this run is the only one that can have uploaded something of this plan.
  const ofShard = context.attempt === '1' ? 'nobody' : 'this-run';
  const recovered = await recover(destination.store, {
    stateName,
    // A backfill or a shard begins without a state.
    onMissing: kind === 'incremental' ? config.onMissingState : 'full',
    // A plan is new, and what its shards have published counts: a shard that is run again goes on.
    reset: config.resetState && kind !== 'shard',
    artifactsOf: artifactsOf ?? (kind === 'shard' ? ofShard : 'workflow'),
    log,
  });
  const revisions = kind === 'reconciliation' ? undefined : recovered.syncRevisions;
  const { state, replaced } = withoutReplaced(recovered.state, revisions ?? new Map());
  if (replaced.length > 0) {
    log.info(
      `A full refresh has replaced what the branch ${config.branch} had of ${replaced.join(', ')}, so that is read again.`,
    );
  }
  return { ...recovered, state };
}

/** Recovers a state for one of many shards: artifacts are looked through only where the state is nowhere else. */
export async function recoverForShard(run: Run, artifactsOf: ArtifactsOf, isEnough: (state: State) => boolean) {
  const { state } = await recoverState(run, 'nobody');
  return isEnough(state) ? state : (await recoverState(run, artifactsOf)).state;
}

/** How the records were published that a stream goes on from; undefined for a stream that starts from nothing. */
export function revisionBefore({ search, lists, revisions }: State, { name, mode }: Pick<Selection, 'name' | 'mode'>) {
  const isPublished = search.has(name) || lists.has(name);
  return mode === 'incremental' && isPublished ? revisions.get(name) : undefined;
}

/**
 * A state says with which options its streams were published. What contradicts them is refused, what goes beyond them is said.
 * @throws SyncError `record-format-changed`, `hash-key-changed`
 */
async function checkOptions({ config, destination, log }: Run, state: State): Promise<void> {
  const { streams, recordFormat: format, includeDeleted } = config;
  const continued = streams.map(selection => ({ name: selection.name, ...revisionBefore(state, selection) }));
  const added = streams.filter(({ mode }) => mode === 'incremental').map(({ name }) => name);
  // Ids are no lines of records.
  const there = config.mode === 'reconcile' ? new Map() : await destination.formats(added, state.schemas);
  const formatOf = (name: string) =>
    continued.find(each => each.name === name)?.recordFormat ?? there.get(name) ?? format;
  const otherFormat = added.filter(name => formatOf(name) !== format);
  if (otherFormat.length > 0) {
    const reset = there.size > 0 ? '' : ' or `reset-state: true`';
    throw new SyncError('record-format-changed', {
      what: `\`record-format\` is \`${format}\`, and ${otherFormat.join(', ')} were published as \`${formatOf(otherFormat[0] as string)}\` so far: both formats together cannot be read as one table.`,
      todo: `Set \`record-format\` back, run once with \`sync-mode: full_refresh\`${reset} to start over, or give the other format its own \`state-id\` (and \`branch\`).`,
    });
  }
  checkKeptBack(config, continued, log);
  // Lists show deleted records in any case.
  const withoutDeleted = continued.filter(
    revision => includeDeleted && revision.includeDeleted === false && isSearch(streamNamed(revision.name)),
  );
  if (withoutDeleted.length === 0) return;
  log.warning(
    `Records of ${withoutDeleted.map(({ name }) => name).join(', ')} that were marked as deleted are missing from what was published before, with \`include-deleted: false\`. Run once with \`sync-mode: full_refresh\` or \`reset-state: true\` to have them, too.`,
  );
}

/**
 * The state that a plan goes on from, for one of its shards.
 * @throws SyncError `plan-state-lost` when only an older one is there: what was published since would be published again
 */
async function recoverSeed({ config, context, log, api }: Run, { generation }: Shard): Promise<State> {
  if (generation === 0) return NO_STATE;
  const quiet = { ...log, info: log.debug, notice: log.debug, warning: log.debug };
  const run = openRun({ ...config, onMissingState: 'full' }, syncScope(config, 0), context, quiet, api);
  const state = await recoverForShard(run, 'workflow', found => found.generation >= generation);
  if (state.generation >= generation) return state;
  throw new SyncError('plan-state-lost', {
    what: `The state that the plan goes on from (generation ${generation}) is not there any more.`,
    todo: 'Make a new plan: run the whole workflow again.',
  });
}
