// How much a window holds, counted as closely as a cut into shards needs it, with as few requests as that takes.
import { gzipSync } from 'node:zlib';
import type { Config } from '../config/config.ts';
import { isKind } from '../errors.ts';
import type { Source } from '../kustomer/source.ts';
import type { ListStream, SearchStream } from '../kustomer/streams.ts';
import { Lines } from '../records/record.ts';
import type { Interval, IntervalSet } from '../sync/intervals.ts';
import { findMissingKlasses } from '../sync/klasses-job.ts';
import { floorToSecond } from '../sync/pages.ts';
import { type SearchPlan, splitByIndex } from '../sync/plan.ts';
import { isInWindow } from '../sync/read-list.ts';
import type { Counting, Extent, Page, Resource, SearchIndex, SearchPages } from '../sync/source.ts';
import { perPageOf } from './per-page.ts';
import { CAP, type CountedRange, halves, isCapped, midpoint, recordsOf, type Sizes, tooCoarse } from './split.ts';

/** What is to be counted of one stream. */
export interface Countable {
  readonly stream: SearchStream;
  readonly plan: SearchPlan;
  /** Klasses that are read apart. */
  readonly klasses: readonly string[] | null;
  readonly work: IntervalSet;
}

/** Part of the records of a stream. */
const TRIFLE = 0.05;

/** One search of a stream, live or archive. */
interface Asked {
  count(window: Interval): Promise<number>;
  /** The first page of a window, or of its beginning, where the window is too wide for the search. */
  page(window: Interval): Promise<Page>;
}

/** A stretch that can be counted more closely. */
interface Counted extends CountedRange {
  readonly ask: readonly Asked[];
  /** Where records go from the archive to the live search, about; null when that is not within the stretch. */
  readonly edge: number | null;
}

/** The same before it is known how its pages are read. */
type Unjudged = Omit<Counted, 'perPage'>;

/**
 * The stretches of a stream, counted once.
 * @throws SyncError `forbidden` when the key may not read the stream.
 */
export async function countStream(source: Source, { stream, plan, klasses, work }: Countable): Promise<Unjudged[]> {
  const searches = [source.search(stream), ...(klasses ?? []).map(klass => source.search(stream, klass))];
  const parts = work.flatMap(interval => splitByIndex(interval, plan.horizon));
  const stretches = await Promise.all(
    parts.map(async ({ range, index: choice }) => {
      const asked: readonly SearchIndex[] = choice === 'both' ? ['live', 'archive'] : [choice];
      const ask = searches.flatMap(search => asked.map(index => askedOf(search, index)));
      const counts = await Promise.all(ask.map(each => each.count(range)));
      const edge = choice === 'both' ? within(range, (plan.horizon.live + plan.horizon.archive) / 2) : null;
      return { ...range, stream: stream.name, counts, copies: asked.length, ask, begins: ask.length, edge };
    }),
  );
  return withoutTrifles(stretches);
}

function askedOf(search: SearchPages & Counting, index: SearchIndex): Asked {
  return {
    count: async ({ from, to }) => (await search.count(index, from, to)) ?? CAP,
    async page(window) {
      const page = await search.page({ index, ...window, created: null, page: 1 });
      const middle = midpoint(window);
      return page.timedOut && middle !== null ? this.page({ from: window.from, to: middle }) : page;
    },
  };
}

/** Where it makes no difference whether two searches have the same records, it is not worth a count. */
function withoutTrifles(stretches: readonly Unjudged[]): Unjudged[] {
  const apart = (each: Unjudged) => ({ ...each, copies: 1, edge: null });
  const total = recordsOf(stretches.map(apart));
  return stretches.map(each => (recordsOf([apart(each)]) - recordsOf([each]) > TRIFLE * total ? each : apart(each)));
}

function within({ from, to }: Interval, at: number): number | null {
  return at > from && at < to ? at : null;
}

/** The same stretches, divided where a cut into shards needs to know more. */
export async function refine(
  stretches: readonly Counted[],
  sizes: Sizes,
  shardsOf: (stretches: readonly CountedRange[]) => number,
): Promise<readonly Counted[]> {
  // On each side of the edge one of the searches has all there is, whether or not the other one still has it, too.
  const begun = await Promise.all(stretches.map(each => (each.edge === null ? [each] : divide(each, each.edge))));
  for (let all = begun.flat(); ; ) {
    const coarse = new Set<CountedRange>(tooCoarse(all, sizes, shardsOf(all)));
    if (coarse.size === 0) return all;
    const divided = await Promise.all(
      all.map(each => (coarse.has(each) ? divide(each, midpoint(each) as number) : [each])),
    );
    all = divided.flat();
  }
}

