/**
 * The retrying client: makes a request to GitHub until there is a usable answer.
 *
 * Requests have a time limit. They are repeated when the answer was lost or cannot be used, and later when GitHub asks for
 * that (docs/actions-platform.md#request-limits). Writes also keep to the limit of created content.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { duration } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { openContentLimit } from './content-limit.ts';

/** GitHub has refused a request, or did not answer it in a usable way, however often it was made. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  /** HTTP status; 0 when there was no usable answer. */
  readonly status: number;
  /** GitHub's own words about the request. They never quote a record. */
  readonly reason: string;
  /** Whether the same request may succeed at another time. */
  readonly isTemporary: boolean;

  constructor(status: number, reason: string, cause?: unknown, isRateLimit = false) {
    super(`${status} ${reason}`, { cause });
    this.status = status;
    this.reason = reason;
    this.isTemporary = isRateLimit || status === 0 || status >= 500;
  }
}

/** How much a request is worth: a best-effort read is one that the run can do without. */
export type RequestKind = 'best-effort' | 'read' | 'write';

/** Where another place has the same, a best-effort read is enough. */
export type ReadKind = Exclude<RequestKind, 'write'>;

/** Waits before a request is repeated, in milliseconds. */
const RETRY_AFTER_MS = { 'best-effort': [500, 2_000], read: [500, 2_000], write: [500, 2_000, 6_000] };
/** The hourly limit is renewed within the hour. A best-effort read only waits out the minute that GitHub usually asks for. */
const MAX_WAIT_MS = { 'best-effort': 90_000, read: 65 * 60_000, write: 65 * 60_000 };
/** When GitHub does not say how long to wait, its documentation asks for at least a minute. */
const DEFAULT_WAIT_MS = 60_000;
const TIMEOUT_MS = { 'best-effort': 30_000, read: 30_000, write: 120_000 };

/** One request, as octokit makes it with these options. */
type Request = (options: { signal: AbortSignal }) => Promise<{ data: unknown }>;

/**
 * Makes a request until there is an answer that `parse` accepts.
 * @param parse throws when the answer is unusable
 * @throws GitHubError
 */
export type RetryingClient = <T>(kind: RequestKind, request: Request, parse: (data: unknown) => T) => Promise<T>;

export function openRetryingClient(log: Log): RetryingClient {
  const reserveContent = openContentLimit(ms =>
    log.info(`GitHub limits how many files may be created per minute: continuing in ${duration(ms)}.`),
  );

  return async (kind, request, parse) => {
    let waitedMs = 0;
    for (let failures = 0; ; ) {
      if (kind === 'write') await reserveContent();
      let error: unknown;
      try {
        const { data } = await request({ signal: AbortSignal.timeout(TIMEOUT_MS[kind]) });
        return parse(data);
      } catch (thrown) {
        if (thrown instanceof GitHubError) throw thrown;
        error = thrown;
      }
      const { status, reason, waitMs } = failureOf(error);
      if (waitMs !== null && waitedMs + waitMs <= MAX_WAIT_MS[kind]) {
        log.info(`GitHub asks to wait for ${duration(waitMs)}.`);
        waitedMs += waitMs;
        await sleep(waitMs);
        continue;
      }
      const retryMs = RETRY_AFTER_MS[kind][failures];
      if ((status > 0 && status < 500) || retryMs === undefined) {
        throw new GitHubError(status, reason, error, waitMs !== null);
      }
      failures++;
      await sleep(retryMs * (0.5 + Math.random()));
    }
  };
}

interface Failure {
  /** HTTP status; 0 when there was no usable answer. */
  readonly status: number;
  readonly reason: string;
  /** How long GitHub asks to wait; null when it does not ask for that. */
  readonly waitMs: number | null;
}

/** What an error says that octokit, or a parser, has thrown. */
function failureOf(error: unknown): Failure {
  const { status, response, message } = error as {
    status?: number;
    response?: { headers?: Headers };
    message?: string;
  };
  // Octokit reports a connection that broke as status 500.
  if (typeof status !== 'number' || response === undefined) return { status: 0, reason: '', waitMs: null };
  const reason = message ?? '';
  return { status, reason, waitMs: waitOf(status, reason, response.headers ?? {}) };
}

type Headers = Readonly<Record<string, string | undefined>>;

/** How long GitHub asks to wait, in milliseconds; null when the answer is not about a rate limit. */
function waitOf(status: number, reason: string, headers: Headers): number | null {
  const retryAfter = headers['retry-after'];
  const isUsedUp = headers['x-ratelimit-remaining'] === '0';
  const isRateLimit =
    status === 429 || (status === 403 && (retryAfter !== undefined || isUsedUp || /rate limit|abuse/i.test(reason)));
  if (!isRateLimit) return null;
  const afterMs = Number(retryAfter ?? Number.NaN) * 1_000;
  const resetMs = isUsedUp ? Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1_000 - Date.now() : Number.NaN;
  const waitMs = [afterMs, Math.max(0, resetMs)].find(ms => !Number.isNaN(ms)) ?? DEFAULT_WAIT_MS;
  return waitMs + 1_000;
}
