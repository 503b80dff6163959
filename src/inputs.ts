// The action's inputs, read once into one frozen Config. Every problem is found before the first is reported.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as core from '@actions/core';
import { SyncError } from './errors.ts';
import { STREAM_NAMES } from './kustomer/streams.ts';
import { digest, parseMatrix, parseShard, type Shard } from './shard.ts';

export type SyncMode = 'incremental' | 'full_refresh';
export type Destination = 'artifact' | 'branch';

export interface Selection {
  readonly name: string;
  readonly mode: SyncMode;
  /** Named by the user rather than meant by `all`: a missing role then fails the run instead of skipping the stream. */
  readonly named: boolean;
}

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
  /** Empty for `none`. */
  readonly destinations: readonly Destination[];
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

/** Defaults of action.yml, for a caller that starts dist/ without them. A test holds the two together. */
export const DEFAULTS: Readonly<Record<string, string>> = {
  'api-url': 'https://api.kustomerapp.com',
  streams: 'all',
  'sync-mode': 'incremental',
  'start-date': '',
  'end-date': '',
  'include-deleted': 'true',
  archive: 'auto',
  settle: '60s',
  lookback: '60m',
  'search-requests-per-minute': '100',
  'requests-per-minute': 'auto',
  concurrency: '10',
  'time-budget': '330m',
  'record-format': 'flat',
  compression: 'none',
  destination: 'artifact',
  'output-dir': '',
  'artifact-name': 'kustomer-sync',
  'retention-days': '0',
  branch: 'kustomer-data',
  'data-path': 'data',
  'allow-public': 'false',
  'state-id': 'default',
  'on-missing-state': 'full',
  'reset-state': 'false',
  mode: 'sync',
  shard: '',
  'shards-at-once': '1',
  plan: '',
  'on-incomplete': 'stop',
};

/**
 * Reads and checks all inputs.
 * @throws SyncError that lists every problem: the input, what was given (never a secret), what is accepted.
 */
export function readConfig(): Config {
  // Before anything else, and untrimmed: the runner masks the whole value and each of its lines.
  const token = raw('token');
  if (token.trim() !== '') core.setSecret(token);
  const problems: string[] = [];
  const bad = (name: string, accepted: string) => {
    // An address may hold a password, and a password pasted into the wrong input may be anything with an @.
    const given = text(name).includes('@') ? 'not shown here, since it holds an `@`' : shown(text(name));
    problems.push(`\`${name}\` is ${given}; accepted is ${accepted}`);
  };
  const oneOf = <T extends string>(name: string, accepted: readonly T[]): T => {
    const given = text(name);
    const found = accepted.find(value => value === given);
    if (found === undefined) bad(name, accepted.map(value => `\`${value}\``).join(' or '));
    return found ?? (accepted[0] as T);
  };
  const yes = (name: string): boolean => {
    const given = text(name).toLowerCase();
    if (given !== 'true' && given !== 'false') bad(name, '`true` or `false`');
    return given === 'true';
  };
  const whole = (name: string, least: number, most: number): number => {
    const given = text(name);
    const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    if (!(value >= least && value <= most)) bad(name, `a whole number from ${least} to ${most}`);
    return value;
  };
  const span = (name: string): number => {
    const [, number, unit] = /^(\d{1,7})\s*([smh])$/.exec(text(name)) ?? [];
    const ms = Number(number) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000);
    if (!(ms <= LONGEST_SPAN_MS)) bad(name, 'a number and `s`, `m` or `h`, such as `90s`, `60m` or `5h`, up to `500h`');
    return ms;
  };
  const date = (name: string): number | null => {
    const given = text(name);
    if (given === '') return null;
    const at = instant(given);
    if (at === null) bad(name, 'a day as `YYYY-MM-DD`, an RFC 3339 time such as `2026-01-31T08:00:00Z`, or nothing');
    return at;
  };
  const matching = (name: string, pattern: RegExp, accepted: string): string => {
    if (!pattern.test(text(name))) bad(name, accepted);
    return text(name);
  };

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
    destinations: destinations(bad),
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
    throw new SyncError(
      'user',
      'input',
      problems.length === 1
        ? `The input ${problems[0]}.`
        : `These inputs cannot be used:\n${problems.map(p => `- ${p}`).join('\n')}\n`,
      'Correct the `with:` block of the step; nothing was requested from Kustomer.',
    );
  }
  return Object.freeze(config);
}

