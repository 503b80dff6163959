// The rate budgets: strict sliding windows, a pause for all requests, a speed that recovers. A minute lasts a second.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Budget, openBudget, type Purpose } from '../../src/kustomer/budget.ts';

const MINUTE = 1_000;
/** For what must hold exactly: the budget allows for timers that fire late, by a sixtieth of a minute. */
const LONG_MINUTE = 4_000;
let stop = new AbortController();

afterEach(() => {
  stop.abort(new Error('over'));
  stop = new AbortController();
});

const open = (searches: number, all: number | null) => openBudget(searches, all, stop.signal, { minuteMs: MINUTE });

/** Acquires with several callers at once, for `forMs` milliseconds. Returns when each request could start. */
async function take(budget: Budget, purpose: Purpose, forMs: number, callers = 4): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + forMs;
  const caller = async () => {
    while (performance.now() < end) {
      await budget.acquire(purpose);
      if (performance.now() < end) times.push(performance.now());
    }
  };
  await Promise.race([Promise.all(Array.from({ length: callers }, caller)), sleep(forMs)]);
  return times;
}

/** The most starts in any `ms` milliseconds. */
function busiest(times: readonly number[], ms: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.map((from, n) => sorted.slice(n).filter(at => at - from < ms).length));
}

/** Returns a function that tells by how many ms, at worst, timers have fired late: the machine may be busy. */
function watchTimers() {
  let worst = 0;
  let due = performance.now() + 5;
  const timer = setInterval(() => {
    worst = Math.max(worst, performance.now() - due);
    due = performance.now() + 5;
  }, 5);
  return () => {
    clearInterval(timer);
    return Math.max(worst, performance.now() - due);
  };
}

describe.concurrent('a window', () => {
  const ended = new AbortController();
  afterAll(() => ended.abort(new Error('over')));
  const openLong = (searches: number, all: number) =>
    openBudget(searches, all, ended.signal, { minuteMs: LONG_MINUTE });

  test.each([1, 7, 100])(
    'of %i never has more starts, and is used up',
    async limit => {
      const late = watchTimers();
      const times = await take(openLong(limit, 10_000), 'search', 3.5 * LONG_MINUTE);
      expect(busiest(times, LONG_MINUTE - late())).toBeLessThanOrEqual(limit);
      expect(times.length).toBeGreaterThanOrEqual(limit * 3);
    },
    30_000,
  );

  test.each([
    [40, 60],
    [60, 40],
    [50, 50],
    [100, 101],
    [5, 1],
  ])(
    'of %i searches and %i requests holds for both together',
    async (searches, all) => {
      const late = watchTimers();
      const budget = openLong(searches, all);
      const during = 3.2 * LONG_MINUTE;
      const [some, others] = await Promise.all([take(budget, 'search', during), take(budget, 'other', during)]);
      const minute = LONG_MINUTE - late();
      expect(busiest(some, minute)).toBeLessThanOrEqual(Math.min(searches, all));
      expect(busiest([...some, ...others], minute)).toBeLessThanOrEqual(all);
      expect(some.length + others.length).toBeGreaterThanOrEqual(all * 2.9);
      if (all > 1) expect(Math.min(some.length, others.length)).toBeGreaterThan(0);
    },
    30_000,
  );
});

describe('a budget shared by several runs', () => {
  test.each([
    [40, 4],
    [41, 4],
    [21, 7],
    [30, 1],
  ])(
    'of %i is never exceeded by %i of them together, even when one ends and another begins',
    async (limit, sharedBy) => {
      const late = watchTimers();
      const times: number[] = [];
      const job = async () => {
        // Runs of different lengths, each right after the one before.
        for (const runMs of [900, 150, 700, 300, 1_000]) {
          const budget = openBudget(limit, 10_000, stop.signal, { sharedBy, isEven: true, minuteMs: MINUTE });
          times.push(...(await take(budget, 'search', runMs)));
        }
      };
      await Promise.all(Array.from({ length: sharedBy }, job));
      expect(busiest(times, MINUTE - late())).toBeLessThanOrEqual(limit);
      // A run that ends early loses what it has not used.
      expect(times.length).toBeGreaterThan(limit * 1.2);
    },
  );

  test('gives each run its share of all requests, whether the limit is given or learned', async () => {
    const late = watchTimers();
    const budget = openBudget(1_000, 40, stop.signal, { sharedBy: 4, minuteMs: MINUTE });
    expect((await take(budget, 'other', 1_500)).length).toBeLessThanOrEqual(15);
    const learning = openBudget(1_000, null, stop.signal, { sharedBy: 4, minuteMs: MINUTE });
    // Lower than any that is sold, so that it takes two responses.
    for (const remaining of [50, 49]) learning.answered('other', 50, remaining);
    const [some, others] = await Promise.all([take(learning, 'search', 2_000), take(learning, 'other', 2_000)]);
    expect(busiest([...some, ...others], MINUTE - late())).toBeLessThanOrEqual(10);
    expect(some.length + others.length).toBeGreaterThan(14);
  });
});

