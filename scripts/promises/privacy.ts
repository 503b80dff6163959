// docs/privacy.md.
import type { Row } from './row.ts';

const PLANTED = 'a planted value > that is %s is in nothing that runs write or upload (%s, compression %s)';
const HASHED = 'a hash is what openssl makes of the JSON text with the key, in each stream';
const UNKNOWN =
  'a path that no record has > stops the run before anything is published (%s), and names one that is near';
const NOT_JUDGED =
  'a path that no record has > is not judged in a stream without new records, and is in the first run that has one';
const CHANGED =
  'fields that change > are said in each run until a full refresh: those that are newly kept back, and those that are wanted again';
const COMPACTED =
  'a compaction > leaves of each record the latest version, of deleted ones nothing, and no ref to anything older';
const IN_ARTIFACTS = 'in artifacts nothing of an erased person is left, and those that are left have everything';
const ON_A_BRANCH =
  'on a data branch nothing of an erased person is left: in no commit, log or state, and not in a clone';
const ENCRYPTED = 'on %s > everything is there, in files that show nothing';

export const PRIVACY: readonly Row[] = [
  [
    'It talks to Kustomer and GitHub alone.',
    'errors',
    'a redirect > is refused, and the key goes nowhere else',
    'a redirect is followed',
  ],
  [
    '| cache, and `state.json` in the places above | ids, times, hashes; names of fields |',
    'state',
    'a saved state > holds no text of a record and no token: ids, times, hashes and the names of columns only',
    'the state has the names of tags',
  ],
  [
    '| log, summary, annotations | nothing: counts, times, names of fields |',
    'report',
    'what is said nowhere > is the token, a header or anything out of a record, with debug logging: %s',
    'errors quote whatever Kustomer says',
  ],
  [
    '| disk of the runner | records, below `RUNNER_TEMP` or in `output-dir` |',
    'report',
    'the outputs > of a run that read something say where it is',
    'the files are in the folder of the system for temporary ones',
  ],
  [
    'they are dropped on the runner, before anything is written to its disk',
    'privacy',
    PLANTED,
    'a field that is to be left out is in the lines',
  ],
  [
    'A path for `*` has to be met in one of the streams.',
    'privacy',
    UNKNOWN,
    'a path that no record has is passed over',
  ],
  [
    '**Newly kept back**: what was published before still has the values.',
    'privacy',
    CHANGED,
    'nobody is told of fields that are newly kept back',
  ],
  [
    '**Another `hash-key`**: refused, because equal values would have different hashes.',
    'privacy',
    'fields that change > are refused with another `hash-key`, until a full refresh',
    'any key of the hashes will do',
  ],
  [
    'Records are encrypted before they are written, so no record lies on the disk of the runner in plain text.',
    'encryption',
    ENCRYPTED,
    'records are not encrypted',
  ],
  [
    'Files in the folders of the data that a run has not written stay as they are.',
    'compact',
    'a compaction > leaves the state as it was, and what is not its own',
    'a compaction removes what is not its own',
  ],
  ['No ref leads to the old commits any more', 'compact', COMPACTED, 'a compaction keeps the history'],
  [
    'The mark that says when the branch was last checked has no parent and no data, so it does not lead to them either.',
    'compact',
    'a sync in between > that finds nothing new keeps nothing alive by its mark',
    'the mark of a branch keeps its history',
  ],
  [
    '[monthly-compact.yml](../examples/monthly-compact.yml) finds out what is gone and compacts, once a month.',
    'compact',
    'a reconciliation and a compaction, one after the other, leave nothing of an erased person',
    'a compaction does not look at reconciliations',
  ],
  [
    'No file, manifest, state, summary or log has its values.',
    'privacy',
    PLANTED,
    'a field that is to be left out is in the lines',
  ],
  ['`hash-fields` writes the HMAC-SHA-256 of each value, in hex.', 'privacy', HASHED, 'a hash is made without the key'],
  [
    'It applies to all values in a field: texts, numbers and booleans, at any depth.',
    'privacy',
    PLANTED,
    'a field that is to be hashed is hashed at its top alone',
  ],
  [
    '`id`, `type` and `updated_at` (`raw`: `attributes.updatedAt`) cannot be kept back, because they tell records and their versions apart.',
    'privacy',
    '%j is refused before the first request',
    'any field may be kept back',
  ],
  [
    'A path in `hash-fields` must not be inside one in `exclude-fields`',
    'privacy',
    '%j is refused before the first request',
    'a field may be hashed inside one that is left out',
  ],
  [
    'It leads through arrays: `emails.email` is the `email` of each entry.',
    'privacy',
    PLANTED,
    'a path does not lead through arrays',
  ],
  [
    'So a path has to be met in a record of its stream, in this run or in an earlier one that has saved its state.',
    'privacy',
    UNKNOWN,
    'a path that no record has is passed over',
  ],
  ['names similar fields', 'privacy', UNKNOWN, 'no field is near to another one'],
  [
    'Nothing is published before all paths were met: neither during the run nor, after a cancel or a kill, by the post step.',
    'privacy',
    'a path that no record has > leaves nothing to the post step of a cancelled run (%s is met: %s)',
    'a canceled run does not look whether all paths were met',
  ],
  [
    'A stream of which a run reads no new record is not judged: nothing of it is published, so nothing can leak.',
    'privacy',
    NOT_JUDGED,
    'a stream without a record is judged by its paths',
  ],
  [
    'Its paths are judged in the first run that has a record of it.',
    'privacy',
    NOT_JUDGED,
    'a path that no record has is passed over',
  ],
  [
    'A path that `schema.json` of the stream has is known, also before any record has it.',
    'privacy',
    'a path that the schema has is known before any record has it',
    'a schema knows no path',
  ],
  ['A lone surrogate counts as U+FFFD.', 'privacy', HASHED, 'a text is hashed as Kustomer has escaped it'],
  ['This computes the same:', 'privacy', HASHED, 'a hash is made without the key'],
  ['The key is masked. It is in no file.', 'privacy', PLANTED, 'the state has the key of the hashes'],
  [
    'so that a run with another key is refused (`hash-key-changed`)',
    'privacy',
    'fields that change > are refused with another `hash-key`, until a full refresh',
    'any key of the hashes will do',
  ],
  [
    'A value that is left out is in no hash of the state either: versions of a record are told apart by what is published of them.',
    'privacy',
    'the state has no hash by which a value that is left out could be guessed',
    'versions are told apart by what is left out of them, too',
  ],
  [
    'When that differs from the inputs, each run says so until the streams were read with `full_refresh`, or once with `reset-state: true`',
    'privacy',
    CHANGED,
    'nobody is told of fields that are newly kept back',
  ],
  [
    '**Wanted again**: what was published before lacks the values, or has hashes.',
    'privacy',
    CHANGED,
    'nobody is told of fields that are wanted again',
  ],
  [
    'A record that is marked as deleted is published like any other change.',
    'first-sync',
    'deleted records are read, and left out when that is asked for',
    'deleted records are never asked for',
  ],
  [
    'An id that a list no longer shows is published as deleted.',
    'lists',
    'an id that has gone is published once, as deleted (%s)',
    'what is gone from a list is forgotten',
  ],
  [
    'With `deletions: lists,audit-log` each sync publishes them as deletion lines, where the key has the role `org.permission.audit_logs.read`.',
    'audit-log',
    'a deletion is published as a line that wins, once, whatever comes between',
    'deletions of the audit log are not looked for',
  ],
  [
    '**A reconciliation** reads which ids exist now',
    'reconcile',
    'one run > publishes the ids of all that exists, and the views show what is left: %s',
    'a reconciliation leaves out ids',
  ],
  [
    'When many ids of a stream vanish at once, that stream fails, and the error says so.',
    'reconcile',
    'what is gone > a fall of more than a tenth is an error, until somebody confirms it',
    'a reconciliation believes any fall',
  ],
  [
    'With `encrypt-to`, the files of records become `.ndjson.age` (`.ndjson.gz.age` with `compression: gzip`), in artifacts, on the data branch and in `output-dir`.',
    'encryption',
    ENCRYPTED,
    'records are not encrypted',
  ],
  [
    'Only the holders of the keys can read them, with [age](https://age-encryption.org).',
    'encryption',
    ENCRYPTED,
    'records are not encrypted',
  ],
  [
    'A recipient is public: it may stand in the workflow. The key is not, and the action never needs it.',
    'encryption',
    'refused before the first request is > a key that decrypts, which no message shows',
    'an input is shown whatever it holds',
  ],
  [
    'a public repository still needs `allow-public: true`',
    'encryption',
    'refused before the first request is > a public repository, as without encryption',
    'a public repository is as good as a private one',
  ],
  [
    'A run that is killed loses at most five minutes of reading',
    'encryption',
    'a run that is killed leaves files that the post step publishes, and nothing is missing or twice',
    'a checkpoint does not close the files that are encrypted',
  ],
  [
    'Of each stream the branch then has the latest version of each record that exists: what `views.sql` shows.',
    'compact',
    COMPACTED,
    'a compaction keeps the earliest version',
  ],
  [
    'those that the newest complete reconciliation on the branch has not found, unless they were updated since',
    'compact',
    'a compaction leaves out what the newest complete reconciliation has not found, unless it was updated since',
    'a compaction does not look at reconciliations',
  ],
  ['Nothing is asked of Kustomer.', 'compact', COMPACTED, 'a compaction keeps the earliest version'],
  ['All of it is in one commit without a parent.', 'compact', COMPACTED, 'a compaction keeps the history'],
  [
    'The state goes on as it was: the next sync publishes what has changed since, and nothing twice.',
    'compact',
    'a compaction > leaves the state as it was, and what is not its own',
    'a compaction counts the state up',
  ],
  [
    'Killed, canceled or refused, a compaction leaves the branch as it was.',
    'compact',
    'the branch > is left as it was by a compaction that is stopped: %s',
    'a compaction that is stopped goes on',
  ],
  [
    'A sync meanwhile loses nothing: the one that comes second starts again from what is there.',
    'compact',
    'a sync in between > at %s loses nothing and repeats nothing',
    'a compaction replaces whatever is there',
  ],
  [
    'Encrypted files cannot be compacted, because the action has no key. A branch that also has files of others is refused',
    'compact',
    'the branch > (%s, %j) %s is left as it was',
    'a compaction takes any branch',
  ],
  [
    'a reconciliation says nothing of what was updated in the hour before it',
    'reconcile',
    'what is gone > is not said of what was updated while the ids were read, created since, or indexed late',
    'a reconciliation speaks for the time of its end',
  ],
  [
    '**In artifacts**, run the sync once with `reset-state: true`.',
    'privacy-document',
    IN_ARTIFACTS,
    '`reset-state` is ignored',
  ],
  [
    'Its artifact has all that Kustomer shows now',
    'privacy-document',
    IN_ARTIFACTS,
    'the first record of each write is left out',
  ],
  [
    '**On a data branch**, run [monthly-compact.yml](../examples/monthly-compact.yml) by hand.',
    'privacy-document',
    ON_A_BRANCH,
    'a compaction keeps the history',
  ],
  [
    '`test/action/privacy-document.test.ts` follows this section as it stands, and searches for the person afterwards.',
    'privacy-document',
    ON_A_BRANCH,
    'a compaction does not look at reconciliations',
  ],
];
