// How much a window holds, counted as closely as a cut into shards needs it, with as few requests as that takes.
import type { Source } from './kustomer/source.ts';
import type { ListStream, SearchStream } from './kustomer/streams.ts';
import { CAP, halves, isCapped, middleOf, type Sizes, type Stretch, tooCoarse } from './sync/cut.ts';
import type { Interval, IntervalSet } from './sync/intervals.ts';
import { findHidden } from './sync/job-kobjects.ts';
import { bySide, type SearchPlan } from './sync/plan.ts';
import { isWanted } from './sync/read-list.ts';
import type { Extent, Page, Resource, SearchPages, Side } from './sync/source.ts';

/** What is to be counted of one stream. */
export interface Countable {
  readonly stream: SearchStream;
  readonly plan: SearchPlan;
  readonly work: IntervalSet;
}

type Count = (from: number, to: number) => Promise<number>;

/** A stretch that can be counted more closely. */
interface Counted extends Stretch {
  readonly ask: readonly Count[];
}

/**
 * The stretches of a stream, counted once, and how many klasses of it hide.
 * @throws SyncError `forbidden` when the key may not read the stream.
 */
export async function countStream(
  source: Source,
  { stream, plan, work }: Countable,
  signal: AbortSignal,
): Promise<{ stretches: Counted[]; hidden: number }> {
  if (work.length === 0) return { stretches: [], hidden: 0 };
  const hidden = stream.name === 'kobjects' ? await hiddenKlasses(source, stream, plan, signal) : [];
  const searches = [source.search(stream), ...hidden.map(klass => source.klass(stream, klass))];
  const parts = work.flatMap(interval => bySide(interval, plan.edges));
  const stretches = await Promise.all(
    parts.map(async ({ part, sides }) => {
      const asked: readonly Side[] = sides === 'both' ? ['live', 'archive'] : [sides];
      const ask = searches.flatMap(search =>
        asked.map(
          (side): Count =>
            async (from, to) =>
              (await search.count(side, from, to)) ?? CAP,
        ),
      );
      const counts = await Promise.all(ask.map(count => count(part.from, part.to)));
      return { ...part, stream: stream.name, counts, ask, begins: ask.length };
    }),
  );
  return { stretches, hidden: hidden.length };
}

/** The same stretches, divided where a cut into shards needs to know more. */
export async function refine(
  stretches: readonly Counted[],
  sizes: Sizes,
  shardsOf: (stretches: readonly Stretch[]) => number,
): Promise<readonly Counted[]> {
  for (let all = stretches; ; ) {
    const coarse = new Set<Stretch>(tooCoarse(all, sizes, shardsOf(all)));
    if (coarse.size === 0) return all;
    const divided = await Promise.all(all.map(each => (coarse.has(each) ? divide(each) : [each])));
    all = divided.flat();
  }
}

async function divide(stretch: Counted): Promise<Counted[]> {
  const { from, to, counts, ask } = stretch;
  const middle = middleOf(stretch) as number;
  const [early, late] = await Promise.all([
    Promise.all(ask.map(count => count(from, middle))),
    Promise.all(ask.map((count, n) => (isCapped(counts[n] as number) ? count(middle, to) : null))),
  ]);
  return halves(stretch, middle, early, late).map(half => ({ ...half, ask }));
}

/** A klass that may not be listed is not counted, and the shards say so. */
async function hiddenKlasses(source: Source, stream: SearchStream, plan: SearchPlan, signal: AbortSignal) {
  try {
    return await findHidden(source.klasses(stream), plan, () => false, signal);
  } catch (error) {
    if ((error as { trouble?: string }).trouble !== 'forbidden') throw error;
    return [];
  }
}

/** Where samples are taken: parts of all records of a stream. */
const SAMPLES = [1 / 6, 1 / 2, 5 / 6];

/** Some pages of a stream, from here and there. */
export async function sample(
  source: Source,
  stream: SearchStream,
  plan: SearchPlan,
  stretches: readonly Stretch[],
): Promise<Page[]> {
  const size = ({ counts }: Stretch) => counts.reduce((sum, count) => sum + count, 0);
  const total = stretches.reduce((sum, each) => sum + size(each), 0);
  if (total === 0) return [];
  const ends = stretches.map((_, n) => stretches.slice(0, n + 1).reduce((sum, each) => sum + size(each), 0));
  const pages = SAMPLES.map(async part => {
    const n = ends.findIndex(end => end >= part * total);
    const at = stretches[n] as Stretch;
    const share = 1 - ((ends[n] as number) - part * total) / Math.max(1, size(at));
    const from = Math.floor((at.from + share * (at.to - at.from)) / 1_000) * 1_000;
    const sides = bySide(at, plan.edges)[0]?.sides;
    const side = sides === 'archive' ? 'archive' : 'live';
    return firstPage(source.search(stream), side, { from: Math.max(at.from, from), to: at.to });
  });
  return Promise.all(pages);
}

/** The first page of a window, or of its beginning, where the window is too wide for the search. */
async function firstPage(search: SearchPages, side: Side, window: Interval): Promise<Page> {
  const page = await search.page({ side, ...window, created: null, page: 1 });
  const middle = middleOf(window);
  return page.timedOut && middle !== null ? firstPage(search, side, { from: window.from, to: middle }) : page;
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
export async function countOld(source: Source, work: IntervalSet): Promise<Listed> {
  return listed(await source.oldNotes().extent(), work);
}

/** As many of all records as of those that were looked at are in the work. */
function listed(extent: Extent, work: IntervalSet): Listed {
  const found = extent.shown.filter(resource => work.some(interval => isWanted(resource, interval)));
  const records = Math.round((extent.records * found.length) / Math.max(1, extent.shown.length));
  return { requests: requestsForList(extent), records, found };
}

/** A list of several answers is read until two passes agree. */
function requestsForList({ pages }: Extent): number {
  return pages > 1 ? 2 * pages : 1;
}
