/**
 * The readers of a search are generators: whoever runs a reader sends each request and resumes the reader with the page,
 * or passes each output to an emitter and resumes the reader with nothing.
 */
import type { DatedRecord, Page, SearchRequest } from './source.ts';

/** A range of a stream (ms) that one reader reads, oldest first. */
export interface Slice {
  /** Everything before it is read; moves up. */
  from: number;
  /** May move down while the slice is read, when another reader takes over the rest. */
  to: number;
  /** The slice must not be split before this time: everything up to it is being read at once. */
  splitBarrier: number;
}

export interface Batch {
  /**
   * `stage`: these are some of the records before `until`, and others are still to come.
   * `commit`: with the outputs before, these are all records of the slice before `until`.
   * `delegate`: nothing. The slice ends at `until`, and another reader reads what comes after.
   */
  readonly action: 'stage' | 'commit' | 'delegate';
  readonly records: readonly DatedRecord[];
  /** Milliseconds. */
  readonly until: number;
}

export type Step = SearchRequest | Batch;

export type Steps<Result = void> = Generator<Step, Result, Page>;

export function isBatch(step: Step): step is Batch {
  return 'action' in step;
}
