// A world behind HTTP on the loopback address: who may ask, how often, how fast, and what goes wrong on the way.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Interceptor } from '../intercept.ts';
import type { SearchKind } from './criteria.ts';
import { type Answer, type ErrorShape, errorAnswer } from './envelope.ts';
import { type Fault, Faults, tweakOf } from './faults.ts';
import { listedStream } from './lists.ts';
import { type LoggedRequest, RequestLog } from './log.ts';
import { SlidingBudget } from './rate.ts';
import { ALL_STREAMS, contextNamed, typeOf } from './streams.ts';
import type { KustomerWorld, Resource, TokenGrant } from './world.ts';

export interface ServerOptions {
  /** Requests of the org in a window (docs/kustomer-api.md#rate-limits); Infinity for no limit. */
  readonly orgLimit: number;
  /** Live and archive searches together in a window. */
  readonly searchLimit: number;
  readonly windowMs: number;
  /** Whether searches draw on the org budget too. */
  readonly searchCountsInOrg: boolean;
  /** x-ratelimit-limit and -remaining on every response. */
  readonly rateHeaders: boolean;
  /** Which budget these speak of on a search: undocumented (docs/kustomer-api.md#rate-limit-headers). */
  readonly searchHeadersShow: 'org' | 'search';
  /** How x-ratelimit-reset is written on a 429 (docs/kustomer-api.md#rate-limit-headers). */
  readonly reset: 'epoch-seconds' | 'epoch-ms' | 'delta' | 'none';
  /** Kustomer does not document it; a proxy before it may send it. */
  readonly retryAfter: 'none' | 'seconds' | 'date';
  /** The header `date` of an answer; undefined: the time of this machine. */
  readonly date: (request: LoggedRequest) => string | undefined;
  /** How long an answer takes. */
  readonly latencyMs: number | ((request: LoggedRequest) => number);
  readonly gzip: boolean;
}

const DEFAULTS: ServerOptions = {
  orgLimit: 1000,
  searchLimit: 100,
  windowMs: 60_000,
  searchCountsInOrg: true,
  rateHeaders: true,
  searchHeadersShow: 'org',
  reset: 'epoch-seconds',
  retryAfter: 'none',
  date: () => undefined,
  latencyMs: 0,
  gzip: true,
};

export type RequestHook = (request: LoggedRequest) => void | Promise<void>;

/** An answer with what goes around it. */
interface Reply extends Answer {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
}

const compress = promisify(gzip);
const SEARCHES: Readonly<Record<string, SearchKind>> = {
  '/v1/customers/search': 'live',
  '/v1/customers/archive/search': 'archive',
};
const HTML = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>';

export async function startKustomer(
  world: KustomerWorld,
  options: Partial<ServerOptions> = {},
): Promise<KustomerServer> {
  const kustomer = new KustomerServer(world, { ...DEFAULTS, ...options });
  await kustomer.listen();
  return kustomer;
}

