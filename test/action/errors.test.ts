// What Kustomer, or the way to it, can do wrong, and what becomes of the run, of the stream and of the others.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import {
  DEFAULT_TOKEN,
  type Fault,
  type ServerOptions,
  STREAMS,
  type Stream,
  type WorldOptions,
} from '../world/kustomer/index.ts';
import { openStage, type Published, type Stage, type Sync } from '../world/stage.ts';
import {
  all,
  annotations,
  askedAgainAfter,
  expectGreen,
  expectRed,
  expectSound,
  isRecent,
  LIST_STREAMS,
  outcomes,
  populate,
  SEARCH_STREAMS,
  streamsOf,
  wrongs,
} from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';

async function open(world: Partial<WorldOptions> = {}, server: Partial<ServerOptions> = {}): Promise<Stage> {
  const stage = await openStage({ world, server });
  populate(stage);
  return stage;
}

const TOKENS = (missing: readonly (Stream | 'search')[]) => ({ tokens: { [DEFAULT_TOKEN]: { missing } } });

describe('a key that is not accepted (401)', () => {
  test('ends the run at once, with one annotation that says what to check', async () => {
    await using stage = await open({ tokens: {} });
    const result = await stage.sync();
    expectRed(result);
    const errors = annotations(result, 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/API key \(401\).*expired.*`api-url`/);
    expectError(result, 'unauthorized');
    expect(outcomes(result)).toEqual(all('failed'));
    // Nothing is asked twice.
    expect(Math.max(...Object.values(stage.kustomer.log.countBy(({ path, context }) => `${path} ${context}`)))).toBe(1);
    expect(result.outputs).toMatchObject({
      complete: 'false',
      'artifact-id': '',
      'state-saved': 'false',
      'state-generation': '0',
    });
  });

  longTest('in the middle of a run keeps what had been read until then', async () => {
    await using stage = await open();
    stage.world.populate({ messages: 3_000 }, { from: Date.now() - 50 * 86_400_000, to: Date.now() - 3_600_000 });
    const fault = stage.kustomer.faults.add({
      kind: 'status',
      status: 401,
      times: Infinity,
      match: request => request.stream === 'messages' && isRecent(request),
    });
    const first = await stage.sync({ with: { concurrency: '1' } });
    expectRed(first);
    expect(annotations(first, 'error')).toHaveLength(1);
    expect(outcomes(first).messages).toBe('failed');
    expect(Number(first.outputs.records)).toBeGreaterThan(0);
    expect(first.outputs['state-saved']).toBe('true');
    fault.remove();
    const second = await stage.sync();
    expectGreen(second);
    expect(await wrongs(stage, [first, second])).toEqual([]);
  });
});

