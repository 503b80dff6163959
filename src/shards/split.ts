/**
 * Splits counted ranges into shards that take about the same number of requests. Pure.
 *
 * The ranges lie one after the other on a scale of requests, which boundaries divide evenly. Within a range the records
 * are taken to lie evenly. So a range with a boundary in it has to be small, and {@link rangesToHalve} says which ones
 * have to be counted in two halves first.
 */
import { type Interval, type IntervalSet, union } from '../sync/intervals.ts';
import { floor, SECOND } from '../sync/pages.ts';
import { type CountedRange, midpoint, type RangeCount, requestsFor } from './estimate.ts';

/** Fraction of a shard by which a boundary may be wrong, as the records around it need not lie evenly. */
const TOLERANCE = 0.06;
/** Fraction of a shard that a range without a boundary may be. All of it may be in one second, which costs more. */
const LARGEST_RANGE = 0.25;

/**
 * The ranges that have to be halved and counted again before a split into `shards` shards.
 * @param fixed requests of the first shard for what cannot be split
 */
export function rangesToHalve(ranges: readonly CountedRange[], fixed: number, shards: number): CountedRange[] {
  const { segments, boundaries, share } = scaleOf(ranges, fixed, shards);
  return segments.flatMap(({ range, start, end }) => {
    const hasBoundary = boundaries.some(boundary => boundary > start && boundary < end);
    const isLarge = requestsFor(range) > Math.max(1, (hasBoundary ? TOLERANCE : LARGEST_RANGE) * share);
    return midpoint(range) !== null && (range.isCapped || isLarge) ? [range] : [];
  });
}

/**
 * Two ranges for one, halved at `middle` (ms).
 * @param early the count of the first half
 * @param late that of the second half; null: what the first half leaves of the whole
 */
export function halve<Range extends CountedRange>(
  range: Range,
  middle: number,
  early: RangeCount,
  late: RangeCount | null,
): [Range, Range] {
  // Records come and go while they are counted.
  const records = Math.max(0, range.records - early.records);
  const reads = Math.max(0, range.reads - early.reads);
  return [
    { ...range, ...early, to: middle },
    { ...range, ...(late ?? { records, reads }), from: middle, continues: true },
  ];
}

/**
 * Splits the ranges, in the order in which they are to be read, into shards: for each, its ranges by stream. There are
 * fewer than `shards` where there are not enough records or seconds to split at, and at least one.
 * @param fixed requests of the first shard for what cannot be split
 */
export function splitIntoShards(
  ranges: readonly CountedRange[],
  fixed: number,
  shards: number,
): Map<string, IntervalSet>[] {
  const { segments, boundaries } = scaleOf(ranges, fixed, shards);
  const split: Map<string, IntervalSet>[] = Array.from({ length: shards }, () => new Map());
  let n = 0;
  for (const { range, records, end } of segments) {
    let { from } = range;
    for (; n < boundaries.length && (boundaries[n] as number) < end; n++) {
      const boundary = boundaries[n] as number;
      // A boundary among the start requests comes before all of them.
      const fraction = boundary > records ? (boundary - records) / (end - records) : 0;
      const to = Math.max(from, floor(range.from + fraction * (range.to - range.from), SECOND));
      add(split[n] as Map<string, IntervalSet>, range.stream, { from, to });
      from = to;
    }
    add(split[n] as Map<string, IntervalSet>, range.stream, { from, to: range.to });
  }
  const used = split.filter((shard, n) => shard.size > 0 || (n === 0 && fixed > 0));
  return used.length > 0 ? used : [new Map()];
}

function add(shard: Map<string, IntervalSet>, stream: string, range: Interval): void {
  if (range.from < range.to) shard.set(stream, union(shard.get(stream) ?? [], [range]));
}

interface Scale {
  /** Where each range lies on the scale: its start requests up to `records`, then its records. */
  readonly segments: readonly {
    readonly range: CountedRange;
    readonly start: number;
    readonly records: number;
    readonly end: number;
  }[];
  /** Where one shard ends and the next one begins. */
  readonly boundaries: readonly number[];
  /** Requests of a shard. */
  readonly share: number;
}

function scaleOf(ranges: readonly CountedRange[], fixed: number, shards: number): Scale {
  let total = 0;
  const segments = ranges.map((range, n) => {
    const start = total;
    // Every shard has the start requests of the range it begins in, so those of the first range do not count.
    const records = start + (n === 0 || range.continues ? 0 : range.startRequests);
    total = records + requestsFor(range);
    return { range, start, records, end: total };
  });
  const even = (total + fixed) / shards;
  // Where the fixed requests are more than an even share, the first shard has nothing else.
  const isAlone = fixed > even && shards > 1;
  const share = isAlone ? total / (shards - 1) : even;
  const first = isAlone ? 0 : share - fixed;
  return { segments, share, boundaries: Array.from({ length: shards - 1 }, (_, n) => first + n * share) };
}
