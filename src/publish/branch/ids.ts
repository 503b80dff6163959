// The ids of a reconciliation on the data branch: each has a folder that looks like an artifact of it, so that the views read
// both alike. The one before stays until a stream of the new one is complete.
import type { TreeEntry } from '../../github/answers.ts';
import type { TreeChange } from '../../github/git.ts';
import { entriesAt } from '../../github/tree.ts';
import type { BranchPlace } from '../../state/branch.ts';
import type { Reconciliation, ShardFile } from '../../sync/state.ts';
import { type DestinationOptions, manifestOf, type PublishRequest } from '../destination.ts';
import { IDS, MANIFEST } from './existing.ts';

/** Named by when the reconciliation began. */
export function idsFolder({ cutoff }: Reconciliation): string {
  const time = new Date(cutoff).toISOString();
  return `${IDS}/${time.replace(/[-:]|\.\d+/g, '')}`;
}

/**
 * The manifest of all that the folder has of a reconciliation.
 * @param paths where the files of the request go on the branch
 */
export async function idsManifest(
  { git }: BranchPlace,
  root: readonly TreeEntry[],
  request: PublishRequest,
  paths: readonly string[],
  options: DestinationOptions,
): Promise<TreeChange> {
  const folder = idsFolder(request.change.state.reconciliation as Reconciliation);
  const entry = (await entriesAt(git, root, folder))?.find(({ path }) => path === MANIFEST);
  const before = entry === undefined ? {} : JSON.parse(String(await git.blob(entry.sha)));
  const { streams = [], files = [] } = before as Partial<Pick<PublishRequest, 'streams'>> & { files?: ShardFile[] };
  const own = request.files.map((file, n) => ({ ...file, path: (paths[n] as string).slice(folder.length + 1) }));
  const others = streams.filter(({ name }) => request.streams.every(stream => stream.name !== name));
  const all = { ...request, streams: [...others, ...request.streams], externalFiles: files, files: own };
  return { type: 'blob', path: `${folder}/${MANIFEST}`, content: manifestOf(all, options, request.change.state) };
}

/** What a reconciliation takes the place of: the ids that earlier ones have of the streams that it has read to the end. */
export async function replacedIds(
  { git }: BranchPlace,
  root: readonly TreeEntry[],
  { streams, change }: PublishRequest,
): Promise<TreeChange[]> {
  const own = idsFolder(change.state.reconciliation as Reconciliation);
  const isComplete = (path: string) => streams.some(({ name, outcome }) => name === path && outcome === 'complete');
  const removed: TreeChange[] = [];
  for (const { path: name, type } of (await entriesAt(git, root, IDS)) ?? []) {
    const folder = `${IDS}/${name}`;
    if (folder === own || type !== 'tree' || !/^\d{8}T\d{6}Z$/.test(name)) continue;
    const there = ((await entriesAt(git, root, folder)) ?? []).filter(entry => entry.type === 'tree');
    const old = there.filter(({ path }) => isComplete(path));
    if (old.length === there.length) removed.push({ path: folder, type: 'tree', sha: null });
    else removed.push(...old.map(({ path }): TreeChange => ({ path: `${folder}/${path}`, type: 'tree', sha: null })));
  }
  return removed;
}
