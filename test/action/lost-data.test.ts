// Artifacts or the data branch are lost, refused, damaged or rewritten: what the next run does then.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { runJob } from '../world/runner/index.ts';
import { ACTION, type Stage, type StageOptions, type Sync } from '../world/stage.ts';
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
  stateOnBranch,
  uploaded,
} from './publishing.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
const open = async (options?: StageOptions) => {
  stage = await nextStage(stage, options);
};
beforeEach(() => open());
afterEach(() => endStage(stage));

const change = () => stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
const toBranch = (options: Sync = {}) => stage.sync({ ...options, with: { ...onBranch, ...options.with } });

describe('artifacts', () => {
  longTest('expired: the cache goes on, and without it everything is read again', async () => {
    await stage.sync();
    stage.github.expireArtifacts();
    expect((await stage.sync()).outputs.records).toBe('0');
    stage.github.evictCaches();
    const result = await stage.sync();
    expect(result.exitCode, result.log).toBe(0);
    expect(result.log).toContain('State: none yet');
    expect(result.outputs.records).toBe('37');
  });

  longTest('of a feature branch change nothing of what the default branch reads next', async () => {
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

  longTest('of another sync in the same workflow are not taken for ours', async () => {
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
    expectError(result, 'no-artifacts-on-ghes');
  }, 120_000);

  test('survive an answer that is lost', async () => {
    const answers = [
      ['FinalizeArtifact', { kind: 'lost' }, '37'],
      ['CreateArtifact', { kind: 'lost' }, '2'],
      ['CreateArtifact', { kind: 'lost', status: 502 }, '2'],
      ['FinalizeArtifact', { kind: 'lost', status: 502 }, '2'],
    ] as const;
    for (const [operation, fault, records] of few(answers)) {
      stage.github.traffic.fault(operation, fault);
      const result = await stage.sync();
      expect({ exit: result.exitCode, records: result.outputs.records }, result.log).toEqual({ exit: 0, records });
      expect(result.outputs['artifact-digest']).toMatch(/^[0-9a-f]{64}$/);
      expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
      expect((await stage.published(result))?.manifest.files.length).toBeGreaterThan(0);
      change();
    }
    expect((await stage.sync()).outputs.records).toBe('2');
  });

  longTest('of two steps under one name are both there, also where nobody may look into the first', async () => {
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

  longTest('are uploaded once where the answer to the last request is lost and nobody may look into them', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'read' } } } });
    stage.github.traffic.fault('FinalizeArtifact', { kind: 'lost' });
    expect((await stage.sync()).exitCode).toBe(0);
    expect(stage.github.artifacts()).toHaveLength(1);
  });

  longTest(
    'that may be there or not are not uploaded again under another name, and the next run finds out',
    async () => {
      const refused = { kind: 'status', status: 400, body: { code: 'internal', msg: 'no' } } as const;
      stage.github.traffic.fault('FinalizeArtifact', { kind: 'lost', status: 400 }, { times: Infinity });
      stage.github.traffic.fault('ListArtifacts', refused, { times: Infinity });
      const result = await stage.sync();
      expect(messages(result, 'error')).toEqual([expect.stringMatching(/did not say whether it has it\. Run again, /)]);
      expectError(result, 'artifact-unconfirmed');
      expect(result.outputs['state-saved']).toBe('false');
      stage.github.traffic.clearFaults();
      expect((await stage.sync()).outputs.records).toBe('0');
      expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
    },
  );

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

  test.each(
    few([
      ['is removed', {}],
      [
        'cannot be removed, so what it says of itself is not believed',
        { DeleteArtifact: { kind: 'status', status: 403 } },
      ],
      ['is not taken for whole where its answer was lost', { FinalizeArtifact: { kind: 'lost', status: 400 } }],
    ] as const),
  )('one that lacks a part is an error, and %s: the next run delivers all', async (_what, given) => {
    for (const [operation, fault] of Object.entries(given)) stage.github.traffic.fault(operation, fault);
    loseTags();
    const result = await stage.sync();
    expect(result.exitCode, result.log).toBe(1);
    expect(messages(result, 'error')).toEqual([
      expect.stringMatching(/^The file tags\/tags-00001\.ndjson was changed or removed/),
    ]);
    expectError(result, 'part-changed');
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

  longTest('deleted and reset: what it lacks does not come back with a run that has begun before', async () => {
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

  longTest('reset keeps the epoch of a stream, which a full refresh raises', async () => {
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

  longTest('rewritten by force to what it was before: what it has lost is published again', async () => {
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

  longTest('rewritten by force as one commit, as when it is compacted: nobody notices', async () => {
    await toBranch();
    const files = Object.fromEntries(await stage.github.repository.files(BRANCH));
    await stage.github.repository.commit(BRANCH, files, { orphan: true });
    change();
    const result = await toBranch();
    expect({ exit: result.exitCode, annotations: result.annotations }).toEqual({ exit: 0, annotations: [] });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest.each(
    few([
      ['damaged', 'not a state'],
      ['of a newer version', '{"version":99,"generation":7,"streams":{}}'],
    ]),
  )('with a state that is %s: an error, which reset-state heals', async (_what, text) => {
    await toBranch();
    await stage.github.repository.commit(BRANCH, { 'state.json': text });
    const refused = await toBranch();
    expect(messages(refused, 'error')).toEqual([expect.stringMatching(/branch kustomer-data.*`reset-state: true`/)]);
    const healed = await toBranch({ with: { 'reset-state': 'true' } });
    expect(healed.outputs, healed.log).toMatchObject({ records: '37', 'state-saved': 'true' });
    expect((await toBranch()).outputs).toMatchObject({ records: '0', complete: 'true' });
    expect(faults(stage, await cloned(stage)).missing).toEqual([]);
  });

  longTest('moves its state for whoever commits to it, from whichever branch', async () => {
    await toBranch();
    change();
    await toBranch({ job: { ref: 'refs/heads/feature' } });
    expect((await toBranch()).outputs.records).toBe('0');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});
