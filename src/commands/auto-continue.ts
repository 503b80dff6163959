// A run that has stopped at its time budget starts the next one itself: it dispatches its own workflow again.

import type { Config } from '../config/config.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import { minus } from '../sync/intervals.ts';
import type { State } from '../sync/state.ts';

/** A sync that is not done after so many runs in a row will not be: somebody should look at it. */
const MOST_IN_A_ROW = 100;

/**
 * Whether this run is to start the next one, and the state that says how many have done so.
 * @param claims what is to be saved; null when nothing is
 * @param streams what this run has read
 * @param isByHand whether somebody has started this run
 */
export function nextRun(
  before: State,
  claims: State | null,
  { streams }: Pick<Report, 'streams'>,
  { isOutOfTime, isByHand }: { readonly isOutOfTime: boolean; readonly isByHand: boolean },
  { onIncomplete, shard, resetState }: Config,
  log: Log,
): { readonly state: State | null; readonly continues: boolean } {
  const stay = { state: claims, continues: false };
  if (onIncomplete === 'stop' || shard !== null || !isOutOfTime) return stay;
  if (resetState) {
    log.warning(
      'The next run was not started: with `reset-state` it would not go on from here, but start over as this one has. Run the workflow again without `reset-state`; it goes on from here.',
    );
    return stay;
  }
  // A full refresh has no progress: the next run starts it over.
  const goOn = streams.filter(({ mode }) => mode === 'incremental');
  if (goOn.every(({ outcome }) => outcome !== 'partial')) {
    log.warning(
      'The next run was not started: a full refresh that was not done within its time budget would start over. Give it a longer `time-budget`, or read the stream as `incremental`.',
    );
    return stay;
  }
  const records = goOn.reduce((sum, stream) => sum + stream.records, 0);
  const { continues, count } = continuation(before, claims ?? before, records, isByHand, log);
  return {
    state: claims === null ? null : { ...claims, consecutiveRuns: count },
    continues: continues && claims !== null,
  };
}

/** Whether there is progress that lets it go on by itself, and the count of such runs to save with the state. */
function continuation(
  before: State,
  after: State,
  records: number,
  isByHand: boolean,
  log: Log,
): { readonly continues: boolean; readonly count: number } {
  const earlier = before.consecutiveRuns ?? 0;
  // Whoever starts a run after the last of a row has been told to look, and lets it go on.
  const count = isByHand && earlier > MOST_IN_A_ROW ? 1 : earlier + 1;
  const isProgress =
    records > 0 ||
    [...after.search].some(
      ([name, { syncedRanges }]) => minus(syncedRanges, before.search.get(name)?.syncedRanges ?? []).length > 0,
    );
  if (!isProgress) {
    log.warning(
      'This run has read nothing within its time budget, so it does not start the next one. Give it a longer `time-budget`, or look at what its requests waited for, and run it again.',
    );
    return { continues: false, count };
  }
  if (count > MOST_IN_A_ROW) {
    log.warning(
      `This sync has started itself ${MOST_IN_A_ROW} times in a row and is not done, so it does not start the next run. Look at the log of some of these runs, then run the workflow by hand: it goes on from here.`,
    );
    // Kept until a run is done in time: others of this sync may be waiting, and must not begin a row of their own.
    return { continues: false, count };
  }
  return { continues: true, count };
}

/** Starts the next run. It is a convenience: a run that cannot do so has still done its own work, and says how to go on. */
export async function startNext(context: Context, api: () => Promise<Api>, log: Log): Promise<void> {
  const { workflowFile, ref, inputs } = context;
  try {
    await (await api()).dispatch(workflowFile, ref, inputs);
    log.info(`Started the next run of ${workflowFile}, which goes on from here.`);
  } catch (error) {
    // What is not an answer of GitHub's has no status.
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