describe('the limit in a response', () => {
  test('is used to 80 %, from the first response on, and earlier starts count', async () => {
    const late = watchTimers();
    const budget = open(10, null);
    const before = await take(budget, 'other', 100);
    budget.answered('other', 400, 399 - before.length);
    const after = await take(budget, 'other', 2_500);
    expect(busiest([...before, ...after], MINUTE - late())).toBeLessThanOrEqual(320);
    expect(after.length).toBeGreaterThan(310);
  });

  test('changes nothing when the budget is given', async () => {
    const budget = open(10, 50);
    const late = watchTimers();
    budget.answered('other', 1_000, 999);
    const times = await take(budget, 'other', 1_500);
    expect(busiest(times, MINUTE - late())).toBeLessThanOrEqual(40);
  });

  test('lower than any that is sold counts when two responses in a row have it', async () => {
    const budget = open(10, null);
    for (const limit of [1, 1_000, 1]) budget.answered('other', limit, Number.NaN);
    expect((await take(budget, 'other', 500)).length).toBeGreaterThan(100);
    budget.answered('other', 1, Number.NaN);
    expect((await take(budget, 'other', 1_500)).length).toBeLessThanOrEqual(2);
  });

  test('to a search is not that of all requests when it is lower than any organization has', async () => {
    const budget = open(10, null);
    budget.answered('search', 100, 99);
    expect((await take(budget, 'other', 500)).length).toBeGreaterThan(100);
  });
});

describe('other clients', () => {
  test.each([
    ['have been there for long', true],
    ['start when we start', false],
  ])('never find the limit used up, whether they %s', async (_, early) => {
    const minuteMs = LONG_MINUTE;
    const limit = 300;
    const gap = minuteMs / (0.3 * limit);
    const starts: number[] = [];
    const start = performance.now();
    const used = (now: number) => starts.filter(at => at > now - minuteMs).length;
    if (early) for (let at = start - minuteMs; at < start; at += gap) starts.push(at);
    const budget = openBudget(0.8 * limit, limit, stop.signal, { minuteMs });
    let most = 0;
    let over = false;
    const others = async () => {
      for (let n = 1; !over; n++) {
        await sleep(Math.max(0, start + n * gap - performance.now()));
        most = Math.max(most, used(performance.now()));
        starts.push(performance.now());
      }
    };
    const ours = async () => {
      while (performance.now() < start + 2.5 * minuteMs) {
        await budget.acquire('search');
        starts.push(performance.now());
        budget.answered('search', limit, Math.max(0, limit - used(performance.now())));
      }
    };
    const running = others();
    await Promise.all([ours(), ours()]);
    over = true;
    await running;
    expect(most).toBeLessThan(limit);
  });

  test.each([
    [1_000, 300, 'other'],
    [1_000, 100, 'search'],
    [300, 90, 'other'],
  ] as const)('with a burst when we start hold us up for a minute at most (%i, %i)', async (limit, burst, purpose) => {
    const minuteMs = 500;
    const budget = openBudget(100, null, stop.signal, { minuteMs });
    await budget.acquire(purpose);
    budget.answered(purpose, limit, limit - 1);
    await budget.acquire(purpose);
    budget.answered(purpose, limit, limit - 2 - burst);
    const start = performance.now();
    await Promise.race([budget.acquire(purpose), sleep(4 * minuteMs)]);
    expect(performance.now() - start).toBeLessThan(2 * minuteMs);
  });

  test('get room when little of the limit remains', async () => {
    const budget = open(10, 300);
    budget.answered('other', 400, 10);
    // 40 must be kept free and 30 of them are missing: at 400 a minute, they are back after 75 ms.
    const start = performance.now();
    await budget.acquire('other');
    expect(performance.now() - start).toBeGreaterThan(70);
  });

  test('do not include our own requests', async () => {
    const budget = open(10, 300);
    const times = await take(budget, 'other', 100);
    budget.answered('other', times.length + 1, 0);
    const late = watchTimers();
    const start = performance.now();
    await budget.acquire('search');
    expect(performance.now() - start).toBeLessThan(20 + late());
  });
});

describe('a refusal', () => {
  test('pauses all requests, waiting ones too, and never shortens a pause', async () => {
    const budget = open(100, 1_000);
    budget.rateLimited(600);
    budget.rateLimited(100);
    const start = performance.now();
    await Promise.all((['search', 'other', 'search'] as const).map(purpose => budget.acquire(purpose)));
    expect(performance.now() - start).toBeGreaterThanOrEqual(599);
  });

  test('halves the speed, once for all that were refused together, and other responses restore it', async () => {
    const slowed = watchTimers();
    const budget = open(10, 110);
    for (let n = 0; n < 10; n++) budget.rateLimited(10);
    const slow = await take(budget, 'other', 500);
    // 100 a minute, at half the speed, in half a minute; on a busy machine, fewer.
    expect(slow.length).toBeLessThanOrEqual(26);
    expect(slow.length).toBeGreaterThan(15 - slowed() / 10);
    const late = watchTimers();
    for (let n = 0; n < 55; n++) budget.answered('other', Number.NaN, Number.NaN);
    expect((await take(budget, 'other', 700)).length).toBeGreaterThan(40 - late() / 10);
  });
});

describe('how long more searches take', () => {
  test('half a minute for what fits into this one, a minute for each full budget beyond that', async () => {
    const budget = open(100, 1_000);
    expect(budget.msForSearches(50)).toBe(MINUTE / 4);
    expect(budget.msForSearches(100)).toBe(MINUTE / 2);
    expect(budget.msForSearches(101)).toBeCloseTo(1.01 * MINUTE);
    await budget.acquire('search');
    expect(budget.msForSearches(100)).toBe(MINUTE);
  });

  test('the whole of a minute where all starts are even', () => {
    const even = openBudget(100, 1_000, stop.signal, { minuteMs: MINUTE, isEven: true });
    expect(even.msForSearches(50)).toBe(MINUTE / 2);
  });
});

test('all waits end with the signal, and with its reason', async () => {
  const budget = open(1, 2);
  await budget.acquire('search');
  const waiting = budget.acquire('search');
  const behind = budget.acquire('search');
  const reason = new Error('cancelled');
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(behind).rejects.toBe(reason);
  await expect(budget.acquire('other')).rejects.toBe(reason);
});
