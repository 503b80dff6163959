// Tests in two projects. `fast`: pure modules, the structure and the documents; they open no socket and start no process,
// which test/no-io.ts sees to. `slow`: everything else, above all the committed bundle in its world (test/action).
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The tests beside test/action that open sockets, start processes or wait. */
const SLOW = [
  'test/action/**/*.test.ts',
  'test/exact/{changes,efficiency,inconsistent-search,klasses,numbers,reconcile,restart,staging,tie-groups}.test.ts',
  'test/unit/{budget,examples,git-names,recipes,release,worlds,world-github,world-kustomer,world-runner,world-workflow}.test.ts',
];

/** Files of the long form alone (test/forms.ts). */
const LONG_ALONE = ['test/action/{all-wrong,long-backfill,new-destination}.test.ts'];

/** Those that take longest, or wait longest, first: whatever starts last is all that runs at the end. */
const LONGEST_FIRST = [
  'patience',
  'budget',
  'compact',
  'hostile-answers',
  'reconcile',
  'acceptance',
  'fan-out',
  'privacy',
  'memory',
  'race',
  'first-sync',
  'crash',
  'state',
  'two-runs',
  'hostile-text',
  'branch',
  'stop',
  'errors',
  'lists',
  'recipes',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const at = LONGEST_FIRST.findIndex(name => moduleId.endsWith(`/${name}.test.ts`));
      return at !== -1 ? at : LONGEST_FIRST.length + (project.name === 'fast' ? 1 : 0);
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig(({ mode }) => ({
  test: {
    pool: 'forks',
    // More than there are cores: for a good part of their time the slow ones wait.
    maxWorkers: 4,
    // On a machine that is three times as slow as usual.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/{unit,exact}/*.test.ts'],
          exclude: SLOW,
          setupFiles: ['test/no-io.ts'],
          isolate: false,
          env: { TEST_FORM: mode === 'long' ? 'long' : 'short' },
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: SLOW,
          exclude: mode === 'long' ? [] : LONG_ALONE,
          isolate: false,
          // What a thousand starts of the bundle need not do again: compile it, and collect what its start leaves behind.
          // Tests that measure its memory choose Node's arguments themselves.
          env: {
            TEST_FORM: mode === 'long' ? 'long' : 'short',
            NODE_COMPILE_CACHE: join(import.meta.dirname, 'tmp/compile-cache'),
            ACTION_NODE_ARGS: '--min-semi-space-size=16',
            ACTION_POST: mode === 'long' ? 'always' : 'when-needed',
          },
          // Tests of one file that run side by side wait more than they work.
          maxConcurrency: 16,
        },
      },
    ],
  },
}));
