// Measures from the start of the action's process to its first request to Kustomer, with no saved state, and the size of
// dist/. Fails when one of them is over its bound.
//
//   npm run startup
//   npm run startup -- --busy   on a machine that has other work, the bound is a multiple of what a bare Node takes there
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ACTION, openStage } from '../test/world/stage.ts';

const RUNS = 7;
const BOUND_MS = 130;
/** A bare Node takes some 25 ms on a machine of this class that has nothing else to do. */
const BOUND_RATIO = 6;
const BOUND_BYTES = 2_500_000;

const stage = await openStage({ server: { latencyMs: 20 } });
const action: number[] = [];
const bare: number[] = [];
try {
  stage.world.populate({ conversations: 100, tags: 5 }, { from: Date.now() - 86_400_000, to: Date.now() - 3_600_000 });
  // The runner warms up, and its environment is what the runs that count are started with. Nobody saves a state: each run
  // ends when its first request has come.
  const { environment, paths } = await stage.sync({ kill: () => firstRequest() });
  for (let run = 0; run < RUNS; run++) {
    bare.push(await spawned(['-e', '0'], environment, paths.workspace, child => once(child, 'exit').then(() => now())));
    action.push(await spawned([join(ACTION, 'dist', 'main.mjs')], environment, paths.workspace, firstRequest));
  }
} finally {
  await stage.close();
}

const files = readdirSync(join(ACTION, 'dist'), { recursive: true, withFileTypes: true }).filter(entry =>
  entry.isFile(),
);
const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
const ratio = middle(action) / middle(bare);

console.log(`Start of the process to the first request: ${spread(action)}; bound ${BOUND_MS} ms`);
console.log(`A Node that does nothing (node -e 0):       ${spread(bare)}; ratio ${ratio.toFixed(1)}`);
console.log(`dist/: ${(bytes / 1e6).toFixed(2)} MB in ${files.length} files; bound ${BOUND_BYTES / 1e6} MB`);
const busy = process.argv.includes('--busy') && ratio <= BOUND_RATIO;
const slow = middle(action) > BOUND_MS && !busy;
if (slow) console.error(`The median is over ${BOUND_MS} ms.`);
else if (middle(action) > BOUND_MS)
  console.log(`Over the bound, on a machine that is busy: a ratio up to ${BOUND_RATIO} passes.`);
if (bytes > BOUND_BYTES) console.error(`dist/ is larger than ${BOUND_BYTES / 1e6} MB.`);
process.exit(slow || bytes > BOUND_BYTES ? 1 : 0);

/** Resolves with the moment at which the next request arrives at Kustomer. */
function firstRequest(): Promise<number> {
  return new Promise(resolve => {
    const end = stage.kustomer.onRequest(({ at }) => {
      end();
      resolve(at);
    });
  });
}

/** Milliseconds from the start of a process to the moment that `until` gives; then the process is ended. */
async function spawned(
  args: string[],
  env: Record<string, string>,
  cwd: string,
  until: (child: ChildProcess) => Promise<number>,
): Promise<number> {
  const start = now();
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'ignore' });
  const gone = once(child, 'exit');
  const failed = gone.then(([code]) => {
    if (code !== 0 && code !== null)
      throw new Error(`the process ended with exit code ${code} before its first request`);
    return now();
  });
  const end = await Promise.race([until(child), failed]);
  child.kill('SIGKILL');
  await gone;
  return end - start;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function spread(values: readonly number[]): string {
  const ms = (value: number) => value.toFixed(0);
  return `median ${ms(middle(values))} ms (${ms(Math.min(...values))} to ${ms(Math.max(...values))}, ${values.length} runs)`;
}
