// The examples that bring the records into tables, as users have them: their jobs, their bash and Python, and the committed
// action. The tables then have the truth, ids as text. What needs Python's packages is for `npm run recipes`.
import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startPostgres } from '../../scripts/loaders/postgres.ts';
import { installTarget } from '../../scripts/loaders/targets.ts';
import { HAS_ALL, openDesk } from '../world/desk/index.ts';
import { DEFAULT_TOKEN, STREAMS, type Stream } from '../world/kustomer/index.ts';
import { ACTION, type Line, type Stage } from '../world/stage.ts';
import type { WorkflowOptions, WorkflowRun } from '../world/workflow/index.ts';
import { byId, changeOddly, oddStage, type Row, time, truthOf } from './odd.ts';
import { playExample } from './playing.ts';
import { FLAWLESS, faults } from './publishing.ts';
import { HOUR } from './support.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await oddStage();
});
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const play = (file: string, options: Partial<WorkflowOptions>) => playExample(stage, file, options);

function expectGreen({ conclusion, jobs }: WorkflowRun): void {
  expect(conclusion, jobs.map(({ result }) => result?.log).join('\n')).toBe('success');
}

/** Programs that stand in for others, on a PATH before them. */
async function programs(scripts: Readonly<Record<string, string>>): Promise<string> {
  const bin = await mkdtemp(join(stage.root, 'bin-'));
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/usr/bin/env bash\nset -euo pipefail\n${script}`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

/** Of all streams, by a table of id, name and time for each: what is there. */
function expectTruth(found: Readonly<Record<string, readonly (readonly unknown[])[]>>): void {
  for (const stream of STREAMS) {
    const rows = (found[stream] ?? []).map(([id, name, at]) => [id, name, time(at)] as unknown as Row);
    expect([stream, byId(rows)]).toEqual([stream, byId(truthOf(stage, stream))]);
  }
}

/** Google's `bq`, as far as the example goes: it puts down what it is told to load, and fails when it is told to. */
const BQ = `
[ ! -e "$TABLES/broken" ] || { rm "$TABLES/broken"; exit 1; }
[ "$*" = "load --source_format=CSV --field_delimiter=tab --quote= $5 $6 run:INTEGER,record:STRING" ]
cat "$6" >> "$TABLES/$5"
`;

test('a warehouse: when loading fails the same records come again, and then nothing is missing', async () => {
  const bin = await programs({ bq: BQ });
  const tables = join(bin, 'tables');
  await mkdir(tables);
  await writeFile(join(tables, 'broken'), '');
  const load = () =>
    play('load-bigquery.yml', {
      env: { TABLES: tables, PATH: `${bin}:${process.env.PATH}` },
      standIns: { 'google-github-actions/auth': '', 'google-github-actions/setup-gcloud': '' },
    });
  expect((await load()).conclusion).toBe('failure');
  expect(await readdir(tables)).toEqual([]);
  stage.world.update('messages', 3, { at: Date.now() - HOUR });
  const [second, third] = [await load(), await load()];
  expectGreen(second);
  expectGreen(third);

  const loaded = new Map<Stream, Line[]>();
  for (const table of await readdir(tables)) {
    const rows = (await readFile(join(tables, table), 'utf8')).trimEnd().split('\n');
    for (const row of rows) expect(row).toMatch(new RegExp(`^${second.id}\t\\{`));
    const stream = STREAMS.find(name => table === `kustomer.${name}_lines`)!;
    loaded.set(
      stream,
      rows.map(row => JSON.parse(row.slice(row.indexOf('\t') + 1)) as Line),
    );
  }
  expect(faults(stage, loaded)).toEqual(FLAWLESS);

  if (!HAS_ALL) return;
  const desk = await openDesk(stage);
  changeOddly(stage);
  expectGreen(await load());
  for (const dialect of ['bigquery', 'snowflake']) {
    const script = join(ACTION, 'test/world/desk/warehouse.py');
    const printed = await desk.type(`python3 '${script}' ${dialect} '${ACTION}/docs/sql/${dialect}.sql' '${tables}'`);
    expectTruth(JSON.parse(printed));
  }
});

/** Python that makes no environment, but leads to one that has what `pip` is asked for. */
const PYTHON3 = `
[ "$1 $2" = '-m venv' ]
mkdir -p "$3/bin"
cp "$(dirname "$0")"/* "$3/bin"
`;
const PIP = `
[ "$1 $2" = 'install --quiet' ]
cd '${ACTION}/scripts'
for package in "\${@:3}"; do grep -hEq "^$package( |$)" recipes/requirements.txt loaders/*.txt; done
`;

/** What a database and Parquet files have, by stream. */
const TABLES = `
import json, pathlib
import duckdb

db = duckdb.connect("kustomer.duckdb")
db.execute("SET TimeZone = 'UTC'")
found = {}
for file in pathlib.Path("parquet").glob("*.parquet"):
    for kind, table in ("DuckDB", file.stem), ("Parquet", f"'{file}'"):
        types = {column: type for column, type, *_ in db.execute(f"DESCRIBE FROM {table}").fetchall()}
        if "updated_at" in types:
            assert (types["id"], types["updated_at"]) == ("VARCHAR", "TIMESTAMP WITH TIME ZONE"), types
            columns = f"id, {'name' if 'name' in types else 'NULL'}, updated_at"
            found.setdefault(kind, {})[file.stem] = db.execute(f"SELECT {columns} FROM {table}").fetchall()
print(json.dumps(found, default=lambda time: time.isoformat()))
`;

test.runIf(HAS_ALL)('tables: a DuckDB database and Parquet files have the truth after each run', async () => {
  const desk = await openDesk(stage);
  const python = (await desk.type('command -v python3')).trim();
  const bin = await programs({ python3: PYTHON3, pip: PIP, python: `exec '${python}' "$@"` });
  for (const _ of ['first', 'second']) {
    const run = await play('tables.yml', {
      env: { PATH: `${bin}:${process.env.PATH}` },
      standIns: {
        'actions/checkout': `git clone --quiet --branch kustomer-data '${stage.github.repository.dir}' .`,
        'actions/upload-artifact': `mv kustomer.duckdb parquet '${desk.folder}'`,
      },
    });
    expectGreen(run);
    const found = JSON.parse(await desk.python(TABLES)) as Record<string, Parameters<typeof expectTruth>[0]>;
    expect(Object.keys(found).sort()).toEqual(['DuckDB', 'Parquet']);
    for (const tables of Object.values(found)) expectTruth(tables);
    changeOddly(stage);
    await desk.clear();
  }
});

test.runIf(HAS_ALL)(
  'Postgres: through a Singer target, each run brings the truth, and a run that failed to load is made up for',
  async () => {
    const postgres = await startPostgres();
    try {
      const load = (host: string) =>
        play('load-postgres.yml', {
          env: { PATH: `${bin}:${process.env.PATH}` },
          secrets: {
            KUSTOMER_TOKEN: DEFAULT_TOKEN,
            POSTGRES_URL: `postgresql://${postgres.user}:none@${host}:${postgres.port}/postgres`,
          },
        });
      const target = `exec '${installTarget('target-postgres')}/target-postgres' "$@"`;
      const bin = await programs({ python3: PYTHON3, pip: PIP, 'target-postgres': target });
      expect((await load('nowhere.invalid')).conclusion).toBe('failure');
      for (const _ of ['first', 'second']) {
        expectGreen(await load('127.0.0.1'));
        const found = STREAMS.map(stream => {
          const [columns = ''] = postgres.run(
            `SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = 'kustomer.${stream}'::regclass`,
          );
          const name = columns.includes('"name"') ? 'name' : 'NULL';
          const rows = postgres.run(
            `SELECT json_build_array(id, ${name}, updated_at) FROM kustomer.${stream} WHERE _sdc_deleted_at IS NULL`,
          );
          return [stream, rows.map(row => JSON.parse(row))] as const;
        });
        expectTruth(Object.fromEntries(found));
        changeOddly(stage);
      }
    } finally {
      await postgres.close();
    }
  },
);
