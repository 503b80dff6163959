/**
 * Counts what there is to read, with few requests and without reading it.
 *
 * A search says how many records a range holds, whatever its width. So the ranges begin as wide as they can be, and
 * only those that a plan needs to know more about are counted again, in two halves.
 */
import { isRefusal } from '../errors.ts';
import { archiveRefused } from '../kustomer/request-errors.ts';
import type { Source } from '../kustomer/source.ts';
import type { SearchStream } from '../kustomer/streams.ts';
import { clamp, type Interval, type IntervalSet } from '../sync/intervals.ts';
import { floorToSecond } from '../sync/pages.ts';
import { liveFrom, type SearchHorizon, splitByIndex } from '../sync/plan.ts';
import { isInWindow } from '../sync/read-list.ts';
import {
  type Counting,
  type LongList,
  type Page,
  type Resource,
  SEARCH_CAP,
  type SearchIndex,
  type SearchPages,
} from '../sync/source.ts';
import { type CountedRange, midpoint, pageCostOf, type RangeCount } from './estimate.ts';
import type { RemainingSearch } from './remaining.ts';

/** A range that can be counted again in parts. */
export interface CountableRange extends CountedRange {
  count(range: Interval): Promise<RangeCount>;
}

/** One search of a range: one index of a stream, or of a klass that is read on its own. */
interface Place {
  readonly range: Interval;
  readonly pages: SearchPages & Counting;
  readonly index: SearchIndex;
  /** Records that the search counts there. */
  readonly count: number;
}

/**
 * Counts what is left of a search stream.
 * @throws SyncError `forbidden` when the key may not read the stream.
 */
export async function countStream(source: Source, stream: SearchStream, remaining: RemainingSearch) {
  const { klasses, toSearch, horizon } = remaining;
  const searches = [source.search(stream), ...(klasses ?? []).map(klass => source.search(stream, klass))];
  const counted = await Promise.all(
    rangesByIndex(toSearch, horizon).map(async ({ range, indexes, begins }) => {
      const count = (part: Interval) => countEach(searches, indexes, part);
      return { range, continueRequests: begins * searches.length, count, places: await count(range) };
    }),
  );
  const samples = await samplePages(counted.flatMap(({ places }) => places));
  const page = pageCostOf(samples);
  return {
    /** In the order in which they are read. */
    ranges: counted.map(
      ({ range, continueRequests, count, places }): CountableRange => ({
        ...range,
        ...summarize(places),
        stream: stream.name,
        startRequests: places.reduce((sum, { count }) => sum + startOf(count / page.size), 0),
        continueRequests,
        page,
        count: async half => summarize(await count(half)),
      }),
    ),
    /** Some of the records, to judge the others by. */
    samples: samples.flatMap(({ found }) => found.map(({ resource }) => resource)),
  };
}

/**
 * The ranges by the indexes that they are read from, and in how many of these reading begins. Records move from the live
 * search to the archive somewhere in the range that is read from both, and may be in both for a while or never. So that
 * range is counted in two halves: in the early one the archive has all records, in the late one the live search.
 */
function rangesByIndex(ranges: IntervalSet, horizon: SearchHorizon) {
  const both: readonly SearchIndex[] = ['live', 'archive'];
  const middle = liveFrom(horizon);
  return ranges.flatMap(whole => {
    let before: readonly SearchIndex[] = [];
    return splitByIndex(whole, horizon).flatMap(({ range, index }) => {
      const indexes = index === 'both' ? both : [index];
      const parts =
        index === 'both' ? [...clamp([range], range.from, middle), ...clamp([range], middle, range.to)] : [range];
      return parts.map(part => {
        const begins = indexes.filter(each => !before.includes(each)).length;
        before = indexes;
        return { range: part, indexes, begins };
      });
    });
  });
}

/** Counts a range in each index of each search. */
function countEach(searches: readonly Place['pages'][], indexes: readonly SearchIndex[], range: Interval) {
  const places = searches.flatMap(pages => indexes.map(index => ({ range, pages, index })));
  return Promise.all(
    places.map(async (place): Promise<Place> => {
      const count = await place.pages.count(place.index, range.from, range.to).catch(async error => {
        if (place.index === 'live' || !isRefusal(error)) throw error;
        // A key without the role for the stream is refused here, too.
        await place.pages.count('live', range.from, range.to);
        throw archiveRefused(error);
      });
      return { ...place, count: count ?? SEARCH_CAP };
    }),
  );
}

