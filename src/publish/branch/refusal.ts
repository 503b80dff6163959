// What it means for a data branch that GitHub has refused something.
import { SyncError } from '../../errors.ts';
import { GitHubError } from '../../github/request.ts';
import type { PartFile } from '../../records/parts.ts';
import type { BranchPlace } from '../../state/branch.ts';

/** Whether a ref was not where we thought it was. */
export function isRace({ status, reason }: GitHubError): boolean {
  return (
    status === 409 || (status === 422 && /fast.?forward|already exists|does not exist|cannot lock ref/i.test(reason))
  );
}

/** What to do about a file that is more than a blob may hold; null when the error is another one. */
export function tooLarge({ path }: PartFile, error: unknown): SyncError | null {
  if (!(error instanceof GitHubError)) return null;
  const { status, reason, cause } = error;
  if (status !== 413 && !(status === 422 && /too large|too_large/i.test(reason))) return null;
  return new SyncError('record-too-large-for-branch', {
    what: `The file ${path} holds a record that is too large for a data branch.`,
    todo: 'Set `compression: gzip`, or `destination: artifact`, which takes files of any size.',
    cause,
    status,
  });
}

/** @param isMoving the commit is made, and the branch was to be moved to it */
export function branchError(error: GitHubError, { repository, branch }: BranchPlace, isMoving: boolean): SyncError {
  const { status, reason, cause } = error;
  const refused = (what: string, todo: string) => new SyncError('branch-refused', { what, todo, cause, status });
  if (status === 401) {
    return refused(
      `GitHub does not accept the token for the repository ${repository} (401).`,
      'Check the secret that is given as `github-token`, and that it has not expired.',
    );
  }
  if (status === 404) {
    return refused(
      `There is no repository ${repository} that the token may write to (404).`,
      'Check `repository`, and give a `github-token` that has `contents: write` there.',
    );
  }
  if (isMoving && (status === 422 || (status === 403 && !/not accessible/i.test(reason)))) {
    return refused(
      `The branch ${branch} of ${repository} is protected and does not take the commit (${status}).`,
      'Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name.',
    );
  }
  if (status === 403) {
    return refused(
      `The token may not write to the contents of ${repository} (403).`,
      'Give the job `permissions: contents: write`, or a `github-token` that has it.',
    );
  }
  const cited = status > 0 ? ` (status ${status})` : '';
  return new SyncError('branch-unavailable', {
    what: `The commit to the branch ${branch} of ${repository} could not be made${cited}.`,
    todo: 'Nothing is taken for published; run again, and the same records are delivered.',
    cause,
    status,
  });
}
