// What lies beside the records: the schema of each stream, and the views. Every record that is published is valid, and the
// views show the truth.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longDescribe, longTest } from '../forms.ts';
import { ALL_STREAMS, DEFAULT_TOKEN, STREAMS, type Stream, type WorldOptions } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { ACTION, type Stage } from '../world/stage.ts';
import { makePlan, runMerge, runShards } from './fan-out.ts';
import { BRANCH, endStage, HOUR, nextStage, onBranch } from './publishing.ts';
import { expectGreen, populate } from './support.ts';
import { downloaded, existing, type Files, idsIn } from './views.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await nextStage(undefined, { world: { exoticEvery: 3 } });
  populate(stage);
});
afterEach(() => endStage(stage));

// The world has numbers that no double holds: JSON.parse makes Infinity of them.
const ajv = new Ajv2020({ strictNumbers: false, strictTypes: false, code: { optimize: false } });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
for (const keyword of ['x-record-format', 'x-klasses', 'x-joins', 'x-undocumented']) ajv.addKeyword(keyword);

async function artifactOf(result: ActionResult): Promise<Files> {
  return stage.github.readArtifact(Number(result.outputs['artifact-id']));
}

/** What a file of schemas does not allow of some lines. */
function invalid(schema: Buffer | undefined, lines: readonly string[]): string[] {
  const validate = ajv.compile(JSON.parse(String(schema)));
  return lines.flatMap(line => (validate(JSON.parse(line)) ? [] : [JSON.stringify(validate.errors)]));
}

function linesOf(files: Files, stream: string): string[] {
  const own = [...files].filter(([path]) => path.includes(`${stream}/`) && path.endsWith('.ndjson'));
  return own.flatMap(([, bytes]) => String(bytes).trimEnd().split('\n'));
}

/** The schema of the manifest, for what this version writes: a field that is not documented is an error. */
const MANIFEST = ajv.compile(
  JSON.parse(readFileSync(join(ACTION, 'docs', 'manifest.schema.json'), 'utf8'), (key, value) =>
    value?.properties && key !== 'properties' ? { ...value, additionalProperties: false } : value,
  ),
);

/** What is wrong with a manifest. */
function faultsOf(files: Files): unknown {
  const manifest = String(files.get('manifest.json'));
  return MANIFEST(JSON.parse(manifest)) ? [] : MANIFEST.errors;
}

describe.each(few(['flat', 'raw']))('%s', format => {
  test('every record of an artifact is valid, and the views are the truth', async () => {
    const first = await stage.sync({ with: { 'record-format': format } });
    expectGreen(first);
    const files = await artifactOf(first);
    for (const stream of STREAMS)
      expect([stream, invalid(files.get(`${stream}/schema.json`), linesOf(files, stream))]).toEqual([stream, []]);
    expect(faultsOf(files)).toEqual([]);
    stage.world.softDelete('conversations', 2, { at: Date.now() - HOUR / 3 });
    expectGreen(await stage.sync({ with: { 'record-format': format } }));
    expect(await idsIn(await downloaded(stage), STREAMS)).toEqual(existing(stage, STREAMS));
  });
});

test('the manifest of a run that fails in part is as its schema says, and stays small whatever the state has', async () => {
  stage.kustomer.faults.add({ kind: 'status', status: 403, match: ({ path }) => path.includes('/tags'), times: 100 });
  const files = await artifactOf(await stage.sync());
  expect(faultsOf(files)).toEqual([]);
  expect(String(files.get('manifest.json'))).not.toContain('"generation"');
  expect(JSON.parse(String(files.get('state.json'))).generation).toBe(1);
});

test('a schema goes on to allow what earlier runs have seen, also after a reset', async () => {
  const first = await artifactOf(await stage.sync({ with: { streams: 'conversations,tags' } }));
  const lines = linesOf(first, 'conversations');
  stage.world.update('conversations', 1, { at: Date.now() - HOUR / 3 });
  const second = await stage.sync({ with: { streams: 'conversations' } });
  expectGreen(second);
  const files = await artifactOf(second);
  expect(invalid(files.get('conversations/schema.json'), lines)).toEqual([]);
  // A stream of an earlier run has its view, too.
  expect([...files.keys()]).toEqual(expect.arrayContaining(['tags/schema.json', 'views.sql']));
  const reset = await stage.sync({
    with: { streams: 'conversations', 'reset-state': 'true', 'start-date': new Date(Date.now() - HOUR).toISOString() },
  });
  expect(invalid((await artifactOf(reset)).get('conversations/schema.json'), lines)).toEqual([]);
});

