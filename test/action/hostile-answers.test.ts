// Answers that no sane server gives: the run ends in success or one clear error, with little time and memory, and
// nothing is lost or there twice.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Used } from '../../bench/meter.ts';
import { few, longDescribe, longTest } from '../forms.ts';
import type { LoggedRequest, Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import {
  all,
  annotations,
  DAY,
  expectGreen,
  expectRed,
  fastClock,
  outcomes,
  populate,
  requestsSince,
  streamsOf,
  wrongs,
} from './support.ts';
import { expectError } from './troubles.ts';

const ALWAYS = { times: Number.POSITIVE_INFINITY } as const;

async function open(options: Parameters<typeof openStage>[0] = {}): Promise<Stage> {
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

/** Puts a member at the end of the attributes of record number `at` of an answer, if the answer has so many. */
function withMember(body: Buffer, at: number, member: string): Buffer {
  const parts = String(body).split('"attributes":{');
  if (parts.length <= at + 1) return body;
  return Buffer.from(
    parts
      .map((part, n) => (n === at ? `${part}"attributes":{${member},` : `${part}"attributes":{`))
      .join('')
      .slice(0, -'"attributes":{'.length),
  );
}

/** Gives an answer another `meta`: the last of two counts. */
const withMeta = (body: Buffer, members: string): Buffer =>
  Buffer.from(`${String(body).trimEnd().slice(0, -1)},"meta":{${members}}}`);

const isMessages = (request: LoggedRequest) => request.stream === 'messages' && request.kind === 'live';

/** The streams that failed, with their error. */
const errorsOf = (result: ActionResult) =>
  streamsOf(result).flatMap(({ name, error }) => (error ? [`${name}: ${error}`] : []));

const METER = new URL('../../bench/meter.ts', import.meta.url).href;

/** Runs the action, and measures the peak of its resident memory in MB. */
async function measured(stage: Stage, inputs: Record<string, string> = {}) {
  const meter = join(stage.root, 'meter');
  const started = performance.now();
  const result = await stage.sync({
    env: { METER: meter },
    nodeArgs: ['--disable-warning=ExperimentalWarning', '--import', METER],
    with: inputs,
  });
  const seconds = (performance.now() - started) / 1_000;
  const files = readdirSync(stage.root).filter(name => name.startsWith('meter.'));
  const peaks = files.map(name => (JSON.parse(readFileSync(join(stage.root, name), 'utf8')) as Used).peakMB);
  return { result, seconds, peakMB: Math.max(...peaks) };
}

describe('a record that nests too deep', () => {
  test.each(
    few([
      ['flat', 2_000],
      ['raw', 4_000],
      ['raw', 1_000_000],
    ]),
  )('is one error that names the stream and the id, at once (%s, %i levels)', async (format, levels) => {
    await using stage = await open();
    const deep = `"custom":${'{"aB":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const ids: string[] = [];
    stage.kustomer.faults.add({
      kind: 'edit',
      edit: body => {
        const { data } = JSON.parse(String(body)) as { data: { id: string }[] };
        if (data.length > 3) ids.push(data[3]?.id ?? '');
        return withMember(body, 3, deep);
      },
      match: isMessages,
      ...ALWAYS,
    });
    const result = await stage.sync({ with: { 'record-format': format } });
    expectRed(result);
    expect(outcomes(result)).toEqual(all('complete', { messages: 'failed' }));
    expect(annotations(result, 'error')).toHaveLength(1);
    expectError(result, 'record-too-complex');
    expect(annotations(result, 'error')[0]).toMatch(/record of messages with the id \w+ nests deeper than 512 levels/);
    // It was asked for once.
    expect(ids).toHaveLength(1);
    expect(annotations(result, 'error')[0]).toContain(ids[0]);
    // Once it is mended, nothing is missing, and no other record of its page is there twice.
    stage.kustomer.faults.clear();
    const next = await stage.sync({ with: { 'record-format': format } });
    expectGreen(next);
    expect(await wrongs(stage, [result, next])).toEqual([]);
  });

  test('is published as it is up to 500 levels', async () => {
    await using stage = await open();
    const deep = `"custom":${'{"aB":'.repeat(500)}1${'}'.repeat(500)}`;
    stage.kustomer.faults.add({ kind: 'edit', edit: body => withMember(body, 2, deep), match: isMessages, ...ALWAYS });
    const result = await stage.sync({ with: { streams: 'messages' } });
    expectGreen(result);
    expect(await wrongs(stage, [result], ['messages'])).toEqual([]);
  });
});

describe('numbers that are none', () => {
  test.each(few(['1e15', '1e400', '-1e400', '-5', '0.5', '"many"', 'null', '{}', '1e10000000']))(
    'a total of %s is as if there were none',
    async total => {
      await using stage = await open();
      stage.kustomer.faults.add({
        kind: 'edit',
        edit: body => withMeta(body, `"total":${total},"pageSize":${total}`),
        ...ALWAYS,
      });
      const result = await stage.sync({ with: { streams: 'messages,tags,users', 'time-budget': '60s' } });
      expectGreen(result);
      expect(await wrongs(stage, [result], ['messages', 'tags', 'users'])).toEqual([]);
    },
  );

  test.each(few(['Infinity', '1e400', '-1', '0', '0.5', 'NaN', '', '99999999999999999999', 'many']))(
    'a rate limit of %j is as if there were none',
    async limit => {
      await using stage = await open();
      const headers = { 'x-ratelimit-limit': limit, 'x-ratelimit-remaining': limit, 'x-ratelimit-reset': limit };
      stage.kustomer.faults.add({ kind: 'edit', edit: body => body, headers, ...ALWAYS });
      const result = await stage.sync({ with: { 'requests-per-minute': 'auto', streams: 'messages,tags,users' } });
      expectGreen(result);
      expect(await wrongs(stage, [result], ['messages', 'tags', 'users'])).toEqual([]);
    },
  );

  test.each(few(['1e400', '-5', '99999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', 'soon', '0']))(
    'a retry-after of %s is kept within a minute',
    async retryAfter => {
      await using stage = await open();
      stage.kustomer.faults.add({
        kind: 'status',
        status: 503,
        headers: { 'retry-after': retryAfter },
        match: { stream: 'tags' },
      });
      const started = performance.now();
      const result = await stage.sync({ with: { streams: 'tags', 'time-budget': '10s' } });
      expect(result.exitCode).toBe(0);
      expect(performance.now() - started).toBeLessThan(20_000);
    },
  );
});

longDescribe('keys given twice in one object', () => {
  test('count for their last value, in the record and in what the state knows of it', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({
      kind: 'edit',
      edit: body =>
        Buffer.from(
          String(body)
            .replaceAll('"attributes":{', '"attributes":{"updatedAt":"2001-01-01T00:00:00.000Z","twiceStr":"first",')
            .replaceAll('"id":"', '"id":"wrong","id":"'),
        ),
      match: { stream: 'tags' },
      ...ALWAYS,
    });
    const first = await stage.sync({ with: { streams: 'tags' } });
    expectGreen(first);
    expect(await wrongs(stage, [first], ['tags'])).toEqual([]);
    const second = await stage.sync({ with: { streams: 'tags' } });
    expect(second.outputs.records).toBe('0');
  });
});

describe('a body that is too large', () => {
  const page = (data: string) => `{"data":[${data}],"links":{"next":null},"meta":{"page":1,"pageSize":500}}`;
  const gz = (text: Buffer | string) => gzipSync(text, { level: 9 });
  let zipped: Buffer | undefined;
  const zeros = () => (zipped ??= gz(Buffer.alloc(380 * MB)));
  const MB = 1024 * 1024;
  const record = '{"id":"a","type":"tag","attributes":{';
  const bombs: [string, () => Buffer, RegExp][] = [
    ['380 MB of zeros', zeros, /more than 64 MB/],
    ['380 MB of broken UTF-8', () => gz(Buffer.alloc(380 * MB, 0xff)), /more than 64 MB/],
    [
      '60 MB of broken UTF-8',
      () => gz(Buffer.concat([Buffer.from('{"data":"'), Buffer.alloc(60 * MB, 0xff)])),
      /more than 64 MB/,
    ],
    ['3 million records', () => gz(page('{},'.repeat(3_000_000).slice(0, -1))), /more than 50000 records/],
    [
      'millions of arrays beside the data',
      () => gz(`{"meta":[${'[],'.repeat(15_000_000)}0],"data":[]}`),
      /more than 1 MB/,
    ],
    [
      'millions of arrays for a date',
      () => gz(page(`${record}"updatedAt":[${'[],'.repeat(15_000_000)}0]}}`)),
      /A record of tags has more than 16 MB/,
    ],
    [
      'a million keys in a record',
      () => gz(page(`${record}${Array.from({ length: 1_000_000 }, (_, n) => `"k${n}":1`).join()}}}`)),
      /A record of tags has more than 100000 members/,
    ],
    ['a record of 15 MB', () => gz(page(`${record}"bodyTxt":"${'a\\n'.repeat(5 * MB)}"}}`)), /^$/],
  ];
  test.each(few(bombs))('%s end their stream with one error, within 300 MB', async (_what, bomb, error) => {
    await using stage = await open();
    const headers = { 'content-encoding': 'gzip' };
    stage.kustomer.faults.add({
      kind: 'status',
      status: 200,
      body: bomb(),
      headers,
      match: { stream: 'tags' },
      ...ALWAYS,
    });
    const { result, seconds, peakMB } = await measured(stage);
    expect(peakMB).toBeLessThan(300);
    expect(seconds).toBeLessThan(30);
    const isError = error.source !== '^$';
    expect(outcomes(result)).toEqual(all('complete', isError ? { tags: 'failed' } : {}));
    expect(annotations(result, 'error')).toHaveLength(isError ? 1 : 0);
    if (isError) expect(errorsOf(result)[0]).toMatch(error);
    stage.kustomer.faults.clear();
    const streams = Object.keys(all('')).filter(name => name !== 'tags') as Stream[];
    expect((await wrongs(stage, [result])).filter(wrong => !wrong.startsWith('tags'))).toEqual([]);
    expect(streams).toHaveLength(8);
  });

  longTest('many at once stay within 300 MB', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({
      kind: 'status',
      status: 200,
      body: zeros(),
      headers: { 'content-encoding': 'gzip' },
      ...ALWAYS,
    });
    const { result, peakMB } = await measured(stage, {
      streams: 'messages,notes,tags,teams,users',
      'start-date': new Date(Date.now() - 100 * DAY).toISOString(),
    });
    expectRed(result);
    expect(peakMB).toBeLessThan(300);
  });

  longTest('or that is refused as such (413) makes the pages of a search smaller, and nothing is missing', async () => {
    await using stage = await open();
    const isTooMuch = (request: LoggedRequest) => request.budget === 'search' && Number(request.query.pageSize) > 20;
    stage.kustomer.faults.add({
      kind: 'status',
      status: 413,
      match: request => request.stream === 'messages' && isTooMuch(request),
      ...ALWAYS,
    });
    const body = gz(Buffer.alloc(70 * MB, ' '));
    const headers = { 'content-encoding': 'gzip' };
    stage.kustomer.faults.add({
      kind: 'status',
      status: 200,
      body,
      headers,
      match: request => request.stream === 'notes' && isTooMuch(request),
      ...ALWAYS,
    });
    const result = await stage.sync();
    expectGreen(result);
    expect(await wrongs(stage, [result])).toEqual([]);
  });

  test('or takes Kustomer or its gateway too long makes the pages of a search smaller, and nothing is missing', async () => {
    await using stage = await open({ world: { pageSizeMax: 500 } });
    stage.world.populate(
      { messages: 700, notes: 700, conversations: 300 },
      { from: Date.now() - 20 * DAY, to: Date.now() - DAY, tieFraction: 0.3, tieSize: 200 },
    );
    const faults = [
      ['messages', { kind: 'status', status: 504 }],
      ['notes', { kind: 'hang' }],
      ['conversations', { kind: 'hang', afterBytes: 10 }],
    ] as const;
    for (const [stream, fault] of faults) {
      const match = (request: LoggedRequest) =>
        request.budget === 'search' && request.stream === stream && Number(request.query.pageSize) > 125;
      stage.kustomer.faults.add({ ...fault, match, ...ALWAYS });
    }
    const result = await stage.sync(fastClock(40));
    expectGreen(result);
    expect(await wrongs(stage, [result])).toEqual([]);
    // Both searches of a stream may find that out at the same time.
    for (const [stream] of faults) {
      const sizes = stage.kustomer.requests.filter(each => each.stream === stream).map(({ query }) => query.pageSize);
      expect(sizes.filter(size => size === '500').length, stream).toBeLessThanOrEqual(4 * 6);
    }
  });

  longTest('and one that always takes too long is an error after some tries', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'status', status: 504, match: { context: 'message' }, ...ALWAYS });
    const result = await stage.sync(fastClock(40));
    expectRed(result);
    expectError(result, 'no-usable-answer');
    expect(outcomes(result)).toEqual(all('complete', { messages: 'failed' }));
  });
});

test('a page that is made to take time blocks nothing for more than a second', async () => {
  await using stage = await open();
  const alike = Array.from({ length: 60_000 }, (_, n) => `"a${String(n).padStart(8, '0')}mmmmm000000zz":1`).join();
  const meet = Array.from(
    { length: 20_000 },
    (_, n) => `"${[...n.toString(2).padStart(15, '0')].map(bit => (bit === '1' ? 'É' : 'é')).join('')}":1`,
  ).join();
  stage.kustomer.faults.add({
    kind: 'edit',
    edit: body => withMember(withMember(body, 3, `"custom":{${meet}}`), 5, `"custom":{${alike}}`),
    match: isMessages,
    ...ALWAYS,
  });
  const { result, seconds, peakMB } = await measured(stage);
  expectGreen(result);
  expect(seconds).toBeLessThan(15);
  expect(peakMB).toBeLessThan(300);
  expect(await wrongs(stage, [result])).toEqual([]);
});

test('two bodies that trickle delay no other stream', async () => {
  await using stage = await open();
  stage.world.populate({ messages: 3_000 }, { from: Date.now() - 50 * DAY, to: Date.now() - DAY });
  const slow = { kind: 'drip', chunks: 1_000, everyMs: 500, ...ALWAYS } as const;
  stage.kustomer.faults.add({ ...slow, match: { stream: 'tags' } });
  stage.kustomer.faults.add({ ...slow, match: { stream: 'users' } });
  const result = await stage.sync({ with: { 'time-budget': '20s' } });
  expect(outcomes(result)).toEqual(all('complete', { tags: 'partial', users: 'partial' }));
  expect(
    await wrongs(stage, [result], Object.keys(all('')).filter(name => name !== 'tags' && name !== 'users') as Stream[]),
  ).toEqual([]);
});

describe('what held stays held', () => {
  test.each(
    few(
      [
        '//elsewhere.invalid/v1/tags',
        String.raw`\\elsewhere.invalid\v1\tags`,
        String.raw`/\elsewhere.invalid`,
        'http://elsewhere.invalid/v1/tags',
        'javascript:alert(1)',
        'http://127.0.0.1:9/v1/tags',
      ],
      2,
    ),
  )('a link to %s is not followed', async next => {
    await using stage = await open();
    const body = { data: [{ type: 'tag', id: 'x', attributes: {} }], links: { next }, meta: {} };
    stage.kustomer.faults.add({ kind: 'status', status: 200, body, match: { stream: 'tags' }, ...ALWAYS });
    const result = await stage.sync({ with: { streams: 'tags,teams' } });
    expectRed(result);
    expect(outcomes(result)).toEqual({ tags: 'failed', teams: 'complete' });
    expect(annotations(result, 'error')[0]).toContain('links to another host');
  });

  test('__proto__ in an answer changes nothing', async () => {
    await using stage = await open();
    const evil = '"__proto__":{"data":[],"total":0,"id":"x","deleted":true}';
    stage.kustomer.faults.add({
      kind: 'edit',
      edit: body => Buffer.from(String(withMember(withMeta(body, evil), 0, evil)).replace('{', `{${evil},`)),
      ...ALWAYS,
    });
    const result = await stage.sync();
    expectGreen(result);
    expect(await wrongs(stage, [result])).toEqual([]);
  });

  test.each(
    few([
      ['says gzip', 'gzip', (body: Buffer) => body],
      ['is cut off gzip', 'gzip', (body: Buffer) => gzipSync(body).subarray(0, -20)],
      ['says nonsense', 'nonsense', (body: Buffer) => body],
      ['is UTF-16', 'identity', (body: Buffer) => Buffer.from(String(body), 'utf16le')],
      ['is there twice', 'identity', (body: Buffer) => Buffer.concat([body, body])],
      ['has NUL behind', 'identity', (body: Buffer) => Buffer.concat([body, Buffer.alloc(1)])],
    ]),
  )('a body that %s is asked for again', async (_what, encoding, edit) => {
    await using stage = await open();
    requestsSince(stage);
    const fault = stage.kustomer.faults.add({
      kind: 'edit',
      edit,
      headers: { 'content-encoding': encoding },
      times: 1,
      match: { stream: 'tags' },
    });
    const result = await stage.sync({ with: { streams: 'tags' } });
    expectGreen(result);
    expect(fault.hits).toBe(1);
    expect(await wrongs(stage, [result], ['tags'])).toEqual([]);
  });

  test('invalid UTF-8 becomes U+FFFD, and the record is published', async () => {
    await using stage = await open();
    const bad = Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff]);
    stage.kustomer.faults.add({
      kind: 'edit',
      edit: body => {
        const text = String(withMember(body, 1, '"brokenTxt":"@@"'));
        const [before = '', after] = text.split('@@');
        return after === undefined ? body : Buffer.concat([Buffer.from(before), bad, Buffer.from(after)]);
      },
      match: isMessages,
      ...ALWAYS,
    });
    const result = await stage.sync({ with: { streams: 'messages' } });
    expectGreen(result);
    expect(await wrongs(stage, [result], ['messages'])).toEqual([]);
    const lines = (await stage.published(result))?.records.get('messages') ?? [];
    expect(lines.filter(line => String(line.broken_txt).startsWith('\ufffd('))).toHaveLength(1);
  });
});
