// List streams, read to their end: all pages of all views (docs/kustomer-api.md#lists).
//
// A list has no known order and changes while it is read, so a record that moves between pages can be missed. Only what
// a single response held is exact. A pass says whether it was exact, and sync/ reads until passes agree.
import { isKind, SyncError } from '../errors.ts';
import { newestOf } from '../sync/read-list.ts';
import { type Extent, type ListPages, type LongList, type Resource, updatedAt } from '../sync/source.ts';
import { type ListOptions, pagesOf, requestPage } from './list-pages.ts';
import type { View } from './streams.ts';

/** A list that fits into memory. Both methods reject as `Client.send` does, and with the errors of list-pages.ts. */
export function openList(options: ListOptions): ListPages & Pick<LongList, 'extent'> {
  const [plain = {}, ...others] = options.stream.views;
  /** The parameters of a view are not documented for every list (docs/kustomer-api.md#list-views). */
  const refused = new Set<View>();
  return {
    async pass() {
      const records = new Map<string, Resource>();
      const read: { pages: number; isCounted: boolean }[] = [];
      for (const view of options.stream.views.filter(view => !refused.has(view))) {
        const pass = await readView(options, view, records);
        if (pass === null) refused.add(view);
        else read.push(pass);
      }
      return {
        records,
        isOneResponse: read.reduce((sum, { pages }) => sum + pages, 0) === 1,
        isCounted: read.every(({ isCounted }) => isCounted),
        isUnrestricted: refused.size === 0,
      };
    },
    async extent() {
      const rest = others.map(view => extentOf(options, view).catch(nothingIfRefused));
      const extents = await Promise.all([extentOf(options, plain), ...rest]);
      return {
        pages: extents.reduce((sum, { pages }) => sum + pages, 0),
        records: extents.reduce((sum, { records }) => sum + records, 0),
        sample: extents.flatMap(({ sample }) => sample),
      };
    },
  };
}

/** @param options `includeDeleted`: this list shows deleted records in any case; false leaves them out */
export function openLongList(options: ListOptions & { readonly includeDeleted: boolean }): LongList {
  const [view = {}] = options.stream.views;
  const isIncluded = ({ attributes }: Resource) => options.includeDeleted || attributes?.deleted !== true;
  return {
    async pass(each) {
      let pages = 0;
      for await (const { records } of pagesOf(options, view)) {
        pages++;
        const included = records.filter(isIncluded);
        await each(included.map(resource => ({ at: Date.parse(updatedAt(resource)), resource })));
      }
      return pages === 1;
    },
    extent: () => extentOf(options, view),
  };
}

/**
 * Reads a view and adds its records to `records`. `isCounted` is false when the list has shown fewer records than it says
 * it has. Null when the list refuses the view; the plain view must not be refused.
 */
async function readView(
  options: ListOptions,
  view: View,
  records: Map<string, Resource>,
): Promise<{ pages: number; isCounted: boolean } | null> {
  const ids = new Set<string>();
  let pages = 0;
  let total = 0;
  try {
    for await (const page of pagesOf(options, view)) {
      pages++;
      total = page.total ?? total;
      for (const resource of page.records) {
        ids.add(resource.id);
        records.set(resource.id, newestOf(records.get(resource.id), resource));
      }
    }
  } catch (error) {
    if (pages === 0 && view !== options.stream.views[0] && isRefused(error)) return null;
    throw error;
  }
  return { pages, isCounted: ids.size >= total };
}

/** A list answers 400 to parameters it does not know (docs/kustomer-api.md#list-views). */
function isRefused(error: unknown): boolean {
  return error instanceof SyncError && error.status === 400;
}

function nothingIfRefused(error: unknown): Extent {
  if (isRefused(error)) return { pages: 0, records: 0, sample: [] };
  throw error;
}

/**
 * Estimates the length of a view, since most lists do not say it (docs/kustomer-api.md#totals): a search for the last
 * page, first in doubling steps, then in halves. A page beyond the end may be empty, refused, or the last page again.
 */
async function extentOf(options: ListOptions, view: View): Promise<Extent> {
  const first = await requestPage(options, view, 1);
  const sample = [...first.records];
  const firstIds = new Set([sample[0]?.id]);
  const hasNext = async (number: number): Promise<boolean> => {
    try {
      const { records, next } = await requestPage(options, view, number);
      // A list that shows the same page under every number would go on for ever.
      const isNew = !firstIds.has(records[0]?.id);
      firstIds.add(records[0]?.id);
      if (isNew) sample.push(...records);
      return isNew && records.length > 0 && next !== null;
    } catch (error) {
      if (isKind(error, 'refused')) return false;
      throw error;
    }
  };
  if (first.next === null || sample.length === 0) return { pages: 1, records: sample.length, sample };
  let [before, last] = [1, 2];
  while (await hasNext(last)) [before, last] = [last, last * 2];
  while (last - before > 1) {
    const middle = Math.floor((before + last) / 2);
    if (await hasNext(middle)) before = middle;
    else last = middle;
  }
  // On average, the last page is half full.
  return { pages: last, records: Math.round((last - 0.5) * first.records.length), sample };
}
