// Sets of half-open intervals [from, to) of milliseconds. Pure; everything that decides what is read is said in these.
// A set is sorted, and its intervals are neither empty nor touch each other.

export interface Interval {
  readonly from: number;
  readonly to: number;
}

export type IntervalSet = readonly Interval[];

/** The set that covers what any of the given intervals covers. */
export function union(...sets: IntervalSet[]): IntervalSet {
  const sorted = sets
    .flat()
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = out.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}

/** What `a` covers and `b` does not. */
export function minus(a: IntervalSet, b: IntervalSet): IntervalSet {
  return union(a).flatMap(whole => {
    const parts: Interval[] = [];
    let from = whole.from;
    for (const hole of b) {
      if (hole.to <= from || hole.from >= whole.to || hole.from >= hole.to) continue;
      if (hole.from > from) parts.push({ from, to: hole.from });
      from = Math.max(from, hole.to);
    }
    if (from < whole.to) parts.push({ from, to: whole.to });
    return parts;
  });
}

/** The part of a set that lies in [from, to). */
export function clamp(set: IntervalSet, from: number, to: number): IntervalSet {
  return union(set.map(each => ({ from: Math.max(each.from, from), to: Math.min(each.to, to) })));
}

/** Whether every point of [from, to) is in the set. */
export function covers(set: IntervalSet, { from, to }: Interval): boolean {
  return minus([{ from, to }], set).length === 0;
}

/** Whether a point is in the set. */
export function contains(set: IntervalSet, at: number): boolean {
  return set.some(({ from, to }) => from <= at && at < to);
}
