// Everything that is left of what was read, as texts to search in: each byte that runs write, print or upload.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ActionResult } from '../world/runner/index.ts';
import type { Stage } from '../world/stage.ts';
import { savedText } from './saved-state.ts';
import { texts } from './support.ts';

/** Kind of place -> what is there. */
export type Found = ReadonlyMap<string, readonly string[]>;

/** Log with and without masks, annotations, summary, outputs of a run. */
export function printed(result: ActionResult): string[] {
  return [result.rawLog, result.post?.rawLog ?? '', texts(result)];
}

/** @param prints what runs have printed */
export async function everything(stage: Stage, prints: readonly string[]): Promise<Found> {
  const { github, root } = stage;
  return new Map([
    ...(await everythingToRead(stage, prints)),
    ['disk', bytesBelow(root)],
    ['objects', objects(github.repository.dir, '--batch-all-objects')],
  ]);
}

/** What somebody finds who may read all of the repository. Objects that no ref leads to are not among it. */
export async function everythingToRead(stage: Stage, prints: readonly string[]): Promise<Found> {
  const { github } = stage;
  const artifacts: string[] = [];
  for (const { id } of github.artifacts()) {
    for (const [path, bytes] of await github.readArtifact(id)) artifacts.push(`${path} ${plain(bytes)}`);
  }
  return new Map([
    ['log', prints],
    ['artifacts', artifacts],
    ['cache', await Promise.all(github.caches().map(({ id }) => savedText(stage, id)))],
    ['objects', objects(github.repository.dir)],
  ]);
}

/** The objects of a repository, with their ids: those that a ref leads to, or all. */
export function objects(repository: string, which: '--batch-all-objects' | '' = ''): string[] {
  const git = (args: string[], input = '') =>
    execFileSync('git', ['-C', repository, ...args], { input, maxBuffer: 2 ** 28 });
  const list = which === '' ? git(['rev-list', '--objects', '--no-object-names', '--all']) : Buffer.alloc(0);
  const all = git(['cat-file', '--batch', ...(which === '' ? [] : [which])], String(list));
  const found: string[] = [];
  for (let at = 0; at < all.length; ) {
    const end = all.indexOf('\n', at);
    const header = all.toString('latin1', at, end);
    const size = Number(header.split(' ')[2]);
    found.push(`${header} ${plain(all.subarray(end + 1, end + 1 + size))}`);
    at = end + size + 2;
  }
  return found;
}

/** All files in a folder. */
function bytesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => `${path} ${plain(readFileSync(path))}`);
}

function plain(bytes: Buffer): string {
  return String(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
}

/** In which kinds of places a text is, upper case or lower. */
export function placesOf(text: string, found: Found): string[] {
  const wanted = text.toLowerCase();
  const places = [...found].filter(([, all]) => all.some(each => each.toLowerCase().includes(wanted)));
  return places.map(([place]) => place).sort();
}
