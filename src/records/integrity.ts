// Parts that are closed: they are taken as they were written or not at all, also by a later process.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SyncError } from '../errors.ts';
import type { PartFile } from './parts.ts';

/** The bytes of a part. @throws SyncError when it has gone or is not what was written. */
export async function readPart(directory: string, { path, bytes, sha256 }: PartFile): Promise<Buffer> {
  const content = await readFile(join(directory, path)).catch(() => null);
  if (content?.length !== bytes || createHash('sha256').update(content).digest('hex') !== sha256) throw damaged(path);
  return content;
}

/** Reads a part through. @throws SyncError when it has gone or is not what was written. */
export async function verifyPart(directory: string, part: PartFile): Promise<void> {
  await verifySize(directory, part);
  if (!(await beginsWith(join(directory, part.path), part))) throw damaged(part.path);
}

/** @throws SyncError when a part has gone or has another size than it was written with. */
export async function verifySize(directory: string, { path, bytes }: PartFile): Promise<void> {
  if ((await sizeOf(join(directory, path))) !== bytes) throw damaged(path);
}

/**
 * Brings parts back to what they were when they were described, after a process that may have gone on writing: the file
 * may have grown since, and may have got its name or another one's.
 * @throws SyncError when one of them is not there any more.
 */
export async function truncateToCheckpoint(directory: string, parts: readonly PartFile[]): Promise<void> {
  const found: { from: string; to: string; bytes: number }[] = [];
  for (const part of parts) {
    const to = join(directory, part.path);
    const others = (await readdir(dirname(to)).catch(() => [])).map(name => join(dirname(to), name));
    let from: string | undefined;
    for (const file of [to, ...others]) {
      from ??= (await beginsWith(file, part)) ? file : undefined;
    }
    if (from === undefined) throw damaged(part.path);
    found.push({ from, to, bytes: part.bytes });
  }
  // All of them step aside before the first takes its place: one may have the name of another.
  const moved = found.filter(({ from, to }) => from !== to);
  for (const { from, to } of moved) await rename(from, `${to}.cut`);
  for (const { to } of moved) await rename(`${to}.cut`, to);
  for (const { to, bytes } of found) await truncate(to, bytes);
}

/** Whether a file begins with the bytes of a part. */
async function beginsWith(file: string, { bytes, sha256 }: PartFile): Promise<boolean> {
  if ((await sizeOf(file)) < bytes) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { end: bytes - 1 }), hash);
  return hash.digest('hex') === sha256;
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? -1;
}

function damaged(path: string): SyncError {
  return new SyncError('part-changed', {
    what: `The file ${path} was changed or removed between its writing and its upload, so it is not taken for published.`,
    todo: 'Let nothing else use `output-dir` while the sync runs, and run again.',
  });
}
