/**
 * Counts what a run gives to the sink as new, changed and deleted records (docs/reading-the-data.md#new-changed-deleted).
 *
 * The state has the ids of what was published lately, and of everything in a list. For an older record its creation
 * tells: whoever has read the time in which it was created has published a version of it.
 */
import { clamp } from './intervals.ts';
import type { DatedRecord, Sink } from './source.ts';
import type { ListState, SearchState } from './state.ts';

export interface Changes {
  readonly new: number;
  readonly changed: number;
  readonly deleted: number;
}

/** What is published, and how many of these records no earlier run has published. */
interface Counted extends Changes {
  readonly first: number;
}

/** Whether earlier runs have published a version of a record. */
export type IsKnown = (record: DatedRecord) => boolean;

export function addChanges(all: readonly Changes[]): Changes {
  const sum = (kind: keyof Changes) => all.reduce((total, each) => total + each[kind], 0);
  return { new: sum('new'), changed: sum('changed'), deleted: sum('deleted') };
}

function countChanges(records: readonly DatedRecord[], isKnown: IsKnown): Counted {
  const counts = { new: 0, changed: 0, deleted: 0, first: 0 };
  for (const record of records) {
    const { deleted, deletedAt } = record.resource.attributes ?? {};
    const known = isKnown(record);
    if (!known) counts.first++;
    // Streams mark deletions by a flag, a date or both (docs/kustomer-api.md#deletion-marks).
    if (deleted === true || typeof deletedAt === 'string') counts.deleted++;
    else counts[known ? 'changed' : 'new']++;
  }
  return counts;
}

function addCounted(all: readonly Counted[]): Counted {
  return { ...addChanges(all), first: all.reduce((sum, { first }) => sum + first, 0) };
}

/** A sink that counts. Records of a staging file count when the file is committed. A write that fails ends its stream. */
export function countingSink(sink: Sink, isKnown: IsKnown) {
  let total = addCounted([]);
  const add = (counted: Counted) => {
    total = addCounted([total, counted]);
  };
  const counting: Sink = {
    contentOf: sink.contentOf,
    write(records) {
      add(countChanges(records, isKnown));
      return sink.write(records);
    },
    openStagingFile() {
      const file = sink.openStagingFile();
      let staged = addCounted([]);
      return {
        write(records) {
          staged = addCounted([staged, countChanges(records, isKnown)]);
          return file.write(records);
        },
        commit() {
          add(staged);
          return file.commit();
        },
        discard: file.discard,
      };
    },
  };
  return {
    sink: counting,
    changes: (): Changes => ({ new: total.new, changed: total.changed, deleted: total.deleted }),
    /** Records that no earlier run has published, deleted ones included. */
    firstSeen: () => total.first,
  };
}

export function isKnownToSearch(before: SearchState | undefined): IsKnown {
  if (before === undefined) return () => false;
  let ids: ReadonlySet<string> | undefined;
  return ({ at, resource: { id, attributes } }) => {
    ids ??= new Set([...before.dedupKeys].map(key => key.slice(key.indexOf(' ') + 1)));
    if (ids.has(id)) return true;
    const created = Date.parse(String(attributes?.createdAt));
    if (created >= before.dedupSince) return false;
    // An earlier version has a time from the creation on and before this version.
    const from = Number.isNaN(created) ? Number.NEGATIVE_INFINITY : created;
    return clamp(before.syncedRanges, from, Number.isNaN(at) ? Number.POSITIVE_INFINITY : at).length > 0;
  };
}

export function isKnownToList(before: ListState | undefined): IsKnown {
  return ({ resource: { id } }) => before?.seen.has(id) === true;
}
