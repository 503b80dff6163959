// KObjects: the plain context, and beside it the klasses that it does not show, each read on its own from its beginning
// (kustomer-api.md 13.20). Whether there are such is found out on a first sync and then once a day.

import type { Selection } from '../inputs.ts';
import { type Job, type Surroundings, searchJob } from './job.ts';
import type { SearchPlan } from './plan.ts';
import type { Found, Klasses, SearchPages, Side, Sink } from './source.ts';

export interface KObjects {
  readonly selection: Selection;
  /** The plan for the plain context, and for a klass on its own. */
  readonly planOf: (klass: string | null) => SearchPlan;
  readonly plain: SearchPages;
  readonly klasses: Klasses;
  readonly sink: Sink;
  readonly surroundings: Surroundings;
  /** Klasses that are known to be read on their own. */
  readonly apart: readonly string[];
  /** When the klasses were last checked; null: never. */
  readonly checkedAt: number | null;
  /** From where on anything is published, and the klasses have been looked for when they were checked. */
  readonly publishedFrom: number;
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
export function partOf(stream: string, klass: string): string {
  return `${stream}/${klass}`;
}

export function kobjectsJob(kobjects: KObjects): Job {
  const { selection, planOf, klasses, sink, surroundings, checkedAt, now } = kobjects;
  const apart = new Map<string, Job>();
  const seen = new Set<string>();
  const plan = planOf(null);
  // An earlier start date reaches what nobody has looked for yet.
  let checked = plan.wanted.from < kobjects.publishedFrom ? null : checkedAt;

  const plain = searchJob(selection, plan, watched(kobjects.plain, seen), without(apart, sink), surroundings);
  for (const klass of kobjects.apart) addApart(klass);

  function addApart(klass: string): void {
    const own = { ...selection, name: partOf(selection.name, klass) };
    apart.set(klass, searchJob(own, planOf(klass), klasses.pages(klass), sink, surroundings));
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
    isDone: (checked !== null || plan.pieces.length === 0) && all().every(({ isDone }) => isDone),
    async read() {
      if (plan.pieces.length === 0) return true;
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
        const wanted = { ...plan.wanted, from: Math.min(plan.wanted.from, kobjects.publishedFrom) };
        for (const klass of await findHidden(klasses, { ...plan, wanted }, isKnown, surroundings.signal)) {
          addApart(klass);
          complete.push(await readApart(klass));
        }
        checked = now;
      } catch (error) {
        surroundings.signal.throwIfAborted();
        if ((error as { trouble?: string }).trouble !== 'forbidden') throw error;
        kobjects.onUnchecked(error);
        // What is read once and for all is not asked about for ever: it has been said what may be missing.
        if (kobjects.isCheckedOnce) checked = now;
      }
      return !complete.includes(false);
    },
    records: () => all().reduce((sum, job) => sum + job.records(), 0),
    settle(draft, aheadMs) {
      const settled = all().map(job => job.settle(draft, aheadMs));
      draft.klassesCheckedAt = checked;
      return settled.includes(true);
    },
  };
}

/** The klasses with records in a window that the stream itself does not show, those left out that are known already. */
export async function findHidden(
  klasses: Klasses,
  { wanted, edges }: Pick<SearchPlan, 'wanted' | 'edges'>,
  isKnown: (klass: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const sides: readonly Side[] = wanted.from < edges.archive ? ['live', 'archive'] : ['live'];
  async function isHidden(klass: string): Promise<boolean> {
    for (const side of sides) {
      for (let look = 1; look <= LOOKS; look++) {
        signal.throwIfAborted();
        // Also by a record that is too young to be wanted yet: it will be.
        const newest = await klasses.newest(klass, side, wanted.from, wanted.to + CHECK_EVERY_MS);
        if (newest === null || Number.isNaN(newest.at)) break;
        if (await klasses.isShownPlainly(side, newest)) return false;
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
  const others = (to: Pick<Sink, 'write'>) => async (records: readonly Found[]) => {
    const left = records.filter(({ resource }) => !apart.has(klassOf(resource.type)));
    if (left.length > 0) await to.write(left);
  };
  return {
    write: others(sink),
    aside() {
      const place = sink.aside();
      return { ...place, write: others(place) };
    },
  };
}
