// What it means for the user that a request was given up.
import { codeOf, type ErrorText, SyncError } from '../errors.ts';
import { BodyTooSlow } from './body.ts';
import { isPage, type Outcome, type openHost } from './host.ts';
import { type ElsewhereCode, type GiveUpCode, MAX_FAILURES } from './retry.ts';
import { seconds } from './waits.ts';

type Host = ReturnType<typeof openHost>;

/**
 * @param request `stream` is what could not be read, `role` what the API key may lack
 * @param outcome of the last attempt
 */
export function requestError(
  code: GiveUpCode,
  { stream, role }: { readonly stream: string; readonly role: string },
  outcome: Outcome,
  host: Host,
): SyncError {
  const { status, cause } = outcome;
  if (code === 'host-unreachable' || code === 'not-the-api') return hostError(host) as SyncError;
  const how = status > 0 ? `status ${status}` : reasonOf(cause, outcome.headers);
  const texts: Readonly<Record<Exclude<GiveUpCode, ElsewhereCode>, ErrorText>> = {
    unauthorized: {
      what: 'Kustomer does not accept the API key (401).',
      todo: 'Check that the secret holds a key that has not expired, and that `api-url` is the host of your region, or better `https://ORG.api.kustomerapp.com`.',
    },
    'missing-role': {
      what: `The API key may not read ${stream} (403).`,
      todo: `Make a key that also has ${inWords(role)}, or leave ${stream} out of \`streams\`.`,
    },
    'request-refused': {
      what: `Kustomer refused a request for ${stream} (status ${status}).`,
      todo: refusalAdvice(status),
    },
    'rate-limited': {
      what: `Kustomer refused a request for ${stream} for its rate (429) however long the run waited.`,
      todo: 'Look in Settings › Platform › Platform Limits for what else uses up the limit, and run again.',
    },
    'no-usable-answer': {
      what: `Kustomer did not give a usable answer for ${stream}, however often it was asked (${how}).`,
      todo: 'Look at status.kustomer.com and run again: the next run goes on from here.',
    },
  };
  return new SyncError(code, { ...texts[code], status, cause, said: host.said(outcome) });
}

/** Roles as streams.ts has them, after `a key that also has`. */
export function inWords(role: string): string {
  return `the role${role.includes(' and ') ? 's' : ''} ${role}`;
}

function refusalAdvice(status: number): string {
  if (status >= 300 && status < 400)
    return 'Check `api-url`: the API itself never redirects, and a key is not sent to another host.';
  if (status === 403)
    return 'This is no missing role but something in front of the API, such as a firewall: ask Kustomer, and whoever runs the network of this runner.';
  return 'Run again with debug logging on and report it to this project, with the log.';
}

type Say = (line: string) => void;

/** Says what has failed and when it is tried again. A first failure is usual, and only in the debug log. */
export function openRetryLog(host: Host, { debug, info = debug }: Record<'debug', Say> & { readonly info?: Say }) {
  let elsewhere = 1;
  return (stream: string, { status, headers, cause }: Outcome, failures: number, waitMs: number) => {
    const problem = host.problem();
    const wait = seconds(waitMs);
    if (problem !== null) {
      // It is the same for all requests.
      (failures > elsewhere ? info : debug)(`${problem.text.what.replace(/\.$/, '')}; it is tried again in ${wait}.`);
      elsewhere = Math.max(elsewhere, failures);
      return;
    }
    const what = status === 0 ? `gives no usable answer (${reasonOf(cause, headers)})` : `answers ${status}`;
    const next = `try ${failures + 1} of ${MAX_FAILURES + 1} in ${wait}`;
    (failures > 1 ? info : debug)(`Kustomer ${what} for ${stream}; ${next}.`);
  };
}

/** Why nothing has come from the API; null when something has, or no request has failed. */
export function hostError(host: Host): SyncError | null {
  const problem = host.problem();
  return problem && new SyncError(problem.code, problem.text);
}

/** Why there was no usable response, without its text. */
export function reasonOf(cause: unknown, headers: Outcome['headers'] = {}): string {
  if (cause instanceof SyntaxError || !(cause instanceof Error))
    return isPage(headers) ? 'a page of HTML' : 'not the expected JSON';
  return codeOf(cause) || cause.name;
}

/** Whether Kustomer took too long: a gateway before it says so, or the client did not wait longer. */
export function isTooSlow({ status, cause }: Pick<SyncError, 'status' | 'cause'>): boolean {
  return status === 504 || cause instanceof BodyTooSlow || /^UND_ERR_(?:HEADERS|BODY)_TIMEOUT$/.test(codeOf(cause));
}

/** What a refusal of the archive search means. The live search may be allowed all the same. */
export function archiveRefused(refusal: SyncError): SyncError {
  return new SyncError('archive-refused', {
    what: `Kustomer refused the archive search (status ${refusal.status}), so records last updated more than two years ago are not read.`,
    todo: 'Make a key with the roles for it, or set `archive: never` to do without them; until then each run tries again.',
    status: refusal.status,
    cause: refusal,
  });
}

/** Whether an error is a refusal by Kustomer with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof SyncError && error.status !== undefined && statuses.includes(error.status);
}
