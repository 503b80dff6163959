// Two runs that have published beside each other: nothing that either of them claims is lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { covers, minus, union } from '../../src/sync/intervals.ts';
import { merge, refreshed, reset, without } from '../../src/sync/merge.ts';
import { type ListState, NO_STATE, type SearchState, type State } from '../../src/sync/state.ts';
import { parseState, serializeState } from '../../src/sync/state-document.ts';

const HOUR = 3_600_000;
const prints = fc.uniqueArray(
  fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 5 })).map(([at, id]) => `${at * HOUR} ${id}`),
);
const search: fc.Arbitrary<SearchState> = fc
  .record({
    syncedRanges: fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 9 })), {
      minLength: 1,
      maxLength: 4,
    }),
    cutoff: fc.integer({ min: 0, max: 99 }),
    dedupSince: fc.integer({ min: 0, max: 99 }),
    dedupKeys: prints,
  })
  .map(({ syncedRanges, cutoff, dedupSince, dedupKeys }) => ({
    syncedRanges: union(syncedRanges.map(([from, hours]) => ({ from: from * HOUR, to: (from + hours) * HOUR }))),
    cutoff: cutoff * HOUR,
    dedupSince: dedupSince * HOUR,
    dedupKeys: new Set(dedupKeys),
  }));
const names = fc.constantFrom('notes', 'kobjects', 'kobjects/order');
/** A list as the reader leaves it: what is there is not gone, and what is gone has a time. */
function listOf(
  seen: Readonly<Record<string, string>>,
  readAt?: number,
  gone: Readonly<Record<string, number>> = {},
): ListState {
  const away = new Map(Object.entries(gone).filter(([id]) => !(id in seen)));
  return {
    seen: new Map(Object.entries(seen)),
    ...(readAt === undefined ? {} : { readAt }),
    ...(away.size === 0 ? {} : { gone: away }),
  };
}
const seenIn = ({ lists }: State) => lists.get('tags')?.seen ?? new Map<string, string>();
const state: fc.Arbitrary<State> = fc
  .record({
    generation: fc.integer({ min: 1, max: 50 }),
    organizationId: fc.constantFrom('org', null),
    search: fc.uniqueArray(fc.tuple(names, search), { selector: ([name]) => name }),
    seen: fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.integer({ min: 0, max: 9 }).map(n => new Date(n * HOUR).toISOString()),
    ),
    readAt: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    gone: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 9 })),
    klassesCheckedAt: fc.constantFrom(null, HOUR, 2 * HOUR),
  })
  .map(({ seen, readAt, gone, ...rest }) => ({
    ...NO_STATE,
    ...rest,
    savedAt: new Date(0).toISOString(),
    run: { id: '1', attempt: '1' },
    search: new Map(rest.search),
    lists: new Map([['tags', listOf(seen, readAt, gone)]]),
  }));

const numRuns = process.env.FEWER_CASES === undefined ? 100 : 30;

