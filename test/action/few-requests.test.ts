// How many searches a small organization costs: the budget is a hundred a minute, and others may use it as well.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { longTest } from '../forms.ts';
import type { LoggedRequest } from '../world/kustomer/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { DAY, expectGreen, HOUR, requestsSince, SEARCH_STREAMS, wrongs } from './support.ts';

const ARCHIVED = ['conversations', 'customers', 'kobjects', 'messages'];
const RECORDS = 1_100;

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

function populate(records: number, from: number, to: number): void {
  for (const stream of SEARCH_STREAMS) {
    stage.world.populate({ [stream]: stream === 'kobjects' ? { order: records } : records }, { from, to });
  }
}

/** The searches of a stream since the last call, as `live` or `archive` and where each of them ends. */
function searchesOf(stream: string): [string, string][] {
  const searches = stage.kustomer.requests.filter(each => each.stream === stream && each.budget === 'search');
  return searches.map(({ path, body }: LoggedRequest) => {
    const { and } = body as { and: Record<string, { lt?: string }>[] };
    const end = and.flatMap(each => Object.values(each).flatMap(({ lt }) => lt ?? [])).join();
    return [path.includes('/archive/') ? 'archive' : 'live', end];
  });
}

longTest('a first sync asks the archive once for each stream, and reads the live search in one piece', async () => {
  const now = Date.now();
  populate(RECORDS, now - 690 * DAY, now - 2 * HOUR);
  const first = await stage.sync();
  expectGreen(first);
  expect(await wrongs(stage, [first])).toEqual([]);
  for (const stream of SEARCH_STREAMS) {
    const searches = searchesOf(stream);
    const [live, archive] = ['live', 'archive'].map(index => searches.filter(([of]) => of === index));
    expect(archive, stream).toHaveLength(ARCHIVED.includes(stream) ? 1 : 0);
    expect(live, stream).toHaveLength(3);
    expect(new Set(live?.map(([, end]) => end)).size, stream).toBe(1);
  }
});

test('the same where the archive has some records, and both have some of the same time', async () => {
  const now = Date.now();
  populate(RECORDS, now - 729 * DAY, now - 2 * HOUR);
  populate(100, now - 1_500 * DAY, now - 731 * DAY);
  const first = await stage.sync();
  expectGreen(first);
  expect(await wrongs(stage, [first])).toEqual([]);
  for (const stream of ARCHIVED) {
    const indexes = searchesOf(stream).map(([index]) => index);
    expect(indexes.toSorted(), stream).toEqual(['archive', 'live', 'live', 'live']);
  }
});

test('a run without a change takes one search for each stream', async () => {
  const now = Date.now();
  populate(RECORDS, now - 900 * DAY, now - 2 * HOUR);
  // They say which organization it is: otherwise a search without a filter has to.
  stage.world.populate({ users: 3 }, { from: now - DAY, to: now - HOUR });
  expectGreen(await stage.sync());
  requestsSince(stage);
  const second = await stage.sync();
  expectGreen(second);
  expect(second.outputs.records).toBe('0');
  for (const stream of SEARCH_STREAMS) expect(searchesOf(stream).map(([index]) => index)).toEqual(['live']);
});
