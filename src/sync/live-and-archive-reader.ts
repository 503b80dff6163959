// Around the two-year edge a record may be in the live search, in the archive, or for a while in both
// (docs/kustomer-api.md#archive-overlap). There both are read, and what both have is handed on once. Pure.
//
// A record goes from the live search to the archive and never back, so of every window the live search is read first:
// a record that goes meanwhile is then met twice, and not missed. Parts of what is whole are passed on as they come:
// whoever takes them knows each record's first copy, which is the live one's.

import { type Commit, isCommit, readByKeyset, type Slice, type Step } from './keyset-reader.ts';
import { floor, SECOND } from './pages.ts';
import type { DatedRecord, Page } from './source.ts';

/** Hand-overs that the live search may be ahead: so many pages are in hand, and so seldom the archive is asked for little. */
const AHEAD = 10;

/** Reads a slice from both searches, as {@link readByKeyset} reads it from one. */
export function* readLiveAndArchive(slice: Slice): Generator<Step, void, Page> {
  const live: Slice = {
    from: slice.from,
    // Its end is the end of the slice, also when that is moved while it is read.
    get to() {
      return slice.to;
    },
    get splitBarrier() {
      return slice.splitBarrier;
    },
    set splitBarrier(until) {
      slice.splitBarrier = Math.max(slice.splitBarrier, until);
    },
  };
  const steps = readByKeyset(live, 'live');
  let ahead: DatedRecord[] = [];
  while (slice.from < slice.to) {
    for (let n = 0; n < AHEAD; n++) {
      let step = steps.next(undefined as never);
      while (!step.done && !isCommit(step.value)) step = steps.next(yield step.value);
      if (step.done) break;
      ahead.push(...(step.value as Commit).commit);
    }
    // A whole second means the same to both searches.
    const until = Math.min(slice.to, floor(live.from, SECOND));
    // What the live search has been read of must not be given away before the archive has caught up.
    slice.splitBarrier = Math.max(slice.splitBarrier, until);
    const archive: Slice = { from: slice.from, to: until, splitBarrier: slice.from };
    const old = readByKeyset(archive, 'archive');
    for (let step = old.next(undefined as never); !step.done; ) {
      if (!isCommit(step.value)) {
        step = old.next(yield step.value);
        continue;
      }
      const { commit, until: read } = step.value;
      const joined = join(
        ahead.filter(({ at }) => at < read),
        commit,
      );
      ahead = ahead.filter(({ at }) => at >= read);
      slice.from = read;
      yield { commit: joined, until: read };
      step = old.next(undefined as never);
    }
  }
}

/** Two sets of records as one; of a record that is in both, the version updated last. */
function join(a: readonly DatedRecord[], b: readonly DatedRecord[]): DatedRecord[] {
  const joined = new Map<string, DatedRecord>();
  for (const found of [...a, ...b]) {
    const other = joined.get(found.resource.id);
    if (other === undefined || other.at < found.at) joined.set(found.resource.id, found);
  }
  return [...joined.values()].sort((x, y) => x.at - y.at);
}
