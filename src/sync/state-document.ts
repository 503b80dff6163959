// The state as the document that is saved. Pure. It holds record ids and times, and nothing else of a record
// (docs/design.md#the-life-of-the-state).
import { SyncError } from '../errors.ts';
import { type Interval, union } from './intervals.ts';
import { dedupKeyTime, type ListState, type SearchState, type ShardManifest, type State } from './state.ts';

const VERSION = 1;

/** The document as it is saved: keys in order and one line end, so that two of them can be compared line by line. */
export function serializeState(state: State): string {
  const streams: Record<string, unknown> = {};
  for (const [name, { syncedRanges, cutoff, dedupSince, dedupKeys }] of state.search) {
    streams[name] = {
      published: syncedRanges.map(({ from, to }) => [iso(from), iso(to)]),
      cutoff: iso(cutoff),
      remembered_from: iso(dedupSince),
      recent: [...dedupKeys]
        .sort()
        .map(key => (key.startsWith('-') ? key : `${iso(dedupKeyTime(key))}${key.slice(key.indexOf(' '))}`)),
    };
  }
  for (const [name, { seen, narrow, until, readAt, gone }] of state.lists) {
    streams[name] = {
      ...(narrow ? { narrow } : {}),
      ...(until === undefined ? {} : { read_until: iso(until) }),
      ...(readAt === undefined ? {} : { read_at: iso(readAt) }),
      ...(gone === undefined
        ? {}
        : { gone: Object.fromEntries([...gone].sort(byKey).map(([id, at]) => [id, iso(at)])) }),
      seen: Object.fromEntries([...seen].sort(byKey)),
    };
  }
  const document = {
    version: VERSION,
    generation: state.generation,
    identity: state.organizationId,
    saved_at: state.savedAt,
    run: state.run,
    klasses_checked_at: state.klassesCheckedAt === null ? null : iso(state.klassesCheckedAt),
    ...(state.refreshes.size === 0 ? {} : { refreshes: Object.fromEntries([...state.refreshes].sort(byKey)) }),
    ...(state.resets === 0 ? {} : { resets: state.resets }),
    ...(state.consecutiveRuns ? { consecutive_runs: state.consecutiveRuns } : {}),
    ...(state.shardManifest === undefined ? {} : { shard_manifest: state.shardManifest }),
    streams: Object.fromEntries(Object.entries(streams).sort(byKey)),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/**
 * Reads a saved document back.
 * @throws SyncError `state` when it is damaged or was written by a newer version: it is never taken for no state.
 */
export function parseState(text: string, place: string): State {
  const damaged = (why: string, cause?: unknown) =>
    new SyncError('state-damaged', {
      what: `The saved state (${place}) is damaged: ${why}.`,
      todo: 'Run once with `reset-state: true` to start over, or delete that copy of the state so that an older one is used.',
      cause,
    });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw damaged('it is not JSON', error);
  }
  if (!isObject(document)) throw damaged('it is not an object');
  const { version, generation, identity, saved_at: savedAt, run, klasses_checked_at: checkedAt, streams } = document;
  const { consecutive_runs: consecutiveRuns = 0, shard_manifest: shardManifest, refreshes = {}, resets = 0 } = document;
  if (typeof version !== 'number') throw damaged('it names no version');
  if (version > VERSION) {
    throw new SyncError('state-too-new', {
      what: `The saved state (${place}) was written by a newer version of this action (state version ${version}, known is ${VERSION}).`,
      todo: 'Use that newer version again, or run once with `reset-state: true` to start over.',
    });
  }
  if (version !== VERSION) throw damaged(`there is no state version ${version}`);
  if (!Number.isSafeInteger(generation) || (generation as number) < 1)
    throw damaged('its generation is not a number from 1');
  if (identity !== null && (typeof identity !== 'string' || identity === ''))
    throw damaged('its identity is unreadable');
  if (!isObject(streams)) throw damaged('it has no streams');
  if (checkedAt !== null && Number.isNaN(time(checkedAt))) throw damaged('when its klasses were checked is unreadable');

  if (!Number.isSafeInteger(consecutiveRuns) || (consecutiveRuns as number) < 0)
    throw damaged('its number of consecutive runs is no number');
  if (!isObject(refreshes) || !Object.values(refreshes).every(Number.isSafeInteger))
    throw damaged('what it says of refreshes is unreadable');
  if (!Number.isSafeInteger(resets) || (resets as number) < 0) throw damaged('its number of resets is no number');
  if (shardManifest !== undefined && !isShardManifest(shardManifest))
    throw damaged('what it says of its files is unreadable');

  const search = new Map<string, SearchState>();
  const lists = new Map<string, ListState>();
  for (const [name, each] of Object.entries(streams)) {
    const part = isObject(each) ? (parseSearch(each) ?? parseList(each)) : null;
    if (part === null) throw damaged(`what it says of ${name.slice(0, 40)} is unreadable`);
    if ('seen' in part) lists.set(name, part);
    else search.set(name, part);
  }
  const by = isObject(run) ? run : {};
  return {
    generation: generation as number,
    organizationId: identity,
    savedAt: String(savedAt ?? ''),
    run: { id: String(by.id ?? ''), attempt: String(by.attempt ?? '') },
    search,
    lists,
    klassesCheckedAt: checkedAt === null ? null : time(checkedAt),
    refreshes: new Map(Object.entries(refreshes as Record<string, number>)),
    resets: resets as number,
    ...(consecutiveRuns === 0 ? {} : { consecutiveRuns: consecutiveRuns as number }),
    ...(shardManifest === undefined ? {} : { shardManifest }),
  };
}

function isShardManifest(value: unknown): value is ShardManifest {
  if (!isObject(value) || !Array.isArray(value.files) || !isObject(value.requests)) return false;
  const isFile = (file: unknown) =>
    isObject(file) && typeof file.stream === 'string' && Number.isSafeInteger(file.records);
  return value.files.every(isFile) && Object.values(value.requests).every(Number.isSafeInteger);
}

function parseSearch({ published, cutoff, remembered_from, recent }: Record<string, unknown>): SearchState | null {
  if (!Array.isArray(published) || !Array.isArray(recent)) return null;
  const pairs = published.map(pair =>
    Array.isArray(pair) && pair.length === 2 ? { from: time(pair[0]), to: time(pair[1]) } : null,
  );
  const at = time(cutoff);
  const from = time(remembered_from);
  if (Number.isNaN(at) || Number.isNaN(from) || pairs.some(pair => pair === null || !(pair.from < pair.to)))
    return null;
  const keys = recent.map(key => {
    const [, when, id] = (typeof key === 'string' && /^(\S+) (\S.*)$/.exec(key)) || [];
    if (id === undefined) return null;
    return when === '-' ? key : Number.isNaN(time(when)) ? null : `${time(when)} ${id}`;
  });
  if (keys.includes(null)) return null;
  return {
    syncedRanges: union(pairs as Interval[]),
    cutoff: at,
    dedupSince: from,
    dedupKeys: new Set(keys as string[]),
  };
}

function parseList({ seen, narrow = false, read_until, read_at, gone }: Record<string, unknown>): ListState | null {
  if (!isObject(seen) || !Object.values(seen).every(value => typeof value === 'string')) return null;
  if (typeof narrow !== 'boolean') return null;
  if ([read_until, read_at].some(at => at !== undefined && Number.isNaN(time(at)))) return null;
  if (gone !== undefined && !(isObject(gone) && Object.values(gone).every(at => !Number.isNaN(time(at))))) return null;
  return {
    seen: new Map(Object.entries(seen) as [string, string][]),
    ...(narrow ? { narrow } : {}),
    ...(read_until === undefined ? {} : { until: time(read_until) }),
    ...(read_at === undefined ? {} : { readAt: time(read_at) }),
    ...(gone === undefined ? {} : { gone: new Map(Object.entries(gone).map(([id, at]) => [id, time(at)])) }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A time of the document in milliseconds; NaN when it is not exactly what {@link iso} writes. */
function time(text: unknown): number {
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(at) && iso(at) === text ? at : Number.NaN;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
