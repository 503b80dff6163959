// Records are personal data: nothing is published where everybody can read it, unless somebody has said so in words.
import { SyncError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Api } from './rest.ts';

/**
 * Resolves when what is published can be read by members only: artifacts belong to the workflow's repository, a branch to
 * its own. What cannot be found out counts as public.
 * @throws SyncError
 */
export async function requirePrivate(
  context: Context,
  { destinations, repository }: { destinations: readonly string[]; repository: string },
  api: () => Promise<Api>,
): Promise<void> {
  if (destinations.includes('artifact')) await requireOf(context.repository, 'its artifacts', context, api);
  if (destinations.includes('branch')) await requireOf(repository, 'its data branch', context, api);
}

async function requireOf(repository: string, place: string, context: Context, api: () => Promise<Api>): Promise<void> {
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
        ? `The repository ${repository} is public, and everybody could download the records from ${place}.`
        : `It cannot be told whether the repository ${repository} is public, so it is taken for public.`,
    todo: 'Publish to a private repository, or set `allow-public: true` if everybody may read these records.',
    cause,
  });
}
