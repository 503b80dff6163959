/** The arithmetic of the state: what a run has to read again, what it must not publish again, and what it may forget. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SyncError } from '../../src/errors.ts';
import { contains, covers, type IntervalSet, union } from '../../src/sync/intervals.ts';
import {
  ceilToSecond,
  floorToSecond,
  hasOutOfWindowRecords,
  recordsIn,
  withImputedDates,
} from '../../src/sync/pages.ts';
import type { DatedRecord } from '../../src/sync/source.ts';
import { dedupKey, NO_STATE, nextSearchState, type SearchState, searchWork } from '../../src/sync/state.ts';
import { parseState, serializeState } from '../../src/sync/state-document.ts';
import { cases } from '../forms.ts';
import { resourceOf } from '../world/resource.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 15, 12);
/** Dedup keys kept at most, in these tests: a hundred thousand are many to compare. */
const MOST = 100;

const earlier = (hasMore: Partial<SearchState> = {}): SearchState => ({
  syncedRanges: [{ from: 0, to: NOW - HOUR }],
  cutoff: NOW - HOUR,
  dedupSince: NOW - 2 * HOUR,
  dedupKeys: new Set(),
  ...hasMore,
});
const wanted = { from: 0, to: NOW };
const record = (at: number, id = 'a'): DatedRecord => ({ at, resource: resourceOf({ id, type: 'note' }) });

describe('what has to be read', () => {
  test('everything that is wanted when nothing went before', () => {
    const work = searchWork(undefined, [wanted], HOUR, NOW);
    expect(work).toEqual({ toRead: [wanted], synced: [], dedupKeys: new Set(), dedupSince: NOW - HOUR });
    expect(searchWork(undefined, [{ from: 5, to: 5 }], HOUR, 5).toRead).toEqual([]);
  });

  test('what is new, and the lookback before the last cutoff', () => {
    const keys = new Set([`${NOW - 90 * MINUTE} a`]);
    const work = searchWork(earlier({ dedupKeys: keys }), [wanted], 30 * MINUTE, NOW);
    expect(work.synced).toEqual([{ from: 0, to: NOW - 90 * MINUTE }]);
    expect(work.toRead).toEqual([{ from: NOW - 90 * MINUTE, to: NOW }]);
    expect(work.dedupSince).toBe(NOW - 30 * MINUTE);
    expect(work.dedupKeys).toEqual(keys);
  });

  test('a longer lookback than before reaches no further than the dedup window', () => {
    const work = searchWork(earlier(), [wanted], DAY, NOW);
    expect(work.toRead).toEqual([{ from: NOW - 2 * HOUR, to: NOW }]);
    expect(work.dedupSince).toBe(NOW - DAY);
  });

  test('a state from the future has nothing synced from the cutoff on', () => {
    const ahead = earlier({
      syncedRanges: [{ from: 0, to: NOW + DAY }],
      cutoff: NOW + DAY,
      dedupSince: NOW + DAY - HOUR,
    });
    const work = searchWork(ahead, [wanted], HOUR, NOW);
    expect(work.toRead).toEqual([]);
    expect(work.synced).toEqual([{ from: 0, to: NOW }]);
  });

  test('a hole in the synced ranges, and an earlier start', () => {
    const holed = earlier({
      syncedRanges: [
        { from: 100, to: 200 },
        { from: 300, to: NOW - HOUR },
      ],
    });
    expect(searchWork(holed, [wanted], 0, NOW).toRead).toEqual([
      { from: 0, to: 100 },
      { from: 200, to: 300 },
      { from: NOW - HOUR, to: NOW },
    ]);
  });

  test('and is complete when what was synced and what was read cover what is wanted', () => {
    const work = searchWork(earlier(), [wanted], 0, NOW);
    expect(covers(union(work.synced, [{ from: NOW - HOUR, to: NOW }]), wanted)).toBe(true);
    expect(covers(union(work.synced, [{ from: NOW - HOUR, to: NOW - 1 }]), wanted)).toBe(false);
    expect(covers(union(work.synced, []), wanted)).toBe(false);
  });
});

