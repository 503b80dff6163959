/**
 * A search stream with klasses as one job: its generic search, and the search of each klass that the generic search does
 * not have (docs/kustomer-api.md#plain-context).
 *
 * Each missing klass has a plan and a state of its own, so that a klass found later is read from its beginning. The job
 * looks for missing klasses on a first sync and then once a day, in the order of their names: a run that has no time for
 * all of them leaves the rest to the next one. A klass that cannot be read is skipped, and tried again in each run.
 */
import { isKind, isRefusal, type SyncError } from '../errors.ts';
import { addChanges, countingSink, isKnownToSearch } from './changes.ts';
import type { Interval } from './intervals.ts';
import { awaitAll, type SearchContext, type SearchJob, type StreamJob, searchJob } from './job.ts';
import { mappedSink } from './mapped-sink.ts';
import { LIVE_ONLY, liveFrom, type SearchHorizon, type SearchPlan, type Selection } from './plan.ts';
import type { DatedRecord, Klasses, SearchIndex, SearchPages, Sink } from './source.ts';
import { isCheckDone, type KlassCheck } from './state.ts';

interface KlassesOptions {
  readonly selection: Selection;
  /** Plans the generic search (null) or one klass. */
  readonly planOf: (klass: string | null) => SearchPlan;
  readonly generic: SearchPages;
  readonly klasses: Klasses;
  readonly sink: Sink;
  readonly context: SearchContext;
  /** Known to be missing from the generic search. */
  readonly missingKlasses: readonly string[];
  /** What earlier runs have looked at. */
  readonly check: KlassCheck | undefined;
  /** From when on records are synced (ms). */
  readonly syncedFrom: number;
  /** Whether to look for missing klasses once only: in a backfill or a shard. */
  readonly isCheckedOnce: boolean;
  /** The API key may not list the klasses. */
  readonly onUnchecked: () => void;
  /** Nothing is read of these klasses. */
  readonly onSkipped: (klasses: ReadonlyMap<string, SkipReason>) => void;
}

/** `refused`: Kustomer refuses the search of a klass. `unfiltered`: the search counts records, and finds none at any time. */
export type SkipReason = 'refused' | 'unfiltered';

const CHECK_INTERVAL_MS = 24 * 3_600_000;
/** A record that is being updated is hard to find; a record not found this often is not in the generic search. */
const MAX_LOOKUPS = 3;

export function klassKey(stream: string, klass: string): string {
  return `${stream}/${klass}`;
}

export function klassesJob(options: KlassesOptions): StreamJob {
  const { selection, sink, context } = options;
  const plan = options.planOf(null);
  const seen = new Set<string>();
  const skipped = new Map<string, SkipReason | null>((options.check?.skipped ?? []).map(klass => [klass, null]));
  const missing = openKlassJobs(options, skipped);
  // Counts what the filter lets through.
  const counting = countingSink(sink, isKnownToSearch(plan.before));
  const filtered = genericSink(counting.sink, seen, missing.jobs);
  const generic = searchJob(selection, plan, options.generic, filtered, context);
  const allJobs = () => [generic, ...missing.jobs.values()];
  const isArchiveRefused = () => allJobs().some(job => job.isArchiveRefused());
  const check = openKlassCheck(options, { plan, seen, skipped, missing, isArchiveRefused });
  return {
    ...selection,
    wanted: generic.wanted,
    isDone:
      (check.isDone() || plan.ranges.length === 0) && skipped.size === 0 && allJobs().every(({ isDone }) => isDone),
    async read() {
      if (plan.ranges.length === 0) return true;
      const results = await awaitAll([generic.read(), ...[...missing.jobs.keys()].map(missing.read)]);
      results.push(await check.run());
      const reasons = [...skipped].flatMap(([klass, reason]) => (reason === null ? [] : [[klass, reason] as const]));
      if (reasons.length > 0) options.onSkipped(new Map(reasons));
      return !results.includes(false);
    },
    records: () => allJobs().reduce((sum, job) => sum + job.records(), 0),
    firstSeen: () => [...missing.jobs.values()].reduce((sum, job) => sum + job.firstSeen(), counting.firstSeen()),
    changes: () => addChanges([counting.changes(), ...[...missing.jobs.values()].map(job => job.changes())]),
    recordsLeft: generic.recordsLeft,
    readFrom: generic.readFrom,
    updateState(draft, clockLeadMs) {
      const [isChanged, ...others] = allJobs().map(job => job.updateState(draft, clockLeadMs));
      const state = draft.search.get(selection.name);
      if (isChanged && state !== undefined) draft.search.set(selection.name, { ...state, klasses: check.state() });
      return isChanged || others.includes(true);
    },
  };
}

