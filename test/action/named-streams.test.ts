// The streams that `all` does not stand for: read when they are named, and exactly as the others are.
import { describe, expect, test } from 'vitest';
import { isSearch, streamNamed } from '../../src/kustomer/streams.ts';
import { few, longTest } from '../forms.ts';
import {
  ALL_STREAMS,
  DEFAULT_TOKEN,
  LISTED,
  STREAMS,
  STREAMS_BY_NAME,
  type Stream,
  type Truth,
  type WorldOptions,
} from '../world/kustomer/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { annotations, DAY, expectGreen, expectRed, gather, HOUR, outcomes, populate, wrongs } from './support.ts';
import { expectError } from './troubles.ts';

const NAMES: readonly Stream[] = STREAMS_BY_NAME;
const NAMED = { streams: NAMES.join(', ') };

/** Some of each, the oldest of four years ago. */
async function open(options: Partial<WorldOptions> = {}, times: readonly Stream[] = NAMES): Promise<Stage> {
  const stage = await openStage({ world: options });
  const now = Date.now();
  for (const stream of times) {
    const archived = LISTED.includes(stream) || stage.world.isArchived(stream);
    const from = now - (archived ? 1_400 : 700) * DAY;
    stage.world.populate({ [stream]: 30 }, { from, to: now - HOUR, tieFraction: 0.3, tieSize: 5 });
  }
  return stage;
}

test('`all` stays the nine, and reads the others beside them when they are named', async () => {
  await using stage = await open();
  populate(stage);
  const usual = await stage.sync();
  expectGreen(usual);
  expect(Object.keys(outcomes(usual))).toEqual(STREAMS);
  const both = await stage.sync({ with: { streams: `${NAMED.streams}, all` } });
  expectGreen(both);
  expect(Object.keys(outcomes(both)).sort()).toEqual([...ALL_STREAMS].sort());
  expect(await wrongs(stage, [usual, both], ALL_STREAMS)).toEqual([]);
});

test('a run publishes what is new or changed in them, and the next run nothing', async () => {
  await using stage = await open({ pageSizeMax: 8 });
  const first = await stage.sync({ with: NAMED });
  expectGreen(first);
  expect(await wrongs(stage, [first], NAMES)).toEqual([]);
  const at = Date.now() - 120_000;
  const before = new Map(NAMES.map(name => [name, stage.world.truth(name)]));
  for (const name of NAMES) {
    stage.world.update(name, 2, { at });
    stage.world.create(name, 2, { updatedAt: at });
  }
  const changed = new Map(
    NAMES.map(name => {
      const isNew = ([id, { updatedAt }]: [string, Truth]) => before.get(name)?.get(id)?.updatedAt !== updatedAt;
      return [name, [...stage.world.truth(name)].filter(isNew).map(([id]) => id)];
    }),
  );
  const second = await stage.sync({ with: NAMED });
  expectGreen(second);
  const found = await gather(stage, [second]);
  for (const name of NAMES)
    expect((found.get(name) ?? []).map(({ id }) => id).sort(), name).toEqual(changed.get(name)?.sort());
  const third = await stage.sync({ with: NAMED });
  expectGreen(third);
  expect(third.outputs.records).toBe('0');
});

longTest('each may be refreshed in full by its own entry', async () => {
  await using stage = await open();
  expectGreen(await stage.sync({ with: NAMED }));
  const refreshed = await stage.sync({ with: { streams: NAMES.map(name => `${name}:full_refresh`).join() } });
  expectGreen(refreshed);
  expect(await wrongs(stage, [refreshed], NAMES)).toEqual([]);
});

longTest('a key without the role for one of them skips it, names the role, and costs the others nothing', async () => {
  for (const name of NAMES) {
    await using stage = await open({ tokens: { [DEFAULT_TOKEN]: { missing: [name] } } }, [name]);
    stage.world.populate({ users: 3 }, { from: Date.now() - DAY, to: Date.now() - HOUR });
    const result = await stage.sync({ with: { streams: `users, ${name}` } });
    expectRed(result);
    expect(outcomes(result), name).toEqual({ users: 'complete', [name]: 'skipped' });
    expect(annotations(result, 'error')).toEqual([expect.stringContaining(streamNamed(name).role)]);
    expect(await wrongs(stage, [result], ['users'])).toEqual([]);
  }
});

longTest('what is gone from their lists is published once as deleted', async () => {
  await using stage = await open();
  const lists = NAMES.filter(name => !isSearch(streamNamed(name)));
  expectGreen(await stage.sync({ with: NAMED }));
  const gone = new Map(lists.map(name => [name, stage.world.hardDelete(name, 1)[0] as string]));
  const second = await stage.sync({ with: NAMED });
  expectGreen(second);
  const found = await gather(stage, [second]);
  for (const name of lists) expect(found.get(name), name).toMatchObject([{ id: gone.get(name), deleted: true }]);
  expect((await stage.sync({ with: NAMED })).outputs.records).toBe('0');
});

