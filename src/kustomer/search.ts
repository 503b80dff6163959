// One search stream, a page at a time, live or from the archive (kustomer-api.md 5, 6).
import { SyncError } from '../errors.ts';
import type { Ask, Found, Page, Resource, SearchPages } from '../sync/source.ts';
import { updatedAt } from '../sync/source.ts';
import type { Client } from './client.ts';
import type { SearchStream } from './streams.ts';

/** Largest page of a search (kustomer-api.md 4). */
const PAGE_SIZE = 500;

export interface SearchOptions {
  readonly client: Client;
  readonly stream: SearchStream;
  readonly includeDeleted: boolean;
  /** Told of every record that arrives. */
  readonly onRecord: (resource: Resource) => void;
}

export interface Search extends SearchPages {
  /** Asks for any one record. */
  any(): Promise<void>;
}

export function openSearch({ client, stream, includeDeleted, onRecord }: SearchOptions): Search {
  async function post(page: number, pageSize: number, body: Record<string, unknown>): Promise<Page> {
    const path = `/v1/customers/search?page=${page}&pageSize=${pageSize}`;
    const { name, role } = stream;
    const answer = await client.ask({ method: 'POST', path, body, purpose: 'search', stream: name, role });
    return readPage(answer, name, onRecord);
  }
  return {
    page: ask => post(ask.page, PAGE_SIZE, query(stream.context, includeDeleted, ask)),
    async any() {
      await post(1, 1, { queryContext: stream.context, includeDeleted });
    },
  };
}

/** The body of a search: one criterion holds one operator (kustomer-api.md 5.1), and the order is oldest first. */
function query(context: string, includeDeleted: boolean, { from, to, created }: Ask): Record<string, unknown> {
  const criteria: Record<string, unknown>[] = [
    { [`${context}_updated_at`]: { gte: iso(from) } },
    { [`${context}_updated_at`]: { lt: iso(to) } },
  ];
  if (created !== null && created.from !== null)
    criteria.push({ [`${context}_created_at`]: { gte: iso(created.from) } });
  if (created !== null && created.to !== null) criteria.push({ [`${context}_created_at`]: { lt: iso(created.to) } });
  return { queryContext: context, includeDeleted, and: criteria, sort: [{ [`${context}_updated_at`]: 'asc' }] };
}

function readPage(answer: Record<string, unknown>, stream: string, onRecord: (resource: Resource) => void): Page {
  const meta = (answer.meta ?? {}) as Record<string, unknown>;
  const links = (answer.links ?? {}) as Record<string, unknown>;
  const found: Found[] = resources(answer, stream).map(resource => {
    onRecord(resource);
    return { at: Date.parse(updatedAt(resource)), resource };
  });
  const size = Number(meta.pageSize);
  return {
    found,
    total: typeof meta.total === 'number' ? meta.total : null,
    more: typeof links.next === 'string' && links.next !== '',
    // The size in force is what the answer says, where it is smaller than what was asked for (kustomer-api.md 12).
    size: Number.isInteger(size) && size >= 1 && size < PAGE_SIZE ? size : PAGE_SIZE,
    timedOut: meta.timed_out === true,
  };
}

/** The records of an answer. @throws SyncError when they are not records: an id is what everything else rests on. */
export function resources(answer: Record<string, unknown>, stream: string): Resource[] {
  const { data } = answer;
  if (Array.isArray(data) && data.every(isResource)) return data;
  throw new SyncError(
    'kustomer',
    'inconsistent',
    `Kustomer sent something other than records for ${stream}.`,
    'Run again; if it stays, report it to this project.',
  );
}

function isResource(value: unknown): value is Resource {
  const { id, type } = (value ?? {}) as { id?: unknown; type?: unknown };
  return typeof id === 'string' && id !== '' && typeof type === 'string';
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
