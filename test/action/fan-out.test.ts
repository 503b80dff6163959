// A backfill over several jobs: a plan, shards, one of them killed and run again, and the merge. Together they give exactly
// the truth, and use what the plan has said.
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, LONG, longDescribe, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, STREAMS } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { forged, makePlan, runMerge, runShard, runShards } from './fan-out.ts';
import { cloned, FLAWLESS, faults, uploaded } from './publishing.ts';
import {
  all,
  annotations,
  DAY,
  expectGreen,
  expectRed,
  expectSound,
  gather,
  HOUR,
  outcomes,
  ration,
  requested,
  requestsSince,
  streamsOf,
} from './support.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
async function open(options?: StageOptions): Promise<void> {
  await stage?.close();
  stage = await openStage(options);
}
beforeEach(() => open({ world: { pageSizeMax: 50 } }));
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

/** Records of four years, more of them in the last one, so that shards of equal time would not be equal. */
function populate(times: number): void {
  const now = Date.now();
  const counts = {
    users: 12,
    teams: 4,
    tags: 8,
    shortcuts: 6,
    customers: 40 * times,
    conversations: 60 * times,
    messages: 80 * times,
    kobjects: { order: 10 * times, 'return-case': 2 * times },
  };
  stage.world.populate(counts, { from: now - 1_400 * DAY, to: now - 400 * DAY, tieFraction: 0.1, tieSize: 10 });
  stage.world.populate(
    { customers: 40 * times, conversations: 60 * times, messages: 100 * times, notes: 8 * times },
    { from: now - 400 * DAY, to: now - 2 * DAY, tieFraction: 0.1, tieSize: 10 },
  );
}

const END = () => ({ 'end-date': new Date(Date.now() - DAY).toISOString().slice(0, 10) });

interface Estimate {
  readonly requests: number;
  readonly minutes: number;
  readonly bytes: number;
  readonly records: number;
  readonly shards: number;
}
const estimateOf = ({ outputs }: ActionResult) => JSON.parse(outputs.estimate ?? '') as Estimate;
const requestsOf = (result: ActionResult) => streamsOf(result).reduce((sum, { requests }) => sum + requests, 0);

/** How many times 400 records the largest fan-out has, and its shards: 50 pages for each of them. */
const [TIMES, SHARDS] = LONG ? [50, 8] : [15, 3];

