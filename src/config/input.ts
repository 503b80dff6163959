// One input: as the runner hands it over, as it may be shown, and what each kind of input accepts.
import * as core from '@actions/core';

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

/** Notes that an input was given something else than what is accepted. */
export type Bad = (name: string, accepted: string) => void;

/** An input as the runner hands it over; one that was never handed over is empty. */
function raw(name: string): string {
  return core.getInput(name, { trimWhitespace: false });
}

/** An input, trimmed. One left empty is as good as one left out, except for `streams`, where it is more likely a slip. */
export function text(name: string): string {
  const given = raw(name).trim();
  if (given !== '') return given;
  if (name === 'streams' && `INPUT_${name.toUpperCase()}` in process.env) return '';
  return DEFAULTS[name] ?? '';
}

/** The key for Kustomer, masked; untrimmed, since the runner masks the whole value and each of its lines. */
export function kustomerToken(): string {
  const token = raw('token');
  if (token.trim() !== '') core.setSecret(token);
  return token;
}

/** The token for GitHub, masked; for the post step, which needs no other input. */
export function githubToken(): string {
  const token = raw('github-token').trim();
  if (token !== '') core.setSecret(token);
  return token;
}

/** The status of the job, as the default of an input gives it anew to the post step. */
export function jobStatus(): string {
  return raw('job-status').trim();
}

/** Said instead of what was given. */
export const NOT_SHOWN = 'not shown here, since it may hold a secret';

/**
 * What was given, fit for a message: short, on one line, and not taken for Markdown. Neither a token that was pasted into
 * another input, of which the runner would mask the whole but not a part, nor an address, which may hold a password, is
 * shown.
 */
export function shown(given: string): string {
  const secrets = [raw('token'), raw('github-token')].map(secret => secret.trim()).filter(secret => secret !== '');
  if (given.includes('@') || secrets.some(secret => given.includes(secret))) return NOT_SHOWN;
  const line = given.replace(/\s+/g, ' ').replaceAll('`', "'");
  return given === '' ? 'empty' : `\`${line.length > 80 ? `${line.slice(0, 80)}…` : line}\``;
}

/** Readers of the kinds of inputs there are. What they return where the input is bad is not to be used. */
export function kinds(bad: Bad) {
  return {
    oneOf<T extends string>(name: string, accepted: readonly T[]): T {
      const given = text(name);
      const found = accepted.find(value => value === given);
      if (found === undefined) bad(name, accepted.map(value => `\`${value}\``).join(' or '));
      return found ?? (accepted[0] as T);
    },
    yes(name: string): boolean {
      const given = text(name).toLowerCase();
      if (given !== 'true' && given !== 'false') bad(name, '`true` or `false`');
      return given === 'true';
    },
    whole(name: string, least: number, most: number): number {
      const given = text(name);
      const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
      if (!(value >= least && value <= most)) bad(name, `a whole number from ${least} to ${most}`);
      return value;
    },
    /** Milliseconds. */
    span(name: string): number {
      const [, number, unit] = /^(\d{1,7})\s*([smh])$/.exec(text(name)) ?? [];
      const ms = Number(number) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000);
      if (!(ms <= LONGEST_SPAN_MS))
        bad(name, 'a number and `s`, `m` or `h`, such as `90s`, `60m` or `5h`, up to `500h`');
      return ms;
    },
    /** Milliseconds since the epoch; null where nothing is given. */
    date(name: string): number | null {
      const given = text(name);
      if (given === '') return null;
      const at = instant(given);
      if (at === null) bad(name, 'a day as `YYYY-MM-DD`, an RFC 3339 time such as `2026-01-31T08:00:00Z`, or nothing');
      return at;
    },
    matching(name: string, pattern: RegExp, accepted: string): string {
      if (!pattern.test(text(name))) bad(name, accepted);
      return text(name);
    },
  };
}

/** A job lasts five days at most, and a timer of Node not more than 24. */
const LONGEST_SPAN_MS = 500 * 3_600_000;

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
