// Checks parts against their manifest: a part is published as it was written, or not at all.
//
// A later process does the same: the journal describes parts that a killed run went on writing. They are truncated to
// the checkpoint before they are published.
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, stat, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SyncError } from '../errors.ts';
import type { PartFile } from './parts.ts';

/** The bytes of a part. @throws SyncError `part-changed` when it is missing or not what was written. */
export async function readPart(directory: string, { path, bytes, sha256 }: PartFile): Promise<Buffer> {
  const content = await readFile(join(directory, path)).catch(() => null);
  if (content?.length !== bytes || hash('sha256', content) !== sha256) throw partChanged(path);
  return content;
}

/** The same check without keeping the bytes. @throws SyncError `part-changed` */
export async function verifyPart(directory: string, part: PartFile): Promise<void> {
  await verifySize(directory, part);
  if (!(await startsWith(join(directory, part.path), part))) throw partChanged(part.path);
}

/** @throws SyncError `part-changed` when a part is missing or has another size than it was written with. */
export async function verifySize(directory: string, { path, bytes }: PartFile): Promise<void> {
  if ((await sizeOf(join(directory, path))) !== bytes) throw partChanged(path);
}

/**
 * Truncates parts to a checkpoint, after a process that went on writing. Since the checkpoint, a file may have grown
 * and been renamed, even to the name that another one had in the checkpoint, so it is found by its content.
 * @throws SyncError `part-changed` when one is missing.
 */
export async function truncateToCheckpoint(directory: string, parts: readonly PartFile[]): Promise<void> {
  const moved: { from: string; to: string }[] = [];
  for (const part of parts) {
    const to = join(directory, part.path);
    const others = (await readdir(dirname(to)).catch(() => [])).map(name => join(dirname(to), name));
    let from: string | undefined;
    for (const file of [to, ...others]) {
      from ??= (await startsWith(file, part)) ? file : undefined;
    }
    if (from === undefined) throw partChanged(part.path);
    if (from !== to) moved.push({ from, to });
  }
  // In two steps, since one file may have the name that another one gets.
  for (const { from, to } of moved) await rename(from, `${to}.cut`);
  for (const { to } of moved) await rename(`${to}.cut`, to);
  for (const { path, bytes } of parts) await truncate(join(directory, path), bytes);
}

/** Whether the file starts with the bytes of the part. */
async function startsWith(file: string, { bytes, sha256 }: PartFile): Promise<boolean> {
  if ((await sizeOf(file)) < bytes) return false;
  const content = createHash('sha256');
  await pipeline(createReadStream(file, { end: bytes - 1 }), content);
  return content.digest('hex') === sha256;
}

/** In bytes; -1 when there is no such file. */
async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? -1;
}

function partChanged(path: string): SyncError {
  return new SyncError('part-changed', {
    what: `The file ${path} was changed or removed between its writing and its upload, so it does not count as published.`,
    todo: 'Let nothing else use `output-dir` while the sync runs, and run again.',
  });
}
