// What the requests to Kustomer are waiting for, in words for the log.
import type { Budget, Purpose } from './budget.ts';

/** Requests that take less are no wait. */
const LONG_MS = 5_000;

interface Waiting {
  readonly stream: string;
  /** Of `performance.now()`. */
  readonly at: number;
}

export type Waits = ReturnType<typeof openWaits>;

export function openWaits(budget: Pick<Budget, 'msUntilStart' | 'pausedMs'>) {
  const inFlight = new Set<Waiting>();
  const retries = new Set<Waiting>();
  const forBudget: Record<Purpose, number> = { search: 0, other: 0 };
  const add = (to: Set<Waiting>, stream: string, at: number) => {
    const waiting = { stream, at };
    to.add(waiting);
    return () => void to.delete(waiting);
  };
  return {
    /** Returns what to call when the request has its response. */
    sent: (stream: string) => add(inFlight, stream, performance.now()),
    /** Returns what to call when the request may start. */
    budget(purpose: Purpose): () => void {
      forBudget[purpose]++;
      return () => void forBudget[purpose]--;
    },
    isAnyForBudget: () => forBudget.search + forBudget.other > 0,
    /** Returns what to call when the wait is over. */
    retries: (stream: string, waitMs: number) => add(retries, stream, performance.now() + waitMs),
    /** What holds the run up, as in `waiting 12 s for the rate limit`; empty when nothing does. */
    describe(): string {
      const now = performance.now();
      const paused = budget.pausedMs();
      if (paused > 0) return `waiting ${seconds(paused)} for the rate limit`;
      const [oldest] = inFlight;
      if (oldest !== undefined && now - oldest.at >= LONG_MS)
        return `waiting for an answer to a request for ${oldest.stream}, since ${seconds(now - oldest.at)}`;
      if (inFlight.size > 0) return '';
      const [next] = [...retries].sort((a, b) => a.at - b.at);
      const purposes = (['search', 'other'] as const).filter(purpose => forBudget[purpose] > 0);
      const budgetMs = Math.min(...purposes.map(budget.msUntilStart));
      if (purposes.length > 0) return `waiting ${seconds(budgetMs)} for the request budget`;
      return next === undefined ? '' : `waiting ${seconds(next.at - now)} to try again for ${next.stream}`;
    },
  };
}

export function seconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1_000))} s`;
}
