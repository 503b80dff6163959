// Promises that no other test of the action is about (docs/promises.md has all, with their tests).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { few } from '../forms.ts';
import { type LoggedRequest, STREAMS } from '../world/kustomer/index.ts';
import { ACTION, type Line, openStage, type Stage, updatedAtOf } from '../world/stage.ts';
import { preload } from './preload.ts';
import { poison, savedText } from './saved-state.ts';
import {
  annotations,
  DAY,
  expectGreen,
  expectRed,
  gather,
  HOUR,
  isRecent,
  outcomes,
  populate,
  requestsSince,
  SECOND,
  wrongs,
} from './support.ts';
import { expectError } from './troubles.ts';

const LATER = { settle: '0s' };

async function untilNextSecond(): Promise<void> {
  await new Promise(done => setTimeout(done, SECOND - (Date.now() % SECOND) + 5));
}

describe('inputs', () => {
  const { inputs }: { inputs: Record<string, { default?: string }> } = parse(
    readFileSync(`${ACTION}/action.yml`, 'utf8'),
  );
  const names = Object.keys(inputs).filter(name => name !== 'token');
  /** An expression is the runner's to evaluate. */
  const isText = (name: string) => inputs[name]?.default?.includes('{{') === false && name !== 'api-url';

  test('that are left empty mean what action.yml, the README and docs/inputs.md say', async () => {
    const rows = (path: string) =>
      [...readFileSync(`${ACTION}/${path}`, 'utf8').matchAll(/^\| `([a-z-]+)` \| (?:`(.*?)`|(\w+)) \|/gm)]
        .filter(([, name = '']) => names.includes(name))
        .map(([, name, value = '']) => [name, value]);
    expect(rows('docs/inputs.md').sort()).toEqual(names.map(name => [name, inputs[name]?.default]).sort());
    expect(rows('README.md').sort()).toEqual(rows('docs/inputs.md').sort());

    await using stage = await openStage();
    populate(stage);
    const texts = names.filter(isText);
    const left = await stage.sync({ with: Object.fromEntries(texts.map(name => [name, ''])) });
    expectGreen(left);
    expect(await wrongs(stage, [left])).toEqual([]);
    const [artifact] = stage.github.artifacts();
    expect(artifact?.name).toBe(inputs['artifact-name']?.default);
    // The state remembers how records were published, and a warning would say that it was otherwise.
    const given = await stage.sync({
      with: Object.fromEntries(texts.map(name => [name, inputs[name]?.default ?? ''])),
    });
    expectGreen(given);
    expect(given.outputs).toMatchObject({ records: '0', 'state-generation': '2' });
  });
});

describe('what version 0.1.0 has saved', () => {
  /** As that version writes it, of a sync that was complete up to noon. */
  const saved = (noon: string) => ({
    version: 1,
    written_by: 'kustomer-sync/0.1.0',
    generation: 7,
    identity: '5f0000000000000000000001',
    saved_at: noon,
    run: { id: '1', attempt: '1' },
    publish_id: '5abbeb58-02be-47bc-ac89-9f50bbc8e779',
    revisions: Object.fromEntries(
      ['notes', 'tags'].map(name => [
        name,
        { changed_in: 7, epoch: 0, record_format: 'flat', include_deleted: true, published: 9 },
      ]),
    ),
    streams: {
      notes: {
        synced_ranges: [['1970-01-01T00:00:00.000Z', noon]],
        cutoff: noon,
        dedup_since: noon,
        dedup_keys: [],
      },
      tags: { seen: {} },
    },
    schemas: {
      notes: {
        format: 'flat',
        columns: { '': { id: 144, seen_by_0_1_0: 16 }, custom: {} },
        open: [],
        klasses: [],
        vanished: [],
      },
    },
  });

  test('is gone on from, with nothing twice and nothing missing', async () => {
    await using stage = await openStage();
    const noon = Math.floor(Date.now() / SECOND) * SECOND - 5 * DAY;
    const inputs = { streams: 'notes, tags' };
    stage.world.populate({ notes: 20, tags: 3 }, { from: noon - 30 * DAY, to: noon - DAY });
    await stage.sync({ with: inputs });
    await poison(stage, () => JSON.stringify(saved(new Date(noon).toISOString())));
    const after = stage.world.create('notes', 4, { updatedAt: noon + DAY });
    const result = await stage.sync({ with: inputs });
    expectGreen(result);
    expect(result.outputs['state-generation']).toBe('8');
    const published = await stage.published(result);
    expect(
      published?.records
        .get('notes')
        ?.map(({ id }) => id)
        .sort(),
    ).toEqual(after.sort());
    expect(published?.records.get('tags')).toHaveLength(3);
    const { schemas } = JSON.parse(await savedText(stage, stage.github.caches().at(-1)?.id ?? 0));
    expect(Object.keys(schemas.notes.columns[''])).toContain('seen_by_0_1_0');
  });
});

