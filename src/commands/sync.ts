// The story of a sync, incremental, backfill or shard: recover the state, plan, read, publish, save the state. From top
// to bottom, once.

import type { Config } from '../config/config.ts';
import { type Scope, scopeOf } from '../config/scope.ts';
import { asSyncError, isKind, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { openSource } from '../kustomer/source.ts';
import { keepSafe, type Pace, type Safety } from '../publish/checkpoints.ts';
import { leaveForPost, openHandover } from '../publish/journal.ts';
import { type Published, writeManifest } from '../publish/publish.ts';
import { openPublisher, type Publisher, type Snapshot } from '../publish/publisher.ts';
import { openSnapshots, type Snapshots } from '../publish/snapshot.ts';
import { openParts, type PartFile, type PartsWriter } from '../records/parts.ts';
import { openWriteLock, throughWriteLock } from '../records/write-lock.ts';
import type { Log } from '../report/log.ts';
import { openProgress } from '../report/progress.ts';
import { type Report, streamReport } from '../report/report.ts';
import { seedState } from '../shards/seed.ts';
import { readAll, Stopped } from '../sync/read-all.ts';
import { openReaderPool } from '../sync/reader-pool.ts';
import type { State } from '../sync/state.ts';
import { iso, serializeState } from '../sync/state-document.ts';
import { nextRun, startNext } from './auto-continue.ts';
import { openJobs, openLists } from './jobs.ts';
import { certain } from './organization.ts';
import {
  beginReport,
  makeOutputDir,
  openGitHub,
  openKustomer,
  recoverSeed,
  recoverState,
  requirePermission,
  shownWindow,
} from './prepare.ts';

/**
 * Bytes of a part before compression. In an artifact: few parts, and each can still be opened. In git: see
 * docs/actions-platform.md#commit-size.
 */
const PART_BYTES = { artifact: 64 * 1024 * 1024, branch: 8 * 1024 * 1024 };
/** So many files are enough for a commit (docs/actions-platform.md#commit-size): a run that has more makes several. */
const COMMIT_FILES = 50;
/**
 * From a cancel on, main has 7.5 seconds (docs/actions-platform.md#cancellation); what is not done then is left to the
 * post step.
 */
const CANCEL_MS = 5_500;

const PACE: Pace = { checkpointMs: 30_000, publishMs: 15 * 60_000 };

/** Runs one sync to its end. Never rejects: whatever became of it is in the report. */
export async function run(
  config: Config,
  context: Context,
  log: Log,
  stop: AbortController,
  pace: Pace = PACE,
): Promise<Report> {
  const now = Date.now();
  const scope = scopeOf(config, now);
  const window = shownWindow(config, scope);
  const report = beginReport(config, window);
  const handover = openHandover(context);
  const story = tell({ config, context, log, stop, pace, now, scope, window, report, handover });
  await Promise.race([story, outOfTime(stop.signal)]);
  const stopped = stoppedBy(report, stop.signal);
  if (stopped !== undefined) report.stopped = stopped;
  if (report.stopped === 'cancelled') {
    report.leftToPost = handover.isPending();
    // A stream that was not yet begun has not failed.
    report.streams = report.streams.map(each =>
      each.outcome === 'failed' && each.error === undefined ? { ...each, outcome: 'partial' } : each,
    );
  }
  sayWhatIsLeft(report, scope, config, log);
  return report;
}

interface Telling {
  readonly config: Config;
  readonly context: Context;
  readonly log: Log;
  readonly stop: AbortController;
  readonly pace: Pace;
  readonly now: number;
  readonly scope: Scope;
  readonly window: { readonly from: string; readonly to: string };
  readonly report: Report;
  readonly handover: ReturnType<typeof openHandover>;
}

async function tell({
  config,
  context,
  log,
  stop,
  pace,
  now,
  scope,
  window,
  report,
  handover,
}: Telling): Promise<void> {
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  const gate = openWriteLock();
  const client = openKustomer(config, stop.signal, log, gate.backpressure);
  const target = { ...config, ...scope };

  let publisher: Publisher | undefined;
  try {
    const github = openGitHub(context, config.githubToken, log);
    if (context.isPublic !== undefined) await requirePermission(config, context, github);
    report.outputDir = await makeOutputDir(config, context);

    // The lists do not depend on the state, nor the state on whether it may be published: all of it is asked for at once.
    const source = openSource(client, config.includeDeleted);
    const lists = openLists(config, scope, source);
    const { shard } = config;
    const [recovered, base] = await Promise.all([
      recoverState(config, scope, context, github, log),
      shard && recoverSeed(config, shard, context, github, log),
      context.isPublic === undefined ? requirePermission(config, context, github) : undefined,
    ]);
    const state = shard && base ? seedState(recovered.state, base, shard, config) : recovered.state;
    report.generation = state.generation;
    source.expect(state.organizationId);

    const writers = new Map<string, PartsWriter>();
    const progress = openProgress(() => jobs, log);
    const completed = new Set<string>();
    const jobs = openJobs({
      config,
      state,
      now,
      source,
      lists,
      context: { pool: openReaderPool(client), signal: stop.signal, now },
      log,
      writerOf(name) {
        const { format, gzip } = config;
        const partBytes = config.destinations.includes('branch') ? PART_BYTES.branch : PART_BYTES.artifact;
        const writer = openParts({ directory: report.outputDir, stream: name, format, gzip, partBytes });
        writers.set(name, writer);
        return throughWriteLock(writer, gate, progress);
      },
    }).map(job => ({ ...job, read: () => job.read().then(all => remember(completed, job.name, all)) }));

    const run = { config, context, scope, state, window, jobs, writers, completed, source, client };
    const snapshots = openSnapshots(run);
    const means = { target, context, api: github, log };
    const manifestOf = (files: readonly PartFile[], its: State | null) => {
      const streams = report.streams.map(streamReport);
      return writeManifest({ usage: client.usage, streams, directory: report.outputDir, window }, means, its, files);
    };
    if (scope.kind !== 'incremental' && state.generation > 0 && jobs.every(({ isDone }) => isDone)) {
      for (const { name } of jobs) completed.add(name);
      report.streams = snapshots.results([], new Map());
      report.manifest = await manifestOf([], state);
      log.info(`Everything ${scope.kind === 'shard' ? 'in this shard' : `up to ${window.to}`} is published already.`);
      return;
    }
    const publishing = openPublisher(means, recovered, { directory: report.outputDir, window }, handover);
    publisher = publishing;
    const safety: Safety = {
      checkpoint: () => gate.whilePaused(async () => publishing.checkpoint(await snapshots.standing())),
      isMuch: () => config.destinations.includes('branch') && snapshots.count() >= COMMIT_FILES,
      async publish() {
        const taken = await gate.whilePaused(() => takeIfAny(snapshots));
        if (taken === null) return;
        log.info('Publishing what has been read until now, in case this run does not come to its end.');
        await publishing.publish(taken);
      },
    };
    const keeper = config.destinations.length === 0 ? null : keepSafe(pace, safety, error => stop.abort(error));

    log.info(`Reading ${jobs.map(({ name }) => name).join(', ')} up to ${window.to}.`);
    const endings = await readAll(jobs, stop);
    // The time budget is for reading: what has been read is published, however long that takes.
    clearTimeout(deadline);
    await keeper?.stop();
    const rest = await snapshots.last(endings);
    report.streams = snapshots.results([...publishing.published, ...rest.files], endings);
    const publishRest = async () => {
      // What the state claims of one organization must not be mixed with another's records.
      if ([...endings.values()].some(({ error }) => isKind(error, 'state') || isKind(error, 'publish'))) return null;
      const claims = await certain(rest, state, endings, source, client, log, stop.signal);
      const isOutOfTime = stoppedBy(report, stop.signal) === 'time-budget';
      const next = nextRun(state, claims, report, { isOutOfTime, isByHand: context.isByHand }, config, log);
      await publishing.publish({ ...rest, state: next.state });
      return next;
    };
    const next = await publishRest().finally(() => {
      report.streams = snapshots.results(publishing.published, endings);
    });
    if (next === null) return;
    // So far it has been that of the last publication alone.
    if (publishing.count() > 1) await manifestOf(publishing.published, publishing.done.state);
    if (config.destinations.length === 0 && next.state !== null) {
      await leaveForPost(target, context, serializeState(next.state), recovered.cacheKey, next.continues);
      report.stateDeferred = true;
    }
    if (next.continues && publishing.done.stateSaved) await startNext(context, github, log);
  } catch (thrown) {
    const error = asSyncError(thrown);
    report.errors.push(error);
    stop.abort(error);
  } finally {
    if (publisher !== undefined) sayDone(report, publisher.done);
    // The post step does what main did not come to, and repeats nothing that main has tried in vain.
    if (handover.isPending()) await handover.leave(target, []);
    clearTimeout(deadline);
    await client.close();
  }
}

/** What is to be published now; null when that is nothing. */
async function takeIfAny(snapshots: Snapshots): Promise<Snapshot | null> {
  const { files, state } = await snapshots.standing();
  return files.length === 0 || state === null ? null : snapshots.take();
}

/** Puts what was published into the report, also of a run that then failed. */
function sayDone(report: Report, done: Published): void {
  if (done.artifact !== undefined) report.artifact = done.artifact;
  if (done.commit !== undefined) report.commit = done.commit;
  report.manifest = done.manifest;
  report.stateSaved = done.stateSaved;
  if (report.destinations.length > 0) report.generation = done.state?.generation ?? report.generation;
}

/** What its user has to know about a run that has read all it could, and is not done. */
function sayWhatIsLeft(report: Report, scope: Scope, config: Config, log: Log): void {
  const { shard } = config;
  if (scope.isAhead && report.errors.length === 0 && report.stopped === undefined) {
    report.isAhead = true;
    log.notice(
      `The backfill's \`end-date\` has not come yet, so it is read up to ${iso(scope.window.to)}. Run the same backfill again after ${iso(config.endDate as number)}; it goes on from here.`,
    );
  }
  if (shard !== null && report.stopped === 'time-budget') {
    const what = `Shard ${shard.number} of ${shard.of} was not done within its time budget.`;
    // A job that succeeds is not run again by "re-run failed jobs", and the merge needs all of it. But the state of files
    // that the job is to make use of is saved only when it succeeds.
    if (config.destinations.length === 0) log.warning(`${what} Re-run this job: it goes on from here.`);
    else
      report.errors.push(
        new SyncError('shard-unfinished', { what, todo: 'Re-run the failed jobs: it goes on from here.' }),
      );
  }
}

/** Why a run has stopped before its end. Its time may as well be up when it has just read all there is. */
function stoppedBy({ streams }: Report, { reason }: AbortSignal): Report['stopped'] {
  if (!(reason instanceof Stopped)) return undefined;
  const isPartial = streams.some(({ outcome }) => outcome === 'partial');
  return reason.why === 'cancelled' || isPartial ? reason.why : undefined;
}

/** Resolves when a cancelled run has to come to its end; never when it is not cancelled. */
function outOfTime(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => {
      if (signal.reason instanceof Stopped && signal.reason.why === 'cancelled') setTimeout(resolve, CANCEL_MS);
    });
  });
}

function remember(completed: Set<string>, name: string, all: boolean): boolean {
  if (all) completed.add(name);
  return all;
}
