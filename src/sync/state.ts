// The state: which versions of which records are published, what that leaves to read, and what a run may add. Pure.
//
// A range of `updated_at` is synced when every record in it has been published. Reading is always the wanted range minus the
// synced ranges, so that resuming, an earlier start date, slices read side by side and a time budget are one idea.
import { hash64 } from './hash.ts';
import { clamp, contains, type IntervalSet, minus, union } from './intervals.ts';
import type { PublishedFields } from './kept-back.ts';
import { type DatedRecord, type Resource, type Sink, timeIn, updatedAt } from './source.ts';
import type { RecordFormat, StreamSchema } from './stream-schema.ts';

export { RECORD_FORMATS, type RecordFormat } from './stream-schema.ts';

/** Dedup keys kept for one stream: some 15 MB of memory, 6 MB of state. Beyond that the lookback gets shorter. */
const MAX_DEDUP_KEYS = 100_000;

/**
 * A clock may be fast by this, and not by more. Only what the source's clock had reached counts as read, and the dedup keys
 * of what is published beyond that keep it from coming twice, should the source's clock have been the wrong one.
 */
export const MAX_CLOCK_LEAD_MS = 24 * 3_600_000;

export interface SearchState {
  /** Ranges of `updated_at` (ms) that are published, as far as the search index had caught up by `cutoff`. */
  readonly syncedRanges: IntervalSet;
  /** The cutoff (ms) of the run that wrote this. What is younger than the cutoff minus the lookback is read again. */
  readonly cutoff: number;
  /** From this time on (ms), the dedup keys know every version that was published. */
  readonly dedupSince: number;
  readonly dedupKeys: ReadonlySet<string>;
  /** When (ms) the list with the oldest records was last found to end at its cap, so that they are not all read. */
  readonly listCutAt?: number | undefined;
  /** For a stream with klasses: undefined when nobody has looked for missing ones. */
  readonly klasses?: KlassCheck | undefined;
  /** Undefined when nobody has asked for what the audit log records. */
  readonly deletions?: DeletionsRead | undefined;
}

/** How far the deletions of a stream have been read in the audit log. */
export interface DeletionsRead {
  /** Milliseconds. */
  readonly upTo: number;
  /** From this time on (ms), `seen` has every entry whose deletion was published. */
  readonly since: number;
  /** Id of an entry -> its time (ms). */
  readonly seen: ReadonlyMap<string, number>;
}

/** The last look for klasses that the generic search of a stream does not show (docs/kustomer-api.md#plain-context). */
export interface KlassCheck {
  /** When it began (ms). */
  readonly checkedAt: number;
  /** It looks at records updated from this time on (ms). */
  readonly from: number;
  /** It is not done, and goes on after this klass in the order of their names. Empty before the first klass. */
  readonly doneUpTo?: string | undefined;
  /** Klasses that could not be read. Each run tries them again. */
  readonly skipped: readonly string[];
}

export interface ListState {
  /** Id -> version as it was published, of everything that the list showed: see {@link listVersion}. */
  readonly seen: ReadonlyMap<string, string>;
  /** The API refused a part of the list, such as the deleted records, when all of `seen` was read. */
  readonly narrow?: boolean | undefined;
  /** For a backfill or a shard: everything updated before this time (ms) has been read. */
  readonly until?: number | undefined;
  /** Id -> when (ms) the id was found gone, for ids that were published as deleted and have not come back. */
  readonly gone?: ReadonlyMap<string, number> | undefined;
}

/** When a stream of the state last changed, and how its records were published. */
export interface StreamRevision {
  /** The generation of the state that changed the stream last. Two runs at once are told apart by it: see next-state.ts. */
  readonly changedIn: number;
  /** How often a full refresh has replaced the stream's files on the data branch. */
  readonly epoch: number;
  readonly recordFormat: RecordFormat;
  /** False when records marked as deleted were left out. */
  readonly includeDeleted: boolean;
  /** What was kept back of the records; undefined: nothing. */
  readonly keptBack?: PublishedFields | undefined;
  /** Lines that were published of the stream so far; undefined where nobody knows. */
  readonly published?: number | undefined;
}

/** A file as the manifest lists it, and the artifact that has the file where there is one. */
export type ShardFile = Readonly<Record<string, string | number | null>> & { readonly stream: string };

/** What one shard has published over all its runs, for the merge to report. */
export interface ShardManifest {
  readonly files: readonly ShardFile[];
  /** By stream. */
  readonly requests: Readonly<Record<string, number>>;
}

