// Pure: what an answer, or the lack of one, asks for. No clock, no sockets.

/** What became of one attempt. Headers in lower case; `status` 0 means that no usable answer came. */
export interface Attempt {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** How many attempts of this request failed before, and how many of them were refused for the rate. */
  readonly failures: number;
  readonly refusals: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** 0 to 1, for the jitter. */
  readonly chance: number;
}

export type Verdict =
  | { readonly kind: 'use' }
  /** Ask again after so many milliseconds; `everybody` has to wait when a budget is used up. */
  | { readonly kind: 'again'; readonly waitMs: number; readonly everybody: boolean }
  | { readonly kind: 'give-up'; readonly why: 'unauthorized' | 'forbidden' | 'refused' | 'outage' | 'rate' };

/** Waits of 0.5, 1, 2, ... 30 s, jittered: together about a minute and a half before a request is given up. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const MOST_FAILURES = 8;
/** A limit is a matter of a minute; one that stands after so many refusals of one request is not a limit but a wall. */
const MOST_REFUSALS = 20;

/** Decides on one attempt (docs/kustomer-api.md#errors, docs/kustomer-api.md#rate-limits). */
export function judge(attempt: Attempt): Verdict {
  const { status } = attempt;
  if (status >= 200 && status < 300) return { kind: 'use' };
  if (status === 401) return { kind: 'give-up', why: 'unauthorized' };
  if (status === 403) return { kind: 'give-up', why: 'forbidden' };
  if (status === 429) {
    if (attempt.refusals >= MOST_REFUSALS) return { kind: 'give-up', why: 'rate' };
    return { kind: 'again', waitMs: rateWait(attempt), everybody: true };
  }
  const passing = status === 0 || status === 408 || status === 425 || status >= 500;
  if (!passing) return { kind: 'give-up', why: 'refused' };
  if (attempt.failures >= MOST_FAILURES) return { kind: 'give-up', why: 'outage' };
  const asked = retryAfter(attempt.headers['retry-after'], attempt.now);
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt.failures) * (0.75 + attempt.chance / 2);
  return { kind: 'again', waitMs: Math.max(backoff, Math.min(asked ?? 0, 60_000)), everybody: false };
}

/**
 * How long to wait after a 429: what `Retry-After` or `x-ratelimit-reset` says, held to 1 to 65 s; without either a
 * minute, which is how long Kustomer's windows are (docs/kustomer-api.md#after-a-429). A request that is refused again
 * after such a wait was told too little, by another clock perhaps: it waits twice as long each time, up to a minute.
 */
function rateWait({ headers, now, chance, refusals }: Attempt): number {
  const asked = retryAfter(headers['retry-after'], now) ?? reset(headers['x-ratelimit-reset'], now) ?? 60_000;
  const least = Math.min(60_000, 1_000 * 2 ** refusals);
  return Math.min(65_000, Math.max(least, asked)) + chance * 250;
}

/** Seconds or a date (RFC 9110), as milliseconds from now; null when it is neither. */
function retryAfter(value: string | string[] | undefined, now: number): number | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Epoch milliseconds, epoch seconds or a number of seconds, told apart by their size; as milliseconds from now. */
function reset(value: string | string[] | undefined, now: number): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) return null;
  if (number > 1e12) return Math.max(0, number - now);
  if (number > 1e9) return Math.max(0, number * 1_000 - now);
  return Math.max(0, number * 1_000);
}
