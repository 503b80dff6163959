/** What the engine needs from a source of records (src/kustomer), and from the place where they go (src/records). */

import type { Interval } from './intervals.ts';

/** A record: its bytes, and the few values that the engine reads. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  /** The whole record, byte for byte as it came. */
  readonly json: Buffer;
  readonly attributes?: {
    readonly updatedAt?: unknown;
    readonly createdAt?: unknown;
    readonly name?: unknown;
    readonly deleted?: unknown;
    readonly deletedAt?: unknown;
  };
  readonly relationships?: { readonly org?: { readonly data?: { readonly id?: unknown } } };
}

export interface DatedRecord {
  /** `updated_at` (ms); NaN when it is missing or unreadable. */
  readonly at: number;
  readonly resource: Resource;
  /** `updated_at` is missing or unreadable, and `at` is imputed from a neighbor in the result. */
  readonly undated?: true;
}

export type SearchIndex = 'live' | 'archive';

/** Requests one page of the records with `from <= updated_at < to` (ms), oldest first. */
export interface SearchRequest {
  readonly index: SearchIndex;
  readonly from: number;
  readonly to: number;
  /** Restricts the result further, by `created_at`. */
  readonly created: CreatedRange | null;
  /** From 1. */
  readonly page: number;
}

/** `from <= created_at < to` (ms); null leaves an end open. */
export interface CreatedRange {
  readonly from: number | null;
  readonly to: number | null;
}

export interface Page {
  /** In the order in which the records came. */
  readonly found: readonly DatedRecord[];
  /** Records on all pages, as the source reports it; null when it does not. */
  readonly total: number | null;
  readonly hasMore: boolean;
  /** Records of a full page. */
  readonly size: number;
  /** The source says that the result is incomplete. */
  readonly timedOut: boolean;
  /** The source was not asked for an order: that of the records proves nothing. */
  readonly isUnordered?: boolean;
}

export interface SearchPages {
  page(request: SearchRequest): Promise<Page>;
}

export interface Counting {
  /** Records with `from <= updated_at < to` (ms), which the source may cap. Null when the window is too large to count. */
  count(index: SearchIndex, from: number, to: number): Promise<number | null>;
}

export interface ListPages {
  /** @param known an earlier pass, whose records take the place of equal ones: a long list is in memory once */
  pass(known?: ReadonlyMap<string, Resource>): Promise<ListPass>;
}

export interface ListPass {
  readonly records: Map<string, Resource>;
  /** All came with one response. Otherwise a record that moved between two pages may be missing. */
  readonly isOneResponse: boolean;
  /** No part of the list has returned fewer records than it reports. */
  readonly isCounted: boolean;
  /** No part of the list was refused: a record that is missing is gone. */
  readonly isUnrestricted: boolean;
  /** A part of the list ends at {@link LIST_CAP}: a record that is missing may still be there. */
  readonly isCut: boolean;
}

/** A list that ends with just this many records may have more of them (docs/kustomer-api.md#old-notes). */
export const LIST_CAP = 10_000;

/**
 * Records that every search returns of one result (docs/kustomer-api.md#search-depth). A search may count no further
 * either: a total of this means "this many or more".
 */
export const SEARCH_CAP = 10_000;

/** A list that is too long for memory, and in no known order. */
export interface LongList {
  /** Reads the list once, page by page. Resolves to whether one response had it all, and whether it ends at its cap. */
  pass(onPage: (found: readonly DatedRecord[]) => Promise<void>): Promise<Pick<ListPass, 'isOneResponse' | 'isCut'>>;
  /** Estimates the length of the list. */
  extent(): Promise<Extent>;
}

export interface Extent {
  /** At least 1: reading an empty list takes a request as well. */
  readonly pages: number;
  readonly records: number;
  readonly sample: readonly Resource[];
}

/** A record that was deleted for good. */
export interface Deletion {
  /** Of the entry in the log. */
  readonly entry: string;
  readonly id: string;
  /** Milliseconds. */
  readonly at: number;
}

export interface DeletionLog {
  /** Deletions with `from <= at < to` (ms), the oldest first. */
  deletions(from: number, to: number): Promise<readonly Deletion[]>;
}

export interface Sink {
  /** Resolves when there is room for more. */
  write(records: readonly DatedRecord[]): Promise<void>;
  /** Opens a file for records that count only when they are complete. */
  openStagingFile(): StagingFile;
  /**
   * The bytes by which two versions of a record without usable dates are told apart, valid until the next call; of the
   * record as it came when this is left out. What is kept back of records must not be in a hash that others could guess.
   */
  readonly contentOf?: ((resource: Resource) => Buffer) | undefined;
}

export interface StagingFile extends Pick<Sink, 'write'> {
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** The klasses of a stream, whose generic search may not have all of them (docs/kustomer-api.md#plain-context). */
export interface Klasses {
  names(): Promise<readonly string[]>;
  pages(klass: string): SearchPages;
  /** The record of a klass that was updated last in a window (ms); null when there is none, or no such klass. */
  newest(klass: string, index: SearchIndex, window: Interval): Promise<DatedRecord | null>;
  /** Whether the live search counts records of a klass that it finds at no time (docs/kustomer-api.md#klass-filter-keys). */
  isUnfiltered(klass: string): Promise<boolean>;
  /** @param within [from, to) (ms) in which the record was found, for one that is undated */
  isInGenericSearch(index: SearchIndex, record: DatedRecord, within: Interval): Promise<boolean>;
  /** Whether an error says that the klass does not exist. */
  isGone(error: unknown): boolean;
}

/** Ids have 24 digits. */
const MAX_ID_LENGTH = 200;

/** Id of the organization that a record belongs to, or null when the record names none. An empty or endless id counts as none. */
export function organizationOf(resource: Resource): string | null {
  const id = resource.relationships?.org?.data?.id;
  return isOrganizationId(id) ? id : null;
}

export function isOrganizationId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH;
}

/** The years that a search can name, with room to calculate. A record that is dated outside of them counts as undated. */
const FIRST_TIME = Date.parse('0001-01-01T00:00:00.000Z');
export const LAST_TIME = Date.parse('9999-01-01T00:00:00.000Z');

/** The time (ms) that a value names as a text; NaN when it names none, or one that no search and no state can hold. */
export function timeIn(value: unknown): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return at >= FIRST_TIME && at < LAST_TIME ? at : Number.NaN;
}

/** `updated_at` as the record has it; empty when it has none. */
export function updatedAt(resource: Resource): string {
  const value = resource.attributes?.updatedAt;
  return typeof value === 'string' ? value : '';
}
