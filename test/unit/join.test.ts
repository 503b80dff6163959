// What the shards of a plan have published, put together and added to what other runs have saved.
import { describe, expect, test } from 'vitest';
import {
  addsNothing,
  checkDone,
  checkGap,
  checkOverlap,
  isDone,
  joinOnto,
  unite,
  wantedRange,
} from '../../src/shards/join.ts';
import type { Shard } from '../../src/shards/shard.ts';
import type { Interval } from '../../src/sync/intervals.ts';
import { type ListState, NO_STATE, type SearchState, type State } from '../../src/sync/state.ts';

const HOUR = 3_600_000;
const [OLDER, NEWER] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];

const read = (from: number, to: number): SearchState => ({
  syncedRanges: [{ from, to }],
  cutoff: to,
  dedupSince: to - HOUR,
  dedupKeys: new Set([`${to - 5} a`]),
});
const checked = (state: SearchState, checkedAt: number | null): SearchState =>
  checkedAt === null
    ? state
    : { ...state, klasses: { checkedAt, from: state.syncedRanges[0]?.from ?? 0, skipped: [] } };
const checkedAt = ({ search }: State) => search.get('kobjects')?.klasses?.checkedAt ?? null;
const stateOf = (search: Record<string, SearchState>, more: Partial<State> = {}): State => ({
  ...NO_STATE,
  search: new Map(Object.entries(search)),
  ...more,
});
const tags = (seen: Record<string, string>, more: Partial<ListState> = {}): State => ({
  ...NO_STATE,
  lists: new Map([['tags', { seen: new Map(Object.entries(seen)), ...more }]]),
});
const shardOf = (search: Record<string, Interval[]>, more: Partial<Shard> = {}): Shard => ({
  number: 1,
  of: 1,
  plan: 'p',
  window: { from: 0, to: 99 },
  cutoff: 99,
  inputs: 'i',
  generation: 0,
  search: new Map(Object.entries(search)),
  lists: [],
  klasses: null,
  ...more,
});

describe('two states together', () => {
  test('have what either has published, and trust no more than both', () => {
    const united = unite(stateOf({ notes: read(0, 50) }), stateOf({ notes: read(40, 99), messages: read(0, 9) }));
    expect(united.search.get('notes')).toEqual({
      syncedRanges: [{ from: 0, to: 99 }],
      cutoff: 50,
      dedupSince: 99 - HOUR,
      dedupKeys: new Set(['45 a', '94 a']),
    });
    expect(united.search.get('messages')).toEqual(read(0, 9));
  });

  test('are otherwise the first one', () => {
    const own = { generation: 3, savedAt: OLDER, run: { id: '1', attempt: '2' }, organizationId: 'org' };
    const other = { generation: 9, savedAt: NEWER, run: { id: '7', attempt: '1' } };
    expect(unite(stateOf({}, own), stateOf({}, other))).toMatchObject(own);
    expect(unite(stateOf({}, other), stateOf({}, own)).organizationId).toBe('org');
  });

  test('have of a stream that a full refresh has replaced what came of that', () => {
    const revision = { changedIn: 5, epoch: 1, recordFormat: 'flat', includeDeleted: true } as const;
    const revisions = new Map([['kobjects', revision]]);
    const old = {
      ...stateOf({ messages: read(0, 9), kobjects: read(0, 9), 'kobjects/rare': read(0, 9) }),
      lists: tags({ a: OLDER }).lists,
    };
    const fresh = stateOf({ kobjects: checked(read(20, 30), 7) }, { revisions });
    for (const united of [unite(old, fresh), unite(fresh, old)]) {
      expect([...united.search.keys()].sort()).toEqual(['kobjects', 'messages']);
      expect(united.search.get('kobjects')).toEqual(checked(read(20, 30), 7));
      expect(united).toMatchObject({ revisions });
      expect(united.lists.has('tags')).toBe(true);
    }
  });

  test.each([
    [null, null, null],
    [HOUR, null, null],
    [HOUR, 2 * HOUR, 2 * HOUR],
    [2 * HOUR, HOUR, 2 * HOUR],
  ])('whose klasses were checked at %s and at %s were checked at %s', (one, other, both) => {
    const of = (at: number | null) => stateOf({ kobjects: checked(read(0, 9), at) });
    expect(checkedAt(unite(of(one), of(other)))).toBe(both);
    // One without kobjects has none to check.
    expect(checkedAt(unite(of(one), NO_STATE))).toBe(one);
  });

  test('are never of two organizations', () => {
    const refusal = () => unite(stateOf({}, { organizationId: 'a' }), stateOf({}, { organizationId: 'b' }));
    expect(refusal).toThrow('the state of another Kustomer organization (b) under the same name.');
    expect(refusal).toThrow(expect.objectContaining({ actor: 'user', kind: 'state', code: 'other-organization' }));
  });
});

