import type { SyncError } from '../errors.ts';
import { type Changes, countingSink, isKnownToList, isKnownToSearch } from './changes.ts';
import { clamp, covers, type Interval, union } from './intervals.ts';
import { isListDone, type ListPlan, type SearchPlan, type Selection } from './plan.ts';
import { type ListResult, readList } from './read-list.ts';
import { readLongList } from './read-long-list.ts';
import { type RecordsLeft, readSearch, type SearchProgress } from './read-search.ts';
import type { ReaderPool } from './reader-pool.ts';
import type { DatedRecord, ListPages, LongList, SearchPages, Sink } from './source.ts';
import { dedupKey, type ListState, nextSearchState, type SearchState, undatedId } from './state.ts';

/** A selected stream: what is wanted of it, how to read it, and what that adds to the state. */
export interface StreamJob extends Selection {
  /** Milliseconds; either end may be infinite. */
  readonly wanted: Interval;
  /** There is nothing to read: earlier runs have published what is read once and for all. */
  readonly isDone: boolean;
  /** Reads what is wanted. Resolves to whether all of it has been read. */
  read(): Promise<boolean>;
  /** Records given to the sink so far. */
  records(): number;
  /** What those records are. */
  changes(): Changes;
  /** How many of those records no earlier run has published. */
  firstSeen(): number;
  /** Estimates the records still to be read. */
  recordsLeft(): RecordsLeft;
  /** Where reading begins (ms), after what earlier runs have published. */
  readonly readFrom: number;
  /**
   * Adds what has reached the sink to the next state. May be called at any moment, also while the job is reading.
   * @param clockLeadMs this machine's clock less the source's: times that the source has not reached are not synced
   * @returns whether anything has been added
   */
  updateState(draft: StateDraft, clockLeadMs: number): boolean;
}

/** Of the next state. */
interface StateDraft {
  readonly search: Map<string, SearchState>;
  readonly lists: Map<string, ListState>;
}

/** The job of a search. */
export interface SearchJob extends StreamJob {
  /** Kustomer has refused the archive search, so that nothing is read which only the archive has. */
  isArchiveRefused(): boolean;
}

export interface SearchContext extends JobContext {
  /** Called when wanted records are not read because Kustomer refuses the archive search. */
  readonly onArchiveRefused: (refusal: SyncError) => void;
}

export interface JobContext {
  readonly pool: ReaderPool;
  readonly signal: AbortSignal;
  /** Start of the run (ms). */
  readonly now: number;
}

const UNKNOWN_LEFT: RecordsLeft = { records: Number.NaN, isCapped: false };

/** A list that ends at its cap is read once in this time: it takes 100 requests. */
const CUT_LIST_INTERVAL_MS = 24 * 3_600_000;

/**
 * @param oldRecords list of what no search index has; for a plan with `listOnlyBefore`
 * @param onCut called when that list ends at its cap: what it has is published, and its time does not count as read
 */