/** What a search takes beyond its full pages: where its last page ends is chance, and it asks once where nothing is. */
function startOf(pages: number): number {
  return Math.max(1 / 2, 1 - pages);
}

/** A record that both indexes of a search show is read twice, and is one record. */
function summarize(places: readonly Place[]): RangeCount {
  const total = { records: 0, reads: 0, isCapped: places.some(({ count }) => count === SEARCH_CAP) };
  for (const indexes of Map.groupBy(places, ({ pages }) => pages).values()) {
    const counts = indexes.map(({ count }) => count);
    total.records += Math.max(...counts);
    total.reads += counts.reduce((a, b) => a + b, 0);
  }
  return total;
}

/** Where samples are taken, as fractions of all records of a stream. */
const SAMPLES = [1 / 4, 1 / 2, 3 / 4];

/** Some pages, from all over the records of a stream. */
async function samplePages(places: readonly Place[]): Promise<Page[]> {
  const total = places.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return [];
  const pages = SAMPLES.map(async sample => {
    let rank = sample * total;
    const place = places.find(({ count }) => {
      rank -= count;
      return rank < 0;
    }) as Place;
    const { range, count } = place;
    // Below zero by now, so it counts from the end of the range.
    const from = floorToSecond(range.to + (rank / count) * (range.to - range.from));
    const page = await firstPage(place, { from: Math.max(range.from, from), to: range.to });
    // Where nothing comes after that, all of it comes before.
    return page.found.length > 0 ? page : firstPage(place, range);
  });
  return Promise.all(pages);
}

/** The first page of a range, or of its beginning where the range is too wide for the search. */
async function firstPage(place: Place, { from, to }: Interval): Promise<Page> {
  const page = await place.pages.page({ index: place.index, from, to, created: null, page: 1 });
  const middle = midpoint({ from, to });
  return page.timedOut && middle !== null ? firstPage(place, { from, to: middle }) : page;
}

/**
 * Halves ranges and counts the halves, until no range needs it.
 * @param choose the ranges to halve, which must be longer than a second; asked again after each round
 */
export async function countHalves(
  ranges: readonly CountableRange[],
  choose: (ranges: readonly CountableRange[]) => readonly CountedRange[],
): Promise<readonly CountableRange[]> {
  for (let counted = ranges; ; ) {
    const chosen = new Set(choose(counted));
    if (chosen.size === 0) return counted;
    const halves = await Promise.all(counted.map(range => (chosen.has(range) ? halve(range) : [range])));
    counted = halves.flat();
  }
}

async function halve(range: CountableRange): Promise<CountableRange[]> {
  const middle = midpoint(range) as number;
  const early = await range.count({ from: range.from, to: middle });
  // Records come and go while they are counted.
  const rest = { records: Math.max(0, range.records - early.records), reads: Math.max(0, range.reads - early.reads) };
  const late = range.isCapped ? await range.count({ from: middle, to: range.to }) : rest;
  return [
    { ...range, ...early, to: middle },
    { ...range, ...late, from: middle, continueRequests: 0 },
  ];
}

/** What a list holds, estimated without reading it. */
export interface ListCount {
  /** Requests to read all of it. */
  readonly requests: number;
  /** Records to publish of it. */
  readonly records: number;
  /** Some of these records, to judge the others by. */
  readonly samples: readonly Resource[];
}

/**
 * Counts a list. As many of all its records are in the ranges as of those that were looked at.
 * @param ranges only records updated in these (ms) are published
 * @throws SyncError `forbidden` when the key may not read the list.
 */
export async function countList(list: Pick<LongList, 'extent'>, ranges: IntervalSet): Promise<ListCount> {
  const { pages, records, sample } = await list.extent();
  const samples = sample.filter(resource => ranges.some(range => isInWindow(resource, range)));
  return {
    // A list of several pages is read until two passes agree.
    requests: pages > 1 ? 2 * pages : 1,
    records: Math.round((records * samples.length) / Math.max(1, sample.length)),
    samples,
  };
}