describe('merge', () => {
  test('keeps what either of them claims and remembers, and trusts no more than both', () => {
    fc.assert(
      fc.property(state, state, (ours, theirs) => {
        const merged = merge(ours, theirs);
        expect(merged.generation).toBe(Math.max(ours.generation, theirs.generation) + 1);
        expect(merged.organizationId).toBe(ours.organizationId ?? theirs.organizationId);
        for (const each of [ours, theirs]) {
          for (const [name, { syncedRanges, dedupKeys, cutoff, dedupSince }] of each.search) {
            const both = merged.search.get(name) as SearchState;
            expect(syncedRanges.every(part => covers(both.syncedRanges, part))).toBe(true);
            expect([...dedupKeys].every(print => both.dedupKeys.has(print))).toBe(true);
            expect(both.cutoff).toBeLessThanOrEqual(cutoff);
            expect(both.dedupSince).toBeGreaterThanOrEqual(dedupSince);
          }
          const [own, all] = [each, merged].map(({ lists }) => lists.get('tags') as ListState) as [
            ListState,
            ListState,
          ];
          for (const [id, version] of own.seen) {
            // What has been found gone since it was seen here stays gone.
            const isGone = (all.gone?.get(id) ?? Number.NEGATIVE_INFINITY) >= (own.readAt ?? Number.NEGATIVE_INFINITY);
            expect(all.gone?.has(id) && isGone ? version : (all.seen.get(id) ?? '') >= version && version).toBe(
              version,
            );
          }
          for (const [id, at] of own.gone ?? [])
            expect(all.seen.has(id) || (all.gone?.get(id) ?? Number.NaN) >= at).toBe(true);
          expect([...(all.gone?.keys() ?? [])].filter(id => all.seen.has(id))).toEqual([]);
        }
        // Claims nothing that neither does, and can be saved.
        for (const [name, { syncedRanges }] of merged.search) {
          const known = union(ours.search.get(name)?.syncedRanges ?? [], theirs.search.get(name)?.syncedRanges ?? []);
          expect(syncedRanges).toEqual(known);
        }
        expect(serializeState(parseState(serializeState(merged), 'test'))).toBe(serializeState(merged));
      }),
      { numRuns },
    );
  });

  test('does not depend on who asks', () => {
    fc.assert(
      fc.property(state, state, (a, b) => {
        expect(serializeState({ ...merge(a, b), run: a.run })).toBe(serializeState({ ...merge(b, a), run: a.run }));
      }),
      { numRuns },
    );
  });

  const REFRESHED = ['kobjects', 'tags'];

  test('lets a stream that we refresh, with its klasses, be ours alone', () => {
    fc.assert(
      fc.property(state, state, fc.nat(2), fc.nat(2), (ours, theirs, before, beside) => {
        const old = { ...ours, refreshes: new Map([['tags', before]]) };
        const other = { ...theirs, refreshes: new Map([['tags', beside]]) };
        const merged = merge(refreshed(old, REFRESHED, other), other);
        for (const name of ['kobjects', 'kobjects/order'])
          expect(merged.search.get(name)).toEqual(ours.search.get(name));
        expect(merged.lists.get('tags')).toEqual(ours.lists.get('tags'));
        // Nor does what they have claimed come back from another copy.
        expect(merge(other, merged)).toMatchObject({ lists: merged.lists, refreshes: merged.refreshes });
      }),
      { numRuns },
    );
  });

  test('of what was there before their refresh keeps only what we publish after it', () => {
    // What has gone is tested on its own.
    const all = state.map(each => ({ ...each, lists: new Map([['tags', { seen: seenIn(each) }]]) }));
    fc.assert(
      fc.property(all, all, all, (before, run, refresh) => {
        const theirs = refreshed(refresh, REFRESHED, before);
        const ours = merge(run, before);
        const merged = merge(ours, theirs, before);
        for (const name of ['kobjects', 'kobjects/order']) {
          const [old, own, other] = [before, ours, theirs].map(({ search }) => search.get(name));
          const added = minus(own?.syncedRanges ?? [], old?.syncedRanges ?? []);
          const all = merged.search.get(name);
          expect(all?.syncedRanges ?? []).toEqual(union(added, other?.syncedRanges ?? []));
          const known = [...(own?.dedupKeys ?? [])].filter(print => !old?.dedupKeys.has(print));
          expect(all?.dedupKeys ?? new Set()).toEqual(new Set([...(other?.dedupKeys ?? []), ...known]));
        }
        const own = [...(ours.lists.get('tags')?.seen ?? [])].filter(
          ([id, version]) => before.lists.get('tags')?.seen.get(id) !== version,
        );
        const ids = [...own.map(([id]) => id), ...(theirs.lists.get('tags')?.seen.keys() ?? [])];
        expect(new Set(merged.lists.get('tags')?.seen.keys())).toEqual(new Set(ids));
        // A stream that they have not refreshed is both's.
        expect(merged.search.get('notes')).toEqual(merge(ours, refresh).search.get('notes'));
        expect(serializeState(parseState(serializeState(merged), 'test'))).toBe(serializeState(merged));
      }),
      { numRuns },
    );
  });

  test('tells apart what a run has not read, has read first, and has read again beside their refresh', () => {
    const tags = (...ids: string[]): ListState => ({
      seen: new Map(ids.map(id => [id, new Date(HOUR).toISOString()])),
    });
    const of = (list?: ListState): State => ({
      ...NO_STATE,
      generation: 1,
      lists: new Map(list === undefined ? [] : [['tags', list]]),
    });
    const narrow = { ...tags('a'), narrow: true };
    const theirs = refreshed(of(narrow), ['tags'], NO_STATE);
    const merged = (ours: State, before: State) => merge(ours, theirs, before).lists.get('tags');
    expect(merged(of(), of())).toEqual(narrow);
    expect(merged(of(), of(tags('b')))).toEqual(narrow);
    expect(merged(of(tags('b')), of(tags('b')))).toEqual(narrow);
    expect(merged(of(tags('b', 'c')), of(tags('b')))).toEqual(tags('a', 'c'));
    expect(merged(of(tags('b')), of())).toEqual(tags('a', 'b'));
  });

  describe('of what has gone from a list', () => {
    const VERSION = new Date(HOUR).toISOString();
    const of = (list: ListState): State => ({ ...NO_STATE, generation: 1, lists: new Map([['tags', list]]) });
    const merged = (a: ListState, b: ListState) => {
      const [one, other] = [merge(of(a), of(b)), merge(of(b), of(a))].map(({ lists }) => lists.get('tags'));
      expect(one).toEqual(other);
      return one;
    };
    const found = (readAt: number | undefined, at: number) => listOf({ a: VERSION }, readAt, { b: at });

    test('brings back nothing that an older reading still had', () => {
      const all = { a: VERSION, b: VERSION };
      for (const readAt of [undefined, 1, 2]) {
        expect(merged(listOf(all, readAt), found(3, 2))).toEqual(found(3, 2));
      }
    });

    test('keeps what a later reading has again', () => {
      expect(merged(listOf({ b: VERSION }, 3), found(2, 2))).toEqual(listOf({ a: VERSION, b: VERSION }, 3));
    });

    test('keeps what came and went between two readings of the other one, so that it is still said to be gone', () => {
      expect(merged(listOf({ a: VERSION, b: VERSION }, 2), listOf({ a: VERSION }, 3))).toEqual(
        listOf({ a: VERSION, b: VERSION }, 3),
      );
    });

    test('remembers the later time, and of old documents what there is', () => {
      expect(merged(found(3, 2), found(5, 4))).toEqual(found(5, 4));
      expect(merged(listOf({ a: VERSION }), found(undefined, 2))).toEqual(found(undefined, 2));
    });

    test('published beside a refresh takes it from what the refresh has seen', () => {
      const before = of(listOf({ a: VERSION, b: VERSION }, 1, { c: 1 }));
      const theirs = refreshed(of(listOf({ a: VERSION, b: VERSION }, 2)), ['tags'], before);
      const ours = of(listOf({ a: VERSION }, 3, { b: 3, c: 1 }));
      expect(merge(ours, theirs, before).lists.get('tags')).toEqual(listOf({ a: VERSION }, 3, { b: 3 }));
    });
  });

  test('remembers a version that was published beside their refresh in what had been read before', () => {
    const of = (dedupKeys: string[], cutoff: number): State => ({
      ...NO_STATE,
      generation: 1,
      search: new Map([
        ['notes', { syncedRanges: [{ from: 0, to: 9 * HOUR }], cutoff, dedupSince: 0, dedupKeys: new Set(dedupKeys) }],
      ]),
    });
    const before = of(['1 a'], HOUR);
    const theirs = refreshed(of(['2 b'], 2 * HOUR), ['notes'], before);
    expect(merge(of(['1 a', '3 c'], HOUR), theirs, before).search.get('notes')).toEqual({
      syncedRanges: [{ from: 0, to: 9 * HOUR }],
      cutoff: HOUR,
      dedupSince: 0,
      dedupKeys: new Set(['2 b', '3 c']),
    });
    expect(merge(of(['1 a'], HOUR), theirs, before).search.get('notes')?.cutoff).toBe(2 * HOUR);
  });

  describe('after a reset', () => {
    const claim = (from: number, to: number): SearchState => ({
      syncedRanges: [{ from, to }],
      cutoff: HOUR,
      dedupSince: 0,
      dedupKeys: new Set(),
    });
    const of = (notes: SearchState | null, more: Partial<State> = {}): State => ({
      ...NO_STATE,
      generation: 1,
      search: new Map(notes === null ? [] : [['notes', notes]]),
      ...more,
    });
    const syncedRanges = ({ search }: State) => search.get('notes')?.syncedRanges;
    const old = of(claim(0, 5));
    const afresh = reset([old]);

    test('nothing comes back of what was claimed before, whoever saves first', () => {
      expect(afresh).toEqual({ ...NO_STATE, generation: 1, resets: 1 });
      for (const merged of [merge(afresh, old), merge(old, afresh), merge(old, afresh, old)]) {
        expect(merged).toMatchObject({ search: new Map(), lists: new Map(), resets: 1, generation: 2 });
      }
    });

    test('what is published only now counts', () => {
      const ours = of(claim(0, 9));
      expect(syncedRanges(merge(ours, { ...afresh, ...of(claim(7, 8)), resets: 1 }, old))).toEqual([
        { from: 5, to: 9 },
      ]);
    });

    test('a refresh that had begun before is that of all there is of its stream, and of no other', () => {
      const ours = { ...of(claim(0, 9)), lists: new Map([['tags', { seen: new Map([['a', '']]) }]]) };
      const theirs = { ...afresh, search: new Map([['notes', claim(20, 21)]]) };
      const merged = merge(refreshed(ours, ['notes'], theirs), theirs, ours);
      expect(syncedRanges(merged)).toEqual([{ from: 0, to: 9 }]);
      expect(merged.lists.has('tags')).toBe(false);
      expect(syncedRanges(merge(theirs, merged))).toEqual([{ from: 0, to: 9 }]);
    });

    test('the klasses are to be checked again that were checked before', () => {
      const checked = of(null, { search: new Map([['kobjects', claim(0, 5)]]), klassesCheckedAt: HOUR });
      expect(merge(checked, afresh).klassesCheckedAt).toBeNull();
      expect(merge(afresh, checked).klassesCheckedAt).toBeNull();
      const again = { ...checked, resets: 1, klassesCheckedAt: 2 * HOUR };
      expect(merge(of(null), again).klassesCheckedAt).toBe(2 * HOUR);
      expect(merge(of(null, { search: checked.search }), again).klassesCheckedAt).toBeNull();
    });

    test('it counts for more than all copies that are known, in each way of counting', () => {
      const copies = [
        of(null, { generation: 9, refreshes: new Map([['notes', 1]]) }),
        of(null, { generation: 2, resets: 3, refreshes: new Map([...Object.entries({ notes: 2, tags: 1 })]) }),
      ];
      expect(reset(copies)).toEqual({
        ...NO_STATE,
        generation: 9,
        resets: 4,
        refreshes: new Map([...Object.entries({ notes: 2, tags: 1 })]),
      });
      expect(reset([])).toEqual({ ...NO_STATE, resets: 1 });
    });
  });

  test('trusts a refresh alone where nothing was added to what it has removed', () => {
    fc.assert(
      fc.property(state, state, (ours, refresh) => {
        const theirs = refreshed(refresh, [...REFRESHED, 'notes'], ours);
        for (const merged of [merge(ours, theirs), merge(ours, theirs, ours)]) {
          expect([...merged.search].sort()).toEqual([...theirs.search].sort());
          expect(merged.lists).toEqual(theirs.lists);
        }
      }),
      { numRuns },
    );
  });

  test.each([
    [null, null, null],
    [HOUR, null, HOUR],
    [null, HOUR, HOUR],
    [HOUR, 2 * HOUR, 2 * HOUR],
    [2 * HOUR, HOUR, 2 * HOUR],
  ])('klasses checked at %s by us and at %s by them were checked at %s', (ours, theirs, merged) => {
    const of = (klassesCheckedAt: number | null) => ({ ...NO_STATE, generation: 1, klassesCheckedAt });
    expect(merge(of(ours), of(theirs)).klassesCheckedAt).toBe(merged);
  });

  test('klasses are checked when they were of all that is published', () => {
    const syncedRanges = (klassesCheckedAt: number | null, ...set: { from: number; to: number }[]): State => ({
      ...NO_STATE,
      klassesCheckedAt,
      search: new Map([['kobjects', { syncedRanges: set, cutoff: HOUR, dedupSince: 0, dedupKeys: new Set<string>() }]]),
    });
    const [unchecked, checked] = [syncedRanges(null, { from: 0, to: 1 }), syncedRanges(HOUR, { from: 1, to: 2 })];
    expect(merge(checked, unchecked).klassesCheckedAt).toBeNull();
    expect(merge(unchecked, checked).klassesCheckedAt).toBeNull();
    expect(merge(checked, syncedRanges(null)).klassesCheckedAt).toBe(HOUR);
    // What we have replaced is no part of it.
    expect(merge(refreshed(checked, ['kobjects'], unchecked), unchecked).klassesCheckedAt).toBe(HOUR);
  });

  test('never mixes organizations', () => {
    const of = (organizationId: string) => ({ ...NO_STATE, generation: 1, organizationId });
    const refusal = () => merge(of('a'), of('b'));
    expect(refusal).toThrow('the state of another Kustomer organization (b) under the same name.');
    expect(refusal).toThrow('Give each organization its own `state-id`, and its own `branch`');
    expect(refusal).toThrow(expect.objectContaining({ actor: 'user', kind: 'state' }));
  });
});

