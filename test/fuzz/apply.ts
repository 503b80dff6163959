// Applies a mutation to a right answer. Works on the text, so that everything else stays exactly as it was.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { RightAnswer } from '../world/intercept.ts';
import type { Mutation } from './mutations.ts';
import { inventedRecord, MARK } from './records.ts';

export interface Setting {
  readonly orgId: string;
  /** `http://127.0.0.1:PORT` of a server that the action has no reason to call. */
  readonly foreignOrigin: string;
  /** A different number for each answer. */
  readonly n: number;
  /** Type of an invented record on a page without records. */
  readonly type: string;
}

/** A list or search response of Kustomer. */
interface Page {
  readonly head: Record<string, unknown>;
  readonly records: readonly string[];
}

export function apply(mutation: Mutation, answer: RightAnswer, setting: Setting): RightAnswer {
  switch (mutation.kind) {
    case 'status':
      return {
        status: mutation.status,
        headers: { 'content-type': 'application/json', ...headersIn(mutation, setting) },
        body: Buffer.from(mutation.body),
      };
    case 'headers':
      return { ...answer, headers: { ...answer.headers, ...headersIn(mutation, setting) } };
    case 'body':
      return {
        ...answer,
        headers: { ...answer.headers, 'content-type': mutation.type },
        body: Buffer.from(mutation.text),
      };
    case 'member':
      return withMember(mutation, answer, setting);
    case 'record':
    case 'shown-twice':
    case 'lost-record':
      return withRecords(mutation, answer, setting);
    case 'organization':
      return withText(answer, text => text.replaceAll(`"${setting.orgId}"`, mutation.json));
    case 'past-the-end':
      return pastTheEnd(answer);
    case 'leaf':
      return withLeaf(mutation, answer);
    case 'null-totals':
      return withoutTotals(answer);
    case 'bytes':
      return { ...answer, body: mutateBytes(mutation.how, answer.body) };
    case 'encoding':
      return encode(mutation.how, answer);
    case 'bomb':
      return { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' }, body: bombOf(mutation.of) };
    default:
      return answer;
  }
}

function headersIn({ headers }: { headers: Readonly<Record<string, string>> }, { foreignOrigin }: Setting) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('{foreign-origin}', foreignOrigin)]),
  );
}

function withText(answer: RightAnswer, change: (text: string) => string): RightAnswer {
  const before = answer.body.toString();
  const after = change(before);
  return after === before ? answer : { ...answer, body: Buffer.from(after) };
}

function pageIn(answer: RightAnswer): Page | null {
  const text = answer.body.toString();
  const at = text.indexOf(',"data":[');
  if (answer.status !== 200 || at === -1 || !text.endsWith(']}')) return null;
  return { head: JSON.parse(`${text.slice(0, at)}}`) as Page['head'], records: split(text.slice(at + 9, -2)) };
}

/** The elements of a JSON array without its brackets. */
function split(text: string): string[] {
  const parts: string[] = [];
  let [depth, from, inString] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === '\\') i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return text === '' ? [] : [...parts, text.slice(from)];
}

function joined(answer: RightAnswer, { head, records }: Page): RightAnswer {
  return { ...answer, body: Buffer.from(`${JSON.stringify(head).slice(0, -1)},"data":[${records.join(',')}]}`) };
}

function withMember(
  { of, name, json }: Extract<Mutation, { kind: 'member' }>,
  answer: RightAnswer,
  { foreignOrigin }: Setting,
) {
  const value = json
    .replaceAll('{foreign-origin}', foreignOrigin)
    .replaceAll('{foreign-host}', foreignOrigin.replace('http://', ''));
  return withText(answer, text => {
    if (of === 'top') return text.startsWith('{') ? `${text.slice(0, -1)},${JSON.stringify(name)}:${value}}` : text;
    // Behind the others: the last of two equal keys counts.
    return text.replace(
      new RegExp(`("${of}":\\{[^{}]*)\\}`),
      (_, before) => `${before},${JSON.stringify(name)}:${value}}`,
    );
  });
}

function withRecords(mutation: Mutation, answer: RightAnswer, { orgId, n, type }: Setting): RightAnswer {
  const page = pageIn(answer);
  if (page === null) return answer;
  const { records } = page;
  if (mutation.kind === 'record') {
    const one = inventedRecord(mutation.record, typeIn(records[0]) ?? type, orgId, n);
    return joined(answer, { ...page, records: mutation.at === 'start' ? [one, ...records] : [...records, one] });
  }
  if (records.length === 0) return answer;
  const which = (mutation.kind === 'shown-twice' ? mutation.which : 0) % records.length;
  if (mutation.kind === 'shown-twice')
    return joined(answer, { ...page, records: records.toSpliced(which, 0, records[which] as string) });
  const meta = page.head.meta as { total?: number } | undefined;
  const head = { ...page.head, meta: { ...meta, ...(meta?.total === undefined ? {} : { total: meta.total - 1 }) } };
  return joined(answer, { head, records: records.slice(1) });
}

function typeIn(record: string | undefined): string | undefined {
  return record === undefined ? undefined : (JSON.parse(record) as { type?: string }).type;
}

