/** The kinds of JSON values that a column may have, as bits, so that a schema widens by `|`. */
import type { Kinds } from '../sync/stream-schema.ts';

export const KIND = {
  boolean: 1,
  integer: 2,
  number: 4,
  'date-time': 8,
  string: 16,
  object: 32,
  array: 64,
  /** Not a kind: some record had the column, though maybe with null. */
  seen: 128,
} as const;

export type KindName = Exclude<keyof typeof KIND, 'seen'>;
export const ANY: Kinds = KIND.seen - 1;
const [QUOTE, MINUS, DOT, NINE, COLON, T, Z] = [0x22, 0x2d, 0x2e, 0x39, 0x3a, 0x54, 0x5a] as const;

/** The kinds of values that were seen in a column. */
export class SeenKinds {
  kinds: Kinds = 0;

  /** Adds the kind of the JSON value in bytes [from, to). For every value: most take one comparison. */
  note(json: Uint8Array, from: number, to: number): void {
    if (json[from] === QUOTE && (this.kinds & KIND.string) > 0) return;
    this.kinds |= kindsOf(json, from, to);
  }
}

/** The kind of the JSON value in bytes [from, to), and `seen`. Looks at a few bytes only. */
export function kindsOf(json: Uint8Array, from: number, to: number): Kinds {
  switch (json[from]) {
    case QUOTE:
      return KIND.seen | (isDateTime(json, from + 1, to - 1) ? KIND['date-time'] : KIND.string);
    case 0x7b:
      return KIND.seen | KIND.object;
    case 0x5b:
      return KIND.seen | KIND.array;
    case 0x74:
    case 0x66:
      return KIND.seen | KIND.boolean;
    case 0x6e:
      return KIND.seen;
    default:
      return KIND.seen | (isInteger(json, from, to) ? KIND.integer : KIND.number);
  }
}

function isInteger(json: Uint8Array, from: number, to: number): boolean {
  // With a fraction or an exponent it is a number, even when the value is whole: as other readers take it.
  for (let i = from; i < to; i++) {
    const char = json[i] as number;
    if (char === DOT || char > NINE) return false;
  }
  return true;
}

const DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18];

/** `2026-01-31T12:00:00Z`, with or without a fraction, or with an offset instead of the Z. */
function isDateTime(json: Uint8Array, from: number, to: number): boolean {
  const has = (at: number, char: number) => json[from + at] === char;
  if (to - from < 20 || to - from > 35) return false;
  if (!has(4, MINUS) || !has(7, MINUS) || !has(10, T) || !has(13, COLON) || !has(16, COLON)) return false;
  const isUtc = json[to - 1] === Z;
  if (!isUtc && (json[to - 3] !== COLON || to - from < 25)) return false;
  for (const at of DIGITS) {
    const char = json[from + at] as number;
    if (char < 0x30 || char > NINE) return false;
  }
  return true;
}
