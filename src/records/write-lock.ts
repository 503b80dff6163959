// A lock for snapshots, and backpressure for readers.
//
// Writes run at the same time, and a snapshot runs alone: then the files hold just the records that the state covers.
// Readers must record what they have written in the same turn of the event loop in which the write resolves.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Sink } from '../sync/source.ts';
import type { PartsWriter } from './parts.ts';

export interface WriteLock {
  /** Runs a write, together with others. */
  write<T>(write: () => Promise<T>): Promise<T>;
  /** Resolves when few enough writes are running that more records may be read. */
  backpressure(): Promise<void>;
  /** Runs `work` alone, after all running writes have ended and their readers have recorded them. */
  whilePaused<T>(work: () => Promise<T>): Promise<T>;
}

/** With more writes than this, responses stay unread in their sockets, where they take up no memory. */
const MAX_WRITES = 1;

export function openWriteLock(): WriteLock {
  const writes = new Set<Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let pause: Promise<void> | undefined;
  return {
    async write(write) {
      while (pause !== undefined) await pause;
      const running = write();
      writes.add(running);
      try {
        return await running;
      } finally {
        writes.delete(running);
        for (const resume of waiting.splice(0)) resume();
      }
    },
    async backpressure() {
      while (writes.size > MAX_WRITES) await new Promise<void>(resume => waiting.push(resume));
    },
    async whilePaused(work) {
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
    write: records => lock.write(() => writer.write(records)).then(onWritten),
    openStagingFile() {
      const { write, commit, discard } = writer.openStagingFile();
      return { write: records => write(records).then(onWritten), commit: () => lock.write(commit), discard };
    },
  };
}
