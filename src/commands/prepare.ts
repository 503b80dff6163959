// What every command begins with: GitHub, Kustomer, the destination, the saved state, and a place for files.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { type Scope, syncScope } from '../config/scope.ts';
import { USER_AGENT } from '../config/version.ts';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { openBudget } from '../kustomer/budget.ts';
import { type Client, type ClientOptions, openClient } from '../kustomer/client.ts';
import { chooseDestination } from '../publish/choose.ts';
import type { Destination, DestinationSettings } from '../publish/destination.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import type { Shard } from '../shards/shard.ts';
import { type LoadOptions, type RecoveredState, recover } from '../state/store.ts';
import { withoutReplaced } from '../sync/next-state.ts';
import { NO_STATE, type State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';

/** The REST API of GitHub, loaded when it is first needed. */
export function openGitHub(context: Context, token: string, log: Log): () => Promise<Api> {
  let api: Promise<Api> | undefined;
  return () => {
    api ??= import('../github/rest.ts').then(({ openApi }) => openApi(context, token, USER_AGENT, log));
    return api;
  };
}

/** `backpressure`: see {@link ClientOptions}. */
export function openKustomer(
  config: Config,
  signal: AbortSignal,
  log: Log,
  backpressure?: ClientOptions['backpressure'],
): Client {
  // Shards follow upon their plan and upon each other, and so do the runs of an auto-continued sync.
  const isEven = config.mode === 'plan' || config.shard !== null || config.onIncomplete === 'continue';
  const sharedBy = config.shard === null ? 1 : config.shardsAtOnce;
  return openClient({
    origin: config.apiUrl,
    token: config.token,
    concurrency: config.concurrency,
    budget: openBudget(config.searchesPerMinute, config.requestsPerMinute, signal, { sharedBy, isEven }),
    signal,
    userAgent: USER_AGENT,
    debug: log.debug,
    ...(backpressure === undefined ? {} : { backpressure }),
  });
}

/** The part of the inputs that says where to publish, and under which names. */
export function destinationSettings(config: Config, scope: Scope): DestinationSettings {
  const { destination, retentionDays, gzip, branch, dataPath, repository, allowPublic } = config;
  const { stateName, artifactName, fileMark } = scope;
  return {
    destination,
    stateName,
    artifactName,
    fileMark,
    retentionDays,
    gzip,
    branch,
    dataPath,
    repository,
    allowPublic,
  };
}

export function openDestination(
  config: Config,
  scope: Scope,
  context: Context,
  api: () => Promise<Api>,
  log: Log,
): Destination {
  return chooseDestination({ ...destinationSettings(config, scope), context, api, log });
}

/** The window of a run as manifest and outputs show it: `from` is empty where it begins with the beginning. */
export function shownWindow({ startDate }: Config, { window }: Scope): { readonly from: string; readonly to: string } {
  return { from: startDate === null ? '' : iso(startDate), to: iso(window.to) };
}

/** The report of a run that has done nothing yet. */
export function beginReport(config: Config, window: { readonly from: string; readonly to: string }): Report {
  return {
    streams: config.streams.map(selection => ({ ...selection, ...window, outcome: 'failed', records: 0, requests: 0 })),
    outputDir: '',
    manifest: '',
    stateSaved: false,
    generation: 0,
    errors: [],
  };
}

/** @throws SyncError `output-dir-unusable` */
export async function makeOutputDir(config: Config, context: Context): Promise<string> {
  if (config.outputDir === '') return mkdtemp(join(context.temp || tmpdir(), 'kustomer-sync-'));
  try {
    await makeDirectory(config.outputDir);
  } catch (error) {
    throw new SyncError('output-dir-unusable', {
      what: `The directory that \`output-dir\` names could not be made (${(error as NodeJS.ErrnoException).code}).`,
      todo: 'Name a place that the job may write to, or leave `output-dir` out.',
      cause: error,
    });
  }
  return config.outputDir;
}

/** Level by level: Node's own recursive way never ends where nothing can be made, below /proc for one. */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path);
}

