// The bytes of an answer to its envelope as values, and its records as bytes with the few values that are looked at.
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

/** What becomes a value of a record (see `Resource`). */
interface Wanted {
  readonly [key: string]: Wanted | true;
}

const WANTED: Wanted = {
  id: true,
  type: true,
  attributes: { updatedAt: true, createdAt: true, name: true, deleted: true },
  relationships: { org: { data: { id: true } } },
};

const keys = new KeyCache(key => key);

/**
 * Reads an answer. The elements of `data`, where it is an array, are records: see `Resource`.
 * @throws SyntaxError, which quotes nothing, for exactly what JSON.parse does not accept.
 */
export function readAnswer(json: Buffer): unknown {
  keys.clearIfFull();
  const start = endOfSpace(json, 0);
  const answer: Record<string, unknown> = Object.create(null);
  const end = isObject(json, start)
    ? eachMember(json, start, (_, at, key, keyEnd) => {
        const name = keys.at(json, key, keyEnd);
        const records: unknown[] = [];
        const end = isArray(json, at)
          ? eachElement(json, at, (_, at) => readRecord(json, at, records))
          : endOfValue(json, at);
        answer[name] = name === 'data' && isArray(json, at) ? records : valueIn(json, at, end);
        return end;
      })
    : endOfValue(json, start);
  if (endOfSpace(json, end) !== json.length) throw notJson();
  return isObject(json, start) ? answer : valueIn(json, start, end);
}

function readRecord(json: Buffer, at: number, into: unknown[]): number {
  const record: Record<string, unknown> = {};
  const end = pick(json, at, WANTED, record);
  record.json = json.subarray(at, end);
  into.push(isObject(json, at) ? record : null);
  return end;
}

/** Puts what is wanted of the value that begins at `at` into `out`, if it is an object. Returns where the value ends. */
function pick(json: Buffer, at: number, wanted: Wanted, out: Record<string, unknown>): number {
  if (!isObject(json, at)) return endOfValue(json, at);
  return eachMember(json, at, (_, at, key, keyEnd) => {
    const name = keys.at(json, key, keyEnd);
    const want = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    if (want === undefined) return endOfValue(json, at);
    if (want !== true) {
      const inner = {};
      out[name] = isObject(json, at) ? inner : undefined;
      return pick(json, at, want, inner);
    }
    const end = endOfValue(json, at);
    out[name] = valueIn(json, at, end);
    return end;
  });
}
