// One list stream, all pages of all its views (docs/kustomer-api.md#lists, docs/kustomer-api.md#links).
import { isKind, SyncError } from '../errors.ts';
import { newestOf } from '../sync/read-list.ts';
import { type Extent, type ListPages, type LongList, type Resource, updatedAt } from '../sync/source.ts';
import type { Client } from './client.ts';
import { resources } from './search.ts';
import type { ListStream } from './streams.ts';

export interface ListOptions {
  readonly client: Client;
  readonly stream: ListStream;
  /** Told of every record that arrives. */
  readonly onRecord: (resource: Resource) => void;
}

export interface List extends ListPages, Pick<LongList, 'extent'> {
  /** Asks for the first page. */
  any(): Promise<void>;
}

export function openList(options: ListOptions): List {
  /** Views that the API has refused to show: the parameter is not documented for every list. */
  const refused = new Set<object>();
  return {
    async pass() {
      const { stream } = options;
      const records = new Map<string, Resource>();
      let answers = 0;
      let isCounted = true;
      for (const view of stream.views.filter(view => !refused.has(view))) {
        // The plain view is the first, and it must be shown.
        const mayRefuse = view !== stream.views[0];
        const shown = new Set<string>();
        let total = 0;
        for await (const page of pages(options, view, mayRefuse)) {
          if (page === null) refused.add(view);
          else answers++;
          total = page?.total ?? total;
          for (const resource of page?.shown ?? []) {
            shown.add(resource.id);
            records.set(resource.id, newestOf(records.get(resource.id), resource));
          }
        }
        if (shown.size < total) isCounted = false;
      }
      return { records, isOneAnswer: answers === 1, isCounted, isUnrestricted: refused.size === 0 };
    },
    async any() {
      await look(options, options.stream.views[0] ?? {}, 1);
    },
    async extent() {
      const [plain, ...others] = options.stream.views;
      const extents = await Promise.all([
        extentOf(options, plain ?? {}),
        ...others.map(view => extentOf(options, view).catch(ifRefused)),
      ]);
      return extents.reduce((a, b) => ({
        pages: a.pages + b.pages,
        records: a.records + b.records,
        sample: [...a.sample, ...b.sample],
      }));
    },
  };
}

/** `includeDeleted`: this list shows deleted records whether they are wanted or not. */
export function openLongList(options: ListOptions, includeDeleted = true): LongList {
  const isWanted = ({ attributes }: Resource) => includeDeleted || attributes?.deleted !== true;
  return {
    async pass(each) {
      let answers = 0;
      for await (const page of pages(options, options.stream.views[0] ?? {}, false)) {
        answers++;
        await each(
          (page?.shown ?? []).filter(isWanted).map(resource => ({ at: Date.parse(updatedAt(resource)), resource })),
        );
      }
      return answers === 1;
    },
    extent: () => extentOf(options, options.stream.views[0] ?? {}),
  };
}

/**
 * How long a view of a list is. Lists do not say so (docs/kustomer-api.md#totals): some pages are looked at to see
 * whether they are there and lead on. Beyond its end a list may show nothing, refuse, or show its last page again.
 */
async function extentOf(options: ListOptions, view: Readonly<Record<string, string>>): Promise<Extent> {
  const first = await look(options, view, 1);
  const begins = new Set([first.shown[0]?.id]);
  const shown = [...first.shown];
  const leadsOn = async (number: number) => {
    try {
      const page = await look(options, view, number);
      // A list that shows the same page, whatever page it is asked for, would lead on for ever.
      const isAnother = !begins.has(page.shown[0]?.id);
      begins.add(page.shown[0]?.id);
      if (isAnother) shown.push(...page.shown);
      return page.leadsOn && isAnother;
    } catch (error) {
      if (isKind(error, 'refused')) return false;
      throw error;
    }
  };
  if (!first.leadsOn) return { pages: 1, records: shown.length, sample: shown };
  let [before, last] = [1, 2];
  while (await leadsOn(last)) [before, last] = [last, last * 2];
  while (last - before > 1) {
    const middle = Math.floor((before + last) / 2);
    if (await leadsOn(middle)) before = middle;
    else last = middle;
  }
  // The last page is half full, most likely.
  return { pages: last, records: Math.round((last - 0.5) * first.shown.length), sample: shown };
}

/** Of a view that the list may refuse, when it does. */
function ifRefused(error: unknown): Extent {
  if (!(error instanceof SyncError && error.status === 400)) throw error;
  return { pages: 0, records: 0, sample: [] };
}

