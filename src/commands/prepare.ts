// What every story begins with, whatever its mode: GitHub, Kustomer, a place for files, and a report to fill in.
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
import { requirePrivate } from '../github/visibility.ts';
import { openBudget } from '../kustomer/budget.ts';
import { type Client, type ClientOptions, openClient } from '../kustomer/client.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import type { Shard } from '../shards/shard.ts';
import type { Recovered, Recovery } from '../state/recovery.ts';
import { NO_STATE, type State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';

/** The REST API of GitHub, loaded when somebody asks for it. */
export function openGitHub(context: Context, token: string, log: Log): () => Promise<Api> {
  let api: Promise<Api> | undefined;
  return () => {
    api ??= import('../github/rest.ts').then(({ openApi }) => openApi(context, token, USER_AGENT, log));
    return api;
  };
}

/** `room`: see {@link ClientOptions}. */
export function openKustomer(
  config: Config,
  signal: AbortSignal,
  log: Log,
  backpressure?: ClientOptions['backpressure'],
): Client {
  // Shards follow upon their plan and upon each other, and so do the runs of a chain.
  const evenly = config.mode === 'plan' || config.shard !== null || config.onIncomplete === 'continue';
  const slots = config.shard === null ? 1 : config.shardsAtOnce;
  return openClient({
    origin: config.apiUrl,
    token: config.token,
    concurrency: config.concurrency,
    budget: openBudget(config.searchesPerMinute, config.requestsPerMinute, signal, { slots, evenly }),
    signal,
    userAgent: USER_AGENT,
    debug: log.debug,
    ...(backpressure === undefined ? {} : { backpressure }),
  });
}

/** The window of a run as manifest and outputs show it: empty where it begins with the beginning. */
export function shownWindow({ startDate }: Config, { window }: Scope): { readonly from: string; readonly to: string } {
  return { from: startDate === null ? '' : iso(startDate), to: iso(window.to) };
}

/** The report of a run that has done nothing yet. */
export function beginReport(config: Config, window: { readonly from: string; readonly to: string }): Report {
  return {
    streams: config.streams.map(selection => ({ ...selection, ...window, outcome: 'failed', records: 0, requests: 0 })),
    outputDir: '',
    manifest: '',
    destinations: config.destinations,
    stateSaved: false,
    stateDeferred: false,
    leftToPost: false,
    generation: 0,
    errors: [],
  };
}

/** @throws SyncError when the records would be published where everybody can read them. */
export async function requirePermission(config: Config, context: Context, github: () => Promise<Api>): Promise<void> {
  if (config.destinations.length > 0 && !config.allowPublic) await requirePrivate(context, config, github);
}

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

/** Level by level: where nothing can be made, below /proc for one, Node's own recursive way never comes to an end. */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path);
}

/** The state that a run of this scope goes on from. */
export async function recoverState(
  config: Config,
  { stateName, artifactName, kind }: Pick<Scope, 'stateName' | 'artifactName' | 'kind'>,
  context: Context,
  api: () => Promise<Api>,
  log: Log,
  how: Partial<Pick<Recovery, 'uploadedBy' | 'onMissing'>> = {},
): Promise<Recovered> {
  const { cacheTrouble } = await import('../state/cache.ts');
  const trouble = cacheTrouble();
  if (trouble !== null && !config.destinations.includes('branch')) throw trouble;
  if (trouble !== null) log.notice(`${trouble.what} The data branch keeps it, so there is nothing to do.`);
  const { recover } = await import('../state/recovery.ts');
  return recover({
    ...config,
    stateName,
    artifactName,
    context,
    hasCache: trouble === null,
    // What has a window of its own begins without a state.
    onMissing: kind === 'incremental' ? config.onMissingState : 'full',
    // A plan is new, and what its shards have published counts: a shard that is run again goes on.
    reset: config.resetState && kind !== 'shard',
    // An earlier attempt of this run is the only one that can have uploaded something of this plan.
    uploadedBy: kind !== 'shard' ? 'workflow' : context.attempt === '1' ? 'nobody' : 'this-run',
    api,
    log,
    ...how,
  });
}

/**
 * The state that a plan goes on from, for one of its shards.
 * @throws SyncError `state` when only an older one is there: what has been published since would be published again.
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
  // Artifacts are looked through where it is nowhere else: each shard does so.
  for (const uploadedBy of ['nobody', 'workflow'] as const) {
    const how = { uploadedBy, onMissing: 'full' } as const;
    const { state } = await recoverState(config, syncScope(config, 0), context, api, quiet, how);
    if (state.generation >= generation) return state;
  }
  throw new SyncError('plan-state-lost', {
    what: `The state that the plan goes on from (generation ${generation}) is not there any more.`,
    todo: 'Make a new plan: run the whole workflow again.',
  });
}
