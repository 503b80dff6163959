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
  const holes = union(b);
  const left: Interval[] = [];
  let n = 0;
  for (const each of union(a)) {
    let { from } = each;
    // A hole that ends before this one begins is behind all that follow, too.
    while (n < holes.length && (holes[n] as Interval).to <= from) n++;
    for (let at = n; from < each.to; at++) {
      const hole = holes[at] ?? NOWHERE;
      if (from < hole.from) left.push({ from, to: Math.min(hole.from, each.to) });
      from = hole.to;
    }
  }
  return left;
}

const NOWHERE: Interval = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** The part of a set that is in [from, to). */
export function clamp(set: IntervalSet, from: number, to: number): IntervalSet {
  return union(set.map(each => ({ from: Math.max(each.from, from), to: Math.min(each.to, to) })));
}

export function covers(set: IntervalSet, interval: Interval): boolean {
  return minus([interval], set).length === 0;
}

/** @param set in canonical form */
export function contains(set: IntervalSet, at: number): boolean {
  let [low, high] = [0, set.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[middle] as Interval).to <= at) low = middle + 1;
    else high = middle;
  }
  const found = set[low];
  return found !== undefined && found.from <= at;
}
