// `mode: check` says what a sync would find and do, with few requests, and leaves everything as it is.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, STREAMS } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage, type StageOptions, type Sync } from '../world/stage.ts';
import { poison } from './saved-state.ts';
import { all, annotations, DAY, expectRed, expectSound, HOUR, outcomes, populate, texts } from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';

async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

/** All that a run could have left behind. */
async function traces({ github }: Stage) {
  const { git } = github.repository;
  return {
    artifacts: github.artifacts(),
    caches: github.caches().map(({ key, id }) => [key, id]),
    refs: await git.refs(),
    objects: await git.git('count-objects'),
  };
}

async function check(stage: Stage, { with: inputs, ...options }: Sync = {}): Promise<ActionResult> {
  const before = await traces(stage);
  stage.kustomer.log.clear();
  const result = await stage.sync({ ...options, with: { ...inputs, mode: 'check' } });
  expect(await traces(stage)).toEqual(before);
  if (result.jobConclusion !== 'cancelled') expectSound(result);
  expect(result.outputs).toMatchObject({ records: '0', complete: 'false', 'artifact-id': '', commit: '' });
  expect(result.outputs).toMatchObject({ 'state-saved': 'false', 'output-dir': '', manifest: '' });
  const temp = readdirSync(join(stage.root, 'work', '_temp'));
  expect(temp.filter(name => /^kustomer-sync-(?!cache)/.test(name))).toEqual([]);
  return result;
}

function expectPassed(result: ActionResult): void {
  expect(result.annotations, result.log).toEqual([]);
  expect(result.exitCode, result.log).toBe(0);
}

/** The rows of the tables of the summary, by their first cell. */
function rows({ summary }: ActionResult): Map<string, string[]> {
  const lines = summary.split('\n').filter(line => /^\| (?!:?---)/.test(line));
  return new Map(lines.map(line => line.slice(2, -2).split(' | ')).map(([name = '', ...cells]) => [name, cells]));
}