describe(`${TIMES * 400} records over ${SHARDS} shards, one of which is killed and run again`, () => {
  test.each(few(['artifact', 'branch']))(
    'are exactly the truth, and as the plan has said (%s)',
    async destination => {
      // Counts that are no counts from 10,000 on: half of what there is.
      await open({ world: { pageSizeMax: 50, totalCap: 200 * TIMES } });
      populate(TIMES);
      const truth = STREAMS.reduce((sum, stream) => sum + stage.world.truth(stream).size, 0);
      expect(truth).toBeGreaterThan(380 * TIMES);
      const fan = await makePlan(stage, { ...END(), destination, 'shards-at-once': String(SHARDS) });
      expectSound(fan.plan);
      expect({ exit: fan.plan.exitCode, annotations: fan.plan.annotations }).toEqual({ exit: 0, annotations: [] });
      expect(fan.shards).toHaveLength(SHARDS);
      expect(stage.github.artifacts().length + stage.github.caches().length).toBe(0);
      const counting = requestsSince(stage);
      expect(counting).toBeLessThan(120);

      // One of them dies half way, and its machine with it.
      const lost = runShard(stage, fan, SHARDS - 1, {
        kill: handle => handle.waitFor(/Reading/).then(() => requested(stage, 20)),
        machineVanishes: true,
        with: { concurrency: '1' },
      });
      expect((await lost).signal).toBe('SIGKILL');
      requestsSince(stage);
      const missing = await runMerge(stage, fan);
      expectRed(missing);
      const numbers = fan.shards.map((_, n) => n + 1).join(', ');
      expect(annotations(missing, 'error').join()).toMatch(
        new RegExp(`shards ${numbers} of ${SHARDS} .*Re-run the failed jobs`, 's'),
      );

      const shards = await runShards(stage, fan);
      for (const shard of shards) expectGreen(shard);
      const used = requestsSince(stage);
      const merged = await runMerge(stage, fan);
      expectGreen(merged);
      expect(requestsSince(stage)).toBe(0);
      expect(Number(merged.outputs.records)).toBe(truth);
      expect(faults(stage, await (destination === 'branch' ? cloned(stage) : uploaded(stage, true)))).toEqual(FLAWLESS);
      if (destination === 'branch') {
        const readme = String((await stage.github.repository.files('kustomer-data')).get('README.md'));
        const totals: Record<string, { records: number }> = JSON.parse(
          /<!-- totals: (.*) -->/.exec(readme)?.[1] ?? '{}',
        );
        expect(Object.values(totals).reduce((sum, { records }) => sum + records, 0)).toBe(truth);
      }
      const manifest = JSON.parse(await readFile(merged.outputs.manifest ?? '', 'utf8'));
      expect(manifest.files.reduce((sum: number, { records }: { records: number }) => sum + records, 0)).toBe(truth);

      const estimate = estimateOf(fan.plan);
      const requests = shards.map(requestsOf);
      expect(estimate.requests / used).toBeGreaterThan(0.85);
      expect(estimate.requests / used).toBeLessThan(1.15);
      expect(estimate.records / truth).toBeCloseTo(1, 1);
      const bytes = manifest.files.reduce((sum: number, file: { bytes: number }) => sum + file.bytes, 0);
      expect(estimate.bytes / bytes).toBeGreaterThan(0.85);
      expect(estimate.bytes / bytes).toBeLessThan(1.15);
      // Of so few, each that comes for a stream and not for its records counts for 2 %.
      expect(Math.max(...requests) / Math.min(...requests)).toBeLessThan(1.25);

      // The joint state is that of the backfill: it is done, as a single run, as a plan, and in each shard.
      const again = await stage.sync({ with: { ...END(), destination } });
      expect(again.outputs).toMatchObject({ complete: 'true', records: '0' });
      expect((await runShard(stage, fan, 2, { job: { sameAttempt: false } })).outputs.records).toBe('0');
      const second = await makePlan(stage, { ...END(), destination });
      expect(requestsSince(stage)).toBe(0);
      expect(estimateOf(second.plan)).toMatchObject({ records: 0, shards: 1 });
      expect((await runMerge(stage, fan)).outputs).toMatchObject({ complete: 'true', 'state-saved': 'false' });
    },
    180_000,
  );
});

longTest.each(few([{ archive: 'never' }, { 'start-date': '1960-01-01' }]))(
  'a backfill that is done is done, as another plan, too (%o)',
  async more => {
    populate(1);
    const inputs = { ...END(), ...more, streams: 'messages,tags' };
    for (const records of [/^[1-9]/, /^0$/]) {
      const fan = await makePlan(stage, inputs);
      await runShards(stage, fan);
      const merged = await runMerge(stage, fan);
      expect(merged.exitCode, merged.log).toBe(0);
      expect(merged.outputs).toMatchObject({ complete: 'true', records: expect.stringMatching(records) });
    }
  },
);

