// Errors, typed by who must act. The text of an error is part of the product: one sentence says what happened, with the
// cause, and one says what to do. Neither holds a secret or anything out of a record.

/** Who must act: the person who set the workflow up, Kustomer, GitHub, or this project. */
export type Actor = 'user' | 'kustomer' | 'github' | 'project';

/** How the run treats an error. */
export type ErrorKind =
  | 'input'
  | 'unreachable' // nothing at `api-url` answers as the API: the run ends
  | 'unauthorized' // Kustomer answers 401: the run ends
  | 'forbidden' // Kustomer answers 403: the stream is skipped
  | 'absent' // this organization does not have the stream: it is skipped, and the run succeeds
  | 'refused' // Kustomer refuses what we asked for (400, 404, a redirect), or GitHub a file: the stream fails
  | 'outage' // Kustomer gives no usable answer, however often it is asked
  | 'inconsistent' // Kustomer answers, and the answer cannot be true
  | 'state' // saved state that must not be used, or cannot be saved: the run ends
  | 'publish' // the run ends
  | 'unfinished' // a part of a plan is not done
  | 'disk'
  | 'bug';

/** Every error of the action. A code never changes its meaning: docs/troubleshooting.md has a row for each. */
export const ERRORS = {
  'answer-too-large': ['kustomer', 'inconsistent'],
  'archive-refused': ['user', 'refused'],
  'artifact-not-uploaded': ['github', 'publish'],
  'artifact-unconfirmed': ['github', 'publish'],
  'audit-log-cut': ['kustomer', 'inconsistent'],
  'branch-encrypted': ['user', 'publish'],
  'branch-file-damaged': ['user', 'publish'],
  'branch-keeps-moving': ['user', 'publish'],
  'branch-of-other-sync': ['user', 'state'],
  'branch-path-taken': ['user', 'state'],
  'branch-refused': ['user', 'publish'],
  'branch-shared': ['user', 'publish'],
  'branch-unavailable': ['github', 'publish'],
  'branch-unreadable': ['user', 'state'],
  bug: ['project', 'bug'],
  'cache-not-writable': ['user', 'state'],
  'cache-unreadable': ['github', 'state'],
  'count-unavailable': ['kustomer', 'inconsistent'],
  'data-path-changed': ['user', 'state'],
  'disk-full': ['user', 'disk'],
  'file-refused': ['user', 'refused'],
  'files-not-copied': ['user', 'publish'],
  'folder-unusable': ['user', 'disk'],
  'foreign-link': ['kustomer', 'inconsistent'],
  'hash-key-changed': ['user', 'state'],
  'host-unreachable': ['user', 'unreachable'],
  'ids-vanished': ['user', 'inconsistent'],
  'invalid-input': ['user', 'input'],
  'list-loops': ['kustomer', 'inconsistent'],
  'list-missing': ['user', 'absent'],
  'missing-role': ['user', 'forbidden'],
  'no-artifacts-on-ghes': ['user', 'publish'],
  'no-cache': ['github', 'state'],
  'no-data-branch': ['user', 'publish'],
  'no-readable-stream': ['user', 'forbidden'],
  'no-state': ['user', 'state'],
  'no-usable-answer': ['kustomer', 'outage'],
  'not-records': ['kustomer', 'inconsistent'],
  'not-the-api': ['user', 'unreachable'],
  'notes-keep-changing': ['kustomer', 'inconsistent'],
  'organization-unknown': ['user', 'state'],
  'other-organization': ['user', 'state'],
  'output-dir-unusable': ['user', 'input'],
  'part-changed': ['user', 'publish'],
  'plan-gap': ['user', 'input'],
  'plan-overlap': ['user', 'input'],
  'plan-state-lost': ['user', 'state'],
  'plan-too-large': ['user', 'input'],
  'plan-unfinished': ['user', 'unfinished'],
  'post-step-timeout': ['github', 'publish'],
  'public-repository': ['user', 'input'],
  'rate-limited': ['kustomer', 'outage'],
  'record-format-changed': ['user', 'state'],
  'record-too-complex': ['kustomer', 'inconsistent'],
  'record-too-large-for-branch': ['user', 'refused'],
  'records-hidden': ['kustomer', 'inconsistent'],
  'repository-not-visible': ['user', 'input'],
  'request-refused': ['project', 'refused'],
  'role-lost': ['user', 'forbidden'],
  'search-inconsistent': ['kustomer', 'inconsistent'],
  'shard-unfinished': ['user', 'unfinished'],
  'shards-unfinished': ['user', 'unfinished'],
  'state-damaged': ['user', 'state'],
  'state-not-found': ['github', 'state'],
  'state-not-saved': ['github', 'state'],
  'state-too-new': ['user', 'state'],
  'state-unreadable': ['project', 'state'],
  'tar-unusable': ['user', 'state'],
  'two-organizations': ['kustomer', 'state'],
  'unknown-field': ['user', 'input'],
  unauthorized: ['user', 'unauthorized'],
} as const satisfies Readonly<Record<string, readonly [Actor, ErrorKind]>>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorText {
  /** One sentence: what happened, with the cause. */
  readonly what: string;
  /** One sentence for whoever must act. */
  readonly todo: string;
  readonly cause?: unknown;
  /** The HTTP status behind the error, where there is one. */
  readonly status?: number | undefined;
  /** What the other side says of it: see {@link foreignWords}. Ends the first sentence. */
  readonly said?: string;
}

