// Reads response bodies to their end, and decompresses them.
//
// A page takes up to hundreds of megabytes, so only two bodies are read at a time, and none while records wait to be
// written. A body that waits stays in its socket, where it takes up no memory of this process.
import { isUtf8 } from 'node:buffer';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SyncError } from '../errors.ts';
import { openSemaphore } from './semaphore.ts';

const MAX_CONCURRENT = 2;
/** 500 records of about 700 kB. More is no page, and would not fit a string (docs/kustomer-api.md#answer-time). */
const MAX_BYTES = 384 * 1024 * 1024;
/** A page takes seconds. A body that trickles in byte by byte would hold up all others. */
const DEADLINE_MS = 5 * 60_000;

/** @param backpressure resolves when more may be read */
export function openBodyReader(backpressure: () => Promise<void> = async () => {}, deadlineMs = DEADLINE_MS) {
  const semaphore = openSemaphore(MAX_CONCURRENT);
  /**
   * Resolves to a body as UTF-8. Rejects when the body breaks off, takes too long, or is not encoded as it should be.
   * @throws SyncError `answer-too-large`
   */
  return async (body: Readable, encoding?: string | string[]): Promise<Buffer> => {
    // An error while the body waits is found when the body is read; without a listener it would end the process.
    body.on('error', () => {});
    return semaphore.run(() => backpressure().then(() => readBody(body, encoding, deadlineMs)));
  };
}

async function readBody(body: Readable, encoding: unknown, deadlineMs: number): Promise<Buffer> {
  const decoder = decoderFor(encoding);
  // Unlike `pipe`, `pipeline` passes on the error of a body that broke before: the decoder would wait for ever.
  const stream = decoder === null ? body : pipeline(body, decoder, () => {});
  const chunks: Buffer[] = [];
  let size = 0;
  const deadline = setTimeout(() => body.destroy(new Error('the response takes too long')), deadlineMs);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BYTES) {
        body.destroy();
        throw new SyncError('answer-too-large', {
          what: `Kustomer sent an answer of more than ${MAX_BYTES / 1024 / 1024} MB.`,
          todo: 'Please report it to this project: no page should be so large.',
        });
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(deadline);
  }
  const bytes = Buffer.concat(chunks, size);
  // Records go into UTF-8 files byte by byte, so bytes that are not UTF-8 are replaced here.
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
}

/** @param encoding the header `content-encoding` */
function decoderFor(encoding: unknown) {
  if (encoding === undefined || encoding === 'identity') return null;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw new Error('unknown content-encoding');
}
