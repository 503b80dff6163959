// One search, page by page: of a stream or of a single klass, live or in the archive (docs/kustomer-api.md#live-search,
// docs/kustomer-api.md#archive).
//
// Responses are not interpreted here: a page says what Kustomer said, contradictions included, and the readers in sync/
// decide what to believe. Links are not followed: those of the archive lead to the live search
// (docs/kustomer-api.md#archive-links).
import { isKind, isRefusal, SyncError } from '../errors.ts';
import { SECOND_MS } from '../sync/pages.ts';
import { dated } from '../sync/read-list.ts';
import {
  type DatedRecord,
  type Page,
  type Resource,
  type SearchIndex,
  type SearchRequest,
  timeIn,
} from '../sync/source.ts';
import type { ReadOptions } from './client.ts';
import { type OnRecord, pageIn } from './json.ts';
import { hasStatus, isTooSlow } from './request-errors.ts';
import { bodyOf, type Criteria, fullForm, openNegotiation, type SearchForm } from './search-form.ts';
import type { SearchStream } from './streams.ts';

/** Largest page of a search (docs/kustomer-api.md#page-size). */
const PAGE_SIZE = 500;
/** Below this, smaller pages are of no use: a record would be larger than Kustomer stores (docs/kustomer-api.md#answer-time). */
const MIN_PAGE_SIZE = 4;
/** A page of this size that still takes too long does not suffer from its size. */
const SLOW_PAGE_SIZE = PAGE_SIZE / 4;
/** Requests for a count or for the newest record, until a response gives it. */
const MAX_TRIES = 5;
/** What a refusal beyond the first page stands for: the result ends before that page, or is cut short there. */
const REFUSED_PAGE: Page = { found: [], total: null, hasMore: false, size: PAGE_SIZE, timedOut: false };
const PATHS: Readonly<Record<SearchIndex, string>> = {
  live: '/v1/customers/search',
  archive: '/v1/customers/archive/search',
};

export type Search = ReturnType<typeof openSearch>;

interface SearchOptions extends ReadOptions<SearchStream> {
  /** Of each record no more is needed than its id and its times. */
  readonly readsIds?: boolean;
}

/** Searches all records of a stream, or those of one klass. Every method rejects as `Client.send` and `pageIn` do. */
export function openSearch(options: SearchOptions, klass?: string) {
  const { name } = options.stream;
  const post = openPost(options, klass);
  let pageSize = PAGE_SIZE;
  return {
    async page(request: SearchRequest): Promise<Page> {
      for (;;) {
        const size = pageSize;
        try {
          return await post(request.index, request.page, size, request);
        } catch (error) {
          const isTooLarge = hasStatus(error, 413) || (error instanceof SyncError && error.code === 'answer-too-large');
          const isTooMuch = isTooLarge || (size > SLOW_PAGE_SIZE && error instanceof SyncError && isTooSlow(error));
          const least = isTooLarge ? MIN_PAGE_SIZE : SLOW_PAGE_SIZE;
          if (isTooMuch) pageSize = Math.min(pageSize, Math.max(least, size >> 2));
          // How deep a result can be read is disputed, and the reader has other ways to the rest
          // (docs/kustomer-api.md#search-depth). Numbers of smaller pages begin anew.
          if (request.page > 1 && (isTooMuch || isKind(error, 'refused'))) {
            return { ...REFUSED_PAGE, size: pageSize, timedOut: isTooMuch };
          }
          if (!isTooMuch || pageSize >= size) throw error;
        }
      }
    },
    /**
     * The record updated last in `from <= updated_at < to` (ms); null when there is none.
     * @throws SyncError `records-hidden` when the search shows no record although it reports some.
     */
    async newest(index: SearchIndex, from: number, to: number): Promise<DatedRecord | null> {
      for (let n = 1; n <= MAX_TRIES; n++) {
        const { found, total, timedOut } = await post(index, 1, 1, { from, to, order: 'desc' });
        if (found[0] !== undefined) return found[0];
        if (!timedOut && (total ?? 0) === 0) return null;
      }
      throw new SyncError('records-hidden', {
        what: `Kustomer's search shows none of the ${name} that it says are there.`,
        todo: 'Run again, and report it to Kustomer if it stays.',
      });
    },
    /** See `Counting`. @throws SyncError `count-unavailable` */
    async count(index: SearchIndex, from: number, to: number): Promise<number | null> {
      for (let n = 1; n <= MAX_TRIES; n++) {
        const { total, timedOut } = await post(index, 1, 1, { from, to });
        if (total !== null && !timedOut) return total;
        // The search manages a smaller window, but not the same one a second time.
        if (timedOut && to - from > SECOND_MS) return null;
      }
      throw new SyncError('count-unavailable', {
        what: `Kustomer's search does not say how many ${name} there are, so they cannot be divided into shards.`,
        todo: 'Run it without `mode: plan`, with `on-incomplete: continue`, which needs no counts.',
      });
    },
    /** Requests any one record. */
    probe: (index: SearchIndex) => post(index, 1, 1, null),
  };
}

