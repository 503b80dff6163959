// Parses responses. The envelope becomes values. A record stays bytes, so that it leaves as it came, digit by digit,
// and at a fraction of the cost; only the few members that the code reads become values.
//
// This runs over every byte that is read. Changes here show in the CPU figures of `npm run bench -- --only throughput`.
import { SyncError } from '../errors.ts';
import {
  beginText,
  eachElement,
  eachMember,
  endOfSpace,
  endOfValue,
  isArray,
  isObject,
  KeyCache,
  notJson,
  TooDeep,
  valueIn,
} from '../sync/json-bytes.ts';
import { wholeWithin } from '../sync/numbers.ts';
import type { Resource } from '../sync/source.ts';

export type OnRecord = (resource: Resource) => void;

/** No page has more records than were asked for; a list that knows no pages may. */
const MAX_RECORDS = 50_000;
/** Members of one record, at every depth: each may need its own column. Real records have some hundreds. */
const MAX_MEMBERS = 100_000;
/** Kustomer cannot store more (docs/kustomer-api.md#odd-answers). */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** A record with more members than that has more bytes. */
const BYTES_TO_COUNT = 5 * MAX_MEMBERS;
/** More than any organization has. */
const MAX_TOTAL = 1e10;
/** What a response may have around its records, in bytes of each member. */
const MAX_ENVELOPE_BYTES = 1024 * 1024;

/** Members to parse, by key: `true` for the value, or a selection of its members. */
interface MemberSelection {
  readonly [key: string]: MemberSelection | true;
}

/** See `Resource`. */
const PARSED: MemberSelection = {
  id: true,
  type: true,
  attributes: { updatedAt: true, createdAt: true, name: true, deleted: true, deletedAt: true },
  relationships: { org: { data: { id: true } } },
};

const keys = new KeyCache(key => key);

/**
 * Parses a response like JSON.parse, except for the records in `data` and `included`: see `Resource`. What is no object is
 * null.
 * @throws SyntaxError for exactly what JSON.parse does not accept; it quotes nothing of the response.
 * @throws SyncError `record-too-complex` or `answer-too-large`
 */
export function parseResponse(json: Buffer, stream = 'a stream'): unknown {
  keys.clearIfFull();
  beginText();
  const start = endOfSpace(json, 0);
  const response: Record<string, unknown> = Object.create(null);
  const member = (_: Buffer, at: number, key: number, keyEnd: number) => {
    const name = keys.at(json, key, keyEnd);
    if (name !== 'data' && name !== 'included') {
      const end = endOfValue(json, at);
      if (end - at > MAX_ENVELOPE_BYTES) throw answerTooLarge(stream, 'more than 1 MB beside its records');
      response[name] = valueIn(json, at, end);
      return end;
    }
    const records: unknown[] = [];
    const record = (_: Buffer, at: number) => {
      if (records.length === MAX_RECORDS) throw answerTooLarge(stream, `more than ${MAX_RECORDS} records`);
      return parseRecord(json, at, records, stream);
    };
    const end = isArray(json, at) ? eachElement(json, at, record) : record(json, at);
    response[name] = isArray(json, at) ? records : records[0];
    return end;
  };
  try {
    const end = isObject(json, start) ? eachMember(json, start, member) : endOfValue(json, start);
    if (endOfSpace(json, end) !== json.length) throw notJson();
  } catch (error) {
    if (error instanceof TooDeep) throw tooComplex(stream, undefined, 'nests deeper than 512 levels');
    throw error;
  }
  return isObject(json, start) ? response : null;
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
  return {
    records: data,
    total: typeof total === 'number' ? (wholeWithin(total, 0, MAX_TOTAL) ?? null) : null,
    size: wholeWithin(pageSize, 1, MAX_RECORDS) ?? null,
    timedOut: timed_out === true,
    next,
  };
}

function isResource(value: unknown): value is Resource {
  const { id, type } = (value ?? {}) as { id?: unknown; type?: unknown };
  return typeof id === 'string' && id !== '' && typeof type === 'string';
}

/** Appends the record at `at`, or null when it is no object. Returns the offset of its end. */
function parseRecord(json: Buffer, at: number, records: unknown[], stream: string): number {
  const record: Record<string, unknown> = {};
  try {
    const end = parseMembers(json, at, PARSED, record);
    record.json = json.subarray(at, end);
    records.push(isObject(json, at) ? record : null);
    if (end - at > MAX_RECORD_BYTES) throw tooComplex(stream, record.id, 'has more than 16 MB');
    if (end - at > BYTES_TO_COUNT && membersIn(json, at) > MAX_MEMBERS) {
      throw tooComplex(stream, record.id, `has more than ${MAX_MEMBERS} members`);
    }
    return end;
  } catch (error) {
    if (error instanceof TooDeep) throw tooComplex(stream, record.id, 'nests deeper than 512 levels');
    throw error;
  }
}

/** The members of a value, at every depth. */
function membersIn(json: Buffer, at: number): number {
  let count = 0;
  const visit = (_: Buffer, at: number): number => {
    if (isArray(json, at)) return eachElement(json, at, visit);
    if (!isObject(json, at)) return endOfValue(json, at);
    return eachMember(json, at, (_, value) => {
      count++;
      return visit(json, value);
    });
  };
  visit(json, at);
  return count;
}

/** Parses the selected members of the value at `at`, if it is an object, into `out`. Returns the offset of its end. */
function parseMembers(json: Buffer, at: number, selection: MemberSelection, out: Record<string, unknown>): number {
  if (!isObject(json, at)) return endOfValue(json, at);
  return eachMember(json, at, (_, at, key, keyEnd) => {
    const name = keys.at(json, key, keyEnd);
    const selected = Object.hasOwn(selection, name) ? selection[name] : undefined;
    if (selected === undefined) return endOfValue(json, at);
    if (selected !== true) {
      const inner = {};
      out[name] = isObject(json, at) ? inner : undefined;
      return parseMembers(json, at, selected, inner);
    }
    const end = endOfValue(json, at);
    // Nothing looks at an object or an array there, which may take many times its bytes.
    out[name] = isObject(json, at) || isArray(json, at) ? undefined : valueIn(json, at, end);
    return end;
  });
}

/** What could be anything else than an id is not named (docs/kustomer-api.md#ids-and-dates). */
function tooComplex(stream: string, id: unknown, why: string): SyncError {
  const named = typeof id === 'string' && /^[0-9a-f]{24}$/.test(id) ? ` with the id ${id}` : '';
  return new SyncError('record-too-complex', {
    what: `A record of ${stream}${named} ${why}, as no real one does.`,
    todo: 'Nothing of its page is published; report it to Kustomer, or leave the stream out of `streams` until it is mended.',
  });
}

export function answerTooLarge(stream: string, why: string): SyncError {
  return new SyncError('answer-too-large', {
    what: `Kustomer sent an answer for ${stream} with ${why}.`,
    todo: 'Run again, and report it to this project if it stays: no page should be so large.',
  });
}
