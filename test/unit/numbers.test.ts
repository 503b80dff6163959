// Numbers from outside: whole, within a bound, or as if absent.
import { expect, test } from 'vitest';
import { wholeWithin } from '../../src/sync/numbers.ts';

test.each([0, 1, 100, '7', ' 7 ', '1e2'])('%j is a number from 0 to 100', value => {
  expect(wholeWithin(value, 0, 100)).toBe(Number(value));
});

test.each([
  -1,
  101,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e15,
  '',
  ' ',
  'Infinity',
  '-1',
  '0.5',
  '1e400',
  'seven',
  null,
  undefined,
  true,
  [7],
  {},
])('%j is none', value => {
  expect(wholeWithin(value, 0, 100)).toBeUndefined();
});
