// docs/reading-the-data.md.
import type { Row } from './row.ts';

const NAMES = 'a line of `flat` has the names that docs/reading-the-data.md gives them, whatever the order of the keys';
const ANY_READER = 'a line is one JSON text that every reader takes, whatever the record holds (%s)';
const VIEWS = '%s > every record of an artifact is valid, and the views are the truth';
const RECONCILED = 'one run > publishes the ids of all that exists, and the views show what is left: %s';
const LOADED = 'compression: %s > what a target has loaded after two runs with changes and deletions is the truth';

const BACK = 'a record that a list shows again as it was is there, before and after: %s';

export const READING: readonly Row[] = [
  [
    'The files are NDJSON: UTF-8, one JSON object a line, and `\\n` at the end of each line.',
    'acceptance',
    ANY_READER,
    'a line ends without a line end',
  ],
  [
    'A record that changes is published again as a new line with the same `id`.',
    'acceptance',
    'a sync has every record once, in its latest version, the next one what has changed, and the one after it nothing',
    '`lookback` is ignored',
  ],
  ['Numbers keep all their digits, also beyond 2^53.', 'acceptance', ANY_READER, 'numbers are rounded'],
  [
    'Every key, at every depth, is in snake_case: `updatedAt` becomes `updated_at`.',
    'acceptance',
    NAMES,
    'keys stay as they are',
  ],
  [
    'The members of `attributes` are at the top level. Custom and unknown attributes are kept.',
    'acceptance',
    NAMES,
    'attributes stay where they are',
  ],
  [
    'The `data` of each relationship is at the top level, under the name of the relationship. A relationship without `data` is left out.',
    'acceptance',
    NAMES,
    'relationships are left out',
  ],
  [
    'Where an attribute has that name already, the relationship is called `<name>_data`, as `sla_data` of conversations.',
    'acceptance',
    NAMES,
    'a relationship has its name also where an attribute has it',
  ],
  [
    '`id`, `type` and `links` stay where they are.',
    'acceptance',
    NAMES,
    'an attribute may have the name of a member of the resource',
  ],
  [
    'The key that is written so in the source has the name. The others follow in alphabetical order, as `<name>_2`, `<name>_3`, ... The order of the keys in the source does not matter.',
    'acceptance',
    NAMES,
    'of keys that meet in one name the first of the alphabet has it',
  ],
  [
    'Of a key that an object has twice, the last value counts, as everywhere in JSON.',
    'acceptance',
    NAMES,
    'of a key that comes twice the first value counts',
  ],
  [
    'A lone surrogate, which no UTF-8 can hold, becomes U+FFFD.',
    'acceptance',
    ANY_READER,
    'lone surrogates stay in the lines',
  ],
  ['`record-format: raw` is the JSON:API resource exactly as received.', 'acceptance', ANY_READER, '`raw` is `flat`'],
  [
    'The same sync must keep one format: a run with the other format is refused until `reset-state: true`.',
    'options',
    'another `record-format` is refused until the state is reset (%s)',
    'any format goes with any other',
  ],
  [
    'An id that is gone is published once, as a deletion line.',
    'lists',
    'an id that has gone is published once, as deleted (%s)',
    'what is gone from a list is forgotten',
  ],
  [
    'When more than 20 records and a tenth of a list vanish at once, the run warns instead, until `confirm-vanished: true`.',
    'vanished',
    'when more than 20 records and a tenth of a list vanish at once > none is published as deleted, a warning says how many of how many, and all else is published',
    'any part of a list may vanish',
  ],
  [
    'With `deletions: lists,audit-log`, **customers and conversations** that the audit log records as deleted are published as deletion lines, too.',
    'audit-log',
    'a deletion is published as a line that wins, once, whatever comes between',
    'deletions of the audit log are not looked for',
  ],
  ['`mode: reconcile` reads which ids exist now', 'reconcile', RECONCILED, 'a reconciliation leaves out ids'],
  [
    'a record that is not among them and was not updated after `as_of` is gone',
    'reconcile',
    'what is gone > is not said of what was updated while the ids were read, created since, or indexed late',
    'a reconciliation speaks for the time of its end',
  ],
  [
    'Without ids, or when one of their files is not there, the views are as before.',
    'reconcile',
    'what is gone > is not said by ids that are not complete, or not all there',
    'ids that are not complete count',
  ],
  [
    'When more than 20 ids and a tenth of a stream have vanished since the last reconciliation, the stream fails (`ids-vanished`)',
    'reconcile',
    'what is gone > a fall of more than a tenth is an error, until somebody confirms it',
    'a reconciliation believes any fall',
  ],
  [
    'A run that is out of time goes on the next time, and the ids of all its runs belong together',
    'reconcile',
    'over several runs > it goes on where it was cancelled, killed or out of time: %s',
    'a reconciliation leaves out ids',
  ],
  [
    '`start-date`, `end-date` and `archive: never` are refused',
    'reconcile',
    'a window or `archive: never` is refused: the ids would not be all',
    'a reconciliation may be of a window',
  ],
  [
    '**changed**: an earlier run has published a version of the record.',
    'summary',
    'what has changed > is counted as new, changed and deleted just as it is, run after run',
    'nothing counts as changed',
  ],
  [
    'No part is empty.',
    'first-sync',
    'the files of a run > are what the manifest says: bytes, hashes, records and times, compressed or not',
    'the manifest counts a record too few',
  ],
  ['`schema.json` is a JSON Schema (2020-12) of the lines of a stream', 'schemas', VIEWS, 'schemas learn nothing'],
  [
    'It only ever widens: the state keeps what earlier runs have seen.',
    'schemas',
    'a schema goes on to allow what earlier runs have seen, also after a reset',
    'starting over forgets the schemas',
  ],
  [
    'The summary of a run says which columns and klasses are new.',
    'schemas',
    'the summary says once what is new among the columns and klasses, and a first sync says nothing',
    'nothing is new among columns',
  ],
  [
    '`views.sql` has [views for DuckDB](#duckdb).',
    'schemas',
    VIEWS,
    'the earliest version of a record wins in the views',
  ],
  [
    'A run that finds nothing new makes no commit.',
    'branch',
    'the branch > gets no commit when there is nothing new',
    'a run without news makes a commit',
  ],
  [
    'which each such run replaces, when it has checked the branch and up to when it is complete',
    'freshness',
    'a data branch > has a mark that says when it was last checked, which a run without news replaces and does not commit',
    'no branch is marked as checked',
  ],
  [
    'a run with another one is refused',
    'record-format',
    'another data-path on a branch that has its records elsewhere is refused',
    'any folder goes with any other',
  ],
  [
    'A `full_refresh` replaces the files of its stream in one commit',
    'branch',
    'a full refresh > takes the place of the files of its stream in one commit, and of no other stream',
    'a full refresh adds to the files that there are',
  ],
  [
    'and only when the stream was read completely',
    'branch',
    'a full refresh > that is not complete replaces nothing',
    'a full refresh that is not complete replaces the files',
  ],
  [
    'A SCHEMA for each stream of the run, the key property `id`, and the bookmark property `updated_at`.',
    'singer',
    LOADED,
    'messages of Singer have no key',
  ],
  ['A RECORD for each line.', 'singer', LOADED, 'messages of Singer lack a record of each file'],
  [
    'A STATE at the end: of each stream that was read completely, the time up to which it is complete.',
    'singer',
    'a stream that was not read to its end has no bookmark',
    'each stream has a bookmark in the messages of Singer',
  ],
  [
    'A load that fails gets the same records again.',
    'stop',
    'with `destination: none` > a loading step that fails makes the next run deliver the same records again',
    'the state is saved although the job has failed',
  ],
  ['A record that comes back is published again.', 'compact', BACK, 'a record that comes back is taken for known'],
  [
    'leave a deletion line out once a version of the record has been written after it that had been written before',
    'compact',
    BACK,
    'a deletion line wins also over what is written after it',
  ],
  [
    'Custom attributes have the type that Kustomer has for them, if the key has the role `org.permission.metadata.read`',
    'schemas',
    'the types of custom attributes > are those that Kustomer tells, whatever the name ends with, and it is asked once',
    'what Kustomer tells of custom attributes does not count',
  ],
  [
    'and otherwise the one that the end of their name says',
    'schemas',
    'the types of custom attributes > are those of the names where Kustomer refuses to tell: the run is complete, and does not ask again',
    'the end of a name says nothing',
  ],
];
