// What a run keeps back is nowhere; and what may be misspelt is published nowhere (docs/privacy.md).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { hashWith } from '../../src/records/hash-key.ts';
import { few, LONG, longTest } from '../forms.ts';
import type { Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { everything, type Found, placesOf, printed } from './searching.ts';
import { annotations, DAY, expectGreen, expectRed, expectSound, HOUR } from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';

const KEY = 'planted-key-of-the-hashes';

type Plain = Record<string, unknown>;
interface Shown {
  attributes: Plain;
  relationships: Plain;
  [member: string]: unknown;
}
type Place = readonly [path: string, plant: (record: Shown, value: string) => void];

const into =
  (key: string, value: (planted: string) => unknown): Place[1] =>
  ({ attributes }, planted) => {
    attributes[key] = value(planted);
  };
const inCustom =
  (key: string, value: (planted: string) => unknown): Place[1] =>
  ({ attributes }, planted) => {
    attributes.custom = { ...(attributes.custom as Plain), [key]: value(planted) };
  };

const related =
  (name: string, data: (planted: string) => unknown): Place[1] =>
  ({ relationships }, planted) => {
    relationships[name] = { data: data(planted) };
  };

/** Kinds of places, by the path that names each in the line. */
const PLACES: readonly Place[] = [
  ['planted_one', into('plantedOne', x => x)],
  ['planted_long', into('plantedLong', x => x.repeat(5_000))],
  ['planted_escaped', into('plantedEscaped', x => `"\\${x}\n\u2028\ud83d`)],
  ['planted_list', into('plantedList', x => [x, [x, null]])],
  ['planted_entries.value', into('plantedEntries', x => [{ value: x, other: 1 }, { value: [x] }])],
  ['planted_deep.a.b.c', into('plantedDeep', x => ({ a: [{ b: { c: { d: x }, e: 1 } }] }))],
  ['planted_keys', into('plantedKeys', x => ({ [x]: x }))],
  ['custom.planted_str', inCustom('plantedStr', x => x)],
  ['custom.planted_list', inCustom('plantedList', x => [x])],
  ['custom.planted_deep.x', inCustom('plantedDeep', x => ({ x, y: 1 }))],
  ['meta.planted.from', into('meta', x => ({ planted: { from: x } }))],
  // Keys that meet in one name.
  ['planted_meet', into('planted_meet', x => x)],
  ['planted_meet_2', into('plantedMeet', x => x)],
  ['planted_meet_3', into('PlantedMeet', x => x)],
  ['planted_in.a_b_2', into('plantedIn', x => ({ a_b: 1, aB: x }))],
  ['id_2', into('id', x => x)],
  // A dot in a key.
  ['planted.dot', into('planted.dot', x => x)],
  ['planted_rel', related('plantedRel', x => ({ id: x, type: 'user' }))],
  ['planted_rels.id', related('plantedRels', x => [{ id: x, type: 'user' }])],
  // A relationship with the name of an attribute.
  [
    'planted_both_data',
    ({ attributes, relationships }, x) => {
      attributes.plantedBoth = 1;
      relationships.plantedBoth = { data: x };
    },
  ],
  // Members of the resource itself.
  ['planted_member', (record, x) => Object.assign(record, { plantedMember: x })],
  [
    'links.planted',
    (record, x) => Object.assign(record, { links: { ...(record.links as Plain), planted: `/v1/${x}` } }),
  ],
  // Texts in JSON that JSON.stringify does not write: see `asWritten`.
  ['planted_escape', into('plantedEscape', x => x)],
  ['planted_deep_escape.in_it', into('plantedDeepEscape', x => ({ inIt: x }))],
  ['planted_twice', into('plantedTwice', x => x)],
  ['planted_number', into('plantedNumber', x => x)],
];
/** Of each kind: searched, klass by klass, and listed. */
const STREAMS: readonly Stream[] = ['customers', 'messages', 'kobjects', 'users', 'klasses'];

/** Keys with escapes, a key that an object has twice, and a number of many digits. */
function asWritten(json: string): string {
  return json
    .replaceAll('"plantedEscape":', '"plant\\u0065dEscape":')
    .replaceAll('"inIt":', '"\\u0069nIt":')
    .replaceAll('"plantedTwice":', '"plantedTwice":1,"plantedTwice":')
    .replace(/"plantedNumber":"\D+(\d+)X"/, (_, n) => `"plantedNumber":${NUMBER}${n}`);
}

/** Each value begins with one of these: no hash and nothing else has it. */
const MARK = 'PLANTED';
const NUMBER = '77347734773477';

const marks = (places = PLACES) =>
  places.map(([path], n) => (path === 'planted_number' ? `${NUMBER}${n}` : `${MARK}${n}X`));

async function open(places = PLACES): Promise<Stage> {
  const plant = (stream: Stream, json: string) => {
    if (!STREAMS.includes(stream)) return json;
    const record = JSON.parse(json) as Shown;
    for (const [n, [, place]] of places.entries()) place(record, `${MARK}${n}X`);
    return asWritten(JSON.stringify(record));
  };
  const stage = await openStage({
    world: { plant, exoticEvery: Number.POSITIVE_INFINITY, hiddenKlasses: ['return-case'] },
  });
  const now = Date.now();
  const kobjects = { order: 5, 'return-case': 5 };
  stage.world.populate({ customers: 20, messages: 20, users: 5, kobjects }, { from: now - DAY, to: now - HOUR });
  return stage;
}

const fields = (stream: string, places = PLACES) => places.map(([path]) => `${stream}.${path}`).join('\n');

/** The values that are somewhere, with the kinds of places. */
function leaked(found: Found, places = PLACES): [path: string, where: string[]][] {
  const all = places.map(([path], n): [string, string[]] => [path, placesOf(marks(places)[n] as string, found)]);
  return all.filter(([, where]) => where.length > 0);
}

const INPUTS = { streams: STREAMS.join(), 'hash-key': KEY };

/** Where records are, by destination. */
const WHERE = { artifact: ['artifacts', 'disk'], branch: ['disk', 'objects'], none: ['disk'] } as const;

/** As `expectGreen`, also where the post step saves the state. */
function expectDone(result: ActionResult): void {
  expect(result.annotations, result.log).toEqual([]);
  expect([result.jobConclusion, result.outputs.complete], result.log).toEqual(['success', 'true']);
  expectSound(result);
}

describe.concurrent('a planted value', () => {
  test.each(
    few(
      [
        ['excluded', 'artifact', 'none'],
        ['hashed', 'artifact', 'gzip'],
        ['excluded', 'branch', 'none'],
        ['hashed', 'branch', 'gzip'],
        ['excluded', 'none', 'none'],
        ['hashed', 'none', 'gzip'],
      ] as const,
      2,
    ),
  )(
    'that is %s is in nothing that runs write or upload (%s, compression %s)',
    async (how, destination, compression) => {
      await using stage = await open();
      // The names of members are not hashed.
      const lines = fields('*').replace('*.planted_keys\n', '');
      const keys = '*.planted_keys';
      const inputs = (all: string): Record<string, string> => ({
        ...INPUTS,
        ...{ destination, compression, singer: String(destination === 'none') },
        ...(how === 'excluded'
          ? { 'exclude-fields': `${all}\n${keys}` }
          : { 'hash-fields': all, 'exclude-fields': keys }),
      });
      const first = await stage.sync({ debug: true, with: inputs(lines) });
      expectDone(first);
      expect(Number(first.outputs.records)).toBeGreaterThan(55);
      stage.world.update('customers', 3, { at: Date.now() - 120_000 });
      stage.world.softDelete('messages', 2, { at: Date.now() - 120_000 });
      stage.world.hardDelete('users', 1);
      const second = await stage.sync({ debug: true, with: inputs(lines) });
      expectDone(second);
      expect(second.outputs.records).toBe('6');
      const all = await everything(stage, [first, second].flatMap(printed));
      expect(leaked(all)).toEqual([]);
      const masks = /^::add-mask::.*$/gm;
      const shown = new Map([...all].map(([place, found]) => [place, found.map(text => text.replace(masks, ''))]));
      expect(placesOf(KEY, shown)).toEqual([]);
      // What is searched is there, and can be read: each place has the name of a stream.
      const where: readonly string[] = WHERE[destination];
      expect(placesOf('customers', all)).toEqual(
        ['log', ...where, ...(destination === 'branch' ? [] : ['cache'])].sort(),
      );
      // With one field that is not listed the search finds it, and nothing else.
      const leaky = lines.replace('*.custom.planted_str\n', '');
      const last = await stage.sync({ debug: true, with: { ...inputs(leaky), 'state-id': 'leaky', branch: 'leaky' } });
      expect(leaked(await everything(stage, printed(last)))).toEqual([['custom.planted_str', where]]);
    },
  );

  test.each(few(['reconcile', 'check']))(
    'is in nothing that `mode: %s` writes, even where no field is kept back',
    async mode => {
      await using stage = await open();
      const result = await stage.sync({ debug: true, with: { streams: STREAMS.join(), mode } });
      expect(result.exitCode, result.log).toBe(0);
      expect(leaked(await everything(stage, printed(result)))).toEqual([]);
    },
  );

  longTest('is not in a line of raw, and one with a stream of its own is in the others', async () => {
    await using stage = await open([PLACES[0] as Place, PLACES[7] as Place]);
    const result = await stage.sync({
      with: {
        ...INPUTS,
        'record-format': 'raw',
        'exclude-fields': 'customers.attributes.plantedOne\nusers.attributes.plantedOne',
        'hash-fields': '*.attributes.custom.plantedStr',
      },
    });
    expectGreen(result);
    const published = await stage.published(result);
    const has = (stream: string, mark: string) => published?.texts.get(stream)?.some(text => text.includes(mark));
    expect(STREAMS.map(stream => has(stream, `${MARK}0X`))).toEqual([false, true, true, false, true]);
    expect(STREAMS.map(stream => has(stream, `${MARK}1X`))).toEqual(STREAMS.map(() => false));
  });
});

test('the state has no hash by which a value that is left out could be guessed', async () => {
  let value = 'one';
  const plant = (_: Stream, json: string) => json.replace('"attributes":{', `"attributes":{"plantedOne":"${value}",`);
  await using stage = await openStage({ world: { plant, exoticEvery: Number.POSITIVE_INFINITY } });
  const now = Date.now();
  stage.world.populate({ users: 5, messages: 5, kobjects: { order: 5 } }, { from: now - HOUR, to: now - HOUR / 2 });
  for (const stream of ['messages', 'kobjects'] as const)
    stage.world.spoilUpdatedAt([...stage.world.truth(stream).keys()].slice(0, 2), 'missing');
  const inputs = { streams: 'users, messages, kobjects', 'exclude-fields': '*.planted_one' };
  expect((await stage.sync({ with: inputs })).outputs.records).toBe('15');
  // Whoever compares by such a hash publishes them again.
  value = 'two';
  expect((await stage.sync({ with: inputs })).outputs.records).toBe('0');
});

test('a path that the schema has is known before any record has it', async () => {
  const plant = (_: Stream, json: string) => json.replaceAll('"progressiveStatus"', '"progressStatus"');
  await using stage = await openStage({ world: { plant } });
  stage.world.populate({ customers: 5 }, { from: Date.now() - DAY, to: Date.now() - HOUR });
  expectGreen(await stage.sync({ with: { streams: 'customers', 'exclude-fields': 'customers.progressive_status' } }));
});

test('the command of the document makes the same hash as the action', () => {
  const [, command = 'false'] = /```sh\n(printf .*)\n```/.exec(String(readFileSync('docs/privacy.md'))) ?? [];
  const printed = String(execFileSync('sh', ['-c', command], { env: { ...process.env, KUSTOMER_HASH_KEY: KEY } }));
  expect(printed.trim()).toMatch(new RegExp(`${hashWith(KEY)(Buffer.from('"ada@example.com"'))}$`));
});

test('a hash is what openssl makes of the JSON text with the key, in each stream', async () => {
  await using stage = await open();
  const result = await stage.sync({ with: { ...INPUTS, 'hash-fields': '*.planted_one\n*.planted_escaped' } });
  expectGreen(result);
  const openssl = (text: string) =>
    String(execFileSync('openssl', ['dgst', '-sha256', '-hmac', KEY, '-r'], { input: text })).slice(0, 64);
  const wanted = {
    planted_one: openssl(`"${MARK}0X"`),
    planted_escaped: openssl(JSON.stringify(`"\\${MARK}2X\n\u2028\ufffd`)),
  };
  const published = await stage.published(result);
  for (const stream of STREAMS) expect(published?.records.get(stream)?.[0]).toMatchObject(wanted);
});

describe.concurrent('a path that no record has', () => {
  test.each(
    few([
      ['artifact', '*.custom.planted_st', '`*.custom.planted_str`'],
      ['branch', 'customers.planted_ones', '`customers.planted_one`'],
      ['none', 'messages.meta.planted.form', '`messages.meta.planted.from`'],
    ]),
  )('stops the run before anything is published (%s), and names one that is near', async (destination, path, near) => {
    await using stage = await open();
    const result = await stage.sync({ with: { ...INPUTS, destination, 'exclude-fields': path } });
    expectRed(result);
    expectError(result, 'unknown-field');
    expect(annotations(result, 'error')[0]).toContain(near);
    expect(result.outputs).toMatchObject({ 'artifact-id': '', commit: '', 'state-saved': 'false', records: '0' });
    expect(leaked(await everything(stage, printed(result)))).toEqual([]);
  });

  test.each([
    ['customers.planted_ones', false],
    ['customers.planted_one', true],
  ])('leaves nothing to the post step of a cancelled run (%s is met: %s)', async (path, isMet) => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'hang', times: Number.POSITIVE_INFINITY, match: { stream: 'messages' } });
    const result = await stage.sync({
      with: { ...INPUTS, 'exclude-fields': path },
      cancelAfter: handle => handle.waitFor(/^customers: read 20 records/),
    });
    expect(result.jobConclusion).toBe('cancelled');
    const artifacts = stage.github.artifacts();
    expect(artifacts).toHaveLength(isMet ? 1 : 0);
    if (!isMet) expect(leaked(await everything(stage, printed(result)))).toEqual([]);
  });

  test('is not judged in a stream without new records, and is in the first run that has one', async () => {
    await using stage = await open();
    const inputs = { ...INPUTS, streams: 'users, notes', 'exclude-fields': 'notes.bodi\nusers.planted_one' };
    expectGreen(await stage.sync({ with: inputs }));
    stage.world.create('notes', 2, { updatedAt: Date.now() - 120_000 });
    const result = await stage.sync({ with: inputs });
    expectRed(result);
    expect(annotations(result, 'error')[0]).toContain('Did you mean `notes.body`?');
    expect(annotations(result, 'error')[0]).not.toContain('users');
    expectGreen(await stage.sync({ with: { ...inputs, 'exclude-fields': 'notes.body\nusers.planted_one' } }));
  });
});

