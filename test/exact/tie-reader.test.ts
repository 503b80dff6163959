/**
 * The tie reader against a search that fits in a test: it returns all records of a window, in whatever order they come,
 * and it refuses a window of which it cannot have all records.
 */
import { describe, expect, test } from 'vitest';
import type { DatedRecord, Page } from '../../src/sync/source.ts';
import { readTies, splitByCreatedAt } from '../../src/sync/tie-reader.ts';
import { few } from '../forms.ts';
import { resourceOf } from '../world/resource.ts';
import { found, runTieReader, type Tiny, TinySearch } from './tiny-search.ts';

const START = Date.UTC(2026, 0, 5);
const END = START + 60_000;

describe('a window', () => {
  const tie = (n: number, spread: number): Tiny[] =>
    Array.from({ length: n }, (_, i) => ({ id: `t${i}`, at: START + 5, created: START - i * spread }));
  const window = { from: START, to: START + 1_000 };

  test('takes a request a page up to one that is not full, and the first of several pages again', () => {
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
      expect(runTieReader(readTies(window, 'live'), search).length).toBe(n);
      expect(search.requests.map(({ page }) => page)).toEqual(pages);
      for (const request of search.requests) expect(request).toMatchObject({ index: 'live', ...window, created: null });
    }
  });

  test('is split by `created_at` when the order changes, into ranges that mostly fit on one page', () => {
    const search = new TinySearch(tie(60, 1_000), { size: 5, order: 'unstable' });
    expect(runTieReader(readTies(window, 'archive'), search).length).toBe(60);
    const ranges = search.requests.filter(({ created }) => created !== null);
    expect(ranges.length).toBeGreaterThan(12);
    expect(ranges[0]?.created?.from).toBeNull();
    expect(ranges.at(-1)?.created?.to).toBeNull();
    for (const { index } of search.requests) expect(index).toBe('archive');
    // One pass, the ranges at some 70 % of a page, some of which are split again, and the count at the end.
    expect(search.requests.length).toBeLessThan(70);
  });

  test('that cannot be split is read again until the count is right', () => {
    const search = new TinySearch(tie(60, 0), { size: 5, order: 'unstable' });
    expect(runTieReader(readTies(window, 'live'), search).length).toBe(60);
    // Whole passes, and the first page once more.
    expect(search.requests.length % 13).toBe(1);
  });

  test('is read again where its total was too low by as many as left it after the first page', () => {
    const search = new TinySearch(tie(12, 0), {
      size: 5,
      lie: request => (request === 1 ? 'total-low' : undefined),
      before: (request, _search, records) => {
        if (request === 2) for (const id of ['t0', 't1']) records.delete(id);
      },
    });
    const ids = runTieReader(readTies(window, 'live'), search).map(({ resource }) => resource.id);
    for (const { id } of tie(12, 0).slice(2)) expect(ids).toContain(id);
  });

  test('is not complete by counting a record of another time that came once', () => {
    const page = (ids: string, hasMore: boolean): Page => ({
      found: [...ids].map(id => ({
        at: id === 'X' ? window.to + 5_000 : window.from,
        resource: { id, type: 'x', json: Buffer.from('{}') },
      })),
      ...{ total: 5, hasMore, size: 4, timedOut: false },
    });
    const steps = readTies(window, 'live');
    steps.next(undefined as never);
    // In an order that changes from request to request, `e` has not come yet, and X does not stand in for it.
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

  test('is refused when it holds more than can be reached and `created_at` does not tell the records apart', () => {
    for (const n of [500, 501, 700]) {
      const search = new TinySearch(tie(n, 0), { size: 5, maxRecords: 500 });
      expect(() => runTieReader(readTies(window, 'live'), search)).toThrow(
        `more records of one second than it returns (${n})`,
      );
      // A second request, since a total may be wrong once.
      expect(search.requests.length).toBe(2);
    }
    const search = new TinySearch(tie(499, 0), { size: 5, maxRecords: 500 });
    expect(runTieReader(readTies(window, 'live'), search).length).toBe(499);
    expect(Math.max(...search.requests.map(({ page }) => page))).toBe(100);
  });

  test('is refused at 10,000 records, however large a page is', () => {
    const search = new TinySearch(tie(10_000, 0), { size: 500 });
    expect(() => runTieReader(readTies(window, 'live'), search)).toThrow('(10000)');
    expect(runTieReader(readTies(window, 'live'), new TinySearch(tie(9_999, 0), { size: 500 })).length).toBe(9_999);
  });

  test.each(few(['stable', 'unstable'] as const))(
    'is read to page 100 where the search returns that and nothing else helps (%s)',
    order => {
      const search = new TinySearch(tie(10_700, 0), { size: 500, order });
      const found = runTieReader(readTies(window, 'live'), search);
      expect(new Set(found.map(({ resource }) => resource.id)).size).toBe(10_700);
      expect(found.length).toBe(10_700);
      // Two first pages that say so, 22 pages, and the first of them again.
      if (order === 'stable') expect(search.requests.length).toBe(25);
    },
  );

  test('is refused soon where a search counts more than 10,000 and returns no more than that', () => {
    const search = new TinySearch(tie(10_700, 0), { size: 500, maxRecords: 10_000 });
    expect(() => runTieReader(readTies(window, 'live'), search)).toThrow('than it returns (10700)');
    expect(search.requests.length).toBe(23);
  });

  test('is refused when it keeps returning less than it reports, after a bounded number of passes', () => {
    const search = new TinySearch(tie(12, 0), { size: 5, lie: () => 'total-high' });
    expect(() => runTieReader(readTies(window, 'live'), search)).toThrow('reports 15 records but returns 12');
    expect(search.requests.length).toBe(120);
  });

  describe('with a record that has no `created_at`, and so is in no range', () => {
    const odd: Tiny = { id: 'odd', at: START + 5, created: Number.NaN };

    test('is read without ranges after three attempts, and nothing comes twice', () => {
      const search = new TinySearch([...tie(60, 1_000), odd], { size: 5, order: 'unstable' });
      const ids = runTieReader(readTies(window, 'live'), search).map(({ resource }) => resource.id);
      expect(ids.length).toBe(61);
      expect(new Set(ids).size).toBe(61);
      // Each attempt ends with the count that shows that one is missing.
      const counts = search.requests.filter(({ created }, n) => created === null && search.requests[n - 1]?.created);
      expect(counts.length).toBe(3);
    });

    test('is refused when it holds more than can be reached', () => {
      const search = new TinySearch([...tie(700, 1_000), odd], { size: 5, maxRecords: 500, order: 'unstable' });
      expect(() => runTieReader(readTies(window, 'live'), search)).toThrow(
        'more records of one second than it returns (701), and `created_at` does not tell them apart',
      );
      expect(search.requests.length).toBeLessThan(3_000);
    });
  });

  test('is not complete by what was seen before a record left', () => {
    for (let seed = 0; seed < 150; seed++) {
      const search = new TinySearch(tie(12, 0), {
        size: 5,
        order: 'unstable',
        seed,
        before: (request, _search, records) => void (request === 4 && records.delete(`t${seed % 12}`)),
      });
      const ids = runTieReader(readTies(window, 'live'), search).map(({ resource }) => resource.id);
      const stayed = tie(12, 0).filter((_, n) => n !== seed % 12);
      expect(stayed.filter(({ id }) => !ids.includes(id))).toEqual([]);
    }
  });

  test('is not requested any more once its pages come empty, or come again', () => {
    const empty = new TinySearch(tie(40, 0), { size: 5, lie: request => (request > 1 ? 'empty' : undefined) });
    expect(() => runTieReader(readTies(window, 'live'), empty)).toThrow('reports 40 records but returns 0');
    expect(empty.requests.length).toBe(41);
    const again = new TinySearch(tie(12, 0), { size: 5, lie: () => 'page-1' });
    expect(() => runTieReader(readTies(window, 'live'), again)).toThrow('reports 12 records but returns 5');
    expect(again.requests.length).toBe(120);
  });

  test('is read to page 100 and no further where there is no total', () => {
    const search = new TinySearch(tie(600, 1_000), { size: 5, totals: false });
    expect(runTieReader(readTies(window, 'live'), search, 20_000).length).toBe(600);
    expect(Math.max(...search.requests.map(({ page }) => page))).toBe(100);
  });

  test('leaves out records that have been updated since', () => {
    const all = tie(12, 0);
    const search = new TinySearch(all, {
      size: 5,
      before: (request, _search, records) => {
        if (request === 2) (records.get('t3') as Tiny).at = END;
      },
    });
    const ids = runTieReader(readTies(window, 'live'), search).map(({ resource }) => resource.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(all.map(({ id }) => id).filter(id => id !== 't3' && !ids.includes(id))).toEqual([]);
  });
});

describe('where a range of `created_at` is split', () => {
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

  test('nowhere else than at a record, whatever the total says', () => {
    expect(splitByCreatedAt(sample(0, 1_500, 3_700), open, 1e15, 5)).toEqual(at(1_000, 3_000));
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

  test('inside the range, and so that no part has to be empty', () => {
    const many = sample(...Array.from({ length: 20 }, (_, n) => n * 1_000));
    const range = { from: START, to: START + 20_000 };
    const boundaries = splitByCreatedAt(many, range, 1_000, 1);
    expect(boundaries).toEqual(at(...Array.from({ length: 19 }, (_, n) => (n + 1) * 1_000)));
    expect(splitByCreatedAt(many, { from: START + 10_000, to: START + 11_000 }, 100, 5)).toEqual([]);
  });

  test('a sample with records outside of all time does not matter', () => {
    const bad = { at: START, resource: resourceOf({ id: 'x', type: 'note', attributes: { createdAt: 'never' } }) };
    expect(splitByCreatedAt([bad, ...sample(0, 1_500, 3_700, 9_900), bad], open, 4, 4)).toEqual(at(3_000));
  });
});
