// How a window is split: whatever the records are like, the shards cover it without gap or overlap and are about equal,
// and little has to be counted for it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CountableRange, countHalves } from '../../src/shards/count.ts';
import { midpoint, requestsFor } from '../../src/shards/estimate.ts';
import { rangesToHalve, splitIntoShards } from '../../src/shards/split.ts';
import { clamp, type IntervalSet, union } from '../../src/sync/intervals.ts';

const SECOND = 1_000;
const PAGE = 500;

/** A range of a stream with one search. */
const rangeOf = (from: number, to: number, records: number, more: Partial<CountableRange> = {}): CountableRange => ({
  stream: 's0',
  from: from * SECOND,
  to: to * SECOND,
  records,
  reads: records,
  isCapped: false,
  startRequests: 1,
  continueRequests: more.startRequests ?? 1,
  page: { size: PAGE, requests: 1 },
  count: () => Promise.reject(new Error('not counted')),
  ...more,
});

/** How many of the given seconds, in order, come before a time in milliseconds. */
function countBefore(seconds: readonly number[], at: number): number {
  let [low, high] = [0, seconds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((seconds[middle] as number) * SECOND < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Streams of records, each at its second and in order, and one range for each stream to begin with. */
function counted(streams: readonly (readonly number[])[], cap = Number.POSITIVE_INFINITY) {
  let counts = 0;
  const ranges = streams.map((seconds, n) => {
    const count = async ({ from, to }: { from: number; to: number }) => {
      counts++;
      const all = countBefore(seconds, to) - countBefore(seconds, from);
      const records = Math.min(cap, all);
      return { records, reads: records, isCapped: all >= cap };
    };
    const end = (seconds.at(-1) ?? 0) + 1;
    const range = rangeOf(0, end, Math.min(cap, seconds.length), { isCapped: seconds.length >= cap });
    return { ...range, stream: `s${n}`, count };
  });
  const refine = (shards: number, fixed: number) => countHalves(ranges, all => rangesToHalve(all, fixed, shards));
  return { ranges, refine, counts: () => counts };
}

/** Many records at random, in bursts and in the quiet. */
const seconds = fc
  .array(fc.tuple(fc.nat(50_000_000), fc.integer({ min: 1, max: 4_000_000 }), fc.integer({ min: 0, max: 9_000 })), {
    maxLength: 5,
  })
  .map(bursts =>
    bursts
      .flatMap(([at, span, n]) => Array.from({ length: n }, (_, i) => at + Math.floor((i * span) / n)))
      .sort((a, b) => a - b),
  );
const streams = fc.array(seconds, { minLength: 1, maxLength: 3 });

function largestTie(seconds: readonly number[]): number {
  const ties = new Map<number, number>();
  for (const at of seconds) ties.set(at, (ties.get(at) ?? 0) + 1);
  return Math.max(0, ...ties.values());
}

describe('a split', () => {
  test('covers each range without gap or overlap, and its shards are about equal', async () => {
    await fc.assert(
      fc.asyncProperty(
        streams,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 30 }),
        async (given, shards, fixed) => {
          const world = counted(given);
          const ranges = await world.refine(shards, fixed);
          const split = splitIntoShards(ranges, fixed, shards);
          expect(split.length).toBeLessThanOrEqual(shards);
          for (const { stream, from, to } of world.ranges) {
            const parts = split.flatMap(shard => [...(shard.get(stream) ?? [])]);
            expect(union(parts)).toEqual([{ from, to }]);
            expect(parts.reduce((sum, part) => sum + part.to - part.from, 0)).toBe(to - from);
            for (const part of parts) expect([part.from % SECOND, part.to % SECOND]).toEqual([0, 0]);
          }
          const recordsOf = (set: IntervalSet, n: number) =>
            set.reduce(
              (sum, { from, to }) => sum + countBefore(given[n] ?? [], to) - countBefore(given[n] ?? [], from),
              0,
            );
          const requests = split.map((shard, i) => {
            const own = ranges.map(range => {
              const inside = clamp(shard.get(range.stream) ?? [], range.from, range.to);
              // The records of one second cost more than their pages, and are not split.
              if (midpoint(range) === null) return inside.length > 0 ? requestsFor(range) : 0;
              return recordsOf(inside, Number(range.stream.slice(1))) / PAGE;
            });
            // Each stream has a page of its own to begin with, and each shard has one stream at least.
            return own.reduce((sum, each) => sum + each, 0) + Math.max(0, shard.size - 1) + (i === 0 ? fixed : 0);
          });
          const even = requests.reduce((sum, each) => sum + each, 0) / shards;
          // A second cannot be split, nor is less than a request worth a count.
          const tie = Math.max(
            ...given.map(all => largestTie(all) / PAGE),
            ...ranges.filter(range => midpoint(range) === null).map(requestsFor),
          );
          for (const each of requests.slice(fixed > even ? 1 : 0)) {
            expect(each).toBeLessThan(Math.max(even, fixed > even ? even * 2 : 0) * 1.1 + 2 * (1 + tie));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('takes few counts: some for each shard, whatever the number of records', async () => {
    const even = Array.from({ length: 200_000 }, (_, n) => n * 300);
    const skewed = Array.from({ length: 200_000 }, (_, n) => 60_000_000 - Math.floor((200_000 - n) ** 2 / 1_000));
    for (const given of [[even], [skewed], [even, skewed]]) {
      for (const shards of [1, 8, 32]) {
        const world = counted(given);
        await world.refine(shards, 0);
        expect(world.counts()).toBeLessThan(10 * shards + 20 * given.length);
      }
    }
  });

  test('does not take the cap of a search for a count', async () => {
    const world = counted([Array.from({ length: 55_000 }, (_, n) => n * 10)], 10_000);
    const ranges = await world.refine(4, 0);
    expect(ranges.reduce((sum, { records }) => sum + records, 0)).toBe(55_000);
    const ends = splitIntoShards(ranges, 0, 4).map(shard => shard.get('s0')?.[0]?.to ?? 0);
    for (const [n, end] of ends.entries()) expect(end / 1e7).toBeCloseTo((n + 1) * 13.75, 0);
  });

  test('makes no more shards than there are records or seconds to split at, and at least one', () => {
    expect(splitIntoShards([rangeOf(0, 8, 0)], 0, 4)).toEqual([new Map([['s0', [{ from: 0, to: 8 * SECOND }]]])]);
    expect(splitIntoShards([rangeOf(0, 2, 10 * PAGE)], 0, 4)).toHaveLength(2);
    expect(splitIntoShards([], 3, 4)).toEqual([new Map()]);
    expect(splitIntoShards([], 0, 4)).toEqual([new Map()]);
  });

  test('gives fewer records to a shard in which searches begin, and splits none before its first page', () => {
    const archive = rangeOf(0, 10, 0, { startRequests: 2 });
    const live = rangeOf(10, 110, 10 * PAGE, { startRequests: 8 });
    const ends = (shards: number) =>
      splitIntoShards([archive, live], 0, shards).map(part => part.get('s0')?.at(-1)?.to);
    // 18 requests: 8 to begin with, and 10 pages. A boundary that falls among the 8 comes before all of them.
    expect(ends(2)).toEqual([20 * SECOND, 110 * SECOND]);
    expect(ends(4)).toEqual([10 * SECOND, 20 * SECOND, 65 * SECOND, 110 * SECOND]);
  });

  test('counts no beginning of searches that go on from the range before', () => {
    const ranges = [rangeOf(0, 50, 5 * PAGE), rangeOf(50, 100, 5 * PAGE, { startRequests: 100, continueRequests: 0 })];
    expect(splitIntoShards(ranges, 0, 2).map(shard => shard.get('s0'))).toEqual([
      [{ from: 0, to: 50 * SECOND }],
      [{ from: 50 * SECOND, to: 100 * SECOND }],
    ]);
  });

  test('gives the first shard nothing else where what cannot be split is more than its share', () => {
    const shards = splitIntoShards([rangeOf(0, 100, 10 * PAGE)], 100, 3).map(shard => shard.get('s0') ?? []);
    expect(shards).toEqual([[], [{ from: 0, to: 50 * SECOND }], [{ from: 50 * SECOND, to: 100 * SECOND }]]);
  });
});

describe('two halves of a range', () => {
  const early = { records: 30, reads: 40, isCapped: false };

  const late = { records: 9, reads: 9, isCapped: false };
  const halvesOf = (range: CountableRange) => {
    const count = async ({ from }: { from: number }) => (from === range.from ? early : late);
    return countHalves([{ ...range, count }], all => (all.length === 1 ? all : []));
  };

  test('hold together what the range holds, whose searches go on from the first half to the second', async () => {
    const range = rangeOf(0, 10, 100, { reads: 110 });
    expect(await halvesOf(range)).toEqual([
      { ...range, ...early, to: 5 * SECOND, count: expect.any(Function) },
      { ...range, from: 5 * SECOND, records: 70, reads: 70, continueRequests: 0, count: expect.any(Function) },
    ]);
  });

  test('hold what was counted where the whole was not, and never less than nothing', async () => {
    expect((await halvesOf(rangeOf(0, 10, 10, { isCapped: true })))[1]).toMatchObject(late);
    expect((await halvesOf(rangeOf(0, 10, 10)))[1]).toMatchObject({ records: 0, reads: 0 });
  });
});
