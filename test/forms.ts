// The two forms of the tests. `npm test` plays the short one, in some five minutes on two cores: every promise once. `npm run
// test:long` plays all: every row of the tables, and the tests of what the same mechanism does in other orders and places.
import { describe, test } from 'vitest';

export const LONG = process.env.TEST_FORM === 'long';

/** How many random cases a property is tried with: `n` in the long form, a tenth of them in the short one. */
export const cases = (n: number) => (LONG ? n : n / 10);

/** Rows of a table of variants: all in the long form; in the short one `n` of them, spread evenly, the first among them. */
export function few<const Row>(rows: readonly Row[], n = 1): readonly Row[] {
  if (LONG || n >= rows.length) return rows;
  return Array.from({ length: n }, (_, i) => rows[Math.floor((i * rows.length) / n)] as Row);
}

const nothing = Object.assign(() => {}, { each: () => () => {} });

/** A test that the long form alone has, and a group of them. */
export const longTest = (LONG ? test : nothing) as typeof test;
export const longDescribe = (LONG ? describe : nothing) as typeof describe;
