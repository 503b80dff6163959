/**
 * Reads a slice near the search horizon from the live and the archive index, where a record may be in either of them or
 * for a while in both (docs/kustomer-api.md#archive-overlap). Pure.
 *
 * Records move from the live to the archive index and never back. So the live index is read first: a record that moves
 * meanwhile is then found twice, and not missed. The emitter drops the second copy, or the older version.
 */
import { readByKeyset } from './keyset-reader.ts';
import { floorToSecond } from './pages.ts';
import type { DatedRecord } from './source.ts';
import { type Batch, isBatch, type Slice, type Steps } from './steps.ts';

/** Commits of the live index before the archive catches up: more take memory, fewer cause many small archive requests. */
const MAX_LIVE_COMMITS = 10;

export function* readLiveAndArchive(slice: Slice): Steps {
  const liveSlice = followingSlice(slice);
  const live = readByKeyset(liveSlice, 'live');
  /** Records of the live index that the archive has not reached. */
  let buffer: DatedRecord[] = [];
  while (slice.from < slice.to) {
    for (let n = 0; n < MAX_LIVE_COMMITS; n++) {
      const commit = yield* nextCommit(live);
      if (commit === undefined) break;
      buffer.push(...commit.records);
    }
    const caughtUpAt = Math.min(slice.to, floorToSecond(liveSlice.from));
    // What only the live index has been read of must not go to another reader.
    slice.splitBarrier = Math.max(slice.splitBarrier, caughtUpAt);
    const archive = readByKeyset({ from: slice.from, to: caughtUpAt, splitBarrier: slice.from }, 'archive');
    for (let commit = yield* nextCommit(archive); commit !== undefined; commit = yield* nextCommit(archive)) {
      const { until } = commit;
      const liveRecords = buffer.filter(({ at }) => at < until);
      buffer = buffer.filter(({ at }) => at >= until);
      slice.from = until;
      yield { ...commit, records: [...liveRecords, ...commit.records] };
    }
  }
}

/** A slice with a start of its own, whose end and split barrier are those of another slice, also after a split. */
function followingSlice(slice: Slice): Slice {
  return {
    from: slice.from,
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
}

/** Runs a reader up to its next commit, and passes its other steps on. Undefined at the end of its slice. */
function* nextCommit(steps: Steps): Steps<Batch | undefined> {
  for (let step = steps.next(undefined as never); !step.done; step = steps.next(yield step.value)) {
    if (isBatch(step.value) && step.value.action === 'commit') return step.value;
  }
  return undefined;
}
