// Writes the records of a stream to part files: NDJSON of limited size, hashed and compressed in the same pass.
//
// A file is called `.partial` until it is sealed and its records count. Only then it gets its number and name: a kill
// leaves no broken file under the name of a part, and a discarded staging file leaves no gap in the numbers.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { openMutex } from '../sync/mutex.ts';
import type { DatedRecord, Sink, StagingFile } from '../sync/source.ts';
import { Lines, type RecordFormat } from './record.ts';

/** A part as the manifest lists it. */
export interface PartFile {
  /** Relative to the output directory, with `/`. */
  readonly path: string;
  readonly stream: string;
  readonly records: number;
  /** Of the file, so after compression; `sha256` is that of the file, too, in hex. */
  readonly bytes: number;
  readonly sha256: string;
  /** ISO 8601; null when no record has a date that can be read. */
  readonly min_updated_at: string | null;
  readonly max_updated_at: string | null;
}

export interface PartsWriter extends Sink {
  /** A file of its own, which becomes parts of the stream on commit. */
  openStagingFile(): StagingFile;
  /** Seals the current part. Resolves to the parts since the last drain, none of them empty. */
  drain(): Promise<readonly PartFile[]>;
  /**
   * Writes everything to the disk and resolves to the parts since the last drain. The last one may still grow, and may
   * get another name, but its file will always begin with the bytes described here.
   */
  peek(): Promise<readonly PartFile[]>;
  /** Number of sealed parts since the last drain. */
  count(): number;
  /** Bytes on the disk, of all parts so far. */
  bytes(): number;
}

export interface PartsOptions {
  readonly directory: string;
  readonly stream: string;
  readonly format: RecordFormat;
  readonly gzip: boolean;
  /** Largest part in bytes, before compression. A chunk that is larger gets a part of its own. */
  readonly partBytes: number;
}

export function openParts(given: PartsOptions): PartsWriter {
  let parts: PartFile[] = [];
  let bytes = 0;
  const options: WriterOptions = {
    ...given,
    onBytes(count) {
      bytes += count;
    },
  };
  let number = 0;
  // Slices are read at the same time and write to one file: one write after the other.
  const runExclusive = openMutex();
  const writer = openRollingWriter(options);
  const commit = async (sealed: readonly SealedPart[]) => {
    for (const part of sealed) parts.push(await part.commit(++number));
  };
  return {
    write: records => runExclusive(async () => commit(await writer.write(records))),
    openStagingFile: () => openStagingFile(options, sealed => runExclusive(() => commit(sealed))),
    drain: () =>
      runExclusive(async () => {
        await commit(await writer.end());
        const drained = parts;
        parts = [];
        return drained;
      }),
    peek: () =>
      runExclusive(async () => {
        await commit(await writer.flush());
        return [...parts, ...writer.current(number + 1)];
      }),
    count: () => parts.length,
    bytes: () => bytes,
  };
}

interface WriterOptions extends PartsOptions {
  /** Called with the number of bytes that were added to the disk. */
  readonly onBytes: (count: number) => void;
}

function openStagingFile(
  options: WriterOptions,
  commit: (sealed: readonly SealedPart[]) => Promise<void>,
): StagingFile {
  const sealed: SealedPart[] = [];
  const runExclusive = openMutex();
  const writer = openRollingWriter(options);
  const end = () => runExclusive(async () => void sealed.push(...(await writer.end())));
  return {
    write: records => runExclusive(async () => void sealed.push(...(await writer.write(records)))),
    async commit() {
      await end();
      await commit(sealed);
    },
    async discard() {
      await end();
      await Promise.all(sealed.map(part => part.discard()));
    },
  };
}

/** A part that is complete and has no number yet. */
interface SealedPart {
  commit(number: number): Promise<PartFile>;
  discard(): Promise<void>;
}

/** Lines are written to a part in chunks of about this size. */
const CHUNK_BYTES = 256 * 1024;

interface RecordStats {
  records: number;
  /** Of `updated_at`, in ms since the epoch. */
  min: number;
  max: number;
}

