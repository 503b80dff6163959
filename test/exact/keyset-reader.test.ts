/**
 * The keyset reader and the live-and-archive reader against a search that fits in a test: whatever the data, the order, the
 * precision and the limits, every record of the window is committed once, and reading ends.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import { union } from '../../src/sync/intervals.ts';
import { cases } from '../forms.ts';
import { type Lie, type ReadSlices, readSlices, type Tiny, type TinyOptions, TinySearch } from './tiny-search.ts';

const START = Date.UTC(2026, 0, 5);
const SECONDS = 60;
const END = START + SECONDS * 1_000;

/** Records in few enough instants that ties are the rule, some of them outside of the window. */
const records = fc
  .array(
    fc.record({
      at: fc.oneof(
        fc.integer({ min: START - 2_000, max: END + 2_000 }),
        fc.integer({ min: 0, max: SECONDS }).map(n => START + n * 1_000),
        fc.integer({ min: 0, max: 12 }).map(n => START + 17_000 + n * 250),
        fc.constantFrom(START - 1, START, START + 1, START + 30_000, START + 30_001, END - 1, END),
      ),
      created: fc.integer({ min: 1, max: 200 }).map(n => START - n * 1_000),
      times: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 24 })),
    }),
    { maxLength: 60 },
  )
  .map(groups =>
    groups.flatMap(({ at, created, times }, group) =>
      Array.from({ length: times }, (_, n): Tiny => ({ id: `r${group}-${n}`, at, created: created - n * 700 })),
    ),
  );

/** The ways in which a search may not tell milliseconds apart. */
const precisions: readonly Pick<TinyOptions, 'requested' | 'stored' | 'sorted'>[] = [
  { requested: 1, stored: 1 },
  { requested: 1_000, stored: 1 },
  { requested: 1_000, stored: 1_000 },
  { requested: 1_000, stored: 1, sorted: 1 },
  { requested: 1, stored: 1, sorted: 1_000 },
  { requested: 1, stored: 1_000, sorted: 1_000 },
  { requested: 1, stored: 1_000, sorted: 1 },
];
const options = fc
  .record({
    // The larger ones hold enough instants for a page to be in order by more than chance.
    size: fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 3, max: 7 }) }, fc.integer({ min: 14, max: 24 })),
    precision: fc.constantFrom(...precisions),
    order: fc.constantFrom<('stable' | 'unstable')[]>('stable', 'unstable'),
    seed: fc.nat(),
  })
  .map(({ precision, ...rest }) => ({ ...rest, ...precision }));
/** Not on a whole second, now and then: a start date may have milliseconds. */
const from = fc.constantFrom(START, START + 1, START + 17_250, START + 29_999, START + 30_001, END - 999);
const splits = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }).map(each => new Set(each));
const FEWER = process.env.FEWER_CASES === undefined ? cases(1) : 0.1;
const check = <T>(property: fc.IRawProperty<T>, most = 600) => fc.assert(property, { numRuns: most * FEWER, seed: 42 });

const inside = (all: readonly Tiny[], from: number, to: number) => all.filter(({ at }) => at >= from && at < to);
const names = (all: readonly { id: string; at: number }[]) => all.map(({ id, at }) => `${id} ${at}`).sort();
const committed = ({ committed }: ReadSlices) => names(committed.map(({ at, resource: { id } }) => ({ id, at })));

