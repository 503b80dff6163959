// Bodies are taken in a few at a time, and what becomes of one that waits is nobody else's trouble.
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openIntake } from '../../src/kustomer/body.ts';

test('however many answers have come, two of them at most are taken in', async () => {
  const takeIn = openIntake();
  const bodies = Array.from({ length: 8 }, () => new PassThrough());
  const taken = bodies.map(body => takeIn(body, undefined));
  for (const body of bodies) body.write('begun ');
  for (let first = 0; first < bodies.length; first++) {
    await new Promise(setImmediate);
    const waiting = bodies.filter(({ readableLength }) => readableLength > 0).length;
    expect(waiting).toBe(Math.max(0, bodies.length - first - 2));
    bodies[first]?.end('and ended');
    expect((await taken[first])?.toString()).toBe('begun and ended');
  }
});

test('no answer is taken in while there is no room for it', async () => {
  const rooms: (() => void)[] = [];
  const takeIn = openIntake(() => new Promise(go => rooms.push(go)));
  const body = new PassThrough();
  body.write('begun ');
  const taken = takeIn(body, undefined);
  await new Promise(setImmediate);
  expect(body.readableLength).toBeGreaterThan(0);
  rooms[0]?.();
  body.end('and ended');
  expect((await taken).toString()).toBe('begun and ended');
});

test.each(['gzip', undefined])(
  'a body (%s) that breaks while it waits its turn is a failed request, and neither the end of the process nor waited for',
  async encoding => {
    const takeIn = openIntake();
    const bodies = Array.from({ length: 3 }, () => new PassThrough());
    const taken = bodies.map(body => takeIn(body, encoding));
    bodies[2]?.destroy(new Error('reset'));
    await new Promise(setImmediate);
    for (const body of bodies.slice(0, 2)) body.end(encoding === 'gzip' ? gzipSync('whole') : 'whole');
    await expect(taken[2]).rejects.toThrow();
    expect((await Promise.all(taken.slice(0, 2))).join()).toBe('whole,whole');
  },
);

test('a body that is cut off, or is not what it says, gives its place to the next', async () => {
  const takeIn = openIntake();
  for (let n = 0; n < 6; n++) {
    const body = new PassThrough();
    const taken = takeIn(body, n % 2 === 0 ? 'gzip' : 'strange');
    body.end(gzipSync('cut off').subarray(0, 12));
    await expect(taken).rejects.toThrow();
  }
  const body = new PassThrough();
  body.end(gzipSync('whole'));
  expect((await takeIn(body, 'gzip')).toString()).toBe('whole');
});

test('an answer that comes drop by drop is given up, and the next one is taken in', async () => {
  const takeIn = openIntake(undefined, 200);
  const bodies = Array.from({ length: 3 }, () => new PassThrough());
  const drops = setInterval(() => {
    for (const body of bodies.slice(0, 2)) if (!body.destroyed) body.write(' ');
  }, 20);
  const taken = bodies.map(body => takeIn(body, undefined));
  bodies[2]?.end('whole');
  await expect(taken[0]).rejects.toThrow('too long');
  await expect(taken[1]).rejects.toThrow('too long');
  expect((await taken[2])?.toString()).toBe('whole');
  clearInterval(drops);
});
