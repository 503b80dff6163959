// Records for tests that need no simulator.
import { parseResponse } from '../../src/kustomer/json.ts';
import type { Resource } from '../../src/sync/source.ts';

/** A record as if it had just been read. */
export function resourceOf(record: { id: string; type: string; [member: string]: unknown }): Resource {
  const { data } = parseResponse(Buffer.from(JSON.stringify({ data: [record] }))) as { data: [Resource] };
  return data[0];
}
