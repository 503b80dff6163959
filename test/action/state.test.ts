// The state in the Actions cache: saved under a new key each time, refused when it is not exactly what was saved, and
// never taken for none.
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { few, longDescribe, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, startKustomer } from '../world/kustomer/index.ts';
import { type ActionResult, runJob } from '../world/runner/index.ts';
import { ACTION, openStage, type Stage } from '../world/stage.ts';
import { hold } from './publishing.ts';
import { poison, savedText } from './saved-state.ts';
import {
  annotations,
  expectGreen,
  expectRed,
  expectSound,
  HOUR,
  populate,
  requestsSince,
  texts,
  wrongs,
} from './support.ts';
import { expectError } from './troubles.ts';

// biome-ignore lint/suspicious/noExplicitAny: a saved document, to be damaged anywhere
type Any = any;
const OTHER_ORG = '5f0000000000000000000002';
const SMALL = { streams: 'notes, tags' };

const inDocument = (change: (document: Any) => unknown) => (text: string) => {
  const document = JSON.parse(text);
  change(document);
  return JSON.stringify(document);
};

function expectNothingDone(stage: Stage, result: ActionResult, artifacts: number, caches: number): void {
  expectRed(result);
  expect(annotations(result, 'error')).toHaveLength(1);
  expect(result.outputs).toMatchObject({ complete: 'false', records: '0', 'artifact-id': '', 'state-saved': 'false' });
  expect(stage.github.artifacts().length).toBe(artifacts);
  expect(stage.github.caches().length).toBe(caches);
}