export class KustomerServer {
  readonly world: KustomerWorld;
  readonly options: ServerOptions;
  readonly faults = new Faults();
  readonly log = new RequestLog();
  intercept: Interceptor | undefined;
  readonly #org: SlidingBudget;
  readonly #search: SlidingBudget;
  readonly #hooks = new Set<RequestHook>();
  readonly #closing = new AbortController();
  readonly #http = createServer((request, response) => {
    if (this.intercept?.('kustomer', request, response)) return;
    this.#serve(request, response).catch(error => {
      // A client that goes away is no matter; a mistake in the simulator has to be seen.
      if (request.socket.destroyed || this.#closing.signal.aborted) return;
      console.error('the Kustomer simulator failed:', error);
      response.destroy();
    });
  });
  #url = '';

  constructor(world: KustomerWorld, options: ServerOptions) {
    this.world = world;
    this.options = options;
    this.#org = new SlidingBudget(options.orgLimit, options.windowMs);
    this.#search = new SlidingBudget(options.searchLimit, options.windowMs);
  }

  get url(): string {
    return this.#url;
  }

  get requests(): readonly LoggedRequest[] {
    return this.log.requests;
  }

  async listen(): Promise<void> {
    this.#http.keepAliveTimeout = 60_000;
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.#url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Ends everything, hanging answers included. */
  async close(): Promise<void> {
    this.#closing.abort();
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Calls this before each request is answered, whatever the answer; gives a function that ends it. */
  onRequest(hook: RequestHook): () => void {
    this.#hooks.add(hook);
    return () => this.#hooks.delete(hook);
  }

  /** Another client of the org uses up a part of a budget. */
  consume(n: number, budget: 'org' | 'search' = 'org'): void {
    (budget === 'org' ? this.#org : this.#search).take(performance.now(), n);
  }

  // ---- One request -------------------------------------------------------------------------------------------------

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.timeOrigin + performance.now();
    const body = await bodyOf(request);
    const grant = this.#grantOf(request);
    const logged = this.#note(at, request, body, grant);
    for (const hook of this.#hooks) await hook(logged);

    // A refused request uses up no fault.
    const refusal = this.#refusal(logged, grant);
    const fault = refusal === undefined ? this.faults.take(logged) : undefined;
    logged.fault = fault?.kind;
    const { latencyMs } = this.options;
    const latency = typeof latencyMs === 'function' ? latencyMs(logged) : latencyMs;
    if (latency > 0) await sleep(latency, undefined, { signal: this.#closing.signal });
    if (fault?.kind === 'reset') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'hang') {
      hang(response, fault.afterBytes);
      return;
    }
    const reply = refusal ?? replacement(fault, logged) ?? json(this.#ask(logged, grant as TokenGrant, body, fault));
    logged.status = reply.status;
    logged.records = reply.records ?? 0;
    await this.#send(request, response, reply, fault, logged);
  }

  #note(at: number, request: IncomingMessage, body: Body, grant: TokenGrant | undefined): LoggedRequest {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://loopback');
    const method = request.method ?? 'GET';
    const query = Object.fromEntries(searchParams);
    const search = method === 'POST' && Object.hasOwn(SEARCHES, path) ? SEARCHES[path] : undefined;
    const parsed = body.ok ? body.value : undefined;
    const context = search === undefined ? undefined : contextOf(parsed);
    const listed = method === 'GET' ? listedStream(path) : undefined;
    const stream = context === undefined ? listed : contextNamed(context)?.stream;
    const logged: LoggedRequest = {
      n: this.log.requests.length + 1,
      at,
      method,
      path,
      query,
      body: parsed,
      authorized: grant !== undefined && grant.expired !== true,
      kind: search ?? (listed === undefined && path !== '/v1/klasses' ? 'other' : 'list'),
      budget: search === undefined ? 'other' : 'search',
      stream,
      context,
      page: Number(query.page ?? 1),
      status: 0,
      records: 0,
      fault: undefined,
    };
    this.log.requests.push(logged);
    return logged;
  }

  #grantOf(request: IncomingMessage): TokenGrant | undefined {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const { tokens } = this.world.options;
    return token !== undefined && Object.hasOwn(tokens, token) ? tokens[token] : undefined;
  }

  /** 401, 429 or 403, in this order (docs/kustomer-api.md#errors); what is refused with 429 draws on no budget. */
  #refusal(request: LoggedRequest, grant: TokenGrant | undefined): Reply | undefined {
    if (grant === undefined) return json(errorAnswer(401, 'invalid authentication token', shapeFor(request)));
    if (grant.expired) return json(errorAnswer(401, 'authentication token has expired', shapeFor(request)));
    const now = performance.now();
    const budgets = [
      ...(request.budget === 'search' ? [this.#search] : []),
      ...(request.budget === 'other' || this.options.searchCountsInOrg ? [this.#org] : []),
    ];
    const full = budgets.filter(budget => budget.remaining(now) === 0);
    if (full.length > 0) return this.#tooMany(Math.max(...full.map(budget => budget.freeAt(now))) - now, request);
    for (const budget of budgets) budget.take(now);
    const lacks = (grant.missing ?? []).some(resource => needs(request).includes(resource));
    return lacks ? json(errorAnswer(403, 'missing role for this request', shapeFor(request))) : undefined;
  }

  #tooMany(waitMs: number, request: LoggedRequest): Reply {
    const at = Date.now() + waitMs;
    const headers: Record<string, string> = {};
    const { reset, retryAfter } = this.options;
    if (reset === 'epoch-seconds') headers['x-ratelimit-reset'] = String(Math.ceil(at / 1000));
    if (reset === 'epoch-ms') headers['x-ratelimit-reset'] = String(Math.ceil(at));
    if (reset === 'delta') headers['x-ratelimit-reset'] = String(Math.ceil(waitMs / 1000));
    if (retryAfter === 'seconds') headers['retry-after'] = String(Math.ceil(waitMs / 1000));
    if (retryAfter === 'date') headers['retry-after'] = new Date(Math.ceil(at / 1000) * 1000).toUTCString();
    return json(errorAnswer(429, 'rate limit exceeded', shapeFor(request)), headers);
  }

  #ask(request: LoggedRequest, grant: TokenGrant, body: Body, fault: Fault | undefined): Answer {
    const { method, path, query, kind } = request;
    const org = grant.org ?? this.world.options.orgId;
    if (kind === 'live' || kind === 'archive') {
      if (!body.ok) return errorAnswer(400, 'the body is not JSON');
      return this.world.search(kind, query, body.value, org, tweakOf(fault));
    }
    const answer =
      method === 'GET'
        ? (this.#about(path, org, grant) ?? this.world.get(path, query, org, tweakOf(fault)))
        : undefined;
    return answer ?? errorAnswer(404, 'no such path', 'jsonapi');
  }

  /** What the API says about the one who asks (docs/kustomer-api.md#api-keys). */
  #about(path: string, org: string, grant: TokenGrant): Answer | undefined {
    const since = '2025-01-01T00:00:00.000Z';
    const relationships = { org: { data: { type: 'org', id: org }, links: { self: `/v1/orgs/${org}` } } };
    const one = (type: string, id: string, attributes: object) => ({
      status: 200,
      body: Buffer.from(
        JSON.stringify({ data: { type, id, attributes, relationships, links: { self: `/v1/${type}s/${id}` } } }),
      ),
    });
    const dates = { createdAt: since, updatedAt: since };
    if (path === '/v1/users/current') {
      return one('user', '5f00000000000000000000aa', { name: 'Warehouse key', userType: 'machine', ...dates });
    }
    if (path === '/v1/orgs/current') return one('org', org, { name: this.world.options.orgName, ...dates });
    if (path === '/v1/auth/tokens/current') {
      const roles = Object.entries(ROLES).flatMap(([resource, role]) =>
        (grant.missing ?? []).includes(resource as Resource) ? [] : [role],
      );
      return one('auth_token', '5f00000000000000000000bb', {
        name: 'Warehouse key',
        roles,
        lastTokenChars: 'oken',
        ...dates,
      });
    }
    return undefined;
  }

  // ---- Sending -----------------------------------------------------------------------------------------------------

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    reply: Reply,
    fault: Fault | undefined,
    logged: LoggedRequest,
  ): Promise<void> {
    const date = this.options.date(logged);
    const headers: Record<string, string> = {
      'content-type': reply.type,
      ...this.#rate(logged),
      ...(date !== undefined && { date }),
      ...reply.headers,
    };
    let bytes: Buffer = reply.body;
    // Cut before it is compressed: the client shall get whole bytes of half a document.
    if (fault?.kind === 'edit') {
      bytes = fault.edit(bytes, logged);
      Object.assign(headers, fault.headers);
    }
    if (fault?.kind === 'cut-chunked') bytes = bytes.subarray(0, Math.floor(bytes.length * (fault.keep ?? 0.5)));
    if (
      this.options.gzip &&
      bytes.length > 1000 &&
      headers['content-encoding'] === undefined &&
      /\bgzip\b/.test(String(request.headers['accept-encoding']))
    ) {
      bytes = await compress(bytes, { level: constants.Z_BEST_SPEED });
      headers['content-encoding'] = 'gzip';
    }
    if (fault?.kind === 'cut-chunked') {
      response.writeHead(reply.status, headers);
      response.write(bytes);
      response.end();
      return;
    }
    response.writeHead(reply.status, { ...headers, 'content-length': String(bytes.length) });
    if (fault?.kind === 'cut-body') {
      const part = bytes.subarray(0, Math.floor(bytes.length * (fault.keep ?? 0.5)));
      response.write(part, () => request.socket.destroy());
    } else if (fault?.kind === 'drip') {
      await drip(response, bytes, fault.chunks ?? 10, fault.everyMs ?? 50, this.#closing.signal);
    } else {
      response.end(bytes);
    }
  }

  #rate({ budget, authorized }: LoggedRequest): Record<string, string> {
    if (!this.options.rateHeaders || !authorized) return {};
    const shown = budget === 'search' && this.options.searchHeadersShow === 'search' ? this.#search : this.#org;
    if (shown.limit === Infinity) return {};
    return {
      'x-ratelimit-limit': String(shown.limit),
      'x-ratelimit-remaining': String(shown.remaining(performance.now())),
    };
  }
}

type Body = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return { ok: true, value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch {
    return { ok: false };
  }
}

function contextOf(body: unknown): string | undefined {
  const context =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>).queryContext : undefined;
  return typeof context === 'string' ? context : 'customer';
}

/** Some endpoints use the JSON:API shape of errors, a client has to know both (docs/kustomer-api.md#errors). */
function shapeFor(request: LoggedRequest): ErrorShape {
  return request.budget === 'search' ? 'kustomer' : 'jsonapi';
}

/** A search needs the role of search and, one must assume, that of what it finds (docs/kustomer-api.md#roles). */
function needs(request: LoggedRequest): Resource[] {
  const stream = request.stream === undefined ? [] : [request.stream];
  if (request.budget === 'search') return ['search', ...stream];
  if (request.path === '/v1/klasses') return ['klasses'];
  if (request.path === '/v1/audit-logs') return ['audit-logs'];
  if (request.path === '/v1/users/current') return ['users/current'];
  if (request.path === '/v1/orgs/current') return ['orgs/current'];
  return stream;
}

/** The roles of the permission set, by what they are for (docs/kustomer-api.md#roles). */
const ROLES: Readonly<Partial<Record<Resource, string>>> = {
  ...Object.fromEntries(
    ALL_STREAMS.map(stream => [stream, `org.permission.${typeOf(stream, '').replace('.', '')}.read`]),
  ),
  klasses: 'org.permission.klass.read',
  search: 'org.permission.search.create',
};

function json(answer: Answer, headers: Readonly<Record<string, string>> = {}): Reply {
  return { ...answer, type: 'application/json; charset=utf-8', headers };
}

function plain(status: number, body: string, type: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body: Buffer.from(body), type, headers };
}

