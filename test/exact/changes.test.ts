/** The source changes while it is read: records are updated, come late, grow old, have no date or one in the future. */
import { describe, expect, test } from 'vitest';
import { few } from '../forms.ts';
import { DAY, HOUR, MINUTE, NOON, Reader, SECOND } from '../world/reader.ts';

const RECENT = { startDate: NOON - 10 * DAY };
const SPREAD = { from: NOON - 9 * DAY, to: NOON - HOUR };

describe('records that are updated while they are read', () => {
  test.each(few(['unstable', 'stable'] as const))(
    'three in ten of them, over two runs, in %s order',
    async tieOrder => {
      await using reader = await Reader.open({ tieOrder, pageSizeMax: 50 });
      reader.world.populate({ notes: 2_000 }, { ...SPREAD, tieFraction: 0.3, tieSize: 120 });
      let moved = 0;
      const first = await reader.run('notes', {
        ...RECENT,
        onRequest: () => {
          if (moved >= 600) return;
          reader.now += 50;
          moved += reader.world.update('notes', 15).length;
        },
      });
      expect(first.complete).toBe(true);
      expect(moved).toBe(600);
      // What moved before it was read is not there yet; nothing else is missing.
      const missing = reader.problems('notes', { before: first.cutoff });
      expect(missing).toEqual([]);
      expect(first.published.length).toBeLessThan(2_000);

      reader.now += 10 * MINUTE;
      const second = await reader.run('notes', RECENT);
      expect(second.complete).toBe(true);
      expect(reader.problems('notes')).toEqual([]);
      // Every one of them, in its new version.
      expect(second.published.length).toBe(new Set(second.published.map(({ id }) => id)).size);
      expect(second.published.length).toBeGreaterThan(400);
    },
  );

  test('all of one tie group, so that the group is gone when it is read', async () => {
    await using reader = await Reader.open({ pageSizeMax: 20, tieOrder: 'unstable' });
    const ids = reader.world.addTie('notes', NOON - DAY, 200);
    reader.world.populate({ notes: 100 }, SPREAD);
    const run = await reader.run('notes', {
      ...RECENT,
      onRequest: ({ page }) => {
        if (page > 1 && ids.length > 0) reader.world.update('notes', ids.splice(0), {});
      },
    });
    expect(run.complete).toBe(true);
    reader.now += HOUR;
    expect((await reader.run('notes', RECENT)).complete).toBe(true);
    expect(reader.problems('notes')).toEqual([]);
  });

  test('and deleted: softly, which is a version, or for good, which is none', async () => {
    await using reader = await Reader.open({ pageSizeMax: 20 });
    reader.world.populate({ notes: 400 }, SPREAD);
    const run = await reader.run('notes', {
      ...RECENT,
      onRequest: ({ n }) => {
        if (n % 2 === 0) reader.world.hardDelete('notes', 2);
        else reader.world.softDelete('notes', 2);
      },
    });
    expect(run.complete).toBe(true);
    expect(reader.problems('notes', { before: run.cutoff })).toEqual([]);
    reader.now += HOUR;
    await reader.run('notes', RECENT);
    expect(reader.problems('notes')).toEqual([]);
  });
});

