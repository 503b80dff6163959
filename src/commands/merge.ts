// The story of a merge: the states of the shards are found, checked against the plan and put together; the joint state is
// published with a manifest of all files. Nothing is asked of Kustomer.

import type { Config } from '../config/config.ts';
import { scopeOf, wholeScope } from '../config/scope.ts';
import { asSyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { streamNamed } from '../kustomer/source.ts';
import { leaveForPost } from '../publish/journal.ts';
import { nothingPublished, publish } from '../publish/publish.ts';
import { count } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { type Report, type StreamResult, streamReport } from '../report/report.ts';
import { addsNothing, checkDone, checkGap, checkOverlap, isDone, joinOnto, wantedRange } from '../shards/join.ts';
import type { Shard } from '../shards/shard.ts';
import { covers } from '../sync/intervals.ts';
import { type ShardFile, type ShardManifest, type State, stateKeysOf } from '../sync/state.ts';
import { iso, serializeState } from '../sync/state-document.ts';
import { beginReport, makeOutputDir, openGitHub, recoverState, requirePermission, shownWindow } from './prepare.ts';

/** So many states are fetched side by side. */
const AT_ONCE = 8;

/** Puts the shards of a plan together. Never rejects: whatever became of it is in the report. */
export async function merge(config: Config, context: Context, log: Log): Promise<Report> {
  const [first] = config.plan;
  // The cutoff is the plan's, for the merge as for the shards.
  const scope = wholeScope({ ...config, shard: first ?? null }, Date.now());
  const window = shownWindow(config, scope);
  const report = beginReport(config, window);
  try {
    const github = openGitHub(context, config.githubToken, log);
    await requirePermission(config, context, github);
    report.outputDir = await makeOutputDir(config, context);

    const states = await recoverShards(config, context, github, log);
    checkOverlap(config.plan);
    checkDone(config.plan, states);
    log.info(`All ${count(config.plan.length, 'shard')} are done.`);

    const { state: before, branch, cacheKey } = await recoverState(config, scope, context, github, log);
    report.generation = before.generation;
    checkGap(config.plan, config.streams, config, before);
    const run = { id: context.runId, attempt: context.attempt };
    const joint = { ...joinOnto(before, config.plan, states, config), savedAt: iso(Date.now()), run };
    const elsewhere = states.flatMap(({ shardManifest }) => shardManifest?.files ?? []);
    report.streams = results(config, report.streams, states, joint);
    report.isAhead = scope.isAhead;
    if (addsNothing(before, joint)) {
      log.info('The shards have been put together before: there is nothing to save.');
      return report;
    }
    const done = nothingPublished();
    const publication = {
      number: 1,
      directory: report.outputDir,
      files: [],
      elsewhere,
      replaces: [],
      unfinished: [],
      window,
      streams: report.streams.map(streamReport),
      usage: {},
      state: joint,
      branch,
      cacheKey,
    };
    const target = { ...config, ...scope };
    try {
      await publish(publication, { target, context, api: github, log }, done);
      if (config.destinations.length === 0) {
        await leaveForPost(target, context, serializeState(joint), cacheKey, false);
        report.stateDeferred = true;
      }
    } finally {
      if (done.artifact !== undefined) report.artifact = done.artifact;
      if (done.commit !== undefined) report.commit = done.commit;
      report.manifest = done.manifest;
      report.stateSaved = done.stateSaved;
      if (done.stateSaved) report.generation = done.state?.generation ?? report.generation;
    }
  } catch (thrown) {
    report.errors.push(asSyncError(thrown));
  }
  return report;
}

/** The states of the shards, in their order. Artifacts are looked through for those that are nowhere else. */
async function recoverShards(config: Config, context: Context, api: () => Promise<Api>, log: Log): Promise<State[]> {
  const states: State[] = [];
  const quiet = { ...log, info: log.debug };
  const remembering = rememberArtifacts(api);
  const find = async (shard: Shard): Promise<State> => {
    const scope = scopeOf({ ...config, shard }, 0);
    const recover = (uploadedBy: 'nobody' | 'this-run') =>
      recoverState(config, scope, context, remembering, quiet, { uploadedBy });
    const { state } = await recover('nobody');
    return isDone(shard, state) ? state : (await recover('this-run')).state;
  };
  for (let n = 0; n < config.plan.length; n += AT_ONCE) {
    states.push(...(await Promise.all(config.plan.slice(n, n + AT_ONCE).map(find))));
  }
  return states;
}

/** The same API, which asks only once what a run has uploaded. */
function rememberArtifacts(api: () => Promise<Api>): () => Promise<Api> {
  let known: Promise<Api> | undefined;
  return () => {
    known ??= api().then(github => {
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
    return known;
  };
}

/** The streams as a single run would show them. */
function results(
  config: Config,
  blank: readonly StreamResult[],
  states: readonly State[],
  joint: State,
): StreamResult[] {
  const { plan } = config;
  const ledgers = states.flatMap(({ shardManifest }): ShardManifest[] =>
    shardManifest === undefined ? [] : [shardManifest],
  );
  const files = ledgers.flatMap(shardManifest => shardManifest.files);
  const records = (name: string) =>
    files.filter(({ stream }) => stream === name).reduce((sum, file: ShardFile) => sum + Number(file.records), 0);
  const isPlanned = (name: string) => plan.some(({ search, lists }) => search.has(name) || lists.includes(name));
  return config.streams.map((selection, n) => {
    const { name } = selection;
    const wanted = wantedRange(plan, selection, config);
    const isCovered = (each: string) => covers(joint.search.get(each)?.syncedRanges ?? [], wanted);
    const isChecked = name !== 'kobjects' || joint.klassesCheckedAt !== null || wanted.from === wanted.to;
    const [isRead = false, ...apart] =
      streamNamed(name).kind === 'list' ? [joint.lists.has(name)] : stateKeysOf(joint, name).map(isCovered);
    const isWhole = isRead && isChecked && !apart.includes(false);
    return {
      ...(blank[n] as StreamResult),
      // What the key may not read was left out of the plan, which has said so.
      outcome: isWhole ? 'complete' : isRead || isPlanned(name) ? 'partial' : 'skipped',
      records: records(name),
      requests: ledgers.reduce((sum, { requests }) => sum + (requests[name] ?? 0), 0),
    };
  });
}
