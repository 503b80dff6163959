/** The kinds of JSON values that a column may have, as bits, so that a schema widens by `|`. */
import type { Container, Kinds } from '../sync/stream-schema.ts';

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
const [QUOTE, MINUS, DOT, ZERO, NINE, COLON, T, Z] = [0x22, 0x2d, 0x2e, 0x30, 0x39, 0x3a, 0x54, 0x5a] as const;

/** By the first byte of a value: what it can be at most. With that, a column cannot widen by such a value. */
const MOST_BY_FIRST = new Uint8Array(256).fill(KIND.seen | KIND.number);
for (const [first, kind] of Object.entries({ '"': KIND.string, '{': KIND.object, '[': KIND.array, n: 0 })) {
  MOST_BY_FIRST[first.charCodeAt(0)] = KIND.seen | kind;
}
for (const first of 'tf') MOST_BY_FIRST[first.charCodeAt(0)] = KIND.seen | KIND.boolean;

/** The kinds of values that were seen in a column. */
export class SeenKinds {
  kinds: Kinds = 0;
  /** What an object under the key is, if its members are columns. */
  readonly inner: Container | null;
  /** By the first byte of a value: 1 where such a value adds no kind. */
  readonly settled = new Uint8Array(256);

  constructor(inner: Container | null = null) {
    this.inner = inner;
  }

  /** Adds the kind of the JSON value in bytes [from, to). */
  note(json: Uint8Array, from: number, to: number): void {
    const kinds = this.kinds | kindsOf(json, from, to);
    if (kinds === this.kinds) return;
    this.kinds = kinds;
    for (const [first, most] of MOST_BY_FIRST.entries()) if ((kinds & most) === most) this.settled[first] = 1;
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

/** `2026-01-31T12:00:00Z`, with or without a fraction, or with an offset instead of the Z. */
function isDateTime(json: Uint8Array, from: number, to: number): boolean {
  if (to - from < 20 || to - from > 35) return false;
  // A pattern, or a loop over the places of the digits, would take several times as long.
  if (json[from + 4] !== MINUS || json[from + 7] !== MINUS || json[from + 10] !== T) return false;
  if (json[from + 13] !== COLON || json[from + 16] !== COLON) return false;
  if (json[to - 1] !== Z && (json[to - 3] !== COLON || to - from < 25)) return false;
  const bits =
    digits(json, from) |
    digits(json, from + 2) |
    digits(json, from + 5) |
    digits(json, from + 8) |
    digits(json, from + 11) |
    digits(json, from + 14) |
    digits(json, from + 17);
  return bits < 16;
}

/** Less than 16 when there are two digits: each has four bits, also when 6 is added. Branches would cost more. */
function digits(json: Uint8Array, at: number): number {
  const first = (json[at] as number) ^ ZERO;
  const second = (json[at + 1] as number) ^ ZERO;
  return first | (first + 6) | second | (second + 6);
}