/** What a reconciliation has found so far: see reconciliation.ts. */
export interface Reconciliation {
  /** The start of its first run less `settle` (ms): what was updated before is read by many readers. */
  readonly cutoff: number;
  /** A record that it has not found, and that was not updated after this time (ms), is gone. */
  readonly asOf: number;
  /** Streams that the next run goes on with. */
  readonly open: readonly string[];
  /** How many ids there were when a stream was last read to its end, by stream. */
  readonly ids: Readonly<Record<string, number>>;
}

/** No sync saves so often: a greater number was not counted. */
export const MAX_GENERATION = 2 ** 52;

export interface State {
  /** Grows by one with each save, to {@link MAX_GENERATION}; given out by next-state.ts alone. 0: nothing is saved yet. */
  readonly generation: number;
  /** Id of the Kustomer organization that the records belong to; null as long as no record has been seen. */
  readonly organizationId: string | null;
  /** RFC 3339. */
  readonly savedAt: string;
  readonly run: { readonly id: string; readonly attempt: string };
  /** Of the publish request that saved the state: a second try recognizes its own state by it. */
  readonly publishId: string;
  /** The version of the action that wrote the state, for whoever finds it too new. */
  readonly writtenBy: string;
  readonly revisions: ReadonlyMap<string, StreamRevision>;
  /** By stream, or `stream/klass` for a klass that is read on its own. */
  readonly search: ReadonlyMap<string, SearchState>;
  readonly lists: ReadonlyMap<string, ListState>;
  /** What is known of the lines of each stream. It only ever widens, also when the stream starts over. */
  readonly schemas: ReadonlyMap<string, StreamSchema>;
  /** Runs in a row that have stopped early and started the next one themselves. */
  readonly consecutiveRuns?: number | undefined;
  /** Of a shard, and of a reconciliation over several runs. */
  readonly shardManifest?: ShardManifest | undefined;
  readonly reconciliation?: Reconciliation | undefined;
}

export const NO_STATE: State = {
  generation: 0,
  organizationId: null,
  savedAt: '',
  run: { id: '', attempt: '' },
  publishId: '',
  writtenBy: '',
  revisions: new Map(),
  search: new Map(),
  lists: new Map(),
  schemas: new Map(),
};

/**
 * Names one version of one record: its `updated_at` in milliseconds, a space, and its id. Where it has no date, `-`, a
 * space and a hash of its bytes take the place of the time.
 */
export function dedupKey({ at, resource, undated }: DatedRecord, { contentOf }: Pick<Sink, 'contentOf'>): string {
  if (!undated) return `${at} ${resource.id}`;
  const content = contentOf?.(resource) ?? resource.json;
  return `${UNDATED}${hash64(content).toString(16).padStart(HASH_DIGITS, '0')} ${resource.id}`;
}

const UNDATED = '- ';
const HASH_DIGITS = 16;

/** The id in the dedup key of an undated record; null in that of a dated one. */
export function undatedId(key: string): string | null {
  return key.startsWith(UNDATED) ? key.slice(UNDATED.length + HASH_DIGITS + 1) : null;
}

/** The `updated_at` in a dedup key (ms); infinite where there is none. */
export function dedupKeyTime(key: string): number {
  return key.startsWith(UNDATED) ? Number.POSITIVE_INFINITY : Number(key.slice(0, key.indexOf(' ')));
}

/**
 * Names one version of a record of a list: its `updated_at` (`-` when it has none), a space, and a hash of its bytes,
 * because a team or a tag may change and keep its `updated_at` (docs/kustomer-api.md#update-time).
 */
export function listVersion(resource: Resource, { contentOf }: Pick<Sink, 'contentOf'>): string {
  const at = timeIn(updatedAt(resource));
  return `${Number.isNaN(at) ? '-' : new Date(at).toISOString()} ${hash64(contentOf?.(resource) ?? resource.json).toString(36)}`;
}

/** The `updated_at` in a {@link listVersion} (ms); NaN where there is none. */
export function listVersionTime(version: string): number {
  return Date.parse(version.slice(0, version.indexOf(' ')));
}

export interface SearchWork {
  readonly toRead: IntervalSet;
  /** Published, and not to be read again by the lookback either. */
  readonly synced: IntervalSet;
  /** Versions that the lookback reads again and that must not be published again. */
  readonly dedupKeys: ReadonlySet<string>;
  /** From this time on (ms), the dedup keys of what is published are kept. */
  readonly dedupSince: number;
}

