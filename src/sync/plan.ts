// Config and state and the time, to what is to be read. Pure.
import type { Selection } from '../inputs.ts';
import type { Interval } from './intervals.ts';
import { floor, SECOND } from './pages.ts';
import { type ListState, type SearchState, type SearchWork, type State, searchWork } from './state.ts';

export interface Wishes {
  readonly startDate: number | null;
  readonly settleMs: number;
  readonly lookbackMs: number;
  readonly archive: 'auto' | 'never';
}

export interface SearchPlan {
  readonly wanted: Interval;
  readonly before: SearchState | undefined;
  readonly work: SearchWork;
  readonly edges: Edges;
  /** What was updated before this is in a list only; null when nothing is. */
  readonly listedUntil: number | null;
}

export interface ListPlan {
  readonly wanted: Interval;
  readonly before: ListState | undefined;
}

/**
 * Where the live search begins and where the archive ends, for this run: between the two, both are read. Infinite where
 * only one of them is.
 */
export interface Edges {
  readonly live: number;
  readonly archive: number;
}

/** Live search shows what was updated within two years; where exactly the edge is, is not said (kustomer-api.md 5.4, 6). */
const LIVE_HORIZON_MS = 730 * 86_400_000;
/** How far to both sides of the edge both searches are read (contract 1, kustomer-api.md 13.9). */
const OVERLAP_MS = 30 * 86_400_000;

/**
 * Before so long after the edge, a stream that the archive does not know is read from a list. The list shows all records,
 * so nothing has to overlap; it is enough that the live search certainly shows what comes after.
 */
const CLEAR_OF_EDGE_MS = 7 * 86_400_000;

/** The end of every window of a run. A whole second, which means the same to every search. */
export function cutoffOf(now: number, settleMs: number): number {
  return floor(now - settleMs, SECOND);
}

/** A full refresh knows of nothing before it. `archived`: the archive knows the stream. */
export function planSearch(
  name: string,
  { mode }: Selection,
  wishes: Wishes,
  state: State,
  now: number,
  archived: boolean,
): SearchPlan {
  const before = mode === 'full_refresh' ? undefined : state.search.get(name);
  const edge = floor(now - LIVE_HORIZON_MS, SECOND);
  const all = wishes.archive === 'auto';
  const to = cutoffOf(now, wishes.settleMs);
  const from = Math.min(to, Math.max(wishes.startDate ?? 0, all ? 0 : edge));
  const wanted = { from, to };
  return {
    wanted,
    before,
    work: searchWork(before, wanted, wishes.lookbackMs),
    edges:
      all && archived
        ? { live: edge - OVERLAP_MS, archive: edge + OVERLAP_MS }
        : { live: Number.NEGATIVE_INFINITY, archive: Number.NEGATIVE_INFINITY },
    listedUntil: all && !archived ? edge + CLEAR_OF_EDGE_MS : null,
  };
}

/** A list is read as it stands now: it has no window but the start date. */
export function planList(name: string, { mode }: Selection, wishes: Wishes, state: State): ListPlan {
  const before = mode === 'full_refresh' ? undefined : state.lists.get(name);
  return { wanted: { from: wishes.startDate ?? Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }, before };
}

/** The parts of an interval that lie in the archive only, in both searches, and in the live one only; none of them empty. */
export function bySide({ from, to }: Interval, edges: Edges): { part: Interval; sides: 'archive' | 'both' | 'live' }[] {
  const borders = [Number.NEGATIVE_INFINITY, edges.live, edges.archive, Number.POSITIVE_INFINITY];
  return (['archive', 'both', 'live'] as const).flatMap((sides, n) => {
    const part = { from: Math.max(from, borders[n] as number), to: Math.min(to, borders[n + 1] as number) };
    return part.from < part.to ? [{ part, sides }] : [];
  });
}
