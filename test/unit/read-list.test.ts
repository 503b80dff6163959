// A list that never comes twice in the same order, so that each pass over its pages misses some of it.
import { expect, test } from 'vitest';
import { readList } from '../../src/sync/read-list.ts';
import type { Found, Resource } from '../../src/sync/source.ts';
import { Random } from '../world/kustomer/index.ts';

const user = (n: number): Resource => ({
  id: `user-${n}`,
  type: 'user',
  attributes: { updatedAt: '2026-01-01T00:00:00.000Z' },
  json: Buffer.from('{}'),
});
const EVER = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** Reads 1,200 users of whom each pass shows a part; resolves to what reached the sink, and how many passes it took. */
async function read(share: number, seed: number, before?: { seen: ReadonlyMap<string, string> }) {
  const random = new Random(seed);
  const written: Found[] = [];
  let passes = 0;
  const { state } = await readList({
    pages: {
      async pass() {
        passes++;
        const shown = Array.from({ length: 1_200 }, (_, n) => user(n)).filter(() => random.next() < share);
        return { records: new Map(shown.map(each => [each.id, each])), atOnce: false, isWhole: true, everything: true };
      },
    },
    type: 'user',
    sink: {
      write: async records => void written.push(...records),
      aside: () => {
        throw new Error('a list needs no place of its own');
      },
    },
    before,
    wanted: EVER,
    signal: new AbortController().signal,
  });
  return { ids: written.map(({ resource }) => resource.id), state, passes };
}

test.each([1, 2, 3, 4, 5])('all of it is read, each record once, and it comes to an end (%i)', async seed => {
  const { ids, passes } = await read(0.6, seed);
  expect(new Set(ids).size).toBe(1_200);
  expect(ids).toHaveLength(1_200);
  expect(passes).toBeLessThan(20);
});

test('nobody is said to be gone, and nobody comes again', async () => {
  const { state } = await read(0.6, 6);
  expect((await read(0.6, 7, state)).ids).toEqual([]);
});

test('a list that comes the same way twice takes two passes', async () => {
  expect((await read(1, 8)).passes).toBe(2);
});
