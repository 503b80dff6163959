// Plays random worlds against the reader (test/world/model.ts) and prints the seed and the result.
//
//   npm run worlds                        10,000 worlds from a seed of the day
//   npm run worlds -- --seed 7 --count 1  replays one world, with its story
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Played, playWorld } from '../test/world/model.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string', default: '10000' } } });
const first = Number(values.seed ?? Math.floor(Date.now() / 86_400_000) * 100_000);
const count = Number(values.count);
const started = performance.now();
let [next, runs, complete, requests] = [first, 0, 0, 0];
const failed: Played[] = [];

console.log(`Seeds ${first} to ${first + count - 1}`);
/** Several worlds at once: most of the time of each is spent waiting for an answer. */
await Promise.all(
  Array.from({ length: 4 * cpus().length }, async () => {
    while (next < first + count) {
      const played = await playWorld(next++);
      runs += played.runs;
      complete += played.completeRuns;
      requests += played.requests;
      if (played.problems.length > 0) {
        failed.push(played);
        console.log(`seed ${played.seed}: ${played.problems[0]}`);
      }
      if ((next - first) % 1_000 === 0) console.log(`${next - first} worlds, ${failed.length} failed`);
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
