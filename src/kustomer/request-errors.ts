// What it means for the user that a request was given up.
import { SyncError } from '../errors.ts';
import type { GiveUpReason } from './retry.ts';

/**
 * @param status of the last response; 0 when it was not usable
 * @param request `stream` is what could not be read, `role` what the API key may lack
 */
export function requestError(
  reason: GiveUpReason,
  status: number,
  { stream, role }: { readonly stream: string; readonly role: string },
  cause: unknown,
): SyncError {
  switch (reason) {
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
        cause,
      });
  }
}

/** Whether an error is a refusal by Kustomer with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof SyncError && error.status !== undefined && statuses.includes(error.status);
}