describe.concurrent('fields that change', () => {
  const sync = async (stage: Stage, inputs: Record<string, string>) => {
    const result = await stage.sync({ with: { ...INPUTS, streams: 'users', ...inputs } });
    expect(result.exitCode, result.log).toBe(0);
    expectSound(result);
    return result;
  };

  test('are said in each run until a full refresh: those that are newly kept back, and those that are wanted again', async () => {
    await using stage = await open();
    expectGreen(await sync(stage, {}));
    const runs = LONG ? 2 : 1;
    for (let n = 0; n < runs; n++) {
      stage.world.create('users', 1, { updatedAt: Date.now() - 120_000 });
      const result = await sync(stage, { 'exclude-fields': '*.planted_one' });
      expectAnnotation(result, 'fields-newly-kept-back');
      expect(annotations(result, 'warning')[0]).toContain('`users.planted_one`');
    }
    const inputs = { 'exclude-fields': '*.planted_one' };
    expectGreen(await sync(stage, { ...inputs, 'sync-mode': 'full_refresh' }));
    expectGreen(await sync(stage, inputs));
    for (let n = 0; n < runs; n++) expectAnnotation(await sync(stage, {}), 'fields-wanted-again');
    expectGreen(await sync(stage, { 'reset-state': 'true' }));
    expectGreen(await sync(stage, {}));
  });

  test('are refused with another `hash-key`, until a full refresh', async () => {
    await using stage = await open();
    const inputs = { 'hash-fields': 'users.planted_one' };
    expectGreen(await sync(stage, inputs));
    const result = await stage.sync({ with: { ...INPUTS, streams: 'users', ...inputs, 'hash-key': 'another key' } });
    expectRed(result);
    expectError(result, 'hash-key-changed');
    expectGreen(await sync(stage, inputs));
    expectGreen(await sync(stage, { ...inputs, 'hash-key': 'another key', 'sync-mode': 'full_refresh' }));
  });
});

test.each([
  [{ 'exclude-fields': '*.id' }, /`exclude-fields` has `\*\.id`, and `id` cannot be left out or hashed/],
  [{ 'hash-fields': 'notes.updated_at', 'hash-key': KEY }, /`updated_at` cannot be left out or hashed/],
  [{ 'exclude-fields': 'customer.emails' }, /Not known: `customer` \(did you mean `customers`\?\)/],
  [{ 'exclude-fields': 'notes.custom', 'hash-fields': '*.custom.a', 'hash-key': KEY }, /leaves out by `notes.custom`/],
  [{ 'hash-fields': 'customers.emails' }, /`hash-key` is empty/],
  [{ 'exclude-fields': 'notes.attributes', 'record-format': 'raw' }, /`attributes.updatedAt` cannot/],
] as [Record<string, string>, RegExp][])('%j is refused before the first request', async (inputs, message) => {
  await using stage = await openStage();
  const result = await stage.sync({ with: inputs });
  expectRed(result);
  expectError(result, 'invalid-input');
  expect(annotations(result, 'error')).toEqual([expect.stringMatching(message)]);
  expect(stage.kustomer.requests).toEqual([]);
});
