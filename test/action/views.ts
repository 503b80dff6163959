// What the views show of files that runs have published: those of artifacts in a folder each, or of a data branch.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Stream } from '../world/kustomer/index.ts';
import type { Stage } from '../world/stage.ts';
import { BRANCH } from './publishing.ts';

export type Files = ReadonlyMap<string, Buffer>;

/** The files of all artifacts, as somebody has them who has downloaded each to a folder of its own. */
export async function downloaded(stage: Stage): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const { id } of stage.github.artifacts()) {
    for (const [path, bytes] of await stage.github.readArtifact(id)) files.set(`${id}/${path}`, bytes);
  }
  return files;
}

export const onTheBranch = (stage: Stage): Promise<Files> => stage.github.repository.files(BRANCH);

/** The ids that the views of some streams show, by the `views.sql` that was written last. */
export async function idsIn(files: Files, streams: readonly Stream[]): Promise<Record<string, string[]>> {
  const home = mkdtempSync(join(tmpdir(), 'kustomer-sync-views-'));
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), bytes);
  }
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  try {
    await connection.run(`SET file_search_path = '${home}'`);
    const views = [...files].filter(([path]) => path.endsWith('views.sql')).at(-1)?.[1];
    await connection.run(String(views));
    const ids: Record<string, string[]> = {};
    for (const stream of streams) {
      const rows = await connection.runAndReadAll(`SELECT id FROM ${stream} ORDER BY id`);
      ids[stream] = rows.getRowObjectsJson().map(({ id }) => String(id));
    }
    return ids;
  } finally {
    connection.closeSync();
    rmSync(home, { recursive: true });
  }
}

/** The ids of the records that exist and are not deleted. */
export function existing(stage: Stage, streams: readonly Stream[]): Record<string, string[]> {
  const ids = (stream: Stream) => [...stage.world.truth(stream)].flatMap(([id, { deleted }]) => (deleted ? [] : [id]));
  return Object.fromEntries(streams.map(stream => [stream, ids(stream).sort()]));
}
