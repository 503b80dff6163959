// A plan's arithmetic: whatever the records are like, the parts cover the window without gap or overlap, and are about
// equal; and little has to be counted for it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { perPageOf } from '../../src/shards/per-page.ts';
import {
  type CountedRange,
  halves,
  isCapped,
  midpoint,
  minutesFor,
  recordsOf,
  requestsFor,
  shardsFor,
  splitIntoShards,
  tooCoarse,
} from '../../src/shards/split.ts';
import { clamp, type IntervalSet, union } from '../../src/sync/intervals.ts';
import type { Page } from '../../src/sync/source.ts';

const SECOND = 1_000;
const PAGE = 500;

/** Streams of records, each at its second, and one stretch a stream to begin with. */
function counted(streams: readonly (readonly number[])[], cap: number) {
  let counts = 0;
  const ends = streams.map(seconds => ({
    from: 0,
    to: (seconds.reduce((most, at) => Math.max(most, at), 0) + 1) * SECOND,
  }));
  const between = (n: number, from: number, to: number) => {
    counts++;
    const all = streams[n] as readonly number[];
    return Math.min(cap, all.filter(at => at * SECOND >= from && at * SECOND < to).length);
  };
  function refine(shards: number, fixed: number): CountedRange[] {
    let stretches: CountedRange[] = ends.map((end, n) => ({
      ...end,
      stream: `s${n}`,
      counts: [between(n, end.from, end.to)],
      copies: 1,
      begins: 1,
      perPage: 1,
    }));
    for (;;) {
      const coarse = tooCoarse(stretches, { page: PAGE, fixed }, shards);
      if (coarse.length === 0) return stretches;
      stretches = stretches.flatMap(stretch => {
        const middle = coarse.includes(stretch) ? midpoint(stretch) : null;
        if (middle === null) return [stretch];
        const n = Number(stretch.stream.slice(1));
        const late = stretch.counts.some(isCapped) ? [between(n, middle, stretch.to)] : [null];
        return halves(stretch, middle, [between(n, stretch.from, middle)], late);
      });
    }
  }
  return { ends, refine, counts: () => counts };
}

/** Many records at random, in bursts and in the quiet. */
const seconds = fc
  .array(fc.tuple(fc.nat(50_000_000), fc.integer({ min: 1, max: 4_000_000 }), fc.integer({ min: 0, max: 9_000 })), {
    maxLength: 5,
  })
  .map(bursts =>
    bursts.flatMap(([at, span, n]) => Array.from({ length: n }, (_, i) => at + Math.floor((i * span) / n))),
  );
const streams = fc.array(seconds, { minLength: 1, maxLength: 3 });

