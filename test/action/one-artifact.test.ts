// One artifact a run, whatever its length: a run that would grow too large for one upload stops at a clean point, and the next
// one goes on.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { actionOf } from './crash-at.ts';
import { FLAWLESS, faults, HOUR, messages, populate, uploaded } from './publishing.ts';
import { expectAnnotation } from './troubles.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage({ server: { latencyMs: 30 }, world: { pageSizeMax: 4 } });
  populate(stage, 4);
});
afterEach(() => stage.close());

/** A run that checkpoints all the time, as one of many hours does now and then, with limits of its own. */
async function long(env: Readonly<Record<string, string>> = {}, inputs: Readonly<Record<string, string>> = {}) {
  return stage.sync({ env, with: inputs, action: await actionOf(stage, true, true) });
}

test('a run that journals many times uploads one artifact, under the name that the input gives', async () => {
  const result = await long();
  expect(result.exitCode, result.log).toBe(0);
  expect(stage.github.artifacts().map(({ name, id }) => [name, String(id)])).toEqual([
    ['kustomer-sync', result.outputs['artifact-id']],
  ]);
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});

test.each(
  few([
    ['its files reach their limit', { MAX_PARTS_BYTES: '20000' }, /The files of this run have reached 0\.00002 GB/],
    ['the disk has little left', { MIN_FREE_BYTES: '1e18' }, /Less than 1000000000 GB are left on the disk/],
  ] as const),
)('a run stops at a clean point when %s, and the next run goes on', async (_what, env, says) => {
  const first = await long(env);
  expect(first.exitCode, first.log).toBe(0);
  expect(first.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
  expect(first.log).toMatch(says);
  expect(first.summary).toContain('the disk had less than 2 GB left: the next run continues from here.');
  expect(messages(first)).toEqual([]);
  const records = Number(first.outputs.records);
  expect(records).toBeGreaterThan(0);
  const second = await stage.sync();
  expect(second.outputs.complete, second.log).toBe('true');
  expect(Number(second.outputs.records)).toBeGreaterThan(0);
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});

longTest(
  'messages of Singer, which are written at the end, count as files of a run before they are there',
  async () => {
    const limit = { MAX_PARTS_BYTES: '150000' };
    const plain = await long(limit, { 'state-id': 'plain' });
    const both = await long(limit, { 'state-id': 'both', singer: 'true' });
    expect(both.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
    expect(Number(both.outputs.records)).toBeLessThan(Number(plain.outputs.records));
  },
);

longTest('another record format than before is refused with what to do, before anything is read', async () => {
  await stage.sync();
  stage.kustomer.log.clear();
  stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
  const result = await stage.sync({ with: { 'record-format': 'raw' } });
  expect(result.exitCode).toBe(1);
  expect(messages(result, 'error')).toEqual([
    expect.stringMatching(
      /^`record-format` is `raw`, and .*conversations.* were published as `flat` so far.*`reset-state: true`/,
    ),
  ]);
  expect(stage.github.artifacts()).toHaveLength(1);
  const raw = await stage.sync({ with: { 'record-format': 'raw', 'reset-state': 'true' } });
  expect(raw.outputs.complete, raw.log).toBe('true');
});

longTest('deleted records that were left out are said to be missing, until they are read again', async () => {
  const streams = 'conversations';
  await stage.sync({ with: { streams, 'include-deleted': 'false' } });
  for (let n = 0; n < 2; n++) {
    const result = await stage.sync({ with: { streams } });
    expectAnnotation(result, 'published-with-less');
    expect(messages(result, 'warning')).toEqual([
      expect.stringMatching(
        /^Records of conversations that were marked as deleted are missing.*`sync-mode: full_refresh`/,
      ),
    ]);
  }
  expect(messages(await stage.sync({ with: { streams, 'sync-mode': 'full_refresh' } }))).toEqual([]);
  expect(messages(await stage.sync({ with: { streams } }))).toEqual([]);
});