/**
 * The state that a run of this scope goes on from.
 * @throws SyncError when a state is saved that cannot be read, or that was published with another record format
 */
export async function recoverState(
  config: Config,
  { stateName, kind }: Scope,
  { store }: Destination,
  context: Context,
  log: Log,
  how: Partial<Pick<LoadOptions, 'artifactsOf'>> = {},
): Promise<RecoveredState> {
  const recovered = await recover(store, {
    stateName,
    // A backfill or a shard begins without a state.
    onMissing: kind === 'incremental' ? config.onMissingState : 'full',
    // A plan is new, and what its shards have published counts: a shard that is run again goes on.
    reset: config.resetState && kind !== 'shard',
    // An earlier attempt of this run is the only one that can have uploaded something of this plan.
    artifactsOf: kind !== 'shard' ? 'workflow' : context.attempt === '1' ? 'nobody' : 'this-run',
    log,
    ...how,
  });
  const { state, replaced } = withoutReplaced(recovered.state, recovered.syncRevisions ?? new Map());
  if (replaced.length > 0) {
    log.info(
      `A full refresh has replaced what the branch ${config.branch} had of ${replaced.join(', ')}, so that is read again.`,
    );
  }
  return { ...recovered, state };
}

/**
 * A state says with which options its streams were published. What contradicts them is refused, what goes beyond them is said.
 * @throws SyncError `record-format-changed`
 */
export function checkOptions({ streams, format, includeDeleted }: Config, state: State, log: Log): void {
  const continued = streams.flatMap(({ name, mode }) => {
    const isPublished = state.search.has(name) || state.lists.has(name);
    const revision = mode === 'incremental' && isPublished ? state.revisions.get(name) : undefined;
    return revision === undefined ? [] : [{ name, ...revision }];
  });
  const otherFormat = continued.filter(({ recordFormat }) => recordFormat !== format);
  if (otherFormat.length > 0) {
    const names = otherFormat.map(({ name }) => name).join(', ');
    throw new SyncError('record-format-changed', {
      what: `\`record-format\` is \`${format}\`, and ${names} were published as \`${otherFormat[0]?.recordFormat}\` so far: both formats together cannot be read as one table.`,
      todo: 'Set `record-format` back, run once with `reset-state: true` to start over, or give the other format its own `state-id` (and `branch`).',
    });
  }
  const withoutDeleted = continued.filter(revision => includeDeleted && !revision.includeDeleted);
  if (withoutDeleted.length === 0) return;
  log.warning(
    `Records of ${withoutDeleted.map(({ name }) => name).join(', ')} that were marked as deleted are missing from what was published before, with \`include-deleted: false\`. Run once with \`sync-mode: full_refresh\` or \`reset-state: true\` to have them, too.`,
  );
}

/**
 * The state that a plan goes on from, for one of its shards.
 * @throws SyncError `plan-state-lost` when only an older one is there: what was published since would be published again
 */
export async function recoverSeed(
  config: Config,
  { generation }: Shard,
  context: Context,
  api: () => Promise<Api>,
  log: Log,
): Promise<State> {
  if (generation === 0) return NO_STATE;
  const quiet = { ...log, info: log.debug, notice: log.debug, warning: log.debug };
  const scope = syncScope(config, 0);
  const destination = openDestination(config, scope, context, api, quiet);
  // Each shard does this, so artifacts are looked through only where the state is nowhere else.
  for (const artifactsOf of ['nobody', 'workflow'] as const) {
    const how = { artifactsOf } as const;
    const { state } = await recoverState(
      { ...config, onMissingState: 'full' },
      scope,
      destination,
      context,
      quiet,
      how,
    );
    if (state.generation >= generation) return state;
  }
  throw new SyncError('plan-state-lost', {
    what: `The state that the plan goes on from (generation ${generation}) is not there any more.`,
    todo: 'Make a new plan: run the whole workflow again.',
  });
}