/** One page of a view, and whether there is another after it. */
async function look({ client, stream, onRecord }: ListOptions, view: Readonly<Record<string, string>>, number: number) {
  const path = pathOf(stream, view, number);
  const answer = await client.ask({ method: 'GET', path, purpose: 'other', stream: stream.name, role: stream.role });
  const shown = resources(answer, stream.name);
  for (const resource of shown) onRecord(resource);
  const leadsOn = nextPath(answer, client.origin) !== null || isCutOff(answer, shown.length, stream.pageSize);
  return { shown, leadsOn: leadsOn && shown.length > 0 };
}

/** Of a long list, the last thousands of ids are enough to notice by that a page shows nothing new. */
const MOST_KNOWN = 20_000;

/** A page of a list, and how many records the list says it has, where it says so. */
interface ListPage {
  readonly shown: readonly Resource[];
  readonly total: number | undefined;
}

/**
 * Pages in a row that show nothing new. Where the order is that of the last update, a hundred updates between two pages
 * make the second one show what the first has shown; a list that goes round shows nothing else.
 */
const MOST_STALE = 3;

/**
 * The pages of one view of a list; a single null when the view is one that the list may refuse, and does.
 * @throws SyncError `inconsistent` when the list leads on without showing anything new.
 */
async function* pages(
  { client, stream, onRecord }: ListOptions,
  view: Readonly<Record<string, string>>,
  mayRefuse: boolean,
): AsyncGenerator<ListPage | null> {
  const asked = new Set<string>();
  const known = new Set<string>();
  /** By what they begin and end with, all pages so far: a long way round is noticed when it begins again. */
  const before = new Set<string>();
  let stale = 0;
  let path: string | null = pathOf(stream, view, 1);
  for (let number = 1; path !== null; number++) {
    if (asked.has(path)) throw circle(stream.name);
    asked.add(path);
    let answer: Record<string, unknown>;
    try {
      answer = await client.ask({
        method: 'GET',
        path,
        purpose: 'other',
        stream: stream.countedFor ?? stream.name,
        role: stream.role,
      });
    } catch (error) {
      if (!(mayRefuse && number === 1 && error instanceof SyncError && error.status === 400)) throw error;
      yield null;
      return;
    }
    const shown = resources(answer, stream.name);
    for (const resource of shown) onRecord(resource);
    const total = (answer.meta as { total?: unknown } | null | undefined)?.total;
    yield { shown, total: typeof total === 'number' ? total : undefined };
    path =
      nextPath(answer, client.origin) ??
      (isCutOff(answer, shown.length, stream.pageSize) ? pathOf(stream, view, number + 1) : null);
    // The list leads on and on, and shows nothing that it has not shown before.
    const ends = `${shown.length} ${shown[0]?.id} ${shown.at(-1)?.id}`;
    stale = before.has(ends) || shown.every(({ id }) => known.has(id)) ? stale + 1 : 0;
    if (path !== null && stale === MOST_STALE) throw circle(stream.name);
    before.add(ends);
    if (known.size > MOST_KNOWN) known.clear();
    for (const { id } of shown) known.add(id);
  }
}

function pathOf({ path, pageSize }: ListStream, view: Readonly<Record<string, string>>, page: number): string {
  return `${path}?${new URLSearchParams({ ...view, page: String(page), pageSize: String(pageSize) })}`;
}

/** Where `links.next` leads, below the origin; null at the end. The key never goes to another origin. */
function nextPath(answer: Record<string, unknown>, origin: string): string | null {
  const next = linkToNext(answer);
  if (typeof next !== 'string' || next === '') return null;
  const url = URL.parse(next, origin);
  if (url?.origin !== origin) {
    throw new SyncError('foreign-link', {
      what: 'A list of Kustomer links to another host for its next page.',
      todo: 'Nothing was sent there; report it to this project.',
    });
  }
  return `${url.pathname}${url.search}`;
}

/** A full page that says nothing of a next one, not even that there is none. */
function isCutOff(answer: Record<string, unknown>, shown: number, pageSize: number): boolean {
  const size = Number((answer.meta as { pageSize?: unknown } | undefined)?.pageSize ?? pageSize);
  return linkToNext(answer) === undefined && shown > 0 && shown >= size;
}

function linkToNext(answer: Record<string, unknown>): unknown {
  return (answer.links as { next?: unknown } | null | undefined)?.next;
}

function circle(stream: string): SyncError {
  return new SyncError('list-loops', {
    what: `Kustomer's list of ${stream} leads round in a circle.`,
    todo: 'Nothing of it is taken for read; run again, and report it to Kustomer if it stays.',
  });
}
