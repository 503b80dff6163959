// Mutations of right answers, as data. No mutation is a lie that a client cannot notice: records are added, damaged or
// repeated, and never removed.

import type { Service } from '../world/intercept.ts';
import type { Random } from '../world/kustomer/index.ts';
import { RECORDS } from './records.ts';
import { BODIES, HEADERS, LINKS, ODD_STATUSES, STATUSES, TOPS, VALUES } from './values.ts';

/** Ways of sending an answer, below HTTP. */
export const TRANSPORTS = [
  'reset',
  'reset in the body',
  'truncated',
  'truncated with a clean end',
  'trickle',
  'hang',
  'hang in the body',
  'half-closed',
  'half-closed in the body',
  'no HTTP',
  'two answers',
  'odd status line',
  'header of 100 kB',
  'broken chunk',
  'two lengths',
  'negative length',
  'header with NUL',
  '100 continues',
  'upgrade',
  'longer than it says',
  'byte by byte',
] as const;

export const BYTES = [
  'bad UTF-8 in an added member',
  'BOM',
  'NUL behind',
  'text behind',
  'spaces before',
  'half of it',
  'all but the last byte',
  'twice',
  'UTF-16',
] as const;

export const ENCODINGS = [
  'says gzip',
  'truncated gzip',
  'gzip with text behind',
  'gzip twice',
  'says br',
  'says zstd',
  'says nonsense',
  'deflate',
  'gzip of nothing',
  'gzip, gzip',
] as const;

export type Mutation =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** JSON texts for a member of `meta` or `links`, or for a member of the top. */
  | { readonly kind: 'member'; readonly of: 'meta' | 'links' | 'top'; readonly name: string; readonly json: string }
  /** The whole body. */
  | { readonly kind: 'body'; readonly text: string; readonly type: string }
  | { readonly kind: 'record'; readonly record: string; readonly at: 'start' | 'end' }
  | { readonly kind: 'shown-twice'; readonly which: number }
  | { readonly kind: 'organization'; readonly json: string }
  | { readonly kind: 'bytes'; readonly how: (typeof BYTES)[number] }
  | { readonly kind: 'encoding'; readonly how: (typeof ENCODINGS)[number] }
  | { readonly kind: 'bomb'; readonly of: 'zeros' | 'empty objects' | 'spaces' | 'nesting' }
  | { readonly kind: 'past-the-end' }
  /** Somewhere in a JSON answer, found by a number. */
  | { readonly kind: 'leaf'; readonly at: number; readonly json: string | null }
  | { readonly kind: 'null-totals' }
  | { readonly kind: 'ref-moves' }
  | { readonly kind: 'transport'; readonly how: (typeof TRANSPORTS)[number] }
  /** A lie that a client cannot notice. Never drawn: it tests the oracle. */
  | { readonly kind: 'lost-record' };

export function drawMutation(service: Service, random: Random): Mutation {
  const common = [status, headers, transport, transport, bytes, encoding, body];
  const kustomer = [
    ...common,
    record,
    record,
    record,
    record,
    member,
    member,
    link,
    link,
    top,
    shownTwice,
    organization,
    bomb,
    pastTheEnd,
  ];
  const github = [
    ...common,
    leaf,
    leaf,
    leaf,
    leaf,
    ...(service === 'rest' ? [nullTotals, refMoves, githubStatus] : [githubStatus]),
  ];
  return random.pick(service === 'kustomer' ? kustomer : github)(random);
}

const status = (random: Random): Mutation => ({
  kind: 'status',
  status: random.chance(0.05) ? random.pick(ODD_STATUSES) : random.pick(STATUSES),
  body: random.pick(BODIES),
  headers: random.chance(0.5) ? drawHeaders(random) : {},
});
const headers = (random: Random): Mutation => ({ kind: 'headers', headers: drawHeaders(random) });
const transport = (random: Random): Mutation => ({ kind: 'transport', how: random.pick(TRANSPORTS) });
const bytes = (random: Random): Mutation => ({ kind: 'bytes', how: random.pick(BYTES) });
const encoding = (random: Random): Mutation => ({ kind: 'encoding', how: random.pick(ENCODINGS) });
const body = (random: Random): Mutation => ({
  kind: 'body',
  text: random.pick([...BODIES, ...VALUES.filter(value => value.length < 100)]),
  type: random.pick(['application/json', 'text/html', 'text/plain', '']),
});
const record = (random: Random): Mutation => ({
  kind: 'record',
  record: random.pick(Object.keys(RECORDS)),
  at: random.pick(['start', 'end'] as const),
});
const member = (random: Random): Mutation => ({
  kind: 'member',
  of: 'meta',
  name: random.pick([
    'total',
    'total',
    'total',
    'totalPages',
    'page',
    'pageSize',
    '__proto__',
    'aggregations',
    'received',
  ]),
  json: random.pick(VALUES),
});
const link = (random: Random): Mutation => ({ kind: 'member', of: 'links', name: 'next', json: random.pick(LINKS) });
const top = (random: Random): Mutation => {
  const [name, json] = random.pick(TOPS);
  return { kind: 'member', of: 'top', name, json };
};
const shownTwice = (random: Random): Mutation => ({ kind: 'shown-twice', which: random.int(0, 1_000) });
const organization = (random: Random): Mutation => ({
  kind: 'organization',
  json: random.pick(['""', 'null', '5', '{}', '[]', '" "', '"__proto__"']),
});
const bomb = (random: Random): Mutation => ({
  kind: 'bomb',
  of: random.pick(['zeros', 'empty objects', 'spaces', 'nesting'] as const),
});
const pastTheEnd = (): Mutation => ({ kind: 'past-the-end' });
const leaf = (random: Random): Mutation => ({
  kind: 'leaf',
  at: random.int(0, 10_000),
  json: random.chance(0.2) ? null : random.pick(VALUES),
});
const nullTotals = (): Mutation => ({ kind: 'null-totals' });
const refMoves = (): Mutation => ({ kind: 'ref-moves' });
const githubStatus = (random: Random): Mutation => ({
  kind: 'status',
  status: random.pick([403, 409, 422, 429, 404, 401, 412, 416, 500, 503]),
  body: random.pick([
    '{"message":"Repository rule violations found\\n\\nGITHUB PUSH PROTECTION"}',
    '{"message":"You have exceeded a secondary rate limit."}',
    '{"message":"Not Found"}',
    '{"message":"Reference update failed"}',
    '{"message":null}',
    '{"code":"already_exists","msg":"x"}',
    '{"ok":false}',
    '',
    '<html></html>',
  ]),
  headers: random.chance(0.4) ? drawHeaders(random) : {},
});

function drawHeaders(random: Random): Record<string, string> {
  const names = Object.keys(HEADERS);
  return Object.fromEntries(
    Array.from({ length: random.int(1, 4) }, () => {
      const name = random.pick(names);
      return [name, random.pick(HEADERS[name] as readonly string[])];
    }),
  );
}
