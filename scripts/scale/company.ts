// The organization that docs/scale.md is about: what it has, what changes, and what its records look like.
import { parseResponse } from '../../src/kustomer/json.ts';
import { type CountedRange, pageCostOf } from '../../src/shards/estimate.ts';
import type { Page, Resource } from '../../src/sync/source.ts';
import { KustomerWorld, type Stream } from '../../test/world/kustomer/index.ts';

export const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000] as const;
export const YEAR = 365 * DAY;
/** When everything here begins and ends, so that each figure comes out the same again. */
export const NOW = Date.UTC(2026, 0, 1);
export const SINCE = NOW - 5 * YEAR;

/** Search streams: how many records there are, and how often one is updated in its life. */
export const SEARCHED = {
  conversations: { records: 25_000_000, versions: 4 },
  customers: { records: 12_000_000, versions: 3 },
  kobjects: { records: 5_000_000, versions: 2 },
  messages: { records: 150_000_000, versions: 1 },
  notes: { records: 8_000_000, versions: 1 },
} as const;
export type Searched = keyof typeof SEARCHED;
export const SEARCHED_NAMES = Object.keys(SEARCHED) as Searched[];

export const LISTED = { shortcuts: 1_000, tags: 2_000, teams: 500, users: 50_000 } as const;
export type Listed = keyof typeof LISTED;
export const LISTED_NAMES = Object.keys(LISTED) as Listed[];

export const KLASSES = Array.from({ length: 2_000 }, (_, n) => `klass-${String(n).padStart(4, '0')}-of-objects`);

/** Versions that come up in some time (ms). */
export function changesIn(stream: Searched, ms: number): number {
  const { records, versions } = SEARCHED[stream];
  return Math.round((records * versions * ms) / (NOW - SINCE));
}

/** Enough to judge the others by, and few enough to be made in a moment. */
const SAMPLES = 1_500;

/** Records of the simulated Kustomer, as close to each other as those of the organization are. */
export function samplesOf(stream: Searched | Listed): {
  readonly resources: readonly Resource[];
  readonly page: CountedRange['page'];
} {
  const records = stream in SEARCHED ? SEARCHED[stream as Searched].records : LISTED[stream as Listed];
  const width = ((NOW - SINCE) * SAMPLES) / records;
  const world = new KustomerWorld({ clock: () => NOW, seed: 5 });
  const spread = { from: NOW - DAY - width, to: NOW - DAY, tieFraction: 0.2, tieSize: 40 };
  world.populate({ customers: 50, users: 20, tags: 20, teams: 5 }, { from: SINCE, to: NOW - DAY - width });
  world.populate(stream === 'kobjects' ? { kobjects: { order: SAMPLES } } : { [stream]: SAMPLES }, spread);
  const recent = [...world.truth(stream as Stream, { from: spread.from })].sort(([, a], [, b]) => a.ms - b.ms);
  const json = `{"data":[${recent.map(([id]) => world.render(stream as Stream, id)).join(',')}]}`;
  const { data } = parseResponse(Buffer.from(json)) as { data: Resource[] };
  const found = data.map((resource, n) => ({ at: recent[n]?.[1].ms ?? 0, resource }));
  const pages = [0, 500, 1_000].map((from): Page => {
    return { found: found.slice(from, from + 500), total: null, hasMore: true, size: 500, timedOut: false };
  });
  return { resources: data, page: pageCostOf(pages) };
}
