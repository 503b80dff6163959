// The data branch moves while a run commits, or GitHub does not say whether it has moved.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { longDescribe, longTest } from '../forms.ts';
import { openStage, type Stage, type Sync } from '../world/stage.ts';
import { BRANCH, cloned, FLAWLESS, faults, HOUR, messages, onBranch, populate } from './publishing.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
  populate(stage);
});
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const sync = ({ with: inputs, ...options }: Sync = {}) => stage.sync({ with: { ...onBranch, ...inputs }, ...options });
const touch = () => stage.world.update('conversations', 3, { at: Date.now() - HOUR / 3 });

/** The next pushes of others come just before the run moves the branch. Returns a function that stops them. */
function push(times: number): () => void {
  let n = 0;
  return stage.github.traffic.onRequest(async ({ operation }) => {
    if (operation === 'git.updateRef' && n++ < times)
      await stage.github.repository.commit(BRANCH, { [`theirs/${n}.txt`]: 'pushed' });
  });
}

describe('a branch that others push to', () => {
  longTest('fourteen times in a row while a run commits gets the commit all the same', async () => {
    await sync();
    touch();
    push(14);
    const result = await sync();
    expect({ exit: result.exitCode, annotations: result.annotations }, result.log).toEqual({
      exit: 0,
      annotations: [],
    });
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(16);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  test('for ten minutes is said to keep moving, and the records come with the next run', async () => {
    await sync();
    touch();
    const stop = push(1_000);
    // Ten minutes in six seconds.
    const fast =
      'data:text/javascript,const now = performance.now.bind(performance); performance.now = () => 100 * now();';
    const result = await sync({ nodeArgs: ['--import', fast] });
    expectError(result, 'branch-keeps-moving');
    expect(result.exitCode).toBe(1);
    expect(messages(result, 'error')).toEqual([
      expect.stringMatching(
        /^The branch kustomer-data of acme\/support-data keeps moving: for 10 minutes other writers.* Set `branch` to one/,
      ),
    ]);
    expect(result.outputs).toMatchObject({ 'state-saved': 'false', commit: '' });
    stop();
    expect((await sync()).outputs.records).toBe('3');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});

longDescribe('a commit whose answer is lost', () => {
  test('however often it is asked for is found on the branch', async () => {
    await sync();
    touch();
    stage.github.traffic.fault('git.updateRef', { kind: 'lost', status: 502 }, { times: 4 });
    const result = await sync();
    expect({ exit: result.exitCode, annotations: result.annotations }, result.log).toEqual({
      exit: 0,
      annotations: [],
    });
    expect(result.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(2);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});
