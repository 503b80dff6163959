// The short form of `npm run backfill`: many jobs, records that go as soon as they are tallied, memory that does not grow.
import { expect, test } from 'vitest';
import { backfill } from '../../bench/backfill.ts';

test('a backfill gives exactly the truth, over shards one of which is killed, and in one chain of runs', async () => {
  const { problems, estimate, counting, requests, runs, chainRequests, peakMB } = await backfill({
    records: 60_000,
    shards: 3,
    atOnce: 2,
    timeBudget: '1s',
    say: () => {},
  });
  expect(problems).toEqual([]);
  const sum = requests.reduce((a, b) => a + b, 0);
  expect(sum / estimate.requests).toBeGreaterThan(0.85);
  expect(sum / estimate.requests).toBeLessThan(1.15);
  expect(Math.max(...requests) / Math.min(...requests)).toBeLessThan(1.2);
  expect(counting).toBeLessThan(100);
  expect(runs).toBeGreaterThan(2);
  // Each run of the chain has slices of its own to begin and to end, and a list of notes; a slow machine makes more runs.
  expect((chainRequests - sum) / runs).toBeLessThan(25);
  expect(peakMB).toBeLessThan(200);
}, 180_000);
