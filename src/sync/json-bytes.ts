// JSON as bytes. A record is never turned into values and back: it stays the bytes it came as, and what is asked of it is
// found in them. So it comes out as it went in, digit by digit, and at a fraction of the cost.
//
// Everything JSON is made of is ASCII; what is not occurs inside strings only, which are stepped over as they are.

const [TAB, LINE_END, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20] as const;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a] as const;
const [PLUS, MINUS, DOT, ZERO, NINE] = [0x2b, 0x2d, 0x2e, 0x30, 0x39] as const;
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** The bytes of a value. */
export function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The value that stands in [from, to). */
export function valueIn(json: Buffer, from: number, to: number): unknown {
  return JSON.parse(json.toString('utf8', from, to));
}

export function isObject(json: Buffer, at: number): boolean {
  return json[at] === BRACE;
}

export function isArray(json: Buffer, at: number): boolean {
  return json[at] === BRACKET;
}

/**
 * Where the value that begins at `at` ends. Accepts what JSON.parse accepts, and nothing else.
 * @throws SyntaxError, which quotes nothing.
 */
export function endOfValue(json: Buffer, at: number): number {
  switch (json[at]) {
    case QUOTE:
      return endOfString(json, at);
    case BRACE:
      return eachMember(json, at, endOfValue);
    case BRACKET:
      return eachElement(json, at, endOfValue);
    case 0x74:
      return endOfWord(json, at, 'true');
    case 0x66:
      return endOfWord(json, at, 'false');
    case 0x6e:
      return endOfWord(json, at, 'null');
    default:
      return endOfNumber(json, at);
  }
}

/**
 * Goes through the members of the object that begins at `at`. `visit` is told where a value begins, and where its key
 * (quotes included) begins and ends; it says where the value ends. Returns where the object ends.
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

/** The same for the elements of an array: `visit` is told where one begins and says where it ends. */
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
  for (let char = json[i]; char === SPACE || char === LINE_END || char === RETURN || char === TAB; char = json[i]) i++;
  return i;
}

export function notJson(): SyntaxError {
  return new SyntaxError('these bytes are not JSON');
}

function endOfString(json: Buffer, at: number): number {
  if (json[at] !== QUOTE) throw notJson();
  for (let i = at + 1; i < json.length; i++) {
    const char = json[i] as number;
    if (char === QUOTE) return i + 1;
    if (char === BACKSLASH) i = endOfEscape(json, i + 1);
    else if (char < SPACE) break;
  }
  throw notJson();
}

/** The last byte of the escape whose second one is at `at`. */
function endOfEscape(json: Buffer, at: number): number {
  if (ESCAPES.has(json[at] as number)) return at;
  if (!/^u[0-9a-fA-F]{4}$/.test(json.toString('latin1', at, at + 5))) throw notJson();
  return at + 4;
}

function endOfWord(json: Buffer, at: number, word: string): number {
  for (let i = 0; i < word.length; i++) if (json[at + i] !== word.charCodeAt(i)) throw notJson();
  return at + word.length;
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

/** One digit at least. */
function endOfDigits(json: Buffer, at: number): number {
  let i = at;
  while ((json[i] as number) >= ZERO && (json[i] as number) <= NINE) i++;
  if (i === at) throw notJson();
  return i;
}

/** Keys come from a small vocabulary, a million times over. The limit is for data that has ids for keys. */
const MOST_KEYS = 20_000;

interface Entry<Known> {
  readonly bytes: Uint8Array;
  readonly known: Known;
}

/** What is known of each key, found by its bytes (quotes and escapes included) without making a string of them. */
export class Keys<Known> {
  readonly #make: (key: string) => Known;
  #slots: Entry<Known>[][] = [];
  #size = 0;

  /** `make` says what there is to know of a key, given as the string it is. */
  constructor(make: (key: string) => Known) {
    this.#make = make;
    this.#clear();
  }

  at(json: Buffer, from: number, to: number): Known {
    // The length and five of the bytes tell nearly all keys apart.
    const middle = (from + to) >> 1;
    const start = (json[from + 1] as number) + 31 * (json[middle] as number) + 17 * (json[middle - 1] as number);
    const hash = (start + 257 * (json[to - 2] as number) + 67 * (json[to - 3] as number) + 7 * (to - from)) & 4095;
    const slot = this.#slots[hash] as Entry<Known>[];
    for (let n = 0; n < slot.length; n++) {
      const { bytes, known } = slot[n] as Entry<Known>;
      if (isSame(bytes, json, from, to)) return known;
    }
    const known = this.#make(String(valueIn(json, from, to)));
    slot.push({ bytes: new Uint8Array(json.subarray(from, to)), known });
    this.#size++;
    return known;
  }

  /** Forgets everything when it has become too much. */
  tidy(): boolean {
    const isFull = this.#size >= MOST_KEYS;
    if (isFull) this.#clear();
    return isFull;
  }

  #clear(): void {
    this.#slots = Array.from({ length: 4096 }, () => []);
    this.#size = 0;
  }
}

function isSame(bytes: Uint8Array, json: Buffer, from: number, to: number): boolean {
  if (bytes.length !== to - from) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== json[from + i]) return false;
  return true;
}
