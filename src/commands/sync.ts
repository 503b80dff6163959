// `mode: sync`: recover the state, plan, read, publish, save the state, report. The same for an incremental sync, a backfill
// and a shard.
import type { Config } from '../config/config.ts';
import { type Scope, scopeOf } from '../config/scope.ts';
import { asSyncError, isKind, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { Client } from '../kustomer/client.ts';
import { openSource, type Source } from '../kustomer/source.ts';
import { writeManifest } from '../publish/beside.ts';
import { type CheckpointSchedule, startCheckpoints } from '../publish/checkpoints.ts';
import type { Destination, DestinationSettings } from '../publish/destination.ts';
import { type Journal, openJournal } from '../publish/journal.ts';
import { openPublisher, type Publisher } from '../publish/publisher.ts';
import { openParts, type PartsWriter } from '../records/parts.ts';
import { openWriteLock, throughWriteLock, type WriteLock } from '../records/write-lock.ts';
import { type Log, openProgress } from '../report/log.ts';
import { type Report, streamReport } from '../report/report.ts';
import { seedState } from '../shards/seed.ts';
import type { RecoveredState } from '../state/store.ts';
import type { Job } from '../sync/job.ts';
import { type Ending, readAll, Stopped } from '../sync/read-all.ts';
import { openReaderPool } from '../sync/reader-pool.ts';
import { iso } from '../sync/state-document.ts';
import { planNextRun, startNext } from './auto-continue.ts';
import { DISK_LIMITS, type DiskLimits, watchDisk } from './disk-limits.ts';
import { openJobs, openLists } from './jobs.ts';
import { withOrganization } from './organization.ts';
import {
  beginReport,
  checkOptions,
  destinationSettings,
  makeOutputDir,
  openDestination,
  openGitHub,
  openKustomer,
  recoverSeed,
  recoverState,
  shownWindow,
} from './prepare.ts';
import { openSnapshots, type Snapshots } from './snapshots.ts';

/** What a test may want otherwise. */
export interface SyncLimits {
  readonly schedule: CheckpointSchedule;
  readonly disk: DiskLimits;
}

const LIMITS: SyncLimits = { schedule: { checkpointMs: 30_000, publishMs: 15 * 60_000 }, disk: DISK_LIMITS };

/** Runs one sync to its end. Never rejects: whatever became of it is in the report. */
export async function sync(
  config: Config,
  context: Context,
  log: Log,
  stop: AbortController,
  limits: SyncLimits = LIMITS,
): Promise<Report> {
  const now = Date.now();
  const scope = scopeOf(config, now);
  const window = shownWindow(config, scope);
  const report = beginReport(config, window);
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  const lock = openWriteLock();
  const client = openKustomer(config, stop.signal, log, lock.backpressure);
  const api = openGitHub(context, config.githubToken, log);
  const destination = openDestination(config, scope, context, api, log);
  const settings = destinationSettings(config, scope);
  const journal = openJournal(context);
  const run: Run = {
    config,
    context,
    log,
    stop,
    limits,
    now,
    scope,
    window,
    report,
    deadline,
    lock,
    client,
    api,
    destination,
    settings,
    journal,
  };
  let publisher: Publisher | undefined;
  try {
    const reading = await prepare(run);
    if (reading === null) return report;
    publisher = reading.publisher;
    await readAndPublish(run, reading);
  } catch (thrown) {
    const error = asSyncError(thrown);
    report.errors.push(error);
    stop.abort(error);
  } finally {
    if (publisher !== undefined) reportReceipt(report, publisher);
    // The post step repeats nothing that main has tried in vain.
    if (journal.isPending() && report.leftToPost !== true)
      await journal.write({ settings, todo: 'publish', requests: [], startsNextRun: false });
    clearTimeout(deadline);
    await client.close();
  }
  reportEnd(run);
  return report;
}

/** What a run has from its first moment on. */
interface Run {
  readonly config: Config;
  readonly context: Context;
  readonly log: Log;
  readonly stop: AbortController;
  readonly limits: SyncLimits;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly scope: Scope;
  readonly window: { readonly from: string; readonly to: string };
  readonly report: Report;
  readonly deadline: NodeJS.Timeout;
  readonly lock: WriteLock;
  readonly client: Client;
  readonly api: () => Promise<Api>;
  readonly destination: Destination;
  readonly settings: DestinationSettings;
  readonly journal: Journal;
}

/** What a run has once it knows what to read. */
interface Reading {
  readonly recovered: RecoveredState;
  readonly source: Source;
  readonly jobs: readonly Job[];
  readonly snapshots: Snapshots;
  readonly publisher: Publisher;
}

/** Null when everything has been published before. */
async function prepare(run: Run): Promise<Reading | null> {
  const { config, context, log, stop, limits, now, scope, window, report, lock, client, destination } = run;
  // Before the first request to Kustomer: records must not be read for a place where everybody could see them.
  await destination.requireAccess();
  report.outputDir = await makeOutputDir(config, context);
  const source = openSource(client, config.includeDeleted);
  // Lists do not depend on the state, so they are read while it is looked up.
  const lists = openLists(config, scope, source);
  const recovered = await recoverRun(run);
  const { state } = recovered;
  report.generation = state.generation;
  source.expect(state.organizationId);

  const writers = new Map<string, PartsWriter>();
  const completed = new Set<string>();
  const progress = openProgress(() => jobs, log);
  const written = () => [...writers.values()].reduce((sum, writer) => sum + writer.bytes(), 0);
  const checkDisk = watchDisk(report.outputDir, written, limits.disk, log, () => stop.abort(new Stopped('disk-limit')));
  const onWrite = () => {
    progress();
    checkDisk();
  };
  const jobs: Job[] = openJobs({
    config,
    state,
    now,
    source,
    lists,
    context: { pool: openReaderPool(client), signal: stop.signal, now },
    log,
    writerOf(stream) {
      const { format, gzip } = config;
      const writer = openParts({ directory: report.outputDir, stream, format, gzip, partBytes: destination.partBytes });
      writers.set(stream, writer);
      return throughWriteLock(writer, lock, onWrite);
    },
  }).map(job => ({
    ...job,
    async read() {
      const isComplete = await job.read();
      if (isComplete) completed.add(job.name);
      return isComplete;
    },
  }));
  const snapshots = openSnapshots({
    config,
    context,
    destination,
    recovered,
    window,
    jobs,
    writers,
    completed,
    source,
    client,
  });
  if (scope.kind !== 'incremental' && state.generation > 0 && jobs.every(({ isDone }) => isDone)) {
    for (const { name } of jobs) completed.add(name);
    report.streams = snapshots.results([], new Map());
    await writeOwnManifest(run, recovered, []);
    log.info(`Everything ${scope.kind === 'shard' ? 'in this shard' : `up to ${window.to}`} is published already.`);
    return null;
  }
  const { base } = recovered;
  const publisher = openPublisher({ ...run, base, directory: report.outputDir });
  return { recovered, source, jobs, snapshots, publisher };
}

/** The state to go on from; for a shard, on top of what the runs before its plan have published. */
async function recoverRun({ config, scope, destination, context, api, log }: Run): Promise<RecoveredState> {
  const { shard } = config;
  const [recovered, seed] = await Promise.all([
    recoverState(config, scope, destination, context, log),
    shard && recoverSeed(config, shard, context, api, log),
  ]);
  checkOptions(config, recovered.state, log);
  return shard && seed ? { ...recovered, state: seedState(recovered.state, seed, shard, config) } : recovered;
}

async function readAndPublish(run: Run, reading: Reading): Promise<void> {
  const { window, report, stop, deadline, log, lock, limits, destination } = run;
  const { jobs, snapshots, publisher } = reading;
  const checkpoints = destination.savesAfterJob
    ? null
    : startCheckpoints(
        limits.schedule,
        {
          checkpoint: () => lock.whilePaused(async () => publisher.checkpoint(await snapshots.peek())),
          isPublishDue: () => snapshots.count() >= destination.maxParts,
          publish: Number.isFinite(destination.maxParts) ? () => publishSoFar(run, reading) : null,
        },
        error => stop.abort(error),
      );
  log.info(`Reading ${jobs.map(({ name }) => name).join(', ')} up to ${window.to}.`);
  const endings = await readAll(jobs, stop);
  // The time budget is for reading: what has been read is published, however long that takes.
  clearTimeout(deadline);
  report.streams = snapshots.results(publisher.published, endings);
  if (isCancelled(stop.signal)) return leaveToPost(run, reading, endings);
  const publishAll = async () => {
    await checkpoints?.stop();
    await publishRest(run, reading, endings);
  };
  try {
    // A run that is cancelled while it publishes leaves the rest to the post step, too.
    const isPublished = await Promise.race([
      publishAll().then(() => true),
      whenCancelled(stop.signal).then(() => false),
    ]);
    if (!isPublished) report.leftToPost = run.journal.isPending();
  } finally {
    report.streams = snapshots.results(publisher.published, endings);
    withoutLostStreams(report, publisher.receipt.lost);
  }
}

/** Publishes what has been read until now, in case the run does not come to its end. */
async function publishSoFar({ lock, log }: Run, { snapshots, publisher }: Reading): Promise<void> {
  const taken = await lock.whilePaused(async () => {
    const { files, change } = await snapshots.peek();
    return files.length === 0 || change.changed.length === 0 ? null : snapshots.drain();
  });
  if (taken === null) return;
  log.info('Publishing what has been read until now, in case this run does not come to its end.');
  await publisher.publish(taken);
}

/** A cancelled run has some seconds: it writes down what it has read, and the post step publishes that. */
async function leaveToPost(
  { report, destination }: Run,
  { snapshots, publisher }: Reading,
  endings: Map<string, Ending>,
) {
  if (destination.savesAfterJob) return;
  const rest = await snapshots.drainAll(endings);
  if (rest.files.length === 0 && rest.change.changed.length === 0) return;
  await publisher.checkpoint({ ...rest, savesStateAlone: true });
  report.leftToPost = true;
}

async function publishRest(run: Run, reading: Reading, endings: Map<string, Ending>): Promise<void> {
  const { config, context, log, stop, report, destination, journal, settings, api } = run;
  const { recovered, source, snapshots, publisher } = reading;
  const { state } = recovered;
  const drained = await snapshots.drainAll(endings);
  report.streams = snapshots.results([...publisher.published, ...drained.files], endings);
  // What the state says of one organization must not be mixed with another's records.
  if ([...endings.values()].some(({ error }) => isKind(error, 'state') || isKind(error, 'publish'))) return;
  const rest = await withOrganization(drained, state, endings, source, run.client, log, stop.signal);
  const isStoppedEarly = stoppedBy(report, stop.signal) !== undefined;
  const { isByHand } = context;
  const next = planNextRun(state, rest.change, report, { isStoppedEarly, isByHand }, config, log);
  const { consecutiveRuns } = next;
  const change = {
    ...rest.change,
    state: { ...rest.change.state, ...(consecutiveRuns === undefined ? {} : { consecutiveRuns }) },
  };
  // On a branch a run without news makes no commit, unless what it has read must not be read again.
  const savesStateAlone =
    isStoppedEarly || change.startsOver || state.generation === 0 || run.scope.kind !== 'incremental';
  const wasPublished = publisher.published.length > 0;
  await publisher.publish({ ...rest, change, savesStateAlone });
  // The manifest of the last publication has its own parts alone.
  if (wasPublished) await writeOwnManifest(run, recovered, publisher.published);
  if (destination.savesAfterJob && change.changed.length > 0) {
    const request = { ...rest, change, savesStateAlone, window: run.window, directory: report.outputDir };
    const requests = [{ ...request, base: publisher.receipt.base }];
    await journal.write({ settings, todo: 'save-state', requests, startsNextRun: next.starts });
    report.leftToPost = true;
    report.stateDeferred = true;
  } else if (next.starts && publisher.receipt.stateSaved) {
    await startNext(context, api, log);
  }
}

/** Writes the manifest of the whole run. */
async function writeOwnManifest(
  { context, report, window, client, scope }: Run,
  { state }: RecoveredState,
  files: Publisher['published'],
): Promise<void> {
  const streams = report.streams.map(streamReport);
  const contents = { directory: report.outputDir, window, streams, usage: client.usage, files };
  report.manifest = await writeManifest(contents, context, scope.stateName, state);
}

/** Streams that another run has published are not read up to the cutoff, as far as this run can tell. */
function withoutLostStreams(report: Report, lost: readonly string[]): void {
  report.streams = report.streams.map(stream =>
    lost.includes(stream.name) && stream.outcome === 'complete' ? { ...stream, outcome: 'partial' } : stream,
  );
}

/** Puts what was published into the report, also of a run that then failed. */
function reportReceipt(report: Report, { receipt }: Publisher): void {
  if (receipt.artifact !== undefined) report.artifact = receipt.artifact;
  if (receipt.commit !== undefined) report.commit = receipt.commit;
  if (receipt.manifest !== '') report.manifest = receipt.manifest;
  report.stateSaved = receipt.stateSaved;
  if (receipt.state !== null) report.generation = receipt.state.generation;
}

/** Says how the run has ended, and what is left. */
function reportEnd({ report, scope, config, log, stop, destination }: Run): void {
  report.filesStay = destination.savesAfterJob;
  const stopped = stoppedBy(report, stop.signal);
  if (stopped !== undefined) report.stopped = stopped;
  if (stopped === 'cancelled') {
    // A stream that was not yet begun has not failed.
    report.streams = report.streams.map(stream =>
      stream.outcome === 'failed' && stream.error === undefined ? { ...stream, outcome: 'partial' } : stream,
    );
  }
  const { shard } = config;
  if (scope.endsInFuture && report.errors.length === 0 && stopped === undefined) {
    report.endsInFuture = true;
    log.notice(
      `The backfill's \`end-date\` has not come yet, so it is read up to ${iso(scope.window.to)}. Run the same backfill again after ${iso(config.endDate as number)}; it goes on from here.`,
    );
  }
  if (shard === null || stopped === undefined || stopped === 'cancelled') return;
  const what = `Shard ${shard.number} of ${shard.of} was not done when it had to stop.`;
  // "Re-run failed jobs" passes over a job that succeeds, and the merge needs all shards. But where the job's next steps use
  // the files, the state is saved only when the job succeeds.
  if (destination.savesAfterJob) log.warning(`${what} Re-run this job: it goes on from here.`);
  else
    report.errors.push(
      new SyncError('shard-unfinished', { what, todo: 'Re-run the failed jobs: it goes on from here.' }),
    );
}

/** Never resolves for a run that is not cancelled. */
function whenCancelled(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => {
      if (isCancelled(signal)) resolve();
    });
  });
}

function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Stopped && reason.why === 'cancelled';
}

/** Why a run has stopped before its end. Its time may as well be up when it has just read all there is. */
function stoppedBy({ streams }: Report, { reason }: AbortSignal): Report['stopped'] {
  if (!(reason instanceof Stopped)) return undefined;
  const isPartial = streams.some(({ outcome }) => outcome === 'partial');
  return reason.why === 'cancelled' || isPartial ? reason.why : undefined;
}
