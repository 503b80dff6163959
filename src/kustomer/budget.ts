// The rate budgets: how many requests start in any 60 seconds, searches and all requests together
// (docs/kustomer-api.md#rate-limits). Only this file knows p-throttle.
//
// Each budget is a strict sliding window. Searches get a share of all requests, and the other requests get the rest, so
// that a request passes one window only. It passes the window last, right before it starts, since permission is good
// only for that moment. Every other wait comes first: the pause of all requests, and the spacing between two starts.
import { setTimeout as sleep } from 'node:timers/promises';
import pThrottle from 'p-throttle';
import { openMutex } from '../sync/mutex.ts';
import { estimateOtherClients } from './other-clients.ts';

/** The length of Kustomer's windows. */
const MINUTE_MS = 60_000;
/** Requests that start evenly may arrive unevenly: the first one had to open its connection. */
const SLACK = 61 / 60;
/** What `requests-per-minute: auto` takes of the organization's limit; the rest is for the agents. */
const OUR_SHARE = 0.8;
/**
 * The lowest limit that Kustomer sells (docs/kustomer-api.md#rate-limits), used until a response tells the real one. A
 * lower limit in a response is that of searches (docs/kustomer-api.md#rate-limit-headers).
 */
const LOWEST_LIMIT = 300;
/** The most that searches get of a budget that they share with the other requests. */
const SEARCH_SHARE = 0.8;
/** The part of a window that may start without spacing: enough for a short run. A larger burst arrives unevenly. */
const BURST = 0.25;
/** After the burst: how fast requests start, relative to a window that is used up in exactly a minute. */
const MAX_SPEED = 2;
/** A 429 halves the speed, down to an eighth. */
const SLOWDOWN = 0.5;
const MIN_SPEED = 0.125;

/** `search`: live and archive searches, which have a limit of their own. */
export type Purpose = 'search' | 'other';

export type Budget = ReturnType<typeof openBudget>;

/** What a response says of the limit that it is subject to: see `answered`. */
interface ReportedLimit {
  readonly limit: number;
  readonly remaining: number;
}

/** Requests a minute. No `other` ones where all requests draw on the budget of `search`. */
type Rates = Readonly<Record<Purpose, number>>;

/** The rates as far as they are known before the first response; the parameters are those of `openBudget`. */
export function rates(searchesPerMinute: number, requestsPerMinute: number | null): Rates {
  const all = requestsPerMinute ?? Math.floor(LOWEST_LIMIT * OUR_SHARE);
  if (all <= searchesPerMinute) return { search: all, other: 0 };
  const search = Math.min(searchesPerMinute, Math.ceil(all * SEARCH_SHARE));
  return { search, other: all - search };
}

/**
 * @param searchesPerMinute limit of live and archive searches together
 * @param requestsPerMinute limit of all requests together; null: learned from the responses
 * @param signal ends all waits
 * @param options `sharedBy`: how many runs share the budgets at the same time. `isEven` spaces all requests evenly, from
 *   the first one on: for runs that share the budgets, or follow one another, and do not know of each other. Then no
 *   minute has more than a share, even where one run ends and another one begins.
 */
export function openBudget(
  searchesPerMinute: number,
  requestsPerMinute: number | null,
  signal: AbortSignal,
  options: { readonly sharedBy?: number; readonly isEven?: boolean; readonly minuteMs?: number } = {},
) {
  const { sharedBy = 1, isEven = sharedBy > 1, minuteMs = MINUTE_MS } = options;
  const shareOf = (limit: number) => Math.max(1, Math.floor(limit / sharedBy));
  let all = shareOf(requestsPerMinute ?? Math.floor(LOWEST_LIMIT * OUR_SHARE));
  const windows = openWindows(rates(shareOf(searchesPerMinute), all), minuteMs, isEven, signal);
  const msForOthers = { all: estimateOtherClients(minuteMs), search: estimateOtherClients(minuteMs) };
  const isLikely = openLimitCheck();
  let [pausedUntil, speed] = [0, 1];
  const pause = (ms: number) => {
    pausedUntil = Math.max(pausedUntil, performance.now() + ms);
  };

  return {
    /** Resolves when a request may start, and then it must start at once. Rejects with the reason of the signal. */
    acquire: (purpose: Purpose): Promise<void> =>
      // One at a time, so that a pause wastes one start at most.
      windows.of(purpose).runExclusive(async () => {
        for (;;) {
          signal.throwIfAborted();
          const window = windows.of(purpose); // A response may have resized it.
          const waitMs = Math.max(pausedUntil, window.nextAt) - performance.now();
          if (waitMs > 0) {
            await sleep(Math.ceil(waitMs), undefined, { signal });
            continue;
          }
          await window.pass();
          const now = performance.now();
          if (pausedUntil > now) continue;
          windows.starts[purpose].push(now);
          window.nextAt = now + minuteMs * spacing(window.limit, windows.started(purpose), speed, isEven);
          return;
        }
      }),
    /** After a 429: no request starts within `waitMs` milliseconds, and then they start more slowly for a while. */
    rateLimited(waitMs: number): void {
      // Requests that were in flight together are rate-limited together, and slow the run down once.
      if (pausedUntil <= performance.now()) speed = Math.max(MIN_SPEED, speed * SLOWDOWN);
      pause(waitMs);
    },
    pausedMs: () => Math.max(0, pausedUntil - performance.now()),
    ...windows.outlook,
    /**
     * After any other response.
     * @param limit from `x-ratelimit-limit` (a minute), `remaining` from `x-ratelimit-remaining`; NaN without the header
     */
    answered(purpose: Purpose, limit: number, remaining: number): void {
      // The responses of half a minute make up for one slowdown.
      speed = Math.min(1, speed + 1 / all);
      if (!(limit >= 1)) return;
      windows.outlook.reported[purpose] = { limit, remaining };
      const isForAll = purpose === 'other' || limit >= LOWEST_LIMIT;
      const share = shareOf(Math.floor(limit * OUR_SHARE));
      if (isForAll && isLikely(limit) && requestsPerMinute === null && share !== all) {
        all = share;
        windows.resize(rates(shareOf(searchesPerMinute), all));
      }
      if (!(remaining >= 0)) return;
      const ours = sharedBy * (windows.started('search') + (isForAll ? windows.started('other') : 0));
      pause(msForOthers[isForAll ? 'all' : 'search'](limit, remaining, ours));
    },
  };
}

