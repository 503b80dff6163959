// Around the two-year edge a record may be in the live search, in the archive, or for a while in both
// (kustomer-api.md 13.9). There both are read, and what both have is handed on once. Pure.
//
// A record goes from the live search to the archive and never back, so of every window the live search is read first:
// a record that goes meanwhile is then met twice, and not missed. Parts of what is whole are passed on as they come:
// whoever takes them knows each record's first copy, which is the live one's.
import { floor, SECOND } from './pages.ts';
import type { Found, Page, Side } from './source.ts';
import { isWhole, type Senses, type Slice, type Step, type Whole, walk } from './walk.ts';

/** Hand-overs that the live search may be ahead: so many pages are in hand, and so seldom the archive is asked for little. */
const AHEAD = 10;

/** Reads a slice from both searches, as {@link walk} reads it from one. */
export function* walkBoth(slice: Slice, senses: Record<Side, Senses>): Generator<Step, void, Page> {
  const live: Slice = {
    from: slice.from,
    // Its end is the end of the slice, also when that is moved while it is read.
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
  const steps = walk(live, senses.live, 'live');
  let ahead: Found[] = [];
  while (slice.from < slice.to) {
    for (let n = 0; n < AHEAD; n++) {
      let step = steps.next(undefined as never);
      while (!step.done && !isWhole(step.value)) step = steps.next(yield step.value);
      if (step.done) break;
      ahead.push(...(step.value as Whole).whole);
    }
    // A whole second means the same to both searches.
    const until = Math.min(slice.to, floor(live.from, SECOND));
    // What the live search has been read of must not be given away before the archive has caught up.
    slice.held = Math.max(slice.held, until);
    const archive: Slice = { from: slice.from, to: until, held: slice.from };
    const old = walk(archive, senses.archive, 'archive');
    for (let step = old.next(undefined as never); !step.done; ) {
      if (!isWhole(step.value)) {
        step = old.next(yield step.value);
        continue;
      }
      const { whole, until: read } = step.value;
      const joined = join(
        ahead.filter(({ at }) => at < read),
        whole,
      );
      ahead = ahead.filter(({ at }) => at >= read);
      slice.from = read;
      yield { whole: joined, until: read };
      step = old.next(undefined as never);
    }
  }
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
