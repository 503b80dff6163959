// Random worlds through random sequences of runs: see test/world/model.ts. `npm run worlds` plays thousands.
import { cpus } from 'node:os';
import { expect, test } from 'vitest';
import { LONG } from '../forms.ts';
import { playWorld } from '../world/model.ts';

const FIRST = 1;
const COUNT = LONG ? 500 : 8;

test(`in ${COUNT} random worlds nothing is missing and no version is published twice`, async () => {
  let next = FIRST;
  const failed: string[] = [];
  let complete = 0;
  // Several at once: most of the time of a world is spent waiting for an answer.
  const play = async () => {
    while (next < FIRST + COUNT) {
      const { seed, problems, completeRuns } = await playWorld(next++);
      complete += completeRuns;
      if (problems.length > 0) failed.push(`npm run worlds -- --seed ${seed} --count 1: ${problems[0]}`);
    }
  };
  await Promise.all(Array.from({ length: 4 * cpus().length }, play));
  expect(failed).toEqual([]);
  // Worlds in which no run ends have nothing to compare.
  expect(complete).toBeGreaterThan(3 * COUNT);
}, 300_000);