function noStats(): RecordStats {
  return { records: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

/** Writes to a part until it is full, then to the next. `write`, `flush` and `end` resolve to the parts they sealed. */
function openRollingWriter(options: WriterOptions) {
  let part: Awaited<ReturnType<typeof openPart>> | undefined;
  const chunk = new Lines(CHUNK_BYTES);
  let stats = noStats();

  async function seal(): Promise<SealedPart[]> {
    const full = part;
    part = undefined;
    return full === undefined ? [] : [await full.seal()];
  }

  async function writeChunk(): Promise<SealedPart[]> {
    if (chunk.length === 0) return [];
    const isFull = part !== undefined && part.size() + chunk.length > options.partBytes;
    const sealed = isFull ? await seal() : [];
    part ??= await openPart(options);
    await part.write(chunk.bytes(), stats);
    chunk.clear();
    stats = noStats();
    return sealed;
  }

  return {
    async write(records: readonly DatedRecord[]): Promise<SealedPart[]> {
      const sealed: SealedPart[] = [];
      for (const { at, resource } of records) {
        chunk.add(resource, options.format);
        stats.records++;
        if (at < stats.min) stats.min = at;
        if (at > stats.max) stats.max = at;
        if (chunk.length >= CHUNK_BYTES) sealed.push(...(await writeChunk()));
      }
      return sealed;
    },
    async flush(): Promise<SealedPart[]> {
      const sealed = await writeChunk();
      await part?.flush();
      return sealed;
    },
    /** The part that is being written, as it was at the last flush, under the number that it may get. */
    current: (number: number): PartFile[] => (part === undefined ? [] : [part.describe(number)]),
    end: async () => [...(await writeChunk()), ...(await seal())],
  };
}

async function openPart({ directory, stream, gzip, onBytes }: WriterOptions) {
  const partial = join(directory, stream, `${randomUUID()}.partial`);
  await mkdir(dirname(partial), { recursive: true });
  const file = await open(partial, 'wx');
  const hash = createHash('sha256');
  const compressor = gzip ? openGzipWriter() : undefined;
  const total = { ...noStats(), bytes: 0, size: 0 };

  async function append(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    hash.update(bytes);
    total.bytes += bytes.length;
    onBytes(bytes.length);
    await file.appendFile(bytes);
  }
  /** Writes everything to the file, so that it is a valid part if it is cut off here. */
  async function flush(): Promise<void> {
    if (compressor !== undefined) await append(await compressor.endMember());
  }
  function describe(number: number): PartFile {
    return {
      path: `${stream}/${stream}-${String(number).padStart(5, '0')}.ndjson${gzip ? '.gz' : ''}`,
      stream,
      records: total.records,
      bytes: total.bytes,
      sha256: hash.copy().digest('hex'),
      min_updated_at: isoOrNull(total.min),
      max_updated_at: isoOrNull(total.max),
    };
  }

  return {
    /** Resolves when `lines` may be reused. */
    async write(lines: Buffer, { records, min, max }: RecordStats): Promise<void> {
      await append(compressor === undefined ? lines : await compressor.add(lines));
      total.size += lines.length;
      total.records += records;
      total.min = Math.min(total.min, min);
      total.max = Math.max(total.max, max);
    },
    /** Bytes before compression. */
    size: () => total.size,
    flush,
    describe,
    async seal(): Promise<SealedPart> {
      await flush();
      await file.close();
      return {
        async commit(number) {
          const part = describe(number);
          await rename(partial, join(directory, part.path));
          return part;
        },
        discard: () => rm(partial, { force: true }),
      };
    },
  };
}

function isoOrNull(at: number): string | null {
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}

/** Compresses into gzip members. A file of several members is as valid as one of one, and can be cut off after each. */
function openGzipWriter() {
  let member: ReturnType<typeof createGzip> | undefined;
  let ready: Buffer[] = [];
  const drain = () => {
    const bytes = Buffer.concat(ready);
    ready = [];
    return bytes;
  };
  return {
    /** Resolves to the compressed bytes that are ready, and when `bytes` may be reused. */
    async add(bytes: Buffer): Promise<Buffer> {
      member ??= createGzip({ level: 6 }).on('data', (chunk: Buffer) => ready.push(chunk));
      const gzip = member;
      await new Promise<void>((done, fail) => gzip.write(bytes, error => (error ? fail(error) : done())));
      return drain();
    },
    async endMember(): Promise<Buffer> {
      const gzip = member;
      member = undefined;
      if (gzip !== undefined) {
        gzip.end();
        await finished(gzip);
      }
      return drain();
    },
  };
}
