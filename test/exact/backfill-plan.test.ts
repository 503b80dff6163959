// Windows that end, and shards of a plan: what a run sets out to read once and for all, and what is joined in the end.
import { describe, expect, test } from 'vitest';
import { joinShards as join } from '../../src/shards/join.ts';
import { seedState } from '../../src/shards/seed.ts';
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
  planSearch(name, INCREMENTAL, { ...WISHES, ...wishes }, state, now, true);

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

describe('states of shards', () => {
  const first = {
    ...stateOf({ kobjects: read(0, 50), 'kobjects/odd': read(0, 50), notes: read(0, 9) }),
    generation: 4,
  };
  const second = { ...stateOf({ kobjects: read(50, 99) }), generation: 9, klassesCheckedAt: 7 };

  test('are joined, klass by klass', () => {
    const joined = join([first, second]);
    expect(joined.generation).toBe(0);
    expect(joined.search.get('kobjects')?.syncedRanges).toEqual([{ from: 0, to: 99 }]);
    expect(joined.search.get('kobjects')?.dedupKeys).toEqual(new Set(['45 a', '94 a']));
    expect(joined.search.get('kobjects/odd')?.syncedRanges).toEqual([{ from: 0, to: 50 }]);
    expect(joined.search.get('kobjects/odd')?.dedupKeys).toEqual(new Set(['45 a']));
    expect(joined.search.get('notes')?.syncedRanges).toEqual([{ from: 0, to: 9 }]);
    expect([...joined.search.keys()].sort()).toEqual(['kobjects', 'kobjects/odd', 'notes']);
  });

  test('say nothing of a klass when they have not looked for any', () => {
    const joined = join([first, { ...second, klassesCheckedAt: null }]);
    expect(joined.search.get('kobjects')?.syncedRanges).toEqual([{ from: 0, to: 99 }]);
    expect(joined.search.get('kobjects/odd')?.syncedRanges).toEqual([{ from: 0, to: 50 }]);
    expect(joined.klassesCheckedAt).toBe(null);
  });

  test('say nothing of a klass whose stream they have not read', () => {
    const joined = join([first, stateOf({ notes: read(9, 20) })]);
    expect(joined.search.get('kobjects/odd')?.syncedRanges).toEqual([{ from: 0, to: 50 }]);
    expect(join([]).search.size).toBe(0);
  });

  test('of which one has read a list: that is how far it is read, in the later version of each record', () => {
    const of = (seen: Record<string, string>, until?: number) =>
      stateOf(
        {},
        new Map([['tags', { seen: new Map(Object.entries(seen)), ...(until === undefined ? {} : { until }) }]]),
      );
    const [older, newer] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];
    const tags = (...states: State[]) => join(states).lists.get('tags');
    expect(tags(of({ a: older }, 5), of({ a: newer, b: older }, 3))).toEqual({
      seen: new Map([
        ['a', newer],
        ['b', older],
      ]),
      until: 5,
    });
    expect(tags(of({ a: newer }), of({ a: older }))).toEqual({ seen: new Map([['a', newer]]) });
    expect(tags(of({}), of({}, 3))?.until).toBe(3);
    const narrow = stateOf({}, new Map([['tags', { seen: new Map([['c', older]]), narrow: true }]]));
    expect(tags(narrow, narrow)?.narrow).toBe(true);
    expect(tags(narrow, of({ a: newer }))?.narrow).toBeUndefined();
  });
});

test('the klasses of a stream are told by their names', () => {
  const state = stateOf({ notes: read(0, 1), 'notes/odd': read(0, 1), notesbook: read(0, 1), tags: read(0, 1) });
  expect(stateKeysOf(state, 'notes')).toEqual(['notes', 'notes/odd']);
});

