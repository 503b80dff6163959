// Records to part files: back-pressure, a limit on size, hash and gzip in the same pass. A part has its name only when
// it is whole; until then it is called `.partial`.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Found, Sink } from '../sync/source.ts';
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
  let current: OpenPart | undefined;
  // Slices are read side by side and write to one file: one hand-over after the other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  };

  async function end(): Promise<void> {
    if (current === undefined) return;
    const part = current;
    current = undefined;
    parts.push(await part.close());
  }

  return {
    write: records =>
      inTurn(async () => {
        current ??= await openPart(options, parts.length + 1);
        await current.write(records);
        if (current.size() >= options.partBytes) await end();
      }),
    close: () =>
      inTurn(async () => {
        await end();
        return parts;
      }),
  };
}

interface OpenPart {
  write(records: readonly Found[]): Promise<void>;
  /** Bytes before compression. */
  size(): number;
  close(): Promise<Part>;
}

/** Text is handed to the file in pieces of this many characters. */
const PIECE = 256 * 1024;

async function openPart({ directory, stream, format, gzip }: PartsOptions, number: number): Promise<OpenPart> {
  const path = `${stream}/${stream}-${String(number).padStart(5, '0')}.ndjson${gzip ? '.gz' : ''}`;
  const file = join(directory, path);
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
  const written = pipeline(head, meter, createWriteStream(`${file}.partial`, { flags: 'wx' }));
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
    async close() {
      head.end();
      await written;
      await rename(`${file}.partial`, file);
      const time = (at: number) => (Number.isFinite(at) ? new Date(at).toISOString() : null);
      return {
        path,
        stream,
        records,
        bytes,
        sha256: hash.digest('hex'),
        min_updated_at: time(min),
        max_updated_at: time(max),
      };
    },
  };
}
