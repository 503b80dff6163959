/** Any number of records may share one `updated_at`, in an order that changes from one request to the next. */
import { describe, expect, test } from 'vitest';
import { few, LONG } from '../forms.ts';
import { DAY, HOUR, MINUTE, NOON, Reader, SECOND } from '../world/reader.ts';

const RECENT = { startDate: NOON - 10 * DAY };
const AT = NOON - DAY + 123;
const ORDERS = ['stable', 'unstable'] as const;

/** A tie group, and some records before and after it. */
async function tied(records: number, tieOrder: (typeof ORDERS)[number], how: { sameCreated?: boolean } = {}) {
  const reader = await Reader.open({ tieOrder });
  reader.world.populate({ notes: 300 }, { from: AT - HOUR, to: AT - 1 });
  reader.world.addTie('notes', AT, records, { createdSpreadMs: 30 * DAY, ...how });
  reader.world.populate({ notes: 300 }, { from: AT + 1, to: AT + HOUR });
  return reader;
}

describe.each(ORDERS)(
  'records of one time, created at different times, in %s order, are all read exactly once',
  order => {
    test.each(LONG ? [1, 499, 500, 501, 1_200, 12_000, 60_000] : order === 'stable' ? [501] : [1, 500, 501, 12_000])(
      '%d of them',
      async records => {
        await using reader = await tied(records, order);
        const run = await reader.run('notes', RECENT);
        expect(run.error).toBeUndefined();
        expect(reader.problems('notes')).toEqual([]);
        expect(run.published.length).toBe(records + 600);
        expect((await reader.run('notes', RECENT)).published).toEqual([]);
      },
    );
  },
);

describe.each(ORDERS)(
  'records of one time that were also created at one time, in %s order, are all read exactly once',
  order => {
    test.each(few([1_200, 501]))('%d of them', async records => {
      await using reader = await tied(records, order, { sameCreated: true });
      const run = await reader.run('notes', RECENT);
      expect(run.error).toBeUndefined();
      expect(reader.problems('notes')).toEqual([]);
      // An order that changes needs several passes, and no more than a few.
      expect(run.requests.length).toBeLessThan(order === 'stable' ? 20 : 100);
    });
  },
);

describe('more records of one time than a search returns, all created at once', () => {
  test.each(LONG ? ORDERS : (['unstable'] as const))(
    'fail loudly, keep the state before that time, and are read once their times differ (%s)',
    async order => {
      await using reader = await tied(12_000, order, { sameCreated: true });
      const run = await reader.run('notes', RECENT);
      expect(run.endings.get('notes')?.outcome).toBe('failed');
      expect(run.error?.message).toContain(new Date(AT).toISOString());
      expect(run.error?.message).toContain('12000');
      // No endless loop either.
      expect(run.requests.length).toBeLessThan(60);
      // Everything before that time is published, and synced up to its second at least, and not beyond it.
      expect(reader.published.filter(({ updatedAt }) => updatedAt < new Date(AT).toISOString()).length).toBe(300);
      expect(reader.stateOf('notes')?.syncedRanges.some(({ from, to }) => from <= AT && AT < to)).toBe(false);
      expect(reader.stateOf('notes')?.syncedRanges.some(({ to }) => to > AT - SECOND && to <= AT)).toBe(true);

      // No run gets past it as long as it stays.
      const again = await reader.run('notes', RECENT);
      expect(again.endings.get('notes')?.outcome).toBe('failed');
      expect(again.published.filter(({ updatedAt }) => updatedAt <= new Date(AT).toISOString())).toEqual([]);
      expect(reader.stateOf('notes')?.syncedRanges.some(({ from, to }) => from <= AT && AT < to)).toBe(false);

      reader.now += HOUR;
      const group = [...reader.world.truth('notes')].filter(([, { ms }]) => ms === AT).map(([id]) => id);
      reader.world.update('notes', group.slice(0, 11_000), { at: n => reader.now - 30 * MINUTE + n });
      const resolved = await reader.run('notes', RECENT);
      expect(resolved.complete).toBe(true);
      expect(reader.problems('notes')).toEqual([]);
    },
  );
});