describe('every record of a window is committed once', () => {
  test('in one slice or in many', () => {
    check(
      fc.property(records, options, from, splits, (all, given, from, splitsAt) => {
        const search = new TinySearch(all, given);
        const result = readSlices(search, { from, to: END }, 'live', { splitsAt });
        expect(committed(result)).toEqual(names(inside(all, from, END)));
        expect(union(result.synced)).toEqual([{ from, to: END }]);
        // Every boundary is a whole second, which means the same to every search.
        for (const { to } of result.slices) expect(to % 1_000).toBe(0);
      }),
      1_500,
    );
  });

  test('also where a second holds more records than a page, each at a time of its own or not', () => {
    const times = fc.array(fc.integer({ min: 0, max: 2_500 }), { minLength: 20, maxLength: 160 });
    check(
      fc.property(times, options, from, splits, (times, given, from, splitsAt) => {
        const all = times.map((at, n): Tiny => ({ id: `c${n}`, at: START + 29_500 + at, created: START - n * 700 }));
        const search = new TinySearch(all, given);
        const result = readSlices(search, { from, to: END }, 'live', { splitsAt });
        expect(committed(result)).toEqual(names(inside(all, from, END)));
      }),
    );
  });

  test('also where the two searches overlap, meet, or leave a gap', () => {
    check(
      fc.property(records, options, splits, fc.integer({ min: -5, max: 60 }), (all, given, splitsAt, overlap) => {
        const live = START + 30_000;
        const horizon = { live, archive: live + overlap * 1_000 };
        const shown = all.filter(({ at }) => at >= horizon.live || at < horizon.archive);
        const search = new TinySearch(all, { ...given, horizon });
        const result = readSlices(search, { from: START, to: END }, 'both', { splitsAt });
        expect(committed(result)).toEqual(names(inside(shown, START, END)));
        expect(union(result.synced)).toEqual([{ from: START, to: END }]);
      }),
    );
  });

  test('also when a record moves from the live to the archive index between two requests', () => {
    check(
      fc.property(records, options, fc.integer({ min: 0, max: 4_000 }), (all, given, step) => {
        const horizon = { live: START + 10_000, archive: START + 10_000 };
        const search = new TinySearch(all, {
          ...given,
          horizon,
          before: () => {
            horizon.live += step;
            horizon.archive += step;
          },
        });
        const result = readSlices(search, { from: START, to: END }, 'both');
        expect(committed(result)).toEqual(names(inside(all, START, END)));
      }),
    );
  });

  test('wherever the plan takes the search horizon to be, and however long the archive is', () => {
    const plan = { live: START + 20_000, archive: START + 40_000 };
    const edge = fc.integer({ min: 5, max: 40 }).map(second => START + second * 1_000);
    const old = fc.constantFrom(0, 40, 150);
    const step = fc.constantFrom(0, 0, 700, 2_000);
    let delegated = 0;
    check(
      fc.property(records, old, options, splits, edge, step, (some, old, given, splitsAt, edge, step) => {
        const at = (n: number) => START + 500 + ((n * 137) % 25_000);
        const all = [...some, ...Array.from({ length: old }, (_, n) => ({ id: `o${n}`, at: at(n), created: n * 700 }))];
        // What the live index loses the archive has. It loses nothing that is younger than the plan allows for.
        const horizon = { live: edge, archive: edge };
        const search = new TinySearch(all, {
          ...given,
          horizon,
          before: () => {
            horizon.live = horizon.archive = Math.min(plan.archive, horizon.live + step);
          },
        });
        const result = readSlices(search, { from: START, to: END }, 'both', { splitsAt, horizon: plan });
        expect(committed(result)).toEqual(names(inside(all, START, END)));
        expect(union(result.synced)).toEqual([{ from: START, to: END }]);
        if (result.slices.some(({ to }) => to === plan.live)) delegated++;
      }),
    );
    expect(delegated).toBeGreaterThan(20 * FEWER);
  });

  test('while records are updated: each that stays once, each that moves at most once, and nothing else', () => {
    check(
      fc.property(records, options, splits, fc.integer({ min: 0, max: 3 }), (all, given, splitsAt, share) => {
        const moved = new Set<string>();
        let turn = given.seed;
        const search = new TinySearch(all, {
          ...given,
          before: (request, _search, records) => {
            if (request > 60) return;
            const here = [...records.values()].filter(({ at }) => at >= START && at < END);
            for (let n = 0; n < share && here.length > 0; n++) {
              turn = (turn * 7 + 3) % 1_000_003;
              const one = here[turn % here.length] as Tiny;
              moved.add(one.id);
              one.at = END + 10_000 + request;
            }
          },
        });
        const result = readSlices(search, { from: START, to: END }, 'live', { splitsAt });
        const ids = committed(result);
        expect(new Set(ids).size).toBe(ids.length);
        const all_ = names(inside(all, START, END));
        expect(ids.filter(id => !all_.includes(id))).toEqual([]);
        const stayed = names(inside(all, START, END).filter(({ id }) => !moved.has(id)));
        expect(stayed.filter(id => !ids.includes(id))).toEqual([]);
      }),
    );
  });

  test('where no more than 100 pages of a result are given', () => {
    check(
      fc.property(options, fc.integer({ min: 290, max: 700 }), fc.integer({ min: 0, max: 30 }), (given, n, other) => {
        const all = Array.from(
          { length: n },
          (_, i): Tiny => ({ id: `t${i}`, at: START + 5_123, created: START - i * 1_500 }),
        );
        for (let i = 0; i < other; i++) all.push({ id: `o${i}`, at: START + i * 1_777, created: START });
        const search = new TinySearch(all, { ...given, maxRecords: 100 * given.size });
        const result = readSlices(search, { from: START, to: END }, 'live', { maxRequests: 20_000 });
        expect(committed(result)).toEqual(names(inside(all, START, END)));
        for (const { page } of search.requests) expect(page).toBeLessThanOrEqual(100);
      }),
      20,
    );
  });
});

