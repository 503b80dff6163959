// Runs the action against services that give hostile answers (test/fuzz). Prints the seed and the case of each fault.
//
//   npm run fuzz                                 ten minutes from a seed of the day
//   npm run fuzz -- --seed 17 --minutes 60
//   npm run fuzz -- --seed 17 --count 1          replays one case, with its log
//   npm run fuzz -- --case '{"seed":17,...}'     replays a printed case, also when seeds draw others meanwhile
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Case, drawCase } from '../test/fuzz/case.ts';
import { isKnown } from '../test/fuzz/known.ts';
import { runCase } from '../test/fuzz/run-case.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    count: { type: 'string' },
    case: { type: 'string' },
    workers: { type: 'string' },
  },
});
const given = values.case === undefined ? undefined : (JSON.parse(values.case) as Case);
const first = Number(given?.seed ?? values.seed ?? Math.floor(Date.now() / 86_400_000) * 100_000);
const count = Number(values.count ?? (given && 1) ?? Number.POSITIVE_INFINITY);
const minutes = Number(values.minutes ?? (count === Number.POSITIVE_INFINITY ? 10 : Number.POSITIVE_INFINITY));
const started = performance.now();
const end = started + minutes * 60_000;
let [next, done, injected, untouched, peak, failed, known] = [first, 0, 0, 0, 0, 0, 0];
const ends = { success: 0, error: 0 };

console.log(`Seeds from ${first}`);
/** Several cases at a time, because a case mostly waits for its processes. */
async function worker(): Promise<void> {
  while (next < first + count && performance.now() < end) {
    const seed = next++;
    const drawn = given ?? drawCase(seed);
    const began = performance.now();
    const result = await runCase(drawn);
    injected += result.injected;
    if (result.injected === 0) untouched++;
    peak = Math.max(peak, result.peakMB);
    ends[result.exitCode === 0 ? 'success' : 'error']++;
    if (++done % 100 === 0)
      console.log(`${done} cases, ${failed} failed, ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
    const isNew = result.findings.some(finding => !isKnown(finding, drawn));
    if (isNew) failed++;
    else if (result.findings.length > 0) known++;
    if (isNew || (count === 1 && result.findings.length > 0)) {
      console.log(`seed ${seed} (${Math.round(performance.now() - began)} ms): ${JSON.stringify(drawn)}`);
      for (const { kind, what } of result.findings) console.log(`  ${kind}: ${what}`);
    }
    if (count === 1)
      console.log(
        `${JSON.stringify(drawn, null, 1)}\n${result.log}\n${result.errors.join('\n')}\npeak ${result.peakMB} MB, ${result.injected} mutated answers`,
      );
  }
}

await Promise.all(
  Array.from({ length: Math.min(count, Number(values.workers ?? 2 * availableParallelism())) }, worker),
);
const took = ((performance.now() - started) / 60_000).toFixed(1);
console.log(
  `${done} cases from seed ${first} in ${took} minutes: ${injected} mutated answers, none in ${untouched} cases, ${ends.success} runs succeeded and ${ends.error} failed, at most ${Math.round(peak)} MB.`,
);
console.log(failed === 0 ? 'Nothing lost, nothing twice, nothing hung, nothing leaked.' : `${failed} cases failed.`);
if (known > 0) console.log(`${known} cases met faults that are known (test/fuzz/known.ts).`);
process.exit(failed === 0 ? 0 : 1);
