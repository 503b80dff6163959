// The part of the state document that one stream has, and the values in it. Pure: see state-document.ts.
import { type Interval, union } from './intervals.ts';
import {
  type DeletionsRead,
  dedupKeyTime,
  type KlassCheck,
  type ListState,
  type SearchState,
  undatedId,
} from './state.ts';

export type Json = Record<string, unknown>;

/** More characters, and more objects and lists, than a document of the action has. Objects and lists take most memory. */
const MAX_LENGTH = 64_000_000;
const MAX_CONTAINERS = 200_000;

/** More than slices ever begin side by side. Each gap between two ranges takes a request. */
const MAX_RANGES = 10_000;

/**
 * Parses a document that may come from somebody else.
 * @throws Error when it is no JSON, or one that would take gigabytes of memory
 */
export function parseDocument(text: string): unknown {
  if (text.length > MAX_LENGTH) throw new Error('the document is too long');
  let containers = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) containers++;
  }
  if (containers > MAX_CONTAINERS) throw new Error('the document has too many parts');
  return JSON.parse(text);
}

/** Parses a text as a JSON object. A text that is none has no members, and is no error. */
export function jsonObject(text: string): Json {
  try {
    return Object(parseDocument(text)) as Json;
  } catch {
    return {};
  }
}

export function searchToJson(state: SearchState): Json {
  const { syncedRanges, cutoff, dedupSince, dedupKeys, listCutAt, klasses, deletions } = state;
  return {
    synced_ranges: syncedRanges.map(({ from, to }) => [iso(from), iso(to)]),
    cutoff: iso(cutoff),
    dedup_since: iso(dedupSince),
    list_cut_at: listCutAt === undefined ? undefined : iso(listCutAt),
    klasses: klasses && {
      checked_at: iso(klasses.checkedAt),
      from: iso(klasses.from),
      done_up_to: klasses.doneUpTo,
      skipped: klasses.skipped,
    },
    deletions: deletions && {
      up_to: iso(deletions.upTo),
      since: iso(deletions.since),
      seen: mapToJson(deletions.seen, iso),
    },
    dedup_keys: [...dedupKeys]
      .sort()
      .map(key => (undatedId(key) === null ? `${iso(dedupKeyTime(key))}${key.slice(key.indexOf(' '))}` : key)),
  };
}

export function listToJson({ seen, narrow, until, gone }: ListState): Json {
  return {
    narrow,
    read_until: until === undefined ? undefined : iso(until),
    gone: gone && mapToJson(gone, iso),
    seen: mapToJson(seen, version => version),
  };
}

export function parseSearch(stream: Json): SearchState | null {
  const { synced_ranges: ranges, cutoff, dedup_since, dedup_keys: keys, list_cut_at: cutAt } = stream;
  if (!Array.isArray(ranges) || ranges.length > MAX_RANGES || !Array.isArray(keys)) return null;
  const syncedRanges = ranges.map(pair =>
    Array.isArray(pair) && pair.length === 2 ? { from: parseTime(pair[0]), to: parseTime(pair[1]) } : null,
  );
  const dedupKeys = keys.map(parseDedupKey);
  const [cutoffAt, dedupSince] = [parseTime(cutoff), parseTime(dedup_since)];
  const listCutAt = cutAt === undefined ? undefined : parseTime(cutAt);
  if (Number.isNaN(listCutAt ?? 0) || Number.isNaN(cutoffAt) || Number.isNaN(dedupSince) || dedupKeys.includes(null))
    return null;
  if (syncedRanges.some(range => range === null || !(range.from < range.to))) return null;
  const klasses = stream.klasses === undefined ? undefined : parseKlassCheck(stream.klasses);
  const deletions = stream.deletions === undefined ? undefined : parseDeletions(stream.deletions);
  if (klasses === null || deletions === null) return null;
  return {
    syncedRanges: union(syncedRanges as Interval[]),
    cutoff: cutoffAt,
    dedupSince,
    dedupKeys: new Set(dedupKeys as string[]),
    ...(listCutAt !== undefined && { listCutAt }),
    ...(klasses && { klasses }),
    ...(deletions && { deletions }),
  };
}

function parseKlassCheck(value: unknown): KlassCheck | null {
  if (!isJsonObject(value)) return null;
  const { checked_at, from, done_up_to: doneUpTo, skipped } = value;
  const [checkedAt, fromAt] = [parseTime(checked_at), parseTime(from)];
  if (Number.isNaN(checkedAt) || Number.isNaN(fromAt)) return null;
  if (doneUpTo !== undefined && typeof doneUpTo !== 'string') return null;
  if (!Array.isArray(skipped) || !skipped.every(klass => typeof klass === 'string')) return null;
  return { checkedAt, from: fromAt, skipped, ...(doneUpTo === undefined ? {} : { doneUpTo }) };
}

function parseDeletions(value: unknown): DeletionsRead | null {
  if (!isJsonObject(value) || !isJsonObject(value.seen)) return null;
  const [upTo, since] = [parseTime(value.up_to), parseTime(value.since)];
  const seen = new Map(Object.entries(value.seen).map(([entry, at]) => [entry, parseTime(at)]));
  return [upTo, since, ...seen.values()].some(Number.isNaN) ? null : { upTo, since, seen };
}

function parseDedupKey(key: unknown): string | null {
  const [, when, id] = (typeof key === 'string' && /^(\S+) (.+)$/s.exec(key)) || [];
  if (id === undefined) return null;
  if (when === '-') return key as string;
  return Number.isNaN(parseTime(when)) ? null : `${parseTime(when)} ${id}`;
}

export function parseList({ seen, narrow, read_until, gone }: Json): ListState | null {
  if (!isJsonObject(seen) || !Object.values(seen).every(value => typeof value === 'string')) return null;
  if (narrow !== undefined && typeof narrow !== 'boolean') return null;
  const until = read_until === undefined ? undefined : parseTime(read_until);
  const goneAt = isJsonObject(gone) ? new Map(Object.entries(gone).map(([id, at]) => [id, parseTime(at)])) : undefined;
  const times = [until ?? 0, ...(goneAt?.values() ?? [])];
  if (times.some(Number.isNaN) || (gone !== undefined && goneAt === undefined)) return null;
  return { seen: new Map(Object.entries(seen) as [string, string][]), narrow, until, gone: goneAt };
}

export function isJsonObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number from 0 that more can be added to. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < Number.MAX_SAFE_INTEGER;
}

/** A time of the document in milliseconds; NaN when the text is not exactly what {@link iso} writes. */
export function parseTime(text: unknown): number {
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(at) && iso(at) === text ? at : Number.NaN;
}

/** @param at milliseconds since the epoch */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function mapToJson<T>(map: ReadonlyMap<string, T>, toJson: (value: T) => unknown): Json {
  const sorted = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, value]) => [key, toJson(value)]));
}