describe.concurrent('a check', () => {
  test('of a first sync takes a dozen requests at most, and tells what the sync would do', async () => {
    await using stage = await open({ server: { orgLimit: 1_000, searchLimit: 100, searchHeadersShow: 'search' } });
    stage.world.populate(
      { conversations: 3, customers: 5 },
      { from: Date.now() - 1_500 * DAY, to: Date.now() - 900 * DAY },
    );
    const result = await check(stage, { with: { 'output-dir': 'some/new/folder' } });
    expectPassed(result);
    expect(existsSync(join(result.paths.workspace, 'some'))).toBe(false);
    expect(stage.kustomer.requests.length).toBeLessThanOrEqual(12);
    expect(new Set(stage.kustomer.requests.map(({ stream }) => stream ?? 'klasses'))).toEqual(
      new Set([...STREAMS, 'klasses']),
    );
    expect(outcomes(result)).toEqual(all('partial'));
    expect(result.summary).toMatch(/^## ✅ Kustomer check passed in \d+ s\n/);
    expect(result.summary).toContain('Next: run the same step without `mode: check`.');
    const found = rows(result);
    expect(Object.fromEntries(found)).toMatchObject({
      Inputs: ['can be used'],
      Destination: ['`artifact`'],
      Repository: ['acme/support-data is private'],
      State: ['none to go on from: a first sync'],
      'Actions cache': ['there is one, and the job may write to it'],
      'Permission `actions: read`': ['granted'],
      'API key': ['Kustomer accepts it'],
      Limits: [expect.stringMatching(/^all requests: 1,000 a minute, \d+ of them left; searches: 100 a minute, \d+/)],
      messages: ['✅ yes', 'the beginning', '60', '2'],
      tags: ['✅ yes', 'the beginning', '8', '4'],
      users: ['✅ yes', 'the beginning', '12', '4'],
    });
    expect(found.get('Host')?.[0]).toMatch(/^127\.0\.0\.1:\d+ \(no host of Kustomer\)$/);
    expect(result.log).toMatch(
      /Check passed in .*: a sync would read more than \d+ records with more than \d+ requests, which take more than/,
    );
    expect(result.log).toContain('\nmessages: may be read, from the beginning, records: 60, requests: 2.\n');
    const sync = await stage.sync();
    expect(sync.outputs).toMatchObject({ records: '198', complete: 'true', 'state-generation': '1' });
  });

  test('of an increment tells what has changed, and goes on from the state', async () => {
    await using stage = await open();
    await stage.sync();
    stage.world.create('messages', 7, { updatedAt: Date.now() - HOUR / 2 });
    const result = await check(stage);
    expectPassed(result);
    expect(stage.kustomer.requests.length).toBeLessThanOrEqual(12);
    expect(result.outputs['state-generation']).toBe('1');
    const found = rows(result);
    expect(found.get('State')?.[0]).toMatch(/^generation 1 of \d+ \w+ 2026 .*, in the Actions cache$/);
    expect(found.get('messages')).toEqual(['✅ yes', expect.stringMatching(/^\d+ \w+ 2026 /), '7', '1']);
    // A sync reads the lists anew.
    expect(found.get('tags')).toEqual(['✅ yes', 'the beginning', '8', '4']);
    expect((await stage.sync()).outputs).toMatchObject({ records: '7', 'state-generation': '2' });
  });

  test('of a data branch asks whether the job may write to it, and moves no ref', async () => {
    await using stage = await open();
    const branch = { with: { destination: 'branch' } };
    const result = await check(stage, branch);
    expectPassed(result);
    expect(rows(result).get('Permission `contents: write`')).toEqual(['granted']);
    await stage.sync(branch);
    expectPassed(await check(stage, branch));
    await using poor = await open({ github: { tokens: { ghs_main: { contents: 'read', actions: 'read' } } } });
    const refused = await check(poor, branch);
    expectRed(refused);
    expectError(refused, 'branch-refused');
    expectError(await poor.sync(branch), 'branch-refused');
  });

  longTest('of a backfill that is done says that there is nothing to read', async () => {
    await using stage = await open();
    const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
    const inputs = { 'start-date': day(20), 'end-date': day(10) };
    await stage.sync({ with: inputs });
    const result = await check(stage, { with: inputs });
    expectPassed(result);
    expect(result.summary).toContain('**A sync would find everything published already.**');
    expect(rows(result).get('messages')).toEqual(['✅ yes', '', 'none', '0']);
  });

  test('names the role that each stream lacks, and passes where a sync is green', async () => {
    const missing = ['notes', 'tags'];
    await using stage = await open({
      world: { tokens: { [DEFAULT_TOKEN]: { missing } } } as StageOptions['world'] & {},
    });
    const result = await check(stage);
    expect(result.exitCode, result.log).toBe(0);
    expect(outcomes(result)).toEqual(all('partial', { notes: 'skipped', tags: 'skipped' }));
    expect(annotations(result, 'warning').sort()).toEqual([
      expect.stringMatching(/^The API key may not read notes \(403.*org\.permission\.note\.read/),
      expect.stringMatching(/^The API key may not read tags \(403.*org\.permission\.tag\.read/),
    ]);
    expect(result.summary).toMatch(/^## ⚠️ Kustomer check passed except for notes, tags in \d+ s\n> \[!WARNING\]\n/);
    expect(rows(result).get('notes')?.[0]).toBe('⚠️ no (`missing-role`)');
  });

  longTest('says what a sync would warn of, in the summary too', async () => {
    await using stage = await open({ github: { tokens: { ghs_main: { contents: 'read' } } } });
    const result = await check(stage, { with: { archive: 'never' } });
    expect(result.exitCode, result.log).toBe(0);
    expectAnnotation(result, 'places-not-looked-at');
    expect(result.summary).toContain('Give the job the permission `actions: read`');
    expect(rows(result).get('Permission `actions: read`')).toEqual([
      'missing (403: Resource not accessible by integration)',
    ]);
  });

  longTest(
    'of streams by name asks for each of them, and passes over what the organization does not have',
    async () => {
      await using stage = await open();
      stage.world.populate({ companies: 3, queues: 2, custom_attributes: 2 } as object, {
        from: Date.now() - 9 * DAY,
        to: Date.now() - HOUR,
      });
      const result = await check(stage, {
        with: { streams: 'companies, work_items, queues, klasses, custom_attributes' },
      });
      expect(result.exitCode, result.log).toBe(0);
      expect(stage.kustomer.requests.length).toBeLessThanOrEqual(12);
      expect(rows(result).get('companies')?.[0]).toBe('✅ yes');
      expect(rows(result).get('custom_attributes')?.[0]).toBe('✅ yes');
    },
  );

  longTest('whose time is up or that is cancelled has changed nothing', async () => {
    await using stage = await open();
    stage.kustomer.faults.add({ kind: 'hang', times: Infinity, match: { stream: 'notes' } });
    const late = await check(stage, { with: { 'time-budget': '2s' } });
    expect(late.summary).toMatch(/^## ⏸️ Kustomer check not done after \d+ s\n> \[!NOTE\]\n> It was stopped before/);
    const cancelled = await check(stage, { cancelAfter: handle => handle.waitFor('Ask') });
    expect(cancelled.jobConclusion).toBe('cancelled');
    expect(cancelled.summary).toMatch(/^## 🚫 Kustomer check canceled/);
  });

  longTest('shows nothing of a record or of the key, debug on', async () => {
    await using stage = await open();
    stage.world.create('notes', 1, {
      updatedAt: Date.now() - HOUR,
      attributes: { body: 'Quenya Hopplestrom' },
    } as object);
    const result = await check(stage, { debug: true });
    expect(texts(result)).not.toMatch(/Quenya|Hopplestrom/);
  });
});

/** What a sync makes before it has published anything, by what is wrong: a check fails with the same. */
const REFUSALS: [ErrorCode, StageOptions, Sync, ((stage: Stage) => unknown)?][] = [
  ['unauthorized', {}, {}, stage => fault(stage, 401)],
  ['invalid-input', {}, { with: { settle: 'x' } }],
  ['output-dir-unusable', {}, { with: { 'output-dir': '/proc/nowhere/out' } }],
  ['public-repository', { github: { visibility: 'public' } }, {}],
  ['host-unreachable', {}, { with: { 'api-url': 'http://127.0.0.1:9' } }],
  ['not-the-api', {}, {}, ({ kustomer }) => kustomer.faults.add({ kind: 'html-200', times: Infinity })],
  ['missing-role', {}, { with: { streams: 'notes, tags' } }, stage => fault(stage, 403, 'notes')],
  ['no-readable-stream', {}, {}, stage => fault(stage, 403)],
  ['role-lost', {}, {}, synced(stage => fault(stage, 403, 'notes'))],
  ['request-refused', {}, {}, stage => fault(stage, 400, 'notes')],
  ['record-format-changed', {}, { with: { 'record-format': 'raw' } }, synced()],
  ['no-state', {}, { with: { 'on-missing-state': 'fail' } }],
  ['no-cache', {}, { nodeArgs: ['--import', 'data:text/javascript,delete process.env.ACTIONS_RESULTS_URL'] }],
  ['cache-not-writable', {}, { job: { cacheMode: 'read' } }],
  [
    'state-not-found',
    { github: { tokens: { ghs_main: { contents: 'read' } } } },
    {},
    synced(({ github }) =>
      github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'status', status: 403 }, { times: Infinity }),
    ),
  ],
  ['state-damaged', {}, {}, synced(stage => poison(stage, () => '{"version":'))],
  [
    'other-organization',
    {},
    { with: { streams: 'customers' } },
    synced(stage => poison(stage, text => text.replace(/("identity": ?")[^"]+/, '$1ffffffffffffffffffffffff'))),
  ],
  [
    'branch-path-taken',
    {},
    { with: { destination: 'branch' } },
    ({ github }) => github.repository.commit('kustomer-data', { 'state.json': '{"serial":3}' }, { orphan: true }),
  ],
  ['branch-unreadable', {}, { with: { destination: 'branch', repository: 'acme/nowhere', 'allow-public': 'true' } }],
];

function fault(stage: Stage, status: number, stream?: 'notes'): void {
  stage.kustomer.faults.add({ kind: 'status', status, times: Infinity, ...(stream && { match: { stream } }) });
}

function synced(then: (stage: Stage) => unknown = () => {}) {
  return async (stage: Stage) => {
    await stage.sync({ with: { streams: 'customers, notes, tags' } });
    await then(stage);
  };
}

describe.concurrent('a check fails as a sync does', () => {
  test.each(few(REFUSALS, 2))('with %s', async (code, options, sync, prepare = () => {}) => {
    await using stage = await open(options);
    await prepare(stage);
    const checked = await check(stage, sync);
    const real = await stage.sync(sync);
    const codes = (result: ActionResult) => [
      ...new Set(result.annotations.filter(({ level }) => level === 'error').flatMap(({ title }) => title ?? [])),
    ];
    expectRed(checked);
    expectError(checked, code);
    expect(codes(checked).sort(), `${checked.log}\n${real.log}`).toEqual(codes(real).sort());
    expect(checked.summary).toMatch(/^## ❌ Kustomer (?:check|sync) failed after \d+ s\n> \[!CAUTION\]\n> /);
  });
});
