// What is drawn: real runs of the committed dist/ in the simulated world.
import { FULL_DISK, preload } from '../../test/action/preload.ts';
import { populate } from '../../test/action/support.ts';
import type { ActionResult } from '../../test/world/runner/index.ts';
import type { Stage, StageOptions, Sync } from '../../test/world/stage.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

export interface Picture {
  readonly name: string;
  readonly stage?: StageOptions;
  /** The last run is the one that is shown. */
  run(stage: Stage): Promise<ActionResult>;
}

const fault = (stage: Stage, status: number, stream?: 'notes' | 'messages' | 'customers') =>
  stage.kustomer.faults.add({ kind: 'status', status, times: Infinity, ...(stream && { match: { stream } }) });
const once = (name: string, sync: Sync = {}, before: (stage: Stage) => void = () => {}): Picture => ({
  name,
  run(stage) {
    populate(stage, 3);
    before(stage);
    return stage.sync(sync);
  },
});
const again = (name: string, sync: Sync, between: (stage: Stage) => unknown): Picture => ({
  name,
  async run(stage) {
    populate(stage, 3);
    await stage.sync();
    await between(stage);
    return stage.sync(sync);
  },
});

/** A disk with 1 GB left, as the action asks for it. */
const SMALL_DISK = preload(`import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module';
  fs.statfs = async () => ({ bavail: 1e6, bsize: 1e3 }); syncBuiltinESMExports();`);

export const PICTURES: readonly Picture[] = [
  {
    name: 'first-46000',
    stage: { server: { latencyMs: 300 } },
    run(stage) {
      const counts = {
        messages: 30_000,
        conversations: 10_000,
        customers: 5_000,
        users: 800,
        tags: 100,
        shortcuts: 60,
      };
      stage.world.populate(counts, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
      return stage.sync({ with: { concurrency: '3' } });
    },
  },
  again('increment', { with: { settle: '0s' } }, async ({ world }) => {
    world.update('messages', 41);
    world.create('messages', 120);
    world.create('conversations', 31);
    world.softDelete('conversations', 2);
    world.update('customers', 8);
    world.hardDelete('tags', 1);
    await new Promise(resolve => setTimeout(resolve, 1_100));
  }),
  again('nothing-new', { with: { settle: '0s' } }, () => {}),
  once('403', {}, stage => fault(stage, 403, 'notes')),
  once('403-named', { with: { streams: 'notes,messages' } }, stage => fault(stage, 403, 'notes')),
  again('401', {}, stage => fault(stage, 401)),
  again('dead-host', { with: { 'api-url': 'https://127.0.0.1:9' } }, () => {}),
  again('500', {}, stage => fault(stage, 500, 'messages')),
  again('html', {}, stage => stage.kustomer.faults.add({ kind: 'html-200', times: Infinity })),
  again('html-one-stream', {}, stage =>
    stage.kustomer.faults.add({ kind: 'html-200', times: Infinity, match: { stream: 'messages' } }),
  ),
  once('404', {}, ({ kustomer }) =>
    kustomer.faults.add({ kind: 'status', status: 404, body: { message: 'no such page' }, times: Infinity }),
  ),
  once('404-one-stream', {}, stage => fault(stage, 404, 'messages')),
  once('rate-limit', {}, ({ kustomer }) =>
    kustomer.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '25' },
      match: { stream: 'customers' },
    }),
  ),
  {
    name: 'time-budget',
    stage: { server: { latencyMs: 300 } },
    run(stage) {
      stage.world.populate({ messages: 30_000, tags: 9 }, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
      return stage.sync({ with: { 'time-budget': '12s', concurrency: '2' } });
    },
  },
  {
    name: 'cancel',
    stage: { server: { latencyMs: 300 } },
    run(stage) {
      stage.world.populate({ messages: 30_000, tags: 9 }, { from: Date.now() - 300 * DAY, to: Date.now() - HOUR });
      return stage.sync({ with: { concurrency: '2' }, cancelAfter: handle => handle.waitFor(/^Read .* of/) });
    },
  },
  { ...once('public-repository'), stage: { github: { visibility: 'public' } } },
  once('input-errors', { with: { settle: 'x', streams: 'conversation, Messages', 'api-url': 'api.kustomerapp.com' } }),
  once('check', { with: { mode: 'check' } }),
  again('check-increment', { with: { mode: 'check', settle: '0s' } }, async ({ world }) => {
    world.create('messages', 120);
    await new Promise(resolve => setTimeout(resolve, 1_100));
  }),
  once('check-failed', { with: { mode: 'check', streams: 'notes,messages,tags' } }, stage =>
    fault(stage, 403, 'notes'),
  ),
  once('small-disk', { nodeArgs: SMALL_DISK, with: { concurrency: '1' } }),
  once('full-disk', { nodeArgs: FULL_DISK }),
  once('plan', { with: { mode: 'plan' } }),
  {
    name: 'merge',
    async run(stage) {
      populate(stage, 3);
      const { runId } = stage.github.job();
      const job = { runId, sameAttempt: true };
      const plan = await stage.sync({ job, with: { mode: 'plan' } });
      for (const shard of (JSON.parse(plan.outputs.matrix ?? '') as { shard: string[] }).shard)
        await stage.sync({ job, with: { shard } });
      return stage.sync({ job, with: { mode: 'merge', plan: plan.outputs.matrix ?? '' } });
    },
  },
  once('branch', { with: { destination: 'branch' } }),
];
