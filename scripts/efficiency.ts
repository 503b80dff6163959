// Prints how many search requests a first sync takes for each full page of records (test/exact/efficiency.ts).
//
//   npm run efficiency
import { CASES, measure } from '../test/exact/efficiency.ts';
import { cost, pageText } from '../test/exact/numbers.ts';

console.log('A first sync, pages of 500 records; the bound is 1.05 without ties and 1.25 with 20 % of them.\n');
for (const each of CASES) {
  const { records, searches, slices, ratio, plainRatio, problems } = await measure(each);
  console.log(
    `${each.what}: ${records} records of ${each.streams.length} streams, ${searches} searches, ${slices} slices; ` +
      `${ratio.toFixed(3)} requests a full page beyond 2 for each stream and slice, ${plainRatio.toFixed(3)} in all` +
      `${problems.length === 0 ? '' : `; WRONG: ${problems.join(', ')}`}`,
  );
}

console.log('\nParsing a page of 500 conversations, beside JSON.parse alone:');
for (const [what, every] of [
  ['a usual page', Number.POSITIVE_INFINITY],
  ['one record in 40 with something rare in it, long numbers among it', 40],
] as const) {
  const { kilobytes, plainMs, exactMs, ratio } = cost(pageText(every), 200);
  console.log(
    `${what}: ${kilobytes} kB, ${plainMs.toFixed(2)} ms and ${exactMs.toFixed(2)} ms, ratio ${ratio.toFixed(3)}`,
  );
}