describe('a record that is indexed late', () => {
  test('by 40 minutes is published once, by a later run', async () => {
    await using reader = await Reader.open();
    reader.world.populate({ notes: 300 }, SPREAD);
    const [late] = reader.world.create('notes', 1, { updatedAt: NOON - 5 * MINUTE, lagMs: 40 * MINUTE });
    const published: boolean[] = [];
    for (let n = 0; n < 4; n++) {
      const run = await reader.run('notes', RECENT);
      expect(run.complete).toBe(true);
      published.push(run.published.some(({ id }) => id === late));
      reader.now += 20 * MINUTE;
    }
    expect(published).toEqual([false, false, true, false]);
    expect(reader.problems('notes')).toEqual([]);
  });

  test('by longer than the lookback is beyond what is promised', async () => {
    await using reader = await Reader.open();
    reader.world.create('notes', 1, { updatedAt: NOON - 5 * MINUTE, lagMs: 40 * MINUTE });
    for (let n = 0; n < 4; n++) {
      await reader.run('notes', { ...RECENT, lookbackMs: 10 * MINUTE });
      reader.now += 20 * MINUTE;
    }
    expect(reader.problems('notes').length).toBe(1);
  });

  test('nothing is published twice over five runs that overlap', async () => {
    await using reader = await Reader.open({ tieOrder: 'unstable', pageSizeMax: 50 });
    reader.world.populate({ notes: 400 }, { from: NOON - 2 * HOUR, to: NOON, tieFraction: 0.5, tieSize: 80 });
    for (let n = 0; n < 5; n++) {
      const run = await reader.run('notes', RECENT);
      expect(run.complete).toBe(true);
      reader.now += 7 * MINUTE;
      reader.world.create('notes', 40, { updatedAt: i => reader.now - (i * MINUTE) / 4, lagMs: 3 * MINUTE });
      reader.world.update('notes', 20, {});
    }
    reader.now += 5 * MINUTE;
    await reader.run('notes', RECENT);
    expect(reader.problems('notes')).toEqual([]);
  });

  test.each(
    few([
      ['narrowed', [180, 60, 10, 0, 30]],
      ['widened', [10, 60, 180, 60, 240]],
      ['opened from none', [0, 120, 120, 0, 120]],
    ] as [string, number[]][]),
  )('nothing is published twice when the lookback is %s between runs', async (_how, lookbacks) => {
    await using reader = await Reader.open({ pageSizeMax: 50 });
    reader.world.populate({ notes: 300 }, { from: NOON - 4 * HOUR, to: NOON });
    for (const minutes of lookbacks) {
      const run = await reader.run('notes', { ...RECENT, lookbackMs: minutes * MINUTE });
      expect(run.complete).toBe(true);
      expect(reader.problems('notes', { before: run.cutoff })).toEqual([]);
      reader.now += 13 * MINUTE;
      reader.world.create('notes', 20, { updatedAt: i => reader.now - i * 30 * SECOND });
    }
  });
});

describe('the search horizon', () => {
  const HORIZON = NOON - 730 * DAY;

  test.each(
    few([
      ['overlap', 40 * DAY],
      ['meet', 0],
    ] as [string, number][]),
  )('is crossed by records while they are read, where the indexes %s', async (_how, archiveOverlapMs) => {
    await using reader = await Reader.open({ pageSizeMax: 20, archiveOverlapMs });
    reader.world.populate({ messages: 600 }, { from: HORIZON - 3 * HOUR, to: HORIZON + 3 * HOUR, tieFraction: 0.2 });
    const run = await reader.run('messages', {
      startDate: NOON - 800 * DAY,
      onRequest: () => {
        reader.now += 2 * MINUTE;
      },
    });
    expect(run.error).toBeUndefined();
    expect(reader.problems('messages', { before: run.cutoff })).toEqual([]);
    // Some hundred of them have become old.
    expect(reader.now - NOON).toBeGreaterThan(90 * MINUTE);
  });

  test('is not a deletion: a record that only the archive still shows is not published again', async () => {
    await using reader = await Reader.open({ pageSizeMax: 50 });
    reader.world.populate({ messages: 300 }, { from: HORIZON + MINUTE, to: HORIZON + 2 * HOUR });
    expect((await reader.run('messages')).complete).toBe(true);
    reader.now += DAY;
    const later = await reader.run('messages');
    expect(later.complete).toBe(true);
    expect(later.published).toEqual([]);
    // Not even when it is all read anew.
    reader.state = { ...reader.state, search: new Map() };
    reader.published = [];
    const anew = await reader.run('messages');
    expect(anew.published.length).toBe(300);
    expect(anew.requests.some(({ kind }) => kind === 'archive')).toBe(true);
    expect(reader.problems('messages')).toEqual([]);
  });

  test.each(
    few([
      ['the archive has some of what the live index has', 20 * DAY],
      ['the archive begins where the live index ends', 0],
      ['the archive has much of what the live index has', 60 * DAY],
    ] as [string, number][]),
  )('each record once where %s', async (_how, archiveOverlapMs) => {
    await using reader = await Reader.open({ pageSizeMax: 50, archiveOverlapMs, tieOrder: 'unstable' });
    reader.world.populate(
      { messages: 1_000 },
      { from: HORIZON - 90 * DAY, to: HORIZON + 90 * DAY, tieFraction: 0.3, tieSize: 100 },
    );
    reader.world.addTie('messages', HORIZON, 130);
    reader.world.addTie('messages', HORIZON - 30 * DAY, 130);
    reader.world.addTie('messages', HORIZON + 30 * DAY, 130);
    expect((await reader.run('messages')).complete).toBe(true);
    expect(reader.problems('messages')).toEqual([]);
  });

  test('nothing is missing but what neither index has, where there is a gap between them', async () => {
    await using reader = await Reader.open({ pageSizeMax: 50, archiveOverlapMs: -20 * DAY });
    reader.world.populate({ messages: 600 }, { from: HORIZON - 60 * DAY, to: HORIZON + 60 * DAY });
    expect((await reader.run('messages')).complete).toBe(true);
    expect(reader.problems('messages', { from: HORIZON })).toEqual([]);
    expect(reader.problems('messages', { before: HORIZON - 20 * DAY })).toEqual([]);
    const gap = reader.world.truth('messages', { from: HORIZON - 20 * DAY, before: HORIZON });
    expect(reader.published.length).toBe(600 - gap.size);
  });

  test('the links of the archive, which lead to the live index, are not followed', async () => {
    await using reader = await Reader.open({ pageSizeMax: 20, tieOrder: 'unstable' });
    reader.world.populate({ messages: 200 }, { from: HORIZON - 90 * DAY, to: HORIZON - 40 * DAY });
    reader.world.addTie('messages', HORIZON - 60 * DAY, 100);
    const run = await reader.run('messages', { startDate: HORIZON - 100 * DAY });
    expect(reader.problems('messages')).toEqual([]);
    const deep = run.requests.filter(({ page }) => page > 1);
    expect(deep.length).toBeGreaterThan(0);
    expect(new Set(deep.map(({ path }) => path))).toEqual(new Set(['/v1/customers/archive/search']));
  });

  test('notes from before it come from the list of notes', async () => {
    await using reader = await Reader.open();
    reader.world.populate({ notes: 900 }, { from: HORIZON - 300 * DAY, to: NOON - DAY });
    const run = await reader.run('notes');
    expect(run.complete).toBe(true);
    expect(reader.problems('notes')).toEqual([]);
    expect(run.requests.some(({ kind }) => kind === 'archive')).toBe(false);
    expect(run.requests.some(({ path }) => path === '/v1/notes')).toBe(true);
    const again = await reader.run('notes');
    expect(again.published).toEqual([]);
    expect(again.requests.some(({ path }) => path === '/v1/notes')).toBe(false);
  });

  test('also while notes are deleted for good from the list that is read', async () => {
    await using reader = await Reader.open({ listOrder: 'insertion' });
    reader.world.populate({ notes: 900 }, { from: HORIZON - 300 * DAY, to: HORIZON - DAY });
    const ids = [...reader.world.truth('notes').keys()];
    let lists = 0;
    const run = await reader.run('notes', {
      onRequest: ({ path }) => {
        // The first record goes when the third page is asked for: all others move up, one of them to another page.
        if (path === '/v1/notes' && ++lists === 3) reader.world.hardDelete('notes', ids.slice(0, 1));
      },
    });
    expect(run.complete).toBe(true);
    expect(reader.problems('notes')).toEqual([]);
  });
});