longTest('a backfill, and the shards of a plan, read them as well', async () => {
  await using stage = await open();
  const end = new Date(Date.now() - HOUR / 2).toISOString();
  const window = { ...NAMED, 'start-date': '2000-01-01', 'end-date': end };
  const backfill = await stage.sync({ with: window });
  expectGreen(backfill);
  expect(await wrongs(stage, [backfill], NAMES)).toEqual([]);
  const plan = await stage.sync({ with: { ...window, mode: 'plan', 'state-id': 'planned' } });
  expect(plan.exitCode, plan.log).toBe(0);
  const { shard: shards } = JSON.parse(plan.outputs.matrix ?? '') as { shard: string[] };
  const done = [];
  for (const shard of shards) done.push(await stage.sync({ with: { ...window, shard, 'state-id': 'planned' } }));
  for (const result of done) expectGreen(result);
  expect(await wrongs(stage, done, NAMES)).toEqual([]);
});

longTest('work sessions and work items that carry no time of update are all published, and once', async () => {
  await using stage = await open({ pageSizeMax: 8 }, ['work_sessions', 'work_items']);
  const names = ['work_sessions', 'work_items'] as const;
  for (const name of names) stage.world.spoilUpdatedAt([...stage.world.truth(name).keys()], 'missing');
  const results = [];
  for (let run = 0; run < 2; run++) results.push(await stage.sync({ with: { streams: names.join() } }));
  for (const result of results) expectGreen(result);
  const found = await gather(stage, results);
  for (const name of names) {
    const published = (found.get(name) ?? []).map(({ id }) => id);
    expect(published.sort()).toEqual([...stage.world.truth(name).keys()].sort());
  }
});

test('conversation times are searched by the time of their creation, live only', async () => {
  await using stage = await open({}, ['conversation_times']);
  const result = await stage.sync({ with: { streams: 'conversation_times' } });
  expectGreen(result);
  const searches = stage.kustomer.requests.filter(({ budget }) => budget === 'search');
  expect(searches.every(({ kind, body }) => kind === 'live' && !JSON.stringify(body).includes('updated_at'))).toBe(
    true,
  );
  expect(JSON.stringify(searches[0]?.body)).toContain('conversation_time_created_at');
});

test('the versions of SLAs come with them, as records of their own type', async () => {
  await using stage = await open({}, ['slas', 'brands']);
  const result = await stage.sync({ with: { streams: 'slas' } });
  expectGreen(result);
  const types = (await gather(stage, [result])).get('slas')?.map(({ type }) => type) ?? [];
  expect(new Set(types)).toEqual(new Set(['sla', 'sla_version']));
  const collision = { type: 'sla_version', id: '1', attributes: {} };
  const body = { meta: {}, links: { next: null }, data: [{ ...collision, type: 'sla' }], included: [collision] };
  stage.kustomer.faults.add({ kind: 'status', status: 200, body, times: 9, match: { path: '/v1/slas' } });
  const second = await stage.sync({ with: { streams: 'slas, brands' } });
  expectRed(second);
  expect(outcomes(second)).toEqual({ slas: 'failed', brands: 'complete' });
  expect(annotations(second, 'error')).toEqual([expect.stringContaining('several records with one id for slas')]);
});

longTest('SLAs are published where Kustomer refuses to show their versions', async () => {
  await using stage = await open({}, ['slas']);
  const match = { path: '/v1/slas', nth: (n: number) => n % 2 === 0 };
  stage.kustomer.faults.add({ kind: 'status', status: 400, times: 9, match });
  const result = await stage.sync({ with: { streams: 'slas' } });
  expectGreen(result);
  const types = (await gather(stage, [result])).get('slas')?.map(({ type }) => type) ?? [];
  expect(new Set(types)).toEqual(new Set(['sla']));
});

longTest('a list that carries no time of update is published once', async () => {
  const lists = NAMES.filter(name => LISTED.includes(name));
  await using stage = await open({ undated: lists }, lists);
  const results = [];
  for (let run = 0; run < 2; run++) results.push(await stage.sync({ with: { streams: lists.join() } }));
  for (const result of results) expectGreen(result);
  const found = await gather(stage, results);
  for (const name of lists) {
    const ids = (found.get(name) ?? []).map(({ id }) => id);
    expect(ids.sort(), name).toEqual([...stage.world.truth(name).keys()].sort());
  }
});

