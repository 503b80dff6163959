// views.sql, run by DuckDB over files as a run writes them: the views are the simulator's truth.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Observer } from '../../src/schema/observer.ts';
import { documentedSchema, widen } from '../../src/schema/schema.ts';
import { type ViewColumn, viewColumns } from '../../src/schema/view-columns.ts';
import { duckdbViews } from '../../src/schema/views.ts';
import { idsTable, warehouseViews } from '../../src/schema/warehouses.ts';
import type { RecordFormat } from '../../src/sync/state.ts';
import { few } from '../forms.ts';
import { linesOf, type Written, writtenBy } from './written.ts';

const home = mkdtempSync(join(tmpdir(), 'kustomer-sync-views-'));
afterAll(() => rmSync(home, { recursive: true }));

const LAYOUTS = {
  artifact: (stream: string, part: number) => `${stream}/${stream}-0000${part}.ndjson`,
  'folder above artifacts': (stream: string, part: number) =>
    `10${part}/kustomer-sync/${stream}/${stream}-00001.ndjson`,
  branch: (stream: string, part: number) => `some data/${stream}/dt=2026-06-0${part}/77${part}-1-00001.ndjson`,
};
type Layout = keyof typeof LAYOUTS;

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Writes each stream to two files: the second one has other columns, and is compressed in two gzip members. */
function writeFiles(folder: string, world: readonly Written[], format: RecordFormat, layout: Layout): string {
  const schemas = world.map(written => {
    const lines = linesOf(written, format).map(line => (format === 'flat' ? wellFormed(line) : line));
    const observer = new Observer(documentedSchema(written.stream, format));
    for (const line of lines) observer.line(line);
    const half = Math.ceil(lines.length / 2);
    const path = LAYOUTS[layout];
    write(join(folder, path(written.stream, 1)), Buffer.concat(lines.slice(0, half)));
    const members = [lines.slice(half, half + 3), lines.slice(half + 3)].map(part => gzipSync(Buffer.concat(part)));
    write(join(folder, `${path(written.stream, 2)}.gz`), Buffer.concat(members));
    // What else may lie there is not taken for records.
    write(join(folder, dirname(path(written.stream, 1)), `${written.stream}-ids-00001.ndjson`), '{"id":"1"}\n');
    write(join(folder, `${path(written.stream, 1)}.age`), 'secret');
    return widen(documentedSchema(written.stream, format), observer.seen());
  });
  return duckdbViews(schemas, 'some data');
}

/** In \`flat\`, a lone surrogate becomes U+FFFD (docs/reading-the-data.md#flat). */
function wellFormed(line: Buffer): Buffer {
  const pattern = /(\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|\\u[dD][89a-fA-F]../g;
  return Buffer.from(String(line).replace(pattern, (_, kept) => kept ?? '\ufffd'));
}

async function open(folder: string, sql: string, threads = '1'): Promise<DuckDBConnection> {
  const database = await DuckDBInstance.create(':memory:', { threads });
  const connection = await database.connect();
  // In a folder of its own without a change of the process: the paths of views.sql are relative.
  await connection.run(`SET file_search_path = '${folder}'`);
  // As DuckDB 2 reads it.
  await connection.run("SET lambda_syntax = 'DISABLE_SINGLE_ARROW'");
  await connection.run(sql);
  return connection;
}

async function rows(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[];
}

/** A column as text that is compared with `expected`. */
function shown({ name, type }: ViewColumn): string {
  const quoted = `"${name.replaceAll('"', '""')}"`;
  return `${type === 'time' ? `epoch_ms(${quoted})` : type === 'texts' ? `to_json(${quoted})` : quoted}::VARCHAR AS ${quoted}`;
}

const numberOrNull = expect.toSatisfy(value => value === null || typeof value === 'number');

/** What a view should show of a line, which is parsed. */
function expected({ path, inside, type }: ViewColumn, line: unknown): unknown {
  const at = (value: unknown, key: string) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : null;
  };
  const value = [...path, ...inside].reduce(at, line);
  if (value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : expect.anything();
    case 'time':
      return Number.isNaN(Date.parse(String(value))) ? null : String(Date.parse(String(value)));
    case 'number':
    case 'integer':
      return typeof value === 'number' && Math.abs(value) < 2 ** 53 ? value : numberOrNull;
    case 'boolean':
      return String(value);
    default:
      return value;
  }
}

