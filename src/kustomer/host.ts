// Whether the API answers at `api-url` at all. As long as nothing shows that it does, the first request decides for the
// run: one error that names the host instead of one for each stream (docs/kustomer-api.md#the-host).
import { codeOf, type ErrorText, foreignWords } from '../errors.ts';
import type { ElsewhereCode } from './retry.ts';

/** What came of one attempt. Status 0 means that no usable response came, and `cause` says why. */
export interface Outcome {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of a response that is no success. */
  readonly errorBody?: Buffer;
  readonly value?: unknown;
  readonly cause?: unknown;
}

/** Why there is no connection, by the code that Node and undici give the error. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^(?:ENOTFOUND|EAI_\w+)$/, 'its name cannot be resolved'],
  [/^ECONNREFUSED$/, 'it refuses the connection'],
  [/^(?:E(?:HOST|NET)(?:UNREACH|DOWN)|EADDRNOTAVAIL)$/, 'there is no way to it'],
  [/^(?:ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'it does not accept the connection in time'],
  [/CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME/, 'its certificate is not trusted'],
  [/^(?:EPROTO|ERR_SSL\w+|ERR_TLS\w+)$/, 'it does not speak TLS'],
  [/^(?:UND_ERR_ABORTED|UND_ERR_PRX_TLS)$/, 'the proxy refuses the connection'],
];

/** More than this is no error of an API. */
const MAX_ERROR_BYTES = 100_000;

export function openHost(origin: string, token: string) {
  const { host } = new URL(origin);
  let isKnown = false;
  let last: { readonly code: ElsewhereCode; readonly text: ErrorText } | null = null;

  function elsewhere({ status, headers, cause }: Outcome): NonNullable<typeof last> | null {
    const code = codeOf(cause);
    const reason = CAUSES.find(([pattern]) => pattern.test(code))?.[1];
    if (status === 0 && reason !== undefined) {
      const isCertificate = reason.includes('certificate');
      return {
        code: 'host-unreachable',
        text: {
          what: `The host ${host} cannot be reached: ${reason} (${code}).`,
          todo: isCertificate ? CHECK_CERTIFICATE : `Check \`api-url\`${proxyHint()}, and run again.`,
          cause,
        },
      };
    }
    const isRedirect = status >= 300 && status < 400;
    const how = isRedirect ? redirectOf(headers.location, origin) : pageOf(status, headers);
    if (how === null) return null;
    return {
      code: 'not-the-api',
      text: {
        what: `The host ${host} ${how}, so the API of Kustomer is not there.`,
        todo: 'Check `api-url`: it is the host of your region, or better `https://ORG.api.kustomerapp.com`.',
        status,
        cause,
      },
    };
  }

  return {
    /** What speaks against the API being there; null once something has come from it, or when nothing does. */
    judge(outcome: Outcome): ElsewhereCode | null {
      if (isKnown) return null;
      isKnown = isOfApi(outcome);
      last = isKnown ? null : (elsewhere(outcome) ?? last);
      return isKnown ? null : (elsewhere(outcome)?.code ?? null);
    },
    /** The error for a run in which nothing has come from the API; null when something has, or no request has failed. */
    problem: () => last,
    /** What Kustomer says of a failure: the first error of the response, and the pod that has answered. */
    said({ headers, errorBody, value }: Outcome): string {
      const error = errorIn(value ?? jsonIn(errorBody));
      const pod = headers['x-kustomer-pod'];
      const texts = error === null ? [] : [error.code ?? error.status, error.title, error.message, error.detail];
      const words = foreignWords(texts, [token]).replace(/.+/, '`$&`');
      return typeof pod === 'string' && /^[\w.-]{1,20}$/.test(pod) ? `${words || 'no reason'} (pod ${pod})` : words;
    },
  };
}

const CHECK_CERTIFICATE =
  'Check `api-url`; where a proxy of yours puts its own certificate in, give its authority to Node as `NODE_EXTRA_CA_CERTS`.';

function proxyHint(): string {
  const isSet = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some(name => process.env[name]);
  return isSet ? ' and the proxy that the environment names' : '';
}

/** Where a redirect leads, as far as it is a host. */
function redirectOf(location: string | string[] | undefined, origin: string): string {
  const to = typeof location === 'string' ? URL.parse(location, origin)?.hostname : undefined;
  return to !== undefined && /^[\w.-]{1,80}$/.test(to) ? `redirects to ${to}` : 'redirects';
}

/** What an answer is that a web server may give and the API does not; null for others. */
function pageOf(status: number, headers: Outcome['headers']): string | null {
  const isHtml = isPage(headers);
  if (status === 0 && isHtml) return 'answers with a page of HTML';
  if (status === 403 && isHtml) return 'refuses with a page of HTML (403)';
  const isMissing = status === 404 || status === 405 || status === 410;
  return isMissing ? `answers ${status}${isHtml ? ' with a page of HTML' : ''}` : null;
}

/** Whether an answer calls itself HTML. */
export function isPage(headers: Outcome['headers']): boolean {
  return /^text\/html\b/i.test(String(headers['content-type'] ?? ''));
}

/** Whether only Kustomer's API can have said this. */
function isOfApi({ status, headers, errorBody, value }: Outcome): boolean {
  if (status >= 200 && status < 300) return true;
  return headers['x-kustomer-pod'] !== undefined || errorIn(value ?? jsonIn(errorBody)) !== null;
}

/** The first of the errors in a response (docs/kustomer-api.md#errors); null when it has none. */
function errorIn(value: unknown): Readonly<Record<string, unknown>> | null {
  const { errors } = (value ?? {}) as { errors?: unknown };
  const [error] = Array.isArray(errors) ? errors : [];
  return typeof error === 'object' && error !== null ? error : null;
}

function jsonIn(body: Buffer | undefined): unknown {
  if (body === undefined || body.length > MAX_ERROR_BYTES) return undefined;
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}

/** The regions, by their hosts. */
const REGIONS: Readonly<Record<string, string>> = {
  'api.kustomerapp.com': 'US',
  'api.prod2.kustomerapp.com': 'EU',
  'api.prod4.kustomerapp.com': 'India',
};

/** What a host is, for people. */
export function regionOf(host: string): string {
  const isOfOrganization = /^[\w-]+\.api\.kustomerapp\.com$/.test(host);
  return REGIONS[host] ?? (isOfOrganization ? 'the host of an organization, in its region' : 'no host of Kustomer');
}
