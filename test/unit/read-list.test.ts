// A list that never comes twice in the same order, so that each pass over its pages misses some of it.
import { describe, expect, test } from 'vitest';
import { readList } from '../../src/sync/read-list.ts';
import type { DatedRecord, Resource } from '../../src/sync/source.ts';
import { type ListState, listVersion } from '../../src/sync/state.ts';
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
  const written: DatedRecord[] = [];
  let passes = 0;
  const { state } = await readList({
    pages: {
      async pass() {
        passes++;
        const shown = Array.from({ length: 1_200 }, (_, n) => user(n)).filter(() => random.next() < share);
        return {
          records: new Map(shown.map(each => [each.id, each])),
          isOneResponse: false,
          isCounted: true,
          isUnrestricted: true,
          isCut: false,
        };
      },
    },
    type: 'user',
    sink: {
      write: async records => void written.push(...records),
    },
    before,
    wanted: EVER,
    now: 0,
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

describe('what has gone', () => {
  const DAY = 86_400_000;
  const VERSION = listVersion(user(1), {});

  /** Reads a list of these users at a time; resolves to the state it leaves, and the ids that were published. */
  async function shown(numbers: readonly number[], now: number, before?: ListState, until?: number) {
    const written: string[] = [];
    const records = new Map(numbers.map(user).map(each => [each.id, each]));
    const { state } = await readList({
      pages: {
        pass: async () => ({ records, isOneResponse: true, isCounted: true, isUnrestricted: true, isCut: false }),
      },
      type: 'user',
      sink: {
        write: async found => void written.push(...found.map(({ resource }) => resource.id)),
      },
      before,
      wanted: EVER,
      ...(until === undefined ? {} : { until }),
      now,
      signal: new AbortController().signal,
    });
    return { state, written };
  }

  test('is remembered with the time, for 30 days', async () => {
    const first = await shown([1, 2], 1 * DAY);
    expect(first.state).toEqual({ seen: new Map([1, 2].map(n => [`user-${n}`, VERSION])) });
    const second = await shown([1], 2 * DAY, first.state);
    expect(second).toEqual({
      state: { seen: new Map([['user-1', VERSION]]), gone: new Map([['user-2', 2 * DAY]]) },
      written: ['user-2'],
    });
    const third = await shown([], 32 * DAY, second.state);
    expect(third.written).toEqual(['user-1']);
    expect(third.state.gone).toEqual(
      new Map([
        ['user-2', 2 * DAY],
        ['user-1', 32 * DAY],
      ]),
    );
    const fourth = await shown([], 32 * DAY + 1, third.state);
    expect(fourth).toMatchObject({ state: { gone: new Map([['user-1', 32 * DAY]]) }, written: [] });
  });

  test('and comes back is published again, and is not gone any more', async () => {
    const before = { seen: new Map(), gone: new Map([['user-1', DAY]]) };
    const { state, written } = await shown([1], 2 * DAY, before);
    expect(written).toEqual(['user-1']);
    expect(state).toEqual({ seen: new Map([['user-1', VERSION]]) });
  });

  test('is not said to be where a window ends, and what was said before stays', async () => {
    const before = { seen: new Map([['user-1', VERSION]]), gone: new Map([['user-2', DAY]]) };
    const { state, written } = await shown([], 2 * DAY, before, 9);
    expect(written).toEqual([]);
    expect(state).toEqual({ ...before, until: 9 });
  });
});

test('a list that brings new large records in each pass is taken as it is before they fill the memory', async () => {
  let passes = 0;
  const pass = async () => {
    const large = { ...user(++passes), json: Buffer.alloc(4_000_000) };
    const records = new Map([large, user(0)].map(each => [each.id, each]));
    return { records, isOneResponse: true, isCounted: false, isUnrestricted: true, isCut: false };
  };
  const written: string[] = [];
  const write = async (records: readonly DatedRecord[]) =>
    void written.push(...records.map(({ resource }) => resource.id));
  const { signal } = new AbortController();
  await readList({ pages: { pass }, type: 'user', sink: { write }, before: undefined, wanted: EVER, now: 0, signal });
  expect(passes).toBeLessThanOrEqual(6);
  expect(written.length).toBe(passes + 1);
});
