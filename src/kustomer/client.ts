// Sends requests to Kustomer, with timeouts, retries, and errors a user can act on.
//
// A request acquires a permit, then its place in the rate budget, and then starts at once: permission by the budget is
// good only for the moment.
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { EnvHttpProxyAgent } from 'undici';
import { SyncError } from '../errors.ts';
import { wholeWithin } from '../sync/numbers.ts';
import { BodyTooLarge, openBodyReader } from './body.ts';
import type { Budget, Purpose } from './budget.ts';
import { type Outcome, openHost } from './host.ts';
import { answerTooLarge, type OnRecord, parseResponse } from './json.ts';
import { hostError, isTooSlow, openRetryLog, reasonOf, requestError } from './request-errors.ts';
import { type Decision, decide, type RequestAttempt } from './retry.ts';
import type { openRefusals, SearchForm } from './search-form.ts';
import { openSemaphore } from './semaphore.ts';
import { openServerClock } from './server-clock.ts';
import { pathForLog, type Stream } from './streams.ts';
import { openWaits, seconds, type Waits } from './waits.ts';

interface Request {
  /** Path and query, like `/v1/users?page=1`. */
  readonly path: string;
  /** Makes the request a POST. */
  readonly body?: object;
  readonly purpose: Purpose;
  /** Name of the stream that the request is counted for, and that errors name. */
  readonly stream: string;
  /** What to grant the API key when the response is 403. */
  readonly role: string;
  /** Whether the same can be asked for in smaller parts: it is then given up early where it takes too long. */
  readonly isDivisible?: boolean;
  /** Whether the run can do without: no failure is retried. */
  readonly isOptional?: boolean;
}

export type Client = ReturnType<typeof openClient>;

/** What it takes to read a stream. */
export interface ReadOptions<Of extends Stream> {
  readonly client: Client;
  readonly stream: Of;
  /** Name of the stream that the requests are counted for, where it is another one. */
  readonly countFor?: string;
  readonly includeDeleted: boolean;
  /** Called with each record that arrives. */
  readonly onRecord: OnRecord;
  /** Called with the form of each search that was answered. */
  readonly onForm?: (stream: string, form: SearchForm) => void;
  readonly archiveRefusals?: ReturnType<typeof openRefusals>;
}

export interface ClientOptions {
  readonly origin: string;
  readonly token: string;
  /** Number of permits. */
  readonly concurrency: number;
  readonly budget: Budget;
  readonly signal: AbortSignal;
  readonly userAgent: string;
  readonly debug: (line: string) => void;
  readonly info?: (line: string) => void;
  /** Resolves when another response may be read: see body.ts. */
  readonly backpressure?: () => Promise<void>;
}

/** No search is known to take longer (docs/kustomer-api.md#answer-time). */
const RESPONSE_TIMEOUT_MS = 30_000;
/** Requests a minute. More than any organization may make. */
const MAX_LIMIT = 1e6;
/** The body of an error is read up to here. */
const ERROR_BODY = { limit: 64 * 1024, ms: 5_000 } as const;

