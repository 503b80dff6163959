// Entry of the main step.
import { setFlagsFromString } from 'node:v8';
import { sync } from './commands/sync.ts';
import { readConfig } from './config/read-config.ts';
import { asSyncError } from './errors.ts';
import { readContext } from './github/context.ts';
import { exit, log } from './report/log.ts';
import { failedReport } from './report/report.ts';
import { publishReport } from './report/show.ts';
import { Stopped } from './sync/read-all.ts';

// Pages come and go by the megabyte. Left to itself V8 lets some hundreds of them pile up before it collects; a small
// young generation and slow growth of the old one keep the whole process under 200 MB, whatever the number of records.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=10');
// undici parses headers with WebAssembly, which is fast enough as it is; to optimize it takes 15 MB, once or not at all.
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) return;
    log.info('Canceled: this run reads no more.');
    stop.abort(new Stopped('cancelled'));
  });
}

/** By `mode`. What only some runs need is loaded when it is used. */
const COMMANDS = {
  sync: async () => sync,
  plan: () => import('./commands/plan.ts').then(({ plan }) => plan),
  check: () => import('./commands/check.ts').then(({ check }) => check),
  compact: () => import('./commands/compact.ts').then(({ compact }) => compact),
  merge: () => import('./commands/merge.ts').then(({ merge }) => merge),
  reconcile: () => import('./commands/reconcile.ts').then(({ reconcile }) => reconcile),
};

try {
  const config = readConfig();
  const command = await COMMANDS[config.mode]();
  await publishReport(await command(config, readContext(), log, stop));
} catch (error) {
  await publishReport(failedReport(asSyncError(error)));
}
await exit();
