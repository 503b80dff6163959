/**
 * A search stream with klasses as one job: its generic search, and the search of each klass that the generic search does
 * not have (docs/kustomer-api.md#plain-context).
 *
 * Each missing klass has a plan and a state of its own, so that a klass found later is read from its beginning. The job
 * looks for missing klasses on a first sync and then once a day.
 */
import { isKind } from '../errors.ts';
import { awaitAll, type JobContext, type StreamJob, searchJob } from './job.ts';
import type { SearchPlan, Selection } from './plan.ts';
import type { DatedRecord, Klasses, SearchIndex, SearchPages, Sink } from './source.ts';

interface KlassesOptions {
  readonly selection: Selection;
  /** Plans the generic search (null) or one klass. */
  readonly planOf: (klass: string | null) => SearchPlan;
  readonly generic: SearchPages;
  readonly klasses: Klasses;
  readonly sink: Sink;
  readonly context: JobContext;
  /** Known to be missing from the generic search. */
  readonly missingKlasses: readonly string[];
  /** When somebody last looked for missing klasses (ms); null: never. */
  readonly checkedAt: number | null;
  /** From when on records are synced, and klasses were looked for (ms). */
  readonly syncedFrom: number;
  /** Whether to look for missing klasses once only: in a backfill or a shard. */
  readonly isCheckedOnce: boolean;
  /** The API key may not list the klasses. */
  readonly onUnchecked: () => void;
}

const CHECK_INTERVAL_MS = 24 * 3_600_000;
/** A record that is being updated is hard to find; a record not found this often is not in the generic search. */
const MAX_LOOKUPS = 3;

export function klassKey(stream: string, klass: string): string {
  return `${stream}/${klass}`;
}

export function klassesJob(options: KlassesOptions): StreamJob {
  const { selection, klasses, sink, context, syncedFrom, isCheckedOnce } = options;
  const plan = options.planOf(null);
  const missing = openKlassJobs(options);
  const seen = new Set<string>();
  const generic = searchJob(selection, plan, options.generic, genericSink(sink, seen, missing.jobs), context);
  const allJobs = () => [generic, ...missing.jobs.values()];
  // An earlier start date reaches records that nobody has looked at.
  let checkedAt = plan.wanted.from < syncedFrom ? null : options.checkedAt;

  async function findAndRead(): Promise<boolean> {
    let hasAll = true;
    try {
      const wanted = { ...plan.wanted, from: Math.min(plan.wanted.from, syncedFrom) };
      const isKnown = (klass: string) => seen.has(klass) || missing.jobs.has(klass);
      for (const klass of await findMissingKlasses(klasses, { ...plan, wanted }, isKnown, context.signal)) {
        missing.add(klass);
        hasAll = (await missing.read(klass)) && hasAll;
      }
      checkedAt = context.now;
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isKind(error, 'forbidden')) throw error;
      options.onUnchecked();
      // A window that is read once is checked once: the user knows what may be missing.
      if (isCheckedOnce) checkedAt = context.now;
    }
    return hasAll;
  }

  return {
    ...selection,
    wanted: generic.wanted,
    isDone: (checkedAt !== null || plan.ranges.length === 0) && allJobs().every(({ isDone }) => isDone),
    async read() {
      if (plan.ranges.length === 0) return true;
      const results = await awaitAll([generic.read(), ...[...missing.jobs.keys()].map(missing.read)]);
      const isChecked = checkedAt !== null && (isCheckedOnce || context.now - checkedAt < CHECK_INTERVAL_MS);
      if (!isChecked) results.push(await findAndRead());
      return !results.includes(false);
    },
    records: () => allJobs().reduce((sum, job) => sum + job.records(), 0),
    updateState(draft, clockLeadMs) {
      draft.klassesCheckedAt = checkedAt;
      return allJobs()
        .map(job => job.updateState(draft, clockLeadMs))
        .includes(true);
    },
  };
}

function openKlassJobs({ selection, planOf, klasses, sink, context, missingKlasses }: KlassesOptions) {
  const jobs = new Map<string, StreamJob>();
  const add = (klass: string) => {
    const own = { ...selection, name: klassKey(selection.name, klass) };
    jobs.set(klass, searchJob(own, planOf(klass), klasses.pages(klass), sink, context));
  };
  for (const klass of missingKlasses) add(klass);
  return {
    jobs,
    add,
    /** Resolves to whether all of a klass has been read. A klass that is removed meanwhile has nothing more to read. */
    read: (klass: string): Promise<boolean> =>
      (jobs.get(klass) as StreamJob).read().catch(error => {
        if (klasses.isGone(error)) return true;
        throw error;
      }),
  };
}

/** The klasses with records in `wanted` that the generic search does not have, and that are not known already. */
export async function findMissingKlasses(
  klasses: Klasses,
  { wanted, horizon }: Pick<SearchPlan, 'wanted' | 'horizon'>,
  isKnown: (klass: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const indexes: readonly SearchIndex[] = wanted.from < horizon.archive ? ['live', 'archive'] : ['live'];
  // A record after the window will be wanted by a run before the next check.
  const until = wanted.to + CHECK_INTERVAL_MS;
  async function isMissing(klass: string): Promise<boolean> {
    for (const index of indexes) {
      for (let lookup = 1; lookup <= MAX_LOOKUPS; lookup++) {
        signal.throwIfAborted();
        const newest = await klasses.newest(klass, index, wanted.from, until);
        if (newest === null) break;
        if (await klasses.isInGenericSearch(index, newest, { from: wanted.from, to: until })) return false;
        if (lookup === MAX_LOOKUPS) return true;
      }
    }
    return false;
  }
  const missing: string[] = [];
  for (const klass of await klasses.names()) if (!isKnown(klass) && (await isMissing(klass))) missing.push(klass);
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
  const filtered = (to: Pick<Sink, 'write'>) => async (records: readonly DatedRecord[]) => {
    for (const record of records) seen.add(klassOf(record));
    const rest = records.filter(record => !ignored.has(klassOf(record)));
    if (rest.length > 0) await to.write(rest);
  };
  return {
    write: filtered(sink),
    openStagingFile() {
      const file = sink.openStagingFile();
      return { ...file, write: filtered(file) };
    },
  };
}
