// docs/troubleshooting.md, beside its tables: the errors and annotations are compared with what the action says.
import type { Row } from './row.ts';

const SAID_NOWHERE =
  'what is said nowhere > is the token, a header or anything out of a record, with debug logging: %s';

export const TROUBLESHOOTING: readonly Row[] = [
  [
    'While a part runs, a line says at least every 20 seconds how far it is and what it waits for.',
    'patience',
    'waiting > a budget that is used up is what the log says that the run waits for',
    'a run that waits says nothing',
  ],
  [
    'asks Kustomer for the first page of each stream (a dozen requests for the usual nine), and publishes and saves nothing',
    'check',
    'a check > of a first sync takes a dozen requests at most, and tells what the sync would do',
    'a check leaves a folder behind',
  ],
  [
    'It fails with the error that a sync would fail with',
    'check',
    'a check fails as a sync does > with %s',
    'a key that is refused counts as one without a role',
  ],
  [
    'Nothing of a record, no key and no header is ever in the log.',
    'report',
    SAID_NOWHERE,
    'the log shows a header of each request',
  ],
  [
    'What Kustomer or GitHub says of an error is shown in `code`, where `…` stands for what may be a value.',
    'report',
    SAID_NOWHERE,
    'errors quote whatever Kustomer says',
  ],
  [
    'It published what it had read, and the next run continues.',
    'stop',
    'a time budget > that is used up ends the run cleanly: published, saved, green, and said to be partial',
    'a run that is out of time fails',
  ],
  [
    'The main step notes on the disk what it has read, and ends. The post step publishes that and saves the state.',
    'stop',
    'a cancelled job > keeps what it had read: main ends within seconds, and the post step publishes the files and saves the state',
    'a canceled run leaves nothing to the post step',
  ],
  [
    'Run once with `reset-state: true`.',
    'state',
    'a saved state > can be left behind with reset-state, which reads everything again and heals it',
    '`reset-state` is ignored',
  ],
  [
    'To read only some streams again, give them the mode: `streams: tags:full_refresh`.',
    'first-sync',
    'a full refresh > publishes everything again, where it is asked for and only there',
    'a stream has no mode of its own',
  ],
];
