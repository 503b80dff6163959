// A budget of requests in a sliding window (docs/kustomer-api.md#rate-limits).

export class SlidingBudget {
  readonly limit: number;
  readonly windowMs: number;
  #taken: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  take(now: number, count = 1): void {
    for (let i = 0; i < count; i++) this.#taken.push(now);
  }

  remaining(now: number): number {
    const start = this.#taken.findIndex(at => at > now - this.windowMs);
    this.#taken = start < 0 ? [] : start > 0 ? this.#taken.slice(start) : this.#taken;
    return Math.max(0, this.limit - this.#taken.length);
  }

  /** When the next request has room. */
  freeAt(now: number): number {
    if (this.remaining(now) > 0) return now;
    return (this.#taken[this.#taken.length - this.limit] ?? now) + this.windowMs;
  }
}
