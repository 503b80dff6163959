// Decides what follows an attempt: use the response, retry, or give up (docs/kustomer-api.md#errors). Pure.
//
// A 429 says that a budget is used up, so that all requests of the run must pause. A failure concerns one request, and
// only that one waits. Each has its own limit of retries.

export interface RequestAttempt {
  /** HTTP status; 0 when no usable response came. */
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The statuses of the earlier attempts of the same request. */
  readonly earlier: readonly number[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** In [0, 1], for the jitter. */
  readonly random: number;
  /** Set while nothing shows that the API is at `api-url`: what speaks against it (host.ts). */
  readonly isElsewhere?: ElsewhereCode | null;
  /** Milliseconds since the first attempt of the request began. */
  readonly elapsedMs?: number;
  /** Whether it took too long, and a request for less may not. */
  readonly maySplit?: boolean;
  /** Whether the run can do without: no failure is retried. */
  readonly isOptional?: boolean;
}

export type ElsewhereCode = 'host-unreachable' | 'not-the-api';

export type Decision =
  | { readonly kind: 'use' }
  /** `pausesAll`: no request of the run may start before. */
  | { readonly kind: 'retry'; readonly waitMs: number; readonly pausesAll: boolean }
  | { readonly kind: 'give-up'; readonly code: GiveUpCode };

/** The code of the error that ends the request. */
export type GiveUpCode =
  | ElsewhereCode
  | 'unauthorized'
  | 'missing-role'
  | 'request-refused'
  | 'no-usable-answer'
  | 'rate-limited';

/** Waits of 0.5, 1, 2, ... 30 s, with jitter: together about a minute and a half. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
export const MAX_FAILURES = 8;
/** Waits of 15 s together: many gateways are back by then, and pages need not become smaller (search.ts). */
const MAX_SLOW = 5;
/** A rate limit lasts a minute. A request that is still over it after 20 waits does not suffer from a rate limit. */
const MAX_RATE_LIMITED = 20;
/** A wrong `api-url` is to be an error within 20 s: a connection takes up to 10 s to fail, and these waits up to 9.4 s. */
const MAX_ELSEWHERE = 4;
const MAX_ELSEWHERE_MS = 8_000;

export function decide(attempt: RequestAttempt): Decision {
  const { status, earlier } = attempt;
  const rateLimited = earlier.filter(status => status === 429).length;
  const failures = earlier.length - rateLimited;
  const backoff = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.75 + attempt.random / 2);
  const { isElsewhere: code = null, elapsedMs = 0 } = attempt;
  if (code !== null) {
    if (failures >= MAX_ELSEWHERE || elapsedMs >= MAX_ELSEWHERE_MS) return { kind: 'give-up', code };
    return { kind: 'retry', waitMs: backoff, pausesAll: false };
  }
  if (status >= 200 && status < 300) return { kind: 'use' };
  if (status === 401) return { kind: 'give-up', code: 'unauthorized' };
  // A page of HTML comes from something in front of the API.
  const isPage = /^text\/html\b/i.test(String(attempt.headers['content-type'] ?? ''));
  if (status === 403) return { kind: 'give-up', code: isPage ? 'request-refused' : 'missing-role' };
  if (status === 429) {
    if (rateLimited >= MAX_RATE_LIMITED) return { kind: 'give-up', code: 'rate-limited' };
    return { kind: 'retry', waitMs: waitAfter429(attempt, rateLimited), pausesAll: true };
  }
  const isTemporary = status === 0 || status === 408 || status === 425 || status >= 500;
  if (!isTemporary) return { kind: 'give-up', code: 'request-refused' };
  const maxFailures = attempt.isOptional ? 0 : attempt.maySplit ? MAX_SLOW : MAX_FAILURES;
  if (failures >= maxFailures) return { kind: 'give-up', code: 'no-usable-answer' };
  const requested = waitIn(attempt.headers['retry-after'], attempt.now);
  return { kind: 'retry', waitMs: Math.max(backoff, Math.min(requested ?? 0, 60_000)), pausesAll: false };
}

/**
 * What `Retry-After` or `x-ratelimit-reset` says, between 1 and 65 s, or else a minute, the length of Kustomer's window
 * (docs/kustomer-api.md#after-a-429). The minimum doubles with each 429: one that comes after the wait shows that the
 * header was wrong, perhaps because clocks differ.
 */
function waitAfter429({ headers, now, random }: RequestAttempt, rateLimited: number): number {
  const requested = waitIn(headers['retry-after'], now) ?? waitIn(headers['x-ratelimit-reset'], now) ?? 60_000;
  const minimum = Math.min(60_000, 1_000 * 2 ** rateLimited);
  return Math.min(65_000, Math.max(minimum, requested)) + random * 250;
}

/**
 * Milliseconds from now until the time that a header names, negative when it has passed; null when it names none. The
 * time is a date (RFC 9110), or a number: epoch milliseconds, epoch seconds or seconds to wait, depending on its size.
 */
function waitIn(header: string | string[] | undefined, now: number): number | null {
  if (typeof header !== 'string' || header.trim() === '') return null;
  const number = Number(header);
  if (number > 1e12) return number - now;
  if (number > 1e9) return number * 1_000 - now;
  const waitMs = Number.isFinite(number) ? number * 1_000 : Date.parse(header) - now;
  return Number.isNaN(waitMs) ? null : waitMs;
}
