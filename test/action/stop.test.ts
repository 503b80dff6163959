// A run that is stopped, by its budget of time or by somebody: what it had read is published and not read again.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { longTest } from '../forms.ts';
import { DEFAULT_TOKEN, STREAMS } from '../world/kustomer/index.ts';
import { runJob } from '../world/runner/index.ts';
import { ACTION, openStage, type Stage } from '../world/stage.ts';
import { FLAWLESS, faults, uploaded } from './publishing.ts';
import {
  all,
  annotations,
  DAY,
  expectGreen,
  expectSound,
  HOUR,
  OUTPUTS,
  outcomes,
  populate,
  ration,
  streamsOf,
  wrongs,
} from './support.ts';
import { expectAnnotation } from './troubles.ts';

const MESSAGES = 8_000;

/** A company whose messages take a while, until something has happened. */
async function open(latencyMs: number): Promise<Stage & { hurry(): void }> {
  const slow = { ms: latencyMs };
  const stage = await openStage({ server: { latencyMs: ({ stream }) => (stream === 'messages' ? slow.ms : 0) } });
  populate(stage);
  const now = Date.now();
  stage.world.populate({ messages: MESSAGES }, { from: now - 60 * DAY, to: now - HOUR, tieFraction: 0.2 });
  return Object.assign(stage, {
    hurry() {
      slow.ms = 0;
    },
  });
}

/** Resolves when so many requests for messages have come. */
function messageRequests(stage: Stage, n: number): Promise<void> {
  return new Promise(done => {
    let seen = 0;
    const end = stage.kustomer.onRequest(({ stream }) => {
      if (stream !== 'messages' || ++seen !== n) return;
      end();
      done();
    });
  });
}

describe('a time budget', () => {
  test('that is used up ends the run cleanly: published, saved, green, and said to be partial', async () => {
    await using stage = await open(400);
    const first = await stage.sync({ with: { 'time-budget': '3s', concurrency: '2' } });
    expectSound(first);
    expect([first.exitCode, first.jobConclusion]).toEqual([0, 'success']);
    expect(annotations(first, 'error')).toEqual([]);
    // On a machine that is slow the others may not be through either.
    expect(outcomes(first).messages).toBe('partial');
    expect(Object.values(outcomes(first)).filter(each => each !== 'complete' && each !== 'partial')).toEqual([]);
    expect(first.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true', 'state-generation': '1' });
    expect(first.summary).toContain('The time budget was used up');
    const read = streamsOf(first).find(({ name }) => name === 'messages')?.records ?? 0;
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(MESSAGES);
    stage.hurry();
    const second = await stage.sync();
    expectGreen(second);
    expect(await wrongs(stage, [first, second])).toEqual([]);
    expect((await stage.sync()).outputs.records).toBe('0');
  });

  longTest('that is over before the first answer reads nothing, and loses nothing', async () => {
    await using stage = await openStage();
    populate(stage);
    ration(stage, 0);
    const first = await stage.sync({ with: { 'time-budget': '1s' } });
    stage.kustomer.faults.clear();
    expectSound(first);
    expect(first.exitCode).toBe(0);
    expect(first.outputs.complete).toBe('false');
    const second = await stage.sync();
    expectGreen(second);
    expect(await wrongs(stage, [first, second])).toEqual([]);
  });

  longTest('that ends while waiting for the rate ends the wait', async () => {
    await using stage = await openStage();
    populate(stage);
    stage.kustomer.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '60' },
      match: { stream: 'notes' },
    });
    const first = await stage.sync({ with: { 'time-budget': '2s' } });
    expect(first.exitCode, first.log).toBe(0);
    expect(first.ms).toBeLessThan(8_000);
    expect(outcomes(first).notes).toBe('partial');
    const second = await stage.sync();
    expectGreen(second);
    expect(await wrongs(stage, [first, second])).toEqual([]);
  });
});

