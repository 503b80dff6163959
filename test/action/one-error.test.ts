// One error for one cause: a host that is not Kustomer's API, a key that may read nothing, a refusal of everything. And
// what the other side says of itself is in it, without anything of a record.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, type Fault, STREAMS, type Stream } from '../world/kustomer/index.ts';
import { openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { all, annotations, expectGreen, expectRed, outcomes, populate, streamsOf, texts } from './support.ts';
import { expectError } from './troubles.ts';

async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

/** The one error of a run that failed for all streams together. */
async function onlyError(stage: Stage, code: ErrorCode, inputs: Record<string, string> = {}): Promise<string> {
  const result = await stage.sync({ with: inputs });
  expectError(result, code);
  expectRed(result);
  expect(result.annotations.filter(({ level }) => level !== 'notice')).toHaveLength(1);
  expect(new Set(streamsOf(result).map(({ error }) => error)).size).toBe(1);
  expect(result.outputs).toMatchObject({ complete: 'false', records: '0', 'artifact-id': '' });
  // What is the same for all requests is in the log once a try.
  if (code === 'host-unreachable') {
    expect(result.log.match(/^Kustomer gives|is tried again in/gm)?.length ?? 0, result.log).toBeLessThan(5);
  }
  return annotations(result, 'error')[0] as string;
}

const FOREIGN_HTML = '<html><title>Quenya Hopplestrom</title></html>';

// One after the other, since others on this machine would take of the time.
describe('a host that cannot be reached is one error within 20 s, with host, cause and `api-url`', () => {
  const within20s = async (act: () => Promise<unknown>) => {
    const since = performance.now();
    await act();
    expect(performance.now() - since).toBeLessThan(20_000);
  };

  test.each(
    few([
      [
        'https://no-such-host.invalid',
        /^The host no-such-host\.invalid cannot be reached: its name cannot be resolved \(E\w+\)\. Check `api-url`/,
      ],
      [
        'http://127.0.0.1:9',
        /^The host 127\.0\.0\.1:9 cannot be reached: it refuses the connection \(ECONNREFUSED\)\. Check `api-url`/,
      ],
    ]),
  )('%s', async (origin, message) => {
    await using stage = await open();
    await within20s(async () =>
      expect(await onlyError(stage, 'host-unreachable', { 'api-url': origin })).toMatch(message),
    );
    expect(stage.kustomer.requests).toEqual([]);
  });

  test('with a certificate that nobody trusts', async () => {
    await using stage = await open();
    const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(folder, name)) as [string, string];
    const subject = ['-subj', '/CN=localhost', '-days', '2'];
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync('openssl', args, { stdio: 'ignore' });
    const server = createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end());
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await within20s(async () => {
        const error = await onlyError(stage, 'host-unreachable', { 'api-url': `https://${host}` });
        expect(error).toMatch(
          /cannot be reached: its certificate is not trusted \(\w+\)\. Check `api-url`; .*NODE_EXTRA/,
        );
        expect(error).toContain(host);
      });
    } finally {
      server.close();
    }
  });
});

describe.concurrent('a host that is not the API is one error, with host, cause and `api-url`', () => {
  const answers: [string, Fault, string][] = [
    ['HTML', { kind: 'html-200' }, 'answers with a page of HTML'],
    ['a redirect', { kind: 'redirect', to: 'https://www.example.test/login?x=1' }, 'redirects to www.example.test'],
    ['404 with HTML', { kind: 'status', status: 404, body: FOREIGN_HTML }, 'answers 404 with a page of HTML'],
    ['404 in JSON of its own', { kind: 'status', status: 404, body: { message: 'Quenya' } }, 'answers 404'],
    ['403 with HTML', { kind: 'status', status: 403, body: FOREIGN_HTML }, 'refuses with a page of HTML (403)'],
  ];
  test.each(few(answers))('that answers with %s', async (_what, fault, how) => {
    await using stage = await open();
    stage.kustomer.faults.add({ ...fault, times: Number.POSITIVE_INFINITY });
    const host = new URL(stage.kustomer.url).host;
    expect(await onlyError(stage, 'not-the-api')).toBe(
      `The host ${host} ${how}, so the API of Kustomer is not there. Check \`api-url\`: it is the host of your region, or better \`https://ORG.api.kustomerapp.com\`.`,
    );
    const tries = stage.kustomer.log.countBy(({ path, query, body }) => `${path} ${JSON.stringify([query, body])}`);
    expect(Math.max(...Object.values(tries))).toBeLessThanOrEqual(5);
  });

  longTest('is an error also when the time budget is over first', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { 'api-url': 'http://127.0.0.1:9', 'time-budget': '1s' } });
    expectRed(result);
    expect(annotations(result, 'error')).toEqual([expect.stringContaining('it refuses the connection')]);
  });

  longTest('is an error of a plan, too', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { 'api-url': 'http://127.0.0.1:9', mode: 'plan' } });
    expectRed(result);
    expect(annotations(result, 'error')).toEqual([expect.stringContaining('it refuses the connection')]);
  });

  longTest('and a page of HTML that comes first and goes away costs nothing', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'html-200', times: 12 });
    expectGreen(await stage.sync());
  });
});

