// docs/backfills.md.
import type { Row } from './row.ts';

export const BACKFILLS: readonly Row[] = [
  [
    'A backfill neither uses nor changes the state of the incremental sync, so both can run side by side.',
    'backfill',
    'a backfill > and an incremental sync do not know each other (%s)',
    'a backfill has the state of the sync',
  ],
  [
    'Run the same backfill again, and it continues where the last run stopped. When everything is published, it says so and reads nothing.',
    'backfill',
    'a backfill > reads its window, and the same again reads nothing and says so',
    'an end date is ignored',
  ],
  [
    'Lists are read once, and nothing in them is reported as deleted.',
    'backfill',
    'a backfill > of a list says of nothing that it has gone',
    'a list of the past tells what has gone',
  ],
  [
    '`full_refresh` is refused: a part of a stream must not replace all of it.',
    'backfill',
    'a backfill > refuses a full refresh, which would replace a stream by a part of it',
    'a part of a stream may replace all of it',
  ],
  [
    'starts its own workflow again, with the same inputs, until the backfill is complete',
    'backfill',
    'on-incomplete: continue > goes through to the end in one chain of runs (%s)',
    'no run starts the next one',
  ],
  [
    'Without them the run warns and says how to continue by hand.',
    'backfill',
    'on-incomplete: continue > %s says how to go on by hand',
    'a run that cannot start the next one does not say so',
  ],
  [
    'with `reset-state: true`, or for a `full_refresh`: the next run would start over',
    'backfill',
    'on-incomplete: continue > does not start a run that would start over',
    'a run with `reset-state` starts the next one',
  ],
  [
    'checks that every shard is done, publishes a manifest of all their files, and saves one state',
    'fan-out',
    'without end-date > the merge puts the shards to the incremental state, whatever other runs did meanwhile',
    'a merge forgets the first shard',
  ],
];
