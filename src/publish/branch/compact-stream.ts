// The files of one stream -> new files with the lines that hold, uploaded as blobs.
//
// Files are fetched once, verified and kept on the disk, and then read twice: to note what decides about each line, and to
// copy those that hold. What is in memory does not grow with the stream but for a byte a line.
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { SyncError } from '../../errors.ts';
import type { TreeEntry } from '../../github/answers.ts';
import type { Git, TreeChange } from '../../github/git.ts';
import { blobSha } from '../../github/objects.ts';
import { GitHubError } from '../../github/request.ts';
import { byWriting, FACT_BYTES, factOf, factsIn, openLatest, writeFact } from '../../records/latest.ts';
import { LineBuffer } from '../../records/line-buffer.ts';
import { orderOf } from '../../schema/view-columns.ts';
import { BRANCH_PART } from '../../schema/views.ts';
import type { CompactedStream } from '../destination.ts';
import type { IdFiles } from './existing.ts';
import { fileRefusal } from './refusal.ts';

/** A stream on the branch. */
export interface StreamFolder {
  readonly stream: string;
  /** Of its folder. */
  readonly sha: string;
  /** All files below its folder, by their paths from there. */
  readonly files: readonly TreeEntry[];
}

export interface CompactOptions {
  readonly git: Git;
  /** Where files that are fetched are kept. */
  readonly directory: string;
  readonly branch: string;
  /** `<data-path>` */
  readonly dataPath: string;
  readonly compression: 'none' | 'gzip';
  /** Bytes of a part before compression. */
  readonly partBytes: number;
  readonly runId: string;
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** Says how far it is, and throws when the run is to stop. */
  readonly step: (stream: string) => void;
}

export interface NewFolder extends CompactedStream {
  /** What its folder is to have, by paths from the root; null when all is in it already. */
  readonly files: readonly TreeChange[] | null;
}

