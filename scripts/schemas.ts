// Lets the schema of each stream grow over random worlds, and validates every record of all of them against the last one
// (test/unit/grown.ts).
//
//   npm run schemas              100 worlds from a seed of the day
//   npm run schemas -- --seed N --count M
import { parseArgs } from 'node:util';
import { growOver } from '../test/unit/grown.ts';
import { writtenBy } from '../test/unit/written.ts';

const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string', default: '100' } } });
const first = Number(values.seed ?? Math.floor(Date.now() / 86_400_000) * 1_000);
const count = Number(values.count);

for (const format of ['flat', 'raw'] as const) {
  const worlds = Array.from({ length: count }, (_, n) => first + n).values();
  const { schemas, lines, invalid, narrowed } = growOver(
    // Worlds with nothing odd in them, too: what they lack must stay allowed.
    worlds.map(seed => writtenBy(seed, { exoticEvery: seed % 2 === 0 ? 3 : Number.POSITIVE_INFINITY })),
    format,
  );
  console.log(
    `${format}: ${count} worlds from seed ${first}, ${schemas} schemas, ${lines} records: ${invalid.length} invalid, ${narrowed.length} columns narrowed`,
  );
  for (const each of [...invalid, ...narrowed].slice(0, 10)) console.log(`  ${each}`);
  if (invalid.length + narrowed.length > 0) process.exitCode = 1;
}
