// Writes the tables of inputs and outputs into README.md, from action.yml, and the table of figures into bench/README.md,
// from bench/results.json.
//
//   npm run readme              writes them
//   npm run readme -- --check   fails when a table differs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

interface Input {
  readonly description: string;
  readonly required?: boolean;
  readonly default?: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const action: { inputs: Record<string, Input>; outputs: Record<string, { description: string }> } = parse(
  readFileSync(join(root, 'action.yml'), 'utf8'),
);
const inputs = Object.entries(action.inputs).map(([name, input]) => [code(name), defaultOf(input), input.description]);
const outputs = Object.entries(action.outputs).map(([name, { description }]) => [code(name), description]);
const measured: { name: string; value: number; least?: number; most?: number }[] = JSON.parse(
  readFileSync(join(root, 'bench', 'results.json'), 'utf8'),
);
const figures = measured.map(({ name, value, least, most }) => [name, askedFor(least, most), String(value)]);
write('README.md', [
  ['inputs', table(['Input', 'Default', 'Meaning'], inputs)],
  ['outputs', table(['Output', 'Meaning'], outputs)],
]);
write(join('bench', 'README.md'), [['figures', table(['Figure', 'Bound', 'Measured'], figures)]]);

/** Puts tables between their markers; with `--check`, only compares. */
function write(name: string, tables: readonly (readonly [marker: string, table: string])[]): void {
  const file = join(root, name);
  const before = readFileSync(file, 'utf8');
  const after = tables.reduce((text, [marker, rows]) => replaced(text, marker, rows), before);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, after);
  } else if (after === before) {
    console.log(`${name} has the tables that its sources give.`);
  } else {
    console.error(`The tables in ${name} are out of date. Run \`npm run readme\`.`);
    process.exitCode = 1;
  }
}

function defaultOf({ required, default: value }: Input): string {
  if (required) return 'required';
  return value === undefined || value === '' ? 'empty' : code(value);
}

function askedFor(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && least === most) return String(least);
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? '' : `at most ${most}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.map(cell).join(' | ')} |`);
  return lines.join('\n');
}

function cell(text: string): string {
  return text
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ');
}

/** The text with everything between `<!-- name -->` and `<!-- /name -->` replaced. */
function replaced(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${start} or ${end} is missing`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}
