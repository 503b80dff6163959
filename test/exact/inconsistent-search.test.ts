/** A wrong result is seen through or refused: it is never taken for right, and never requested without end. */
import { describe, expect, test } from 'vitest';
import { few } from '../forms.ts';
import type { Fault, FaultRule, Stream } from '../world/kustomer/index.ts';
import { DAY, HOUR, MINUTE, NOON, Reader } from '../world/reader.ts';

const RECENT = { startDate: NOON - 10 * DAY };
const SPREAD = { from: NOON - 9 * DAY, to: NOON - HOUR };

/** 400 records in pages of 20, a tie of 130 among them. */
async function lied(...faults: FaultRule[]) {
  const reader = await Reader.open({ pageSizeMax: 20, tieOrder: 'unstable' });
  reader.world.populate({ notes: 270 }, { ...SPREAD, tieFraction: 0.2, tieSize: 15 });
  reader.world.addTie('notes', NOON - 5 * DAY, 130);
  for (const fault of faults) reader.server.faults.add(fault);
  return reader;
}

const LIES: readonly [string, Fault][] = [
  ['timed out', { kind: 'timed-out' }],
  ['timed out with nothing', { kind: 'timed-out', keep: 0 }],
  ['timed out before it saw any', { kind: 'timed-out', keep: 0, counted: true }],
  ['a total that is too high', { kind: 'wrong-total', total: real => real + 7 }],
  ['a total that is too low', { kind: 'wrong-total', total: real => Math.max(0, real - 7) }],
  ['a total of nothing', { kind: 'wrong-total', total: 0 }],
  ['a total of 10,000', { kind: 'wrong-total', total: 10_000 }],
  ['an ignored sort', { kind: 'ignored-sort' }],
  ['a page without its end', { kind: 'short-page' }],
  ['a page without its middle', { kind: 'short-page', where: 'middle' }],
  ['an empty page', { kind: 'short-page', drop: 1_000 }],
  ['records from outside of the window', { kind: 'outside-window' }],
  ['page 1 whatever is asked for', { kind: 'repeat-page' }],
];

describe.each(LIES)('%s', (_what, fault) => {
  test.each(few([3, 1, 2, 7, 12]))('once, at request %d, does no harm', async nth => {
    await using reader = await lied({ ...fault, match: { nth } });
    const run = await reader.run('notes', RECENT);
    expect(run.error).toBeUndefined();
    expect(reader.problems('notes')).toEqual([]);
    expect(run.requests.length).toBeLessThan(150);
  });

  test('always: exact or refused, and soon; what is synced is published', async () => {
    await using reader = await lied({ ...fault, times: Number.POSITIVE_INFINITY });
    const run = await reader.run('notes', RECENT);
    expect(run.requests.length).toBeLessThan(2_000);
    if (run.complete) {
      expect(reader.problems('notes')).toEqual([]);
    } else {
      expect(run.error?.kind).toBe('inconsistent');
      expect(run.error?.what).toMatch(/2026-06-\d\dT/);
    }
    for (const { from, to } of reader.stateOf('notes')?.syncedRanges ?? []) {
      expect(reader.problems('notes', { from, before: to })).toEqual([]);
    }
    // And once it is over, the rest comes, each record once.
    reader.server.faults.clear();
    expect((await reader.run('notes', RECENT)).complete).toBe(true);
    expect(reader.problems('notes')).toEqual([]);
  });
});

test.each<Stream>(few(['messages', 'kobjects']))(
  'every third answer for %s lies in one way or another, and nothing is lost or doubled',
  async stream => {
    await using reader = await Reader.open({ pageSizeMax: 20, tieOrder: 'unstable' });
    const horizon = NOON - 730 * DAY;
    const spread = { from: horizon - 40 * DAY, to: NOON - HOUR, tieFraction: 0.3, tieSize: 50 };
    reader.world.populate(stream === 'kobjects' ? { kobjects: { order: 300 } } : { [stream]: 300 }, spread);
    LIES.filter(([what]) => !/nothing|any|10,000|empty/.test(what)).forEach(([, fault], n) => {
      reader.server.faults.add({ ...fault, match: { nth: at => at % 27 === 3 * n }, times: Number.POSITIVE_INFINITY });
    });
    const run = await reader.run(stream);
    expect(run.error).toBeUndefined();
    expect(reader.problems(stream)).toEqual([]);
  },
);

describe('a list', () => {
  async function listed(fault: Fault, times = Number.POSITIVE_INFINITY) {
    const reader = await Reader.open();
    reader.world.populate({ tags: 350 }, SPREAD);
    reader.server.faults.add({ ...fault, match: { path: '/v1/tags' }, times });
    return reader;
  }

  test('that repeats a link is refused at once, and nothing of it is taken for read', async () => {
    await using reader = await listed({ kind: 'repeat-page' });
    const run = await reader.run('tags');
    expect(run.endings.get('tags')?.outcome).toBe('failed');
    expect(run.error?.message).toContain('circle');
    expect(run.requests.length).toBeLessThan(10);
    expect(run.published).toEqual([]);
    expect(reader.state.lists.has('tags')).toBe(false);
    reader.server.faults.clear();
    expect((await reader.run('tags')).published.length).toBe(350);
  });

  test('that leaves records out once is read again until two passes agree', async () => {
    await using reader = await listed({ kind: 'short-page', drop: 5 }, 1);
    const run = await reader.run('tags');
    expect(run.complete).toBe(true);
    expect(run.published.length).toBe(350);
  });

  test('that leaves records out in a later run is not taken for a deletion', async () => {
    await using reader = await listed({ kind: 'short-page', drop: 5 }, 0);
    await reader.run('tags');
    reader.server.faults.add({ kind: 'short-page', drop: 5, match: { path: '/v1/tags' } });
    reader.now += 10 * MINUTE;
    const run = await reader.run('tags');
    expect(run.published).toEqual([]);
    // One that is gone from every pass is.
    reader.world.hardDelete('tags', 2);
    expect((await reader.run('tags')).published.map(({ updatedAt }) => updatedAt)).toEqual(['gone', 'gone']);
    expect((await reader.run('tags')).published).toEqual([]);
  });

  test.each(few(['users', 'shortcuts', 'tags', 'teams'] as const))(
    'of %s that breaks off on its second page tells of no deletion',
    async stream => {
      await using reader = await Reader.open();
      reader.world.populate({ [stream]: 1_100 }, SPREAD);
      await reader.run(stream);
      reader.server.faults.add({
        kind: 'status',
        status: 400,
        match: { stream, page: 2 },
        times: Number.POSITIVE_INFINITY,
      });
      const run = await reader.run(stream);
      expect(run.endings.get(stream)?.outcome).toBe('failed');
      expect(run.published).toEqual([]);
      reader.server.faults.clear();
      expect((await reader.run(stream)).published).toEqual([]);
    },
  );
});
