// Text to values without losing a digit. JSON.parse turns every number into a double; the few texts that hold a number a
// double may not carry are read again with the source of each number at hand.

/**
 * Runs of digits (and dots) long enough that a number among them may need more than a double has, or a large exponent.
 * False alarms (a phone number, say) cost time and nothing else.
 */
const RISKY = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/**
 * Parses JSON so that JSON.stringify gives every number back with the value it had.
 * @throws SyntaxError, whose message may quote the text: never show it.
 */
export function parseJson(text: string): unknown {
  return RISKY.test(text)
    ? JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

/** The third argument, with the text of a number, is newer than the types of the standard library. */
function exactNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value;
  return sameNumber(context.source, String(value)) ? value : rawJson(context.source);
}

/** Whether two JSON numbers, written differently, are the same number. */
function sameNumber(a: string, b: string): boolean {
  return a === b || canonical(a) === canonical(b);
}

/** A number as sign, digits without outer zeros, and the power of ten behind them: `1.50e3` -> `15e2`. */
function canonical(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return '0';
  return `${sign}${trimmed}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - trimmed.length)}`;
}

/** A value that JSON.stringify writes as the given text; typed here because the standard library of TypeScript has no entry yet. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