describe('without end-date', () => {
  test('the merge puts the shards to the incremental state, whatever other runs did meanwhile', async () => {
    populate(4);
    const lookback = { lookback: '60s' };
    const early = { settle: '30s', ...lookback };
    const fan = await makePlan(stage, { ...early, 'shards-at-once': '3' });
    await runShards(stage, fan);
    expectGreen(await runMerge(stage, fan));
    stage.world.update('messages', 3, { at: Date.now() - 40_000 });
    stage.world.update('users', 1, { at: Date.now() - 40_000 });
    const began = Date.now();
    const next = await stage.sync({ with: early });
    expectGreen(next);
    expect(next.outputs.records).toBe('4');
    expect(faults(stage, await uploaded(stage, true))).toEqual(FLAWLESS);
    // What the index has shown late is read by the fan-out, which knows what was published there.
    stage.world.create('messages', 1, { updatedAt: began - 75_000 });
    // A second fan-out has only what is new to read; lists are the incremental sync's.
    stage.world.update('messages', 2, { at: Date.now() - 10_000 });
    const second = await makePlan(stage, { settle: '0s', ...lookback });
    expect(second.shards[0]).not.toMatch(/tags|users/);
    await runShards(stage, second);
    expect((await runMerge(stage, second)).outputs).toMatchObject({ complete: 'true', records: '3' });
    expect((await stage.sync({ with: lookback })).outputs.records).toBe('0');
    expect(faults(stage, await uploaded(stage, true))).toEqual(FLAWLESS);
  });
});

longDescribe('without end-date, what the lookback is to read again is published once', () => {
  /** With a klass that only its own search shows. */
  const few = { world: { pageSizeMax: 5, hiddenKlasses: ['rare'] } };
  const inputs = { streams: 'messages,kobjects', settle: '1s', concurrency: '2' };
  let runs: ActionResult[];
  beforeEach(async () => {
    await open(few);
    runs = [];
    const counts = { messages: 120, kobjects: { order: 10, rare: 10 } };
    stage.world.populate(counts, { from: Date.now() - HOUR / 2, to: Date.now() - 60_000 });
    expectGreen(await sync());
  });
  async function sync(more: Readonly<Record<string, string>> = {}): Promise<ActionResult> {
    const run = await stage.sync({ with: { ...inputs, ...more } });
    runs.push(run);
    return run;
  }
  async function fanOut(): Promise<ActionResult> {
    const fan = await makePlan(stage, inputs);
    const shards = await runShards(stage, fan);
    for (const shard of shards) expect(shard.exitCode, shard.log).toBe(0);
    runs.push(...shards);
    return runMerge(stage, fan);
  }

  test('after other fan-outs', async () => {
    for (let n = 0; n < 2; n++) {
      // After the cutoff of the run before, and before that of the one to come: a whole second, and what is to settle.
      stage.world.create('messages', 1, { updatedAt: Date.now() });
      await new Promise(done => setTimeout(done, 2_001));
      expect((await fanOut()).outputs).toMatchObject({ complete: 'true', records: '1' });
    }
    // Shown late, before and between what was published.
    stage.world.create('messages', 2, { updatedAt: n => Date.now() - (n === 0 ? 50 : 20) * 60_000 });
    await fanOut();
    await sync();
    expect(faults(stage, await gather(stage, runs))).toEqual(FLAWLESS);
    expect((await sync()).outputs).toMatchObject({ complete: 'true', records: '0' });
  });

  test('after a sync that did not come through', async () => {
    ration(stage, 20);
    expect((await sync({ 'time-budget': '2s' })).outputs.complete).toBe('false');
    stage.kustomer.faults.clear();
    await fanOut();
    expectGreen(await sync());
    expect(faults(stage, await gather(stage, runs))).toEqual(FLAWLESS);
  });
});

