// Which lines hold is what the views show: DuckDB is asked, over random lines in random files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, test } from 'vitest';
import {
  byWriting,
  type Existing,
  FACT_BYTES,
  type Fact,
  factOf,
  factsIn,
  microseconds,
  type Order,
  openLatest,
  writeFact,
} from '../../src/records/latest.ts';
import { Observer } from '../../src/schema/observer.ts';
import { documentedSchema, widen } from '../../src/schema/schema.ts';
import { orderOf } from '../../src/schema/view-columns.ts';
import { duckdbViews } from '../../src/schema/views.ts';
import { LONG } from '../forms.ts';
import { Random } from '../world/kustomer/index.ts';

const home = mkdtempSync(join(tmpdir(), 'kustomer-sync-latest-'));
afterAll(() => rmSync(home, { recursive: true }));

const DAY = 86_400_000;
const DATED: Order = { isDated: true, mayComeBack: false };
const TIMES = [
  '2026-01-01T00:00:00.000Z',
  '2026-01-01T00:00:00.001Z',
  '2026-01-01T00:00:01Z',
  '2025-12-31T23:59:59.999Z',
];

/** A line that meets the others in id, time and revision, and says in `name` which it is. */
function randomLine(random: Random, n: number, format: 'flat' | 'raw'): string {
  const pick = <T>(values: readonly T[]) => values[random.int(0, values.length)] as T;
  const updated = pick([...TIMES, ...TIMES, null, undefined, 'never']);
  const own = {
    name: `line ${n}`,
    rev: pick([1, 2, 3, undefined, null]),
    deleted: pick([true, false, undefined, null, false]),
    ...(format === 'raw' ? { updatedAt: updated } : { updated_at: updated }),
  };
  const deletedAt = { [format === 'raw' ? 'deletedAt' : 'deleted_at']: pick([TIMES[1], null, undefined, null, null]) };
  const id = `id ${random.int(0, 12)}`;
  const record =
    format === 'raw' ? { id, type: 'x', attributes: { ...own, ...deletedAt } } : { id, ...own, ...deletedAt };
  return JSON.stringify(record);
}

/** Names of files of a branch, which come in another order by the alphabet, by the day, and by when they were written. */
function randomPath(random: Random): string {
  const run = random.int(1, 12);
  const mark = ['', '', 'shard2-ab12cd-', 'backfill-0f3a-'][random.int(0, 4)];
  return `dt=2026-01-${String(random.int(1, 29)).padStart(2, '0')}/${random.int(0, 4) === 0 ? `0-${run}` : `${run}-1`}-${mark}${String(random.int(1, 4)).padStart(5, '0')}.ndjson`;
}

async function shown(folder: string, stream: string, format: 'flat' | 'raw', lines: readonly string[]) {
  const observer = new Observer(documentedSchema(stream, format));
  for (const line of lines) observer.line(Buffer.from(line));
  const schema = widen(documentedSchema(stream, format), observer.seen());
  const database = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection: DuckDBConnection = await database.connect();
  await connection.run(`SET file_search_path = '${folder}'`);
  await connection.run(duckdbViews([schema], 'data'));
  const rows = await connection.runAndReadAll(`SELECT "name" AS line FROM ${stream} ORDER BY "name"`);
  connection.closeSync();
  return rows.getRowObjectsJson().map(({ line }) => String(line));
}

function held(lines: readonly string[], order: Order, existing?: Existing): number[] {
  const latest = openLatest(order, existing);
  for (const [n, line] of lines.entries()) latest.add(factOf(line) as Fact, n);
  return [...latest.holding()].map(({ number }) => number).sort((a, b) => a - b);
}

const keyOf = (id: string) => (factOf(JSON.stringify({ id })) as Fact).key;

const nameIn = (line: string) => {
  const record = JSON.parse(line) as { name?: string; attributes?: { name: string } };
  return record.name ?? record.attributes?.name;
};

