// Writes the records of a stream to part files: NDJSON of limited size, compressed, encrypted and hashed in the same pass.
//
// A file is called `.partial` until it is sealed and its records count. Only then it gets its number and name: a kill
// leaves no broken file under the name of a part, and a discarded staging file leaves no gap in the numbers.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import { openMutex } from '../sync/mutex.ts';
import type { DatedRecord, Resource, StagingFile } from '../sync/source.ts';
import type { Encrypt } from './encryption.ts';
import type { LineObserver } from './name-plan.ts';
import { type LineOptions, Lines } from './record.ts';

/** A part as the manifest lists it. */
export interface PartFile {
  /** Relative to the output directory, with `/`. */
  readonly path: string;
  readonly stream: string;
  readonly records: number;
  /** Of the file, so after compression and encryption; `sha256` is that of the file, too, in hex. */
  readonly bytes: number;
  readonly sha256: string;
  /** ISO 8601; null when no record has a date that can be read. */
  readonly min_updated_at: string | null;
  readonly max_updated_at: string | null;
}

export interface PartsOptions extends LineOptions {
  readonly directory: string;
  readonly stream: string;
  readonly compression: 'none' | 'gzip';
  /** Undefined: parts are not encrypted. */
  readonly encrypt?: Encrypt | undefined;
  /** Asked for with the first record. */
  readonly observer?: (() => Promise<LineObserver>) | undefined;
  /** The lines are ids, as the names of the parts say. */
  readonly haveIds?: boolean;
  /** Largest part in bytes, before compression. A chunk that is larger gets a part of its own. */
  readonly partBytes: number;
}

type OnBytes = (onDisk: number, ofLines: number) => void;

export type PartsWriter = ReturnType<typeof openParts>;

export function openParts(options: PartsOptions) {
  let parts: PartFile[] = [];
  let bytes = 0;
  let lineBytes = 0;
  let number = 0;
  const onBytes = (onDisk: number, ofLines: number) => {
    bytes += onDisk;
    lineBytes += ofLines;
  };
  const commit = async (part: Part) => void parts.push(await part.commit(++number));
  // Slices are read at the same time and write to one file: one write after the other.
  const runExclusive = openMutex();
  const writer = openRollingWriter(options, onBytes, commit);
  return {
    contentOf: options.filter && contentWithout(options),
    write: (records: readonly DatedRecord[]): Promise<void> => runExclusive(() => writer.write(records)),
    /** A file of its own, which becomes parts of the stream on commit. */
    openStagingFile(): StagingFile {
      const sealed: Part[] = [];
      const staging = openRollingWriter(options, onBytes, async part => void sealed.push(part));
      const oneAtATime = openMutex();
      return {
        write: records => oneAtATime(() => staging.write(records)),
        async commit() {
          await oneAtATime(staging.end);
          await runExclusive(async () => {
            for (const part of sealed) await commit(part);
          });
        },
        async discard() {
          await oneAtATime(staging.end);
          await Promise.all(sealed.map(part => part.discard()));
        },
      };
    },
    /** Seals the current part. Resolves to the parts since the last drain, none of them empty. */
    drain: (): Promise<readonly PartFile[]> =>
      runExclusive(async () => {
        await writer.end();
        const drained = parts;
        parts = [];
        return drained;
      }),
    /**
     * Writes everything to the disk and resolves to the parts since the last drain. The last one may still grow, and may
     * get another name, but its file will always begin with the bytes described here. One that is encrypted is sealed,
     * because the beginning of such a file cannot be decrypted.
     */
    peek: (): Promise<readonly PartFile[]> =>
      runExclusive(async () => {
        await (options.encrypt === undefined ? writer.writeChunk() : writer.end());
        return [...parts, ...writer.current(number + 1)];
      }),
    /** Number of sealed parts since the last drain. */
    count: () => parts.length,
    /** Bytes written so far, those of discarded staging files included. */
    bytes: () => bytes,
    /** Before compression. */
    lineBytes: () => lineBytes,
  };
}

/** What is published of a record that has fields to keep back: see {@link Sink.contentOf}. */
function contentWithout(options: LineOptions) {
  const line = new Lines(0);
  return (resource: Resource): Buffer => {
    line.clear();
    line.add(resource, options);
    return line.bytes();
  };
}

/**
 * Lines are written to a part in chunks of about this size. Compressed, each is a gzip member of its own: that makes the
 * file about 2 % larger, and valid wherever it is cut off between two chunks.
 */