/** Facts in memory at the same time: some 20 MB. Of more, one group is looked at after the other. */
const MAX_FACTS = 100_000;
/** Each takes some 40 MB for a full part. */
const FETCHES_AT_ONCE = 2;
/** When fewer files are missing, they are fetched one by one: an archive has all files of the commit. */
const MIN_ARCHIVED = 30;
/** Bytes of a part once decompressed: more has no part that this action wrote, however large its records. */
const MAX_TEXT = 256 * 1024 * 1024;
const LINE_END = 0x0a;
const unzip = promisify(gunzip) as (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;
const PART = new RegExp(`(?:^|/)${BRANCH_PART}$`);

/** Whether a file on the branch has records. */
export function isPart({ path, type }: TreeEntry): boolean {
  return type === 'blob' && PART.test(path);
}

/** @throws SyncError `branch-file-damaged`, or what GitHub says of a file that it refuses */
export async function compactStream(
  options: CompactOptions,
  { stream, files }: StreamFolder,
  idFiles?: IdFiles,
): Promise<NewFolder> {
  const parts = files.filter(isPart).sort((a, b) => byWriting(nameOf(a), nameOf(b)) || (a.path < b.path ? -1 : 1));
  const source: Source = { options, stream, parts };
  await fetchAll(source, [...parts, ...(idFiles?.files ?? [])]);
  const { holds, lastAt } = await findHolding(source, idFiles);
  const records = holds.reduce((sum, each) => sum + each, 0);
  const isCompact = records === holds.length && parts.every(part => ownName(part) !== null);
  const written = isCompact ? null : await writeHolding(source, holds);
  const others = files.filter(file => file.type === 'blob' && !isPart(file));
  const kept = others.map(({ path, sha }) => ({ path: pathOf(source, path), type: 'blob' as const, sha }));
  const total = {
    records,
    distinct: records,
    files: written?.files.length ?? parts.length,
    bytes: written?.bytes ?? (await bytesOf(source)),
    max_updated_at: lastAt > Number.NEGATIVE_INFINITY ? new Date(lastAt / 1_000).toISOString() : null,
  };
  const before = { linesBefore: holds.length, filesBefore: parts.length };
  return { stream, ...before, total, files: written && [...kept, ...written.files] };
}

type File = Pick<TreeEntry, 'path' | 'sha'>;

/** The parts of a stream, in the order in which they were written. */
interface Source {
  readonly options: CompactOptions;
  readonly stream: string;
  readonly parts: readonly TreeEntry[];
}

/** Marks by number the lines that hold, and says when the last of them was updated (microseconds). */
async function findHolding(source: Source, idFiles?: IdFiles) {
  const { parts, stream } = source;
  let lines = 0;
  for (const part of parts) lines += await noteFacts(source, part);
  for (const file of idFiles?.files ?? []) {
    if (hash('sha256', await contentOf(source, file)) !== file.sha256) throw damaged(source, file);
    await noteFacts(source, file);
  }
  const holds = new Uint8Array(lines);
  const groups = Math.max(1, Math.ceil(lines / MAX_FACTS));
  let lastAt = Number.NEGATIVE_INFINITY;
  for (let group = 0; group < groups; group++) {
    const keys = new Set<string>();
    for (const file of idFiles?.files ?? [])
      for (const [{ key }] of factsIn(await readFile(factsPath(source, file)), group, groups)) keys.add(key);
    const latest = openLatest(orderOf(stream), idFiles && { keys, asOf: idFiles.asOf, from: idFiles.from });
    let first = 0;
    for (const part of parts) {
      const facts = await readFile(factsPath(source, part));
      for (const [fact, number] of factsIn(facts, group, groups)) latest.add(fact, first + number);
      first += facts.length / FACT_BYTES;
    }
    for (const { number, at } of latest.holding()) {
      holds[number] = 1;
      lastAt = Math.max(lastAt, at);
    }
  }
  return { holds, lastAt };
}

/** Notes what decides about the lines of a file beside it. @returns how many there are */
async function noteFacts(source: Source, file: File): Promise<number> {
  source.options.step(source.stream);
  const text = await textOf(source, file);
  let lines = 0;
  for (const _ of linesIn(text)) lines++;
  const facts = Buffer.alloc(lines * FACT_BYTES);
  let offset = 0;
  for (const line of linesIn(text)) {
    const fact = factOf(line.toString('utf8'));
    if (fact === null) throw damaged(source, file);
    writeFact(fact, facts, offset);
    offset += FACT_BYTES;
  }
  await writeFile(factsPath(source, file), facts);
  return lines;
}

/** Copies the lines that hold into new files. */
async function writeHolding(source: Source, holds: Uint8Array) {
  const { git, compression, partBytes, runId, day, step } = source.options;
  const written: TreeChange[] = [];
  // No path is used twice, not even by a later attempt of this run.
  const own = source.parts.flatMap(part => ownName(part) ?? []).filter(({ run }) => run === runId);
  let fileNumber = own.reduce((last, each) => Math.max(last, each.number), 0);
  let bytes = 0;
  const lines = new LineBuffer(partBytes);
  async function write(): Promise<void> {
    if (lines.length === 0) return;
    const content = compression === 'gzip' ? await promisify(gzip)(lines.bytes()) : lines.bytes();
    const name = `0-${runId}-${String(++fileNumber).padStart(5, '0')}.ndjson${compression === 'gzip' ? '.gz' : ''}`;
    const path = pathOf(source, `dt=${day}/${name}`);
    const sha = await git.createBlob(content).catch(error => {
      throw (error instanceof GitHubError && fileRefusal(`The file ${path}`, error, true)) || error;
    });
    written.push({ path, type: 'blob', sha });
    bytes += content.length;
    lines.clear();
  }
  let number = 0;
  for (const part of source.parts) {
    step(source.stream);
    for (const text of linesIn(await textOf(source, part))) {
      if (holds[number++] === 0) continue;
      if (lines.length + text.length >= partBytes) await write();
      lines.copy(text, 0, text.length);
      lines.put(LINE_END);
    }
  }
  await write();
  return { files: written, bytes };
}

/**
 * Fetches the files of a commit in one request, for GitHub allows 1,000 an hour (docs/actions-platform.md#request-limits).
 * What that does not bring, whatever the reason, is fetched file by file.
 */
export async function fetchArchive(
  { git, directory, step }: CompactOptions,
  commit: string,
  folders: readonly StreamFolder[],
) {
  const all = folders.flatMap(({ files }) => files.filter(isPart).map(({ sha }) => sha));
  const missing = new Set(all.filter(sha => !existsSync(join(directory, sha))));
  if (missing.size < MIN_ARCHIVED) return;
  try {
    for await (const bytes of git.archive(commit)) {
      const sha = blobSha(bytes);
      if (!missing.delete(sha)) continue;
      step('archive');
      await writeFile(join(directory, sha), bytes);
    }
  } catch {
    // A file that is still missing is fetched on its own. When the run is to stop, the next call of step throws again.
  }
}

/** Run and number of a file that a compaction has written: its name begins with 0, so that those of all runs come after it. */
function ownName(part: TreeEntry) {
  const [, run, number] = /^0-(\d+)-(\d+)\.ndjson(?:\.gz)?$/.exec(nameOf(part)) ?? [];
  return run === undefined ? null : { run, number: Number(number) };
}

async function fetchAll({ options: { git, directory, step }, stream }: Source, files: readonly File[]): Promise<void> {
  // One iterator: each worker takes the next file from it.
  const missing = files.filter(({ sha }) => !existsSync(join(directory, sha))).values();
  async function work(): Promise<void> {
    for (const { sha } of missing) {
      step(stream);
      await writeFile(join(directory, sha), await git.blob(sha));
    }
  }
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, work));
}

/** What a part has, decompressed. */
async function textOf(source: Source, file: File): Promise<Buffer> {
  const content = await contentOf(source, file);
  if (!file.path.endsWith('.gz')) return content;
  return unzip(content, { maxOutputLength: MAX_TEXT }).catch(() => {
    throw damaged(source, file);
  });
}

function contentOf({ options }: Source, { sha }: File): Promise<Buffer> {
  return readFile(join(options.directory, sha));
}

function factsPath({ options }: Source, { sha }: File): string {
  return join(options.directory, `${sha}.facts`);
}

/** The lines of a text, without their ends. */
function* linesIn(text: Buffer): Generator<Buffer> {
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf(LINE_END, at);
    const end = found < 0 ? text.length : found;
    yield text.subarray(at, end);
    at = end + 1;
  }
}

async function bytesOf({ options: { directory }, parts }: Source): Promise<number> {
  let bytes = 0;
  for (const { sha } of parts) bytes += (await stat(join(directory, sha))).size;
  return bytes;
}

function nameOf({ path }: TreeEntry): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function pathOf({ options: { dataPath }, stream }: Source, path: string): string {
  return `${dataPath}/${stream}/${path}`;
}

function damaged({ stream, options, parts }: Source, file: File): SyncError {
  const path = parts.some(part => part === file) ? `${options.dataPath}/${stream}/${file.path}` : file.path;
  return new SyncError('branch-file-damaged', {
    what: `The file ${path} on the branch ${options.branch} is damaged: it is not what was written, NDJSON with an \`id\` in each line.`,
    todo: `Nothing was changed: restore the file from the history of the branch, or run once with \`streams: ${stream}:full_refresh\`, and compact again.`,
  });
}