test('a tie between records just before and just after the cutoff', async () => {
  await using reader = await Reader.open({ tieOrder: 'unstable' });
  const cutoff = NOON - MINUTE;
  const instants = [cutoff - SECOND, cutoff - 1, cutoff, cutoff + 1, cutoff + SECOND];
  for (const at of instants) reader.world.addTie('notes', at, 700);
  const first = await reader.run('notes', RECENT);
  expect(first.complete).toBe(true);
  expect(first.published.length).toBe(1_400);
  expect(reader.problems('notes', { before: cutoff })).toEqual([]);
  reader.now += 10 * MINUTE;
  const second = await reader.run('notes', RECENT);
  expect(second.published.length).toBe(2_100);
  expect(reader.problems('notes')).toEqual([]);
});

test('ties at both ends of what is synced already', async () => {
  await using reader = await Reader.open({ tieOrder: 'unstable' });
  const [from, to] = [NOON - 2 * DAY + 17, NOON - MINUTE];
  const instants = [from - 1, from, from + 1, to - 1, to, to + 1];
  for (const at of instants) reader.world.addTie('notes', at, 600);
  const wishes = { lookbackMs: 0 };
  const first = await reader.run('notes', { ...wishes, startDate: from });
  expect(first.published.length).toBe(3 * 600);
  expect(reader.stateOf('notes')?.syncedRanges).toEqual([{ from, to }]);
  reader.now += HOUR;
  const second = await reader.run('notes', { ...wishes, startDate: from - DAY });
  expect(second.published.length).toBe(3 * 600);
  expect(second.complete).toBe(true);
  expect(reader.problems('notes')).toEqual([]);
});

describe('a tie where a slice is split', () => {
  /** The first split is in the middle of the slice, so the records are placed there. */
  test.each([-1, 0, 1])('%d ms from the boundary', async offset => {
    await using reader = await Reader.open({ tieOrder: 'unstable', pageSizeMax: 20 }, { latencyMs: 2 });
    const [from, to] = [NOON - 4 * DAY, NOON - MINUTE];
    reader.world.populate({ notes: 800 }, { from, to });
    const boundaries = new Set<number>();
    // Each end that is requested is a boundary; a tie is then put where the next run will have a boundary as well.
    const wishes = { startDate: from, publishes: false };
    const first = await reader.run('notes', wishes);
    for (const { body } of first.requests) boundaries.add(endOf(body));
    expect(boundaries.size).toBeGreaterThan(3);
    // The first split is in the middle of the first slice, whatever else comes.
    for (const at of boundaries) if (at < to) reader.world.addTie('notes', at + offset, 90);
    const run = await reader.run('notes', { startDate: from });
    expect(run.complete).toBe(true);
    expect(reader.problems('notes', { before: to })).toEqual([]);
    const tiesHit = run.requests.filter(({ body }) => boundaries.has(endOf(body)));
    expect(tiesHit.length).toBeGreaterThan(0);
  });

  test('when the whole work is a tie and what is beside it', async () => {
    await using reader = await Reader.open({ tieOrder: 'unstable', pageSizeMax: 20 }, { latencyMs: 2 });
    const [from, to] = [NOON - 4 * DAY, NOON - MINUTE];
    const middle = Math.floor((from + to) / 2 / SECOND) * SECOND;
    for (const at of [middle - SECOND, middle - 1, middle, middle + 1, middle + SECOND - 1, middle + SECOND]) {
      reader.world.addTie('notes', at, 150);
    }
    const run = await reader.run('notes', { startDate: from });
    expect(run.complete).toBe(true);
    expect(run.published.length).toBe(900);
    expect(reader.problems('notes')).toEqual([]);
  });
});

/** The end of the window that a search requests. */
function endOf(body: unknown): number {
  const { and } = body as { and: Record<string, { lt?: string }>[] };
  return Date.parse(and.flatMap(each => Object.values(each)).find(({ lt }) => lt !== undefined)?.lt ?? '');
}
