/**
 * Makes requests to GitHub until there is a usable answer. No other file imports octokit.
 *
 * Requests have a time limit. A request is repeated when its answer was lost or cannot be used. When GitHub asks for a pause,
 * the request is repeated after the pause (docs/actions-platform.md#request-limits). Writes also keep to the limit of created content.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { request as octokit } from '@octokit/request';
import { EnvHttpProxyAgent, type RequestInit, fetch as undiciFetch } from 'undici';
import { duration } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { cite } from './cite.ts';
import { openContentLimit } from './content-limit.ts';

/** GitHub has refused a request, or did not answer it in a usable way, however often it was made. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  /** HTTP status; 0 when there was no usable answer. */
  readonly status: number;
  /** GitHub's own words about the request. They never quote a record. Empty when an answer is not GitHub's own. */
  readonly reason: string;
  /** Whether the same request may succeed at another time. */
  readonly isTemporary: boolean;

  constructor(status: number, reason: string, cause?: unknown, isRateLimit = false) {
    super(`${status} ${reason}`, { cause });
    this.status = status;
    this.reason = reason;
    this.isTemporary = isRateLimit || status === 0 || status >= 500;
  }

  /** See {@link cite}. */
  get cited(): string {
    return cite(this.status, this.reason);
  }
}

/** How much a request is worth: a best-effort read is one that the run can do without. */
export type RequestKind = 'best-effort' | 'read' | 'write';

/** A best-effort read is enough when another place has the same. */
export type ReadKind = Exclude<RequestKind, 'write'>;

/** Waits before a request is repeated, in milliseconds. */
const RETRY_AFTER_MS = { 'best-effort': [500, 2_000], read: [500, 2_000], write: [500, 2_000, 6_000] };
/** A used-up limit is renewed within the hour. A best-effort read waits out the minute that GitHub usually asks for. */
const MAX_WAIT_MS = { 'best-effort': 90_000, read: 65 * 60_000, write: 65 * 60_000 };
/**
 * When GitHub does not say how long to wait, its documentation asks for at least a minute, and for longer each time
 * (docs/actions-platform.md#request-limits).
 */
const DEFAULT_WAIT_MS = 60_000;
const TIMEOUT_MS = { 'best-effort': 30_000, read: 30_000, write: 120_000 };

/**
 * Makes a request to one repository until there is an answer that `parse` accepts.
 * @param route as GitHub documents it, after `/repos/{owner}/{repo}`: such as `GET /git/blobs/{file_sha}`
 * @param parameters those of the route, of the query and of the body
 * @param parse throws when the answer is unusable
 * @throws GitHubError
 */
export type Call = <T>(
  kind: RequestKind,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
  parse: (data: unknown) => T,
) => Promise<T>;

/** Octokit makes its requests with it, and so do downloads from the signed addresses that GitHub redirects to. */
export type Fetch = ReturnType<typeof openFetch>;

/** Makes a change by the GraphQL API. @throws GitHubError */
export type Mutate = (name: string, type: string, input: Readonly<Record<string, unknown>>) => Promise<void>;

export function openRequests(baseUrl: string, token: string, userAgent: string, log: Log) {
  const fetch = openFetch();
  // Octokit logs deprecations and request ids, which do not belong into the log of a workflow.
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const headers = { 'user-agent': userAgent, ...(token === '' ? {} : { authorization: `token ${token}` }) };
  const request = octokit.defaults({ baseUrl, headers, request: { log: quiet, fetch } });
  const reserveContent = openContentLimit(ms =>
    log.info(`GitHub limits how many files may be created per minute: continuing in ${duration(ms)}.`),
  );

  /**
   * Makes attempts until one does not fail, or fails for good.
   * @throws GitHubError
   */
  async function retry<T>(kind: RequestKind, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
    let waitedMs = 0;
    let defaultWaitMs = DEFAULT_WAIT_MS;
    for (let failures = 0; ; ) {
      if (kind === 'write') await reserveContent();
      try {
        return await attempt(AbortSignal.timeout(TIMEOUT_MS[kind]));
      } catch (thrown) {
        const { error, waitMs } = failureOf(thrown, defaultWaitMs);
        if (waitMs !== null && waitedMs + waitMs <= MAX_WAIT_MS[kind]) {
          log.info(`GitHub asks to wait for ${duration(waitMs)}.`);
          waitedMs += waitMs;
          defaultWaitMs *= 2;
          await sleep(waitMs);
          continue;
        }
        const retryMs = RETRY_AFTER_MS[kind][failures];
        if ((error.status > 0 && error.status < 500) || retryMs === undefined) throw error;
        failures++;
        await sleep(retryMs * (0.5 + Math.random()));
      }
    }
  }

  function callsTo(repository: string): Call {
    return (kind, route, parameters, parse) =>
      retry(kind, async signal => {
        const { data } = await request(route.replace(' ', ` /repos/${repository}`), {
          ...parameters,
          request: { signal },
        });
        return parse(data);
      });
  }

  const mutate: Mutate = (name, type, input) =>
    retry('write', async signal => {
      const query = `mutation($input: ${type}!) { ${name}(input: $input) { clientMutationId } }`;
      // GitHub Enterprise Server has it beside its REST API, which is at /api/v3.
      const url = `${baseUrl.replace(/\/v3$/, '')}/graphql`;
      const { data } = await request(`POST ${url}`, { query, variables: { input }, request: { signal } });
      requireDone(data, name);
    });

  return { request, retry, callsTo, mutate, fetch };
}

