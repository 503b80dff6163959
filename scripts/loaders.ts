// Loads two syncs, with changes and deletions between them, into real targets of Singer and into the views of
// docs/sql/postgres.sql, and compares what is there with the truth. Fails when anything differs.
//
//   npm run loaders
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lines } from '../src/records/record.ts';
import { ALL_STREAMS, LISTED, type Stream } from '../test/world/kustomer/index.ts';
import { openStage } from '../test/world/stage.ts';
import { type Postgres, startPostgres } from './loaders/postgres.ts';
import { openTargets } from './loaders/targets.ts';

type Row = Readonly<Record<string, unknown>>;
interface Property {
  readonly type: readonly string[];
  readonly format?: string;
}

const HOUR = 3_600_000;
const VIEWS = fileURLToPath(new URL('../docs/sql/postgres.sql', import.meta.url));
const COUNT = 60;

const directory = mkdtempSync(join(tmpdir(), 'kustomer-sync-loaders-'));
const postgres = await startPostgres();
// A record in three is odd: numbers that no double holds, keys that meet, half an emoji, NUL.
const stage = await openStage({ world: { exoticEvery: 3 } });
let differences = 0;

try {
  const plain = Object.fromEntries(ALL_STREAMS.map(stream => [stream, COUNT]));
  const counts = { ...plain, kobjects: { order: COUNT, 'return-case': 20 } };
  stage.world.populate(counts, { from: Date.now() - 30 * 24 * HOUR, to: Date.now() - 2 * HOUR });
  const targets = openTargets(postgres, directory);
  for (const which of ['first sync', 'second sync']) {
    if (which === 'second sync') change();
    const result = await stage.sync({ with: { streams: ALL_STREAMS.join(','), singer: 'true' } });
    if (result.jobConclusion !== 'success') throw new Error(`the sync failed:\n${result.log}`);
    const output = result.outputs['output-dir'] as string;
    const file = join(output, 'singer.jsonl');
    const messages = readFileSync(file, 'utf8').trimEnd().split('\n').map(parse);
    const records = messages.filter(({ type }) => type === 'RECORD').length;
    const schemas = new Map(messages.filter(({ type }) => type === 'SCHEMA').map(each => [each.stream, each.schema]));
    for (const target of targets) {
      target.load(file);
      const wrong = ALL_STREAMS.flatMap(stream => {
        const { properties } = schemas.get(stream) as { properties: Readonly<Record<string, Property>> };
        const isSame = (name: string, expected: unknown, found: unknown) =>
          isLoaded(properties[name] as Property, target.emptyIsNull && expected === '' ? null : expected, found);
        return compare(stream, truthOf(stream, '\\ufffd'), target.rows(stream), Object.keys(properties), isSame);
      });
      tell(target.name, which, records, wrong);
    }
    loadLines(postgres, output);
    tell('docs/sql/postgres.sql', which, records, ALL_STREAMS.flatMap(viewOf));
  }
  // Erased without a mark: only the ids of a reconciliation tell.
  for (const stream of ALL_STREAMS) if (!LISTED.includes(stream)) stage.world.hardDelete(stream, 3);
  const now = { settle: '0s', lookback: '0s' };
  const ids = await stage.sync({ with: { mode: 'reconcile', streams: ALL_STREAMS.join(','), ...now } });
  if (ids.jobConclusion !== 'success') throw new Error(`the reconciliation failed:\n${ids.log}`);
  tell(
    'docs/sql/postgres.sql',
    'ids',
    loadIds(postgres, ids.outputs['output-dir'] as string),
    ALL_STREAMS.flatMap(viewOf),
  );
} finally {
  await stage.close();
  await postgres.close();
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = differences > 0 ? 1 : 0;

/** What is wrong in the view of a stream. */
function viewOf(stream: Stream): string[] {
  const rows = postgres.run(`SELECT row_to_json(t) FROM kustomer.${stream} t`).map(parse);
  const truth = truthOf(stream, '');
  const written = new Set([...truth.values()].flatMap(Object.keys));
  const names = Object.keys(rows[0] ?? {}).filter(name => written.has(name));
  return compare(stream, truth, new Map(rows.map(row => [row.id, row])), names, isSelected);
}

/** Changes, deletions of both kinds, and new records. */
function change(): void {
  const at = Date.now() - HOUR / 3;
  for (const stream of ALL_STREAMS) {
    stage.world.update(stream, 10, { at });
    if (LISTED.includes(stream)) stage.world.hardDelete(stream, 3);
    else stage.world.softDelete(stream, 5, { at });
    stage.world.create(stream, 5, { updatedAt: at });
  }
}

function tell(name: string, which: string, records: number, wrong: readonly string[]): void {
  differences += wrong.length;
  const verdict = wrong.length === 0 ? 'equal to the truth' : `NOT equal to the truth: ${wrong.length} differences`;
  console.log(`${name.padEnd(24)}${which.padEnd(14)}${String(records).padStart(6)} records loaded   ${verdict}`);
  for (const each of wrong.slice(0, 5)) console.log(`  ${each}`);
}

/**
 * The latest version of what exists, as `flat` writes it, by id.
 * @param nul what takes the place of NUL, which no database takes
 */
function truthOf(stream: Stream, nul: string): Map<unknown, Row> {
  const lines = new Lines(65_536);
  const existing = [...stage.world.truth(stream)].filter(([, { deleted }]) => !deleted);
  return new Map(
    existing.map(([id]) => {
      lines.clear();
      const json = Buffer.from(stage.world.render(stream, id));
      lines.add({ id, type: stream, json }, { recordFormat: 'flat' });
      return [id, parse(String(lines.bytes()).replaceAll(/\\(u0000)|\\./g, (all, isNul) => (isNul ? nul : all)))];
    }),
  );
}

function compare(
  stream: Stream,
  truth: ReadonlyMap<unknown, Row>,
  rows: ReadonlyMap<unknown, Row>,
  names: readonly string[],
  isSame: (name: string, expected: unknown, found: unknown) => boolean,
): string[] {
  const extra = [...rows.keys()].filter(id => !truth.has(id)).map(id => `${stream} ${id} does not exist`);
  const wrong = [...truth].flatMap(([id, expected]) => {
    const found = rows.get(id);
    if (found === undefined) return [`${stream} ${id} is missing`];
    const differing = names.filter(name => !isSame(name, expected[name] ?? null, found[name] ?? null));
    return differing.map(name => `${stream} ${id} ${name}: ${shown(found[name])} instead of ${shown(expected[name])}`);
  });
  return [...extra, ...wrong];
}

/** Whether a column of a target has a value, as its type allows. Numbers are compared as doubles. */
function isLoaded({ type, format }: Property, expected: unknown, found: unknown): boolean {
  if (expected === null || found === null) return expected === found;
  if (format === 'date-time') return timeIn(expected) === timeIn(found);
  if (type.includes('object'))
    return canonical(expected) === canonical(typeof found === 'string' ? parse(found) : found);
  if (type.includes('string') && typeof expected !== 'string')
    return canonical(expected) === canonical(parse(String(found)));
  return type.includes('number') || type.includes('integer') ? Number(expected) === Number(found) : expected === found;
}

/** The same of a view, whose columns have no type here. */
function isSelected(_: string, expected: unknown, found: unknown): boolean {
  return canonical(expected) === canonical(found) || (found !== null && timeIn(expected) === timeIn(found));
}

/** Milliseconds; a time without a zone is in UTC. */
function timeIn(value: unknown): number {
  const text = String(value).replace(' ', 'T');
  return Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) => {
    if (inner === Number.POSITIVE_INFINITY) return 'infinite';
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200);
}

