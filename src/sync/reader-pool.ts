/**
 * The readers of all search streams, which share the requests that may be in flight. While a permit has no reader, the
 * slice with the most pages left is split in two, whichever stream it belongs to: so all end at about the same time.
 */

/** What the source allows. */
interface RequestLimits {
  /** Requests that may be in flight at once. */
  readonly permits: number;
  /** How many permits no request is waiting for. */
  idle(): number;
  /** How long the budget makes this number of further searches take, however many are in flight (ms). */
  msForSearches(searches: number): number;
  /** How long a search takes from its start to its response (ms); NaN before the first response. */
  msPerSearch(): number;
}

export interface PooledReader {
  /** Gives the later half of the slice to a new reader; false when the slice cannot be split. */
  readonly split: () => boolean;
  /** Pages that the last response says are left; an estimate after a split, infinite before the first response. */
  readonly pagesLeft: number;
}

export interface ReaderPool {
  readonly limits: RequestLimits;
  readonly readers: Set<PooledReader>;
}

/** Below this, a split costs more than it saves: every slice ends with a page that is not full. */
export const MIN_PAGES_TO_SPLIT = 16;
/** The part of the time of the budget that the longest slice may take: its answers may become slower. */
const MAX_SHARE_OF_LONGEST = 2 / 3;

/** Readers beyond the permits, which send requests while others write. Each has a page or two in memory. */
const SPARE_READERS = 1;

export function openReaderPool(limits: RequestLimits): ReaderPool {
  return { limits, readers: new Set() };
}

/** Splits the largest slices until every permit has a reader, as far as that pays. */
export function splitLargest({ limits, readers }: ReaderPool): void {
  // Until every stream has had its first response, it is unknown which is the longest.
  if ([...readers].some(({ pagesLeft }) => pagesLeft === Number.POSITIVE_INFINITY)) return;
  for (let free = Math.min(limits.idle(), limits.permits + SPARE_READERS - readers.size); free > 0; free--) {
    const large = [...readers].filter(reader => paysToSplit(reader, { limits, readers }));
    if (!large.sort((a, b) => b.pagesLeft - a.pagesLeft).some(({ split }) => split())) return;
  }
}

/** Whether a slice would end later than all requests have had their place in the budget, that of the split included. */
function paysToSplit({ pagesLeft }: PooledReader, { limits, readers }: ReaderPool): boolean {
  if (pagesLeft < MIN_PAGES_TO_SPLIT) return false;
  const searches = [...readers].reduce((sum, reader) => sum + Math.ceil(reader.pagesLeft), 1);
  return pagesLeft * limits.msPerSearch() > MAX_SHARE_OF_LONGEST * limits.msForSearches(searches);
}
