/**
 * What octokit calls in place of Node's fetch: as much of fetch as octokit uses, over undici.
 *
 * Node loads its own fetch when it is first called, which takes some 20 ms of every run, and asks past the proxy of the
 * environment (docs/actions-platform.md#proxies). The client of Kustomer brings undici along anyway.
 */
import { gunzipSync } from 'node:zlib';
import { Agent, type Dispatcher, EnvHttpProxyAgent, interceptors } from 'undici';

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** `manual`: an answer that redirects is the answer. */
  readonly redirect?: 'follow' | 'manual';
}

export interface FetchAnswer {
  readonly status: number;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export type Fetch = (url: string, options?: FetchOptions) => Promise<FetchAnswer>;

const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];
/** GitHub redirects where a repository was renamed. */
const MAX_REDIRECTIONS = 5;

let dispatcher: Dispatcher | undefined;

/** Rejects when the connection breaks, and with the signal's reason. */
export const fetchUrl: Fetch = async (url, options = {}) => {
  dispatcher ??= openDispatcher();
  const { origin, pathname, search } = new URL(url);
  const request: Dispatcher.RequestOptions & { maxRedirections?: number } = {
    origin,
    path: `${pathname}${search}`,
    method: (options.method ?? 'GET') as Dispatcher.HttpMethod,
    headers: { 'accept-encoding': 'gzip', ...options.headers },
    body: options.body ?? null,
    maxRedirections: options.redirect === 'manual' ? 0 : MAX_REDIRECTIONS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const answer = await dispatcher.request(request);
  const isZipped = answer.headers['content-encoding'] === 'gzip';
  const read = async () => {
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    return isZipped ? gunzipSync(bytes) : bytes;
  };
  return {
    status: answer.statusCode,
    url,
    headers: new Map(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
    text: async () => (await read()).toString(),
    arrayBuffer: async () => new Uint8Array(await read()).buffer,
  };
};

function openDispatcher(): Dispatcher {
  const isProxied = PROXY_VARIABLES.some(name => (process.env[name] ?? '') !== '');
  // HTTP/1.1, as Node's fetch speaks it.
  const options = { allowH2: false };
  return (isProxied ? new EnvHttpProxyAgent(options) : new Agent(options)).compose(interceptors.redirect());
}
