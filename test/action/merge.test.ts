// What a merge takes for done, and what it refuses: a shard is done when all of it is published, also what its stream does
// not show, and what was put together is never more than that.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseShard } from '../../src/shards/shard.ts';
import { few, LONG, longDescribe, longTest } from '../forms.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { forged, makePlan, runMerge, runShard, runShards } from './fan-out.ts';
import { cloned, FLAWLESS, faults, uploaded } from './publishing.ts';
import { annotations, DAY, expectGreen, expectRed, gather, HOUR, outcomes, ration, SECOND } from './support.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
async function open(options: StageOptions = { world: { pageSizeMax: 50 } }): Promise<void> {
  stage = await openStage(options);
}
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const END = () => ({ 'end-date': new Date(Date.now() - DAY).toISOString().slice(0, 10) });
const LAST_DAYS = () => ({ from: Date.now() - 20 * DAY, to: Date.now() - 2 * DAY });

/** Klasses cannot be listed, for a reason that passes. */
function failKlasses(): void {
  stage.kustomer.faults.add({
    kind: 'status',
    status: 400,
    match: { path: /klasses/ },
    times: Number.POSITIVE_INFINITY,
  });
}

longTest('a shard that has not come to the klasses that hide is not done, and nothing of them is lost', async () => {
  await open({ world: { pageSizeMax: 20, hiddenKlasses: ['rare'] } });
  stage.world.populate({ kobjects: { order: 100, rare: 30 } }, LAST_DAYS());
  const fan = await makePlan(stage, { ...END(), streams: 'kobjects', 'shards-at-once': '2' });
  const first = await runShard(stage, fan, 1);
  const match = { context: 'kobject_rare' };
  stage.kustomer.faults.add({ kind: 'outside-window', match, times: Number.POSITIVE_INFINITY });
  const short = await runShard(stage, fan, 2);
  expectRed(short);
  stage.kustomer.faults.clear();
  expect(annotations(await runMerge(stage, fan), 'error').join()).toMatch(/The shards 2 of 2 are missing or not done/);
  const rest = await runShard(stage, fan, 2, { job: { sameAttempt: false } });
  expectGreen(await runMerge(stage, fan));
  const kobjects = (await gather(stage, [first, short, rest])).get('kobjects') ?? [];
  expect(stage.compare('kobjects', kobjects)).toEqual([]);
});