describe('what a full refresh by runs with another state has removed', () => {
  const claim = { syncedRanges: [{ from: 0, to: 9 }], cutoff: HOUR, dedupSince: 0, dedupKeys: new Set<string>() };
  const given: State = {
    ...NO_STATE,
    generation: 7,
    organizationId: 'org',
    search: new Map(['notes', 'kobjects', 'kobjects/order'].map(name => [name, claim])),
    lists: new Map([['tags', { seen: new Map([['a', '']]) }]]),
    klassesCheckedAt: HOUR,
    refreshes: new Map([['notes', 2]]),
    resets: 1,
    shardManifest: { files: ['notes', 'kobjects'].map(stream => ({ stream, records: 1 })), requests: { kobjects: 3 } },
  };

  test('is not claimed, nor are its files told of, and the rest stays as it is', () => {
    const refreshes = new Map([...Object.entries({ notes: 2, kobjects: 1, tags: 1, users: 1 })]);
    expect(without(given, refreshes)).toEqual({
      removed: ['kobjects', 'tags'],
      state: {
        ...given,
        search: new Map([['notes', claim]]),
        lists: new Map(),
        klassesCheckedAt: null,
        refreshes,
        shardManifest: { files: [{ stream: 'notes', records: 1 }], requests: { kobjects: 3 } },
      },
    });
  });

  test('is nothing where there was none since', () => {
    for (const refreshes of [new Map(), given.refreshes]) {
      expect(without(given, refreshes)).toEqual({ removed: [], state: given });
    }
    expect(without(NO_STATE, new Map()).state).toEqual(NO_STATE);
  });
});
