// Where the action waits for long before it goes on or gives up. Everything at once, so that the file takes as long as
// its longest wait: a request is given up after a minute and a half.
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { secondaryLimitFault } from '../world/github/index.ts';
import type { Fault } from '../world/kustomer/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import {
  all,
  annotations,
  askedAgainAfter,
  DAY,
  expectGreen,
  expectRed,
  HOUR,
  longestSilence,
  outcomes,
  populate,
  streamsOf,
  texts,
  wrongs,
} from './support.ts';
import { expectError } from './troubles.ts';

async function open(): Promise<Stage> {
  const stage = await openStage();
  populate(stage);
  return stage;
}

/** The log says something at least as often (ms). */
const SILENCE = 30_000;

/** Text that looks like a line of a stack, and a name that nobody may read in a log. */
const NAME = 'Quenya Hopplestrom';

describe.concurrent('waiting', { timeout: 200_000 }, () => {
  test('for a first answer that takes its time is no clock that is ahead', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'drip', chunks: 10, everyMs: 800, match: { path: '/v1/tags' } });
    const result = await stage.sync({ with: { streams: 'tags' } });
    expectGreen(result);
    expect(annotations(result, 'warning')).toEqual([]);
  });

  test('a 429 without any header is waited out for a minute', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'status', status: 429, match: { stream: 'customers' } });
    const result = await stage.sync({ with: { concurrency: '3' } });
    expectGreen(result);
    const { requests } = stage.kustomer;
    const refused = requests.find(({ status }) => status === 429);
    const waited = askedAgainAfter(stage, refused);
    expect(waited).toBeGreaterThanOrEqual(59_900);
    // The wait is everybody's: before it is over, nothing comes but what was under way when the refusal was read.
    const after = requests.slice(refused?.n).map(({ at }) => at - (refused?.at ?? 0));
    expect(after.filter(ms => ms < 59_000).length).toBeLessThan(3);
    expect(after.length).toBeGreaterThan(10);
    expect(await wrongs(stage, [result])).toEqual([]);
    expect(result.log).toMatch(/^Kustomer answers 429 for customers: all requests wait 6[01] s\.$/m);
    expect(result.log).toMatch(/^Read .* waiting [1-5]\d s for the rate limit; reading .*customers/m);
    expect(longestSilence(result)).toBeLessThan(SILENCE);
  });

  test.each(few(['git.getRef', 'git.getTree']))(
    'a limit of GitHub is waited out for the minute it asks for, also by %s, which only reads',
    async operation => {
      await using stage = await open();
      const inputs = { with: { destination: 'branch' } };
      await stage.sync(inputs);
      const before = stage.github.traffic.of(operation).length;
      stage.github.traffic.fault(operation, secondaryLimitFault(60));
      const result = await stage.sync(inputs);
      expectGreen(result);
      expect(longestSilence(result)).toBeLessThan(SILENCE);
      const [refused, again] = stage.github.traffic.of(operation).slice(before);
      expect((again?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThan(60_000);
    },
  );

  test('an answer that never comes is given up after half a minute and asked for again', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'hang', match: { stream: 'notes' } });
    stage.kustomer.faults.add({ kind: 'hang', afterBytes: 500, match: { stream: 'users' } });
    const result = await stage.sync();
    expectGreen(result);
    for (const name of ['notes', 'users'] as const) {
      const hung = stage.kustomer.requests.find(({ stream, fault }) => stream === name && fault === 'hang');
      expect(askedAgainAfter(stage, hung), name).toBeGreaterThan(29_000);
      expect(askedAgainAfter(stage, hung), name).toBeLessThan(40_000);
    }
    expect(result.log).toMatch(/^Read .* waiting for an answer to a request for (?:notes|users), since 2\d s/m);
    expect(longestSilence(result)).toBeLessThan(SILENCE);
    expect(await wrongs(stage, [result])).toEqual([]);
  });

  const outages: [string, Fault][] = [
    ['a status of 500', { kind: 'status', status: 500, body: { errors: [{ message: NAME }] } }],
    ['resets', { kind: 'reset' }],
    ['a body that is always cut off', { kind: 'cut-body' }],
    ['text that is no JSON', { kind: 'bad-json', text: `{"name":\n    at ${NAME}}` }],
    ['errors with 200', { kind: 'errors-200', errors: [{ code: 'internal', message: NAME }] }],
  ];

  test.each(few(outages))(
    'an outage that stays (%s) fails its stream only, tells nothing of what came, and is made up for later',
    async (_what, fault) => {
      await using stage = await open();
      const active = stage.kustomer.faults.add({ ...fault, times: Infinity, match: { stream: 'messages' } });
      const first = await stage.sync({ debug: true });
      expectRed(first);
      expect(annotations(first, 'error')).toHaveLength(1);
      expect(annotations(first, 'error')[0]).toMatch(
        /did not give a usable answer for messages.*status\.kustomer\.com/,
      );
      expectError(first, 'no-usable-answer');
      expect(outcomes(first)).toEqual(all('complete', { messages: 'failed' }));
      const tries = stage.kustomer.requests
        .filter(({ fault: hit }) => hit !== undefined)
        .map(({ path, body }) => path + JSON.stringify(body));
      expect(Math.max(...tries.map(each => tries.filter(other => other === each).length))).toBe(9);
      expect(longestSilence(first)).toBeLessThan(SILENCE);
      const what = fault.kind === 'status' ? 'answers 500' : 'gives no usable answer \\([\\w ]+\\)';
      for (const number of [3, 9])
        expect(first.log).toMatch(new RegExp(`^Kustomer ${what} for messages; try ${number} of 9 in \\d+ s\\.$`, 'm'));
      expect(first.log).not.toMatch(/^Kustomer .*try 2 of 9/m);
      expect(first.outputs['state-saved']).toBe('true');
      expect(
        texts(first)
          .split('\n')
          .filter(line => line.includes(NAME.slice(0, 6))),
      ).toEqual([]);
      active.remove();
      const second = await stage.sync();
      expectGreen(second);
      expect(
        streamsOf(second)
          .filter(({ records }) => records > 0)
          .map(({ name }) => name),
      ).toEqual(['messages']);
      expect(await wrongs(stage, [first, second])).toEqual([]);
    },
  );

  test('a state that the service does not take makes the run red, with the artifact there and the state not saved', async () => {
    await using stage = await open();
    stage.github.traffic.fault('CreateCacheEntry', { kind: 'status', status: 500 }, { times: Infinity });
    const result = await stage.sync();
    expectRed(result);
    const [error] = annotations(result, 'error');
    expect(error).toMatch(/state could not be saved/);
    expect(result.outputs).toMatchObject({ 'state-saved': 'false', 'state-generation': '0' });
    expect(result.outputs['artifact-id']).toMatch(/^\d+$/);
    expect(result.summary).toContain('state unchanged');
    stage.github.traffic.clearFaults();
    // The artifact says itself what was published, so the next run delivers nothing of it again.
    const again = await stage.sync();
    expectGreen(again);
    expect(again.outputs.records).toBe('0');
    expect(await wrongs(stage, [result, again])).toEqual([]);
  });

  longTest('a run that may only read the cache fails, since nobody would know what it has published', async () => {
    await using stage = await open();
    const result = await stage.sync({ job: { readOnlyCache: true } });
    expectRed(result);
    expect(annotations(result, 'error')).toHaveLength(1);
    expect(annotations(result, 'error')[0]).toMatch(/state could not be saved/);
    expectError(result, 'state-not-saved');
    expect(result.outputs).toMatchObject({ 'state-saved': 'false', 'state-generation': '0' });
    expect(stage.github.caches()).toEqual([]);
  });

  test('a budget that is used up is what the log says that the run waits for', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { streams: 'messages', 'search-requests-per-minute': '1' } });
    expectGreen(result);
    expect(result.ms).toBeGreaterThan(55_000);
    expect(result.log).toMatch(/^Read .* waiting [1-5]\d s for the request budget; reading messages/m);
    expect(longestSilence(result)).toBeLessThan(SILENCE);
  });

  test.each(few(['GetCacheEntryDownloadURL', 'PutBlob', 'FinalizeCacheEntryUpload']))(
    'GitHub may be slow, and the log goes on: %s',
    async operation => {
      await using stage = await open();
      const inputs = { with: { streams: 'tags' } };
      stage.github.traffic.fault(operation, { kind: 'slow', ms: 35_000 });
      const result = await stage.sync(inputs);
      expect(result.exitCode, result.log).toBe(0);
      expect(result.ms).toBeGreaterThan(35_000);
      expect(result.log).toMatch(/^(?:Prepare|Publish|Save state): [23]\d s so far\.$/m);
      expect(longestSilence(result)).toBeLessThan(SILENCE);
    },
  );

  longTest('the post step, too, says that it is still there', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'hang', times: Number.POSITIVE_INFINITY, match: { stream: 'messages' } });
    stage.github.traffic.fault('CreateArtifact', { kind: 'slow', ms: 35_000 });
    const result = await stage.sync({ cancelAfter: handle => handle.waitFor(/^users: read/) });
    expect(result.post?.log, result.log).toMatch(/^Publish: [23]\d s so far\.$/m);
    expect(longestSilence(result.post ?? result)).toBeLessThan(SILENCE);
  });

  longTest('a run that reads for long says now and then how far it is', async () => {
    await using stage = await openStage({ server: { latencyMs: 300 } });
    const now = Date.now();
    stage.world.populate({ messages: 20_000 }, { from: now - 20 * DAY, to: now - HOUR });
    const result = await stage.sync({ with: { streams: 'messages', concurrency: '1' } });
    expectGreen(result);
    expect(result.log).toMatch(
      /^Read \d+,\d{3} of about (?:19|20),\d{3} records \(\d+ %\) in \d+ s, [\d,]+ a second, about \d+ s left; reading messages \d+,\d{3}\.$/m,
    );
  });
});
