/**
 * Reads one list stream whole, so that what has changed since the last run is published.
 *
 * A record that moves to another page while a list is read can be missed. So a list is read again until two passes agree,
 * and a record that is missing counts as deleted only when they do.
 */
import type { Interval } from './intervals.ts';
import { bytesOf } from './json-bytes.ts';
import type { ListPlan } from './plan.ts';
import {
  type DatedRecord,
  type ListPages,
  type ListPass,
  type Resource,
  type Sink,
  timeIn,
  updatedAt,
} from './source.ts';
import { type ListState, listVersion, listVersionTime } from './state.ts';

interface ReadListOptions extends ListPlan {
  readonly pages: ListPages;
  /** JSON:API type of the records. */
  readonly type: string;
  readonly sink: Pick<Sink, 'write' | 'contentOf'>;
  /** Start of the run (ms). */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Passes over a list that changes all the time, before it is taken as it is. */
const MAX_PASSES = 20;
/** Passes in a row without a new record, after which no more are expected. */
const MAX_STALE_PASSES = 3;
/**
 * What further passes may bring, in bytes, before a list is taken as it is: all of it stays in memory. A first pass over a
 * large list in random order shows two thirds of it.
 */
const maxFoundLater = (firstPass: number) => Math.max(8 * 1024 * 1024, firstPass);
/** When more records than this, and a larger part of all than this, vanish at once, the API key sees less, or Kustomer errs. */
const MAX_VANISHED = 20;
const MAX_VANISHED_SHARE = 0.1;
/** How long a deletion is remembered, to save room: no run resumes from a state that is older. */
const MAX_DELETION_AGE_MS = 30 * 86_400_000;

/** What came of reading a list. */
export interface ListResult {
  /** The state once what was written is published. */
  readonly state: ListState;
  /** Number of records written. */
  readonly records: number;
  /** Ids that have vanished, which are too many to be taken for deleted. */
  readonly heldBack: number;
  /** See {@link ListPass}. */
  readonly isCut: boolean;
  readonly isUnrestricted: boolean;
}

/** Reads a list, and writes what is new, changed or deleted to the sink. */
export async function readList(options: ReadListOptions): Promise<ListResult> {
  const { type, sink, before, until, now, confirmsVanished = false } = options;
  const { records, isSettled, isUnrestricted, isCut } = await readSettled(options);
  const { seen, changed } = compare(records, options);
  // Deletions found before, unless the record has come back.
  const isRemembered = ([id, at]: [string, number]) => !records.has(id) && at >= now - MAX_DELETION_AGE_MS;
  const gone = new Map([...(before?.gone ?? [])].filter(isRemembered));
  const vanished = [...(before?.seen ?? [])].filter(([id]) => !records.has(id));
  const areFew = !areTooMany(vanished.length, before?.seen.size ?? 0);
  const mayBeGone = isSettled && !isCut && until === undefined;
  const areGone = mayBeGone && (areFew || confirmsVanished);
  for (const [id, version] of vanished) {
    if (areGone) {
      changed.push(dated(deletion(id, type, Math.max(now, listVersionTime(version) + 1 || 0))));
      gone.set(id, now);
    } else seen.set(id, version);
  }
  if (changed.length > 0) await sink.write(changed);
  const narrow = !isUnrestricted && (before?.narrow ?? before === undefined);
  const state = { seen, narrow: narrow || undefined, until, gone: gone.size === 0 ? undefined : gone };
  const heldBack = mayBeGone && !areGone ? vanished.length : 0;
  return { state, records: changed.length, heldBack, isCut, isUnrestricted };
}

/**
 * Whether more have vanished than can be believed.
 * @param before how many there were
 */
export function areTooMany(vanished: number, before: number): boolean {
  return vanished > Math.max(MAX_VANISHED, before * MAX_VANISHED_SHARE);
}

/** The versions that are published after this run, and the records that this run has to publish. */
function compare(records: ReadonlyMap<string, Resource>, { before, wanted, sink }: ReadListOptions) {
  const seen = new Map<string, string>();
  const changed: DatedRecord[] = [];
  for (const [id, resource] of records) {
    const version = listVersion(resource, sink);
    const known = before?.seen.get(id);
    if (known !== version && isInWindow(resource, wanted)) {
      changed.push(dated(resource));
      seen.set(id, version);
    } else if (known !== undefined) {
      seen.set(id, known);
    }
  }
  return { seen, changed };
}

/** Reads a list until it can be told what is in it. When it is settled, a record that is missing is gone. */
async function readSettled({ pages, before, sink, signal }: ReadListOptions) {
  const all = new Map<string, Resource>();
  let last: ListPass | undefined;
  let stalePasses = 0;
  const bytes = { first: 0, later: 0 };
  const mayChange = () => stalePasses < MAX_STALE_PASSES && bytes.later <= maxFoundLater(bytes.first);
  for (let number = 1; number <= MAX_PASSES && mayChange(); number++) {
    signal.throwIfAborted();
    const pass = await pages.pass(all);
    const known = all.size;
    for (const [id, resource] of pass.records) {
      if (!all.has(id)) bytes[last === undefined ? 'first' : 'later'] += resource.json.length;
      all.set(id, newestOf(all.get(id), resource));
    }
    stalePasses = all.size > known ? 0 : stalePasses + 1;
    if (last === undefined ? isConclusive(pass, before, sink) : hasSameIds(last.records, pass.records)) {
      // Where a part of the list was refused before as well, no record of that part was seen and could now be missing.
      return { ...pass, isSettled: pass.isUnrestricted || before?.narrow === true };
    }
    last = pass;
  }
  const { isUnrestricted = true, isCut = false } = last ?? {};
  return { records: all, isUnrestricted, isCut, isSettled: false };
}

/** Whether a first pass needs no second one. A record that is missing is looked for again before it counts as gone. */
function isConclusive(
  { records, isOneResponse, isCounted }: ListPass,
  before: ListState | undefined,
  sink: ReadListOptions['sink'],
): boolean {
  if (!isCounted) return false;
  const seen = before?.seen ?? new Map<string, string>();
  const hasAllSeen = [...seen.keys()].every(id => records.has(id));
  const isUnchanged = () => [...records].every(([id, resource]) => seen.get(id) === listVersion(resource, sink));
  return hasAllSeen && (isOneResponse || (before !== undefined && isUnchanged()));
}

function hasSameIds(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every(id => b.has(id));
}

/** A record without a readable date is never left out. */
export function isInWindow(resource: Resource, { from, to }: Interval): boolean {
  const at = timeIn(updatedAt(resource));
  return Number.isNaN(at) || (at >= from && at < to);
}

/** The copy of a record that was updated last; the second one when the dates do not tell. */
export function newestOf(a: Resource | undefined, b: Resource): Resource {
  return a !== undefined && timeIn(updatedAt(a)) > timeIn(updatedAt(b)) ? a : b;
}

export function dated(resource: Resource): DatedRecord {
  return { at: timeIn(updatedAt(resource)), resource };
}

/**
 * What is published for a record that is gone (docs/reading-the-data.md#deletions).
 * @param at when it was found gone (ms); later than its last update, so that the line with the latest update wins
 */
export function deletion(id: string, type: string, at: number): Resource {
  const time = new Date(at).toISOString();
  const attributes = { deleted: true, updatedAt: time, deletedAt: time };
  return { id, type, attributes, json: bytesOf({ id, type, attributes }) };
}

/** The same list, whose first pass begins now: it does not depend on the state, which may take a while to load. */
export function prefetch(pages: ListPages): ListPages {
  let first: Promise<ListPass> | undefined = pages.pass();
  first.catch(() => {});
  return {
    pass(known) {
      const pass = first ?? pages.pass(known);
      first = undefined;
      return pass;
    },
  };
}
