// The pages of one view of a list, one after the other along its links (docs/kustomer-api.md#links).
//
// A list says where it goes on, and may say so for ever. Whatever the server does, the loop ends: a list that goes on
// without showing anything new is an error.
import { SyncError } from '../errors.ts';
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
  let path: string | null = pathOf(options.stream, view, 1);
  for (let number = 1; path !== null; number++) {
    const page: Awaited<ReturnType<typeof requestPage>> = await requestPage(options, view, number, path);
    yield page;
    const { records, next } = page;
    const ends = `${records.length} ${records[0]?.id} ${records.at(-1)?.id}`;
    stalePages = pages.has(ends) || records.every(({ id }) => ids.has(id)) ? stalePages + 1 : 0;
    paths.add(path);
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

/**
 * One page of a view: its records, how many the list says it has (most do not say, docs/kustomer-api.md#totals), and
 * path and query of the next page, or null at the end.
 * @param number from 1
 * @throws SyncError `foreign-link` or `not-records`; otherwise rejects as `Client.send` does.
 */
export async function requestPage(
  { client, stream, countFor, onRecord }: ReadOptions<ListStream>,
  view: View,
  number: number,
  path = pathOf(stream, view, number),
) {
  const { name, role, isOptional, hasIncluded } = stream;
  const response = await client.send({ path, purpose: 'other', stream: countFor ?? name, role }).catch(error => {
    throw isOptional && number === 1 && hasStatus(error, 404) ? missingList(name, error) : error;
  });
  const { records, total, next, size } = pageIn(response, name, onRecord);
  const included = hasIncluded ? pageIn({ data: response.included ?? [] }, name, onRecord).records : [];
  // A full page that does not even say that there is no next one is not the last.
  const isCutOff = next === undefined && records.length >= (size ?? stream.pageSize);
  const all = [...records, ...distinct(included, records, name)];
  return { records: all, total, next: isCutOff ? pathOf(stream, view, number + 1) : pathIn(next, client.origin) };
}

/** @throws SyncError `not-records` when two records share an id: one of them would be lost. */
function distinct(included: readonly Resource[], records: readonly Resource[], name: string): readonly Resource[] {
  const ids = new Set([...records, ...included].map(({ id }) => id));
  if (ids.size === records.length + included.length) return included;
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

function pathOf({ path, pageSize }: ListStream, view: View, number: number): string {
  return `${path}?${new URLSearchParams({ ...view, page: String(number), pageSize: String(pageSize) })}`;
}

/** Path and query of a link. The API key never goes to another origin. */
function pathIn(link: unknown, origin: string): string | null {
  if (typeof link !== 'string' || link === '') return null;
  const url = URL.parse(link, origin);
  if (url?.origin === origin) return `${url.pathname}${url.search}`;
  throw new SyncError('foreign-link', {
    what: 'A list of Kustomer links to another host for its next page.',
    todo: 'Nothing was sent there; report it to this project.',
  });
}