describe('a saved state', () => {
  let stage: Stage;
  let first: ActionResult;
  let good: Buffer;
  beforeAll(async () => {
    stage = await openStage();
    populate(stage);
    first = await stage.sync({ with: SMALL });
    good = await stage.github.readCache(stage.github.caches().at(-1)?.id ?? 0);
  });
  afterAll(() => stage.close());

  const refusals: [string, RegExp, (text: string) => string | null][] = [
    ['is cut off', /is damaged: it is not JSON/, text => text.slice(0, text.length / 2)],
    ['is empty', /is damaged: it is not JSON/, () => ''],
    ['is another document', /is damaged/, () => '{"name":"package"}'],
    ['has lost its streams', /is damaged: it has no streams/, inDocument(it => delete it.streams)],
    [
      'has an interval the wrong way round',
      /is damaged.*notes/,
      inDocument(it => it.streams.notes.synced_ranges[0].reverse()),
    ],
    [
      'is from a newer version',
      /was written by a newer version of this action \(kustomer-sync\/0\.1\.0; state version 1002, known is \d+\)/,
      inDocument(it => Object.assign(it, { version: 1002 })),
    ],
    ['is from a newer version in all', /newer version/, () => '{"version":1007,"shards":[]}'],
    [
      'is of another organization',
      /belongs to another Kustomer organization/,
      inDocument(it => Object.assign(it, { identity: OTHER_ORG })),
    ],
    ['lacks its file', /is damaged/, () => null],
  ];

  test.each(few(refusals, 3))(
    'that %s is refused with one clear error, and nothing is published or saved',
    async (_what, message, change) => {
      await stage.github.replaceCache(stage.github.caches().at(-1)?.id ?? 0, good);
      await poison(stage, change);
      const [artifacts, caches] = [stage.github.artifacts().length, stage.github.caches().length];
      const result = await stage.sync({ with: SMALL });
      expectNothingDone(stage, result, artifacts, caches);
      expect(annotations(result, 'error')[0]).toMatch(message);
      expect(annotations(result, 'error')[0]).toMatch(/reset-state|state-id/);
      if (/is damaged/.test(message.source)) expectError(result, 'state-damaged');
      if (/newer version/.test(message.source)) expectError(result, 'state-too-new');
      if (/another Kustomer/.test(message.source)) expectError(result, 'other-organization');
    },
  );

  longTest('is refused of another organization also when there is nothing to read', async () => {
    await stage.github.replaceCache(stage.github.caches().at(-1)?.id ?? 0, good);
    await poison(
      stage,
      inDocument(it => Object.assign(it, { identity: OTHER_ORG })),
    );
    const [artifacts, caches] = [stage.github.artifacts().length, stage.github.caches().length];
    const result = await stage.sync({ with: { streams: 'notes', lookback: '0s' } });
    expectNothingDone(stage, result, artifacts, caches);
    expect(annotations(result, 'error')[0]).toContain('belongs to another Kustomer organization');
  });

  test('whose archive is damaged is an error, since the list of entries says that it is there', async () => {
    await stage.github.replaceCache(stage.github.caches().at(-1)?.id ?? 0, Buffer.from('not an archive'));
    const [artifacts, caches] = [stage.github.artifacts().length, stage.github.caches().length];
    const result = await stage.sync({ with: SMALL });
    expectNothingDone(stage, result, artifacts, caches);
    expect(annotations(result, 'error')[0]).toMatch(/has a saved state .* and did not hand it over/);
    expectError(result, 'cache-unreadable');
  });

  test('can be left behind with reset-state, which reads everything again and heals it', async () => {
    const result = await stage.sync({ with: { ...SMALL, 'reset-state': 'true' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(await wrongs(stage, [result], ['notes', 'tags'])).toEqual([]);
    const after = await stage.sync({ with: SMALL });
    expectGreen(after);
    expect(after.outputs.records).toBe('0');
  });

  test('holds no text of a record and no token: ids, times, hashes and the names of columns only', async () => {
    const text = await savedText(stage, stage.github.caches().at(-1)?.id ?? 0);
    expect(text).not.toContain(DEFAULT_TOKEN);
    const words: string[] = [];
    const { schemas, ...rest } = JSON.parse(text);
    for (const { format, columns, open, klasses, vanished } of Object.values<Record<string, unknown>>(schemas)) {
      expect([format, open, klasses, vanished]).toEqual(['flat', [], [], []]);
      for (const names of Object.values(columns as Record<string, object>)) {
        for (const [name, kinds] of Object.entries(names)) expect([name, kinds]).toEqual([name, expect.any(Number)]);
        expect(Object.keys(names).filter(name => !/^[a-z][a-z_0-9]*$/.test(name))).toEqual([]);
      }
    }
    const { streams } = JSON.parse(JSON.stringify(rest), (key, value) => {
      words.push(...(/^\d*$/.test(key) ? [] : [key]), ...(typeof value === 'string' ? [value] : []));
      return value;
    });
    const klasses = ['klasses', 'checked_at', 'from', 'skipped'];
    const names = ['synced_ranges', 'cutoff', 'dedup_since', 'dedup_keys', 'seen', ...klasses, ...Object.keys(streams)];
    const envelope = [
      'version',
      'generation',
      'identity',
      'saved_at',
      'run',
      'id',
      'attempt',
      'written_by',
      'kustomer-sync/0.1.0',
      'publish_id',
      'revisions',
      'published',
      'changed_in',
      'epoch',
      'record_format',
      'flat',
      'include_deleted',
      'streams',
    ];
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
    expect(words.length).toBeGreaterThan(0);
    const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
    const plain = new RegExp(`^(?:${time}|${time} [0-9a-f]{24}|${time} [0-9a-z]{1,13}|[0-9a-f]{24}|${uuid}|\\d+)$`);
    expect(words.filter(word => !plain.test(word) && ![...names, ...envelope].includes(word))).toEqual([]);
    expect(first.outputs['state-generation']).toBe('1');
  });
});

describe('saving', () => {
  longTest('makes a new key and a generation one higher each time, and deletes nothing', async () => {
    await using stage = await openStage();
    populate(stage);
    for (let n = 1; n <= 4; n++) {
      const result = await stage.sync({ with: { ...SMALL, ...(n === 3 ? { 'reset-state': 'true' } : {}) } });
      expectGreen(result);
      expect(result.outputs['state-generation']).toBe(String(n));
      expect(stage.github.caches().length).toBe(n);
    }
    expect(new Set(stage.github.caches().map(({ key }) => key)).size).toBe(4);
    const generations = await Promise.all(
      stage.github.caches().map(async ({ id }) => JSON.parse(await savedText(stage, id)).generation),
    );
    expect(generations).toEqual([1, 2, 3, 4]);
  });

  longTest('leaves nothing in the workspace, and takes nothing from it', async () => {
    await using stage = await openStage();
    populate(stage);
    const { paths } = await stage.sync({ with: SMALL });
    expect(execFileSync('find', [paths.workspace, '-mindepth', '1'], { encoding: 'utf8' })).toBe('');
    const inputs = { ...SMALL, 'output-dir': '.kustomer-sync/files', destination: 'none' };
    const result = await stage.sync({ with: inputs, keepWorkspace: true });
    expect(result.exitCode, result.log).toBe(0);
    expect(await readFile(result.outputs.manifest ?? '', 'utf8')).toContain('"version"');
  });

  test('by a second attempt of the same run goes on from the first', async () => {
    await using stage = await openStage();
    populate(stage);
    const first = await stage.sync({ with: SMALL });
    const runId = stage.github.repository.runs.at(-1)?.id ?? 0;
    stage.world.update('notes', 2, { at: Date.now() - 10 * 60_000 });
    const second = await stage.sync({ with: SMALL, job: { runId } });
    expectGreen(second);
    expect(second.outputs).toMatchObject({ records: '2', 'state-generation': '2' });
    expect(stage.github.artifacts().map(({ name }) => name)).toEqual(['kustomer-sync', 'kustomer-sync-attempt-2']);
    expectGreen(first);
  });

  longTest('by two uses of the action in one job makes two keys, and the second goes on from the first', async () => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { ...SMALL, token: DEFAULT_TOKEN, 'api-url': stage.kustomer.url };
    const job = await runJob({
      context: stage.github.job(),
      steps: [
        { uses: ACTION, with: inputs },
        { run: () => void stage.world.update('notes', 2, { at: Date.now() - 10 * 60_000 }) },
        { uses: ACTION, with: { ...inputs, 'artifact-name': 'second' } },
      ],
    });
    expect(job.conclusion, job.log).toBe('success');
    expect(job.steps[2]?.outputs).toMatchObject({ records: '2', 'state-saved': 'true', 'state-generation': '2' });
    expect(new Set(stage.github.caches().map(({ key }) => key)).size).toBe(2);
  });

  test.each(few(['read', 'none', 'write-only'] as const))(
    'where the job says `cache-mode: %s` is refused before anything is read',
    async cacheMode => {
      await using stage = await openStage();
      populate(stage);
      const result = await stage.sync({ with: { streams: 'notes' }, job: { cacheMode } });
      expectRed(result);
      expect(annotations(result, 'error')[0]).toContain(`cache-mode: ${cacheMode}`);
      expectError(result, 'cache-not-writable');
      expect(stage.github.artifacts()).toEqual([]);
    },
  );
});

longDescribe('branches', () => {
  test("a run on another branch starts from the default branch's state and never changes it", async () => {
    await using stage = await openStage();
    populate(stage);
    const main = await stage.sync({ with: SMALL });
    expectGreen(main);
    stage.world.update('notes', 3, { at: Date.now() - 30 * 60_000 });
    const branch = { ref: 'refs/heads/feature', event: 'workflow_dispatch' };
    const there = await stage.sync({ with: SMALL, job: branch });
    expectGreen(there);
    expect(there.outputs).toMatchObject({ records: '3', 'state-generation': '2' });
    // The default branch has published none of the three.
    const back = await stage.sync({ with: SMALL });
    expectGreen(back);
    expect(back.outputs).toMatchObject({ records: '3', 'state-generation': '2' });
    // And the branch goes on from its own.
    const again = await stage.sync({ with: SMALL, job: branch });
    expectGreen(again);
    expect(again.outputs).toMatchObject({ records: '0', 'state-generation': '3' });
  });

  test('the state of a branch is not seen by others', async () => {
    await using stage = await openStage();
    populate(stage);
    expectGreen(await stage.sync({ with: SMALL, job: { ref: 'refs/heads/feature' } }));
    const main = await stage.sync({ with: SMALL });
    expectGreen(main);
    expect(main.outputs['state-generation']).toBe('1');
    expect(await wrongs(stage, [main], ['notes', 'tags'])).toEqual([]);
  });
});

longDescribe('two states', () => {
  test('never meet, not even where the name of one begins with that of the other', async () => {
    await using stage = await openStage();
    populate(stage);
    const ids = ['a', 'a-b', 'a.b', 'ab', 'default'];
    for (const id of ids) {
      const result = await stage.sync({ with: { ...SMALL, 'state-id': id } });
      expectGreen(result);
      expect(result.outputs['state-generation'], id).toBe('1');
    }
    for (const id of ids) {
      const result = await stage.sync({ with: { ...SMALL, 'state-id': id } });
      expect(result.outputs, id).toMatchObject({ records: '0', 'state-generation': '2' });
    }
  });
});

describe('no state', () => {
  longTest('is a first sync', async () => {
    await using stage = await openStage();
    populate(stage);
    const result = await stage.sync({ with: SMALL });
    expectGreen(result);
    expect(result.log).toContain('first sync');
  });

  test('is an error with `on-missing-state: fail`, before anything is published', async () => {
    await using stage = await openStage();
    populate(stage);
    const result = await stage.sync({ with: { ...SMALL, 'on-missing-state': 'fail' } });
    expectNothingDone(stage, result, 0, 0);
    expect(annotations(result, 'error')[0]).toMatch(/no saved state called `default`.*`on-missing-state: full`/);
    expectError(result, 'no-state');
    expectGreen(await stage.sync({ with: SMALL }));
    expectGreen(await stage.sync({ with: { ...SMALL, 'on-missing-state': 'fail' } }));
  });

  longTest.each<[string, string]>(
    few([
      ['does not answer', 'refuse'],
      ['sends half of what it has', 'cut'],
    ]),
  )('is told apart from a cache service that %s', async (_what, how) => {
    await using stage = await openStage();
    populate(stage);
    expectGreen(await stage.sync({ with: SMALL }));
    const [artifacts, caches] = [stage.github.artifacts().length, stage.github.caches().length];
    const { id } = stage.github.caches().at(-1) as { id: number };
    const whole = await stage.github.readCache(id);
    if (how === 'refuse')
      stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'status', status: 403 }, { times: Infinity });
    else await stage.github.replaceCache(id, whole.subarray(0, whole.length / 2));
    const result = await stage.sync({ with: SMALL });
    expectNothingDone(stage, result, artifacts, caches);
    expect(annotations(result, 'error')[0]).toMatch(/has a saved state .* did not hand it over/);
    stage.github.traffic.clearFaults();
    await stage.github.replaceCache(id, whole);
    const after = await stage.sync({ with: SMALL });
    expectGreen(after);
    expect(after.outputs).toMatchObject({ records: '0', 'state-generation': '2' });
  });

  longTest('without the permission `actions: read` is taken for none with a notice that says so', async () => {
    await using stage = await openStage({ github: { tokens: { ghs_less: { contents: 'read' } } } });
    populate(stage);
    const result = await stage.sync({ with: SMALL });
    expectSound(result);
    expect(result.exitCode, result.log).toBe(0);
    expect(annotations(result, 'notice')).toHaveLength(1);
    expect(annotations(result, 'notice')[0]).toContain('`actions: read`');
  });
});

