// By how much this machine's clock is fast by Kustomer's, as the header `date` of the responses says
// (docs/kustomer-api.md#server-clock). No single header decides: the middle one of all does, as far as it can be true.
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
    /** How many ms the clock of this machine is fast. 0 without the header, below some seconds, or when it is slow. */
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