test('a list that this organization does not have is skipped with a warning, and the run succeeds', async () => {
  const missing: readonly Stream[] = ['queues', 'brands', 'slas', 'business_schedules'];
  await using stage = await open({ missingLists: missing }, ['companies']);
  const result = await stage.sync({ with: { streams: ['companies', ...missing].join() } });
  expect(result.exitCode, result.log).toBe(0);
  expect(outcomes(result)).toEqual({
    companies: 'complete',
    ...Object.fromEntries(missing.map(name => [name, 'skipped'])),
  });
  expect(result.outputs.complete).toBe('false');
  for (const name of missing)
    expect(annotations(result, 'warning')).toContainEqual(
      expect.stringMatching(`no list of ${name} .*404.*Leave ${name} out`),
    );
  expectError(result, 'list-missing');
  expect(await wrongs(stage, [result], ['companies'])).toEqual([]);
});

longTest('a list that is missing from one run on tells of no deletion', async () => {
  await using stage = await open({}, ['queues']);
  expectGreen(await stage.sync({ with: { streams: 'queues' } }));
  stage.kustomer.faults.add({ kind: 'status', status: 404, times: 9, match: { path: '/v1/routing/queues' } });
  const second = await stage.sync({ with: { streams: 'queues' } });
  expect(outcomes(second)).toEqual({ queues: 'skipped' });
  expect(second.outputs.records).toBe('0');
  stage.kustomer.faults.clear();
  const third = await stage.sync({ with: { streams: 'queues' } });
  expectGreen(third);
  expect(third.outputs.records).toBe('0');
});

longTest('a context that this organization refuses costs its own stream only', async () => {
  await using stage = await open({}, ['work_items', 'companies']);
  stage.kustomer.faults.add({ kind: 'status', status: 400, times: Infinity, match: { context: 'work_item' } });
  const result = await stage.sync({ with: { streams: 'work_items, companies' } });
  expectRed(result);
  expect(outcomes(result)).toEqual({ work_items: 'failed', companies: 'complete' });
  expect(annotations(result, 'error')).toEqual([expect.stringContaining('a request for work_items (status 400)')]);
  expect(await wrongs(stage, [result], ['companies'])).toEqual([]);
});

describe('custom attributes', () => {
  test.each(few(['hex', 'kind', 'same'] as const))(
    'are named by the kind of object, whatever their id: %s',
    async metadataIds => {
      await using stage = await open({ metadataIds }, ['custom_attributes']);
      const result = await stage.sync({ with: { streams: 'custom_attributes' } });
      expectGreen(result);
      const found = (await gather(stage, [result])).get('custom_attributes') ?? [];
      expect(found.map(({ id }) => id).sort()).toEqual([...stage.world.truth('custom_attributes').keys()].sort());
      expect(found.map(({ id }) => id)).toEqual(
        expect.arrayContaining(['company', 'conversation', 'customer', 'message']),
      );
      expect(found.find(({ id }) => id === 'customer')).toMatchObject({
        type: 'metadata',
        properties: { contact_reason_tree: { tree: { children: expect.any(Array) } } },
      });
    },
  );

  longTest('of a klass that is gone are published as deleted, and klasses without any are passed over', async () => {
    await using stage = await open({}, ['custom_attributes']);
    stage.world.defineKlass('plain');
    expectGreen(await stage.sync({ with: { streams: 'custom_attributes' } }));
    const klass = stage.world.klasses.find(({ name }) => name.startsWith('described'))?.name ?? '';
    stage.world.removeKlass(klass);
    const second = await stage.sync({ with: { streams: 'custom_attributes' } });
    expectGreen(second);
    const lines = (await gather(stage, [second])).get('custom_attributes');
    expect(lines).toMatchObject([{ id: `kobject.${klass}`, type: 'metadata', deleted: true }]);
  });

  longTest('are read although a klass has a name with half an emoji, which no path can have', async () => {
    await using stage = await open({}, ['custom_attributes']);
    stage.world.defineKlass('half \ud83d');
    expectGreen(await stage.sync({ with: { streams: 'custom_attributes' } }));
  });

  longTest(
    'are skipped, with the role, by a key that may not list klasses, and with a warning where there are none',
    async () => {
      const tokens = { [DEFAULT_TOKEN]: { missing: ['klasses' as const] } };
      await using stage = await open({ tokens }, ['custom_attributes']);
      const result = await stage.sync({ with: { streams: 'custom_attributes' } });
      expectRed(result);
      expect(annotations(result, 'error')).toEqual([expect.stringContaining('org.permission.klass.read')]);
      await using other = await open({ missingLists: ['custom_attributes'] }, ['custom_attributes']);
      const none = await other.sync({ with: { streams: 'custom_attributes' } });
      expect(none.exitCode, none.log).toBe(0);
      expect(outcomes(none)).toEqual({ custom_attributes: 'skipped' });
      expect(annotations(none, 'warning')).toHaveLength(1);
    },
  );
});
