// A run stops at a clean point before its files are too many for one upload, or fill the disk: what it has read is then
// published, and the next run goes on.
import { statfs } from 'node:fs/promises';
import type { Log } from '../report/log.ts';

/** In bytes. A hosted runner promises 14 GB of disk (docs/actions-platform.md#disk). */
export interface DiskLimits {
  /** Of all parts that a run has written. */
  readonly maxParts: number;
  /** Left on the disk. */
  readonly minFree: number;
}

export const DISK_LIMITS: DiskLimits = { maxParts: 8e9, minFree: 2e9 };

/** How much is written between two looks at the disk. */
const LOOK_EVERY_BYTES = 64 * 1024 * 1024;

/**
 * To be called whenever something was written.
 * @param written bytes on the disk so far
 * @param onLimit called once, when a limit is reached
 */
export function watchDisk(
  directory: string,
  written: () => number,
  { maxParts, minFree }: DiskLimits,
  log: Log,
  onLimit: () => void,
): () => void {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let isOver = false;
  const stop = (why: string) => {
    if (isOver) return;
    isOver = true;
    log.info(`${why}, so this run stops here and publishes what it has read; the next run goes on.`);
    onLimit();
  };
  return () => {
    const bytes = written();
    if (isOver) return;
    if (bytes >= maxParts) return stop(`The files of this run have reached ${gigabytes(maxParts)}`);
    if (bytes - lookedAt < LOOK_EVERY_BYTES) return;
    lookedAt = bytes;
    // A disk that does not say how much is left is found full by the write that fails.
    statfs(directory).then(
      ({ bavail, bsize }) => {
        if (bavail * bsize < minFree) stop(`Less than ${gigabytes(minFree)} are left on the disk`);
      },
      () => {},
    );
  };
}

function gigabytes(bytes: number): string {
  return `${bytes / 1e9} GB`;
}
