// The selected streams as jobs: each gets its plan, its source and its sink.
import type { SyncError } from '../errors.ts';
import { archiveRefused } from '../kustomer/request-errors.ts';
import type { Source } from '../kustomer/source.ts';
import {
  AUDITED,
  isSearch,
  type ListStream,
  oldRecordsOf,
  type SearchStream,
  streamNamed,
} from '../kustomer/streams.ts';
import { grouped } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import { withDeletions } from '../sync/deletions-job.ts';
import { type JobContext, listJob, type SearchContext, type StreamJob, searchJob } from '../sync/job.ts';
import { klassesJob, klassKey, type SkipReason } from '../sync/klasses-job.ts';
import { type ListPlan, type PlanOptions, planList, planSearch, type Selection } from '../sync/plan.ts';
import { type ListResult, prefetch } from '../sync/read-list.ts';
import { LIST_CAP, type ListPages, type Sink } from '../sync/source.ts';
import type { State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import type { Run } from './prepare.ts';

export interface JobsOptions {
  readonly config: PlanOptions & {
    readonly streams: readonly Selection[];
    /** Deletions that the audit log records are wanted. */
    readonly readsAuditLog?: boolean;
  };
  readonly state: State;
  readonly source: Source;
  /** The pages of the list streams, as {@link openLists} returns them. */
  readonly lists: ReadonlyMap<string, ListPages>;
  readonly writerOf: (stream: string) => Sink;
  readonly context: JobContext;
  readonly log: Log;
  /** Called when nobody could look for klasses that the generic search does not show. */
  readonly onUnchecked?: () => void;
}

/** Opens the lists of the list streams. An incremental sync reads them whole in each run, so it begins at once. */
export function openLists({ config, scope }: Pick<Run, 'config' | 'scope'>, source: Source) {
  const isReadWhole = scope.kind === 'incremental';
  const streams = config.streams.map(({ name }) => streamNamed(name)).filter(stream => stream.kind === 'list');
  const pagesOf = (stream: ListStream) => (isReadWhole ? prefetch(source.list(stream)) : source.list(stream));
  return new Map(streams.map(stream => [stream.name, pagesOf(stream)]));
}

export function openJobs(options: JobsOptions): StreamJob[] {
  const { config, state, source, lists, writerOf, context, log } = options;
  if (config.archive === 'never' && config.streams.some(({ name }) => isSearch(streamNamed(name)))) {
    log.notice(
      'Records last updated more than two years ago are skipped, as `archive: never` says. Use `archive: auto` to read them, too.',
    );
  }
  const onArchiveRefused = once((refusal: SyncError) => log.warning(archiveRefused(refusal).message));
  const onAuditLogRefused = once(({ status }: SyncError) =>
    log.warning(
      `Kustomer refused the audit log (status ${status}), so deletions that it alone records are not published. Make a key that also has the role org.permission.audit_logs.read, or set \`deletions: lists\` to do without.`,
    ),
  );
  const searchContext = { ...context, onArchiveRefused };
  return config.streams.map(selection => {
    const { name } = selection;
    const stream = streamNamed(name);
    const writer = writerOf(name);
    if (stream.kind === 'list') {
      const plan = planList(name, selection, config, state, context.now);
      const pages = lists.get(name) as ListPages;
      const onResult = (result: ListResult) => warnOf(result, name, plan, log);
      return listJob({ selection, plan, type: stream.type, pages, sink: writer, context, onResult });
    }
    if (stream.hasKlasses) return openKlassesJob({ ...options, context: searchContext }, selection, stream, writer);
    const plan = planOf(options, name, selection, stream);
    const old = plan.listOnlyBefore === null ? undefined : source.archiveList(stream);
    const job = searchJob(selection, plan, source.search(stream), writer, searchContext, old, () =>
      warnOfCut(name, log),
    );
    if (!config.readsAuditLog || !AUDITED.has(name)) return job;
    return withDeletions(job, {
      ...{ log: source.auditLog(stream), type: stream.context, sink: writer, before: plan.before, cutoff: plan.cutoff },
      ...{ lookbackMs: config.lookbackMs, signal: context.signal, onRefused: onAuditLogRefused },
    });
  });
}

function warnOf(result: ListResult, name: string, { before }: ListPlan, log: Log): void {
  const { heldBack, isCut, isUnrestricted } = result;
  if (!isUnrestricted) {
    log.info(`Kustomer refused a part of the list of ${name} (400, 404 or 422): what its plain list shows is read.`);
  }
  if (isCut) {
    log.warning(
      `The list of ${name} ends with exactly ${grouped(LIST_CAP)} records, where Kustomer may cut it: there may be more ${name}, and none is taken for deleted. Ask Kustomer how to list all of them.`,
    );
  }
  if (heldBack === 0) return;
  log.warning(
    `Kustomer's list no longer shows ${grouped(heldBack)} of ${grouped(before?.seen.size ?? 0)} ${name}, more than a tenth at once, so none of them is published as deleted. Check that the roles of the API key are those it had; if the ${name} are really gone, run once with \`confirm-vanished: true\`.`,
  );
}

/** Of a list that no search can stand in for. */
function warnOfCut(name: string, log: Log): void {
  log.warning(
    `The list of ${name} ends with exactly ${grouped(LIST_CAP)} records, where Kustomer may cut it: what it has is published, and older ${name} may be missing. It is read again once a day; set \`archive: never\` or a \`start-date\` within the last two years to do without old ${name}.`,
  );
}

/** Calls a function the first time only. */
function once<T>(call: (argument: T) => void): (argument: T) => void {
  let isCalled = false;
  return argument => {
    if (!isCalled) call(argument);
    isCalled = true;
  };
}

export const KLASSES_UNCHECKED =
  'The API key may not list klasses (403), so some KObjects may not be read. Make a key that also has the role org.permission.klass.read.';

interface KlassesJobOptions extends JobsOptions {
  readonly context: SearchContext;
}

function openKlassesJob(options: KlassesJobOptions, selection: Selection, stream: SearchStream, sink: Sink): StreamJob {
  const { config, state, source, context, log } = options;
  const { name } = selection;
  // A plan has looked for the klasses of its shards.
  const planned = config.shard?.klasses ?? null;
  const prefix = klassKey(name, '');
  const known = [...state.search.keys()].filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length));
  const { syncedRanges = [], klasses: check } = state.search.get(name) ?? {};
  const planOfKlass = (klass: string | null) =>
    planOf(options, klass === null ? name : klassKey(name, klass), selection, stream);
  return klassesJob({
    selection,
    planOf: planOfKlass,
    generic: source.search(stream),
    klasses: source.klasses(stream),
    sink,
    context,
    missingKlasses: [...new Set([...known, ...(planned ?? [])])],
    check: planned === null ? check : { checkedAt: context.now, from: planOfKlass(null).wanted.from, skipped: [] },
    syncedFrom: planned === null ? (syncedRanges[0]?.from ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    isCheckedOnce: (config.endDate ?? config.shard ?? null) !== null,
    onUnchecked: () => {
      log.warning(KLASSES_UNCHECKED);
      options.onUnchecked?.();
    },
    onSkipped: klasses => {
      for (const [reason, skipped] of Map.groupBy(klasses, ([, reason]) => reason)) {
        log.warning(
          skippedKlasses(
            skipped.map(([klass]) => klass),
            reason,
          ),
        );
      }
    },
  });
}

/** Names in a warning: the rest is counted. */
const MAX_NAMES = 10;

function skippedKlasses(klasses: readonly string[], reason: SkipReason): string {
  const names = klasses.slice(0, MAX_NAMES).map(klass => `\`${klass.replace(/[^\w-]/g, '?').slice(0, 60)}\``);
  const more = klasses.length > MAX_NAMES ? ` and ${klasses.length - MAX_NAMES} more` : '';
  const why =
    reason === 'refused'
      ? 'Kustomer refused the search of'
      : 'Kustomer counts records and finds none of them by their time of update, in the search of';
  return `${why} some klasses (${names.join(', ')}${more}), so their KObjects are not read. Check the roles of the API key for them, or report it to this project; each run tries again.`;
}

function planOf(
  { config, state, context, log }: JobsOptions,
  name: string,
  selection: Selection,
  stream: SearchStream,
) {
  const plan = planSearch(name, selection, config, state, context.now, oldRecordsOf(stream));
  if (plan.before !== undefined && plan.before.cutoff > plan.cutoff) {
    log.warning(
      `The state of ${name} is later than this run's clock (${iso(plan.before.cutoff)}). What was published is not published again; check the clock of the runner that wrote it.`,
    );
  }
  return plan;
}
