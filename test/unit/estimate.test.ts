// What ranges take to read: requests, and from them the number of shards and the minutes.
import { describe, expect, test } from 'vitest';
import {
  bytesPerRecord,
  type CountedRange,
  midpoint,
  minutesFor,
  pageCostOf,
  requestsFor,
  shardsFor,
  startRequestsFor,
} from '../../src/shards/estimate.ts';
import type { Page } from '../../src/sync/source.ts';

const SECOND = 1_000;

describe('the midpoint of a range', () => {
  test.each([
    [0, 2 * SECOND, SECOND],
    [0, 5 * SECOND, 2 * SECOND],
    [500, 2_500, SECOND],
    [0, SECOND, null],
    [500, SECOND, null],
  ])('from %d to %d is %s', (from, to, middle) => expect(midpoint({ from, to })).toBe(middle));
});

describe('requests', () => {
  const page = { size: 100, requests: 1.2 };
  test('are those of its pages, and more for a second that holds more than a page', () => {
    const from = 0;
    expect(requestsFor({ from, to: 9 * SECOND, reads: 1_000, page })).toBeCloseTo(12, 9);
    expect(requestsFor({ from, to: SECOND, reads: 1_000, page })).toBeCloseTo(14, 9);
    expect(requestsFor({ from, to: SECOND, reads: 100, page })).toBeCloseTo(1.2, 9);
    expect(requestsFor({ from, to: SECOND, reads: 0, page })).toBe(0);
  });

  test('with which somebody begins are those of each range that does not go on from the one before', () => {
    const range = { startRequests: 2, continueRequests: 2 } as CountedRange;
    const next = { startRequests: 2, continueRequests: 0 } as CountedRange;
    expect(startRequestsFor([])).toBe(0);
    expect(startRequestsFor([range, next, range])).toBe(4);
    expect(startRequestsFor([next, next])).toBe(2);
  });
});

describe('what a page costs', () => {
  const page = (instants: readonly number[], size = instants.length): Page => ({
    found: instants.map((at, n) => ({ at, resource: { id: String(n), type: 'message', json: Buffer.of() } })),
    total: null,
    hasMore: true,
    size,
    timedOut: false,
  });
  const seconds = (groups: number, each: number) =>
    Array.from({ length: groups * each }, (_, n) => Math.floor(n / each) * SECOND);

  test.each([
    ['no two of a second', [page(seconds(100, 1))], 1 / 0.995],
    // Half of a second on average, of twenty.
    ['five of each second', [page(seconds(20, 5))], 1 / 0.975],
    ['one page like this and one like that', [page(seconds(20, 5)), page(seconds(50, 1))], (1 / 0.975 + 1 / 0.99) / 2],
    ['too few seconds to prove the order', [page(seconds(5, 100))], 2],
    ['pages that are not full', [page(seconds(5, 8), 100)], 1],
    ['pages too small to prove their order', [page(seconds(12, 1))], 2],
    ['nothing', [], 1],
  ])('with %s', (_, pages, requests) => expect(pageCostOf(pages).requests).toBeCloseTo(requests, 5));

  test('is for the size that the pages have', () => {
    expect(pageCostOf([]).size).toBe(500);
    expect(pageCostOf([page([0], 100), page([0], 250)]).size).toBe(100);
  });
});

test('the bytes of a record are those of its lines, compressed where the files are', () => {
  const json = (n: number) => Buffer.from(`{"id":"${n}","type":"tag","attributes":{"name":"${'x'.repeat(50)}"}}`);
  const samples = Array.from({ length: 10 }, (_, n) => ({ id: String(n), type: 'tag', json: json(n) }));
  expect(bytesPerRecord([], { recordFormat: 'raw', compression: 'gzip' })).toBe(0);
  expect(bytesPerRecord(samples, { recordFormat: 'raw', compression: 'none' })).toBe(json(0).length + 1);
  expect(bytesPerRecord(samples, { recordFormat: 'raw', compression: 'gzip' })).toBeLessThan(20);
});

describe('the number of shards', () => {
  const budgets = {
    searchesPerMinute: 100,
    othersPerMinute: 140,
    shardsAtOnce: 1,
    mostShards: 256,
    timeBudgetMs: 330 * 60_000,
    maxBytes: 8e9,
  };
  test.each([
    [0, budgets, 1],
    [26_400, budgets, 1],
    [26_401, budgets, 2],
    [100, { ...budgets, shardsAtOnce: 8 }, 8],
    [26_401, { ...budgets, shardsAtOnce: 8 }, 16],
    [1_000, { ...budgets, timeBudgetMs: 60_000 }, 13],
    // A matrix takes 256 shards, and they are enough: that the last of them are fewer at once is no reason to refuse.
    [2_640 * 251, { ...budgets, shardsAtOnce: 10 }, 256],
    [264 * 256, { ...budgets, shardsAtOnce: 100 }, 256],
    [264 * 257, { ...budgets, shardsAtOnce: 100 }, 257],
  ])('for %d requests', (requests, given, shards) => expect(shardsFor(requests, given)).toBe(shards));

  const large = { requests: 1_000, bytes: 12.8e9 };
  const small = { requests: 9_000, bytes: 9e9 };
  test.each([
    ['that fit onto the disk of one job', 1_000, [{ requests: 1_000, bytes: 6.4e9 }], budgets, 1],
    ['that do not', 1_000, [{ requests: 1_000, bytes: 6.5e9 }], budgets, 2],
    // A shard has an even part of the requests, and they may all be those of the large records.
    ['of two streams, with the large records in one shard', 10_000, [small, large], budgets, 20],
    ['side by side', 1_000, [large], { ...budgets, shardsAtOnce: 4 }, 4],
    [
      'of a stream without records',
      1_000,
      [
        { requests: 0, bytes: 0 },
        { requests: 1_000, bytes: 1 },
      ],
      budgets,
      1,
    ],
    ['too many for a matrix', 1_000, [{ requests: 1_000, bytes: 1e14 }], budgets, 257],
  ])('for bytes %s', (_, requests, loads, given, shards) => expect(shardsFor(requests, given, loads)).toBe(shards));
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
    const most = { mostShards: 256, timeBudgetMs: 60_000, maxBytes: 8e9 };
    const budgets = { searchesPerMinute: 100, othersPerMinute, shardsAtOnce, ...most };
    expect(minutesFor(searches, others, budgets)).toBe(minutes);
  },
);
