// `mode: sync`: recover the state, plan, read, publish, save the state, report. The same for an incremental sync, a backfill
// and a shard.
import { setImmediate } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { asSyncError, isKind } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { openSource } from '../kustomer/source.ts';
import { type CheckpointSchedule, startCheckpoints } from '../publish/checkpoints.ts';
import { writeManifest } from '../publish/destination.ts';
import { openPublisher } from '../publish/publisher.ts';
import { openEncryption } from '../records/encryption.ts';
import type { PartFile } from '../records/parts.ts';
import { openWriteLock, type WriteLock } from '../records/write-lock.ts';
import { duration, plural, utc } from '../report/format.ts';
import { type Log, openSection, stillAt } from '../report/log.ts';
import { progressLine } from '../report/progress.ts';
import { type Report, streamReport } from '../report/report.ts';
import type { StreamJob } from '../sync/job.ts';
import { readAll } from '../sync/read-all.ts';
import type { State } from '../sync/state.ts';
import { planNextRun, startNext } from './auto-continue.ts';
import { describeStart, describeStreams } from './describe.ts';
import { DISK_LIMITS, type DiskLimits } from './disk-limits.ts';
import { openLists } from './jobs.ts';
import { openKeptFields } from './kept-back.ts';
import { withOrganization } from './organization.ts';
import {
  closeJournal,
  isCancelled,
  publishLast,
  reportEnd,
  reportReceipt,
  stoppedBy,
  whenCancelled,
} from './outcome.ts';
import { makeOutputDir, openReadingRun, type ReadingRun, recoverRun } from './prepare.ts';
import { type Endings, openSnapshots } from './snapshots.ts';
import { judgeStreams } from './verdict.ts';
import { openWritingJobs, SYNC, type Variant } from './writing-jobs.ts';

/** What tests set otherwise. */
export interface SyncLimits {
  readonly schedule: CheckpointSchedule;
  readonly disk: DiskLimits;
}

const LIMITS: SyncLimits = { schedule: { checkpointMs: 30_000, publishMs: 15 * 60_000 }, disk: DISK_LIMITS };

/** Of the event loop, in which a connection to a near host is made and the first request written. */
const TURNS_TO_CONNECT = 6;

interface SyncRun extends ReadingRun {
  readonly lock: WriteLock;
  readonly limits: SyncLimits;
  readonly variant: Variant;
}

/** What a run has once it knows what to read. */
type Reading = NonNullable<Awaited<ReturnType<typeof prepare>>>;

/**
 * Runs one sync to its end. Never rejects: whatever became of it is in the report.
 * @param openVariant what a reconciliation does in its own way
 */
export async function sync(
  config: Config,
  context: Context,
  log: Log,
  stop: AbortController,
  limits = LIMITS,
  openVariant: (run: ReadingRun) => Variant = () => SYNC,
): Promise<Report> {
  const lock = openWriteLock();
  const reading = openReadingRun(config, context, log, stop, lock.backpressure);
  const run = { ...reading, lock, limits, variant: openVariant(reading) };
  openSection('Prepare', ms => stillAt('Prepare', ms, run.client.waitingFor()));
  try {
    const prepared = await prepare(run);
    if (prepared !== null) {
      await readAndPublish(run, prepared);
      judgeStreams(run.report, prepared.before);
    }
  } catch (thrown) {
    const error = asSyncError(thrown);
    run.report.errors.push(error);
    stop.abort(error);
  }
  await closeJournal(run);
  clearTimeout(run.deadline);
  await run.client.close();
  reportEnd(run);
  return run.report;
}

