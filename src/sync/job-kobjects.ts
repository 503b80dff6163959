// KObjects: the plain context, and beside it the klasses that it does not show, each read on its own from its beginning
// (kustomer-api.md 13.20). Whether there are such is found out on a first sync and then once a day.

import type { Selection } from '../inputs.ts';
import { type Job, type Surroundings, searchJob } from './job.ts';
import type { SearchPlan } from './plan.ts';
import type { Klasses, SearchPages, Side, Sink } from './source.ts';

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
  let checked = checkedAt;

  const plan = planOf(null);
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

  async function findHidden(): Promise<string[]> {
    const hidden: string[] = [];
    for (const klass of await klasses.names()) {
      if (seen.has(klass) || apart.has(klass)) continue;
      if (await isHidden(klass)) hidden.push(klass);
    }
    return hidden;
  }

  async function isHidden(klass: string): Promise<boolean> {
    const { wanted, edges } = plan;
    const sides: readonly Side[] = wanted.from < edges.archive ? ['live', 'archive'] : ['live'];
    for (const side of sides) {
      for (let look = 1; look <= LOOKS; look++) {
        surroundings.signal.throwIfAborted();
        // Also by a record that is too young to be wanted yet: it will be.
        const newest = await klasses.newest(klass, side, wanted.from, wanted.to + CHECK_EVERY_MS);
        if (newest === null || Number.isNaN(newest.at)) break;
        if (await klasses.isShownPlainly(side, newest)) return false;
        if (look === LOOKS) return true;
      }
    }
    return false;
  }

  const all = () => [plain, ...apart.values()];
  return {
    ...selection,
    wanted: plain.wanted,
    async read() {
      const known = [...apart.keys()];
      const reading = [plain.read(), ...known.map(readApart)];
      const complete: boolean[] = [];
      for (const each of await Promise.allSettled(reading)) {
        if (each.status === 'rejected') throw each.reason;
        complete.push(each.value);
      }
      if (checked !== null && now - checked < CHECK_EVERY_MS) return !complete.includes(false);
      try {
        for (const klass of await findHidden()) {
          addApart(klass);
          complete.push(await readApart(klass));
        }
        checked = now;
      } catch (error) {
        surroundings.signal.throwIfAborted();
        if ((error as { trouble?: string }).trouble !== 'forbidden') throw error;
        kobjects.onUnchecked(error);
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
  return {
    async write(records) {
      const others = records.filter(({ resource }) => !apart.has(klassOf(resource.type)));
      if (others.length > 0) await sink.write(others);
    },
  };
}
