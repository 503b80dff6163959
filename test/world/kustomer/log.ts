// What the simulator was asked, for tests to look at. No header values are kept.
import type { SearchKind } from './criteria.ts';
import type { Stream } from './streams.ts';

export interface LoggedRequest {
  /** From 1. */
  readonly n: number;
  /** Arrival, in milliseconds since the epoch but never going back. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed; undefined when there was none or it was not JSON. */
  readonly body: unknown;
  /** A token that is known came with it. */
  readonly authorized: boolean;
  readonly kind: SearchKind | 'list' | 'other';
  readonly budget: 'search' | 'other';
  readonly stream: Stream | undefined;
  /** queryContext of a search. */
  readonly context: string | undefined;
  readonly page: number;
  /** 0 until it is answered, and for ever when it never is. */
  status: number;
  /** Records in the answer. */
  records: number;
  fault: string | undefined;
}

export type RequestFilter = (request: LoggedRequest) => boolean;

export class RequestLog {
  readonly requests: LoggedRequest[] = [];

  searches(filter: RequestFilter = () => true): LoggedRequest[] {
    return this.requests.filter(request => request.budget === 'search' && filter(request));
  }

  countBy(key: (request: LoggedRequest) => string | number | undefined): Record<string, number> {
    const out: Record<string, number> = {};
    for (const request of this.requests) {
      const name = String(key(request));
      out[name] = (out[name] ?? 0) + 1;
    }
    return out;
  }

  /** The most requests that any window of this length has seen, refused ones included. */
  busiestWindow(ms: number, filter: RequestFilter = () => true): number {
    const times = this.requests.filter(filter).map(request => request.at);
    times.sort((a, b) => a - b);
    let most = 0;
    let start = 0;
    for (let end = 0; end < times.length; end++) {
      while ((times[end] as number) - (times[start] as number) >= ms) start++;
      most = Math.max(most, end - start + 1);
    }
    return most;
  }

  clear(): void {
    this.requests.length = 0;
  }
}
