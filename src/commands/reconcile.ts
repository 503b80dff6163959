// `mode: reconcile`: which ids exist now. A sync in all but this: it has a state of its own, which begins anew when it has
// come to its end, its lines are ids, and it reads twice what was updated while it reads (sync/reconciliation.ts).
import type { Config } from '../config/config.ts';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { isSearch, oldRecordsOf, streamNamed } from '../kustomer/streams.ts';
import { grouped, utc } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import { addChanges, countingSink } from '../sync/changes.ts';
import type { StreamJob } from '../sync/job.ts';
import { bytesOf } from '../sync/json-bytes.ts';
import { mappedSink } from '../sync/mapped-sink.ts';
import { cutoffOf, type Selection, type ShardWork } from '../sync/plan.ts';
import {
  goOn,
  hasFallen,
  isReconciled,
  lastWork,
  latestAsOf,
  mainWork,
  withoutRanges,
} from '../sync/reconciliation.ts';
import { type DatedRecord, type Sink, timeIn } from '../sync/source.ts';
import type { State } from '../sync/state.ts';
import { type JobsOptions, openJobs } from './jobs.ts';
import type { ReadingRun } from './prepare.ts';
import { sync } from './sync.ts';
import type { Variant } from './writing-jobs.ts';

/** Reconciles. Never rejects: whatever became of it is in the report. */
export function reconcile(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const streams = config.streams.map((selection): Selection => ({ ...selection, mode: 'incremental' }));
  // Records that are marked as deleted do not exist; their lines say so.
  const own = { includeDeleted: false, recordFormat: 'raw', excludeFields: [], hashFields: [] } as const;
  return sync({ ...config, ...own, streams }, context, log, stop, undefined, openReconciliation);
}

/** What one run knows of its reconciliation. */
interface Reconciling {
  readonly run: ReadingRun;
  /** The state that the run goes on from. */
  begun: ReturnType<typeof goOn>;
  /**
   * Up to this time (ms) the index, which may be late, knows everything. It only gets earlier: this runner's clock may turn
   * out to be fast.
   */
  asOf: number;
  /** How many ids there are, by stream. */
  readonly ids: Map<string, number>;
  /** Whether more ids of a stream have vanished than can be believed. */
  hasFallen: boolean;
}

export function openReconciliation(run: ReadingRun): Variant {
  const { config, now, log, stop } = run;
  const selected = config.streams.map(({ name }) => name);
  let own: Reconciling;
  return {
    readsIds: true,
    goOn(state: State): State {
      const begun = goOn(state, selected, now, cutoffOf(now, config.settleMs));
      const { cutoff, asOf } = begun.reconciliation;
      if (begun.reconciliation === state.reconciliation)
        log.info(`Going on with the reconciliation of ${utc(cutoff)}.`);
      own = { run, begun, asOf, ids: new Map(), hasFallen: false };
      return begun;
    },
    openJobs: (options: JobsOptions) => config.streams.map(selection => jobOf(own, selection, options)),
    after(streams, isEnd) {
      // What is not complete although nothing has stopped the run would not be so the next time either.
      const isCut = !isEnd || stop.signal.aborted;
      const left = streams.filter(({ outcome }) => outcome === 'failed' || (outcome === 'partial' && isCut));
      const before = own.begun.reconciliation;
      const isComplete = streams.every(({ outcome }) => outcome === 'complete');
      if (isEnd && isComplete) log.info(`These ids speak for ${utc(asOfNow(own))}.`);
      const others = before.open.filter(name => !selected.includes(name));
      return {
        cutoff: before.cutoff,
        asOf: asOfNow(own),
        // What has fallen may have been read with a role too few: it begins anew.
        open: own.hasFallen ? [] : [...others, ...left.map(({ name }) => name)],
        ids: { ...before.ids, ...Object.fromEntries(own.ids) },
      };
    },
  };
}

function asOfNow(own: Reconciling): number {
  const { config, client } = own.run;
  own.asOf = Math.min(own.asOf, latestAsOf(own.begun.reconciliation, config.lookbackMs, client.clock.leadMs()));
  return own.asOf;
}

