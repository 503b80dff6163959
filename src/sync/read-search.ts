// One search stream: its work, cut into slices that are read side by side, becomes new records in the sink and claims of
// what is read. A claim is made only after the records it speaks of have reached the sink.
import type { Interval } from './intervals.ts';
import { floor, SECOND } from './pages.ts';
import { bySide, type Edges } from './plan.ts';
import type { Found, SearchPages, Side, Sink } from './source.ts';
import { fingerprint, type SearchWork } from './state.ts';
import { isWhole, type Senses, type Slice, walk } from './walk.ts';
import { walkBoth } from './walk-both.ts';

/** What has been read so far. It holds at every moment, also when reading ends with an error. */
export interface SearchProgress {
  /** One interval for each slice, growing as the slice is read. */
  readonly read: Interval[];
  /** Fingerprints of what was published, from `rememberFrom` on. */
  readonly fresh: Set<string>;
  records: number;
}

export interface SearchReading {
  readonly pages: SearchPages;
  readonly sink: Sink;
  readonly work: SearchWork;
  readonly edges: Edges;
  readonly progress: SearchProgress;
  /** How many more requests could be in flight if there were any to make. */
  readonly idle: () => number;
  readonly signal: AbortSignal;
}

/** A slice, and the part of the work it belongs to: what it finds outside of that is not its own. */
interface Reader {
  readonly slice: Slice;
  readonly part: Interval;
  readonly sides: Side | 'both';
  /** How many pages its last answer says are left; infinite until it has had one. */
  pagesLeft: number;
}

/** A slice is cut in two only when both halves keep a reader busy for some pages: each slice costs a page that is not full. */
const WORTH_CUTTING = 8;

/** Reads until the work is done. Rejects with what went wrong, once no reader is at work any more. */
export async function readSearch(reading: SearchReading): Promise<void> {
  const senses: Record<Side, Senses> = { live: { grain: 0 }, archive: { grain: 0 } };
  const readers = new Set<Reader>();
  const running: Promise<void>[] = [];
  let failure: { error: unknown } | undefined;

  function start(slice: Slice, part: Interval, sides: Reader['sides']): void {
    const reader: Reader = { slice, part, sides, pagesLeft: Number.POSITIVE_INFINITY };
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
    const { slice, part, sides } = reader;
    const claim = { from: slice.from, to: slice.from };
    reading.progress.read.push(claim);
    const steps = sides === 'both' ? walkBoth(slice, senses) : walk(slice, senses[sides], sides);
    // Nothing waits for the answer to what is whole, and the first step has no question before it.
    const nothing = undefined as never;
    for (let step = steps.next(nothing); !step.done && failure === undefined; ) {
      reading.signal.throwIfAborted();
      if (isWhole(step.value)) {
        const { whole, until } = step.value;
        await deliver(whole, part, reading);
        claim.to = Math.min(until, part.to);
        step = steps.next(nothing);
      } else {
        const page = await reading.pages.page(step.value);
        if (step.value.created === null && step.value.page === 1) reader.pagesLeft = (page.total ?? 0) / page.size;
        step = steps.next(page);
        share();
      }
    }
  }

  /** While requests could be in flight that are not, the largest slice gives half of what it has left to a new reader. */
  function share(): void {
    for (let free = reading.idle(); free > 0; free--) {
      const [largest] = [...readers]
        .filter(each => Number.isFinite(each.pagesLeft))
        .sort((a, b) => b.pagesLeft - a.pagesLeft);
      if (largest === undefined || largest.pagesLeft < WORTH_CUTTING) return;
      const { slice, part, sides } = largest;
      const from = Math.max(slice.from, slice.held);
      const middle = floor((from + slice.to) / 2, SECOND);
      if (middle <= from) return;
      const rest = { from: middle, to: slice.to, held: middle };
      slice.to = middle;
      largest.pagesLeft /= 2;
      start(rest, part, sides);
    }
  }

  for (const interval of reading.work.work) {
    for (const { part, sides } of bySide(interval, reading.edges)) {
      // A border on a whole second means the same to a search that compares seconds as to one that compares milliseconds.
      start({ from: part.from, to: -floor(-part.to, SECOND), held: part.from }, part, sides);
    }
  }
  // More readers may join while these are awaited.
  for (let n = 0; n < running.length; n++) await running[n];
  if (failure !== undefined) throw failure.error;
}

/** Hands on what is new among the records of some whole instants, each record once. */
async function deliver(
  whole: readonly Found[],
  part: Interval,
  { sink, work, progress }: SearchReading,
): Promise<void> {
  const fresh = new Map<string, Found>();
  const prints: string[] = [];
  for (const found of whole) {
    if (found.at < part.from || found.at >= part.to) continue;
    const remember = found.undated || found.at >= work.rememberFrom;
    if (remember || work.known.size > 0) {
      const print = fingerprint(found);
      if (work.known.has(print) || progress.fresh.has(print)) continue;
      if (remember) prints.push(print);
    }
    const other = fresh.get(found.resource.id);
    if (other === undefined || other.at < found.at) fresh.set(found.resource.id, found);
  }
  if (fresh.size === 0) return;
  await sink.write([...fresh.values()]);
  for (const print of prints) progress.fresh.add(print);
  progress.records += fresh.size;
}
