/**
 * A search that fits in a test: pages of a few records, everything that a search may do wrong, and no sockets. It answers
 * the readers directly, so that thousands of small cases take seconds.
 */
import { readByKeyset } from '../../src/sync/keyset-reader.ts';
import { readLiveAndArchive } from '../../src/sync/live-and-archive-reader.ts';
import { indexOf, type SearchHorizon } from '../../src/sync/plan.ts';
import type { DatedRecord, Page, SearchIndex, SearchRequest } from '../../src/sync/source.ts';
import { isBatch, type Slice, type Steps } from '../../src/sync/steps.ts';
import { Random } from '../world/kustomer/index.ts';
import { resourceOf } from '../world/resource.ts';

export interface Tiny {
  readonly id: string;
  at: number;
  /** NaN: it has none. */
  readonly created: number;
}

/** What is wrong with an answer. */
export type Lie =
  | 'timed-out'
  | 'timed-out-empty'
  | 'total-high'
  | 'total-low'
  | 'unsorted'
  | 'short-end'
  | 'short-middle'
  | 'out-of-window'
  | 'page-1'
  | 'empty'
  | 'undated';

/** Milliseconds that a time is rounded down to. */
type Precision = 1 | 1_000;

export interface TinyOptions {
  readonly size: number;
  /** Precision of the times in a request. */
  readonly requested: Precision;
  /** Precision of the times of records, when they are compared with those. */
  readonly stored: Precision;
  /** Precision of the order; as `requested` when left out. */
  readonly sorted?: Precision;
  /** Order of records that are the same to the search. */
  readonly order: 'stable' | 'unstable';
  /** Records of a result that are returned at most. */
  readonly maxRecords: number;
  /** Where the live index begins, and where the archive index ends. */
  readonly horizon: Record<SearchIndex, number>;
  readonly seed: number;
  /** Whether an answer has a total. */
  readonly totals: boolean;
  /** Whether every page has a link to a next one, the last page as well. */
  readonly endless: boolean;
  /** Nobody asks for an order: the records come in two halves, each of which is in the order of time. */
  readonly isUnordered: boolean;
  /** What is wrong with the answer to a request, counted from 1. */
  readonly lie: (request: number) => Lie | undefined;
  /** Called before each answer, to change the records. */
  readonly before: (request: number, search: SearchRequest, records: Map<string, Tiny>) => void;
}

const HONEST: TinyOptions = {
  size: 5,
  requested: 1,
  stored: 1,
  order: 'stable',
  maxRecords: Number.POSITIVE_INFINITY,
  horizon: { live: Number.NEGATIVE_INFINITY, archive: Number.POSITIVE_INFINITY },
  seed: 1,
  totals: true,
  endless: false,
  isUnordered: false,
  lie: () => undefined,
  before: () => {},
};

const floor = (at: number, ms: number) => Math.floor(at / ms) * ms;

export class TinySearch {
  readonly options: TinyOptions;
  readonly records: Map<string, Tiny>;
  readonly requests: SearchRequest[] = [];
  readonly #random: Random;

  constructor(records: readonly Tiny[], options: Partial<TinyOptions> = {}) {
    this.options = { ...HONEST, ...options };
    this.records = new Map(records.map(each => [each.id, { ...each }]));
    this.#random = new Random(this.options.seed);
  }

