// How a run ends: it publishes the last it has, and its report says what its user has to know.
import { once } from 'node:events';
import { asSyncError, SyncError } from '../errors.ts';
import type { Receipt } from '../publish/destination.ts';
import type { Publisher, Snapshot } from '../publish/publisher.ts';
import type { Report } from '../report/report.ts';
import { Stopped } from '../sync/read-all.ts';
import { iso } from '../sync/state-document.ts';
import type { ReadingRun, Run } from './prepare.ts';

/** Puts what was published into the report, also of a run that then failed. */
export function reportReceipt(report: Report, receipt: Receipt): void {
  if (receipt.artifact !== undefined) report.artifact = receipt.artifact;
  if (receipt.commit !== undefined) report.commit = receipt.commit;
  report.places = receipt.places;
  if (receipt.manifest !== '') report.manifest = receipt.manifest;
  report.stateSaved = receipt.stateSaved;
  if (receipt.state !== null) report.generation = receipt.state.generation;
  // Streams that another run has published are not read up to the cutoff, as far as this run can tell.
  report.streams = report.streams.map(stream => {
    const error = receipt.refused.get(stream.name);
    if (error !== undefined) return { ...stream, outcome: 'failed', error };
    return receipt.lost.includes(stream.name) && stream.outcome === 'complete'
      ? { ...stream, outcome: 'partial' }
      : stream;
  });
}

/**
 * Publishes the last that a run has. Where the job's next steps use the files, the post step is to save the state.
 * @param startsNextRun whether the next run is to be started once the state is saved
 */
export async function publishLast(run: Run, publisher: Publisher, snapshot: Snapshot, startsNextRun = false) {
  const { destination, settings, journal, report, window } = run;
  await publisher.publish(snapshot);
  if (!destination.savesAfterJob || snapshot.change.changed.length === 0) return;
  const request = { ...snapshot, window, directory: report.outputDir, base: publisher.receipt.base };
  await journal.write({ settings, todo: 'save-state', requests: [request], startsNextRun });
  report.leftToPost = true;
}

/**
 * Empties the journal, unless it is left to the post step, which must not repeat what main has tried in vain. Never rejects:
 * a journal that cannot be written is an error of the report.
 */
export async function closeJournal({ journal, settings, report }: Run): Promise<void> {
  if (!journal.isPending() || report.leftToPost) return;
  const empty = { settings, todo: 'publish', requests: [], startsNextRun: false } as const;
  await journal.write(empty).catch(error => void report.errors.push(asSyncError(error)));
}

/** Says how the run has ended, and what is left. */
export function reportEnd({ report, scope, window, config, log, destination, stop, client }: ReadingRun): void {
  const stopped = stoppedBy(report, stop.signal);
  // A time budget that ends before anything has come from the API is no success.
  const unreached = stopped === 'time-budget' ? client.hostError() : null;
  if (unreached !== null) report.errors.push(unreached);
  if (stopped !== undefined) report.stopped = stopped;
  if (stopped === 'cancelled') {
    // A stream that was not yet begun has not failed.
    report.streams = report.streams.map(stream =>
      stream.outcome === 'failed' && stream.error === undefined ? { ...stream, outcome: 'partial' } : stream,
    );
  }
  if (scope.endsInFuture && report.errors.length === 0 && stopped === undefined) {
    report.endsInFuture = true;
    log.notice(
      `The backfill's \`end-date\` has not come yet, so it is read up to ${window.to}. Run the same backfill again after ${iso(config.endDate as number)}; it goes on from here.`,
    );
  }
  const { shard } = config;
  if (shard === null || stopped === undefined || stopped === 'cancelled') return;
  const what = `Shard ${shard.number} of ${shard.of} was not done when it had to stop.`;
  // "Re-run failed jobs" passes over a job that succeeds, and the merge needs all shards. But where the job's next steps use
  // the files, the state is saved only when the job succeeds.
  const todo = 'Re-run the failed jobs: it goes on from here.';
  if (destination.savesAfterJob) log.warning(`${what} Re-run this job: it goes on from here.`);
  else report.errors.push(new SyncError('shard-unfinished', { what, todo }));
}

/** Why a run has stopped before its end. Its time may as well be up when it has just read all there is. */
export function stoppedBy({ streams }: Report, { reason }: AbortSignal): Report['stopped'] {
  if (!(reason instanceof Stopped)) return undefined;
  const isPartial = streams.some(({ outcome }) => outcome === 'partial');
  return reason.why === 'cancelled' || isPartial ? reason.why : undefined;
}

export function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Stopped && reason.why === 'cancelled';
}

/** Resolves to false when the run is cancelled; never for a run that stops otherwise. */
export async function whenCancelled(signal: AbortSignal): Promise<false> {
  while (!isCancelled(signal)) await once(signal, 'abort');
  return false;
}
