// How many search requests a first sync takes, beside what it would take if every page were full.
import type { LoggedRequest, Stream } from '../world/kustomer/index.ts';
import { DAY, MINUTE, NOON, Reader } from '../world/reader.ts';

export interface Case {
  readonly what: string;
  readonly streams: readonly Stream[];
  /** Of each stream. */
  readonly records: number;
  readonly tieFraction: number;
  readonly tieSize: number;
  /** How far back the records go. */
  readonly days: number;
  readonly concurrency: number;
  readonly latencyMs: number;
}

export interface Figures {
  readonly records: number;
  readonly searches: number;
  readonly slices: number;
  /** Requests beyond two for each stream and slice, in terms of full pages: what is to be at most 1.05. */
  readonly ratio: number;
  /** All requests in terms of full pages. */
  readonly plainRatio: number;
  readonly problems: readonly string[];
}

const PAGE = 500;
const usual = { streams: ['messages', 'notes'], records: 20_000, days: 300, concurrency: 10, latencyMs: 25 } as const;
export const CASES: readonly Case[] = [
  { ...usual, what: 'no ties', tieFraction: 0, tieSize: 0 },
  { ...usual, what: 'no ties, one request at a time', tieFraction: 0, tieSize: 0, concurrency: 1, latencyMs: 0 },
  { ...usual, what: '20 % in ties of up to 40', tieFraction: 0.2, tieSize: 40 },
  { ...usual, what: '20 % in ties of up to 400', tieFraction: 0.2, tieSize: 400 },
  { ...usual, what: '20 % in ties of up to 2,000', tieFraction: 0.2, tieSize: 2_000 },
];

export async function measure(given: Case): Promise<Figures> {
  const { streams, records, days, concurrency, tieFraction, tieSize } = given;
  await using reader = await Reader.open({ seed: 5 }, { latencyMs: given.latencyMs });
  const spread = { from: NOON - days * DAY, to: NOON - 10 * MINUTE, tieFraction, tieSize };
  for (const stream of streams) reader.world.populate({ [stream]: records }, spread);
  const run = await reader.run(streams, { startDate: NOON - days * DAY, concurrency });
  const searches = run.requests.filter(({ budget }) => budget === 'search');
  const slices = streams.reduce((sum, stream) => sum + slicesOf(searches.filter(each => each.stream === stream)), 0);
  const pages = (records * streams.length) / PAGE;
  return {
    records: run.published.length,
    searches: searches.length,
    slices,
    ratio: (searches.length - 2 * (streams.length + slices)) / pages,
    plainRatio: searches.length / pages,
    problems: streams.flatMap(stream => reader.problems(stream)),
  };
}

/** Every slice has an end of its own, and asks for what is left up to it. */
function slicesOf(searches: readonly LoggedRequest[]): number {
  const ends = new Set<number>();
  for (const { body } of searches) {
    const { and } = body as { and: Record<string, { gte?: string; lt?: string }>[] };
    if (and.length > 2) continue;
    const [from, to] = and.map(each => Date.parse(Object.values(each)[0]?.gte ?? Object.values(each)[0]?.lt ?? '')) as [
      number,
      number,
    ];
    // Less than a minute is an instant that is read by itself.
    if (to - from > MINUTE) ends.add(to);
  }
  return ends.size;
}
