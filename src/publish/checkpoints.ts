// The checkpoint scheduler: while a run reads, what it has read goes into the journal now and then, and is published more
// rarely where the destination takes parts of a run.
import { setTimeout as sleep } from 'node:timers/promises';
import { asSyncError, type SyncError } from '../errors.ts';

export interface CheckpointSchedule {
  /** Between two checkpoints, in milliseconds: what a killed process loses at most. */
  readonly checkpointMs: number;
  /** Between two publications, in milliseconds: what a lost machine loses at most. */
  readonly publishMs: number;
}

/**
 * Works until it is stopped or something fails. Reading goes on meanwhile.
 * @param work `checkpoint` journals what has been read, and `publish` publishes it: null where a run publishes at its end only.
 * `isPublishDue` says whether enough has been read to publish before it is time to
 */
export function startCheckpoints(
  { checkpointMs, publishMs }: CheckpointSchedule,
  work: { checkpoint(): Promise<void>; isPublishDue(): boolean; readonly publish: (() => Promise<void>) | null },
  onFailure: (error: SyncError) => void,
) {
  const stopped = new AbortController();
  let publishing: Promise<void> | undefined;
  let lastPublished = performance.now();
  let failure: SyncError | undefined;
  const fail = (thrown: unknown) => {
    failure ??= asSyncError(thrown);
    onFailure(failure);
  };
  const running = (async () => {
    for (;;) {
      await sleep(checkpointMs, undefined, { signal: stopped.signal }).catch(() => {});
      if (stopped.signal.aborted) return;
      const isTime = performance.now() - lastPublished >= publishMs || work.isPublishDue();
      if (work.publish === null || publishing !== undefined || !isTime) {
        await work.checkpoint();
        continue;
      }
      lastPublished = performance.now();
      publishing = work
        .publish()
        .catch(fail)
        .finally(() => {
          publishing = undefined;
        });
    }
  })().catch(fail);
  return {
    /**
     * Resolves when what is under way is done. Rejects when something has failed: what was to be published then is not, so
     * nothing that comes after it may be.
     */
    async stop() {
      stopped.abort();
      await running;
      await publishing;
      if (failure !== undefined) throw failure;
    },
  };
}
