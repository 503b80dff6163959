// What is certainly published, and the arithmetic of claims: what that leaves to be read, and how what was read adds to
// it. Pure. Its file is state-document.ts; several of them become one in merge.ts.
import { clamp, contains, covers, type Interval, type IntervalSet, minus, union } from './intervals.ts';
import type { DatedRecord } from './source.ts';

/** Fingerprints kept of one stream at most: some 15 MB of memory, 6 MB of state. Beyond it the lookback gets shorter. */
const MAX_DEDUP_KEYS = 100_000;

export interface SearchState {
  /** The intervals of `updated_at` that are certainly published, as far as the index had caught up by `cutoff`. */
  readonly syncedRanges: IntervalSet;
  /** The cutoff of the run that wrote this. What is younger than this less the lookback is read again. */
  readonly cutoff: number;
  /** From here on, fingerprints know every version that was published. */
  readonly dedupSince: number;
  /** Fingerprints of versions published: see {@link dedupKey}. */
  readonly dedupKeys: ReadonlySet<string>;
}

export interface ListState {
  /** `updated_at` as it stood there, by id, of everything published and not gone since. */
  readonly seen: ReadonlyMap<string, string>;
  /** All of it was seen without the part of the list that the API refused to show. */
  readonly narrow?: boolean;
  /** Of a window that ends: everything updated before this has been read. */
  readonly until?: number;
  /** When the list was read, in milliseconds; before everything else where that is not known. */
  readonly readAt?: number;
  /** When those were found gone that are said to be so and have not come back, so that no older copy brings them back. */
  readonly gone?: ReadonlyMap<string, number>;
}

/** A file as the manifest lists it, and the artifact it is in where it is in one. */
export type ShardFile = Readonly<Record<string, string | number | null>> & { readonly stream: string };

/** What one shard has published over all its runs, for the merge to report. */
export interface ShardManifest {
  readonly files: readonly ShardFile[];
  /** Requests by stream. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface State {
  readonly generation: number;
  /** Id of the Kustomer organization whose records these are; null as long as no record has been seen. */
  readonly organizationId: string | null;
  readonly savedAt: string;
  readonly run: { readonly id: string; readonly attempt: string };
  readonly search: ReadonlyMap<string, SearchState>;
  readonly lists: ReadonlyMap<string, ListState>;
  /** When the klasses of KObjects were last checked, in milliseconds; null: never. */
  readonly klassesCheckedAt: number | null;
  /** How often a full refresh has taken the place of a stream's files on the data branch. */
  readonly refreshes: ReadonlyMap<string, number>;
  /** How often somebody has had all of it ignored, so that no run that had begun before brings it back. */
  readonly resets: number;
  /** How many runs in a row have stopped at their time budget and started the next one themselves. */
  readonly consecutiveRuns?: number;
  /** Of a shard. */
  readonly shardManifest?: ShardManifest;
}

export const NO_STATE: State = {
  generation: 0,
  organizationId: null,
  savedAt: '',
  run: { id: '', attempt: '' },
  search: new Map(),
  lists: new Map(),
  klassesCheckedAt: null,
  refreshes: new Map(),
  resets: 0,
};

/** Names one version of one record: its instant in milliseconds (`-` when it has none) and its id. */
export function dedupKey({ at, resource, undated }: DatedRecord): string {
  return `${undated ? '-' : at} ${resource.id}`;
}

/** Of what a fingerprint names, in milliseconds; infinite where it has none. */
export function dedupKeyTime(print: string): number {
  return print.startsWith('-') ? Number.POSITIVE_INFINITY : Number(print.slice(0, print.indexOf(' ')));
}

/** What a run has to read of a search stream, and what it may take for read. */
export interface SearchWork {
  readonly toRead: IntervalSet;
  /** Published and not to be read again, also not by the lookback. */
  readonly synced: IntervalSet;
  /** Versions that must not be published again although they are read again. */
  readonly dedupKeys: ReadonlySet<string>;
  /** From here on, what is published is to be remembered by its fingerprint. */
  readonly dedupSince: number;
}

/**
 * The wanted window minus what is published, where the youngest part of what is published does not count: its records
 * may have been indexed after it was read. `cutoff`: as far as the index has caught up by now.
 */
export function searchWork(
  before: SearchState | undefined,
  wanted: Interval,
  lookbackMs: number,
  cutoff = wanted.to,
): SearchWork {
  const dedupSince = cutoff - lookbackMs;
  if (before === undefined) {
    return { toRead: union([wanted]), synced: [], dedupKeys: new Set(), dedupSince };
  }
  // A bookmark in the future claims what cannot have been read: nothing from this run's cutoff on is certain.
  const again = Math.min(Math.max(before.dedupSince, before.cutoff - lookbackMs), wanted.to);
  const synced = clamp(before.syncedRanges, Number.NEGATIVE_INFINITY, again);
  return { toRead: minus([wanted], synced), synced, dedupKeys: before.dedupKeys, dedupSince };
}

/** The same of what is read once and for all: what is published is done, however young it is. */
export function searchWorkOnce(before: SearchState | undefined, wanted: IntervalSet, dedupSince: number): SearchWork {
  const synced = before?.syncedRanges ?? [];
  return { toRead: minus(wanted, synced), synced, dedupKeys: before?.dedupKeys ?? new Set(), dedupSince };
}

/** The state of a search stream after a run that read `read` and published what `fresh` names from `rememberFrom` on. */
export function nextSearchState(
  before: SearchState | undefined,
  work: SearchWork,
  read: IntervalSet,
  fresh: ReadonlySet<string>,
  cutoff: number,
  most = MAX_DEDUP_KEYS,
): SearchState {
  let syncedRanges = union(work.synced, read);
  // A fingerprint is needed for as long as what it names may be read again: by the lookback, or because a run that was
  // to read it again did not come so far.
  const prints = [...new Set([...work.dedupKeys, ...fresh])].filter(print => {
    const at = dedupKeyTime(print);
    return at >= work.dedupSince || !contains(syncedRanges, at);
  });
  // A run with a longer lookback remembers no more of the runs before it than they did themselves.
  let dedupSince = Math.max(work.dedupSince, Math.min(before?.dedupSince ?? Number.NEGATIVE_INFINITY, cutoff));
  if (prints.length > most) {
    // Of two without a date the difference is not a number, which sorts as none.
    prints.sort((a, b) => dedupKeyTime(a) - dedupKeyTime(b));
    prints.splice(0, prints.length - most);
    // The oldest one kept may share its instant with one that was dropped.
    dedupSince = Math.max(dedupSince, Math.min(dedupKeyTime(prints[0] as string) + 1, cutoff));
    // What was published before and is no longer remembered is not read again: better late records lost to the
    // lookback than everything twice.
    syncedRanges = union(syncedRanges, clamp(before?.syncedRanges ?? [], Number.NEGATIVE_INFINITY, dedupSince));
  }
  return { syncedRanges, cutoff, dedupSince, dedupKeys: new Set(prints) };
}

/** The stream that a name in a state belongs to, its own or that of a klass of it. */
export function streamOf(name: string): string {
  return name.split('/')[0] as string;
}

/** A stream, and the klasses of it that a state has apart. */
export function stateKeysOf({ search }: Pick<State, 'search'>, name: string): readonly string[] {
  return [name, ...[...search.keys()].filter(each => each.startsWith(`${name}/`))];
}

/** Whether a stream is read up to the cutoff. */
export function isComplete(work: SearchWork, read: IntervalSet, wanted: Interval): boolean {
  return covers(union(work.synced, read), wanted);
}
