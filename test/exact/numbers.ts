// What exact numbers cost: parseResponse beside JSON.parse, on pages as they usually are and on pages full of long numbers.
import { parseResponse } from '../../src/kustomer/json.ts';
import { KustomerWorld } from '../world/kustomer/index.ts';
import { DAY, NOON } from '../world/reader.ts';

/** The text of a page of 500 records; `exoticEvery`: one in so many has numbers that no double holds, among other things. */
export function pageText(exoticEvery: number): string {
  const world = new KustomerWorld({ exoticEvery, clock: () => NOON });
  world.populate({ conversations: 500 }, { from: NOON - 10 * DAY, to: NOON });
  const body = { queryContext: 'conversation', and: [], sort: [{ conversation_updated_at: 'asc' }] };
  return world.search('live', { page: '1', pageSize: '500' }, body).body.toString();
}

export interface Cost {
  readonly kilobytes: number;
  readonly plainMs: number;
  readonly exactMs: number;
  readonly ratio: number;
}

/** The fastest of many turns each, taken by turns: what else the machine does hits both. */
export function cost(text: string, turns: number): Cost {
  const bytes = Buffer.from(text);
  let [plainMs, exactMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let n = 0; n < turns; n++) {
    plainMs = Math.min(
      plainMs,
      timeOf(() => JSON.parse(text)),
    );
    exactMs = Math.min(
      exactMs,
      timeOf(() => parseResponse(bytes)),
    );
  }
  return { kilobytes: Math.round(text.length / 1024), plainMs, exactMs, ratio: exactMs / plainMs };
}

function timeOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
