// `mode: merge`: the states of the shards are found, checked against the plan, and joined; the joined state is published with
// a manifest of all files. Nothing is asked of Kustomer.
import type { Config } from '../config/config.ts';
import { scopeOf, syncScope } from '../config/scope.ts';
import { asSyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { isSearch, streamNamed } from '../kustomer/streams.ts';
import { openPublisher } from '../publish/publisher.ts';
import { plural } from '../report/format.ts';
import { type Log, openSection } from '../report/log.ts';
import { type Report, type StreamResult, streamReport } from '../report/report.ts';
import { addsNothing, checkDone, checkGap, checkOverlap, isDone, joinOnto, wantedRange } from '../shards/join.ts';
import type { Shard } from '../shards/shard.ts';
import { covers } from '../sync/intervals.ts';
import { isCheckDone, type State, stateKeysOf } from '../sync/state.ts';
import { closeJournal, publishLast, reportReceipt } from './outcome.ts';
import { makeOutputDir, openRun, type Run, recoverForShard, recoverState } from './prepare.ts';
import { stampOf } from './snapshots.ts';

/** How many states are fetched side by side. */
const FETCHES_AT_ONCE = 8;

/** Joins the shards of a plan. Never rejects: whatever became of it is in the report. */
export async function merge(config: Config, context: Context, log: Log): Promise<Report> {
  const [first] = config.plan;
  // The cutoff is the plan's, for the merge as for the shards.
  const scope = syncScope({ ...config, shard: first ?? null }, Date.now());
  const run = openRun(config, scope, context, log);
  run.report.kind = `Kustomer merge of ${plural(config.plan.length, 'shard')}`;
  run.report.isMerge = true;
  openSection('Prepare');
  try {
    await joinAndPublish(run);
  } catch (thrown) {
    run.report.errors.push(asSyncError(thrown));
  }
  await closeJournal(run);
  return run.report;
}

async function joinAndPublish(run: Run): Promise<void> {
  const { config, context, log, scope, destination, report } = run;
  await destination.requireAccess();
  report.outputDir = await makeOutputDir(config, context);

  const { plan } = config;
  const states = await recoverShards(run);
  checkOverlap(plan);
  checkDone(plan, states);
  log.info(`All shards are done (${plan.length}).`);

  const { state: before, base } = await recoverState(run);
  report.generation = before.generation;
  checkGap(plan, config, before);
  const joined = joinOnto(before, plan, states, config);
  report.streams = resultsOf(run, states, joined);
  report.endsInFuture = scope.endsInFuture;
  report.window = run.window;
  report.next =
    scope.kind === 'incremental'
      ? 'let the schedule of the incremental sync run again; it goes on from here.'
      : 'take the files from the artifacts or the branch of the shards; the manifest lists all of them.';
  if (addsNothing(before, joined)) {
    log.info('The shards have been put together before: there is nothing to save.');
    return;
  }
  openSection('Publish');
  const publisher = openPublisher({ ...run, base, directory: report.outputDir });
  const state = { ...joined, ...stampOf(context) };
  try {
    await publishLast(run, publisher, {
      files: [],
      externalFiles: states.flatMap(({ shardManifest }) => shardManifest?.files ?? []),
      replaces: [],
      unfinished: [],
      streams: report.streams.map(streamReport),
      firstSeen: {},
      usage: {},
      change: { state, changed: config.streams.map(({ name }) => name), startsOver: false },
      savesStateAlone: true,
    });
  } finally {
    reportReceipt(report, publisher.receipt);
  }
}

/** The states of the shards, in their order. */
async function recoverShards({ config, context, api, log }: Run): Promise<State[]> {
  const states: State[] = [];
  const quiet = { ...log, info: log.debug };
  const remembering = rememberArtifacts(api);
  const find = (shard: Shard) => {
    const run = openRun(config, scopeOf({ ...config, shard }, 0), context, quiet, remembering);
    return recoverForShard(run, 'this-run', state => isDone(shard, state));
  };
  for (let n = 0; n < config.plan.length; n += FETCHES_AT_ONCE) {
    states.push(...(await Promise.all(config.plan.slice(n, n + FETCHES_AT_ONCE).map(find))));
  }
  return states;
}

/** The same API, which asks only once what a run has uploaded. */
function rememberArtifacts(api: () => Promise<Api>): () => Promise<Api> {
  const lists = new Map<string, ReturnType<Api['artifacts']>>();
  return async () => {
    const github = await api();
    const artifacts: Api['artifacts'] = (runId, how) => {
      const list = lists.get(runId) ?? github.artifacts(runId, how);
      lists.set(runId, list);
      // A failure is not remembered: the next shard asks again.
      list.catch(() => lists.delete(runId));
      return list;
    };
    return { ...github, artifacts };
  };
}

/** The streams as a single run would show them. */
function resultsOf({ config, report }: Run, states: readonly State[], joined: State): StreamResult[] {
  const { plan } = config;
  const manifests = states.flatMap(({ shardManifest }) => shardManifest ?? []);
  const files = manifests.flatMap(manifest => manifest.files);
  const isPlanned = (name: string) => plan.some(({ search, lists }) => search.has(name) || lists.includes(name));
  return config.streams.map((selection, n) => {
    const { name } = selection;
    const stream = streamNamed(name);
    const wanted = wantedRange(plan, selection, config);
    const isSynced = (key: string) => covers(joined.search.get(key)?.syncedRanges ?? [], wanted);
    const isRead = isSearch(stream) ? isSynced(name) : joined.lists.has(name);
    const { klasses } = joined.search.get(name) ?? {};
    const lacksKlasses = !isCheckDone({ klasses }) || (klasses?.skipped.length ?? 0) > 0;
    const mayMissKlasses = isSearch(stream) && stream.hasKlasses && lacksKlasses && wanted.from !== wanted.to;
    const isWhole = isRead && !mayMissKlasses && (!isSearch(stream) || stateKeysOf(joined, name).every(isSynced));
    return {
      ...(report.streams[n] as StreamResult),
      // What the key may not read was left out of the plan, which has said so.
      outcome: isWhole ? 'complete' : isRead || isPlanned(name) ? 'partial' : 'skipped',
      records: files.filter(({ stream }) => stream === name).reduce((sum, { records }) => sum + Number(records), 0),
      requests: manifests.reduce((sum, { requests }) => sum + (requests[name] ?? 0), 0),
    };
  });
}
