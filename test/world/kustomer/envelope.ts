// The JSON around records: errors, meta and links.

export interface Answer {
  readonly status: number;
  /** UTF-8. */
  readonly body: Buffer;
  /** How many records are in it. */
  readonly records?: number;
}

/** The two documented shapes of an error (docs/kustomer-api.md#errors). */
export type ErrorShape = 'kustomer' | 'jsonapi';

const CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  429: 'too_many_requests',
};

export function errorAnswer(status: number, message: string, shape: ErrorShape = 'kustomer'): Answer {
  const code = CODES[status] ?? 'error';
  const error =
    shape === 'kustomer'
      ? { code, message, meta: {} }
      : { status: String(status), code, title: code, detail: message, source: { parameter: 'request' } };
  return { status, body: Buffer.from(JSON.stringify({ errors: [error] })) };
}

export interface ListEnvelope {
  readonly path: string;
  /** Parameters that links repeat beside page and pageSize. */
  readonly query?: Readonly<Record<string, string>>;
  readonly page: number;
  readonly pageSize: number;
  /** What meta says; undefined where the endpoint has no total (docs/kustomer-api.md#totals). */
  readonly total: number | undefined;
  readonly hasNext: boolean;
  /** See WorldOptions. */
  readonly linksNext: 'link' | 'null' | 'absent' | 'always';
  /** Members of meta that search has and lists have not. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** JSON texts. */
  readonly data: readonly string[] | undefined;
  /** JSON texts. */
  readonly included?: readonly string[] | undefined;
  /** Links as if this were the page; for a server that repeats a link. */
  readonly linkPage?: number;
}

export function listAnswer(envelope: ListEnvelope): Answer {
  const { path, query = {}, page, pageSize, total, hasNext, linksNext, data } = envelope;
  const linkPage = envelope.linkPage ?? page;
  // Root-relative (docs/kustomer-api.md#links).
  const link = (to: number) =>
    `${path}?${new URLSearchParams({ ...query, page: String(to), pageSize: String(pageSize) })}`;
  const totalPages = total === undefined ? undefined : Math.ceil(total / pageSize);
  const meta = { pageSize, page, total, totalPages, ...envelope.meta };
  const links = {
    self: link(linkPage),
    first: link(1),
    // On the last page both are null (docs/kustomer-api.md#links).
    prev: hasNext && page > 1 ? link(linkPage - 1) : null,
    next:
      hasNext && linksNext === 'absent'
        ? undefined
        : linksNext === 'always' || (hasNext && linksNext === 'link')
          ? link(linkPage + 1)
          : null,
    ...(totalPages === undefined ? {} : { last: link(Math.max(1, totalPages)) }),
  };
  if (data === undefined) return { status: 200, body: Buffer.from(JSON.stringify({ meta, links })), records: 0 };
  const head = `{"meta":${JSON.stringify(meta)},"links":${JSON.stringify(links)},"data":[`;
  return {
    status: 200,
    body: encode(head, data, envelope.included === undefined ? ']}' : `],"included":[${envelope.included}]}`),
    records: data.length,
  };
}

let scratch = Buffer.alloc(0);

/**
 * Record by record: one character beyond Latin-1 would make the whole page a string of two bytes a character, which is
 * several times slower to encode.
 */
function encode(head: string, data: readonly string[], tail: string): Buffer {
  const most = 3 * data.reduce((sum, text) => sum + text.length + 1, head.length + tail.length);
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most);
  let at = scratch.write(head);
  for (let i = 0; i < data.length; i++) {
    if (i > 0) scratch[at++] = 0x2c;
    at += scratch.write(data[i] as string, at);
  }
  at += scratch.write(tail, at);
  return Buffer.from(scratch.subarray(0, at));
}

/** A page parameter: a whole number from 1, or the default when it is absent; undefined when it is something else. */
export function pageNumber(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