describe('states of shards', () => {
  const joinShards = (states: readonly State[]) => states.reduce(unite, NO_STATE);
  const first = {
    ...stateOf({ kobjects: read(0, 50), 'kobjects/odd': read(0, 50), notes: read(0, 9) }),
    generation: 4,
  };
  const second = { ...stateOf({ kobjects: read(50, 99) }), generation: 9 };

  test('are joined, klass by klass', () => {
    const joined = joinShards([first, second]);
    expect(joined.generation).toBe(0);
    expect(joined.search.get('kobjects')?.syncedRanges).toEqual([{ from: 0, to: 99 }]);
    expect(joined.search.get('kobjects')?.dedupKeys).toEqual(new Set(['45 a', '94 a']));
    expect(joined.search.get('kobjects/odd')?.syncedRanges).toEqual([{ from: 0, to: 50 }]);
    expect(joined.search.get('kobjects/odd')?.dedupKeys).toEqual(new Set(['45 a']));
    expect(joined.search.get('notes')?.syncedRanges).toEqual([{ from: 0, to: 9 }]);
    expect([...joined.search.keys()].sort()).toEqual(['kobjects', 'kobjects/odd', 'notes']);
  });

  test('say nothing of a klass when they have not looked for any', () => {
    const joined = joinShards([first, second]);
    expect(joined.search.get('kobjects')?.syncedRanges).toEqual([{ from: 0, to: 99 }]);
    expect(joined.search.get('kobjects/odd')?.syncedRanges).toEqual([{ from: 0, to: 50 }]);
    expect(checkedAt(joined)).toBe(null);
  });

  test('say nothing of a klass whose stream they have not read', () => {
    const joined = joinShards([first, stateOf({ notes: read(9, 20) })]);
    expect(joined.search.get('kobjects/odd')?.syncedRanges).toEqual([{ from: 0, to: 50 }]);
    expect(joinShards([])).toEqual(NO_STATE);
  });

  test('of which one has read a list: that is how far it is read, in the later version of each record', () => {
    const joined = (...states: State[]) => joinShards(states).lists.get('tags');
    expect(joined(tags({ a: OLDER }, { until: 5 }), tags({ a: NEWER, b: OLDER }, { until: 3 }))).toEqual({
      seen: new Map([
        ['a', NEWER],
        ['b', OLDER],
      ]),
      until: 5,
    });
    expect(joined(tags({ a: NEWER }), tags({ a: OLDER }))).toEqual({ seen: new Map([['a', NEWER]]) });
    expect(joined(tags({}), tags({}, { until: 3 }))?.until).toBe(3);
    const narrow = tags({ c: OLDER }, { narrow: true });
    expect(joined(narrow, narrow)?.narrow).toBe(true);
    expect(joined(narrow, tags({ a: NEWER }))?.narrow).toBeUndefined();
  });
});

