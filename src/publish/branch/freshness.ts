// The mark of freshness: a ref beside the data branch whose commit says when a run has last found the branch complete, and
// up to when.
//
// A run that finds nothing new makes no commit on the branch, and leaves its mark instead: a commit beside the branch, which the
// next such run replaces. So neither the branch nor its history grows (docs/actions-platform.md#refs). The mark has no parent
// and no file of the branch: what a compaction removes must not be kept by a mark that somebody sets meanwhile.
import type { Log } from '../../report/log.ts';
import type { Branch, BranchPlace } from '../../state/branch.ts';
import type { PublishRequest, Withheld } from '../destination.ts';

/** The ref of a branch, in full. No ruleset for branches or tags applies to it, and it starts no workflow. */
export function markOf(branch: string): string {
  return `refs/kustomer-sync/checked/${branch}`;
}

/** The same for all marks. */
const CONTENT = {
  path: 'README.md',
  type: 'blob',
  content: 'The message of this commit says when the data branch was last checked, and up to when it is complete.\n',
} as const;

/**
 * Marks the branch after a complete sync that made no commit: a backfill or a shard reads a part. A mark that GitHub does not
 * take is no reason to fail.
 */
export async function markChecked(
  { git, branch, stateName }: BranchPlace,
  tip: Branch['tip'] | undefined,
  { streams, window, change, unfinished }: PublishRequest,
  { lost, refused }: Withheld,
  log: Log,
): Promise<void> {
  const isRead = streams.every(({ outcome }) => outcome === 'complete' || outcome === 'skipped');
  const isPublished = lost.length === 0 && (refused?.size ?? 0) === 0 && unfinished.length === 0;
  if (!tip || stateName.includes('/') || !isRead || !isPublished) return;
  const { savedAt, run } = change.state;
  const message = `checked ${savedAt}: complete up to ${window.to} [run ${run.id}.${run.attempt}]`;
  try {
    const tree = await git.createTree(null, [CONTENT]);
    await git.setRef(markOf(branch).replace('refs/', ''), await git.createCommit(message, tree, null));
  } catch {
    log.info(`GitHub did not take the mark that says when the branch ${branch} was last checked.`);
  }
}
