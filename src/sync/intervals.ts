/**
 * Sets of half-open intervals [from, to) of milliseconds. Pure.
 *
 * The functions return sets in canonical form: sorted, without empty intervals, and without two that overlap or touch.
 */

/** All times `t` with `from <= t < to`, in milliseconds since the epoch. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export type IntervalSet = readonly Interval[];

export function union(...sets: IntervalSet[]): IntervalSet {
  const sorted = sets
    .flat()
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** All times that are in `a` and not in `b`. */
export function minus(a: IntervalSet, b: IntervalSet): IntervalSet {
  const without = (rest: IntervalSet, hole: Interval) =>
    union(clamp(rest, Number.NEGATIVE_INFINITY, hole.from), clamp(rest, hole.to, Number.POSITIVE_INFINITY));
  return union(b).reduce(without, union(a));
}

/** The part of a set that is in [from, to). */
export function clamp(set: IntervalSet, from: number, to: number): IntervalSet {
  return union(set.map(each => ({ from: Math.max(each.from, from), to: Math.min(each.to, to) })));
}

export function covers(set: IntervalSet, interval: Interval): boolean {
  return minus([interval], set).length === 0;
}

export function contains(set: IntervalSet, at: number): boolean {
  return set.some(({ from, to }) => from <= at && at < to);
}
