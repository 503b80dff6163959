// The main step with no patience: what a run of many hours does every half minute and every quarter of an hour, it does
// all the time.

import { run } from '../../../src/commands/sync.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { readContext } from '../../../src/github/context.ts';
import { log } from '../../../src/report/log.ts';
import { publishReport } from '../../../src/report/report.ts';
import { Stopped } from '../../../src/sync/read-all.ts';

const stop = new AbortController();
process.on('SIGINT', () => stop.abort(new Stopped('cancelled')));
await publishReport(await run(readConfig(), readContext(), log, stop, { checkpointMs: 15, publishMs: 40 }));
process.exit(process.exitCode ?? 0);