describe('an incremental run', () => {
  const from = ({ body }: LoggedRequest) => {
    const { and = [] } = (body ?? {}) as { and?: Record<string, { gte?: string }>[] };
    return and.flatMap(each => Object.values(each)).flatMap(({ gte }) => (gte ? [Date.parse(gte)] : []));
  };

  test('asks for nothing older than its bookmark less the lookback, nor for anything after its cutoff', async () => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { streams: 'messages, notes', lookback: '30m' };
    const first = await stage.sync({ with: inputs });
    const bookmark = Date.parse(JSON.parse(first.outputs.streams ?? '')[0].to);
    requestsSince(stage);
    stage.world.create('messages', 3, { updatedAt: bookmark - HOUR / 4 });
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(second.outputs.records).toBe('3');
    const asked = stage.kustomer.log.searches(isRecent);
    expect(asked.length).toBeGreaterThan(0);
    for (const request of asked) for (const at of from(request)) expect(at).toBeGreaterThanOrEqual(bookmark - HOUR / 2);
    expect(stage.kustomer.log.searches().length).toBe(asked.length);
  });

  test('saves no time after its cutoff as read, and nothing that only a run under way needs', async () => {
    await using stage = await openStage();
    populate(stage);
    const result = await stage.sync({ with: { settle: '5m' } });
    const cutoff = Date.parse(JSON.parse(result.outputs.streams ?? '')[0].to);
    expect(cutoff).toBeLessThanOrEqual(Date.now() - 300_000);
    const { streams, ...rest } = JSON.parse(await savedText(stage, stage.github.caches().at(-1)?.id ?? 0));
    for (const { synced_ranges = [], cutoff: own = 0 } of Object.values<Record<string, string[][] | string>>(streams)) {
      for (const [, to = ''] of synced_ranges as string[][]) expect(Date.parse(to)).toBeLessThanOrEqual(cutoff);
      if (own !== 0) expect(Date.parse(own as string)).toBeLessThanOrEqual(cutoff);
    }
    expect(Object.keys(rest).sort().join()).toBe(
      'generation,identity,publish_id,revisions,run,saved_at,schemas,version,written_by',
    );
  });
});

test('a sync has every record once, in its latest version, the next one what has changed, and the one after it nothing', async () => {
  await using stage = await openStage();
  populate(stage);
  const first = await stage.sync();
  expectGreen(first);
  expect(await wrongs(stage, [first])).toEqual([]);
  const at = () => Date.now() - HOUR / 2;
  const changed = [
    ...stage.world.update('conversations', 3, { at }),
    ...stage.world.update('users', 2, { at }),
    ...stage.world.softDelete('tags', 1, { at }),
    ...stage.world.create('messages', 4, { updatedAt: at }),
  ];
  const second = await stage.sync();
  expectGreen(second);
  const ids = [...(await gather(stage, [second])).values()].flat().map(({ id }) => id);
  expect(ids.sort()).toEqual(changed.sort());
  const third = await stage.sync();
  expectGreen(third);
  expect(third.outputs).toMatchObject({ records: '0', 'artifact-id': '', 'artifact-url': '', 'artifact-digest': '' });
  expect(stage.github.artifacts()).toHaveLength(2);
});

