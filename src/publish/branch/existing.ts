// What the reconciliations on the data branch say of each stream: the newest one counts that has read it to the end and
// whose files are all there. The views (schema/views.ts) choose in the same way.
import type { TreeEntry } from '../../github/answers.ts';
import type { Git } from '../../github/git.ts';
import { entriesAt } from '../../github/tree.ts';
import { microseconds } from '../../records/latest.ts';
import { type Json, jsonObject } from '../../sync/stream-document.ts';

/** The ids that there were of a stream. */
export interface IdFiles {
  /** Microseconds since the epoch. */
  readonly asOf: number;
  /** From which time on the ids were read, in microseconds since the epoch. */
  readonly from: number;
  readonly files: readonly IdFile[];
}

export interface IdFile {
  /** From the root. */
  readonly path: string;
  /** Of the blob. */
  readonly sha: string;
  /** In hex, as the manifest says. */
  readonly sha256: string;
}

/** Each reconciliation has a folder in it. */
export const IDS = 'ids';
export const MANIFEST = 'manifest.json';

/** By stream. */
export async function idFilesAt(git: Git, root: readonly TreeEntry[]): Promise<Map<string, IdFiles>> {
  const newest = new Map<string, IdFiles>();
  for (const { path: name, sha, type } of (await entriesAt(git, root, IDS)) ?? []) {
    const entries = type === 'tree' ? await git.wholeTree(sha) : null;
    const manifest = entries?.find(({ path }) => path === MANIFEST);
    if (manifest === undefined) continue;
    const { as_of, streams, files } = jsonObject(String(await git.blob(manifest.sha)));
    const asOf = microseconds(as_of);
    const shas = new Map(entries?.map(entry => [entry.path, entry.sha]));
    for (const { name: stream, outcome, from } of list(streams)) {
      if (outcome !== 'complete' || asOf <= (newest.get(String(stream))?.asOf ?? Number.NEGATIVE_INFINITY)) continue;
      const own = list(files).filter(file => file.stream === stream);
      const there = own.map(({ path, sha256 }): IdFile => {
        return { path: `${IDS}/${name}/${path}`, sha: shas.get(String(path)) ?? '', sha256: String(sha256) };
      });
      if (there.every(file => file.sha !== ''))
        newest.set(String(stream), { asOf, from: microseconds(from), files: there });
    }
  }
  return newest;
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(each => Object(each) as Json) : [];
}
