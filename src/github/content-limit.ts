/**
 * Keeps requests that create content below GitHub's limits of 80 a minute and 500 an hour, beyond which GitHub refuses
 * all of them for a while (docs/actions-platform.md#request-limits). Other users of the same token get the difference.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** `max`: requests in any such period. */
const LIMITS = [
  { periodMs: 60_000, max: 75 },
  { periodMs: 3_600_000, max: 480 },
];
const MAX_REMEMBERED = Math.max(...LIMITS.map(({ max }) => max));

/**
 * How long to wait before the next request, in milliseconds. Pure.
 * @param times of earlier requests, oldest first; those of requests that still wait are in the future
 */
export function waitFor(times: readonly number[], now: number): number {
  const waits = LIMITS.map(({ periodMs, max }) => {
    const oldest = times[times.length - max];
    return oldest === undefined ? 0 : oldest + periodMs - now;
  });
  return Math.max(0, ...waits);
}

/**
 * Each call resolves when its request may be made. The time is reserved at the call, so that calls side by side do not
 * get the same one.
 * @param onWait gets the length of a wait before it starts, in milliseconds
 */
export function openContentLimit(onWait: (ms: number) => void): () => Promise<void> {
  let times: number[] = [];
  return async () => {
    const now = performance.now();
    const waitMs = waitFor(times, now);
    times = [...times.slice(1 - MAX_REMEMBERED), now + waitMs];
    if (waitMs === 0) return;
    onWait(waitMs);
    await sleep(waitMs);
  };
}
