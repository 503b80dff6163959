// What the summary says of a run and its streams, beside what the outputs say: docs/reading-the-data.md#new-changed-deleted.
import { isSearch, streamNamed } from '../kustomer/streams.ts';
import type { StreamDetails, StreamResult } from '../report/report.ts';
import type { StreamJob } from '../sync/job.ts';
import { publishedUpTo, type State } from '../sync/state.ts';
import type { ReadingRun } from './prepare.ts';

/** Says what the run starts from. */
export function describeStart(run: Pick<ReadingRun, 'report' | 'scope' | 'context' | 'config'>, before: State): void {
  const { report, scope, context, config } = run;
  const { shard } = config;
  const incremental = before.generation === 0 ? 'First Kustomer sync' : 'Kustomer sync';
  report.isIncremental = scope.kind === 'incremental';
  report.kind =
    shard !== null
      ? `Kustomer sync of shard ${shard.number} of ${shard.of}`
      : report.isIncremental
        ? incremental
        : scope.kind === 'backfill'
          ? 'Kustomer backfill'
          : 'Kustomer reconciliation';
  // The state may have been written by anybody who may write to the branch, so the id is checked before it gets into a link.
  if (!/^\d+$/.test(before.run.id) || Number.isNaN(Date.parse(before.savedAt))) return;
  report.lastSave = { savedAt: before.savedAt, runUrl: context.runUrl.replace(/[^/]+$/, before.run.id) };
}

interface Told {
  readonly counts: boolean;
  newsOf(stream: string): StreamDetails['news'];
}

/**
 * Adds to each stream what is known of it.
 * @param state the state now in force
 * @param told whether what was read is published, or will be, and what is new in the columns of a stream
 */
export function describeStreams(
  run: ReadingRun,
  state: State,
  jobs: readonly StreamJob[] = [],
  { counts = true, newsOf = () => undefined }: Partial<Told> = {},
): void {
  const { report, client, window } = run;
  report.usage = client.usage;
  const readUpTo = Date.parse(window.to) - client.clock.leadMs();
  report.streams = report.streams.map(stream => {
    const job = jobs.find(({ name }) => name === stream.name);
    const from = job?.wanted.from ?? run.config.startDate ?? 0;
    const isRead = stream.outcome === 'complete' && counts;
    const completeUpTo = isRead ? readUpTo : syncedUpTo(state, stream.name, from);
    const inAll = publishedBy(state, stream.name, report.stateSaved ? 0 : stream.records);
    const news = newsOf(stream.name);
    return { ...stream, details: { completeUpTo, inAll, ...changesOf(stream, job), ...(news && { news }) } };
  });
}

/** Lines that all runs have published; undefined where the state does not know. @param unsaved those that it cannot know */
function publishedBy(state: State, name: string, unsaved: number): number | undefined {
  const isNew = !state.search.has(name) && !state.lists.has(name);
  const saved = state.revisions.get(name)?.published ?? (isNew ? 0 : undefined);
  return saved === undefined ? undefined : saved + unsaved;
}

function changesOf({ records }: StreamResult, job: StreamJob | undefined): Pick<StreamDetails, 'changes' | 'readFrom'> {
  if (job === undefined) return {};
  const changes = job.changes();
  // What was read and is not published, or left to another run, does not count.
  const isPublished = changes.new + changes.changed + changes.deleted === records;
  const isWhole = !isSearch(streamNamed(job.name)) && !(job.readFrom > 0);
  const readFrom = isWhole ? 'whole list' : job.readFrom;
  return { readFrom, ...(isPublished && { changes }) };
}

/** Up to where a stream is published without a gap (ms). A state does not say when a list was read. */
function syncedUpTo(state: State, name: string, from: number): StreamDetails['completeUpTo'] {
  if (!isSearch(streamNamed(name))) return state.lists.has(name) ? 'earlier-run' : null;
  return publishedUpTo(state, name, from);
}
