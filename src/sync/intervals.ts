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

/** All times that are in any of the sets. */
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
  return union(a).flatMap(interval => {
    const rest: Interval[] = [];
    let { from } = interval;
    for (const hole of b) {
      if (hole.to <= from || hole.from >= interval.to || hole.from >= hole.to) continue;
      if (hole.from > from) rest.push({ from, to: hole.from });
      from = Math.max(from, hole.to);
    }
    if (from < interval.to) rest.push({ from, to: interval.to });
    return rest;
  });
}

/** All times of a set that are in [from, to). */
export function clamp(set: IntervalSet, from: number, to: number): IntervalSet {
  return union(set.map(each => ({ from: Math.max(each.from, from), to: Math.min(each.to, to) })));
}

/** Whether a set has all times of an interval. */
export function covers(set: IntervalSet, interval: Interval): boolean {
  return minus([interval], set).length === 0;
}

/** Whether a set has a time. */
export function contains(set: IntervalSet, at: number): boolean {
  return set.some(({ from, to }) => from <= at && at < to);
}
