// What sync needs from a source of records, in its own words. Kustomer's wing provides it; nothing here does anything.

/** A record as the source gave it: its bytes, and the few values that are looked at. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  /** The JSON of the whole record, byte for byte as it came. */
  readonly json: Buffer;
  readonly attributes?: {
    readonly updatedAt?: unknown;
    readonly createdAt?: unknown;
    readonly name?: unknown;
    readonly deleted?: unknown;
  };
  readonly relationships?: { readonly org?: { readonly data?: { readonly id?: unknown } } };
}

/** A record and the instant of its `updated_at`, in milliseconds since the epoch; NaN when it has none that can be read. */
export interface DatedRecord {
  readonly at: number;
  readonly resource: Resource;
  /** It has no date that can be read, and `at` is its neighbour's in the result. */
  readonly undated?: true;
}

/** Which search: the live one has what was updated in the last two years, the archive what is older. */
export type SearchIndex = 'live' | 'archive';

/** One page of a search to ask for: `from <= updated_at < to`, oldest first. */
export interface SearchRequest {
  readonly index: SearchIndex;
  readonly from: number;
  readonly to: number;
  /** Narrows a crowded instant by `created_at`: `from <= created_at < to`, either side open when null. */
  readonly created: CreatedRange | null;
  /** From 1. Only ever above 1 inside one instant. */
  readonly page: number;
}

export interface CreatedRange {
  readonly from: number | null;
  readonly to: number | null;
}

/** One page of a search as it came, in the order it came. */
export interface Page {
  readonly found: readonly DatedRecord[];
  /** How many records the source says the whole window holds; null when it does not say. */
  readonly total: number | null;
  /** Whether the source says that another page follows. */
  readonly hasMore: boolean;
  /** How many records a full page has. */
  readonly size: number;
  /** The source itself says that the result is not whole. */
  readonly timedOut: boolean;
}

/** A search stream, a page at a time. */
export interface SearchPages {
  page(ask: SearchRequest): Promise<Page>;
}

/** How much a search would give, without it. */
export interface Counting {
  /**
   * Records with `from <= updated_at < to`; a search may have a number that it never goes beyond. Null where the window is
   * too wide for the search to say.
   */
  count(index: SearchIndex, from: number, to: number): Promise<number | null>;
}

/** A list stream, whole. */
export interface ListPages {
  /**
   * Every record that the list shows, by id. `atOnce` when one answer held them all; otherwise a record that moved while
   * the pages were read may be missing. `isWhole` unless a part of it has shown fewer than it says there are. `everything`
   * when no part of it was refused, so that what is not shown is gone.
   */
  pass(): Promise<{ records: Map<string, Resource>; atOnce: boolean; isWhole: boolean; everything: boolean }>;
}

/** Where records go. */
export interface Sink {
  /** Resolves when there is room for more. */
  write(records: readonly DatedRecord[]): Promise<void>;
  /** Opens a place for records that count only when they are all there. */
  openStagingFile(): StagingFile;
}

export interface StagingFile extends Pick<Sink, 'write'> {
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** A list too long to be held, and in no known order. */
export interface LongList {
  /** Reads it once, a page at a time. Resolves to whether one answer held it all. */
  pass(each: (found: readonly DatedRecord[]) => Promise<void>): Promise<boolean>;
  /** How long it is, found out without reading it. */
  extent(): Promise<Extent>;
}

export interface Extent {
  /** At least one: the end of a list has to be seen. */
  readonly pages: number;
  /** About so many. */
  readonly records: number;
  /** Those that were looked at, to judge the others by. */
  readonly shown: readonly Resource[];
}

/** The kinds of a stream that may not show all of them at once. */
export interface Klasses {
  /** All there are. */
  names(): Promise<readonly string[]>;
  /** One klass on its own. */
  pages(klass: string): SearchPages;
  /** The record of a klass that was updated last in a window; null when there is none, or no such klass. */
  newest(klass: string, index: SearchIndex, from: number, to: number): Promise<DatedRecord | null>;
  /** Whether the stream itself shows a record. */
  isInGenericSearch(index: SearchIndex, found: DatedRecord): Promise<boolean>;
  /** Whether an error says that a klass is not there any more. */
  isGone(error: unknown): boolean;
}

/** The id of the organization that a record belongs to (`relationships.org`), or null when it does not say. */
export function organizationOf(resource: Resource): string | null {
  const id = resource.relationships?.org?.data?.id;
  return typeof id === 'string' ? id : null;
}

/** `updated_at` of a record as it stands there; empty when it has none. */
export function updatedAt(resource: Resource): string {
  const value = resource.attributes?.updatedAt;
  return typeof value === 'string' ? value : '';
}
