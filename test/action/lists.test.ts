// The four list streams: all of what a list shows, deleted and deactivated ones included, and then only what changed.
import { describe, expect, test } from 'vitest';
import { few, longDescribe, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, type FaultRule, type Stream, type WorldOptions } from '../world/kustomer/index.ts';
import { runJob } from '../world/runner/index.ts';
import { ACTION, type Line, openStage, type Stage, type Sync } from '../world/stage.ts';
import { hold } from './publishing.ts';
import { annotations, DAY, expectGreen, expectRed, gather, HOUR, LIST_STREAMS, outcomes, wrongs } from './support.ts';
import { expectError } from './troubles.ts';

const LISTS = { streams: LIST_STREAMS.join(', ') };

async function open(
  counts: Partial<Record<'users' | 'teams' | 'tags' | 'shortcuts', number>>,
  world: Partial<WorldOptions> = {},
) {
  const stage = await openStage({ world });
  const now = Date.now();
  stage.world.populate(counts, { from: now - 300 * DAY, to: now - HOUR });
  return stage;
}

const SOME = { users: 20, teams: 6, tags: 12, shortcuts: 9 };
const ids = (lines: readonly Line[] | undefined) => (lines ?? []).map(({ id }) => id).sort();

async function published(stage: Stage, inputs: Record<string, string> = {}): Promise<Map<Stream, Line[]>> {
  const result = await stage.sync({ with: { ...LISTS, ...inputs } });
  expectGreen(result);
  return gather(stage, [result]);
}

test('deleted and deactivated ones are there', async () => {
  await using stage = await open(SOME);
  const gone = LIST_STREAMS.flatMap(stream => stage.world.softDelete(stream, 3, { at: Date.now() - HOUR }));
  const result = await stage.sync({ with: LISTS });
  expectGreen(result);
  expect(await wrongs(stage, [result], LIST_STREAMS)).toEqual([]);
  const found = [...(await gather(stage, [result])).values()].flat();
  expect(ids(found.filter(({ id }) => gone.includes(id)))).toEqual(gone.sort());
  // Users say so with a date only.
  const marked = found.filter(({ deleted, deleted_at: at }) => deleted === true || typeof at === 'string');
  expect(ids(marked)).toEqual(gone.sort());
});

longTest('an incremental run has only what is new or changed, deletions among it', async () => {
  await using stage = await open(SOME);
  await published(stage);
  const { world } = stage;
  const changed = new Map<Stream, string[]>();
  for (const stream of LIST_STREAMS) {
    const [one = '', two = ''] = [...world.truth(stream).keys()];
    changed.set(
      stream,
      [...world.update(stream, [one]), ...world.softDelete(stream, [two]), ...world.create(stream, 2)].sort(),
    );
  }
  const second = await published(stage);
  for (const stream of LIST_STREAMS) expect(ids(second.get(stream)), stream).toEqual(changed.get(stream));
  expect([...(await published(stage)).values()].flat()).toEqual([]);
});

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

test.each(
  few([
    ['flat', { deleted: true, updated_at: TIME, deleted_at: TIME }],
    ['raw', { attributes: { deleted: true, updatedAt: TIME, deletedAt: TIME } }],
  ] as const),
)('an id that has gone is published once, as deleted (%s)', async (format, wanted) => {
  await using stage = await open(SOME);
  const inputs = { 'record-format': format };
  await published(stage, inputs);
  const gone = new Map(LIST_STREAMS.map(stream => [stream, stage.world.hardDelete(stream, 1)[0] as string]));
  const second = await published(stage, inputs);
  const types: Record<string, string> = { users: 'user', teams: 'team', tags: 'tag', shortcuts: 'shortcut' };
  for (const stream of LIST_STREAMS)
    expect(second.get(stream)).toEqual([{ id: gone.get(stream), type: types[stream], ...wanted }]);
  expect([...(await published(stage, inputs)).values()].flat()).toEqual([]);
  // And it is not said again when it comes back and goes.
  const { manifest } =
    (await stage.published(await stage.sync({ with: { ...LISTS, ...inputs, 'sync-mode': 'full_refresh' } }))) ?? {};
  expect(manifest?.files.map(({ records }) => records)).toEqual([8, 11, 5, 19]);
});

