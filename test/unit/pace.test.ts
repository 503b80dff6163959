// 80 requests a minute that create something, 500 an hour: never more, and not much less.
import { expect, test } from 'vitest';
import { waitFor } from '../../src/github/content-limit.ts';

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
