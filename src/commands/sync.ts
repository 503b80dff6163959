// `mode: sync`: recover the state, plan, read, publish, save the state, report. The same for an incremental sync, a backfill
// and a shard.
import type { Config } from '../config/config.ts';
import { scopeOf } from '../config/scope.ts';
import { asSyncError, isKind } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { openSource, type Source } from '../kustomer/source.ts';
import { type CheckpointSchedule, startCheckpoints } from '../publish/checkpoints.ts';
import { type PublishRequest, writeManifest } from '../publish/destination.ts';
import { openJournal } from '../publish/journal.ts';
import { openPublisher, type Publisher } from '../publish/publisher.ts';
import { openParts, type PartsWriter } from '../records/parts.ts';
import { openWriteLock, throughWriteLock } from '../records/write-lock.ts';
import { type Log, openProgress } from '../report/log.ts';
import { type Report, streamReport } from '../report/report.ts';
import { seedState } from '../shards/seed.ts';
import type { RecoveredState } from '../state/store.ts';
import type { Job } from '../sync/job.ts';
import { type Ending, readAll, Stopped } from '../sync/read-all.ts';
import { openReaderPool } from '../sync/reader-pool.ts';
import { planNextRun, startNext } from './auto-continue.ts';
import { DISK_LIMITS, type DiskLimits, watchDisk } from './disk-limits.ts';
import { openJobs, openLists } from './jobs.ts';
import { withOrganization } from './organization.ts';
import { isCancelled, reportEnd, reportReceipt, stoppedBy, whenCancelled } from './outcome.ts';
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

/** What tests set otherwise. */
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
  limits = LIMITS,
): Promise<Report> {
  const run = openRun(config, context, log, stop, limits);
  const { report, journal, settings } = run;
  let reading: Reading | null = null;
  try {
    reading = await prepare(run);
    if (reading !== null) await readAndPublish(run, reading);
  } catch (thrown) {
    const error = asSyncError(thrown);
    report.errors.push(error);
    stop.abort(error);
  }
  if (reading !== null) reportReceipt(report, reading.publisher.receipt);
  // The post step repeats nothing that main has tried in vain.
  if (journal.isPending() && report.leftToPost !== true)
    await journal.write({ settings, todo: 'publish', requests: [], startsNextRun: false });
  clearTimeout(run.deadline);
  await run.client.close();
  reportEnd(report, run);
  return report;
}

type Run = ReturnType<typeof openRun>;

/** What a run has from its first moment on. */
function openRun(config: Config, context: Context, log: Log, stop: AbortController, limits: SyncLimits) {
  const now = Date.now();
  const scope = scopeOf(config, now);
  const window = shownWindow(config, scope);
  const lock = openWriteLock();
  const api = openGitHub(context, config.githubToken, log);
  return {
    config,
    context,
    log,
    stop,
    limits,
    /** Milliseconds since the epoch. */
    now,
    scope,
    window,
    lock,
    api,
    deadline: setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs),
    report: beginReport(config, window),
    client: openKustomer(config, stop.signal, log, lock.backpressure),
    destination: openDestination(config, scope, context, api, log),
    settings: destinationSettings(config, scope),
    journal: openJournal(context),
  };
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
  const { config, context, log, scope, window, report, client, destination } = run;
  // Before the first request to Kustomer: records must not be read for a place where everybody could see them.
  await destination.requireAccess();
  report.outputDir = await makeOutputDir(config, context);
  const source = openSource(client, config.includeDeleted);
  // Lists do not depend on the state, so they are read while it is looked up.
  const lists = openLists(config, scope, source);
  const recovered = await recoverRun(run);
  const { state, base } = recovered;
  report.generation = state.generation;
  source.expect(state.organizationId);

  const writers = new Map<string, PartsWriter>();
  const completed = new Set<string>();
  const jobs = openWritingJobs(run, { state, source, lists, writers, completed });
  const snapshots = openSnapshots({ ...run, recovered, jobs, writers, completed, source });
  if (scope.kind !== 'incremental' && state.generation > 0 && jobs.every(({ isDone }) => isDone)) {
    for (const { name } of jobs) completed.add(name);
    report.streams = snapshots.results([], new Map());
    await writeOwnManifest(run, recovered, []);
    log.info(`Everything ${scope.kind === 'shard' ? 'in this shard' : `up to ${window.to}`} is published already.`);
    return null;
  }
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

