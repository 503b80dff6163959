// Answers the action as no service should, and says what it did not bear: see test/fuzz.
//
//   npm run fuzz                                 ten minutes from a seed of the day
//   npm run fuzz -- --seed 17 --minutes 60
//   npm run fuzz -- --seed 17 --count 1          replays one case, with its log
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { drawCase } from '../test/fuzz/case.ts';
import { play } from '../test/fuzz/play.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    count: { type: 'string' },
    workers: { type: 'string' },
  },
});
const first = Number(values.seed ?? Math.floor(Date.now() / 86_400_000) * 100_000);
const count = Number(values.count ?? Number.POSITIVE_INFINITY);
const minutes = Number(values.minutes ?? (values.count === undefined ? 10 : Number.POSITIVE_INFINITY));
const started = performance.now();
const end = started + minutes * 60_000;
let [next, done, hits, peak, failed] = [first, 0, 0, 0, 0];
const ends = { success: 0, error: 0 };

console.log(`Seeds from ${first}`);
/** Most of the time of a case is spent waiting for its processes. */
async function worker(): Promise<void> {
  while (next < first + count && performance.now() < end) {
    const seed = next++;
    const drawn = drawCase(seed);
    const began = performance.now();
    const verdict = await play(drawn);
    hits += verdict.hits;
    peak = Math.max(peak, verdict.peakMB);
    ends[verdict.exitCode === 0 ? 'success' : 'error']++;
    if (++done % 100 === 0)
      console.log(`${done} cases, ${failed} failed, ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
    if (verdict.problems.length > 0) {
      failed++;
      console.log(`seed ${seed} (${Math.round(performance.now() - began)} ms): ${JSON.stringify(drawn)}`);
      for (const { kind, what } of verdict.problems) console.log(`  ${kind}: ${what}`);
    }
    if (count === 1)
      console.log(
        `${JSON.stringify(drawn, null, 1)}\n${verdict.log}\n${verdict.errors.join('\n')}\npeak ${verdict.peakMB} MB, ${verdict.hits} spoiled answers`,
      );
  }
}

await Promise.all(
  Array.from({ length: Math.min(count, Number(values.workers ?? 2 * availableParallelism())) }, worker),
);
const took = ((performance.now() - started) / 60_000).toFixed(1);
console.log(
  `${done} cases from seed ${first} in ${took} minutes: ${hits} spoiled answers, ${ends.success} runs succeeded and ${ends.error} failed, at most ${Math.round(peak)} MB.`,
);
console.log(failed === 0 ? 'Nothing lost, nothing twice, nothing hung, nothing leaked.' : `${failed} cases failed.`);
process.exit(failed === 0 ? 0 : 1);
