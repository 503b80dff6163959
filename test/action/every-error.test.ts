// Errors, warnings and notices that no other test is about: each is reached, and says what docs/troubleshooting.md says.
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { few, longTest } from '../forms.ts';
import type { Fault } from '../world/kustomer/index.ts';
import { openStage, type Stage, type StageOptions, type Sync } from '../world/stage.ts';
import { makePlan, runShard } from './fan-out.ts';
import { FULL_DISK, preload } from './preload.ts';
import { poison } from './saved-state.ts';
import { annotations, DAY, expectRed, expectSound, HOUR, populate, ration } from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';

async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

const always = { times: Number.POSITIVE_INFINITY };
const empty = (meta: object): Fault => ({
  kind: 'status',
  status: 200,
  body: { data: [], meta, links: { next: null } },
});

describe.concurrent('an error', () => {
  const cases: [ErrorCode, Sync, (stage: Stage) => unknown][] = [
    [
      'records-hidden',
      { with: { streams: 'kobjects' } },
      stage => {
        // Not the generic search, which lacks this klass, but that of the klass counts records and shows none.
        const match = { context: 'kobject_order' };
        stage.kustomer.faults.add({ ...empty({ total: 5, page: 1, pageSize: 1 }), ...always, match });
      },
    ],
    [
      'search-inconsistent',
      { with: { streams: 'customers' } },
      stage => stage.kustomer.faults.add({ kind: 'short-page', drop: 1, ...always, match: { stream: 'customers' } }),
    ],
    [
      'count-unavailable',
      { with: { streams: 'customers', mode: 'plan' } },
      stage => stage.kustomer.faults.add({ ...empty({ page: 1 }), ...always, match: { stream: 'customers' } }),
    ],
    // All streams meet it, and what is written beside them.
    ['disk-full', { nodeArgs: FULL_DISK }, stage => populate(stage, 5)],
    ['no-cache', { nodeArgs: preload('delete process.env.ACTIONS_RESULTS_URL') }, () => {}],
    [
      'branch-unavailable',
      { with: { streams: 'tags', destination: 'branch' } },
      stage => stage.github.traffic.fault('git.createCommit', { kind: 'status', status: 500 }, { times: Infinity }),
    ],
    [
      'branch-of-other-sync',
      { with: { streams: 'tags', destination: 'branch', 'state-id': 'other' } },
      stage => stage.sync({ with: { streams: 'tags', destination: 'branch' } }),
    ],
    [
      'plan-unfinished',
      { with: { streams: 'customers', mode: 'plan', 'time-budget': '1s' } },
      stage => ration(stage, 1),
    ],
    [
      'plan-too-large',
      { with: { streams: 'customers', mode: 'plan', 'time-budget': '60s', 'search-requests-per-minute': '1000' } },
      stage =>
        stage.kustomer.faults.add({ kind: 'wrong-total', total: 1e10, ...always, match: { stream: 'customers' } }),
    ],
    [
      'record-format-changed',
      { with: { streams: 'tags', 'record-format': 'raw' } },
      stage => stage.sync({ with: { streams: 'tags' } }),
    ],
  ];

  test.each(few(cases, 3))('%s', async (code, sync, prepare) => {
    await using stage = await open({ world: { hiddenKlasses: ['order'] } });
    await prepare(stage);
    const result = await stage.sync(sync);
    expectRed(result);
    expect(annotations(result, 'error')).toHaveLength(1);
    expectError(result, code);
  });
});

describe.concurrent('a warning or notice', () => {
  const FAST = preload('const now = Date.now; Date.now = () => now() + 600_000');

  test('that old records are skipped', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { streams: 'customers', archive: 'never' } });
    expectSound(result);
    expectAnnotation(result, 'archive-skipped');
  });

  longTest('that the clock of the runner is fast', async () => {
    await using stage = await open();
    const result = await stage.sync({ with: { streams: 'customers' }, nodeArgs: FAST });
    expectSound(result);
    expectAnnotation(result, 'clock-fast');
  });

  longTest('that the clock of an earlier run was fast', async () => {
    await using stage = await open();
    await stage.sync({ with: { streams: 'customers' } });
    await poison(stage, text => {
      const document = JSON.parse(text);
      // A clock that was faster by more is an error.
      const later = new Date(Date.now() + HOUR / 6).toISOString();
      document.streams.customers.cutoff = later;
      return JSON.stringify(document);
    });
    const result = await stage.sync({ with: { streams: 'customers' } });
    expectSound(result);
    expectAnnotation(result, 'state-from-the-future');
  });

  longTest('that there is no record at all', async () => {
    await using stage = await openStage();
    const LONG_AGO = { from: Date.now() - 40 * DAY, to: Date.now() - 39 * DAY };
    stage.world.populate({ customers: 3 }, LONG_AGO);
    expect((await stage.sync({ with: { streams: 'customers' } })).exitCode).toBe(0);
    stage.world.hardDelete('customers', 3);
    const result = await stage.sync({ with: { streams: 'customers' } });
    expectSound(result);
    expectAnnotation(result, 'no-record-at-all');
  });

  test('that the end of a backfill has not come', async () => {
    await using stage = await open();
    const tomorrow = new Date(Date.now() + DAY).toISOString();
    const result = await stage.sync({ with: { streams: 'customers', 'end-date': tomorrow } });
    expectSound(result);
    expectAnnotation(result, 'end-in-future');
  });

  test('that a shard has stopped, where its job is to succeed', async () => {
    await using stage = await open({ world: { pageSizeMax: 5 } });
    const fan = await makePlan(stage, { streams: 'messages', destination: 'none' });
    ration(stage, 4);
    const result = await runShard(stage, fan, 1, { with: { 'time-budget': '2s' } });
    expectSound(result);
    expectAnnotation(result, 'shard-stopped');
  });

  test('that there is no summary', async () => {
    await using stage = await open();
    const nodeArgs = preload('process.env.GITHUB_STEP_SUMMARY = "/nowhere/at/all"');
    const result = await stage.sync({ with: { streams: 'tags' }, nodeArgs });
    expect(result.exitCode, result.log).toBe(0);
    expectAnnotation(result, 'no-summary');
  });
});
