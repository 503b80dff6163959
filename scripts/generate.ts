// Writes what follows from the tables of this project into other files, between markers.
//
//   the inputs     from src/config/inputs.ts     into action.yml, the callable workflows, README.md and docs/inputs.md
//   the outputs    from action.yml               into docs/inputs.md
//   the streams    from src/kustomer/streams.ts  into docs/reading-the-data.md
//   the errors     from scripts/troubleshooting.ts   into docs/troubleshooting.md
//   the figures    from bench/results.json       into README.md or bench/README.md, whichever has the marker
//   the scale      from scripts/scale            into docs/scale.md
//   the columns    from src/schema               into docs/data-dictionary.md and docs/sql
//   the promises   from scripts/promises         into docs/promises.md
//
//   npm run generate              writes them
//   npm run generate -- --check   fails when a file differs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import {
  type CallableWorkflow,
  GROUPS,
  INPUT_NAMES,
  INPUTS,
  type Input,
  type InputName,
} from '../src/config/inputs.ts';
import { isSearch, type SearchStream, STREAMS, type Stream, USUAL_STREAMS } from '../src/kustomer/streams.ts';
import { dictionaryFiles } from './dictionary.ts';
import { promisesPage } from './promises.ts';
import { sections } from './scale/figures.ts';
import { ANNOTATION_ROWS, ERROR_ROWS, type Row } from './troubleshooting.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const workflowFile = (workflow: CallableWorkflow) => `.github/workflows/${workflow}.yml`;
const DOCUMENTS = [
  'README.md',
  'docs/inputs.md',
  'docs/troubleshooting.md',
  'bench/README.md',
  'docs/reading-the-data.md',
  'docs/scale.md',
];

/** Every generated file, by its path in the repository, with the text that it should have. */
export function generate(): ReadonlyMap<string, string> {
  const files = new Map(DOCUMENTS.map(path => [path, read(path)]));
  for (const [name, content] of Object.entries(tables())) {
    const path = DOCUMENTS.find(each => files.get(each)?.includes(`<!-- ${name} -->`)) ?? 'README.md';
    files.set(
      path,
      replace(files.get(path) ?? '', `<!-- ${name} -->`, `<!-- /${name} -->`, () => content),
    );
  }
  files.set('action.yml', replaceYaml(read('action.yml'), 'inputs', actionInputs()));
  for (const workflow of ['sync', 'backfill'] as const) {
    const path = workflowFile(workflow);
    const withInputs = replaceYaml(read(path), 'inputs', workflowInputs(workflow));
    files.set(path, replaceYaml(withInputs, 'with', stepInputs(workflow)));
  }
  for (const [path, text] of dictionaryFiles()) files.set(path, text);
  files.set('docs/promises.md', promisesPage());
  return files;
}

function actionInputs(): string[] {
  return INPUT_NAMES.flatMap(name => {
    const { default: value, description } = INPUTS[name];
    const last = value === undefined ? 'required: true' : `default: ${yaml(textOf(value))}`;
    return [`${name}:`, `  description: ${yaml(description)}`, `  ${last}`];
  });
}

function workflowInputs(workflow: CallableWorkflow): string[] {
  return inputsOf(workflow).flatMap(name => {
    const { kind, workflows, ...action } = INPUTS[name];
    const { default: value, description } = { ...action, ...workflows?.[workflow] };
    // An expression is the default of the step that passes the input on: see stepInputs.
    const text = typeof value === 'string' ? value : '';
    return [
      `${name}:`,
      `  description: ${yaml(description)}`,
      `  type: ${kind.workflowType ?? 'string'}`,
      `  default: ${kind.workflowType === undefined ? yaml(text) : text}`,
    ];
  });
}

/** The inputs that each step of a callable workflow passes on to the action. */
function stepInputs(workflow: CallableWorkflow): string[] {
  return inputsOf(workflow).map(name => {
    const { default: value } = INPUTS[name];
    const otherwise = typeof value === 'object' ? ` || ${value.expression}` : '';
    return `${name}: ${expression(`inputs.${name}${otherwise}`)}`;
  });
}

function inputsOf(workflow: CallableWorkflow): InputName[] {
  return INPUT_NAMES.filter(name => {
    const { workflows } = INPUTS[name];
    return workflows === undefined || workflow in workflows;
  });
}

