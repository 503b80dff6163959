// `on-incomplete: continue`: a run that has stopped early dispatches its own workflow again.
import type { Config } from '../config/config.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import { minus } from '../sync/intervals.ts';
import type { StateChange } from '../sync/next-state.ts';
import type { State } from '../sync/state.ts';

/** A sync that is not done after this many runs in a row will not be: somebody should look at it. */
const MAX_CONSECUTIVE_RUNS = 100;

export interface NextRun {
  readonly starts: boolean;
  /** To save with the state; undefined when the row of runs has come to its end. */
  readonly consecutiveRuns?: number;
}

const STAY: NextRun = { starts: false };

/**
 * Whether this run is to start the next one.
 * @param before the state that the run has started from
 * @param streams what the run has read
 * @param isStoppedEarly the run has stopped at its time budget, or for want of disk space
 * @param isByHand whether a person has started this run
 */
export function planNextRun(
  before: State,
  change: StateChange,
  { streams }: Pick<Report, 'streams'>,
  { isStoppedEarly, isByHand }: { readonly isStoppedEarly: boolean; readonly isByHand: boolean },
  { onIncomplete, shard, resetState }: Config,
  log: Log,
): NextRun {
  if (onIncomplete === 'stop' || shard !== null || !isStoppedEarly) return STAY;
  if (resetState) {
    log.warning(
      'The next run was not started: with `reset-state` it would not go on from here, but start over as this one has. Run the workflow again without `reset-state`; it goes on from here.',
    );
    return STAY;
  }
  const incremental = streams.filter(({ mode }) => mode === 'incremental');
  if (incremental.every(({ outcome }) => outcome !== 'partial')) {
    log.warning(
      'The next run was not started: a full refresh that was not done within its time budget would start over. Give it a longer `time-budget`, or read the stream as `incremental`.',
    );
    return STAY;
  }
  const earlier = before.consecutiveRuns ?? 0;
  // Whoever starts a run after the last of a row has been told to look, and lets the sync go on.
  const consecutiveRuns = isByHand && earlier > MAX_CONSECUTIVE_RUNS ? 1 : earlier + 1;
  if (!hasProgress(before, change, incremental)) {
    log.warning(
      'This run has read nothing within its time budget, so it does not start the next one. Give it a longer `time-budget`, or look at what its requests waited for, and run it again.',
    );
    return { starts: false, consecutiveRuns };
  }
  if (consecutiveRuns > MAX_CONSECUTIVE_RUNS) {
    log.warning(
      `This sync has started itself ${MAX_CONSECUTIVE_RUNS} times in a row and is not done, so it does not start the next run. Look at the log of some of these runs, then run the workflow by hand: it goes on from here.`,
    );
    // Saved, too: other runs of this sync may be waiting, and must not begin a row of their own.
    return { starts: false, consecutiveRuns };
  }
  return { starts: change.changed.length > 0, consecutiveRuns };
}

function hasProgress(before: State, { state }: StateChange, streams: readonly { readonly records: number }[]): boolean {
  return (
    streams.some(({ records }) => records > 0) ||
    [...state.search].some(
      ([key, { syncedRanges }]) => minus(syncedRanges, before.search.get(key)?.syncedRanges ?? []).length > 0,
    )
  );
}

/** Starts the next run. A run that cannot has still done its own work: it says how to go on by hand. */
export async function startNext(context: Context, api: () => Promise<Api>, log: Log): Promise<void> {
  const { workflowFile, ref, inputs } = context;
  try {
    await (await api()).dispatch(workflowFile, ref, inputs);
    log.info(`Started the next run of ${workflowFile}, which goes on from here.`);
  } catch (error) {
    const status = Number((error as { status?: unknown }).status ?? 0);
    log.warning(
      `The next run could not be started${status > 0 ? ` (${status})` : ''}: ${reasonFor(status, workflowFile)}. What was read is kept; run the workflow again by hand, and it goes on from here.`,
    );
  }
}

function reasonFor(status: number, workflowFile: string): string {
  if (status === 403) return 'the job lacks the permission `actions: write`';
  if (status === 404) return `there is no workflow ${workflowFile} that the token may start`;
  if (status === 422)
    return `${workflowFile} does not have \`workflow_dispatch\` among its events, or not the inputs of this run`;
  return 'GitHub did not take the request';
}
