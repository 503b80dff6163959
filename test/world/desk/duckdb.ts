// The command line of DuckDB, as far as the documents use it: `duckdb [-init FILE] [DATABASE]`, with statements on the
// standard input; the rows of each query are printed as JSON, as after `.mode json`.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { DuckDBInstance, StatementType } from '@duckdb/node-api';

const args = process.argv.slice(2).map(arg => arg.replace(/^-init$/, '--init'));
const { values, positionals } = parseArgs({ args, options: { init: { type: 'string' } }, allowPositionals: true });
const database = await DuckDBInstance.create(positionals[0] ?? ':memory:', { threads: '1' });
const connection = await database.connect();
if (values.init !== undefined) await connection.run(readFileSync(values.init, 'utf8'));
const statements = await connection.extractStatements((await text(process.stdin)).replace(/^\.mode json$/m, ''));
for (let n = 0; n < statements.count; n++) {
  const statement = await statements.prepare(n);
  const reader = await statement.runAndReadAll();
  if (statement.statementType === StatementType.SELECT) console.log(JSON.stringify(reader.getRowObjectsJson()));
}
