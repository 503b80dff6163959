// The query of the README, over the files that runs of the demo have left, answered as DuckDB's command line does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
/** The query, and the result that the README shows below it. */
export const [, QUERY = '', RESULT = ''] = /^```sql\n(.*?)```\n\n```\n(.*?)```$/ms.exec(README) ?? [];

/** @param views path of a `views.sql` in the folder or below it */
export async function answer(folder: string, views: string): Promise<string> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    await connection.run(`SET file_search_path = '${folder.replaceAll("'", "''")}'`);
    await connection.run(readFileSync(join(folder, views), 'utf8'));
    const reader = await connection.runAndReadAll(QUERY);
    const types = reader.columnTypes().map(type => `${type}`);
    return boxed(reader.columnNames(), types, reader.getRowsJson());
  } finally {
    connection.closeSync();
  }
}

const TYPES: Readonly<Record<string, string>> = { BIGINT: 'int64' };

/** A table in lines: names and types in the middle, texts to the left, numbers to the right. */
export function boxed(names: readonly string[], sqlTypes: readonly string[], rows: readonly unknown[][]): string {
  const types = sqlTypes.map(type => TYPES[type] ?? type.toLowerCase());
  const cells = rows.map(row => row.map(String));
  const widths = names.map((name, n) =>
    Math.max(name.length, types[n]?.length ?? 0, ...cells.map(row => row[n]?.length ?? 0)),
  );
  const rule = (left: string, middle: string, right: string) =>
    `${left}${widths.map(width => '─'.repeat(width + 2)).join(middle)}${right}\n`;
  const line = (row: readonly string[], align: (text: string, n: number) => string) =>
    `│${row.map((text, n) => ` ${align(text, n)} `).join('│')}│\n`;
  const centered = (text: string, n: number) => {
    const width = widths[n] ?? 0;
    return text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
  };
  const aligned = (text: string, n: number) =>
    types[n] === 'int64' ? text.padStart(widths[n] ?? 0) : text.padEnd(widths[n] ?? 0);
  const body = cells.map(row => line(row, aligned)).join('');
  const head = line(names, centered) + line(types, centered);
  return rule('┌', '┬', '┐') + head + rule('├', '┼', '┤') + body + rule('└', '┴', '┘');
}
