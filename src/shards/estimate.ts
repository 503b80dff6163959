/**
 * What the ranges of a plan hold and take to read: records, bytes, requests, minutes, and the number of shards. Pure.
 *
 * An estimate decides how many jobs to start. What does not move it by more than some percent is left out.
 */
import { gzipSync } from 'node:zlib';
import type { PartsOptions } from '../records/parts.ts';
import { type LineOptions, Lines } from '../records/record.ts';
import type { Interval } from '../sync/intervals.ts';
import { MIN_ORDERED_SECONDS } from '../sync/keyset-reader.ts';
import { floorToSecond } from '../sync/pages.ts';
import type { Page, Resource } from '../sync/source.ts';

/** What the searches that read a range count in it. */
export interface RangeCount {
  readonly records: number;
  /** Records to be read: a record that both the live search and the archive show is read from both. */
  readonly reads: number;
  /** A search counted as far as it ever counts, so there may be more. */
  readonly isCapped: boolean;
}

/** A range of `updated_at` (ms since the epoch) of one stream, and what is known of its records. */
export interface CountedRange extends Interval, RangeCount {
  readonly stream: string;
  /** Requests of a shard that begins to read here: for each search about half of one, or one where it finds nothing. */
  readonly startRequests: number;
  /** The same for a shard that reads the range before, too: searches that read both begin once. */
  readonly continueRequests: number;
  /** Records of a full page, and requests for each full page of records: one, and now and then another. */
  readonly page: { readonly size: number; readonly requests: number };
}

/** Where a range is halved: at a whole second, which means the same to every search. Null when it is one second. */
export function midpoint({ from, to }: Interval): number | null {
  const middle = floorToSecond((from + to) / 2);
  return middle > from && middle < to ? middle : null;
}

/** Requests for each page of a tie group beyond one page: `tie-reader.ts` reads it in pages that are not full. */
const REQUESTS_PER_TIE_PAGE = 1.4;

/** Requests for the records of a range, less those with which a shard begins. */
export function requestsFor(range: Pick<CountedRange, 'from' | 'to' | 'reads' | 'page'>): number {
  const pages = range.reads / range.page.size;
  const isTieGroup = midpoint(range) === null && pages > 1;
  return pages * (isTieGroup ? REQUESTS_PER_TIE_PAGE : range.page.requests);
}

/** Requests with which a shard begins that reads these ranges one after the other. */
export function startRequestsFor(ranges: readonly CountedRange[]): number {
  return ranges.reduce((sum, range, n) => sum + (n === 0 ? range.startRequests : range.continueRequests), 0);
}

/** Records of a full page, where no page was seen (docs/kustomer-api.md#page-size). */
const FULL_PAGE = 500;

/** What the pages of a stream cost, judged by some of them. */
export function pageCostOf(samples: readonly Page[]): CountedRange['page'] {
  const full = samples.filter(({ found, size }) => found.length >= size);
  const requests = full.reduce((sum, page) => sum + requestsForPage(page) / full.length, 0);
  return { size: Math.min(FULL_PAGE, ...samples.map(({ size }) => size)), requests: Math.max(1, requests) };
}

/** Requests for a full page: `keyset-reader.ts` reads the second in which a page ends again, with the next page. */
function requestsForPage({ found }: Page): number {
  const seconds = [...Map.groupBy(found, ({ at }) => floorToSecond(at)).values()];
  // Too few seconds to prove the order of the page, so it is read a second time.
  if (seconds.length <= MIN_ORDERED_SECONDS) return 2;
  // Where a page ends is chance: at any of its records, with half of the records of the same second before it.
  const repeated = seconds.reduce((sum, { length }) => sum + (length * length) / 2, 0) / found.length;
  return 1 / (1 - repeated / found.length);
}

/** Bytes of a record as it will be written, judged by some records. 0 without any. */
export function bytesPerRecord(
  samples: readonly Resource[],
  options: LineOptions & Pick<PartsOptions, 'compression'>,
): number {
  const lines = new Lines(256 * 1024);
  for (const resource of samples) lines.add(resource, options);
  const bytes = options.compression === 'gzip' ? gzipSync(lines.bytes()).length : lines.length;
  return samples.length === 0 ? 0 : bytes / samples.length;
}

/** The budgets that the shards of a plan share. */
export interface ShardBudgets {
  /** Searches a minute of all shards together. */
  readonly searchesPerMinute: number;
  /** Other requests a minute beside them; 0 where searches and others spend one budget. */
  readonly othersPerMinute: number;
  /** How many shards run side by side. */
  readonly shardsAtOnce: number;
  /** The most shards that a matrix takes. */
  readonly mostShards: number;
  /** Of one shard. */
  readonly timeBudgetMs: number;
  /** What one shard may write. */
  readonly maxBytes: number;
}

/** What is to be read of one stream. */
export interface StreamLoad {
  readonly requests: number;
  readonly bytes: number;
}

/** Fraction of the time budget that a shard is planned for: requests are repeated, and publishing takes time, too. */
const PLANNED_TIME = 0.8;
/** Fraction of its bytes that a shard is planned for: the samples may have been small records. */
const PLANNED_BYTES = 0.8;

/** What a shard gets of a budget: a whole number of requests a minute. */
function perShard(perMinute: number, { shardsAtOnce }: ShardBudgets): number {
  return Math.max(1, Math.floor(perMinute / shardsAtOnce));
}

/**
 * Minutes for all shards at the budgets. One shard alone reads the lists, beside the searches if the budgets are two.
 * @param others requests for the lists
 */
export function minutesFor(searches: number, others: number, budgets: ShardBudgets): number {
  const { searchesPerMinute, othersPerMinute, shardsAtOnce } = budgets;
  const perMinute = shardsAtOnce * perShard(searchesPerMinute, budgets);
  if (othersPerMinute === 0) return (searches + others) / perMinute;
  return Math.max(searches / perMinute, others / perShard(othersPerMinute, budgets));
}

/** The most that a shard of so many requests may write, in bytes: those of the streams with the largest records. */
function mostBytes(loads: readonly StreamLoad[], requests: number): number {
  let [left, sum] = [requests, 0];
  for (const load of [...loads].sort((a, b) => b.bytes / b.requests - a.bytes / a.requests)) {
    const taken = Math.min(left, load.requests);
    sum += (load.bytes * taken) / load.requests;
    left -= taken;
  }
  return sum;
}

/**
 * The number of shards: enough for each to fit into the time budget of a job and onto its disk, and a multiple of those
 * that run at once, so that none of these is idle. More than `mostShards` when fewer do not fit.
 * @param loads what there is to read of each stream
 */
export function shardsFor(requests: number, budgets: ShardBudgets, loads: readonly StreamLoad[] = []): number {
  const { searchesPerMinute, shardsAtOnce, mostShards, timeBudgetMs, maxBytes } = budgets;
  const most = Math.floor((perShard(searchesPerMinute, budgets) * timeBudgetMs * PLANNED_TIME) / 60_000);
  const searched = loads.filter(load => load.requests > 0);
  let needed = Math.max(1, Math.ceil(requests / Math.max(1, most)));
  while (needed <= mostShards && mostBytes(searched, requests / needed) > PLANNED_BYTES * maxBytes) needed++;
  const even = shardsAtOnce * Math.max(1, Math.ceil(needed / shardsAtOnce));
  return Math.min(even, Math.max(needed, mostShards));
}
