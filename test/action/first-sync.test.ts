// A first sync of a company of a usual size, then what changed, then nothing: in both record formats.

import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { few, LONG, longTest } from '../forms.ts';
import { STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Published, type Stage } from '../world/stage.ts';
import {
  all,
  DAY,
  expectGreen,
  gather,
  HOUR,
  outcomes,
  populate,
  requestsSince,
  SECOND,
  streamsOf,
  wrongs,
} from './support.ts';

const COUNTS = {
  conversations: LONG ? 20_000 : 800,
  messages: LONG ? 50_000 : 1_200,
  customers: LONG ? 10_000 : 400,
  notes: LONG ? 5_000 : 300,
  users: 60,
  teams: 12,
  tags: 150,
  shortcuts: 110,
  kobjects: LONG
    ? { order: 3_000, 'return-case': 1_500, Subscription: 500 }
    : { order: 240, 'return-case': 120, Subscription: 40 },
};
const SIZES: Record<(typeof STREAMS)[number], number> = { ...COUNTS, kobjects: LONG ? 5_000 : 400 };
const TOTAL = Object.values(SIZES).reduce((sum, n) => sum + n, 0);

/** A JSON text with members in order, and every number as it is written: two texts are equal when they mean the same. */
function meaning(text: string): string {
  const sorted = (_: string, value: unknown, context?: { source?: string }) => {
    if (typeof value === 'number') return `number ${exact(context?.source ?? String(value))}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return { entries: Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) };
  };
  return JSON.stringify(JSON.parse(text, sorted));
}

/** A number as sign, digits without outer zeros, and the power of ten behind them. */
function exact(number: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const bare = digits.replace(/0+$/, '');
  return bare === '' ? '0' : `${sign}${bare}e${Number(exponent) - fraction.length + digits.length - bare.length}`;
}

/** Numbers in it that no double holds. */
const EXOTIC_NUMBERS = [
  '9007199254740993',
  '-9007199254740995',
  '100000000000000000000000001',
  '12345678.123456789012345678901',
  '1e400',
  '18446744073709551615',
];

describe.each(few(['flat', 'raw'] as const))(`a first sync of ${TOTAL} records, %s`, format => {
  let stage: Stage;
  let cutoff = Number.NaN;
  const inputs = { 'record-format': format, settle: '0s' };
  beforeAll(async () => {
    stage = await openStage();
    const now = Date.now();
    stage.world.populate(COUNTS, { from: now - 600 * DAY, to: now - 60 * SECOND, tieFraction: 0.1 });
  });
  afterAll(() => stage.close());

  test('has every record once, in its latest version', async () => {
    const result = await stage.sync({ with: inputs });
    expectGreen(result);
    expect(result.outputs.records).toBe(String(TOTAL));
    cutoff = Date.parse(streamsOf(result)[0]?.to ?? '');
    expect(outcomes(result)).toEqual(all('complete'));
    const published = (await stage.published(result)) as Published;
    for (const stream of STREAMS) {
      const lines = published.records.get(stream) ?? [];
      expect(lines.length, stream).toBe(SIZES[stream]);
      expect(stage.compare(stream, lines).slice(0, 10), stream).toEqual([]);
    }
    expect(Object.fromEntries(streamsOf(result).map(({ name, records }) => [name, records]))).toEqual(SIZES);
    const klasses = new Set(published.records.get('kobjects')?.map(({ type }) => type));
    expect(klasses.size).toBe(3);
    expectFaithful(stage, format, published);
  }, 180_000);

  test('is followed by exactly the 500 changed and 300 new ones', async () => {
    // Dated up to the present, all after the cutoff of the first run: some of them before that run was over.
    const now = Date.now();
    const at = () => cutoff + Math.floor(Math.random() * (now - cutoff));
    const { world } = stage;
    const changed = [
      ...world.update('conversations', 200, { at }),
      ...world.update('customers', 60, { at }),
      ...world.update('messages', 150, { at }),
      ...world.update('kobjects', 40, { at }),
      ...world.update('notes', 40, { at }),
      ...world.update('users', 3, { at }),
    ];
    const others = (stream: Stream, n: number) => {
      const free = [...world.truth(stream).keys()].filter(id => !changed.includes(id));
      return free.slice(free.length / 2, free.length / 2 + n);
    };
    changed.push(...world.softDelete('conversations', others('conversations', 5), { at }));
    changed.push(...world.softDelete('tags', others('tags', 2), { at }));
    const made = [
      ...world.create('conversations', 60, { updatedAt: at }),
      ...world.create('customers', 30, { updatedAt: at }),
      ...world.create('messages', 170, { updatedAt: at }),
      ...world.create('kobjects', 20, { updatedAt: at, klass: 'order' }),
      ...world.create('notes', 15, { updatedAt: at }),
      ...world.create('shortcuts', 5, { updatedAt: at }),
    ];
    const wanted = [...new Set([...changed, ...made])].sort();
    expect([changed.length, made.length, wanted.length]).toEqual([500, 300, 800]);
    // The cutoff is a whole second.
    await untilSecondAfter(now);
    requestsSince(stage);
    const result = await stage.sync({ with: inputs });
    expectGreen(result);
    const published = (await stage.published(result)) as Published;
    const ids = [...published.records.values()].flat().map(({ id }) => id);
    expect(ids.sort()).toEqual(wanted);
    expect(result.outputs.records).toBe('800');
    for (const [stream, lines] of published.records) {
      const truth = world.truth(stream as Stream);
      const only = new Map(lines.map(({ id }) => [id, truth.get(id)] as const));
      expect(stage.compare(stream as Stream, lines, only as typeof truth), stream).toEqual([]);
    }
    // And it has not read everything again to find them.
    expect(requestsSince(stage)).toBeLessThan(40);
  }, 60_000);

  test('is followed by nothing when nothing has changed', async () => {
    const artifacts = stage.github.artifacts().length;
    const result = await stage.sync({ with: inputs });
    expectGreen(result);
    expect(result.outputs).toMatchObject({
      records: '0',
      'artifact-id': '',
      'artifact-url': '',
      'artifact-digest': '',
    });
    expect(stage.github.artifacts().length).toBe(artifacts);
    expect(result.summary).toContain('Nothing new, nothing uploaded');
  }, 60_000);
});

async function untilSecondAfter(ms: number): Promise<void> {
  const wanted = Math.floor(ms / SECOND) * SECOND + SECOND;
  await new Promise(done => setTimeout(done, Math.max(0, wanted - Date.now() + 5)));
}

/** Attributes as they were at the source: raw in all that JSON can say, flat in what the rules make of it. */
function expectFaithful(stage: Stage, format: 'flat' | 'raw', { texts }: Published): void {
  const seen = new Set<string>();
  for (const stream of STREAMS) {
    const lines = texts.get(stream) ?? [];
    // All the odd ones, and every twentieth of the others.
    lines.forEach((text, n) => {
      const odd = EXOTIC_NUMBERS.filter(number => text.includes(number));
      for (const number of odd) seen.add(number);
      if (odd.length === 0 && n % 20 !== 0) return;
      const { id } = JSON.parse(text) as { id: string };
      const source = stage.world.render(stream, id);
      if (format === 'raw') {
        if (meaning(text) !== meaning(source)) expect(meaning(text)).toBe(meaning(source));
        return;
      }
      for (const number of EXOTIC_NUMBERS) {
        const count = (of: string) => of.split(`:${number}`).length + of.split(`,${number}]`).length;
        if (count(text) !== count(source)) expect(`${stream} ${id} ${number}`).toBe('as often as at the source');
      }
    });
  }
  expect([...seen].sort()).toEqual([...EXOTIC_NUMBERS].sort());
}

describe('the files of a run', () => {
  let stage: Stage;
  let plain: ActionResult;
  let zipped: ActionResult;
  beforeAll(async () => {
    stage = await openStage();
    populate(stage);
    plain = await stage.sync({ with: { 'state-id': 'plain' } });
    zipped = await stage.sync({ with: { 'state-id': 'zipped', compression: 'gzip' } });
  });
  afterAll(() => stage.close());

  test('are what the manifest says: bytes, hashes, records and times, compressed or not', async () => {
    for (const [result, end] of [
      [plain, '.ndjson'],
      [zipped, '.ndjson.gz'],
    ] as const) {
      expectGreen(result);
      expect(await wrongs(stage, [result])).toEqual([]);
      const files = await stage.github.readArtifact(Number(result.outputs['artifact-id']));
      const { manifest } = (await stage.published(result)) as Published;
      expect([...files.keys()].sort()).toEqual(
        [
          ...['manifest.json', 'state.json', 'views.sql'],
          ...STREAMS.map(name => `${name}/schema.json`),
          ...manifest.files.map(({ path }) => path),
        ].sort(),
      );
      expect(manifest.files.map(({ path }) => path).sort()).toEqual(
        STREAMS.map(name => `${name}/${name}-00001${end}`).sort(),
      );
      for (const file of manifest.files as (Published['manifest']['files'][number] & Record<string, string>)[]) {
        const bytes = files.get(file.path) as Buffer;
        expect(bytes.length).toBe(file.bytes);
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
        const text = String(end.endsWith('gz') ? gunzipSync(bytes) : bytes);
        expect(text.split('\n').length - 1).toBe(file.records);
        const times = [...stage.world.truth(file.stream as Stream).values()].map(({ updatedAt }) => updatedAt).sort();
        expect([file.min_updated_at, file.max_updated_at]).toEqual([times[0], times.at(-1)]);
      }
    }
  });

  test('have a manifest that says what the outputs say, and the state that goes with them beside it', async () => {
    const { manifest, state } = (await stage.published(plain)) as Published;
    const everything = manifest as unknown as Record<string, unknown>;
    expect(Object.keys(everything).sort()).toEqual(['api', 'files', 'run', 'streams', 'version', 'window']);
    expect(manifest.streams).toEqual(streamsOf(plain));
    expect(state.generation).toBe(1);
    expect(state.identity).toBe(stage.world.options.orgId);
    const requests = everything.api as Record<string, { requests: number }>;
    const counted = Object.values(requests).reduce((sum, each) => sum + each.requests, 0);
    expect(counted).toBe(streamsOf(plain).reduce((sum, each) => sum + each.requests, 0));
  });

  longTest('lie in the output directory too', async () => {
    const result = await stage.sync({ with: { 'state-id': 'dir', 'output-dir': 'some/where', streams: 'tags' } });
    expectGreen(result);
    expect(result.outputs['output-dir']).toBe(`${result.paths.workspace}/some/where`);
    expect(result.outputs.manifest).toBe(`${result.paths.workspace}/some/where/manifest.json`);
  });
});

describe('a start date', () => {
  test('leaves out what was updated before it, and an earlier one later on adds exactly that', async () => {
    await using stage = await openStage();
    const now = Date.now();
    populate(stage);
    const at = new Date(now - 15 * DAY).toISOString();
    const first = await stage.sync({ with: { 'start-date': at, lookback: '1m' } });
    expectGreen(first);
    const found = (await stage.published(first))?.records;
    for (const stream of STREAMS)
      expect(
        stage.compare(stream, found?.get(stream) ?? [], stage.world.truth(stream, { from: Date.parse(at) })),
      ).toEqual([]);
    const second = await stage.sync({ with: { lookback: '1m' } });
    expectGreen(second);
    expect(await wrongs(stage, [first, second])).toEqual([]);
    expectGreen(await stage.sync());
  });
});

describe('a full refresh', () => {
  test('publishes everything again, where it is asked for and only there', async () => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { streams: 'notes, tags, users' };
    expectGreen(await stage.sync({ with: inputs }));
    const again = await stage.sync({ with: { streams: 'notes:full_refresh, tags, users:full_refresh' } });
    expectGreen(again);
    expect(await wrongs(stage, [again], ['notes', 'users'])).toEqual([]);
    const modes = Object.fromEntries(streamsOf(again).map(({ name, mode }) => [name, mode]));
    expect(modes).toMatchObject({ notes: 'full_refresh', users: 'full_refresh', tags: 'incremental' });
    const after = await stage.sync({ with: inputs });
    expect(after.outputs.records).toBe('0');
    const whole = await stage.sync({ with: { ...inputs, 'sync-mode': 'full_refresh' } });
    expect(await wrongs(stage, [whole], ['notes', 'tags', 'users'])).toEqual([]);
  });
});

test('deleted records are read, and left out when that is asked for', async () => {
  await using stage = await openStage();
  populate(stage);
  const at = Date.now() - HOUR;
  const gone = [...stage.world.softDelete('conversations', 3, { at }), ...stage.world.softDelete('notes', 2, { at })];
  const inputs = { streams: 'conversations, notes, tags' };
  const without = await stage.sync({ with: { ...inputs, 'include-deleted': 'false', 'state-id': 'without' } });
  const found = [...((await stage.published(without))?.records.values() ?? [])].flat().map(({ id }) => id);
  expect(found.filter(id => gone.includes(id))).toEqual([]);
  const whole = await stage.sync({ with: inputs });
  expect(await wrongs(stage, [whole], ['conversations', 'notes', 'tags'])).toEqual([]);
});

longTest(
  'deleted records that only the list of notes still shows are left out, too, when that is asked for',
  async () => {
    await using stage = await openStage();
    stage.world.populate({ notes: 40, users: 2 }, { from: Date.now() - 1_100 * DAY, to: Date.now() - 1_000 * DAY });
    const gone = stage.world.softDelete('notes', 5, { at: Date.now() - 900 * DAY });
    const inputs = { streams: 'notes' };
    const without = await stage.sync({ with: { ...inputs, 'include-deleted': 'false', 'state-id': 'without' } });
    expectGreen(without);
    const found = (await gather(stage, [without])).get('notes')?.map(({ id }) => id) ?? [];
    expect(found).toHaveLength(35);
    expect(found.filter(id => gone.includes(id))).toEqual([]);
    expect(await wrongs(stage, [await stage.sync({ with: inputs })], ['notes'])).toEqual([]);
  },
);

longTest('old notes are read whole while new ones are written', async () => {
  await using stage = await openStage();
  stage.world.populate({ notes: 300, users: 2 }, { from: Date.now() - 1_000 * DAY, to: Date.now() - DAY });
  const old = [...stage.world.truth('notes').keys()];
  let written = 0;
  stage.kustomer.onRequest(({ path }) => {
    if (path === '/v1/notes') written += stage.world.create('notes', 1).length;
  });
  const result = await stage.sync({ with: { streams: 'notes' } });
  expectGreen(result);
  expect(written).toBeGreaterThan(3);
  const ids = (await gather(stage, [result])).get('notes')?.map(({ id }) => id) ?? [];
  expect(old.filter(id => ids.filter(each => each === id).length !== 1)).toEqual([]);
});
