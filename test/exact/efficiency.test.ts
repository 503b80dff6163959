// Exactness must not be bought with requests: the search budget is what a first sync of millions of records waits for.
import { expect, test } from 'vitest';
import { few } from '../forms.ts';
import { CASES, measure } from './efficiency.ts';

const ties = CASES.filter(({ tieSize }) => tieSize !== 40);

test.each(few(ties, 2))('$what: pages are full but for two requests for each stream and slice', async each => {
  const { ratio, slices, problems } = await measure(each);
  expect(problems).toEqual([]);
  expect(ratio).toBeLessThanOrEqual(each.tieFraction === 0 ? 1.05 : 1.25);
  if (each.concurrency > 1) expect(slices).toBeGreaterThan(each.streams.length);
});

test('a slice is not cut where that would cost more than it saves', async () => {
  const small = { ...(CASES[0] as (typeof CASES)[number]), records: 3_000 };
  const { searches, slices } = await measure(small);
  expect(slices).toBe(2);
  expect(searches).toBeLessThanOrEqual(20);
});