/** A last page that links to a next page, and that page, which does not exist. */
function pastTheEnd(answer: RightAnswer): RightAnswer {
  const page = pageIn(answer);
  if (page === null) return answer;
  if (page.records.length === 0)
    return { ...answer, status: 404, body: Buffer.from('{"errors":[{"code":"not_found"}]}') };
  const links = page.head.links as Record<string, unknown> | undefined;
  const { page: number = 1, pageSize = 100 } = (page.head.meta ?? {}) as { page?: number; pageSize?: number };
  const path = String(links?.self ?? '').split('?')[0];
  return joined(answer, {
    ...page,
    head: { ...page.head, links: { ...links, next: `${path}?page=${number + 1}&pageSize=${pageSize}` } },
  });
}

/** Replaces or deletes one value anywhere in a JSON answer. */
function withLeaf({ at, json }: Extract<Mutation, { kind: 'leaf' }>, answer: RightAnswer): RightAnswer {
  let root: unknown;
  try {
    root = JSON.parse(answer.body.toString());
  } catch {
    return answer;
  }
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  if (places.length === 0) return answer;
  const [holder, key] = places[at % places.length] as (typeof places)[number];
  const hole = `hole${MARK}`;
  if (json === null) delete holder[key];
  else holder[key] = hole;
  return { ...answer, body: Buffer.from(JSON.stringify(root).replace(`"${hole}"`, () => json ?? 'null')) };
}

/** Nulls the totals in a file of the data branch. */
function withoutTotals(answer: RightAnswer): RightAnswer {
  return withText(answer, text => {
    try {
      const blob = JSON.parse(text) as { content?: string; encoding?: string };
      const file = Buffer.from(blob.content ?? '', 'base64').toString();
      const changed = file
        .replace(/"records":\s*\d+/g, '"records": null')
        .replace(/"totals":\s*\{/, '"totals": {"x": null,');
      return changed === file ? text : JSON.stringify({ ...blob, content: Buffer.from(changed).toString('base64') });
    } catch {
      return text;
    }
  });
}

function mutateBytes(how: Extract<Mutation, { kind: 'bytes' }>['how'], body: Buffer): Buffer {
  switch (how) {
    case 'bad UTF-8 in an added member':
      return body.at(-1) === 0x7d
        ? Buffer.concat([
            body.subarray(0, -1),
            Buffer.from(',"x":"'),
            Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
            Buffer.from('"}'),
          ])
        : body;
    case 'BOM':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]);
    case 'NUL behind':
      return Buffer.concat([body, Buffer.from([0])]);
    case 'text behind':
      return Buffer.concat([body, Buffer.from(MARK)]);
    case 'spaces before':
      return Buffer.concat([Buffer.from(' \r\n\t'.repeat(50_000)), body]);
    case 'half of it':
      return body.subarray(0, body.length >> 1);
    case 'all but the last byte':
      return body.subarray(0, -1);
    case 'twice':
      return Buffer.concat([body, body]);
    case 'UTF-16':
      return Buffer.from(body.toString(), 'utf16le');
  }
}

function encode(how: Extract<Mutation, { kind: 'encoding' }>['how'], answer: RightAnswer): RightAnswer {
  const { body } = answer;
  const zipped = () => gzipSync(body);
  const [encoding, bytes] = {
    'says gzip': () => ['gzip', body] as const,
    'truncated gzip': () => ['gzip', zipped().subarray(0, -9)] as const,
    'gzip with text behind': () => ['gzip', Buffer.concat([zipped(), Buffer.from(MARK)])] as const,
    'gzip twice': () => ['gzip', gzipSync(zipped())] as const,
    'says br': () => ['br', brotliCompressSync(body).subarray(3)] as const,
    'says zstd': () => ['zstd', body] as const,
    'says nonsense': () => [`x-${MARK}`, body] as const,
    deflate: () => ['deflate', deflateSync(body)] as const,
    'gzip of nothing': () => ['gzip', gzipSync('')] as const,
    'gzip, gzip': () => ['gzip, gzip', gzipSync(zipped())] as const,
  }[how]();
  return { ...answer, headers: { ...answer.headers, 'content-encoding': encoding }, body: bytes };
}

const bombs = new Map<string, Buffer>();

/** Cheap to make: a gzip file may repeat a member. */
function bombOf(of: Extract<Mutation, { kind: 'bomb' }>['of']): Buffer {
  const known = bombs.get(of);
  if (known !== undefined) return known;
  const megabytes = (unit: string, n: number) => gzipSync(unit.repeat((n * 1024 * 1024) / unit.length));
  const many = (member: Buffer, n: number) => Array.from({ length: n }, () => member);
  const parts = {
    zeros: () => many(megabytes('\0', 8), 100),
    spaces: () => [...many(megabytes(' ', 8), 20), gzipSync('{"data":[],"meta":{"total":1}}')],
    // 3 million of them.
    'empty objects': () => [gzipSync('{"data":['), ...many(gzipSync('{},'.repeat(300_000)), 10), gzipSync('{}]}')],
    nesting: () => [gzipSync('{"data":['), ...many(megabytes('[', 8), 4)],
  }[of]();
  const bomb = Buffer.concat(parts);
  bombs.set(of, bomb);
  return bomb;
}
