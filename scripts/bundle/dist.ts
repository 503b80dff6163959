// What dist/ consists of: the bundle of the two entries, and the notices of the packages in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { notices } from '../notices.ts';
import { bundle, root } from './bundle.ts';

/** Bytes by path below dist/, with forward slashes. */
type Files = ReadonlyMap<string, Uint8Array>;

const folder = join(root, 'dist');

/** Builds dist/ in memory. `packages` are the folders of the packages that bytes of the bundle come from. */
export async function buildDist(): Promise<{ files: Files; packages: readonly string[] }> {
  const { files, sources } = await bundle({ main: 'src/main.ts', post: 'src/post.ts' });
  const folders = sources.flatMap(path => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
  const packages = [...new Set(folders)].sort();
  return { files: new Map(files).set('THIRD-PARTY-NOTICES', Buffer.from(notices(root, packages))), packages };
}

/** The names of the files in which dist/ on the disk differs from `files`. */
export function differing(files: Files): string[] {
  const there = filesIn(folder);
  return [...new Set([...files.keys(), ...there])].filter(name => {
    const built = files.get(name);
    return built === undefined || !there.includes(name) || !readFileSync(join(folder, name)).equals(built);
  });
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => slashed(relative(directory, join(entry.parentPath, entry.name))));
}

function slashed(path: string): string {
  return path.replaceAll(sep, '/');
}
