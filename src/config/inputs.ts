/**
 * The inputs of the action: a row each, in groups.
 *
 * Everything that lists inputs follows from this table. The parser (read-config.ts) reads it, and `npm run generate`
 * writes it into action.yml, the callable workflows, the README and docs/inputs.md. A new input is a row here: its value is
 * a field of `Config`. The order is that of action.yml and of the documents.
 */
import { RECORD_FORMATS } from '../sync/state.ts';
import * as kinds from './kinds.ts';
import * as streamKinds from './stream-kinds.ts';

/** The callable workflows, by file name without `.yml`. */
export type CallableWorkflow = 'sync' | 'backfill';

/** A row of the table. */
export interface Input<Value = unknown> {
  readonly kind: kinds.Kind<Value>;
  /** Undefined: the input is required. GitHub evaluates an expression; without action.yml such an input is empty. */
  readonly default: string | { readonly expression: string } | undefined;
  readonly description: string;
  /** The callable workflows that take the input, and what they change of the row; undefined: all of them, as is. */
  readonly workflows: Partial<Record<CallableWorkflow, Partial<Pick<Input, 'default' | 'description'>>>> | undefined;
}

function input<Value>(
  kind: kinds.Kind<Value>,
  otherwise: Input['default'],
  description: string,
  workflows?: Input['workflows'],
): Input<Value> {
  return { kind, default: otherwise, description, workflows };
}

/** A matrix has no more jobs. */
export const MAX_SHARDS = 256;

/** A callable workflow has no next step that could use the files. */
const NOT_NONE = { description: '`artifact`, `branch` or `artifact,branch`.' };