export function openClient(options: ClientOptions) {
  const { origin, token, budget, signal, concurrency } = options;
  const http = openHttp(options);
  const host = openHost(origin, token);
  const waits = openWaits(budget);
  const sayRetry = openRetryLog(host, options);
  const { attempt, idle, msPerSearch, usage, requestsFor } = openAttempts(options, http, waits);

  return {
    /**
     * Resolves to the JSON of a successful response: an object with `data` (docs/kustomer-api.md#errors).
     * @throws SyncError of the kind `unreachable` (nothing has come from the API yet), `unauthorized` (401), `forbidden`
     *   (403), `refused` (any other refusal), `outage` (no usable response, or 429, after all retries) or `inconsistent`
     *   (too large, or a record that is too complex). The reason of the signal, once aborted.
     */
    async send(request: Request): Promise<Record<string, unknown>> {
      const earlier: number[] = [];
      const since = performance.now();
      for (;;) {
        const { next, ...outcome } = await attempt(request, earlier.length > 0, outcome => {
          const isElsewhere = host.judge(outcome);
          const elapsedMs = performance.now() - since;
          const maySplit = request.isDivisible === true && isTooSlow(outcome);
          return judge(outcome, request, { earlier, isElsewhere, elapsedMs, maySplit }, options);
        });
        const { status, value } = outcome;
        if (next.kind === 'use') return value as Record<string, unknown>;
        if (next.kind === 'give-up') throw requestError(next.code, request, outcome, host);
        earlier.push(status);
        if (next.pausesAll) usage[request.purpose].rate_limited++;
        else {
          sayRetry(request.stream, outcome, earlier.filter(each => each !== 429).length, next.waitMs);
          await sleep(next.waitMs, undefined, { signal }).finally(waits.retries(request.stream, next.waitMs));
        }
      }
    },
    origin,
    /** Why nothing has come from the API; null when something has, or no request has failed. */
    hostError: () => hostError(host),
    /** How many requests can be in flight at the same time. */
    permits: concurrency,
    /** What holds the run up: see waits.ts. */
    waitingFor: waits.describe,
    /** How many more could be in flight now if there were any to send; 0 while requests wait for the budget. */
    idle,
    msForSearches: budget.msForSearches,
    msPerSearch,
    /** The requests of the run, for its manifest. */
    usage,
    /** Requests sent for a stream, retries included. */
    requestsFor,
    limits: budget.reported,
    clock: http.clock,
    close: http.close,
  };
}

/** What follows an outcome. Called while the request has its permit: after a 429 no other request may get one and start. */
function judge(
  { status, headers }: Outcome,
  { stream, purpose, isOptional = false }: Request,
  before: Pick<RequestAttempt, 'earlier' | 'isElsewhere' | 'elapsedMs' | 'maySplit'>,
  { budget, debug, info = debug }: ClientOptions,
): Decision {
  if (status !== 0 && status !== 429) {
    const number = (name: string, min: number) =>
      wholeWithin(headers[`x-ratelimit-${name}`], min, MAX_LIMIT) ?? Number.NaN;
    budget.answered(purpose, number('limit', 1), number('remaining', 0));
  }
  const next = decide({ ...before, isOptional, status, headers, now: Date.now(), random: Math.random() });
  if (next.kind === 'retry' && next.pausesAll) {
    // Requests that were in flight together are refused together.
    const say = budget.pausedMs() < next.waitMs / 2 ? info : debug;
    say(`Kustomer answers 429 for ${stream}: all requests wait ${seconds(next.waitMs)}.`);
    budget.rateLimited(next.waitMs);
  }
  return next;
}

/** Makes single attempts, each with a permit and within the budget, and counts them. */
function openAttempts(options: ClientOptions, http: Http, waits: Waits) {
  const { budget, signal, concurrency } = options;
  // `waited_ms` is a sum over all requests: more than the time that has passed, where requests wait at the same time.
  const noUsage = () => ({ requests: 0, retries: 0, rate_limited: 0, waited_ms: 0 });
  const usage = { search: noUsage(), other: noUsage() };
  const byStream = new Map<string, number>();
  const semaphore = openSemaphore(concurrency);
  let msPerSearch = Number.NaN;

  async function attempt(request: Request, isRetry: boolean, since: number): Promise<Outcome> {
    const { purpose, stream } = request;
    let headers: Outcome['headers'] = {};
    try {
      await budget.acquire(purpose).finally(waits.budget(purpose));
      usage[purpose].waited_ms += Math.round(performance.now() - since);
      usage[purpose].requests++;
      if (isRetry) usage[purpose].retries++;
      byStream.set(stream, (byStream.get(stream) ?? 0) + 1);
      const startedAt = performance.now();
      const response = await exchange(request, options, http, waits);
      const ms = performance.now() - startedAt;
      // A moving average, in which each response counts less with every one after it.
      if (purpose === 'search') msPerSearch = Number.isNaN(msPerSearch) ? ms : msPerSearch + (ms - msPerSearch) / 8;
      headers = response.headers;
      if (response.body === null) return response;
      const value = parseResponse(response.body, stream);
      return { headers, value, status: isUsable(value) ? response.status : 0 };
    } catch (cause) {
      // A reset, a timeout, a body that breaks off or is no JSON is worth a retry, whatever the status was.
      signal.throwIfAborted();
      if (cause instanceof SyncError) throw cause;
      if (cause instanceof BodyTooLarge) throw answerTooLarge(stream, 'more than 64 MB');
      return { status: 0, headers, cause };
    }
  }

  return {
    /** Rejects only where no retry can help. */
    async attempt(request: Request, isRetry: boolean, judge: (outcome: Outcome) => Decision) {
      const since = performance.now();
      signal.throwIfAborted();
      return semaphore.run(async () => {
        const outcome = await attempt(request, isRetry, since);
        return { ...outcome, next: judge(outcome) };
      }, request.purpose);
    },
    usage,
    requestsFor: (stream: string) => byStream.get(stream) ?? 0,
    /** How long a search takes, by the latest ones (ms). NaN before the first. */
    msPerSearch: () => msPerSearch,
    idle: () => (waits.isAnyForBudget() ? 0 : semaphore.idle()),
  };
}

