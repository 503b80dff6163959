// What it means for a data branch that GitHub has refused something, or that another writer was faster.
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import type { GitHubError } from '../../github/request.ts';
import type { Log } from '../../report/log.ts';
import type { BranchPlace } from '../../state/branch.ts';

/** Whether a ref was not where we thought it was. */
export function isRace({ status, reason }: GitHubError): boolean {
  const isMoved = /fast.?forward|already exists|does not exist|cannot lock ref/i.test(reason);
  return (status === 409 && !isAboutFiles(reason)) || (status === 422 && isMoved);
}

/** A rule about secrets, paths or sizes: what it refuses is a file, and no other file is in its way. */
function isAboutFiles(reason: string): boolean {
  return /\b(?:secrets?|files?|paths?|blobs?|extensions?)\b/i.test(reason);
}

/**
 * What to do about files that GitHub does not take (docs/actions-platform.md#refused-files); null when it refuses, or fails
 * at, something else.
 * @param files what was refused, such as `The file a/b.ndjson`
 * @param isBlob a file was refused, rather than a commit that has several
 */
export function fileRefusal(files: string, error: GitHubError, isBlob: boolean): SyncError | null {
  const { status, reason, cited, cause, isTemporary } = error;
  if (isTemporary) return null;
  if (status === 413 || (status === 422 && /too large|too_large/i.test(reason))) {
    return new SyncError('record-too-large-for-branch', {
      what: `${files} holds a record that is too large for a data branch${cited}.`,
      todo: 'Set `compression: gzip`, or `destination: artifact`, which takes files of any size.',
      cause,
      status,
    });
  }
  const isRefused = isBlob ? status === 409 || status === 422 : isAboutFiles(reason);
  if (!isRefused) return null;
  const todo = /secret/i.test(reason)
    ? 'Allow the secret in the secret scanning of the repository, or set `compression: gzip`, which GitHub does not scan: the next run then publishes the stream.'
    : 'Change the rule that refuses it, or set `destination: artifact`: the next run then publishes the stream.';
  return new SyncError('file-refused', { what: `${files} is refused by GitHub${cited}.`, todo, cause, status });
}

/** @param isMoving the commit is made, and the branch was to be moved to it */
export function branchError(error: GitHubError, { repository, branch }: BranchPlace, isMoving: boolean): SyncError {
  const { status, reason, cited, cause, isTemporary } = error;
  const refused = (what: string, todo: string) => new SyncError('branch-refused', { what, todo, cause, status });
  const mayNot = /not accessible|not granted/i.test(reason);
  if (
    isTemporary ||
    ![401, 403, 404, 422].includes(status) ||
    (status === 422 && !isMoving && !/rule violation/i.test(reason))
  ) {
    return new SyncError('branch-unavailable', {
      what: `The commit to the branch ${branch} of ${repository} could not be made${cited}.`,
      todo: 'Nothing is taken for published; run again, and the same records are delivered.',
      cause,
      status,
    });
  }
  if (status === 401) {
    return refused(
      `GitHub does not accept the token for the repository ${repository}${cited}.`,
      'Check the secret that is given as `github-token`, and that it has not expired.',
    );
  }
  if (status === 404) {
    return refused(
      `There is no repository ${repository} that the token may write to${cited}.`,
      'Check `repository`, and give a `github-token` that has `contents: write` there.',
    );
  }
  if ((isMoving || /rule violation|protected/i.test(reason)) && !mayNot) {
    return refused(
      `The branch ${branch} of ${repository} is protected and does not take the commit${cited}.`,
      'Take it out of the branch protection or ruleset, let the token bypass the rule, or set `branch` to another name.',
    );
  }
  if (mayNot || reason === '') {
    return refused(
      `The token may not write to the contents of ${repository}${cited}.`,
      'Give the job `permissions: contents: write`, or a `github-token` that has it.',
    );
  }
  return refused(
    `GitHub refuses the commit to ${repository}${cited}.`,
    'Have an owner of the repository change what it names, or give a `github-token` that may commit.',
  );
}

/** For how long other writers may be faster, in milliseconds. */
const MAX_RACE_MS = 10 * 60_000;
const MAX_PAUSE_MS = 20_000;

/**
 * Tries again as long as other writers are faster. The time counts from the end of the first try, which may upload for hours.
 * The pauses are short at first, later so long that all tries, five writes each, stay below the files that GitHub takes in an
 * hour (docs/actions-platform.md#request-limits).
 * @param attempt gets which try it is, from 1; resolves to null when another writer was faster
 * @throws SyncError `branch-keeps-moving`
 */
export async function raceOthers<Result>(
  { repository, branch }: BranchPlace,
  log: Log,
  attempt: (tries: number) => Promise<Result | null>,
): Promise<Result> {
  let deadline = Number.POSITIVE_INFINITY;
  for (let tries = 1; ; tries++) {
    const result = await attempt(tries);
    if (result !== null) return result;
    if (tries === 1) deadline = performance.now() + MAX_RACE_MS;
    if (performance.now() > deadline) break;
    log.info(`Another writer was faster on ${branch}; starting from what is there now.`);
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 100 * 1.4 ** tries));
  }
  throw new SyncError('branch-keeps-moving', {
    what: `The branch ${branch} of ${repository} keeps moving: for ${MAX_RACE_MS / 60_000} minutes other writers were faster with each commit.`,
    todo: 'Set `branch` to one that nobody else pushes to, and run again: the same records are delivered.',
  });
}
