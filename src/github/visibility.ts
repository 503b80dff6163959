// Records are personal data: nothing is published where everybody can read it, unless somebody has said so in words.
import { SyncError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Api } from './rest.ts';

/**
 * Resolves when a repository can be read by its members only. A repository whose visibility cannot be found out counts as
 * public.
 * @param repository `owner/name`
 * @param what the place in it that is published to, as in `its artifacts`
 * @throws SyncError `public-repository`
 */
export async function requirePrivate(
  repository: string,
  what: string,
  context: Context,
  api: () => Promise<Api>,
): Promise<void> {
  let isPublic = repository.toLowerCase() === context.repository.toLowerCase() ? context.isPublic : undefined;
  let cause: unknown;
  if (isPublic === undefined) {
    try {
      isPublic = await (await api()).isPublic(repository);
    } catch (error) {
      cause = error;
    }
  }
  if (isPublic === false) return;
  throw new SyncError('public-repository', {
    what:
      isPublic === true
        ? `The repository ${repository} is public, and everybody could download the records from ${what}.`
        : `It cannot be told whether the repository ${repository} is public, so it is taken for public.`,
    todo: 'Publish to a private repository, or set `allow-public: true` if everybody may read these records.',
    cause,
  });
}
