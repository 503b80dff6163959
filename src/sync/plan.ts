// Config and state and the time, to what is to be read. Pure.
import type { Selection } from '../inputs.ts';
import type { Interval } from './intervals.ts';
import { floor, SECOND } from './pages.ts';
import { type ListState, type SearchState, type SearchWork, type State, searchWork } from './state.ts';

export interface Wishes {
  readonly startDate: number | null;
  readonly settleMs: number;
  readonly lookbackMs: number;
}

export interface SearchPlan {
  readonly kind: 'search';
  readonly wanted: Interval;
  readonly before: SearchState | undefined;
  readonly work: SearchWork;
}

export interface ListPlan {
  readonly kind: 'list';
  readonly wanted: Interval;
  readonly before: ListState | undefined;
}

/** Live search shows what was updated within so long (kustomer-api.md 5.4). */
export const LIVE_HORIZON_MS = 730 * 86_400_000;

/** The end of every window of a run. A whole second, which means the same to every search. */
export function cutoffOf(now: number, settleMs: number): number {
  return floor(now - settleMs, SECOND);
}

/** A full refresh knows of nothing before it. */
export function planSearch(name: string, { mode }: Selection, wishes: Wishes, state: State, now: number): SearchPlan {
  const before = mode === 'full_refresh' ? undefined : state.search.get(name);
  const to = cutoffOf(now, wishes.settleMs);
  const from = Math.min(to, Math.max(wishes.startDate ?? 0, floor(now - LIVE_HORIZON_MS, SECOND)));
  const wanted = { from, to };
  return { kind: 'search', wanted, before, work: searchWork(before, wanted, wishes.lookbackMs) };
}

/** A list is read as it stands now: it has no window but the start date. */
export function planList(name: string, { mode }: Selection, wishes: Wishes, state: State): ListPlan {
  const before = mode === 'full_refresh' ? undefined : state.lists.get(name);
  return {
    kind: 'list',
    wanted: { from: wishes.startDate ?? Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
    before,
  };
}
