// One list stream, all pages of all its views (kustomer-api.md 4, 7).
import { SyncError } from '../errors.ts';
import { newer } from '../sync/read-list.ts';
import type { ListPages, Resource } from '../sync/source.ts';
import type { Client } from './client.ts';
import { resources } from './search.ts';
import type { ListStream } from './streams.ts';

export interface ListOptions {
  readonly client: Client;
  readonly stream: ListStream;
  /** Told of every record that arrives. */
  readonly onRecord: (resource: Resource) => void;
}

export function openList({ client, stream, onRecord }: ListOptions): ListPages {
  /** Views that the API has refused to show: the parameter is not documented for every list. */
  const refused = new Set<object>();

  /** One page; null when the view is one that the list may refuse, and does. */
  async function page(path: string, mayRefuse: boolean): Promise<Record<string, unknown> | null> {
    try {
      return await client.ask({ method: 'GET', path, purpose: 'other', stream: stream.name, role: stream.role });
    } catch (error) {
      if (mayRefuse && error instanceof SyncError && error.trouble === 'request') return null;
      throw error;
    }
  }

  return {
    async pass() {
      const records = new Map<string, Resource>();
      let pages = 0;
      for (const view of stream.views) {
        if (refused.has(view)) continue;
        const shown = new Set<string>();
        const asked = new Set<string>();
        let path: string | null = pathOf(stream, view, 1);
        for (let number = 1; path !== null; number++) {
          if (asked.has(path)) throw circle(stream.name);
          asked.add(path);
          const answer = await page(path, number === 1 && view !== stream.views[0]);
          if (answer === null) {
            refused.add(view);
            break;
          }
          pages++;
          const some = resources(answer, stream.name);
          for (const resource of some) {
            onRecord(resource);
            records.set(resource.id, newer(records.get(resource.id), resource));
          }
          path =
            nextPath(answer, client.origin) ??
            (isCutOff(answer, some.length, stream.pageSize) ? pathOf(stream, view, number + 1) : null);
          const before = shown.size;
          for (const { id } of some) shown.add(id);
          // The list leads on and on, and shows nothing that it has not shown before.
          if (path !== null && shown.size === before) throw circle(stream.name);
        }
      }
      return { records, atOnce: pages === 1 };
    },
  };
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
    throw new SyncError(
      'kustomer',
      'inconsistent',
      'A list of Kustomer links to another host for its next page.',
      'Nothing was sent there; report it to this project.',
    );
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
  return new SyncError(
    'kustomer',
    'inconsistent',
    `Kustomer's list of ${stream} leads round in a circle.`,
    'Nothing of it is taken for read; run again, and report it to Kustomer if it stays.',
  );
}
