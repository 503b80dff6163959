// 80 requests a minute that create something, 500 an hour: never more, and not much less.
import { expect, test } from 'vitest';
import { openContentLimit, waitFor } from '../../src/github/content-limit.ts';

test('no minute has more than 80 and no hour more than 500', () => {
  const times: number[] = [];
  let now = 0;
  while (now < 3 * 3_600_000) {
    now += waitFor(times, now);
    times.push(now);
    now += 200;
  }
  const most = (within: number) =>
    Math.max(...times.map((from, n) => times.slice(n).findIndex(at => at >= from + within)).filter(n => n > 0));
  expect(most(60_000)).toBeLessThanOrEqual(80);
  expect(most(60_000)).toBeGreaterThan(70);
  expect(most(3_600_000)).toBeLessThanOrEqual(500);
  expect(most(3_600_000)).toBeGreaterThan(450);
});

test('requests side by side do not get the same time', async () => {
  const waits: number[] = [];
  const reserve = openContentLimit(ms => waits.push(ms));
  const reserved = Array.from({ length: 152 }, () => reserve());
  await Promise.all(reserved.slice(0, 75));
  // Of the others, 75 wait for the first minute to end and two for the second.
  expect(waits.filter(ms => ms > 59_000 && ms <= 60_000)).toHaveLength(75);
  expect(waits.filter(ms => ms > 119_000 && ms <= 120_000)).toHaveLength(2);
  expect(waits).toHaveLength(77);
});
