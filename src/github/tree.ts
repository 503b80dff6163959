// Trees of git, read and written a folder at a time.
import type { TreeEntry } from './answers.ts';
import type { Git, TreeChange } from './git.ts';

/** More entries in one request and GitHub runs out of time (docs/actions-platform.md#tree-size). */
const ENTRIES = 100;

/** The entries of a folder; null when there is none. */
export async function entriesAt(
  git: Git,
  root: readonly TreeEntry[],
  path: string,
): Promise<readonly TreeEntry[] | null> {
  let entries = root;
  for (const name of path.split('/').filter(name => name !== '.')) {
    const next = entries.find(entry => entry.path === name && entry.type === 'tree');
    if (next === undefined) return null;
    entries = await git.tree(next.sha);
  }
  return entries;
}

/**
 * The SHA of a tree that differs from `base` (null: from an empty tree) by these changes. A folder is removed in an earlier
 * step than files are added to it.
 */
export async function writeTree(git: Git, base: string | null, ...steps: readonly TreeChange[][]): Promise<string> {
  let tree = base;
  for (const step of steps)
    for (let n = 0; n < step.length; n += ENTRIES) tree = await git.createTree(tree, step.slice(n, n + ENTRIES));
  return tree as string;
}