describe('shards added to what was saved', () => {
  const INCREMENTAL = { endDate: null };
  const plan = [shardOf({ notes: [{ from: 0, to: 9 }] })];
  const before = { ...stateOf({ notes: read(9, 20) }), generation: 5, consecutiveRuns: 2 };
  const shards = [{ ...stateOf({ notes: read(0, 9) }), shardManifest: { files: [], requests: {} } }];

  test('are added to it, without what is of a run or of a shard alone', () => {
    const joined = joinOnto(before, plan, shards, INCREMENTAL);
    expect(joined).toMatchObject({ generation: 5 });
    expect(joined.search.get('notes')?.syncedRanges).toEqual([{ from: 0, to: 20 }]);
    expect(joined).not.toHaveProperty('consecutiveRuns');
    expect(joined).not.toHaveProperty('shardManifest');
    expect(joinOnto(NO_STATE, plan, shards, INCREMENTAL)).toMatchObject({
      generation: 0,
      search: new Map([['notes', read(0, 9)]]),
    });
  });

  test('have looked for klasses in all that there is, where the plan has', () => {
    const looked = [shardOf({ kobjects: [{ from: 0, to: 9 }] }, { klasses: [] })];
    const own = [stateOf({ kobjects: checked(read(0, 9), 8) })];
    const unchecked = stateOf({ kobjects: read(9, 20) }, { generation: 5 });
    expect(checkedAt(joinOnto(unchecked, looked, own, INCREMENTAL))).toBe(8);
    expect(checkedAt(joinOnto(unchecked, plan, own, INCREMENTAL))).toBeNull();
  });

  describe('of a list', () => {
    const listed = (known: State | null, own: State, endDate: number | null) =>
      joinOnto({ ...(known ?? NO_STATE), generation: known === null ? 0 : 1 }, plan, [own], { endDate }).lists.get(
        'tags',
      );

    test('have its end in a backfill, and none in an incremental sync', () => {
      const own = tags({ a: OLDER }, { until: 9 });
      expect(listed(null, own, 9)).toEqual({ seen: new Map([['a', OLDER]]), until: 9 });
      expect(listed(null, own, null)).toEqual({ seen: new Map([['a', OLDER]]) });
      expect(listed(null, tags({}, { until: 9, narrow: true }), null)).toEqual({ seen: new Map(), narrow: true });
    });

    test('bring back what was gone before the plan, and has come back since', () => {
      const known = tags(
        { c: OLDER },
        {
          gone: new Map([
            ['a', 9],
            ['b', 7],
          ]),
        },
      );
      expect(listed(known, tags({ a: OLDER, b: OLDER }, { until: 8, gone: new Map([['x', 7]]) }), null)).toEqual({
        seen: new Map([
          ['c', OLDER],
          ['b', OLDER],
        ]),
        gone: new Map([['a', 9]]),
      });
    });

    test('do not bring back what a sync has found gone, nor forget what it has seen', () => {
      const known = tags({ a: NEWER, c: OLDER }, { gone: new Map([['b', 9]]) });
      expect(listed(known, tags({ a: OLDER, b: OLDER, d: OLDER }, { until: 8 }), null)).toEqual({
        seen: new Map([
          ['a', NEWER],
          ['c', OLDER],
          ['d', OLDER],
        ]),
        gone: new Map([['b', 9]]),
      });
    });
  });

  test('add nothing when they were added before', () => {
    const both = joinOnto(before, plan, shards, INCREMENTAL);
    expect(addsNothing(before, both)).toBe(false);
    expect(addsNothing(both, joinOnto(both, plan, shards, INCREMENTAL))).toBe(true);
    expect(addsNothing(NO_STATE, NO_STATE)).toBe(false);
    const known = { ...stateOf({ kobjects: read(0, 9) }), generation: 1 };
    expect(addsNothing(known, stateOf({ kobjects: checked(read(0, 9), 3) }))).toBe(false);
    const [seen, more] = [tags({ a: OLDER }), tags({ a: OLDER, b: OLDER })].map(state => ({ ...state, generation: 1 }));
    expect(addsNothing(seen as State, more as State)).toBe(false);
    expect(addsNothing(more as State, seen as State)).toBe(true);
    expect(addsNothing(seen as State, { ...tags({ a: OLDER }, { until: 3 }), generation: 1 })).toBe(false);
  });
});

