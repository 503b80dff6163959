// One search stream, a page at a time, live or from the archive (docs/kustomer-api.md#live-search,
// docs/kustomer-api.md#archive).
import { isKind, SyncError } from '../errors.ts';
import { SECOND_MS } from '../sync/pages.ts';
import type { Counting, DatedRecord, Page, Resource, SearchIndex, SearchPages, SearchRequest } from '../sync/source.ts';
import { updatedAt } from '../sync/source.ts';
import type { Client } from './client.ts';
import type { SearchStream } from './streams.ts';

/** Largest page of a search (docs/kustomer-api.md#page-size). */
const PAGE_SIZE = 500;

/** How often a search that shows nothing of what it says is there is asked again. */
const MOST_LOOKS = 5;

const CUT_SHORT: Page = { found: [], total: null, hasMore: false, size: PAGE_SIZE, timedOut: true };

/**
 * Links in answers are not followed: those of the archive lead to the live search (docs/kustomer-api.md#archive-links).
 */
const PATHS: Readonly<Record<SearchIndex, string>> = {
  live: '/v1/customers/search',
  archive: '/v1/customers/archive/search',
};

export interface SearchOptions {
  readonly client: Client;
  readonly stream: SearchStream;
  readonly includeDeleted: boolean;
  /** Told of every record that arrives. */
  readonly onRecord: (resource: Resource) => void;
}

export interface Search extends SearchPages, Counting {
  /** The record updated last in a window, or null when there is none. */
  newest(index: SearchIndex, from: number, to: number): Promise<DatedRecord | null>;
  /** Asks for any one record. */
  any(index: SearchIndex): Promise<void>;
}

/** All records of a stream. */
export function openSearch(options: SearchOptions): Search {
  const { context } = options.stream;
  return open(options, context, [context]);
}

/**
 * KObjects of one klass. Which of two prefixes its filter keys have is not certain
 * (docs/kustomer-api.md#klass-filter-keys).
 */
export function openKlassSearch(options: SearchOptions, klass: string): Search {
  const context = `kobject_${klass}`;
  return open(options, context, ['kobject', context]);
}

function open(
  { client, stream, includeDeleted, onRecord }: SearchOptions,
  queryContext: string,
  prefixes: string[],
): Search {
  const { name, role } = stream;
  /** The one to use, until the search refuses it and takes another. */
  let inUse = prefixes[0] as string;

  async function post(
    index: SearchIndex,
    page: number,
    pageSize: number,
    criteria: (prefix: string) => object,
  ): Promise<Page> {
    const path = `${PATHS[index]}?page=${page}&pageSize=${pageSize}`;
    const untried = new Set(prefixes);
    // Several requests may be under way, and learn it side by side.
    for (let prefix = inUse; ; ) {
      const body = { queryContext, includeDeleted, ...criteria(prefix) };
      untried.delete(prefix);
      try {
        const answer = await client.ask({ method: 'POST', path, body, purpose: 'search', stream: name, role });
        inUse = prefix;
        return readPage(answer, name, onRecord);
      } catch (error) {
        const [other] = untried;
        if (!(error instanceof SyncError && error.status === 400) || other === undefined) throw error;
        prefix = other;
      }
    }
  }

  return {
    async page(ask) {
      try {
        return await post(ask.index, ask.page, PAGE_SIZE, prefix => criteriaOf(prefix, ask));
      } catch (error) {
        // How deep a result may be read is not certain: a refusal beyond the first page is a result cut short
        // (docs/kustomer-api.md#search-depth), and whoever asked has other ways to get at the rest.
        if (ask.page > 1 && isKind(error, 'refused')) return CUT_SHORT;
        throw error;
      }
    },
    async newest(index, from, to) {
      const ask = { index, from, to, created: null, page: 1 };
      for (let look = 1; ; look++) {
        const { found, total, timedOut } = await post(index, 1, 1, prefix => ({
          ...criteriaOf(prefix, ask),
          sort: [{ [`${prefix}_updated_at`]: 'desc' }],
        }));
        if (found[0] !== undefined) return found[0];
        if (!timedOut && (total ?? 0) === 0) return null;
        // It shows none where it says that there are some.
        if (look === MOST_LOOKS) throw unshown(name);
      }
    },
    async count(index, from, to) {
      const ask = { index, from, to, created: null, page: 1 };
      for (let look = 1; ; look++) {
        const { total, timedOut } = await post(index, 1, 1, prefix => criteriaOf(prefix, ask));
        if (total !== null && !timedOut) return total;
        // A smaller window is easier on the search, and asking again is not.
        if (timedOut && to - from > SECOND_MS) return null;
        if (look === MOST_LOOKS) throw uncounted(name);
      }
    },
    async any(index) {
      await post(index, 1, 1, () => ({}));
    },
  };
}

/** One criterion holds one operator (docs/kustomer-api.md#search-request), and the order is oldest first. */
function criteriaOf(prefix: string, { from, to, created }: SearchRequest): Record<string, unknown> {
  const [updatedAt, createdAt] = [`${prefix}_updated_at`, `${prefix}_created_at`];
  const and: Record<string, unknown>[] = [{ [updatedAt]: { gte: iso(from) } }, { [updatedAt]: { lt: iso(to) } }];
  if (created !== null && created.from !== null) and.push({ [createdAt]: { gte: iso(created.from) } });
  if (created !== null && created.to !== null) and.push({ [createdAt]: { lt: iso(created.to) } });
  return { and, sort: [{ [updatedAt]: 'asc' }] };
}

function readPage(answer: Record<string, unknown>, stream: string, onRecord: (resource: Resource) => void): Page {
  const meta = (answer.meta ?? {}) as Record<string, unknown>;
  const links = (answer.links ?? {}) as Record<string, unknown>;
  const found: DatedRecord[] = resources(answer, stream).map(resource => {
    onRecord(resource);
    return { at: Date.parse(updatedAt(resource)), resource };
  });
  const size = Number(meta.pageSize);
  return {
    found,
    total: typeof meta.total === 'number' ? meta.total : null,
    hasMore: typeof links.next === 'string' && links.next !== '',
    // The size in force is what the answer says, where it is smaller than what was asked for
    // (docs/kustomer-api.md#page-size).
    size: Number.isInteger(size) && size >= 1 && size < PAGE_SIZE ? size : PAGE_SIZE,
    timedOut: meta.timed_out === true,
  };
}

/** The records of an answer. @throws SyncError when they are not records: an id is what everything else rests on. */
export function resources(answer: Record<string, unknown>, stream: string): Resource[] {
  const { data } = answer;
  if (Array.isArray(data) && data.every(isResource)) return data;
  throw new SyncError('not-records', {
    what: `Kustomer sent something other than records for ${stream}.`,
    todo: 'Run again; if it stays, report it to this project.',
  });
}

function isResource(value: unknown): value is Resource {
  const { id, type } = (value ?? {}) as { id?: unknown; type?: unknown };
  return typeof id === 'string' && id !== '' && typeof type === 'string';
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function uncounted(stream: string): SyncError {
  return new SyncError('count-unavailable', {
    what: `Kustomer's search does not say how many ${stream} there are, so they cannot be divided into shards.`,
    todo: 'Run it without `mode: plan`, with `on-incomplete: continue`, which needs no counts.',
  });
}

function unshown(stream: string): SyncError {
  return new SyncError('records-hidden', {
    what: `Kustomer's search shows none of the ${stream} that it says are there.`,
    todo: 'Run again, and report it to Kustomer if it stays.',
  });
}
