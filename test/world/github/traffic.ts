// What the three servers of the fake GitHub have in common: a log of every exchange, faults on demand, and listeners
// that are called before a request is worked on and before it is answered (so that a test can let another writer move a
// ref in between, or kill the action at exactly this step).

import type { Interceptor } from '../intercept.ts';

export type ServerName = 'results' | 'blobs' | 'rest';

/** One request and what became of it. */
export interface Exchange {
  readonly server: ServerName;
  /** The Twirp method, the blob operation (`PutBlock`) or Octokit's name of the endpoint (`git.createBlob`). */
  readonly operation: string;
  readonly method: string;
  /** Path and query as received. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the request body. */
  readonly bytes: number;
  /** The body of a JSON request of at most 64 kB. */
  readonly body: unknown;
  readonly at: number;
  /** Absent while it is worked on; `0` when the client saw no answer (reset, lost, hang, or the client went away). */
  status?: number;
  ms?: number;
  /** The fault that was injected into it. */
  fault?: Fault['kind'];
}

export type Fault =
  /** Answers at once with this status and does not do the work. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown }
  /** Resets the connection and does not do the work. */
  | { kind: 'reset' }
  /** Does the work and loses the answer: the connection is reset, or `status` is answered in its place. */
  | { kind: 'lost'; status?: number }
  /** Does the work, announces the whole body, sends a part of it and resets the connection. */
  | { kind: 'cut'; bytes?: number }
  /** Does the work, announces the whole body, sends half of it and nothing more. */
  | { kind: 'stall' }
  /** Waits, then works as usual. */
  | { kind: 'slow'; ms: number }
  /** Does not do the work and never answers. */
  | { kind: 'hang' };

export interface FaultRule {
  /** How often it strikes; once by default. */
  times?: number;
  /** How many matching requests pass before it strikes. */
  skip?: number;
  /** A closer look at the request. */
  when?: (exchange: Exchange) => boolean;
}

export type Listener = (exchange: Exchange) => unknown;

export class Traffic {
  readonly log: Exchange[] = [];
  /** Errors inside the fake itself: a test that sees any should fail. */
  readonly bugs: Error[] = [];
  intercept: Interceptor | undefined;
  #rules: Array<{ operation: string | RegExp; fault: Fault; rule: Required<FaultRule> }> = [];
  #before = new Set<Listener>();
  #after = new Set<Listener>();

  /** Injects a fault into the next request(s) of an operation. Returns a function that takes the fault back. */
  fault(operation: string | RegExp, fault: Fault, rule: FaultRule = {}): () => void {
    const entry = { operation, fault, rule: { times: 1, skip: 0, when: () => true, ...rule } };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter(other => other !== entry);
    };
  }

  clearFaults(): void {
    this.#rules = [];
  }

  /** Called (and awaited) when a request has arrived whole, before any work. Returns a function that stops listening. */
  onRequest(listener: Listener): () => void {
    this.#before.add(listener);
    return () => this.#before.delete(listener);
  }

  /** Called (and awaited) when the work is done, before a byte of the answer is sent. */
  onAnswer(listener: Listener): () => void {
    this.#after.add(listener);
    return () => this.#after.delete(listener);
  }

  /** The exchanges of an operation, in order. */
  of(operation: string | RegExp): Exchange[] {
    return this.log.filter(exchange => matches(operation, exchange.operation));
  }

  async before(exchange: Exchange): Promise<Fault | undefined> {
    for (const listener of [...this.#before]) await listener(exchange);
    for (const { operation, fault, rule } of this.#rules) {
      if (!matches(operation, exchange.operation) || rule.times <= 0 || !rule.when(exchange)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      rule.times -= 1;
      exchange.fault = fault.kind;
      return fault;
    }
    return undefined;
  }

  async after(exchange: Exchange): Promise<void> {
    for (const listener of [...this.#after]) await listener(exchange);
  }
}

function matches(pattern: string | RegExp, operation: string): boolean {
  return typeof pattern === 'string' ? pattern === operation || pattern === '*' : pattern.test(operation);
}