export function searchJob(
  selection: Selection,
  plan: SearchPlan,
  pages: SearchPages,
  target: Sink,
  { pool, signal, now, onArchiveRefused }: SearchContext,
  oldRecords?: LongList,
  onCut: () => void = () => {},
): SearchJob {
  const { wanted, ranges, cutoff, work, before, horizon, listAlsoFrom: alsoFrom } = plan;
  const progress: SearchProgress = { read: [], newDedupKeys: new Set(), records: 0 };
  const { sink, ...counts } = countingSink(target, isKnownToSearch(before));
  const hasAll = () => ranges.every(range => covers(union(work.synced, progress.read), range));
  const searchFrom = plan.listOnlyBefore ?? Number.NEGATIVE_INFINITY;
  let listCutAt = before?.listCutAt;
  let isArchiveRefused = false;

  async function search(): Promise<void> {
    const toSearch = { ...work, toRead: clamp(work.toRead, searchFrom, Number.POSITIVE_INFINITY) };
    const refusal = await readSearch({ pages, sink, work: toSearch, horizon, progress, pool, signal });
    isArchiveRefused = refusal !== undefined;
    if (refusal !== undefined && !hasAll()) onArchiveRefused(refusal);
  }

  /** @param search the search of the stream, which may find the same undated records */
  async function readOldRecords(list: LongList, search: Promise<void>): Promise<void> {
    const toRead = clamp(work.toRead, Number.NEGATIVE_INFINITY, searchFrom);
    if (toRead.length === 0) return;
    if (listCutAt !== undefined && Math.abs(now - listCutAt) < CUT_LIST_INTERVAL_MS) return onCut();
    const dedupKeys = { has: (key: string) => work.dedupKeys.has(key) || progress.newDedupKeys.has(key) };
    const withoutKnown = async (undated: readonly DatedRecord[]) => {
      // What the search has found is known when it has ended, in whatever way. Most lists need not wait for that.
      if (undated.length > 0) await search.catch(() => {});
      // In this run by their ids: the list may write a record in another way than the search.
      const found = new Set([...progress.newDedupKeys].map(undatedId));
      return undated.filter(each => !work.dedupKeys.has(dedupKey(each, sink)) && !found.has(each.resource.id));
    };
    const result = await readLongList({ list, sink, toRead, dedupKeys, alsoFrom, withoutKnown, signal });
    for (const key of result.keys) progress.newDedupKeys.add(key);
    progress.records += result.records;
    listCutAt = result.isCut ? now : undefined;
    if (result.isCut) onCut();
    else progress.read.push(...toRead);
  }

  return {
    ...selection,
    wanted,
    isDone: work.toRead.length === 0,
    async read() {
      const searched = search();
      await awaitAll([searched, oldRecords && readOldRecords(oldRecords, searched)]);
      return hasAll();
    },
    isArchiveRefused: () => isArchiveRefused,
    ...progressOf(progress, counts, work.toRead[0]?.from ?? wanted.to),
    updateState({ search }, clockLeadMs) {
      // A full refresh replaces what was published, once it has read everything.
      if (selection.mode === 'full_refresh' && !hasAll()) return false;
      const until = cutoff - clockLeadMs;
      const read = clamp(progress.read, Number.NEGATIVE_INFINITY, until);
      if (read.length === 0 && work.toRead.length > 0 && progress.newDedupKeys.size === 0) return false;
      // The lookback ends where the window ends: a later run must not take the time between for known.
      const dedupSince = work.dedupSince - clockLeadMs;
      const after = nextSearchState(before, { ...work, dedupSince }, read, progress.newDedupKeys, until);
      search.set(selection.name, listCutAt === undefined ? after : { ...after, listCutAt });
      return true;
    },
  };
}

/** What a job says of its progress. */
function progressOf(progress: SearchProgress, counts: Pick<StreamJob, 'changes' | 'firstSeen'>, readFrom: number) {
  const recordsLeft = () => progress.recordsLeft?.() ?? UNKNOWN_LEFT;
  return { records: () => progress.records, ...counts, recordsLeft, readFrom };
}

/** Waits for all, then rejects as the first that has rejected: nothing goes on reading after its stream has failed. */
export async function awaitAll<T>(promises: readonly T[]): Promise<Awaited<T>[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

interface ListJobOptions {
  readonly selection: Selection;
  readonly plan: ListPlan;
  /** JSON:API type of the records. */
  readonly type: string;
  readonly pages: ListPages;
  readonly sink: Sink;
  readonly context: JobContext;
  /** Called with what there is to say of the result. */
  readonly onResult: (result: ListResult) => void;
}

export function listJob({ selection, plan, type, pages, context, onResult, ...options }: ListJobOptions): StreamJob {
  const isDone = isListDone(plan);
  const { sink, changes, firstSeen } = countingSink(options.sink, isKnownToList(plan.before));
  let result: ListResult | undefined;
  return {
    ...selection,
    wanted: plan.wanted,
    isDone,
    async read() {
      if (isDone) return true;
      result = await readList({ ...plan, ...context, pages, type, sink });
      onResult(result);
      return !result.isCut;
    },
    records: () => result?.records ?? 0,
    changes,
    firstSeen,
    // A list does not say how long it is.
    recordsLeft: () => ({ records: 0, isCapped: false }),
    readFrom: plan.wanted.from,
    updateState({ lists }) {
      if (result === undefined) return false;
      lists.set(selection.name, result.state);
      return true;
    },
  };
}