longTest(
  'a fan-out with a klass that cannot be read is put together without it, says so, and a sync catches up',
  async () => {
    await open({ world: { pageSizeMax: 20, hiddenKlasses: ['rare'] } });
    stage.world.populate({ kobjects: { order: 100, rare: 30 } }, LAST_DAYS());
    const match = { context: 'kobject_rare' };
    stage.kustomer.faults.add({ kind: 'status', status: 400, match, times: Number.POSITIVE_INFINITY });
    const fan = await makePlan(stage, { streams: 'kobjects', 'shards-at-once': '2' });
    const shards = [await runShard(stage, fan, 1), await runShard(stage, fan, 2)];
    for (const shard of shards) expect(annotations(shard, 'warning').join()).toMatch(/`rare`/);
    const merged = await runMerge(stage, fan);
    expect(merged.exitCode, merged.log).toBe(0);
    expect(merged.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    stage.kustomer.faults.clear();
    const sync = await stage.sync({ with: { streams: 'kobjects' } });
    expectGreen(sync);
    expect(sync.outputs.records).toBe('30');
    const kobjects = (await gather(stage, [...shards, sync])).get('kobjects') ?? [];
    expect(stage.compare('kobjects', kobjects)).toEqual([]);
  },
);

longTest('a shard whose time was up within a klass that hides is not done', async () => {
  await open({ world: { pageSizeMax: 5, hiddenKlasses: ['rare'] } });
  stage.world.populate({ kobjects: { order: 20, rare: 300 } }, LAST_DAYS());
  const fan = await makePlan(stage, { ...END(), streams: 'kobjects', destination: 'none' });
  ration(stage, 30);
  const short = await runShard(stage, fan, 1, { with: { 'time-budget': '2s', concurrency: '2' } });
  expect(Number(short.outputs.records)).toBeGreaterThan(0);
  stage.kustomer.faults.clear();
  expect(annotations(await runMerge(stage, fan), 'error').join()).toMatch(/The shards 1 of 1 are missing or not done/);
});

longDescribe('klasses that a run before the plan has not come to', () => {
  const inputs = () => ({ ...END(), streams: 'kobjects' });
  /** A fan-out, which reads them where that run has only read the others. */
  async function expectRest(before: ActionResult): Promise<void> {
    stage.kustomer.faults.clear();
    const fan = await makePlan(stage, inputs());
    const shards = await runShards(stage, fan);
    const merged = await runMerge(stage, fan);
    expectGreen(merged);
    expect(outcomes(merged)).toEqual({ kobjects: 'complete' });
    const kobjects = (await gather(stage, [before, ...shards])).get('kobjects') ?? [];
    expect(stage.compare('kobjects', kobjects)).toEqual([]);
    expect(new Set(kobjects.map(({ id }) => id)).size).toBe(kobjects.length);
    expect((await stage.sync({ with: inputs() })).outputs.records).toBe('0');
  }

  test('are read by the shards of a plan', async () => {
    await open({ world: { pageSizeMax: 20, hiddenKlasses: ['rare'] } });
    stage.world.populate({ kobjects: { order: 100, rare: 30 } }, LAST_DAYS());
    failKlasses();
    await expectRest(await stage.sync({ with: inputs() }));
  });

  longTest('also where it has met one of them', async () => {
    await open({ world: { pageSizeMax: 5, hiddenKlasses: ['rare'] } });
    stage.world.populate({ kobjects: { order: 20, rare: 300 } }, LAST_DAYS());
    ration(stage, 30);
    await expectRest(await stage.sync({ with: { ...inputs(), 'time-budget': '2s', concurrency: '2' } }));
  });

  longTest('also where it has read only a part of the window', async () => {
    await open({ world: { pageSizeMax: 5, hiddenKlasses: ['rare'] } });
    stage.world.populate({ kobjects: { order: 300 } }, LAST_DAYS());
    stage.world.create('kobjects', 20, { klass: 'rare', updatedAt: Date.now() - 300 * DAY });
    stage.world.create('kobjects', 20, { klass: 'order', updatedAt: Date.now() - 300 * DAY });
    ration(stage, 30);
    await expectRest(await stage.sync({ with: { ...inputs(), 'time-budget': '2s', concurrency: '2' } }));
  });
});

longDescribe('a fan-out of what other runs have begun', () => {
  test.each(few(['sync', 'fan-out']))('reads what was indexed late, and nothing twice (first a %s)', async how => {
    await open();
    stage.world.populate(
      { messages: 200, tags: 20, users: 10 },
      { from: Date.now() - 90 * DAY, to: Date.now() - 2 * HOUR },
    );
    // A backfill whose end comes between the first run and the second.
    const end = Math.ceil(Date.now() / SECOND) * SECOND + 15 * SECOND;
    const inputs = { streams: 'messages,tags,users', 'end-date': new Date(end).toISOString(), settle: '0s' };
    const results: ActionResult[] = [];
    async function fanOut(complete: string): Promise<void> {
      const fan = await makePlan(stage, inputs);
      const shards = await runShards(stage, fan);
      for (const shard of shards) expect(shard.exitCode, shard.log).toBe(0);
      results.push(...shards);
      expect((await runMerge(stage, fan)).outputs).toMatchObject({ complete, 'state-saved': 'true' });
    }
    if (how === 'fan-out') await fanOut('false');
    else results.push(await stage.sync({ with: inputs }));
    expect(Date.now()).toBeLessThan(end);
    stage.world.create('messages', 1, { updatedAt: Date.now() - HOUR / 3 });
    stage.world.update('tags', 3, { at: Date.now() - SECOND });
    await sleep(end + SECOND - Date.now());
    await fanOut('true');
    expect(faults(stage, await gather(stage, results))).toEqual(FLAWLESS);
    // Done means done, for a plan and for a run alone.
    stage.kustomer.log.clear();
    expect((await makePlan(stage, inputs)).plan.exitCode).toBe(0);
    expect((await stage.sync({ with: inputs })).outputs).toMatchObject({ records: '0', complete: 'true' });
    expect(stage.kustomer.requests).toEqual([]);
  });

  test('reads no klass twice that an earlier run has read further than the others', async () => {
    await open({ world: { pageSizeMax: 20, hiddenKlasses: ['rare'] } });
    const now = Date.now();
    stage.world.populate({ kobjects: { order: 40, rare: 20 } }, { from: now - 20 * DAY, to: now - 20 * HOUR });
    stage.world.populate({ kobjects: { order: 2_000, rare: 30 } }, { from: now - 9 * HOUR, to: now - 2 * HOUR });
    const inputs = { streams: 'kobjects', lookback: '60s' };
    const results = [await stage.sync({ with: { ...inputs, settle: '10h' } })];
    ration(stage, 40);
    const short = { 'time-budget': '3s', concurrency: '2' };
    results.push(await stage.sync({ with: { ...inputs, settle: '1h', ...short } }));
    expect(results[1]?.outputs.complete).toBe('false');
    stage.kustomer.faults.clear();
    const fan = await makePlan(stage, { ...inputs, settle: '1h' });
    results.push(...(await runShards(stage, fan)));
    expectGreen(await runMerge(stage, fan));
    results.push(await stage.sync({ with: { ...inputs, settle: '1h' } }));
    expect(results.at(-1)?.outputs.records).toBe('0');
    expect(faults(stage, await gather(stage, results))).toEqual(FLAWLESS);
  });

  test('says so where what it goes on from has got lost', async () => {
    await open();
    stage.world.populate({ messages: 100 }, LAST_DAYS());
    const inputs = { streams: 'messages', destination: 'none' };
    await stage.sync({ with: { ...inputs, 'start-date': new Date(Date.now() - 9 * DAY).toISOString() } });
    const fan = await makePlan(stage, inputs);
    stage.github.evictCaches();
    const shard = await runShard(stage, fan, 1);
    expectRed(shard);
    expect(annotations(shard, 'error')).toEqual([
      'The state that the plan goes on from (generation 1) is not there any more. Make a new plan: run the whole workflow again.',
    ]);
    expectError(shard, 'plan-state-lost');
  });
});

longTest.each(few(['artifact', 'branch']))(
  'two fan-outs of one run leave each other what they have published (%s)',
  async destination => {
    await open();
    stage.world.populate({ messages: 300 }, LAST_DAYS());
    const middle = new Date(Date.now() - 10 * DAY).toISOString().slice(0, 10);
    const inputs = { streams: 'messages', destination, 'shards-at-once': '2' };
    // Both end on the same day, which names the folder on the branch.
    const first = await makePlan(stage, { ...inputs, 'end-date': `${middle}T12:00:00Z` });
    const windows = LONG
      ? [
          { 'start-date': `${middle}T12:00:00Z`, 'end-date': `${middle}T23:00:00Z` },
          { 'start-date': `${middle}T23:00:00Z`, ...END() },
        ]
      : [{ 'start-date': `${middle}T12:00:00Z`, ...END() }];
    const fans = [first];
    for (const window of windows) fans.push(await makePlan(stage, { ...inputs, ...window }, first));
    const listed: { artifact?: string; path: string }[] = [];
    for (const fan of fans) {
      for (const shard of await runShards(stage, fan)) expect(shard.exitCode, shard.log).toBe(0);
      const merged = await runMerge(stage, fan);
      expectGreen(merged);
      listed.push(...JSON.parse(await readFile(merged.outputs.manifest ?? '', 'utf8')).files);
    }
    expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage, true)))).toEqual(FLAWLESS);
    if (destination === 'artifact') {
      const names = new Set(listed.map(({ artifact, path }) => `${artifact} ${path}`));
      expect(names.size).toBe(listed.length);
      const there = stage.github.artifacts().map(({ name }) => name);
      expect(listed.map(({ artifact }) => artifact).filter(name => !there.includes(name ?? ''))).toEqual([]);
    }
  },
);

