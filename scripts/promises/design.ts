// docs/design.md, and what docs/manifest.schema.json says of a manifest.
import type { Row } from './row.ts';

const EVERY_RECORD =
  'a sync has every record once, in its latest version, the next one what has changed, and the one after it nothing';
const MANIFEST =
  'the files of a run > have a manifest that says what the outputs say, and the state that goes with them beside it';
const FILES = 'the files of a run > are what the manifest says: bytes, hashes, records and times, compressed or not';

export const DESIGN: readonly Row[] = [
  [
    'A record stays the bytes that came, with the few values that the code looks at.',
    'acceptance',
    'a line is one JSON text that every reader takes, whatever the record holds (%s)',
    'numbers are rounded',
  ],
  [
    'Nothing is committed before its tie group is complete.',
    'acceptance',
    'a search > shows all records of one time: one, a page, a page and one more, or more than it returns at once',
    'the records of one second are taken to fit on a page',
  ],
  [
    'The emitter drops a version that was published before, or that another slice has.',
    'acceptance',
    EVERY_RECORD,
    'a version is published each time it is read',
  ],
  [
    'A cache entry that is listed and cannot be fetched is an error, and so is a damaged state: neither is treated as empty.',
    'state',
    'a saved state > whose archive is damaged is an error, since the list of entries says that it is there',
    'an entry of the cache that cannot be fetched counts as none',
  ],
  [
    'If the cache has lost it, the `state.json` of the newest artifact is the backup',
    'recovery',
    'the cache > evicted: the manifest of the last artifact has the state',
    'artifacts are not asked for a state',
  ],
  [
    'Another organization or format is refused',
    'state',
    'the organization > of another key is refused, whatever it finds, and its records reach nobody; reset-state changes it on purpose',
    'whose records they are does not matter',
  ],
  [
    'on a data branch also a format that another state has brought there',
    'record-format',
    'another record format is refused on a data branch, also with reset-state, which keeps the files there',
    'any format goes with any other',
  ],
  [
    'If the run wants more than was published, it says so.',
    'options',
    'deleted records that were left out are said to be missing in each run, for the streams that lack them (%s)',
    'nobody is told that deleted records are missing',
  ],
  [
    'The last `lookback` is read again, because the search index may have been late; dedup keys keep its versions from being published twice.',
    'acceptance',
    'a record that the search shows late is found within the lookback, and by a full refresh after that',
    '`lookback` is ignored',
  ],
  [
    'A checkpoint every 30 seconds writes the parts and their state into the journal',
    'crash',
    'killed, {"destination":"artifact","impatient":true} > at $at of its steps, post step: $post',
    'a checkpoint counts records that are not on the disk yet',
  ],
  [
    'Always in this order: read, close the files, publish, save the state, report.',
    'report',
    'publishing > that %s fails the run, and the state does not say that it was done',
    'the state is saved before the records are published',
  ],
  [
    'On a data branch data and state are one commit.',
    'branch',
    'the branch > is made as an orphan, grows with each run, and a clone of it is the truth',
    'a commit has the data without the state',
  ],
  [
    'With `destination: none` the post step saves the state, and only if the job succeeded.',
    'stop',
    'with `destination: none` > a loading step that fails makes the next run deliver the same records again',
    'the state is saved although the job has failed',
  ],
  [
    'A stream that both changed stays as the other run saved it, and our files of that stream are not published.',
    'two-runs',
    'on %s > two increments publish every change once',
    'the state of another run is overwritten',
  ],
  [
    'A warning names the other run.',
    'two-runs',
    'on %s > two first syncs publish every record once, and the second says which run was first',
    'nobody is told of another run',
  ],
  [
    'If GitHub refuses a file, its stream is left out in the same way',
    'refused',
    "a secret in one file > holds back its stream alone, with GitHub's reason, until it is let through",
    'a file that is refused ends the run',
  ],
  [
    '`mode: compact` rewrites a data branch, and the state in it stays as it is: same generation, same ranges.',
    'compact',
    'a compaction > leaves the state as it was, and what is not its own',
    'a compaction counts the state up',
  ],
  [
    'Everyone else moves it forward only, and so notices.',
    'branch',
    'another writer > who was faster keeps all of his own',
    'a commit replaces whatever is there',
  ],
  [
    'So what was updated since `as_of` is read last, by one reader in order of time, which no record can pass',
    'reconcile',
    'what is gone > is not said of what was updated while the ids were read, created since, or indexed late',
    'a reconciliation does not read again what was updated meanwhile',
  ],
  [
    'The state holds ids, times and hashes of list records, the names and types of columns, and no other content of a record.',
    'state',
    'a saved state > holds no text of a record and no token: ids, times, hashes and the names of columns only',
    'the state has the names of tags',
  ],
  [
    'The hashes are of what is published, so that no field that is kept back is in them.',
    'privacy',
    'the state has no hash by which a value that is left out could be guessed',
    'versions are told apart by what is left out of them, too',
  ],
  [
    'So every page is a first page, from the last time that is known to be complete.',
    'acceptance',
    'a search > whose records are updated and created while it is read loses none, and each version comes once',
    'the rest of a second is skipped after a full page',
  ],
  [
    'A page counts as complete only if its total, its order and its size agree.',
    'acceptance',
    'a search > that ignores the order it is asked for is noticed, and nothing is missing',
    'the order of a page is believed',
  ],
  [
    'What cannot be proved fails the stream, and its synced range stops before that time.',
    'acceptance',
    'a search > that cannot show all records of one time fails its stream, and the state stops before that time',
    'what a search does not return is taken for not there',
  ],
  [
    'On a cancel the main step completes the journal and ends.',
    'stop',
    'a cancelled job > keeps what it had read: main ends within seconds, and the post step publishes the files and saves the state',
    'a canceled run leaves nothing to the post step',
  ],
  [
    'Now an artifact run makes one artifact, whatever its length',
    'one-artifact',
    'a run that journals many times uploads one artifact, under the name that the input gives',
    'a long run uploads several artifacts',
  ],
  [
    'stops cleanly when its parts reach 8 GB or the disk has less than 2 GB left',
    'one-artifact',
    'a run stops at a clean point when %s, and the next run goes on',
    'a run may fill the disk',
  ],
  [
    'Such an entry cannot say more than the clock allows, grow without end or unpack to other places.',
    'hostile-text',
    'an entry of the cache that unpacks to other places writes nothing there',
    'an entry of the cache is unpacked to any place',
  ],
];

export const MANIFESTS: readonly Row[] = [
  [
    'What one run has read and published.',
    'schemas',
    'the manifest of a run that fails in part is as its schema says, and stays small whatever the state has',
    'the manifest does not say of which version it is',
  ],
  [
    'The same as in the output `streams`.',
    'first-sync',
    MANIFEST,
    'the manifest has the streams without their requests',
  ],
  ['Requests to Kustomer, by budget.', 'first-sync', MANIFEST, 'requests are not counted'],
  ['The parts: each has at least one record.', 'first-sync', FILES, 'the manifest counts a record too few'],
  ['Of the file, so after compression.', 'first-sync', FILES, 'the manifest has the bytes before compression'],
  [
    'Of a reconciliation alone: the time that its ids speak for.',
    'reconcile',
    'one run > publishes the ids of all that exists, and the views show what is left: %s',
    'a reconciliation speaks for the time of its end',
  ],
  ['Answers 429.', 'errors', 'a rate limit (429) > is counted in the manifest', 'answers 429 are not counted'],
];
