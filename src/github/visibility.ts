// Records are personal data: nothing is published where everybody can read it, unless somebody has said so in words.
import { SyncError } from '../errors.ts';
import type { Api } from './api.ts';
import type { Context } from './context.ts';

/**
 * Resolves when the artifacts of this workflow can be read by members only. What cannot be found out counts as public.
 * @throws SyncError
 */
export async function requirePrivate(context: Context, api: () => Promise<Api>): Promise<void> {
  let isPublic = context.isPublic;
  let cause: unknown;
  if (isPublic === undefined) {
    try {
      isPublic = await (await api()).isPublic(context.repository);
    } catch (error) {
      cause = error;
    }
  }
  if (isPublic === false) return;
  throw new SyncError(
    'user',
    'input',
    isPublic === true
      ? `The repository ${context.repository} is public, and everybody could download the records from its artifacts.`
      : `It cannot be told whether the repository ${context.repository} is public, so it is taken for public.`,
    'Run the sync in a private repository, or set `allow-public: true` if everybody may read these records.',
    cause,
  );
}
