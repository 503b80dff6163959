// GET /v1/audit-logs (docs/kustomer-api.md#audit-log): what happened to customers and conversations.
import { type Answer, errorAnswer } from './envelope.ts';
import type { Query } from './lists.ts';

export interface AuditEntry {
  readonly id: string;
  readonly at: number;
  readonly verb: 'create' | 'update' | 'delete';
  readonly objectType: string;
  readonly objectId: string;
  /** When the log shows it. */
  readonly visibleAt: number;
}

export interface AuditOptions {
  /** Entries on a page at most. */
  readonly auditPageMax: number;
  /** A page that others follow has a link to them. */
  readonly auditLinks: boolean;
  readonly auditLagMs: number;
}

export const AUDIT_DEFAULTS: AuditOptions = { auditPageMax: 1_000, auditLinks: true, auditLagMs: 0 };

/** The newest first, as nobody has documented. */
export function answerAudit(entries: readonly AuditEntry[], now: number, query: Query, options: AuditOptions): Answer {
  const count = Number(query.count ?? 100);
  const [from, to] = [query['filter[start]'], query['filter[end]']].map(text => Date.parse(String(text)));
  if (!(count >= 1) || !(from as number) || !(to as number)) return errorAnswer(400, 'bad filter', 'jsonapi');
  const isAsked = ({ at, objectType, visibleAt }: AuditEntry) =>
    at >= (from as number) && at <= (to as number) && objectType === query['filter[objectType]'] && visibleAt <= now;
  const all = entries.filter(isAsked).sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  const start = query.before === undefined ? 0 : all.findIndex(({ id }) => id === query.before) + 1;
  const size = Math.min(count, options.auditPageMax);
  const shown = all.slice(start, start + size);
  const { before: _, ...rest } = query;
  const last = shown.at(-1)?.id ?? '';
  const hasNext = options.auditLinks && start + size < all.length;
  const next = hasNext ? `/v1/audit-logs?${new URLSearchParams({ ...rest, before: last })}` : null;
  const data = shown.map(({ id, at, verb, objectType, objectId }) => {
    const createdAt = new Date(at).toISOString();
    const eventName = `kustomer.${objectType}.${verb}`;
    const changes = { attributes: { note: { before: 'delete', after: null } }, relationships: {} };
    const expiresAt = new Date(at + 90 * 86_400_000).toISOString();
    const attributes = { eventName, eventVerb: verb, objectType, objectId, changes, createdAt, expiresAt };
    return { type: 'audit_log', id, attributes, links: { self: `/v1/audit-logs/${id}` } };
  });
  const links = { self: '/v1/audit-logs', next };
  return { status: 200, body: Buffer.from(JSON.stringify({ data, links })), records: data.length };
}
