// A loopback HTTP server around a function from call to answer. Log, faults and listeners come from `Traffic`.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange, Fault, ServerName, Traffic } from './traffic.ts';

export interface Call {
  readonly operation: string;
  readonly params: Readonly<Record<string, string>>;
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Of the Authorization header: `Bearer x` or `token x`. */
  readonly token: string | undefined;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** A Buffer is sent as it is, anything else as JSON. */
  body?: unknown;
}

/** Thrown anywhere below a handler to answer with an error. */
export class Refusal extends Error {
  readonly answer: Answer;
  constructor(status: number, body: unknown, headers: Record<string, string> = {}) {
    super(`${status} ${JSON.stringify(body)}`);
    this.answer = { status, body, headers };
  }
}

export interface ServerOptions {
  name: ServerName;
  traffic: Traffic;
  /** What is asked for; undefined where there is no such thing, which is answered with 404. */
  identify: (method: string, url: URL) => { operation: string; params?: Record<string, string> } | undefined;
  answer: (call: Call) => Answer | Promise<Answer>;
}

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

const JSON_LOG_LIMIT = 64 * 1024;

export async function serve(options: ServerOptions): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    if (options.traffic.intercept?.(options.name, request, response)) return;
    handle(options, request, response).catch((error: unknown) => {
      // A client that was killed in the middle of a request is nothing to report.
      response.destroy();
      if (!isDisconnect(error)) options.traffic.bugs.push(error as Error);
    });
  });
  // The toolkit keeps connections alive between attempts; a fake that closes idle ones would inject resets nobody asked for.
  server.keepAliveTimeout = 60_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { traffic } = options;
  const started = performance.now();
  const method = request.method ?? 'GET';
  const url = new URL(request.url ?? '/', 'http://fake');
  const headers = flatten(request);
  const found = options.identify(method, url);
  const body = await readBody(request);
  const exchange: Exchange = {
    server: options.name,
    operation: found?.operation ?? 'unknown',
    method,
    path: request.url ?? '/',
    headers,
    bytes: body.length,
    body: loggedBody(headers, body),
    at: Date.now(),
  };
  traffic.log.push(exchange);
  const done = (status: number) => {
    exchange.status = status;
    exchange.ms = performance.now() - started;
  };

  const fault = await traffic.before(exchange);
  if (fault?.kind === 'slow') await sleep(fault.ms);
  if (fault?.kind === 'hang') return done(0);
  if (fault?.kind === 'reset') {
    done(0);
    request.socket.resetAndDestroy();
    return;
  }

  let answer: Answer;
  if (fault?.kind === 'status') answer = refusalOf(fault);
  else if (!found) answer = { status: 404, body: { message: 'Not Found', path: request.url } };
  else {
    const token = /^(?:bearer|token)\s+(.+)$/i.exec(headers.authorization ?? '')?.[1];
    const call: Call = { operation: found.operation, params: found.params ?? {}, method, url, headers, body, token };
    answer = await work(options, call);
  }
  await traffic.after(exchange);

  if (fault?.kind === 'lost' && fault.status === undefined) {
    done(0);
    request.socket.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'lost')
    answer = { status: fault.status ?? 502, body: { code: 'unavailable', msg: 'bad gateway' } };
  const bytes = Buffer.isBuffer(answer.body)
    ? answer.body
    : Buffer.from(answer.body === undefined ? '' : JSON.stringify(answer.body));
  const type: Record<string, string> =
    Buffer.isBuffer(answer.body) || answer.body === undefined
      ? {}
      : { 'content-type': 'application/json; charset=utf-8' };
  // 204 has no length; a HEAD answer has the length of the body that a GET would send.
  const length: Record<string, string> = answer.status === 204 ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(answer.status, { ...type, ...length, ...answer.headers });
  if (fault?.kind === 'cut') {
    done(0);
    const sent = bytes.subarray(0, fault.bytes ?? Math.floor(bytes.length / 2));
    response.write(sent, () => setTimeout(() => request.socket.resetAndDestroy(), 20));
    return;
  }
  if (fault?.kind === 'stall') {
    done(0);
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
    return;
  }
  done(answer.status);
  response.end(method === 'HEAD' ? undefined : bytes);
}

async function work(options: ServerOptions, call: Call): Promise<Answer> {
  try {
    return await options.answer(call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    options.traffic.bugs.push(error as Error);
    return { status: 500, body: { code: 'internal', msg: String(error), message: String(error) } };
  }
}

function refusalOf(fault: Extract<Fault, { kind: 'status' }>): Answer {
  const body = fault.body ?? { code: 'unavailable', msg: 'fault on demand', message: 'fault on demand' };
  return { status: fault.status, headers: fault.headers ?? {}, body };
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(Object.assign(new Error('client went away'), { code: 'ECONNRESET' })));
  });
}

function isDisconnect(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function flatten(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function loggedBody(headers: Record<string, string>, body: Buffer): unknown {
  if (!headers['content-type']?.includes('json') || body.length === 0 || body.length > JSON_LOG_LIMIT) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
