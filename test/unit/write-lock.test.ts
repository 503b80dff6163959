// The lock for snapshots, and the backpressure for readers.
import { expect, test } from 'vitest';
import { openWriteLock } from '../../src/records/write-lock.ts';

test('while writes are paused none runs, and all that ended are recorded', async () => {
  const lock = openWriteLock();
  const log: string[] = [];
  const writer = async (name: string) => {
    for (let n = 0; n < 20; n++) {
      await lock.write(async () => {
        log.push(`begin ${name}`);
        await new Promise(done => setTimeout(done, Math.random() * 3));
        log.push(`end ${name}`);
      });
      log.push(`record ${name}`);
    }
  };
  const snapshots = async () => {
    for (let n = 0; n < 10; n++) {
      await lock.whilePaused(async () => {
        const counts = ['begin', 'end', 'record'].map(what => log.filter(line => line.startsWith(what)).length);
        expect(new Set(counts).size, counts.join()).toBe(1);
        const length = log.length;
        await new Promise(done => setTimeout(done, 2));
        expect(log).toHaveLength(length);
      });
      await new Promise(done => setTimeout(done, 3));
    }
  };
  await Promise.all([writer('a'), writer('b'), writer('c'), snapshots()]);
  expect(log).toHaveLength(3 * 20 * 3);
});

test('the backpressure ends for all readers when at most one write is left', async () => {
  const lock = openWriteLock();
  const ends: (() => void)[] = [];
  const writes = Array.from({ length: 4 }, () => lock.write(() => new Promise<void>(end => ends.push(end))));
  let resumed = 0;
  const waiting = Array.from({ length: 5 }, () => lock.backpressure().then(() => resumed++));
  await new Promise(setImmediate);
  expect(resumed).toBe(0);
  ends[0]?.();
  await writes[0];
  await new Promise(setImmediate);
  expect(resumed).toBe(0);
  ends[1]?.();
  await writes[1];
  ends[2]?.();
  await Promise.all(waiting);
  expect(resumed).toBe(5);
  for (const end of ends) end();
  await Promise.all(writes);
});

test('and so when a write fails', async () => {
  const lock = openWriteLock();
  const fails: ((error: Error) => void)[] = [];
  const writes = Array.from({ length: 2 }, () => lock.write(() => new Promise<void>((_, fail) => fails.push(fail))));
  const waiting = lock.backpressure();
  fails[0]?.(new Error('disk full'));
  await expect(writes[0]).rejects.toThrow('disk full');
  await waiting;
  for (const fail of fails) fail(new Error('disk full'));
  await Promise.allSettled(writes);
});