describe('dedup keys', () => {
  const left = (fresh: string[], read: IntervalSet, known: string[] = [], lookback = HOUR) => {
    const went = earlier({ dedupKeys: new Set(known) });
    const work = searchWork(went, [wanted], lookback, NOW);
    return nextSearchState(went, work, read, new Set(fresh), NOW, MOST);
  };
  const done = [{ from: NOW - 2 * HOUR, to: NOW }];

  test('are kept for what the lookback may read again, and nothing older', () => {
    const at = (ms: number) => `${NOW - ms} a`;
    const state = left([at(HOUR), at(HOUR - 1), at(5)], done, [at(HOUR + 1), at(HOUR - 2)]);
    expect([...state.dedupKeys].sort()).toEqual([at(HOUR), at(HOUR - 1), at(HOUR - 2), at(5)].sort());
    expect(state).toMatchObject({ syncedRanges: [{ from: 0, to: NOW }], cutoff: NOW, dedupSince: NOW - HOUR });
  });

  test('are kept for what a run that stopped early did not read again', () => {
    const old = `${NOW - 100 * MINUTE} old`;
    expect(left([], [{ from: NOW - 2 * HOUR, to: NOW - 110 * MINUTE }], [old]).dedupKeys).toEqual(new Set([old]));
    expect(left([], done, [old]).dedupKeys).toEqual(new Set());
  });

  test('are kept for a record without a date as long as there is a lookback', () => {
    expect(left(['- a'], done).dedupKeys).toEqual(new Set(['- a']));
    expect(left([], done, ['- a']).dedupKeys).toEqual(new Set(['- a']));
    expect(dedupKey({ ...record(5), undated: true }, {})).toMatch(/^- [0-9a-f]{16} a$/);
    expect(dedupKey(record(5), {})).toBe('5 a');
  });

  test('are 100,000 at most, so that memory and state stay small', () => {
    const all = Array.from({ length: 100_001 }, (_, n) => `${NOW - n} r`);
    const work = searchWork(undefined, [wanted], HOUR, NOW);
    expect(nextSearchState(undefined, work, done, new Set(all), NOW).dedupKeys.size).toBe(100_000);
  });

  test('are the youngest, and the lookback reaches no further than they do', () => {
    const all = Array.from({ length: MOST + 3 }, (_, n) => `${NOW - HOUR + Math.floor(n / 2)} r${n}`);
    const state = left(all, done);
    expect(state.dedupKeys.size).toBe(MOST);
    expect(state.dedupKeys).toEqual(new Set(all.slice(3)));
    // The fourth has the same time as the third, which is forgotten.
    expect(state.dedupSince).toBe(NOW - HOUR + 1 + 1);
    expect(left(all.slice(0, MOST), done).dedupSince).toBe(NOW - HOUR);
    expect(left(all.slice(0, MOST), done).dedupKeys.size).toBe(MOST);
    // The next run reads nothing again of which it does not know what was published.
    const next = searchWork(state, [{ from: 0, to: NOW + MINUTE }], HOUR, NOW + MINUTE);
    expect(next.toRead).toEqual([{ from: NOW - HOUR + 2, to: NOW + MINUTE }]);
  });

  test('of an earlier run that are dropped are not read again, even when this run stopped before them', () => {
    const known = Array.from({ length: MOST }, (_, n) => `${NOW - 2 * HOUR + n} r${n}`);
    const fresh = Array.from({ length: 10 }, (_, n) => `${NOW - 30 * MINUTE + n} f${n}`);
    const went = earlier({ dedupKeys: new Set(known) });
    const work = searchWork(went, [wanted], HOUR, NOW);
    const state = nextSearchState(went, work, [{ from: NOW - 30 * MINUTE, to: NOW }], new Set(fresh), NOW, MOST);
    expect(state.dedupKeys.size).toBe(MOST);
    expect(state.dedupSince).toBeGreaterThan(NOW - HOUR - 1);
    for (const key of known.slice(0, 10)) {
      if (!state.dedupKeys.has(key)) expect(contains(state.syncedRanges, Number(key.split(' ')[0]))).toBe(true);
    }
  });

  test('are the youngest in the order of time, whatever order they came in', () => {
    const all = Array.from({ length: MOST + 2 }, (_, n) => `${NOW - HOUR + ((n * 79) % (MOST + 2))} r${n}`);
    const state = left([...all, '- z'], done);
    expect(state.dedupKeys.size).toBe(MOST);
    expect(state.dedupKeys.has('- z')).toBe(true);
    expect(state.dedupSince).toBe(NOW - HOUR + 4);
    for (const key of state.dedupKeys)
      if (!key.startsWith('-')) expect(Number(key.split(' ')[0])).toBeGreaterThanOrEqual(NOW - HOUR + 3);
  });
});

