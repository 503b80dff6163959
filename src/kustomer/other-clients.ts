// Estimates what other clients of the organization take of a rate limit, from `x-ratelimit-remaining`
// (docs/kustomer-api.md#rate-limit-headers).
//
// What others have used when the first response comes may be up to a minute old, and says nothing about their rate.
// Only what they use from then on does.

/** Others count when they take more than this part of the limit. */
const NOTICEABLE = 0.02;
/** The part of the limit that is kept free for others that count. */
const KEPT_FREE = 0.1;
/** The rate of others is extrapolated from at least this part of a minute. */
const MIN_ELAPSED = 1 / 15;

/**
 * Returns a function to call with each response: how many milliseconds to pause, so that others never find the limit
 * used up. A minute at most: a burst of others in our first seconds looks like a high rate, and is gone after a minute.
 * Its parameters are the limit, what remains of it, and how many requests of ours started in the last minute.
 */
export function estimateOtherClients(minuteMs: number): (limit: number, remaining: number, ours: number) => number {
  let first: { readonly at: number; readonly used: number } | undefined;
  return (limit, remaining, ours) => {
    const used = Math.max(0, limit - remaining - ours);
    first ??= { at: performance.now(), used };
    const elapsed = Math.min(1, Math.max(MIN_ELAPSED, (performance.now() - first.at) / minuteMs));
    // Of what they had used at first, `1 - elapsed` is still in the window; the rest of what they use now is new.
    const rate = Math.min(limit, Math.max(used, (used - first.used * (1 - elapsed)) / elapsed));
    if (used <= limit * NOTICEABLE) return 0;
    const free = limit - ours - rate;
    const missing = Math.max(0, limit * KEPT_FREE - free);
    // How long it takes to free what is missing, at the rate that is left to us.
    return minuteMs * Math.min(1, missing / Math.max(limit * KEPT_FREE, limit - rate));
  };
}