describe('a shard is done', () => {
  const shard = shardOf({ notes: [{ from: 0, to: 9 }] }, { lists: ['tags'] });
  const own = { ...stateOf({ notes: read(0, 9) }), lists: tags({}).lists };

  test('when all its ranges and its lists are read', () => {
    expect(isDone(shard, own)).toBe(true);
    expect(isDone(shard, { ...own, lists: new Map() })).toBe(false);
    expect(isDone(shard, { ...own, search: new Map([['notes', read(0, 8)]]) })).toBe(false);
    expect(isDone(shard, NO_STATE)).toBe(false);
  });

  test('and every klass that only its own search shows', () => {
    const kobjects = shardOf({ kobjects: [{ from: 0, to: 9 }] }, { klasses: ['rare'] });
    const state = (rare: number, at: number | null) =>
      stateOf({ kobjects: checked(read(0, 9), at), 'kobjects/rare': read(0, rare) });
    expect(isDone(kobjects, state(9, 1))).toBe(true);
    expect(isDone(kobjects, state(8, 1))).toBe(false);
    expect(isDone(kobjects, state(9, null))).toBe(false);
    expect(isDone(kobjects, stateOf({ kobjects: checked(read(0, 9), 1) }))).toBe(false);
    // One that it has met itself.
    expect(isDone({ ...kobjects, klasses: null }, state(8, 1))).toBe(false);
  });

  test('or named as one that is not', () => {
    const plan = Array.from({ length: 30 }, (_, n) => ({ ...shard, number: n + 1, of: 30 }));
    expect(() =>
      checkDone(
        plan,
        plan.map(() => own),
      ),
    ).not.toThrow();
    expect(() => checkDone(plan.slice(0, 3), [own, NO_STATE, own])).toThrow(
      /^The shards 2 of 3 are missing or not done/,
    );
    expect(() => checkDone(plan, [])).toThrow(/^The shards 1, 2, .*, 20, … of 30 are missing/);
  });
});

describe('a plan', () => {
  const half = (from: number, to: number, number: number) => shardOf({ notes: [{ from, to }] }, { number, of: 2 });
  const options = { startDate: 0, endDate: 99, settleMs: 0, lookbackMs: 0, archive: 'auto' } as const;
  const notes = { name: 'notes', mode: 'incremental', named: true } as const;

  test('has shards that do not overlap', () => {
    expect(() => checkOverlap([half(0, 50, 1), half(50, 99, 2)])).not.toThrow();
    expect(() => checkOverlap([half(0, 51, 1), half(50, 99, 2)])).toThrow(
      'Shard 2 of the plan overlaps another one in notes.',
    );
  });

  test('leaves nothing out that nobody else has published', () => {
    const shards = [half(0, 1_000, 1), half(2_000, 3_000, 2)].map(shard => ({ ...shard, cutoff: 3_000 }));
    const window = { ...options, endDate: 3_000, streams: [notes] };
    expect(wantedRange(shards, notes, window)).toEqual({ from: 0, to: 3_000 });
    expect(() => checkGap(shards, window, NO_STATE)).toThrow(
      'leave out what was updated in notes from 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z.',
    );
    expect(() => checkGap(shards, window, stateOf({ notes: read(500, 2_000) }))).not.toThrow();
    // A stream that is not in the plan was done before.
    expect(() => checkGap(shards, { ...window, streams: [{ ...notes, name: 'messages' }] }, NO_STATE)).not.toThrow();
  });
});
