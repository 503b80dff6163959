// List streams, read to their end: all pages of all views (docs/kustomer-api.md#lists).
//
// A list has no known order and changes while it is read, so a record that moves between pages can be missed. Only what
// a single response held is exact. A pass says whether it was exact, and sync/ reads until passes agree.
import { isKind } from '../errors.ts';
import { dated, newestOf } from '../sync/read-list.ts';
import { type Extent, LIST_CAP, type ListPages, type LongList, type Resource } from '../sync/source.ts';
import type { ReadOptions } from './client.ts';
import { pagesOf, pathOf, requestPage } from './list-pages.ts';
import { hasStatus } from './request-errors.ts';
import type { ListStream, View } from './streams.ts';

/** A list that fits into memory. Both methods reject as `Client.send` does, and with the errors of list-pages.ts. */
export function openList(options: ReadOptions<ListStream>): ListPages & Pick<LongList, 'extent'> {
  const { views } = options.stream;
  const refused = new Set<View>();
  /** What a list may answer to parameters that it does not know (docs/kustomer-api.md#list-views). It knows the first view. */
  const isUnknownView = (view: View, error: unknown) => view !== views[0] && hasStatus(error, 400, 404, 422);

  return {
    async pass(known = new Map()) {
      const records = new Map<string, Resource>();
      let pages = 0;
      let isCounted = true;
      let isCut = false;
      for (const view of views.filter(view => !refused.has(view))) {
        const shown = new Map<string, Resource>();
        const before = pages;
        const listed = new Set<string>();
        let rows = 0;
        let total = 0;
        try {
          for await (const page of pagesOf(options, view)) {
            pages++;
            total = page.total ?? total;
            rows += page.records.length;
            for (const { id } of page.records) listed.add(id);
            for (const resource of [...page.records, ...page.included]) {
              const same = known.get(resource.id);
              const kept = same?.json.equals(resource.json) ? same : resource;
              shown.set(resource.id, newestOf(shown.get(resource.id), kept));
            }
          }
        } catch (error) {
          if (pages > before || !isUnknownView(view, error)) throw error;
          refused.add(view);
        }
        if (listed.size < total) isCounted = false;
        if (rows === LIST_CAP) isCut = true;
        // Of two copies with the same time, that of the first view counts: it is never refused, so all runs choose the same.
        for (const [id, resource] of shown) records.set(id, newestOf(resource, records.get(id) ?? resource));
      }
      return { records, isOneResponse: pages === 1, isCounted, isUnrestricted: refused.size === 0, isCut };
    },
    async extent() {
      const sum = { pages: 0, records: 0, sample: [] as Resource[] };
      for (const view of views) {
        try {
          const { pages, records, sample } = await extentOf(options, view);
          sum.pages += pages;
          sum.records += records;
          sum.sample.push(...sample);
        } catch (error) {
          if (!isUnknownView(view, error)) throw error;
        }
      }
      return sum;
    },
  };
}

/** @param options `includeDeleted`: this list shows deleted records in any case; false leaves them out */
export function openLongList(options: ReadOptions<ListStream>): LongList {
  const [view = {}] = options.stream.views;
  const isIncluded = ({ attributes }: Resource) => options.includeDeleted || attributes?.deleted !== true;
  return {
    async pass(each) {
      let [pages, rows] = [0, 0];
      try {
        for await (const { records } of pagesOf(options, view)) {
          pages++;
          rows += records.length;
          await each(records.filter(isIncluded).map(dated));
        }
      } catch (error) {
        if (rows !== LIST_CAP || !isKind(error, 'refused')) throw error;
      }
      return { isOneResponse: pages === 1, isCut: rows === LIST_CAP };
    },
    extent: () => extentOf(options, view),
  };
}

/**
 * Estimates the length of a view, since most lists do not say it (docs/kustomer-api.md#totals): a search for the last
 * page, first in doubling steps, then in halves. A page beyond the end may be empty, refused, or the last page again.
 */
async function extentOf(options: ReadOptions<ListStream>, view: View): Promise<Extent> {
  const first = await requestPage(options, view);
  const sample = [...first.records];
  const firstIds = new Set([sample[0]?.id]);
  let onLast = 0;
  const hasNext = async (number: number): Promise<boolean> => {
    try {
      const { records, next, isFull } = await requestPage(options, view, pathOf(options.stream, view, number));
      // A list that shows the same page under every number would go on for ever.
      const isNew = !firstIds.has(records[0]?.id);
      firstIds.add(records[0]?.id);
      if (isNew) sample.push(...records);
      const isFollowed = isNew && (isFull || (records.length > 0 && next !== null));
      if (!isFollowed) onLast = isNew ? records.length : 0;
      return isFollowed;
    } catch (error) {
      if (!isKind(error, 'refused')) throw error;
      onLast = 0;
      return false;
    }
  };
  if ((first.next === null && !first.isFull) || sample.length === 0)
    return { pages: 1, records: sample.length, sample };
  let [before, last] = [1, 2];
  while (await hasNext(last)) [before, last] = [last, last * 2];
  while (last - before > 1) {
    const middle = Math.floor((before + last) / 2);
    if (await hasNext(middle)) before = middle;
    else last = middle;
  }
  return { pages: last, records: (last - 1) * first.records.length + onLast, sample };
}
