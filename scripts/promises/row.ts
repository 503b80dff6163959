// What a row of the tables in this folder is: a promise, the test that proves it, and a planted bug that shows that the
// test can fail.
import type { BugName } from '../red/bugs.ts';

export type Row = readonly [
  /** Words of the document that makes the promise, or a sentence of ours. */
  promise: string,
  /** `first-sync` is test/action/first-sync.test.ts, `unit/release` is test/unit/release.test.ts. */
  file: string,
  /** Its name with the names of its groups, as in `a list > is read to its end`; `%s` and the like stand for anything. */
  test: string,
  bug: BugName,
];