describe('times that cannot be', () => {
  test('a state from the future: nothing is lost, nothing is twice, and there is a warning', async () => {
    await using reader = await Reader.open({ pageSizeMax: 50 });
    reader.world.populate({ notes: 300 }, SPREAD);
    // A runner whose clock is a day ahead has written it.
    reader.now += DAY;
    await reader.run('notes', RECENT);
    reader.now -= DAY;
    reader.world.create('notes', 20, { updatedAt: i => NOON - 50 * MINUTE + i * MINUTE });
    const back = await reader.run('notes', RECENT);
    expect(back.complete).toBe(true);
    expect(back.warnings.join()).toContain("later than this run's clock");
    reader.world.create('notes', 30, { updatedAt: i => NOON + i * MINUTE, visibleAt: 0 });
    reader.now += 2 * HOUR;
    const later = await reader.run('notes', RECENT);
    expect(later.complete).toBe(true);
    expect(later.warnings).toEqual([]);
    expect(reader.problems('notes', { from: NOON })).toEqual([]);
    expect(reader.problems('notes', { before: NOON - HOUR })).toEqual([]);
  });

  test('a record dated in the future is published when its time has come', async () => {
    await using reader = await Reader.open();
    reader.world.populate({ notes: 100 }, SPREAD);
    reader.world.create('notes', 3, { updatedAt: NOON + 3 * HOUR });
    const counts: number[] = [];
    for (let n = 0; n < 6; n++) {
      counts.push((await reader.run('notes', RECENT)).published.length);
      reader.now += HOUR;
    }
    expect(counts).toEqual([100, 0, 0, 0, 3, 0]);
    expect(reader.problems('notes')).toEqual([]);
  });

  test.each(few([50, 500]))(
    'a search without `sort` takes a bounded number of requests (pages of %d)',
    async pageSizeMax => {
      await using reader = await Reader.open({ refusedForms: ['sort'], pageSizeMax });
      reader.world.populate({ messages: 20 * pageSizeMax }, { ...SPREAD, tieFraction: 0.2, tieSize: 40 });
      const run = await reader.run('messages', RECENT);
      expect(run.complete).toBe(true);
      expect(reader.problems('messages')).toEqual([]);
      expect(run.requests.length).toBeLessThan(3 * 20 + 30);
    },
  );

  describe.each(few(['missing', 'null', 'unreadable', 'number', 'end-of-time'] as const, 2))(
    'a record whose `updatedAt` is %s',
    how => {
      test.each([
        ['old', 3 * DAY],
        ['just inside the lookback', 30 * MINUTE],
      ])('is published once over four runs (%s)', async (_when, age) => {
        await using reader = await Reader.open({ pageSizeMax: 20 });
        reader.world.populate({ notes: 100 }, SPREAD);
        const ids = reader.world.create('notes', 5, { updatedAt: i => NOON - age + i * SECOND });
        reader.world.spoilUpdatedAt(ids, how);
        for (let n = 0; n < 4; n++) {
          const run = await reader.run('notes', RECENT);
          expect(run.complete).toBe(true);
          reader.now += 10 * MINUTE;
          reader.world.update(
            'notes',
            [...reader.world.truth('notes').keys()].filter(id => !ids.includes(id)).slice(n, n + 10),
          );
        }
        for (const id of ids) expect(reader.published.filter(each => each.id === id).length).toBe(1);
      });

      test('is published again when its bytes change, and only the key of its last version is kept', async () => {
        await using reader = await Reader.open({ pageSizeMax: 20 });
        reader.world.populate({ notes: 100 }, SPREAD);
        const ids = reader.world.create('notes', 2, { updatedAt: NOON - 5 * MINUTE });
        const counts: number[] = [];
        for (let n = 0; n < 4; n++) {
          reader.world.spoilUpdatedAt(ids.slice(0, n === 0 ? 2 : 1), how);
          counts.push((await reader.run('notes', RECENT)).published.length);
          reader.now += 10 * MINUTE;
        }
        expect(counts).toEqual([102, 1, 1, 1]);
        const keys = [...(reader.stateOf('notes')?.dedupKeys ?? [])];
        expect(keys.filter(key => key.startsWith('- ')).length).toBe(2);
      });

      test.each([
        ['at once', null],
        ['by a run that reaches back further than the one before', NOON - 300 * DAY],
      ])('is published once where the search and the list of old notes both show it, %s', async (_when, startDate) => {
        await using reader = await Reader.open({ pageSizeMax: 20 });
        reader.world.populate({ notes: 300 }, { from: NOON - 820 * DAY, to: NOON - HOUR });
        const ids = [3 * DAY, 30 * MINUTE, 900 * DAY].flatMap(age =>
          reader.world.create('notes', 5, { updatedAt: i => NOON - age + i * SECOND }),
        );
        reader.world.spoilUpdatedAt(ids, how);
        for (const start of [startDate, null, null]) {
          expect((await reader.run('notes', { startDate: start })).complete).toBe(true);
          reader.now += 10 * MINUTE;
        }
        for (const id of ids) expect(reader.published.filter(each => each.id === id).length).toBe(1);
      });
    },
  );

  test.each(few(['unstable', 'stable'] as const))(
    'a search that compares whole seconds, with a start that has milliseconds (%s)',
    async tieOrder => {
      await using reader = await Reader.open({ precision: 's', pageSizeMax: 20, tieOrder });
      const from = NOON - 9 * DAY + 123;
      reader.world.populate(
        { notes: 500 },
        { from: from - 5 * SECOND, to: from + 50 * SECOND, tieFraction: 0.5, tieSize: 60 },
      );
      reader.world.populate({ notes: 300 }, SPREAD);
      for (const at of [from - 1, from, from + 1]) reader.world.addTie('notes', at, 50);
      const first = await reader.run('notes', { startDate: from });
      expect(first.complete).toBe(true);
      expect(reader.problems('notes', { from })).toEqual([]);
      expect(reader.published.every(({ updatedAt }) => updatedAt >= new Date(from).toISOString())).toBe(true);
      reader.now += 10 * MINUTE + 17;
      reader.world.create('notes', 100, { updatedAt: i => reader.now - i * 311 });
      // Further back than before, by a start that has milliseconds too.
      const second = await reader.run('notes', { startDate: from - 2_500 });
      expect(second.complete).toBe(true);
      expect(reader.problems('notes', { from: from - 2_500, before: second.cutoff })).toEqual([]);
    },
  );
});
