/** Records are personal data, so they are published from and to private repositories unless the user allows a public one. */
import { SyncError } from '../errors.ts';
import type { Context } from './context.ts';
import type { GitHubError } from './request.ts';
import type { Api } from './rest.ts';

/**
 * Resolves when only members can read a repository, and that of the workflow. Unknown visibility counts as public.
 * @param place what the records could be downloaded from, such as `its artifacts`
 * @throws SyncError `public-repository` or `repository-not-visible`
 */
export async function requirePrivate(
  repository: string,
  place: string,
  context: Context,
  api: () => Promise<Api>,
): Promise<void> {
  const isOwn = repository.toLowerCase() === context.repository.toLowerCase();
  const { isPublic, cause } = await visibilityOf(repository, isOwn ? context.isPublic : undefined, api);
  if (isPublic === false) return isOwn ? undefined : requirePrivateWorkflow(context, api);
  if (isPublic === undefined) throw notVisible(repository, cause);
  throw new SyncError('public-repository', {
    what: `The repository ${repository} is public, and everybody could download the records from ${place}.`,
    todo: 'Publish to a private repository, or set `allow-public: true` if everybody may read these records.',
  });
}

/** What the event says, or else the API; `isPublic` is undefined where neither says, with the cause. */
async function visibilityOf(
  repository: string,
  said: boolean | undefined,
  api: () => Promise<Api>,
): Promise<{ readonly isPublic: boolean | undefined; readonly cause?: unknown }> {
  try {
    return { isPublic: said ?? (await (await api()).isPublic(repository)) };
  } catch (cause) {
    return { isPublic: undefined, cause };
  }
}

/** A token for another repository may not see that of the workflow: then it is private, since every token sees public ones. */
async function requirePrivateWorkflow(context: Context, api: () => Promise<Api>): Promise<void> {
  const { isPublic, cause } = await visibilityOf(context.repository, context.isPublic, api);
  const error = isPublic === undefined ? notVisible(context.repository, cause) : null;
  if (error?.code === 'public-repository') throw error;
  if (isPublic !== true) return;
  throw new SyncError('public-repository', {
    what: `The repository ${context.repository} of this workflow is public, and everybody can read the log of its runs.`,
    todo: 'Run the workflow in a private repository, or set `allow-public: true` if everybody may read that.',
  });
}

/** GitHub answers 404 of a repository that a token may not see, as of one that does not exist. */
function notVisible(repository: string, cause: unknown): SyncError {
  // By its name: most runs do not need octokit, which is loaded with the class.
  const { status = 0, cited = '' } = ((cause as Error).name === 'GitHubError' ? cause : {}) as Partial<GitHubError>;
  if (status > 0 && status < 500 && status !== 429) {
    return new SyncError('repository-not-visible', {
      what: `The token does not let the action see the repository ${repository}${cited}, so it counts as public.`,
      todo: 'Check `repository`, and give a `github-token` that may read it; in another repository, `github.token` cannot. Or set `allow-public: true` if everybody may read these records.',
      cause,
      status,
    });
  }
  return new SyncError('public-repository', {
    what: `GitHub did not say whether the repository ${repository} is public${cited}, so it counts as public.`,
    todo: 'Run again later, or set `allow-public: true` if everybody may read these records.',
    cause,
    status,
  });
}
