// A window divided among runs: how much there is, where to count more closely, and where to cut. Pure arithmetic.
import { type Interval, type IntervalSet, union } from '../sync/intervals.ts';
import { floorToSecond } from '../sync/pages.ts';

/** A stretch of one stream, and what is known of how much is in it. */
export interface CountedRange extends Interval {
  readonly stream: string;
  /** Records, one count for each search that is asked about it: live and archive, and klasses read apart. */
  readonly counts: readonly number[];
  /** How many counts in a row are of the same records: two where live and archive may both have them, else one. */
  readonly copies: number;
  /** Requests where one begins here, and does not go on from the stretch before: for each search a page that is not full. */
  readonly begins: number;
  /** Requests for a full page of records: one, and now and then another. */
  readonly perPage: number;
}

export interface Sizes {
  /** Records of a page. */
  readonly page: number;
  /** Requests of the first shard beside those for the stretches: what cannot be divided. */
  readonly fixed: number;
}

/**
 * So many records, or more: a search may count no further (docs/kustomer-api.md#search-depth), and what it does not
 * count may be many.
 */
export const CAP = 10_000;
/** So much of a shard is looked at more closely, as it may be the records of one second. */
const LARGE_TIE_GROUP = 0.25;
/** And no less than so many pages. */
const SMALL_TIE_GROUP = 2;
/** Records of one second that are more than a page are met, learned from, read through, counted, and looked at again. */
const EXTRA_REQUESTS_PER_TIE_GROUP = 6;
/** Or, where there are many of them, read in parts that are not full. */
const IN_PARTS = 1.4;
/** A cut may be wrong by so much of a shard, as the records of the stretch it falls into need not lie evenly. */
const TOLERANCE = 0.04;
/** So little is one record's worth of time that it matters only where there are no records to go by. */
const SPAN_WORTH = 1e-3;

/** Requests for the records of a stretch. */
export function requestsFor(
  stretch: Pick<CountedRange, 'from' | 'to' | 'counts' | 'perPage'>,
  { page }: Pick<Sizes, 'page'>,
): number {
  const isOne = midpoint(stretch) === null;
  const requests = (pages: number) =>
    isOne && pages > 1 ? Math.max(EXTRA_REQUESTS_PER_TIE_GROUP + pages, IN_PARTS * pages) : stretch.perPage * pages;
  return stretch.counts.reduce((sum, count) => sum + requests(count / page), 0);
}

/** Requests for some stretches that are read one after the other. */
export function requestsForAll(stretches: readonly CountedRange[], sizes: Pick<Sizes, 'page'>): number {
  return stretches.reduce((sum, each) => sum + each.begins + requestsFor(each, sizes), 0);
}

/** About how many records the stretches hold. What two searches have is read from both, and is there once. */
export function recordsOf(stretches: readonly Pick<CountedRange, 'counts' | 'copies'>[]): number {
  return stretches.reduce((sum, { counts, copies }) => {
    const each = counts.flatMap((_, n) => (n % copies === 0 ? [Math.max(...counts.slice(n, n + copies))] : []));
    return sum + each.reduce((a, b) => a + b, 0);
  }, 0);
}

/** Whether a count says "so many or more". */
export function isCapped(count: number): boolean {
  return count === CAP;
}

/**
 * The stretches that have to be counted in two halves before the cut into `shards` parts: those with a cut in them, as long
 * as they are so large that it matters where, those that may be a large part of a shard in one second, which takes longer,
 * and those whose count may be no count.
 */
export function tooCoarse(stretches: readonly CountedRange[], sizes: Sizes, shards: number): CountedRange[] {
  const { starts, weights, share, borders } = scaleOf(stretches, sizes, shards);
  return stretches.filter((stretch, n) => {
    if (midpoint(stretch) === null) return false;
    if (stretch.counts.some(isCapped)) return true;
    const start = starts[n] as number;
    const end = start + (weights[n] as number);
    const requests = requestsFor(stretch, sizes);
    const isCut = borders.some(border => border > start && border < end);
    return requests > (isCut ? Math.max(1, TOLERANCE * share) : Math.max(SMALL_TIE_GROUP, LARGE_TIE_GROUP * share));
  });
}

/** Where a stretch is divided: at a whole second, which means the same to every search. Null when it cannot be. */
export function midpoint({ from, to }: Interval): number | null {
  const middle = floorToSecond((from + to) / 2);
  return middle > from && middle < to ? middle : null;
}

