// The budgets: strict sliding windows, a pause for everybody, a pace that comes back. A minute lasts a second here.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { type Budget, openBudget, type Purpose } from '../../src/kustomer/budget.ts';

const MINUTE = 1_000;
let stop = new AbortController();

afterEach(() => {
  stop.abort(new Error('over'));
  stop = new AbortController();
});

const open = (searches: number, all: number | null) => openBudget(searches, all, stop.signal, MINUTE);

/** Takes places with some callers side by side for so long; when each of them was given. */
async function take(budget: Budget, purpose: Purpose, forMs: number, callers = 4): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + forMs;
  const caller = async () => {
    while (performance.now() < end) {
      await budget.place(purpose);
      if (performance.now() < end) times.push(performance.now());
    }
  };
  await Promise.race([Promise.all(Array.from({ length: callers }, caller)), sleep(forMs)]);
  return times;
}

/** A little less than a minute: what is seen here is when a caller got to run, not when it was let go. */
function busiest(times: readonly number[], ms = MINUTE * 0.93): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.map((from, n) => sorted.slice(n).filter(at => at - from < ms).length));
}

describe('a window', () => {
  test.each([1, 7, 100])('of %i never holds more, and is used', async limit => {
    const times = await take(open(limit, 10_000), 'search', 3_500);
    expect(busiest(times)).toBeLessThanOrEqual(limit);
    expect(times.length).toBeGreaterThanOrEqual(limit * 3);
  });

  test.each([
    [40, 60],
    [60, 40],
    [50, 50],
    [100, 101],
    [5, 1],
  ])('of %i searches in %i requests holds for both together', async (searches, all) => {
    const budget = open(searches, all);
    const [some, others] = await Promise.all([take(budget, 'search', 3_200), take(budget, 'other', 3_200)]);
    expect(busiest(some)).toBeLessThanOrEqual(Math.min(searches, all));
    expect(busiest([...some, ...others])).toBeLessThanOrEqual(all);
    expect(some.length + others.length).toBeGreaterThanOrEqual(all * 2.5);
    if (all > 1) expect(Math.min(some.length, others.length)).toBeGreaterThan(0);
  });
});

describe('what the API says of its limit', () => {
  test('is taken 80 % of, from the first answer on, and what was spent before counts', async () => {
    const budget = open(10, null);
    const before = await take(budget, 'other', 100);
    budget.answered('other', 400, 399 - before.length);
    const after = await take(budget, 'other', 2_500);
    expect(busiest([...before, ...after])).toBeLessThanOrEqual(320);
    expect(after.length).toBeGreaterThan(310);
  });

  test('changes nothing where the budget is given', async () => {
    const budget = open(10, 50);
    budget.answered('other', 1_000, 999);
    expect(busiest(await take(budget, 'other', 1_500))).toBeLessThanOrEqual(40);
  });

  test('on a search is not believed when it is lower than any organisation has', async () => {
    const budget = open(10, null);
    budget.answered('search', 100, 99);
    expect((await take(budget, 'other', 500)).length).toBeGreaterThan(100);
  });
});

describe('others who use the limit', () => {
  test('are given way to when little of it remains', async () => {
    const budget = open(10, 300);
    budget.answered('other', 400, 10);
    // 30 of the 40 that are to be kept free are missing: at 400 a minute they are back after 75 ms.
    const start = performance.now();
    await budget.place('other');
    expect(performance.now() - start).toBeGreaterThan(70);
  });

  test('are not made up out of our own requests', async () => {
    const budget = open(10, 300);
    const times = await take(budget, 'other', 100);
    budget.answered('other', times.length + 1, 0);
    const start = performance.now();
    await budget.place('search');
    expect(performance.now() - start).toBeLessThan(20);
  });
});

describe('a refusal', () => {
  test('pauses everybody, those who wait for a place too, and only ever for longer', async () => {
    const budget = open(100, 1_000);
    budget.refused(600);
    budget.refused(100);
    const start = performance.now();
    await Promise.all((['search', 'other', 'search'] as const).map(purpose => budget.place(purpose)));
    expect(performance.now() - start).toBeGreaterThanOrEqual(599);
  });

  test('slows the pace to half, once for all that were refused together, and good answers bring it back', async () => {
    const budget = open(10, 110);
    for (let n = 0; n < 10; n++) budget.refused(10);
    const slow = await take(budget, 'other', 500);
    expect(slow.length).toBeGreaterThan(10);
    expect(slow.length).toBeLessThan(32);
    for (let n = 0; n < 55; n++) budget.answered('other', Number.NaN, Number.NaN);
    expect((await take(budget, 'other', 700)).length).toBeGreaterThan(40);
  });
});

test('the end of the run ends the waiting, with its reason', async () => {
  const budget = open(1, 2);
  await budget.place('search');
  const waiting = budget.place('search');
  const behind = budget.place('search');
  const reason = new Error('cancelled');
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(behind).rejects.toBe(reason);
  await expect(budget.place('other')).rejects.toBe(reason);
});
