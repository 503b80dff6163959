// What a reconciliation says in random worlds that go on changing, and what it costs.
import { cpus } from 'node:os';
import { expect, test } from 'vitest';
import { LONG } from '../forms.ts';
import { DAY, NOON, Reader } from '../world/reader.ts';
import { playReconciliation, Reconciler } from '../world/reconciler.ts';

const WORLDS = LONG ? 200 : 3;
const RECORDS = LONG ? 1_000_000 : 20_000;

test(`in ${WORLDS} random worlds no record that exists is missing, and none that is gone is there`, async () => {
  const failed: string[] = [];
  let next = 1;
  const play = async () => {
    while (next <= WORLDS) failed.push(...(await playReconciliation(next++)));
  };
  await Promise.all(Array.from({ length: 2 * cpus().length }, play));
  expect(failed).toEqual([]);
}, 600_000);

test(`the ids of ${RECORDS} records take at most 2.5 % more searches than full pages, and 15`, async () => {
  await using reader = await Reader.open({ idsOnlyShape: 'dated' }, { latencyMs: 2 });
  reader.world.populate({ messages: RECORDS }, { from: NOON - 700 * DAY, to: NOON - DAY });
  const reconciler = new Reconciler(reader);
  const { isComplete, requests } = await reconciler.run(['messages']);
  expect(isComplete).toBe(true);
  expect(new Set(reconciler.found.get('messages')).size).toBe(RECORDS);
  expect(requests.length).toBeLessThanOrEqual((RECORDS / 500) * 1.025 + (LONG ? 0 : 15));
}, 600_000);
