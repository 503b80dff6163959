// The two request budgets: searches, and all requests together. Only this file knows p-throttle.
//
// Each is a strict sliding window. Searches get their part of all requests and the others the rest, so that a request
// needs a place in one window only, and takes it as the last thing before it starts: a place is good only at the moment
// it is given. Everything else that makes a request wait comes before: a pause that everybody keeps, and a pace that is
// slower than the budget for a while after a refusal, and not much faster than it where a lot was spent at once.
import { setTimeout as sleep } from 'node:timers/promises';
import pThrottle from 'p-throttle';
import { openMutex, type RunExclusive } from '../sync/mutex.ts';

/** Kustomer counts the requests of a minute (docs/kustomer-api.md#rate-limits). */
const MINUTE_MS = 60_000;
/** Requests that leave evenly do not arrive evenly: the first may have had to wait for its connection. */
const SLACK = 61 / 60;
/** Share of the organization's limit that is ours with `requests-per-minute: auto`; the rest is the agents'. */
const OUR_SHARE = 0.8;
/**
 * Lowest limit Kustomer sells (docs/kustomer-api.md#rate-limits), until the API has told the real one. A lower one is
 * that of searches.
 */
const LOWEST_LIMIT = 300;
/** Where both draw on one tight budget, the part of it that searches get at most. */
const SEARCH_SHARE = 0.8;
/** Others are noticed from this part of the limit on, and from then on this part is kept free for them. */
const NOTICEABLE = 0.02;
const KEPT_FREE = 0.1;
/** Part of a minute before which nothing is concluded from how much they have used since we came. */
const SOME_TIME = 1 / 15;
/** This part of a budget may go at once, which is all that a short run needs. What leaves too fast does not arrive evenly. */
const AT_ONCE = 0.25;
/** The pace from then on, over the one that would use the budget up in just a minute. */
const FAST = 2;
/** The pace after one refusal, and after however many. */
const SLOWER = 0.5;
const SLOWEST = 0.125;

/**
 * Searches a minute that the two budgets let through, and other requests beside them, as far as they are known before the
 * API has said more. No others where both draw on one budget.
 */
export function rates(searchesPerMinute: number, requestsPerMinute: number | null): Readonly<Record<Purpose, number>> {
  const all = requestsPerMinute ?? Math.floor(LOWEST_LIMIT * OUR_SHARE);
  if (all <= searchesPerMinute) return { search: all, other: 0 };
  const search = Math.min(searchesPerMinute, Math.ceil(all * SEARCH_SHARE));
  return { search, other: all - search };
}

export type Purpose = 'search' | 'other';

export interface Budget {
  /** Resolves when a request for this purpose may start, now. Rejects with the signal's reason. */
  place(purpose: Purpose): Promise<void>;
  /** The API has refused a request for its rate: nobody starts before so many milliseconds have passed. */
  refused(waitMs: number): void;
  /**
   * The API has answered, and said what the limit is and how much of it remains (`x-ratelimit-limit`, `-remaining`; NaN
   * where it did not). On a search these may speak of either budget (docs/kustomer-api.md#rate-limit-headers).
   */
  answered(purpose: Purpose, limit: number, remaining: number): void;
}

/**
 * @param searchesPerMinute of live and archive search together
 * @param requestsPerMinute of all requests together; null: learned from what the API says
 * @param slots how many runs share the budgets side by side.
 * @param evenly this run shares them, with others beside it or others just before and after it, and nobody tells them of
 *   each other: one takes the place of another at any moment. So each spends its part evenly, and begins as if it had just
 *   spent something. Then no minute has more than its part, whoever has the slot.
 */