longTest('an incremental sync during a backfill is not disturbed by it, nor the other way round', async () => {
  populate(10);
  const window = { from: 0, before: Date.parse(END()['end-date']) };
  const first = await stage.sync();
  const fan = await makePlan(stage, { ...END(), 'shards-at-once': '4' });
  const syncs: ActionResult[] = [first];
  async function goOn(): Promise<void> {
    for (let n = 0; n < 4; n++) {
      // Some of them leave the window while it is read.
      stage.world.update('messages', 3, { at: Date.now() - HOUR / 2 });
      const sync = await stage.sync();
      expectGreen(sync);
      expect(sync.outputs).toMatchObject({ records: '3', 'state-generation': String(n + 2) });
      syncs.push(sync);
    }
  }
  const [shards] = await Promise.all([runShards(stage, fan), goOn()]);
  for (const shard of shards) expectGreen(shard);
  expectGreen(await runMerge(stage, fan));
  expect(faults(stage, await gather(stage, syncs))).toEqual(FLAWLESS);
  const backfilled = await gather(stage, shards);
  for (const stream of STREAMS) {
    const ids = (backfilled.get(stream) ?? []).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...stage.world.truth(stream, window).keys()].filter(id => !ids.includes(id))).toEqual([]);
  }
  expect((await stage.sync()).outputs).toMatchObject({ records: '0', 'state-generation': '6' });
});

