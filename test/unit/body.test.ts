// Response bodies that come quickly are read one by one; a slow one holds up no other, within a common bound.
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BodyTooLarge, openBodyReader } from '../../src/kustomer/body.ts';

const MB = 1024 * 1024;

test('what comes quickly is read one body after the other, so that one is in memory', async () => {
  const readBody = openBodyReader();
  const taken: string[] = [];
  const read = ['a', 'b', 'c'].map(name =>
    readBody(
      Readable.from(
        (async function* () {
          for (let sent = 0; sent < 5; sent++) {
            await new Promise(setImmediate);
            taken.push(name);
            yield Buffer.from(name);
          }
        })(),
      ),
    ),
  );
  expect((await Promise.all(read)).join()).toBe('aaaaa,bbbbb,ccccc');
  expect(taken.join('')).toBe('aaaaabbbbbccccc');
});

test('a body that stands still holds up no other', async () => {
  const readBody = openBodyReader();
  const bodies = Array.from({ length: 8 }, () => new PassThrough());
  const read = bodies.map(body => readBody(body, undefined));
  for (const body of bodies) body.write('begun ');
  for (const [n, body] of bodies.entries()) if (n > 1) body.end('and ended');
  expect((await Promise.all(read.slice(2))).map(String)).toEqual(Array(6).fill('begun and ended'));
  for (const body of bodies) body.end();
  await Promise.all(read);
});

test('many large bodies take turns, the oldest first, and all arrive', async () => {
  const readBody = openBodyReader();
  const sizes = [40, 30, 20, 1];
  let taken = 0;
  const read = sizes.map((size, n) =>
    readBody(
      Readable.from(
        (function* () {
          for (let sent = 0; sent < size; sent++) {
            taken++;
            yield Buffer.alloc(MB, n);
          }
        })(),
      ),
    ).then(body => {
      // Of the others, no more is in memory than what they share, and a chunk or two of each.
      const own = sizes.slice(0, n + 1).reduce((sum, each) => sum + each, 0);
      expect(taken - own).toBeLessThan(16 + 3 * sizes.length);
      return body.length / MB;
    }),
  );
  expect(await Promise.all(read)).toEqual(sizes);
});

test.each([
  ['as it comes', (bytes: number) => Buffer.alloc(bytes), undefined],
  ['after decompression', (bytes: number) => gzipSync(Buffer.alloc(bytes)), 'gzip'],
  ['after what is broken is replaced', (bytes: number) => gzipSync(Buffer.alloc(Math.ceil(bytes / 3), 0xff)), 'gzip'],
])('a body ends at 64 MB, %s', async (_what, of, encoding) => {
  const readBody = openBodyReader();
  await expect(readBody(Readable.from([of(64 * MB + 1)]), encoding)).rejects.toThrow(BodyTooLarge);
  await expect(readBody(Readable.from([of(48 * MB)]), encoding)).resolves.toHaveLength(48 * MB);
});

test('no body is read before the backpressure allows it', async () => {
  const permissions: (() => void)[] = [];
  const readBody = openBodyReader(() => new Promise<void>(go => permissions.push(go)));
  const body = new PassThrough();
  body.write('begun ');
  const read = readBody(body, undefined);
  await new Promise(setImmediate);
  expect(body.readableLength).toBeGreaterThan(0);
  permissions[0]?.();
  body.end('and ended');
  expect((await read).toString()).toBe('begun and ended');
});

test.each(['gzip', undefined])('a body (%s) that breaks while it waits fails only itself', async encoding => {
  const readBody = openBodyReader();
  const bodies = Array.from({ length: 3 }, () => new PassThrough());
  const read = bodies.map(body => readBody(body, encoding));
  bodies[2]?.destroy(new Error('reset'));
  await expect(read[2]).rejects.toThrow();
  for (const body of bodies.slice(0, 2)) body.end(encoding === 'gzip' ? gzipSync('whole') : 'whole');
  expect((await Promise.all(read.slice(0, 2))).join()).toBe('whole,whole');
});

test('a body that breaks off, or has an unknown encoding, does not block the next one', async () => {
  const readBody = openBodyReader();
  for (let n = 0; n < 6; n++) {
    const body = new PassThrough();
    const read = readBody(body, n % 2 === 0 ? 'gzip' : 'unknown');
    body.end(gzipSync('cut off').subarray(0, 12));
    await expect(read).rejects.toThrow();
    expect(body.destroyed).toBe(true);
  }
  const body = new PassThrough();
  body.end(gzipSync('whole'));
  expect((await readBody(body, 'gzip')).toString()).toBe('whole');
});

test('a body that trickles in is given up, and the next one is read', async () => {
  const readBody = openBodyReader(undefined, 200);
  const bodies = Array.from({ length: 3 }, () => new PassThrough());
  const drops = setInterval(() => {
    for (const body of bodies.slice(0, 2)) if (!body.destroyed) body.write(' ');
  }, 20);
  const read = bodies.map(body => readBody(body, undefined));
  bodies[2]?.end('whole');
  await Promise.all(read.slice(0, 2).map(each => expect(each).rejects.toThrow('too long')));
  expect((await read[2])?.toString()).toBe('whole');
  clearInterval(drops);
});
