/**
 * Reads one search stream in slices, several at once. A range counts as read only after its records have reached the
 * sink, so the progress is true at every moment, also when reading ends with an error.
 */
import { isRefusal, type SyncError } from '../errors.ts';
import { type Emitter, openEmitter } from './emitter.ts';
import { clamp, type Interval, minus } from './intervals.ts';
import { readByKeyset } from './keyset-reader.ts';
import { readLiveAndArchive } from './live-and-archive-reader.ts';
import { ceilToSecond, floorToSecond, SECOND_MS } from './pages.ts';
import { type IndexChoice, indexOf, LIVE_ONLY, liveFrom, type SearchHorizon } from './plan.ts';
import { type PooledReader, type ReaderPool, splitLargest } from './reader-pool.ts';
import { type Page, SEARCH_CAP, type SearchIndex, type SearchPages, type Sink } from './source.ts';
import { MAX_CLOCK_LEAD_MS, type SearchWork } from './state.ts';
import { isBatch, type Slice, type Step } from './steps.ts';

export interface SearchProgress {
  /** A range for each slice, which grows as the slice is read. */
  readonly read: Interval[];
  /** Dedup keys of what was written, from {@link MAX_CLOCK_LEAD_MS} before `dedupSince` of the work on. */
  readonly newDedupKeys: Set<string>;
  /** Records written. */
  records: number;
  /** Set when reading begins. */
  recordsLeft?: () => RecordsLeft;
}

/** An estimate: NaN as long as nothing is known. */
export interface RecordsLeft {
  readonly records: number;
  /** There may be more: the source has counted as far as it can count. */
  readonly isCapped: boolean;
}

interface ReadSearchOptions {
  readonly pages: SearchPages;
  readonly sink: Sink;
  readonly work: SearchWork;
  readonly horizon: SearchHorizon;
  readonly progress: SearchProgress;
  readonly pool: ReaderPool;
  readonly signal: AbortSignal;
}

interface Reader extends PooledReader {
  readonly slice: Slice;
  /** Range of the work that the slice belongs to. */
  readonly range: Interval;
  index: IndexChoice;
  /** Its item of {@link SearchProgress.read}. */
  readonly read: { readonly from: number; to: number };
  readonly emitter: Emitter;
  /** Pages left, by index: see {@link PooledReader}. */
  readonly pagesIn: Record<SearchIndex, number>;
  pageSize: number;
  isCapped: boolean;
}

type Left = Pick<Reader, 'pagesIn' | 'pageSize' | 'isCapped'>;

/** Of the index that is read first. */
function nothingKnown(index: IndexChoice): Left {
  const [live, archive] = index === 'archive' ? [0, Number.POSITIVE_INFINITY] : [Number.POSITIVE_INFINITY, 0];
  return { pagesIn: { live, archive }, pageSize: 1, isCapped: false };
}

/** What a reader is resumed with after an output. The first step of a reader has no page before it either. */
const NO_PAGE = undefined as never;

/**
 * Reads until all is read. Where Kustomer refuses the archive search, it reads what the live search has, as with
 * `archive: never`.
 * @returns the refusal of the archive search; undefined when there was none
 * @throws what went wrong first, once no reader is running any more
 */
export async function readSearch(options: ReadSearchOptions): Promise<SyncError | undefined> {
  const { pages, work, horizon, progress } = options;
  const refusal = await new SearchReaders(options).run();
  if (refusal === undefined) return undefined;
  const from = liveFrom(horizon);
  // Where nobody has asked the live search yet, the key may lack the role for the stream.
  if (work.toRead.every(({ to }) => to <= horizon.live)) {
    await pages.page({ index: 'live', from, to: from + SECOND_MS, created: null, page: 1 });
  }
  const toRead = clamp(minus(work.toRead, progress.read), from, Number.POSITIVE_INFINITY);
  await new SearchReaders({ ...options, work: { ...work, toRead }, horizon: LIVE_ONLY }).run();
  return refusal;
}

class SearchReaders {
  readonly #options: ReadSearchOptions;
  readonly #running: Promise<void>[] = [];
  readonly #readers = new Set<Reader>();
  #failure: { readonly error: unknown } | undefined;
  #archiveRefusal: SyncError | undefined;

  constructor(options: ReadSearchOptions) {
    this.#options = options;
    options.progress.recordsLeft = () => this.#recordsLeft();
  }

  #recordsLeft(): RecordsLeft {
    const readers = [...this.#readers];
    const records = Math.round(readers.reduce((sum, { pagesLeft, pageSize }) => sum + pagesLeft * pageSize, 0));
    return {
      records: Number.isFinite(records) ? records : Number.NaN,
      isCapped: readers.some(({ isCapped }) => isCapped),
    };
  }

