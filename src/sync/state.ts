// What is certainly published, and the arithmetic of claims: what that leaves to be read, and how what was read adds to
// it. Pure. Its file is state-document.ts; several of them become one in merge.ts.
import { clamp, contains, covers, type Interval, type IntervalSet, minus, union } from './intervals.ts';
import type { Found } from './source.ts';

/** Fingerprints kept of one stream at most: some 15 MB of memory, 6 MB of state. Beyond it the lookback gets shorter. */
const MOST_FINGERPRINTS = 100_000;

export interface SearchState {
  /** The intervals of `updated_at` that are certainly published, as far as the index had caught up by `cutoff`. */
  readonly published: IntervalSet;
  /** The cutoff of the run that wrote this. What is younger than this less the lookback is read again. */
  readonly cutoff: number;
  /** From here on, fingerprints know every version that was published. */
  readonly rememberedFrom: number;
  /** Fingerprints of versions published: see {@link fingerprint}. */
  readonly recent: ReadonlySet<string>;
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
export type LedgerFile = Readonly<Record<string, string | number | null>> & { readonly stream: string };

/** What one shard has published over all its runs, for the merge to report. */
export interface Ledger {
  readonly files: readonly LedgerFile[];
  /** Requests by stream. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface State {
  readonly generation: number;
  /** Id of the Kustomer organisation whose records these are; null as long as no record has been seen. */
  readonly identity: string | null;
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
  readonly continuation?: number;
  /** Of a shard. */
  readonly ledger?: Ledger;
}

export const NO_STATE: State = {
  generation: 0,
  identity: null,
  savedAt: '',
  run: { id: '', attempt: '' },
  search: new Map(),
  lists: new Map(),
  klassesCheckedAt: null,
  refreshes: new Map(),
  resets: 0,
};

/** Names one version of one record: its instant in milliseconds (`-` when it has none) and its id. */
export function fingerprint({ at, resource, undated }: Found): string {
  return `${undated ? '-' : at} ${resource.id}`;
}

/** Of what a fingerprint names, in milliseconds; infinite where it has none. */
export function instantOf(print: string): number {
  return print.startsWith('-') ? Number.POSITIVE_INFINITY : Number(print.slice(0, print.indexOf(' ')));
}

/** What a run has to read of a search stream, and what it may take for read. */
export interface SearchWork {
  readonly work: IntervalSet;
  /** Published and not to be read again, also not by the lookback. */
  readonly certain: IntervalSet;
  /** Versions that must not be published again although they are read again. */
  readonly known: ReadonlySet<string>;
  /** From here on, what is published is to be remembered by its fingerprint. */
  readonly rememberFrom: number;
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
  const rememberFrom = cutoff - lookbackMs;
  if (before === undefined) {
    return { work: union([wanted]), certain: [], known: new Set(), rememberFrom };
  }
  // A bookmark in the future claims what cannot have been read: nothing from this run's cutoff on is certain.
  const again = Math.min(Math.max(before.rememberedFrom, before.cutoff - lookbackMs), wanted.to);
  const certain = clamp(before.published, Number.NEGATIVE_INFINITY, again);
  return { work: minus([wanted], certain), certain, known: before.recent, rememberFrom };
}

/** The same of what is read once and for all: what is published is done, however young it is. */
export function workOnce(before: SearchState | undefined, wanted: IntervalSet, rememberFrom: number): SearchWork {
  const certain = before?.published ?? [];
  return { work: minus(wanted, certain), certain, known: before?.recent ?? new Set(), rememberFrom };
}

/** The state of a search stream after a run that read `read` and published what `fresh` names from `rememberFrom` on. */
export function searchStateAfter(
  before: SearchState | undefined,
  work: SearchWork,
  read: IntervalSet,
  fresh: ReadonlySet<string>,
  cutoff: number,
  most = MOST_FINGERPRINTS,
): SearchState {
  let published = union(work.certain, read);
  // A fingerprint is needed for as long as what it names may be read again: by the lookback, or because a run that was
  // to read it again did not come so far.
  const prints = [...new Set([...work.known, ...fresh])].filter(print => {
    const at = instantOf(print);
    return at >= work.rememberFrom || !contains(published, at);
  });
  // A run with a longer lookback remembers no more of the runs before it than they did themselves.
  let rememberedFrom = Math.max(
    work.rememberFrom,
    Math.min(before?.rememberedFrom ?? Number.NEGATIVE_INFINITY, cutoff),
  );
  if (prints.length > most) {
    // Of two without a date the difference is not a number, which sorts as none.
    prints.sort((a, b) => instantOf(a) - instantOf(b));
    prints.splice(0, prints.length - most);
    // The oldest one kept may share its instant with one that was dropped.
    rememberedFrom = Math.max(rememberedFrom, Math.min(instantOf(prints[0] as string) + 1, cutoff));
    // What was published before and is no longer remembered is not read again: better late records lost to the
    // lookback than everything twice.
    published = union(published, clamp(before?.published ?? [], Number.NEGATIVE_INFINITY, rememberedFrom));
  }
  return { published, cutoff, rememberedFrom, recent: new Set(prints) };
}

/** The stream that a name in a state belongs to, its own or that of a klass of it. */
export function streamOf(name: string): string {
  return name.split('/')[0] as string;
}

/** A stream, and the klasses of it that a state has apart. */
export function withKlasses({ search }: Pick<State, 'search'>, name: string): readonly string[] {
  return [name, ...[...search.keys()].filter(each => each.startsWith(`${name}/`))];
}

/** Whether a stream is read up to the cutoff. */
export function isComplete(work: SearchWork, read: IntervalSet, wanted: Interval): boolean {
  return covers(union(work.certain, read), wanted);
}
