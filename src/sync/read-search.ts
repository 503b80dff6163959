// One search stream: its work, cut into slices that are read side by side, becomes new records in the sink and claims of
// what is read. A claim is made only after the records it speaks of have reached the sink.
import { openEmitter } from './emitter.ts';
import type { Interval } from './intervals.ts';
import { isCommit, isStage, readByKeyset, type Slice, type Step } from './keyset-reader.ts';
import { readLiveAndArchive } from './live-and-archive-reader.ts';
import { floor, SECOND } from './pages.ts';
import { byIndex, type SearchHorizon } from './plan.ts';
import type { Page, SearchIndex, SearchPages, SearchRequest, Sink } from './source.ts';
import type { SearchWork } from './state.ts';

/** What has been read so far. It holds at every moment, also when reading ends with an error. */
export interface SearchProgress {
  /** One interval for each slice, growing as the slice is read. */
  readonly read: Interval[];
  /** Fingerprints of what was published, from `rememberFrom` on. */
  readonly newDedupKeys: Set<string>;
  records: number;
}

export interface SearchReading {
  readonly pages: SearchPages;
  readonly sink: Sink;
  readonly work: SearchWork;
  readonly horizon: SearchHorizon;
  readonly progress: SearchProgress;
  readonly pool: ReaderPool;
  readonly signal: AbortSignal;
}

/** The requests that can be in flight side by side. */
export interface Semaphore {
  readonly permits: number;
  /** How many more could be, now, if there were any to make. */
  idle(): number;
}

/** All that read search streams, side by side. They share the work: see `share`. */
export interface ReaderPool {
  readonly semaphore: Semaphore;
  readonly readers: Set<Reader>;
}

export function openReaderPool(semaphore: Semaphore): ReaderPool {
  return { semaphore, readers: new Set() };
}

/** A slice, and the part of the work it belongs to: what it finds outside of that is not its own. */
interface Reader {
  /** Gives the later half of the slice to a new reader; false when it cannot be cut. */
  readonly split: () => boolean;
  readonly slice: Slice;
  readonly range: Interval;
  readonly indexes: SearchIndex | 'both';
  /** How many pages its last answer says are left; a guess for one that was cut off, infinite where nothing is known. */
  pagesLeft: number;
}

/** A slice is cut in two only when both halves keep a reader busy for some pages: each slice costs a page that is not full. */
const MIN_PAGES_TO_SPLIT = 16;

/**
 * Readers beyond the requests that can be in flight, for the seats of those that write what they have read. Each has a page
 * or two in memory; where writing is what takes long, more of them would only wait.
 */
const SPARE_READERS = 1;

/** Reads until the work is done. Rejects with what went wrong, once no reader is at work any more. */
export async function readSearch(reading: SearchReading): Promise<void> {
  const { readers } = reading.pool;
  const running: Promise<void>[] = [];
  let failure: { error: unknown } | undefined;

  function start(
    slice: Slice,
    range: Interval,
    indexes: Reader['indexes'],
    pagesLeft = Number.POSITIVE_INFINITY,
  ): void {
    const reader: Reader = { split: () => cut(reader), slice, range, indexes, pagesLeft };
    readers.add(reader);
    running.push(
      read(reader)
        .catch(error => {
          failure ??= { error };
        })
        .finally(() => readers.delete(reader)),
    );
  }

  async function read(reader: Reader): Promise<void> {
    const { slice, range, indexes } = reader;
    const claim = { from: slice.from, to: slice.from };
    reading.progress.read.push(claim);
    const delivery = openEmitter(reading, range);
    const steps = indexes === 'both' ? readLiveAndArchive(slice) : readByKeyset(slice, indexes);
    // Nothing waits for the answer to what is handed on, and the first step has no question before it.
    const nothing = undefined as never;
    // A function of its own, so that no page is held while the next one is awaited.
    const perform = async (step: Step): Promise<Page> => {
      if (isCommit(step)) {
        if (await delivery.commit(step.commit, step.until)) claim.to = Math.min(step.until, range.to);
        return nothing;
      }
      if (isStage(step)) {
        await delivery.stage(step.stage, step.until);
        return nothing;
      }
      return ask(reader, step);
    };
    try {
      for (let step = steps.next(nothing); !step.done && failure === undefined; ) {
        reading.signal.throwIfAborted();
        const answer = await perform(step.value);
        step = steps.next(answer);
        if (answer !== nothing) splitLargest(reading.pool);
      }
    } finally {
      await delivery.discard();
    }
  }

  async function ask(reader: Reader, asked: SearchRequest): Promise<Page> {
    const page = await reading.pages.page(asked);
    const { from, to, created, page: number } = asked;
    // The slice may have been cut since it was asked about; its records are taken to lie evenly.
    const rest = Math.min(1, Math.max(0, (reader.slice.to - from) / (to - from)));
    if (created === null && number === 1) reader.pagesLeft = (rest * (page.total ?? 0)) / page.size;
    return page;
  }

  function cut(reader: Reader): boolean {
    const { slice, range, indexes } = reader;
    const from = Math.max(slice.from, slice.splitBarrier);
    const middle = floor((from + slice.to) / 2, SECOND);
    if (middle <= from || failure !== undefined) return false;
    const rest = { from: middle, to: slice.to, splitBarrier: middle };
    slice.to = middle;
    reader.pagesLeft /= 2;
    start(rest, range, indexes, reader.pagesLeft);
    return true;
  }

  for (const interval of reading.work.toRead) {
    for (const { part: range, indexes } of byIndex(interval, reading.horizon)) {
      // A border on a whole second means the same to a search that compares seconds as to one that compares milliseconds.
      start({ from: range.from, to: -floor(-range.to, SECOND), splitBarrier: range.from }, range, indexes);
    }
  }
  // More readers may join while these are awaited.
  for (let n = 0; n < running.length; n++) await running[n];
  if (failure !== undefined) throw failure.error;
}

/**
 * While requests could be in flight that are not, the largest slice of all streams is cut in two. So slices are about the
 * same size, the longest stream has the most readers, and all streams end at about the same time.
 */
function splitLargest({ semaphore, readers }: ReaderPool): void {
  // Until each stream has had its first answer, nobody knows which is the longest.
  if ([...readers].some(({ pagesLeft }) => pagesLeft === Number.POSITIVE_INFINITY)) return;
  for (let free = Math.min(semaphore.idle(), semaphore.permits + SPARE_READERS - readers.size); free > 0; free--) {
    const worthIt = [...readers].filter(({ pagesLeft }) => pagesLeft >= MIN_PAGES_TO_SPLIT);
    if (!worthIt.sort((a, b) => b.pagesLeft - a.pagesLeft).some(({ split }) => split())) return;
  }
}