describe('a cancelled job', () => {
  test('keeps what it had read: main ends within seconds, and the post step publishes the files and saves the state', async () => {
    await using stage = await open(300);
    let cancelled = Number.NaN;
    const first = await stage.sync({
      with: { concurrency: '2' },
      cancelAfter: async () => {
        await messageRequests(stage, 8);
        cancelled = Date.now();
      },
    });
    expect(Date.now() - cancelled).toBeLessThan(7_000);
    expectSound({
      ...first,
      annotations: first.annotations.filter(({ message }) => message !== 'The operation was canceled.'),
    });
    expect(first.signals).toEqual(['SIGINT']);
    expect([first.exitCode, first.jobConclusion]).toEqual([1, 'cancelled']);
    expect(outcomes(first)).toEqual(all('complete', { messages: 'partial' }));
    expect(first.outputs).toMatchObject({ complete: 'false', 'state-saved': 'false', records: '0' });
    expect(first.summary).toContain('The run was canceled');
    expect(first.summary).toContain('published by the post step');
    expect(first.post?.log).toContain('State generation 1 saved.');
    expect((await uploaded(stage)).get('messages')?.length).toBeGreaterThan(0);
    stage.hurry();
    expectGreen(await stage.sync());
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('before anything was read has nothing to keep, and says so', async () => {
    await using stage = await openStage({ server: { latencyMs: 5_000 } });
    populate(stage);
    const first = await stage.sync({
      cancelAfter: () => new Promise<void>(done => void stage.kustomer.onRequest(() => done())),
    });
    expect(first.signals).toEqual(['SIGINT']);
    expect([first.exitCode, first.jobConclusion]).toEqual([1, 'cancelled']);
    expect(first.outputs).toMatchObject({ records: '0', complete: 'false', 'artifact-id': '', 'state-saved': 'false' });
    expect(Object.keys(first.outputs).sort()).toEqual(OUTPUTS);
  });

  longTest('while a request hangs does not wait for it', async () => {
    await using stage = await openStage();
    populate(stage);
    stage.kustomer.faults.add({ kind: 'hang', times: Infinity, match: { stream: 'notes' } });
    const hanging = new Promise<void>(done => {
      stage.kustomer.onRequest(({ stream }) => {
        if (stream === 'notes') done();
      });
    });
    const first = await stage.sync({
      cancelAfter: () => hanging,
    });
    expect(first.signals).toEqual(['SIGINT']);
    expect(outcomes(first).notes).toBe('partial');
    // Whether the others were through by then is a matter of the machine.
    expect(Object.values(outcomes(first)).filter(each => each !== 'complete' && each !== 'partial')).toEqual([]);
    stage.kustomer.faults.clear();
    expectGreen(await stage.sync());
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('that was killed publishes again what no state says is published', async () => {
    await using stage = await open(300);
    const first = await stage.sync({
      with: { concurrency: '2' },
      kill: () => messageRequests(stage, 5),
    });
    expect(first.signal).toBe('SIGKILL');
    stage.hurry();
    expect([stage.github.artifacts(), stage.github.caches()]).toEqual([[], []]);
    const second = await stage.sync();
    expectGreen(second);
    expect(await wrongs(stage, [second])).toEqual([]);
  });
});

describe('with `destination: none`', () => {
  const inputs = (stage: Stage) => ({
    token: DEFAULT_TOKEN,
    'api-url': stage.kustomer.url,
    'search-requests-per-minute': '100000',
    'requests-per-minute': '100000',
    destination: 'none',
  });

  test('the files stay for the next step, and the post step saves the state when the job has succeeded', async () => {
    await using stage = await openStage();
    populate(stage);
    const seen: Record<string, string>[] = [];
    const job = await runJob({
      context: stage.github.job(),
      steps: [
        { uses: ACTION, id: 'sync', with: inputs(stage) },
        {
          run: async ({ steps }) => {
            const { outputs = {} } = steps.sync ?? {};
            seen.push(outputs as Record<string, string>);
            const manifest = JSON.parse(await readFile(String(outputs.manifest), 'utf8'));
            expect(manifest.files).toHaveLength(9);
            expect(stage.github.caches()).toEqual([]);
          },
        },
      ],
    });
    expect(job.conclusion, job.log).toBe('success');
    expect(seen[0]).toMatchObject({
      complete: 'true',
      'artifact-id': '',
      'state-saved': 'false',
      'state-generation': '0',
    });
    expect(stage.github.artifacts()).toEqual([]);
    expect(stage.github.caches()).toHaveLength(1);
    expect(job.log).toContain('The job has succeeded: the state is saved.');
    const second = await stage.sync({ with: { destination: 'none' } });
    expect(second.outputs).toMatchObject({ records: '0', 'state-generation': '1' });
    expect(second.post?.exitCode).toBe(0);
    expect(stage.github.caches()).toHaveLength(2);
  });

  test('a loading step that fails makes the next run deliver the same records again', async () => {
    await using stage = await openStage();
    populate(stage);
    const job = await runJob({
      context: stage.github.job(),
      steps: [
        { uses: ACTION, id: 'sync', with: inputs(stage) },
        {
          run: () => {
            throw new Error('the warehouse is closed');
          },
        },
      ],
    });
    expect(job.conclusion).toBe('failure');
    expect(stage.github.caches()).toEqual([]);
    expect(job.annotations.filter(({ level }) => level === 'notice').map(({ message }) => message)).toEqual([
      expect.stringMatching(/has not succeeded.*delivers the same records again/),
    ]);
    expectAnnotation(job, 'job-not-successful');
    const total = job.steps[0]?.outputs.records;
    expect((await stage.sync()).outputs.records).toBe(total);
  });

  longTest(
    'what is left in the output directory is what the manifest lists, also where reading old notes was broken off',
    async () => {
      await using stage = await openStage({ world: { listOrder: 'id' } });
      populate(stage);
      stage.world.populate({ notes: 250 }, { from: Date.now() - 1_500 * DAY, to: Date.now() - 800 * DAY });
      stage.kustomer.faults.add({ kind: 'hang', times: Infinity, match: { path: '/v1/notes', page: 2 } });
      const result = await stage.sync({ with: { destination: 'none', 'time-budget': '2s' } });
      expect(result.exitCode, result.log).toBe(0);
      const dir = result.outputs['output-dir'] ?? '';
      const manifest = JSON.parse(await readFile(result.outputs.manifest ?? '', 'utf8'));
      const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile());
      const paths = files.map(entry => relative(dir, join(entry.parentPath, entry.name))).sort();
      const schemas = STREAMS.map(stream => `${stream}/schema.json`);
      expect(paths).toEqual(
        [
          'manifest.json',
          'state.json',
          'views.sql',
          ...schemas,
          ...manifest.files.map(({ path }: { path: string }) => path),
        ].sort(),
      );
      expect(outcomes(result).notes).toBe('partial');
    },
  );

  longTest('twice in one job, what both steps have read is remembered', async () => {
    await using stage = await openStage();
    populate(stage);
    const job = await runJob({
      context: stage.github.job(),
      root: stage.root,
      steps: ['notes', 'tags'].map(streams => ({ uses: ACTION, with: { ...inputs(stage), streams } })),
    });
    expect(job.conclusion, job.log).toBe('success');
    const next = await stage.sync({ with: { destination: 'none', streams: 'notes,tags' } });
    expect(next.outputs).toMatchObject({ records: '0', 'state-generation': '2' });
  });

  longTest('others may move on while the files are loaded: the state never goes back', async () => {
    await using stage = await openStage({ github: { ignoreCacheVersions: true } });
    populate(stage);
    const other = async () => {
      stage.world.update('notes', 1, { at: Date.now() - HOUR / 2 });
      expectGreen(await stage.sync());
    };
    await other();
    stage.world.update('customers', 1, { at: Date.now() - HOUR / 2 });
    const job = await runJob({
      context: stage.github.job(),
      root: join(stage.root, 'slow'),
      steps: [{ uses: ACTION, with: inputs(stage) }, { run: other }, { run: other }, { run: other }],
    });
    expect(job.conclusion, job.log).toBe('success');
    expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '6' });
  });

  longTest('a cancelled job saves no state', async () => {
    await using stage = await openStage();
    populate(stage);
    stage.kustomer.faults.add({ kind: 'hang', times: Infinity, match: { stream: 'notes' } });
    const first = await stage.sync({
      with: { destination: 'none' },
      cancelAfter: handle => handle.waitFor(/^Reading /),
    });
    expect(first.jobConclusion).toBe('cancelled');
    expect(stage.github.caches()).toEqual([]);
  });

  test('the state is kept where a checkout between the steps empties the workspace', async () => {
    await using stage = await openStage();
    populate(stage);
    const job = await runJob({
      context: stage.github.job(),
      steps: [
        { uses: ACTION, id: 'sync', with: { ...inputs(stage), 'output-dir': 'data' } },
        {
          run: async ({ paths }) => {
            await rm(paths.workspace, { recursive: true });
            await mkdir(paths.workspace);
          },
        },
      ],
    });
    expect(job.conclusion, job.log).toBe('success');
    expect(stage.github.caches()).toHaveLength(1);
  });
});
