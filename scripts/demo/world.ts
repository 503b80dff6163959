// The organization of the demo, and what happens in it between two runs.
import type { KustomerWorld, Stream } from '../../test/world/kustomer/index.ts';

const DAY = 86_400_000;

export function populate(world: KustomerWorld, now = Date.now()): void {
  world.populate(
    {
      conversations: 8_000,
      customers: 4_000,
      kobjects: { order: 1_000, subscription: 600, return: 400 },
      messages: 12_000,
      notes: 2_000,
      shortcuts: 60,
      tags: 80,
      teams: 12,
      users: 150,
    },
    { from: now - 365 * DAY, to: now - DAY, tieFraction: 0.05 },
  );
  // So old that only the archive has them, and the list of notes.
  world.populate(
    { conversations: 400, customers: 200, messages: 600, notes: 100 },
    { from: now - 1_500 * DAY, to: now - 800 * DAY, tieFraction: 0.05 },
  );
}

export function change(world: KustomerWorld): { said: string; deletedTags: string[] } {
  const updated: [Stream, number][] = [
    ['conversations', 150],
    ['customers', 60],
    ['messages', 50],
    ['notes', 20],
    ['kobjects', 20],
  ];
  const created: [Stream, number][] = [
    ['conversations', 40],
    ['messages', 120],
    ['customers', 20],
    ['tags', 2],
  ];
  for (const [stream, count] of updated) world.update(stream, count);
  for (const [stream, count] of created) world.create(stream, count);
  const deletedTags = world.hardDelete('tags', 1);
  const sum = (list: [Stream, number][]) => list.reduce((total, [, count]) => total + count, 0);
  return { said: `${sum(updated)} updated, ${sum(created)} created, 1 tag deleted`, deletedTags };
}
