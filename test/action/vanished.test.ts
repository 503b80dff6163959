// What a list no longer shows, or shows changed under the same time: what is gone, what has changed, and what is a key
// that sees less.
import { describe, expect, test } from 'vitest';
import { few, longDescribe, longTest } from '../forms.ts';
import type { WorldOptions } from '../world/kustomer/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { poison, savedText } from './saved-state.ts';
import { annotations, DAY, expectGreen, expectSound, gather, HOUR, outcomes, requestsSince } from './support.ts';
import { expectAnnotation } from './troubles.ts';

async function open(counts: Record<string, number>, world: Partial<WorldOptions> = {}): Promise<Stage> {
  const stage = await openStage({ world });
  stage.world.populate(counts, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
  return stage;
}

/** From now on lists show no more than their first rows, as to a key that may see less. */
function narrow(stage: Stage, listLimit: number): void {
  Object.assign(stage.world.options, { listLimit });
}

async function sync(stage: Stage, inputs: Record<string, string> = {}) {
  const result = await stage.sync({ with: { streams: 'shortcuts, tags', ...inputs } });
  expect(result.exitCode, result.log).toBe(0);
  expectSound(result);
  const lines = [...(await gather(stage, [result])).values()].flat();
  const warnings = annotations(result, 'warning');
  return { result, lines, warnings, gone: lines.filter(({ deleted }) => deleted === true).length };
}

describe('when more than 20 records and a tenth of a list vanish at once', () => {
  test('none is published as deleted, a warning says how many of how many, and all else is published', async () => {
    await using stage = await open({ shortcuts: 300, tags: 90 });
    await sync(stage);
    narrow(stage, 200);
    const [changed] = [...stage.world.truth('shortcuts').keys()].sort();
    stage.world.update('shortcuts', [changed ?? '']);
    stage.world.create('tags', 2);
    for (const records of [3, 0]) {
      const { lines, gone, warnings, result } = await sync(stage);
      expectAnnotation(result, 'many-vanished');
      expect({ records: lines.length, gone }).toEqual({ records, gone: 0 });
      expect(warnings).toEqual([
        expect.stringMatching(/^Kustomer's list no longer shows 100 of 300 shortcuts, .*`confirm-vanished: true`\.$/),
      ]);
    }
    narrow(stage, Number.POSITIVE_INFINITY);
    const back = await sync(stage);
    expectGreen(back.result);
    expect(back.lines).toEqual([]);
  });

  test('`confirm-vanished` publishes them as deleted, once', async () => {
    await using stage = await open({ shortcuts: 300 });
    await sync(stage);
    narrow(stage, 200);
    await sync(stage);
    const confirmed = await sync(stage, { 'confirm-vanished': 'true' });
    expectGreen(confirmed.result);
    expect({ records: confirmed.lines.length, gone: confirmed.gone }).toEqual({ records: 100, gone: 100 });
    const after = await sync(stage);
    expectGreen(after.result);
    expect(after.lines).toEqual([]);
  });

  longTest.each(
    few([
      ['a tenth a run', 300, [30, 27, 24], [30, 27, 24]],
      ['20 of 40', 40, [20, 19], [20, 19]],
      ['21 of 40, and then one more', 40, [21, 1], [0, 0]],
      ['31 of 300, and then most of the rest', 300, [31, 260], [0, 0]],
    ]),
  )('and not when it is less, run by run: %s', async (_what, shortcuts, losses, published) => {
    await using stage = await open({ shortcuts });
    await sync(stage);
    const found: number[] = [];
    for (const loss of losses) {
      stage.world.hardDelete('shortcuts', loss);
      found.push((await sync(stage)).gone);
    }
    expect(found).toEqual(published);
  });
});

longDescribe('a record of a list that changes under the same `updatedAt`', () => {
  test('is published again, once', async () => {
    await using stage = await open({ teams: 6, tags: 150, users: 20, shortcuts: 5 });
    const streams = { streams: 'shortcuts, tags, teams, users' };
    await sync(stage, streams);
    const changed = (['teams', 'tags', 'users', 'shortcuts'] as const).flatMap(stream =>
      stage.world.update(stream, 2, { keepUpdatedAt: true }),
    );
    expect((await sync(stage, streams)).lines.map(({ id }) => id).sort()).toEqual(changed.sort());
    const after = await sync(stage, streams);
    expectGreen(after.result);
    expect(after.lines).toEqual([]);
  });

  test('is the one of the first view where two views show it differently, whichever of them answer', async () => {
    await using stage = await open({});
    const body = (ids: readonly number[], name: string) => ({
      meta: { page: 1, pageSize: 100 },
      data: ids.map(n => ({
        type: 'tag',
        id: `tag-${n}`,
        attributes: { name, updatedAt: '2026-01-01T00:00:00.000Z' },
      })),
      links: { next: null },
    });
    const answer = (isDeleted: boolean, status: number, content: object) =>
      stage.kustomer.faults.add({
        kind: 'status',
        status,
        body: content,
        times: Number.POSITIVE_INFINITY,
        match: ({ path, query }) => path === '/v1/tags' && (query.deleted === 'true') === isDeleted,
      });
    const plain = answer(false, 200, body([1, 2, 3], 'plain'));
    const first = answer(true, 200, body([2, 3, 4], 'with deleted ones'));
    const names = ({ lines }: Awaited<ReturnType<typeof sync>>) => lines.map(({ id, name }) => `${id} ${name}`);
    expect(names(await sync(stage))).toEqual(['tag-1 plain', 'tag-2 plain', 'tag-3 plain', 'tag-4 with deleted ones']);
    expect(names(await sync(stage))).toEqual([]);
    first.remove();
    const refusal = answer(true, 400, { errors: [{ code: 'bad_request' }] });
    expect(names(await sync(stage))).toEqual([]);
    refusal.remove();
    answer(true, 200, body([3, 2, 4], 'with deleted ones'));
    expect(names(await sync(stage))).toEqual([]);
    plain.remove();
    answer(false, 200, body([2], 'plain, changed'));
    expect(names(await sync(stage)).sort()).toContain('tag-2 plain, changed');
  });
});

longDescribe('a list that ends with exactly 10,000 records', () => {
  const DAYS = { from: Date.now() - 900 * DAY, to: Date.now() - 800 * DAY };
  const notes = (stage: Stage) => stage.sync({ with: { streams: 'notes' } });

  test.each(few(['empty', 400] as const))(
    'of notes: what came is published once, old notes are not taken for read (a page after the end: %s)',
    async afterEnd => {
      await using stage = await openStage({ world: { listLimit: 10_000, afterEnd, linksNext: 'always' } });
      stage.world.populate({ notes: 10_050 }, DAYS);
      stage.world.populate({ notes: 40 }, { from: Date.now() - 10 * DAY, to: Date.now() - HOUR });
      const results = [await notes(stage)];
      expect(requestsSince(stage)).toBeLessThan(115);
      stage.world.create('notes', 3, { updatedAt: Date.now() - 120_000 });
      results.push(await notes(stage));
      expect(requestsSince(stage)).toBeLessThan(10);
      // A day later the list is read once more, and then it is not cut any more.
      const dayAgo = (text: string) => {
        const state = JSON.parse(text);
        const of = state.streams.notes;
        of.list_cut_at = new Date(Date.parse(of.list_cut_at) - DAY).toISOString();
        return JSON.stringify(state);
      };
      await poison(stage, dayAgo);
      results.push(await notes(stage));
      expect(requestsSince(stage)).toBeLessThan(115);
      for (const result of results) {
        expect(result.exitCode, result.log).toBe(0);
        expectSound(result);
        expect(outcomes(result)).toEqual({ notes: 'partial' });
        expect(result.outputs.complete).toBe('false');
        expectAnnotation(result, 'list-cut');
        expect(annotations(result, 'warning')).toEqual([
          expect.stringMatching(/^The list of notes ends with exactly 10,000 records.*`archive: never`/),
        ]);
      }
      expect(results.map(({ outputs }) => outputs.records)).toEqual(['10040', '3', '0']);
      await poison(stage, dayAgo);
      Object.assign(stage.world.options, { listLimit: Number.POSITIVE_INFINITY, linksNext: 'link' });
      const last = await notes(stage);
      expectGreen(last);
      const lines = (await gather(stage, [...results, last])).get('notes') ?? [];
      expect(stage.compare('notes', lines)).toEqual([]);
      const id = stage.github.caches().at(-1)?.id ?? 0;
      expect(await savedText(stage, id)).not.toContain('list_cut_at');
    },
  );

  test('of shortcuts: what came is published, none is taken for deleted, the stream is partial', async () => {
    await using stage = await open({ shortcuts: 10_005, tags: 3 }, { listLimit: 10_000 });
    for (const records of [10_003, 0]) {
      const { result, warnings } = await sync(stage);
      expect(result.outputs.records).toBe(String(records));
      expect(outcomes(result)).toEqual({ shortcuts: 'partial', tags: 'complete' });
      expect(warnings).toEqual([expect.stringMatching(/^The list of shortcuts ends with exactly 10,000 records/)]);
    }
  });
});

longTest(
  'a record that a page shows twice is published once: in lists, in the list of notes, in searches',
  async () => {
    await using stage = await open({ shortcuts: 130, tags: 3 }, { listCopies: 2, exoticEvery: 1 });
    stage.world.populate({ notes: 150, customers: 30 }, { from: Date.now() - 900 * DAY, to: Date.now() - HOUR });
    const streams = { streams: 'shortcuts, tags, notes, customers' };
    const first = await sync(stage, streams);
    const found = await gather(stage, [first.result]);
    for (const stream of ['shortcuts', 'tags', 'notes', 'customers'] as const) {
      expect(stage.compare(stream, found.get(stream) ?? []), stream).toEqual([]);
    }
    expect((await sync(stage, streams)).lines).toEqual([]);
  },
);
