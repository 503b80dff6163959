// An answer of the results service stops halfway: the toolkit would wait for the rest for ever.
import { expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { FLAWLESS, faults, HOUR, hold, populate, uploaded } from './publishing.ts';
import { expectRed, fastClock } from './support.ts';

/** Five minutes in three seconds. */
const fast = fastClock(100);
const change = (stage: Stage) => stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });

test.each(
  few([
    'CreateArtifact',
    'FinalizeArtifact',
    'CreateCacheEntry',
    'FinalizeCacheEntryUpload',
    'GetCacheEntryDownloadURL',
  ]),
)('one answer of %s that stops halfway costs some minutes, and nothing else', async operation => {
  await using stage = await openStage();
  populate(stage);
  await stage.sync();
  change(stage);
  stage.github.traffic.fault(operation, { kind: 'stall' });
  const result = await stage.sync(fast);
  expect(result.exitCode, result.log).toBe(0);
  expect((await stage.sync()).outputs).toMatchObject({ records: '0', complete: 'true' });
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});

longTest('a cache whose every answer stops halfway is one clear error', async () => {
  await using stage = await openStage();
  populate(stage);
  await stage.sync();
  change(stage);
  stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'stall' }, { times: Infinity });
  expectRed(await stage.sync(fast));
  stage.github.traffic.clearFaults();
  expect((await stage.sync()).outputs.records).toBe('2');
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});

longTest('an upload that takes longer than its deadline, and comes to its end after all, is there once', async () => {
  await using stage = await openStage();
  populate(stage);
  const first = hold(stage, 'PutBlock', 1);
  const retry = hold(stage, 'FinalizeArtifact', 2);
  const [begun, deleted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let creations = 0;
  stage.github.traffic.onRequest(({ operation }) => {
    if (operation === 'CreateArtifact' && ++creations === 2) begun.resolve();
  });
  stage.github.traffic.onAnswer(({ operation }) => {
    if (operation === 'DeleteArtifact') deleted.resolve();
  });
  const running = stage.sync(fast);
  await begun.promise;
  first.go();
  await retry.reached;
  await deleted.promise;
  retry.go();
  const result = await running;
  expect(result.exitCode, result.log).toBe(0);
  expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
});