describe('a key without a role (403)', () => {
  test('skips that stream with one warning that names the role, and the run is green', async () => {
    await using stage = await open(TOKENS(['notes']));
    const result = await stage.sync();
    expectSound(result);
    expect([result.exitCode, result.jobConclusion]).toEqual([0, 'success']);
    expect(annotations(result, 'error')).toEqual([]);
    expect(annotations(result, 'warning')).toHaveLength(1);
    expect(annotations(result, 'warning')[0]).toMatch(/notes.*403.*org\.permission\.note\.read/);
    expectAnnotation(result, 'missing-role');
    expect(outcomes(result)).toEqual(all('complete', { notes: 'skipped' }));
    expect(result.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    expect(
      await wrongs(
        stage,
        [result],
        STREAMS.filter(name => name !== 'notes'),
      ),
    ).toEqual([]);
    expect(result.summary).toMatch(/\| notes \|.*skipped/);
  });

  test('fails the run when the stream was named, and the others are published all the same', async () => {
    await using stage = await open(TOKENS(['notes', 'users']));
    const result = await stage.sync({ with: { streams: 'notes, tags, teams' } });
    expectRed(result);
    expect(annotations(result, 'error')).toHaveLength(1);
    expect(annotations(result, 'error')[0]).toContain('org.permission.note.read');
    expectError(result, 'missing-role');
    expect(outcomes(result)).toEqual({ notes: 'skipped', tags: 'complete', teams: 'complete' });
    expect(await wrongs(stage, [result], ['tags', 'teams'])).toEqual([]);
    expect(result.outputs['state-saved']).toBe('true');
  });

  longTest('for lists and for all searches names a role for each', async () => {
    await using stage = await open(TOKENS(['search', 'users']));
    const result = await stage.sync();
    expect(result.exitCode).toBe(0);
    const warnings = annotations(result, 'warning');
    for (const name of SEARCH_STREAMS) expect(warnings.filter(each => each.includes(` ${name} `))).toHaveLength(1);
    expect(warnings.find(each => each.includes(' users '))).toContain('org.permission.user.read');
    expect(warnings.filter(each => each.includes('org.permission.search.create'))).toHaveLength(5);
  });

  longTest('and given later, the stream is read from its beginning', async () => {
    await using stage = await open({ tokens: { [DEFAULT_TOKEN]: { missing: ['notes'] }, 'a-better-token': {} } });
    const first = await stage.sync();
    const second = await stage.sync({ with: { token: 'a-better-token' } });
    expectGreen(second);
    expect(
      streamsOf(second)
        .filter(({ records }) => records > 0)
        .map(({ name }) => name),
    ).toEqual(['notes']);
    expect(await wrongs(stage, [first, second])).toEqual([]);
  });
});

describe.each(few([400, 404, 422]))('a request that is refused (%i)', status => {
  test('fails that stream only, after one try; the next run goes on with nothing twice', async () => {
    await using stage = await open();
    stage.world.populate({ messages: 2_000 }, { from: Date.now() - 50 * 86_400_000, to: Date.now() - 3_600_000 });
    let n = 0;
    const late = stage.kustomer.faults.add({
      kind: 'status',
      status,
      times: 1,
      match: request => request.stream === 'messages' && isRecent(request) && ++n === 2,
    });
    const list = stage.kustomer.faults.add({ kind: 'status', status, times: 1, match: { stream: 'shortcuts' } });
    const inputs = { streams: 'messages, shortcuts, tags' };
    const first = await stage.sync({ with: inputs });
    expectRed(first);
    expect([late.hits, list.hits]).toEqual([1, 1]);
    expectError(first, 'request-refused');
    const errors = annotations(first, 'error');
    expect(errors).toHaveLength(2);
    for (const name of ['messages', 'shortcuts'])
      expect(errors.join('\n')).toMatch(new RegExp(`${name} \\(status ${status}\\)`));
    expect(outcomes(first)).toEqual({ messages: 'failed', shortcuts: 'failed', tags: 'complete' });
    expect(first.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true', 'state-generation': '1' });
    // What a failed stream had read is published too, and is not read again.
    expect(streamsOf(first).find(({ name }) => name === 'messages')?.records).toBeGreaterThan(0);
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    expect(await wrongs(stage, [first, second], ['messages', 'shortcuts', 'tags'])).toEqual([]);
    const later = streamsOf(second).filter(({ records }) => records > 0);
    expect(later.map(({ name }) => name)).toEqual(['messages', 'shortcuts']);
    expect((await stage.sync({ with: inputs })).outputs.records).toBe('0');
  });
});

describe.concurrent('a rate limit (429)', () => {
  /** Requests after a refusal came only when the wait that it asked for was over. */
  async function refusedOnce(fault: Extract<Fault, { kind: 'status' }>, sync: Sync = {}) {
    await using stage = await open();
    const active = stage.kustomer.faults.add({ ...fault, match: { stream: 'customers' } });
    const result = await stage.sync({ ...sync, with: { streams: 'customers, tags' } });
    expectGreen(result);
    expect(active.hits).toBe(1);
    expect(await wrongs(stage, [result], ['customers', 'tags'])).toEqual([]);
    return askedAgainAfter(
      stage,
      stage.kustomer.requests.find(each => each.status === 429),
    );
  }
  const inSeconds = (s: number) => Math.ceil(Date.now() / 1_000) + s;

  longTest('with Retry-After in seconds is waited out', async () => {
    const waited = await refusedOnce({ kind: 'status', status: 429, headers: { 'retry-after': '2' } });
    expect(waited).toBeGreaterThanOrEqual(1_990);
    expect(waited).toBeLessThan(4_000);
  });

  longTest('with Retry-After as a date is waited out', async () => {
    const date = new Date(inSeconds(3) * 1_000);
    const waited = await refusedOnce({ kind: 'status', status: 429, headers: { 'retry-after': date.toUTCString() } });
    expect(waited).toBeGreaterThanOrEqual(990);
    expect(waited).toBeLessThan(5_000);
  });

  test.each<[string, () => string]>(
    few([
      ['epoch seconds', () => String(inSeconds(3))],
      ['epoch milliseconds', () => String(inSeconds(3) * 1_000)],
      ['a number of seconds', () => '2'],
    ]),
  )('with the reset in %s is waited out', async (_dialect, reset) => {
    const waited = await refusedOnce({ kind: 'status', status: 429, headers: { 'x-ratelimit-reset': reset() } });
    expect(waited).toBeGreaterThanOrEqual(990);
    expect(waited).toBeLessThan(5_000);
  });

  test.each(few(['epoch-seconds', 'epoch-ms', 'delta'] as const))(
    'of a window that is really used up, told in %s, costs time and no record',
    async reset => {
      await using stage = await open({}, { searchLimit: 4, windowMs: 2_000, reset });
      stage.kustomer.consume(2, 'search');
      const result = await stage.sync();
      expectGreen(result);
      expect(await wrongs(stage, [result])).toEqual([]);
      expect(stage.kustomer.requests.some(({ status }) => status === 429)).toBe(true);
    },
  );

  test('is counted in the manifest', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '1' },
      match: { stream: 'tags' },
    });
    const result = await stage.sync({ with: { streams: 'messages, tags' } });
    const published = (await stage.published(result)) as Published;
    const { api } = published.manifest as unknown as { api: Record<string, Record<string, number>> };
    expect(api.other).toMatchObject({ rate_limited: 1, retries: 1 });
    expect(api.search).toMatchObject({ rate_limited: 0, retries: 0 });
  });
});

