// Records to part files: back-pressure, a limit on size, hash and gzip in the same pass. A part has its name only when
// it is whole and counts; until then it is called `.partial`.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Aside, Found, Sink } from '../sync/source.ts';
import { type Format, Lines } from './record.ts';

/** A part as the manifest lists it. */
export interface Part {
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
  aside(): Aside;
  /** Ends the part at hand. Resolves to all parts, none of them empty. */
  close(): Promise<readonly Part[]>;
}

export interface PartsOptions {
  readonly directory: string;
  readonly stream: string;
  readonly format: Format;
  readonly gzip: boolean;
  /** Bytes before compression after which a part is ended. */
  readonly partBytes: number;
}

export function openParts(options: PartsOptions): PartsWriter {
  const parts: Part[] = [];
  // Slices are read side by side and write to one file: one hand-over after the other.
  const inTurn = takeTurns();
  const series = openSeries(options);
  const name = async (sealed: readonly Sealed[]) => {
    for (const each of sealed) parts.push(await each.name(parts.length + 1));
  };
  return {
    write: records => inTurn(async () => name(await series.write(records))),
    aside() {
      const own = openSeries(options);
      const sealed: Sealed[] = [];
      const inOwnTurn = takeTurns();
      const end = () => inOwnTurn(async () => void sealed.push(...(await own.end())));
      return {
        write: records => inOwnTurn(async () => void sealed.push(...(await own.write(records)))),
        async keep() {
          await end();
          await inTurn(() => name(sealed));
        },
        async drop() {
          await end();
          await Promise.all(sealed.map(each => each.drop()));
        },
      };
    },
    close: () =>
      inTurn(async () => {
        await name(await series.end());
        return parts;
      }),
  };
}

function takeTurns() {
  let turn: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };
}

/** A part that is written and has no name yet. */
interface Sealed {
  name(number: number): Promise<Part>;
  drop(): Promise<void>;
}

/** Parts one after the other; `write` and `end` resolve to those that are written. */
function openSeries(options: PartsOptions) {
  let current: OpenPart | undefined;
  const end = async (): Promise<Sealed[]> => {
    if (current === undefined) return [];
    const part = current;
    current = undefined;
    return [await part.seal()];
  };
  return {
    async write(records: readonly Found[]): Promise<Sealed[]> {
      current ??= await openPart(options);
      await current.write(records);
      return current.size() >= options.partBytes ? end() : [];
    },
    end,
  };
}

interface OpenPart {
  write(records: readonly Found[]): Promise<void>;
  /** Bytes before compression. */
  size(): number;
  seal(): Promise<Sealed>;
}

/** Lines are gathered and handed on in pieces of about so many bytes. */
const PIECE = 256 * 1024;

async function openPart({ directory, stream, format, gzip }: PartsOptions): Promise<OpenPart> {
  const file = join(directory, stream, `${randomUUID()}.partial`);
  await mkdir(dirname(file), { recursive: true });
  const out = await openOutput(file, gzip);

  // One for the whole part: what is written makes room for what comes.
  const lines = new Lines(PIECE);
  async function flush(): Promise<void> {
    const piece = lines.bytes();
    size += piece.length;
    await out.write(piece);
    lines.clear();
  }

  let records = 0;
  let size = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;

  return {
    async write(found) {
      for (const { at, resource } of found) {
        lines.add(resource, format);
        records++;
        if (at < min) min = at;
        if (at > max) max = at;
        if (lines.length >= PIECE) await flush();
      }
    },
    size: () => size + lines.length,
    async seal() {
      await flush();
      const { bytes, sha256 } = await out.close();
      const time = (at: number) => (Number.isFinite(at) ? new Date(at).toISOString() : null);
      return {
        async name(number) {
          const path = `${stream}/${stream}-${String(number).padStart(5, '0')}.ndjson${gzip ? '.gz' : ''}`;
          await rename(file, join(directory, path));
          return { path, stream, records, bytes, sha256, min_updated_at: time(min), max_updated_at: time(max) };
        },
        drop: () => rm(file, { force: true }),
      };
    },
  };
}

interface Output {
  /** Resolves when the piece is no longer needed. */
  write(piece: Uint8Array): Promise<void>;
  close(): Promise<{ bytes: number; sha256: string }>;
}

/** A new file, hashed as it is written. What goes wrong with it is thrown by whichever call is made then, or next. */
async function openOutput(file: string, gzip: boolean): Promise<Output> {
  const handle = await open(file, 'wx');
  const hash = createHash('sha256');
  let bytes = 0;
  async function put(piece: Uint8Array): Promise<void> {
    hash.update(piece);
    bytes += piece.length;
    await handle.writeFile(piece);
  }
  async function close() {
    await handle.close();
    return { bytes, sha256: hash.digest('hex') };
  }
  if (!gzip) return { write: put, close };

  const packer = createGzip({ level: 6 });
  const packed = pipeline(packer, async (pieces: AsyncIterable<Uint8Array>) => {
    for await (const piece of pieces) await put(piece);
  });
  packed.catch(() => {});
  return {
    write: piece => Promise.race([new Promise<void>(done => packer.write(piece, () => done())), packed]),
    async close() {
      packer.end();
      await packed;
      return close();
    },
  };
}
