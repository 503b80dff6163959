/** What a slice emits: each new version once, and a tie group only when it is complete. */
import { describe, expect, test } from 'vitest';
import { openEmitter } from '../../src/sync/emitter.ts';
import type { DatedRecord } from '../../src/sync/source.ts';
import { dedupKey } from '../../src/sync/state.ts';
import { resourceOf } from '../world/resource.ts';

describe('staged records', () => {
  const EVER = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const record = (id: string, at: number): DatedRecord => ({ at, resource: resourceOf({ id, type: 'note' }) });
  const many = (n: number, at: number, name = 'r') => Array.from({ length: n }, (_, i) => record(`${name}${i}`, at));

  /** An emitter whose sink logs what reaches it. */
  function open(dedupKeys: string[] = [], dedupSince = 0, range = EVER) {
    const log: string[] = [];
    const progress = { newDedupKeys: new Set<string>(), records: 0 };
    const sink = {
      write: async (records: readonly DatedRecord[]) => void log.push(`write ${records.length}`),
      openStagingFile() {
        log.push('open file');
        return {
          write: async (records: readonly DatedRecord[]) => void log.push(`to file ${records.length}`),
          commit: async () => void log.push('commit file'),
          discard: async () => void log.push('discard file'),
        };
      },
    };
    const work = { toRead: [EVER], synced: [], dedupKeys: new Set(dedupKeys), dedupSince };
    return { log, progress, emitter: openEmitter({ sink, work, progress }, range) };
  }

  test('stay in memory up to 5,000, so that a usual tie group needs no file', async () => {
    const { log, progress, emitter } = open();
    await emitter.stage(many(2_500, 5, 'a'), 6);
    await emitter.stage(many(2_500, 5, 'b'), 6);
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([[], 0, 0]);
    expect(await emitter.commit([], 6)).toBe(true);
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([['write 5000'], 5_000, 5_000]);
    await emitter.discard();
    expect(log).toEqual(['write 5000']);
  });

  test('go to a file beyond that, which is committed with the last of them; only then they have dedup keys', async () => {
    const { log, progress, emitter } = open();
    await emitter.stage(many(5_001, 5, 'a'), 6);
    await emitter.stage(many(10, 5, 'b'), 6);
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([['open file', 'to file 5001'], 0, 0]);
    expect(await emitter.commit(many(1, 5, 'c'), 6)).toBe(true);
    expect(log).toEqual(['open file', 'to file 5001', 'to file 11', 'commit file']);
    expect([progress.records, progress.newDedupKeys.size]).toEqual([5_012, 5_012]);
    expect(await emitter.commit(many(2, 7), 8)).toBe(true);
    expect(log.at(-1)).toBe('write 2');
  });

  test('are discarded when nothing commits them', async () => {
    const { log, progress, emitter } = open();
    await emitter.stage(many(5_001, 5), 6);
    await emitter.discard();
    expect([log, progress.records, progress.newDedupKeys.size]).toEqual([
      ['open file', 'to file 5001', 'discard file'],
      0,
      0,
    ]);
  });

  test('hold back every commit before their end', async () => {
    const { log, emitter } = open();
    await emitter.stage(many(3, 5, 'a'), 6);
    await emitter.stage(many(3, 9, 'b'), 10);
    await emitter.stage(many(3, 7, 'c'), 8);
    expect(await emitter.commit(many(1, 4, 'd'), 6)).toBe(false);
    expect(await emitter.commit([], 9)).toBe(false);
    expect(log).toEqual([]);
    expect(await emitter.commit([], 10)).toBe(true);
    expect(log).toEqual(['write 10']);
  });

  test('come once though both indexes have them, in the version updated last', async () => {
    const { log, progress, emitter } = open();
    await emitter.stage([record('a', 7), record('b', 7)], 8);
    await emitter.stage([record('a', 7), record('b', 6), record('c', 7)], 8);
    expect(await emitter.commit([record('c', 5), record('d', 7)], 8)).toBe(true);
    expect(log).toEqual(['write 4']);
    expect([...progress.newDedupKeys]).toEqual(['7 a', '7 b', '7 c', '7 d']);
    expect(progress.records).toBe(4);
  });

  test('are not those that were published before', async () => {
    const { log, progress, emitter } = open(['7 a'], 6);
    await emitter.stage([record('a', 7), record('b', 7), record('old', 5)], 8);
    await emitter.commit([], 8);
    expect(log).toEqual(['write 2']);
    expect([...progress.newDedupKeys]).toEqual(['7 b']);
    expect(await emitter.commit([record('b', 7)], 9)).toBe(true);
    expect(log).toEqual(['write 2']);
  });

  test('nor those that were published long ago and are read again', async () => {
    const { log, emitter } = open(['5 old'], 6);
    await emitter.commit([record('old', 5), record('new', 5)], 8);
    expect(log).toEqual(['write 1']);
  });

  test('need no dedup key where nothing will read them again', async () => {
    const { log, progress, emitter } = open([], 6);
    await emitter.commit([record('old', 5), record('edge', 6)], 8);
    expect([log, [...progress.newDedupKeys]]).toEqual([['write 2'], ['6 edge']]);
  });

  test('are not those of another slice', async () => {
    const { progress, emitter } = open([], 0, { from: 5, to: 7 });
    await emitter.commit([record('before', 4), record('first', 5), record('last', 6), record('after', 7)], 8);
    expect([...progress.newDedupKeys]).toEqual(['5 first', '6 last']);
  });

  test('a record without a date has a dedup key however old its neighbors are, and comes once', async () => {
    const undated = (id: string): DatedRecord => ({ ...record(id, 5), undated: true });
    const { log, progress, emitter } = open([dedupKey(undated('known'), {})], 100);
    await emitter.commit([undated('a'), undated('known')], 8);
    await emitter.commit([undated('a')], 9);
    expect([log, [...progress.newDedupKeys]]).toEqual([['write 1'], [dedupKey(undated('a'), {})]]);
  });

  test('nothing new makes no write', async () => {
    const { log, emitter } = open();
    expect(await emitter.commit([], 8)).toBe(true);
    expect(log).toEqual([]);
  });
});