type Http = ReturnType<typeof openHttp>;

/** Exchanges, and says in the debug log what came of that: nothing of a header, of a body or of a link. */
async function exchange(request: Request, { budget, debug }: ClientOptions, http: Http, waits: Waits) {
  const { path, body, stream } = request;
  const sentAt = performance.now();
  const log = (outcome: string) => {
    const ms = Math.round(performance.now() - sentAt);
    const left = `${budget.left('search')} searches and ${budget.left('other')} other requests left this minute`;
    debug(`${body === undefined ? 'GET' : 'POST'} ${pathForLog(path)}: ${outcome}, ${ms} ms; ${left}`);
  };
  const end = waits.sent(stream);
  try {
    const response = await http.exchange(request);
    log(`${response.status}${response.body === null ? '' : `, ${response.body.length} bytes`}`);
    return response;
  } catch (error) {
    log(`no response (${reasonOf(error)})`);
    throw error;
  } finally {
    end();
  }
}

/** Makes HTTP requests, through the proxy of the environment if it names one. */
function openHttp({ origin, token, concurrency, signal, userAgent, backpressure }: ClientOptions) {
  const dispatcher = new EnvHttpProxyAgent({
    connections: concurrency,
    headersTimeout: RESPONSE_TIMEOUT_MS,
    bodyTimeout: RESPONSE_TIMEOUT_MS,
    connectTimeout: 10_000,
    keepAliveTimeout: 60_000,
    // What has been proven was proven by HTTP/1.1, a connection for each request at a time.
    allowH2: false,
  });
  const common = {
    authorization: `Bearer ${token}`,
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': userAgent,
  };
  const readBody = openBodyReader(backpressure);
  const clock = openServerClock();
  return {
    /** Rejects when the connection or the body fails. An error has no body. */
    async exchange({ path, body }: Request) {
      const content =
        body === undefined
          ? { method: 'GET', headers: common }
          : { method: 'POST', headers: { ...common, 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const response = await dispatcher.request({ origin, path, signal, ...content });
      const { statusCode: status, headers } = response;
      // Before the body is read, which may take minutes.
      clock.read(headers.date);
      if (status < 200 || status >= 300) {
        const errorBody = await readErrorBody(response.body, headers['content-encoding']);
        return { status, headers, body: null, errorBody };
      }
      return { status, headers, body: await readBody(response.body, headers['content-encoding']) };
    },
    clock,
    close: () => dispatcher.destroy(),
  };
}

/** Status 200 may carry errors: they must not pass as data (docs/kustomer-api.md#errors). */
function isUsable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('data' in value)) return false;
  const { errors = [] } = value as { errors?: unknown };
  return Array.isArray(errors) && errors.length === 0;
}

/** The body of an error, as far as it is read; empty when it is no text that can be read. */
async function readErrorBody(body: Readable, encoding: unknown): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(new Error('too slow')), ERROR_BODY.ms);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > ERROR_BODY.limit) break;
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    return encoding === 'gzip' ? gunzipSync(bytes, { maxOutputLength: ERROR_BODY.limit }) : bytes;
  } catch {
    return Buffer.alloc(0);
  } finally {
    clearTimeout(timer);
  }
}
