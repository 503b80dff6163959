// Records to part files: back-pressure, a limit on size, hash and gzip in the same pass. A part has its name only when
// it is whole and counts; until then it is called `.partial`.
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { openMutex } from '../sync/mutex.ts';
import type { DatedRecord, Sink, StagingFile } from '../sync/source.ts';
import { Lines, type RecordFormat } from './record.ts';

/** A part as the manifest lists it. */
export interface PartFile {
  /** Below the output directory, with `/`. */
  readonly path: string;
  readonly stream: string;
  readonly records: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly min_updated_at: string | null;
  readonly max_updated_at: string | null;
}

export interface PartsWriter extends Sink {
  /** Parts beside the others, that belong to the stream only if they are kept. */
  openStagingFile(): StagingFile;
  /** Ends the part at hand. Resolves to the parts since they were last taken, none of them empty. */
  drain(): Promise<readonly PartFile[]>;
  /**
   * Brings what was written to the disk and resolves to the parts not taken yet. The last one may still grow and have
   * another name, but its file will always begin with the bytes that are described here.
   */
  peek(): Promise<readonly PartFile[]>;
  /** Parts that are ended and not taken yet. */
  count(): number;
  /** Bytes on the disk, of all parts so far. */
  bytes(): number;
}

export interface PartsOptions {
  readonly directory: string;
  readonly stream: string;
  readonly format: RecordFormat;
  readonly gzip: boolean;
  /** Bytes before compression that a part does not exceed, unless a single piece of text does. */
  readonly partBytes: number;
}

export function openParts(given: PartsOptions): PartsWriter {
  let parts: PartFile[] = [];
  let bytes = 0;
  const options = {
    ...given,
    onBytes(count: number) {
      bytes += count;
    },
  };
  let named = 0;
  // Slices are read side by side and write to one file: one hand-over after the other.
  const inTurn = openMutex();
  const series = openSeries(options);
  const name = async (sealed: readonly Sealed[]) => {
    for (const each of sealed) parts.push(await each.name(++named));
  };
  return {
    write: records => inTurn(async () => name(await series.write(records))),
    openStagingFile() {
      const own = openSeries(options);
      const sealed: Sealed[] = [];
      const inOwnTurn = openMutex();
      const end = () => inOwnTurn(async () => void sealed.push(...(await own.end())));
      return {
        write: records => inOwnTurn(async () => void sealed.push(...(await own.write(records)))),
        async commit() {
          await end();
          await inTurn(() => name(sealed));
        },
        async discard() {
          await end();
          await Promise.all(sealed.map(each => each.drop()));
        },
      };
    },
    drain: () =>
      inTurn(async () => {
        await name(await series.end());
        const taken = parts;
        parts = [];
        return taken;
      }),
    peek: () =>
      inTurn(async () => {
        await name(await series.flush());
        return [...parts, ...series.standing(named + 1)];
      }),
    count: () => parts.length,
    bytes: () => bytes,
  };
}

interface InnerOptions extends PartsOptions {
  /** Told of bytes that go to the disk. */
  readonly onBytes: (count: number) => void;
}

/** A part that is written and has no name yet. */
interface Sealed {
  name(number: number): Promise<PartFile>;
  drop(): Promise<void>;
}

/** Lines are gathered and handed to the file in pieces of about so many bytes. */
const PIECE = 256 * 1024;

/** What is known of some records. */
interface RecordStats {
  records: number;
  min: number;
  max: number;
}

