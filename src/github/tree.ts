// Trees of git, read and written a folder at a time.
import { createHash } from 'node:crypto';
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

/** The name that git gives to a file's content. */
export function blobSha(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** A new tree, some entries at a time. The folder of a replaced stream is built apart and put in the place of the old one. */
export async function writeTree(
  { git, dataPath }: { readonly git: Git; readonly dataPath: string },
  base: string | null,
  replaces: readonly string[],
  changes: readonly TreeChange[],
): Promise<string> {
  const prefix = `${dataPath}/`;
  const streamOf = (path: string) => path.slice(prefix.length, path.indexOf('/', prefix.length));
  const isFresh = ({ path, type }: TreeChange) =>
    base !== null && type === 'blob' && path.startsWith(prefix) && replaces.includes(streamOf(path));
  const fresh = changes.filter(isFresh).map(change => ({ ...change, path: change.path.slice(prefix.length) }));
  let rest = changes.filter(change => !isFresh(change));
  if (fresh.length > 0) {
    const folders = await git.tree(await chain(git, null, fresh));
    rest = [...rest, ...folders.map(({ path, sha }): TreeChange => ({ path: prefix + path, type: 'tree', sha }))];
  }
  return chain(git, base, rest);
}

async function chain(git: Git, base: string | null, changes: readonly TreeChange[]): Promise<string> {
  let tree = base;
  for (let n = 0; n < changes.length; n += ENTRIES) tree = await git.createTree(tree, changes.slice(n, n + ENTRIES));
  return tree as string;
}
