// The klasses of KObjects: which there are, and whether the generic search shows their records.
//
// The generic search (context `kobject`) should show every klass, but may not. A klass that is missing from it is
// searched on its own (docs/kustomer-api.md#plain-context).
import type { Interval } from '../sync/intervals.ts';
import { floorToSecond, SECOND_MS } from '../sync/pages.ts';
import { type DatedRecord, type Klasses, LAST_TIME, type SearchIndex, timeIn } from '../sync/source.ts';
import type { ReadOptions } from './client.ts';
import { openList } from './lists.ts';
import { hasStatus } from './request-errors.ts';
import { openSearch, type Search } from './search.ts';
import { KLASS_LIST, type SearchStream } from './streams.ts';

/** No search has more pages (docs/kustomer-api.md#search-depth). */
const MAX_PAGES = 100;
/** In random order, every record has been shown after about log(records) + 3 passes. */
const MAX_PASSES = 12;

export function openKlasses(options: ReadOptions<SearchStream>): Klasses {
  const generic = openSearch(options);
  const searches = new Map<string, Search>();
  /** The same each time: a search remembers its filter keys. */
  const searchOf = (klass: string): Search => {
    if (!searches.has(klass)) searches.set(klass, openSearch(options, klass));
    return searches.get(klass) as Search;
  };
  return {
    async names() {
      const list = openList({ ...options, stream: KLASS_LIST, countFor: options.stream.name });
      const { records } = await list.pass();
      const names = [...records.values()].map(({ attributes }) => attributes?.name);
      return names.filter(name => typeof name === 'string').sort();
    },
    pages: searchOf,
    newest: (klass, index, { from, to }) => searchOf(klass).newest(index, from, to).catch(unlessGone(null)),
    async isUnfiltered(klass) {
      const search = searchOf(klass);
      try {
        const { total, found } = await search.probe('live');
        return (total ?? found.length) > 0 && (await search.newest('live', 0, LAST_TIME)) === null;
      } catch (error) {
        return unlessGone(false)(error);
      }
    },
    isInGenericSearch: (index, record, within) => shows(generic, index, record, within),
    isGone,
  };
}

/**
 * Whether a search shows a record, looked for among those updated and created in the same seconds. Where the order of a
 * result changes between requests, one pass over its pages misses about a third of the records: hence several passes.
 */
async function shows(
  search: Search,
  index: SearchIndex,
  { at, resource }: DatedRecord,
  within: Interval,
): Promise<boolean> {
  const created = timeIn(resource.attributes?.createdAt);
  // Nobody can look for a record without any date: it is taken for shown.
  if (Number.isNaN(at) && Number.isNaN(created)) return true;
  const updated = Number.isNaN(at) ? within : secondOf(at);
  const window = { index, ...updated, created: Number.isNaN(created) ? null : secondOf(created) };
  const seen = new Set<string>();
  let total = 0;
  for (let pass = 1; pass === 1 || (pass <= MAX_PASSES && seen.size < total); pass++) {
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { found, total: reported, size } = await search.page({ ...window, page });
      for (const record of found) seen.add(record.resource.id);
      if (seen.has(resource.id)) return true;
      if (page === 1) total = reported ?? 0;
      if (found.length === 0) break;
      pages = Math.min(Math.ceil(total / size), MAX_PAGES);
    }
  }
  return false;
}

/** The whole second around an instant: every search compares seconds alike (docs/kustomer-api.md#date-precision). */
function secondOf(at: number): Interval {
  return { from: floorToSecond(at), to: floorToSecond(at) + SECOND_MS };
}

function unlessGone<T>(value: T): (error: unknown) => T {
  return error => {
    if (isGone(error)) return value;
    throw error;
  };
}

/** A klass that was removed has no search any more (docs/kustomer-api.md#removed-klasses). */
function isGone(error: unknown): boolean {
  return hasStatus(error, 404, 410);
}
