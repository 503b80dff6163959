// The checkpoint scheduler: while a run reads, what it has read goes into the journal now and then, and is published more
// rarely where the destination takes parts of a run.
import { setTimeout as sleep } from 'node:timers/promises';
import { asSyncError } from '../errors.ts';

export interface CheckpointSchedule {
  /** Between two checkpoints, in milliseconds: what a killed process loses at most. */
  readonly checkpointMs: number;
  /** Between two publications, in milliseconds: what a lost machine loses at most. */
  readonly publishMs: number;
}

export interface CheckpointWork {
  /** Journals what has been read. */
  checkpoint(): Promise<void>;
  /** Whether enough has been read to publish before it is time to. */
  isPublishDue(): boolean;
  /** Publishes what has been read; null where a run publishes at its end only. */
  readonly publish: (() => Promise<void>) | null;
}

export interface CheckpointScheduler {
  /**
   * Resolves when what is under way is done. Rejects when something has failed: what was to be published then is not, so
   * nothing that comes after it may be.
   */
  stop(): Promise<void>;
}

/** Works until it is stopped or something fails. Reading goes on meanwhile. */
export function startCheckpoints(
  { checkpointMs, publishMs }: CheckpointSchedule,
  { checkpoint, isPublishDue, publish }: CheckpointWork,
  onFailure: (error: unknown) => void,
): CheckpointScheduler {
  const stopped = new AbortController();
  let publishing: Promise<void> | undefined;
  let lastPublished = performance.now();
  let failure: { error: unknown } | undefined;
  const fail = (thrown: unknown) => {
    failure ??= { error: asSyncError(thrown) };
    onFailure(failure.error);
  };
  const running = (async () => {
    for (;;) {
      await sleep(checkpointMs, undefined, { signal: stopped.signal }).catch(() => {});
      if (stopped.signal.aborted) return;
      const isTime = performance.now() - lastPublished >= publishMs || isPublishDue();
      if (publish === null || publishing !== undefined || !isTime) {
        await checkpoint();
        continue;
      }
      lastPublished = performance.now();
      publishing = publish()
        .catch(fail)
        .finally(() => {
          publishing = undefined;
        });
    }
  })().catch(fail);
  return {
    async stop() {
      stopped.abort();
      await running;
      await publishing;
      if (failure !== undefined) throw failure.error;
    },
  };
}
