// Kills the action at every step of input and output it makes, one step a run, with and without the post step, and runs
// it again to completion. Says what is missing or twice then.
//
//   node scripts/on-node24.mjs scripts/kill-everywhere.ts [artifact|branch] [from] [to]
import { type Crash, crash } from '../test/action/crash-at.ts';

const [only, from = '1', to = 'Infinity'] = process.argv.slice(2);
let wrong = 0;
for (const destination of ['artifact', 'branch'] as const) {
  if (only !== undefined && only !== destination) continue;
  const { steps } = await crash({ destination, step: 0, post: true });
  console.log(`${destination}: ${steps} steps`);
  for (let step = Number(from); step <= Math.min(steps, Number(to)); step++) {
    for (const post of [true, false]) {
      const plan: Crash = { destination, step, post };
      const { missing, twice, log } = await crash(plan);
      if (missing.length + twice.length === 0 && log === '') continue;
      wrong++;
      console.log(JSON.stringify({ ...plan, missing: missing.length, twice: twice.length }));
      if (log !== '') console.log(log);
    }
  }
}
console.log(wrong === 0 ? 'Nothing missing, nothing twice, wherever it died.' : `${wrong} crashes had consequences.`);
process.exitCode = wrong === 0 ? 0 : 1;
