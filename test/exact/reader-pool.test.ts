/** How many readers there are: as many as can be busy, and no more, since each has pages in memory. */
import { describe, expect, test } from 'vitest';
import { readSearch, type SearchProgress } from '../../src/sync/read-search.ts';
import { openReaderPool, splitLargest } from '../../src/sync/reader-pool.ts';
import type { DatedRecord, Page, SearchRequest } from '../../src/sync/source.ts';

const SECOND = 1_000;
const PERMITS = 4;

/** A search with one record in every second. */
async function page({ from, to }: SearchRequest): Promise<Page> {
  const total = (to - from) / SECOND;
  const found = Array.from({ length: Math.min(500, total) }, (_, n): DatedRecord => {
    const at = from + n * SECOND;
    return { at, resource: { id: String(at), type: 'message', json: Buffer.from('{}') } };
  });
  return { found, total, hasMore: total > 500, size: 500, timedOut: false };
}

test('where writing is slow, what is read does not pile up in memory', async () => {
  const progress: SearchProgress = { read: [], newDedupKeys: new Set(), records: 0 };
  let waiting: (() => void)[] = [];
  let most = 0;
  const reading = readSearch({
    pages: { page },
    sink: {
      write: () => new Promise(done => waiting.push(done)),
      openStagingFile: () => expect.unreachable('no tie group is large'),
    },
    work: { toRead: [{ from: 0, to: 100_000 * SECOND }], synced: [], dedupKeys: new Set(), dedupSince: Infinity },
    horizon: { live: -Infinity, archive: -Infinity },
    progress,
    // A reader that writes needs no permit.
    pool: openReaderPool({ permits: PERMITS, idle: () => PERMITS, msForSearches: () => 0, msPerSearch: () => 1 }),
    signal: new AbortController().signal,
  });
  let isDone = false;
  const ended = reading.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    for (let quiet = 0; quiet < 3; quiet++) await new Promise(setImmediate);
    most = Math.max(most, waiting.length);
    const written = waiting;
    waiting = [];
    for (const done of written) done();
  }
  await ended;
  expect(progress.records).toBe(100_000);
  expect(most).toBeGreaterThanOrEqual(PERMITS);
  expect(most).toBeLessThanOrEqual(PERMITS + 1);
});

describe('a slice is split', () => {
  /** Splits what may be split. @returns the pages that each reader then has */
  function split(pages: readonly number[], msPerSearch: number, msForSearches: (searches: number) => number): number[] {
    const pool = openReaderPool({ permits: 10, idle: () => 10, msPerSearch: () => msPerSearch, msForSearches });
    const add = (pagesLeft: number) => {
      const reader = {
        pagesLeft,
        split() {
          reader.pagesLeft /= 2;
          add(reader.pagesLeft);
          return true;
        },
      };
      pool.readers.add(reader);
    };
    for (const each of pages) add(each);
    splitLargest(pool);
    return [...pool.readers].map(({ pagesLeft }) => pagesLeft);
  }
  const SMALL = [19, 23, 39, 7, 7];
  /** A hundred in a minute, at twice that speed as long as they fit into this one. */
  const real = (searches: number) => (searches <= 100 ? 300 : 600) * searches;

  test('into as many as may be in flight, where the budget allows for all of them at once', () => {
    expect(split([1_000], 300, () => 0)).toHaveLength(11);
  });

  test('never where a half would be short', () => {
    expect(split([15, 15], 300, () => 0)).toEqual([15, 15]);
    expect(split([16, 15], 300, () => 0)).toEqual([8, 15, 8]);
  });

  test('only where it would end after everything has had its place in the budget', () => {
    expect(split(SMALL, 300, real)).toEqual(SMALL);
    expect(split(SMALL, 1_000, real)).toEqual([19, 11.5, 19.5, 7, 7, 19.5, 11.5]);
    expect(split([4_000], 300, real)).toEqual([4_000]);
    expect(split([4_000], 1_500, real)).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(split([4_000], Number.NaN, real)).toEqual([4_000]);
  });
});
