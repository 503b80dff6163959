/**
 * The readers of all search streams, which share the requests that may be in flight. While a permit has no reader, the
 * slice with the most pages left is split in two, whichever stream it belongs to: so all end at about the same time.
 */

/** The requests that may be in flight at once. */
interface Semaphore {
  readonly permits: number;
  /** How many permits no request is waiting for. */
  idle(): number;
}

export interface PooledReader {
  /** Gives the later half of the slice to a new reader; false when the slice cannot be split. */
  readonly split: () => boolean;
  /** Pages that the last response says are left; an estimate after a split, infinite before the first response. */
  readonly pagesLeft: number;
}

export interface ReaderPool {
  readonly semaphore: Semaphore;
  readonly readers: Set<PooledReader>;
}

/** Below this, a split costs more than it saves: every slice ends with a page that is not full. */
const MIN_PAGES_TO_SPLIT = 16;

/** Readers beyond the permits, which send requests while others write. Each has a page or two in memory. */
const SPARE_READERS = 1;

export function openReaderPool(semaphore: Semaphore): ReaderPool {
  return { semaphore, readers: new Set() };
}

/** Splits the largest slices until every permit has a reader, as far as that pays. */
export function splitLargest({ semaphore, readers }: ReaderPool): void {
  // Until every stream has had its first response, it is unknown which is the longest.
  if ([...readers].some(({ pagesLeft }) => pagesLeft === Number.POSITIVE_INFINITY)) return;
  for (let free = Math.min(semaphore.idle(), semaphore.permits + SPARE_READERS - readers.size); free > 0; free--) {
    const large = [...readers].filter(({ pagesLeft }) => pagesLeft >= MIN_PAGES_TO_SPLIT);
    if (!large.sort((a, b) => b.pagesLeft - a.pagesLeft).some(({ split }) => split())) return;
  }
}
