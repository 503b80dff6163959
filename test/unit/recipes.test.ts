// The code blocks of the documents, other than YAML: their syntax, and what the recipes for reading make of sample data.
// A tool that this machine lacks is not fetched; its recipes are then checked for syntax alone.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedSchema } from '../../src/schema/schema.ts';
import { duckdbViews } from '../../src/schema/views.ts';
import { BLOCKS, type Block, blocksIn } from './documents.ts';

/** An id and a name: what each recipe is to give of the tags. */
type Tag = readonly [id: string, name: string];

const ID = {
  digits: '123456789012345678901234',
  zeros: '000000000000000000000007',
  letters: '67f4af24a5e1d20001a2b3c4',
};
const GONE = '111111111111111111111111';
/** By artifact, the latest one first by name; only the second is compressed. */
const LINES: Readonly<Record<string, readonly Line[]>> = {
  '1002': [
    { id: ID.digits, at: '2026-01-05T00:00:00.000Z', name: 'New' },
    { id: GONE, at: '2026-01-06T00:00:00.000Z' },
    { id: ID.letters, at: '2026-01-04T00:00:00.000Z', name: 'Back' },
  ],
  '999': [
    { id: ID.digits, at: '2026-01-01T00:00:00.000Z', name: 'Old' },
    { id: GONE, at: '2026-01-02T00:00:00.000Z', name: 'Gone' },
    { id: ID.letters, at: '2026-01-03T00:00:00.000Z' },
    { id: ID.zeros, at: '2026-01-01T00:00:00.000Z', name: 'Same' },
  ],
};
const EXPECTED: readonly Tag[] = [
  [ID.zeros, 'Same'],
  [ID.digits, 'New'],
  [ID.letters, 'Back'],
];

/** A line of a tag; without a name it is a deletion line. */
interface Line {
  readonly id: string;
  readonly at: string;
  readonly name?: string;
}

const LARGE = 'the-number-goes-here';

function flat({ id, at, name }: Line): object {
  const common = { id, type: 'tag', updated_at: at };
  return name === undefined
    ? { ...common, deleted_at: at, deleted: true }
    : { ...common, name, deleted: false, n: LARGE };
}

function raw({ id, at, name }: Line): object {
  const attributes = name === undefined ? { updatedAt: at, deletedAt: at, deleted: true } : { updatedAt: at, name };
  return { id, type: 'tag', attributes };
}

const DAY = 86_400_000;
const TEAMS = { t1: 'Returns', t2: 'Warehouse' };
/** What the README shows: 41 open conversations of one team and 7 of the other, and others that do not count. */
function conversations(): { id: string; updated_at: string; status: string; assigned_teams: string[] }[] {
  const one = (id: string, team: string, days: number, status = 'open') => {
    const updated_at = new Date(Date.now() - days * DAY).toISOString();
    return { id, type: 'conversation', updated_at, status, assigned_teams: [team] };
  };
  const open = Array.from({ length: 48 }, (_, i) => one(`000${i}`, i < 41 ? 't1' : 't2', 1 + (i % 28)));
  const again = open
    .slice(0, 9)
    .map(each => ({ ...each, updated_at: new Date(Date.now() - 29.5 * DAY).toISOString() }));
  const gone = [one('gone', 't1', 5), { ...one('gone', 't1', 4), deleted: true }];
  return [...open, ...again, ...gone, one('old', 't2', 31), one('done', 't2', 3), one('done', 't2', 2, 'done')];
}

const home = mkdtempSync(join(tmpdir(), 'kustomer-sync-recipes-'));
const folderOf = (text: string) => join(home, text.includes('attributes') ? 'raw' : 'flat');

beforeAll(() => {
  const write = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), content);
  };
  for (const [run, lines] of Object.entries(LINES)) {
    for (const [format, make] of Object.entries({ flat, raw })) {
      const text = lines.map(line => `${JSON.stringify(make(line)).replace(`"${LARGE}"`, '9'.repeat(40))}\n`).join('');
      const folder = `${format}/kustomer/${run}/kustomer-sync`;
      if (run === '999') write(`${folder}/tags/tags-00001.ndjson.gz`, gzipSync(text));
      else write(`${folder}/tags/tags-00001.ndjson`, text);
      write(
        `${folder}/manifest.json`,
        JSON.stringify({ streams: [{ name: 'tags', outcome: 'complete', records: 3 }] }),
      );
    }
  }
});

