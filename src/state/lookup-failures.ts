// Places where a state may be that could not be looked at: how long to try, what to say, and when not to go on.
import { SyncError } from '../errors.ts';
import { GitHubError, type ReadKind } from '../github/request.ts';

export interface LookupFailure {
  readonly place: string;
  /** Whether the job may not look there, rather than that GitHub failed to answer. */
  readonly isForbidden: boolean;
  /** Whether there may well be a state that can be had another time. */
  readonly mayHold: boolean;
  /** GitHub refuses for another reason than a missing permission, which the place cites. */
  readonly isOther: boolean;
}

/** Whoever has a state, or needs none, does not wait long for another copy. */
export function readKindFor(isNeeded: boolean): ReadKind {
  return isNeeded ? 'read' : 'best-effort';
}

/**
 * @param isThere the place is an artifact of this sync. It has a state, unless GitHub says that it is gone (404, 410).
 * Otherwise the place is a list. A list that the job may not read is no sign of a state: a first sync goes on without it
 */
export function lookupFailure(place: string, error: unknown, isThere: boolean): LookupFailure {
  const refusal = error instanceof GitHubError && !error.isTemporary ? error.status : null;
  const mayHold = isThere ? refusal !== 404 && refusal !== 410 : refusal === null;
  const { cited, reason } = refusal === null ? { cited: '', reason: '' } : (error as GitHubError);
  // An allow list of addresses, or single sign-on: no permission of the job helps.
  const isOther = refusal === 403 && !/not accessible|^$/i.test(reason);
  return { place: `${place}${cited}`, isForbidden: refusal !== null && !isOther, isOther, mayHold: mayHold || isOther };
}

/** What is said where there is a state to go on from, or there can be none. */
export function lookupNotice(failures: readonly LookupFailure[]): string {
  const todo = failures.some(({ isForbidden }) => isForbidden)
    ? 'Give the job the permission `actions: read`: without it, everything is delivered again once the cache has lost the state.'
    : failures.some(({ isOther }) => isOther)
      ? 'See to what GitHub says: without these places, everything is delivered again once the cache has lost the state.'
      : 'GitHub failed to answer: should an earlier run have crashed just after it had published, its records come again.';
  return `Not all places where a state may be saved could be looked at: ${placesOf(failures)}. ${todo}`;
}

/** What is said where no state was found: to read and publish everything again is not for a run to decide. */
export function stateNotFound(failures: readonly LookupFailure[]): SyncError {
  const isForbidden = failures.some(failure => failure.isForbidden);
  const isOther = failures.some(failure => failure.isOther);
  const otherwise = isOther ? 'See to what GitHub says, and run again' : 'Run again later';
  const todo = isForbidden ? 'Give the job the permission `actions: read`' : otherwise;
  return new SyncError('state-not-found', {
    what: `No saved state was found, and not all places where it may be could be looked at: ${placesOf(failures)}.`,
    todo: `${todo}. If it stays, run once with \`reset-state: true\`, which publishes everything again.`,
  });
}

const placesOf = (failures: readonly LookupFailure[]) => failures.map(({ place }) => place).join(', and ');
