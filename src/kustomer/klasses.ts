// Which klasses of KObjects there are, and whether the plain `kobject` context shows them
// (docs/kustomer-api.md#plain-context).
import { SyncError } from '../errors.ts';
import type { Klasses } from '../sync/source.ts';
import { openList } from './lists.ts';
import { openKlassSearch, openSearch, type Search, type SearchOptions } from './search.ts';
import type { ListStream } from './streams.ts';

/** Not a stream: the list of klasses shows one status at a time (docs/kustomer-api.md#klass-list). */
const KLASSES: ListStream = {
  kind: 'list',
  name: 'klasses',
  type: 'klass',
  path: '/v1/klasses',
  pageSize: 100,
  views: [{ status: 'enabled' }, { status: 'existing_only' }, { status: 'disabled' }],
  role: 'org.permission.klass.read',
  countedFor: 'kobjects',
};

/** No search has more pages (docs/kustomer-api.md#search-depth). */
const MOST_PAGES = 100;
/** Random orders need about as many passes as the logarithm of the records, and three. */
const MOST_PASSES = 12;

export function openKlasses(options: SearchOptions): Klasses {
  const plain = openSearch(options);
  const own = new Map<string, Search>();
  const searchOf = (klass: string): Search => {
    const search = own.get(klass) ?? openKlassSearch(options, klass);
    own.set(klass, search);
    return search;
  };
  return {
    async names() {
      const { records } = await openList({
        client: options.client,
        stream: KLASSES,
        onRecord: options.onRecord,
      }).pass();
      const names = [...records.values()].map(({ attributes }) => attributes?.name);
      return names.filter(name => typeof name === 'string').sort();
    },
    pages: searchOf,
    async newest(klass, index, from, to) {
      try {
        return await searchOf(klass).newest(index, from, to);
      } catch (error) {
        if (isGone(error)) return null;
        throw error;
      }
    },
    async isInGenericSearch(index, found) {
      const created = Date.parse(String(found.resource.attributes?.createdAt));
      // A second around it means the same to every search, and both times together leave few others.
      const second = (at: number) => ({
        from: Math.floor(at / 1_000) * 1_000,
        to: Math.floor(at / 1_000) * 1_000 + 1_000,
      });
      const window = { index, ...second(found.at), created: Number.isNaN(created) ? null : second(created) };
      const shown = new Set<string>();
      let total = 0;
      // Where the order changes from request to request, one pass over some pages misses a good third of the records.
      for (let pass = 1; pass === 1 || (pass <= MOST_PASSES && shown.size < total); pass++) {
        for (let page = 1, pages = 1; page <= pages; page++) {
          const answer = await plain.page({ ...window, page });
          for (const { resource } of answer.found) shown.add(resource.id);
          if (shown.has(found.resource.id)) return true;
          if (page === 1) total = answer.total ?? 0;
          if (answer.found.length > 0) pages = Math.min(Math.ceil(total / answer.size), MOST_PAGES);
          else break;
        }
      }
      return false;
    },
    isGone,
  };
}

/** A klass that is not there (any more) has no context to search in (docs/kustomer-api.md#removed-klasses). */
function isGone(error: unknown): boolean {
  return error instanceof SyncError && (error.status === 404 || error.status === 410);
}