function parse(text: string): Row {
  return JSON.parse(text) as Row;
}

/** Appends the lines of a run, unchanged, to the tables that the views select from. */
function loadLines({ run }: Postgres, output: string): void {
  run('CREATE SCHEMA IF NOT EXISTS kustomer');
  run(readFileSync(VIEWS, 'utf8'));
  const manifest = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8'));
  for (const { path, stream } of manifest.files as { path: string; stream: string }[]) {
    const lines = readFileSync(join(output, path), 'utf8').trimEnd().replaceAll('\\', '\\\\').split('\n');
    run(`COPY kustomer.${stream}_lines FROM STDIN`, `${manifest.run.id}\t${lines.join(`\n${manifest.run.id}\t`)}\n`);
  }
}

/** Loads the ids of a reconciliation. @returns how many rows */
function loadIds({ run }: Postgres, output: string): number {
  const { as_of, streams, files } = JSON.parse(readFileSync(join(output, 'manifest.json'), 'utf8'));
  const rows = (streams as { name: string; from: string }[]).flatMap(({ name, from }) => {
    const own = (files as { path: string; stream: string }[]).filter(({ stream }) => stream === name);
    const texts = own.map(({ path }) => readFileSync(join(output, path), 'utf8').trimEnd().split('\n'));
    const ids = texts.flat().map(line => String(parse(line).id));
    return [...ids, '\\N'].map(id => [name, as_of, from || '\\N', id].join('\t'));
  });
  run('COPY kustomer.ids FROM STDIN', `${rows.join('\n')}\n`);
  return rows.length;
}
