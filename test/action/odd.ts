// A small organization of odd records, changes and deletions in it, and the truth as whoever reads the data should see it.
import { STREAMS, type Stream } from '../world/kustomer/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { DAY, HOUR } from './support.ts';

/** A record as each reader is to show it. */
export type Row = readonly [id: string, name: string | null, updatedAt: string];

/** Every record is odd, and every id a number that begins with zeros. */
export async function oddStage(): Promise<Stage> {
  const stage = await openStage({ world: { exoticEvery: 1, ids: 'decimal' } });
  const now = Date.now();
  stage.world.populate(
    {
      users: 3,
      teams: 4,
      tags: 45,
      shortcuts: 5,
      customers: 8,
      conversations: 40,
      messages: 10,
      notes: 5,
      kobjects: { order: 8 },
    },
    { from: now - 60 * DAY, to: now - 3 * HOUR, tieFraction: 0.2, tieSize: 4 },
  );
  return stage;
}

/** What breaks readers: half an emoji, line breaks, numbers that no double holds, keys that differ in case alone. */
export const ODD = [
  /\\ud83d(?!\\u)/,
  /👩‍🚀/,
  /\\r\\n/,
  /9007199254740993/,
  /1e400/,
  /"NAME":/,
  /"__proto__":/,
  /\\u0000/,
];

/** Some records of each stream in a new version, some deleted, some gone, some new. */
export function changeOddly({ world }: Stage, at = Date.now() - HOUR / 2): void {
  for (const stream of STREAMS) world.update(stream, 3, { at });
  world.create('tags', 2, { updatedAt: at });
  world.hardDelete('tags', 3);
  for (const stream of ['conversations', 'customers', 'tags'] as const)
    world.softDelete(stream, 2, { at: at + HOUR / 6 });
}

/** The latest version of each record that exists; half a surrogate pair, which no UTF-8 can hold, is U+FFFD. */
export function truthOf({ world }: Stage, stream: Stream): Row[] {
  const existing = [...world.truth(stream)].filter(([, { deleted }]) => !deleted);
  return existing.map(([id, { updatedAt }]) => {
    const { name } = JSON.parse(world.render(stream, id)).attributes;
    return [id, name?.toWellFormed() ?? null, updatedAt] as const;
  });
}

export function byId(rows: readonly Row[]): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A time as DuckDB, pandas and the others write it. */
export function time(text: unknown): string {
  return new Date(String(text).replace(/\+00$/, 'Z')).toISOString();
}
