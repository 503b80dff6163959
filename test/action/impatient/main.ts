// The main step with no patience: what a run of many hours does every half minute and every quarter of an hour, it does
// all the time.

import { sync } from '../../../src/commands/sync.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { readContext } from '../../../src/github/context.ts';
import { exit, log } from '../../../src/report/log.ts';
import { publishReport } from '../../../src/report/show.ts';
import { Stopped } from '../../../src/sync/read-all.ts';

const stop = new AbortController();
process.on('SIGINT', () => stop.abort(new Stopped('cancelled')));
const limits = {
  schedule: { checkpointMs: 15, publishMs: 40 },
  disk: {
    maxParts: Number(process.env.MAX_PARTS_BYTES ?? 8e9),
    minFree: Number(process.env.MIN_FREE_BYTES ?? 0),
  },
};
await publishReport(await sync(readConfig(), readContext(), log, stop, limits));
await exit();
