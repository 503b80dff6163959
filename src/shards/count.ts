/**
 * Counts what there is to read, with few requests and without reading it.
 *
 * A search says how many records a range holds, whatever its width. So the ranges begin as wide as they can be, and
 * only those that a plan needs to know more about are counted again, in two halves.
 */
import type { Source } from '../kustomer/source.ts';
import type { ListStream, SearchStream } from '../kustomer/streams.ts';
import { clamp, type Interval, type IntervalSet } from '../sync/intervals.ts';
import { floorToSecond } from '../sync/pages.ts';
import { type SearchHorizon, splitByIndex } from '../sync/plan.ts';
import { isInWindow } from '../sync/read-list.ts';
import type { Counting, Extent, Page, Resource, SearchIndex, SearchPages } from '../sync/source.ts';
import { type CountedRange, midpoint, pageCostOf, type RangeCount } from './estimate.ts';
import { halve } from './split.ts';

/** A range that can be counted again in parts. */
export interface CountableRange extends CountedRange {
  count(range: Interval): Promise<RangeCount>;
}

/** What a search stream holds. */
export interface CountedStream {
  /** In the order in which they are read. */
  readonly ranges: readonly CountableRange[];
  /** Some of the records, to judge the others by. */
  readonly samples: readonly Resource[];
}

/** One index of a stream, or of a klass that is read on its own. */
interface Search {
  readonly pages: SearchPages & Counting;
  readonly index: SearchIndex;
}

/**
 * A search may count no further than this (docs/kustomer-api.md#search-depth), so this count means "this many or more".
 */
const CAP = 10_000;

/**
 * Counts the ranges of a search stream.
 * @param klasses klasses of KObjects that only their own search shows
 * @throws SyncError `forbidden` when the key may not read the stream.
 */
export async function countStream(
  source: Source,
  stream: SearchStream,
  klasses: readonly string[],
  ranges: IntervalSet,
  horizon: SearchHorizon,
): Promise<CountedStream> {
  const streams = [source.search(stream), ...klasses.map(klass => source.search(stream, klass))];
  const counted = await Promise.all(
    rangesByIndex(ranges, horizon).map(async ({ range, indexes, continues }) => {
      const searches = streams.map(pages => indexes.map(index => ({ pages, index })));
      return { range, continues, searches, counts: await countEach(searches, range) };
    }),
  );
  const places = counted.flatMap(({ range, searches, counts }) =>
    searches.flat().map((search, n) => ({ range, search, count: counts.flat()[n] as number })),
  );
  const samples = await samplePages(places);
  const page = pageCostOf(samples);
  return {
    ranges: counted.map(({ range, continues, searches, counts }) => ({
      ...range,
      ...summarize(counts),
      stream: stream.name,
      startRequests: searches.flat().length,
      continues,
      page,
      count: async half => summarize(await countEach(searches, half)),
    })),
    samples: samples.flatMap(({ found }) => found.map(({ resource }) => resource)),
  };
}

/**
 * The ranges by the indexes that they are read from. Records move from the live search to the archive somewhere in the
 * range that is read from both, and may be in both for a while or never. So that range is counted in two halves: in the
 * early one the archive has all records, in the late one the live search.
 */
function rangesByIndex(ranges: IntervalSet, horizon: SearchHorizon) {
  const both: readonly SearchIndex[] = ['live', 'archive'];
  const middle = (horizon.live + horizon.archive) / 2;
  return ranges
    .flatMap(range => splitByIndex(range, horizon))
    .flatMap(({ range, index }) => {
      if (index !== 'both') return [{ range, indexes: [index], continues: false }];
      const halves = [...clamp([range], range.from, middle), ...clamp([range], middle, range.to)];
      return halves.map((half, n) => ({ range: half, indexes: both, continues: n > 0 }));
    });
}

/** Counts a range in each search: the indexes of the stream itself, then those of each klass. */
function countEach(searches: readonly (readonly Search[])[], { from, to }: Interval): Promise<number[][]> {
  const count = async ({ pages, index }: Search) => (await pages.count(index, from, to)) ?? CAP;
  return Promise.all(searches.map(indexes => Promise.all(indexes.map(count))));
}

/** A record that both indexes of a search show is read twice, and is one record. */
function summarize(counts: readonly (readonly number[])[]): RangeCount {
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return {
    records: sum(counts.map(indexes => Math.max(...indexes))),
    reads: sum(counts.flat()),
    isCapped: counts.flat().includes(CAP),
  };
}

/** Where samples are taken, as fractions of all records of a stream. */
const SAMPLES = [1 / 4, 1 / 2, 3 / 4];

/** One search of a range, and how many records it counts there. */
interface Place {
  readonly range: Interval;
  readonly search: Search;
  readonly count: number;
}

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
    const { range, search, count } = place;
    // Below zero by now, so it counts from the end of the range.
    const from = floorToSecond(range.to + (rank / count) * (range.to - range.from));
    const page = await firstPage(search, { from: Math.max(range.from, from), to: range.to });
    // Where nothing comes after that, all of it comes before.
    return page.found.length > 0 ? page : firstPage(search, range);
  });
  return Promise.all(pages);
}

/** The first page of a range, or of its beginning where the range is too wide for the search. */
async function firstPage(search: Search, range: Interval): Promise<Page> {
  const page = await search.pages.page({ index: search.index, ...range, created: null, page: 1 });
  const middle = midpoint(range);
  return page.timedOut && middle !== null ? firstPage(search, { from: range.from, to: middle }) : page;
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
    const halves = await Promise.all(counted.map(range => (chosen.has(range) ? countInHalves(range) : [range])));
    counted = halves.flat();
  }
}

async function countInHalves(range: CountableRange): Promise<CountableRange[]> {
  const middle = midpoint(range) as number;
  const [early, late] = await Promise.all([
    range.count({ from: range.from, to: middle }),
    range.isCapped ? range.count({ from: middle, to: range.to }) : null,
  ]);
  return halve(range, middle, early, late);
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
 * Counts a list stream.
 * @param wanted only records updated in this range (ms) are published
 * @throws SyncError `forbidden` when the key may not read the list.
 */
export async function countList(source: Source, stream: ListStream, wanted: Interval): Promise<ListCount> {
  return listCount(await source.list(stream).extent(), [wanted]);
}

/** Counts the notes that only their list still shows (docs/kustomer-api.md#old-notes). */
export async function countOldNotes(source: Source, stream: SearchStream, ranges: IntervalSet): Promise<ListCount> {
  if (ranges.length === 0) return { requests: 0, records: 0, samples: [] };
  return listCount(await source.archiveList(stream).extent(), ranges);
}

/** As many of all records are in the ranges as of those that were looked at. */
function listCount({ pages, records, sample }: Extent, ranges: IntervalSet): ListCount {
  const samples = sample.filter(resource => ranges.some(range => isInWindow(resource, range)));
  return {
    // A list of several pages is read until two passes agree.
    requests: pages > 1 ? 2 * pages : 1,
    records: Math.round((records * samples.length) / Math.max(1, sample.length)),
    samples,
  };
}
