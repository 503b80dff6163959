// Errors, typed by who must act. The text of an error is part of the product: one sentence says what happened, one says
// what to do, and neither holds a secret or anything out of a record.

/** Who has to do something about it: the person who set the workflow up, Kustomer, GitHub, or this project. */
export type Actor = 'user' | 'kustomer' | 'github' | 'project';

/** What kind of trouble it is, for the few places that treat one kind differently. */
export type Trouble =
  | 'input'
  | 'unauthorized' // 401: ends the run
  | 'forbidden' // 403: skips the stream
  | 'request' // the API refuses what we asked: 400, 404, a redirect
  | 'outage' // the API does not answer as it should, however often it is asked
  | 'inconsistent' // the API answers, and the answer cannot be true
  | 'state' // saved state that must not be used, or cannot be saved
  | 'publish'
  | 'unfinished' // a part of a plan that is not done
  | 'disk'
  | 'bug';

export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly actor: Actor;
  readonly trouble: Trouble;
  readonly what: string;
  readonly todo: string;
  /** The HTTP status behind it, where there is one. */
  readonly status: number | undefined;

  constructor(actor: Actor, trouble: Trouble, what: string, todo: string, cause?: unknown, status?: number) {
    super(`${what} ${todo}`, cause === undefined ? undefined : { cause });
    this.actor = actor;
    this.trouble = trouble;
    this.what = what;
    this.todo = todo;
    this.status = status;
  }

  /** Whether no other stream can go on either: the key is no good, or the state belongs to somebody else. */
  get endsTheRun(): boolean {
    return this.trouble === 'unauthorized' || this.trouble === 'state' || this.trouble === 'publish';
  }
}

/** Anything that was thrown, as one of ours. What is not ours is a bug here until shown otherwise. */
export function asSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  if (isFull(error)) {
    return new SyncError(
      'user',
      'disk',
      'The disk of the runner is full.',
      'Nothing is lost; run with `compression: gzip` or a shorter `time-budget`, or on a runner with more room.',
      error,
    );
  }
  // The name and the place are enough to find a bug; a foreign message may quote data, so it stays out.
  const kind = error instanceof Error ? error.name : typeof error;
  const code = (error as { code?: unknown } | null)?.code;
  return new SyncError(
    'project',
    'bug',
    `The action met an error it does not know (${kind}${typeof code === 'string' ? ` ${code}` : ''}).`,
    'Please report it with the log of this run, made with debug logging on.',
    error,
  );
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(String((error as { code?: unknown } | null)?.code));
}

/** The causes of an error, as lines that name kinds, codes and places in this program, and quote no message. */
export function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let e: unknown = error; e instanceof Error && lines.length < 30; e = e.cause) {
    if (e instanceof SyncError) continue;
    const code = (e as { code?: unknown }).code;
    lines.push(`caused by ${e.name}${typeof code === 'string' ? ` (${code})` : ''}`);
    // The stack begins with the message, and the message may quote what was read.
    const stack = (e.stack ?? '').split(e.message === '' ? e.name : e.message).at(-1) ?? '';
    lines.push(
      ...stack
        .split('\n')
        .filter(line => /^\s+at /.test(line))
        .slice(0, 8),
    );
  }
  return lines;
}