/** The rows, by the groups of the README. */
export const GROUPS = {
  basic: {
    token: input(kinds.kustomerKey, undefined, 'Kustomer API key. It is masked before anything else happens.', {}),
    'api-url': input(
      kinds.origin,
      'https://api.kustomerapp.com',
      'Origin of the API: US `https://api.kustomerapp.com`, EU `https://api.prod2.kustomerapp.com`, India `https://api.prod4.kustomerapp.com`, or `https://ORG.api.kustomerapp.com`. Only a loopback address may have `http`.',
    ),
    streams: input(
      streamKinds.selection,
      'all',
      'Streams to sync, separated by commas or new lines. Each entry is `all` or a stream, alone or as `stream:full_refresh` or `stream:incremental`.',
    ),
    'sync-mode': input(
      kinds.oneOf('incremental', 'full_refresh'),
      'incremental',
      '`incremental` or `full_refresh`, for every stream whose entry in `streams` does not name its own.',
      { sync: {} },
    ),
    'start-date': input(
      kinds.time,
      '',
      'Records last updated before this time (`YYYY-MM-DD` or RFC 3339) are not read. Empty: everything that the API has, the archive included.',
    ),
    'end-date': input(
      kinds.time,
      '',
      'Makes the run a backfill of `[start-date, end-date)` (`YYYY-MM-DD` or RFC 3339), which keeps a state of its own and continues when it is run again. It neither uses nor changes the state of the incremental sync.',
      {
        sync: {},
        backfill: {
          description:
            'Reads `[start-date, end-date)` and keeps a state of its own. Empty: reads everything that the incremental sync has not published yet and adds it to the state of that sync, whose schedule you pause until then.',
        },
      },
    ),
    'include-deleted': input(kinds.boolean, 'true', 'Search for deleted records too.'),
    'record-format': input(
      kinds.oneOf(...RECORD_FORMATS),
      'flat',
      '`flat` (snake_case columns, as the Singer tap and the Airbyte connector emit them) or `raw` (the JSON:API resource as received).',
    ),
    'state-id': input(
      kinds.stateName,
      'default',
      'Name of the state of this sync: two syncs in one repository use two names (and branches).',
    ),
    'on-missing-state': input(
      kinds.oneOf('full', 'fail'),
      'full',
      'What a run without saved state does: `full` is a first sync, `fail` fails. State that exists but cannot be read is always an error.',
      { sync: {} },
    ),
    'reset-state': input(kinds.boolean, 'false', 'Ignore the saved state and start over.', { sync: {} }),
    'confirm-vanished': input(
      kinds.boolean,
      'false',
      'Accept once that more than 20 records and more than a tenth of a list, or of the ids, have gone.',
      { sync: {} },
    ),
  },
  destination: {
    destination: input(
      kinds.destination,
      'artifact',
      '`artifact`, `branch`, `artifact,branch` or `none` (the files stay in `output-dir` for the next step of the job).',
      { sync: NOT_NONE, backfill: NOT_NONE },
    ),
    compression: input(kinds.oneOf('none', 'gzip'), 'none', '`none` or `gzip`.'),
    'encrypt-to': input(
      kinds.ageRecipients,
      '',
      'age recipients, one a line: the files of records become `.ndjson.age` or `.ndjson.gz.age`, which only the holders of the keys can read.',
    ),
    singer: input(
      kinds.boolean,
      'false',
      'Also write `singer.jsonl`. It has the records as messages for any Singer target, and needs `record-format: flat`.',
      { sync: {} },
    ),
    'output-dir': input(
      kinds.newDirectory,
      '',
      'Where the files are written: a directory that is empty or does not exist yet. Empty: a new directory under `RUNNER_TEMP`.',
      {},
    ),
    'artifact-name': input(
      kinds.artifactName,
      'kustomer-sync',
      'Name of the artifact. A later attempt of the same run appends `-attempt-N`.',
    ),
    'retention-days': input(
      kinds.wholeNumber(0, 400),
      '0',
      'Days for which the artifact is kept. `0`: the default of the repository.',
    ),
    branch: input(
      kinds.branchName,
      'kustomer-data',
      'Name of the data branch. It is created as an orphan when it does not exist.',
    ),
    'data-path': input(kinds.dataFolder, 'data', 'Folder on the data branch.'),
    repository: input(kinds.repositoryName, { expression: 'github.repository' }, 'Repository of the data branch.'),
    'github-token': input(
      kinds.githubKey,
      { expression: 'github.token' },
      'Token for the data branch, the visibility of the repository and the recovery of state.',
      {},
    ),
    'allow-public': input(
      kinds.boolean,
      'false',
      'Publish from, or to, a public repository too. Otherwise the action refuses, because the records are personal data.',
    ),
    'job-status': input(
      kinds.anyText,
      { expression: 'job.status' },
      'Do not set it. With `destination: none` the post step reads here whether the job has succeeded.',
      {},
    ),
  },
  privacy: {
    'exclude-fields': input(
      streamKinds.fieldPaths,
      '',
      'Fields to leave out: lines of `stream.path` (`*`: every stream), a path as the record has it. Through arrays, and with all that is inside.',
    ),
    'hash-fields': input(
      streamKinds.fieldPaths,
      '',
      'Fields to hash: the same paths. Each value in them becomes the hex of the HMAC-SHA-256 of its JSON text. Needs `hash-key`.',
    ),
    'hash-key': input(
      kinds.hashKey,
      '',
      'Secret key of `hash-fields`. It is masked; keep it, since the same values have the same hash only as long as it is the same.',
      {},
    ),
    deletions: input(
      kinds.deletions,
      'lists',
      '`lists` or `lists,audit-log`: deletions of customers and conversations that the audit log records are published, too, when the key may read it.',
      { sync: {} },
    ),
  },
  tuning: {
    archive: input(
      kinds.oneOf('auto', 'never'),
      'auto',
      '`auto`: records last updated more than two years ago are read from the archive search (and old notes from the notes list) when the window reaches back that far. `never`: they are skipped, and a notice says so.',
    ),
    settle: input(
      kinds.timeSpan,
      '60s',
      'How long before the start of the run to stop reading, so that the search index can catch up.',
    ),
    lookback: input(
      kinds.timeSpan,
      '60m',
      'How far before the bookmark an incremental run reads again, for records that were indexed late. What was already published is not published again.',
    ),
    'search-requests-per-minute': input(
      kinds.wholeNumber(1, 1_000_000),
      '100',
      'Budget of live and archive search together.',
    ),
    'requests-per-minute': input(
      kinds.requestBudget,
      'auto',
      'Budget of all requests together; `auto` is 80 % of the limit that the API reports (300 until it reports one), so that agents keep their share.',
    ),
    concurrency: input(kinds.wholeNumber(1, 100), '10', 'Maximum number of requests in flight.'),
    'time-budget': input(
      kinds.timeLimit,
      '330m',
      'After this the run stops at a clean point, publishes what it has, saves its state and succeeds with `complete=false`.',
      {
        sync: {},
        backfill: {
          description:
            'After this a shard publishes what it has, saves its state and fails, so that *Re-run failed jobs* continues it.',
        },
      },
    ),
    'on-incomplete': input(
      kinds.oneOf('stop', 'continue'),
      'stop',
      '`stop` or `continue`: a run that stopped early starts its own workflow again, with the same inputs. Needs the permission `actions: write`.',
      { sync: {} },
    ),
  },
  'fan-out': {
    mode: input(
      kinds.oneOf('sync', 'plan', 'merge', 'check', 'reconcile', 'compact'),
      'sync',
      '`sync`, `plan` (count a window and divide it into shards), `merge` (join the shards of a plan), `check` (say what a sync would find and do, and do nothing), `reconcile` (read which ids exist, so that the views know what is gone) or `compact` (rewrite the data branch: the latest version of each record, and no history).',
      {},
    ),
    shard: input(
      kinds.planShard,
      '',
      'With `mode: sync`: one shard of a plan, which the matrix has as `matrix.shard`. The run reads only that.',
      {},
    ),
    'shards-at-once': input(
      kinds.wholeNumber(1, MAX_SHARDS),
      '1',
      'How many shards run at the same time (`max-parallel` of the matrix). Each gets an equal part of both budgets, and a plan has at least as many shards.',
      { backfill: { default: '4' } },
    ),
    plan: input(
      kinds.planMatrix,
      '',
      'With `mode: merge`: the plan, which is the output `matrix` of the job that made it.',
      {},
    ),
  },
};

const { basic, destination, privacy, tuning } = GROUPS;
export const INPUTS = { ...basic, ...destination, ...privacy, ...tuning, ...GROUPS['fan-out'] };
export const INPUT_NAMES = Object.keys(INPUTS) as readonly InputName[];
export type InputName = keyof typeof INPUTS;

/** What the parser makes of an input. */
export type InputValue<Name extends InputName> = (typeof INPUTS)[Name] extends Input<infer Value> ? Value : never;

/** The default of an input; empty when there is none, or only an expression. */
export function defaultOf(name: InputName): string {
  const { default: value } = INPUTS[name];
  return typeof value === 'string' ? value : '';
}
