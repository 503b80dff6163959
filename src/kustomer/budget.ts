// The two request budgets: searches, and all requests together. Only this file knows p-throttle.
//
// A budget is a strict sliding window plus a pause that everybody keeps. A place in it is good only at the moment it is
// given: if anything else made the request wait after that, the place is given up and another one is bought, so that
// what the server sees never exceeds what was allowed.
import { setTimeout as sleep } from 'node:timers/promises';
import pThrottle from 'p-throttle';

/** A minute and a little more: requests that leave evenly do not arrive evenly. */
const WINDOW_MS = 61_000;
/** A place is still good after so long; well inside the slack of the window. */
const FRESH_MS = 50;
/** Share of the organisation's limit that is ours with `requests-per-minute: auto`; the rest is the agents'. */
const OUR_SHARE = 0.8;
/** Lowest limit Kustomer sells (kustomer-api.md 3), until the API has told the real one. */
const UNKNOWN_LIMIT = 300;

export type Purpose = 'search' | 'other';

export interface Budget {
  /** Resolves when a request for this purpose may start, now. Rejects with the signal's reason. */
  place(purpose: Purpose): Promise<void>;
  /** Nobody starts before so many milliseconds have passed. A pause is only ever lengthened. */
  pause(ms: number): void;
  /** Takes note of `x-ratelimit-limit`, where the budget of all requests is to be learned. */
  learn(limit: number): void;
  /** How many requests for this purpose wait for a place. */
  waiting(purpose: Purpose): number;
}

export function openBudget(searchesPerMinute: number, requestsPerMinute: number | null, signal: AbortSignal): Budget {
  let all = window(Math.floor(requestsPerMinute ?? UNKNOWN_LIMIT * OUR_SHARE), signal);
  const searches = window(searchesPerMinute, signal);
  let pausedUntil = 0;
  const waiting = { search: 0, other: 0 };

  return {
    async place(purpose) {
      waiting[purpose]++;
      try {
        for (;;) {
          signal.throwIfAborted();
          const pause = pausedUntil - performance.now();
          if (pause > 0) await sleep(pause, undefined, { signal });
          // Where the budget of all requests is the tighter one, it bounds the searches too.
          if (purpose === 'search' && searches.limit < all.limit) await searches.take();
          const first = performance.now();
          await all.take();
          const now = performance.now();
          const stale = purpose === 'search' && searches.limit < all.limit && now - first > FRESH_MS;
          if (!stale && pausedUntil <= now) return;
        }
      } finally {
        waiting[purpose]--;
      }
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, performance.now() + ms);
    },
    learn(limit) {
      const ours = Math.max(1, Math.floor(limit * OUR_SHARE));
      if (requestsPerMinute !== null || ours === all.limit || !(limit >= 1)) return;
      // What was spent in this window counts against the new limit too.
      const spent = all.spent();
      all = window(ours, signal);
      for (let n = 0; n < Math.min(spent, ours); n++) void all.take();
    },
    waiting: purpose => waiting[purpose],
  };
}

interface Window {
  readonly limit: number;
  take(): Promise<void>;
  /** Places given in the window that ends now. */
  spent(): number;
}

function window(limit: number, signal: AbortSignal): Window {
  const given: number[] = [];
  const expire = () => {
    const since = performance.now() - WINDOW_MS;
    while (given.length > 0 && (given[0] as number) < since) given.shift();
  };
  const take = pThrottle({ limit, interval: WINDOW_MS, strict: true, signal })(() => {
    expire();
    given.push(performance.now());
  });
  return {
    limit,
    take: async () => take(),
    spent: () => {
      expire();
      return given.length;
    },
  };
}