test('over any runs, each version of a record is published once, and what is synced is published', () => {
  // Records of the ids 0 to 29, at minutes of a day; a run reads any part of its work.
  const run = fc.record({
    minutes: fc.integer({ min: 1, max: 400 }),
    lookback: fc.integer({ min: 0, max: 300 }),
    share: fc.constantFrom(1, 1, 0.5, 0.1, 0),
    fromTheEnd: fc.boolean(),
    start: fc.constantFrom(0, 0, 0, 200, 700),
  });
  const records = fc.array(fc.integer({ min: 0, max: 1_440 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(records, fc.array(run, { minLength: 2, maxLength: 8 }), (minutes, runs) => {
      const all = minutes.map((at, n) => record(NOW + at * MINUTE, `r${n}`));
      const times = new Map<string, number>();
      let state: SearchState | undefined;
      let clock = 0;
      for (const { minutes, lookback, share, fromTheEnd, start } of runs) {
        clock += minutes;
        const window = { from: NOW + start * MINUTE, to: Math.max(NOW + start * MINUTE, NOW + clock * MINUTE) };
        const work = searchWork(state, [window], lookback * MINUTE, window.to);
        const read = work.toRead.map(({ from, to }) => {
          const part = Math.round((to - from) * share);
          return fromTheEnd ? { from: to - part, to } : { from, to: from + part };
        });
        const fresh = new Set<string>();
        for (const found of all) {
          if (!contains(union(read), found.at)) continue;
          const key = dedupKey(found, {});
          if (work.dedupKeys.has(key)) continue;
          times.set(found.resource.id, (times.get(found.resource.id) ?? 0) + 1);
          if (found.at >= work.dedupSince) fresh.add(key);
        }
        const complete = covers(union(work.synced, read), window);
        if (union(read).length === 0 && work.toRead.length > 0) continue;
        state = nextSearchState(state, work, union(read), fresh, window.to);
        if (complete) expect(covers(state.syncedRanges, window)).toBe(true);
      }
      for (const { at, resource } of all) {
        expect(times.get(resource.id) ?? 0).toBeLessThanOrEqual(1);
        if (contains(state?.syncedRanges ?? [], at)) expect(times.get(resource.id)).toBe(1);
      }
    }),
    { numRuns: process.env.FEWER_CASES === undefined ? cases(5_000) : 200, seed: 3 },
  );
});

describe('a page', () => {
  const undated: DatedRecord = { at: Number.NaN, resource: resourceOf({ id: 'u', type: 'note' }) };

  test('a record without a date that can be read belongs where it was found', () => {
    const page = [undated, record(150, 'b'), undated, record(120, 'c'), undated];
    expect(withImputedDates(page, 100).map(({ at, undated }) => [at, undated])).toEqual([
      [150, true],
      [150, undefined],
      [150, true],
      [120, undefined],
      [120, true],
    ]);
    expect(withImputedDates([undated, record(50, 'b'), undated], 100).map(({ at }) => at)).toEqual([100, 50, 100]);
    expect(withImputedDates([undated], 100).map(({ at }) => at)).toEqual([100]);
    const fine = [record(1), record(2)];
    expect(withImputedDates(fine, 0)).toBe(fine);
  });

  test('records of the seconds at both ends of the window are not out of it, others are', () => {
    expect(hasOutOfWindowRecords([record(5_000), record(6_999)], 5_000, 7_000)).toBe(false);
    expect(hasOutOfWindowRecords([record(5_000)], 5_999, 7_000)).toBe(false);
    expect(hasOutOfWindowRecords([record(6_999)], 5_000, 6_001)).toBe(false);
    expect(hasOutOfWindowRecords([record(4_999)], 5_000, 7_000)).toBe(true);
    expect(hasOutOfWindowRecords([record(4_999)], 5_999, 7_000)).toBe(true);
    expect(hasOutOfWindowRecords([record(7_000)], 5_000, 7_000)).toBe(true);
    expect(hasOutOfWindowRecords([record(7_000)], 5_000, 6_001)).toBe(true);
    expect(hasOutOfWindowRecords([], 5_000, 7_000)).toBe(false);
  });

  test('only what belongs to a window is taken from it', () => {
    expect(recordsIn([record(4), record(5), record(6), record(7)], 5, 7).map(({ at }) => at)).toEqual([5, 6]);
    expect(floorToSecond(1_999)).toBe(1_000);
    expect(floorToSecond(-1)).toBe(-1_000);
    expect(ceilToSecond(1_001)).toBe(2_000);
    expect(ceilToSecond(2_000)).toBe(2_000);
  });
});

test('a state with dedup keys comes back as it was', () => {
  const state = earlier({ dedupKeys: new Set([`${NOW} a b`, '- c']) });
  const revision = { changedIn: 1, epoch: 0, recordFormat: 'flat', includeDeleted: true } as const;
  const revisions = new Map([['notes', revision]]);
  const text = serializeState({ ...NO_STATE, generation: 1, revisions, search: new Map([['notes', state]]) });
  expect(parseState(text, 'x').search.get('notes')).toEqual(state);
});

describe('a state that is refused says what is wrong with it', () => {
  const sample = {
    version: 1,
    generation: 1,
    identity: null,
    saved_at: 'x',
    run: { id: '1', attempt: '2' },
    revisions: { notes: { changed_in: 1, epoch: 0, record_format: 'flat', include_deleted: true } },
    streams: {},
  };
  const refusal = (text: string) => {
    try {
      parseState(text, 'P');
    } catch (error) {
      return error as SyncError;
    }
    return undefined;
  };
  const of = (change: object) => refusal(JSON.stringify({ ...sample, ...change }));

  test.each([
    ['it is not JSON', refusal('{')],
    ['it is not an object', refusal('[]')],
    ['it names no version', of({ version: null })],
    ['there is no state version 0', of({ version: 0 })],
    ['its generation is not a number from 1', of({ generation: 0 })],
    ['its identity is unreadable', of({ identity: '' })],
    ['it has no streams', of({ streams: null })],
    [`what it says of ${'n'.repeat(40)} is unreadable`, of({ streams: { [`${'n'.repeat(50)}`]: {} } })],
  ])('%s', (why, error) => {
    expect(error?.what).toBe(`The saved state (P) is damaged: ${why}.`);
    expect(error?.actor).toBe('user');
  });

  test('and what is missing beside the streams is empty', () => {
    expect(refusal(JSON.stringify(sample))).toBeUndefined();
    const bare = parseState(JSON.stringify({ ...sample, run: null, saved_at: undefined }), 'P');
    expect(bare).toMatchObject({ savedAt: '', run: { id: '', attempt: '' } });
    const half = parseState(JSON.stringify({ ...sample, run: {} }), 'P');
    expect(half.run).toEqual({ id: '', attempt: '' });
    expect(NO_STATE).toMatchObject({
      generation: 0,
      organizationId: null,
      savedAt: '',
      run: { id: '', attempt: '' },
    });
    expect(of({ version: 2 })?.actor).toBe('user');
  });

  test('streams and what is in them are written in order', () => {
    const list = {
      seen: new Map([
        ['b', '1'],
        ['a', '2'],
        ['c', '3'],
      ]),
    };
    const text = serializeState({
      ...NO_STATE,
      generation: 1,
      lists: new Map([
        ['users', list],
        ['tags', list],
        ['teams', list],
      ]),
    });
    const { streams } = JSON.parse(text);
    expect(Object.keys(streams)).toEqual(['tags', 'teams', 'users']);
    expect(Object.keys(streams.tags.seen)).toEqual(['a', 'b', 'c']);
  });

  test('an empty interval and a dedup key that is not a time and an id are refused', () => {
    const at = '2026-01-01T00:00:00.000Z';
    const stream = { synced_ranges: [] as unknown[], cutoff: at, dedup_since: at, dedup_keys: [] as unknown[] };
    const damaged = (change: object) => of({ streams: { notes: { ...stream, ...change } } });
    expect(damaged({})).toBeUndefined();
    expect(damaged({ synced_ranges: [[at, at]] })).toBeDefined();
    for (const key of [`${at}`, `${at} `, ` ${at} a`, 7, null, [`${at} a`]]) {
      expect(damaged({ dedup_keys: [key] })).toBeDefined();
    }
    for (const id of ['a\nb', ' a', '\u2028', ' ']) expect(damaged({ dedup_keys: [`${at} ${id}`] })).toBeUndefined();
    expect(damaged({ cutoff: [at] })).toBeDefined();
  });
});