interface CheckContext {
  readonly plan: SearchPlan;
  /** Klasses that the generic search has shown. */
  readonly seen: ReadonlySet<string>;
  /** Null where nobody has tried to read the klass in this run. */
  readonly skipped: Map<string, SkipReason | null>;
  readonly missing: ReturnType<typeof openKlassJobs>;
  readonly isArchiveRefused: () => boolean;
}

/** Looks for missing klasses, once the generic search is read, and reads those that it finds. */
function openKlassCheck(options: KlassesOptions, { plan, seen, skipped, missing, ...known }: CheckContext) {
  const { klasses, context, isCheckedOnce } = options;
  let { check } = options;
  let isLookupRefused = false;
  const isArchiveRefused = () => isLookupRefused || known.isArchiveRefused();
  /** From when on records are looked at. An earlier start date reaches some that nobody has looked at. */
  const lookFrom = () => {
    const from = Math.min(plan.wanted.from, options.syncedFrom);
    return isArchiveRefused() ? Math.max(from, liveFrom(plan.horizon)) : from;
  };

  async function lookAt(klass: string): Promise<boolean> {
    if (seen.has(klass)) skipped.delete(klass);
    if (seen.has(klass) || missing.jobs.has(klass)) return true;
    const horizon = isArchiveRefused() ? LIVE_ONLY : plan.horizon;
    const wanted = { from: check?.from ?? lookFrom(), to: plan.wanted.to };
    const found = await lookAtKlass(klasses, klass, { wanted, horizon }, context.signal, refusal => {
      isLookupRefused = true;
      context.onArchiveRefused(refusal);
    });
    if (found === 'missing') {
      missing.add(klass);
      return missing.read(klass);
    }
    if (found === 'shown') skipped.delete(klass);
    else skipped.set(klass, found);
    return found === 'shown';
  }

  return {
    isDone: () => isCheckDone({ klasses: check }) && (check as KlassCheck).from <= lookFrom(),
    state: (): KlassCheck | undefined => check && { ...check, skipped: [...skipped.keys()].sort() },
    /** Looks at the klasses whose turn it is. Resolves to whether all of them are read. */
    async run(): Promise<boolean> {
      const begun = check !== undefined && check.from <= lookFrom() ? check : undefined;
      const isUnderWay = begun?.doneUpTo !== undefined;
      // A clock that was fast may have said when the last check was.
      const isDue = Math.abs(context.now - (begun?.checkedAt ?? 0)) >= CHECK_INTERVAL_MS;
      const isOld = begun === undefined || (!isCheckedOnce && isDue);
      const names = isOld || isUnderWay ? await namesOf(options) : [];
      // A window that is read once is checked once: the user knows what may be missing.
      const isCheck = names !== null || isCheckedOnce;
      if (isCheck && isOld && !isUnderWay) {
        check = { checkedAt: context.now, from: begun?.from ?? lookFrom(), doneUpTo: '', skipped: [] };
      }
      const doneUpTo = check?.doneUpTo ?? '';
      // What was skipped is tried in each run, also where the klasses may not be listed.
      let hasAll = true;
      const toLookAt = new Set([...skipped.keys(), ...(names ?? []).filter(name => name > doneUpTo)]);
      for (const klass of [...toLookAt].sort()) {
        hasAll = (await lookAt(klass)) && hasAll;
        if (isCheck && check?.doneUpTo !== undefined && klass > check.doneUpTo) check = { ...check, doneUpTo: klass };
        // What only the archive has was not looked at, unless a check before has done so.
        const wasDone = begun !== undefined && !isUnderWay;
        if (check !== undefined && isArchiveRefused() && !wasDone) check = { ...check, from: lookFrom() };
      }
      if (isCheck && check !== undefined) check = { ...check, doneUpTo: undefined };
      return hasAll && !isLookupRefused;
    },
  };
}