describe('the organization', () => {
  longTest('is what state goes by: a new token and another origin change nothing', async () => {
    const names = ['first-token', 'second-token'];
    await using stage = await openStage({ world: { tokens: Object.fromEntries(names.map(name => [name, {}])) } });
    await using other = await startKustomer(stage.world, { searchLimit: Infinity, orgLimit: Infinity });
    populate(stage);
    const first = await stage.sync({ with: { token: 'first-token' } });
    stage.world.update('messages', 2, { at: Date.now() - HOUR / 2 });
    requestsSince(stage);
    const second = await stage.sync({ with: { token: 'second-token', 'api-url': other.url } });
    expectGreen(second);
    expect(second.outputs).toMatchObject({ records: '2', 'state-generation': '2' });
    expect(requestsSince(stage)).toBe(0);
    expectGreen(first);
    for (const name of names) expect(texts(first) + texts(second)).not.toContain(name);
  });

  test('of another key is refused, whatever it finds, and its records reach nobody; reset-state changes it on purpose', async () => {
    const tokens = { [DEFAULT_TOKEN]: {}, 'key-of-another': { org: OTHER_ORG } };
    await using stage = await openStage({ world: { tokens } });
    populate(stage);
    expectGreen(await stage.sync());
    const result = await stage.sync({ with: { token: 'key-of-another' } });
    expectNothingDone(stage, result, 1, 1);
    expect(annotations(result, 'error')[0]).toMatch(/another Kustomer organization .*`state-id`.*`reset-state: true`/);
    const changed = await stage.sync({ with: { token: 'key-of-another', 'reset-state': 'true' } });
    expectGreen(changed);
    expect(changed.outputs['state-generation']).toBe('2');
    expect(await wrongs(stage, [changed])).toEqual([]);
    expect((await stage.published(changed))?.state.identity).toBe(OTHER_ORG);
  });
});

