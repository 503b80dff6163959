// What a run sets out to read, from the wishes, the state and the time.
import { describe, expect, test } from 'vitest';
import { cutoffOf, planList, planSearch, splitByIndex } from '../../src/sync/plan.ts';
import { NO_STATE, type SearchState, type State } from '../../src/sync/state.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 15, 12, 0, 0, 567);
const EDGE = Date.UTC(2026, 5, 15, 12) - 730 * DAY;
const WISHES = { startDate: null, settleMs: 60_000, lookbackMs: HOUR, archive: 'auto' } as const;
const INCREMENTAL = { name: 'messages', mode: 'incremental', named: true } as const;
const FULL = { ...INCREMENTAL, mode: 'full_refresh' } as const;

const before: SearchState = {
  syncedRanges: [{ from: 0, to: NOW - DAY }],
  cutoff: NOW - DAY,
  dedupSince: NOW - DAY - HOUR,
  dedupKeys: new Set(['5 a']),
};
const STATE: State = {
  ...NO_STATE,
  search: new Map([['messages', before]]),
  lists: new Map([['users', { seen: new Map([['a', 'x']]) }]]),
};
const plan = (
  wishes: Partial<Parameters<typeof planSearch>[2]> = {},
  selection: Parameters<typeof planSearch>[1] = INCREMENTAL,
  archived = true,
  state: State = NO_STATE,
) => planSearch('messages', selection, { ...WISHES, ...wishes }, state, NOW, archived);

test('the cutoff is the time less what the index needs, on a whole second', () => {
  expect(cutoffOf(NOW, 60_000)).toBe(Date.UTC(2026, 5, 15, 11, 59));
  expect(cutoffOf(NOW, 567)).toBe(Date.UTC(2026, 5, 15, 12));
  expect(cutoffOf(NOW, 568)).toBe(Date.UTC(2026, 5, 15, 11, 59, 59));
  expect(cutoffOf(NOW, 0)).toBe(Date.UTC(2026, 5, 15, 12));
});

describe('what is wanted', () => {
  const to = Date.UTC(2026, 5, 15, 11, 59);
  test('without a start date, everything with the archive, and two years without it', () => {
    expect(plan().wanted).toEqual({ from: 0, to });
    expect(plan({ archive: 'never' }).wanted).toEqual({ from: EDGE, to });
  });

  test('with a start date, from there, and never more than the live search has without the archive', () => {
    const recent = NOW - 3 * DAY;
    const old = NOW - 1_000 * DAY;
    expect(plan({ startDate: recent }).wanted).toEqual({ from: recent, to });
    expect(plan({ startDate: recent, archive: 'never' }).wanted).toEqual({ from: recent, to });
    expect(plan({ startDate: old }).wanted).toEqual({ from: old, to });
    expect(plan({ startDate: old, archive: 'never' }).wanted).toEqual({ from: EDGE, to });
  });

  test('nothing when the start date is yet to come', () => {
    const late = plan({ startDate: NOW + DAY });
    expect(late.wanted).toEqual({ from: to, to });
    expect(late.work.toRead).toEqual([]);
  });
});

describe('where the two searches are read', () => {
  test('30 days to both sides of the edge', () => {
    expect(plan().horizon).toEqual({ live: EDGE - 30 * DAY, archive: EDGE + 30 * DAY });
    expect(plan().listOnlyBefore).toBeNull();
  });

  test('the live one only, without the archive or for a stream that the archive does not know', () => {
    const never = { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY };
    expect(plan({ archive: 'never' }).horizon).toEqual(never);
    expect(plan({ archive: 'never' }).listOnlyBefore).toBeNull();
    expect(plan({}, INCREMENTAL, false).horizon).toEqual(never);
    expect(plan({}, INCREMENTAL, false).listOnlyBefore).toBe(EDGE + 7 * DAY);
    expect(plan({ archive: 'never' }, INCREMENTAL, false).listOnlyBefore).toBeNull();
  });

  test('a window is parted at both edges, and no part is empty', () => {
    const horizon = { live: 10, archive: 20 };
    const of = (from: number, to: number) =>
      splitByIndex({ from, to }, horizon).map(({ range, index }) => [index, range.from, range.to]);
    expect(of(0, 30)).toEqual([
      ['archive', 0, 10],
      ['both', 10, 20],
      ['live', 20, 30],
    ]);
    expect(of(10, 20)).toEqual([['both', 10, 20]]);
    expect(of(9, 21)).toEqual([
      ['archive', 9, 10],
      ['both', 10, 20],
      ['live', 20, 21],
    ]);
    expect(of(0, 10)).toEqual([['archive', 0, 10]]);
    expect(of(20, 21)).toEqual([['live', 20, 21]]);
    expect(of(11, 12)).toEqual([['both', 11, 12]]);
    expect(of(5, 5)).toEqual([]);
    expect(of(10, 10)).toEqual([]);
    const never = { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY };
    expect(splitByIndex({ from: 0, to: 30 }, never)).toEqual([{ range: { from: 0, to: 30 }, index: 'live' }]);
  });
});

describe('what went before', () => {
  test('is known to an incremental run, and is not read again but for the lookback', () => {
    const { before: known, work } = plan({}, INCREMENTAL, true, STATE);
    expect(known).toBe(before);
    expect(work.toRead).toEqual([{ from: NOW - DAY - HOUR, to: Date.UTC(2026, 5, 15, 11, 59) }]);
    expect(planSearch('notes', INCREMENTAL, WISHES, STATE, NOW, true).before).toBeUndefined();
  });

  test('is nothing to a full refresh', () => {
    const { before: known, work, wanted } = plan({}, FULL, true, STATE);
    expect(known).toBeUndefined();
    expect(work.toRead).toEqual([wanted]);
  });

  test('and so for lists, which have no end and no beginning but the start date', () => {
    const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    expect(planList('users', INCREMENTAL, WISHES, STATE)).toEqual({ wanted: always, before: STATE.lists.get('users') });
    expect(planList('users', FULL, WISHES, STATE)).toEqual({ wanted: always, before: undefined });
    expect(planList('tags', INCREMENTAL, { ...WISHES, startDate: 5 }, STATE)).toEqual({
      wanted: { from: 5, to: Number.POSITIVE_INFINITY },
      before: undefined,
    });
  });
});
