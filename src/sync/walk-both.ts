// Around the two-year edge a record may be in the live search, in the archive, or for a while in both or between the two
// (kustomer-api.md 13.9). There both are walked side by side, and what both have is handed on once. Pure.
import type { Ask, Found, Page, Side } from './source.ts';
import { isWhole, type Senses, type Slice, type Whole, walk } from './walk.ts';

interface Walker {
  readonly slice: Slice;
  readonly steps: Generator<Ask | Whole, void, Page>;
  /** What it has handed on and the other one has not yet come to. */
  ahead: Found[];
}

/** Reads a slice from both searches, as {@link walk} reads it from one. */
export function* walkBoth(slice: Slice, senses: Record<Side, Senses>): Generator<Ask | Whole, void, Page> {
  const walker = (side: Side): Walker => {
    // Its end is the end of the slice, also when that is moved while it is read.
    const own: Slice = {
      from: slice.from,
      get to() {
        return slice.to;
      },
      get held() {
        return slice.held;
      },
      set held(until) {
        slice.held = Math.max(slice.held, until);
      },
    };
    return { slice: own, steps: walk(own, senses[side], side), ahead: [] };
  };
  const walkers = [walker('live'), walker('archive')] as const;
  while (slice.from < slice.to) {
    // The one behind goes on, so that neither has more than a page in hand.
    const [behind, other] =
      walkers[0].slice.from <= walkers[1].slice.from ? walkers : ([walkers[1], walkers[0]] as const);
    let step = behind.steps.next(undefined as never);
    while (!step.done && !isWhole(step.value)) step = behind.steps.next(yield step.value);
    if (step.done) behind.slice.from = slice.to;
    else if (isWhole(step.value)) behind.ahead.push(...step.value.whole);

    const until = Math.min(behind.slice.from, other.slice.from, slice.to);
    if (until > slice.from) {
      const whole = join(take(behind, until), take(other, until));
      slice.from = until;
      yield { whole, until };
    }
  }
}

/** What a walker has in hand before an instant. */
function take(walker: Walker, until: number): Found[] {
  const taken = walker.ahead.filter(({ at }) => at < until);
  walker.ahead = walker.ahead.filter(({ at }) => at >= until);
  return taken;
}

/** Two sets of records as one; of a record that is in both, the version updated last. */
function join(a: readonly Found[], b: readonly Found[]): Found[] {
  const joined = new Map<string, Found>();
  for (const found of [...a, ...b]) {
    const other = joined.get(found.resource.id);
    if (other === undefined || other.at < found.at) joined.set(found.resource.id, found);
  }
  return [...joined.values()].sort((x, y) => x.at - y.at);
}
