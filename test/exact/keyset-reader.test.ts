// The walkers alone, against a search that fits in a test: whatever the data, the order, the precision and the limits,
// every record of the window is handed on once, and the walk comes to an end.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/errors.ts';
import { union } from '../../src/sync/intervals.ts';
import type { DatedRecord, Page } from '../../src/sync/source.ts';
import { readTies, splitByCreatedAt } from '../../src/sync/tie-reader.ts';
import { resourceOf } from '../world/resource.ts';
import { answer, found, type Lie, type Tiny, type TinyOptions, TinySearch, type Walked, walkAll } from './tiny.ts';

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
const precisions: readonly Pick<TinyOptions, 'ms' | 'stored' | 'sorted'>[] = [
  { ms: 1, stored: 1 },
  { ms: 1_000, stored: 1 },
  { ms: 1_000, stored: 1_000 },
  { ms: 1_000, stored: 1, sorted: 1 },
  { ms: 1, stored: 1, sorted: 1_000 },
  { ms: 1, stored: 1_000, sorted: 1_000 },
  { ms: 1, stored: 1_000, sorted: 1 },
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
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }).map(each => new Set(each));
const FEWER = process.env.FEWER_CASES === undefined ? 1 : 0.1;
const check = <T>(property: fc.IRawProperty<T>, cases = 600) =>
  fc.assert(property, { numRuns: cases * FEWER, seed: 42 });

const inside = (all: readonly Tiny[], from: number, to: number) => all.filter(({ at }) => at >= from && at < to);
const names = (all: readonly { id: string; at: number }[]) => all.map(({ id, at }) => `${id} ${at}`).sort();
const handed = ({ handed }: Walked) => names(handed.map(({ at, resource: { id } }) => ({ id, at })));

describe('a window of any data is handed on once and whole', () => {
  test('in one slice or in many', () => {
    check(
      fc.property(records, options, from, cuts, (all, given, from, cutsAt) => {
        const search = new TinySearch(all, given);
        const walked = walkAll(search, { from, to: END }, 'live', { cutsAt });
        expect(handed(walked)).toEqual(names(inside(all, from, END)));
        expect(union(walked.claims)).toEqual([{ from, to: END }]);
        // Every border is on a whole second, which means the same to every search.
        for (const { to } of walked.slices) expect(to % 1_000).toBe(0);
      }),
      1_500,
    );
  });

  test('also where a second holds more records than a page, each at a time of its own or not', () => {
    const crowd = fc.array(fc.integer({ min: 0, max: 2_500 }), { minLength: 20, maxLength: 160 });
    check(
      fc.property(crowd, options, from, cuts, (times, given, from, cutsAt) => {
        const all = times.map((at, n): Tiny => ({ id: `c${n}`, at: START + 29_500 + at, created: START - n * 700 }));
        const search = new TinySearch(all, given);
        const walked = walkAll(search, { from, to: END }, 'live', { cutsAt });
        expect(handed(walked)).toEqual(names(inside(all, from, END)));
      }),
    );
  });

  test('also where the two searches overlap, meet, or leave a gap', () => {
    check(
      fc.property(records, options, cuts, fc.integer({ min: -5, max: 60 }), (all, given, cutsAt, overlap) => {
        const edge = START + 30_000;
        const horizon = { live: edge, archive: edge + overlap * 1_000 };
        const shown = all.filter(({ at }) => at >= horizon.live || at < horizon.archive);
        const search = new TinySearch(all, { ...given, horizon });
        const walked = walkAll(search, { from: START, to: END }, 'both', { cutsAt });
        expect(handed(walked)).toEqual(names(inside(shown, START, END)));
        expect(union(walked.claims)).toEqual([{ from: START, to: END }]);
      }),
    );
  });

  test('and a record that goes from the live search to the archive between two requests is handed on once', () => {
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
        const walked = walkAll(search, { from: START, to: END }, 'both');
        expect(handed(walked)).toEqual(names(inside(all, START, END)));
      }),
    );
  });

  test('while records are updated: each that stays once, each that goes at most once, and nothing else', () => {
    check(
      fc.property(records, options, cuts, fc.integer({ min: 0, max: 3 }), (all, given, cutsAt, share) => {
        const moved = new Set<string>();
        let turn = given.seed;
        const search = new TinySearch(all, {
          ...given,
          before: (request, _ask, records) => {
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
        const walked = walkAll(search, { from: START, to: END }, 'live', { cutsAt });
        const ids = handed(walked);
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
        const search = new TinySearch(all, { ...given, reach: 100 * given.size });
        const walked = walkAll(search, { from: START, to: END }, 'live', { most: 20_000 });
        expect(handed(walked)).toEqual(names(inside(all, START, END)));
        for (const { page } of search.asked) expect(page).toBeLessThanOrEqual(100);
      }),
      20,
    );
  });
});

describe('a search that says nothing of how many there are', () => {
  test('is read whole all the same, or refused', () => {
    check(
      fc.property(records, options, (all, given) => {
        const search = new TinySearch(all, { ...given, totals: false });
        exactOrRefused(search, all);
      }),
    );
  });

  test('and is cut short for once is asked again', () => {
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
  'strangers',
  'page-1',
  'empty',
];

/** Walks it; refusing is fine as long as what is claimed by then is right. */
function exactOrRefused(
  search: TinySearch,
  all: readonly Tiny[],
  cutsAt: ReadonlySet<number> = new Set(),
): 'exact' | 'refused' {
  const walked = { handed: [] as string[], until: START };
  try {
    const whole = walkAll(search, { from: START, to: END }, 'live', { cutsAt });
    walked.handed = handed(whole);
    expect(walked.handed).toEqual(names(inside(all, START, END)));
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
      fc.property(records, options, fc.integer({ min: 1, max: 12 }), cuts, (all, given, nth, cutsAt) => {
        const size = lie === 'unsorted' ? given.size + 20 : given.size;
        const search = new TinySearch(all, { ...given, size, lie: request => (request === nth ? lie : undefined) });
        expect(exactOrRefused(search, all, cutsAt)).toBe('exact');
      }),
    );
  });
});

describe('answers that are wrong for ever are seen through or refused, and soon', () => {
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
    const { handed } = walkAll(search, { from: START + 17_250, to: END }, 'live');
    expect(handed.map(({ resource }) => resource.id)).toContain('r17900');
  }
});

