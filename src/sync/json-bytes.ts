/**
 * Finds values in the bytes of a JSON text, so that a record comes out as it came in, digit by digit, and at a fraction of
 * the cost of parsing it. The syntax of JSON is ASCII. Other bytes occur in strings only, which are skipped.
 */

const [TAB, LINE_END, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20] as const;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a] as const;
const [PLUS, MINUS, DOT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39] as const;
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

export function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Parses the value in bytes [from, to). */
export function valueIn(json: Buffer, from: number, to: number): unknown {
  return JSON.parse(json.toString('utf8', from, to));
}

export function isObject(json: Buffer, at: number): boolean {
  return json[at] === BRACE;
}

export function isArray(json: Buffer, at: number): boolean {
  return json[at] === BRACKET;
}

/** Objects and arrays inside each other in one value. A value of a record has up to two more around it. */
const MAX_LEVELS = 510;
/** How many levels {@link endOfValue} is in. One for all calls: a parameter would cost more. */
let level = 0;
let hadUnicodeEscape = false;

/** A value that nests deeper than any real one, and than functions may call each other. */
export class TooDeep extends Error {
  override readonly name = 'TooDeep';
}

/** To be called before each text: an error in the one before has left the level wherever that text broke off. */
export function beginText(): void {
  level = 0;
  hadUnicodeEscape = false;
}

/** Whether a string of the text so far has an escape that begins with `\u`. */
export function hasUnicodeEscape(): boolean {
  return hadUnicodeEscape;
}

/**
 * The offset after the value that begins at byte `at`.
 * @throws SyntaxError for exactly what JSON.parse does not accept; it quotes nothing of the text
 * @throws TooDeep
 */
export function endOfValue(json: Buffer, at: number): number {
  switch (json[at]) {
    case QUOTE:
      return endOfString(json, at);
    case BRACE: {
      if (++level > MAX_LEVELS) throw new TooDeep();
      const end = eachMember(json, at, endOfValue);
      level--;
      return end;
    }
    case BRACKET: {
      if (++level > MAX_LEVELS) throw new TooDeep();
      const end = eachElement(json, at, endOfValue);
      level--;
      return end;
    }
    case 0x74:
      return endOfLiteral(json, at, 'true');
    case 0x66:
      return endOfLiteral(json, at, 'false');
    case 0x6e:
      return endOfLiteral(json, at, 'null');
    default:
      return endOfNumber(json, at);
  }
}

/**
 * Visits the members of the object that begins at byte `at`, and returns the end of the object.
 * @param visit gets the offsets of the value and of its key (with quotes), and returns the end of the value
 */
export function eachMember(
  json: Buffer,
  at: number,
  visit: (json: Buffer, value: number, key: number, keyEnd: number) => number,
): number {
  let i = endOfSpace(json, at + 1);
  if (json[i] === BRACE_END) return i + 1;
  for (;;) {
    const key = i;
    const keyEnd = endOfString(json, key);
    i = endOfSpace(json, keyEnd);
    if (json[i] !== COLON) throw notJson();
    i = endOfSpace(json, visit(json, endOfSpace(json, i + 1), key, keyEnd));
    const next = json[i];
    if (next === BRACE_END) return i + 1;
    if (next !== COMMA) throw notJson();
    i = endOfSpace(json, i + 1);
  }
}

/** Visits the elements of an array, as {@link eachMember} the members of an object. */
export function eachElement(json: Buffer, at: number, visit: (json: Buffer, at: number) => number): number {
  let i = endOfSpace(json, at + 1);
  if (json[i] === BRACKET_END) return i + 1;
  for (;;) {
    i = endOfSpace(json, visit(json, i));
    const next = json[i];
    if (next === BRACKET_END) return i + 1;
    if (next !== COMMA) throw notJson();
    i = endOfSpace(json, i + 1);
  }
}

export function endOfSpace(json: Buffer, at: number): number {
  let i = at;
  let char = json[i] as number;
  // The first comparison is enough for nearly all bytes.
  while (char <= SPACE && (char === SPACE || char === LINE_END || char === RETURN || char === TAB)) {
    char = json[++i] as number;
  }
  return i;
}

export function notJson(): SyntaxError {
  return new SyntaxError('these bytes are not JSON');
}

/** Most bytes of a text are looked at here. Beyond its end, a byte is undefined, for which each comparison is false. */
function endOfString(json: Buffer, at: number): number {
  if (json[at] !== QUOTE) throw notJson();
  let i = at + 1;
  for (;;) {
    let char = json[i] as number;
    while (char >= SPACE && char !== QUOTE && char !== BACKSLASH) char = json[++i] as number;
    if (char === QUOTE) return i + 1;
    if (char !== BACKSLASH) throw notJson();
    i = endOfEscape(json, i + 1) + 1;
  }
}

