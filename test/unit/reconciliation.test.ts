import { describe, expect, test } from 'vitest';
import {
  goOn,
  hasFallen,
  latestAsOf,
  parseReconciliation,
  reconciliationToJson,
} from '../../src/sync/reconciliation.ts';
import { NO_STATE, type State } from '../../src/sync/state.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-06-15T12:00:00.000Z');
const reconciliation = { cutoff: NOW - DAY, asOf: NOW - 2 * DAY, open: ['messages'], ids: { customers: 40 } };
const read = { syncedRanges: [], cutoff: NOW, dedupSince: NOW, dedupKeys: new Set<string>() };
const STATE: State = { ...NO_STATE, search: new Map([['messages', read]]), reconciliation };

describe('a run', () => {
  test('goes on with a reconciliation that has one of its streams left', () => {
    expect(goOn(STATE, ['customers', 'messages'], NOW, NOW)).toEqual(STATE);
  });

  test.each([
    ['has none of its streams left', STATE, ['customers']],
    ['is two weeks old', { ...STATE, reconciliation: { ...reconciliation, cutoff: NOW - 14 * DAY } }, ['messages']],
    ['has nothing left', { ...STATE, reconciliation: { ...reconciliation, open: [] } }, ['messages']],
  ])('begins anew when the last one %s, and remembers how many ids there were', (_, state, selected) => {
    const begun = goOn(state, selected, NOW, NOW);
    expect([begun.search.size, begun.shardManifest]).toEqual([0, undefined]);
    expect(begun.reconciliation).toEqual({ cutoff: NOW, asOf: NOW, open: [], ids: { customers: 40 } });
  });
});

test('one that begins in the second of the one before has another time, under which its ids lie', () => {
  const done = { ...STATE, reconciliation: { ...reconciliation, cutoff: NOW, open: [] } };
  expect(goOn(done, ['messages'], NOW, NOW).reconciliation).toMatchObject({ cutoff: NOW - 1_000, asOf: NOW - 1_000 });
});

test('a clock that is fast, and a longer lookback, make the time earlier that the ids speak for, and nothing makes it later', () => {
  const at = (asOf: number, lookbackMs: number, leadMs: number) =>
    latestAsOf({ ...reconciliation, cutoff: NOW, asOf }, lookbackMs, leadMs) - NOW;
  expect([at(NOW, 1_000, 0), at(NOW, 1_000, 500), at(NOW, 0, DAY), at(NOW - DAY, 1_000, 0)]).toEqual([
    ...[-1_000, -2_000, -DAY, -DAY],
  ]);
});

test.each([
  [undefined, 0, false],
  [20, 0, false],
  [21, 0, true],
  [300, 270, false],
  [300, 269, true],
  [40, 20, false],
  [40, 19, true],
  [300, 400, false],
])('of %s ids before, %i now: a fall is %s', (before, now, fallen) => {
  expect(hasFallen(before, now)).toBe(fallen);
});

test('what the state says of it is read as it was written, or not at all', () => {
  const json = reconciliationToJson(reconciliation);
  expect(parseReconciliation(JSON.parse(JSON.stringify(json)))).toEqual(reconciliation);
  expect(parseReconciliation(undefined)).toBeUndefined();
  for (const wrong of [
    null,
    [],
    {},
    { ...json, cutoff: 'noon' },
    { ...json, as_of: 1 },
    { ...json, open: [1] },
    { ...json, ids: { a: -1 } },
  ])
    expect(parseReconciliation(wrong)).toBeNull();
});