test('a plan whose shards leave something out is not put together', async () => {
  await open();
  stage.world.populate({ messages: 300 }, LAST_DAYS());
  const fan = await makePlan(stage, { ...END(), streams: 'messages', 'shards-at-once': '2' });
  const [first = '', second = ''] = fan.shards;
  const [piece] = parseShard(second)?.search.get('messages') ?? [];
  const search = new Map([['messages', [{ from: piece?.from ?? 0, to: (piece?.to ?? 0) - DAY }]]]);
  const shards = [first, forged(second, { search })];
  const short = { ...fan, shards, matrix: JSON.stringify({ shard: shards }) };
  await runShards(stage, short);
  const merged = await runMerge(stage, short);
  expectRed(merged);
  expect(merged.outputs['state-saved']).toBe('false');
  const day = (ago: number) => `${new Date(Date.now() - ago * DAY).toISOString().slice(0, 10)}T00:00:00.000Z`;
  expect(annotations(merged, 'error').join()).toContain(
    `leave out what was updated in messages from ${day(2)} to ${day(1)}.`,
  );
  expectError(merged, 'plan-gap');
});

longTest('what a sync before the plan has published, or opened again since, is no gap', async () => {
  await open({ world: { pageSizeMax: 5 } });
  stage.world.populate({ messages: 60 }, { from: Date.now() - 20 * DAY, to: Date.now() - HOUR / 4 });
  const inputs = { streams: 'messages', 'start-date': new Date(Date.now() - 10 * DAY).toISOString() };
  expectGreen(await stage.sync({ with: inputs }));
  stage.world.update('messages', 5, { at: Date.now() - 2 * 60_000 });
  // It reaches further back than the sync.
  const { 'start-date': _, ...all } = inputs;
  const fan = await makePlan(stage, all);
  await runShards(stage, fan);
  stage.world.create('messages', 100, { updatedAt: n => Date.now() - HOUR / 2 + n * 1_000 });
  ration(stage, 15);
  expect((await stage.sync({ with: { ...inputs, 'time-budget': '2s', concurrency: '2' } })).outputs.complete).toBe(
    'false',
  );
  stage.kustomer.faults.clear();
  expect((await runMerge(stage, fan)).exitCode).toBe(0);
});