describe('a search without totals', () => {
  test('is read completely, or refused', () => {
    check(
      fc.property(records, options, (all, given) => {
        const search = new TinySearch(all, { ...given, totals: false });
        exactOrRefused(search, all);
      }),
    );
  });

  test('that times out once is asked again', () => {
    check(
      fc.property(records, options, fc.integer({ min: 1, max: 3 }), (all, given, nth) => {
        const lie = (request: number) => (request === nth ? ('timed-out-empty' as const) : undefined);
        exactOrRefused(new TinySearch(all, { ...given, totals: false, lie }), all);
      }),
    );
  });
});

const LIES: readonly Lie[] = [
  'timed-out',
  'timed-out-empty',
  'total-high',
  'total-low',
  'unsorted',
  'short-end',
  'short-middle',
  'out-of-window',
  'page-1',
  'empty',
];

/** Reads the window. An error is fine, a wrong result is not. */
function exactOrRefused(
  search: TinySearch,
  all: readonly Tiny[],
  splitsAt: ReadonlySet<number> = new Set(),
): 'exact' | 'refused' {
  try {
    const result = readSlices(search, { from: START, to: END }, 'live', { splitsAt });
    expect(committed(result)).toEqual(names(inside(all, START, END)));
    return 'exact';
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    expect(error.kind).toBe('inconsistent');
    expect(error.what).toMatch(/2026-01-05T00:0\d:\d\d\.\d{3}Z/);
    return 'refused';
  }
}

describe('an answer that is wrong once does no harm', () => {
  test.each(LIES)('%s', lie => {
    check(
      fc.property(records, options, fc.integer({ min: 1, max: 12 }), splits, (all, given, nth, splitsAt) => {
        const size = lie === 'unsorted' ? given.size + 20 : given.size;
        const search = new TinySearch(all, { ...given, size, lie: request => (request === nth ? lie : undefined) });
        expect(exactOrRefused(search, all, splitsAt)).toBe('exact');
      }),
    );
  });
});

test('pages for which nobody asked an order are not taken for the first ones, however sorted they look', () => {
  check(
    fc.property(records, options, splits, (all, given, splitsAt) => {
      const search = new TinySearch(all, { ...given, isUnordered: true });
      const result = readSlices(search, { from: START, to: END }, 'live', { splitsAt });
      expect(committed(result)).toEqual(names(inside(all, START, END)));
    }),
  );
});

describe('answers that are always wrong are seen through or refused, and soon', () => {
  test.each(LIES)('%s', lie => {
    check(
      fc.property(records, options, fc.integer({ min: 1, max: 12 }), (all, given, from) => {
        // Of a few records any order is the right one now and then.
        const size = lie === 'unsorted' ? given.size + 20 : given.size;
        const search = new TinySearch(all, { ...given, size, lie: request => (request >= from ? lie : undefined) });
        exactOrRefused(search, all);
      }),
    );
  });
});

test('a record whose date cannot be read is in the window that begins within its second', () => {
  for (const others of [[], [17_100, 30_000]]) {
    const all = [17_900, ...others].map((at): Tiny => ({ id: `r${at}`, at: START + at, created: START }));
    const search = new TinySearch(all, { size: 5, lie: () => 'undated' });
    const { committed } = readSlices(search, { from: START + 17_250, to: END }, 'live');
    expect(committed.map(({ resource }) => resource.id)).toContain('r17900');
  }
});

test('records whose date cannot be read are committed once, beside their neighbors', () => {
  check(
    fc.property(records, options, (all, given) => {
      const precise = { requested: 1, stored: 1, sorted: 1 } as const;
      const search = new TinySearch(all, { ...given, ...precise, order: 'stable', lie: () => 'undated' });
      const { committed } = readSlices(search, { from: START, to: END }, 'live');
      const ids = new Set(committed.map(({ resource }) => resource.id));
      expect([...ids].sort()).toEqual(
        inside(all, START, END)
          .map(({ id }) => id)
          .sort(),
      );
    }),
  );
});