/** Two stretches for one. A count that is no cap says what the other half has. */
export function halves(
  stretch: CountedRange,
  middle: number,
  early: readonly number[],
  late: readonly (number | null)[],
): [CountedRange, CountedRange] {
  const rest = stretch.counts.map((count, n) => late[n] ?? Math.max(0, count - (early[n] as number)));
  return [
    { ...stretch, to: middle, counts: early },
    { ...stretch, from: middle, counts: rest, begins: 0 },
  ];
}

/**
 * The stretches, which must be in the order they are to be read in, cut into so many parts of about the same number of
 * requests; fewer where there are not so many seconds to cut at.
 */
export function splitIntoShards(
  stretches: readonly CountedRange[],
  sizes: Sizes,
  shards: number,
): Map<string, IntervalSet>[] {
  const { starts, weights, begins, borders } = scaleOf(stretches, sizes, shards);
  const parts: Map<string, IntervalSet>[] = Array.from({ length: shards }, () => new Map());
  let n = 0;
  for (const [place, stretch] of stretches.entries()) {
    const start = starts[place] as number;
    const weight = weights[place] as number;
    const begin = start + (begins[place] as number);
    const end = start + weight;
    let { from } = stretch;
    for (; n < borders.length && (borders[n] as number) < end; n++) {
      const share = Math.max(0, (borders[n] as number) - begin) / (end - begin);
      const border = Math.max(from, floorToSecond(stretch.from + share * (stretch.to - stretch.from)));
      put(parts[n] as Map<string, IntervalSet>, stretch.stream, { from, to: border });
      from = border;
    }
    put(parts[n] as Map<string, IntervalSet>, stretch.stream, { from, to: stretch.to });
  }
  const some = parts.filter((part, n) => part.size > 0 || (n === 0 && sizes.fixed > 0));
  return some.length === 0 ? parts.slice(0, 1) : some;
}

function put(part: Map<string, IntervalSet>, stream: string, piece: Interval): void {
  if (piece.from < piece.to) part.set(stream, union(part.get(stream) ?? [], [piece]));
}

/** The stretches one after the other on a line of requests, and where on it one part ends and the next begins. */
function scaleOf(stretches: readonly CountedRange[], sizes: Sizes, shards: number) {
  const span = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  // What a part begins with it asks for anyway.
  const begins = stretches.map(({ begins }, n) => (n === 0 ? 0 : begins));
  const weights = stretches.map(
    (each, n) => (begins[n] as number) + requestsFor(each, sizes) + (SPAN_WORTH * (each.to - each.from)) / span,
  );
  const starts: number[] = [];
  let total = 0;
  for (const weight of weights) {
    starts.push(total);
    total += weight;
  }
  const even = (total + sizes.fixed) / shards;
  // What cannot be divided may be more than a share: then the first part is that alone.
  const isAlone = sizes.fixed > even && shards > 1;
  const share = isAlone ? total / (shards - 1) : even;
  const first = isAlone ? 0 : share - sizes.fixed;
  return { starts, weights, begins, share, borders: Array.from({ length: shards - 1 }, (_, n) => first + n * share) };
}

export interface ShardBudgets {
  /** Searches a minute of all shards together. */
  readonly searchesPerMinute: number;
  /** Other requests beside them; none where both spend one budget. */
  readonly othersPerMinute: number;
  readonly shardsAtOnce: number;
  /** No more of them for the sake of an even number. */
  readonly mostShards: number;
  readonly timeBudgetMs: number;
}

/** Part of the time budget that a shard is planned to take: requests are repeated, and publishing takes time, too. */
const MARGIN = 0.8;

/** What each of those that run side by side has of a budget: a whole number. */
function partOf(perMinute: number, { shardsAtOnce }: ShardBudgets): number {
  return Math.max(1, Math.floor(perMinute / shardsAtOnce));
}

/** How long it takes at the budgets. Lists are read by one shard alone, beside the searches where these leave it a part. */
export function minutesFor(searches: number, others: number, pace: ShardBudgets): number {
  const { searchesPerMinute, othersPerMinute, shardsAtOnce } = pace;
  const perMinute = shardsAtOnce * partOf(searchesPerMinute, pace);
  if (othersPerMinute === 0) return (searches + others) / perMinute;
  return Math.max(searches / perMinute, others / partOf(othersPerMinute, pace));
}

/** How many shards there have to be, so that each fits into one job and none of those that run side by side is idle. */
export function shardsFor(requests: number, pace: ShardBudgets): number {
  const { shardsAtOnce, mostShards, timeBudgetMs } = pace;
  const fits = Math.max(1, Math.floor((partOf(pace.searchesPerMinute, pace) * timeBudgetMs * MARGIN) / 60_000));
  const needed = Math.ceil(requests / fits);
  return Math.min(shardsAtOnce * Math.max(1, Math.ceil(needed / shardsAtOnce)), Math.max(needed, mostShards));
}
