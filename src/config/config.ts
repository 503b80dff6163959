// The action's inputs, read once into one frozen Config. Every problem is found before the first is reported.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SyncError } from '../errors.ts';
import { STREAM_NAMES } from '../kustomer/streams.ts';
import { DESTINATION_NAMES } from '../publish/choose.ts';
import { digest, parseMatrix, parseShard, type Shard } from '../shards/shard.ts';
import type { Selection, SyncMode } from '../sync/plan.ts';
import { type Bad, githubToken, kinds, kustomerToken, NOT_SHOWN, shown, text } from './input.ts';

export interface Config {
  readonly token: string;
  /** Scheme, host and port, without a path. */
  readonly apiUrl: string;
  readonly streams: readonly Selection[];
  /** Milliseconds since the epoch; null is the beginning of time. */
  readonly startDate: number | null;
  /** Milliseconds since the epoch; set, it makes the run a backfill. */
  readonly endDate: number | null;
  readonly includeDeleted: boolean;
  readonly archive: 'auto' | 'never';
  readonly settleMs: number;
  readonly lookbackMs: number;
  readonly searchesPerMinute: number;
  /** null: learned from the API. */
  readonly requestsPerMinute: number | null;
  readonly concurrency: number;
  readonly timeBudgetMs: number;
  readonly format: 'flat' | 'raw';
  readonly gzip: boolean;
  /** `artifact`, `branch`, both with a comma, or `none`: see publish/choose.ts. */
  readonly destination: string;
  /** Absolute; empty when the run makes one of its own. */
  readonly outputDir: string;
  readonly artifactName: string;
  readonly retentionDays: number;
  readonly branch: string;
  readonly dataPath: string;
  readonly repository: string;
  readonly githubToken: string;
  readonly allowPublic: boolean;
  readonly stateId: string;
  readonly onMissingState: 'full' | 'fail';
  readonly resetState: boolean;
  readonly mode: 'sync' | 'plan' | 'merge';
  /** The part of a plan that this run reads. */
  readonly shard: Shard | null;
  readonly shardsAtOnce: number;
  /** Of `mode: merge`. */
  readonly plan: readonly Shard[];
  readonly onIncomplete: 'stop' | 'continue';
}

/**
 * Reads and checks all inputs.
 * @throws SyncError that lists every problem: the input, what was given (never a secret), what is accepted.
 */