/**
 * The wanted ranges minus the synced ranges, and the lookback again: what is young may have been indexed late.
 * @param lookbackMs how far before the last cutoff to read again
 * @param cutoff how far the search index has caught up by now (ms)
 * @param isOnce there is no lookback: what is synced is done, however young it is
 */
export function searchWork(
  before: SearchState | undefined,
  wanted: IntervalSet,
  lookbackMs: number,
  cutoff: number,
  isOnce = false,
): SearchWork {
  const dedupSince = cutoff - lookbackMs;
  if (before === undefined) return { toRead: union(wanted), synced: [], dedupKeys: new Set(), dedupSince };
  // A clock that was fast may have synced a future that nobody can have read: nothing from this run's end on counts.
  const again = Math.min(Math.max(before.dedupSince, before.cutoff - lookbackMs), wanted.at(-1)?.to ?? cutoff);
  const synced = isOnce ? before.syncedRanges : clamp(before.syncedRanges, Number.NEGATIVE_INFINITY, again);
  return { toRead: minus(wanted, synced), synced, dedupKeys: before.dedupKeys, dedupSince };
}

/**
 * The state of a search stream after a run.
 * @param newKeys the dedup keys of what the run has published, from `work.dedupSince` on
 * @param cutoff how far the search index had caught up (ms)
 */
export function nextSearchState(
  before: SearchState | undefined,
  work: SearchWork,
  read: IntervalSet,
  newKeys: ReadonlySet<string>,
  cutoff: number,
  maxKeys = MAX_DEDUP_KEYS,
): SearchState {
  let syncedRanges = union(work.synced, read);
  // A dedup key is needed for as long as its version may be read again: by the lookback, or because a run that was to read
  // the range again did not come so far.
  const keys = latestKeys([...work.dedupKeys, ...newKeys]).filter(key => {
    const at = dedupKeyTime(key);
    return at >= work.dedupSince || !contains(syncedRanges, at);
  });
  // A run with a longer lookback cannot know more of earlier runs than these kept.
  let dedupSince = Math.max(work.dedupSince, Math.min(before?.dedupSince ?? Number.NEGATIVE_INFINITY, cutoff));
  if (keys.length > maxKeys) {
    // The difference of two keys without a date is NaN, which the sort takes for equal.
    keys.sort((a, b) => dedupKeyTime(a) - dedupKeyTime(b));
    keys.splice(0, keys.length - maxKeys);
    // The oldest key kept may share its time with one that was dropped.
    dedupSince = Math.max(dedupSince, Math.min(dedupKeyTime(keys[0] as string) + 1, cutoff));
    // What was published and has lost its keys is not read again: rather miss what was indexed late than publish all twice.
    syncedRanges = union(syncedRanges, clamp(before?.syncedRanges ?? [], Number.NEGATIVE_INFINITY, dedupSince));
  }
  const { deletions } = before ?? {};
  return { syncedRanges, cutoff, dedupSince, dedupKeys: new Set(keys), ...(deletions && { deletions }) };
}

/** The keys, each once; of an undated record the last one alone, so that those of its older versions do not pile up. */
function latestKeys(keys: readonly string[]): string[] {
  return [...new Map(keys.map(key => [undatedId(key) ?? key, key])).values()];
}

/** Whether a text is one that a stream of any version can have as its name: it is in paths and in SQL. */
export function isStreamName(text: string): boolean {
  return /^[a-z][a-z_]{0,39}$/.test(text);
}

/** The stream of a key of `State.search`. */
export function streamOf(key: string): string {
  return key.split('/')[0] as string;
}

/** The keys of `State.search` that belong to a stream. */
export function stateKeysOf({ search }: Pick<State, 'search'>, stream: string): readonly string[] {
  return [stream, ...[...search.keys()].filter(key => key.startsWith(`${stream}/`))];
}

/** Up to where all of a search stream is published without a gap (ms), from a time on; null when it has a gap there. */
export function publishedUpTo(state: Pick<State, 'search'>, stream: string, from: number): number | null {
  const ends = stateKeysOf(state, stream).map(key => {
    const range = state.search.get(key)?.syncedRanges.find(({ to }) => to > from);
    return range !== undefined && range.from <= from ? range.to : null;
  });
  return ends.includes(null) ? null : Math.min(...(ends as number[]));
}

/** Whether all klasses of a stream have been looked at, as far as that was possible. */
export function isCheckDone({ klasses }: Pick<SearchState, 'klasses'>): boolean {
  return klasses !== undefined && klasses.doneUpTo === undefined;
}
