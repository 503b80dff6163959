// Killed at any step of input and output, with and without the post step, and run again: nothing is missing and nothing
// is twice. A sample of what scripts/kill-everywhere.ts does step by step; SEED chooses another one.
import { beforeAll, describe, expect, test } from 'vitest';
import { LONG, longTest } from '../forms.ts';
import { Random } from '../world/kustomer/index.ts';
import { type Crash, crash } from './crash-at.ts';

/** In the short form, one with which one kind dies late and without the post step, and the other earlier and with it. */
const SEED = Number(process.env.SEED ?? (LONG ? 5 : 12));
const random = new Random(SEED);

/** Some steps of a run that has so many, each with a toss whether the machine lives on. */
function sample(n: number): { at: number; post: boolean }[] {
  return Array.from({ length: n }, (_, i) => ({ at: (i + random.next()) / n, post: random.next() < 0.5 }));
}

const KINDS: readonly Omit<Crash, 'step' | 'post'>[] = [
  { destination: 'branch' },
  { destination: 'artifact' },
  { destination: 'branch', impatient: true },
  { destination: 'artifact', impatient: true },
];

/** The deaths of each kind. In the short form, those of runs that publish on their way: in the end they do what the others do. */
const DEATHS = KINDS.map(kind => ({ kind, deaths: sample(LONG ? 10 : 1) })).filter((_, n) => LONG || n > 1);

describe.each(DEATHS.map(({ kind, deaths }) => [kind, deaths] as const))('killed, %j', (kind, deaths) => {
  let steps = 0;
  beforeAll(async () => {
    const alive = await crash({ ...kind, step: 0, post: true });
    expect({ missing: alive.missing, twice: alive.twice }, alive.log).toEqual({ missing: [], twice: [] });
    // One artifact for each run, and the commits that a long run makes on its way.
    const isLong = kind.impatient && kind.destination === 'branch';
    if (isLong) expect(alive.publications).toBeGreaterThanOrEqual(3);
    else expect(alive.publications).toBe(2);
    steps = alive.steps;
  });

  test.each(deaths)('at $at of its steps, post step: $post', async ({ at, post }) => {
    const { missing, twice, log } = await crash({ ...kind, step: Math.max(1, Math.round(at * steps)), post });
    expect({ missing, twice, log }).toEqual({ missing: [], twice: [], log: '' });
  });
});

longTest('with the cache alone, where no manifest can be read, nothing is missing', async () => {
  const { steps } = await crash({ destination: 'artifact', step: 0, post: false, blind: true });
  // Towards the end, where records are published and their state is not saved yet.
  for (const at of [0.75, 0.9, 0.97]) {
    const { missing, log } = await crash({
      destination: 'artifact',
      step: Math.round(at * steps),
      post: false,
      blind: true,
    });
    expect({ missing, log }).toEqual({ missing: [], log: '' });
  }
});
