// The pages of one view of a list, one after the other along its links (docs/kustomer-api.md#links).
//
// A list says where it goes on, and may say so for ever, or not at all: a full page is not the last one, unless the list
// has shown as many records as it says it has. Whatever the server does, the loop ends: a list that goes on without
// showing anything new is an error.
import { isKind, SyncError } from '../errors.ts';
import type { Resource } from '../sync/source.ts';
import type { ReadOptions } from './client.ts';
import { pageIn } from './json.ts';
import { hasStatus } from './request-errors.ts';
import type { ListStream, View } from './streams.ts';

/** Ids kept to recognize a page that shows nothing new. The last thousands are enough, however long the list is. */
const MAX_KNOWN_IDS = 20_000;
/** In a list ordered by the last update, 100 updates between two requests make the next page repeat the last one. */
const MAX_STALE_PAGES = 3;

/**
 * The pages of a view, first to last. Rejects as `Client.send` does.
 * @throws SyncError `list-loops` when the list goes on without showing anything new.
 */
export async function* pagesOf(options: ReadOptions<ListStream>, view: View) {
  const paths = new Set<string>();
  /** All pages so far, by their length and their ends: even a long loop is noticed when it starts again. */
  const pages = new Set<string>();
  const ids = new Set<string>();
  let stalePages = 0;
  let shown = 0;
  let isLinked = true;
  let path: string | null = pathOf(options.stream, view, 1);
  for (let number = 1; path !== null; number++) {
    const page: ListPage = await requestPage(options, view, path).catch(error => endOf(error, number, isLinked));
    const { records, total } = page;
    const ends = `${records.length} ${records[0]?.id} ${records.at(-1)?.id}`;
    const isStale = pages.has(ends) || records.every(({ id }) => ids.has(id));
    // Nothing said that there was another page, and there was none: what came is the last page once more, or the first.
    if (isStale && !isLinked) return;
    yield page;
    shown += records.length;
    stalePages = isStale ? stalePages + 1 : 0;
    paths.add(path);
    // A list that has a link on each page has one beyond its end, too.
    if (records.length === 0 && stalePages === MAX_STALE_PAGES) return;
    isLinked = page.next !== null;
    const goesOn = isLinked || (page.isFull && (total === null || shown < total));
    const next: string | null = page.next ?? (goesOn ? pathOf(options.stream, view, number + 1) : null);
    if (next !== null && (paths.has(next) || stalePages === MAX_STALE_PAGES)) {
      throw new SyncError('list-loops', {
        what: `Kustomer's list of ${options.stream.name} leads round in a circle.`,
        todo: 'Nothing of it counts as read; run again, and report it to Kustomer if it stays.',
      });
    }
    pages.add(ends);
    if (ids.size > MAX_KNOWN_IDS) ids.clear();
    for (const { id } of records) ids.add(id);
    path = next;
  }
}

export type ListPage = Awaited<ReturnType<typeof requestPage>>;

/**
 * One page of a view: its records, those in `included`, whether the former are as many as a page can have, how many the
 * list says it has (most do not say, docs/kustomer-api.md#totals), and path and query of the next page, or null where no
 * link leads on.
 * @throws SyncError `foreign-link` or `not-records`; otherwise rejects as `Client.send` does.
 */
export async function requestPage(
  { client, stream, countFor, onRecord }: ReadOptions<ListStream>,
  view: View,
  path = pathOf(stream, view, 1),
) {
  const { name, role, isOptional, hasIncluded } = stream;
  const response = await client.send({ path, purpose: 'other', stream: countFor ?? name, role }).catch(error => {
    throw isOptional && path === pathOf(stream, view, 1) && hasStatus(error, 404) ? missingList(name, error) : error;
  });
  const { records, total, next, size } = pageIn(response, name, onRecord);
  const included = hasIncluded ? pageIn({ data: response.included ?? [] }, name, onRecord).records : [];
  requireDistinct(included, records, name);
  const isFull = records.length >= Math.min(size ?? stream.pageSize, stream.pageSize);
  return { records, included, total, isFull: isFull && records.length > 0, next: pathIn(next, client.origin) };
}

/** @throws SyncError `not-records` when a record beside the list has the id of one in it: one of them would be lost. */
function requireDistinct(included: readonly Resource[], records: readonly Resource[], name: string): void {
  const ids = new Set(records.map(({ id }) => id));
  if (!included.some(({ id }) => ids.has(id))) return;
  throw new SyncError('not-records', {
    what: `Kustomer sent several records with one id for ${name}.`,
    todo: 'Run again; if it stays, report it to this project.',
  });
}

export function missingList(name: string, cause?: unknown): SyncError {
  return new SyncError('list-missing', {
    what: `Kustomer has no list of ${name} in this organization (404), so that stream is skipped.`,
    todo: `Leave ${name} out of \`streams\`, or report it to this project if Kustomer's settings show some.`,
    status: 404,
    cause,
  });
}

/**
 * A page beyond the end as the refusal that it may be (docs/kustomer-api.md#links): 404 after a link, anything where no
 * link said that there is such a page.
 */
function endOf(error: unknown, number: number, isLinked: boolean): ListPage {
  if (number === 1 || !(isLinked ? hasStatus(error, 404) : isKind(error, 'refused'))) throw error;
  return { records: [], included: [], total: null, isFull: false, next: null };
}

export function pathOf({ path, pageSize }: ListStream, view: View, number: number): string {
  return `${path}?${new URLSearchParams({ ...view, page: String(number), pageSize: String(pageSize) })}`;
}

/** Path and query of a link. The API key never goes to another origin. */
export function pathIn(link: unknown, origin: string): string | null {
  if (typeof link !== 'string' || link === '') return null;
  const url = URL.parse(link, origin);
  if (url?.origin === origin) return `${url.pathname}${url.search}`;
  throw new SyncError('foreign-link', {
    what: 'A list of Kustomer links to another host for its next page.',
    todo: 'Nothing was sent there; report it to this project.',
  });
}
