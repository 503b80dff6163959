// Sets of half-open intervals against the plainest model there is: sets of whole numbers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clamp, contains, covers, type Interval, type IntervalSet, minus, union } from '../../src/sync/intervals.ts';
import { cases } from '../forms.ts';

const LOW = -5;
const HIGH = 25;
const point = fc.integer({ min: LOW, max: HIGH });
/** Also empty ones and ones that are the wrong way round: they hold nothing. */
const interval: fc.Arbitrary<Interval> = fc.record({ from: point, to: point });
const some = fc.array(interval, { maxLength: 8 });
const set = some.map(given => union(given));

function model(of: IntervalSet): Set<number> {
  const numbers = new Set<number>();
  for (const { from, to } of of) for (let n = from; n < to; n++) numbers.add(n);
  return numbers;
}

const without = (a: Set<number>, b: Set<number>) => new Set([...a].filter(n => !b.has(n)));

const same = (a: IntervalSet, numbers: Set<number>) => {
  expect([...model(a)].sort((x, y) => x - y)).toEqual([...numbers].sort((x, y) => x - y));
  // In order, none empty, and none that touches the next.
  a.forEach(({ from, to }, n) => {
    expect(from).toBeLessThan(to);
    if (n > 0) expect(from).toBeGreaterThan((a[n - 1] as Interval).to);
  });
};
const check = <T>(property: fc.IRawProperty<T>) =>
  fc.assert(property, { numRuns: process.env.FEWER_CASES === undefined ? cases(5_000) : 300 });

describe('sets of intervals', () => {
  test('union holds what any of them holds', () => {
    check(
      fc.property(some, some, some, (a, b, c) =>
        same(union(a, b, c), new Set([...model(a), ...model(b), ...model(c)])),
      ),
    );
  });

  test('minus holds what the first holds and the second does not', () => {
    check(fc.property(some, set, (a, b) => same(minus(a, b), without(model(a), model(b)))));
  });

  test('clamp holds what lies inside', () => {
    check(
      fc.property(some, point, point, (a, from, to) =>
        same(clamp(a, from, to), new Set([...model(a)].filter(n => n >= from && n < to))),
      ),
    );
  });

  test('covers says whether all of it is there', () => {
    check(
      fc.property(set, interval, (a, b) => {
        expect(covers(a, b)).toBe(without(model([b]), model(a)).size === 0);
      }),
    );
  });

  test('what is wanted less what is done, and what is done of it, is what is wanted', () => {
    check(
      fc.property(interval, set, (wanted, done) =>
        same(union(minus([wanted], done), clamp(done, wanted.from, Math.max(wanted.from, wanted.to))), model([wanted])),
      ),
    );
  });

  test('the ends of time are ends as others are', () => {
    const all = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    expect(minus([all], [{ from: 1, to: 2 }])).toEqual([
      { from: Number.NEGATIVE_INFINITY, to: 1 },
      { from: 2, to: Number.POSITIVE_INFINITY },
    ]);
    expect(covers([all], { from: 1, to: 2 })).toBe(true);
    expect(clamp([all], 1, 2)).toEqual([{ from: 1, to: 2 }]);
  });

  test('a set has where its intervals begin, and not where they end', () => {
    const set = [
      { from: 1, to: 3 },
      { from: 5, to: 6 },
    ];
    expect([0, 1, 2, 3, 4, 5, 6].filter(at => contains(set, at))).toEqual([1, 2, 5]);
  });

  test('what is given is not changed', () => {
    const given = Object.freeze([Object.freeze({ from: 1, to: 3 }), Object.freeze({ from: 2, to: 5 })]);
    union(given, given);
    minus(given, given);
    clamp(given, 2, 3);
    expect(given).toEqual([
      { from: 1, to: 3 },
      { from: 2, to: 5 },
    ]);
  });
});

test('many intervals take no longer than their number says', () => {
  const many = Array.from({ length: 200_000 }, (_, n) => ({ from: n * 10, to: n * 10 + 4 }));
  const holes = many.map(({ from }) => ({ from: from + 1, to: from + 2 }));
  const begun = performance.now();
  expect(minus(many, holes)).toHaveLength(400_000);
  expect(covers(many, { from: 5, to: 6 })).toBe(false);
  for (let n = 0; n < 200_000; n++) contains(many, n);
  expect(performance.now() - begun).toBeLessThan(5_000);
});