  page(request: SearchRequest): Page {
    const { size, requested, stored, maxRecords, horizon, totals, endless } = this.options;
    this.requests.push(request);
    if (!Number.isInteger(request.from) || !(request.from < request.to))
      throw new Error(`requested ${request.from} to ${request.to}`);
    this.options.before(this.requests.length, request, this.records);
    const lie = this.options.lie(this.requests.length);
    const shown = [...this.records.values()].filter(
      ({ at, created }) =>
        (request.index === 'live' ? at >= horizon.live : at < horizon.archive) &&
        floor(at, stored) >= floor(request.from, requested) &&
        floor(at, stored) < floor(request.to, requested) &&
        (request.created === null ||
          (floor(created, stored) >= floor(request.created.from ?? Number.NEGATIVE_INFINITY, requested) &&
            floor(created, stored) < floor(request.created.to ?? Number.POSITIVE_INFINITY, requested))),
    );
    const sorted = this.#sorted(shown, lie === 'unsorted');
    const number = lie === 'page-1' ? 1 : request.page;
    let page = sorted.slice((number - 1) * size, Math.min(number * size, maxRecords));
    if (lie === 'timed-out' || lie === 'short-end') page = page.slice(0, Math.floor(page.length / 2));
    if (lie === 'short-middle') page = page.filter((_, n) => n === 0 || n >= page.length / 2);
    if (lie === 'empty' || lie === 'timed-out-empty') page = [];
    if (lie === 'out-of-window') {
      const other = { id: 'out-of-window', at: floor(request.from, 1_000) - 5_000, created: 0 };
      page = [other, ...page.slice(0, size - 1)];
    }
    // A search that timed out may count only what it has seen.
    const counted = lie === 'timed-out-empty' ? 0 : sorted.length;
    const total = counted + (lie === 'total-high' ? 3 : lie === 'total-low' ? -Math.min(2, sorted.length) : 0);
    return {
      found: page.map((each, n) => found(each, lie === 'undated' && n % 2 === 0)),
      total: totals ? total : null,
      hasMore: endless || lie === 'page-1' || number * size < total,
      size,
      timedOut: lie === 'timed-out' || lie === 'timed-out-empty',
      isUnordered: this.options.isUnordered,
    };
  }

