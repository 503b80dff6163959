// How numbers and durations are formatted.
import { expect, test } from 'vitest';
import { duration, grouped, plural } from '../../src/report/format.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1,000'],
  [12_345, '12,345'],
  [1_234_567, '1,234,567'],
  [1_234.5, '1,234.5'],
  [0.25, '0.25'],
  [-54_321, '-54,321'],
])('%d is written %s', (n, written) => {
  expect(grouped(n)).toBe(written);
});

test('a plural has its noun', () => {
  expect(plural(1, 'record')).toBe('1 record');
  expect(plural(0, 'record')).toBe('0 records');
  expect(plural(12_345, 'record')).toBe('12,345 records');
});

test.each([
  [849.6, '850 ms'],
  [12_300, '12 s'],
  [119_000, '119 s'],
  [200_000, '3 min 20 s'],
])('%d milliseconds are %s', (ms, said) => {
  expect(duration(ms)).toBe(said);
});
