// The rate limits of the REST API (docs/actions-platform.md#request-limits): a primary one per hour, and secondary
// ones, of which the one for content-creating requests (80 a minute, 500 an hour) is what a writer of commits meets.
// Counted always, enforced on demand.
import { Refusal } from './server.ts';
import type { Fault } from './traffic.ts';

export interface LimitOptions {
  /** Requests per hour: 1000 for GITHUB_TOKEN. */
  primary?: number;
  contentPerMinute?: number;
  contentPerHour?: number;
  /** Refuse what is over a limit; otherwise it is only counted. */
  enforce?: boolean;
}

const HOUR = 3_600_000;
const MINUTE = 60_000;

export class Limits {
  /** May be changed while the server runs. */
  readonly options: Required<LimitOptions>;
  /** The most content-creating requests ever seen within 60 seconds, and within an hour. */
  peak = { minute: 0, hour: 0 };
  #windowStart = Date.now();
  #used = 0;
  #content: number[] = [];

  constructor(options: LimitOptions = {}) {
    this.options = { primary: 1000, contentPerMinute: 80, contentPerHour: 500, enforce: false, ...options };
  }

  /** The headers every answer carries. */
  headers(): Record<string, string> {
    return {
      'x-ratelimit-limit': String(this.options.primary),
      'x-ratelimit-remaining': String(Math.max(0, this.options.primary - this.#used)),
      'x-ratelimit-used': String(this.#used),
      'x-ratelimit-reset': String(Math.ceil((this.#windowStart + HOUR) / 1000)),
      'x-ratelimit-resource': 'core',
    };
  }

  count(createsContent: boolean): void {
    const now = Date.now();
    if (now - this.#windowStart > HOUR) {
      this.#windowStart = now;
      this.#used = 0;
    }
    if (this.options.enforce && this.#used >= this.options.primary) throw new Refusal(403, PRIMARY_BODY);
    this.#used += 1;
    if (!createsContent) return;
    this.#content = this.#content.filter(at => at > now - HOUR);
    const lastMinute = this.#content.filter(at => at > now - MINUTE);
    const { enforce, contentPerMinute, contentPerHour } = this.options;
    if (enforce && lastMinute.length >= contentPerMinute) throw secondary((lastMinute[0] ?? now) + MINUTE - now);
    if (enforce && this.#content.length >= contentPerHour) throw secondary((this.#content[0] ?? now) + HOUR - now);
    this.#content.push(now);
    this.peak.minute = Math.max(this.peak.minute, lastMinute.length + 1);
    this.peak.hour = Math.max(this.peak.hour, this.#content.length);
  }
}

const DOCS = 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api';
const PRIMARY_BODY = { message: 'API rate limit exceeded for installation.', documentation_url: DOCS };
const SECONDARY_BODY = {
  message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  documentation_url: `${DOCS}#about-secondary-rate-limits`,
};

function secondary(waitMs: number): Refusal {
  return new Refusal(403, SECONDARY_BODY, { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) });
}

/** A fault: the primary limit is used up until `resetIn` seconds from now. */
export function primaryLimitFault(resetIn = 1, status: 403 | 429 = 403): Fault {
  const reset = String(Math.ceil(Date.now() / 1000) + resetIn);
  return {
    kind: 'status',
    status,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset },
    body: PRIMARY_BODY,
  };
}

/** A fault: a secondary limit, with Retry-After in seconds unless `retryAfter` is null (GitHub leaves it out at times). */
export function secondaryLimitFault(retryAfter: number | null = 1, status: 403 | 429 = 403): Fault {
  const headers: Record<string, string> = retryAfter === null ? {} : { 'retry-after': String(retryAfter) };
  return { kind: 'status', status, headers, body: SECONDARY_BODY };
}
