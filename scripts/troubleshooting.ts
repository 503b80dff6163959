// What docs/troubleshooting.md says of each error and annotation. `npm run generate` writes it into the page; tests compare
// the first sentence with what the action really says, and look for a test that reaches each row.
import type { ErrorCode } from '../src/errors.ts';

/** How the messages begin (`…` stands for what varies), what they mean, and what to do. */
export type Row = readonly [says: readonly string[], meaning: string, todo: string];

/** By the headings of the page. */
export const ERROR_ROWS = {
  Inputs: {
    'invalid-input': [
      ['`…` …', 'These inputs cannot be used:…'],
      'One or more inputs cannot be used. The message lists all of them; no request was made.',
      'Correct the `with:` block. An empty `token` is usually a secret that is not set, or has another name, or a pull request from a fork.',
    ],
    'unknown-field': [
      ['No record that was read has a field that is to be kept back:…'],
      'A path of `exclude-fields` or `hash-fields` was met in no record, so the field that was meant would have been published. Nothing was.',
      'Correct the path: [privacy](privacy.md#paths) says how they are written. Remove the line of a field that no record has yet.',
    ],
    'output-dir-unusable': [
      ['The directory that `output-dir` names could not be made (…).'],
      'The directory that `output-dir` names cannot be made.',
      'Name a place that the job may write to, or leave `output-dir` out.',
    ],
    'public-repository': [
      [
        'The repository … is public, and everybody could download the records from …',
        'GitHub did not say whether the repository … is public',
        'The repository … of this workflow is public, and everybody can read the log of its runs',
      ],
      'The repository is public, or its visibility is unknown, so everybody could download the records, or read the log. No request to Kustomer was made.',
      'Use a private repository. Set `allow-public: true` only if everybody may read the records.',
    ],
    'repository-not-visible': [
      ['The token does not let the action see the repository … (…)'],
      'GitHub does not show the repository to the token, so nobody knows whether it is public. No request to Kustomer was made.',
      'Check `repository`. For another repository than that of the workflow, give a `github-token` that may read it.',
    ],
  },
  Kustomer: {
    'host-unreachable': [
      ['The host … cannot be reached: … (…).'],
      'Nothing at `api-url` can be connected to: its name is not known, or it refuses, or its certificate is not trusted. The run ends within 20 seconds.',
      'Check `api-url`, and the proxy or firewall of the runner. A proxy with its own certificates needs `NODE_EXTRA_CA_CERTS`.',
    ],
    'not-the-api': [
      [
        'The host … answers …, so the API of Kustomer is not there.',
        'The host … re…, so the API of Kustomer is not there.',
      ],
      'What is at `api-url` is not the API: it sends a page of HTML, a redirect or a 404 without an error of Kustomer. The run ends within 20 seconds.',
      'Check `api-url`: it is the origin of the API, not of the web app.',
    ],
    unauthorized: [
      ['Kustomer does not accept the API key (401)'],
      'Kustomer does not accept the API key (401). The run ends at once.',
      'Check that the key has not expired, and that `api-url` is the host of your region, or better `https://ORG.api.kustomerapp.com`.',
    ],
    'missing-role': [
      ['The API key may not read … (403)'],
      'The key may not read a stream (403). The stream is skipped. The run fails if `streams` names the stream.',
      'Make a key that also has the role that the message names, or leave the stream out of `streams`.',
    ],
    'no-readable-stream': [
      ['The API key may read none of the streams (403): ….'],
      'The key has no role for any stream (403), so the run fails.',
      'Make a key with the roles that the message names.',
    ],
    'role-lost': [
      ['The API key may no longer read … (403), which an earlier run could'],
      'The key may not read a stream (403) that the saved state has. The run fails, so that nobody misses the stream without noticing. The other streams are published.',
      'Make a key that has the role again, or name in `streams` only what is to be read.',
    ],
    'rate-limited': [
      ['Kustomer refused a request for … for its rate (429) however long the run waited'],
      'Kustomer refused a request for its rate (429), however long the run waited.',
      'Look under Settings › Platform › Platform Limits for what else uses up the limit. Lower `search-requests-per-minute`.',
    ],
    'no-usable-answer': [
      ['Kustomer did not give a usable answer for …, however often it was asked (…)'],
      'Kustomer did not answer, or answered with errors, however often the run tried.',
      'Look at status.kustomer.com and run again; the next run continues.',
    ],
    'request-refused': [
      ['Kustomer refused a request for … (status …)'],
      'Kustomer refused a request that should be valid.',
      'On a redirect, check `api-url`. Otherwise report it to this project, with the log of a run with debug logging.',
    ],
    'answer-too-large': [
      ['Kustomer sent an answer for … with ….'],
      'A response had more than 64 MB, more than 50,000 records, or more than 1 MB beside its records. Pages of searches were made smaller first.',
      'Report it to this project.',
    ],
    'record-too-complex': [
      ['A record of … as no real one does.'],
      'A record nests deeper than 512 levels, or has more than 100,000 members or 16 MB. The stream ends before the page of that record; the others go on.',
      'Report the record to Kustomer, or leave the stream out of `streams` until it is mended.',
    ],
    'archive-refused': [
      ['Kustomer refused the archive search (status …), so records last updated more than two years ago are not read.'],
      'Kustomer refuses the archive search, which has the records last updated more than two years ago. A sync says this in a warning, publishes what the live search has, and tries again in each run; a plan ends.',
      'Make a key with the roles for the archive search, or set `archive: never`.',
    ],
    'not-records': [
      ['Kustomer sent something other than records for ….', 'Kustomer sent several records with one id for ….'],
      'Kustomer sent something other than records.',
      'Run again. If it stays, report it to this project.',
    ],
    'foreign-link': [
      ['A list of Kustomer links to another host for its next page.'],
      'A list links to another host for its next page. Nothing was sent there.',
      'Report it to this project.',
    ],
    'list-loops': [
      ["Kustomer's list of … leads round in a circle."],
      'The pages of a list repeat, so it has no end. Nothing of it counts as read.',
      'Run again. If it stays, report it to Kustomer.',
    ],
    'list-missing': [
      ['Kustomer has no list of … in this organization (404), so that stream is skipped.'],
      'Kustomer answers 404 to a list that not every organization has. The stream is skipped, and the run succeeds with `complete=false`.',
      "Leave the stream out of `streams`. If Kustomer's settings show such records, report it to this project.",
    ],
    'records-hidden': [
      ["Kustomer's search shows none of the … that it says are there."],
      'A search counts records and shows none of them.',
      'Run again. If it stays, report it to Kustomer.',
    ],
    'search-inconsistent': [
      ["Kustomer's search …, at …."],
      'The pages of a search contradict each other at one time. The stream keeps everything before that time.',
      'Run again. If it stays, report it to Kustomer with the time that the message names.',
    ],
    'notes-keep-changing': [
      ['The list of notes changed each time it was read, so old notes may have been missed.'],
      'The list of notes changed every time it was read, so an old note may be missing. None of them counts as read.',
      'Run again at a quieter time.',
    ],
    'count-unavailable': [
      ["Kustomer's search does not say how many … there are, so they cannot be divided into shards."],
      'A search does not say how many records it has, so a plan cannot divide them.',
      'Run the backfill without a plan, with `on-incomplete: continue`.',
    ],
    'two-organizations': [
      ['Kustomer sent records of two organizations (… and …) in one run.'],
      'Records of two Kustomer organizations came in one run. Nothing is published.',
      'Check the key and `api-url`, and run again.',
    ],
  },
  State: {
    'no-state': [
      ['There is no saved state called `…`, and `on-missing-state` is `fail`.'],
      'There is no saved state, and `on-missing-state` is `fail`.',
      'Run once with `on-missing-state: full`.',
    ],
    'state-not-found': [
      ['No saved state was found, and not all places where it may be could be looked at: ….'],
      'No state was found, and not every place where it may be could be read. The run does not guess.',
      'Give the job `actions: read`, or run again later. To start over, `reset-state: true`.',
    ],
    'state-damaged': [
      [
        'The saved state (…) is damaged: ….',
        'The saved state (…) says what was read up to …, and the clock of this runner shows ….',
      ],
      'The saved state cannot be read, is larger than any, or speaks of times that have not come. It is never treated as empty.',
      'Check the clock, where the message names it. Otherwise run once with `reset-state: true`, or delete that copy so that an older one is used.',
    ],
    'state-unreadable': [
      ['The state of this run could not be read again once it was saved, so nothing is published with it.'],
      'The state of the run would not be read back as it is, so nothing was published.',
      'Report it to this project, with the log of a run with debug logging on. Until then run once with `reset-state: true`.',
    ],
    'state-too-new': [
      ['The saved state (…) was written by a newer version of this action (…).'],
      'A newer version of the action wrote the state.',
      'Use that version again, or run once with `reset-state: true`.',
    ],
    'record-format-changed': [
      [
        '`record-format` is `…`, and … were published as `…` so far: both formats together cannot be read as one table.',
      ],
      'The input `record-format` differs from what the streams were published with so far.',
      'Set it back, run once with `sync-mode: full_refresh` (without a data branch, `reset-state: true` does, too), or give the other format its own `state-id` (and `branch`).',
    ],
    'data-path-changed': [
      ['The branch … has its records in `…`, and `data-path` is `…`: the views and recipes read one folder.'],
      'The input `data-path` differs from the folder that the data branch has its records in.',
      'Set it back, or use another `branch`.',
    ],
    'audit-log-cut': [
      ["Kustomer's audit log does not show all that it has of …, at …."],
      'A second of the audit log has more entries than a page, and the page no link to them, or links lead round in a circle. Deletions may be missing.',
      'Run again. If it stays, report it to Kustomer; `deletions: lists` does without the audit log.',
    ],
    'ids-vanished': [
      ['Kustomer shows …, and had … at the last reconciliation: more than a tenth has gone at once.'],
      'What a key may not see looks as what is gone. More than 20 ids and a tenth vanish at once when somebody has taken a role from the key, and seldom otherwise. The views go by the reconciliation before.',
      'Compare the roles of the key with those that it had; the next run starts anew. If the records are really gone, run once with `confirm-vanished: true`.',
    ],
    'hash-key-changed': [
      [
        '`hash-key` is another one than that with which … were published so far: equal values would have different hashes.',
      ],
      'The secret behind `hash-key` differs from the one that the streams were published with.',
      'Set it back, or hash everything with the new key: run once with `sync-mode: full_refresh` or `reset-state: true`.',
    ],
    'other-organization': [
      [
        'The saved state belongs to another Kustomer organization (…) than the API key (…).',
        'Another run has saved the state of another Kustomer organization (…) under the same name.',
      ],
      'The state belongs to another Kustomer organization than the key, or another run saved such a state under the same name.',
      'Give each organization its own `state-id` (and `branch`), or run once with `reset-state: true`.',
    ],
    'organization-unknown': [
      ['Kustomer showed no record at all, so it cannot be told whose data this is.'],
      'Kustomer showed no record that names its organization, so the state may belong to another one. Nothing is published.',
      'Check that the key may read records.',
    ],
    'no-cache': [
      ['There is no Actions cache here, so the state of this sync could not be kept.'],
      'The runner has no Actions cache to keep the state in.',
      'Use a runner that has one, or `destination: branch`.',
    ],
    'cache-not-writable': [
      ['This job may not … the Actions cache (`cache-mode: …`), so the state of this sync could not be kept.'],
      'The job may not read or write the cache (`cache-mode`).',
      'Give the job `cache-mode: write`, and run it on `schedule`, `push` or `workflow_dispatch`.',
    ],
    'cache-unreadable': [
      ['The Actions cache has a saved state (…) and did not hand it over.'],
      'The cache lists a saved state and does not hand it over.',
      'Run again later. If it stays, the entry was saved on another operating system or without zstd: run there, delete it, or `reset-state: true`.',
    ],
    'state-not-saved': [
      ['The state could not be saved in the Actions cache, …'],
      'The cache did not take the state. Published records may come again in the next run, unless an artifact has the state.',
      'Run again.',
    ],
    'branch-unreadable': [
      ['The branch … of … could not be read'],
      'The data branch cannot be read, so its state is unknown.',
      'Check `repository` and the permission `contents: write`, or run again later.',
    ],
    'branch-path-taken': [
      ['The branch … of … has a `…` that this action has not written, in the place of its own.'],
      'The data branch has a `state.json`, or a file in the place of a folder, that the action has not written. It is not overwritten, not even with `reset-state`.',
      'Set `branch` (or `data-path`) to another name, or move that file away.',
    ],
    'branch-of-other-sync': [
      ['The branch … belongs to the sync with the `state-id` …, and this one is ….'],
      'The data branch belongs to a sync with another `state-id`.',
      'Give each sync its own `branch`.',
    ],
    'tar-unusable': [
      [
        'The `tar` of BusyBox does not do what the Actions cache needs, and there is no other on this runner',
        'There is no `tar` on this runner',
      ],
      'The Actions cache packs the state with GNU tar or that of BSD. No request to Kustomer was made.',
      'Install GNU tar before the step (in Alpine `apk add tar`), or use `destination: branch`.',
    ],
  },
  Publishing: {
    'artifact-not-uploaded': [
      ['The artifact could not be uploaded'],
      'The artifact could not be uploaded.',
      'Run again; the same records come again. With `artifact,branch`, the records may be on the branch: the message says so.',
    ],
    'artifact-unconfirmed': [
      ['The artifact was sent, and GitHub did not say whether it has it.'],
      'The artifact was sent, and GitHub did not say whether it has it.',
      'Run again with `actions: read`: the sync continues from the artifact if it is there.',
    ],
    'files-not-copied': [
      ['The files could not be copied to the place that `destination` names'],
      'The files could not be copied to a place that `destination` names.',
      'Check that the job may write there, and run again; the same records come again.',
    ],
    'no-artifacts-on-ghes': [
      ['A GitHub Enterprise Server does not take artifacts of this kind.'],
      'A GitHub Enterprise Server does not take these artifacts.',
      'Use `destination: branch` or `destination: none`.',
    ],
    'branch-refused': [
      [
        'GitHub does not accept the token for the repository … (401…',
        'There is no repository … that the token may write to (404…',
        'The branch … of … is protected and does not take the commit (…',
        'The token may not write to the contents of … (403…',
        'GitHub refuses the commit to … (…',
      ],
      'GitHub refused the commit: the token, its permission, the repository or a protection rule.',
      'Do what the message says. Nothing is published until then.',
    ],
    'no-data-branch': [
      ['There is no branch … of … with the data of a sync `…`, so there is nothing to compact.'],
      'There is no data branch, or none with the state of this sync. A branch that has backfills alone is not compacted.',
      'Check `repository`, `branch` and `state-id`: they are those of the sync.',
    ],
    'branch-shared': [
      [
        'The branch … of … also has `…`, which is not of this action, and a compaction would remove the history of all that is on the branch.',
      ],
      'A compaction begins the history of the branch anew, so it takes no branch that has files of others. Nothing was changed.',
      'Move them to another branch, or give the data a `branch` of its own.',
    ],
    'branch-encrypted': [
      ['The branch … has encrypted files (…, … in all), which the action cannot read.'],
      'The key of encrypted files is not with the action, so `mode: compact` cannot tell what they have. Nothing was changed.',
      'Run once with `sync-mode: full_refresh`, which replaces the files of a stream, or begin a new branch and delete this one.',
    ],
    'branch-file-damaged': [
      ['The file … on the branch … is damaged: it is not what was written, NDJSON with an `id` in each line.'],
      'A file on the data branch is not what a run has written, so `mode: compact` would lose what it had. Nothing was changed.',
      'Restore the file from the history of the branch, or run its stream once with `full_refresh`, and compact again.',
    ],
    'branch-keeps-moving': [
      ['The branch … of … keeps moving: for … minutes other writers were faster with each commit.'],
      'For ten minutes, others pushed to the data branch faster than the run could commit.',
      'Set `branch` to one that nobody else pushes to, and run again.',
    ],
    'branch-unavailable': [
      ['The commit to the branch … of … could not be made'],
      'GitHub did not make the commit.',
      'Run again; the same records come again.',
    ],
    'file-refused': [
      ['The file … is refused by GitHub', 'A file of … is refused by GitHub'],
      "GitHub refuses a file, for example because a customer's text holds a secret (push protection), or a ruleset forbids its path. The message has GitHub's reason. Only the file's stream fails, and its state does not move.",
      'Allow the secret, set `compression: gzip`, which is not scanned, or change the rule. The next run publishes the stream.',
    ],
    'record-too-large-for-branch': [
      [
        'The file … holds a record that is too large for a data branch',
        'A file of … holds a record that is too large for a data branch',
      ],
      'A file holds a record that is too large for a Git blob. Only its stream fails.',
      'Set `compression: gzip`, or use `destination: artifact`.',
    ],
    'part-changed': [
      ['The file … was changed or removed between its writing and its upload, so it does not count as published.'],
      'A file was changed or removed after it was written, so it is not published.',
      'Let nothing else use `output-dir` while the sync runs.',
    ],
    'folder-unusable': [
      ['A folder that the action needs is not to be had on the runner (…).'],
      'A folder that the action needs cannot be made or written.',
      'Let the job write to `RUNNER_TEMP` and `output-dir`.',
    ],
    'disk-full': [
      ['The disk of the runner is full.'],
      'The disk is full. Nothing is lost.',
      'Set `compression: gzip` or a shorter `time-budget`, or use a larger runner.',
    ],
    'post-step-timeout': [
      ['What had been read could not be published within three minutes after the end of the main step.'],
      'The post step could not publish within three minutes what was read.',
      'Run again; the next run continues from the last saved state.',
    ],
  },
  Plans: {
    'plan-unfinished': [
      ['The plan was not done when the run had to stop.'],
      'The plan ended at its time budget, or was canceled.',
      'Run it again with a longer `time-budget`.',
    ],
    'plan-too-large': [
      ['The window needs … shards, and a matrix has … jobs at most.'],
      'The window needs more than 256 shards.',
      'Make the window shorter, select fewer streams, set `compression: gzip`, lower `shards-at-once`, or raise `time-budget`.',
    ],
    'plan-overlap': [
      ['Shard … of the plan overlaps another one in ….'],
      'Two shards cover the same records.',
      'Pass the output `matrix` on as it is.',
    ],
    'plan-gap': [
      ['The shards of the plan leave out what was updated in … from … to ….'],
      'The shards leave out a part of the window.',
      'Pass the output `matrix` on as it is.',
    ],
    'plan-state-lost': [
      ['The state that the plan goes on from (generation …) is not there any more.'],
      'The state that the plan was made for is gone.',
      'Run the workflow again, with all its jobs.',
    ],
    'shard-unfinished': [
      ['Shard … of … was not done when it had to stop.'],
      'A shard ended at its time budget. What it read is published.',
      '*Re-run failed jobs*: the shard continues.',
    ],
    'shards-unfinished': [
      ['The shards … of … are missing or not done, so nothing was put together.'],
      'The merge found shards that are missing or not done. Nothing was merged.',
      '*Re-run failed jobs*, or the jobs of the shards that the message names.',
    ],
  },
  'The action itself': {
    bug: [
      ['The action met an error it does not know (…).'],
      'The action met an error it does not know.',
      'Report it to this project, with the log of a run with debug logging.',
    ],
  },
} as const satisfies Readonly<Record<string, { readonly [Code in ErrorCode]?: Row }>>;