test('records whose date cannot be read are handed on once, beside their neighbours', () => {
  check(
    fc.property(records, options, (all, given) => {
      const precise = { ms: 1, stored: 1, sorted: 1 } as const;
      const search = new TinySearch(all, { ...given, ...precise, order: 'stable', lie: () => 'undated' });
      const { handed } = walkAll(search, { from: START, to: END }, 'live');
      const ids = new Set(handed.map(({ resource }) => resource.id));
      expect([...ids].sort()).toEqual(
        inside(all, START, END)
          .map(({ id }) => id)
          .sort(),
      );
    }),
  );
});

describe('a small window read whole', () => {
  const tie = (n: number, spread: number): Tiny[] =>
    Array.from({ length: n }, (_, i) => ({ id: `t${i}`, at: START + 5, created: START - i * spread }));
  const window = { from: START, to: START + 1_000 };

  test('asks for the pages there are when the order stays, for one that is not full, and for the first of several again', () => {
    for (const [n, pages] of [
      [0, [1]],
      [1, [1]],
      [4, [1]],
      [5, [1, 2, 1]],
      [6, [1, 2, 1]],
      [10, [1, 2, 3, 1]],
      [11, [1, 2, 3, 1]],
    ] as const) {
      const search = new TinySearch(tie(n, 0), { size: 5 });
      expect(answer(readTies(window, 'live'), search).length).toBe(n);
      expect(search.asked.map(({ page }) => page)).toEqual(pages);
      for (const ask of search.asked) expect(ask).toMatchObject({ index: 'live', ...window, created: null });
    }
  });

  test('is cut by `created_at` when the order changes, into parts that mostly fit one page', () => {
    const search = new TinySearch(tie(60, 1_000), { size: 5, order: 'unstable' });
    expect(answer(readTies(window, 'archive'), search).length).toBe(60);
    const parts = search.asked.filter(({ created }) => created !== null);
    expect(parts.length).toBeGreaterThan(12);
    expect(parts[0]?.created?.from).toBeNull();
    expect(parts.at(-1)?.created?.to).toBeNull();
    for (const { index } of search.asked) expect(index).toBe('archive');
    // One pass, the parts at some 70 % of a page and those that came out larger again, and the count at the end.
    expect(search.asked.length).toBeLessThan(70);
  });

  test('that cannot be cut is passed over until the count is right', () => {
    const search = new TinySearch(tie(60, 0), { size: 5, order: 'unstable' });
    expect(answer(readTies(window, 'live'), search).length).toBe(60);
    // Whole passes, and the first page once more.
    expect(search.asked.length % 13).toBe(1);
  });

  test('is read again where its total was too low by as many as left it after the first page', () => {
    const search = new TinySearch(tie(12, 0), {
      size: 5,
      lie: request => (request === 1 ? 'total-low' : undefined),
      before: (request, _ask, records) => {
        if (request === 2) for (const id of ['t0', 't1']) records.delete(id);
      },
    });
    const ids = answer(readTies(window, 'live'), search).map(({ resource }) => resource.id);
    for (const { id } of tie(12, 0).slice(2)) expect(ids).toContain(id);
  });

  test('is not whole by counting a record of another time that came once', () => {
    const page = (ids: string, hasMore: boolean): Page => ({
      found: [...ids].map(id => ({
        at: id === 'X' ? window.to + 5_000 : window.from,
        resource: { id, type: 'x', json: Buffer.from('{}') },
      })),
      ...{ total: 5, hasMore, size: 4, timedOut: false },
    });
    const steps = readTies(window, 'live');
    steps.next(undefined as never);
    // In an order that changes from request to request, `e` has not been shown yet, and X does not stand in for it.
    for (const [ids, hasMore] of [
      ['abcdX', true],
      ['a', false],
      ['abcd', true],
      ['b', false],
      ['ecda', true],
      ['b', false],
    ] as const) {
      expect(steps.next(page(ids, hasMore)).done, ids).toBe(false);
    }
    const { done, value } = steps.next(page('bead', true));
    expect([
      done,
      (value as DatedRecord[])
        .map(({ resource }) => resource.id)
        .sort()
        .join(''),
    ]).toEqual([true, 'abcde']);
  });

  test('is refused when it holds more than can be reached and nothing tells the records apart', () => {
    for (const n of [500, 501, 700]) {
      const search = new TinySearch(tie(n, 0), { size: 5, reach: 500 });
      expect(() => answer(readTies(window, 'live'), search)).toThrow(
        `more records of one instant than it gives (${n})`,
      );
      // Asked a second time, since a total may be wrong for once.
      expect(search.asked.length).toBe(2);
    }
    const search = new TinySearch(tie(499, 0), { size: 5, reach: 500 });
    expect(answer(readTies(window, 'live'), search).length).toBe(499);
    expect(Math.max(...search.asked.map(({ page }) => page))).toBe(100);
  });

  test('is refused at 10,000 records, however large a page is', () => {
    const search = new TinySearch(tie(10_000, 0), { size: 500 });
    expect(() => answer(readTies(window, 'live'), search)).toThrow('(10000)');
    expect(answer(readTies(window, 'live'), new TinySearch(tie(9_999, 0), { size: 500 })).length).toBe(9_999);
  });

  test.each(['stable', 'unstable'] as const)(
    'is read to the hundredth page where that is what a search gives and nothing else helps (%s)',
    order => {
      const search = new TinySearch(tie(10_700, 0), { size: 500, order });
      const found = answer(readTies(window, 'live'), search);
      expect(new Set(found.map(({ resource }) => resource.id)).size).toBe(10_700);
      expect(found.length).toBe(10_700);
      // Two first pages that say so, 22 pages, and the first of them again.
      if (order === 'stable') expect(search.asked.length).toBe(25);
    },
  );

  test('is refused soon where a search counts more than 10,000 and gives no more than that', () => {
    const search = new TinySearch(tie(10_700, 0), { size: 500, reach: 10_000 });
    expect(() => answer(readTies(window, 'live'), search)).toThrow('than it gives (10700)');
    expect(search.asked.length).toBe(23);
  });

  test('is refused when it stays short of what it says, after a bounded number of tries', () => {
    const search = new TinySearch(tie(12, 0), { size: 5, lie: () => 'total-high' });
    expect(() => answer(readTies(window, 'live'), search)).toThrow('says that there are 15 records where it gives 12');
    expect(search.asked.length).toBe(120);
  });

  describe('with a record that has no `created_at`, and so is in no part of it', () => {
    const odd: Tiny = { id: 'odd', at: START + 5, created: Number.NaN };

    test('is passed over after three tries, and nothing comes twice', () => {
      const search = new TinySearch([...tie(60, 1_000), odd], { size: 5, order: 'unstable' });
      const ids = answer(readTies(window, 'live'), search).map(({ resource }) => resource.id);
      expect(ids.length).toBe(61);
      expect(new Set(ids).size).toBe(61);
      // Each try ends with the count that shows that one is missing.
      const counts = search.asked.filter(({ created }, n) => created === null && search.asked[n - 1]?.created);
      expect(counts.length).toBe(3);
    });

    test('is refused when it holds more than can be reached', () => {
      const search = new TinySearch([...tie(700, 1_000), odd], { size: 5, reach: 500, order: 'unstable' });
      expect(() => answer(readTies(window, 'live'), search)).toThrow(
        'more records of one instant than it gives (701), and `created_at` does not tell them apart',
      );
      expect(search.asked.length).toBeLessThan(3_000);
    });
  });

  test('is not taken for whole by what was seen of it before a record went', () => {
    for (let seed = 0; seed < 150; seed++) {
      const search = new TinySearch(tie(12, 0), {
        size: 5,
        order: 'unstable',
        seed,
        before: (request, _ask, records) => void (request === 4 && records.delete(`t${seed % 12}`)),
      });
      const ids = answer(readTies(window, 'live'), search).map(({ resource }) => resource.id);
      const stayed = tie(12, 0).filter((_, n) => n !== seed % 12);
      expect(stayed.filter(({ id }) => !ids.includes(id))).toEqual([]);
    }
  });

  test('is asked for no more once its pages come empty, or come again', () => {
    const empty = new TinySearch(tie(40, 0), { size: 5, lie: request => (request > 1 ? 'empty' : undefined) });
    expect(() => answer(readTies(window, 'live'), empty)).toThrow('says that there are 40 records where it gives 0');
    expect(empty.asked.length).toBe(41);
    const again = new TinySearch(tie(12, 0), { size: 5, lie: () => 'page-1' });
    expect(() => answer(readTies(window, 'live'), again)).toThrow('says that there are 12 records where it gives 5');
    expect(again.asked.length).toBe(120);
  });

  test('is read to the hundredth page and no further where it is not said how many there are', () => {
    const search = new TinySearch(tie(600, 1_000), { size: 5, totals: false });
    expect(answer(readTies(window, 'live'), search, 20_000).length).toBe(600);
    expect(Math.max(...search.asked.map(({ page }) => page))).toBe(100);
  });

  test('leaves out what has been updated since', () => {
    const all = tie(12, 0);
    const search = new TinySearch(all, {
      size: 5,
      before: (request, _ask, records) => {
        if (request === 2) (records.get('t3') as Tiny).at = END;
      },
    });
    const ids = answer(readTies(window, 'live'), search).map(({ resource }) => resource.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(all.map(({ id }) => id).filter(id => id !== 't3' && !ids.includes(id))).toEqual([]);
  });
});

describe('where a range of `created_at` is cut', () => {
  const sample = (...created: number[]) =>
    created.map((at, n) => found({ id: `${n}`, at: START, created: START + at }));
  const open = { from: null, to: null };
  const at = (...times: number[]) => times.map(each => START + each);

  test('nowhere when all records were created at one time, or at none', () => {
    expect(splitByCreatedAt(sample(5, 5, 5, 5), open, 4, 2)).toEqual([]);
    expect(splitByCreatedAt(sample(), open, 100, 5)).toEqual([]);
    expect(splitByCreatedAt([{ at: START, resource: resourceOf({ id: 'a', type: 'note' }) }], open, 100, 5)).toEqual(
      [],
    );
  });

  test('on whole seconds where that is enough, else on milliseconds', () => {
    expect(splitByCreatedAt(sample(0, 1_500, 3_700, 9_900), open, 4, 4)).toEqual(at(3_000));
    expect(splitByCreatedAt(sample(100, 200, 300, 400), open, 4, 4)).toEqual(at(300));
  });

  test('into as many parts as fill pages to 70 percent', () => {
    const many = sample(...Array.from({ length: 70 }, (_, n) => n * 1_000));
    expect(splitByCreatedAt(many, open, 70, 10).length).toBe(9);
    expect(splitByCreatedAt(many, open, 35, 10).length).toBe(4);
    expect(splitByCreatedAt(many, open, 36, 10).length).toBe(5);
    expect(splitByCreatedAt(many, open, 1, 10)).toEqual(at(35_000));
    expect(splitByCreatedAt(many, open, 2, 0).length).toBe(1);
  });

  test('inside the range, and so that no part is certainly empty', () => {
    const many = sample(...Array.from({ length: 20 }, (_, n) => n * 1_000));
    const range = { from: START, to: START + 20_000 };
    const cuts = splitByCreatedAt(many, range, 1_000, 1);
    expect(cuts).toEqual(at(...Array.from({ length: 19 }, (_, n) => (n + 1) * 1_000)));
    expect(splitByCreatedAt(many, { from: START + 10_000, to: START + 11_000 }, 100, 5)).toEqual([]);
  });

  test('a sample with records outside of all time does not matter', () => {
    const bad = { at: START, resource: resourceOf({ id: 'x', type: 'note', attributes: { createdAt: 'never' } }) };
    expect(splitByCreatedAt([bad, ...sample(0, 1_500, 3_700, 9_900), bad], open, 4, 4)).toEqual(at(3_000));
  });
});