function comparable({ type }: ViewColumn, value: unknown): unknown {
  if (value === null) return null;
  return type === 'json' || type === 'texts'
    ? JSON.parse(String(value))
    : type === 'number' || type === 'integer'
      ? Number(value)
      : value;
}

const WORLD = writtenBy(7, { count: 24, exoticEvery: 2 });

/** Where files are and how lines look are independent of each other. */
const PLACES: readonly (readonly [RecordFormat, Layout])[] = [
  ['flat', 'artifact'],
  ['flat', 'folder above artifacts'],
  ['raw', 'branch'],
  ['flat', 'branch'],
];

describe.each(few(PLACES, 2))('%s, in the files of the %s', (format, layout) => {
  const folder = join(home, format, layout);
  let connection: DuckDBConnection;
  beforeAll(async () => {
    connection = await open(folder, writeFiles(folder, WORLD, format, layout));
  });
  afterAll(() => connection.closeSync());

  // Of the second place, in the short form, some streams: the columns of all are made alike.
  const streams = format === 'flat' ? WORLD : few(WORLD, 6);
  test.each(streams.map(written => [written.stream, written] as const))('%s is the truth', async (stream, written) => {
    const records = [...written.truth].map(([id, json]) => ({ id, type: 'x', json: Buffer.from(json) }));
    const lines = linesOf({ ...written, published: records }, format).map(line => JSON.parse(String(wellFormed(line))));
    const observer = new Observer(documentedSchema(stream, format));
    for (const line of linesOf(written, format)) observer.line(line);
    const columns = viewColumns(widen(documentedSchema(stream, format), observer.seen()));
    const found = await rows(connection, `SELECT ${columns.map(shown).join(', ')} FROM ${stream}`);
    const byId = new Map(found.map(row => [row.id, row]));
    expect([...byId.keys()].sort()).toEqual([...written.truth.keys()].sort());
    expect(found.length).toBe(lines.length);
    for (const line of lines) {
      const row = byId.get((line as { id: string }).id);
      for (const column of columns) {
        const want = expected(column, line);
        expect([stream, column.name, comparable(column, row?.[column.name])]).toEqual([stream, column.name, want]);
      }
    }
  });

  test('the history has every line', async () => {
    for (const { stream, published } of WORLD) {
      const [count] = await rows(
        connection,
        `SELECT count(*)::INT AS lines, count(DISTINCT _file)::INT AS files FROM ${stream}_history`,
      );
      expect([stream, count]).toEqual([stream, { lines: published.length, files: 2 }]);
    }
  });

  test('the example joins every message with its conversation and its customer', async () => {
    const messages = WORLD.find(({ stream }) => stream === 'messages')?.truth.size;
    const found = await rows(
      connection,
      `SELECT typeof(customer_id) AS type, count(*)::INT AS n, count(conversation)::INT > 0 AS joined, count(customer)::INT > 0 AS known FROM conversation_messages GROUP BY ALL`,
    );
    expect(found).toEqual([{ type: 'VARCHAR', n: messages, joined: true, known: true }]);
  });

  test('open conversations by team, last 30 days, are one query', async () => {
    const found = await rows(
      connection,
      `SELECT team.name AS team, count(*)::INT AS open
         FROM conversations AS conversation, unnest(assigned_teams) AS _(team_id) LEFT JOIN teams AS team ON team.id = team_id
         WHERE status = 'open' AND conversation.updated_at > TIMESTAMPTZ '2026-06-15' - INTERVAL 30 DAY GROUP BY ALL`,
    );
    expect(found.length).toBeGreaterThan(0);
  });
});

