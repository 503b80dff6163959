// One request to Kustomer: a place in the budgets, the key, time and size limits, retries, and errors made ours.
// Only this file knows undici.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import { SyncError } from '../errors.ts';
import { openIntake } from './body.ts';
import type { Budget, Purpose } from './budget.ts';
import { readAnswer } from './json.ts';
import { decide } from './retry.ts';

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Below the origin, with its query: `/v1/users?page=1`. */
  readonly path: string;
  readonly body?: unknown;
  readonly purpose: Purpose;
  /** Whom the request is for, in messages and counts: the name of a stream. */
  readonly stream: string;
  /** What to grant the key when the answer is 403. */
  readonly role: string;
}

/** What was asked, for the report. Waits in milliseconds, added up over requests that waited side by side. */
export interface Usage {
  requests: number;
  retries: number;
  rate_limited: number;
  waited_ms: number;
}

export interface Client {
  /**
   * The JSON of a successful answer, always an object.
   * @throws SyncError `unauthorized` (401), `forbidden` (403), `request` (other refusals), `outage`; the signal's reason
   *   when the run is stopped.
   */
  ask(request: Request): Promise<Record<string, unknown>>;
  /** Requests that can be in flight side by side. */
  readonly permits: number;
  /** How many more requests could be in flight if there were any to make; none while a budget is used up. */
  idle(): number;
  readonly origin: string;
  readonly usage: Readonly<Record<Purpose, Usage>>;
  /** Requests made for a stream, retries included. */
  requestsFor(stream: string): number;
  /**
   * How far the clock of this machine is ahead of Kustomer's, in milliseconds, by the `date` of the first answer; 0 when
   * they agree within some seconds, or when this one is behind, which does no harm.
   */
  clockAhead(): number;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly origin: string;
  readonly token: string;
  readonly concurrency: number;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  readonly userAgent: string;
  readonly debug: (line: string) => void;
  /** Resolves when there is room for another answer; see body.ts. */
  readonly backpressure?: () => Promise<void>;
}

/** No search takes so long that waiting longer would help (docs/kustomer-api.md#answer-time). */
const ANSWER_WITHIN_MS = 30_000;
/** Smaller differences are the network's, and the resolution of the header. */
const SAME_TIME_MS = 5_000;

export function openClient(options: ClientOptions): Client {
  const { origin, budget, signal } = options;
  const proxied = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some(
    name => (process.env[name] ?? '') !== '',
  );
  const connections = {
    connections: options.concurrency,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
    connectTimeout: 10_000,
    keepAliveTimeout: 60_000,
  };
  const dispatcher: Dispatcher = proxied ? new EnvHttpProxyAgent(connections) : new Agent(connections);
  const headers = {
    authorization: `Bearer ${options.token}`,
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': options.userAgent,
  };

  const usage = { search: noUsage(), other: noUsage() };
  const byStream = new Map<string, number>();
  let clockAhead: number | undefined;
  const semaphore = openSemaphore(options.concurrency);
  const takeIn = openIntake(options.backpressure);
  /** Requests that wait for their place in a budget. */
  let waiting = 0;

  /** One attempt, body and all. A failure of the connection or the body is status 0. */
  async function attempt(request: Request): Promise<{ status: number; headers: Headers; body: Buffer }> {
    const answer = await dispatcher.request({
      origin,
      path: request.path,
      method: request.method,
      headers: request.body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
    });
    const { statusCode: status, headers: answered } = answer;
    clockAhead ??= ahead(answered.date);
    return { status, headers: answered, body: await takeIn(answer.body, answered['content-encoding']) };
  }

  async function ask(request: Request): Promise<Record<string, unknown>> {
    let failures = 0;
    let refusals = 0;
    for (;;) {
      const mine = usage[request.purpose];
      const asked = performance.now();
      const release = await semaphore.acquire(request.purpose, signal);
      let status = 0;
      let answered: Headers = {};
      let value: unknown;
      let lapse: unknown;
      try {
        waiting++;
        await budget.acquire(request.purpose).finally(() => waiting--);
        mine.waited_ms += Math.round(performance.now() - asked);
        mine.requests++;
        if (failures + refusals > 0) mine.retries++;
        byStream.set(request.stream, (byStream.get(request.stream) ?? 0) + 1);
        const answer = await attempt(request);
        answered = answer.headers;
        status = answer.status;
        if (status >= 200 && status < 300) {
          value = readAnswer(answer.body);
          if (!isAnswer(value)) status = 0;
        }
      } catch (error) {
        signal.throwIfAborted();
        // A reset, a timeout, a body cut off or one that is not JSON: no usable answer, whatever the status was.
        if (error instanceof SyncError) throw error;
        status = 0;
        lapse = error;
      } finally {
        release();
      }
      if (status !== 0 && status !== 429) {
        const [limit, remaining] = ['limit', 'remaining'].map(name => Number(answered[`x-ratelimit-${name}`]));
        budget.answered(request.purpose, limit as number, remaining as number);
      }

      const verdict = decide({ status, headers: answered, failures, refusals, now: Date.now(), random: Math.random() });
      if (verdict.kind === 'use') return value as Record<string, unknown>;
      if (verdict.kind === 'give-up') throw problem(verdict.reason, status, request, lapse);
      options.debug(
        `${request.stream}: ${status === 0 ? `no usable answer (${nameOf(lapse)})` : `status ${status}`}, asking again in ${Math.round(verdict.waitMs)} ms`,
      );
      if (verdict.pausesAll) {
        refusals++;
        mine.rate_limited++;
        budget.refused(verdict.waitMs);
      } else {
        failures++;
        await sleep(verdict.waitMs, undefined, { signal });
      }
    }
  }

  return {
    ask,
    origin,
    permits: options.concurrency,
    idle: () => (waiting > 0 ? 0 : Math.max(0, options.concurrency - semaphore.acquired())),
    usage,
    clockAhead: () => clockAhead ?? 0,
    requestsFor: stream => byStream.get(stream) ?? 0,
    close: () => dispatcher.destroy(),
  };
}

