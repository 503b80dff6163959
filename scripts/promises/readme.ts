// README.md.
import type { Row } from './row.ts';

const EVERY_RECORD =
  'a sync has every record once, in its latest version, the next one what has changed, and the one after it nothing';
const ANY_READER = 'a line is one JSON text that every reader takes, whatever the record holds (%s)';

export const README: readonly Row[] = [
  [
    'The first run reads everything; each later run reads what changed.',
    'acceptance',
    EVERY_RECORD,
    'everything is read again in each run',
  ],
  [
    'To try key and permissions first, add `mode: check`.',
    'check',
    'a check > of a data branch asks whether the job may write to it, and moves no ref',
    'a check does not ask whether the job may write to the branch',
  ],
  [
    'Nine **streams**: conversations, customers, kobjects, messages and notes from search and archive; shortcuts, tags, teams and users from their lists.',
    'few-requests',
    'the same where the archive has some records, and both have some of the same time',
    'the archive is not read',
  ],
  [
    '`streams` can name [more](docs/reading-the-data.md#streams), such as companies and queues.',
    'named-streams',
    '`all` stays the nine, and reads the others beside them when they are named',
    '`all` means every stream that there is',
  ],
  [
    'One **artifact** a run, called `kustomer-sync`, unless nothing is new.',
    'acceptance',
    EVERY_RECORD,
    'a run without news uploads an artifact',
  ],
  [
    'With `destination: branch`, a commit on a **data branch** instead: data and state together.',
    'branch',
    'the branch > is made as an orphan, grows with each run, and a clone of it is the truth',
    'a commit has the data without the state',
  ],
  [
    'With `destination: none`, files for the **next step**.',
    'stop',
    'with `destination: none` > the files stay for the next step, and the post step saves the state when the job has succeeded',
    'the post step does nothing',
  ],
  [
    'The state is saved only if the job succeeds.',
    'stop',
    'with `destination: none` > a loading step that fails makes the next run deliver the same records again',
    'the state is saved although the job has failed',
  ],
  [
    '**Records** as the Singer tap and the Airbyte connector emit them, in snake_case.',
    'acceptance',
    ANY_READER,
    'keys stay as they are',
  ],
  ['`record-format: raw` keeps the JSON:API resource.', 'acceptance', ANY_READER, '`raw` is `flat`'],
  [
    'A changed record is published again, and the latest `updated_at` wins. `views.sql` applies that to all artifacts beside it.',
    'schemas',
    '%s > every record of an artifact is valid, and the views are the truth',
    'the earliest version of a record wins in the views',
  ],
  [
    '`actions: read` finds the saved state. With a data branch, only `backfill.yml` needs it.',
    'recovery',
    'the cache > is not asked where there is a data branch, which has the state and nothing else does',
    'a data branch is not asked for its state',
  ],
  [
    '`contents: read` tells whether the repository is private.',
    'report',
    'a public repository > is what one may be that GitHub describes in other words: the API is asked, and counts (%j)',
    'a public repository is as good as a private one',
  ],
  [
    '`destination: branch` needs `contents: write`.',
    'branch',
    'one sentence says what to set when > the token may only read',
    'a token that may only read is an outage of GitHub',
  ],
  [
    '`actions: write` only for `on-incomplete: continue`.',
    'backfill',
    'on-incomplete: continue > %s says how to go on by hand',
    'a run that cannot start the next one does not say so',
  ],
  [
    'A stream without its role is skipped with a warning',
    'errors',
    'a key without a role (403) > skips that stream with one warning that names the role, and the run is green',
    'a stream without its role fails the run',
  ],
  [
    'It fails the run if `streams` names it',
    'errors',
    'a key without a role (403) > fails the run when the stream was named, and the others are published all the same',
    'a stream that was named may be skipped',
  ],
  [
    'After a run with `complete=true`, every record from `start-date` on has been published in its latest version as of the cutoff.',
    'acceptance',
    EVERY_RECORD,
    'the first record of each write is left out',
  ],
  [
    '**Nothing twice** by one sync',
    'recovery',
    'the cache > lost in part: an older entry hides nothing, however many runs have found nothing new since',
    'the last ten runs are all that is looked at',
  ],
  [
    '**Nothing twice** by one sync, except after a crash whose state cannot be recovered',
    'acceptance',
    EVERY_RECORD,
    'a version is published each time it is read',
  ],
  [
    'or when two runs upload artifacts within the same seconds',
    'two-runs',
    'two uploads at the same moment are both there, and the run that saves second says what is there twice',
    'a run does not say what is there twice',
  ],
  [
    'A run reads, publishes, and only then saves its state, or fails.',
    'report',
    'publishing > that %s fails the run, and the state does not say that it was done',
    'the state is saved before the records are published',
  ],
  [
    'A failed stream costs no other stream its data.',
    'errors',
    'a request that is refused (%i) > fails that stream only, after one try; the next run goes on with nothing twice',
    'a stream that fails ends the run',
  ],
  [
    'A canceled run publishes what it has read.',
    'stop',
    'a cancelled job > keeps what it had read: main ends within seconds, and the post step publishes the files and saves the state',
    'a canceled run leaves nothing to the post step',
  ],
  [
    'A run out of time or disk ends with `complete=false`, and the next one continues.',
    'one-artifact',
    'a run stops at a clean point when %s, and the next run goes on',
    'a run may fill the disk',
  ],
  [
    'The run that saves last publishes only streams that the other did not change.',
    'two-runs',
    'on %s > of two runs that share a stream the second publishes the others',
    'the state of another run is overwritten',
  ],
  [
    'GitHub evicts state that is unused for 7 days; only an artifact can then restore it.',
    'recovery',
    'the cache > evicted: the manifest of the last artifact has the state',
    'artifacts are not asked for a state',
  ],
  [
    'Nothing is published to a public repository without `allow-public`.',
    'report',
    'a public repository > is refused %s: nothing is published, and the way out is told',
    'a public repository is refused when it is too late',
  ],
  [
    'At 100 searches a minute, a million records take at least 20 minutes.',
    'acceptance',
    'no minute has more requests than the budget, those that are repeated included (%s)',
    'searches count as other requests',
  ],
  [
    '**Erased records** of search streams are found by [`mode: reconcile`](docs/reading-the-data.md#reconciliation)',
    'reconcile',
    'one run > publishes the ids of all that exists, and the views show what is left: %s',
    'a reconciliation leaves out ids',
  ],
  [
    'those of customers and conversations also by `deletions: lists,audit-log`',
    'audit-log',
    'a deletion is published as a line that wins, once, whatever comes between',
    'deletions of the audit log are not looked for',
  ],
  [
    'Records marked as deleted are published.',
    'first-sync',
    'deleted records are read, and left out when that is asked for',
    'deleted records are never asked for',
  ],
  [
    'Records that the search shows later than `lookback` are missed until a full refresh.',
    'acceptance',
    'a record that the search shows late is found within the lookback, and by a full refresh after that',
    'a full refresh goes on from the state',
  ],
];
