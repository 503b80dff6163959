// Loaded into the action with `--import`. Its timers run TIME_SCALE times as fast, so that the minute of a rate limit
// takes seconds; Date.now does not, because the action compares it with the times of records. PEAK_FILE gets the peak of
// the resident memory. PLANTED names faults that the fuzzer has to find.
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import promises from 'node:timers/promises';

const scale = Number(process.env.TIME_SCALE ?? 1);
/** Shorter waits stay as they are. */
const SHORTEST_MS = 50;
const shortened = ms => (typeof ms === 'number' && ms >= SHORTEST_MS ? Math.max(1, ms / scale) : ms);

if (scale !== 1) {
  const { now } = performance;
  performance.now = () => now.call(performance) * scale;
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
  if (process.env.PEAK_FILE === undefined || process.platform !== 'linux') return;
  // Not `maxRSS`, which starts at the size of the process that started this one.
  const [, kB] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  writeFileSync(`${process.env.PEAK_FILE}.${process.pid}`, String(Number(kB ?? 0) / 1024));
});

const planted = {
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  leak: () => console.log(`the key is ${process.env.INPUT_TOKEN}`),
  memory: () => Buffer.alloc(400 * 1024 * 1024, 1),
  crash: () => process.kill(process.pid, 'SIGSEGV'),
};
if (/main\.mjs$/.test(process.argv[1] ?? '')) {
  for (const plant of (process.env.PLANTED ?? '').split(',')) planted[plant]?.();
}
