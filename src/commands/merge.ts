// `mode: merge`: the states of the shards are found, checked against the plan, and joined; the joined state is published with
// a manifest of all files. Nothing is asked of Kustomer.
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { type Scope, scopeOf, syncScope } from '../config/scope.ts';
import { USER_AGENT } from '../config/version.ts';
import { asSyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { streamNamed } from '../kustomer/streams.ts';
import { emptyReceipt, type PublishRequest } from '../publish/destination.ts';
import { openJournal } from '../publish/journal.ts';
import { count } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { type Report, type StreamResult, streamReport } from '../report/report.ts';
import { addsNothing, checkDone, checkGap, checkOverlap, isDone, joinOnto, wantedRange } from '../shards/join.ts';
import type { Shard } from '../shards/shard.ts';
import { covers } from '../sync/intervals.ts';
import { type ShardFile, type ShardManifest, type State, stateKeysOf } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import { reportReceipt } from './outcome.ts';
import {
  beginReport,
  destinationSettings,
  makeOutputDir,
  openDestination,
  openGitHub,
  recoverState,
  shownWindow,
} from './prepare.ts';

/** How many states are fetched side by side. */
const FETCHES_AT_ONCE = 8;

/** Joins the shards of a plan. Never rejects: whatever became of it is in the report. */
export async function merge(config: Config, context: Context, log: Log): Promise<Report> {
  const [first] = config.plan;
  // The cutoff is the plan's, for the merge as for the shards.
  const scope = syncScope({ ...config, shard: first ?? null }, Date.now());
  const report = beginReport(config, shownWindow(config, scope));
  try {
    await joinAndPublish(config, context, log, scope, report);
  } catch (thrown) {
    report.errors.push(asSyncError(thrown));
  }
  return report;
}

async function joinAndPublish(config: Config, context: Context, log: Log, scope: Scope, report: Report): Promise<void> {
  const api = openGitHub(context, config.githubToken, log);
  const destination = openDestination(config, scope, context, api, log);
  await destination.requireAccess();
  report.outputDir = await makeOutputDir(config, context);
  report.filesStay = destination.savesAfterJob;

  const { plan } = config;
  const states = await recoverShards(config, context, api, log);
  checkOverlap(plan);
  checkDone(plan, states);
  log.info(`All ${count(plan.length, 'shard')} are done.`);

  const { state: before, base } = await recoverState(config, scope, destination, context, log);
  report.generation = before.generation;
  checkGap(plan, config.streams, config, before);
  const joined = joinOnto(before, plan, states, config);
  const externalFiles = states.flatMap(({ shardManifest }) => shardManifest?.files ?? []);
  report.streams = resultsOf(config, report.streams, states, joined);
  report.endsInFuture = scope.endsInFuture;
  if (addsNothing(before, joined)) {
    log.info('The shards have been put together before: there is nothing to save.');
    return;
  }
  const run = { id: context.runId, attempt: context.attempt };
  const state = { ...joined, savedAt: iso(Date.now()), run, publishId: randomUUID(), writtenBy: USER_AGENT };
  const request: PublishRequest = {
    directory: report.outputDir,
    files: [],
    externalFiles,
    replaces: [],
    unfinished: [],
    window: shownWindow(config, scope),
    streams: report.streams.map(streamReport),
    usage: {},
    change: { state, changed: config.streams.map(({ name }) => name), startsOver: false },
    base,
    savesStateAlone: true,
  };
  const receipt = emptyReceipt(base);
  try {
    await destination.publish(request, receipt);
    if (destination.savesAfterJob) {
      const settings = destinationSettings(config, scope);
      await openJournal(context).write({ settings, todo: 'save-state', requests: [request], startsNextRun: false });
      report.stateDeferred = true;
    }
  } finally {
    reportReceipt(report, receipt);
  }
}

/** The states of the shards, in their order. Artifacts are looked through for those that are nowhere else. */
async function recoverShards(config: Config, context: Context, api: () => Promise<Api>, log: Log): Promise<State[]> {
  const states: State[] = [];
  const quiet = { ...log, info: log.debug };
  const remembering = rememberArtifacts(api);
  const find = async (shard: Shard): Promise<State> => {
    const scope = scopeOf({ ...config, shard }, 0);
    const destination = openDestination(config, scope, context, remembering, quiet);
    const recover = (artifactsOf: 'nobody' | 'this-run') =>
      recoverState(config, scope, destination, context, quiet, { artifactsOf });
    const { state } = await recover('nobody');
    return isDone(shard, state) ? state : (await recover('this-run')).state;
  };
  for (let n = 0; n < config.plan.length; n += FETCHES_AT_ONCE) {
    states.push(...(await Promise.all(config.plan.slice(n, n + FETCHES_AT_ONCE).map(find))));
  }
  return states;
}

/** The same API, which asks only once what a run has uploaded. */
function rememberArtifacts(api: () => Promise<Api>): () => Promise<Api> {
  let remembering: Promise<Api> | undefined;
  return () => {
    remembering ??= api().then(github => {
      const lists = new Map<string, ReturnType<Api['artifacts']>>();
      return {
        ...github,
        artifacts(runId, how) {
          const list = lists.get(runId) ?? github.artifacts(runId, how);
          lists.set(runId, list);
          return list;
        },
      };
    });
    return remembering;
  };
}

/** The streams as a single run would show them. */
function resultsOf(
  config: Config,
  blank: readonly StreamResult[],
  states: readonly State[],
  joined: State,
): StreamResult[] {
  const { plan } = config;
  const manifests = states.flatMap(({ shardManifest }): ShardManifest[] =>
    shardManifest === undefined ? [] : [shardManifest],
  );
  const files = manifests.flatMap(manifest => manifest.files);
  const records = (name: string) =>
    files.filter(({ stream }) => stream === name).reduce((sum, file: ShardFile) => sum + Number(file.records), 0);
  const isPlanned = (name: string) => plan.some(({ search, lists }) => search.has(name) || lists.includes(name));
  return config.streams.map((selection, n) => {
    const { name } = selection;
    const wanted = wantedRange(plan, selection, config);
    const isCovered = (key: string) => covers(joined.search.get(key)?.syncedRanges ?? [], wanted);
    const stream = streamNamed(name);
    const mayMissKlasses = stream.kind === 'search' && stream.hasKlasses && joined.klassesCheckedAt === null;
    const isChecked = !mayMissKlasses || wanted.from === wanted.to;
    const [isRead = false, ...klasses] =
      stream.kind === 'list' ? [joined.lists.has(name)] : stateKeysOf(joined, name).map(isCovered);
    const isWhole = isRead && isChecked && !klasses.includes(false);
    return {
      ...(blank[n] as StreamResult),
      // What the key may not read was left out of the plan, which has said so.
      outcome: isWhole ? 'complete' : isRead || isPlanned(name) ? 'partial' : 'skipped',
      records: records(name),
      requests: manifests.reduce((sum, { requests }) => sum + (requests[name] ?? 0), 0),
    };
  });
}
