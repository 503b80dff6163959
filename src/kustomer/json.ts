// Parses responses. The envelope becomes values. A record stays bytes, so that it leaves as it came, digit by digit,
// and at a fraction of the cost; only the few members that the code reads become values.
//
// This runs over every byte that is read. Changes here show in the CPU figures of `npm run bench -- --only throughput`.
import { SyncError } from '../errors.ts';
import {
  eachElement,
  eachMember,
  endOfSpace,
  endOfValue,
  isArray,
  isObject,
  KeyCache,
  notJson,
  valueIn,
} from '../sync/json-bytes.ts';
import type { Resource } from '../sync/source.ts';

export type OnRecord = (resource: Resource) => void;

/** Members to parse, by key: `true` for the value, or a selection of its members. */
interface Selection {
  readonly [key: string]: Selection | true;
}

/** See `Resource`. */
const PARSED: Selection = {
  id: true,
  type: true,
  attributes: { updatedAt: true, createdAt: true, name: true, deleted: true },
  relationships: { org: { data: { id: true } } },
};

const keys = new KeyCache(key => key);

/**
 * Parses a response like JSON.parse, except for the records in `data` and `included`: see `Resource`.
 * @throws SyntaxError for exactly what JSON.parse does not accept; it quotes nothing of the response.
 */
export function parseResponse(json: Buffer): unknown {
  keys.clearIfFull();
  const start = endOfSpace(json, 0);
  const response: Record<string, unknown> = Object.create(null);
  const member = (_: Buffer, at: number, key: number, keyEnd: number) => {
    const name = keys.at(json, key, keyEnd);
    if (name !== 'data' && name !== 'included') return parseValue(json, at, name, response);
    const records: unknown[] = [];
    const end = isArray(json, at)
      ? eachElement(json, at, (_, at) => parseRecord(json, at, records))
      : parseRecord(json, at, records);
    response[name] = isArray(json, at) ? records : records[0];
    return end;
  };
  const end = isObject(json, start) ? eachMember(json, start, member) : endOfValue(json, start);
  if (endOfSpace(json, end) !== json.length) throw notJson();
  return isObject(json, start) ? response : valueIn(json, start, end);
}

/**
 * The records of a parsed response, and what it says about its page: null where it does not say it.
 * @param onRecord called with each record
 * @throws SyncError `not-records` when one lacks its id or type: everything else relies on them.
 */
export function pageIn({ data, meta, links }: Record<string, unknown>, stream: string, onRecord: OnRecord) {
  if (!Array.isArray(data) || !data.every(isResource)) {
    throw new SyncError('not-records', {
      what: `Kustomer sent something other than records for ${stream}.`,
      todo: 'Run again; if it stays, report it to this project.',
    });
  }
  for (const resource of data) onRecord(resource);
  const { total, pageSize, timed_out } = (meta ?? {}) as Record<string, unknown>;
  const { next } = (links ?? {}) as { next?: unknown };
  const size = Number(pageSize);
  return {
    records: data,
    total: typeof total === 'number' ? total : null,
    size: Number.isInteger(size) && size >= 1 ? size : null,
    timedOut: timed_out === true,
    next,
  };
}

function isResource(value: unknown): value is Resource {
  const { id, type } = (value ?? {}) as { id?: unknown; type?: unknown };
  return typeof id === 'string' && id !== '' && typeof type === 'string';
}

/** Appends the record at `at`, or null when it is no object. Returns the offset of its end. */
function parseRecord(json: Buffer, at: number, records: unknown[]): number {
  const record: Record<string, unknown> = {};
  const end = parseMembers(json, at, PARSED, record);
  record.json = json.subarray(at, end);
  records.push(isObject(json, at) ? record : null);
  return end;
}

/** Parses the selected members of the value at `at`, if it is an object, into `out`. Returns the offset of its end. */
function parseMembers(json: Buffer, at: number, selection: Selection, out: Record<string, unknown>): number {
  if (!isObject(json, at)) return endOfValue(json, at);
  return eachMember(json, at, (_, at, key, keyEnd) => {
    const name = keys.at(json, key, keyEnd);
    const selected = Object.hasOwn(selection, name) ? selection[name] : undefined;
    if (selected === undefined) return endOfValue(json, at);
    if (selected === true) return parseValue(json, at, name, out);
    const inner = {};
    out[name] = isObject(json, at) ? inner : undefined;
    return parseMembers(json, at, selected, inner);
  });
}

/** Parses the value at `at` into `out`. Returns the offset of its end. */
function parseValue(json: Buffer, at: number, name: string, out: Record<string, unknown>): number {
  const end = endOfValue(json, at);
  out[name] = valueIn(json, at, end);
  return end;
}