/** A matrix has no more jobs. */
export const MOST_SHARDS = 256;

/** What has to agree between inputs of a backfill, and between the jobs of a plan. */
function checkPlanning(config: Config, problems: string[], bad: (name: string, accepted: string) => void): void {
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

/** A job lasts five days at most, and a timer of Node not more than 24. */
const LONGEST_SPAN_MS = 500 * 3_600_000;

/** The status of the job, as the default of an input gives it anew to the post step. */
export function jobStatus(): string {
  return raw('job-status').trim();
}

/** The token for GitHub, masked; for the post step, which needs no other input. */
export function githubToken(): string {
  const token = raw('github-token').trim();
  if (token !== '') core.setSecret(token);
  return token;
}

/** An input as the runner hands it over; one that was never handed over is empty. */
function raw(name: string): string {
  return core.getInput(name, { trimWhitespace: false });
}

/** An input, trimmed. One left empty is as good as one left out, except for `streams`, where it is more likely a slip. */
function text(name: string): string {
  const given = raw(name).trim();
  if (given !== '') return given;
  if (name === 'streams' && `INPUT_${name.toUpperCase()}` in process.env) return '';
  return DEFAULTS[name] ?? '';
}

/** What was given, fit for a message: short, on one line, and not taken for Markdown. */
function shown(given: string): string {
  const line = given.replace(/\s+/g, ' ').replaceAll('`', "'");
  return given === '' ? 'empty' : `\`${line.length > 80 ? `${line.slice(0, 80)}…` : line}\``;
}

/** A day or an RFC 3339 time in milliseconds since the epoch, or null when it is neither or no such day exists. */
function instant(given: string): number | null {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:[Zz]|[+-](\d{2}):(\d{2})))?$/.exec(given);
  if (match === null) return null;
  const [, year, month, day] = match.map(Number);
  const midnight = new Date(Date.UTC(year as number, (month as number) - 1, day));
  if (midnight.getUTCMonth() + 1 !== month || midnight.getUTCDate() !== day) return null;
  const at = Date.parse(given.length === 10 ? `${given}T00:00:00Z` : given.toUpperCase().replace(' ', 'T'));
  return Number.isNaN(at) ? null : at;
}

function apiUrl(bad: (name: string, accepted: string) => void): string {
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
      `\`streams\` ${entries.length === 0 ? 'selects nothing' : `has ${wrong.map(shown).join(', ')}`}; accepted is \`all\` or any of ${STREAM_NAMES.join(', ')}, each alone or with \`:full_refresh\` or \`:incremental\``,
    );
  }
  return STREAM_NAMES.flatMap(name => chosen.get(name) ?? []);
}

function requestsPerMinute(bad: (name: string, accepted: string) => void): number {
  const given = text('requests-per-minute');
  const value = /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (value < 1) bad('requests-per-minute', '`auto` or a whole number from 1');
  return value;
}

function destinations(bad: (name: string, accepted: string) => void): Destination[] {
  const given = text('destination')
    .split(',')
    .map(part => part.trim());
  if (given.length === 1 && given[0] === 'none') return [];
  if (given.some(part => part !== 'artifact' && part !== 'branch') || new Set(given).size !== given.length) {
    bad('destination', '`artifact`, `branch`, `artifact,branch` or `none`');
    return [];
  }
  return given as Destination[];
}

function outputDir(bad: (name: string, accepted: string) => void): string {
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