function replacement(fault: Fault | undefined, request: LoggedRequest): Reply | undefined {
  switch (fault?.kind) {
    case 'status': {
      const { status, body } = fault;
      if (body === undefined) return json(errorAnswer(status, 'fault on demand', shapeFor(request)), fault.headers);
      if (Buffer.isBuffer(body)) return { ...plain(status, '', 'application/json', fault.headers), body };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return plain(status, text, text.startsWith('<') ? 'text/html' : 'application/json', fault.headers);
    }
    case 'bad-json':
      return plain(
        200,
        fault.text ?? '{"meta":{"page":1},"data":[{"type":"conversation","id":"5f}',
        'application/json',
      );
    case 'empty-body':
      return plain(200, '', 'application/json');
    case 'html-200':
      return plain(200, HTML, 'text/html');
    case 'errors-200': {
      const errors = fault.errors ?? [{ code: 'internal', message: 'shard failure', meta: {} }];
      return plain(200, JSON.stringify({ errors }), 'application/json');
    }
    case 'redirect':
      return plain(fault.status ?? 302, '', 'text/html', {
        location: fault.to ?? `https://elsewhere.invalid${request.path}`,
      });
    default:
      return undefined;
  }
}

function hang(response: ServerResponse, afterBytes: number | undefined): void {
  if (afterBytes === undefined) return;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(afterBytes + 1000) });
  response.write('{"meta":{'.padEnd(afterBytes, ' '));
}

async function drip(
  response: ServerResponse,
  bytes: Buffer,
  chunks: number,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  const size = Math.ceil(bytes.length / chunks);
  for (let from = 0; from < bytes.length && !response.destroyed; from += size) {
    response.write(bytes.subarray(from, from + size));
    await sleep(everyMs, undefined, { signal });
  }
  response.end();
}
