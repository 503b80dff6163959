// `singer: true`: what a run has published, as messages of Singer. Any target can load them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { LISTED, STREAMS, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import type { Stage } from '../world/stage.ts';
import { endStage, HOUR, nextStage, onBranch } from './publishing.ts';
import { expectGreen, populate } from './support.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await nextStage(undefined, { world: { exoticEvery: 3 } });
  populate(stage);
});
afterEach(() => endStage(stage));

interface Message {
  readonly type: 'SCHEMA' | 'RECORD' | 'STATE';
  readonly stream: string;
  readonly schema: object;
  readonly key_properties: readonly string[];
  readonly bookmark_properties: readonly string[];
  readonly record: Readonly<Record<string, unknown>>;
  readonly value: { readonly bookmarks: Readonly<Record<string, object>> };
}

// The world has numbers that no double holds: JSON.parse makes Infinity of them.
const ajv = new Ajv2020({ strictNumbers: false, strictTypes: false });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);

function messagesOf(text: string): Message[] {
  expect(text).toMatch(/\n$/);
  expect(text).not.toContain('\\u0000');
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Message);
}

function singerOf(result: ActionResult): Message[] {
  return messagesOf(readFileSync(join(result.outputs['output-dir'] as string, 'singer.jsonl'), 'utf8'));
}

/** What an honest target has after some files: the last record of each id that is not marked as deleted. */
function load(...files: readonly Message[][]): Map<string, string[]> {
  const tables = new Map<string, Map<unknown, Message['record']>>();
  for (const messages of files) {
    const validators = new Map<string, ReturnType<typeof ajv.compile>>();
    for (const { type, stream, schema, key_properties, bookmark_properties, record } of messages) {
      if (type === 'SCHEMA') {
        expect([key_properties, bookmark_properties]).toEqual([['id'], ['updated_at']]);
        validators.set(stream, ajv.compile(schema));
        tables.set(stream, tables.get(stream) ?? new Map());
      } else if (type === 'RECORD') {
        const validate = validators.get(stream);
        expect([stream, validate?.(record), validate?.errors]).toEqual([stream, true, null]);
        tables.get(stream)?.set(record.id, record);
      }
    }
    expect(messages.at(-1)?.type).toBe('STATE');
    expect(messages.filter(({ type }) => type === 'STATE')).toHaveLength(1);
  }
  const existing = ([, record]: [unknown, Message['record']]) => record._sdc_deleted_at === null;
  return new Map(
    [...tables].map(([stream, rows]) => [
      stream,
      [...rows]
        .filter(existing)
        .map(([id, { updated_at }]) => `${id} ${updated_at}`)
        .sort(),
    ]),
  );
}

function truth(): Map<string, string[]> {
  const rows = (stream: Stream) =>
    [...stage.world.truth(stream)].flatMap(([id, { deleted, updatedAt }]) => (deleted ? [] : [`${id} ${updatedAt}`]));
  return new Map(STREAMS.map(stream => [stream, rows(stream).sort()]));
}

/** Changes and deletions of all kinds, shortly before now. */
function change(): void {
  const at = Date.now() - HOUR / 3;
  for (const stream of STREAMS) {
    stage.world.update(stream, 2, { at });
    if (LISTED.includes(stream)) stage.world.hardDelete(stream, 1);
    else stage.world.softDelete(stream, 2, { at });
  }
  stage.world.create('customers', 3, { updatedAt: at });
}

describe.each(few(['none', 'gzip']))('compression: %s', compression => {
  test('what a target has loaded after two runs with changes and deletions is the truth', async () => {
    const inputs = { singer: 'true', compression };
    const first = await stage.sync({ with: inputs });
    expectGreen(first);
    const one = singerOf(first);
    expect(load(one)).toEqual(truth());
    change();
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(load(one, singerOf(second))).toEqual(truth());
    const state = one.at(-1)?.value.bookmarks;
    expect(Object.keys(state ?? {})).toEqual([...STREAMS]);
    expect(state?.customers).toEqual({ replication_key: 'updated_at', replication_key_value: expect.any(String) });
    const artifact = await stage.github.readArtifact(Number(second.outputs['artifact-id']));
    expect(messagesOf(String(artifact.get('singer.jsonl')))).toEqual(singerOf(second));
  });
});

longTest('with a data branch the messages are in output-dir alone', async () => {
  const result = await stage.sync({ with: { ...onBranch, singer: 'true' } });
  expectGreen(result);
  expect(load(singerOf(result))).toEqual(truth());
  expect([...(await stage.github.repository.files('kustomer-data')).keys()]).not.toContain('singer.jsonl');
});

longTest('with `destination: none` they are there for the next step', async () => {
  const result = await stage.sync({ with: { destination: 'none', singer: 'true' } });
  expect(result.jobConclusion, result.log).toBe('success');
  expect(load(singerOf(result))).toEqual(truth());
});

longTest('what the post step publishes of a canceled run has its messages, too', async () => {
  const slow = await nextStage(undefined, { server: { latencyMs: 40 }, world: { pageSizeMax: 4 } });
  await slow.sync({ with: { singer: 'true' }, cancelAfter: handle => handle.waitFor(/^tags: read/) });
  const [artifact] = slow.github.artifacts();
  const files = await slow.github.readArtifact(artifact?.id ?? 0);
  const parts: { records: number }[] = JSON.parse(String(files.get('manifest.json'))).files;
  const messages = messagesOf(String(files.get('singer.jsonl')));
  expect(parts.length).toBeGreaterThan(0);
  expect(messages.filter(({ type }) => type === 'RECORD')).toHaveLength(
    parts.reduce((sum, { records }) => sum + records, 0),
  );
  await endStage(slow);
});

longTest('a run without news has messages without a record, and one that was not asked has none', async () => {
  await stage.sync({ with: { singer: 'true' } });
  const quiet = await stage.sync({ with: { singer: 'true' } });
  expect(quiet.outputs.records).toBe('0');
  expect(new Set(singerOf(quiet).map(({ type }) => type))).toEqual(new Set(['SCHEMA', 'STATE']));
  const unasked = await stage.sync();
  expect(existsSync(join(unasked.outputs['output-dir'] as string, 'singer.jsonl'))).toBe(false);
});

test('a stream that was not read to its end has no bookmark', async () => {
  stage.kustomer.faults.add({ kind: 'status', status: 403, match: ({ path }) => path.includes('/tags'), times: 100 });
  const result = await stage.sync({ with: { singer: 'true', streams: 'tags,users' } });
  const bookmarks = singerOf(result).at(-1)?.value.bookmarks;
  expect(Object.keys(bookmarks ?? {})).toEqual(['users']);
});

test('what is not flat, and a plan, are refused before the first request', async () => {
  for (const inputs of [{ 'record-format': 'raw' }, { mode: 'plan', 'end-date': '2026-01-01' }]) {
    const result = await stage.sync({ with: { singer: 'true', ...inputs } });
    expect(result.jobConclusion).toBe('failure');
    expect(result.log).toMatch(/`singer` must be `false` unless/);
  }
  expect(stage.kustomer.requests).toEqual([]);
});
