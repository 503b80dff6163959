// docs/inputs.md, which says the same as action.yml: its inputs and outputs.
import type { Row } from './row.ts';

const EVERY_RECORD =
  'a sync has every record once, in its latest version, the next one what has changed, and the one after it nothing';
const OUTPUTS = 'outputs say what was published: paths, artifact, commit and state';
const ANY_READER = 'a line is one JSON text that every reader takes, whatever the record holds (%s)';
const BUDGET = 'no minute has more requests than the budget, those that are repeated included (%s)';
const REFRESH = 'a full refresh > publishes everything again, where it is asked for and only there';
const BACKFILL = 'a backfill > reads its window, and the same again reads nothing and says so';
const LATE = 'a record that the search shows late is found within the lookback, and by a full refresh after that';
const BRANCH = 'the branch > is made as an orphan, grows with each run, and a clone of it is the truth';
const NEXT_STEP =
  'with `destination: none` > the files stay for the next step, and the post step saves the state when the job has succeeded';
const PLANTED = 'a planted value > that is %s is in nothing that runs write or upload (%s, compression %s)';
const OF_A_RUN = 'the outputs > of a run that read something say where it is';
const SHARDS =
  'without end-date > the merge puts the shards to the incremental state, whatever other runs did meanwhile';

export const INPUTS: readonly Row[] = [
  [
    'All problems with the inputs of a run are reported together, before the first request.',
    'bad-input',
    'several problems > are reported together, each with its input, what was given and what to use',
    'one problem with the inputs is reported',
  ],
  [
    'It is masked before anything else happens.',
    'report',
    'what is said nowhere > is the token of GitHub and of the runtime, in what the action itself says',
    'the key is not masked',
  ],
  [
    'Only a loopback address may have `http`.',
    'acceptance',
    'an `api-url` without https is refused, unless it is a loopback address',
    'any host may have plain http',
  ],
  [
    'Each entry is `all` or a stream, alone or as `stream:full_refresh` or `stream:incremental`.',
    'first-sync',
    REFRESH,
    'a stream has no mode of its own',
  ],
  [
    '`incremental` or `full_refresh`, for every stream whose entry in `streams` does not name its own.',
    'first-sync',
    REFRESH,
    '`sync-mode` is ignored',
  ],
  [
    'Records last updated before this time (`YYYY-MM-DD` or RFC 3339) are not read.',
    'first-sync',
    'a start date > leaves out what was updated before it, and an earlier one later on adds exactly that',
    'a start date is ignored',
  ],
  [
    'Empty: everything that the API has, the archive included.',
    'few-requests',
    'the same where the archive has some records, and both have some of the same time',
    'the archive is not read',
  ],
  ['which keeps a state of its own and continues when it is run again', 'backfill', BACKFILL, 'an end date is ignored'],
  [
    'It neither uses nor changes the state of the incremental sync.',
    'backfill',
    'a backfill > and an incremental sync do not know each other (%s)',
    'a backfill has the state of the sync',
  ],
  [
    'Search for deleted records too.',
    'first-sync',
    'deleted records are read, and left out when that is asked for',
    'deleted records are never asked for',
  ],
  [
    '`flat` (snake_case columns, as the Singer tap and the Airbyte connector emit them) or `raw` (the JSON:API resource as received).',
    'acceptance',
    ANY_READER,
    '`raw` is `flat`',
  ],
  [
    'Name of the state of this sync: two syncs in one repository use two names (and branches).',
    'acceptance',
    'two syncs with two names do not know each other',
    'all syncs have one state',
  ],
  [
    'What a run without saved state does: `full` is a first sync, `fail` fails.',
    'state',
    'no state > is an error with `on-missing-state: fail`, before anything is published',
    'a state that is missing is never an error',
  ],
  [
    'State that exists but cannot be read is always an error.',
    'state',
    'a saved state > that %s is refused with one clear error, and nothing is published or saved',
    'a damaged state counts as none',
  ],
  [
    'Ignore the saved state and start over.',
    'state',
    'a saved state > can be left behind with reset-state, which reads everything again and heals it',
    '`reset-state` is ignored',
  ],
  [
    'Accept once that more than 20 records and more than a tenth of a list, or of the ids, have gone.',
    'vanished',
    'when more than 20 records and a tenth of a list vanish at once > `confirm-vanished` publishes them as deleted, once',
    '`confirm-vanished` is ignored',
  ],
  [
    '`artifact`, `branch`, `artifact,branch` or `none` (the files stay in `output-dir` for the next step of the job).',
    'stop',
    NEXT_STEP,
    'the post step does nothing',
  ],
  [
    '`none` or `gzip`.',
    'first-sync',
    'the files of a run > are what the manifest says: bytes, hashes, records and times, compressed or not',
    'files are never compressed',
  ],
  [
    'age recipients, one a line: the files of records become `.ndjson.age` or `.ndjson.gz.age`, which only the holders of the keys can read.',
    'encryption',
    'on %s > everything is there, in files that show nothing',
    'records are not encrypted',
  ],
  [
    'It has the records as messages for any Singer target, and needs `record-format: flat`.',
    'singer',
    'what is not flat, and a plan, are refused before the first request',
    'messages of Singer may be raw',
  ],
  [
    'Where the files are written: a directory that is empty or does not exist yet.',
    'bad-input',
    'an output directory > that holds something is refused',
    'a directory may hold something',
  ],
  [
    'Empty: a new directory under `RUNNER_TEMP`.',
    'report',
    OF_A_RUN,
    'the files are in the folder of the system for temporary ones',
  ],
  [
    'A later attempt of the same run appends `-attempt-N`.',
    'state',
    'saving > by a second attempt of the same run goes on from the first',
    'all attempts of a run give their artifacts one name',
  ],
  [
    'Days for which the artifact is kept.',
    'report',
    'publishing > takes the name and the retention that are asked for',
    'artifacts are kept as long as GitHub likes',
  ],
  ['It is created as an orphan when it does not exist.', 'branch', BRANCH, 'a commit has the data without the state'],
  [
    'Folder on the data branch.',
    'branch',
    'the branch > gets files of at most 8 MiB, in a folder of ours, compressed if so wished',
    'the folder of the data is always the same',
  ],
  [
    'Repository of the data branch.',
    'branch',
    'the branch > of another repository is written with its own token',
    'the data branch is always in the repository of the workflow',
  ],
  [
    'Token for the data branch, the visibility of the repository and the recovery of state.',
    'branch',
    'the branch > of another repository is written with its own token',
    'the data branch is always in the repository of the workflow',
  ],
  [
    'Publish from, or to, a public repository too.',
    'report',
    'a public repository > is accepted with allow-public, and needs none where nothing is published',
    '`allow-public` is ignored',
  ],
  [
    'With `destination: none` the post step reads here whether the job has succeeded.',
    'stop',
    'with `destination: none` > a loading step that fails makes the next run deliver the same records again',
    'the state is saved although the job has failed',
  ],
  ['Through arrays, and with all that is inside.', 'privacy', PLANTED, 'a path does not lead through arrays'],
  [
    'Each value in them becomes the hex of the HMAC-SHA-256 of its JSON text.',
    'privacy',
    'a hash is what openssl makes of the JSON text with the key, in each stream',
    'a hash is made without the key',
  ],
  [
    'It is masked; keep it, since the same values have the same hash only as long as it is the same.',
    'privacy',
    'fields that change > are refused with another `hash-key`, until a full refresh',
    'any key of the hashes will do',
  ],
  [
    'deletions of customers and conversations that the audit log records are published, too, when the key may read it',
    'audit-log',
    'a deletion is published as a line that wins, once, whatever comes between',
    'deletions of the audit log are not looked for',
  ],
  [
    '`auto`: records last updated more than two years ago are read from the archive search (and old notes from the notes list) when the window reaches back that far.',
    'few-requests',
    'the same where the archive has some records, and both have some of the same time',
    'the archive is not read',
  ],
  [
    '`never`: they are skipped, and a notice says so.',
    'every-error',
    'a warning or notice > that old records are skipped',
    'nobody is told that old records are skipped',
  ],
  [
    'How long before the start of the run to stop reading, so that the search index can catch up.',
    'acceptance',
    'an incremental run > saves no time after its cutoff as read, and nothing that only a run under way needs',
    '`settle` is ignored',
  ],
  [
    'How far before the bookmark an incremental run reads again, for records that were indexed late.',
    'acceptance',
    LATE,
    '`lookback` is ignored',
  ],
  [
    'What was already published is not published again.',
    'acceptance',
    EVERY_RECORD,
    'a version is published each time it is read',
  ],
  ['Budget of live and archive search together.', 'acceptance', BUDGET, 'searches count as other requests'],
  ['Budget of all requests together', 'acceptance', BUDGET, 'a request that is repeated takes no place in the budget'],
  [
    'Maximum number of requests in flight.',
    'acceptance',
    'no more requests are in flight than `concurrency` says',
    '`concurrency` is ignored',
  ],
  [
    'After this the run stops at a clean point, publishes what it has, saves its state and succeeds with `complete=false`.',
    'stop',
    'a time budget > that is used up ends the run cleanly: published, saved, green, and said to be partial',
    'a run that is out of time fails',
  ],
  [
    'a run that stopped early starts its own workflow again, with the same inputs',
    'backfill',
    'on-incomplete: continue > goes through to the end in one chain of runs (%s)',
    'no run starts the next one',
  ],
  [
    'Needs the permission `actions: write`.',
    'backfill',
    'on-incomplete: continue > %s says how to go on by hand',
    'a run that cannot start the next one does not say so',
  ],
  ['`plan` (count a window and divide it into shards)', 'fan-out', SHARDS, 'the shards of a plan overlap'],
  ['`merge` (join the shards of a plan)', 'fan-out', SHARDS, 'a merge forgets the first shard'],
  [
    '`check` (say what a sync would find and do, and do nothing)',
    'check',
    'a check > of a first sync takes a dozen requests at most, and tells what the sync would do',
    'a check leaves a folder behind',
  ],
  [
    '`reconcile` (read which ids exist, so that the views know what is gone)',
    'reconcile',
    'one run > publishes the ids of all that exists, and the views show what is left: %s',
    'a reconciliation leaves out ids',
  ],
  [
    '`compact` (rewrite the data branch: the latest version of each record, and no history)',
    'compact',
    'a compaction > leaves of each record the latest version, of deleted ones nothing, and no ref to anything older',
    'a compaction keeps the history',
  ],
  [
    'one shard of a plan, which the matrix has as `matrix.shard`. The run reads only that.',
    'fan-out',
    SHARDS,
    'the shards of a plan overlap',
  ],
  [
    'a plan has at least as many shards',
    'acceptance',
    'a plan has as many shards as run at the same time, however little there is to read',
    'a plan has one shard where one is enough',
  ],
  [
    'the plan, which is the output `matrix` of the job that made it',
    'fan-out',
    'a shard > is refused before the first request when it is damaged, or the inputs are others than the plan was made with',
    'any text is a shard',
  ],
  // Outputs.
  ['They are set on every path, also when a run fails.', 'acceptance', OUTPUTS, 'an output is left out'],
  ['Records published by this run, all streams.', 'acceptance', OUTPUTS, 'the manifest counts a record too few'],
  [
    '`true` when every selected stream is read up to the cutoff.',
    'stop',
    'a time budget > that is used up ends the run cleanly: published, saved, green, and said to be partial',
    'a run that stops early calls itself complete',
  ],
  [
    'JSON array with an entry for each stream: `{name, mode, outcome, records, requests, from, to, error?}`; the outcome is `complete`, `partial`, `failed` or `skipped`.',
    'report',
    OF_A_RUN,
    'a stream has no number of requests',
  ],
  [
    'Absolute path of the directory that holds the files.',
    'report',
    OF_A_RUN,
    'the files are in the folder of the system for temporary ones',
  ],
  ['Absolute path of `manifest.json`.', 'acceptance', OUTPUTS, 'the manifest is not where its path leads'],
  ['Id of the artifact, when one was uploaded.', 'acceptance', OUTPUTS, 'an artifact is known by another id'],
  ['Address of the artifact, when one was uploaded.', 'acceptance', OUTPUTS, 'an artifact has no address'],
  [
    'SHA-256 of the artifact, when one was uploaded.',
    'acceptance',
    OUTPUTS,
    'the digest of an artifact begins with its kind',
  ],
  ['The commit on the data branch, when one was made.', 'acceptance', OUTPUTS, 'an output is left out'],
  [
    '`true` when the state was saved.',
    'report',
    'publishing > that %s fails the run, and the state does not say that it was done',
    'a state always counts as saved',
  ],
  ['Number of the state now in force.', 'acceptance', OUTPUTS, 'the number of the state stays what it was'],
  [
    'Of `mode: plan`: `{"shard": [...]}`, which `fromJSON` makes a `strategy.matrix` of; 1 to 256 shards.',
    'acceptance',
    OUTPUTS,
    'a plan has no matrix',
  ],
  ['Of `mode: plan`: what the shards will use together', 'acceptance', OUTPUTS, 'a plan has no estimate'],
];
