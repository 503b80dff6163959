// The short form of `npm run fuzz`, and tests of its oracle.
import { describe, expect, test } from 'vitest';
import { few } from '../forms.ts';
import { type Case, drawCase } from '../fuzz/case.ts';
import { isKnown } from '../fuzz/known.ts';
import { type PlantedFault, runCase } from '../fuzz/run-case.ts';

/** All services give right answers. */
const QUIET: Case = {
  seed: 1,
  destination: 'artifact',
  pageSize: 10,
  format: 'flat',
  compression: 'none',
  pace: 'none',
  debug: false,
  isSecond: false,
  rules: [],
};

describe.concurrent('the oracle', () => {
  const cases: [readonly PlantedFault[], readonly string[]][] = [
    [
      ['loss', 'leak', 'memory'],
      ['leak', 'loss', 'memory'],
    ],
    [[], []],
    [['doubling'], ['doubling']],
    [['hang'], ['hang']],
    [['crash'], ['crash']],
  ];
  test.each(few(cases, 2))('finds for a run with %j planted: %j', async (planted, kinds) => {
    const { findings } = await runCase(QUIET, planted);
    expect([...new Set(findings.map(({ kind }) => kind))].filter(kind => kind !== 'unclear').sort()).toEqual(kinds);
  });
});

describe.concurrent('hostile answers lose, double, leak and hang nothing', () => {
  // In the long form one for each service, and a link to a foreign host; then what long runs have found: a wrong limit in one response,
  // a tree of git that lacks the state, a branch that is there but never shown, a text for the SHA of a file that was
  // uploaded, and a new record of 4 MB in each response.
  test.each(few([29, 30, 35, 39, 20261601, 20270138, 20280094, 20280245, 20261555], 2))('of seed %i', async seed => {
    const drawn = drawCase(seed);
    const { findings, injected } = await runCase(drawn);
    expect(injected).toBeGreaterThan(0);
    expect(
      findings.filter(finding => !isKnown(finding, drawn)),
      `npm run fuzz -- --seed ${seed} --count 1`,
    ).toEqual([]);
  });
});
