/** A run may end at any moment: what is then published and what is then synced agree. */
import { describe, expect, test } from 'vitest';
import { LONG } from '../forms.ts';
import type { Stream } from '../world/kustomer/index.ts';
import { type Checkpoint, DAY, HOUR, MINUTE, NOON, Reader, type Wishes } from '../world/reader.ts';

const STREAMS: readonly Stream[] = ['messages', 'kobjects', 'notes', 'users'];
const HORIZON = NOON - 730 * DAY;

/** All kinds of streams; ties, old records and a klass of its own among them. */
async function everything() {
  const reader = await Reader.open({
    pageSizeMax: 25,
    tieOrder: 'unstable',
    hiddenKlasses: ['hidden'],
    archiveOverlapMs: 10 * DAY,
  });
  const { world } = reader;
  world.populate({ messages: 60 }, { from: HORIZON - 60 * DAY, to: HORIZON + 60 * DAY, tieFraction: 0.2 });
  world.populate({ messages: 80 }, { from: NOON - 3 * HOUR, to: NOON, tieFraction: 0.5, tieSize: 20 });
  world.addTie('messages', NOON - 50 * DAY, 55);
  world.populate({ kobjects: { order: 40, hidden: 40 } }, { from: NOON - 30 * DAY, to: NOON });
  world.populate({ notes: 80 }, { from: HORIZON - 90 * DAY, to: NOON });
  world.populate({ users: 40 }, { from: NOON - 30 * DAY, to: NOON });
  return reader;
}
const all = (reader: Reader) => STREAMS.flatMap(stream => reader.problems(stream));
const seen = (reader: Reader) =>
  reader.published.map(({ stream, id, updatedAt }) => `${stream} ${id} ${updatedAt}`).sort();

/** A run of everything, and what a stop at each of its requests would leave. */
async function checkpoints(reader: Reader, wishes: Partial<Wishes> = {}): Promise<Checkpoint[]> {
  const taken: Checkpoint[] = [];
  const run = await reader.run(STREAMS, {
    settleMs: 0,
    ...wishes,
    onRequest: (_, running) => void taken.push(running.checkpoint()),
  });
  expect(run.complete).toBe(true);
  return taken;
}

/** All checkpoints in the long form, every sixth of them in the short one. */
const sample = <T>(all: readonly T[]) => all.filter((_, n) => LONG || n % 6 === 0);

describe('restarting', () => {
  test('from every checkpoint of a run gives what the uninterrupted run gives, each once', async () => {
    await using reader = await everything();
    const taken = await checkpoints(reader);
    expect(all(reader)).toEqual([]);
    const whole = seen(reader);
    expect(taken.length).toBeGreaterThan(40);
    expect(new Set(taken.map(({ published }) => published.length)).size).toBeGreaterThan(12);
    for (const checkpoint of sample(taken)) {
      reader.resume(checkpoint);
      const run = await reader.run(STREAMS, { settleMs: 0 });
      expect(run.complete).toBe(true);
      expect(seen(reader)).toEqual(whole);
    }
  });

  test('from every checkpoint an hour later, when records have been changed, misses nothing and repeats nothing', async () => {
    await using reader = await everything();
    const taken = await checkpoints(reader);
    reader.now += HOUR;
    reader.world.update('messages', 40, { at: () => reader.now - 30 * MINUTE });
    reader.world.create('notes', 20, { updatedAt: i => reader.now - (i + 1) * MINUTE });
    reader.world.softDelete('kobjects', 5, { at: () => reader.now - 20 * MINUTE });
    for (const checkpoint of sample(taken)) {
      reader.resume(checkpoint);
      const run = await reader.run(STREAMS, { settleMs: 0 });
      expect(run.complete).toBe(true);
      expect(all(reader)).toEqual([]);
    }
  });

  test('from every checkpoint of a second run, which reads the lookback again', async () => {
    await using reader = await everything();
    expect((await reader.run(STREAMS)).complete).toBe(true);
    reader.now += 40 * MINUTE;
    reader.world.update('messages', 50, { at: i => reader.now - 30 * MINUTE + i * 10_000 });
    reader.world.create('messages', 40, { updatedAt: NOON - 20 * MINUTE });
    const before = [...reader.published];
    const taken = await checkpoints(reader);
    expect(all(reader)).toEqual([]);
    const whole = seen(reader);
    for (const { state, published } of sample(taken)) {
      reader.resume({ state, published: [...before, ...published] });
      expect((await reader.run(STREAMS, { settleMs: 0 })).complete).toBe(true);
      expect(seen(reader)).toEqual(whole);
    }
  });

  test('again and again, each run stopped after a few requests, comes to the end', async () => {
    await using reader = await everything();
    let runs = 0;
    for (let complete = false; !complete; runs++) {
      expect(runs).toBeLessThan(60);
      // A list that has to be read whole needs so many.
      const run = await reader.run(STREAMS, {
        settleMs: 0,
        onRequest: (_, running) => {
          if (running.request === 20 + (runs % 7)) running.stop();
        },
      });
      ({ complete } = run);
      expect(all(reader).filter(problem => !problem.endsWith('missing') && !problem.startsWith('and '))).toEqual([]);
    }
    expect(runs).toBeGreaterThan(2);
    expect(all(reader)).toEqual([]);
  });
});