longTest(
  'a run of another organization that is under way while it is changed does not end those that come later',
  async () => {
    const tokens = { [DEFAULT_TOKEN]: {}, 'key-of-another': { org: OTHER_ORG } };
    await using stage = await openStage({ world: { tokens }, github: { ignoreCacheVersions: true } });
    populate(stage);
    expectGreen(await stage.sync());
    stage.world.update('notes', 2, { at: Date.now() - HOUR / 2 });
    const upload = hold(stage, 'CreateArtifact');
    const slow = stage.sync({ root: `${stage.root}/slow` });
    await upload.reached;
    expectGreen(await stage.sync({ with: { token: 'key-of-another', 'reset-state': 'true' } }));
    upload.go();
    expectRed(await slow);
    for (let n = 0; n < 2; n++) expectGreen(await stage.sync({ with: { token: 'key-of-another' } }));
  },
);

test('an entry put there by somebody else under a name of ours is refused', async () => {
  await using stage = await openStage();
  populate(stage);
  expectGreen(await stage.sync({ with: SMALL }));
  const { version } = stage.github.caches()[0] as { version: string };
  await stage.github.putCache(`kustomer-sync/default/x-${randomUUID()}`, version, 'refs/heads/main', Buffer.from('x'));
  const result = await stage.sync({ with: SMALL });
  expectNothingDone(stage, result, 1, 2);
});
