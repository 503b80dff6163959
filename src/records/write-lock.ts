// Who may write, and when: there is a moment in which nobody does, so that what is in the files and what is claimed of them
// are the same, and those who bring more wait while a lot has not been written yet.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sink } from '../sync/source.ts';
import type { PartsWriter } from './parts.ts';

export interface WriteLock {
  /** Does some writing, beside that of others. */
  write<T>(write: () => Promise<T>): Promise<T>;
  /** Resolves when so little waits to be written that more can be taken in. */
  backpressure(): Promise<void>;
  /**
   * Does something while no writing is under way, and whoever has written has had the time to claim it: claims are made
   * in the same turn of the event loop in which the writing is over. One at a time.
   */
  whilePaused<T>(work: () => Promise<T>): Promise<T>;
}

/** While more pages than this are being written or wait for it, answers wait in the network, where they take up no memory. */
const MOST_WAITING = 1;

export function openWriteLock(): WriteLock {
  const writing = new Set<Promise<unknown>>();
  let closed: Promise<unknown> | undefined;
  const lookers: (() => void)[] = [];
  return {
    async write(write) {
      while (closed !== undefined) await closed;
      const mine = write();
      writing.add(mine);
      try {
        return await mine;
      } finally {
        writing.delete(mine);
        for (const look of lookers.splice(0)) look();
      }
    },
    async backpressure() {
      while (writing.size > MOST_WAITING) await new Promise<void>(look => lookers.push(look));
    },
    async whilePaused(work) {
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

/** Writing that is told of, and stops for a moment when somebody has to see all of it. */
export function throughWriteLock(writer: PartsWriter, gate: WriteLock, progress: () => void): Sink {
  return {
    write: records => gate.write(() => writer.write(records)).then(progress),
    openStagingFile() {
      const { write, commit, discard } = writer.openStagingFile();
      return { write: records => write(records).then(progress), commit: () => gate.write(commit), discard };
    },
  };
}