type Headers = Record<string, string | string[] | undefined>;

function noUsage(): Usage {
  return { requests: 0, retries: 0, rate_limited: 0, waited_ms: 0 };
}

/**
 * An answer to use is an object without errors: an error body with status 200 must not pass as data
 * (docs/kustomer-api.md#errors).
 */
function isAnswer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('data' in value)) return false;
  const { errors = [] } = value as { errors?: unknown };
  return Array.isArray(errors) && errors.length === 0;
}

function ahead(date: string | string[] | undefined): number | undefined {
  const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(theirs)) return undefined;
  const difference = Date.now() - theirs;
  return difference > SAME_TIME_MS ? difference : 0;
}

function nameOf(lapse: unknown): string {
  if (!(lapse instanceof Error)) return 'not the JSON that was expected';
  const code = (lapse as { code?: unknown }).code;
  return typeof code === 'string' ? code : lapse.name;
}

function problem(
  why: 'unauthorized' | 'forbidden' | 'refused' | 'outage' | 'rate',
  status: number,
  { stream, role }: Request,
  lapse: unknown,
): SyncError {
  switch (why) {
    case 'unauthorized':
      return new SyncError('unauthorized', {
        what: 'Kustomer does not accept the API key (401).',
        todo: 'Check that the secret holds a key that has not expired, and that `api-url` is the host of your region, or better `https://ORG.api.kustomerapp.com`.',
      });
    case 'forbidden':
      return new SyncError('missing-role', {
        what: `The API key may not read ${stream} (403).`,
        todo: `Make a key that also has the role ${role}, or leave ${stream} out of \`streams\`.`,
      });
    case 'refused':
      return new SyncError('request-refused', {
        what: `Kustomer refused a request for ${stream} (status ${status}).`,
        todo:
          status >= 300 && status < 400
            ? 'Check `api-url`: the API itself never redirects, and a key is not sent to another host.'
            : 'Run again with debug logging on and report it to this project, with the log.',
        status,
      });
    case 'rate':
      return new SyncError('rate-limited', {
        what: `Kustomer refused a request for ${stream} for its rate (429) however long the run waited.`,
        todo: 'Look in Settings › Platform › Platform Limits for what else uses up the limit, and run again.',
      });
    case 'outage':
      return new SyncError('no-usable-answer', {
        what: `Kustomer did not give a usable answer for ${stream}${status > 0 ? ` (status ${status})` : ''}, however often it was asked.`,
        todo: 'Look at status.kustomer.com and run again: the next run goes on from here.',
        cause: lapse,
      });
  }
}

/**
 * How many requests are in flight. A request boards before it asks for its place in the budget, so that a place is used
 * the moment it is given; one seat is kept from the searches, so that lists go on while searches wait for their minute.
 */
function openSemaphore(permits: number) {
  let total = 0;
  let searching = 0;
  const queue: { purpose: Purpose; go: () => void }[] = [];
  const free = (purpose: Purpose) => total < permits && (purpose === 'other' || searching < Math.max(1, permits - 1));
  const seat = (purpose: Purpose) => {
    total++;
    if (purpose === 'search') searching++;
  };
  const release = (purpose: Purpose) => {
    total--;
    if (purpose === 'search') searching--;
    for (let n = 0; n < queue.length; ) {
      const next = queue[n] as (typeof queue)[number];
      if (!free(next.purpose)) {
        n++;
        continue;
      }
      queue.splice(n, 1);
      seat(next.purpose);
      next.go();
    }
  };
  return {
    async acquire(purpose: Purpose, signal: AbortSignal): Promise<() => void> {
      signal.throwIfAborted();
      if (free(purpose) && !queue.some(waiting => waiting.purpose === purpose)) seat(purpose);
      else await new Promise<void>(go => queue.push({ purpose, go }));
      return () => release(purpose);
    },
    acquired: () => total + queue.length,
  };
}
