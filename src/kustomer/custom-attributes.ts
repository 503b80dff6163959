// The custom attributes that are defined for each kind of object: a request for each, in place of pages
// (docs/kustomer-api.md#definitions-of-custom-attributes).
import { awaitAll } from '../sync/job.ts';
import { bytesOf, eachMember, endOfValue, valueIn } from '../sync/json-bytes.ts';
import type { ListPages, LongList, Resource } from '../sync/source.ts';
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
export async function definedFor(kind: string, { client, stream, onRecord }: ReadOptions<ListStream>) {
  const { name, path, role } = stream;
  const request = {
    path: `${path}/${encodeURIComponent(kind.toWellFormed())}`,
    purpose: 'other',
    stream: name,
    role,
  } as const;
  const response = await client.send(request).catch(error => {
    if (hasStatus(error, 404, 410)) return null;
    throw error;
  });
  if (response === null) return null;
  const [resource] = pageIn({ data: [response.data] }, name, onRecord).records as [Resource];
  return { ...resource, id: kind, json: withId(resource.json, kind) };
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
