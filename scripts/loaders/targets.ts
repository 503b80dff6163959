// Real targets of Singer, each in a Python environment of its own under tmp/, and what they have loaded.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Postgres } from './postgres.ts';

type Row = Readonly<Record<string, unknown>>;

export interface Target {
  readonly name: string;
  /** Keeps no empty text. */
  readonly emptyIsNull?: true;
  /** `target --config config.json < file` */
  load(file: string): void;
  /** The rows of a stream that are not deleted, by id. */
  rows(stream: string): ReadonlyMap<unknown, Row>;
}

const HOME = fileURLToPath(new URL('../../tmp/loaders', import.meta.url));
const SCHEMA = 'singer';

/** @param directory for what the targets write */
export function openTargets(postgres: Postgres, directory: string): readonly Target[] {
  const lines = join(directory, 'target-jsonl');
  const database = join(directory, 'target.duckdb');
  const place = { host: '127.0.0.1', port: postgres.port, user: postgres.user, password: 'none', database: 'postgres' };
  return [
    {
      // It only appends, so the last line of an id is its row.
      ...targetOf('target-jsonl', directory, { destination_path: lines, do_timestamp_file: false }),
      rows: stream => byId(existing(byId(readLines(join(lines, `${stream}.jsonl`))))),
    },
    {
      ...targetOf('target-duckdb', directory, { filepath: database, default_target_schema: SCHEMA }),
      emptyIsNull: true,
      rows: stream => byId(existing(byId(fromDuckdb(database, stream)))),
    },
    {
      ...targetOf('target-postgres', directory, { ...place, default_target_schema: SCHEMA }),
      rows: stream =>
        byId(existing(byId(postgres.run(`SELECT row_to_json(t) FROM ${SCHEMA}."${stream}" t`).map(parse)))),
    },
  ];
}

function targetOf(name: string, directory: string, config: object): Pick<Target, 'name' | 'load'> {
  const bin = installTarget(name);
  const settings = join(directory, `${name}.json`);
  writeFileSync(settings, JSON.stringify(config));
  return {
    name,
    load(file) {
      // What a target says goes into a file: the script quotes its end when the target fails.
      const log = join(directory, `${name}.log`);
      const output = openSync(log, 'a');
      try {
        const stdio = [openSync(file, 'r'), output, output];
        execFileSync(join(bin, name), ['--config', settings], { stdio, cwd: directory });
      } catch (cause) {
        throw new Error(`${name} failed:\n${readFileSync(log, 'utf8').slice(-2_000)}`, { cause });
      }
    },
  };
}

/** Makes the environment anew when the versions have changed. @returns the directory of its programs */
export function installTarget(name: string): string {
  const home = join(HOME, name);
  const versions = fileURLToPath(new URL(`./${name}.txt`, import.meta.url));
  const stamp = join(home, 'installed');
  const wanted = createHash('sha256').update(readFileSync(versions)).digest('hex');
  const bin = join(home, 'bin');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return bin;
  console.log(`Fetching ${name} into tmp/loaders (once) ...`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(HOME, { recursive: true });
  execFileSync('python3', ['-m', 'venv', home], { stdio: 'inherit' });
  const quiet = ['--quiet', '--disable-pip-version-check'];
  execFileSync(join(bin, 'pip'), ['install', ...quiet, '--no-deps', '--requirement', versions], { stdio: 'inherit' });
  writeFileSync(stamp, wanted);
  return bin;
}

const READ_DUCKDB = `
import sys, duckdb
for (row,) in duckdb.connect(sys.argv[1], read_only=True).execute('SELECT to_json(t) FROM ${SCHEMA}."' + sys.argv[2] + '" t').fetchall():
    print(row)
`;

/** In Python: the file may be of a later version than what Node has. */
function fromDuckdb(database: string, stream: string): Row[] {
  const python = join(HOME, 'target-duckdb', 'bin', 'python');
  const rows = execFileSync(python, ['-c', READ_DUCKDB, database, stream], { encoding: 'utf8', maxBuffer: 1e9 });
  return rows.split('\n').filter(Boolean).map(parse);
}

function readLines(path: string): Row[] {
  const texts = globSync(path).map(file => readFileSync(file, 'utf8'));
  return texts.flatMap(text => text.split('\n').filter(Boolean).map(parse));
}

/** Python writes a number that no double holds as no JSON has it. */
function parse(text: string): Row {
  return JSON.parse(text.replaceAll(/":Infinity\b/g, '":1e999')) as Row;
}

function byId(rows: Iterable<Row>): Map<unknown, Row> {
  return new Map([...rows].map(row => [row.id, row]));
}

function existing(rows: ReadonlyMap<unknown, Row>): Row[] {
  return [...rows.values()].filter(({ _sdc_deleted_at }) => _sdc_deleted_at === null);
}