const CHUNK_BYTES = 256 * 1024;
const compress = promisify(gzipWithCallback) as (bytes: Buffer, options: { level: number }) => Promise<Buffer>;

/** Writes to a part until it is full, then to the next. `onSealed` gets each part that is complete. */
function openRollingWriter(options: PartsOptions, onBytes: OnBytes, onSealed: (part: Part) => Promise<void>) {
  let lines: Lines | undefined;
  let dates: number[] = [];
  let part: Part | undefined;

  async function seal(): Promise<void> {
    const full = part;
    part = undefined;
    await full?.close();
    // Its first write has failed.
    if (full?.isEmpty()) await full.discard();
    else if (full !== undefined) await onSealed(full);
  }

  async function writeChunk(): Promise<void> {
    if (lines !== undefined && lines.length > 0) await writeLines(lines);
  }

  async function writeLines(chunk: Lines): Promise<void> {
    if (part !== undefined && part.size() + chunk.length > options.partBytes) await seal();
    part ??= await openPart(options, onBytes);
    await part.write(chunk.bytes(), dates);
    chunk.clear();
    dates = [];
  }

  return {
    async write(records: readonly DatedRecord[]): Promise<void> {
      lines ??= new Lines(CHUNK_BYTES, await options.observer?.());
      const chunk = lines;
      let before = { bytes: chunk.length, records: dates.length };
      try {
        for (const { at, resource } of records) {
          chunk.add(resource, options);
          dates.push(at);
          if (chunk.length < CHUNK_BYTES) continue;
          await writeLines(chunk);
          before = { bytes: 0, records: 0 };
        }
      } catch (error) {
        // These records do not count as read, so they must not come with those of a later write.
        chunk.length = before.bytes;
        dates.length = before.records;
        throw error;
      }
    },
    writeChunk,
    /** The part that is being written, as it is on the disk, under the number that it may get. */
    current: (number: number): PartFile[] => (part === undefined || part.isEmpty() ? [] : [part.describe(number)]),
    async end(): Promise<void> {
      await writeChunk();
      await seal();
    },
  };
}

type Part = Awaited<ReturnType<typeof openPart>>;

/** A part gets its number on commit, once it is closed. */
async function openPart({ directory, stream, haveIds, compression, encrypt }: PartsOptions, onBytes: OnBytes) {
  const partial = join(directory, stream, `${randomUUID()}.partial`);
  await mkdir(dirname(partial), { recursive: true });
  const file = await open(partial, 'wx');
  const hash = createHash('sha256');
  /** `size` is before compression; `min` and `max` are of `updated_at` (ms). */
  const total = { records: 0, bytes: 0, size: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };

  const extension = `.ndjson${compression === 'gzip' ? '.gz' : ''}${encrypt === undefined ? '' : '.age'}`;

  async function append(bytes: Buffer): Promise<void> {
    await file.appendFile(bytes).catch(async error => {
      // On a full disk, some of these bytes may be in the file.
      await file.truncate(total.bytes);
      throw error;
    });
    hash.update(bytes);
    total.bytes += bytes.length;
    onBytes(bytes.length, 0);
  }
  const encrypted = encrypt?.(append);

  const describe = (number: number): PartFile => ({
    path: `${stream}/${stream}${haveIds ? '-ids' : ''}-${String(number).padStart(5, '0')}${extension}`,
    stream,
    records: total.records,
    bytes: total.bytes,
    sha256: hash.copy().digest('hex'),
    min_updated_at: isoOrNull(total.min),
    max_updated_at: isoOrNull(total.max),
  });

  return {
    /**
     * Resolves when `lines` may be reused.
     * @param dates `updated_at` of each line (ms); NaN where it cannot be read
     */
    async write(lines: Buffer, dates: readonly number[]): Promise<void> {
      const bytes = compression === 'gzip' ? await compress(lines, { level: 6 }) : lines;
      await (encrypted === undefined ? append(bytes) : encrypted.write(bytes));
      onBytes(0, lines.length);
      total.size += lines.length;
      total.records += dates.length;
      for (const at of dates) {
        if (at < total.min) total.min = at;
        if (at > total.max) total.max = at;
      }
    },
    size: () => total.size,
    isEmpty: () => total.records === 0,
    describe,
    close: () => (encrypted?.end() ?? Promise.resolve()).finally(() => file.close()),
    async commit(number: number): Promise<PartFile> {
      const part = describe(number);
      await rename(partial, join(directory, part.path));
      return part;
    },
    discard: () => rm(partial, { force: true }),
  };
}

function isoOrNull(at: number): string | null {
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}