/** What the runner, or whoever looks at a text, takes for something else: line breaks, control characters, other directions. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
const UNPRINTED = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** A text that is not ours, such as what an API or an input says: on one line, without commands of the runner, and cut. */
export function oneLine(text: string, maxLength = 2_000): string {
  // A text of megabytes takes no longer than what is shown of it.
  const start = text.slice(0, 4 * maxLength);
  const line = start.replace(UNPRINTED, ' ').replaceAll('##[', '## [');
  const safe = line.replace(/^\s*::/, ': :');
  const whole = start.length === text.length && safe.length <= maxLength;
  return whole ? safe : `${safe.slice(0, maxLength - 1)}…`;
}

/** As {@link oneLine}, for a text that may have several lines, such as a message with a list in it. */
export function someLines(text: string): string {
  const lines = text.slice(0, 200_000).split('\n');
  return [...lines.slice(0, MAX_LINES).map(line => oneLine(line)), ...(lines.length > MAX_LINES ? ['…'] : [])].join(
    '\n',
  );
}

/** Our longest message has a line for each wrong input, and there are fewer inputs than that. */
const MAX_LINES = 100;

export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: ErrorCode;
  readonly actor: Actor;
  readonly kind: ErrorKind;
  readonly what: string;
  readonly todo: string;
  readonly status: number | undefined;
  readonly said: string;

  constructor(code: ErrorCode, { what: happened, todo: toDo, cause, status, said = '' }: ErrorText) {
    const what = someLines(said === '' ? happened : `${happened.replace(/\.$/, '')}: ${said}.`);
    const todo = someLines(toDo);
    // After a list the advice stands in a paragraph of its own.
    super(`${what}${what.includes('\n') ? '\n\n' : ' '}${todo}`, cause === undefined ? undefined : { cause });
    this.code = code;
    [this.actor, this.kind] = ERRORS[code];
    this.what = what;
    this.todo = todo;
    this.status = status;
    this.said = said;
    // Until a stack trace is text, V8 keeps all that the functions in it hold, which may be pages of records.
    this.stack = String(this.stack);
  }

  /** Whether no other stream can go on either: the API or the key cannot be used, or nothing can be published or saved. */
  get endsTheRun(): boolean {
    return ['unreachable', 'unauthorized', 'state', 'publish'].includes(this.kind);
  }
}

/** Whether something thrown is one of our errors, of this kind. */
export function isKind(error: unknown, kind: ErrorKind): error is SyncError {
  return error instanceof SyncError && error.kind === kind;
}

/** Whether Kustomer refuses what was asked for, as long as nobody changes the key or the request. */
export function isRefusal(error: unknown): error is SyncError {
  return isKind(error, 'refused') || isKind(error, 'forbidden');
}

