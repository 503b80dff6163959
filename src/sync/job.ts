// A selected stream as one job: what is wanted of it, the reading, and what it leaves in the state.

import { clamp, type Interval } from './intervals.ts';
import type { Selection } from './plan.ts';
import { isListDone, type ListPlan, type SearchPlan } from './plan.ts';
import { readList } from './read-list.ts';
import { readOld } from './read-old.ts';
import { type ReaderPool, readSearch, type SearchProgress } from './read-search.ts';
import type { DatedRecord, ListPages, LongList, SearchPages, Sink, StagingFile } from './source.ts';
import { dedupKey, isComplete, type ListState, nextSearchState, type SearchState } from './state.ts';

export interface Job extends Selection {
  /** Ends may be infinite. */
  readonly wanted: Interval;
  /** Nothing is left to be read: what was wanted once and for all has been published. */
  readonly isDone: boolean;
  /** Reads what is wanted; resolves to whether that is all of it. */
  read(): Promise<boolean>;
  /** Records handed to the sink so far. */
  records(): number;
  /**
   * Puts what is now published of the stream into the state to come. A clock that is `aheadMs` ahead of the source's has
   * asked for times that had not come yet: they are not claimed. False when there is nothing to put in.
   */
  updateState(draft: StateDraft, aheadMs: number): boolean;
}

/** The streams of the state to come. */
export interface StateDraft {
  readonly search: Map<string, SearchState>;
  readonly lists: Map<string, ListState>;
  klassesCheckedAt: number | null;
}

export interface JobContext {
  readonly pool: ReaderPool;
  readonly signal: AbortSignal;
  /** When the run has begun, in milliseconds. */
  readonly now: number;
}

/** Where a stream's old records are when the archive has none of them: in a list, which has to be read whole. */
export interface OldRecords {
  readonly pages: LongList;
  readonly openStagingFile: () => StagingFile;
}

export function searchJob(
  selection: Selection,
  plan: SearchPlan,
  pages: SearchPages,
  sink: Sink,
  { pool, signal }: JobContext,
  old?: OldRecords,
): Job {
  const { wanted, ranges, cutoff, work, before, horizon } = plan;
  const progress: SearchProgress = { read: [], newDedupKeys: new Set(), records: 0 };
  const complete = () => ranges.every(piece => isComplete(work, progress.read, piece));
  const from = plan.listOnlyBefore ?? Number.NEGATIVE_INFINITY;

  async function readFromList({ pages, openStagingFile }: OldRecords, searched: Promise<void>): Promise<void> {
    const part = clamp(work.toRead, Number.NEGATIVE_INFINITY, from);
    if (part.length === 0) return;
    const left = async (undated: readonly DatedRecord[]) => {
      // What the search has handed on is known when it is over, however it ends; the usual list need not wait for it.
      if (undated.length > 0) await searched.catch(() => {});
      const isNew = (print: string) => !work.dedupKeys.has(print) && !progress.newDedupKeys.has(print);
      return undated.filter(each => isNew(dedupKey(each)));
    };
    const { records, undated } = await readOld({ pages, openStagingFile, work: part, left, signal });
    for (const each of undated) progress.newDedupKeys.add(dedupKey(each));
    progress.records += records;
    progress.read.push(...part);
  }

  return {
    ...selection,
    wanted,
    isDone: work.toRead.length === 0,
    async read() {
      const recent = { ...work, toRead: clamp(work.toRead, from, Number.POSITIVE_INFINITY) };
      const searched = readSearch({ pages, sink, work: recent, horizon, progress, pool, signal });
      const both = [searched, old && readFromList(old, searched)];
      // Both come to their end before one of them fails the stream: no reader goes on behind its back.
      for (const each of await Promise.allSettled(both)) if (each.status === 'rejected') throw each.reason;
      return complete();
    },
    records: () => progress.records,
    updateState({ search }, aheadMs) {
      // A full refresh that was not finished has replaced nothing.
      if (selection.mode === 'full_refresh' && !complete()) return false;
      const certain = cutoff - aheadMs;
      const read = clamp(progress.read, Number.NEGATIVE_INFINITY, certain);
      if (read.length === 0 && work.toRead.length > 0) return false;
      search.set(selection.name, nextSearchState(before, work, read, progress.newDedupKeys, certain));
      return true;
    },
  };
}

export function listJob(
  selection: Selection,
  plan: ListPlan,
  type: string,
  pages: ListPages,
  sink: Sink,
  { signal, now }: JobContext,
): Job {
  const { wanted, before, until } = plan;
  const isDone = isListDone(plan);
  let done: { state: ListState; records: number } | undefined;
  return {
    ...selection,
    wanted,
    isDone,
    async read() {
      if (!isDone) done = await readList({ pages, type, sink, before, wanted, until, now, signal });
      return true;
    },
    records: () => done?.records ?? 0,
    updateState({ lists }) {
      if (done === undefined) return false;
      lists.set(selection.name, done.state);
      return true;
    },
  };
}