describe('a search', () => {
  const streams = 'messages';
  /** Whether every record came in its latest version, and no version twice. */
  async function flaws(stage: Stage, ...results: Parameters<typeof gather>[1]): Promise<string[]> {
    const lines = (await gather(stage, results)).get('messages') ?? [];
    const latest = new Map<string, Line>();
    for (const line of lines) {
      const known = latest.get(line.id);
      if (known === undefined || updatedAtOf(known) < updatedAtOf(line)) latest.set(line.id, line);
    }
    const versions = lines.map(line => `${line.id} ${updatedAtOf(line)}`);
    return [
      ...stage.compare('messages', [...latest.values()]),
      ...versions.filter((version, n) => versions.indexOf(version) !== n).map(version => `${version} twice`),
    ];
  }

  test('whose records are updated and created while it is read loses none, and each version comes once', async () => {
    await using stage = await openStage({ world: { pageSizeMax: 100 } });
    const { world, kustomer } = stage;
    world.populate(
      { messages: 1_500 },
      { from: Date.now() - 30 * DAY, to: Date.now() - HOUR, tieFraction: 0.5, tieSize: 7 },
    );
    let changes = 0;
    const change = ({ stream }: LoggedRequest) => {
      if (stream !== 'messages') return;
      changes++;
      world.update('messages', 30);
      world.create('messages', 5);
    };
    kustomer.onRequest(change);
    const first = await stage.sync({ with: { streams } });
    expectGreen(first);
    expect(changes).toBeGreaterThan(10);
    const before = changes;
    changes = Number.NaN;
    await untilNextSecond();
    kustomer.log.clear();
    Object.assign(world, { update: () => [], create: () => [] });
    const second = await stage.sync({ with: { streams, ...LATER } });
    expectGreen(second);
    expect(Number(second.outputs.records)).toBeGreaterThan(before);
    expect(await flaws(stage, first, second)).toEqual([]);
  });

  test('shows all records of one time: one, a page, a page and one more, or more than it returns at once', async () => {
    await using stage = await openStage({ world: { tieOrder: 'unstable', exoticEvery: Number.POSITIVE_INFINITY } });
    const sizes = [1, 500, 501, 10_001];
    for (const [n, size] of sizes.entries()) stage.world.addTie('messages', Date.now() - (n + 2) * DAY, size);
    const result = await stage.sync({ with: { streams } });
    expectGreen(result);
    expect(await wrongs(stage, [result], ['messages'])).toEqual([]);
  });

  test('that cannot show all records of one time fails its stream, and the state stops before that time', async () => {
    await using stage = await openStage({
      world: { pageSizeMax: 20, resultLimit: 100, exoticEvery: Number.POSITIVE_INFINITY },
    });
    const at = Math.floor(Date.now() / SECOND) * SECOND - 3 * DAY;
    stage.world.populate({ messages: 30 }, { from: at - 30 * DAY, to: at - DAY });
    stage.world.addTie('messages', at, 150, { sameCreated: true });
    const result = await stage.sync({ with: { streams } });
    expectRed(result);
    expectError(result, 'search-inconsistent');
    expect(annotations(result, 'error')).toHaveLength(1);
    expect(outcomes(result)).toEqual({ messages: 'failed' });
    const state = JSON.parse(await savedText(stage, stage.github.caches().at(-1)?.id ?? 0));
    const [[, to = ''] = [], ...others] = state.streams.messages.synced_ranges as string[][];
    expect(others).toEqual([]);
    expect(Date.parse(to)).toBeLessThanOrEqual(at);
    expect(Date.parse(to)).toBeGreaterThan(at - 2 * DAY);
  });

  test('that shows a record twice has it published once', async () => {
    await using stage = await openStage({ world: { exoticEvery: Number.POSITIVE_INFINITY } });
    stage.world.populate({ messages: 30 }, { from: Date.now() - 30 * DAY, to: Date.now() - HOUR });
    const edit = (body: Buffer) => {
      const answer = JSON.parse(String(body));
      answer.data.push(...answer.data.slice(0, 3));
      answer.meta.total += Math.min(3, answer.meta.total);
      return Buffer.from(JSON.stringify(answer));
    };
    stage.kustomer.faults.add({ kind: 'edit', edit, times: Number.POSITIVE_INFINITY, match: { stream: 'messages' } });
    const result = await stage.sync({ with: { streams } });
    expectGreen(result);
    expect(await wrongs(stage, [result], ['messages'])).toEqual([]);
  });

  test('that ignores the order it is asked for is noticed, and nothing is missing', async () => {
    await using stage = await openStage({ world: { pageSizeMax: 50 } });
    stage.world.populate({ messages: 400 }, { from: Date.now() - 30 * DAY, to: Date.now() - HOUR });
    stage.kustomer.faults.add({ kind: 'ignored-sort', times: Number.POSITIVE_INFINITY, match: { stream: 'messages' } });
    const result = await stage.sync({ with: { streams } });
    expectGreen(result);
    expect(await wrongs(stage, [result], ['messages'])).toEqual([]);
  });
});

