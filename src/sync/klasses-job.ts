// KObjects: the plain context, and beside it the klasses that it does not show, each read on its own from its beginning
// (docs/kustomer-api.md#plain-context). Whether there are such is found out on a first sync and then once a day.

import { isKind } from '../errors.ts';
import { type Job, type JobContext, searchJob } from './job.ts';
import type { SearchPlan, Selection } from './plan.ts';
import type { DatedRecord, Klasses, SearchIndex, SearchPages, Sink } from './source.ts';

export interface KobjectsOptions {
  readonly selection: Selection;
  /** The plan for the plain context, and for a klass on its own. */
  readonly planOf: (klass: string | null) => SearchPlan;
  readonly generic: SearchPages;
  readonly klasses: Klasses;
  readonly sink: Sink;
  readonly context: JobContext;
  /** Klasses that are known to be read on their own. */
  readonly missingKlasses: readonly string[];
  /** When the klasses were last checked; null: never. */
  readonly checkedAt: number | null;
  /** From where on anything is published, and the klasses have been looked for when they were checked. */
  readonly syncedFrom: number;
  /** Of a window that ends: once is enough. */
  readonly isCheckedOnce?: boolean;
  readonly now: number;
  /** Told when the klasses could not be checked. */
  readonly onUnchecked: (error: unknown) => void;
}

const CHECK_EVERY_MS = 24 * 3_600_000;
/** A record that is just being updated is hard to find; one that is not found so many times is not shown. */
const LOOKS = 3;

/** Name of a klass's own part in the state. */
export function klassKey(stream: string, klass: string): string {
  return `${stream}/${klass}`;
}

export function kobjectsJob(kobjects: KobjectsOptions): Job {
  const { selection, planOf, klasses, sink, context, checkedAt, now } = kobjects;
  const apart = new Map<string, Job>();
  const seen = new Set<string>();
  const plan = planOf(null);
  // An earlier start date reaches what nobody has looked for yet.
  let checked = plan.wanted.from < kobjects.syncedFrom ? null : checkedAt;

  const plain = searchJob(selection, plan, watched(kobjects.generic, seen), without(apart, sink), context);
  for (const klass of kobjects.missingKlasses) addApart(klass);

  function addApart(klass: string): void {
    const own = { ...selection, name: klassKey(selection.name, klass) };
    apart.set(klass, searchJob(own, planOf(klass), klasses.pages(klass), sink, context));
  }

  /** Reads one klass. One that disappears meanwhile has nothing more to read. */
  async function readApart(klass: string): Promise<boolean> {
    try {
      return await (apart.get(klass) as Job).read();
    } catch (error) {
      if (klasses.isGone(error)) return true;
      throw error;
    }
  }

  const all = () => [plain, ...apart.values()];
  return {
    ...selection,
    wanted: plain.wanted,
    isDone: (checked !== null || plan.ranges.length === 0) && all().every(({ isDone }) => isDone),
    async read() {
      if (plan.ranges.length === 0) return true;
      const known = [...apart.keys()];
      const reading = [plain.read(), ...known.map(readApart)];
      const complete: boolean[] = [];
      for (const each of await Promise.allSettled(reading)) {
        if (each.status === 'rejected') throw each.reason;
        complete.push(each.value);
      }
      if (checked !== null && (kobjects.isCheckedOnce || now - checked < CHECK_EVERY_MS))
        return !complete.includes(false);
      try {
        const isKnown = (klass: string) => seen.has(klass) || apart.has(klass);
        const wanted = { ...plan.wanted, from: Math.min(plan.wanted.from, kobjects.syncedFrom) };
        for (const klass of await findMissingKlasses(klasses, { ...plan, wanted }, isKnown, context.signal)) {
          addApart(klass);
          complete.push(await readApart(klass));
        }
        checked = now;
      } catch (error) {
        context.signal.throwIfAborted();
        if (!isKind(error, 'forbidden')) throw error;
        kobjects.onUnchecked(error);
        // What is read once and for all is not asked about for ever: it has been said what may be missing.
        if (kobjects.isCheckedOnce) checked = now;
      }
      return !complete.includes(false);
    },
    records: () => all().reduce((sum, job) => sum + job.records(), 0),
    updateState(draft, aheadMs) {
      const settled = all().map(job => job.updateState(draft, aheadMs));
      draft.klassesCheckedAt = checked;
      return settled.includes(true);
    },
  };
}

/** The klasses with records in a window that the stream itself does not show, those left out that are known already. */
export async function findMissingKlasses(
  klasses: Klasses,
  { wanted, horizon }: Pick<SearchPlan, 'wanted' | 'horizon'>,
  isKnown: (klass: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const indexes: readonly SearchIndex[] = wanted.from < horizon.archive ? ['live', 'archive'] : ['live'];
  async function isHidden(klass: string): Promise<boolean> {
    for (const index of indexes) {
      for (let look = 1; look <= LOOKS; look++) {
        signal.throwIfAborted();
        // Also by a record that is too young to be wanted yet: it will be.
        const newest = await klasses.newest(klass, index, wanted.from, wanted.to + CHECK_EVERY_MS);
        if (newest === null || Number.isNaN(newest.at)) break;
        if (await klasses.isInGenericSearch(index, newest)) return false;
        if (look === LOOKS) return true;
      }
    }
    return false;
  }
  const hidden: string[] = [];
  for (const klass of await klasses.names()) {
    if (!isKnown(klass) && (await isHidden(klass))) hidden.push(klass);
  }
  return hidden;
}

/** The klass in a KObject's type, `kobject.<klass>`. */
function klassOf(type: string): string {
  return type.slice(type.indexOf('.') + 1);
}

/** Takes note of the klasses that come by. */
function watched(pages: SearchPages, seen: Set<string>): SearchPages {
  return {
    async page(ask) {
      const page = await pages.page(ask);
      for (const { resource } of page.found) seen.add(klassOf(resource.type));
      return page;
    },
  };
}

/** Leaves out the klasses that are read on their own, should the plain context come to show them. */
function without(apart: ReadonlyMap<string, unknown>, sink: Sink): Sink {
  const others = (to: Pick<Sink, 'write'>) => async (records: readonly DatedRecord[]) => {
    const left = records.filter(({ resource }) => !apart.has(klassOf(resource.type)));
    if (left.length > 0) await to.write(left);
  };
  return {
    write: others(sink),
    openStagingFile() {
      const place = sink.openStagingFile();
      return { ...place, write: others(place) };
    },
  };
}