describe('a cut', () => {
  test('covers each stretch without gap or overlap, and its parts are about equal', () => {
    fc.assert(
      fc.property(streams, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 30 }), (given, shards, fixed) => {
        const world = counted(given, Number.POSITIVE_INFINITY);
        const stretches = world.refine(shards, fixed);
        const parts = splitIntoShards(stretches, { page: PAGE, fixed }, shards);
        expect(parts.length).toBeLessThanOrEqual(shards);
        for (const [n, end] of world.ends.entries()) {
          const pieces = parts.flatMap(part => [...(part.get(`s${n}`) ?? [])]);
          expect(union(pieces)).toEqual(union([end]));
          expect(pieces.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(end.to - end.from);
          for (const { from, to } of pieces) expect([from % SECOND, to % SECOND]).toEqual([0, 0]);
        }
        const recordsOf = (set: IntervalSet, n: number) =>
          (given[n] ?? []).filter(at => set.some(({ from, to }) => at * SECOND >= from && at * SECOND < to)).length;
        const sizes = { page: PAGE, fixed };
        const requests = parts.map((part, i) => {
          const own = stretches.map(stretch => {
            const inside = clamp(part.get(stretch.stream) ?? [], stretch.from, stretch.to);
            // The records of one second cost more than their pages, and are not divided.
            if (midpoint(stretch) === null) return inside.length > 0 ? requestsFor(stretch, sizes) : 0;
            return recordsOf(inside, Number(stretch.stream.slice(1))) / PAGE;
          });
          // Each stream has a page of its own to begin with, and each part has one stream at least.
          return own.reduce((sum, each) => sum + each, 0) + Math.max(0, part.size - 1) + (i === 0 ? fixed : 0);
        });
        const even = requests.reduce((sum, each) => sum + each, 0) / shards;
        // A second cannot be divided, nor is less than a request worth a count.
        const seconds = stretches.filter(stretch => midpoint(stretch) === null);
        const tie = Math.max(
          ...given.map(all => largestTie(all) / PAGE),
          ...seconds.map(stretch => requestsFor(stretch, sizes)),
        );
        for (const each of requests.slice(fixed > even ? 1 : 0)) {
          expect(each).toBeLessThan(Math.max(even, fixed > even ? even * 2 : 0) * 1.1 + 2 * (1 + tie));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('takes few counts: some for each shard, whatever the number of records', () => {
    const even = Array.from({ length: 200_000 }, (_, n) => n * 300);
    const skewed = Array.from({ length: 200_000 }, (_, n) => 60_000_000 - Math.floor((200_000 - n) ** 2 / 1_000));
    for (const given of [[even], [skewed], [even, skewed]]) {
      for (const shards of [1, 8, 32]) {
        const world = counted(given, Number.POSITIVE_INFINITY);
        world.refine(shards, 0);
        expect(world.counts()).toBeLessThan(10 * shards + 20 * given.length);
      }
    }
  });

  test('does not take the cap of a search for a count', () => {
    const world = counted([Array.from({ length: 55_000 }, (_, n) => n * 10)], 10_000);
    const stretches = world.refine(4, 0);
    expect(stretches.reduce((sum, { counts }) => sum + (counts[0] as number), 0)).toBe(55_000);
    const parts = splitIntoShards(stretches, { page: PAGE, fixed: 0 }, 4).map(part => part.get('s0')?.[0]);
    for (const [n, part] of parts.entries()) expect((part?.to ?? 0) / 1e7).toBeCloseTo((n + 1) * 13.75, 0);
  });

  test('where there is nothing goes by time, and into no more parts than there are seconds', () => {
    const empty: CountedRange = {
      stream: 's0',
      from: 0,
      to: 8 * SECOND,
      counts: [0],
      copies: 1,
      begins: 1,
      perPage: 1,
    };
    expect(requestsFor({ from: 0, to: SECOND, counts: [], perPage: 1 }, { page: PAGE })).toBe(0);
    expect(splitIntoShards([empty], { page: PAGE, fixed: 0 }, 4).map(part => part.get('s0'))).toEqual(
      [0, 2, 4, 6].map(from => [{ from: from * SECOND, to: (from + 2) * SECOND }]),
    );
    expect(splitIntoShards([{ ...empty, to: 2 * SECOND }], { page: PAGE, fixed: 0 }, 4)).toHaveLength(2);
    expect(splitIntoShards([], { page: PAGE, fixed: 3 }, 4)).toEqual([new Map()]);
  });

  test('gives fewer records to a part in which searches begin, and cuts none before its first page', () => {
    const archive: CountedRange = {
      stream: 's0',
      from: 0,
      to: 10 * SECOND,
      counts: [0, 0],
      copies: 2,
      begins: 2,
      perPage: 1,
    };
    const live: CountedRange = {
      stream: 's0',
      from: 10 * SECOND,
      to: 110 * SECOND,
      counts: [10 * PAGE],
      copies: 1,
      begins: 8,
      perPage: 1,
    };
    const sizes = { page: PAGE, fixed: 0 };
    const to = (shards: number) =>
      splitIntoShards([archive, live], sizes, shards).map(part => part.get('s0')?.at(-1)?.to);
    // 18 requests: 8 to begin with and a page, and 9 pages. A border that falls among the 8 comes before all of them.
    expect(to(2)).toEqual([20 * SECOND, 110 * SECOND]);
    expect(to(4)).toEqual([10 * SECOND, 20 * SECOND, 65 * SECOND, 110 * SECOND]);
  });

  test('gives the first part nothing else where what cannot be divided is more than its share', () => {
    const stretch: CountedRange = {
      stream: 's0',
      from: 0,
      to: 100 * SECOND,
      counts: [10 * PAGE],
      copies: 1,
      begins: 1,
      perPage: 1,
    };
    const parts = splitIntoShards([stretch], { page: PAGE, fixed: 100 }, 3).map(part => part.get('s0') ?? []);
    expect(parts).toEqual([[], [{ from: 0, to: 50 * SECOND }], [{ from: 50 * SECOND, to: 100 * SECOND }]]);
  });
});

test('records that two searches may have are there once', () => {
  const of = (copies: number, ...counts: number[]) => ({ copies, counts });
  expect(recordsOf([of(1, 5, 7), of(2, 10, 8, 0, 3), of(2, 0, 4)])).toBe(12 + 13 + 4);
  expect(recordsOf([])).toBe(0);
});

describe('requests for a full page', () => {
  const page = (instants: readonly number[], size = instants.length): Page => ({
    found: instants.map((at, n) => ({ at, resource: { id: String(n), type: 'message', json: Buffer.of() } })),
    total: null,
    hasMore: true,
    size,
    timedOut: false,
  });
  const seconds = (groups: number, each: number, apart = 0) =>
    Array.from({ length: groups * each }, (_, n) => Math.floor(n / each) * SECOND + (n % each) * apart);

  test.each([
    ['no two of a second', [page(seconds(100, 1))], 1.02],
    // Half of a second on average, of twenty.
    ['five of each second', [page(seconds(20, 5))], 1 / 0.97],
    ['one page like this and one like that', [page(seconds(20, 5)), page(seconds(20, 25))], (1 / 0.97 + 1 / 0.974) / 2],
    ['so many of each second that they are of too few seconds', [page(seconds(5, 100, 10))], 2],
    ['so many of each instant', [page(seconds(5, 100))], 2],
    ['pages that are not full', [page(seconds(5, 8), 100)], 1.02],
    ['pages too small to prove their order', [page(seconds(12, 1))], 2],
    ['nothing', [], 1.02],
  ])('with %s', (_, pages, requests) => expect(perPageOf(pages)).toBeCloseTo(requests, 5));
});

function largestTie(seconds: readonly number[]): number {
  const ties = new Map<number, number>();
  for (const at of seconds) ties.set(at, (ties.get(at) ?? 0) + 1);
  return Math.max(0, ...ties.values());
}

describe('the number of shards', () => {
  const pace = {
    searchesPerMinute: 100,
    othersPerMinute: 140,
    shardsAtOnce: 1,
    mostShards: 256,
    timeBudgetMs: 330 * 60_000,
  };
  test.each([
    [0, pace, 1],
    [26_400, pace, 1],
    [26_401, pace, 2],
    [100, { ...pace, shardsAtOnce: 8 }, 8],
    [26_401, { ...pace, shardsAtOnce: 8 }, 16],
    [1_000, { ...pace, timeBudgetMs: 60_000 }, 13],
    // A matrix takes so many, and they are enough: that the last of them are fewer at once is no reason to refuse.
    [2_640 * 251, { ...pace, shardsAtOnce: 10 }, 256],
    [264 * 256, { ...pace, shardsAtOnce: 100 }, 256],
    [264 * 257, { ...pace, shardsAtOnce: 100 }, 257],
  ])('for %d requests', (requests, given, shards) => expect(shardsFor(requests, given)).toBe(shards));
});

test.each([
  [1_000, 0, 1, 140, 10],
  [0, 700, 1, 140, 5],
  // Side by side, and the lists are one shard's.
  [1_000, 700, 1, 140, 10],
  [1_000, 700, 4, 140, 20],
  // From one budget.
  [1_000, 700, 4, 0, 17],
  [100, 0, 3, 140, 100 / 99],
])(
  '%d searches and %d requests of lists, %d shards at once',
  (searches, others, shardsAtOnce, othersPerMinute, minutes) => {
    const pace = { searchesPerMinute: 100, othersPerMinute, shardsAtOnce, mostShards: 256, timeBudgetMs: 60_000 };
    expect(minutesFor(searches, others, pace)).toBe(minutes);
  },
);