/** The names of the klasses, in order; null when the API key may not list them. */
async function namesOf({ klasses, context, onUnchecked }: KlassesOptions): Promise<readonly string[] | null> {
  try {
    return await klasses.names();
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isKind(error, 'forbidden')) throw error;
    onUnchecked();
    return null;
  }
}

function openKlassJobs(
  { selection, planOf, klasses, sink, context, missingKlasses }: KlassesOptions,
  skipped: Map<string, SkipReason | null>,
) {
  const jobs = new Map<string, SearchJob>();
  const add = (klass: string) => {
    const own = { ...selection, name: klassKey(selection.name, klass) };
    jobs.set(klass, searchJob(own, planOf(klass), klasses.pages(klass), sink, context));
  };
  for (const klass of missingKlasses) add(klass);
  return {
    jobs,
    add,
    /** Resolves to whether all of a klass has been read. A klass that is removed meanwhile has nothing more to read. */
    async read(klass: string): Promise<boolean> {
      skipped.delete(klass);
      try {
        return await (jobs.get(klass) as SearchJob).read();
      } catch (error) {
        context.signal.throwIfAborted();
        if (klasses.isGone(error)) return true;
        if (!isRefusal(error)) throw error;
        skipped.set(klass, 'refused');
        return false;
      }
    },
  };
}

/** Whether the generic search shows a klass that has records in `wanted`, or why nobody can tell. */
async function lookAtKlass(
  klasses: Klasses,
  klass: string,
  { wanted, horizon }: Pick<SearchPlan, 'wanted' | 'horizon'>,
  signal: AbortSignal,
  onArchiveRefused: (refusal: SyncError) => void,
): Promise<'shown' | 'missing' | SkipReason> {
  // A record after the window will be wanted by a run before the next check.
  const within = { from: wanted.from, to: wanted.to + CHECK_INTERVAL_MS };
  const indexes = indexesOf(wanted, horizon);
  for (const [n, index] of indexes.entries()) {
    try {
      for (let lookup = 1; ; lookup++) {
        signal.throwIfAborted();
        const newest = await klasses.newest(klass, index, within);
        if (newest === null) break;
        if (await klasses.isInGenericSearch(index, newest, within)) return 'shown';
        if (lookup === MAX_LOOKUPS) return 'missing';
      }
      if (n === indexes.length - 1 && (await klasses.isUnfiltered(klass))) return 'unfiltered';
    } catch (error) {
      signal.throwIfAborted();
      if (!isRefusal(error)) throw error;
      if (index === 'live') return 'refused';
      onArchiveRefused(error);
    }
  }
  return 'shown';
}

/** The live index twice: a record that is updated after the first look goes there from the archive. */
function indexesOf(wanted: Interval, horizon: SearchHorizon): readonly SearchIndex[] {
  return wanted.from < horizon.archive ? ['live', 'archive', 'live'] : ['live'];
}

/** The klasses with records in `wanted` that the generic search does not have; null when not all can be looked at. */
export async function findMissingKlasses(
  klasses: Klasses,
  plan: Pick<SearchPlan, 'wanted' | 'horizon'>,
  signal: AbortSignal,
): Promise<string[] | null> {
  const missing: string[] = [];
  let isArchiveRefused = false;
  for (const klass of await klasses.names()) {
    const found = await lookAtKlass(klasses, klass, plan, signal, () => {
      isArchiveRefused = true;
    });
    if (isArchiveRefused || found === 'refused' || found === 'unfiltered') return null;
    if (found === 'missing') missing.push(klass);
  }
  return missing;
}

/** The klass of a record of type `kobject.<klass>`. */
function klassOf({ resource: { type } }: DatedRecord): string {
  return type.slice(type.indexOf('.') + 1);
}

/**
 * Adds the klasses of the records to `seen`.
 * @param ignored klasses that have a search of their own: the generic search may come to have them as well
 */
function genericSink(sink: Sink, seen: Set<string>, ignored: ReadonlyMap<string, unknown>): Sink {
  return mappedSink(sink, records => {
    for (const record of records) seen.add(klassOf(record));
    return records.filter(record => !ignored.has(klassOf(record)));
  });
}
