// The short form of `npm run soak -- --runs 1000`.
import { expect, test } from 'vitest';
import { LONG } from '../forms.ts';
import { soak } from './soaking.ts';

const RUNS = LONG ? 30 : 3;

test('scheduled runs over a changing world, with trouble of any kind, end with the truth and leave nothing behind', async () => {
  const { problems, runs, history } = await soak({ seed: 3, runs: RUNS, checkEvery: 15, say: () => {} });
  expect(problems).toEqual([]);
  // Those of the checkpoints come on top: two for each destination.
  expect(runs).toBeGreaterThan(RUNS + 4);
  expect(history.commits).toBeLessThan(runs);
  expect(history.packedBytes / history.commits).toBeLessThan(100_000);
});
