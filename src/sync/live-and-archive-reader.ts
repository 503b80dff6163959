/**
 * Reads a slice that reaches back to where a record may be in the live or the archive index, or for a while in both
 * (docs/kustomer-api.md#archive-overlap). Pure.
 *
 * Records move from the live to the archive index and never back. So the live index is read first: a record that moves
 * meanwhile is then found twice, and not missed. The emitter drops the second copy, or the older version.
 *
 * Most organizations have little in the archive: one request to it, for all times that it may have, is enough. The first
 * response says whether it is a long archive. That is read alone, so that many readers can share it, and another reader
 * takes what comes after.
 */
import { readByKeyset } from './keyset-reader.ts';
import { floorToSecond } from './pages.ts';
import type { SearchHorizon } from './plan.ts';
import { MIN_PAGES_TO_SPLIT } from './reader-pool.ts';
import type { DatedRecord, Page } from './source.ts';
import { type Batch, isBatch, type Slice, type Steps } from './steps.ts';

/** Commits of the live index before the archive catches up: more take memory, fewer cause many small archive requests. */
const MAX_LIVE_COMMITS = 10;
/** The same before the first request to the archive: nothing counts until then. */
const FIRST_LIVE_COMMITS = 1;

export function* readLiveAndArchive(slice: Slice, horizon: SearchHorizon): Steps {
  const live = readByKeyset(followingSlice(slice), 'live');
  /** Records of the live index that the archive has not reached. */
  let buffer: DatedRecord[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  let liveUntil = slice.from;
  let liveCommits = slice.from < horizon.live ? FIRST_LIVE_COMMITS : MAX_LIVE_COMMITS;
  while (slice.from < Math.min(slice.to, horizon.archive)) {
    for (let n = 0; n < liveCommits && liveUntil < horizon.archive; n++) {
      const commit = yield* nextCommit(live, ({ at }) => {
        earliest = Math.min(earliest, at);
      });
      if (commit === undefined) break;
      liveUntil = commit.until;
      buffer.push(...commit.records);
    }
    liveCommits = MAX_LIVE_COMMITS;
    const caughtUpAt = Math.min(slice.to, floorToSecond(liveUntil));
    // What only the live index has been read of must not go to another reader.
    slice.splitBarrier = Math.max(slice.splitBarrier, caughtUpAt);
    const mayDelegate = slice.from < horizon.live && horizon.live < caughtUpAt && earliest >= horizon.live;
    const archive = readArchive(slice, Math.min(caughtUpAt, horizon.archive), mayDelegate ? horizon.live : null);
    for (let commit = yield* nextCommit(archive); commit !== undefined; commit = yield* nextCommit(archive)) {
      const { until } = commit;
      const liveRecords = buffer.filter(({ at }) => at < until);
      buffer = buffer.filter(({ at }) => at >= until);
      slice.from = until;
      yield { ...commit, records: [...liveRecords, ...commit.records] };
    }
    if (slice.from < Math.min(slice.to, caughtUpAt)) {
      slice.from = caughtUpAt;
      yield { action: 'commit', records: buffer, until: caughtUpAt };
      buffer = [];
    }
  }
  yield* readByKeyset(slice, 'live');
}

/**
 * Reads the archive index from the start of a slice.
 * @param delegateFrom from where on (ms) another reader takes over where the archive is long; null where none may
 */
function* readArchive(slice: Slice, to: number, delegateFrom: number | null): Steps {
  const steps = readByKeyset(followingSlice(slice, to), 'archive');
  let step = steps.next(NO_PAGE);
  if (delegateFrom !== null && !step.done) {
    const page = yield step.value;
    if (isLong(page)) yield { action: 'delegate', records: [], until: delegateFrom };
    step = steps.next(page);
  }
  while (!step.done) step = steps.next(yield step.value);
}

/** Whether the records that a first page tells of are worth more than one reader. */
function isLong({ total, found, size, timedOut }: Page): boolean {
  const records = total ?? (found.length < size ? found.length : Number.POSITIVE_INFINITY);
  return timedOut || records >= size * MIN_PAGES_TO_SPLIT;
}

/** A slice with a start of its own, whose end and split barrier are those of another slice, also after a split. */
function followingSlice(slice: Slice, to = Number.POSITIVE_INFINITY): Slice {
  return {
    from: slice.from,
    get to() {
      return Math.min(to, slice.to);
    },
    get splitBarrier() {
      return slice.splitBarrier;
    },
    set splitBarrier(until) {
      slice.splitBarrier = Math.max(slice.splitBarrier, until);
    },
  };
}

/** What a generator is resumed with that has not asked for a page. */
const NO_PAGE = undefined as never;

/**
 * Runs a reader up to its next commit, and passes its other steps on. Undefined at the end of its slice.
 * @param note called with every record
 */
function* nextCommit(steps: Steps, note: (record: DatedRecord) => void = () => {}): Steps<Batch | undefined> {
  for (let step = steps.next(NO_PAGE); !step.done; step = steps.next(yield step.value)) {
    if (!isBatch(step.value)) continue;
    for (const record of step.value.records) note(record);
    if (step.value.action === 'commit') return step.value;
  }
  return undefined;
}
