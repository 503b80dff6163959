/** A tie group with more records than are kept in memory: they wait in a staging file until the group is complete. */
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DAY, HOUR, MINUTE, NOON, Reader } from '../world/reader.ts';

const RECENT = { startDate: NOON - 10 * DAY };
const AT = NOON - DAY + 123;
/** Inside the lookback, where published records have dedup keys. */
const YOUNG = NOON - 30 * MINUTE + 123;

describe.each([
  ['long ago', AT],
  ['in the lookback', YOUNG],
])('a run that ends in the middle of a large tie group (%s)', (_when, at) => {
  test.each(few([10, 30, 50]))(
    'at request %d, publishes none of it, and the next run all of it, once',
    async stopAt => {
      await using reader = await Reader.open({ tieOrder: 'unstable' });
      reader.world.populate({ notes: 300 }, { from: at - HOUR, to: at - 1 });
      reader.world.addTie('notes', at, 14_000, { createdSpreadMs: 30 * DAY });
      const run = await reader.run('notes', {
        ...RECENT,
        onRequest: (_request, { request, stop }) => {
          if (request === stopAt) stop();
        },
      });
      expect(run.complete).toBe(false);
      expect(run.published.filter(({ updatedAt }) => updatedAt === new Date(at).toISOString())).toEqual([]);
      expect(reader.stateOf('notes')?.syncedRanges.some(({ from, to }) => from <= at && at < to) ?? false).toBe(false);
      expect((await reader.run('notes', RECENT)).complete).toBe(true);
      expect(reader.problems('notes')).toEqual([]);
    },
  );
});

test('a checkpoint at any request of a large tie group has no more synced than is published', async () => {
  await using reader = await Reader.open({ tieOrder: 'unstable' });
  reader.world.addTie('notes', AT, 14_000, { createdSpreadMs: 30 * DAY });
  reader.world.populate({ notes: 900 }, { from: AT + 1, to: AT + HOUR });
  const wrong: string[] = [];
  await reader.run('notes', {
    ...RECENT,
    onRequest: (_request, { checkpoint }) => {
      const { state, published } = checkpoint();
      const isSynced = state.search.get('notes')?.syncedRanges.some(({ from, to }) => from <= AT && AT < to) ?? false;
      const there = published.filter(({ updatedAt }) => updatedAt === new Date(AT).toISOString()).length;
      if (there !== (isSynced ? 14_000 : 0)) wrong.push(`${there} published, ${isSynced ? '' : 'not '}synced`);
    },
  });
  expect(wrong).toEqual([]);
  expect(reader.problems('notes')).toEqual([]);
});

longTest('a large tie group near the search horizon, in both indexes, is read once', async () => {
  const horizon = NOON - 730 * DAY;
  await using reader = await Reader.open({ tieOrder: 'unstable', archiveOverlapMs: 5 * DAY });
  reader.world.addTie('messages', horizon + DAY, 12_000, { createdSpreadMs: 30 * DAY });
  reader.world.addTie('messages', horizon + 2 * DAY, 10_500, { createdSpreadMs: 30 * DAY });
  reader.world.populate({ messages: 900 }, { from: horizon - 3 * DAY, to: horizon + 10 * DAY });
  const run = await reader.run('messages', { startDate: horizon - 10 * DAY });
  expect(run.complete).toBe(true);
  expect(reader.problems('messages')).toEqual([]);
});