/** One response may be wrong: a limit lower than any that is sold counts once a second response in a row has it. */
function openLimitCheck() {
  let last = 0;
  return (limit: number): boolean => {
    const isLikely = limit >= LOWEST_LIMIT || limit === last;
    last = limit;
    return isLikely;
  };
}

/** Minutes until the next start in a window, after start number `started` of its purpose within a minute. */
function spacing(limit: number, started: number, speed: number, isEven: boolean): number {
  if (isEven) return SLACK / (limit * speed);
  if (speed < 1) return 1 / (limit * speed);
  return started > limit * BURST ? 1 / (limit * MAX_SPEED) : 0;
}

/** @param nextAt no request starts before this time of `performance.now()` */
function openWindow(limit: number, interval: number, nextAt: number, signal: AbortSignal) {
  // With weights, p-throttle counts over the time that has really passed. Without them it also keeps a distance between
  // requests, and what is not used in time is lost.
  const pass = pThrottle({ limit, interval, strict: true, weight: () => 1, signal })(async () => {});
  return { limit, pass, nextAt, runExclusive: openMutex() };
}

/** A window for each purpose, or one for both where `other` is 0; and what has started in the last minute. */
function openWindows(limits: Rates, minuteMs: number, isEven: boolean, signal: AbortSignal) {
  const starts: Record<Purpose, number[]> = { search: [], other: [] };
  const reported: Partial<Record<Purpose, ReportedLimit>> = {};
  let windows: Partial<Record<Purpose, ReturnType<typeof openWindow>>> = {};
  resize(limits);

  function resize({ search, other }: Rates): void {
    const isShared = other === 0;
    const shared = open(search, windows.search, started('search') + (isShared ? started('other') : 0));
    windows = { search: shared, other: isShared ? shared : open(other, windows.other, started('other')) };
  }

  function open(limit: number, before: typeof windows.search, alreadyStarted: number) {
    if (before?.limit === limit) return before;
    const interval = Math.ceil(minuteMs * SLACK);
    const first = isEven ? performance.now() + interval / limit : 0;
    const window = openWindow(limit, interval, before?.nextAt ?? first, signal);
    // What has started counts against a new limit, too.
    for (let n = 0; n < Math.min(alreadyStarted, limit); n++) void window.pass();
    return window;
  }

  function started(purpose: Purpose): number {
    const since = performance.now() - minuteMs;
    starts[purpose] = starts[purpose].filter(at => at > since);
    return starts[purpose].length;
  }

  const of = (purpose: Purpose) => windows[purpose] as ReturnType<typeof openWindow>;

  /** Requests that may still start in this minute. */
  function left(purpose: Purpose): number {
    const isShared = windows.search === windows.other;
    return Math.max(0, of(purpose).limit - (isShared ? started('search') + started('other') : started(purpose)));
  }

  /** How long until the next request may start, about (ms). */
  function msUntilStart(purpose: Purpose): number {
    const [oldest] = left(purpose) > 0 ? [] : starts[purpose];
    const nextAt = oldest === undefined ? 0 : oldest + minuteMs * SLACK;
    return Math.max(0, of(purpose).nextAt - performance.now(), nextAt - performance.now());
  }

  /** How long the budget makes this number of further searches take (ms): less if they fit into the rest of this minute. */
  function msForSearches(searches: number): number {
    const isFast = !isEven && searches <= left('search');
    return (searches * minuteMs) / (of('search').limit * (isFast ? MAX_SPEED : 1));
  }

  return { of, resize, starts, started, outlook: { left, msUntilStart, msForSearches, reported } };
}
