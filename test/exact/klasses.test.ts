// KObjects: klasses that the plain context does not show are found, read from their beginning, and remembered.
import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/kustomer/client.ts';
import { openKlasses } from '../../src/kustomer/klasses.ts';
import { type SearchStream, streamNamed } from '../../src/kustomer/streams.ts';
import { few } from '../forms.ts';
import type { WorldOptions } from '../world/kustomer/index.ts';
import { DAY, HOUR, MINUTE, NOON, Reader, type Wishes } from '../world/reader.ts';

const RECENT = { startDate: NOON - 100 * DAY };
const SPREAD = { from: NOON - 90 * DAY, to: NOON - HOUR };

async function withKlasses(options: Partial<WorldOptions> = {}) {
  const reader = await Reader.open({ pageSizeMax: 50, ...options });
  reader.world.populate({ kobjects: { order: 200, visit: 100, hidden: 150 } }, SPREAD);
  return reader;
}
const asksFor = (context: string, requests: readonly { context: string | undefined }[]) =>
  requests.filter(each => each.context === context).length;
const checks = (requests: readonly { path: string }[]) => requests.filter(({ path }) => path === '/v1/klasses').length;

describe('a klass that the plain context does not show', () => {
  test.each(few(['kobject_updated_at', 'kobject_<klass>_updated_at', 'both'] as const, 2))(
    'is found on a first sync and read from its beginning (filter key %s)',
    async klassFilterKey => {
      await using reader = await withKlasses({ hiddenKlasses: ['hidden'], klassFilterKey });
      const run = await reader.run('kobjects', RECENT);
      expect(run.complete).toBe(true);
      expect(run.published.length).toBe(450);
      expect(reader.problems('kobjects')).toEqual([]);
      // Of the klasses that are shown only a look is taken.
      expect(asksFor('kobject_order', run.requests)).toBeLessThanOrEqual(2);
      expect(reader.stateOf('kobjects/hidden')?.syncedRanges).toEqual(reader.stateOf('kobjects')?.syncedRanges);
    },
  );

  test('is remembered, and its new records are read without looking for it again', async () => {
    await using reader = await withKlasses({ hiddenKlasses: ['hidden'] });
    const first = await reader.run('kobjects', RECENT);
    expect(checks(first.requests)).toBe(3);
    let later = 0;
    for (let n = 0; n < 3; n++) {
      reader.now += 2 * HOUR;
      reader.world.create('kobjects', 7, { klass: 'hidden', updatedAt: reader.now - 10 * MINUTE });
      const run = await reader.run('kobjects', RECENT);
      expect(run.published.length).toBe(7);
      later += checks(run.requests);
    }
    expect(later).toBe(0);
    expect(reader.problems('kobjects')).toEqual([]);
    reader.now += 19 * HOUR;
    expect(checks((await reader.run('kobjects', RECENT)).requests)).toBe(3);
    expect(checks((await reader.run('kobjects', RECENT)).requests)).toBe(0);
  });

  test('that comes later is found within a day, with all it has', async () => {
    await using reader = await withKlasses({ hiddenKlasses: ['late'] });
    await reader.run('kobjects', RECENT);
    reader.world.create('kobjects', 80, { klass: 'late', updatedAt: i => NOON - 50 * DAY + i * HOUR });
    reader.now += HOUR;
    expect((await reader.run('kobjects', RECENT)).published).toEqual([]);
    reader.now += DAY;
    expect((await reader.run('kobjects', RECENT)).published.length).toBe(80);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test('that has only records older than the start date is found when an earlier one reaches them', async () => {
    await using reader = await withKlasses({ hiddenKlasses: ['hidden'] });
    expect((await reader.run('kobjects', { startDate: NOON - MINUTE })).published).toEqual([]);
    reader.now += MINUTE;
    expect((await reader.run('kobjects', RECENT)).published.length).toBe(450);
    expect(reader.problems('kobjects')).toEqual([]);
    reader.now += MINUTE;
    expect(checks((await reader.run('kobjects', RECENT)).requests)).toBe(0);
  });

  test('is found although its only record is updated, and leaves the archive, between two looks', async () => {
    await using reader = await Reader.open({ hiddenKlasses: ['hidden'] });
    reader.world.populate({ kobjects: { hidden: 1 } }, { from: NOON - 900 * DAY, to: NOON - 800 * DAY });
    const end = reader.server.onRequest(({ context, kind }) => {
      if (context !== 'kobject_hidden' || kind !== 'archive') return;
      end();
      reader.now += MINUTE;
      reader.world.update('kobjects', 1);
    });
    await reader.run('kobjects');
    reader.now += HOUR;
    expect((await reader.run('kobjects')).published.length).toBe(1);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test('is not one whose records of one instant come in another order each time', async () => {
    // One look in three at some pages in such an order misses a record, and three misses were taken for proof.
    for (let seed = 1; seed <= 12; seed++) {
      await using reader = await Reader.open({ seed, pageSizeMax: 3, tieOrder: 'unstable' });
      reader.world.addTie('kobjects', NOON - 2 * HOUR, 30, { sameCreated: true, klass: 'order' });
      expect((await reader.run('kobjects', { startDate: NOON - DAY })).published.length).toBe(30);
      // The next run reaches further back: it reads nothing of the klass, and looks for it.
      reader.now += 3 * HOUR;
      const run = await reader.run('kobjects', RECENT);
      expect(run.error, `seed ${seed}`).toBeUndefined();
      expect(run.published, `seed ${seed}`).toEqual([]);
      expect(checks(run.requests)).toBe(3);
    }
  });

  test('is found too when the run that would have found it was stopped, and the one after it begins later', async () => {
    await using reader = await withKlasses({ hiddenKlasses: ['hidden'] });
    const stop: Partial<Wishes> = {
      onRequest: ({ path }, run) => {
        if (path === '/v1/klasses') run.stop();
      },
    };
    await reader.run('kobjects', { ...RECENT, ...stop });
    await reader.run('kobjects', { startDate: NOON - HOUR });
    await reader.run('kobjects', RECENT);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test.each(few(['kobject_<klass>_updated_at', 'kobject_updated_at'] as const))(
    'is read by several requests side by side, all of which learn its filter key (%s)',
    async klassFilterKey => {
      await using reader = await Reader.open({ pageSizeMax: 10, hiddenKlasses: ['hidden'], klassFilterKey });
      reader.world.populate({ kobjects: { hidden: 2_000 } }, SPREAD);
      await reader.run('kobjects', { startDate: NOON - 80 * DAY });
      // Remembered, it is asked for anew, at two places at once.
      reader.now += HOUR;
      const run = await reader.run('kobjects', { startDate: NOON - 100 * DAY });
      expect(run.complete).toBe(true);
      expect(reader.problems('kobjects')).toEqual([]);
    },
  );

  test.each([
    ['at once', 0],
    ['later', 2 * DAY],
  ])('is not doubled when the plain context comes to show it (%s)', async (_when, wait) => {
    const hiddenKlasses = ['hidden'];
    await using reader = await withKlasses({ hiddenKlasses });
    expect((await reader.run('kobjects', RECENT)).published.length).toBe(450);
    // From now on new versions are shown by both.
    hiddenKlasses.pop();
    reader.now += wait + 10 * MINUTE;
    const ids = [...reader.world.truth('kobjects')].filter(([, { klass }]) => klass === 'hidden').map(([id]) => id);
    reader.world.update('kobjects', ids.slice(0, 40), { at: reader.now - 5 * MINUTE });
    const run = await reader.run('kobjects', RECENT);
    expect(run.published.length).toBe(40);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test('that the first run had no time for is found by the next', async () => {
    await using reader = await withKlasses({ hiddenKlasses: ['hidden'] });
    const stopped = await reader.run('kobjects', {
      ...RECENT,
      onRequest: ({ path }, run) => {
        if (path === '/v1/klasses') run.stop();
      },
    });
    expect(stopped.endings.get('kobjects')?.outcome).toBe('partial');
    expect(reader.stateOf('kobjects')?.klasses).toBeUndefined();
    const run = await reader.run('kobjects', RECENT);
    expect(run.complete).toBe(true);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test.each(few(['missing', 'end-of-time'] as const))(
    'is found also when its records have no usable date (%s)',
    async how => {
      await using reader = await withKlasses({ hiddenKlasses: ['hidden'] });
      const ids = reader.world.create('kobjects', 5, { klass: 'hidden', updatedAt: NOON - 30 * MINUTE });
      reader.world.spoilUpdatedAt(ids, how);
      const run = await reader.run('kobjects', RECENT);
      expect(run.error).toBeUndefined();
      expect(new Set(run.published.map(({ id }) => id)).size).toBe(455);
    },
  );

  test.each(few(['disabled', 'existing_only'] as const))('is found also when it is %s', async status => {
    await using reader = await Reader.open({ hiddenKlasses: ['gone'] });
    reader.world.defineKlass('gone', status);
    reader.world.populate({ kobjects: { order: 20, gone: 20 } }, SPREAD);
    expect((await reader.run('kobjects', RECENT)).published.length).toBe(40);
  });

  test('is found also when all it has is in the archive', async () => {
    await using reader = await Reader.open({ hiddenKlasses: ['old'] });
    reader.world.populate({ kobjects: { order: 20 } }, SPREAD);
    reader.world.populate({ kobjects: { old: 60 } }, { from: NOON - 1_000 * DAY, to: NOON - 800 * DAY });
    const run = await reader.run('kobjects');
    expect(run.complete).toBe(true);
    expect(reader.problems('kobjects')).toEqual([]);
  });
});

describe('a klass that cannot be read', () => {
  async function withBroken(options: Partial<WorldOptions> = {}) {
    const reader = await withKlasses({ hiddenKlasses: ['hidden', 'broken'], ...options });
    reader.world.populate({ kobjects: { broken: 20 } }, SPREAD);
    return reader;
  }
  const expectSkipped = (run: Awaited<ReturnType<Reader['run']>>, published: number) => {
    expect(run.endings.get('kobjects')?.outcome).toBe('partial');
    expect(run.published.length).toBe(published);
    expect(run.warnings.filter(each => each.includes('`broken`')).length).toBe(1);
    expect(run.warnings.length).toBe(1);
  };

  test.each(few([400, 403]))(
    'since Kustomer refuses its search (%d) is skipped, said and tried again; all others come',
    async status => {
      await using reader = await withBroken();
      const fault = reader.server.faults.add({
        kind: 'status',
        status,
        times: Number.POSITIVE_INFINITY,
        match: { context: 'kobject_broken' },
      });
      expectSkipped(await reader.run('kobjects', RECENT), 450);
      reader.now += 2 * HOUR;
      const second = await reader.run('kobjects', RECENT);
      expectSkipped(second, 0);
      expect(checks(second.requests)).toBe(0);
      expect(asksFor('kobject_broken', second.requests)).toBeLessThanOrEqual(10);
      fault.remove();
      const third = await reader.run('kobjects', RECENT);
      expect(third.complete).toBe(true);
      expect(reader.problems('kobjects')).toEqual([]);
      expect(reader.stateOf('kobjects')?.klasses?.skipped).toEqual([]);
    },
  );

  test('is tried again also when the key may no longer list the klasses', async () => {
    await using reader = await withBroken();
    const refuse = (status: number, match: object) =>
      reader.server.faults.add({ kind: 'status', status, times: Number.POSITIVE_INFINITY, match });
    const fault = refuse(400, { context: 'kobject_broken' });
    expectSkipped(await reader.run('kobjects', RECENT), 450);
    reader.now += 2 * DAY;
    refuse(403, { path: '/v1/klasses' });
    const second = await reader.run('kobjects', RECENT);
    expect(second.endings.get('kobjects')?.outcome).toBe('partial');
    expect(asksFor('kobject_broken', second.requests)).toBeGreaterThan(0);
    fault.remove();
    expect((await reader.run('kobjects', RECENT)).published.length).toBe(20);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test('since its filter finds nothing that a count without a filter has is skipped, said and tried again', async () => {
    const unfilteredKlasses = ['broken'];
    await using reader = await withBroken({ unfilteredKlasses });
    expectSkipped(await reader.run('kobjects', RECENT), 450);
    reader.now += 2 * HOUR;
    const second = await reader.run('kobjects', RECENT);
    expectSkipped(second, 0);
    expect(checks(second.requests)).toBe(0);
    unfilteredKlasses.pop();
    expect((await reader.run('kobjects', RECENT)).complete).toBe(true);
    expect(reader.problems('kobjects')).toEqual([]);
  });

  test('is not one that has only records from before the start date', async () => {
    await using reader = await withKlasses();
    reader.world.populate({ kobjects: { old: 20 } }, { from: NOON - 300 * DAY, to: NOON - 200 * DAY });
    const run = await reader.run('kobjects', RECENT);
    expect(run.complete).toBe(true);
    expect(run.warnings).toEqual([]);
    expect(asksFor('kobject_old', run.requests)).toBe(3);
  });

  test('although it was read before costs nothing but itself', async () => {
    await using reader = await withBroken();
    await reader.run('kobjects', RECENT);
    reader.now += 2 * HOUR;
    reader.world.create('kobjects', 5, { klass: 'broken', updatedAt: reader.now - 5 * MINUTE });
    reader.world.create('kobjects', 5, { klass: 'hidden', updatedAt: reader.now - 5 * MINUTE });
    const fault = reader.server.faults.add({
      kind: 'status',
      status: 400,
      times: Number.POSITIVE_INFINITY,
      match: { context: 'kobject_broken' },
    });
    expectSkipped(await reader.run('kobjects', RECENT), 5);
    fault.remove();
    expect((await reader.run('kobjects', RECENT)).complete).toBe(true);
    expect(reader.problems('kobjects')).toEqual([]);
  });
});

test('a check of many klasses that does not fit into the time of a run goes on in the next one', async () => {
  await using reader = await withKlasses({ hiddenKlasses: ['hidden', 'klass-7', 'klass-41'] });
  for (let n = 0; n < 60; n++) reader.world.defineKlass(`klass-${n}`);
  for (const klass of ['klass-7', 'klass-41']) {
    reader.world.create('kobjects', 30, { klass, updatedAt: i => NOON - DAY - i * HOUR });
  }
  const lookedAt = new Map<string, number>();
  let runs = 0;
  for (let complete = false; !complete && runs < 20; runs++) {
    let asked = 0;
    const run = await reader.run('kobjects', {
      ...RECENT,
      onRequest: ({ context = '' }, run) => {
        if (!context.startsWith('kobject_klass-')) return;
        lookedAt.set(context, (lookedAt.get(context) ?? 0) + 1);
        if (++asked === 30) run.stop();
      },
    });
    complete = run.complete;
    reader.now += MINUTE;
  }
  expect(runs).toBeLessThanOrEqual(6);
  expect(reader.problems('kobjects')).toEqual([]);
  const empty = [...lookedAt].filter(([context]) => !/-(?:7|41)$/.test(context));
  expect(empty.reduce((sum, [, asked]) => sum + asked, 0)).toBeLessThanOrEqual(2 * 58 + 2 * runs);
  expect(reader.stateOf('kobjects')?.klasses).toMatchObject({ checkedAt: NOON, skipped: [] });
  expect(reader.stateOf('kobjects')?.klasses?.doneUpTo).toBeUndefined();
});

describe('a klass that disappears', () => {
  test.each(few([1, 2, 3, 4, 6, 8, 10], 3))('at request %d of its own is no failure', async nth => {
    await using reader = await withKlasses({ hiddenKlasses: ['hidden'], pageSizeMax: 20 });
    let asked = 0;
    const run = await reader.run('kobjects', {
      ...RECENT,
      onRequest: ({ context }) => {
        if (context === 'kobject_hidden' && ++asked === nth) reader.world.removeKlass('hidden');
      },
    });
    expect(asked).toBeGreaterThanOrEqual(nth);
    expect(run.complete).toBe(true);
    expect(reader.problems('kobjects')).toEqual([]);
    reader.now += HOUR;
    const next = await reader.run('kobjects', RECENT);
    expect(next.complete).toBe(true);
    expect(next.published).toEqual([]);
  });

  test('between two runs is no failure either', async () => {
    await using reader = await withKlasses({ hiddenKlasses: ['hidden'] });
    await reader.run('kobjects', RECENT);
    reader.world.removeKlass('hidden');
    reader.now += HOUR;
    expect((await reader.run('kobjects', RECENT)).complete).toBe(true);
  });
});

test('a key that may not list klasses still reads what is shown, and is told so at each run', async () => {
  await using reader = await withKlasses({
    hiddenKlasses: ['hidden'],
    tokens: { 'kustomer-test-token': { missing: ['klasses'] } },
  });
  const run = await reader.run('kobjects', RECENT);
  expect(run.complete).toBe(true);
  expect(run.published.length).toBe(300);
  expect(run.warnings.join()).toContain('org.permission.klass.read');
  expect(reader.stateOf('kobjects')?.klasses).toBeUndefined();
});

test('a klass is looked for on no page that no search has', async () => {
  const pages: number[] = [];
  const client = {
    async send({ path }: { path: string }) {
      pages.push(Number(new URL(path, 'https://kustomer.example').searchParams.get('page')));
      return { meta: { total: 60_000, pageSize: 500 }, data: [{ id: `other-${pages.length}`, type: 'kobject.other' }] };
    },
  } as unknown as Client;
  const stream = streamNamed('kobjects') as SearchStream;
  const klasses = openKlasses({ client, stream, includeDeleted: true, onRecord: () => {} });
  const looked = { id: 'mine', type: 'kobject.mine', json: Buffer.from('{}') };
  expect(await klasses.isInGenericSearch('live', { at: NOON, resource: looked }, { from: 0, to: NOON })).toBe(false);
  expect(Math.max(...pages)).toBe(100);
});