describe('a shard', () => {
  longTest('that runs out of time fails its job, and goes on when it is run again', async () => {
    await open({ world: { pageSizeMax: 5 } });
    populate(2);
    const fan = await makePlan(stage, { ...END(), 'shards-at-once': '2', concurrency: '2' });
    ration(stage, 20);
    const short = await runShard(stage, fan, 2, { with: { 'time-budget': '2s' } });
    stage.kustomer.faults.clear();
    expectRed(short);
    expect(short.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    expect(annotations(short, 'error').join()).toMatch(/Shard 2 of 2 was not done .*Re-run the failed jobs/);
    expectError(short, 'shard-unfinished');
    await runShard(stage, fan, 1);
    const early = await runMerge(stage, fan);
    expect(annotations(early, 'error').join()).toMatch(/The shards 2 of 2 are missing or not done/);
    expectError(early, 'shards-unfinished');
    // What the cache has lost, the artifact of the first attempt still has.
    stage.github.evictCaches(({ key }) => key.includes('shard'));
    expectGreen(await runShard(stage, fan, 2, { job: { sameAttempt: false } }));
    stage.github.evictCaches();
    expectGreen(await runMerge(stage, fan));
    expect(faults(stage, await uploaded(stage, true))).toEqual(FLAWLESS);
  });

  longTest('that is run again goes on, also where the plan has started over', async () => {
    await open({ world: { pageSizeMax: 5 }, server: { latencyMs: 30 } });
    populate(1);
    await stage.sync({ with: END() });
    stage.github.expireArtifacts();
    const fan = await makePlan(stage, { ...END(), streams: 'messages', concurrency: '2', 'reset-state': 'true' });
    const short = await runShard(stage, fan, 1, { with: { 'time-budget': '2s' } });
    const rest = await runShard(stage, fan, 1, { job: { sameAttempt: false } });
    const truth = stage.world.truth('messages', { before: Date.parse(END()['end-date']) });
    expect(Number(short.outputs.records)).toBeGreaterThan(0);
    expect(Number(short.outputs.records) + Number(rest.outputs.records)).toBe(truth.size);
    expectGreen(await runMerge(stage, fan));
  });

  longTest('that has read all is done, also when its time is up before that is published', async () => {
    populate(1);
    const fan = await makePlan(stage, { ...END(), streams: 'messages,tags' });
    stage.github.traffic.fault('CreateArtifact', { kind: 'slow', ms: 8_000 });
    expectGreen(await runShard(stage, fan, 1, { with: { 'time-budget': '7s' } }));
  });

  test('is refused before the first request when it is damaged, or the inputs are others than the plan was made with', async () => {
    populate(1);
    const fan = await makePlan(stage, { ...END(), streams: 'messages' });
    requestsSince(stage);
    const [shard = ''] = fan.shards;
    for (const [inputs, words] of few(
      [
        [{ shard: shard.replace('messages', 'notes') }, '`shard` is `{"number":1,"of":1,'],
        [{ streams: 'messages,notes' }, 'made with other inputs'],
        [{ 'end-date': '2030-01-01' }, 'made with other inputs'],
        [{ shard, mode: 'plan' }, '`shard` must be empty unless `mode` is `sync`'],
        [{ shard, 'shards-at-once': '8', 'search-requests-per-minute': '4' }, 'Use at most 4'],
        [{ shard: '', mode: 'merge', plan: fan.matrix.replace('messages', 'notes') }, '`plan` is '],
        [{ shard: shard.slice(0, -3) }, '`shard` is `{"number":1,"of":1,'],
      ] as const,
      3,
    )) {
      const result = await runShard(stage, fan, 1, { with: inputs });
      expectRed(result);
      expect(annotations(result, 'error').join()).toContain(words);
    }
    expect(requestsSince(stage)).toBe(0);
  });

  longTest('reads the klasses that only their own search shows, as far as they are its own', async () => {
    await open({ world: { pageSizeMax: 20, hiddenKlasses: ['return-case', 'rare'] } });
    populate(4);
    // One that only one shard meets.
    stage.world.create('kobjects', 3, { klass: 'rare', updatedAt: Date.now() - 500 * DAY });
    const fan = await makePlan(stage, { ...END(), streams: 'kobjects', 'shards-at-once': '3' });
    const shards = await runShards(stage, fan);
    for (const shard of shards) expectGreen(shard);
    expectGreen(await runMerge(stage, fan));
    const kobjects = (await gather(stage, shards)).get('kobjects') ?? [];
    expect(stage.compare('kobjects', kobjects)).toEqual([]);
    const used = requestsSince(stage);
    expect(estimateOf(fan.plan).records).toBe(kobjects.length);
    expect(used).toBeGreaterThan(0);
    expect((await stage.sync({ with: { ...END(), streams: 'kobjects' } })).outputs).toMatchObject({
      records: '0',
      complete: 'true',
    });
    expect(requestsSince(stage)).toBe(0);
  });

  longTest('of a plan whose shards overlap is not put together', async () => {
    populate(1);
    const fan = await makePlan(stage, { ...END(), streams: 'messages', 'shards-at-once': '2' });
    const [first = '', second = ''] = fan.shards;
    const search = new Map([['messages', [{ from: 0, to: Date.now() }]]]);
    const merged = await runMerge(stage, {
      ...fan,
      matrix: JSON.stringify({ shard: [first, forged(second, { search })] }),
    });
    expect(annotations(merged, 'error').join()).toMatch(/Shard 2 of the plan overlaps another one in messages/);
    expectError(merged, 'plan-overlap');
  });
});

longTest(
  'a plan and its shards side by side never exceed the budget together, also where one takes the place of another',
  async () => {
    const limit = 60;
    await open({ world: { pageSizeMax: 10 }, server: { searchLimit: limit, windowMs: 3_000 } });
    populate(3);
    // A minute's budget of 1,200 is 60 in three seconds.
    const budget = { 'search-requests-per-minute': '1200', 'requests-per-minute': '6000' };
    const fan = await makePlan(stage, {
      ...END(),
      streams: 'messages,customers',
      'shards-at-once': '2',
      'time-budget': '1m',
      ...budget,
      archive: 'never',
    });
    const results = await runShards(stage, { ...fan, shards: [...fan.shards] }, 2);
    for (const result of results) expect(result.exitCode, result.log).toBe(0);
    const searches = stage.kustomer.requests.filter(({ budget }) => budget === 'search');
    const most = Math.max(
      ...searches.map(({ at }) => searches.filter(each => each.at >= at && each.at < at + 3_000).length),
    );
    expect(most).toBeLessThanOrEqual(limit);
    expect(searches.filter(({ status }) => status === 429)).toEqual([]);
    expect(most).toBeGreaterThan(limit * 0.7);
  },
);

longTest('what the key may not read is left out of the plan, which says so, and the rest is put together', async () => {
  await open({ world: { tokens: { [DEFAULT_TOKEN]: { missing: ['tags', 'notes'] } } } });
  populate(1);
  const fan = await makePlan(stage, { ...END(), 'shards-at-once': '2' });
  const warnings = annotations(fan.plan, 'warning');
  expect(warnings.map(text => /may not read (\w+)/.exec(text)?.[1]).sort()).toEqual(['notes', 'tags']);
  for (const shard of await runShards(stage, fan)) expectGreen(shard);
  const merged = await runMerge(stage, fan);
  expect({ exit: merged.exitCode, annotations: merged.annotations }).toEqual({ exit: 0, annotations: [] });
  expect(outcomes(merged)).toEqual(all('complete', { tags: 'skipped', notes: 'skipped' }));
  // Named, they are an error, and one that comes before anything is read.
  expectRed((await makePlan(stage, { ...END(), streams: 'tags,messages' })).plan);
});

longDescribe('a plan knows how long it takes to read', () => {
  /** What the shards have used, each, where the plan has said so and they are about equal. */
  async function expectAsPlanned(inputs: Readonly<Record<string, string>>, difference: number): Promise<void> {
    const fan = await makePlan(stage, { ...END(), ...inputs });
    requestsSince(stage);
    const shards = await runShards(stage, fan);
    for (const shard of shards) expectGreen(shard);
    const used = requestsSince(stage);
    expect(estimateOf(fan.plan).requests / used).toBeGreaterThan(0.85);
    expect(estimateOf(fan.plan).requests / used).toBeLessThan(1.15);
    const requests = shards.map(requestsOf);
    expect(Math.max(...requests) / Math.min(...requests)).toBeLessThan(difference);
  }

  test('records of one second that fill many pages', async () => {
    stage.world.populate({ messages: 16_000 }, { from: Date.now() - 200 * DAY, to: Date.now() - 2 * DAY });
    const second = Math.floor((Date.now() - 60 * DAY) / 1_000) * 1_000;
    stage.world.create('messages', 1_600, { updatedAt: second });
    await expectAsPlanned({ streams: 'messages', 'shards-at-once': '8' }, 1.2);
  }, 60_000);

  test('klasses that hide, which each shard has to look for', async () => {
    await open({ world: { pageSizeMax: 20, hiddenKlasses: ['a', 'b', 'c'] } });
    stage.world.populate(
      { kobjects: { order: 400, a: 200, b: 100, c: 100 } },
      { from: Date.now() - 20 * DAY, to: Date.now() - 2 * DAY },
    );
    await expectAsPlanned({ streams: 'kobjects', 'shards-at-once': '4' }, 1.2);
  });

  test('streams of different sizes, part of them in the archive, each of which begins with a page of its own', async () => {
    await open({ world: { pageSizeMax: 50 } });
    stage.world.populate(
      { messages: 3_000, customers: 1_000, conversations: 1_500, notes: 500, kobjects: { order: 500 } },
      { from: Date.now() - 500 * DAY, to: Date.now() - 2 * DAY },
    );
    await expectAsPlanned({ 'shards-at-once': '4' }, 1.2);
  }, 60_000);

  test('two streams, most of which is in the archive', async () => {
    await open({ world: { pageSizeMax: 50 } });
    stage.world.populate(
      { messages: 5_000, customers: 3_000 },
      { from: Date.now() - 1_500 * DAY, to: Date.now() - 2 * DAY },
    );
    await expectAsPlanned({ streams: 'messages,customers', 'shards-at-once': '4' }, 1.2);
  }, 60_000);

  test('records that share a second with others, each time fewer than a page', async () => {
    await open({ world: { pageSizeMax: 100 } });
    stage.world.populate(
      { messages: 8_000 },
      { from: Date.now() - 500 * DAY, to: Date.now() - 2 * DAY, tieFraction: 0.5, tieSize: 40 },
    );
    await expectAsPlanned({ streams: 'messages', 'shards-at-once': '4' }, 1.4);
  });

  test('pages too small to prove their order', async () => {
    await open({ world: { pageSizeMax: 10 } });
    stage.world.populate({ messages: 200 }, { from: Date.now() - 200 * DAY, to: Date.now() - 2 * DAY });
    stage.world.create('messages', 200, { updatedAt: Math.floor((Date.now() - 60 * DAY) / 1_000) * 1_000 });
    await expectAsPlanned({ streams: 'messages', 'shards-at-once': '2' }, 1.2);
  });
});

longTest('a plan knows how long the lists are, and what they hold', async () => {
  stage.world.populate(
    { tags: 600, shortcuts: 230, users: 20 },
    { from: Date.now() - 90 * DAY, to: Date.now() - 2 * DAY },
  );
  // As often in a list, but after the window.
  stage.world.create('users', 60, { updatedAt: Date.now() - DAY / 100 });
  const fan = await makePlan(stage, END());
  requestsSince(stage);
  const [shard] = await runShards(stage, fan);
  const used = requestsSince(stage);
  const { files } = JSON.parse(await readFile(shard?.outputs.manifest ?? '', 'utf8'));
  const bytes = files.reduce((sum: number, file: { bytes: number }) => sum + file.bytes, 0);
  const { records } = shard?.outputs ?? {};
  expect(records).toBe('850');
  for (const part of [estimateOf(fan.plan).records / Number(records), estimateOf(fan.plan).bytes / bytes]) {
    expect(part).toBeGreaterThan(0.85);
    expect(part).toBeLessThan(1.15);
  }
  expect(fan.plan.summary).toContain('| users | 20 |');
  expect(estimateOf(fan.plan).requests / used).toBeGreaterThan(0.85);
  expect(estimateOf(fan.plan).requests / used).toBeLessThan(1.15);
});

describe('a plan knows how much there is', () => {
  /** What one shard has published, where the plan has said so. */
  async function expectAsPlanned(inputs: Readonly<Record<string, string>>): Promise<void> {
    const fan = await makePlan(stage, inputs);
    const [shard] = await runShards(stage, fan);
    const { files } = JSON.parse(await readFile(shard?.outputs.manifest ?? '', 'utf8'));
    const bytes = files.reduce((sum: number, file: { bytes: number }) => sum + file.bytes, 0);
    expect(estimateOf(fan.plan).records).toBe(Number(shard?.outputs.records));
    expect(estimateOf(fan.plan).bytes / bytes).toBeGreaterThan(0.85);
    expect(estimateOf(fan.plan).bytes / bytes).toBeLessThan(1.15);
  }
  const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);

  test.each(
    few([
      ['both have for thirty days', 30 * DAY],
      ['have one after the other', 0],
    ]),
  )('of what the live search and the archive %s', async (_, archiveOverlapMs) => {
    await open({ world: { pageSizeMax: 50, archiveOverlapMs } });
    stage.world.populate({ messages: 1_500 }, { from: Date.now() - 762 * DAY, to: Date.now() - 698 * DAY });
    await expectAsPlanned({ 'start-date': day(761), 'end-date': day(699), streams: 'messages' });
  });

  longTest('of klasses, all of which hide', async () => {
    await open({ world: { pageSizeMax: 50, hiddenKlasses: ['a', 'b'] } });
    stage.world.populate({ kobjects: { a: 400, b: 200 } }, { from: Date.now() - 90 * DAY, to: Date.now() - 2 * DAY });
    await expectAsPlanned({ ...END(), streams: 'kobjects' });
  });

  longTest('of a stream that has had nothing new for long', async () => {
    await open({ world: { pageSizeMax: 200 } });
    stage.world.populate({ messages: 200 }, { from: Date.now() - 600 * DAY, to: Date.now() - 550 * DAY });
    await expectAsPlanned({ ...END(), 'start-date': day(610), streams: 'messages' });
  });
});

