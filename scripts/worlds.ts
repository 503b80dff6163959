// Plays random worlds against the reader (test/world/model.ts) and prints the seed and the result.
//
//   npm run worlds                        10,000 worlds from a seed of the day
//   npm run worlds -- --seed 7 --count 1  replays one world, with its story
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Played, playWorld } from '../test/world/model.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string', default: '10000' } } });
const first = Number(values.seed ?? Math.floor(Date.now() / 86_400_000) * 100_000);
const count = Number(values.count);
const started = performance.now();
let [next, done, runs, complete, requests] = [first, 0, 0, 0, 0];
const failed: Played[] = [];

/** A world that is played for so long will not come to its end (README.md#what-it-promises). */
const LONGEST_MS = 300_000;

async function endless(seed: number): Promise<Played> {
  await sleep(LONGEST_MS, undefined, { ref: false });
  return { seed, problems: ['does not come to its end'], story: [], runs: 0, completeRuns: 0, requests: 0 };
}

console.log(`Seeds ${first} to ${first + count - 1}`);
/** Several worlds at once: most of the time of each is spent waiting for an answer. */
await Promise.all(
  Array.from({ length: 4 * cpus().length }, async () => {
    while (next < first + count) {
      const seed = next++;
      const played = await Promise.race([playWorld(seed), endless(seed)]);
      runs += played.runs;
      complete += played.completeRuns;
      requests += played.requests;
      if (played.problems.length > 0) {
        failed.push(played);
        console.log(`seed ${played.seed}: ${played.problems[0]}`);
      }
      if (++done % 1_000 === 0) console.log(`${done} worlds, ${failed.length} failed`);
    }
  }),
);
for (const { problems, story } of count === 1 ? failed : []) console.log([...problems, ...story].join('\n'));
const seconds = (performance.now() - started) / 1_000;
console.log(
  `\n${count} worlds from seed ${first}: ${runs} runs, ${complete} of them complete, ${requests} requests, ${seconds.toFixed(0)} s`,
);
console.log(`${count - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