async function divide(stretch: Counted, middle: number): Promise<Counted[]> {
  const { from, to, counts, ask } = stretch;
  const [early, late] = await Promise.all([
    Promise.all(ask.map(each => each.count({ from, to: middle }))),
    Promise.all(ask.map((each, n) => (isCapped(counts[n] as number) ? each.count({ from: middle, to }) : null))),
  ]);
  return halves(stretch, middle, early, late).map(half => ({ ...half, ask, edge: null }));
}

/** Klasses that only their own search shows; null where they may not be listed, which the shards then say. */
export async function missingKlasses(
  source: Source,
  stream: SearchStream,
  plan: SearchPlan,
  signal: AbortSignal,
): Promise<string[] | null> {
  try {
    return await findMissingKlasses(source.klasses(stream), plan, () => false, signal);
  } catch (error) {
    if (!isKind(error, 'forbidden')) throw error;
    return null;
  }
}

/** Where samples are taken: parts of all records of a stream. */
const SAMPLES = [1 / 6, 1 / 2, 5 / 6];

/** Some pages of a stream, from here and there, of each of its searches as often as it has records. */
export async function sample(stretches: readonly Unjudged[]): Promise<Page[]> {
  const places = stretches.flatMap(at => at.ask.map((asked, n) => ({ at, asked, count: at.counts[n] as number })));
  const ends = places.map((_, n) => places.slice(0, n + 1).reduce((sum, { count }) => sum + count, 0));
  const total = ends.at(-1) ?? 0;
  if (total === 0) return [];
  const pages = SAMPLES.map(async part => {
    const n = ends.findIndex(end => end >= part * total);
    const { at, asked, count } = places[n] as (typeof places)[number];
    const share = 1 - ((ends[n] as number) - part * total) / count;
    const from = Math.max(at.from, floorToSecond(at.from + share * (at.to - at.from)));
    const page = await asked.page({ from, to: at.to });
    // Where nothing comes after that, it is all before.
    return page.found.length > 0 ? page : asked.page({ from: at.from, to: at.to });
  });
  return Promise.all(pages);
}

/** The same stretches, with what their pages take beside a request each, judged by some of them. */
export function judged(stretches: readonly Unjudged[], pages: readonly Page[]): Counted[] {
  const perPage = perPageOf(pages);
  return stretches.map(each => ({ ...each, perPage }));
}

/** What a list has, as far as that can be told without reading it. */
export interface Listed {
  readonly requests: number;
  readonly records: number;
  /** Some of the records, to judge the others by. */
  readonly found: readonly Resource[];
}

export async function countList(source: Source, stream: ListStream, wanted: Interval): Promise<Listed> {
  return listed(await source.list(stream).extent(), [wanted]);
}

/** What only a list still has of a search stream: what it shows of a time before the search's reach. */
export async function countOld(source: Source, stream: SearchStream, work: IntervalSet): Promise<Listed> {
  if (work.length === 0) return { requests: 0, records: 0, found: [] };
  return listed(await source.archiveList(stream).extent(), work);
}

/** As many of all records as of those that were looked at are in the work. */
function listed(extent: Extent, work: IntervalSet): Listed {
  const found = extent.sample.filter(resource => work.some(interval => isInWindow(resource, interval)));
  const records = Math.round((extent.records * found.length) / Math.max(1, extent.sample.length));
  return { requests: requestsForList(extent), records, found };
}

/** A list of several answers is read until two passes agree. */
function requestsForList({ pages }: Extent): number {
  return pages > 1 ? 2 * pages : 1;
}

/** Bytes of a record as it will be written, by some that were looked at. */
export function meanBytes(found: readonly Resource[], { format, gzip }: Pick<Config, 'format' | 'gzip'>): number {
  const lines = new Lines(256 * 1024);
  for (const resource of found) lines.add(resource, format);
  const bytes = gzip ? gzipSync(lines.bytes()).length : lines.length;
  return found.length === 0 ? 0 : bytes / found.length;
}
