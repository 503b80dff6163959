/**
 * The kinds of inputs: what each accepts, in words and as a parser.
 *
 * A kind knows neither the name nor the default of an input; the table in inputs.ts does. A parser gets text without
 * surrounding white space (a secret: as it is), and an input that was left empty arrives as its default.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DESTINATIONS, parseDestination } from '../publish/choose.ts';
import { parseMatrix, parseShard, type Shard } from '../shards/shard.ts';

export interface Kind<Value> {
  /** What is accepted: the end of the sentence "Use ...". */
  readonly use: string;
  /** Type of the input in a callable workflow; `string` when left out. */
  readonly workflowType?: 'boolean' | 'number';
  /** Secrets are masked before anything else happens, and no message shows them. */
  readonly isSecret?: true;
  /** @returns undefined when the text is not accepted */
  parse(text: string): Value | undefined;
  /** A sentence on what is wrong with a text that was not accepted. A secret must not be quoted in it. */
  hint?(text: string): string;
}

/** Text as code, on one line, at most 80 characters long. */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('`', "'");
  return `\`${line.length > 80 ? `${line.slice(0, 80)}…` : line}\``;
}

/** `` `a`, `b` or `c` `` */
function alternatives(values: readonly string[]): string {
  const codes = values.map(value => `\`${value}\``).join(', ');
  return codes.replace(/, (\S+)$/, ' or $1');
}

export const anyText: Kind<string> = { use: 'any text', parse: text => text };

export function oneOf<const Value extends string>(...values: readonly Value[]): Kind<Value> {
  return {
    use: alternatives(values),
    parse: text => values.find(value => value === text),
    hint: text => didYouMean(text, values),
  };
}

/** The value that was probably meant, as a question: people write capitals, the singular, and `-` for `_`. */
export function didYouMean(text: string, values: readonly string[]): string {
  const meant = values.find(value => value !== text && stemOf(value) === stemOf(text));
  return meant === undefined ? '' : `Did you mean \`${meant}\`?`;
}

/** In any case, because YAML writers spell booleans in several ways. */
export const boolean: Kind<boolean> = {
  use: alternatives(['true', 'false']),
  workflowType: 'boolean',
  parse: text => (/^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined),
};