  /** @returns the refusal of the archive search, after which only the live search was read on */
  async run(): Promise<SyncError | undefined> {
    const { work, horizon } = this.#options;
    for (const range of work.toRead) {
      const slice = { from: range.from, to: ceilToSecond(range.to), splitBarrier: range.from };
      const index = indexOf(range, horizon);
      this.#start(slice, range, index, nothingKnown(index));
    }
    // Splits add readers while these are awaited.
    for (let n = 0; n < this.#running.length; n++) await this.#running[n];
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#archiveRefusal;
  }

  #start(slice: Slice, range: Interval, index: IndexChoice, { pagesIn, pageSize, isCapped }: Left): void {
    const { pool, progress } = this.#options;
    const read = { from: slice.from, to: slice.from };
    const { dedupKeys, dedupSince } = this.#options.work;
    const work = { dedupKeys, dedupSince: dedupSince - MAX_CLOCK_LEAD_MS };
    const emitter = openEmitter({ ...this.#options, work }, range);
    const reader: Reader = {
      ...{ slice, range, index, read, emitter, pagesIn: { ...pagesIn }, pageSize, isCapped },
      get pagesLeft() {
        return this.pagesIn.live + this.pagesIn.archive;
      },
      split: () => this.#split(reader),
    };
    this.#readers.add(reader);
    progress.read.push(read);
    pool.readers.add(reader);
    const running = this.#run(reader).catch(error => {
      if (error !== this.#archiveRefusal) this.#failure ??= { error };
    });
    this.#running.push(running.finally(() => this.#end(reader)));
  }

  #end(reader: Reader): void {
    this.#options.pool.readers.delete(reader);
    this.#readers.delete(reader);
  }

  async #run(reader: Reader): Promise<void> {
    const { slice, index, emitter } = reader;
    const { pool, signal, horizon } = this.#options;
    const steps = index === 'both' ? readLiveAndArchive(slice, horizon) : readByKeyset(slice, index);
    try {
      for (let step = steps.next(NO_PAGE); !step.done && !this.#isOver(reader); ) {
        signal.throwIfAborted();
        const page = await this.#perform(reader, step.value);
        step = steps.next(page);
        if (page !== NO_PAGE) splitLargest(pool);
      }
    } finally {
      await emitter.discard();
    }
  }

  /** A method of its own, so that no page stays in memory while the next one is awaited. */
  async #perform(reader: Reader, step: Step): Promise<Page> {
    const { slice, read, range, emitter, pagesIn } = reader;
    if (isBatch(step)) {
      const { action, records, until } = step;
      if (action === 'delegate') await this.#delegate(reader, until);
      else if (action === 'stage') await emitter.stage(records, until);
      else if (await emitter.commit(records, until)) read.to = Math.min(until, range.to);
      return NO_PAGE;
    }
    const page = await this.#options.pages.page(step).catch(error => {
      if (step.index !== 'archive' || !isRefusal(error)) throw error;
      this.#archiveRefusal ??= error;
      throw this.#archiveRefusal;
    });
    if (step.created === null && step.page === 1) {
      const { from, to } = step;
      // The slice may have been split since the request; its records are taken to be evenly distributed.
      const rest = Math.min(1, Math.max(0, (slice.to - from) / (to - from)));
      pagesIn[step.index] = (rest * (page.total ?? 0)) / page.size;
      reader.pageSize = page.size;
      reader.isCapped = page.total === SEARCH_CAP;
    }
    return page;
  }

  /** Whether a reader is to read nothing more. */
  #isOver({ slice, index }: Reader): boolean {
    if (this.#failure !== undefined) return true;
    const needsArchive = index === 'archive' || (index === 'both' && slice.from < this.#options.horizon.archive);
    return needsArchive && this.#archiveRefusal !== undefined;
  }

  /** Leaves to another reader what a reader has to read from `until` (ms) on. */
  async #delegate(reader: Reader, until: number): Promise<void> {
    const { slice, range, emitter, pagesIn } = reader;
    const later = { from: until, to: slice.to, splitBarrier: until };
    slice.to = until;
    reader.index = 'archive';
    // What the live index has shown so far comes after that time, and is read again.
    slice.splitBarrier = slice.from;
    await emitter.discard();
    const index = indexOf(later, this.#options.horizon);
    this.#start(later, range, index, nothingKnown(index));
    pagesIn.live = 0;
  }

  #split(reader: Reader): boolean {
    const { slice, range, index, pagesIn } = reader;
    const from = Math.max(slice.from, slice.splitBarrier);
    const middle = floorToSecond((from + slice.to) / 2);
    if (middle <= from || this.#isOver(reader)) return false;
    const later = { from: middle, to: slice.to, splitBarrier: middle };
    slice.to = middle;
    pagesIn.live /= 2;
    pagesIn.archive /= 2;
    this.#start(later, range, index, reader);
    return true;
  }
}
