// Records to part files: back-pressure, a limit on size, hash and gzip in the same pass. A part has its name only when
// it is whole and counts; until then it is called `.partial`.
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Aside, Found, Sink } from '../sync/source.ts';
import { type Format, line } from './record.ts';

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

/** Text is handed to the file in pieces of this many characters. */
const PIECE = 256 * 1024;

async function openPart({ directory, stream, format, gzip }: PartsOptions): Promise<OpenPart> {
  const file = join(directory, stream, `${randomUUID()}.partial`);
  await mkdir(dirname(file), { recursive: true });

  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const head = gzip ? createGzip({ level: 6 }) : new PassThrough({ highWaterMark: PIECE });
  const written = pipeline(head, meter, createWriteStream(file, { flags: 'wx' }));
  // A full disk is reported by whoever writes or closes next.
  written.catch(() => {});

  let records = 0;
  let size = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;

  async function put(text: string): Promise<void> {
    const piece = Buffer.from(text);
    size += piece.length;
    if (!head.write(piece)) await Promise.race([once(head, 'drain'), written]);
  }

  return {
    async write(found) {
      let text = '';
      for (const { at, resource } of found) {
        text += line(resource, format);
        records++;
        if (at < min) min = at;
        if (at > max) max = at;
        if (text.length >= PIECE) {
          await put(text);
          text = '';
        }
      }
      if (text !== '') await put(text);
    },
    size: () => size,
    async seal() {
      head.end();
      await written;
      const sha256 = hash.digest('hex');
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
