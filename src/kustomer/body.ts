// The body of an answer, whole and decompressed.
import { isUtf8 } from 'node:buffer';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SyncError } from '../errors.ts';

/** Bodies taken in side by side. Further answers wait in the network, where they take up none of our memory. */
const AT_ONCE = 2;
/** 500 records of some 700 kB; more is not a page, and would not fit a string. */
const LARGEST = 384 * 1024 * 1024;
/** A page takes seconds; one that comes drop by drop keeps all others waiting. */
const WHOLE_WITHIN_MS = 5 * 60_000;

/**
 * Takes in a body, given with its `content-encoding`. Rejects when it is cut off or not what it says.
 * @throws SyncError `inconsistent` when it is too large.
 */
export type Intake = (body: Readable, encoding: string | string[] | undefined) => Promise<Buffer>;

/** `room`: resolves when what was taken in before is far enough on its way. */
export function openIntake(room: () => Promise<void> = async () => {}, wholeWithinMs = WHOLE_WITHIN_MS): Intake {
  let taking = 0;
  const queue: (() => void)[] = [];
  return async (body, encoding) => {
    // One that breaks while it waits its turn is found broken then; without this it would end the process.
    body.on('error', () => {});
    if (taking < AT_ONCE) taking++;
    else await new Promise<void>(go => queue.push(go));
    try {
      await room();
      return await readBody(body, encoding, wholeWithinMs);
    } finally {
      const next = queue.shift();
      if (next === undefined) taking--;
      else next();
    }
  };
}

async function readBody(
  body: Readable,
  encoding: string | string[] | undefined,
  wholeWithinMs: number,
): Promise<Buffer> {
  const decoder = decompressor(encoding);
  // Hands errors on, also that of a body that had broken before: the decoder would wait for ever for what never comes.
  const stream = decoder === null ? body : pipeline(body, decoder, () => {});
  const chunks: Buffer[] = [];
  let size = 0;
  const late = setTimeout(() => body.destroy(new Error('the answer takes too long')), wholeWithinMs);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST) {
        body.destroy();
        throw new SyncError('answer-too-large', {
          what: `Kustomer sent an answer of more than ${LARGEST / 1024 / 1024} MB.`,
          todo: 'Please report it to this project: no page should be so large.',
        });
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  const bytes = Buffer.concat(chunks, size);
  // What is not UTF-8 must not get into a file that says it is.
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
}

function decompressor(encoding: string | string[] | undefined) {
  if (encoding === undefined || encoding === 'identity') return null;
  if (encoding === 'gzip' || encoding === 'x-gzip') return createGunzip();
  if (encoding === 'deflate') return createInflate();
  if (encoding === 'br') return createBrotliDecompress();
  throw new Error('unknown content-encoding');
}