describe('a shard on the base of earlier runs', () => {
  const cutoff = CUTOFF - HOUR;
  const MESSAGES = [{ from: NOW - 10 * DAY, to: cutoff }];
  const KOBJECTS = [{ from: NOW - 4 * DAY, to: NOW - 2 * DAY }];
  const shard = {
    cutoff,
    search: new Map([
      ['messages', MESSAGES],
      ['kobjects', KOBJECTS],
    ]),
    lists: ['tags'],
    klasses: ['rare'],
  };
  const tags = { seen: new Map([['a', new Date(0).toISOString()]]) };
  const of = (from: number, to: number, ...recent: string[]): SearchState => ({
    ...read(from, to),
    dedupKeys: new Set(recent),
  });
  const onto = (base: State, own: State = NO_STATE, wishes: Partial<Wishes> = {}) =>
    seedState(own, base, shard, { ...WISHES, ...wishes });

  test('has of it what lies in its own part, and leaves the lookback to be read by who has the fingerprints', () => {
    const until = cutoff - 2 * HOUR;
    const [inside, before] = [`${until - 30 * 60_000} m`, `${NOW - 11 * DAY} n`];
    const base = {
      ...stateOf(
        { messages: of(0, until, inside, before, '- o'), notes: of(0, until) },
        new Map([
          ['tags', tags],
          ['users', tags],
        ]),
      ),
      generation: 7,
      organizationId: 'org',
      klassesCheckedAt: 5,
      revisions: new Map([['notes', { changedIn: 7, epoch: 2, recordFormat: 'flat', includeDeleted: true } as const]]),
    };
    const state = onto(base);
    expect(state).toMatchObject({
      generation: 0,
      organizationId: 'org',
      klassesCheckedAt: null,
      revisions: base.revisions,
    });
    expect([...state.search.keys()]).toEqual(['messages']);
    expect([...state.lists]).toEqual([['tags', tags]]);
    expect(state.search.get('messages')).toMatchObject({
      syncedRanges: [{ from: NOW - 10 * DAY, to: until - HOUR }],
      dedupKeys: new Set([inside, '- o']),
    });
    const { work } = plan({ shard }, state);
    expect(work.toRead).toEqual([{ from: until - HOUR, to: cutoff }]);
    expect(work.dedupKeys).toEqual(new Set([inside, '- o']));
  });

  test('has all of a window that was read to its end, where nothing is looked at again', () => {
    const endDate = NOW - 3 * DAY;
    const base = stateOf({ messages: read(NOW - 20 * DAY, endDate) });
    const { search } = onto(base, NO_STATE, { endDate });
    expect(search.get('messages')?.syncedRanges).toEqual([{ from: NOW - 10 * DAY, to: endDate }]);
  });

  test('has all of it where the sync has gone on since', () => {
    expect(onto(stateOf({ messages: read(0, NOW + DAY) })).search.get('messages')?.syncedRanges).toEqual(MESSAGES);
  });

  test('reads a klass where it has not been read, whatever the plain context has', () => {
    const base = stateOf({
      kobjects: read(0, NOW - DAY),
      'kobjects/rare': read(0, NOW - 3 * DAY),
      'kobjectsbook/x': read(0, NOW),
    });
    const state = onto(base);
    expect([...state.search.keys()]).toEqual(['kobjects', 'kobjects/rare']);
    expect(plan({ shard }, state, 'kobjects').work.toRead).toEqual([]);
    expect(plan({ shard }, state, 'kobjects/rare').work.toRead).toEqual([
      { from: NOW - 3 * DAY - HOUR, to: NOW - 2 * DAY },
    ]);
  });

  test('keeps what it has published itself, but for what a refresh has removed since', () => {
    const own = { ...stateOf({ messages: read(NOW - 10 * DAY, NOW - 5 * DAY) }), generation: 3, klassesCheckedAt: 9 };
    const base = stateOf({ messages: read(0, NOW - 9 * DAY) });
    const both = onto(base, own);
    expect(both).toMatchObject({ generation: 3, klassesCheckedAt: 9 });
    expect(both.search.get('messages')?.syncedRanges).toEqual([{ from: NOW - 10 * DAY, to: NOW - 5 * DAY }]);
    const refreshed = { changedIn: 8, epoch: 1, recordFormat: 'flat', includeDeleted: true } as const;
    const later = onto({ ...base, revisions: new Map([['messages', refreshed]]) }, own);
    expect(later.search.get('messages')?.syncedRanges).toEqual([{ from: NOW - 10 * DAY, to: NOW - 9 * DAY - HOUR }]);
  });
});
