// `on-incomplete: continue`: a run that has stopped early dispatches its own workflow again.
import type { GitHubError } from '../github/request.ts';
import { minus } from '../sync/intervals.ts';
import type { StateChange } from '../sync/next-state.ts';
import type { SearchState, State } from '../sync/state.ts';
import type { Run } from './prepare.ts';

/** A sync that is not done after this many runs in a row will not be: somebody should look at it. */
const MAX_CONSECUTIVE_RUNS = 100;

interface NextRun {
  readonly starts: boolean;
  /** To save with the state; undefined when the row of runs has come to its end. */
  readonly consecutiveRuns?: number;
}

/**
 * Whether this run is to start the next one.
 * @param isStoppedEarly the run has stopped at its time budget, or for want of disk space
 * @param before the state that the run has started from
 */
export function planNextRun(run: Run, isStoppedEarly: boolean, before: State, change: StateChange): NextRun {
  const { config, context, report, log } = run;
  if (config.onIncomplete === 'stop' || config.shard !== null || !isStoppedEarly) return { starts: false };
  const stay = (why: string, saved: Omit<NextRun, 'starts'> = {}): NextRun => {
    log.warning(why);
    return { starts: false, ...saved };
  };
  if (config.resetState) {
    return stay(
      'The next run was not started: with `reset-state` it would not go on from here, but start over as this one has. Run the workflow again without `reset-state`; it goes on from here.',
    );
  }
  const incremental = report.streams.filter(({ mode }) => mode === 'incremental');
  if (incremental.every(({ outcome }) => outcome !== 'partial')) {
    return stay(
      'The next run was not started: a full refresh that was not done within its time budget would start over. Give it a longer `time-budget`, or read the stream as `incremental`.',
    );
  }
  const earlier = before.consecutiveRuns ?? 0;
  // Whoever starts a run by hand after too many consecutive runs was told to look at them: the count begins anew.
  const consecutiveRuns = context.isByHand && earlier > MAX_CONSECUTIVE_RUNS ? 1 : earlier + 1;
  // The number is saved in any case: other runs of this sync may be waiting, and must not begin to count anew.
  if (!hasProgress(before, change, incremental)) {
    return stay(
      'This run has read nothing within its time budget, so it does not start the next one. Give it a longer `time-budget`, or look at what its requests waited for, and run it again.',
      { consecutiveRuns },
    );
  }
  if (consecutiveRuns > MAX_CONSECUTIVE_RUNS) {
    return stay(
      `This sync has started itself ${MAX_CONSECUTIVE_RUNS} times in a row and is not done, so it does not start the next run. Look at the log of some of these runs, then run the workflow by hand: it goes on from here.`,
      { consecutiveRuns },
    );
  }
  return { starts: change.changed.length > 0, consecutiveRuns };
}

function hasProgress(before: State, { state }: StateChange, streams: readonly { readonly records: number }[]): boolean {
  const hasNewRange = ([key, { syncedRanges }]: [string, SearchState]) =>
    minus(syncedRanges, before.search.get(key)?.syncedRanges ?? []).length > 0;
  return streams.some(({ records }) => records > 0) || [...state.search].some(hasNewRange);
}

/** Starts the next run. A run that cannot has still done its own work: it says how to go on by hand. */
export async function startNext({ context, api, log }: Pick<Run, 'context' | 'api' | 'log'>): Promise<void> {
  const { workflowFile, ref, inputs } = context;
  try {
    await (await api()).dispatch(workflowFile, ref, inputs);
    log.info(`Started the next run of ${workflowFile}, which goes on from here.`);
  } catch (error) {
    const { status = 0, cited = '' } = error as Partial<GitHubError>;
    log.warning(
      `The next run could not be started${cited}: ${reasonFor(status, workflowFile)}. What was read is kept; run the workflow again by hand, and it goes on from here.`,
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
