/** What a run reads, given the config, the state and the time. */
import { describe, expect, test } from 'vitest';
import {
  cutoffOf,
  indexOf,
  isListDone,
  liveForWeeksFrom,
  liveFrom,
  planList,
  planSearch,
  splitByIndex,
} from '../../src/sync/plan.ts';
import { NO_STATE, type SearchState, type State } from '../../src/sync/state.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 15, 12, 0, 0, 567);
const HORIZON = Date.UTC(2026, 5, 15, 12) - 730 * DAY;
const OPTIONS = { startDate: null, settleMs: 60_000, lookbackMs: HOUR, archive: 'auto' } as const;
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
  options: Partial<Parameters<typeof planSearch>[2]> = {},
  selection: Parameters<typeof planSearch>[1] = INCREMENTAL,
  isArchived = true,
  state: State = NO_STATE,
) => planSearch('messages', selection, { ...OPTIONS, ...options }, state, NOW, isArchived ? 'archive' : 'list');

test('the cutoff is the time less `settle`, on a whole second', () => {
  expect(cutoffOf(NOW, 60_000)).toBe(Date.UTC(2026, 5, 15, 11, 59));
  expect(cutoffOf(NOW, 567)).toBe(Date.UTC(2026, 5, 15, 12));
  expect(cutoffOf(NOW, 568)).toBe(Date.UTC(2026, 5, 15, 11, 59, 59));
  expect(cutoffOf(NOW, 0)).toBe(Date.UTC(2026, 5, 15, 12));
});

describe('what is wanted', () => {
  const to = Date.UTC(2026, 5, 15, 11, 59);
  test('without a start date, everything with the archive, and two years without it', () => {
    expect(plan().wanted).toEqual({ from: 0, to });
    expect(plan({ archive: 'never' }).wanted).toEqual({ from: HORIZON, to });
  });

  test('with a start date, from there, and never more than the live index has without the archive', () => {
    const recent = NOW - 3 * DAY;
    const old = NOW - 1_000 * DAY;
    expect(plan({ startDate: recent }).wanted).toEqual({ from: recent, to });
    expect(plan({ startDate: recent, archive: 'never' }).wanted).toEqual({ from: recent, to });
    expect(plan({ startDate: old }).wanted).toEqual({ from: old, to });
    expect(plan({ startDate: old, archive: 'never' }).wanted).toEqual({ from: HORIZON, to });
  });

  test('nothing when the start date is yet to come', () => {
    const late = plan({ startDate: NOW + DAY });
    expect(late.wanted).toEqual({ from: to, to });
    expect(late.work.toRead).toEqual([]);
  });
});

describe('which index is read', () => {
  test('both from 30 days before to 30 days after the search horizon', () => {
    expect(plan().horizon).toEqual({ live: HORIZON - 30 * DAY, archive: HORIZON + 30 * DAY });
    expect(plan().listOnlyBefore).toBeNull();
  });

  test('the live one has all records from the horizon on, and for weeks from 30 days after it', () => {
    expect(liveFrom({ live: HORIZON - 30 * DAY, archive: HORIZON + 30 * DAY })).toBe(HORIZON);
    expect(liveForWeeksFrom(NOW)).toBe(HORIZON + 30 * DAY);
  });

  test('only the live one, without the archive or for a stream that the archive does not have', () => {
    const never = { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY };
    expect(plan({ archive: 'never' }).horizon).toEqual(never);
    expect(plan({ archive: 'never' }).listOnlyBefore).toBeNull();
    expect(plan({}, INCREMENTAL, false).horizon).toEqual(never);
    expect(plan({}, INCREMENTAL, false).listOnlyBefore).toBe(HORIZON + 7 * DAY);
    expect(plan({ archive: 'never' }, INCREMENTAL, false).listOnlyBefore).toBeNull();
  });

  test('one reader reads a window from the indexes that may have something in it', () => {
    const horizon = { live: 10, archive: 20 };
    const of = (from: number, to: number) => indexOf({ from, to }, horizon);
    expect([of(0, 10), of(9, 10)]).toEqual(['archive', 'archive']);
    expect([of(0, 11), of(9, 30), of(10, 11), of(19, 30)]).toEqual(['both', 'both', 'both', 'both']);
    expect([of(20, 21), of(25, 30)]).toEqual(['live', 'live']);
    const never = { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY };
    expect(indexOf({ from: 0, to: 30 }, never)).toBe('live');
  });

  test('a window is split where an index begins or ends, and no range is empty', () => {
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
    expect(planSearch('notes', INCREMENTAL, OPTIONS, STATE, NOW, 'archive').before).toBeUndefined();
  });

  test('is nothing to a full refresh', () => {
    const { before: known, work, wanted } = plan({}, FULL, true, STATE);
    expect(known).toBeUndefined();
    expect(work.toRead).toEqual([wanted]);
  });

  test('and so for lists, which have no end and no beginning but the start date', () => {
    const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    expect(planList('users', INCREMENTAL, OPTIONS, STATE)).toEqual({
      wanted: always,
      before: STATE.lists.get('users'),
    });
    expect(planList('users', FULL, OPTIONS, STATE)).toEqual({ wanted: always, before: undefined });
    expect(planList('tags', INCREMENTAL, { ...OPTIONS, startDate: 5 }, STATE)).toEqual({
      wanted: { from: 5, to: Number.POSITIVE_INFINITY },
      before: undefined,
    });
  });

  test('and many records of a list may have vanished only where the user confirms it', () => {
    const options = (confirmVanished: boolean) => ({ ...OPTIONS, confirmVanished });
    expect(planList('users', INCREMENTAL, options(true), STATE)).toHaveProperty('confirmsVanished', true);
    expect(planList('users', INCREMENTAL, options(false), STATE)).not.toHaveProperty('confirmsVanished');
  });

  test('and a list is done when it has been read up to the end of its window, which only a backfill or a shard has', () => {
    const wanted = { from: 0, to: 9 };
    const readUntil = (until: number) => ({ seen: new Map(), until });
    expect(isListDone({ wanted, before: readUntil(9), until: 9 })).toBe(true);
    expect(isListDone({ wanted, before: readUntil(8), until: 9 })).toBe(false);
    expect(isListDone({ wanted, before: undefined, until: 9 })).toBe(false);
    expect(isListDone({ wanted, before: readUntil(9) })).toBe(false);
  });
});
