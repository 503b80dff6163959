// What it means for the user that a request was given up.
import { type ErrorText, SyncError } from '../errors.ts';
import type { GiveUpCode } from './retry.ts';

/**
 * @param status of the last response; 0 when it was not usable
 * @param request `stream` is what could not be read, `role` what the API key may lack
 */
export function requestError(
  code: GiveUpCode,
  status: number,
  { stream, role }: { readonly stream: string; readonly role: string },
  cause: unknown,
): SyncError {
  const isRedirect = status >= 300 && status < 400;
  const texts: Readonly<Record<GiveUpCode, ErrorText>> = {
    unauthorized: {
      what: 'Kustomer does not accept the API key (401).',
      todo: 'Check that the secret holds a key that has not expired, and that `api-url` is the host of your region, or better `https://ORG.api.kustomerapp.com`.',
    },
    'missing-role': {
      what: `The API key may not read ${stream} (403).`,
      todo: `Make a key that also has the role ${role}, or leave ${stream} out of \`streams\`.`,
    },
    'request-refused': {
      what: `Kustomer refused a request for ${stream} (status ${status}).`,
      todo: isRedirect
        ? 'Check `api-url`: the API itself never redirects, and a key is not sent to another host.'
        : 'Run again with debug logging on and report it to this project, with the log.',
    },
    'rate-limited': {
      what: `Kustomer refused a request for ${stream} for its rate (429) however long the run waited.`,
      todo: 'Look in Settings › Platform › Platform Limits for what else uses up the limit, and run again.',
    },
    'no-usable-answer': {
      what: `Kustomer did not give a usable answer for ${stream}${status > 0 ? ` (status ${status})` : ''}, however often it was asked.`,
      todo: 'Look at status.kustomer.com and run again: the next run goes on from here.',
    },
  };
  return new SyncError(code, { ...texts[code], status, cause });
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
