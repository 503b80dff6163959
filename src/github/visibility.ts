/** Records are personal data, so they are published to a private repository unless the user allows a public one. */
import { SyncError } from '../errors.ts';
import type { Context } from './context.ts';
import type { GitHubError } from './request.ts';
import type { Api } from './rest.ts';

/**
 * Resolves when only members can read a repository. Unknown visibility counts as public.
 * @param place what the records could be downloaded from, such as `its artifacts`
 * @throws SyncError `public-repository`
 */
export async function requirePrivate(
  repository: string,
  place: string,
  context: Context,
  api: () => Promise<Api>,
): Promise<void> {
  let isPublic = repository.toLowerCase() === context.repository.toLowerCase() ? context.isPublic : undefined;
  let cause: unknown;
  try {
    isPublic ??= await (await api()).isPublic(repository);
  } catch (error) {
    cause = error;
  }
  if (isPublic === false) return;
  const { cited = '' } = (cause ?? {}) as Partial<GitHubError>;
  throw new SyncError('public-repository', {
    what:
      isPublic === true
        ? `The repository ${repository} is public, and everybody could download the records from ${place}.`
        : `It cannot be told whether the repository ${repository} is public${cited}, so it counts as public.`,
    todo: 'Publish to a private repository, or set `allow-public: true` if everybody may read these records.',
    cause,
  });
}
