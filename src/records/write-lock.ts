// A lock for snapshots, and backpressure for readers.
//
// Writes run at the same time, and a snapshot runs alone: then the files hold just the records that the state covers.
// Readers must record what they have written in the same turn of the event loop in which the write resolves.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sink } from '../sync/source.ts';
import type { PartsWriter } from './parts.ts';

/** With more writes than this, responses stay unread in their sockets, where they take up no memory. */
const MAX_WRITES = 1;

export type WriteLock = ReturnType<typeof openWriteLock>;

export function openWriteLock() {
  const writes = new Set<Promise<unknown>>();
  let pause: Promise<void> | undefined;
  return {
    /** Runs a write, together with others. */
    async write<T>(write: () => Promise<T>): Promise<T> {
      while (pause !== undefined) await pause;
      const running = write();
      writes.add(running);
      return running.finally(() => writes.delete(running));
    },
    /** Resolves when few enough writes are running that more records may be read. */
    async backpressure(): Promise<void> {
      while (writes.size > MAX_WRITES) await Promise.race(writes).catch(() => {});
    },
    /** Runs `work` alone, after all running writes have ended and their readers have recorded them. */
    async whilePaused<T>(work: () => Promise<T>): Promise<T> {
      while (pause !== undefined) await pause;
      const { promise, resolve } = Promise.withResolvers<void>();
      pause = promise;
      try {
        await Promise.allSettled(writes);
        await nextTurn();
        return await work();
      } finally {
        pause = undefined;
        resolve();
      }
    },
  };
}

/** A sink whose records pass the lock. A staging file does not count until it is committed, so only that does. */
export function throughWriteLock(writer: PartsWriter, lock: WriteLock, onWritten: () => void): Sink {
  return {
    contentOf: writer.contentOf,
    write: records => lock.write(() => writer.write(records)).then(onWritten),
    openStagingFile() {
      const { write, commit, discard } = writer.openStagingFile();
      return { write: records => write(records).then(onWritten), commit: () => lock.write(commit), discard };
    },
  };
}
