// Reads response bodies to their end, and decompresses them.
//
// Bodies are begun one after the other, and none while records wait to be written. A body that waits stays in its socket and
// takes no memory of this process. The next body begins when the one before ends or turns out to be slow, so a slow body
// delays only its own stream. When all bodies together have SHARED_BYTES, only the oldest is read on.
import { isUtf8 } from 'node:buffer';
import { pipeline, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { openMutex } from '../sync/mutex.ts';

/** A body that takes longer is slow: the next one does not wait for its end. */
const SLOW_MS = 100;
/** Bytes of one body, decompressed (docs/kustomer-api.md#answer-time). */
const MAX_BYTES = 64 * 1024 * 1024;
/** Bytes of all bodies, beyond which only one is read: several usual pages. */
const SHARED_BYTES = 16 * 1024 * 1024;
/** How long a body may take. The time that it waits here, because others are read, does not count. */
const DEADLINE_MS = 2 * 60_000;
/** A body that trickles in holds a permit, so it is given up: after a part of its deadline, it needs this average. */
const MIN_BYTES_PER_SECOND = 4 * 1024;
/** The deadline is divided into this many checks. */
const CHECKS = 100;
/** A body may begin slowly: the minimum does not apply during the first checks. */
const CHECKS_WITHOUT_MINIMUM = 8;
/** Bytes that are decoded at a time. */
const DECODED_BYTES = 1024 * 1024;

/** The body has more bytes than any page. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The body has not come in time. */
export class BodyTooSlow extends Error {
  override readonly name = 'BodyTooSlow';
}

/** @param backpressure resolves when more may be read */
export function openBodyReader(backpressure: () => Promise<void> = async () => {}, deadlineMs = DEADLINE_MS) {
  const room = openRoom();
  const oneAtATime = openMutex();
  const read = async (body: Readable, encoding: unknown): Promise<Buffer> => {
    const own = room.enter();
    try {
      return await readBody(body, encoding, own, deadlineMs);
    } finally {
      // A body that is given up must not go on in its socket, whatever was wrong with it.
      if (!body.readableEnded) body.destroy();
      own.leave();
    }
  };
  /**
   * Resolves to a body as UTF-8. Rejects when the body breaks off, takes too long, or is not encoded as it should be.
   * @throws BodyTooLarge
   */
  return async (body: Readable, encoding?: string | string[]): Promise<Buffer> => {
    // An error while the body waits is found when the body is read; without a listener it would end the process.
    body.on('error', () => {});
    return new Promise((resolve, reject) => {
      const task = async () => {
        await backpressure();
        const reading = read(body, encoding);
        // Resolves without the bytes: the race below would keep them in memory until the sleep ends.
        const end = reading.then(
          () => {},
          () => {},
        );
        resolve(reading);
        await Promise.race([end, sleep(SLOW_MS, undefined, { ref: false })]);
      };
      oneAtATime(task).catch(reject);
    });
  };
}

/** Counts the bytes of all bodies, the oldest body first. */
function openRoom() {
  const bodies = new Set<{ bytes: number }>();
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const resume of waiting.splice(0)) resume();
  };
  return {
    enter() {
      const own = { bytes: 0 };
      bodies.add(own);
      const isFree = () => {
        const [oldest] = bodies;
        return own === oldest || bodies.values().reduce((sum, { bytes }) => sum + bytes, 0) < SHARED_BYTES;
      };
      return {
        isFree,
        add(bytes: number): void {
          own.bytes += bytes;
        },
        /** Resolves when the body may be read on. */
        async wait(): Promise<void> {
          while (!isFree()) await new Promise<void>(resume => waiting.push(resume));
        },
        leave(): void {
          bodies.delete(own);
          wake();
        },
      };
    },
  };
}

type Room = ReturnType<ReturnType<typeof openRoom>['enter']>;

async function readBody(body: Readable, encoding: unknown, room: Room, deadlineMs: number): Promise<Buffer> {
  const decoder = decoderFor(encoding);
  // Unlike `pipe`, `pipeline` passes on the error of a body that broke before: the decoder would wait for ever.
  const stream = decoder === null ? body : pipeline(body, decoder, () => {});
  const chunks: Buffer[] = [];
  let size = 0;
  let checks = 0;
  let sizeBefore = 0;
  const timer = setInterval(() => {
    if (!room.isFree()) return;
    const seconds = (++checks * deadlineMs) / CHECKS / 1_000;
    // One that has stopped may go on: that is for the timeout of the client.
    const isTrickling = size > sizeBefore && size < seconds * MIN_BYTES_PER_SECOND;
    const isSlow = checks > CHECKS_WITHOUT_MINIMUM && isTrickling;
    sizeBefore = size;
    if (isSlow || checks === CHECKS) body.destroy(new BodyTooSlow('the response takes too long'));
  }, deadlineMs / CHECKS);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      room.add(chunk.length);
      if (size > MAX_BYTES) throw new BodyTooLarge();
      chunks.push(chunk);
      if (!room.isFree()) await room.wait();
    }
  } finally {
    clearInterval(timer);
  }
  const bytes = Buffer.concat(chunks.splice(0), size);
  // Records go into UTF-8 files byte by byte, so bytes that are not UTF-8 are replaced here.
  return isUtf8(bytes) ? bytes : decoded(bytes);
}

/** Decodes in steps: an invalid byte becomes the three bytes of U+FFFD, so the result may be too large. @throws BodyTooLarge */
function decoded(bytes: Buffer): Buffer {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const chunks: Buffer[] = [];
  let size = 0;
  for (let from = 0; from < bytes.length; from += DECODED_BYTES) {
    const stream = from + DECODED_BYTES < bytes.length;
    const chunk = Buffer.from(decoder.decode(bytes.subarray(from, from + DECODED_BYTES), { stream }));
    size += chunk.length;
    if (size > MAX_BYTES) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** @param encoding the header `content-encoding` */
function decoderFor(encoding: unknown) {
  if (encoding === undefined || encoding === 'identity') return null;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw new Error('unknown content-encoding');
}