/** Null when everything has been published before. */
async function prepare(run: SyncRun) {
  const { config, context, log, scope, window, report, client, destination, limits, variant } = run;
  // Before the first request to Kustomer: records must not be read for a place where everybody could see them.
  const encrypt = await openEncryption(config.encryptTo);
  await destination.requireAccess();
  report.outputDir = await makeOutputDir(config, context);
  const source = openSource(client, config.includeDeleted, variant.readsIds);
  // Lists do not depend on the state, so they are read while it is looked up.
  const lists = openLists(run, source);
  // The requests of the lists go out first: to load what reads the state takes as long as all before, and blocks the event loop.
  for (let turn = 1; turn <= TURNS_TO_CONNECT; turn++) await setImmediate();
  const found = await recoverRun(run);
  const state = variant.goOn?.(found.state) ?? found.state;
  const recovered = { ...found, state };
  report.generation = state.generation;
  describeStart(run, state);
  describeStreams(run, state);
  source.expect(state.organizationId);

  const fields = await openKeptFields(config, state);
  const writing = openWritingJobs({ ...run, encrypt, fields }, limits.disk, state, source, lists);
  const { jobs, completed, learning } = writing;
  const snapshots = openSnapshots({ ...run, ...writing, recovered, source, fields, reconciled: variant.after });
  if (scope.kind !== 'incremental' && state.generation > 0 && jobs.every(({ isDone }) => isDone)) {
    for (const { name } of jobs) completed.add(name);
    report.streams = snapshots.results([]);
    describeStreams(run, state, jobs);
    await writeOwnManifest(run, state, []);
    log.info(
      `Everything ${scope.kind === 'shard' ? 'in this shard' : `up to ${utc(Date.parse(window.to))}`} is published already.`,
    );
    return null;
  }
  const publisher = openPublisher({ ...run, base: found.base, directory: report.outputDir });
  return { before: state, source, jobs, snapshots, publisher, fields, learning };
}

/** A checkpoint seals what is encrypted (records/parts.ts), so that each of them adds a file for each stream. */
function scheduleOf({ encryptTo }: Config, { schedule }: SyncLimits): CheckpointSchedule {
  return encryptTo.length === 0 ? schedule : { ...schedule, checkpointMs: 10 * schedule.checkpointMs };
}

async function readAndPublish(run: SyncRun, reading: Reading): Promise<void> {
  const { config, report, stop, lock, limits, destination } = run;
  const { jobs, snapshots, publisher, fields, learning } = reading;
  const work = {
    // As long as a path may be misspelt, nothing is left to anybody who would publish it.
    checkpoint: () =>
      lock.whilePaused(async () => void (fields.areKnown() && (await publisher.checkpoint(await snapshots.peek())))),
    isPublishDue: () => snapshots.count() >= destination.maxParts && fields.areKnown(),
    publish: Number.isFinite(destination.maxParts) ? () => publishSoFar(run, reading) : null,
  };
  const checkpoints = destination.savesAfterJob
    ? null
    : startCheckpoints(scheduleOf(config, limits), work, error => stop.abort(error));
  const endings = await readStreams(run, jobs);
  if (config.shard === null && !stop.signal.aborted) await learning.askForTypes(reading.source, run.log);
  report.notes.push(...reading.source.forms.sentences());
  for (const note of report.notes) run.log.notice(note);
  // The time budget is for reading: what has been read is published, however long that takes.
  clearTimeout(run.deadline);
  const publishAll = async () => {
    await checkpoints?.stop();
    await publishRest(run, reading, endings);
    return true;
  };
  let counts = false;
  try {
    // A run that is cancelled while it publishes leaves the rest to the post step, too.
    if (isCancelled(stop.signal)) await leaveToPost(run, reading, endings);
    else if (!(await Promise.race([publishAll(), whenCancelled(stop.signal)])))
      report.leftToPost = run.journal.isPending();
    counts = true;
  } finally {
    reportPublished(run, reading, endings, counts);
  }
}

/** @param counts whether what was read is published, or will be */
function reportPublished(run: SyncRun, reading: Reading, endings: Endings, counts = true): void {
  const { report } = run;
  const { before, jobs, snapshots, publisher, learning } = reading;
  report.streams = snapshots.results(publisher.receipt.files, endings);
  reportReceipt(report, publisher.receipt);
  describeStreams(run, publisher.receipt.state ?? before, jobs, { counts, newsOf: learning.newsOf });
}

