// The saved state is lost, forged, out of reach or behind: what the next run does then.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, LONG, longTest } from '../forms.ts';
import { openStage, type Stage, type StageOptions, type Sync } from '../world/stage.ts';
import {
  BRANCH,
  cloned,
  endStage,
  FLAWLESS,
  faults,
  HOUR,
  hold,
  messages,
  nextStage,
  onBranch,
  populate,
  uploaded,
} from './publishing.ts';

let stage: Stage;
const open = async (options?: StageOptions) => {
  stage = await nextStage(stage, options);
};
beforeEach(() => open());
afterEach(() => endStage(stage));

const change = () => stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
const toBranch = (options: Sync = {}) => stage.sync({ ...options, with: { ...onBranch, ...options.with } });

describe('the cache', () => {
  test('evicted: the manifest of the last artifact has the state', async () => {
    await stage.sync();
    change();
    await stage.sync();
    stage.github.evictCaches();
    change();
    const result = await stage.sync();
    expect(result.exitCode, result.log).toBe(0);
    expect(result.log).toMatch(
      /State: generation 2 of [\w :]+ \([\da-z ]+ ago\), from the artifact kustomer-sync of run \d+\./,
    );
    expect(result.outputs['state-generation']).toBe('3');
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest(
    'evicted: the manifest of the last artifact has the state, however many runs have found nothing new since',
    async () => {
      await stage.sync();
      let others = 0;
      for (const runs of [40, 110]) {
        for (; others < runs; others++) stage.github.finishRun(stage.github.job().runId, 'success');
        stage.github.evictCaches();
        const before = stage.github.traffic.log.length;
        expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '2' });
        const asked = stage.github.traffic.log.slice(before).filter(({ server }) => server === 'rest').length;
        expect(asked).toBeLessThan(120);
      }
    },
  );

  test('lost in part: an older entry hides nothing, however many runs have found nothing new since', async () => {
    await stage.sync();
    change();
    await stage.sync();
    for (let others = 0; others < 15; others++) stage.github.finishRun(stage.github.job().runId, 'success');
    expect(stage.github.evictCaches(({ key }) => key.endsWith('/2'))).toHaveLength(1);
    const result = await stage.sync();
    expect(result.outputs, result.log).toMatchObject({ records: '0', 'state-generation': '3' });
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('evicted, and the newest artifact gone: an older one has a state that is better than none', async () => {
    await stage.sync();
    change();
    await stage.sync();
    stage.github.evictCaches();
    const gone = { kind: 'status', status: 410, body: { message: 'Artifact has expired' } } as const;
    stage.github.traffic.fault('actions.downloadArtifact', gone);
    const result = await stage.sync();
    expect(result.outputs.records).toBe('2');
    expect(messages(result)).toEqual([
      expect.stringMatching(/the artifact kustomer-sync of run \d+ \(410: Artifact has expired\)\. Give the job/),
    ]);
  });

  longTest('evicted, and the store of the artifact fails for a moment: the state is there all the same', async () => {
    await stage.sync();
    const moments = [
      { kind: 'status', status: 503 },
      { kind: 'status', status: 403 },
      { kind: 'cut', bytes: 100 },
      { kind: 'reset' },
    ] as const;
    for (const fault of few(moments, 2)) {
      stage.github.evictCaches();
      stage.github.traffic.clearFaults();
      stage.github.traffic.fault('GetBlob', fault);
      const result = await stage.sync();
      expect(result.outputs, result.log).toMatchObject({ records: '0', 'state-generation': '2' });
      expect(messages(result)).toEqual([]);
    }
  });

  const limit = {
    kind: 'status',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.round(Date.now() / 1000) + 9 * 3600) },
    body: { message: 'API rate limit exceeded' },
  } as const;
  longTest('evicted, and GitHub fails to show the other places: an error, not all over again', async () => {
    await stage.sync();
    change();
    for (const [operation, fault] of [
      ['actions.listWorkflowRuns', { kind: 'status', status: 502 }],
      ['actions.listWorkflowRuns', limit],
      ['actions.listWorkflowRunArtifacts', { kind: 'reset' }],
      ['actions.downloadArtifact', { kind: 'status', status: 500 }],
      ['GetBlob', { kind: 'status', status: 503 }],
    ] as const) {
      stage.github.evictCaches();
      stage.github.traffic.fault(operation, fault, { times: Infinity });
      const result = await stage.sync();
      expect(result.exitCode, result.log).toBe(1);
      expect(messages(result, 'error'), operation).toEqual([
        expect.stringMatching(
          /^No saved state was found, and not all places .* artifact.*\. Run again later\. .*`reset-state: true`/,
        ),
      ]);
      const reset = await stage.sync({ with: { 'reset-state': 'true', streams: 'tags', 'state-id': 'new' } });
      expect(reset.exitCode, reset.log).toBe(0);
      stage.github.traffic.clearFaults();
    }
    expect((await stage.sync()).outputs.records).toBe('2');
  });

  longTest('there, and GitHub fails to show the other places: it goes on, and one notice says so', async () => {
    await stage.sync();
    change();
    stage.github.traffic.fault('actions.listWorkflowRuns', { kind: 'status', status: 502 }, { times: Infinity });
    const result = await stage.sync();
    expect(result.outputs, result.log).toMatchObject({ records: '2', 'state-generation': '2' });
    expect(messages(result)).toEqual([
      expect.stringMatching(/the artifacts of earlier runs\. GitHub failed to answer: /),
    ]);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('behind: an older run that was run again has published more than it says', async () => {
    await stage.sync();
    const runId = stage.github.repository.runs.at(-1)?.id ?? 0;
    change();
    await stage.sync();
    change();
    const again = await stage.sync({
      job: { runId },
      kill: handle => handle.waitFor('as artifact kustomer-sync-attempt-2'),
      machineVanishes: true,
    });
    expect(again.signal).toBe('SIGKILL');
    await stage.sync();
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  test('evicted: the data branch has the state', async () => {
    await toBranch();
    stage.github.evictCaches();
    change();
    const result = await toBranch();
    expect(result.log).toContain('from the branch kustomer-data.');
    expect(result.annotations).toEqual([]);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('evicted, and nobody may look elsewhere: a first sync, and one notice says so', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'read' } } } });
    await stage.sync();
    stage.github.evictCaches();
    const result = await stage.sync();
    expect(result.exitCode).toBe(0);
    expect(messages(result)).toEqual([
      expect.stringMatching(
        /the artifacts of earlier runs \(403: [^)]+\), and the list of cache entries.*`actions: read`/,
      ),
    ]);
    expect(faults(stage, await uploaded(stage)).missing).toEqual([]);
  });

  longTest.each(few(['artifact', 'branch']))(
    'poisoned with the state of another organization: an error, nothing is published (%s)',
    async destination => {
      const inputs = { destination };
      await stage.sync({ with: inputs });
      const org = stage.world.options.orgId;
      // The state of somebody else's sync, saved under our name.
      const other = await openStage({ world: { orgId: '5f00000000000000000000aa' } });
      populate(other);
      await other.sync({ root: stage.root, with: inputs });
      await other.sync({ root: stage.root, with: { ...inputs, 'reset-state': 'true' } });
      if (destination === 'branch') {
        const files = await other.github.repository.files(BRANCH);
        await stage.github.repository.commit(BRANCH, { 'state.json': String(files.get('state.json')) });
      } else {
        const theirs = other.github.caches().at(-1);
        const [entry] = stage.github.caches();
        await stage.github.replaceCache(entry?.id ?? 0, await other.github.readCache(theirs?.id ?? 0));
      }
      await other.close();
      change();
      const before = [
        stage.github.artifacts().length,
        await stage.github.repository.head(BRANCH),
        stage.github.caches().length,
      ];
      const result = await stage.sync({ with: inputs });
      expect(result.exitCode, result.log).toBe(1);
      expect(messages(result, 'error')).toEqual([expect.stringMatching(/another Kustomer organization/)]);
      expect(messages(result, 'error')[0]).toContain(org);
      expect([
        stage.github.artifacts().length,
        await stage.github.repository.head(BRANCH),
        stage.github.caches().length,
      ]).toEqual(before);
    },
  );

  longTest(
    'read-only: an artifact is not taken for published, a commit is',
    async () => {
      const readOnly = { job: { readOnlyCache: true } };
      const artifact = await stage.sync(readOnly);
      expect(artifact.exitCode).toBe(1);
      expect(artifact.outputs['state-saved']).toBe('false');
      expect(messages(artifact, 'error')).toEqual([
        expect.stringMatching(
          /^The state could not be saved in the Actions cache, but .* in the artifact kustomer-sync, .*\(`actions: read`\)\. Take them from that artifact, /,
        ),
      ]);
      expect((await stage.sync()).outputs.records).toBe('0');
      await open();
      const branch = await toBranch(readOnly);
      expect(branch.exitCode, branch.log).toBe(0);
      expect(branch.outputs['state-saved']).toBe('true');
      expect((await toBranch()).outputs.records).toBe('0');
      expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    },
    120_000,
  );

  longTest('read-only: files that are left to the next step are not taken for published', async () => {
    const none = await stage.sync({ job: { readOnlyCache: true }, with: { destination: 'none' } });
    expect(messages(none, 'error')).toEqual([
      expect.stringContaining("so the next run will deliver this run's records again. Look at the warnings"),
    ]);
    expect((await stage.sync({ with: { destination: 'none' } })).outputs.records).toBe('37');
  });

  longTest('of mode `none` is not missed where there is a data branch: the branch keeps the state', async () => {
    const result = await toBranch({ job: { cacheMode: 'none' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(messages(result)).toEqual([]);
    expect((await toBranch({ job: { cacheMode: 'none' } })).outputs.records).toBe('0');
  });

  longTest('down: a saved state that cannot be had is an error, before anything is published', async () => {
    await stage.sync();
    change();
    stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'reset' }, { times: 9 });
    const result = await stage.sync();
    expect(result.exitCode).toBe(1);
    expect(messages(result, 'error')).toEqual([expect.stringMatching(/has a saved state .* did not hand it over/)]);
    expect(stage.github.artifacts()).toHaveLength(1);
    stage.github.traffic.clearFaults();
    expect((await stage.sync()).exitCode).toBe(0);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  test('is not asked where there is a data branch, which has the state and nothing else does', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'write' } } } });
    await toBranch();
    change();
    expect((await toBranch()).outputs).toMatchObject({ records: '2', 'state-saved': 'true', 'state-generation': '2' });
    expect((await toBranch()).outputs).toMatchObject({ records: '0', 'state-saved': 'true', 'state-generation': '2' });
    expect(stage.github.caches()).toEqual([]);
    expect(stage.github.traffic.log.filter(({ server }) => server !== 'rest')).toEqual([]);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('saved at the same moment by two runs of different streams: the next one knows of both', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync();
    stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
    stage.world.update('customers', 2, { at: Date.now() - HOUR / 3 });
    const both = Promise.withResolvers<void>();
    let saving = 0;
    stage.github.traffic.onRequest(async ({ operation }) => {
      if (operation !== 'CreateCacheEntry') return;
      if (++saving === 2) both.resolve();
      await both.promise;
    });
    const results = await Promise.all(
      ['conversations', 'customers'].map(streams =>
        stage.sync({ root: `${stage.root}/${streams}`, with: { streams } }),
      ),
    );
    expect(results.map(({ outputs }) => outputs.records)).toEqual(['2', '2']);
    // The cache has taken one of the two under this generation, and the other one has heard of it.
    expect(results.map(({ outputs }) => outputs['state-generation']).sort()).toEqual(['2', '3']);
    expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '4' });
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest.each(
    few([
      ['when asked what is newest', 0],
      ['when asked for it', 1],
    ]),
  )('that others save in, and that does not answer %s: no generation goes backwards', async (_when, skip) => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync();
    change();
    const upload = hold(stage, 'CreateArtifact');
    const slow = stage.sync({ root: `${stage.root}/slow` });
    await upload.reached;
    const others = LONG ? 3 : 1;
    for (let more = 0; more < others; more++) expect((await stage.sync()).exitCode).toBe(0);
    stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'reset' }, { skip });
    upload.go();
    expect((await slow).outputs['state-generation']).toBe(String(others + 2));
    expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': String(others + 3) });
  });

  longTest('that fails only while it is to be ignored does not bring back what it claims', async () => {
    await stage.sync({ with: { destination: 'none' } });
    stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'reset' });
    const result = await stage.sync({ with: { 'reset-state': 'true', streams: 'tags' } });
    expect(result.exitCode, result.log).toBe(0);
    expect((await stage.sync()).outputs.records).toBe('33');
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('that others save in between two tries of a save: the second one has what they know', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync();
    stage.world.update('customers', 2, { at: Date.now() - HOUR / 3 });
    const save = hold(stage, 'CreateCacheEntry');
    const slow = stage.sync({ root: `${stage.root}/slow`, with: { streams: 'customers' } });
    await save.reached;
    change();
    const generations: (string | undefined)[] = [];
    for (const streams of ['conversations', 'tags', 'tags']) {
      generations.push((await stage.sync({ with: { streams } })).outputs['state-generation']);
    }
    const refusal = { kind: 'status', status: 403, body: { code: 'permission_denied', msg: 'no' } } as const;
    stage.github.traffic.fault('CreateCacheEntry', refusal);
    save.go();
    generations.push((await slow).outputs['state-generation']);
    const last = await stage.sync();
    generations.push(last.outputs['state-generation']);
    expect({ generations, records: last.outputs.records }).toEqual({
      generations: ['3', '4', '5', '6', '7'],
      records: '0',
    });
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('that is to be ignored does not come back with a run that has begun before', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync({ with: { destination: 'none' } });
    change();
    const upload = hold(stage, 'CreateArtifact');
    const slow = stage.sync({ root: `${stage.root}/slow`, with: { streams: 'conversations' } });
    await upload.reached;
    const reset = await stage.sync({ with: { 'reset-state': 'true', streams: 'tags' } });
    expect(reset.exitCode, reset.log).toBe(0);
    upload.go();
    expect((await slow).outputs.records).toBe('2');
    expect((await stage.sync()).exitCode).toBe(0);
    expect(faults(stage, await uploaded(stage)).missing).toEqual([]);
    expect((await stage.sync()).outputs.records).toBe('0');
  });

  longTest(
    'that others save in between our look at it and our save: the generation goes on, and nothing comes twice',
    async () => {
      await open({ github: { ignoreCacheVersions: true } });
      await stage.sync();
      stage.world.update('customers', 2, { at: Date.now() - HOUR / 3 });
      const saving = hold(stage, 'CreateCacheEntry');
      const slow = stage.sync({ root: `${stage.root}/slow`, with: { streams: 'customers', destination: 'none' } });
      await saving.reached;
      change();
      const results = [];
      const others = LONG ? ['conversations', 'tags', 'tags'] : ['conversations'];
      for (const streams of others) results.push(await stage.sync({ with: { streams, destination: 'none' } }));
      saving.go();
      results.push(await slow);
      results.push(await stage.sync({ with: { destination: 'none' } }));
      expect(results.map(({ outputs }) => outputs.records)).toEqual(['2', ...others.slice(1).map(() => '0'), '2', '0']);
      const keys = [1, 2, 3, ...others].map((_, n) => `kustomer-sync/default/${n + 1}`);
      expect(stage.github.caches().map(({ key }) => key)).toEqual(keys);
    },
  );

  longTest('that another run saves in just after this one has found none is gone on from', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    let isFirst = true;
    stage.github.traffic.onRequest(async ({ operation }) => {
      if (operation !== 'actions.getActionsCacheList' || !isFirst) return;
      isFirst = false;
      await stage.sync({ root: `${stage.root}/other` });
    });
    const result = await stage.sync();
    expect({ exit: result.exitCode, records: result.outputs.records }, result.log).toEqual({ exit: 0, records: '0' });
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('that others have moved on while a run published never goes back', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync();
    change();
    const upload = hold(stage, 'CreateArtifact');
    const slow = stage.sync({ root: `${stage.root}/slow` });
    await upload.reached;
    for (let n = 0; n < 3; n++) expect((await stage.sync()).outputs['state-generation']).toBe(String(n + 2));
    upload.go();
    expect((await slow).outputs['state-generation']).toBe('5');
    expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '6' });
    expect(faults(stage, await uploaded(stage)).missing).toEqual([]);
  });
});
