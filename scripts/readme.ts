// Writes the tables of inputs and outputs into README.md, from action.yml, and the one of what was measured, from
// bench/results.json.
//
//   npm run readme              writes them
//   npm run readme -- --check   fails when README.md has others
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
const file = join(root, 'README.md');
const before = readFileSync(file, 'utf8');

const inputs = Object.entries(action.inputs).map(([name, input]) => [code(name), defaultOf(input), input.description]);
const outputs = Object.entries(action.outputs).map(([name, { description }]) => [code(name), description]);
const measured: { name: string; value: number; least?: number; most?: number }[] = JSON.parse(
  readFileSync(join(root, 'bench', 'results.json'), 'utf8'),
);
const figures = measured.map(({ name, value, least, most }) => [name, askedFor(least, most), String(value)]);
const after = [
  ['inputs', table(['Input', 'Default', 'Meaning'], inputs)] as const,
  ['outputs', table(['Output', 'Meaning'], outputs)] as const,
  ['figures', table(['Figure', 'Asked for', 'Measured'], figures)] as const,
].reduce((text, [name, rows]) => replaced(text, name, rows), before);

if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('README.md does not have what action.yml and bench/results.json say. Run `npm run readme`.');
    process.exit(1);
  }
  console.log('README.md has what action.yml and bench/results.json say.');
} else {
  writeFileSync(file, after);
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

/** The text with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
function replaced(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md lacks ${start} or ${end}`);
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}