/** The selected streams as jobs that write to part files, and note down what is complete. */
function openWritingJobs(
  { config, now, stop, client, report, lock, log, limits, destination }: Run,
  {
    writers,
    completed,
    ...from
  }: Pick<RecoveredState, 'state'> & {
    readonly source: Source;
    readonly lists: ReturnType<typeof openLists>;
    readonly writers: Map<string, PartsWriter>;
    readonly completed: Set<string>;
  },
): Job[] {
  const { format, gzip } = config;
  const directory = report.outputDir;
  const written = () => [...writers.values()].reduce((sum, writer) => sum + writer.bytes(), 0);
  const checkDisk = watchDisk(directory, written, limits.disk, log, () => stop.abort(new Stopped('disk-limit')));
  const progress = openProgress(() => jobs, log);
  const onWrite = () => {
    progress();
    checkDisk();
  };
  const jobs: Job[] = openJobs({
    ...from,
    config,
    now,
    context: { pool: openReaderPool(client), signal: stop.signal, now },
    log,
    writerOf(stream) {
      const writer = openParts({ directory, stream, format, gzip, partBytes: destination.partBytes });
      writers.set(stream, writer);
      return throughWriteLock(writer, lock, onWrite);
    },
  }).map(job => ({ ...job, read: () => job.read().then(isComplete => note(job.name, isComplete)) }));
  const note = (name: string, isComplete: boolean) => {
    if (isComplete) completed.add(name);
    return isComplete;
  };
  return jobs;
}

async function readAndPublish(run: Run, reading: Reading): Promise<void> {
  const { window, report, stop, lock, limits, destination } = run;
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
  run.log.info(`Reading ${jobs.map(({ name }) => name).join(', ')} up to ${window.to}.`);
  const endings = await readAll(jobs, stop);
  // The time budget is for reading: what has been read is published, however long that takes.
  clearTimeout(run.deadline);
  report.streams = snapshots.results(publisher.receipt.files, endings);
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
    report.streams = snapshots.results(publisher.receipt.files, endings);
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
  const { config, context, log, stop, report, destination, journal, settings, scope, window } = run;
  const { recovered, source, snapshots, publisher } = reading;
  const { state } = recovered;
  const drained = await snapshots.drainAll(endings);
  report.streams = snapshots.results([...publisher.receipt.files, ...drained.files], endings);
  // What the state says of one organization must not be mixed with another's records.
  if ([...endings.values()].some(({ error }) => isKind(error, 'state') || isKind(error, 'publish'))) return;
  const rest = await withOrganization(drained, state, endings, source, run.client, log, stop.signal);
  const isStoppedEarly = stoppedBy(report, stop.signal) !== undefined;
  const { isByHand } = context;
  const { starts, ...saved } = planNextRun(state, rest.change, report, { isStoppedEarly, isByHand }, config, log);
  const change = { ...rest.change, state: { ...rest.change.state, ...saved } };
  // On a branch a run without news makes no commit, unless what it has read must not be read again.
  const isFirst = state.generation === 0 || change.startsOver;
  const savesStateAlone = isStoppedEarly || isFirst || scope.kind !== 'incremental';
  const wasPublished = publisher.receipt.files.length > 0;
  await publisher.publish({ ...rest, change, savesStateAlone });
  // The manifest of the last publication has its own parts alone.
  if (wasPublished) await writeOwnManifest(run, recovered, publisher.receipt.files);
  if (destination.savesAfterJob && change.changed.length > 0) {
    const { base } = publisher.receipt;
    const requests = [{ ...rest, change, savesStateAlone, window, directory: report.outputDir, base }];
    await journal.write({ settings, todo: 'save-state', requests, startsNextRun: starts });
    report.leftToPost = true;
    report.stateDeferred = true;
  } else if (starts && publisher.receipt.stateSaved) {
    await startNext(context, run.api, log);
  }
}

/** Writes the manifest of the whole run. */
async function writeOwnManifest(
  { context, report, window, client, scope }: Run,
  { state }: RecoveredState,
  files: PublishRequest['files'],
): Promise<void> {
  const streams = report.streams.map(streamReport);
  const contents = { directory: report.outputDir, window, streams, usage: client.usage, files };
  report.manifest = await writeManifest(contents, context, scope.stateName, state);
}