/** Sends searches in a form that Kustomer accepts: see search-form.ts. */
function openPost(options: SearchOptions, klass: string | undefined) {
  const { client, stream, includeDeleted, onRecord, onForm } = options;
  const { name, role, context, cursor } = stream;
  const queryContext = klass === undefined ? context : `${context}_${klass}`;
  // Where an organization has no archive, it has none for any stream; a klass may be refused alone.
  const archive = openNegotiation(klass === undefined ? options.archiveRefusals : undefined);
  const negotiations = { live: openNegotiation(), archive };
  const prefixes = [...new Set([context, queryContext])];
  /** Whether an answer of ids alone has their times; undefined when nobody has tried. */
  let isBrief = options.readsIds === true ? undefined : false;
  return async (index: SearchIndex, page: number, size: number, criteria: Criteria | null) => {
    const path = (asIds: boolean) => `${PATHS[index]}?page=${page}&pageSize=${size}${asIds ? '&idsOnly=true' : ''}`;
    const sendAs = async (form: SearchForm, asIds = isBrief === true && criteria !== null): Promise<Page> => {
      const flag = form.hasDeletedFlag ? { includeDeleted } : {};
      const body = { queryContext, ...flag, ...(criteria && bodyOf(form, cursor, criteria)) };
      const isDivisible = size > SLOW_PAGE_SIZE;
      const response = await client.send({
        path: path(asIds),
        body,
        purpose: 'search',
        stream: name,
        role,
        isDivisible,
      });
      onForm?.(name, form);
      return readPage(response, stream, size, onRecord, form);
    };
    if (isBrief === undefined && criteria !== null) {
      // Until the answer is there, other requests ask for whole records.
      isBrief = false;
      const brief = await tryIds(() => sendAs(fullForm(context), true));
      if (brief?.found.length === 0) isBrief = undefined;
      else isBrief = brief?.found.every(({ at }) => !Number.isNaN(at)) === true;
      if (brief !== null && isBrief !== false) return brief;
    }
    return negotiations[index](form => sendAs(form), prefixes, {
      isProof: criteria !== null,
      mayNegotiate: page === 1,
    });
  };
}

/**
 * A page of ids; null where Kustomer refuses it, or sends something other than records: in which form it gives the ids is
 * not known (docs/kustomer-api.md#search-request).
 */
async function tryIds(send: () => Promise<Page>): Promise<Page | null> {
  try {
    return await send();
  } catch (error) {
    if (isRefusal(error) || (error instanceof SyncError && error.code === 'not-records')) return null;
    throw error;
  }
}

function readPage(
  response: Record<string, unknown>,
  { name, cursor }: SearchStream,
  requested: number,
  onRecord: OnRecord,
  { isSorted }: SearchForm,
): Page {
  const { records, total, next, size, timedOut } = pageIn(response, name, onRecord);
  return {
    found: records.map(cursor === 'created' ? datedByCreation : dated),
    total,
    hasMore: typeof next === 'string' && next !== '',
    // Kustomer may give smaller pages than requested, and says so (docs/kustomer-api.md#page-size).
    size: Math.min(size ?? requested, requested),
    timedOut,
    ...(isSorted ? {} : { isUnordered: true }),
  };
}

function datedByCreation(resource: Resource): DatedRecord {
  return { at: timeIn(resource.attributes?.createdAt), resource };
}