/** A job that reads the ids of a stream, and then reads again what was updated meanwhile. */
function jobOf(own: Reconciling, selection: Selection, options: JobsOptions): StreamJob {
  const { begun, run } = own;
  const { config, client, log, now } = run;
  const { name } = selection;
  const target = options.writerOf(name);
  const main = countingSink(target, () => false);
  const last = countingSink(
    target,
    ({ resource }) => !(timeIn(resource.attributes?.createdAt) >= begun.reconciliation.cutoff),
  );
  let areKlassesKnown = true;
  const onUnchecked = () => {
    areKlassesKnown = false;
  };
  const open = (others: Partial<JobsOptions>, shard: ShardWork, { sink }: typeof main) => {
    const its = { ...config, streams: [selection], shard };
    const [job] = openJobs({ ...options, onUnchecked, ...others, config: its, writerOf: () => idSink(sink) });
    return job as StreamJob;
  };
  const stream = streamNamed(name);
  const hasArchive = !isSearch(stream) || oldRecordsOf(stream) !== 'nowhere';
  const job = open({}, mainWork(begun.reconciliation, name, config.lookbackMs, hasArchive), main);
  if (isReconciled(begun, name)) return { ...job, isDone: true, read: async () => true };

  async function readLast(): Promise<boolean> {
    const draft = { search: new Map(begun.search), lists: new Map(begun.lists) };
    job.updateState(draft, client.clock.leadMs());
    const state: State = { ...begun, search: withoutRanges(draft.search) };
    // No reader may be split: a record could move from the part of one to where the other has been.
    const limits = { ...options.context.pool.limits, idle: () => 0 };
    const context = { ...options.context, pool: { limits, readers: new Set<never>() } };
    const quiet = { ...log, warning: log.debug, notice: log.debug };
    return open({ state, context, log: quiet }, lastWork(name, asOfNow(own), now), last).read();
  }

  return {
    ...job,
    isDone: false,
    async read() {
      if (!(await job.read())) return false;
      if (isSearch(stream) && !(await readLast())) return false;
      const [first, all] = [last.firstSeen(), total(last)];
      // Of those that were updated meanwhile, nobody knows which were there already: about one of two.
      requireBelievable(own, name, linesBefore(own, name) + total(main) + first + Math.round((all - first) / 2));
      return areKlassesKnown;
    },
    records: () => total(main) + total(last),
    // An id is neither new nor changed.
    changes: () => addChanges([]),
    firstSeen: () => 0,
  };
}

/** What earlier runs of the reconciliation have found of a stream. */
function linesBefore({ begun }: Reconciling, name: string): number {
  const files = begun.shardManifest?.files.filter(({ stream }) => stream === name) ?? [];
  return files.reduce((sum, { records }) => sum + Number(records), 0);
}

/** @throws SyncError `ids-vanished` */
function requireBelievable(own: Reconciling, name: string, found: number): void {
  const before = own.begun.reconciliation.ids[name];
  if (hasFallen(before, found) && !own.run.config.confirmVanished) {
    own.hasFallen = true;
    throw new SyncError('ids-vanished', {
      what: `Kustomer shows ${grouped(found)} ${name}, and had ${grouped(before as number)} at the last reconciliation: more than a tenth has gone at once.`,
      todo: 'Check that the roles of the API key are those it had, since what it may not see is not told from what is gone; if they are really gone, run once with `confirm-vanished: true`.',
    });
  }
  own.ids.set(name, found);
}

function total({ changes }: ReturnType<typeof countingSink>): number {
  const { new: first, changed, deleted } = changes();
  return first + changed + deleted;
}

/** A sink that writes ids, of those records that exist. */
function idSink(sink: Sink): Sink {
  return mappedSink(sink, records => records.filter(isExisting).map(idOf));
}

function isExisting({ resource: { attributes } }: DatedRecord): boolean {
  return attributes?.deleted !== true && typeof attributes?.deletedAt !== 'string';
}

function idOf({ resource, ...record }: DatedRecord): DatedRecord {
  const { id, attributes } = resource;
  const { updatedAt } = attributes ?? {};
  const line = typeof updatedAt === 'string' ? { id, updated_at: updatedAt } : { id };
  return { ...record, resource: { ...resource, json: bytesOf(line) } };
}
