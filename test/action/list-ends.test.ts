// Where a list ends: what its links and its last page say of that differs from server to server.
import { expect, test } from 'vitest';
import { few } from '../forms.ts';
import type { Stream, WorldOptions } from '../world/kustomer/index.ts';
import { openStage } from '../world/stage.ts';
import { DAY, expectGreen, HOUR, LIST_STREAMS, wrongs } from './support.ts';

const ENDS = [
  ['link', 404],
  ['null', 'empty'],
  ['null', 404],
  ['null', 400],
  ['null', 'last-page'],
  ['absent', 404],
  ['absent', 'last-page'],
  ['always', 'empty'],
  ['always', 404],
] as const;

/** Those that are read by lists, or by lists of something else. */
const STREAMS: readonly Stream[] = ['kobjects', 'notes', ...LIST_STREAMS];

/** Lists of several pages, the last one full or not; notes that only their list has, and klasses on two pages. */
async function open(world: Partial<WorldOptions>) {
  const stage = await openStage({ world: { hiddenKlasses: ['klass-119'], ...world } });
  const now = Date.now();
  const klasses = Array.from({ length: 120 }, (_, n) => `klass-${n}`);
  stage.world.populate(
    {
      users: 1_000,
      teams: 500,
      tags: 300,
      shortcuts: 265,
      kobjects: Object.fromEntries(klasses.map(name => [name, 1])),
    },
    { from: now - 300 * DAY, to: now - HOUR },
  );
  stage.world.populate({ notes: 200 }, { from: now - 900 * DAY, to: now - 800 * DAY });
  return stage;
}

test.each(few(ENDS))(
  'a list is read to its end, once: `links.next` is %s, and a page after the last one is %s',
  async (next, after) => {
    await using stage = await open({ linksNext: next, afterEnd: after });
    const with_ = { streams: STREAMS.join() };
    const first = await stage.sync({ with: with_ });
    expectGreen(first);
    expect(await wrongs(stage, [first], STREAMS)).toEqual([]);
    const second = await stage.sync({ with: with_ });
    expectGreen(second);
    expect(second.outputs.records).toBe('0');
  },
);

test('a refusal of the first page is an error of the list, and one of a page that a link names is, too, but for 404', async () => {
  await using stage = await open({});
  const refuse = (page: number, status: number) =>
    stage.kustomer.faults.add({ kind: 'status', status, times: Infinity, match: { path: '/v1/shortcuts', page } });
  const refusals = [
    [1, 404],
    [1, 400],
    [2, 400],
    [3, 409],
  ] as const;
  for (const [page, status] of few(refusals, 2)) {
    stage.kustomer.faults.clear();
    refuse(page, status);
    const result = await stage.sync({ with: { streams: 'shortcuts' } });
    expect(result.exitCode, `${page} ${status}`).toBe(1);
    expect(result.outputs.records).toBe('0');
  }
});
