// A short form of `npm run fuzz`, and a proof that its judge sees what it is for.
import { describe, expect, test } from 'vitest';
import { type Case, drawCase } from '../fuzz/case.ts';
import { type Plant, play } from '../fuzz/play.ts';

const QUIET: Case = {
  seed: 1,
  destination: 'artifact',
  pageSize: 10,
  format: 'flat',
  compression: 'none',
  pace: 'none',
  debug: false,
  isSecond: false,
  strikes: [],
};

describe.concurrent('the judge', () => {
  test('has nothing against a world whose services answer as they should', async () => {
    const { problems, exitCode } = await play(QUIET);
    expect({ problems, exitCode }).toEqual({ problems: [], exitCode: 0 });
  });

  test.each<[Plant, string]>([
    ['loss', 'loss'],
    ['doubling', 'doubling'],
    ['hang', 'hang'],
    ['leak', 'leak'],
    ['memory', 'memory'],
    ['crash', 'crash'],
  ])('sees a planted %s', async (plant, kind) => {
    const { problems } = await play(QUIET, [plant]);
    expect(problems.map(problem => problem.kind)).toContain(kind);
  });
});

void drawCase;
