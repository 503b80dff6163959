// The state is lost, forged, out of reach or behind: what the next run does then. And stop, cancel and the three-step
// workflow, where what main has not done is done by the post step, or by the next run.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { runJob } from '../world/runner/index.ts';
import { ACTION, type Line, openStage, type Stage, type StageOptions, type Sync } from '../world/stage.ts';
import {
  BRANCH,
  cloned,
  FLAWLESS,
  faults,
  HOUR,
  hold,
  messages,
  onBranch,
  populate,
  stateOnBranch,
  uploaded,
} from './publishing.ts';
import { requested } from './support.ts';

let stage: Stage;
async function open(options?: StageOptions): Promise<void> {
  await stage?.close();
  stage = await openStage(options);
  populate(stage);
}
beforeEach(() => open());
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

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
      /State: generation 2 of \S+ \([\da-z ]+ ago\), from the artifact kustomer-sync of run \d+\./,
    );
    expect(result.outputs['state-generation']).toBe('3');
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  test.each([40, 110])(
    'evicted: the manifest of the last artifact has the state, however many runs have found nothing new since (%i)',
    async runs => {
      await stage.sync();
      for (let n = 0; n < runs; n++) stage.github.finishRun(stage.github.job().runId, 'success');
      stage.github.evictCaches();
      const before = stage.github.traffic.log.length;
      expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '2' });
      const asked = stage.github.traffic.log.slice(before).filter(({ server }) => server === 'rest').length;
      expect(asked).toBeLessThan(120);
    },
  );

  test('evicted, and the newest artifact gone: an older one has a state that is better than none', async () => {
    await stage.sync();
    change();
    await stage.sync();
    stage.github.evictCaches();
    const gone = { kind: 'status', status: 410, body: { message: 'Artifact has expired' } } as const;
    stage.github.traffic.fault('actions.downloadArtifact', gone);
    const result = await stage.sync();
    expect(result.outputs.records).toBe('2');
    expect(messages(result)).toEqual([expect.stringMatching(/the artifact kustomer-sync of run \d+\. Give the job/)]);
  });

  test.each([
    { kind: 'status', status: 503 },
    { kind: 'status', status: 403 },
    { kind: 'reset' },
    { kind: 'cut', bytes: 100 },
  ] as const)(
    'evicted, and the store of the artifact fails for a moment: the state is there all the same (%j)',
    async fault => {
      await stage.sync();
      stage.github.evictCaches();
      stage.github.traffic.fault('GetBlob', fault);
      const result = await stage.sync();
      expect(result.outputs, result.log).toMatchObject({ records: '0', 'state-generation': '2' });
      expect(messages(result)).toEqual([]);
    },
  );

  const limit = {
    kind: 'status',
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.round(Date.now() / 1000) + 9 * 3600) },
    body: { message: 'API rate limit exceeded' },
  } as const;
  test.each([
    ['actions.listWorkflowRuns', { kind: 'status', status: 502 }],
    ['actions.listWorkflowRuns', limit],
    ['actions.listWorkflowRunArtifacts', { kind: 'reset' }],
    ['actions.downloadArtifact', { kind: 'status', status: 500 }],
    ['GetBlob', { kind: 'status', status: 503 }],
  ] as const)(
    'evicted, and GitHub fails to show the other places: an error, not all over again (%s)',
    async (operation, fault) => {
      await stage.sync();
      stage.github.evictCaches();
      change();
      stage.github.traffic.fault(operation, fault, { times: Infinity });
      const result = await stage.sync();
      expect(result.exitCode, result.log).toBe(1);
      expect(messages(result, 'error')).toEqual([
        expect.stringMatching(
          /^No saved state was found, and not all places .* artifact.*\. Run again later\. .*`reset-state: true`/,
        ),
      ]);
      expect((await stage.sync({ with: { 'reset-state': 'true', streams: 'tags', 'state-id': 'new' } })).exitCode).toBe(
        0,
      );
      stage.github.traffic.clearFaults();
      expect((await stage.sync()).outputs.records).toBe('2');
    },
  );

  test('there, and GitHub fails to show the other places: it goes on, and one notice says so', async () => {
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

  test('behind: an older run that was run again has published more than it says', async () => {
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

  test('evicted, and nobody may look elsewhere: a first sync, and one notice says so', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'read' } } } });
    await stage.sync();
    stage.github.evictCaches();
    const result = await stage.sync();
    expect(result.exitCode).toBe(0);
    expect(messages(result)).toEqual([
      expect.stringMatching(/the artifacts of earlier runs, and the list of cache entries.*`actions: read`/),
    ]);
    expect(faults(stage, await uploaded(stage)).missing).toEqual([]);
  });

  test.each(['artifact', 'branch'])(
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

  test('read-only: an artifact is not taken for published, a commit is', async () => {
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
    const none = await stage.sync({ ...readOnly, with: { destination: 'none' } });
    expect(messages(none, 'error')).toEqual([
      expect.stringContaining("so the next run will deliver this run's records again. Look at the warnings"),
    ]);
    expect((await stage.sync({ with: { destination: 'none' } })).outputs.records).toBe('37');
    await open();
    const branch = await toBranch(readOnly);
    expect(branch.exitCode, branch.log).toBe(0);
    expect(branch.outputs['state-saved']).toBe('true');
    expect((await toBranch()).outputs.records).toBe('0');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  }, 120_000);

  test('of mode `none` is not missed where there is a data branch: the branch keeps the state', async () => {
    const result = await toBranch({ job: { cacheMode: 'none' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(messages(result)).toEqual([]);
    expect((await toBranch({ job: { cacheMode: 'none' } })).outputs.records).toBe('0');
  });

  test('down: a saved state that cannot be had is an error, before anything is published', async () => {
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

  test('saved at the same moment by two runs of different streams: the next one knows of both', async () => {
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

  test.each([
    ['when asked what is newest', 0],
    ['when asked for it', 1],
  ])('that others save in, and that does not answer %s: no generation goes backwards', async (_when, skip) => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync();
    change();
    const upload = hold(stage, 'CreateArtifact');
    const slow = stage.sync({ root: `${stage.root}/slow` });
    await upload.reached;
    for (let more = 0; more < 3; more++) expect((await stage.sync()).exitCode).toBe(0);
    stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'reset' }, { skip });
    upload.go();
    expect((await slow).outputs['state-generation']).toBe('5');
    expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '6' });
  });

  test('that fails only while it is to be ignored does not bring back what it claims', async () => {
    await stage.sync({ with: { destination: 'none' } });
    stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'reset' });
    const result = await stage.sync({ with: { 'reset-state': 'true', streams: 'tags' } });
    expect(result.exitCode, result.log).toBe(0);
    expect((await stage.sync()).outputs.records).toBe('33');
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  test('that others save in between two tries of a save: the second one has what they know', async () => {
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

  test('that is to be ignored does not come back with a run that has begun before', async () => {
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

  test('that others save in between our look at it and our save: the generation goes on, and nothing comes twice', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    await stage.sync();
    stage.world.update('customers', 2, { at: Date.now() - HOUR / 3 });
    const saving = hold(stage, 'CreateCacheEntry');
    const slow = stage.sync({ root: `${stage.root}/slow`, with: { streams: 'customers', destination: 'none' } });
    await saving.reached;
    change();
    const results = [];
    for (const streams of ['conversations', 'tags', 'tags'])
      results.push(await stage.sync({ with: { streams, destination: 'none' } }));
    saving.go();
    results.push(await slow);
    results.push(await stage.sync({ with: { destination: 'none' } }));
    expect(results.map(({ outputs }) => outputs.records)).toEqual(['2', '0', '0', '2', '0']);
    const keys = [1, 2, 3, 4, 5, 6].map(generation => `kustomer-sync/default/${generation}`);
    expect(stage.github.caches().map(({ key }) => key)).toEqual(keys);
  });

  test('that another run saves in just after this one has found none is gone on from', async () => {
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

  test('that others have moved on while a run published never goes back', async () => {
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

describe('artifacts', () => {
  test('expired: the cache goes on, and without it everything is read again', async () => {
    await stage.sync();
    stage.github.expireArtifacts();
    expect((await stage.sync()).outputs.records).toBe('0');
    stage.github.evictCaches();
    const result = await stage.sync();
    expect(result.exitCode, result.log).toBe(0);
    expect(result.log).toContain('State: none yet');
    expect(result.outputs.records).toBe('37');
  });

  test('of a feature branch change nothing of what the default branch reads next', async () => {
    await stage.sync();
    change();
    const feature = await stage.sync({ job: { ref: 'refs/heads/feature' } });
    expect(feature.outputs).toMatchObject({ records: '2', 'state-generation': '2' });
    for (const caches of ['kept', 'evicted']) {
      if (caches === 'evicted') stage.github.evictCaches();
      const result = await stage.sync();
      expect(result.log).toContain(`State: generation ${caches === 'kept' ? 1 : 2} of`);
      expect(result.outputs.records).toBe(caches === 'kept' ? '2' : '0');
    }
  });

  test('of a tag that is called like the branch say nothing of the branch', async () => {
    await stage.sync();
    change();
    await stage.sync({ job: { ref: 'refs/tags/main' } });
    stage.github.evictCaches();
    const result = await stage.sync();
    expect(result.outputs, result.log).toMatchObject({ records: '2', 'state-generation': '2' });
  });

  test('of another sync in the same workflow are not taken for ours', async () => {
    await stage.sync({ with: { 'state-id': 'other', streams: 'tags' } });
    expect((await stage.sync()).outputs.records).toBe('37');
  });

  test('are refused on a GitHub Enterprise Server, which one sentence says, with what to use instead', async () => {
    const result = await stage.sync({
      job: { serverUrl: 'https://github.acme.example' },
      env: { ACTIONS_CACHE_URL: stage.github.resultsUrl },
    });
    expect(result.exitCode).toBe(1);
    expect(messages(result, 'error').join('\n')).toMatch(
      /A GitHub Enterprise Server does not take artifacts of this kind\. Use `destination: branch`, or `destination: none`/,
    );
  }, 120_000);

  test.each([
    ['CreateArtifact', { kind: 'lost' }],
    ['CreateArtifact', { kind: 'lost', status: 502 }],
    ['FinalizeArtifact', { kind: 'lost' }],
    ['FinalizeArtifact', { kind: 'lost', status: 502 }],
  ] as const)('survive %s with %j', async (operation, fault) => {
    stage.github.traffic.fault(operation, fault);
    const result = await stage.sync();
    expect(result.exitCode, result.log).toBe(0);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
    expect((await stage.published(result))?.manifest.files.length).toBeGreaterThan(0);
    expect((await stage.sync()).outputs.records).toBe('0');
  });

  test('of two steps under one name are both there, also where nobody may look into the first', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'read' } } } });
    const inputs = { token: DEFAULT_TOKEN, 'api-url': stage.kustomer.url };
    const job = await runJob({
      context: stage.github.job(),
      root: stage.root,
      steps: ['users,tags,customers', 'conversations,messages'].map((streams, n) => ({
        uses: ACTION,
        with: { ...inputs, streams, 'state-id': `half-${n}` },
      })),
    });
    expect(job.conclusion, job.log).toBe('success');
    expect(stage.github.artifacts()).toHaveLength(2);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  test('are uploaded once where the answer to the last request is lost and nobody may look into them', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'read' } } } });
    stage.github.traffic.fault('FinalizeArtifact', { kind: 'lost' });
    expect((await stage.sync()).exitCode).toBe(0);
    expect(stage.github.artifacts()).toHaveLength(1);
  });

  test('that may be there or not are not uploaded again under another name, and the next run finds out', async () => {
    const refused = { kind: 'status', status: 400, body: { code: 'internal', msg: 'no' } } as const;
    stage.github.traffic.fault('FinalizeArtifact', { kind: 'lost', status: 400 }, { times: Infinity });
    stage.github.traffic.fault('ListArtifacts', refused, { times: Infinity });
    const result = await stage.sync();
    expect(messages(result, 'error')).toEqual([expect.stringMatching(/did not say whether it has it\. Run again, /)]);
    expect(result.outputs['state-saved']).toBe('false');
    stage.github.traffic.clearFaults();
    expect((await stage.sync()).outputs.records).toBe('0');
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  /** Removes what there is of the tags once they are looked through, and before they are in the zip. */
  function loseTags(): void {
    let isFirst = true;
    stage.github.traffic.onRequest(async ({ operation }) => {
      if (operation !== 'CreateArtifact' || !isFirst) return;
      isFirst = false;
      const temp = join(stage.root, 'work/_temp');
      const [dir = ''] = (await readdir(temp)).filter(name => /^kustomer-sync-\w{6}$/.test(name));
      await rm(join(temp, dir, 'tags'), { recursive: true });
    });
  }

  test.each([
    ['is removed', {}],
    [
      'cannot be removed, so what it says of itself is not believed',
      { DeleteArtifact: { kind: 'status', status: 403 } },
    ],
    ['is not taken for whole where its answer was lost', { FinalizeArtifact: { kind: 'lost', status: 400 } }],
  ] as const)('one that lacks a part is an error, and %s: the next run delivers all', async (_what, given) => {
    for (const [operation, fault] of Object.entries(given)) stage.github.traffic.fault(operation, fault);
    loseTags();
    const result = await stage.sync();
    expect(result.exitCode, result.log).toBe(1);
    expect(messages(result, 'error')).toEqual([
      expect.stringMatching(/^The file tags\/tags-00001\.ndjson was changed or removed/),
    ]);
    expect(result.outputs['state-saved']).toBe('false');
    const left = stage.github.artifacts().length;
    expect(left).toBe('DeleteArtifact' in given || 'FinalizeArtifact' in given ? 1 : 0);
    const next = await stage.sync();
    expect({ exit: next.exitCode, records: next.outputs.records }, next.log).toEqual({ exit: 0, records: '37' });
  });
});

describe('the data branch', () => {
  test('deleted: everything is published again, since the state has gone with it', async () => {
    await toBranch();
    change();
    await stage.github.repository.deleteBranch(BRANCH);
    const result = await toBranch();
    expect(result.exitCode, result.log).toBe(0);
    expect(result.outputs).toMatchObject({ records: '37', 'state-generation': '1' });
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(1);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  test('deleted and reset: what it lacks does not come back with a run that has begun before', async () => {
    await open({ github: { ignoreCacheVersions: true } });
    await toBranch();
    await stage.github.repository.deleteBranch(BRANCH);
    change();
    const blob = hold(stage, 'git.createBlob');
    const slow = toBranch({ root: `${stage.root}/slow`, with: { streams: 'conversations' } });
    await blob.reached;
    const reset = await toBranch({ with: { 'reset-state': 'true', streams: 'tags' } });
    expect(reset.exitCode, reset.log).toBe(0);
    blob.go();
    expect((await slow).exitCode).toBe(0);
    expect((await toBranch()).exitCode).toBe(0);
    expect(faults(stage, await cloned(stage)).missing).toEqual([]);
    expect((await toBranch()).outputs.records).toBe('0');
  });

  test('reset keeps the epoch of a stream, which a full refresh raises', async () => {
    const epochs = async () => {
      const { revisions } = (await stateOnBranch(stage)) as unknown as { revisions: Record<string, { epoch: number }> };
      return [revisions.conversations?.epoch, revisions.tags?.epoch];
    };
    const refresh = { streams: 'conversations:full_refresh,tags' };
    await toBranch();
    expect(await epochs()).toEqual([0, 0]);
    await toBranch({ with: refresh });
    expect(await epochs()).toEqual([1, 0]);
    const reset = await toBranch({ with: { 'reset-state': 'true', ...refresh } });
    expect(reset.exitCode, reset.log).toBe(0);
    expect(await epochs()).toEqual([2, 0]);
  });

  test('rewritten by force to what it was before: what it has lost is published again', async () => {
    await toBranch();
    const old = (await stage.github.repository.head(BRANCH)) ?? '';
    change();
    await toBranch();
    await stage.github.repository.forceBranch(BRANCH, old);
    const result = await toBranch();
    expect(result.exitCode, result.log).toBe(0);
    expect(result.outputs.records).toBe('2');
    expect((await stateOnBranch(stage)).generation).toBe(2);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  test('rewritten by force as one commit, as when it is compacted: nobody notices', async () => {
    await toBranch();
    const files = Object.fromEntries(await stage.github.repository.files(BRANCH));
    await stage.github.repository.commit(BRANCH, files, { orphan: true });
    change();
    const result = await toBranch();
    expect({ exit: result.exitCode, annotations: result.annotations }).toEqual({ exit: 0, annotations: [] });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  test.each([
    ['damaged', 'not a state'],
    ['of a newer version', '{"version":99,"generation":7,"streams":{}}'],
  ])('with a state that is %s: an error, which reset-state heals', async (_what, text) => {
    await toBranch();
    await stage.github.repository.commit(BRANCH, { 'state.json': text });
    const refused = await toBranch();
    expect(messages(refused, 'error')).toEqual([expect.stringMatching(/branch kustomer-data.*`reset-state: true`/)]);
    const healed = await toBranch({ with: { 'reset-state': 'true' } });
    expect(healed.outputs, healed.log).toMatchObject({ records: '37', 'state-saved': 'true' });
    expect((await toBranch()).outputs).toMatchObject({ records: '0', complete: 'true' });
    expect(faults(stage, await cloned(stage)).missing).toEqual([]);
  });

  test('moves its state for whoever commits to it, from whichever branch', async () => {
    await toBranch();
    change();
    await toBranch({ job: { ref: 'refs/heads/feature' } });
    expect((await toBranch()).outputs.records).toBe('0');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});

describe('a cancel', () => {
  test.each([0, 1, 2, 3, 4, 5])('at a random moment loses nothing and doubles nothing (%i)', async n => {
    const destination = n % 2 === 0 ? 'artifact' : 'branch';
    const inputs = { destination };
    const started = Date.now();
    let cancelledAt = Number.NaN;
    const result = await stage.sync({
      with: inputs,
      cancelAfter: async () => {
        await requested(stage, 3 + 8 * n);
        cancelledAt = Date.now();
      },
    });
    expect(result.ms - (cancelledAt - started)).toBeLessThan(7_000);
    expect(result.signals).not.toContain('SIGKILL');
    expect(result.conclusion).toBe('cancelled');
    change();
    expect((await stage.sync({ with: inputs })).exitCode).toBe(0);
    expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage)))).toEqual(FLAWLESS);
  });

  test.each(['artifact', 'branch'])(
    'while GitHub is too slow for main leaves the rest to the post step (%s)',
    async destination => {
      const operation = destination === 'artifact' ? 'CreateArtifact' : 'git.createBlob';
      stage.github.traffic.fault(operation, { kind: 'hang' });
      let publishing = () => {};
      const moment = new Promise<void>(resolve => {
        publishing = resolve;
      });
      stage.github.traffic.onRequest(exchange => {
        if (exchange.operation === operation) publishing();
      });
      const result = await stage.sync({ with: { destination }, cancelAfter: moment });
      expect(result.ms).toBeLessThan(9_000);
      expect(result.signals).not.toContain('SIGKILL');
      expect(result.outputs['state-saved']).toBe('false');
      expect(result.log).toContain('state is saved by the post step');
      expect(result.post?.conclusion, result.post?.log).toBe('success');
      expect(result.post?.log).toContain('Publishing what the main step had read');
      expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage)))).toEqual(FLAWLESS);
      expect((await stage.sync({ with: { destination } })).outputs.records).toBe('0');
    },
  );
});

describe('a workflow of three steps', () => {
  const loaded: Line[] = [];
  let attempt = 0;
  async function job() {
    return runJob({
      context: stage.github.job(),
      root: stage.root,
      steps: [
        {
          id: 'sync',
          uses: ACTION,
          with: {
            token: DEFAULT_TOKEN,
            'api-url': stage.kustomer.url,
            'search-requests-per-minute': '100000',
            'requests-per-minute': '100000',
            destination: 'none',
          },
        },
        {
          run: async ({ steps }) => {
            if (++attempt === 1) throw new Error('the warehouse is closed');
            const manifest = JSON.parse(await readFile(String(steps.sync?.outputs.manifest), 'utf8'));
            for (const { path } of manifest.files) {
              const text = await readFile(join(String(steps.sync?.outputs['output-dir']), path), 'utf8');
              loaded.push(
                ...text
                  .trimEnd()
                  .split('\n')
                  .map(line => JSON.parse(line) as Line),
              );
            }
          },
        },
        { run: () => {} },
      ],
    });
  }

  test('has loaded every record after the run whose load works, and none twice', async () => {
    attempt = 0;
    const closed = await job();
    expect(closed.conclusion).toBe('failure');
    expect(stage.github.caches()).toEqual([]);
    expect(closed.steps[0]?.post?.annotations.map(({ message }) => message)).toEqual([
      expect.stringContaining('the next run delivers the same records again'),
    ]);
    expect((await job()).conclusion).toBe('success');
    change();
    expect((await job()).conclusion).toBe('success');
    const byStream = new Map<string, Line[]>();
    const streamOf = (type: string) => `${type.split('.')[0]}s`;
    for (const line of loaded) byStream.set(streamOf(line.type), [...(byStream.get(streamOf(line.type)) ?? []), line]);
    expect(faults(stage, byStream as never)).toEqual(FLAWLESS);
    expect(loaded).toHaveLength(39);
  });
});