test.each([
  ['tags', 'flat'],
  ['tags', 'raw'],
  ['conversations', 'flat'],
  ['conversations', 'raw'],
  ['slas', 'flat'],
] as const)('the lines of %s that hold are those that the view shows (%s)', async (stream, format) => {
  const random = new Random(7);
  for (let round = 0; round < (LONG ? 40 : 6); round++) {
    const folder = join(home, `${stream}-${format}-${round}`);
    const paths = [...new Set(Array.from({ length: random.int(1, 8) }, () => randomPath(random)))];
    // Two files of one name in two folders would be in no order.
    const files = new Map(paths.map(path => [path.split('/')[1] as string, path]));
    const written: string[] = [];
    for (const [name, path] of [...files].sort(([a], [b]) => byWriting(a, b))) {
      const lines = Array.from({ length: random.int(1, 9) }, (_, i) => randomLine(random, written.length + i, format));
      written.push(...lines);
      const at = join(folder, 'data', stream, path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, `${lines.join('\n')}\n`);
      expect(name).not.toBe('');
    }
    const kept = held(written, orderOf(stream)).map(n => nameIn(written[n] as string));
    expect(await shown(folder, stream, format, written), `round ${round}`).toEqual(kept.sort());
  }
});

test('what is not among the existing ids, and was not updated since, is gone', () => {
  const line = (id: string, updated_at: string) => JSON.stringify({ id, updated_at });
  const asOf = '2026-01-02T00:00:00.000Z';
  const from = '2024-01-02T00:00:00.000Z';
  const existing = { keys: new Set([keyOf('there')]), asOf: microseconds(asOf), from: microseconds(from) };
  const lines = [
    line('there', TIMES[0]!),
    line('gone', TIMES[0]!),
    line('new', '2026-01-02T00:00:00.001Z'),
    line('at', asOf),
    // Nobody has looked for ids of that time.
    line('unread', '2024-01-01T00:00:00.000Z'),
  ];
  expect(held(lines, DATED, existing)).toEqual([0, 2, 4]);
  // Without an update, when it was created counts, and of a record without a time nothing is said.
  const others = [JSON.stringify({ id: 'timeless' }), JSON.stringify({ id: 'created', created_at: TIMES[0] })];
  expect(held(others, DATED, existing)).toEqual([0]);
  expect(held(lines, DATED)).toEqual([0, 1, 2, 3, 4]);
});

test('facts as bytes, in groups one after the other, hold the same lines as all at once', () => {
  const random = new Random(3);
  const lines = Array.from({ length: 400 }, (_, n) =>
    randomLine(random, n, 'flat').replace('id ', `${random.int(0, 9)}-`),
  );
  const bytes = Buffer.alloc(lines.length * FACT_BYTES);
  for (const [n, line] of lines.entries()) writeFact(factOf(line) as Fact, bytes, n * FACT_BYTES);
  expect([...factsIn(bytes, 0, 1)].map(([fact]) => fact)).toEqual(lines.map(factOf));
  for (const groups of [1, 2, 3]) {
    const found = Array.from({ length: groups }, (_, group) => {
      const latest = openLatest(DATED);
      for (const [fact, n] of factsIn(bytes, group, groups)) latest.add(fact, n);
      return [...latest.holding()].map(({ number }) => number);
    });
    expect(found.flat().sort((a, b) => a - b)).toEqual(held(lines, DATED));
    expect(found.every(numbers => numbers.length > 0)).toBe(true);
  }
});

test('a line without an id is no record, and neither is a text that is no JSON', () => {
  for (const text of ['', '{', '1', 'null', '[]', '{}', '{"id":1}', '{"id":null}', '{"id":"a"} {'])
    expect(factOf(text), text).toBeNull();
  expect(keyOf('a')).toHaveLength(16);
  expect(keyOf('a')).not.toBe(keyOf('b'));
  expect(factOf('{"id":"a"}')).toEqual({
    key: keyOf('a'),
    at: -Infinity,
    since: -Infinity,
    rev: -Infinity,
    isDeleted: false,
  });
});

test('a time is compared to the microsecond, in any zone', () => {
  const base = Date.parse('2026-01-01T00:00:00Z') * 1_000;
  expect(microseconds('2026-01-01T00:00:00Z')).toBe(base);
  expect(microseconds('2026-01-01T00:00:00.5')).toBe(base + 500_000);
  expect(microseconds('2026-01-01 01:00:00.000001+01:00')).toBe(base + 1);
  for (const none of [undefined, null, 1, '', '2026', '2026-13-01T00:00:00Z', `${DAY}`])
    expect(microseconds(none)).toBe(-Infinity);
});

test('a line may have as many lists as a sync has let it have', () => {
  const data = Array.from({ length: 200_001 }, () => [1]);
  const line = JSON.stringify({ id: 'a', type: 'kobject.x', updated_at: '2026-01-01T00:00:00.000Z', data });
  expect(factOf(line)?.at).toBe(Date.parse('2026-01-01T00:00:00Z') * 1_000);
});
