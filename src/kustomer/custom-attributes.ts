// The custom attributes that are defined for each kind of object: a request for each, in place of pages
// (docs/kustomer-api.md#definitions-of-custom-attributes). As the records of a stream, and as the types of attributes.
import { SyncError } from '../errors.ts';
import { awaitAll } from '../sync/job.ts';
import { beginText, bytesOf, eachMember, endOfValue, isObject, valueIn } from '../sync/json-bytes.ts';
import type { ListPages, LongList, Resource } from '../sync/source.ts';
import { MAX_KEY_LENGTH } from '../sync/stream-schema.ts';
import type { ReadOptions } from './client.ts';
import { pageIn } from './json.ts';
import { missingList } from './list-pages.ts';
import { openList } from './lists.ts';
import { hasStatus } from './request-errors.ts';
import { KLASS_LIST, type ListStream } from './streams.ts';

/** Both methods reject as `Client.send` does, and with `list-missing` when there is nothing for any kind of object. */
export function openCustomAttributes(options: ReadOptions<ListStream>): ListPages & Pick<LongList, 'extent'> {
  const { name, objects = [] } = options.stream;
  const klasses = openList({ ...options, stream: KLASS_LIST, countFor: name });
  return {
    async pass() {
      const { records, isUnrestricted } = await klasses.pass();
      const names = [...records.values()].map(({ attributes }) => attributes?.name).filter(isText);
      const kinds = [...objects, ...names.map(klass => `kobject.${klass}`)];
      const found = (await awaitAll(kinds.map(kind => definedFor(kind, options)))).filter(each => each !== null);
      if (found.length === 0) throw missingList(name);
      // The klasses came in several responses.
      return {
        records: new Map(found.map(resource => [resource.id, resource])),
        isOneResponse: false,
        isCounted: true,
        isCut: false,
        isUnrestricted,
      };
    },
    async extent() {
      const records = objects.length + (await klasses.extent()).records;
      return { pages: records, records, sample: [] };
    },
  };
}

/**
 * The record for a kind of object, or null where there is none. Its id is the kind: the `type` of the records that have
 * these attributes, and the only name that is sure to be the same each time and another for each kind.
 */
export async function definedFor(
  kind: string,
  { client, stream, countFor = stream.name, onRecord }: ReadOptions<ListStream>,
  isOptional = false,
) {
  const { path, role } = stream;
  const request = {
    path: `${path}/${encodeURIComponent(kind.toWellFormed())}`,
    purpose: 'other',
    stream: countFor,
    role,
    isOptional,
  } as const;
  const response = await client.send(request).catch(error => {
    if (hasStatus(error, 404, 410)) return null;
    throw error;
  });
  if (response === null) return null;
  const [resource] = pageIn({ data: [response.data] }, countFor, onRecord).records as [Resource];
  return { ...resource, id: kind, json: withId(resource.json, kind) };
}

/** What is defined of an attribute: the type as Kustomer calls it, and whether it has several values. */
export interface Definition {
  readonly type: string;
  readonly isList: boolean;
}

/** More than any kind of object may have (docs/kustomer-api.md#custom-attributes). */
const MAX_ATTRIBUTES = 500;
const MAX_TYPE_LENGTH = 40;

/**
 * By name; null when Kustomer refuses to tell, or tells what nobody understands.
 * @throws SyncError of the kind `outage`, or the reason of the run's signal: another time it may tell
 */
export async function definitionsOf(
  kind: string,
  options: ReadOptions<ListStream>,
): Promise<ReadonlyMap<string, Definition> | null> {
  try {
    const record = await definedFor(kind, options, true);
    return record === null ? new Map() : definitionsIn(record.json);
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'outage') throw error;
    return null;
  }
}

/** Looks at the bytes alone: a tree may be of any size. */
function definitionsIn(json: Buffer): Map<string, Definition> {
  const found = new Map<string, Definition>();
  beginText();
  const at = memberAt(json, memberAt(json, 0, 'attributes'), 'properties');
  if (!isObject(json, at)) return found;
  eachMember(json, at, (_, value, key, keyEnd) => {
    const end = endOfValue(json, value);
    if (found.size < MAX_ATTRIBUTES && keyEnd - key <= MAX_KEY_LENGTH && isObject(json, value)) {
      const type = smallValue(json, memberAt(json, value, 'type'));
      const isList = ['array', 'multi'].some(name => smallValue(json, memberAt(json, value, name)) === true);
      found.set(String(valueIn(json, key, keyEnd)), { type: isText(type) ? type : '', isList });
    }
    return end;
  });
  return found;
}

/** The offset of a member of the object at `at`; -1 where there is none. */
function memberAt(json: Buffer, at: number, name: string): number {
  let found = -1;
  if (isObject(json, at)) {
    eachMember(json, at, (_, value, key, keyEnd) => {
      if (valueIn(json, key, keyEnd) === name) found = value;
      return endOfValue(json, value);
    });
  }
  return found;
}

function smallValue(json: Buffer, at: number): unknown {
  const end = at < 0 ? Number.POSITIVE_INFINITY : endOfValue(json, at);
  return end - at > MAX_TYPE_LENGTH ? undefined : valueIn(json, at, end);
}

/** The record with another id, and otherwise as it came. */
function withId(json: Buffer, id: string): Buffer {
  const members = [Buffer.from('{"id":'), bytesOf(id)];
  eachMember(json, 0, (_, value, key, keyEnd) => {
    const end = endOfValue(json, value);
    if (valueIn(json, key, keyEnd) !== 'id') members.push(Buffer.from(','), json.subarray(key, end));
    return end;
  });
  return Buffer.concat([...members, Buffer.from('}')]);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