/** The tables of the documents, by the name of their markers. */
function tables(): Readonly<Record<string, string>> {
  const action: { outputs: Record<string, { description: string }> } = parse(read('action.yml'));
  const outputs = Object.entries(action.outputs).map(([name, { description }]) => [code(name), description]);
  const measured: { name: string; value: number; least?: number; most?: number }[] = JSON.parse(
    read('bench/results.json'),
  );
  const figures = measured.map(({ name, value, least, most }) => [name, bound(least, most), String(value)]);
  return {
    inputs: inputTables(firstSentence),
    'all inputs': inputTables(description => description),
    outputs: table(['Output', 'Meaning'], outputs),
    streams: table(['Stream', 'In `all`', 'Read through', 'Roles of the API key'], STREAMS.map(streamRow)),
    errors: Object.entries<Readonly<Record<string, Row>>>(ERROR_ROWS)
      .map(([group, rows]) => `### ${group}\n\n${errorTable('Code', rows, name => [code(name)])}`)
      .join('\n\n'),
    annotations: errorTable('', ANNOTATION_ROWS, () => []),
    figures: table(['Figure', 'Bound', 'Measured'], figures),
    ...Object.fromEntries(
      sections().map(({ title, head, rows }) => [`scale: ${title.toLowerCase()}`, table(head, rows)]),
    ),
  };
}

function streamRow(stream: Stream): string[] {
  const { name, role } = stream;
  const roles = role.replace(/org\.permission\.\S+/g, each => code(each.replace(',', '')));
  return [name, USUAL_STREAMS.includes(stream) ? 'yes' : '', isSearch(stream) ? placesOf(stream) : 'list', roles];
}

function placesOf({ archive }: SearchStream): string {
  if (archive === 'search') return 'search, archive search';
  return archive === null ? 'search' : 'search, list';
}

function inputTables(shown: (description: string) => string): string {
  return Object.entries(GROUPS)
    .map(([group, inputs]) => `### ${group[0]?.toUpperCase()}${group.slice(1)}\n\n${inputTable(inputs, shown)}`)
    .join('\n\n');
}

function errorTable(head: string, rows: Readonly<Record<string, Row>>, first: (name: string) => string[]): string {
  const body = Object.entries(rows).map(([name, [texts, ...rest]]) => [...first(name), texts.join('<br>'), ...rest]);
  return table([...(head === '' ? [] : [head]), 'It says', 'Meaning', 'What to do'], body);
}

/** The README is to be read in three minutes. */
function firstSentence(description: string): string {
  return /^.*?\.(?= |$)/.exec(description)?.[0] ?? description;
}

function inputTable(inputs: Readonly<Record<string, Input>>, shown: (description: string) => string): string {
  const rows = Object.entries(inputs).map(([name, { default: value, description }]) => {
    const text = value === undefined ? 'required' : value === '' ? 'empty' : code(textOf(value));
    return [code(name), text, shown(description)];
  });
  return table(['Input', 'Default', 'Meaning'], rows);
}

function bound(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && least === most) return String(least);
  if (least !== undefined) return `at least ${least}`;
  return most === undefined ? '' : `at most ${most}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = rows.map(cells => cells.map(cell => cell.replaceAll('|', '\\|')));
  return [head, head.map(() => '---'), ...escaped].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function textOf(value: NonNullable<Input['default']>): string {
  return typeof value === 'string' ? value : expression(value.expression);
}

function expression(text: string): string {
  return `\${{ ${text} }}`;
}

/** A string in the quotes that Biome chooses, which formats YAML too. */
function yaml(text: string): string {
  return text.includes('"') ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}

/** Replaces the lines between each `# <name>` and `# </name>`, and indents them as the markers are. */
function replaceYaml(text: string, name: string, lines: readonly string[]): string {
  return replace(text, `# <${name}> Written by npm run generate from src/config/inputs.ts`, `# </${name}>`, indent =>
    lines.map(line => `${indent}${line}`).join('\n'),
  );
}

/** Replaces what stands between lines that are `start` and `end`, which must be there. */
function replace(text: string, start: string, end: string, content: (indent: string) => string): string {
  const between = new RegExp(`^( *)${RegExp.escape(start)}\n[^]*?^ *${RegExp.escape(end)}$`, 'gm');
  if (text.search(between) < 0) throw new Error(`No file has the lines ${start} and ${end}`);
  return text.replace(between, (_, indent) => `${indent}${start}\n${content(indent)}\n${indent}${end}`);
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  const changed = [...generate()].filter(([path, text]) => text !== read(path));
  if (!check) for (const [path, text] of changed) writeFileSync(join(root, path), text);
  if (check && changed.length > 0) {
    console.error(`Not up to date: ${changed.map(([path]) => path).join(', ')}. Run \`npm run generate\`.`);
    process.exit(1);
  }
  console.log(
    check ? 'All generated text is up to date.' : `Changed: ${changed.map(([path]) => path).join(', ') || 'none'}`,
  );
}