longDescribe('what has gone from a list since a shard has seen it', () => {
  const inputs = { streams: 'messages,tags' };
  beforeEach(async () => {
    await open();
    stage.world.populate({ tags: 8, messages: 20 }, LAST_DAYS());
  });
  /** Runs a sync that finds a tag gone. */
  async function expectGone(): Promise<void> {
    stage.world.hardDelete('tags', [...stage.world.truth('tags').keys()].slice(0, 1));
    expect((await stage.sync({ with: inputs })).outputs.records).toBe('1');
  }

  test('is not brought back by a merge that is run again', async () => {
    const fan = await makePlan(stage, inputs);
    await runShards(stage, fan);
    expectGreen(await runMerge(stage, fan));
    await expectGone();
    const again = await runMerge(stage, fan, { job: { sameAttempt: false } });
    expect(again.outputs).toMatchObject({ complete: 'true', 'state-saved': 'false' });
    expect((await stage.sync({ with: inputs })).outputs.records).toBe('0');
  });

  test('nor by one that comes late', async () => {
    const fan = await makePlan(stage, inputs);
    await runShards(stage, fan);
    await stage.sync({ with: inputs });
    await expectGone();
    expect((await runMerge(stage, fan)).outputs.complete).toBe('true');
    expect((await stage.sync({ with: inputs })).outputs.records).toBe('0');
  });
});