/** Reads all streams, and says in the log how far it is. */
async function readStreams({ window, stop, client, log }: SyncRun, jobs: readonly StreamJob[]): Promise<Endings> {
  const done = new Set<string>();
  const begunAt = performance.now();
  openSection('Read', ms => {
    const streams = jobs.map(job => ({
      ...{ name: job.name, records: job.records(), isDone: done.has(job.name) },
      ...{ left: job.recordsLeft().records, isCapped: job.recordsLeft().isCapped },
    }));
    return progressLine(streams, ms, client.waitingFor());
  });
  log.info(`Reading ${jobs.map(({ name }) => name).join(', ')} up to ${utc(Date.parse(window.to))}.`);
  const telling = jobs.map(job => ({
    name: job.name,
    async read() {
      let how = ', not to the end';
      try {
        const isComplete = await job.read();
        if (isComplete) how = '';
        return isComplete;
      } finally {
        done.add(job.name);
        const took = duration(performance.now() - begunAt);
        log.info(`${job.name}: read ${plural(job.records(), 'record')} in ${took}${how}.`);
      }
    },
  }));
  return readAll(telling, stop);
}

/** Publishes what has been read until now, in case the run does not come to its end. */
async function publishSoFar({ lock, log }: SyncRun, { snapshots, publisher, fields }: Reading): Promise<void> {
  const taken = await lock.whilePaused(async () => {
    if (!fields.areKnown()) return null;
    const { files, change } = await snapshots.peek();
    return files.length === 0 || change.changed.length === 0 ? null : snapshots.drain();
  });
  if (taken === null) return;
  log.info('Publishing what has been read until now, in case this run does not come to its end.');
  await publisher.publish(taken);
}

/** A cancelled run has some seconds: it writes down what it has read, and the post step publishes that. */
async function leaveToPost(run: SyncRun, { snapshots, publisher, fields }: Reading, endings: Endings) {
  const { report, destination } = run;
  await fields.requireKnown(report.outputDir);
  if (destination.savesAfterJob) return;
  const rest = await snapshots.drainAll(endings);
  if (rest.files.length === 0 && rest.change.changed.length === 0) return;
  await publisher.checkpoint({ ...rest, savesStateAlone: true });
  report.leftToPost = true;
}

/** Publishes what is left of a run that reads no more, and starts the next run where the inputs say so. */
async function publishRest(run: SyncRun, reading: Reading, endings: Endings): Promise<void> {
  const { report, stop, scope } = run;
  const { before, source, snapshots, publisher, fields } = reading;
  await fields.requireKnown(report.outputDir);
  const drained = await snapshots.drainAll(endings);
  report.streams = snapshots.results([...publisher.receipt.files, ...drained.files], endings);
  // What the state says of one organization must not be mixed with another's records.
  if ([...endings.values()].some(({ error }) => isKind(error, 'state') || isKind(error, 'publish'))) return;
  if (drained.files.length > 0 || drained.change.changed.length > 0) openSection('Publish');
  const rest = await withOrganization(run, source, before, drained, endings);
  const isStoppedEarly = stoppedBy(report, stop.signal) !== undefined;
  const { starts, consecutiveRuns } = planNextRun(run, isStoppedEarly, before, rest.change);
  const change = { ...rest.change, state: { ...rest.change.state, consecutiveRuns } };
  // On a branch a run without news makes no commit, unless what it has read must not be read again.
  const isFirst = before.generation === 0 || change.startsOver;
  const savesStateAlone = isStoppedEarly || isFirst || scope.kind !== 'incremental';
  const wasPublished = publisher.receipt.files.length > 0;
  await publishLast(run, publisher, { ...rest, change, savesStateAlone }, starts);
  reportPublished(run, reading, endings);
  // The manifest of the last publication has its own parts alone.
  if (wasPublished) await writeOwnManifest(run, publisher.receipt.state ?? before, publisher.receipt.files);
  if (starts && publisher.receipt.stateSaved) await startNext(run);
}

/** Writes the manifest of the whole run. */
async function writeOwnManifest(run: SyncRun, state: State, files: readonly PartFile[]): Promise<void> {
  const { report, window, client, settings } = run;
  const streams = report.streams.map(streamReport);
  const contents = { directory: report.outputDir, window, streams, usage: client.usage, files };
  report.manifest = await writeManifest(contents, { ...run, ...settings }, state);
}