test('two full reads of what has not changed have the same records', async () => {
  await using stage = await openStage();
  populate(stage);
  const inputs = { 'sync-mode': 'full_refresh' };
  const runs = [await stage.sync({ with: inputs }), await stage.sync({ with: inputs })];
  const texts = await Promise.all(runs.map(async run => (await stage.published(run))?.texts));
  for (const stream of STREAMS) {
    expect(texts[0]?.get(stream)?.length, stream).toBeGreaterThan(0);
    expect(texts[0]?.get(stream)?.toSorted(), stream).toEqual(texts[1]?.get(stream)?.toSorted());
  }
});

test.each(['search-requests-per-minute', 'requests-per-minute'])(
  'no minute has more requests than the budget, those that are repeated included (%s)',
  async input => {
    // Time runs 20 times as fast, and a minute is 3 seconds.
    const nodeArgs = [
      ...['--import', new URL('../../scripts/fast-clock.mjs', import.meta.url).href],
      ...preload('const { now } = Date; const start = now(); Date.now = () => start + 20 * (now() - start)'),
    ];
    await using stage = await openStage({ world: { pageSizeMax: 10 } });
    stage.world.populate({ messages: 300, tags: 5 }, { from: Date.now() - 30 * DAY, to: Date.now() - HOUR });
    stage.kustomer.faults.add({ kind: 'reset', times: 10, match: { stream: 'messages', nth: n => n % 2 === 0 } });
    const inputs = { streams: 'messages, tags', archive: 'never', [input]: '30' };
    const result = await stage.sync({ with: inputs, nodeArgs, env: { TIME_SCALE: '20' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(await wrongs(stage, [result], ['messages', 'tags'])).toEqual([]);
    const isCounted = ({ budget }: LoggedRequest) => input === 'requests-per-minute' || budget === 'search';
    const most = stage.kustomer.log.busiestWindow(2_900, isCounted);
    expect(most).toBeLessThanOrEqual(30);
    expect(most).toBeGreaterThan(15);
  },
);

test.each(['flat', 'raw'])(
  'a line is one JSON text that every reader takes, whatever the record holds (%s)',
  async format => {
    const odd = {
      separators: 'a\u2028b\u2029c\nd\r\ne\u0000',
      emoji: '\u{1f469}\u200d\u{1f467}',
      long: 'x'.repeat(1_000_000),
      camelCase: { innerKey: [[], {}, [null, { deepKey: 1 }]] },
      unknownField: true,
    };
    const plant = (stream: string, json: string) => {
      if (stream !== 'notes') return json;
      const record = JSON.parse(json);
      record.attributes.odd = odd;
      return JSON.stringify(record).replace('"attributes":{', '"attributes":{"half":"\\ud83d","big":9007199254740993,');
    };
    await using stage = await openStage({ world: { plant, exoticEvery: Number.POSITIVE_INFINITY } });
    stage.world.populate({ notes: 3 }, { from: Date.now() - DAY, to: Date.now() - HOUR });
    const result = await stage.sync({ with: { streams: 'notes', 'record-format': format } });
    expectGreen(result);
    const texts = (await stage.published(result))?.texts.get('notes') ?? [];
    expect(texts).toHaveLength(3);
    for (const text of texts) {
      const line = JSON.parse(text);
      const { half, odd: shown } = format === 'raw' ? line.attributes : line;
      const inSnake = { ...odd, camel_case: { inner_key: [[], {}, [null, { deep_key: 1 }]] }, unknown_field: true };
      const { camelCase: _, unknownField: __, ...flat } = inSnake;
      expect(shown).toEqual(format === 'raw' ? odd : flat);
      expect(half).toBe(format === 'raw' ? '\ud83d' : '\ufffd');
      expect(text).toContain('"big":9007199254740993,');
      // Which some readers take for the end of a line.
      expect(Buffer.from(text).every(byte => byte >= 0x20)).toBe(true);
    }
  },
);

test('no more requests are in flight than `concurrency` says', async () => {
  await using stage = await openStage({ world: { pageSizeMax: 20 } });
  stage.world.populate({ messages: 400, customers: 100 }, { from: Date.now() - 30 * DAY, to: Date.now() - HOUR });
  let [now, most] = [0, 0];
  stage.kustomer.onRequest(async () => {
    most = Math.max(most, ++now);
    await new Promise(done => setTimeout(done, 60));
    now--;
  });
  expectGreen(await stage.sync({ with: { concurrency: '3' } }));
  expect(most).toBe(3);
});

test('an `api-url` without https is refused, unless it is a loopback address', async () => {
  await using stage = await openStage();
  stage.world.populate({ tags: 2 }, { from: Date.now() - DAY, to: Date.now() - HOUR });
  for (const url of few(['http://127.0.0.1.example.test', 'http://kustomer.example.test'])) {
    const result = await stage.sync({ with: { 'api-url': url } });
    expectRed(result);
    expectError(result, 'invalid-input');
    expect(annotations(result, 'error')[0]).toContain('`http` only for a loopback address');
  }
  expect(stage.kustomer.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  expectGreen(await stage.sync({ with: { streams: 'tags' } }));
});

test('two syncs with two names do not know each other', async () => {
  await using stage = await openStage();
  populate(stage);
  const [one, other] = [
    await stage.sync({ with: { 'state-id': 'one', streams: 'tags' } }),
    await stage.sync({ with: { 'state-id': 'one-more', streams: 'tags' } }),
  ];
  for (const result of [one, other]) {
    expectGreen(result);
    expect(result.outputs).toMatchObject({ records: '8', 'state-generation': '1' });
  }
  expect((await stage.sync({ with: { 'state-id': 'one', streams: 'tags' } })).outputs['state-generation']).toBe('2');
});

test('a record that the search shows late is found within the lookback, and by a full refresh after that', async () => {
  await using stage = await openStage();
  stage.world.populate({ notes: 5 }, { from: Date.now() - DAY, to: Date.now() - 3 * HOUR });
  const visibleAt = Date.now() + 1_000;
  const [early] = stage.world.create('notes', 1, { updatedAt: Date.now() - HOUR / 2, visibleAt });
  const [late] = stage.world.create('notes', 1, { updatedAt: Date.now() - 2 * HOUR, visibleAt });
  const sync = async (inputs: Record<string, string> = {}) => {
    const result = await stage.sync({ with: { streams: 'notes', ...inputs } });
    expectGreen(result);
    return (await stage.published(result))?.records.get('notes')?.map(({ id }) => id) ?? [];
  };
  expect(await sync()).toHaveLength(5);
  await new Promise(done => setTimeout(done, Math.max(0, visibleAt - Date.now() + 50)));
  expect(await sync()).toEqual([early]);
  expect(await sync()).toEqual([]);
  expect(await sync({ 'sync-mode': 'full_refresh' })).toContain(late);
});

test('outputs say what was published: paths, artifact, commit and state', async () => {
  await using stage = await openStage();
  populate(stage);
  const result = await stage.sync({ with: { destination: 'artifact,branch', streams: 'tags, teams' } });
  expectGreen(result);
  const { outputs } = result;
  const [artifact] = stage.github.artifacts();
  expect(outputs).toMatchObject({
    records: '12',
    complete: 'true',
    'artifact-id': String(artifact?.id),
    'artifact-digest': artifact?.digest.replace('sha256:', ''),
    commit: await stage.github.repository.head('kustomer-data'),
    'state-saved': 'true',
    'state-generation': '1',
    matrix: '',
    estimate: '',
  });
  expect(outputs['artifact-url']).toMatch(new RegExp(`/artifacts/${artifact?.id}$`));
  expect(outputs.manifest).toBe(`${outputs['output-dir']}/manifest.json`);
  expect(JSON.parse(readFileSync(outputs.manifest ?? '', 'utf8')).streams).toEqual(JSON.parse(outputs.streams ?? ''));
  const plan = await stage.sync({ with: { mode: 'plan', 'end-date': new Date().toISOString().slice(0, 10) } });
  expect(plan.exitCode, plan.log).toBe(0);
  expect(JSON.parse(plan.outputs.matrix ?? '').shard.length).toBeGreaterThan(0);
  expect(Object.keys(JSON.parse(plan.outputs.estimate ?? '')).sort()).toEqual([
    'bytes',
    'minutes',
    'records',
    'requests',
    'shards',
  ]);
});

test('a line of `flat` has the names that docs/reading-the-data.md gives them, whatever the order of the keys', async () => {
  const attributes = {
    firstSeenAt: 1,
    first_seen_at: 2,
    FirstSeenAt: 3,
    sla: 'of the attribute',
    customThing: { innerKey: [{ deepKey: 'x' }] },
    type: 'of the attribute',
  };
  const relationships = {
    sla: { data: { id: 'of the relationship', type: 'sla' } },
    watchers: { data: [] },
    nobody: { data: null },
    elsewhere: { links: { self: '/v1/x' } },
  };
  const twice = '"twice":"first","twice":"last",';
  const plant = (stream: string, json: string) => {
    if (stream !== 'notes') return json;
    const record = JSON.parse(json);
    const isOdd = Number.parseInt(record.id.slice(-1), 16) % 2 === 1;
    const own = Object.entries({ ...record.attributes, ...attributes });
    record.attributes = Object.fromEntries(isOdd ? own.reverse() : own);
    record.relationships = { ...record.relationships, ...relationships };
    return JSON.stringify(record).replace('"attributes":{', `"attributes":{${twice}`);
  };
  await using stage = await openStage({ world: { plant, exoticEvery: Number.POSITIVE_INFINITY } });
  stage.world.populate({ notes: 6 }, { from: Date.now() - DAY, to: Date.now() - HOUR });
  const result = await stage.sync({ with: { streams: 'notes' } });
  expectGreen(result);
  const lines = (await stage.published(result))?.records.get('notes') ?? [];
  expect(lines).toHaveLength(6);
  for (const line of lines) {
    expect(line).toMatchObject({
      type: 'note',
      type_2: 'of the attribute',
      first_seen_at: 2,
      first_seen_at_2: 3,
      first_seen_at_3: 1,
      sla: 'of the attribute',
      sla_data: { id: 'of the relationship', type: 'sla' },
      watchers: [],
      nobody: null,
      custom_thing: { inner_key: [{ deep_key: 'x' }] },
      twice: 'last',
      links: { self: expect.any(String) },
    });
    for (const name of ['elsewhere', 'attributes', 'relationships']) expect(line).not.toHaveProperty(name);
  }
});

test('a plan has as many shards as run at the same time, however little there is to read', async () => {
  await using stage = await openStage();
  populate(stage);
  const inputs = { mode: 'plan', 'shards-at-once': '4', 'end-date': new Date().toISOString().slice(0, 10) };
  const plan = await stage.sync({ with: inputs });
  expect(plan.exitCode, plan.log).toBe(0);
  const { shard } = JSON.parse(plan.outputs.matrix ?? '');
  expect(shard).toHaveLength(4);
});