describe('what breaks others', () => {
  const lines = (...records: object[]) => records.map(record => `${JSON.stringify(record)}\n`).join('');
  const at = (day: number) => `2026-01-0${day}T00:00:00.000Z`;

  test('a stream without a file has empty views, and the others have theirs', async () => {
    const folder = join(home, 'one-stream');
    write(join(folder, 'tags/tags-00001.ndjson'), lines({ id: '000001', type: 'tag', name: 'one', updated_at: at(1) }));
    for (const format of ['flat', 'raw'] as const) {
      const schemas = WORLD.map(({ stream }) => documentedSchema(stream, stream === 'tags' ? 'flat' : format));
      const connection = await open(folder, duckdbViews(schemas));
      expect(await rows(connection, 'SELECT id, typeof(id) AS type, name FROM tags')).toEqual([
        { id: '000001', type: 'VARCHAR', name: 'one' },
      ]);
      for (const view of ['users', 'users_history', 'conversations', 'conversation_messages']) {
        expect(await rows(connection, `SELECT count(*)::INT AS n FROM ${view}`)).toEqual([{ n: 0 }]);
      }
      connection.closeSync();
    }
  });

  test.each(['flat', 'raw'] as const)('%s: a record that has come back as it was is there', async format => {
    const folder = join(home, 'back', format);
    const record = (id: string, day: number, isDeleted = false) => {
      const time = { [format === 'flat' ? 'updated_at' : 'updatedAt']: at(day) };
      const own = isDeleted
        ? { ...time, [format === 'flat' ? 'deleted_at' : 'deletedAt']: at(day), deleted: true }
        : { ...time, name: id };
      return format === 'flat' ? { id, type: 'tag', ...own } : { id, type: 'tag', attributes: own };
    };
    const ids = ['back', 'gone again', 'updated', 'gone in a late second attempt', 'twice gone', 'there', 'erased'];
    const [back, again, updated, late, twice] = ids as [string, string, string, string, string];
    const runs: Record<string, object[]> = {
      '101-1': ids.map(id => record(id, 1)),
      '102-1': [back, again, updated, twice].map(id => record(id, 3, true)),
      '102-2': [record(late, 6, true)],
      '103-1': [record(back, 1), record(again, 1), record(late, 2), record(twice, 4, true), record(updated, 4)],
      '104-1': [record(again, 5, true), record(twice, 1)],
    };
    for (const [run, records] of Object.entries(runs))
      write(join(folder, `data/tags/dt=2026-01-05/${run}-00001.ndjson`), lines(...records));
    const shown = async () => {
      const connection = await open(folder, duckdbViews([documentedSchema('tags', format)]));
      const found = await rows(connection, 'SELECT id FROM tags ORDER BY id');
      connection.closeSync();
      return found.map(({ id }) => id);
    };
    expect(await shown()).toEqual([back, 'erased', 'there', twice, updated]);
    // Of what a list shows again, ids that were read before say nothing.
    const path = 'tags/tags-ids-00001.ndjson';
    const stream = { name: 'tags', outcome: 'complete', from: '' };
    const manifest = { as_of: at(7), streams: [stream], files: [{ path, stream: 'tags', sha256: 'a' }] };
    write(join(folder, 'ids/now/manifest.json'), JSON.stringify(manifest));
    write(join(folder, 'ids/now', path), lines({ id: 'there' }));
    expect(await shown()).toEqual([back, 'there', twice]);
  });

  test('the views of a warehouse show the same, with the ids of a reconciliation', async () => {
    const connection = await open(home, 'CREATE SCHEMA kustomer');
    // As DuckDB reads the statements for Postgres: a pattern has to match the whole text.
    const asDuckdb = (sql: string) => sql.replaceAll(/(?<= ~ '\^)[^']+/g, '$&.*');
    await connection.run(idsTable('postgres'));
    for (const stream of ['tags', 'conversations', 'work_sessions'])
      await connection.run(asDuckdb(warehouseViews('postgres', documentedSchema(stream, 'flat'))));
    const record = (id: string, day: number, more = {}) => ({ id, type: 'x', updated_at: at(day), ...more });
    const gone = { deleted: true, deleted_at: at(3) };
    const loads: [number, object[]][] = [
      [101, ['there', 'erased', 'back', 'gone', 'changed'].map(id => record(id, 1))],
      [102, [record('back', 3, gone), record('gone', 3, gone)]],
      [103, [record('back', 1), record('changed', 8)]],
    ];
    const load = async (stream: string) => {
      for (const [run, records] of loads)
        for (const each of records)
          await connection.run(`INSERT INTO kustomer.${stream}_lines VALUES (${run}, '${JSON.stringify(each)}')`);
    };
    const shown = async (stream: string) =>
      (await rows(connection, `SELECT id FROM kustomer.${stream} ORDER BY id`)).map(({ id }) => id);
    const reconcile = (stream: string, day: number, since: string | null, ...ids: (string | null)[]) => {
      const values = ids.map(id => `('${stream}', '${at(day)}', ${since && `'${since}'`}, ${id && `'${id}'`})`);
      return connection.run(`INSERT INTO kustomer.ids VALUES ${values.join(', ')}`);
    };
    await load('tags');
    await load('conversations');
    await load('work_sessions');
    expect(await shown('tags')).toEqual(['back', 'changed', 'erased', 'there']);
    // A deletion in a search is a version of its record.
    expect(await shown('conversations')).toEqual(['changed', 'erased', 'there']);
    for (const stream of ['tags', 'conversations', 'work_sessions']) {
      // One that is not complete, or that a newer one replaces, says nothing.
      await reconcile(stream, 6, null, 'erased', 'back', null);
      await reconcile(stream, 9, null, 'erased');
      await reconcile(stream, 7, stream === 'work_sessions' ? at(2) : null, 'there', 'there', null);
    }
    expect(await shown('tags')).toEqual(['back', 'changed', 'there']);
    expect(await shown('conversations')).toEqual(['changed', 'there']);
    // Nobody has looked for what is older.
    expect(await shown('work_sessions')).toEqual(['changed', 'erased', 'there']);
    connection.closeSync();
  });

  test.each(['flat', 'raw'] as const)(
    '%s: of lines with one time, or with none, the later one counts',
    async format => {
      const folder = join(home, 'ties', format);
      const record = (id: string, name: string | null, updated?: string) => {
        const own = name === null ? { deleted: true } : { name };
        if (format === 'flat') return { id, type: 'x', ...own, ...(updated && { updated_at: updated }) };
        return { id, type: 'x', attributes: { ...own, ...(updated && { updatedAt: updated }) } };
      };
      const filler = Array.from({ length: 20_000 }, (_, i) => record(`f${i}`, 'x', at(1)));
      // The runs 999 and 1002, in two attempts, and a data branch that has the same.
      const runs = [
        [
          '999/kustomer-sync',
          1,
          [record('a', 'old', at(1)), record('b', 'old'), record('c', 'old'), record('e', 'new', at(2))],
        ],
        ['999/kustomer-sync', 2, [...filler, record('d', 'older', at(1)), record('d', 'old', at(1))]],
        ['999/kustomer-sync-attempt-2', 1, [record('d', 'newer', at(1)), record('a', 'newer', at(1))]],
        ['1002/kustomer-sync', 1, [record('a', 'new', at(1)), record('b', null, at(3)), record('c', null, at(3))]],
        ['1003/kustomer-sync', 1, [record('b', 'new'), record('d', 'new', at(1)), record('e', 'old', at(1))]],
      ] as const;
      const branch = (run: string, part: number) => {
        const [, id, attempt = '1'] = /^(\d+).*?(?:attempt-(\d+))?$/.exec(run) ?? [];
        // A backfill has the day of its end.
        return `dt=2026-01-${id === '1003' ? '01' : '05'}/${id}-${attempt}-${id === '1003' ? 'backfill-a1b2c3-' : ''}0000${part}.ndjson`;
      };
      for (const stream of ['tags', 'slas']) {
        for (const [run, part, records] of runs) {
          write(join(folder, 'artifacts', run, stream, `${stream}-0000${part}.ndjson`), lines(...records));
          write(join(folder, 'branch/data', stream, branch(run, part)), lines(...records));
        }
      }
      for (const layout of ['artifacts', 'branch']) {
        const connection = await open(
          join(folder, layout),
          duckdbViews([documentedSchema('tags', format), documentedSchema('slas', format)]),
          '4',
        );
        const named = async (stream: string) => {
          const found = await rows(connection, `SELECT id, name FROM ${stream} WHERE id NOT LIKE 'f%' ORDER BY id`);
          return found.map(({ id, name }) => `${id} ${name}`);
        };
        expect([layout, await named('tags')]).toEqual([layout, ['a new', 'd new', 'e new']]);
        expect([layout, await named('slas')]).toEqual([layout, ['a new', 'b new', 'd new', 'e old']]);
        connection.closeSync();
      }
    },
  );

  test('a version after a deletion line, values of another type, keys that are no names', async () => {
    const folder = join(home, 'odd');
    const text = lines(
      { id: '1', type: 'tag', name: 'gone', updated_at: at(1) },
      { id: '1', type: 'tag', updated_at: at(2), deleted_at: at(2), deleted: true },
      { id: '2', type: 'tag', updated_at: at(1), deleted_at: at(1), deleted: true },
      {
        id: '2',
        type: 'tag',
        name: 'back',
        updated_at: at(3),
        'it\'s "odd"': 1,
        'a/b~c': { d: 1 },
        custom: { 'it\'s/a~"num': 2, 'x.y_num': 'two', Bool: true },
      },
      { id: '3', type: 'tag', name: { an: 'object' }, updated_at: 'yesterday', deleted: 'no', custom: 5 },
      {
        id: '0004',
        type: 'tag',
        name: 12,
        color: ['a'],
        updated_at: at(1),
        deleted: null,
        Name: 'another',
        _file: 'x',
        filename: 'y',
      },
    );
    write(join(folder, 'tags/tags-00001.ndjson'), text);
    const before = documentedSchema('tags', 'flat');
    const observer = new Observer(before);
    for (const line of text.trim().split('\n')) observer.line(Buffer.from(line));
    const connection = await open(folder, duckdbViews([widen(before, observer.seen())]));
    expect(
      await rows(
        connection,
        `SELECT * EXCLUDE (type, links, org, org_id, created_by, created_by_id, modified_by, modified_by_id, deleted_by, deleted_by_id, created_at, modified_at, deleted_at, custom, filename, _file, _order) FROM tags ORDER BY id`,
      ),
    ).toEqual([
      {
        id: '0004',
        updated_at: '2026-01-01 00:00:00+00',
        deleted: null,
        name: '12',
        color: '["a"]',

        'it\'s "odd"': null,
        'a/b~c': null,
        'custom_it\'s/a~"num': null,
        'custom_x.y_num': null,
        custom_bool: null,
      },
      {
        id: '2',
        updated_at: '2026-01-03 00:00:00+00',
        deleted: null,
        name: 'back',
        color: null,

        'it\'s "odd"': '1',
        'a/b~c': '{"d":1}',
        'custom_it\'s/a~"num': '2',
        'custom_x.y_num': null,
        custom_bool: true,
      },
      {
        id: '3',
        updated_at: null,
        deleted: false,
        name: '{"an":"object"}',
        color: null,

        'it\'s "odd"': null,
        'a/b~c': null,
        'custom_it\'s/a~"num': null,
        'custom_x.y_num': null,
        custom_bool: null,
      },
    ]);
    connection.closeSync();
  });
});
