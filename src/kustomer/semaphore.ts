// A semaphore, first come, first served. Searches leave the last permit to the other requests, so that lists go on
// while searches wait for their rate limit.
import type { Purpose } from './budget.ts';

export function openSemaphore(permits: number) {
  const acquired = { search: 0, other: 0 };
  const queue = new Set<{ readonly purpose: Purpose; readonly start: () => void }>();
  const isFree = (purpose: Purpose) =>
    acquired.search + acquired.other < permits && (purpose === 'other' || acquired.search < Math.max(1, permits - 1));

  function release(purpose: Purpose): void {
    acquired[purpose]--;
    // The first in the queue may be a search when only the last permit is free.
    const next = queue.values().find(waiting => isFree(waiting.purpose));
    if (next === undefined) return;
    queue.delete(next);
    acquired[next.purpose]++;
    next.start();
  }

  return {
    /** Runs a task that has a permit meanwhile. */
    async run<T>(task: () => Promise<T>, purpose: Purpose = 'other'): Promise<T> {
      if (isFree(purpose)) acquired[purpose]++;
      else await new Promise<void>(start => queue.add({ purpose, start }));
      return task().finally(() => release(purpose));
    },
    /** Permits that are neither acquired nor waited for. */
    idle: () => Math.max(0, permits - acquired.search - acquired.other - queue.size),
  };
}
