// Prints the figures of docs/scale.md: what an organization of 150 million messages takes, and what breaks first.
//
//   npm run scale              those that the document has, which `npm run generate` writes into it
//   npm run scale -- --long    and those that take some minutes to measure
import { parseArgs } from 'node:util';
import { type Section, sections } from './scale/figures.ts';

const { values } = parseArgs({ options: { long: { type: 'boolean', default: false } } });

function print({ title, head, rows }: Section): void {
  const widths = head.map((cell, n) => Math.max(cell.length, ...rows.map(row => row[n]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd();
  console.log([`\n${title}\n`, ...[head, ...rows].map(line)].join('\n'));
}

for (const section of sections()) print(section);
if (values.long) print(await (await import('./scale/measure.ts')).measured());
