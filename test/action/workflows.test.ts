// The workflow files themselves, as users have them, in the simulated world: their jobs, their bash, and the committed
// action.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { longDescribe, longTest } from '../forms.ts';
import { STREAMS } from '../world/kustomer/index.ts';
import { ACTION, openStage, type Stage } from '../world/stage.ts';
import type { WorkflowOptions, WorkflowRun } from '../world/workflow/index.ts';
import { playExample } from './playing.ts';
import { cloned, FLAWLESS, faults, uploaded } from './publishing.ts';
import { DAY, HOUR, LIST_STREAMS, populate, ration, requestsSince } from './support.ts';

/** The workflow files, where `$/.` is the action by its name: GitHub's runner puts that in its place, too. */
let repository: string;
beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'workflows-'));
  for (const folder of ['examples', '.github/workflows']) {
    await cp(join(import.meta.dirname, '../..', folder), join(repository, folder), { recursive: true });
    for (const name of await readdir(join(repository, folder))) {
      const file = join(repository, folder, name);
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replaceAll('uses: $/.', 'uses: org/kustomer-sync@v1'));
    }
  }
});
afterAll(() => rm(repository, { recursive: true }));

let stage: Stage;
let latencyMs: number;
beforeEach(async () => {
  latencyMs = 0;
  stage = await openStage({ world: { pageSizeMax: 50 }, server: { latencyMs: () => latencyMs } });
  populate(stage);
});
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const play = (file: string, options: Partial<WorkflowOptions> = {}) =>
  playExample(stage, file, { repository, ...options });

const logOf = (run: WorkflowRun) => run.jobs.map(({ name, result }) => `== ${name}\n${result?.log ?? ''}`).join('\n');
const job = (run: WorkflowRun, name: string) => run.jobs.find(each => each.name === name)!;
const annotationsOf = (run: WorkflowRun) =>
  run.jobs.flatMap(({ result }) => result?.annotations ?? []).map(({ level, message }) => `${level}: ${message}`);

function expectGreen(run: WorkflowRun): void {
  expect({ conclusion: run.conclusion, annotations: annotationsOf(run) }, logOf(run)).toEqual({
    conclusion: 'success',
    annotations: [],
  });
}

const dispatched = (inputs: Record<string, string>) => ({ event: 'workflow_dispatch' as const, inputs });
/** After the last record. */
const END = () => new Date(Date.now() - HOUR / 2).toISOString();
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

describe('a schedule', () => {
  test('nightly: an artifact, and what the next step says of it; then nothing new', async () => {
    const first = await play('nightly.yml');
    expectGreen(first);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
    expect(logOf(first)).toMatch(/^\d+ records in https:/m);
    const second = await play('nightly.yml');
    expect(logOf(second)).toContain('0 records in no artifact, since nothing is new');
  });

  test('every quarter of an hour onto a branch, and the small streams anew once a week, also at the same time', async () => {
    const first = await play('every-15-minutes.yml');
    expectGreen(first);
    expect(job(first, 'sync / sync')).toMatchObject({
      permissions: { contents: 'write' },
      outputs: { complete: 'true', 'state-saved': 'true', 'state-generation': '1' },
    });
    stage.world.update('tags', 1, { at: Date.now() - HOUR });
    for (const run of await Promise.all(['weekly-full-refresh.yml', 'every-15-minutes.yml'].map(file => play(file))))
      expectGreen(run);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    const files = [...(await stage.github.repository.files('kustomer-data')).keys()];
    for (const stream of LIST_STREAMS) expect(files.filter(path => path.startsWith(`data/${stream}/`))).toHaveLength(1);
  });

  longTest('may do what its job says and no more', async () => {
    const edit = (text: string) => text.replace('contents: write', 'contents: read');
    const run = await play('every-15-minutes.yml', { edit });
    expect(run.conclusion).toBe('failure');
    expect(annotationsOf(run).join()).toContain('error: The token may not write');
  });

  test('that would keep nothing is refused before the first request', async () => {
    for (const file of ['every-15-minutes.yml', 'backfill-fan-out.yml']) {
      const run = await play(file, {
        ...dispatched(file.startsWith('backfill') ? { 'end-date': END() } : {}),
        edit: text =>
          text
            .replace(/( +)artifact-name: .*/, '$1destination: none')
            .replace('destination: branch', 'destination: none'),
      });
      expect(run.conclusion).toBe('failure');
      expect(annotationsOf(run).join()).toContain('error: Files that no destination takes would be lost');
    }
    expect(requestsSince(stage)).toBe(0);
  });
});