  /** By time, in the precision of the search. */
  #sorted(shown: Tiny[], isUnsorted: boolean): Tiny[] {
    const { requested, sorted = requested, order, isUnordered } = this.options;
    const halfOf = ({ id }: Tiny) => (isUnordered ? hash(id) % 2 : 0);
    const isStable = order === 'stable' && !isUnsorted;
    const timeOf = ({ at }: Tiny) => (isUnsorted ? 0 : floor(at, sorted));
    return shown
      .map(each => ({ each, time: timeOf(each), rank: isStable ? hash(each.id) : this.#random.next() }))
      .sort((a, b) => halfOf(a.each) - halfOf(b.each) || a.time - b.time || a.rank - b.rank)
      .map(({ each }) => each);
  }
}

export function found({ id, at, created }: Tiny, undated = false): DatedRecord {
  const attributes = {
    ...(Number.isNaN(created) ? {} : { createdAt: new Date(created).toISOString() }),
    ...(undated ? {} : { updatedAt: new Date(at).toISOString() }),
  };
  return { at: undated ? Number.NaN : at, resource: resourceOf({ id, type: 'note', attributes }) };
}

function hash(id: string): number {
  let sum = 2_166_136_261;
  for (let n = 0; n < id.length; n++) sum = Math.imul(sum ^ id.charCodeAt(n), 16_777_619) >>> 0;
  return sum;
}

/** Runs the tie reader to its end. @returns all records that it has staged or returned */
export function runTieReader(steps: Steps<DatedRecord[]>, search: TinySearch, maxRequests = 5_000): DatedRecord[] {
  const staged: DatedRecord[] = [];
  let step = steps.next(undefined as never);
  while (!step.done) {
    if (search.requests.length >= maxRequests) throw new Error(`not done after ${maxRequests} requests`);
    if (isBatch(step.value)) {
      staged.push(...step.value.records);
      step = steps.next(undefined as never);
    } else {
      step = steps.next(search.page(step.value));
    }
  }
  return [...staged, ...step.value];
}

export interface ReadSlices {
  /** The committed records of all slices, in the order of the commits. */
  readonly committed: DatedRecord[];
  /** What each slice has synced. */
  readonly synced: { from: number; to: number }[];
  readonly slices: Slice[];
}

/** A slice whose reader waits for an answer. */
interface Reader {
  readonly slice: Slice;
  index: SearchIndex | 'both';
  readonly synced: { readonly from: number; to: number };
  readonly steps: Steps;
  /** As in the emitter: records that count when everything before `until` has been read. */
  readonly staged: { records: DatedRecord[]; until: number };
  request: SearchRequest;
}

interface ReadOptions {
  readonly splitsAt?: ReadonlySet<number>;
  readonly maxRequests?: number;
  /** What the plan takes for the horizon. */
  readonly horizon?: SearchHorizon;
}

/** Everything may be in both indexes. */
export const BOTH: SearchHorizon = { live: Number.NEGATIVE_INFINITY, archive: Number.POSITIVE_INFINITY };

/**
 * Reads a window with several readers, as readSearch does: at each of the requests `splitsAt`, the first slice that can be
 * split is split. Which of the readers gets its answer next is random.
 */
export function readSlices(
  search: TinySearch,
  window: { from: number; to: number },
  index: SearchIndex | 'both',
  { splitsAt = new Set<number>(), maxRequests = 5_000, horizon = BOTH }: ReadOptions = {},
): ReadSlices {
  const random = new Random(search.options.seed + 1);
  const result: ReadSlices = { committed: [], synced: [], slices: [] };
  const waiting: Reader[] = [];

  const start = (slice: Slice, index: SearchIndex | 'both') => {
    const synced = { from: slice.from, to: slice.from };
    result.slices.push(slice);
    result.synced.push(synced);
    const steps = index === 'both' ? readLiveAndArchive(slice, horizon) : readByKeyset(slice, index);
    const staged = { records: [], until: Number.NEGATIVE_INFINITY };
    resume({ slice, index, synced, steps, staged, request: undefined as never }, undefined as never);
  };
  /** Runs a reader up to its next request. */
  const resume = (reader: Reader, page: Page) => {
    let step = reader.steps.next(page);
    while (!step.done && isBatch(step.value)) {
      const { action, records, until } = step.value;
      if (action === 'delegate') {
        const { slice } = reader;
        const later = { from: until, to: slice.to, splitBarrier: until };
        slice.to = until;
        reader.index = 'archive';
        slice.splitBarrier = slice.from;
        Object.assign(reader.staged, { records: [], until: Number.NEGATIVE_INFINITY });
        start(later, indexOf(later, horizon));
        step = reader.steps.next(undefined as never);
        continue;
      }
      const { staged, synced } = reader;
      for (const { at } of records) if (at < synced.to || at >= until) throw new Error(`${at} is not in the output`);
      if (until < synced.to) throw new Error(`the output goes back to ${until}`);
      // As in the emitter: the first of two copies counts, and a commit waits for everything that is staged.
      const latest = new Map(staged.records.map(({ at, resource }) => [resource.id, at]));
      const fresh = new Map<string, DatedRecord>();
      for (const record of records) {
        if (record.at <= (latest.get(record.resource.id) ?? Number.NEGATIVE_INFINITY)) continue;
        latest.set(record.resource.id, record.at);
        fresh.set(record.resource.id, record);
      }
      staged.records.push(...fresh.values());
      if (action === 'stage') staged.until = Math.max(staged.until, until);
      else if (until >= staged.until) {
        result.committed.push(...staged.records);
        synced.to = until;
        staged.records = [];
      }
      step = reader.steps.next(undefined as never);
    }
    reader.request = step.value as SearchRequest;
    if (!step.done) waiting.push(reader);
  };

  start({ ...window, splitBarrier: window.from }, index);
  while (waiting.length > 0) {
    if (search.requests.length >= maxRequests) throw new Error(`not done after ${maxRequests} requests`);
    const [reader] = waiting.splice(random.int(0, waiting.length), 1) as [Reader];
    const page = search.page(reader.request);
    // The answer to one slice may split another slice, whose request is in flight.
    if (splitsAt.has(search.requests.length)) splitFirst([reader, ...waiting], start);
    resume(reader, page);
  }
  return result;
}

function splitFirst(readers: readonly Reader[], start: (slice: Slice, index: Reader['index']) => void): void {
  for (const { slice, index } of readers) {
    const from = Math.max(slice.from, slice.splitBarrier);
    const middle = floor((from + slice.to) / 2, 1_000);
    if (middle <= from) continue;
    const later = { from: middle, to: slice.to, splitBarrier: middle };
    slice.to = middle;
    start(later, index);
    return;
  }
}
