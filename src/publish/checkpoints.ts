// While a run reads, what it has read is made safe: now and then on the disk, and more rarely by publishing it.
import { setTimeout as sleep } from 'node:timers/promises';
import { asSyncError } from '../errors.ts';

/** How often what has been read is made safe, in milliseconds. */
export interface Pace {
  /** From losing this process: it is on the disk, with the state that speaks of it. */
  readonly checkpointMs: number;
  /** From losing the machine: it is published. */
  readonly publishMs: number;
}

export interface Safety {
  /** Brings what has been read to the disk. */
  checkpoint(): Promise<void>;
  /** Whether so much has been read that it is time to publish. */
  isMuch(): boolean;
  publish(): Promise<void>;
}

export interface Keeper {
  /**
   * Resolves when what is under way is done. Rejects when something has failed: what was to be published then is not, so
   * nothing that comes after it may be.
   */
  stop(): Promise<void>;
}

/** Does so again and again, until it is stopped or something fails. Reading goes on meanwhile. */
export function keepSafe(
  pace: Pace,
  { checkpoint, isMuch, publish }: Safety,
  onFailure: (error: unknown) => void,
): Keeper {
  const stopped = new AbortController();
  let publishing: Promise<void> | undefined;
  let last = performance.now();
  let failure: { error: unknown } | undefined;
  const fail = (thrown: unknown) => {
    failure ??= { error: asSyncError(thrown) };
    onFailure(failure.error);
  };
  const keeping = (async () => {
    for (;;) {
      await sleep(pace.checkpointMs, undefined, { signal: stopped.signal }).catch(() => {});
      if (stopped.signal.aborted) return;
      if (publishing === undefined && (performance.now() - last >= pace.publishMs || isMuch())) {
        last = performance.now();
        publishing = publish()
          .catch(fail)
          .finally(() => {
            publishing = undefined;
          });
      } else {
        await checkpoint();
      }
    }
  })().catch(fail);
  return {
    async stop() {
      stopped.abort();
      await keeping;
      await publishing;
      if (failure !== undefined) throw failure.error;
    },
  };
}