describe.concurrent('a key without roles (403)', () => {
  const grant = (missing: readonly (Stream | 'search')[]) => ({ tokens: { [DEFAULT_TOKEN]: { missing } } });

  test('that may read none of the streams fails the run with one error that names the roles', async () => {
    await using stage = await open({ world: grant(['search', 'shortcuts', 'tags', 'teams', 'users']) });
    const error = await onlyError(stage, 'no-readable-stream');
    expect(error).toMatch(
      /^The API key may read none of the streams \(403\): conversations, .*, users\. Make a key with /,
    );
    expect(error).toContain('org.permission.search.create');
    expect(error).toContain('org.permission.user.read');
    const plan = await stage.sync({ with: { mode: 'plan' } });
    expectRed(plan);
    expect(annotations(plan, 'error')).toEqual([error]);
  });

  test('that has lost the role for a stream fails the run, and the other streams are published', async () => {
    await using stage = await open({
      world: { tokens: { [DEFAULT_TOKEN]: {}, weaker: { missing: ['notes', 'tags'] } } },
    });
    expectGreen(await stage.sync({ with: { streams: 'notes, messages, tags, teams' } }));
    stage.world.update('messages', 3, { at: Date.now() - 1_800_000 });
    const second = await stage.sync({ with: { token: 'weaker' } });
    expectRed(second);
    expect(outcomes(second)).toEqual(all('complete', { notes: 'skipped', tags: 'skipped' }));
    expectError(second, 'role-lost');
    expect(annotations(second, 'error').sort()).toEqual([
      'The API key may no longer read notes (403), which an earlier run could: `forbidden: missing role for this request`. Make a key that also has the roles org.permission.note.read and org.permission.search.create, or name in `streams` what is to be read without notes.',
      expect.stringMatching(/^The API key may no longer read tags \(403\), which an earlier run could/),
    ]);
    expect(streamsOf(second).find(({ name }) => name === 'messages')?.records).toBe(3);
    expect(second.outputs['state-saved']).toBe('true');
  });
});

describe.concurrent('what Kustomer says of itself', () => {
  const PLANTED = 'Quenya Hopplestrom';
  const refusal = {
    errors: [
      {
        code: 'bad_request',
        title: 'Bad Request',
        detail: `Unknown field "kobject_updated_at"\n::error::for "${PLANTED}" <quenya@hopplestrom.test> ${DEFAULT_TOKEN} \`x\``,
        meta: { name: PLANTED },
        source: { pointer: PLANTED },
      },
      { message: PLANTED },
    ],
    data: [{ id: '5f', type: 'customer', attributes: { name: PLANTED } }],
  };
  const headers = { 'x-kustomer-pod': 'prod1', 'x-other': PLANTED };

  test('is in the error, on one line, without what may come from a record', async () => {
    await using stage = await open();
    const fault = { kind: 'status', status: 400, headers, body: refusal } as const;
    stage.kustomer.faults.add({ ...fault, times: Number.POSITIVE_INFINITY, match: { stream: 'messages' } });
    const result = await stage.sync({ debug: true, with: { streams: 'messages, tags' } });
    expectRed(result);
    expect(annotations(result, 'error')).toEqual([
      'Kustomer refused a request for messages (status 400): `bad_request: Bad Request: Unknown field "kobject_updated_at" ::error::for … … … \'x\'` (pod prod1). Run again with debug logging on and report it to this project, with the log.',
    ]);
    for (const secret of ['Quenya', 'Hopplestrom', 'quenya', DEFAULT_TOKEN])
      expect(texts(result)).not.toContain(secret);
  });

  longTest('is cut to 200 characters', async () => {
    await using stage = await open();
    const body = { errors: [{ message: 'so it is '.repeat(200) }] };
    stage.kustomer.faults.add({ kind: 'status', status: 422, body, times: 9, match: { stream: 'tags' } });
    const [error = ''] = annotations(await stage.sync({ with: { streams: 'tags' } }), 'error');
    expect(/`([^`]*)`/.exec(error)?.[1]).toMatch(/^so it is so .*…$/);
    expect(/`([^`]*)`/.exec(error)?.[1]).toHaveLength(200);
  });

  longTest('is in the error of a key of another region (401)', async () => {
    await using stage = await open();
    const detail = 'This key is for pod prod2, not prod1: use https://api.prod2.kustomerapp.com';
    stage.kustomer.faults.add({ kind: 'status', status: 401, body: { errors: [{ detail }] }, times: 99 });
    expect(await onlyError(stage, 'unauthorized')).toMatch(
      /^Kustomer does not accept the API key \(401\): `This key is for pod prod2, not prod1: use https:\/\/api\.prod2\.kustomerapp\.com`\. Check /,
    );
  });

  longTest('of a refusal of all streams alike is said once', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'status', status: 400, times: Number.POSITIVE_INFINITY });
    expect(await onlyError(stage, 'request-refused')).toBe(
      `Kustomer refused a request for ${STREAMS.join(', ')} (status 400): \`bad_request: fault on demand\`. Run again with debug logging on and report it to this project, with the log.`,
    );
  });

  longTest('is not there for a page of HTML in front of the API, which is no missing role', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({
      kind: 'status',
      status: 403,
      body: FOREIGN_HTML,
      times: Number.POSITIVE_INFINITY,
      match: { stream: 'tags' },
    });
    const result = await stage.sync({ with: { streams: 'tags, teams' } });
    expectRed(result);
    expect(outcomes(result)).toEqual({ tags: 'failed', teams: 'complete' });
    expect(annotations(result, 'error')).toEqual([
      'Kustomer refused a request for tags (status 403). This is no missing role but something in front of the API, such as a firewall: ask Kustomer, and whoever runs the network of this runner.',
    ]);
  });
});
