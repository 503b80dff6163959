/**
 * The configuration of a run: a field for each input that the code uses.
 *
 * The type of a field is what the kind of its input makes of a text (inputs.ts, kinds.ts). Names end in a unit where there
 * is one; times are milliseconds since the epoch.
 */
import type { Selection } from '../sync/plan.ts';
import type { InputName, InputValue } from './inputs.ts';

export type Config = Readonly<ReturnType<typeof makeConfig>>;

/** @param read gives the parsed value of an input; test/unit/inputs.test.ts finds inputs that are never read */
export function makeConfig(read: <Name extends InputName>(name: Name) => InputValue<Name>) {
  const syncMode = read('sync-mode');
  return {
    token: read('token'),
    /** Scheme, host and port, without a path. */
    apiUrl: read('api-url'),
    streams: read('streams').map(({ mode = syncMode, ...entry }): Selection => ({ ...entry, mode })),
    /** Null: from the beginning of time. */
    startDate: read('start-date'),
    /** Not null: the run is a backfill. */
    endDate: read('end-date'),
    includeDeleted: read('include-deleted'),
    format: read('record-format'),
    stateId: read('state-id'),
    onMissingState: read('on-missing-state'),
    resetState: read('reset-state'),
    /** `none`, or other names with commas: see publish/choose.ts. */
    destination: read('destination'),
    gzip: read('compression') === 'gzip',
    /** Absolute; empty when the run makes a directory of its own. */
    outputDir: read('output-dir'),
    artifactName: read('artifact-name'),
    retentionDays: read('retention-days'),
    branch: read('branch'),
    dataPath: read('data-path'),
    /** Where dist/ is started without action.yml, no default says which repository this is. */
    repository: read('repository') || (process.env.GITHUB_REPOSITORY ?? ''),
    githubToken: read('github-token'),
    allowPublic: read('allow-public'),
    archive: read('archive'),
    settleMs: read('settle'),
    lookbackMs: read('lookback'),
    searchesPerMinute: read('search-requests-per-minute'),
    /** Null: 80 % of the limit that the API reports. */
    requestsPerMinute: read('requests-per-minute'),
    concurrency: read('concurrency'),
    timeBudgetMs: read('time-budget'),
    onIncomplete: read('on-incomplete'),
    mode: read('mode'),
    /** The only shard that the run reads; null when the run is not one of a plan. */
    shard: read('shard'),
    shardsAtOnce: read('shards-at-once'),
    /** The shards to merge. */
    plan: read('plan'),
  };
}
