// Kills the action at every step of input and output it makes, one step a run, with and without the post step, and runs
// it again to completion. Says what is missing or twice then.
//
//   npm run kill-everywhere                           syncs and reconciliations of both destinations, and a compaction
//   npm run kill-everywhere -- artifact 100 120       these steps of a sync that publishes an artifact
//   npm run kill-everywhere -- compact                all of a compaction
//   npm run kill-everywhere -- reconcile-branch       all of a reconciliation, every other one without the post step
//   npm run kill-everywhere -- reconcile              the same with both destinations
import { availableParallelism } from 'node:os';
import { openCompactionCrashes } from '../test/action/compacting.ts';
import { type Crash, crash } from '../test/action/crash-at.ts';
import { openReconciliationCrashes } from '../test/action/reconciling.ts';

const [only, from = '1', to = 'Infinity'] = process.argv.slice(2);
const started = performance.now();
const plans: Crash[] = [];
for (const destination of ['artifact', 'branch'] as const) {
  if (only !== undefined && only !== destination) continue;
  const { steps } = await crash({ destination, step: 0, post: true });
  console.log(`${destination}: ${steps} steps`);
  for (let step = Number(from); step <= Math.min(steps, Number(to)); step++) {
    for (const post of [true, false]) plans.push({ destination, step, post });
  }
}

let wrong = 0;
let alive = 0;
let done = 0;

interface Crashes extends AsyncDisposable {
  crash(step: number, post?: boolean): Promise<{ steps: number; died: boolean; wrong: readonly string[] }>;
}

/** @param perStage how many crashes the same world has before there is a new one */
async function killEach(name: string, open: () => Promise<Crashes>, perStage: number): Promise<void> {
  let end = Number(to);
  for (let step = Number(from); step <= end; ) {
    await using crashes = await open();
    if (step === Number(from)) {
      const { steps, wrong: found } = await crashes.crash(0);
      console.log(`${name}: ${steps} steps`);
      if (found.length > 0) throw new Error(`${name}: wrong without a death: ${found}`);
      end = Math.min(end, steps);
    }
    for (let n = 0; n < perStage && step <= end; n++, step++) {
      const { died, wrong: found } = await crashes.crash(step, step % 2 === 0);
      done++;
      if (!died) alive++;
      if (done % 50 === 0) console.log(`${name}: step ${step} of ${end}`);
      if (found.length === 0) continue;
      wrong++;
      console.log(JSON.stringify({ [name]: step, found }));
    }
  }
}

/** Dies again and again, until there is no step left to die at. */
async function worker(): Promise<void> {
  for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
    const { missing, twice, log, died } = await crash(plan);
    if (!died) alive++;
    if (++done % 100 === 0) console.log(`${done} crashes`);
    if (missing.length + twice.length === 0 && log === '') continue;
    wrong++;
    console.log(JSON.stringify({ ...plan, missing: missing.length, twice: twice.length }));
    if (log !== '') console.log(log);
  }
}

await Promise.all(Array.from({ length: 2 * availableParallelism() }, worker));
if (only === undefined || only === 'compact')
  await killEach('compact', openCompactionCrashes, Number.POSITIVE_INFINITY);
for (const destination of ['artifact', 'branch'] as const) {
  const name = `reconcile-${destination}`;
  if (only === undefined || only === 'reconcile' || only === name)
    await killEach(name, () => openReconciliationCrashes(destination), 10);
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
// A run has not always the same number of steps: one that had fewer lived.
console.log(`${done - alive} crashes, and ${alive} runs that were through before, in ${minutes} minutes.`);
console.log(wrong === 0 ? 'Nothing missing, nothing twice, wherever it died.' : `${wrong} crashes had consequences.`);
process.exitCode = wrong === 0 ? 0 : 1;