export function wholeNumber(min: number, max: number): Kind<number> {
  return {
    use: `a whole number from ${min} to ${max}`,
    workflowType: 'number',
    parse(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A job lasts 5 days at most, and a timer of Node 24 days. */
const MAX_DURATION_MS = 500 * 3_600_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds. */
export const timeSpan: Kind<number> = {
  use: 'a number and `s`, `m` or `h`, such as `90s`, `60m` or `5h`, up to `500h`',
  parse(text) {
    const [, number, unit = ''] = /^(\d{1,7})\s*([smh])$/.exec(text) ?? [];
    const ms = Number(number) * (UNIT_MS[unit] ?? Number.NaN);
    return ms <= MAX_DURATION_MS ? ms : undefined;
  },
};

function stemOf(name: string): string {
  const lower = name.toLowerCase().replace(/[\s-]/g, '_');
  return lower
    .replace(/ies$/, 'y')
    .replace(/(?<=ss)es$/, '')
    .replace(/(?<!s)s$/, '');
}

/** A time in which something is to be done: more than none. */
export const timeLimit: Kind<number> = {
  use: `${timeSpan.use}, and more than \`0s\``,
  parse: text => timeSpan.parse(text) || undefined,
};

const TIME = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since the epoch; null for an empty text. February 30 and the like are not accepted. */
export const time: Kind<number | null> = {
  use: 'a day as `YYYY-MM-DD`, an RFC 3339 time such as `2026-01-31T08:00:00Z`, or nothing',
  parse(text) {
    if (text === '') return null;
    const ms = TIME.test(text) ? Date.parse(text.toUpperCase().replace(' ', 'T')) : Number.NaN;
    if (Number.isNaN(ms)) return undefined;
    // Date.parse makes March 2 of February 30.
    const day = text.slice(0, 10);
    return new Date(day).toISOString().startsWith(day) ? ms : undefined;
  },
};

function matching(pattern: RegExp, use: string): Kind<string> {
  return { use, parse: text => (pattern.test(text) ? text : undefined) };
}

export const stateName = matching(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, `.`, `_` or `-`');

export const artifactName = matching(
  /^[^":<>|*?\\/\p{Cc}]{1,200}$/u,
  '1 to 200 characters, none of them `"`, `:`, `<`, `>`, `|`, `*`, `?`, `/`, `\\` or a control character',
);

/** Longer names do not fit on a disk. */
const MAX_NAME_BYTES = 240;
const fits = (name: string) => Buffer.byteLength(name) <= MAX_NAME_BYTES;

/** As `git check-ref-format --branch` has it; and what looks like another ref or an id of git is refused by GitHub. */
export const branchName: Kind<string> = {
  use: 'the name of a branch, such as `kustomer-data`',
  parse(text) {
    // The full name of a ref, as `github.ref` has it, means its branch.
    const name = text.replace(/^refs\/heads\//, '');
    const isBad = /^-|^refs\/|^(?:HEAD|@|[0-9a-fA-F]{40})$|\.\.|@\{|\.$|[\s~^:?*[\\\p{Cc}]/u.test(name);
    const arePartsBad = name.split('/').some(part => part === '' || /^\.|\.lock$/.test(part));
    return isBad || arePartsBad || !fits(name) ? undefined : name;
  },
};

/** What a data branch has beside the data, and where GitHub looks for its own. On some disks case makes no difference. */
const TAKEN = /^(?:readme\.md|state\.json|views\.sql|\.gitattributes|state|schema|ids|\.github)$/i;

/** A folder on the data branch. */
export const dataFolder: Kind<string> = {
  use: 'a relative path such as `data`, without `.`, `..` and `.git`, whose first folder is not one of this action or of GitHub (`README.md`, `state.json`, `state`, `schema`, `ids`, `.github`, …)',
  parse(text) {
    const names = text.split('/');
    // Git takes no name that some disk may read as `.git`: with capitals, with dots at its end, short, or with what is not seen.
    const isGit = (name: string) => /^(?:\.git|git~1)[. ]*$/i.test(name.replace(/\p{Cf}/gu, ''));
    const isBad = (name: string) => /^\.{0,2}$|[\\:\p{Cc}]/u.test(name) || isGit(name);
    return names.some(isBad) || TAKEN.test(names[0] as string) || !fits(text) ? undefined : text;
  },
};

/** As GitHub names accounts and repositories. */
export const repositoryName = matching(/^(?:[a-z\d][\w-]{0,38}\/(?!\.{1,2}$)[\w.-]{1,100})?$/i, '`owner/name`');

/** White space at the ends comes from how a secret was pasted. */
export const kustomerKey: Kind<string> = {
  use: `a Kustomer API key, usually \`\${{ secrets.KUSTOMER_TOKEN }}\``,
  isSecret: true,
  parse(text) {
    const key = text.trim();
    return /^[\x21-\x7e]+$/.test(key) && !/["'`]|^Bearer\b|^\$|^[A-Z_]+=/i.test(key) ? key : undefined;
  },
  hint: text => keyProblem(text.trim()),
};

function keyProblem(key: string): string {
  const looks = 'a key is one long word, such as `eyJhbGciOi…`: save the secret again';
  if (key === '') {
    return 'A secret is empty when the repository has none of this name (Settings › Secrets and variables › Actions), and in a pull request from a fork.';
  }
  if (/^Bearer\b/i.test(key)) return `It begins with \`Bearer\`, which is no part of the key; ${looks} without it.`;
  if (/["'`]/.test(key)) return `It contains quotation marks; ${looks} without them.`;
  if (/^\$|^[A-Z_]+=/i.test(key)) return `It is the name of a variable or an assignment; ${looks} with the key alone.`;
  return 'It contains a line break, a space or another character that no API key has: save the secret again without it.';
}

/** May be empty: then only what needs no token works. */
export const githubKey: Kind<string> = { use: 'a token of GitHub', isSecret: true, parse: text => text.trim() };

/** May be none. A line that begins with `#` is a comment, as in a file of recipients. */
export const ageRecipients: Kind<readonly string[]> = {
  use: 'age recipients, one a line, such as `age1…` (`age-keygen -y` prints that of an `AGE-SECRET-KEY-1…`, which stays with you)',
  parse(text) {
    const lines = text.split('\n').map(line => line.trim());
    const recipients = lines.filter(line => line !== '' && !line.startsWith('#'));
    return recipients.every(recipient => /^age1[a-z0-9]{40,4000}$/.test(recipient)) ? recipients : undefined;
  },
};

/** Scheme, host and port of the API. */
export const origin: Kind<string> = {
  use: 'the origin of the API without a path, such as `https://api.kustomerapp.com` or `https://ORG.api.kustomerapp.com`; `http` only for a loopback address',
  parse(text) {
    const url = URL.parse(text);
    if (url === null || url.pathname !== '/' || `${url.search}${url.hash}${url.username}${url.password}` !== '') {
      return undefined;
    }
    // What the documents write for the name of an organization.
    if (/^org\.api\.kustomerapp\.com$/.test(url.hostname)) return undefined;
    const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
    return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback) ? url.origin : undefined;
  },
  hint(text) {
    const [, host = ''] = /^(?:https?:\/\/)?([\w.-]+\.kustomerapp\.com)(?![\w.-])/i.exec(text) ?? [];
    if (/^org\./i.test(host)) return 'Put the name of your organization in place of `ORG`.';
    const isOfApi = /(?:^|\.)api\./.test(host);
    return host === '' ? '' : `Did you mean \`https://${isOfApi ? host : host.replace('.', '.api.')}\`?`;
  },
};

const anyBudget = wholeNumber(1, 9_999_999);

/** Requests per minute; null for `auto`. */
export const requestBudget: Kind<number | null> = {
  use: '`auto` or a whole number from 1',
  parse: text => (text === 'auto' ? null : anyBudget.parse(text)),
};

/** May be empty: then nothing is hashed. */
export const hashKey: Kind<string> = {
  use: `a secret, such as \`\${{ secrets.KUSTOMER_HASH_KEY }}\``,
  isSecret: true,
  parse: text => text.trim(),
};

/** There may be white space around the comma. */
const deletionSources = oneOf('lists', 'lists,audit-log');
export const deletions: typeof deletionSources = {
  ...deletionSources,
  parse: text => deletionSources.parse(text.replace(/\s*,\s*/g, ',')),
};

/** `none`, or other names with commas: see publish/choose.ts. */
export const destination: Kind<string> = {
  use: alternatives(DESTINATIONS),
  parse: parseDestination,
  hint: text => didYouMean(text.replace(/\s*,\s*/g, ','), DESTINATIONS),
};

/** An absolute path; empty for an empty text. A relative path starts at the workspace. */
export const newDirectory: Kind<string> = {
  use: 'a directory that is empty or does not exist yet, without control characters in its name',
  parse(text) {
    if (text === '') return '';
    if (/\p{Cc}/u.test(text)) return undefined;
    const path = resolve(process.env.GITHUB_WORKSPACE ?? process.cwd(), text);
    let existing = path;
    while (!existsSync(existing)) existing = dirname(existing);
    const isUsable = statSync(existing).isDirectory() && (existing !== path || readdirSync(path).length === 0);
    return isUsable ? path : undefined;
  },
};

/** Null for an empty text. */
export const planShard: Kind<Shard | null> = {
  use: `a shard of a plan, without changes: \`\${{ matrix.shard }}\``,
  parse: text => (text === '' ? null : (parseShard(text) ?? undefined)),
};

/** All shards of a plan; none for an empty text. */
export const planMatrix: Kind<readonly Shard[]> = {
  use: 'the output `matrix` of the job with `mode: plan`, without changes',
  parse: text => (text === '' ? [] : (parseMatrix(text) ?? undefined)),
};
