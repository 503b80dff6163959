// What lies beside the records: the schema of each stream, and the views. Every record that is published is valid, and the
// views show the truth.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few } from '../forms.ts';
import { ALL_STREAMS, STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { ACTION, type Stage } from '../world/stage.ts';
import { makePlan, runMerge, runShards } from './fan-out.ts';
import { BRANCH, endStage, HOUR, nextStage, onBranch } from './publishing.ts';
import { expectGreen, populate } from './support.ts';

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

type Files = ReadonlyMap<string, Buffer>;

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

/** The ids that the view of each stream shows. */
async function idsIn(files: Files): Promise<Map<Stream, unknown[]>> {
  const home = mkdtempSync(join(tmpdir(), 'kustomer-sync-beside-'));
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), bytes);
  }
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  await connection.run(`SET file_search_path = '${home}'`);
  await connection.run(String(files.get('views.sql')));
  const ids = new Map<Stream, unknown[]>();
  for (const stream of STREAMS) {
    const rows = await connection.runAndReadAll(`SELECT id FROM ${stream} ORDER BY id`);
    ids.set(
      stream,
      rows.getRowObjectsJson().map(({ id }) => id),
    );
  }
  connection.closeSync();
  rmSync(home, { recursive: true });
  return ids;
}

/** Those that exist and are not deleted. */
function existing(): Map<Stream, unknown[]> {
  const ids = (stream: Stream) => [...stage.world.truth(stream)].flatMap(([id, { deleted }]) => (deleted ? [] : [id]));
  return new Map(STREAMS.map(stream => [stream, ids(stream).sort()]));
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
    expect(await idsIn(files)).toEqual(existing());
    expect(faultsOf(files)).toEqual([]);
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

test('a stream that is named has a schema, too', async () => {
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

describe('on a data branch', () => {
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
    expect(await idsIn(files)).toEqual(existing());
  });
});

test('shards have schemas, and what they have seen is joined', async () => {
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