longDescribe('an id that has gone is said to be gone once', () => {
  const CHANGED = { streams: 'shortcuts' };
  const tags = (lines: readonly Line[] | undefined) => (lines ?? []).map(({ id, deleted }) => [id, deleted]);

  test('also where another step of the job saves what it knew before', async () => {
    await using stage = await open(SOME);
    const inputs = { token: DEFAULT_TOKEN, 'api-url': stage.kustomer.url, destination: 'none' };
    const steps = ['tags', 'shortcuts'].map(streams => ({ uses: ACTION, with: { ...inputs, streams } }));
    const job = () => runJob({ context: stage.github.job(), root: stage.root, steps });
    const first = await job();
    expect(first.conclusion, first.log).toBe('success');
    stage.world.hardDelete('tags', 1);
    const counts: (string | undefined)[] = [];
    for (let n = 0; n < 3; n++) counts.push((await job()).steps[0]?.outputs.records);
    expect(counts).toEqual(['1', '0', '0']);
  });

  test('also where a run that has begun before saves after', async () => {
    await using stage = await openStage({ github: { ignoreCacheVersions: true } });
    stage.world.populate(SOME, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
    await published(stage);
    const [gone = ''] = stage.world.hardDelete('tags', 1);
    stage.world.update('shortcuts', 2);
    const upload = hold(stage, 'CreateArtifact');
    const slow = stage.sync({ root: `${stage.root}/slow`, with: CHANGED });
    await upload.reached;
    expect(tags((await published(stage, { streams: 'tags' })).get('tags'))).toEqual([[gone, true]]);
    upload.go();
    expect((await slow).outputs.records).toBe('2');
    expect([...(await published(stage)).values()].flat()).toEqual([]);
  });

  test('also where the cache of another branch has gone ahead', async () => {
    await using stage = await open(SOME);
    const sync = async (job: Sync['job'] = {}) => {
      const result = await stage.sync({ with: { ...LISTS, destination: 'branch' }, job });
      expectGreen(result);
      return result.outputs.records;
    };
    const feature = { ref: 'refs/heads/feature' };
    await sync();
    for (let n = 0; n < 4; n++) await sync(feature);
    stage.world.hardDelete('tags', 1);
    expect(await sync()).toBe('1');
    expect(await sync(feature)).toBe('0');
  });
});

longTest('a list of several pages is read whole', async () => {
  await using stage = await open({ users: 1_100, teams: 3, tags: 250, shortcuts: 205 });
  const at = Date.now() - HOUR;
  stage.world.softDelete('users', 520, { at });
  stage.world.softDelete('tags', 120, { at });
  const first = await stage.sync({ with: LISTS });
  expectGreen(first);
  expect(await wrongs(stage, [first], LIST_STREAMS)).toEqual([]);
  expect([...(await published(stage)).values()].flat()).toEqual([]);
});

const pageOf = (first: number, next: string | null) => ({
  meta: { page: 1, pageSize: 100 },
  data: [first, first + 1].map(n => ({
    type: 'shortcut',
    id: `5f${String(n).padStart(22, '0')}`,
    attributes: { updatedAt: '2026-01-01T00:00:00.000Z' },
  })),
  links: { next },
});

describe('a list that changes while it is read', () => {
  test.each(
    few([
      ['shows nothing new, as when a hundred of its records have been updated', 1],
      ['shows nothing', 0],
    ]),
  )('is read on after a page that %s', async (_what, shown) => {
    await using stage = await open({});
    const [page1, page2] = [pageOf(1, '/v1/shortcuts?page=2'), pageOf(1, '/v1/shortcuts?page=3')];
    const bodies: [number, object, number][] = [
      [2, shown === 0 ? { ...page2, data: [] } : page2, 1],
      [1, page1, Number.POSITIVE_INFINITY],
      [2, pageOf(3, null), Number.POSITIVE_INFINITY],
      [3, pageOf(3, null), Number.POSITIVE_INFINITY],
    ];
    for (const [page, body, times] of bodies)
      stage.kustomer.faults.add({ kind: 'status', status: 200, body, times, match: { path: '/v1/shortcuts', page } });
    const result = await stage.sync({ with: { streams: 'shortcuts' } });
    expectGreen(result);
    expect(result.outputs.records).toBe('4');
  });

  test('loses no record that moves to a page already read', async () => {
    await using stage = await open({ shortcuts: 350 }, { listOrder: 'id' });
    const [early = '', ...others] = [...stage.world.truth('shortcuts').keys()].sort();
    // After the first page has been answered, one of its records goes, and all the others move up by one.
    const end = stage.kustomer.onRequest(request => {
      if (request.path !== '/v1/shortcuts' || request.page !== 2) return;
      end();
      stage.world.hardDelete('shortcuts', [early]);
    });
    const result = await stage.sync({ with: { streams: 'shortcuts' } });
    expectGreen(result);
    const found = ids((await gather(stage, [result])).get('shortcuts'));
    expect(others.filter(id => !found.includes(id))).toEqual([]);
    expect(new Set(found).size).toBe(found.length);
    const second = await stage.sync({ with: { streams: 'shortcuts' } });
    const after = (await gather(stage, [second])).get('shortcuts') ?? [];
    // Only what was published and has gone is there to be said.
    expect(ids(after)).toEqual(found.includes(early) ? [early] : []);
  });

  longTest('in an incremental run takes none for gone that only moved', async () => {
    await using stage = await open({ shortcuts: 350 }, { listOrder: 'id' });
    expectGreen(await stage.sync({ with: { streams: 'shortcuts' } }));
    const [early = ''] = [...stage.world.truth('shortcuts').keys()].sort();
    const end = stage.kustomer.onRequest(request => {
      if (request.path !== '/v1/shortcuts' || request.page !== 2) return;
      end();
      stage.world.hardDelete('shortcuts', [early]);
    });
    const second = await stage.sync({ with: { streams: 'shortcuts' } });
    expectGreen(second);
    const lines = (await gather(stage, [second])).get('shortcuts') ?? [];
    expect(lines.every(line => line.id === early && line.deleted === true)).toBe(true);
    const third = await stage.sync({ with: { streams: 'shortcuts' } });
    const all = [...lines, ...((await gather(stage, [third])).get('shortcuts') ?? [])];
    expect(ids(all)).toEqual([early]);
  });

  longTest('and with it a record that is updated meanwhile is not lost', async () => {
    await using stage = await open({ users: 700 });
    const [id = ''] = [...stage.world.truth('users').keys()];
    let n = 0;
    stage.kustomer.onRequest(request => {
      if (request.path === '/v1/users' && n++ < 4) stage.world.update('users', [id], { at: Date.now() - 60_000 + n });
    });
    const results = [
      await stage.sync({ with: { streams: 'users' } }),
      await stage.sync({ with: { streams: 'users' } }),
    ];
    const versions = ((await gather(stage, results)).get('users') ?? []).filter(line => line.id === id);
    expect(versions.at(-1)?.updated_at).toBe(stage.world.truth('users').get(id)?.updatedAt);
  });
});

describe('a list that goes round in a circle', () => {
  const circles: [string, FaultRule[]][] = [
    [
      'links to itself',
      [{ kind: 'status', status: 200, body: pageOf(1, '/v1/shortcuts?page=1&pageSize=100'), times: Infinity }],
    ],
    [
      'links back to its first page',
      [
        { kind: 'status', status: 200, body: pageOf(1, '/v1/shortcuts?page=2'), match: { page: 1 }, times: Infinity },
        {
          kind: 'status',
          status: 200,
          body: pageOf(3, '/v1/shortcuts?page=1&pageSize=100'),
          match: { page: 2 },
          times: Infinity,
        },
      ],
    ],
    ['gives the same page for ever', [{ kind: 'repeat-page', match: { path: '/v1/shortcuts' }, times: Infinity }]],
  ];

  test.each(few(circles))('is an error of its stream: it %s', async (_what, rules) => {
    await using stage = await open({ ...SOME, shortcuts: 120 });
    for (const rule of rules)
      stage.kustomer.faults.add({
        ...rule,
        match: { path: '/v1/shortcuts', ...(typeof rule.match === 'object' ? rule.match : {}) },
      });
    const result = await stage.sync({ with: LISTS });
    expectRed(result);
    expect(annotations(result, 'error')).toHaveLength(1);
    expect(annotations(result, 'error')[0]).toMatch(/list of shortcuts leads round in a circle/);
    expectError(result, 'list-loops');
    expect(outcomes(result)).toMatchObject({
      shortcuts: 'failed',
      tags: 'complete',
      teams: 'complete',
      users: 'complete',
    });
    expect(stage.kustomer.requests.filter(({ stream }) => stream === 'shortcuts').length).toBeLessThan(10);
    expect(
      await wrongs(
        stage,
        [result],
        LIST_STREAMS.filter(name => name !== 'shortcuts'),
      ),
    ).toEqual([]);
    stage.kustomer.faults.clear();
    expectGreen(await stage.sync({ with: LISTS }));
  });
});

describe('a list that refuses to show deleted ones', () => {
  /** The plain list is all there is. */
  const refuseViews = (stage: Stage, status = 400) =>
    stage.kustomer.faults.add({
      kind: 'status',
      status,
      times: Infinity,
      match: ({ query }) => query.deleted === 'true' || ['existing_only', 'disabled'].includes(query.status ?? ''),
    });

  test.each(few([400, 404, 422]))('(%i) is read without them', async status => {
    await using stage = await open(SOME);
    refuseViews(stage, status);
    stage.world.create('kobjects', 1, { klass: 'order' });
    const result = await stage.sync({ with: { streams: `${LISTS.streams}, klasses` } });
    expectGreen(result);
    expect(await wrongs(stage, [result], [...LIST_STREAMS, 'klasses'])).toEqual([]);
    const said = [...result.log.matchAll(/refused a part of the list of (\w+) \(/g)].map(([, name]) => name);
    expect(said.sort()).toEqual(['klasses', 'tags', 'teams', 'users']);
  });

  longTest('where it did show them before takes none of them for gone, and publishes none of them again', async () => {
    await using stage = await open(SOME);
    stage.world.softDelete('users', 4, { at: Date.now() - HOUR });
    expectGreen(await stage.sync({ with: { streams: 'users' } }));
    refuseViews(stage);
    const second = await stage.sync({ with: { streams: 'users' } });
    expect(second.outputs.records).toBe('0');
    stage.kustomer.faults.clear();
    const third = await stage.sync({ with: { streams: 'users' } });
    expect(third.outputs.records).toBe('0');
  });

  longTest('and always has, publishes what has gone from the rest of it once', async () => {
    await using stage = await open(SOME);
    refuseViews(stage);
    await published(stage, { streams: 'users' });
    const gone = stage.world.hardDelete('users', 2);
    const second = await stage.sync({ with: { streams: 'users' } });
    const lines = (await stage.published(second))?.records.get('users');
    expect(lines).toEqual(
      expect.arrayContaining(gone.map(id => ({ id, type: 'user', deleted: true, updated_at: TIME, deleted_at: TIME }))),
    );
    expect(lines?.length).toBe(2);
    expect((await stage.sync({ with: { streams: 'users' } })).outputs.records).toBe('0');

    // What it shows once it shows all is not taken for gone when it refuses again.
    stage.world.softDelete('users', 3, { at: Date.now() - HOUR });
    stage.kustomer.faults.clear();
    expect((await stage.sync({ with: { streams: 'users' } })).outputs.records).toBe('3');
    refuseViews(stage);
    expect((await stage.sync({ with: { streams: 'users' } })).outputs.records).toBe('0');
  });
});

longTest('a full refresh of a list has all of it, and no gone ones', async () => {
  await using stage = await open(SOME);
  await published(stage);
  stage.world.hardDelete('users', 1);
  const result = await stage.sync({ with: { streams: 'users:full_refresh' } });
  expectGreen(result);
  expect(await wrongs(stage, [result], ['users'])).toEqual([]);
});

test('a short answer is not taken for records that are gone, nor for all there are where the list says how many', async () => {
  await using stage = await open(SOME);
  stage.kustomer.faults.add({ kind: 'short-page', match: { path: '/v1/tags' } });
  expect((await published(stage)).get('tags')).toHaveLength(SOME.tags);
  for (const path of ['/v1/tags', '/v1/shortcuts']) stage.kustomer.faults.add({ kind: 'short-page', match: { path } });
  for (let run = 1; run <= 2; run++) expect([...(await published(stage)).values()].flat()).toEqual([]);
});
