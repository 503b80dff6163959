// Windows that end, and shards of a plan: what a run sets out to read once and for all.
import { describe, expect, test } from 'vitest';
import { isListDone, planList, planSearch } from '../../src/sync/plan.ts';
import { NO_STATE, type SearchState, type State, stateKeysOf } from '../../src/sync/state.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 15, 12);
const CUTOFF = NOW - 60_000;
const HORIZON = 730 * DAY;
const OVERLAP = 30 * DAY;
const WISHES = { startDate: NOW - 20 * DAY, settleMs: 60_000, lookbackMs: HOUR, archive: 'auto' } as const;
const INCREMENTAL = { name: 'messages', mode: 'incremental', named: true } as const;

const read = (from: number, to: number): SearchState => ({
  syncedRanges: [{ from, to }],
  cutoff: to,
  dedupSince: to - HOUR,
  dedupKeys: new Set([`${to - 5} a`]),
});
const stateOf = (search: Record<string, SearchState>, lists: State['lists'] = new Map()): State => ({
  ...NO_STATE,
  search: new Map(Object.entries(search)),
  lists,
});
type Wishes = Parameters<typeof planSearch>[2];
const plan = (wishes: Partial<Wishes>, state = NO_STATE, name = 'messages', now = NOW) =>
  planSearch(name, INCREMENTAL, { ...WISHES, ...wishes }, state, now, 'archive');

describe('a window that ends', () => {
  const endDate = NOW - 10 * DAY;
  const from = WISHES.startDate;

  test('has its end, or the cutoff when that comes first', () => {
    expect(plan({ endDate }).wanted).toEqual({ from, to: endDate });
    expect(plan({ endDate: NOW + DAY }).wanted).toEqual({ from, to: CUTOFF });
    expect(plan({ endDate: null }).wanted).toEqual({ from, to: CUTOFF });
    expect(plan({ endDate }).ranges).toEqual([{ from, to: endDate }]);
  });

  test('that is read is done: nothing is looked at again, and what is remembered stays', () => {
    const { work } = plan({ endDate }, stateOf({ messages: read(from, endDate) }));
    expect(work).toEqual({
      toRead: [],
      synced: [{ from, to: endDate }],
      dedupKeys: new Set([`${endDate - 5} a`]),
      dedupSince: CUTOFF - HOUR,
    });
  });

  test.each([
    ['in part', NOW - 15 * DAY, NOW - 10 * DAY],
    ['up to a cutoff that came before its end', NOW + DAY, CUTOFF - HOUR],
  ])('that is read %s is gone on with, with the lookback', (_, end, until) => {
    const { work } = plan({ endDate: end }, stateOf({ messages: read(from, until) }));
    expect(work.toRead).toEqual(
      [{ from: until - HOUR, to: Math.min(end, CUTOFF) }].filter(({ from, to }) => from < to),
    );
  });
});

describe('a shard', () => {
  // Planned an hour ago; its pieces and its cutoff are those of the plan, whenever it is read.
  const cutoff = CUTOFF - HOUR;
  const pieces = [
    { from: 1_000, to: 2_000 },
    { from: 5_000, to: 9_000 },
  ];
  const shard = { cutoff, search: new Map([['messages', pieces]]), lists: ['tags'], klasses: null };

  test('is the pieces of a stream, and nothing of a stream that others have', () => {
    const { wanted, work, ...planned } = plan({ shard });
    expect(planned).toMatchObject({ ranges: pieces, cutoff });
    expect(wanted).toEqual({ from: 1_000, to: 9_000 });
    expect(work).toEqual({ toRead: pieces, synced: [], dedupKeys: new Set(), dedupSince: cutoff - HOUR });
    const none = plan({ shard }, NO_STATE, 'notes');
    expect(none.ranges).toEqual([]);
    expect(none.work.toRead).toEqual([]);
    expect(none.wanted).toEqual({ from: WISHES.startDate, to: WISHES.startDate });
  });

  test('is the same pieces of a klass that is read on its own', () => {
    expect(plan({ shard }, NO_STATE, 'messages/odd').ranges).toEqual(pieces);
  });

  test('that is read is done, and one that was stopped is gone on with from where it was', () => {
    expect(plan({ shard }, stateOf({ messages: read(1_000, 9_000) })).work.toRead).toEqual([]);
    expect(plan({ shard }, stateOf({ messages: read(1_000, 6_000) })).work.toRead).toEqual([
      { from: 6_000, to: 9_000 },
    ]);
  });

  test('has the edges of its plan, unless that is so old that the searches have moved on', () => {
    const planned = NOW - HOUR;
    const young = plan({ shard }).horizon;
    expect(young).toEqual({ live: planned - HORIZON - OVERLAP, archive: planned - HORIZON + OVERLAP });
    const late = planned + 3 * DAY;
    expect(plan({ shard }, NO_STATE, 'messages', late - 1).horizon).toEqual(young);
    expect(plan({ shard }, NO_STATE, 'messages', late).horizon.live).toBe(late - HORIZON - OVERLAP);
  });
});

describe('a list', () => {
  const users = { name: 'users', mode: 'incremental', named: true } as const;
  const list = (wishes: Partial<Wishes>, state = NO_STATE) =>
    planList('users', users, { ...WISHES, ...wishes }, state, NOW);
  const shard = { cutoff: CUTOFF - HOUR, search: new Map(), lists: ['users'], klasses: null };

  test('of a window that ends shows what lies in it, and is read up to its end or the cutoff', () => {
    const endDate = NOW - DAY;
    expect(list({ endDate })).toEqual({
      wanted: { from: WISHES.startDate, to: endDate },
      before: undefined,
      until: endDate,
    });
    expect(list({ endDate: NOW + DAY }).until).toBe(CUTOFF);
    expect(list({}).until).toBeUndefined();
    expect(list({ startDate: null, endDate }).wanted.from).toBe(Number.NEGATIVE_INFINITY);
  });

  test('belongs to one shard, and is read up to the cutoff of the plan, or the end of its window', () => {
    expect(list({ shard })).toEqual({
      wanted: { from: WISHES.startDate, to: Number.POSITIVE_INFINITY },
      before: undefined,
      until: shard.cutoff,
    });
    expect(list({ shard, endDate: 7 })).toMatchObject({ wanted: { to: 7 }, until: 7 });
    expect(list({ shard: { ...shard, lists: ['tags'] } }).until).toBe(Number.NEGATIVE_INFINITY);
  });

  test('is done when it has been read so far, and one that always goes on never is', () => {
    const endDate = NOW - DAY;
    const until = (at?: number) =>
      stateOf({}, new Map([['users', { seen: new Map(), ...(at === undefined ? {} : { until: at }) }]]));
    expect(isListDone(list({ endDate }, until(endDate)))).toBe(true);
    expect(isListDone(list({ endDate }, until(endDate + 1)))).toBe(true);
    expect(isListDone(list({ endDate }, until(endDate - 1)))).toBe(false);
    expect(isListDone(list({ endDate }, until()))).toBe(false);
    expect(isListDone(list({ endDate }))).toBe(false);
    expect(isListDone(list({}, until(endDate)))).toBe(false);
    expect(isListDone(list({ shard: { ...shard, lists: [] } }))).toBe(true);
  });
});

test('the klasses of a stream are told by their names', () => {
  const state = stateOf({ notes: read(0, 1), 'notes/odd': read(0, 1), notesbook: read(0, 1), tags: read(0, 1) });
  expect(stateKeysOf(state, 'notes')).toEqual(['notes', 'notes/odd']);
});