export function openBudget(
  searchesPerMinute: number,
  requestsPerMinute: number | null,
  signal: AbortSignal,
  {
    slots = 1,
    evenly = slots > 1,
    minuteMs = MINUTE_MS,
  }: { readonly slots?: number; readonly evenly?: boolean; readonly minuteMs?: number } = {},
): Budget {
  // What this run may do of what all may do together.
  const part = (limit: number) => Math.max(1, Math.floor(limit / slots));
  const searchPart = part(searchesPerMinute);
  const given: Record<Purpose, number[]> = { search: [], other: [] };
  let total = 0;
  let windows = {} as Readonly<Record<Purpose, Window>>;
  let pausedUntil = 0;
  let pace = 1;
  /** What others had used of a limit, the organization's or that of searches, when it was first told. */
  const atFirst = new Map<Limit, { readonly at: number; readonly others: number }>();

  divide(part(requestsPerMinute ?? Math.floor(LOWEST_LIMIT * OUR_SHARE)));

  function divide(all: number): void {
    total = all;
    if (all <= searchPart) {
      const both = open(all, windows.search, spent('search') + spent('other'));
      windows = { search: both, other: both };
      return;
    }
    const searches = Math.min(searchPart, Math.ceil(all * SEARCH_SHARE));
    windows = {
      search: open(searches, windows.search, spent('search')),
      other: open(all - searches, windows.other, spent('other')),
    };
  }

  /** What was spent in this minute counts against a new limit too. */
  function open(limit: number, before: Window | undefined, already: number): Window {
    if (before?.limit === limit) return before;
    // Weights make p-throttle count over the time that has really passed; without them it also keeps a distance between
    // requests, and what was not used in time is lost.
    const interval = Math.ceil(minuteMs * SLACK);
    const take = pThrottle({ limit, interval, strict: true, weight: () => 1, signal })(() => {});
    for (let n = 0; n < Math.min(already, limit); n++) void take();
    const first = evenly ? performance.now() + interval / limit : 0;
    return { limit, take: async () => take(), inTurn: openMutex(), nextAt: before?.nextAt ?? first };
  }

  /** Places given in the minute that ends now. */
  function spent(purpose: Purpose): number {
    const since = performance.now() - minuteMs;
    const times = given[purpose];
    const old = times.findIndex(at => at > since);
    times.splice(0, old < 0 ? times.length : old);
    return times.length;
  }

  function pause(ms: number): void {
    pausedUntil = Math.max(pausedUntil, performance.now() + ms);
  }

  /** What others use in a whole minute, from what they have used in this one: when we have just come they may have too. */
  function expected(of: Limit, others: number): number {
    const first = atFirst.get(of) ?? { at: performance.now(), others };
    atFirst.set(of, first);
    const gone = Math.min(1, Math.max(SOME_TIME, (performance.now() - first.at) / minuteMs));
    return Math.max(others, (others - first.others * (1 - gone)) / gone);
  }

  return {
    place: purpose =>
      // One at a time, so that a pause costs one place at most.
      windows[purpose].inTurn(async () => {
        for (;;) {
          signal.throwIfAborted();
          const window = windows[purpose];
          const wait = Math.max(pausedUntil, window.nextAt) - performance.now();
          if (wait > 0) {
            await sleep(Math.ceil(wait), undefined, { signal });
            continue;
          }
          await window.take();
          const now = performance.now();
          if (pausedUntil > now) continue;
          given[purpose].push(now);
          const fast = spent(purpose) > window.limit * AT_ONCE ? FAST : Number.POSITIVE_INFINITY;
          window.nextAt = evenly
            ? now + (minuteMs * SLACK) / (window.limit * pace)
            : now + minuteMs / (window.limit * (pace < 1 ? pace : fast));
          return;
        }
      }),
    refused(waitMs) {
      // Requests that were under way together are refused together.
      if (pausedUntil <= performance.now()) pace = Math.max(SLOWEST, pace * SLOWER);
      pause(waitMs);
    },
    answered(purpose, limit, remaining) {
      // Half the pace is made up for by half a minute's answers.
      pace = Math.min(1, pace + 1 / total);
      if (!(limit >= 1)) return;
      const isOrganizations = purpose === 'other' || limit >= LOWEST_LIMIT;
      const ours = part(Math.floor(limit * OUR_SHARE));
      if (isOrganizations && requestsPerMinute === null && ours !== total) divide(ours);
      if (!(remaining >= 0)) return;
      const mine = slots * (spent('search') + (isOrganizations ? spent('other') : 0));
      const others = Math.max(0, limit - remaining - mine);
      const theirs = Math.min(limit, expected(isOrganizations ? 'all' : 'search', others));
      if (others <= limit * NOTICEABLE) return;
      // So long does it take until what will be missing has come back, at the pace of what is left to us.
      const missing = Math.max(0, limit * KEPT_FREE - (limit - mine - theirs));
      // A burst in our first seconds looks like much more to come. After a minute it is gone, or known to last.
      pause(minuteMs * Math.min(1, missing / Math.max(limit * KEPT_FREE, limit - theirs)));
    },
  };
}

type Limit = 'all' | 'search';

interface Window {
  readonly limit: number;
  take(): Promise<void>;
  readonly inTurn: RunExclusive;
  /** Before this nobody starts. */
  nextAt: number;
}
