// Trees as the Git Data API sees them: a base, changed at paths.
import { EMPTY_TREE, type GitObjects, type TreeEntry } from './objects.ts';

/** `sha: null` deletes. */
export interface PathChange {
  path: string;
  mode: string;
  sha: string | null;
}

export interface PathEntry {
  path: string;
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  sha: string;
}

/** Thrown where a path that is to be deleted is not there. */
export class NothingToDelete extends Error {}

/** Returns the sha of the changed tree; undefined when nothing is left in it. */
async function changeTree(
  git: GitObjects,
  base: string | undefined,
  changes: PathChange[],
): Promise<string | undefined> {
  const entries = new Map<string, TreeEntry>();
  for (const entry of base === undefined ? [] : ((await git.tree(base)) ?? [])) entries.set(entry.name, entry);
  const below = new Map<string, PathChange[]>();
  for (const change of changes) {
    const slash = change.path.indexOf('/');
    if (slash !== -1) {
      const name = change.path.slice(0, slash);
      const list = below.get(name) ?? [];
      list.push({ ...change, path: change.path.slice(slash + 1) });
      below.set(name, list);
    } else if (change.sha === null) {
      if (!entries.delete(change.path)) throw new NothingToDelete(change.path);
    } else entries.set(change.path, { mode: change.mode, name: change.path, sha: change.sha });
  }
  for (const [name, list] of below) {
    const old = entries.get(name);
    const sha = await changeTree(git, old?.mode === '040000' ? old.sha : undefined, list);
    if (sha === undefined) entries.delete(name);
    else entries.set(name, { mode: '040000', name, sha });
  }
  return entries.size === 0 ? undefined : git.writeTree([...entries.values()]);
}

export async function writeOver(git: GitObjects, base: string | undefined, changes: PathChange[]): Promise<string> {
  return (await changeTree(git, base, changes)) ?? (await emptyTree(git));
}

async function emptyTree(git: GitObjects): Promise<string> {
  await git.write('tree', Buffer.alloc(0));
  return EMPTY_TREE;
}

/** The entries of a tree, with those of its directories when `recursive`. */
export async function listTree(git: GitObjects, sha: string, recursive: boolean, prefix = ''): Promise<PathEntry[]> {
  const listed: PathEntry[] = [];
  for (const { mode, name, sha: of } of (await git.tree(sha)) ?? []) {
    const path = `${prefix}${name}`;
    const type = mode === '040000' ? 'tree' : mode === '160000' ? 'commit' : 'blob';
    listed.push({ path, mode, type, sha: of });
    if (type === 'tree' && recursive) listed.push(...(await listTree(git, of, true, `${path}/`)));
  }
  return listed;
}

/** What is at a path below a tree. */
export async function entryAt(git: GitObjects, tree: string, path: string): Promise<TreeEntry | undefined> {
  let at: TreeEntry = { mode: '040000', name: '', sha: tree };
  for (const name of path.split('/').filter(part => part !== '')) {
    if (at.mode !== '040000') return undefined;
    const next = (await git.tree(at.sha))?.find(entry => entry.name === name);
    if (!next) return undefined;
    at = next;
  }
  return at;
}