/** Warnings and notices, by a name that only tests use. */
export const ANNOTATION_ROWS = {
  'audit-log-refused': [
    ['Kustomer refused the audit log (status …), so deletions that it alone records are not published.'],
    'The key lacks the role of the audit log, or the organization has none. Everything else is read.',
    'Make a key that also has the role `org.permission.audit_logs.read`, or set `deletions: lists`.',
  ],
  'other-run': [
    ['Another run (…) has published …'],
    "Another run saved beside this one, and both changed the same streams. The other run's data holds; this run published only the rest.",
    'Give the workflow a `concurrency` group.',
  ],
  'published-with-less': [
    [
      'Records of … that were marked as deleted are missing from what was published before, with `include-deleted: false`.',
    ],
    'The run wants records that earlier runs left out.',
    'Read the stream with `full_refresh`, or run once with `reset-state: true`.',
  ],
  'fields-newly-kept-back': [
    ['Some fields were not always kept back as they are now, so what was published before may have them: ….'],
    'The lines of `exclude-fields` or `hash-fields` have changed, or were added to a sync that had published before.',
    'Read the streams with `full_refresh`, and delete earlier artifacts: see [privacy](privacy.md#when-the-fields-change).',
  ],
  'fields-wanted-again': [
    ['Some fields that are wanted now were left out or hashed in what was published before: ….'],
    'Lines of `exclude-fields` or `hash-fields` were removed.',
    'Read the streams with `full_refresh`, or run once with `reset-state: true`.',
  ],
  'missing-role': [
    ['The API key may not read … (403)'],
    'A stream that `streams` does not name is skipped, because the key lacks its role.',
    'Make a key that also has the role that the message names, or name in `streams` what is to be read.',
  ],
  'places-not-looked-at': [
    ['Not all places where a state may be saved could be looked at: ….'],
    'A newer copy of the state may exist where the job may not look, or where GitHub failed to answer.',
    'Give the job `actions: read`.',
  ],
  'job-not-successful': [
    ['The job has not succeeded, so the state is not saved and the next run delivers the same records again.'],
    'With `destination: none`, the files count as published when the job has used them.',
    'Nothing: the next run delivers the same records again.',
  ],
  'archive-skipped': [
    ['Records last updated more than two years ago are skipped, as `archive: never` says.'],
    'The archive search is not asked.',
    'Nothing, or `archive: auto`.',
  ],
  'archive-refused': [
    ['Kustomer refused the archive search (status …)'],
    'See the error `archive-refused`. The streams are `partial` and the run is not complete.',
    'Make a key with the roles for it, or set `archive: never`.',
  ],
  'klasses-refused': [
    [
      'Kustomer refused the search of …',
      'Kustomer counts records and finds none of them by their time of update, in the search of …',
    ],
    'The KObjects of these klasses are not read; all others are. Each run tries again.',
    'Make a key with the roles for these klasses; if it stays, report it to this project.',
  ],
  'search-form': [
    ['Kustomer refused `…` in searches of …'],
    'The searches were read without it. Only without `includeDeleted` anything can be missing: records marked as deleted.',
    'Nothing; tell this project.',
  ],
  'clock-ignored': [
    ['Kustomer sent a time (`date`) that is more than a day from the clock of this runner, so it was ignored.'],
    'The clock of this runner, or the answer, is wrong.',
    'Check the clock if this comes with each run.',
  ],
  'list-cut': [
    ['The list of … ends with exactly … records, where Kustomer may cut it: …'],
    'There may be more records than the list shows.',
    'Do what the message says.',
  ],
  'many-vanished': [
    ["Kustomer's list no longer shows … of …, more than a tenth at once, so none of them is published as deleted."],
    'Many records have left a list at once: the key may have lost sight of them.',
    'Check the roles of the key. If they are really gone, run once with `confirm-vanished: true`.',
  ],
  'klasses-unknown': [
    ['The API key may not list klasses (403), so some KObjects may not be read.'],
    'KObjects of a klass that the generic search does not show may be missing.',
    'Make a key that also has `org.permission.klass.read`.',
  ],
  'state-from-the-future': [
    ["The state of … is later than this run's clock (…)."],
    'The clock of an earlier run was fast. Nothing is published twice.',
    'Check the clocks of your runners.',
  ],
  'clock-fast': [
    ["The clock of this runner is … fast by Kustomer's clock: only what that clock had reached counts as read."],
    'The rest comes with the next run.',
    'Check the clock of this runner.',
  ],
  'no-record-at-all': [
    ['Kustomer showed no record at all, so it cannot be told whose data this is: the state is left as it was.'],
    'The run could not check the organization.',
    'Check that the key may read records.',
  ],
  'end-in-future': [
    ["The backfill's `end-date` has not come yet, so it is read up to …."],
    'The backfill is read as far as possible.',
    'Run it again after `end-date`.',
  ],
  'shard-stopped': [
    ['Shard … of … was not done when it had to stop.'],
    'With `destination: none`, the job does not fail, so that the state is saved.',
    'Run this job again.',
  ],
  'next-run-not-started': [
    [
      'The next run could not be started',
      'The next run was not started: …',
      'This run has read nothing within its time budget, so it does not start the next one.',
      'This sync has started itself … times in a row and is not done, so it does not start the next run.',
    ],
    '`on-incomplete: continue` cannot help: the message says why.',
    'Do what the message says; nothing is lost.',
  ],
  'no-summary': [
    ['The summary of the run could not be written; the run itself is not affected.'],
    'The page of the run lacks its table.',
    'Nothing.',
  ],
} as const satisfies Readonly<Record<string, Row>>;

export type AnnotationName = keyof typeof ANNOTATION_ROWS;

export function errorRow(code: string): Row | undefined {
  return Object.values<Readonly<Record<string, Row>>>(ERROR_ROWS).find(rows => code in rows)?.[code];
}

/** Whether a message begins as a row says. */
export function says([texts]: Row, message: string): boolean {
  return texts.some(text =>
    new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.+?')}`, 's').test(message),
  );
}
