/** How many readers there are: as many as can be busy, and no more, since each has pages in memory. */
import { expect, test } from 'vitest';
import { readSearch, type SearchProgress } from '../../src/sync/read-search.ts';
import { openReaderPool } from '../../src/sync/reader-pool.ts';
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
    pool: openReaderPool({ permits: PERMITS, idle: () => PERMITS }),
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