longTest('a plan knows what only the list of notes still has', async () => {
  stage.world.populate({ notes: 2_000 }, { from: Date.now() - 2_000 * DAY, to: Date.now() - 800 * DAY });
  const fan = await makePlan(stage, { ...END(), streams: 'notes' });
  const [shard] = await runShards(stage, fan);
  const { files } = JSON.parse(await readFile(shard?.outputs.manifest ?? '', 'utf8'));
  const bytes = files.reduce((sum: number, file: { bytes: number }) => sum + file.bytes, 0);
  for (const part of [estimateOf(fan.plan).records / 2_000, estimateOf(fan.plan).bytes / bytes]) {
    expect(part).toBeGreaterThan(0.85);
    expect(part).toBeLessThan(1.15);
  }
  // Nothing of it is in a window that begins after the notes.
  const late = new Date(Date.now() - 760 * DAY).toISOString().slice(0, 10);
  const other = await makePlan(stage, { ...END(), 'start-date': late, streams: 'notes' });
  expect(estimateOf(other.plan)).toMatchObject({ records: 0, bytes: 0 });
});

longTest('a plan knows how large the files will be, compressed, too', async () => {
  await open();
  populate(20);
  const inputs = { ...END(), streams: 'messages,customers', compression: 'gzip' };
  const fan = await makePlan(stage, inputs);
  const [shard] = await runShards(stage, fan);
  const { files } = JSON.parse(await readFile(shard?.outputs.manifest ?? '', 'utf8'));
  const bytes = files.reduce((sum: number, file: { bytes: number }) => sum + file.bytes, 0);
  expect(estimateOf(fan.plan).bytes / bytes).toBeGreaterThan(0.85);
  expect(estimateOf(fan.plan).bytes / bytes).toBeLessThan(1.15);
});

