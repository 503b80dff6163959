/**
 * Splits counted ranges into shards that take about the same number of requests. Pure.
 *
 * The ranges lie one after the other on a scale of requests, which boundaries divide evenly. Within a range the records
 * are taken to lie evenly. So a range with a boundary in it has to be small, and {@link rangesToHalve} says which ones
 * have to be counted in two halves first.
 */
import { type IntervalSet, union } from '../sync/intervals.ts';
import { floorToSecond } from '../sync/pages.ts';
import { type CountedRange, midpoint, requestsFor } from './estimate.ts';

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
  const ends = [...boundaries, Number.POSITIVE_INFINITY];
  const split = ends.map((end, n) => {
    const shard = new Map<string, IntervalSet>();
    for (const segment of segments) {
      const { stream } = segment.range;
      const range = { from: timeAt(segment, ends[n - 1] ?? Number.NEGATIVE_INFINITY), to: timeAt(segment, end) };
      if (range.from < range.to) shard.set(stream, union(shard.get(stream) ?? [], [range]));
    }
    return shard;
  });
  const used = split.filter((shard, n) => shard.size > 0 || (n === 0 && fixed > 0));
  return used.length > 0 ? used : [new Map()];
}

type Segment = ReturnType<typeof scaleOf>['segments'][number];

/** The time (ms) in a range at which a boundary divides it; one end of the range for a boundary outside. */
function timeAt({ range, records, end }: Segment, boundary: number): number {
  if (boundary >= end) return range.to;
  // A boundary among the start requests comes before all of them.
  if (boundary <= records) return range.from;
  const fraction = (boundary - records) / (end - records);
  return Math.max(range.from, floorToSecond(range.from + fraction * (range.to - range.from)));
}

/** Each range on the scale (start requests up to `records`, then records), and what divides the scale evenly. */
function scaleOf(ranges: readonly CountedRange[], fixed: number, shards: number) {
  let total = 0;
  const segments = ranges.map((range, n) => {
    const start = total;
    // Every shard has the start requests of the range it begins in, so those of the first range do not count.
    const records = start + (n === 0 ? 0 : range.continueRequests);
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
