// Text to values and back without losing a digit.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/kustomer/json.ts';

const through = (text: string) => JSON.stringify(parseJson(text));

describe('a number that a double does not hold keeps its text', () => {
  test.each([
    '9007199254740993',
    '-9007199254740993',
    '123456789012345678901234567890',
    '0.12345678901234567890',
    '1e400',
    '1E+400',
    '-1e-400',
    '1.7976931348623157e309',
    '5e-325',
    '9007199254740993e1',
  ])('%s', number => {
    expect(through(`[${number}]`)).toBe(`[${number}]`);
    expect(through(`{"a":{"b":[${number},1]}}`)).toBe(`{"a":{"b":[${number},1]}}`);
  });
});

describe('a number that a double holds keeps its value', () => {
  test.each([
    '0',
    '-1',
    '1.5',
    '9007199254740992',
    '1e3',
    '1.50',
    '100000000000000000000',
    '1E-7',
    '0.1',
    '-0.0',
    '1e+300',
    '123456789012345.6',
  ])('%s', number => {
    expect(JSON.parse(through(`[${number}]`))).toEqual([Number(number) + 0]);
  });
});

test('digits in texts and keys are left alone', () => {
  const text = '{"9007199254740993":"9007199254740993","phone":"+4915112345678901234","at":"1e400"}';
  expect(through(text)).toBe(text);
});

test('a key called __proto__ is a key, beside a number that needs a second look too', () => {
  const text = '{"__proto__":{"a":1},"n":9007199254740993}';
  expect(through(text)).toBe(text);
  expect((parseJson(text) as { a?: unknown }).a).toBeUndefined();
});

test.each(['', '{', '{"a":1', '[1,]', '<html>', '{"a":\n    at x}', '9007199254740993x'])('%j is refused', text => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});

test('any decimal number keeps its value', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 25 });
  const number = fc
    .tuple(
      fc.constantFrom('', '-'),
      digits.map(text => text.replace(/^0+(?=\d)/, '')),
      fc.option(digits, { nil: undefined }),
      fc.option(fc.integer({ min: -420, max: 420 }), { nil: undefined }),
    )
    .map(([sign, whole, fraction, exponent]) => {
      return `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent === undefined ? '' : `e${exponent}`}`;
    });
  // The value exactly: sign, digits without outer zeros, power of ten.
  const exact = (text: string) => {
    const [, sign, whole = '', fraction = '', exponent = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
    const all = BigInt(whole + fraction);
    if (all === 0n) return '0';
    const zeros = /0*$/.exec(String(all))?.[0].length ?? 0;
    return `${sign}${String(all).slice(0, String(all).length - zeros)}e${Number(exponent) - fraction.length + zeros}`;
  };
  fc.assert(
    fc.property(number, text => {
      expect(exact(through(`[${text}]`).slice(1, -1))).toBe(exact(text));
    }),
    { numRuns: 5_000 },
  );
});

test('any JSON is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), text => {
      expect(through(text)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});