describe.concurrent('trouble that passes is asked again, and nothing is missing or there twice', () => {
  const cases: [string, Fault, number][] = [
    ['500', { kind: 'status', status: 500 }, 2],
    ['502 with a page of HTML', { kind: 'status', status: 502, body: '<html>Bad Gateway</html>' }, 2],
    ['503 with Retry-After', { kind: 'status', status: 503, headers: { 'retry-after': '1' } }, 1],
    ['504', { kind: 'status', status: 504 }, 1],
    ['408', { kind: 'status', status: 408 }, 1],
    ['a reset', { kind: 'reset' }, 2],
    ['a body that is cut off', { kind: 'cut-body' }, 2],
    ['a body that is cut off after its first byte', { kind: 'cut-body', keep: 0.0001 }, 1],
    ['a chunked body that ends early', { kind: 'cut-chunked' }, 2],
    ['JSON that is none', { kind: 'bad-json' }, 1],
    ['an empty body', { kind: 'empty-body' }, 1],
    ['a page of HTML with 200', { kind: 'html-200' }, 1],
    ['errors with 200', { kind: 'errors-200' }, 1],
    ['an answer without data', { kind: 'missing-data' }, 1],
    ['an answer that comes slowly', { kind: 'drip', chunks: 5, everyMs: 30 }, 1],
  ];

  test.each(few([false, true]))('of all kinds, with compression: %s', async gzip => {
    await using stage = await open({}, { gzip });
    const streams = [...SEARCH_STREAMS, ...LIST_STREAMS];
    // Each kind hits another stream, so that no stream has more than two of them.
    const active = cases.map(([, fault, times], n) =>
      stage.kustomer.faults.add({ ...fault, times, match: { stream: streams[n % streams.length] as Stream } }),
    );
    const result = await stage.sync();
    expectGreen(result);
    expect(await wrongs(stage, [result])).toEqual([]);
    expect(active.map(({ hits }) => hits)).toEqual(cases.map(([, , times]) => times));
    expect((await stage.sync()).outputs.records).toBe('0');
  });

  longTest('in the middle of a large stream too', async () => {
    await using stage = await open();
    stage.world.populate(
      { messages: 8_000 },
      { from: Date.now() - 50 * 86_400_000, to: Date.now() - 3_600_000, tieFraction: 0.3 },
    );
    const kinds: Fault[] = [
      { kind: 'reset' },
      { kind: 'cut-body' },
      { kind: 'cut-chunked' },
      { kind: 'status', status: 503 },
    ];
    kinds.forEach((fault, n) => {
      stage.kustomer.faults.add({ ...fault, times: 1, match: { stream: 'messages', nth: 3 + n * 4 } });
    });
    const result = await stage.sync({ with: { streams: 'messages' } });
    expectGreen(result);
    expect(await wrongs(stage, [result], ['messages'])).toEqual([]);
  });
});

