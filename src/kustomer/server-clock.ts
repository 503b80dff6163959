// How fast this machine's clock is against Kustomer's, by the header `date` of the responses
// (docs/kustomer-api.md#server-clock). One header may be wrong, so the median decides.
import { MAX_CLOCK_LEAD_MS } from '../sync/state.ts';

/** Smaller differences come from the network, and from the header, which has no milliseconds. */
const TOLERANCE_MS = 5_000;
/** Headers of one clock differ by the time that their responses have taken. */
const AGREEMENT_MS = 60_000;
/** The first headers count: it is the start of a run that says how far the run reads. */
const MAX_DIFFERENCES = 99;

export function openServerClock() {
  const differences: number[] = [];
  let hasIgnored = false;
  return {
    /** @param date header of a response that has just come */
    read(date: unknown): void {
      const difference = Date.now() - Date.parse(String(date));
      if (Number.isNaN(difference)) return;
      if (Math.abs(difference) > MAX_CLOCK_LEAD_MS) hasIgnored = true;
      else if (differences.length < MAX_DIFFERENCES) differences.push(difference);
    },
    /** By how much this machine's clock is fast (ms). 0 without the header, below some seconds, or when the clock is slow. */
    leadMs(): number {
      const sorted = differences.toSorted((a, b) => a - b);
      const median = sorted[sorted.length >> 1] ?? 0;
      // The time that a response takes only adds, so the least difference is the closest.
      const least = sorted.find(each => each >= median - AGREEMENT_MS) ?? 0;
      return least > TOLERANCE_MS ? least : 0;
    },
    /** Whether a header was ignored, because no clock is that wrong. */
    hasIgnored: () => hasIgnored,
  };
}