longTest('a plan counts part by part what times out as a whole', async () => {
  const now = Date.now();
  stage.world.populate({ messages: 1_000 }, { from: now - 600 * DAY, to: now - 2 * DAY });
  stage.kustomer.faults.add({
    kind: 'timed-out',
    counted: true,
    times: Number.POSITIVE_INFINITY,
    match: ({ kind, body }) => (kind === 'live' || kind === 'archive') && widthOf(body) > 100 * DAY,
  });
  const start = new Date(now - 650 * DAY).toISOString().slice(0, 10);
  const fan = await makePlan(stage, { ...END(), 'start-date': start, streams: 'messages', 'shards-at-once': '2' });
  expect({ exit: fan.plan.exitCode, annotations: fan.plan.annotations }).toEqual({ exit: 0, annotations: [] });
  expect(requestsSince(stage)).toBeLessThan(60);
  for (const shard of await runShards(stage, fan)) expectGreen(shard);
  expect(estimateOf(fan.plan).records).toBe(1_000);
  expect(estimateOf(fan.plan).bytes).toBeGreaterThan(0);
});

/** How long a window a search asks about. */
function widthOf(body: unknown): number {
  const { and = [] } = (body ?? {}) as { and?: readonly Readonly<Record<string, { gte?: string; lt?: string }>>[] };
  const bounds = and.flatMap(each => (each.message_updated_at === undefined ? [] : [each.message_updated_at]));
  const at = (key: 'gte' | 'lt') => Date.parse(bounds.find(bound => bound[key] !== undefined)?.[key] ?? '');
  return at('lt') - at('gte');
}

test('a plan ends, also where a list shows the same page whatever page is asked for', async () => {
  stage.world.populate({ notes: 300 }, { from: Date.now() - 1_000 * DAY, to: Date.now() - 2 * DAY });
  stage.kustomer.faults.add({ kind: 'repeat-page', match: { on: 'list' }, times: Number.POSITIVE_INFINITY });
  const { plan } = await makePlan(stage, { ...END(), streams: 'notes', 'time-budget': '8s' });
  expect(plan.annotations).toEqual([]);
  expect(requestsSince(stage)).toBeLessThan(30);
});
