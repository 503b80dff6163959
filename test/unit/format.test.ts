// How numbers, durations, times and foreign texts are written.
import { describe, expect, test } from 'vitest';
import { oneLine } from '../../src/errors.ts';
import { asCode, duration, grouped, inMarkdown, linkTo, plural, utc } from '../../src/report/format.ts';

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
  [7_199_000, '119 min 59 s'],
  [7_200_000, '2 h 0 min'],
  [19_800_000, '5 h 30 min'],
  [40 * 86_400_000, '40 days 0 h'],
])('%d milliseconds are %s', (ms, said) => {
  expect(duration(ms)).toBe(said);
});

test('a time is written to the second, and an unreadable one is no error', () => {
  expect(utc(Date.parse('2026-11-06T09:05:07.999Z'))).toBe('6 Nov 2026 09:05:07 UTC');
  expect(utc(Number.NaN)).toBe('an unknown time');
});

describe('a text that is not ours', () => {
  test.each([
    ['a\n::error::b', 'a ::error::b'],
    ['::error file=x::b', ': :error file=x::b'],
    ['  ::add-mask::b', ': :add-mask::b'],
    ['a ##[error]b', 'a ## [error]b'],
    ['a\r\n\u2028\u0000\u001b[31mb', 'a [31mb'],
    ['a\u202eb\u2066c', 'a b c'],
  ])('is one line without commands: %j', (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  test('is cut', () => {
    expect(oneLine('x'.repeat(10_000), 200)).toBe(`${'x'.repeat(199)}…`);
    expect(inMarkdown('<'.repeat(10_000), 10)).toBe(`${'&#60;'.repeat(9)}…`);
  });

  test.each([
    ['<img src=x onerror=alert(1)>', '&#60;img src=x onerror=alert(1)&#62;'],
    ['</details><script>', '&#60;/details&#62;&#60;script&#62;'],
    ['[a](https://evil.example)', '&#91;a&#93;(https&#58;//evil.example)'],
    ['![a](x) **b** _c_ ~~d~~', '&#33;&#91;a&#93;(x) &#42;&#42;b&#42;&#42; &#95;c&#95; &#126;&#126;d&#126;&#126;'],
    ['a | b', 'a &#124; b'],
    ['@somebody #12 $x$', '&#64;somebody &#35;12 &#36;x&#36;'],
    ['www.evil.example', 'www&#46;evil.example'],
    ['&lt;b&gt;', '&#38;lt;b&#38;gt;'],
    ['a ` b', 'a &#96; b'],
    ['work_items stay, and `code <b>` too', 'work_items stay, and `code <b>` too'],
    ['a\n\n# b\n> c', 'a &#35; b &#62; c'],
  ])('does nothing in Markdown: %j', (text, markdown) => {
    expect(inMarkdown(text)).toBe(markdown);
  });

  test.each([
    ['`a|b`', '&#96;a&#124;b&#96;'],
    ['`a\\`', '&#96;a&#92;&#96;'],
  ])('does not end a cell of a table from inside code: %j', (text, markdown) => {
    expect(inMarkdown(text)).toBe(markdown);
  });

  test('does not end a link, in its text or in its address', () => {
    expect(linkTo('a](b)<i>', 'a b/(c)|"<é>')).toBe('[a&#93;(b)&#60;i&#62;](a%20b/%28c%29%7C%22%3C%C3%A9%3E)');
    expect(linkTo('<a>', undefined)).toBe('&#60;a&#62;');
  });

  test('is code where it is shown as code', () => {
    expect(asCode('a`</summary>`b')).toBe("`a'</summary>'b`");
  });
});
