// One search, page by page: of a stream or of a single klass, live or in the archive (docs/kustomer-api.md#live-search,
// docs/kustomer-api.md#archive).
//
// Responses are not interpreted here: a page says what Kustomer said, contradictions included, and the readers in sync/
// decide what to believe. Links are not followed: those of the archive lead to the live search
// (docs/kustomer-api.md#archive-links).
import { isKind, SyncError } from '../errors.ts';
import { SECOND_MS } from '../sync/pages.ts';
import type { Counting, DatedRecord, Page, Resource, SearchIndex, SearchPages, SearchRequest } from '../sync/source.ts';
import { updatedAt } from '../sync/source.ts';
import type { Client } from './client.ts';
import { resourcesIn } from './json.ts';
import type { SearchStream } from './streams.ts';

/** Largest page of a search (docs/kustomer-api.md#page-size). */
const PAGE_SIZE = 500;
/** Requests for a count or for the newest record, until a response gives it. */
const MAX_TRIES = 5;
/** What a refusal beyond the first page stands for: the result is cut short. */
const CUT_SHORT: Page = { found: [], total: null, hasMore: false, size: PAGE_SIZE, timedOut: true };
const PATHS: Readonly<Record<SearchIndex, string>> = {
  live: '/v1/customers/search',
  archive: '/v1/customers/archive/search',
};

export interface SearchOptions {
  readonly client: Client;
  readonly stream: SearchStream;
  readonly includeDeleted: boolean;
  /** Called with each record that arrives. */
  readonly onRecord: (resource: Resource) => void;
}

/** Every method rejects as `Client.send` does, and with SyncError `not-records`. */
export interface Search extends SearchPages, Counting {
  /**
   * The record updated last in `from <= updated_at < to` (ms); null when there is none.
   * @throws SyncError `records-hidden` when the search shows no record although it reports some.
   */
  newest(index: SearchIndex, from: number, to: number): Promise<DatedRecord | null>;
  /** Requests any one record. */
  probe(index: SearchIndex): Promise<void>;
}

/** Searches all records of a stream. */
export function openSearch(options: SearchOptions): Search {
  const { context } = options.stream;
  return open(options, context, [context]);
}

/** Searches one klass. Its filter keys have one of two prefixes (docs/kustomer-api.md#klass-filter-keys). */
export function openKlassSearch(options: SearchOptions, klass: string): Search {
  const context = `${options.stream.context}_${klass}`;
  return open(options, context, [options.stream.context, context]);
}

function open(options: SearchOptions, queryContext: string, prefixes: readonly string[]): Search {
  const { name } = options.stream;
  const post = openPost(options, queryContext, prefixes);
  return {
    async page(request) {
      try {
        return await post(request.index, request.page, PAGE_SIZE, prefix => criteriaOf(prefix, request));
      } catch (error) {
        // How deep a result can be read is disputed, and the reader has other ways to the rest
        // (docs/kustomer-api.md#search-depth).
        if (request.page > 1 && isKind(error, 'refused')) return CUT_SHORT;
        throw error;
      }
    },
    async newest(index, from, to) {
      for (let n = 1; n <= MAX_TRIES; n++) {
        const criteria = (prefix: string) => criteriaOf(prefix, { from, to, created: null }, 'desc');
        const { found, total, timedOut } = await post(index, 1, 1, criteria);
        if (found[0] !== undefined) return found[0];
        if (!timedOut && (total ?? 0) === 0) return null;
      }
      throw new SyncError('records-hidden', {
        what: `Kustomer's search shows none of the ${name} that it says are there.`,
        todo: 'Run again, and report it to Kustomer if it stays.',
      });
    },
    async count(index, from, to) {
      for (let n = 1; n <= MAX_TRIES; n++) {
        const criteria = (prefix: string) => criteriaOf(prefix, { from, to, created: null });
        const { total, timedOut } = await post(index, 1, 1, criteria);
        if (total !== null && !timedOut) return total;
        // The search manages a smaller window, but not the same one a second time.
        if (timedOut && to - from > SECOND_MS) return null;
      }
      throw new SyncError('count-unavailable', {
        what: `Kustomer's search does not say how many ${name} there are, so they cannot be divided into shards.`,
        todo: 'Run it without `mode: plan`, with `on-incomplete: continue`, which needs no counts.',
      });
    },
    async probe(index) {
      await post(index, 1, 1, () => ({}));
    },
  };
}

type Post = (index: SearchIndex, page: number, size: number, criteria: (prefix: string) => object) => Promise<Page>;

/** Sends searches with the prefix that worked last, and tries the other prefixes when Kustomer refuses it with 400. */
function openPost(
  { client, stream: { name, role }, includeDeleted, onRecord }: SearchOptions,
  queryContext: string,
  prefixes: readonly string[],
): Post {
  let accepted = prefixes[0] as string;
  return async (index, page, size, criteria) => {
    const path = `${PATHS[index]}?page=${page}&pageSize=${size}`;
    // Kept for this request alone: several requests may find out at the same time.
    const untried = new Set(prefixes);
    for (let prefix = accepted; ; ) {
      const body = { queryContext, includeDeleted, ...criteria(prefix) };
      untried.delete(prefix);
      try {
        const response = await client.send({ method: 'POST', path, body, purpose: 'search', stream: name, role });
        accepted = prefix;
        return readPage(response, name, onRecord);
      } catch (error) {
        const [other] = untried;
        if (!(error instanceof SyncError && error.status === 400) || other === undefined) throw error;
        prefix = other;
      }
    }
  };
}

/** One criterion has one operator, so a range takes two (docs/kustomer-api.md#search-request). */
function criteriaOf(
  prefix: string,
  { from, to, created }: Pick<SearchRequest, 'from' | 'to' | 'created'>,
  order: 'asc' | 'desc' = 'asc',
): Record<string, unknown> {
  const [updatedAt, createdAt] = [`${prefix}_updated_at`, `${prefix}_created_at`];
  const and: Record<string, unknown>[] = [{ [updatedAt]: { gte: iso(from) } }, { [updatedAt]: { lt: iso(to) } }];
  if (created !== null && created.from !== null) and.push({ [createdAt]: { gte: iso(created.from) } });
  if (created !== null && created.to !== null) and.push({ [createdAt]: { lt: iso(created.to) } });
  return { and, sort: [{ [updatedAt]: order }] };
}

function readPage(response: Record<string, unknown>, stream: string, onRecord: (resource: Resource) => void): Page {
  const meta = (response.meta ?? {}) as Record<string, unknown>;
  const links = (response.links ?? {}) as Record<string, unknown>;
  const found: DatedRecord[] = resourcesIn(response, stream).map(resource => {
    onRecord(resource);
    return { at: Date.parse(updatedAt(resource)), resource };
  });
  const size = Number(meta.pageSize);
  return {
    found,
    total: typeof meta.total === 'number' ? meta.total : null,
    hasMore: typeof links.next === 'string' && links.next !== '',
    // Kustomer may give smaller pages than requested, and says so (docs/kustomer-api.md#page-size).
    size: Number.isInteger(size) && size >= 1 && size < PAGE_SIZE ? size : PAGE_SIZE,
    timedOut: meta.timed_out === true,
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
