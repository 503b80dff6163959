// Loaded into the action with `--import`: its waits pass HURRY times as fast, so that a minute of waiting for a rate
// limit takes seconds, and PEAK_FILE gets the peak of its resident memory. Date.now stays: it is what records are
// compared with. PLANT makes the action do what the fuzzer has to notice.
import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import promises from 'node:timers/promises';

const hurry = Number(process.env.HURRY ?? 1);
/** Shorter ones are no waits for somebody else. */
const SHORTEST_MS = 50;
const shortened = ms => (typeof ms === 'number' && ms >= SHORTEST_MS ? Math.max(1, ms / hurry) : ms);

if (hurry !== 1) {
  const { now } = performance;
  performance.now = () => now.call(performance) * hurry;
  const { setTimeout: later, setInterval: again } = globalThis;
  globalThis.setTimeout = Object.assign((callback, ms, ...args) => later(callback, shortened(ms), ...args), later);
  globalThis.setInterval = (callback, ms, ...args) => again(callback, shortened(ms), ...args);
  const { setTimeout: sleep } = promises;
  promises.setTimeout = (ms, ...args) => sleep(shortened(ms), ...args);
  const { timeout } = AbortSignal;
  AbortSignal.timeout = ms => timeout.call(AbortSignal, Math.ceil(shortened(ms)));
  const { setTimeout: idle } = net.Socket.prototype;
  net.Socket.prototype.setTimeout = function (ms, callback) {
    return idle.call(this, Math.ceil(shortened(ms)), callback);
  };
  syncBuiltinESMExports();
}

process.on('exit', () => {
  if (process.env.PEAK_FILE === undefined) return;
  writeFileSync(`${process.env.PEAK_FILE}.${process.pid}`, String(process.resourceUsage().maxRSS / 1024));
});

const plants = {
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  leak: () => console.log(`the key is ${process.env.INPUT_TOKEN}`),
  memory: () => Buffer.alloc(400 * 1024 * 1024, 1),
  crash: () => process.kill(process.pid, 'SIGSEGV'),
};
if (/main\.mjs$/.test(process.argv[1] ?? '')) {
  for (const plant of (process.env.PLANT ?? '').split(',')) plants[plant]?.();
}
