// The deletions that Kustomer's audit log records (docs/kustomer-api.md#audit-log). No document says in which order it comes
// and whether every page has a link: a range of time is read to its end, or in halves.
import { SyncError } from '../errors.ts';
import { SECOND_MS } from '../sync/pages.ts';
import { type Deletion, type DeletionLog, type Resource, timeIn } from '../sync/source.ts';
import type { ReadOptions } from './client.ts';
import { pageIn } from './json.ts';
import { pathIn } from './list-pages.ts';
import { AUDIT_LOG_PATH, type SearchStream } from './streams.ts';

/** Largest page. */
const COUNT = 1_000;
const ROLE = 'org.permission.audit_logs.read';

export function openAuditLog({ client, stream, onRecord }: ReadOptions<SearchStream>): DeletionLog {
  const { name, context } = stream;

  async function deletions(from: number, to: number): Promise<readonly Deletion[]> {
    const range = { 'filter[start]': new Date(from).toISOString(), 'filter[end]': new Date(to).toISOString() };
    const query = new URLSearchParams({ count: String(COUNT), 'filter[objectType]': context, ...range });
    const found = new Map<string, Deletion>();
    const paths = new Set<string>();
    for (let path: string | null = `${AUDIT_LOG_PATH}?${query}`; path !== null; ) {
      paths.add(path);
      const response = await client.send({ path, purpose: 'other', stream: name, role: ROLE });
      const { records, next } = pageIn(response, name, onRecord);
      for (const deletion of records.flatMap(entry => deletionIn(entry, context) ?? []))
        found.set(deletion.entry, deletion);
      const link = records.length === 0 ? null : pathIn(next, client.origin);
      if (link === null && records.length >= COUNT) return inHalves(from, to);
      if (link !== null && paths.has(link)) throw auditLogCut(name, from);
      path = link;
    }
    // What another range has may come, too, where the filter is not exact.
    return [...found.values()].filter(({ at }) => at >= from && at < to).sort((a, b) => a.at - b.at);
  }

  /** @throws SyncError `audit-log-cut` */
  async function inHalves(from: number, to: number): Promise<readonly Deletion[]> {
    if (to - from <= SECOND_MS) throw auditLogCut(name, from);
    const middle = Math.floor((from + to) / 2);
    return [...(await deletions(from, middle)), ...(await deletions(middle, to))];
  }

  return { deletions };
}

/** The deletion that an entry records; null when it records something else. */
function deletionIn({ id, json }: Resource, type: string): Deletion | null {
  // Most entries are updates, and may be long.
  if (!json.includes('delete')) return null;
  const { attributes = {} } = JSON.parse(String(json)) as { attributes?: Readonly<Record<string, unknown>> };
  const { eventVerb, objectType, objectId, createdAt, publishedAt } = attributes;
  const at = [createdAt, publishedAt].map(timeIn).find(time => !Number.isNaN(time));
  const isDeletion = eventVerb === 'delete' && objectType === type && typeof objectId === 'string' && objectId !== '';
  return isDeletion && at !== undefined ? { entry: id, id: objectId, at } : null;
}

function auditLogCut(name: string, at: number): SyncError {
  return new SyncError('audit-log-cut', {
    what: `Kustomer's audit log does not show all that it has of ${name}, at ${new Date(at).toISOString()}.`,
    todo: 'Run again, and report it to Kustomer if it stays; `deletions: lists` does without the audit log.',
  });
}
