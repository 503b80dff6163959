// The main step with no patience as a bundle like dist/: from the sources it starts four times as slowly.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { bundle, root } from '../../../scripts/bundle/bundle.ts';

const folder = join(root, 'tmp/impatient');
let built: Promise<string> | undefined;

/** The path of its main.mjs. Bundled once in a process. */
export function impatientMain(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const { outputFiles } = await bundle({
    entryPoints: { main: 'test/action/impatient/main.ts' },
    outdir: folder,
  });
  const digest = createHash('sha256');
  for (const { hash, path } of outputFiles) digest.update(`${path} ${hash}\n`);
  // Named by its content, so that test files side by side share it, and Node's compile cache knows it again.
  const bundled = join(folder, digest.digest('hex').slice(0, 16));
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, 'new-'));
  for (const { path, contents } of outputFiles) {
    const file = join(temporary, relative(folder, path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, contents);
  }
  // Refused when another process was first.
  await rename(temporary, bundled).catch(() => rm(temporary, { recursive: true }));
  return join(bundled, 'main.mjs');
}