function noStats(): RecordStats {
  return { records: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

/** Parts one after the other; `write`, `flush` and `end` resolve to those that are written. */
function openSeries(options: InnerOptions) {
  let current: OpenPart | undefined;
  // One buffer for the whole series: what is written makes room for what comes.
  const lines = new Lines(PIECE);
  let about = noStats();

  async function seal(): Promise<Sealed[]> {
    const part = current;
    current = undefined;
    return part === undefined ? [] : [await part.seal()];
  }

  /** Hands the piece at hand to a part that has room for it. */
  async function put(): Promise<Sealed[]> {
    if (lines.length === 0) return [];
    const isFull = current !== undefined && current.size() + lines.length > options.partBytes;
    const sealed = isFull ? await seal() : [];
    current ??= await openPart(options);
    await current.write(lines.bytes(), about);
    lines.clear();
    about = noStats();
    return sealed;
  }

  return {
    async write(records: readonly DatedRecord[]): Promise<Sealed[]> {
      const sealed: Sealed[] = [];
      for (const { at, resource } of records) {
        lines.add(resource, options.format);
        about.records++;
        if (at < about.min) about.min = at;
        if (at > about.max) about.max = at;
        if (lines.length >= PIECE) sealed.push(...(await put()));
      }
      return sealed;
    },
    async flush(): Promise<Sealed[]> {
      const sealed = await put();
      await current?.flush();
      return sealed;
    },
    /** The part at hand as it is after a flush, if it were the one of that number. */
    standing: (number: number): PartFile[] => (current === undefined ? [] : [current.describe(number)]),
    end: async () => [...(await put()), ...(await seal())],
  };
}

interface OpenPart {
  /** Resolves when the bytes are no longer needed. */
  write(bytes: Buffer, about: RecordStats): Promise<void>;
  /** Bytes before compression. */
  size(): number;
  /** Ends what is compressed so far, so that the file is whole if it is cut off here. */
  flush(): Promise<void>;
  describe(number: number): PartFile;
  seal(): Promise<Sealed>;
}

async function openPart({ directory, stream, gzip, onBytes }: InnerOptions): Promise<OpenPart> {
  const partial = join(directory, stream, `${randomUUID()}.partial`);
  await mkdir(dirname(partial), { recursive: true });
  const file: FileHandle = await open(partial, 'wx');

  const hash = createHash('sha256');
  const packer = gzip ? openPacker() : undefined;
  const own = { ...noStats(), bytes: 0, size: 0 };

  async function put(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    hash.update(bytes);
    own.bytes += bytes.length;
    onBytes(bytes.length);
    await file.appendFile(bytes);
  }
  async function flush(): Promise<void> {
    if (packer !== undefined) await put(await packer.end());
  }
  function describe(number: number): PartFile {
    const time = (at: number) => (Number.isFinite(at) ? new Date(at).toISOString() : null);
    return {
      path: `${stream}/${stream}-${String(number).padStart(5, '0')}.ndjson${gzip ? '.gz' : ''}`,
      stream,
      records: own.records,
      bytes: own.bytes,
      sha256: hash.copy().digest('hex'),
      min_updated_at: time(own.min),
      max_updated_at: time(own.max),
    };
  }

  return {
    async write(bytes, { records, min, max }) {
      await put(packer === undefined ? bytes : await packer.add(bytes));
      own.size += bytes.length;
      own.records += records;
      own.min = Math.min(own.min, min);
      own.max = Math.max(own.max, max);
    },
    size: () => own.size,
    flush,
    describe,
    async seal() {
      await flush();
      await file.close();
      return {
        async name(number) {
          const part = describe(number);
          await rename(partial, join(directory, part.path));
          return part;
        },
        drop: () => rm(partial, { force: true }),
      };
    },
  };
}

/** Compresses piece by piece. After each `end` comes another gzip member; a file of several is as good as one of one. */
function openPacker() {
  let member: ReturnType<typeof createGzip> | undefined;
  let packed: Buffer[] = [];
  const take = () => {
    const bytes = Buffer.concat(packed);
    packed = [];
    return bytes;
  };
  return {
    async add(bytes: Buffer): Promise<Buffer> {
      member ??= createGzip({ level: 6 }).on('data', (chunk: Buffer) => packed.push(chunk));
      const gzip = member;
      await new Promise<void>((done, fail) => gzip.write(bytes, error => (error ? fail(error) : done())));
      return take();
    },
    async end(): Promise<Buffer> {
      const gzip = member;
      member = undefined;
      if (gzip !== undefined) {
        gzip.end();
        await finished(gzip);
      }
      return take();
    },
  };
}
