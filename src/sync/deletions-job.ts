/**
 * A search stream with the deletions that the audit log records. Once its records are read, the log is read from where the
 * run before has come to, and the lookback again, because an entry may come late.
 *
 * A stream that starts from nothing has no deletions to tell of but those that come while it is read.
 */
import { isRefusal, type SyncError } from '../errors.ts';
import { addChanges, countingSink } from './changes.ts';
import type { StreamJob } from './job.ts';
import { dated, deletion } from './read-list.ts';
import type { DeletionLog, Sink } from './source.ts';
import type { DeletionsRead, SearchState } from './state.ts';

interface DeletionsOptions {
  readonly log: DeletionLog;
  /** JSON:API type of the records. */
  readonly type: string;
  readonly sink: Sink;
  readonly before: SearchState | undefined;
  /** Where reading ends (ms). */
  readonly cutoff: number;
  readonly lookbackMs: number;
  readonly signal: AbortSignal;
  /** The API key may not read the audit log, or there is none. */
  readonly onRefused: (refusal: SyncError) => void;
}

/** What is read at once: a run that has to stop goes on after it. */
const RANGE_MS = 6 * 3_600_000;

export function withDeletions(job: StreamJob, options: DeletionsOptions): StreamJob {
  const { log, type, before, cutoff, lookbackMs, signal } = options;
  const start = cutoff - lookbackMs;
  const { upTo, since, seen } = before?.deletions ?? { upTo: start, since: start, seen: new Map<string, number>() };
  const published = new Map(seen);
  const counting = countingSink(options.sink, () => true);
  let readTo = upTo;

  async function readLog(): Promise<void> {
    for (let from = Math.max(since, upTo - lookbackMs); from < cutoff; from += RANGE_MS) {
      signal.throwIfAborted();
      const to = Math.min(cutoff, from + RANGE_MS);
      const found = (await log.deletions(from, to)).filter(({ entry }) => !published.has(entry));
      if (found.length > 0) await counting.sink.write(found.map(({ id, at }) => dated(deletion(id, type, at))));
      for (const { entry, at } of found) published.set(entry, at);
      readTo = Math.max(readTo, to);
    }
  }

  return {
    ...job,
    async read() {
      const isComplete = await job.read();
      await readLog().catch(error => {
        if (!isRefusal(error)) throw error;
        options.onRefused(error);
      });
      return isComplete;
    },
    records: () => job.records() + counting.changes().deleted,
    changes: () => addChanges([job.changes(), counting.changes()]),
    updateState(draft, clockLeadMs) {
      const isChanged = job.updateState(draft, clockLeadMs);
      const state = draft.search.get(job.name);
      if (isChanged && state !== undefined) {
        draft.search.set(job.name, { ...state, deletions: after(Math.min(readTo, cutoff - clockLeadMs)) });
      }
      return isChanged;
    },
  };

  /** What is older than the lookback is not read again. */
  function after(end: number): DeletionsRead {
    const from = Math.max(since, end - lookbackMs);
    return { upTo: end, since: from, seen: new Map([...published].filter(([, at]) => at >= from)) };
  }
}
