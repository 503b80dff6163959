// The selected streams as jobs that write to part files.
import type { Source } from '../kustomer/source.ts';
import type { Encrypt } from '../records/encryption.ts';
import { openParts, type PartsWriter } from '../records/parts.ts';
import { throughWriteLock, type WriteLock } from '../records/write-lock.ts';
import type { StreamJob } from '../sync/job.ts';
import { openReaderPool } from '../sync/reader-pool.ts';
import type { ListPages } from '../sync/source.ts';
import type { State } from '../sync/state.ts';
import { type DiskLimits, SINGER_BYTES, watchDisk } from './disk-limits.ts';
import { type JobsOptions, openJobs } from './jobs.ts';
import type { KeptFields } from './kept-back.ts';
import { openLearning } from './learning.ts';
import type { ReadingRun } from './prepare.ts';
import type { SnapshotOptions } from './snapshots.ts';

/** What a run does in its own way: a sync or a reconciliation. */
export interface Variant {
  /** The lines are ids, and the source may send no more than those. */
  readonly readsIds: boolean;
  readonly openJobs: (options: JobsOptions) => StreamJob[];
  /** The state that the run goes on from, where that is not the one that was found. */
  readonly goOn?: (found: State) => State;
  /** See {@link SnapshotOptions.reconciled}. */
  readonly after?: SnapshotOptions['reconciled'];
}

export const SYNC: Variant = { readsIds: false, openJobs };

interface WritingRun extends ReadingRun {
  readonly lock: WriteLock;
  readonly variant: Variant;
  readonly encrypt: Encrypt | undefined;
  readonly fields: KeptFields;
}

/** The selected streams as jobs that write to part files, and note which streams are complete. */
export function openWritingJobs(
  run: WritingRun,
  disk: DiskLimits,
  state: State,
  source: Source,
  lists: ReadonlyMap<string, ListPages>,
) {
  const { config, scope, now, stop, client, report, lock, log, destination, encrypt, fields, variant } = run;
  const directory = report.outputDir;
  const learning = openLearning(config, state.schemas);
  const writers = new Map<string, PartsWriter>();
  const completed = new Set<string>();
  const written = () => [...writers.values()].reduce((sum, writer) => sum + writer.bytes(), 0);
  const lines = () => [...writers.values()].reduce((sum, writer) => sum + writer.lineBytes(), 0);
  const checkDisk = watchDisk(run, disk, written, () => (config.singer ? SINGER_BYTES * lines() : 0));
  const writerOf = (stream: string) => {
    const { partBytes } = destination;
    const observer = variant.readsIds ? undefined : () => learning.observerOf(stream);
    const how = { encrypt, filter: fields.filterOf(stream), observer };
    const writer = openParts({ ...config, directory, stream, partBytes, ...how, haveIds: variant.readsIds });
    writers.set(stream, writer);
    return throughWriteLock(writer, lock, checkDisk);
  };
  const context = { pool: openReaderPool(client), signal: stop.signal, now };
  const readsAuditLog = config.deletions === 'lists,audit-log' && scope.kind === 'incremental';
  const jobs = variant
    .openJobs({ config: { ...config, readsAuditLog }, state, source, lists, writerOf, context, log })
    .map(
      (job): StreamJob => ({
        ...job,
        async read() {
          const isComplete = await job.read();
          if (isComplete) completed.add(job.name);
          return isComplete;
        },
      }),
    );
  return { jobs, writers, learning, completed };
}
