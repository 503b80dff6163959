// Backfills by `end-date`: a window of their own with a progress of its own, apart from the incremental sync in all places
// where states are kept; and a run that starts the next one.
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, LONG, longTest } from '../forms.ts';
import type { JobOptions } from '../world/github/index.ts';
import { DEFAULT_TOKEN, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { type Line, openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { makePlan, runMerge, runShards } from './fan-out.ts';
import { cloned, uploaded } from './publishing.ts';
import { poison } from './saved-state.ts';
import {
  annotations,
  DAY,
  expectGreen,
  expectRed,
  expectSound,
  HOUR,
  isRecent,
  outcomes,
  populate,
  ration,
  requested,
  requestsSince,
  SEARCH_STREAMS,
  SECOND,
} from './support.ts';
import { expectAnnotation } from './troubles.ts';

let stage: Stage;
async function open(options?: StageOptions): Promise<void> {
  await stage?.close();
  stage = await openStage(options);
}
beforeEach(() => open());
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
const WINDOW = () => ({ 'start-date': day(20), 'end-date': day(10) });

/** What is wrong with lines that are to be just those of a window. */
function wrongs(published: ReadonlyMap<Stream, readonly Line[]>, from: string, to: string, streams = SEARCH_STREAMS) {
  return streams.flatMap(stream => {
    const truth = stage.world.truth(stream, { from: Date.parse(from), before: Date.parse(to) });
    return stage.compare(stream, published.get(stream) ?? [], truth).map(wrong => `${stream} ${wrong}`);
  });
}

describe('a backfill', () => {
  test('reads its window, and the same again reads nothing and says so', async () => {
    populate(stage, 3);
    const window = WINDOW();
    const first = await stage.sync({ with: window });
    expectGreen(first);
    expect(Number(first.outputs.records)).toBeGreaterThan(50);
    const all = [...SEARCH_STREAMS, 'shortcuts', 'tags', 'teams', 'users'] as const;
    expect(wrongs(await uploaded(stage), window['start-date'], window['end-date'], all)).toEqual([]);
    requestsSince(stage);
    for (let n = 0; n < (LONG ? 2 : 1); n++) {
      const again = await stage.sync({ with: window });
      expect(again.annotations).toEqual([]);
      expect(again.outputs).toMatchObject({
        complete: 'true',
        records: '0',
        'artifact-id': '',
        'state-saved': 'false',
      });
      expect(JSON.parse(await readFile(again.outputs.manifest ?? '', 'utf8'))).toMatchObject({ files: [] });
      expect(again.log).toContain('is published already');
      expect(requestsSince(stage)).toBe(0);
    }
  });

  longTest('is done with a key that may not list klasses, too: it says so once and is not asked for ever', async () => {
    await open({ world: { tokens: { [DEFAULT_TOKEN]: { missing: ['klasses'] } } } });
    populate(stage, 3);
    const inputs = { ...WINDOW(), streams: 'kobjects' };
    const first = await stage.sync({ with: inputs });
    expect(annotations(first, 'warning').join()).toContain('may not list klasses');
    expectAnnotation(first, 'klasses-unknown');
    expect(first.outputs.complete).toBe('true');
    requestsSince(stage);
    for (let n = 0; n < 2; n++) {
      const again = await stage.sync({ with: inputs });
      expect(again.log).toContain('is published already.');
      expect(again.outputs).toMatchObject({ complete: 'true', records: '0' });
    }
    expect(requestsSince(stage)).toBe(0);
    // The same of the shards of a fan-out, and of the merge.
    const fan = await makePlan(stage, { 'start-date': day(9), 'end-date': day(2), streams: 'kobjects' });
    for (const shard of await runShards(stage, fan)) expect(shard.outputs.complete).toBe('true');
    expect((await runMerge(stage, fan)).outputs).toMatchObject({ complete: 'true', 'state-saved': 'true' });
  });

  test.each(few(['artifact', 'branch']))('and an incremental sync do not know each other (%s)', async destination => {
    populate(stage, 2);
    const window = WINDOW();
    const inputs = { destination };
    const backfill = () => stage.sync({ with: { ...window, ...inputs } });
    const sync = () => stage.sync({ with: inputs });
    const own = await sync();
    const filled = await backfill();
    expect(filled.log).toContain('State: none yet');
    expect(Number(filled.outputs.records)).toBeGreaterThan(20);
    // Each is the newest in turn, and every cache entry is lost in between: artifacts and the branch have to tell them apart.
    for (const isLost of few([true, false])) {
      if (isLost) stage.github.evictCaches();
      const again = await sync();
      expect(again.outputs, again.log).toMatchObject({ records: '0', complete: 'true' });
      expect((await backfill()).outputs).toMatchObject({ records: '0', complete: 'true' });
    }
    stage.github.evictCaches();
    stage.world.update('messages', 3, { at: Date.now() - HOUR / 2 });
    expect((await sync()).outputs.records).toBe('3');
    const published = await (destination === 'branch' ? cloned(stage) : uploaded(stage));
    const count = Number(own.outputs.records) + Number(filled.outputs.records) + 3;
    expect([...published.values()].reduce((sum, lines) => sum + lines.length, 0)).toBe(count);
    if (destination === 'branch') {
      const files = await stage.github.repository.files('kustomer-data');
      const { messages } = totals(String(files.get('README.md')));
      expect(messages?.records).toBe(published.get('messages')?.length);
    }
  });

  longTest('that was stopped goes on, whatever place its state is left in', async () => {
    await open({ world: { pageSizeMax: 5 } });
    populate(stage, 2);
    const window = { ...WINDOW(), concurrency: '2' };
    const results: ActionResult[] = [];
    for (let n = 0; results.at(-1)?.outputs.complete !== 'true'; n++) {
      if (n % 2 === 1) stage.github.evictCaches();
      if (n < 4) ration(stage, 25);
      else stage.kustomer.faults.clear();
      results.push(await stage.sync({ with: { ...window, 'time-budget': n < 4 ? '2s' : '60s' } }));
      expectSound(results.at(-1) as ActionResult);
    }
    expect(results.length).toBeGreaterThan(2);
    expect(wrongs(await uploaded(stage), window['start-date'], window['end-date'])).toEqual([]);
  });

  longTest('whose end has not come yet is read as far as it can be, and says so', async () => {
    populate(stage);
    const end = new Date(Date.now() + 65 * SECOND).toISOString();
    const inputs = { streams: 'messages,tags', 'end-date': end, settle: '60s' };
    const first = await stage.sync({ with: inputs });
    expect(first.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    expect(first.exitCode).toBe(0);
    expect(annotations(first, 'notice').join()).toMatch(/end-date.*has not come yet.*Run the same backfill again/s);
    stage.world.create('messages', 2, { updatedAt: Date.now() - 90 * SECOND, lagMs: 0 });
    const again = await stage.sync({ with: inputs });
    expect(again.outputs).toMatchObject({ complete: 'false', records: '2' });
  });

  test('of a list says of nothing that it has gone', async () => {
    populate(stage);
    const end = { 'end-date': new Date(Date.now() + DAY).toISOString() };
    await stage.sync({ with: { streams: 'tags', ...end } });
    stage.world.hardDelete('tags', 3);
    const again = await stage.sync({ with: { streams: 'tags', ...end } });
    expect(again.outputs.records).toBe('0');
  });

  test('refuses a full refresh, which would replace a stream by a part of it', async () => {
    const result = await stage.sync({ with: { ...WINDOW(), streams: 'tags:full_refresh,messages' } });
    expectRed(result);
    expect(annotations(result, 'error').join()).toMatch(/`streams` selects tags as `full_refresh`/);
    expect(stage.kustomer.requests.length).toBe(0);
  });

  longTest('asks for nothing outside of its window', async () => {
    populate(stage, 2);
    await stage.sync({ with: { streams: 'messages', 'start-date': day(300), 'end-date': day(200) } });
    expect(stage.kustomer.requests.filter(isRecent)).toEqual([]);
  });
});

function totals(readme: string): Record<string, { records: number }> {
  return JSON.parse(/<!-- totals: (.*) -->/.exec(readme)?.[1] ?? '{}');
}

const WORKFLOW = 'on: { schedule: [{ cron: "0 0 * * *" }], workflow_dispatch: { inputs: { start: {}, end: {} } } }';

describe('on-incomplete: continue', () => {
  const slow = {
    world: { pageSizeMax: 5 },
    github: { tokens: { ghs_main: { contents: 'write', actions: 'write' } } },
  } as const;
  const inputs = {
    concurrency: '2',
    'time-budget': '2s',
    'on-incomplete': 'continue',
    streams: 'messages,customers,tags',
  };

  test.each(few(['artifact', 'none']))('goes through to the end in one chain of runs (%s)', async destination => {
    await open(slow);
    stage.github.repository.workflows.set('sync.yml', WORKFLOW);
    populate(stage, 6);
    const window = WINDOW();
    const { dispatches } = stage.github.repository;
    const payload = { inputs: { start: window['start-date'], end: window['end-date'] } };
    const lines = new Map<Stream, Line[]>();
    const runs: ActionResult[] = [];
    for (let job: JobOptions | undefined = { event: 'workflow_dispatch', payload }; job !== undefined; ) {
      const { start, end } = (job.payload as typeof payload).inputs;
      ration(stage, 50);
      const result = await stage.sync({
        job,
        with: { ...inputs, destination, 'start-date': start, 'end-date': end },
      });
      expect(result.exitCode, result.log).toBe(0);
      runs.push(result);
      const next = dispatches[runs.length - 1];
      if (next !== undefined) expect(next).toMatchObject({ workflow: 'sync.yml', ref: 'refs/heads/main', ...payload });
      job = next && { event: 'workflow_dispatch', payload: { inputs: next.inputs } };
      if (destination === 'none') await collect(result, lines);
      expect(runs.length).toBeLessThan(40);
    }
    expect(runs.length).toBeGreaterThan(2);
    expect(runs.map(({ outputs }) => outputs.complete)).toEqual(runs.map((_, n) => String(n === runs.length - 1)));
    const published = destination === 'none' ? lines : await uploaded(stage);
    expect(wrongs(published, window['start-date'], window['end-date'], ['messages', 'customers', 'tags'])).toEqual([]);
  });

  test.each(
    few([
      ['without the permission', 403, 'permission `actions: write`', { ghs_main: { actions: 'read' } }, WORKFLOW],
      ['a workflow that cannot be dispatched', 422, '`workflow_dispatch`', slow.github.tokens, 'on: [push]'],
    ] as const),
  )('%s says how to go on by hand', async (_, status, reason, tokens, workflow) => {
    await open({ ...slow, github: { tokens } });
    stage.github.repository.workflows.set('sync.yml', workflow);
    populate(stage, 6);
    ration(stage, 50);
    const result = await stage.sync({ with: inputs });
    expect(result.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    expect({ exit: result.exitCode, dispatches: stage.github.repository.dispatches.length }).toEqual({
      exit: 0,
      dispatches: 0,
    });
    // GitHub's own reason, and ours.
    expect(annotations(result, 'warning').join()).toMatch(new RegExp(`\\(${status}: \\w[^)]+\\): `));
    expect(annotations(result, 'warning').join()).toContain(reason);
  });

  longTest('ends a runaway: not after a run that read nothing, and not more than 100 times in a row', async () => {
    await open(slow);
    populate(stage, 12);
    const { dispatches } = stage.github.repository;
    stage.kustomer.faults.add({ kind: 'status', status: 503, times: Number.POSITIVE_INFINITY });
    const stuck = await stage.sync({ with: inputs });
    expect(dispatches.length).toBe(0);
    expect(annotations(stuck, 'warning').join()).toMatch(/has read nothing within its time budget/);

    ration(stage, 50);
    await stage.sync({ with: inputs });
    expect(dispatches.length).toBe(1);
    ration(stage, 50);
    await poison(stage, text => JSON.stringify({ ...JSON.parse(text), consecutive_runs: 100 }));
    stage.github.expireArtifacts();
    const last = await stage.sync({ with: inputs });
    expect(last.outputs).toMatchObject({ complete: 'false' });
    expect(dispatches.length).toBe(1);
    expect(annotations(last, 'warning').join()).toMatch(/100 times in a row/);
    // Neither a run that another one had started before, nor a schedule, begins a row of its own.
    const byRun = { event: 'workflow_dispatch', actor: 'github-actions[bot]' };
    for (const job of [byRun, { event: 'schedule' }]) {
      ration(stage, 50);
      const other = await stage.sync({ job, with: inputs });
      expect(other.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
      expect(annotations(other, 'warning').join()).toMatch(/100 times in a row/);
    }
    expect(dispatches.length).toBe(1);
    // By hand it goes on, and counts from the beginning.
    ration(stage, 50);
    await stage.sync({ job: { event: 'workflow_dispatch' }, with: inputs });
    expect(dispatches.length).toBe(2);
    ration(stage, 50);
    await stage.sync({ job: byRun, with: inputs });
    expect(dispatches.length).toBe(3);
    // Once it is done, the row has ended.
    stage.kustomer.faults.clear();
    expect((await stage.sync({ with: { ...inputs, 'time-budget': '5m' } })).outputs.complete).toBe('true');
    stage.world.update('messages', 900, { at: Date.now() - HOUR / 2 });
    ration(stage, 50);
    await stage.sync({ with: inputs });
    expect(dispatches.length).toBe(4);
  });

  test('does not start a run that would start over', async () => {
    await open(slow);
    populate(stage, 6);
    ration(stage, 50);
    const result = await stage.sync({ with: { ...inputs, 'reset-state': 'true' } });
    expect(result.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    expect(stage.github.repository.dispatches).toEqual([]);
    expect(annotations(result, 'warning').join()).toMatch(/without `reset-state`; it goes on from here/);
    ration(stage, 50);
    await stage.sync({ with: inputs });
    expect(stage.github.repository.dispatches.length).toBe(1);
  });

  longTest.each(
    few([
      ['alone', 'messages:full_refresh', 0],
      ['but for a stream that goes on', 'messages:full_refresh,customers', 1],
    ]),
  )('does not start a full refresh over, %s', async (_what, streams, started) => {
    await open(slow);
    populate(stage, 12);
    ration(stage, 30);
    const result = await stage.sync({ with: { ...inputs, streams } });
    expect(outcomes(result).messages).toBe('partial');
    expect(stage.github.repository.dispatches.length).toBe(started);
    if (started === 0) {
      expect(annotations(result, 'warning').join()).toContain('a full refresh that was not done');
      expectAnnotation(result, 'next-run-not-started');
    }
  });

  longTest('does nothing after a run that was complete, failed or was cancelled', async () => {
    await open(slow);
    populate(stage);
    await stage.sync({ with: { ...inputs, 'time-budget': '5m' } });
    stage.kustomer.faults.add({ kind: 'status', status: 400, match: { stream: 'messages' }, times: 9 });
    await stage.sync({ with: { ...inputs, 'time-budget': '5m' } });
    stage.kustomer.faults.clear();
    ration(stage, 10);
    const cancelled = await stage.sync({
      with: { ...inputs, 'time-budget': '5m' },
      cancelAfter: requested(stage, 12),
    });
    expect(cancelled.conclusion).toBe('cancelled');
    expect(stage.github.repository.dispatches).toEqual([]);
  });
});

async function collect({ outputs }: ActionResult, lines: Map<Stream, Line[]>): Promise<void> {
  const dir = outputs['output-dir'] ?? '';
  const { files } = JSON.parse(await readFile(`${dir}/manifest.json`, 'utf8')) as {
    files: { path: string; stream: Stream }[];
  };
  for (const { path, stream } of files) {
    const text = await readFile(`${dir}/${path}`, 'utf8');
    const mine = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line);
    lines.set(stream, [...(lines.get(stream) ?? []), ...mine]);
  }
}
