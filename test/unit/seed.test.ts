// The state that a shard goes on from: its own, on top of what earlier runs have published inside its ranges.
import { describe, expect, test } from 'vitest';
import { seedState } from '../../src/shards/seed.ts';
import { type PlanOptions, planSearch } from '../../src/sync/plan.ts';
import { NO_STATE, type SearchState, type State } from '../../src/sync/state.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 15, 12);
const CUTOFF = NOW - 60_000;
const OPTIONS = { startDate: NOW - 20 * DAY, settleMs: 60_000, lookbackMs: HOUR, archive: 'auto' } as const;

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
const plan = (options: Partial<PlanOptions>, state: State, name = 'messages') =>
  planSearch(
    name,
    { name: 'messages', mode: 'incremental', named: true },
    { ...OPTIONS, ...options },
    state,
    NOW,
    'archive',
  );

describe('a shard on top of earlier runs', () => {
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
  const of = (from: number, to: number, ...dedupKeys: string[]): SearchState => ({
    ...read(from, to),
    dedupKeys: new Set(dedupKeys),
  });
  const onto = (seed: State, own: State = NO_STATE, options: Partial<PlanOptions> = {}) =>
    seedState(own, seed, shard, { ...OPTIONS, ...options });

  test('has of it what lies in its own ranges, and reads again what the lookback reaches, with its dedup keys', () => {
    const until = cutoff - 2 * HOUR;
    const [inside, before] = [`${until - 30 * 60_000} m`, `${NOW - 11 * DAY} n`];
    const seed = {
      ...stateOf(
        { messages: of(0, until, inside, before, '- o'), notes: of(0, until) },
        new Map([
          ['tags', tags],
          ['users', tags],
        ]),
      ),
      generation: 7,
      organizationId: 'org',
      revisions: new Map([['notes', { changedIn: 7, epoch: 2, recordFormat: 'flat', includeDeleted: true } as const]]),
    };
    const state = onto(seed);
    expect(state).toMatchObject({
      generation: 0,
      organizationId: 'org',
      revisions: seed.revisions,
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
    const seed = stateOf({ messages: read(NOW - 20 * DAY, endDate) });
    const { search } = onto(seed, NO_STATE, { endDate });
    expect(search.get('messages')?.syncedRanges).toEqual([{ from: NOW - 10 * DAY, to: endDate }]);
  });

  test('has all of it where the sync has gone on since', () => {
    expect(onto(stateOf({ messages: read(0, NOW + DAY) })).search.get('messages')?.syncedRanges).toEqual(MESSAGES);
  });

  test('reads a klass where it has not been read, whatever the plain context has', () => {
    const klasses = { checkedAt: 5, from: 0, skipped: [] };
    const seed = stateOf({
      kobjects: { ...read(0, NOW - DAY), klasses },
      'kobjects/rare': read(0, NOW - 3 * DAY),
      'kobjectsbook/x': read(0, NOW),
    });
    const state = onto(seed);
    // Unless the plan has looked for klasses, the shard has to.
    expect(state.search.get('kobjects')?.klasses).toBeUndefined();
    const own = stateOf({ kobjects: { ...read(NOW - 3 * DAY, NOW - 2 * DAY), klasses } });
    expect(onto(seed, own).search.get('kobjects')?.klasses).toEqual(klasses);
    expect([...state.search.keys()]).toEqual(['kobjects', 'kobjects/rare']);
    expect(plan({ shard }, state, 'kobjects').work.toRead).toEqual([]);
    expect(plan({ shard }, state, 'kobjects/rare').work.toRead).toEqual([
      { from: NOW - 3 * DAY - HOUR, to: NOW - 2 * DAY },
    ]);
  });

  test('keeps what it has published itself, but for what a refresh has removed since', () => {
    const own = { ...stateOf({ messages: read(NOW - 10 * DAY, NOW - 5 * DAY) }), generation: 3 };
    const seed = stateOf({ messages: read(0, NOW - 9 * DAY) });
    const both = onto(seed, own);
    expect(both).toMatchObject({ generation: 3 });
    expect(both.search.get('messages')?.syncedRanges).toEqual([{ from: NOW - 10 * DAY, to: NOW - 5 * DAY }]);
    const refreshed = { changedIn: 8, epoch: 1, recordFormat: 'flat', includeDeleted: true } as const;
    const later = onto({ ...seed, revisions: new Map([['messages', refreshed]]) }, own);
    expect(later.search.get('messages')?.syncedRanges).toEqual([{ from: NOW - 10 * DAY, to: NOW - 9 * DAY - HOUR }]);
  });
});