/** Offset of the last byte of an escape, whose second byte is at `at`. */
function endOfEscape(json: Buffer, at: number): number {
  if (ESCAPES.has(json[at] as number)) return at;
  if (!/^u[0-9a-fA-F]{4}$/.test(json.toString('latin1', at, at + 5))) throw notJson();
  hadUnicodeEscape = true;
  return at + 4;
}

/**
 * Makes U+FFFD of some escapes, in place: as an escape it takes the same room.
 * @param escapes matches every escape, and captures those to replace
 */
export function replaceEscapes(json: Buffer, escapes: RegExp): void {
  for (const { 1: replaced, index } of json.toString('latin1').matchAll(escapes)) {
    if (replaced !== undefined) json.write('ufffd', index + 1, 'latin1');
  }
}

function endOfLiteral(json: Buffer, at: number, literal: string): number {
  for (let i = 0; i < literal.length; i++) if (json[at + i] !== literal.charCodeAt(i)) throw notJson();
  return at + literal.length;
}

function endOfNumber(json: Buffer, at: number): number {
  let i = json[at] === MINUS ? at + 1 : at;
  i = json[i] === ZERO ? i + 1 : endOfDigits(json, i);
  if (json[i] === DOT) i = endOfDigits(json, i + 1);
  if (json[i] === 0x65 || json[i] === 0x45) {
    const sign = json[i + 1];
    i = endOfDigits(json, sign === PLUS || sign === MINUS ? i + 2 : i + 1);
  }
  return i;
}

/** At least one digit. */
function endOfDigits(json: Buffer, at: number): number {
  let i = at;
  while ((json[i] as number) >= ZERO && (json[i] as number) <= NINE) i++;
  if (i === at) throw notJson();
  return i;
}

/** Records have few different keys, a million times over. The limit is for data that uses ids as keys. */
const MAX_KEYS = 20_000;
/** A power of two: a bit mask takes the remainder. */
const SLOTS = 4_096;
/** Keys of one hash. Further ones go into a Map, since nobody can choose keys that collide there. */
const SLOT_SIZE = 8;

type Slot<Value> = readonly { readonly key: Uint8Array; readonly value: Value }[];

/** Shared by all slots without keys: an array for each takes more memory than the keys. */
const NO_KEYS: Slot<never> = [];

function emptySlots<Value>(): Slot<Value>[] {
  return new Array<Slot<Value>>(SLOTS).fill(NO_KEYS);
}

/** Computes a value for each object key, once. Finds it by the bytes of the key, without making a string of them. */
export class KeyCache<Value> {
  readonly #compute: (key: string) => Value;
  readonly #others = new Map<string, Value>();
  #slots = emptySlots<Value>();
  #size = 0;

  constructor(compute: (key: string) => Value) {
    this.#compute = compute;
  }

  /** The value of the key in bytes [from, to), quotes included. It is computed again where the cache is full. */
  at(json: Buffer, from: number, to: number): Value {
    // A hash of the length and five bytes differs for nearly all keys.
    const middle = (from + to) >> 1;
    const start = (json[from + 1] as number) + 31 * (json[middle] as number) + 17 * (json[middle - 1] as number);
    const hash =
      (start + 257 * (json[to - 2] as number) + 67 * (json[to - 3] as number) + 7 * (to - from)) & (SLOTS - 1);
    const slot = this.#slots[hash] as Slot<Value>;
    for (let n = 0; n < slot.length; n++) {
      const { key, value } = slot[n] as Slot<Value>[number];
      if (isSame(key, json, from, to)) return value;
    }
    if (slot.length === SLOT_SIZE) return this.#atOther(json, from, to);
    const value = this.#compute(String(valueIn(json, from, to)));
    if (this.#size < MAX_KEYS) this.#slots[hash] = [...slot, { key: new Uint8Array(json.subarray(from, to)), value }];
    this.#size++;
    return value;
  }

  #atOther(json: Buffer, from: number, to: number): Value {
    const key = json.toString('latin1', from, to);
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const value = this.#compute(String(valueIn(json, from, to)));
    if (this.#size < MAX_KEYS) this.#others.set(key, value);
    this.#size++;
    return value;
  }

  /** Forgets all keys when there are too many. Returns whether there were. */
  clearIfFull(): boolean {
    if (this.#size < MAX_KEYS) return false;
    this.#slots = emptySlots();
    this.#others.clear();
    this.#size = 0;
    return true;
  }
}

function isSame(bytes: Uint8Array, json: Buffer, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== json[from + i]) return false;
  return true;
}