export function readConfig(): Config {
  const token = kustomerToken();
  const problems: string[] = [];
  const bad: Bad = (name, accepted) => problems.push(`\`${name}\` is ${shown(text(name))}; accepted is ${accepted}`);
  const { oneOf, yes, whole, span, date, matching } = kinds(bad);

  if (token.trim() === '') {
    problems.push(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's, to be written into a workflow.
      '`token` is empty; accepted is a Kustomer API key, as a rule `${{ secrets.KUSTOMER_TOKEN }}` (an unset secret, and any secret in a pull request from a fork, is empty)',
    );
  } else if (!/^[\x21-\x7e]+$/.test(token)) {
    problems.push(
      '`token` holds a line break, a space or another character that no API key has; accepted is the key alone, so save the secret again without it',
    );
  }

  const startDate = date('start-date');
  const endDate = date('end-date');
  if (startDate !== null && endDate !== null && endDate <= startDate) {
    problems.push(
      `\`end-date\` is ${shown(text('end-date'))}; accepted is a time after \`start-date\`, which is ${shown(text('start-date'))}`,
    );
  }

  const config: Config = {
    token,
    apiUrl: apiUrl(bad),
    streams: streams(problems, oneOf('sync-mode', ['incremental', 'full_refresh'])),
    startDate,
    endDate,
    includeDeleted: yes('include-deleted'),
    archive: oneOf('archive', ['auto', 'never']),
    settleMs: span('settle'),
    lookbackMs: span('lookback'),
    searchesPerMinute: whole('search-requests-per-minute', 1, 1_000_000),
    requestsPerMinute: text('requests-per-minute') === 'auto' ? null : requestsPerMinute(bad),
    concurrency: whole('concurrency', 1, 100),
    timeBudgetMs: span('time-budget'),
    format: oneOf('record-format', ['flat', 'raw']),
    gzip: oneOf('compression', ['none', 'gzip']) === 'gzip',
    destination: destination(bad),
    outputDir: outputDir(bad),
    artifactName: matching(
      'artifact-name',
      /^[^":<>|*?\r\n\\/]{1,200}$/,
      '1 to 200 characters, none of them `"`, `:`, `<`, `>`, `|`, `*`, `?`, `/`, `\\` or a line break',
    ),
    retentionDays: whole('retention-days', 0, 400),
    branch: matching(
      'branch',
      /^(?![-/.])(?!.*(?:\.\.|\/\/|@\{|[/.]$|\.lock$))[^\s~^:?*[\\\p{Cc}]+$/u,
      'the name of a branch',
    ),
    dataPath: matching(
      'data-path',
      /^(?!\/)(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\p{Cc}:]+$/u,
      'a relative path without `.` and `..`, such as `data`',
    ),
    // Where dist/ is started without action.yml there is no default.
    repository:
      matching('repository', /^(?:[\w.-]+\/[\w.-]+)?$/, '`owner/name`') || (process.env.GITHUB_REPOSITORY ?? ''),
    githubToken: githubToken(),
    allowPublic: yes('allow-public'),
    stateId: matching('state-id', /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, `.`, `_` or `-`'),
    onMissingState: oneOf('on-missing-state', ['full', 'fail']),
    resetState: yes('reset-state'),
    mode: oneOf('mode', ['sync', 'plan', 'merge']),
    shard: text('shard') === '' ? null : parseShard(text('shard')),
    shardsAtOnce: whole('shards-at-once', 1, MOST_SHARDS),
    plan: text('plan') === '' ? [] : (parseMatrix(text('plan')) ?? []),
    onIncomplete: oneOf('on-incomplete', ['stop', 'continue']),
  };
  checkPlanning(config, problems, bad);

  if (problems.length > 0) {
    throw new SyncError('invalid-input', {
      what:
        problems.length === 1
          ? `The input ${problems[0]}.`
          : `These inputs cannot be used:\n${problems.map(p => `- ${p}`).join('\n')}\n`,
      todo: 'Correct the `with:` block of the step; nothing was requested from Kustomer.',
    });
  }
  return Object.freeze(config);
}

/** A matrix has no more jobs. */
export const MOST_SHARDS = 256;

/** What has to agree between inputs of a backfill, and between the jobs of a plan. */
function checkPlanning(config: Config, problems: string[], bad: Bad): void {
  const { mode, shard, plan, endDate, streams } = config;
  if (text('shard') !== '' && mode !== 'sync')
    problems.push('`shard` is set; accepted is nothing unless `mode` is `sync`');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's, to be written into a workflow.
  else if (text('shard') !== '' && shard === null) bad('shard', 'a shard of a plan, as it is: `${{ matrix.shard }}`');
  if (text('plan') !== '' && mode !== 'merge')
    problems.push('`plan` is set; accepted is nothing unless `mode` is `merge`');
  else if (mode === 'merge' && plan.length === 0)
    bad('plan', 'the output `matrix` of the job with `mode: plan`, as it is');
  const planned = shard ?? plan[0];
  if (planned !== undefined && planned.inputs !== planDigest(config)) {
    problems.push(
      `\`${shard === null ? 'plan' : 'shard'}\` belongs to a plan that was made with other inputs; accepted is one made with the same \`streams\`, \`start-date\`, \`end-date\`, \`state-id\`, \`include-deleted\`, \`archive\`, \`settle\`, \`lookback\` and \`record-format\``,
    );
  }
  const { shardsAtOnce, searchesPerMinute, requestsPerMinute } = config;
  const most = Math.min(searchesPerMinute, requestsPerMinute ?? searchesPerMinute);
  if (most >= 1 && shardsAtOnce > most)
    bad('shards-at-once', `at most ${most}, so that each shard gets a request of the budgets a minute`);
  const isPart = endDate !== null || mode !== 'sync' || text('shard') !== '';
  const refreshed = streams.filter(stream => stream.mode === 'full_refresh').map(({ name }) => name);
  if (isPart && refreshed.length > 0) {
    problems.push(
      `\`streams\` has ${refreshed.join(', ')} as \`full_refresh\`; accepted is \`incremental\` with \`end-date\`, \`shard\` and any \`mode\` but \`sync\`, since a part of a stream must not replace the whole`,
    );
  }
}

/** Of the inputs that decide what a plan is about: all its jobs must have the same. */
export function planDigest(config: Config): string {
  const { streams, startDate, endDate, stateId, includeDeleted, archive, settleMs, lookbackMs, format } = config;
  const names = streams.map(({ name }) => name);
  return digest(
    JSON.stringify([names, startDate, endDate, stateId, includeDeleted, archive, settleMs, lookbackMs, format]),
  );
}

function apiUrl(bad: Bad): string {
  const accepted =
    'the origin of the API without a path, such as `https://api.kustomerapp.com` or `https://ORG.api.kustomerapp.com`; `http` only for a loopback address';
  const url = URL.parse(text('api-url'));
  const loopback = url !== null && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  const plain =
    url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (url === null || !plain || !(url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) {
    bad('api-url', accepted);
    return '';
  }
  return url.origin;
}

function streams(problems: string[], fallback: SyncMode): Selection[] {
  const entries = text('streams')
    .split(/[,\n]/)
    .map(entry => entry.trim())
    .filter(entry => entry !== '');
  const chosen = new Map<string, Selection>();
  const wrong: string[] = [];
  for (const entry of entries) {
    const [name = '', mode = fallback, ...more] = entry.split(':').map(part => part.trim());
    const known = name === 'all' || STREAM_NAMES.includes(name);
    if (!known || more.length > 0 || (mode !== 'incremental' && mode !== 'full_refresh')) {
      wrong.push(entry);
    } else if (name === 'all') {
      for (const each of STREAM_NAMES) if (!chosen.has(each)) chosen.set(each, { name: each, mode, named: false });
    } else {
      chosen.set(name, { name, mode, named: true });
    }
  }
  if (entries.length === 0 || wrong.length > 0) {
    problems.push(
      `\`streams\` ${entries.length === 0 ? 'selects nothing' : `has ${wrong.length > 0 && shown(text('streams')) === NOT_SHOWN ? `something ${NOT_SHOWN}` : wrong.map(shown).join(', ')}`}; accepted is \`all\` or any of ${STREAM_NAMES.join(', ')}, each alone or with \`:full_refresh\` or \`:incremental\``,
    );
  }
  return STREAM_NAMES.flatMap(name => chosen.get(name) ?? []);
}

function requestsPerMinute(bad: Bad): number {
  const given = text('requests-per-minute');
  const value = /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (value < 1) bad('requests-per-minute', '`auto` or a whole number from 1');
  return value;
}

function destination(bad: Bad): string {
  const names = text('destination')
    .split(',')
    .map(name => name.trim());
  const isNone = names.length === 1 && names[0] === 'none';
  const isList = names.every(name => name !== 'none' && DESTINATION_NAMES.includes(name));
  if (!isNone && !(isList && new Set(names).size === names.length))
    bad('destination', '`artifact`, `branch`, `artifact,branch` or `none`');
  return names.join(',');
}

function outputDir(bad: Bad): string {
  if (text('output-dir') === '') return '';
  const path = resolve(process.env.GITHUB_WORKSPACE ?? process.cwd(), text('output-dir'));
  const isUsable = existsSync(path)
    ? statSync(path).isDirectory() && readdirSync(path).length === 0
    : statSync(nearestExisting(path)).isDirectory();
  if (!isUsable) bad('output-dir', 'a directory that is empty or does not exist yet');
  return path;
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}
