// The plan that `mode: plan` would make of the first sync of the organization, by the arithmetic that it uses.

import { DISK_LIMITS } from '../../src/commands/disk-limits.ts';
import { rates } from '../../src/kustomer/budget.ts';
import {
  bytesPerRecord,
  type CountedRange,
  midpoint,
  minutesFor,
  requestsFor,
  type ShardBudgets,
  shardsFor,
  startRequestsFor,
} from '../../src/shards/estimate.ts';
import { formatMatrix, formatShard, type Shard } from '../../src/shards/shard.ts';
import { rangesToHalve, splitIntoShards } from '../../src/shards/split.ts';
import { SEARCH_CAP } from '../../src/sync/source.ts';
import { DAY, MINUTE, NOW, SEARCHED, SEARCHED_NAMES, type Searched, SINCE, samplesOf, YEAR } from './company.ts';

export const SEARCHES_PER_MINUTE = 100;
export const TIME_BUDGET = 330 * MINUTE;
const HORIZON = NOW - 2 * YEAR;

export type Compression = 'none' | 'gzip';

const samples = new Map(SEARCHED_NAMES.map(name => [name, samplesOf(name)]));

const sizes = new Map(
  [...samples].flatMap(([name, { resources }]) =>
    (['none', 'gzip'] as const).map(
      compression =>
        [`${name} ${compression}`, bytesPerRecord(resources, { recordFormat: 'flat', compression })] as const,
    ),
  ),
);

/** Bytes of a record as it is written. Another zlib may compress a little more or less. */
export function recordBytes(name: Searched, compression: Compression): number {
  return sizes.get(`${name} ${compression}`) ?? 0;
}

/** A range and what is in it, whatever a search says of that. */
interface Range extends CountedRange {
  readonly all: number;
}

/** @param cap the most that a search counts */
function rangeOf(stream: Searched, from: number, to: number, cap: number): Range {
  const all = Math.round((SEARCHED[stream].records * (to - from)) / (NOW - SINCE));
  const records = Math.min(cap, all);
  const page = samples.get(stream)?.page ?? { size: 500, requests: 1 };
  const isBegin = from === SINCE || from === HORIZON;
  const startRequests = isBegin ? 0.5 : 0;
  return {
    stream,
    from,
    to,
    all,
    records,
    reads: records,
    isCapped: all >= cap,
    startRequests,
    continueRequests: startRequests,
    page,
  };
}

/** Ranges as they are counted first: before and after the search horizon. Old notes are in no search. */
function firstRanges(cap: number): Range[] {
  return SEARCHED_NAMES.flatMap(name =>
    [...(name === 'notes' ? [] : [[SINCE, HORIZON] as const]), [HORIZON, NOW] as const].map(([from, to]) =>
      rangeOf(name, from, to, cap),
    ),
  );
}

export interface Planned {
  /** Requests to count. */
  readonly counting: number;
  readonly searches: number;
  readonly minutes: number;
  readonly shards: number;
  /** Bytes of the output `matrix`. */
  readonly matrix: number;
  /** Bytes of one shard in it, at most. */
  readonly largestShard: number;
}

interface PlanOptions {
  readonly shardsAtOnce: number;
  readonly compression: Compression;
  /** The most that a search counts; none by default. */
  readonly cap?: number;
}

const plans = new Map<string, Planned>();

export function planOf(options: PlanOptions): Planned {
  const key = JSON.stringify(options);
  const planned = plans.get(key) ?? makePlan(options);
  plans.set(key, planned);
  return planned;
}

function makePlan({ shardsAtOnce, compression, cap = Number.POSITIVE_INFINITY }: PlanOptions): Planned {
  const { search, other } = rates(SEARCHES_PER_MINUTE, null);
  const budgets: ShardBudgets = {
    searchesPerMinute: search,
    othersPerMinute: other,
    shardsAtOnce,
    mostShards: 256,
    timeBudgetMs: TIME_BUDGET,
    maxBytes: DISK_LIMITS.maxParts,
  };
  let ranges = firstRanges(cap);
  let counting = ranges.length + 3 * SEARCHED_NAMES.length;
  const numberFor = (all: readonly Range[]) =>
    shardsFor(sum(all, requestsFor) + startRequestsFor(all), budgets, loadsOf(all, compression));
  for (;;) {
    const chosen = new Set<CountedRange>(rangesToHalve(ranges, 0, numberFor(ranges)));
    if (chosen.size === 0) break;
    ranges = ranges.flatMap(range => {
      if (!chosen.has(range)) return [range];
      counting += range.isCapped ? 2 : 1;
      const middle = midpoint(range) as number;
      const stream = range.stream as Searched;
      return [rangeOf(stream, range.from, middle, cap), rangeOf(stream, middle, range.to, cap)];
    });
  }
  const shards = splitIntoShards(ranges, 0, numberFor(ranges));
  const searches = Math.round(sum(ranges, requestsFor) + startRequestsFor(ranges));
  const texts = shards.map((search, n): Shard => ({ ...EXAMPLE, number: n + 1, of: shards.length, search }));
  return {
    counting,
    searches,
    minutes: Math.round(minutesFor(searches, 0, budgets)),
    shards: shards.length,
    matrix: formatMatrix(texts).length,
    largestShard: Math.max(...texts.map(shard => JSON.stringify(formatShard(shard)).length)),
  };
}

function loadsOf(ranges: readonly Range[], compression: Compression) {
  return SEARCHED_NAMES.map(name => {
    const own = ranges.filter(({ stream }) => stream === name);
    return {
      requests: sum(own, requestsFor),
      bytes: sum(own, ({ records }) => records) * recordBytes(name, compression),
    };
  });
}

const EXAMPLE = {
  plan: '0123456789ab',
  window: { from: SINCE, to: NOW },
  cutoff: NOW - MINUTE,
  inputs: '01234567',
  generation: 0,
  lists: [],
  klasses: null,
};

/** Klasses that need a search of their own, and still fit into a matrix of so many shards. */
export function mostKlasses({ shards, matrix }: Planned, nameBytes: number): number {
  // Each name in quotes, which are escaped in the matrix, and after a comma.
  return Math.floor((128 * 1_024 - 100 - matrix) / (shards * (nameBytes + 5)));
}

/** The longest window of the organization (ms) whose plan is counted within a run, where a search counts no further than its cap. */
export function longestCountedWindow(): number {
  const { counting } = planOf({ shardsAtOnce: 1, compression: 'gzip', cap: SEARCH_CAP });
  const most = (SEARCHES_PER_MINUTE * TIME_BUDGET) / MINUTE;
  return Math.floor(((NOW - SINCE) * Math.min(1, most / counting)) / DAY) * DAY;
}

function sum<T>(all: readonly T[], of: (each: T) => number): number {
  return all.reduce((total, each) => total + of(each), 0);
}
