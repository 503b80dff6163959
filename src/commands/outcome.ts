// How a sync has ended: what its report says of it, and what its user has to know.
import type { Config } from '../config/config.ts';
import type { Scope } from '../config/scope.ts';
import { SyncError } from '../errors.ts';
import type { Destination, Receipt } from '../publish/destination.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import { Stopped } from '../sync/read-all.ts';
import { iso } from '../sync/state-document.ts';

/** Puts what was published into the report, also of a run that then failed. */
export function reportReceipt(report: Report, receipt: Receipt): void {
  if (receipt.artifact !== undefined) report.artifact = receipt.artifact;
  if (receipt.commit !== undefined) report.commit = receipt.commit;
  if (receipt.manifest !== '') report.manifest = receipt.manifest;
  report.stateSaved = receipt.stateSaved;
  if (receipt.state !== null) report.generation = receipt.state.generation;
  // Streams that another run has published are not read up to the cutoff, as far as this run can tell.
  report.streams = report.streams.map(stream =>
    receipt.lost.includes(stream.name) && stream.outcome === 'complete' ? { ...stream, outcome: 'partial' } : stream,
  );
}

interface Ended {
  readonly config: Config;
  readonly scope: Scope;
  readonly log: Log;
  readonly stop: AbortController;
  readonly destination: Destination;
}

/** Says how the run has ended, and what is left. */
export function reportEnd(report: Report, { scope, config, log, stop, destination }: Ended): void {
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

/** Why a run has stopped before its end. Its time may as well be up when it has just read all there is. */
export function stoppedBy({ streams }: Report, { reason }: AbortSignal): Report['stopped'] {
  if (!(reason instanceof Stopped)) return undefined;
  const isPartial = streams.some(({ outcome }) => outcome === 'partial');
  return reason.why === 'cancelled' || isPartial ? reason.why : undefined;
}

export function isCancelled({ reason }: AbortSignal): boolean {
  return reason instanceof Stopped && reason.why === 'cancelled';
}

/** Never resolves for a run that is not cancelled. */
export function whenCancelled(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => {
      if (isCancelled(signal)) resolve();
    });
  });
}
