// A moment in which nobody writes: then what is in the files and what is claimed of them are the same.
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Gate {
  /** Does some writing, beside that of others. */
  pass<T>(write: () => Promise<T>): Promise<T>;
  /**
   * Does something while no writing is under way, and whoever has written has had the time to claim it: claims are made
   * in the same turn of the event loop in which the writing is over. One at a time.
   */
  still<T>(work: () => Promise<T>): Promise<T>;
}

export function openGate(): Gate {
  const writing = new Set<Promise<unknown>>();
  let closed: Promise<unknown> | undefined;
  return {
    async pass(write) {
      while (closed !== undefined) await closed;
      const mine = write();
      writing.add(mine);
      try {
        return await mine;
      } finally {
        writing.delete(mine);
      }
    },
    async still(work) {
      while (closed !== undefined) await closed;
      const done = (async () => {
        await Promise.allSettled(writing);
        await nextTurn();
        return work();
      })();
      closed = done
        .catch(() => {})
        .then(() => {
          closed = undefined;
        });
      return done;
    },
  };
}