// Some runs after each other, each with machines of its own: on a busy computer that takes its time.
longDescribe('a backfill', { timeout: 180_000 }, () => {
  test('by hand goes on by itself, run after run, until it is done', async () => {
    const text = await readFile(join(ACTION, 'examples/backfill.yml'), 'utf8');
    stage.github.repository.workflows.set('backfill.yml', text);
    const { dispatches } = stage.github.repository;
    const hurry = { 'time-budget': '2s', concurrency: '2' };
    stage.world.populate({ messages: 2_000 }, { from: Date.now() - 50 * DAY, to: Date.now() - DAY });
    const inputs = { 'start-date': day(Date.now() - 60 * DAY), 'end-date': END() };
    const runs: WorkflowRun[] = [];
    do {
      if (runs.length < 2) ration(stage, 25);
      else stage.kustomer.faults.clear();
      const given = (dispatches.at(-1)?.inputs ?? inputs) as typeof inputs;
      runs.push(await play('backfill.yml', { ...dispatched(given), with: hurry }));
    } while (dispatches.length === runs.length);
    for (const run of runs) expect(run.conclusion, logOf(run)).toBe('success');
    expect(runs.length).toBeGreaterThan(2);
    expect(dispatches[0]).toMatchObject({ workflow: 'backfill.yml', ref: 'refs/heads/main', inputs });
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  test('over several jobs: one is killed, one runs out of time, both are read on alone, while the sync goes on', async () => {
    const now = Date.now();
    stage.world.populate({ messages: 2_000, customers: 1_000 }, { from: now - 900 * DAY, to: now - 2 * DAY });
    const sync = () => play('every-15-minutes.yml', { with: { 'start-date': day(now - DAY) } });
    expectGreen(await sync());
    // So slow that it is sure to last longer than the sync, until that is over.
    latencyMs = 300;
    let isOver = false;
    const started = play('backfill-fan-out.yml', {
      ...dispatched({ 'end-date': END() }),
      with: { concurrency: '2' },
      fate: ({ job: name }) =>
        name === 'backfill / shard 2 of 4'
          ? { kill: handle => handle.waitFor(/Reading/), machineVanishes: true }
          : name === 'backfill / shard 3 of 4'
            ? { with: { 'time-budget': '1s', concurrency: '1' } }
            : {},
    }).finally(() => {
      isOver = true;
    });
    // Neither waits for the other, nor finds its records.
    const meanwhile = await sync();
    expect(isOver).toBe(false);
    latencyMs = 100;
    expectGreen(meanwhile);
    expect(job(meanwhile, 'sync / sync').outputs.records).toBe('0');
    const first = await started;
    const names = first.jobs.map(({ name, conclusion }) => `${name}: ${conclusion}`);
    expect(names, logOf(first)).toEqual([
      'backfill / plan: success',
      'backfill / shard 1 of 4: success',
      'backfill / shard 2 of 4: failure',
      'backfill / shard 3 of 4: failure',
      'backfill / shard 4 of 4: success',
      'backfill / merge: skipped',
    ]);
    expect(annotationsOf(first).join()).toMatch(/error: Shard 3 of 4 .*Re-run the failed jobs/);
    for (const { permissions } of first.jobs) expect(permissions).toEqual({ actions: 'read', contents: 'read' });

    const second = await first.rerunFailed(() => ({}));
    expectGreen(second);
    const again = second.jobs.filter(({ attempt }) => attempt === 2).map(({ name }) => name);
    expect(again).toEqual(['backfill / shard 2 of 4', 'backfill / shard 3 of 4', 'backfill / merge']);
    expect(faults(stage, await uploaded(stage, true))).toEqual(FLAWLESS);
    const truth = STREAMS.reduce((sum, stream) => sum + stage.world.truth(stream).size, 0);
    expect(job(second, 'backfill / merge').outputs).toMatchObject({ records: String(truth), complete: 'true' });

    stage.world.update('messages', 3, { at: Date.now() - HOUR / 4 });
    const after = await sync();
    expectGreen(after);
    expect(job(after, 'sync / sync').outputs.records).toBe('3');
  });
});