describe('a redirect', () => {
  test('is refused, and the key goes nowhere else', async () => {
    await using stage = await open();
    const strangers: string[] = [];
    const elsewhere = createServer((request, response) => {
      strangers.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.end('{"data":[]}');
    });
    await new Promise<void>(done => elsewhere.listen(0, '127.0.0.1', done));
    const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/steal`;
    try {
      for (const [stream, status] of [
        ['customers', 302],
        ['users', 307],
        ['tags', 301],
      ] as const)
        stage.kustomer.faults.add({ kind: 'redirect', status, to, times: Infinity, match: { stream } });
      const result = await stage.sync({ with: { streams: 'customers, tags, teams, users' } });
      expectRed(result);
      expect(outcomes(result)).toEqual({ customers: 'failed', tags: 'failed', teams: 'complete', users: 'failed' });
      expect(annotations(result, 'error').every(error => /status 30\d.*`api-url`/.test(error))).toBe(true);
      expect(strangers).toEqual([]);
    } finally {
      elsewhere.close();
    }
  });

  longTest('on the second view of a list fails the list, and does not shorten it', async () => {
    await using stage = await open();
    const first = await stage.sync({ with: { streams: 'users' } });
    expectGreen(first);
    stage.kustomer.faults.add({ kind: 'redirect', times: Infinity, match: ({ query }) => query.deleted === 'true' });
    const second = await stage.sync({ with: { streams: 'users' } });
    expectRed(second);
    expect(outcomes(second)).toEqual({ users: 'failed' });
  });

  longTest('by way of a link to the next page is refused too', async () => {
    await using stage = await open();
    const next = 'http://127.0.0.1:9/v1/teams?page=2';
    const body = {
      data: [{ type: 'team', id: 'x', attributes: {} }],
      links: { next },
      meta: { page: 1, pageSize: 500 },
    };
    stage.kustomer.faults.add({ kind: 'status', status: 200, body, times: Infinity, match: { stream: 'teams' } });
    const result = await stage.sync({ with: { streams: 'tags, teams' } });
    expectRed(result);
    expect(outcomes(result)).toEqual({ tags: 'complete', teams: 'failed' });
    expect(annotations(result, 'error')[0]).toContain('links to another host');
    expectError(result, 'foreign-link');
  });
});

describe('an answer that cannot be true', () => {
  test('records of another organization end the run, and nothing is published or saved', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'wrong-org', times: Infinity, match: { stream: 'messages', on: 'live' } });
    const result = await stage.sync({ with: { streams: 'messages, tags' } });
    expectRed(result);
    expect(annotations(result, 'error')).toHaveLength(1);
    expect(annotations(result, 'error')[0]).toContain('two organizations');
    expectError(result, 'two-organizations');
    expect(result.outputs).toMatchObject({ 'artifact-id': '', 'state-saved': 'false' });
    expect(stage.github.artifacts()).toEqual([]);
    expect(stage.github.caches()).toEqual([]);
  });

  longTest('an empty list of errors is none', async () => {
    await using stage = await open();
    const body = { data: [], errors: [], links: { next: null } };
    stage.kustomer.faults.add({ kind: 'status', status: 200, body, times: Infinity, match: { stream: 'tags' } });
    expect(outcomes(await stage.sync({ with: { streams: 'tags', 'time-budget': '5s' } }))).toEqual({
      tags: 'complete',
    });
  });

  test('records without an id fail the stream', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({
      kind: 'status',
      status: 200,
      body: { data: [{ type: 'tag' }] },
      times: Infinity,
      match: { stream: 'tags' },
    });
    const result = await stage.sync({ with: { streams: 'tags, teams' } });
    expectRed(result);
    expect(outcomes(result)).toEqual({ tags: 'failed', teams: 'complete' });
    expectError(result, 'not-records');
  });
});