test('the summary says once what is new among the columns and klasses, and a first sync says nothing', async () => {
  const inputs = { streams: 'kobjects,tags' };
  const first = await stage.sync({ with: inputs });
  expect(first.summary).not.toMatch(/New in/);
  stage.world.create('kobjects', 1, { klass: 'shopify-Return', updatedAt: Date.now() - HOUR / 3 });
  const second = await stage.sync({ with: inputs });
  expect(second.summary).toMatch(/- New in kobjects: .*`klass shopify-Return`/);
  stage.world.update('kobjects', 1, { at: Date.now() - HOUR / 3 });
  const third = await stage.sync({ with: inputs });
  expect(third.summary).not.toMatch(/klass shopify-Return/);
});

describe('the types of custom attributes', () => {
  const DEFINITIONS = {
    customer: {
      custItemCountNum: { type: 'string' },
      custChannelsStr: { type: 'string', multi: true },
      custNeverNum: { type: 'number' },
      custRemarksTxt: { type: 'hologram' },
    },
    'kobject.order': { orderBasketValueNum: { type: 'string' } },
  };
  const asked = (from = 0) =>
    stage.kustomer.requests.slice(from).flatMap(({ path, status }) => {
      return path.startsWith('/v1/metadata/') ? [`${status} ${decodeURIComponent(path.slice(13))}`] : [];
    });
  const open = async (world: Partial<WorldOptions>) => {
    await endStage(stage);
    stage = await nextStage(undefined, { world });
    populate(stage);
  };
  const inputs = { streams: 'customers, kobjects, tags, users' };
  const propertiesIn = (files: Files, stream: string) =>
    JSON.parse(String(files.get(`${stream}/schema.json`))).properties.custom.properties;

  test('are those that Kustomer tells, whatever the name ends with, and it is asked once', async () => {
    await open({ definitions: DEFINITIONS });
    const first = await stage.sync({ with: inputs });
    expectGreen(first);
    expect(asked().sort()).toEqual(['200 customer', '200 kobject.order', '404 kobject.return-case']);
    const files = await artifactOf(first);
    expect(invalid(files.get('customers/schema.json'), linesOf(files, 'customers'))).toEqual([]);
    expect(propertiesIn(files, 'customers')).toMatchObject({
      cust_channels_str: { type: ['array', 'null'] },
      cust_item_count_num: { type: ['integer', 'string', 'null'] },
      cust_never_num: { type: ['number', 'null'] },
      cust_remarks_txt: { type: ['string', 'null'] },
    });
    const views = String(files.get('views.sql'));
    expect(views).toMatch(/ "?custom"?->>'\/cust_item_count_num' AS "custom_cust_item_count_num"/);
    expect(views).toMatch(/ "?custom"?->'\/cust_channels_str' AS "custom_cust_channels_str"/);
    const before = stage.kustomer.requests.length;
    for (const stream of ['customers', 'kobjects'] as const)
      stage.world.update(stream, 5, { at: Date.now() - HOUR / 3 });
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(second.outputs.records).toBe('10');
    expect(asked(before)).toEqual([]);
    const later = await artifactOf(second);
    expect(propertiesIn(later, 'customers')).toEqual(propertiesIn(files, 'customers'));
    // What a klass has that is new is asked for, and nothing else.
    stage.world.create('kobjects', 3, { klass: 'shopify-Return', updatedAt: Date.now() - HOUR / 3 });
    expectGreen(await stage.sync({ with: inputs }));
    expect(asked(before)).toEqual(['404 kobject.shopify-Return']);
  });

  test('are those of the names where Kustomer refuses to tell: the run is complete, and does not ask again', async () => {
    await open({ tokens: { [DEFAULT_TOKEN]: { missing: ['custom_attributes'] } }, definitions: DEFINITIONS });
    const first = await stage.sync({ with: inputs });
    expectGreen(first);
    expect(first.log).toContain('Kustomer does not tell the types of custom attributes of customers, kobjects');
    expect(asked().sort()).toEqual(['403 customer', '403 kobject.order', '403 kobject.return-case']);
    expect(propertiesIn(await artifactOf(first), 'customers').cust_item_count_num.type).toEqual(['number', 'null']);
    const before = stage.kustomer.requests.length;
    stage.world.update('customers', 5, { at: Date.now() - HOUR / 3 });
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(asked(before)).toEqual([]);
    expect(second.log).not.toContain('types of custom attributes');
  });

  test.each(
    few([
      ['an error', { kind: 'status', status: 500 }],
      ['no such path', { kind: 'status', status: 400 }],
      ['a page of HTML', { kind: 'html-200' }],
      ['no JSON', { kind: 'bad-json' }],
      ['nothing for a long time', { kind: 'hang' }],
    ] as const),
  )('never cost a run more than some seconds: %s', async (_, fault) => {
    await open({ definitions: DEFINITIONS });
    stage.kustomer.faults.add({ ...fault, match: { path: '/v1/metadata/customer' }, times: 99 });
    const begun = performance.now();
    const result = await stage.sync({ with: { streams: 'customers' } });
    expectGreen(result);
    expect(performance.now() - begun).toBeLessThan(40_000);
    expect(asked()).toHaveLength(1);
    expect(propertiesIn(await artifactOf(result), 'customers').cust_item_count_num.type).toEqual(['number', 'null']);
  });

  longTest('never narrow a schema, when what is defined becomes another type, or is told later', async () => {
    await open({});
    const first = await artifactOf(await stage.sync({ with: inputs }));
    const definitions = stage.world.options.definitions as Record<string, object>;
    Object.assign(definitions, { 'kobject.order': { orderBasketValueNum: { type: 'boolean' } } });
    stage.world.create('kobjects', 3, { klass: 'shopify-Return', updatedAt: Date.now() - HOUR / 3 });
    stage.world.update('kobjects', 20, { at: Date.now() - HOUR / 3 });
    const second = await artifactOf(await stage.sync({ with: inputs }));
    expect(propertiesIn(second, 'kobjects').order_basket_value_num.type).toEqual(['boolean', 'number', 'null']);
    for (const files of [first, second])
      expect(invalid(second.get('kobjects/schema.json'), linesOf(files, 'kobjects'))).toEqual([]);
  });
});

