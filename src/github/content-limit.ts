// GitHub takes 80 requests a minute that create something, and 500 an hour (docs/actions-platform.md#request-limits);
// beyond that it refuses all of them for a while. A little is left to others who use the same token.
import { setTimeout as sleep } from 'node:timers/promises';
import { openMutex } from '../sync/mutex.ts';

interface Limit {
  readonly within: number;
  readonly most: number;
}

const LIMITS: readonly Limit[] = [
  { within: 60_000, most: 75 },
  { within: 3_600_000, most: 480 },
];

/** How long to wait before another one, in milliseconds. `times` are those made so far, oldest first. Pure. */
export function waitFor(times: readonly number[], now: number, limits: readonly Limit[] = LIMITS): number {
  const waits = limits.map(({ within, most }) => {
    const oldest = times[times.length - most];
    return oldest === undefined ? 0 : oldest + within - now;
  });
  return Math.max(0, ...waits);
}

/** Each call resolves when its turn has come. */
export function openContentLimit(onWait: (ms: number) => void): () => Promise<void> {
  let times: number[] = [];
  const inTurn = openMutex();
  return () =>
    inTurn(async () => {
      const wait = waitFor(times, performance.now());
      if (wait > 0) {
        onWait(wait);
        await sleep(wait);
      }
      times = [...times.slice(-500), performance.now()];
    });
}
