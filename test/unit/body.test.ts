// Response bodies are read two at a time, and a broken one does not hold up the others.
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openBodyReader } from '../../src/kustomer/body.ts';

test('at most two bodies are read at a time', async () => {
  const readBody = openBodyReader();
  const bodies = Array.from({ length: 8 }, () => new PassThrough());
  const read = bodies.map(body => readBody(body, undefined));
  for (const body of bodies) body.write('begun ');
  for (let first = 0; first < bodies.length; first++) {
    await new Promise(setImmediate);
    const waiting = bodies.filter(({ readableLength }) => readableLength > 0).length;
    expect(waiting).toBe(Math.max(0, bodies.length - first - 2));
    bodies[first]?.end('and ended');
    expect((await read[first])?.toString()).toBe('begun and ended');
  }
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
  await new Promise(setImmediate);
  for (const body of bodies.slice(0, 2)) body.end(encoding === 'gzip' ? gzipSync('whole') : 'whole');
  await expect(read[2]).rejects.toThrow();
  expect((await Promise.all(read.slice(0, 2))).join()).toBe('whole,whole');
});

test('a body that breaks off, or has an unknown encoding, does not block the next one', async () => {
  const readBody = openBodyReader();
  for (let n = 0; n < 6; n++) {
    const body = new PassThrough();
    const read = readBody(body, n % 2 === 0 ? 'gzip' : 'unknown');
    body.end(gzipSync('cut off').subarray(0, 12));
    await expect(read).rejects.toThrow();
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
  await expect(read[0]).rejects.toThrow('too long');
  await expect(read[1]).rejects.toThrow('too long');
  expect((await read[2])?.toString()).toBe('whole');
  clearInterval(drops);
});