longTest('a stream that is named has a schema, too', async () => {
  const named = ALL_STREAMS.filter(stream => !(STREAMS as readonly Stream[]).includes(stream));
  stage.world.populate(Object.fromEntries(named.map(stream => [stream, 5])), {
    from: Date.now() - 10 * 24 * HOUR,
    to: Date.now() - HOUR,
  });
  const result = await stage.sync({ with: { streams: named.join(',') } });
  const files = await artifactOf(result);
  for (const stream of named)
    expect([stream, invalid(files.get(`${stream}/schema.json`), linesOf(files, stream))]).toEqual([stream, []]);
});

longDescribe('on a data branch', () => {
  const branch = () => stage.github.repository.files(BRANCH);

  test('every record is valid, and the views are the truth, whoever has published', async () => {
    const to = new Date(Date.now() - 15 * 24 * HOUR).toISOString().slice(0, 10);
    const backfill = { ...onBranch, 'start-date': '2020-01-01', 'end-date': to };
    const sync = await stage.sync({ with: { ...onBranch, 'start-date': to } });
    expectGreen(sync);
    expectGreen(await stage.sync({ with: backfill }));
    stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
    expectGreen(await stage.sync({ with: { ...onBranch, 'start-date': to } }));
    const files = await branch();
    for (const stream of STREAMS)
      expect([stream, invalid(files.get(`schema/${stream}.json`), linesOf(files, stream))]).toEqual([stream, []]);
    expect(await idsIn(files, STREAMS)).toEqual(existing(stage, STREAMS));
  });
});

longTest('shards have schemas, and what they have seen is joined', async () => {
  const end = { 'end-date': new Date(Date.now() - 24 * HOUR).toISOString().slice(0, 10) };
  const fan = await makePlan(stage, { ...end, 'shards-at-once': '2' });
  const shards = await runShards(stage, fan);
  const merged = await artifactOf(await runMerge(stage, fan));
  expect(faultsOf(merged)).toEqual([]);
  for (const shard of shards) {
    const files = await artifactOf(shard);
    expect(faultsOf(files)).toEqual([]);
    for (const stream of STREAMS) {
      if (linesOf(files, stream).length === 0) continue;
      expect([stream, invalid(files.get(`${stream}/schema.json`), linesOf(files, stream))]).toEqual([stream, []]);
      expect([stream, invalid(merged.get(`${stream}/schema.json`), linesOf(files, stream))]).toEqual([stream, []]);
    }
  }
});