/**
 * Node's own fetch, which octokit would take, ignores the proxy of the environment and needs 14 MB
 * (docs/actions-platform.md#proxies).
 */
function openFetch() {
  const dispatcher = new EnvHttpProxyAgent({ allowH2: false });
  return (url: string, options: RequestInit) => undiciFetch(url, { ...options, dispatcher });
}

/** The status of the REST API for each type of error of the GraphQL API, which refuses with status 200. */
const STATUS_OF: Readonly<Record<string, number>> = {
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  UNPROCESSABLE: 422,
  RATE_LIMITED: 429,
};

/** @throws GitHubError when the answer to a mutation is not that it was made */
function requireDone(answer: unknown, name: string): void {
  const { data, errors } = Object(answer) as { data?: Record<string, unknown> | null; errors?: unknown };
  const [error] = Array.isArray(errors) ? errors : [];
  if (error === undefined && data?.[name]) return;
  const { type, message } = Object(error) as { type?: unknown; message?: unknown };
  const status = STATUS_OF[String(type)] ?? 0;
  throw new GitHubError(status, status > 0 && typeof message === 'string' ? message : '', undefined, status === 429);
}

type Headers = Readonly<Record<string, string | undefined>>;

/** What octokit or a parser has thrown, as one of our errors, and how long GitHub asks to wait; null when it does not. */
function failureOf(
  thrown: unknown,
  defaultMs: number,
): { readonly error: GitHubError; readonly waitMs: number | null } {
  // The GraphQL API says no time.
  if (thrown instanceof GitHubError) return { error: thrown, waitMs: thrown.status === 429 ? defaultMs : null };
  type Response = { headers?: Headers; data?: { message?: unknown } };
  const {
    status,
    response,
    message: said = '',
  } = thrown as Partial<{ status: number; response: Response; message: string }>;
  // Octokit reports a connection that broke as status 500, and has no response then.
  if (status === undefined || response === undefined) return { error: new GitHubError(0, '', thrown), waitMs: null };
  // A proxy's page may quote anything.
  const message = typeof response.data?.message === 'string' ? said : '';
  const waitMs = waitOf(status, message, response.headers ?? {}, defaultMs);
  return { error: new GitHubError(status, message, thrown, waitMs !== null), waitMs };
}

/** How long GitHub asks to wait, in milliseconds; null when the answer is not about a rate limit. */
function waitOf(status: number, reason: string, headers: Headers, defaultMs: number): number | null {
  const retryAfter = headers['retry-after'];
  const isUsedUp = headers['x-ratelimit-remaining'] === '0';
  const isRateLimit =
    status === 429 || (status === 403 && (retryAfter !== undefined || isUsedUp || /rate limit|abuse/i.test(reason)));
  if (!isRateLimit) return null;
  const afterMs = Number(retryAfter ?? Number.NaN) * 1_000;
  const resetMs = isUsedUp ? Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1_000 - Date.now() : Number.NaN;
  const waitMs = [afterMs, Math.max(0, resetMs)].find(ms => !Number.isNaN(ms)) ?? defaultMs;
  return waitMs + 1_000;
}
