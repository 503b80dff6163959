// The main step with no patience as a bundle like dist/: from the sources it starts four times as slowly.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundle, root } from '../../../scripts/bundle/bundle.ts';

const folder = join(root, 'tmp/impatient');
let built: Promise<string> | undefined;

/** The path of its main.mjs. Bundled once in a process. */
export function impatientMain(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const { files } = await bundle({ main: 'test/action/impatient/main.ts' });
  const digest = createHash('sha256');
  for (const [path, contents] of files) digest.update(path).update(contents);
  // Named by its content, so that test files side by side share it, and Node's compile cache knows it again.
  const bundled = join(folder, digest.digest('hex').slice(0, 16));
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, 'new-'));
  for (const [path, contents] of files) {
    const file = join(temporary, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, contents);
  }
  // Refused when another process was first.
  await rename(temporary, bundled).catch(() => rm(temporary, { recursive: true }));
  return join(bundled, 'main.mjs');
}
