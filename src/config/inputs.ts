/**
 * The inputs of the action: a row each, in groups.
 *
 * Everything that lists inputs follows from this table. The parser (read-config.ts) reads it, and `npm run generate`
 * writes it into action.yml, the callable workflows and the README. A new input is a row here and, where the code needs
 * its value, a field in config.ts. The order is that of action.yml and of the README.
 */
import { RECORD_FORMATS } from '../sync/state.ts';
import * as kinds from './kinds.ts';

/** The callable workflows, by file name without `.yml`. */
export type CallableWorkflow = 'sync' | 'backfill';

/** A row of the table. */
export interface Input {
  readonly kind: kinds.Kind<unknown>;
  /** Left out: the input is required. GitHub evaluates an expression; without action.yml such an input is empty. */
  readonly default?: string | { readonly expression: string };
  readonly description: string;
  /** The callable workflows that take the input, and what they change of the row; left out: all of them, as is. */
  readonly workflows?: {
    readonly [Name in CallableWorkflow]?: { readonly default?: string; readonly description?: string };
  };
}

/** A matrix has no more jobs. */
export const MAX_SHARDS = 256;

/** A callable workflow has no next step that could use the files. */
const NOT_NONE = { description: '`artifact`, `branch` or `artifact,branch`.' };

/** The rows, by the groups of the README. */
export const GROUPS = {
  basic: {
    token: {
      kind: kinds.kustomerKey,
      description: 'Kustomer API key. It is masked before anything else happens.',
      workflows: {},
    },
    'api-url': {
      kind: kinds.origin,
      default: 'https://api.kustomerapp.com',
      description:
        'Origin of the API. US: `https://api.kustomerapp.com`, EU: `https://api.prod2.kustomerapp.com`, India: `https://api.prod4.kustomerapp.com`, or `https://ORG.api.kustomerapp.com`. Only a loopback address may have `http`.',
    },
    streams: {
      kind: kinds.streamSelection,
      default: 'all',
      description:
        'Streams to sync, separated by commas or new lines. Each entry is `all` or a stream, alone or as `stream:full_refresh` or `stream:incremental`.',
    },
    'sync-mode': {
      kind: kinds.oneOf('incremental', 'full_refresh'),
      default: 'incremental',
      description: '`incremental` or `full_refresh`, for every stream whose entry in `streams` does not name its own.',
      workflows: { sync: {} },
    },
    'start-date': {
      kind: kinds.time,
      default: '',
      description:
        '`YYYY-MM-DD` or RFC 3339. Records last updated before this time are not read. Empty: everything that the API has, the archive included.',
    },
    'end-date': {
      kind: kinds.time,
      default: '',
      description:
        '`YYYY-MM-DD` or RFC 3339. Makes the run a backfill of `[start-date, end-date)`, which keeps a state of its own and continues when it is run again. It neither uses nor changes the state of the incremental sync.',
      workflows: {
        sync: {},
        backfill: {
          description:
            'Reads `[start-date, end-date)` and keeps a state of its own. Empty: reads everything that the incremental sync has not published yet and adds it to the state of that sync, whose schedule you pause until then.',
        },
      },
    },
    'include-deleted': {
      kind: kinds.boolean,
      default: 'true',
      description: 'Search for deleted records too.',
    },
    'record-format': {
      kind: kinds.oneOf(...RECORD_FORMATS),
      default: 'flat',
      description:
        '`flat` (snake_case columns, as the Singer tap and the Airbyte connector emit them) or `raw` (the JSON:API resource as received).',
    },
    'state-id': {
      kind: kinds.stateName,
      default: 'default',
      description: 'Name of the state of this sync. Two syncs in one repository use two names.',
    },
    'on-missing-state': {
      kind: kinds.oneOf('full', 'fail'),
      default: 'full',
      description:
        'What a run without saved state does. `full`: a first sync. `fail`: it fails. State that exists but cannot be read is always an error.',
      workflows: { sync: {} },
    },
    'reset-state': {
      kind: kinds.boolean,
      default: 'false',
      description: 'Ignore the saved state and start over.',
      workflows: { sync: {} },
    },
  },
  destination: {
    destination: {
      kind: kinds.destination,
      default: 'artifact',
      description:
        '`artifact`, `branch`, `artifact,branch` or `none` (the files stay in `output-dir` for the next step of the job).',
      workflows: { sync: NOT_NONE, backfill: NOT_NONE },
    },
    compression: {
      kind: kinds.oneOf('none', 'gzip'),
      default: 'none',
      description: '`none` or `gzip`.',
    },
    'output-dir': {
      kind: kinds.newDirectory,
      default: '',
      description:
        'Where the files are written: a directory that is empty or does not exist yet. Empty: a new directory under `RUNNER_TEMP`.',
      workflows: {},
    },
    'artifact-name': {
      kind: kinds.artifactName,
      default: 'kustomer-sync',
      description: 'Name of the artifact. A later attempt of the same run appends `-attempt-N`.',
    },
    'retention-days': {
      kind: kinds.wholeNumber(0, 400),
      default: '0',
      description: 'Days for which the artifact is kept. `0`: the default of the repository.',
    },
    branch: {
      kind: kinds.branchName,
      default: 'kustomer-data',
      description: 'Name of the data branch. It is created as an orphan when it does not exist.',
    },
    'data-path': {
      kind: kinds.relativePath,
      default: 'data',
      description: 'Folder on the data branch.',
    },
    repository: {
      kind: kinds.repositoryName,
      default: { expression: 'github.repository' },
      description: 'Repository of the data branch.',
    },
    'github-token': {
      kind: kinds.githubKey,
      default: { expression: 'github.token' },
      description: 'Token for the data branch, the visibility of the repository and the recovery of state.',
      workflows: {},
    },
    'allow-public': {
      kind: kinds.boolean,
      default: 'false',
      description:
        'Publish from, or to, a public repository too. Otherwise the action refuses, because the records are personal data.',
    },
    'job-status': {
      kind: kinds.anyText,
      default: { expression: 'job.status' },
      description: 'Do not set it. With `destination: none` the post step reads here whether the job has succeeded.',
      workflows: {},
    },
  },
  tuning: {
    archive: {
      kind: kinds.oneOf('auto', 'never'),
      default: 'auto',
      description:
        '`auto`: records last updated more than two years ago are read from the archive search (and old notes from the notes list) when the window reaches back that far. `never`: they are skipped, and a notice says so.',
    },
    settle: {
      kind: kinds.duration,
      default: '60s',
      description: 'How long before the start of the run to stop reading, so that the search index can catch up.',
    },
    lookback: {
      kind: kinds.duration,
      default: '60m',
      description:
        'How far before the bookmark an incremental run reads again, for records that were indexed late. What was already published is not published again.',
    },
    'search-requests-per-minute': {
      kind: kinds.wholeNumber(1, 1_000_000),
      default: '100',
      description: 'Budget of live and archive search together.',
    },
    'requests-per-minute': {
      kind: kinds.requestBudget,
      default: 'auto',
      description:
        'Budget of all requests together. `auto`: 80 % of the limit that the API reports (300 until it reports one), so that agents keep their share.',
    },
    concurrency: {
      kind: kinds.wholeNumber(1, 100),
      default: '10',
      description: 'Maximum number of requests in flight.',
    },
    'time-budget': {
      kind: kinds.duration,
      default: '330m',
      description:
        'After this the run stops at a clean point, publishes what it has, saves its state and succeeds with `complete=false`.',
      workflows: {
        sync: {},
        backfill: {
          description:
            'After this a shard publishes what it has, saves its state and fails, so that *Re-run failed jobs* continues it.',
        },
      },
    },
    'on-incomplete': {
      kind: kinds.oneOf('stop', 'continue'),
      default: 'stop',
      description:
        '`stop` or `continue`: a run that ended at its time budget starts its own workflow again, with the same inputs. Needs the permission `actions: write`.',
      workflows: { sync: {} },
    },
  },
  'fan-out': {
    mode: {
      kind: kinds.oneOf('sync', 'plan', 'merge'),
      default: 'sync',
      description: '`sync`, `plan` (count a window and divide it into shards) or `merge` (join the shards of a plan).',
      workflows: {},
    },
    shard: {
      kind: kinds.planShard,
      default: '',
      description:
        'With `mode: sync`: one shard of a plan, which the matrix has as `matrix.shard`. The run reads only that.',
      workflows: {},
    },
    'shards-at-once': {
      kind: kinds.wholeNumber(1, MAX_SHARDS),
      default: '1',
      description:
        'How many shards run at the same time (`max-parallel` of the matrix). Each gets an equal part of both budgets, and a plan has at least as many shards.',
      workflows: { backfill: { default: '4' } },
    },
    plan: {
      kind: kinds.planMatrix,
      default: '',
      description: 'With `mode: merge`: the plan, which is the output `matrix` of the job that made it.',
      workflows: {},
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Input>>>>;

export const INPUTS = { ...GROUPS.basic, ...GROUPS.destination, ...GROUPS.tuning, ...GROUPS['fan-out'] };
export const INPUT_NAMES = Object.keys(INPUTS) as readonly InputName[];
export type InputName = keyof typeof INPUTS;

/** What the parser makes of an input. */
export type InputValue<Name extends InputName> = Exclude<ReturnType<(typeof INPUTS)[Name]['kind']['parse']>, undefined>;

/** A row without the types of its own, for code that treats all inputs alike. */
export function inputOf(name: InputName): Input {
  return INPUTS[name];
}

/** The default of an input; empty when there is none, or only an expression. */
export function defaultOf(name: InputName): string {
  const { default: value } = inputOf(name);
  return typeof value === 'string' ? value : '';
}
