// A run stops at a clean point before its files are too many for one upload, or fill the disk: what it has read is then
// published, and the next run goes on.
import { statfs } from 'node:fs/promises';
import { Stopped } from '../sync/read-all.ts';
import type { ReadingRun } from './prepare.ts';

/** In bytes. A hosted runner promises 14 GB of disk (docs/actions-platform.md#disk). */
export interface DiskLimits {
  /** Of all that a run has written, discarded staging files included. */
  readonly maxParts: number;
  /** Left on the disk. */
  readonly minFree: number;
}

export const DISK_LIMITS: DiskLimits = { maxParts: 8e9, minFree: 2e9 };

/** Bytes of messages for each byte of a line: with `singer`, each line becomes a message, which is a little longer. */
export const SINGER_BYTES = 1.1;

/** How much is written between two looks at the disk. */
const LOOK_EVERY_BYTES = 64 * 1024 * 1024;

/**
 * Stops a run when a limit is reached.
 * @param written bytes on the disk so far
 * @param toCome bytes that will be written once the run has stopped
 * @returns a function to call whenever something was written
 */
export function watchDisk(
  { report, log, stop }: ReadingRun,
  { maxParts, minFree }: DiskLimits,
  written: () => number,
  toCome: () => number,
) {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isOver = false;
  const stopHere = (why: string) => {
    if (isOver) return;
    isOver = true;
    log.info(`${why}, so this run stops here and publishes what it has read; the next run goes on.`);
    stop.abort(new Stopped('disk-limit'));
  };
  return () => {
    const bytes = written() + toCome();
    if (bytes >= maxParts) return stopHere(`The files of this run have reached ${maxParts / 1e9} GB`);
    if (isOver || bytes - lookedAt < LOOK_EVERY_BYTES) return;
    lookedAt = bytes;
    // A disk that does not say how much is left is found full by the write that fails.
    statfs(report.outputDir).then(
      ({ bavail, bsize }) => {
        if (bavail * bsize - toCome() < minFree) stopHere(`Less than ${minFree / 1e9} GB are left on the disk`);
      },
      () => {},
    );
  };
}