/** Anything that was thrown, as one of ours. What is not ours is a bug here until shown otherwise. */
export function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SyncError('disk-full', {
      what: 'The disk of the runner is full.',
      todo: 'Nothing is lost; run with `compression: gzip` or a shorter `time-budget`, or on a runner with more room.',
      cause: error,
    });
  }
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR'].includes(code)) {
    return new SyncError('folder-unusable', {
      what: `A folder that the action needs is not to be had on the runner (${code}).`,
      todo: 'Let the job write to `RUNNER_TEMP` and to `output-dir`, where no file may be in the way.',
      cause: error,
    });
  }
  // The name and the place are enough to find a bug; a foreign message may quote data, so it stays out.
  const kind = error instanceof Error ? error.name : typeof error;
  return new SyncError('bug', {
    what: `The action met an error it does not know (${kind}${code === '' ? '' : ` ${code}`}).`,
    todo: 'Please report it with the log of this run, made with debug logging on.',
    cause: error,
  });
}

/** The most of a foreign text that is shown. */
const MAX_FOREIGN = 200;

/**
 * What another service says of an error, on one line: the only way for foreign text into a message of ours.
 * @param secrets left out
 * @param mayQuote whether the texts may quote a record. What may be a value rather than a word is left out then.
 */
export function foreignWords(texts: readonly unknown[], secrets: readonly string[] = [], mayQuote = true): string {
  const said = [...new Set(texts.filter(text => typeof text === 'string' || typeof text === 'number'))].join(': ');
  const plain = secrets
    .filter(secret => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '…'), said.slice(0, 10 * MAX_FOREIGN))
    .replace(/[\p{C}\p{Z}\s]+/gu, ' ')
    .replaceAll('`', "'");
  const words = (mayQuote ? withoutValues(plain) : plain).replace(/^ | $/g, '');
  if (!/\p{L}/u.test(words)) return '';
  return words.length > MAX_FOREIGN ? `${words.slice(0, MAX_FOREIGN - 1)}…` : words;
}

/** Leaves out addresses, numbers, ids, keys, names and quotations. */
function withoutValues(text: string): string {
  return (
    text
      // Names of fields may be quoted: `updated_at`, `queryContext`.
      .replace(/(["'“‘])(?![a-z]+(?:[_.][a-z]+|[A-Z][a-z]+)+["'”’])[^"'”’]{2,}?["'”’](?!\w)/g, '…')
      .replace(/\S*[@%?=&][^\s,;]*|\S*\/\/(?![\w.-]+\.kustomerapp\.com\b)[^\s,;]*/g, '…')
      .replace(/\S{40,}|\+?\d[\d ()/.-]{5,}\d|\b(?=\w*\d)\w{12,}/g, '…')
      .replace(/\b\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)+/gu, words => (REASONS.has(words) ? words : '…'))
  );
}

/** Reasons of HTTP are no names. */
const REASONS: ReadonlySet<string> = new Set([
  'Bad Request',
  'Not Found',
  'Method Not Allowed',
  'Payload Too Large',
  'Unprocessable Entity',
  'Too Many Requests',
  'Internal Server Error',
  'Bad Gateway',
  'Service Unavailable',
  'Gateway Timeout',
]);

/** The code that Node and its libraries give an error, such as `ENOSPC`; empty when there is none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** The causes of an error, as lines that name kinds, codes and places in this program, and quote no message. */
export function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let e: unknown = error; e instanceof Error && lines.length < 30; e = e.cause) {
    if (e instanceof SyncError) continue;
    const code = codeOf(e);
    lines.push(`caused by ${e.name}${code === '' ? '' : ` (${code})`}`);
    // The stack begins with the message, and the message may quote what was read.
    const stack = (e.stack ?? '').split(e.message === '' ? e.name : e.message).at(-1) ?? '';
    const places = stack.split('\n').filter(line => /^\s+at /.test(line));
    lines.push(...places.slice(0, 8));
  }
  return lines;
}
