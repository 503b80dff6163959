// What a slice hands on: each record once, nothing that was published before, and nothing before its instant is whole.
import { describe, expect, test } from 'vitest';
import { openEmitter } from '../../src/sync/emitter.ts';
import type { DatedRecord } from '../../src/sync/source.ts';
import { resourceOf } from '../world/resource.ts';

describe('what waits', () => {
  const EVER = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const found = (id: string, at: number): DatedRecord => ({ at, resource: resourceOf({ id, type: 'note' }) });
  const many = (n: number, at: number, name = 'r') => Array.from({ length: n }, (_, i) => found(`${name}${i}`, at));

  /** A sink that writes down what reaches it. */
  function open(dedupKeys: string[] = [], dedupSince = 0, part = EVER) {
    const log: string[] = [];
    const progress = { newDedupKeys: new Set<string>(), records: 0 };
    const sink = {
      write: async (records: readonly DatedRecord[]) => void log.push(`write ${records.length}`),
      openStagingFile() {
        log.push('aside');
        return {
          write: async (records: readonly DatedRecord[]) => void log.push(`put ${records.length}`),
          commit: async () => void log.push('keep'),
          discard: async () => void log.push('drop'),
        };
      },
    };
    const work = { toRead: [EVER], synced: [], dedupKeys: new Set(dedupKeys), dedupSince };
    return { log, progress, delivery: openEmitter({ sink, work, progress }, part) };
  }

  test('is held up to 5,000 records, so that a usual tie makes no file of its own', async () => {
    const { log, progress, delivery } = open();
    await delivery.stage(many(2_500, 5, 'a'), 6);
    await delivery.stage(many(2_500, 5, 'b'), 6);
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([[], 0, 0]);
    expect(await delivery.commit([], 6)).toBe(true);
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([['write 5000'], 5_000, 5_000]);
    await delivery.discard();
    expect(log).toEqual(['write 5000']);
  });

  test('goes aside beyond that, is kept with the last of it, and is remembered only then', async () => {
    const { log, progress, delivery } = open();
    await delivery.stage(many(5_001, 5, 'a'), 6);
    await delivery.stage(many(10, 5, 'b'), 6);
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([['aside', 'put 5001'], 0, 0]);
    expect(await delivery.commit(many(1, 5, 'c'), 6)).toBe(true);
    expect(log).toEqual(['aside', 'put 5001', 'put 11', 'keep']);
    expect([progress.records, progress.newDedupKeys.size]).toEqual([5_012, 5_012]);
    expect(await delivery.commit(many(2, 7), 8)).toBe(true);
    expect(log.at(-1)).toBe('write 2');
  });

  test('is let go of when it never came to count', async () => {
    const { log, progress, delivery } = open();
    await delivery.stage(many(5_001, 5), 6);
    await delivery.discard();
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([['aside', 'put 5001', 'drop'], 0, 0]);
  });

  test('holds back every claim up to its end', async () => {
    const { log, delivery } = open();
    await delivery.stage(many(3, 5, 'a'), 6);
    await delivery.stage(many(3, 9, 'b'), 10);
    await delivery.stage(many(3, 7, 'c'), 8);
    expect(await delivery.commit(many(1, 4, 'd'), 6)).toBe(false);
    expect(await delivery.commit([], 9)).toBe(false);
    expect(log).toEqual([]);
    expect(await delivery.commit([], 10)).toBe(true);
    expect(log).toEqual(['write 10']);
  });

  test('comes once though both searches show it, in the version updated last', async () => {
    const { log, progress, delivery } = open();
    await delivery.stage([found('a', 7), found('b', 7)], 8);
    await delivery.stage([found('a', 7), found('b', 6), found('c', 7)], 8);
    expect(await delivery.commit([found('c', 5), found('d', 7)], 8)).toBe(true);
    expect(log).toEqual(['write 4']);
    expect([...progress.newDedupKeys]).toEqual(['7 a', '7 b', '7 c', '7 d']);
    expect(progress.records).toBe(4);
  });

  test('is not what was published before', async () => {
    const { log, progress, delivery } = open(['7 a'], 6);
    await delivery.stage([found('a', 7), found('b', 7), found('old', 5)], 8);
    await delivery.commit([], 8);
    expect(log).toEqual(['write 2']);
    expect([...progress.newDedupKeys]).toEqual(['7 b']);
    expect(await delivery.commit([found('b', 7)], 9)).toBe(true);
    expect(log).toEqual(['write 2']);
  });

  test('nor what was published long ago and is read again', async () => {
    const { log, delivery } = open(['5 old'], 6);
    await delivery.commit([found('old', 5), found('new', 5)], 8);
    expect(log).toEqual(['write 1']);
  });

  test('or is not remembered, where nothing will read it again', async () => {
    const { log, progress, delivery } = open([], 6);
    await delivery.commit([found('old', 5), found('edge', 6)], 8);
    expect([log, [...progress.newDedupKeys]]).toEqual([['write 2'], ['6 edge']]);
  });

  test('nor is it what belongs to another slice', async () => {
    const { progress, delivery } = open([], 0, { from: 5, to: 7 });
    await delivery.commit([found('before', 4), found('first', 5), found('last', 6), found('after', 7)], 8);
    expect([...progress.newDedupKeys]).toEqual(['5 first', '6 last']);
  });

  test('a record without a date is remembered however old its neighbours are, and comes once', async () => {
    const { log, progress, delivery } = open(['- known'], 100);
    const undated = (id: string): DatedRecord => ({ ...found(id, 5), undated: true });
    await delivery.commit([undated('a'), undated('known')], 8);
    await delivery.commit([undated('a')], 9);
    expect([log, [...progress.newDedupKeys]]).toEqual([['write 1'], ['- a']]);
  });

  test('nothing new makes no write', async () => {
    const { log, delivery } = open();
    expect(await delivery.commit([], 8)).toBe(true);
    expect(log).toEqual([]);
  });
});