beforeAll(() => {
  const folder = join(home, 'flat/kustomer/1002/kustomer-sync');
  const write = (stream: string, lines: readonly object[]) => {
    mkdirSync(join(folder, stream), { recursive: true });
    writeFileSync(
      join(folder, stream, `${stream}-00001.ndjson`),
      lines.map(line => `${JSON.stringify(line)}\n`).join(''),
    );
  };
  write('conversations', conversations());
  const updated_at = new Date(Date.now() - 90 * DAY).toISOString();
  write(
    'teams',
    Object.entries(TEAMS).map(([id, name]) => ({ id, type: 'team', updated_at, name })),
  );
});

afterAll(() => rmSync(home, { recursive: true }));

const isThere = (tool: string) => spawnSync(tool, ['--version']).status === 0;

/** What a program prints; fails when the program does. */
function output(program: string, args: readonly string[], cwd: string, input: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, input, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const sorted = (tags: readonly Tag[]) => [...tags].sort(([a], [b]) => (a < b ? -1 : 1));

test('every block is of a language that is checked here or with the examples', () => {
  const known = ['', 'json', 'mermaid', 'python', 'sh', 'sql', 'yaml'];
  expect(BLOCKS.filter(({ language }) => !known.includes(language)).map(({ place }) => place)).toEqual([]);
  expect(new Set(BLOCKS.map(({ language }) => language))).toEqual(new Set(known));
});

test.each(blocksIn('json'))('%s is a record a line', (_, { text }) => {
  for (const line of text.trim().split('\n')) expect(typeof JSON.parse(line).id).toBe('string');
});

test.each(blocksIn('mermaid'))('%s is a flowchart of known nodes', (_, { text }) => {
  expect(text).toMatch(/^flowchart (?:LR|TD)\n/);
  const brackets = (open: string) => text.split(open).length;
  expect(brackets('[')).toBe(brackets(']'));
});

test.each(blocksIn('sh'))('%s is a shell script', (_, { text }) => {
  output('bash', ['-n'], home, text);
});

// What asks GitHub is only parsed, and `npm run demo` is a check of its own.
const withJq = blocksIn('sh').filter(([, { text }]) => /\bjq -/.test(text) && !/\bgh /.test(text));
test.each(withJq)('%s gives what it should', (_, { text }) => {
  if (!isThere('jq')) return;
  const lines = output('bash', ['-euo', 'pipefail'], folderOf(text), text).trim().split('\n');
  if (text.includes('manifest.json')) expect(lines).toEqual(['tags\tcomplete\t3', 'tags\tcomplete\t3']);
  else expect(sorted(lines.map(line => line.split('\t') as unknown as Tag))).toEqual(EXPECTED);
});

test.each(blocksIn('python'))('%s gives what it should', (_, { text }) => {
  if (!isThere('python3')) return;
  const program = `${text}\nprint(json.dumps([[each["id"], each["name"]] for each in records]))\n`;
  expect(sorted(JSON.parse(output('python3', ['-'], folderOf(text), program)))).toEqual(EXPECTED);
});

/** The part of @duckdb/node-api that is used here. */
interface DuckDB {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{
        run(sql: string): Promise<unknown>;
        runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): Record<string, string>[] }>;
      }>;
    }>;
  };
}

describe.each(blocksIn('sql'))('%s', (_, { text }: Block) => {
  test('is one query with as many parentheses opened as closed', () => {
    expect(text.match(/\(/g)?.length).toBe(text.match(/\)/g)?.length);
    expect(text.replaceAll(/'[^']*'|--.*/g, '').match(/;/g)).toEqual([';']);
  });

  test('gives what it should', async () => {
    const name = '@duckdb/node-api';
    const duckdb: DuckDB | null = await import(name).catch(() => null);
    if (duckdb === null) return;
    const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect();
    const usesViews = !text.includes('read_ndjson_objects');
    await connection.run(`SET file_search_path = '${folderOf(text)}${usesViews ? '/kustomer' : ''}'`);
    const streams = ['conversations', 'teams', 'tags'];
    if (usesViews) await connection.run(duckdbViews(streams.map(stream => documentedSchema(stream, 'flat'))));
    const rows = (await connection.runAndReadAll(text)).getRowObjectsJson();
    if (text.includes('FROM conversations')) {
      const shown = BLOCKS[BLOCKS.findIndex(block => block.text === text) + 1]?.text.split('\n') ?? [];
      const cells = shown.filter(line => line.startsWith('│')).map(line => line.split('│').map(cell => cell.trim()));
      expect([Object.keys(rows[0] ?? {}), ...rows.map(row => Object.values(row))]).toEqual(
        cells.map(row => row.slice(1, -1)),
      );
      return;
    }
    // A query gives columns, or the record as it is.
    const tags = rows.map(row => ('tag' in row ? JSON.parse(row.tag as string) : row));
    expect(sorted(tags.map(({ id, name }) => [id, name]))).toEqual(EXPECTED);
  });
});
