// The story of a merge: the states of the shards are found, checked against the plan and put together; the joint state is
// published with a manifest of all files. Nothing is asked of Kustomer.

import type { Config } from '../config/config.ts';
import { type Scope, scopeOf, wholeScope } from '../config/scope.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { streamNamed } from '../kustomer/source.ts';
import { leaveForPost } from '../publish/journal.ts';
import { nothingPublished, publish } from '../publish/publish.ts';
import { count } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { type Report, type StreamResult, streamReport } from '../report/report.ts';
import type { Shard } from '../shards/shard.ts';
import { covers, type Interval, minus, union } from '../sync/intervals.ts';
import { klassKey } from '../sync/klasses-job.ts';
import { join, merge as mergeStates } from '../sync/merge.ts';
import type { Selection } from '../sync/plan.ts';
import { planSearch } from '../sync/plan.ts';
import { NO_STATE, type ShardFile, type ShardManifest, type State, stateKeysOf } from '../sync/state.ts';
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
    const unfinished = config.plan.filter((shard, n) => !isDone(shard, states[n] as State));
    if (unfinished.length > 0) throw notDone(unfinished, config.plan.length);
    log.info(`All ${count(config.plan.length, 'shard')} are done.`);

    const { state: before, branch, cacheKey } = await recoverState(config, scope, context, github, log);
    report.generation = before.generation;
    checkGap(config, before);
    const joint = joinedTo(before, states, config, scope, context);
    const elsewhere = states.flatMap(({ shardManifest }) => shardManifest?.files ?? []);
    report.streams = results(config, report.streams, states, joint);
    report.isAhead = scope.isAhead;
    if (isSame(before, joint)) {
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

/** Whether a state says that all of a shard is published, with what the klasses hide that a stream does not show. */
function isDone({ search, lists, klasses }: Shard, state: State): boolean {
  const isRead = (name: string, pieces: readonly Interval[]) =>
    pieces.every(piece => covers(state.search.get(name)?.syncedRanges ?? [], piece));
  return (
    [...search].every(([name, pieces]) => stateKeysOf(state, name).every(each => isRead(each, pieces))) &&
    (klasses ?? []).every(klass => isRead(klassKey('kobjects', klass), search.get('kobjects') ?? [])) &&
    (!search.has('kobjects') || state.klassesCheckedAt !== null) &&
    lists.every(name => state.lists.has(name))
  );
}

/** @throws SyncError when two shards have the same records: then what they have published is there twice. */
function checkOverlap(plan: readonly Shard[]): void {
  const taken = new Map<string, readonly Interval[]>();
  for (const { number, search } of plan) {
    for (const [name, pieces] of search) {
      const others = taken.get(name) ?? [];
      const length = (set: readonly Interval[]) => set.reduce((sum, { from, to }) => sum + to - from, 0);
      if (length(minus(pieces, others)) < length(pieces)) {
        throw new SyncError('plan-overlap', {
          what: `Shard ${number} of the plan overlaps another one in ${name}.`,
          todo: 'Hand the output `matrix` of the plan on as it is.',
        });
      }
      taken.set(name, union(others, pieces));
    }
  }
}

/** @throws SyncError when a part of a planned stream is in no shard, and nobody else has published it or is to. */
function checkGap(config: Config, before: State): void {
  for (const selection of config.streams) {
    const { name } = selection;
    const planned = config.plan.flatMap(({ search }) => search.get(name) ?? []);
    const syncedRanges = before.search.get(name)?.syncedRanges ?? [];
    const [gap] = minus([wantedOf(selection, config)], union(planned, syncedRanges));
    if (planned.length > 0 && gap !== undefined) {
      throw new SyncError('plan-gap', {
        what: `The shards of the plan leave out what was updated in ${name} from ${iso(gap.from)} to ${iso(gap.to)}.`,
        todo: 'Hand the output `matrix` of the plan on as it is.',
      });
    }
  }
}

/** What a single run would want that had begun when the plan was made. */
function wantedOf(selection: Selection, config: Config): Interval {
  const began = (config.plan[0]?.cutoff ?? 0) + config.settleMs;
  return planSearch(selection.name, selection, config, NO_STATE, began, true).wanted;
}

function notDone(shards: readonly Shard[], of: number): SyncError {
  const numbers = shards.map(({ number }) => number);
  return new SyncError('shards-unfinished', {
    what: `The shards ${numbers.slice(0, 20).join(', ')}${numbers.length > 20 ? ', …' : ''} of ${of} are missing or not done, so nothing was put together.`,
    todo: 'Re-run the failed jobs, or else the jobs of these shards: a shard goes on from where it was.',
  });
}

/** Lists as an incremental sync has them: without an end, and without what it has found gone since a shard has seen it. */
function asSynced(states: readonly State[], before: State): readonly State[] {
  return states.map(state => {
    const lists = [...state.lists].map(([name, { seen }]) => {
      const known = before.savedAt > state.savedAt ? before.lists.get(name)?.seen : undefined;
      return [name, { seen: new Map([...seen].filter(([id]) => known?.has(id) ?? true)) }] as const;
    });
    return { ...state, lists: new Map(lists) };
  });
}

/** What the shards have published together, put to what is there already: other runs may have gone on meanwhile. */
function joinedTo(
  before: State,
  states: readonly State[],
  { plan }: Config,
  { kind }: Scope,
  { runId, attempt }: Context,
): State {
  const joint = join(kind === 'incremental' ? asSynced(states, before) : states);
  const both = before.generation === 0 ? { ...joint, generation: 1 } : mergeStates(joint, before);
  const { consecutiveRuns: _, shardManifest: __, ...rest } = both;
  // A plan looks for klasses in all that there is, and its shards have read those it has found.
  const { klassesCheckedAt } = plan.some(({ klasses }) => klasses !== null) ? joint : both;
  return { ...rest, klassesCheckedAt, savedAt: iso(Date.now()), run: { id: runId, attempt } };
}

/** Whether a state says nothing that another one has not said. */
function isSame(before: State, after: State): boolean {
  return (
    before.generation > 0 &&
    [...after.search].every(
      ([name, { syncedRanges }]) => minus(syncedRanges, before.search.get(name)?.syncedRanges ?? []).length === 0,
    ) &&
    (before.klassesCheckedAt === null) === (after.klassesCheckedAt === null) &&
    [...after.lists].every(([name, { seen, until }]) => {
      const known = before.lists.get(name);
      return known?.until === until && [...seen].every(([id, version]) => known?.seen.get(id) === version);
    })
  );
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
    const wanted = wantedOf(selection, config);
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
