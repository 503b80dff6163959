// The state in a cache entry, for tests that look at it or change it.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stage } from '../world/stage.ts';

/** The files of an archive as the cache makes them. */
async function unpack(bytes: Buffer): Promise<{ dir: string; file: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'cache-'));
  await writeFile(join(dir, 'cache.tzst'), bytes);
  execFileSync('tar', ['-xf', 'cache.tzst', '--use-compress-program', 'unzstd'], { cwd: dir });
  await rm(join(dir, 'cache.tzst'));
  const [file = ''] = execFileSync('find', ['.', '-type', 'f'], { cwd: dir, encoding: 'utf8' }).trim().split('\n');
  return { dir, file };
}

export async function savedText(stage: Stage, id: number): Promise<string> {
  const { dir, file } = await unpack(await stage.github.readCache(id));
  const text = await readFile(join(dir, file), 'utf8');
  await rm(dir, { recursive: true });
  return text;
}

/** Rewrites what the newest cache entry holds. */
export async function poison(stage: Stage, change: (text: string) => string | null): Promise<void> {
  const id = stage.github.caches().at(-1)?.id ?? 0;
  const { dir, file } = await unpack(await stage.github.readCache(id));
  const text = change(await readFile(join(dir, file), 'utf8'));
  if (text !== null) await writeFile(join(dir, file), text);
  else {
    await rm(join(dir, file));
    await writeFile(join(dir, `${file}.other`), 'x');
  }
  execFileSync(
    'tar',
    ['--posix', '-cf', 'cache.tzst', '-P', '--use-compress-program', 'zstdmt', text === null ? `${file}.other` : file],
    { cwd: dir },
  );
  await stage.github.replaceCache(id, await readFile(join(dir, 'cache.tzst')));
  await rm(dir, { recursive: true });
}
