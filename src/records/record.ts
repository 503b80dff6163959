// A resource as its reader sees it (docs/reading-the-data.md#records): `raw` as received, `flat` as the Singer tap and
// the Airbyte connector emit it. Pure; bytes to bytes, so that a value stays as it was written.
import { bytesOf, eachElement, eachMember, endOfValue, isArray, isObject, KeyCache } from '../sync/json-bytes.ts';
import type { Resource } from '../sync/source.ts';

export type RecordFormat = 'flat' | 'raw';

const [LINE_END, RETURN] = [0x0a, 0x0d] as const;
const [BRACE, COMMA, COLON, BRACE_END] = [0x7b, 0x2c, 0x3a, 0x7d] as const;

/** Lines of NDJSON, one after the other in a buffer that grows when one does not fit, and is used again when cleared. */
export class Lines {
  readonly #flat = new FlatWriter(this);
  #bytes: Buffer;
  length = 0;

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** What is in it; good until it is cleared. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  add({ json }: Resource, format: RecordFormat): void {
    // A line break can only stand between two tokens, where it means nothing.
    const isLine = !json.includes(LINE_END) && !json.includes(RETURN);
    const record = isLine ? json : Buffer.from(json.filter(byte => byte !== LINE_END && byte !== RETURN));
    if (format === 'flat') this.#flat.write(record);
    else this.copy(record, 0, record.length);
    this.put(LINE_END);
  }

  put(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.length++] = byte;
  }

  copy(from: Uint8Array, start: number, end: number): void {
    if (this.length + end - start > this.#bytes.length) this.#grow(end - start);
    const bytes = this.#bytes;
    let at = this.length;
    // A call into the runtime costs as much as copying some hundred bytes here.
    if (end - start > 256) bytes.set(from.subarray(start, end), at);
    else for (let i = start; i < end; i++) bytes[at++] = from[i] as number;
    this.length += end - start;
  }

  #grow(by: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length + by);
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}

/** camelCase to snake_case (docs/reading-the-data.md#records): two replacements, then lower case. */
export function snake(key: string): string {
  return key
    .replace(/([^\n])([A-Z][a-z]+)/gu, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** A name in snake_case. */
interface Name {
  readonly text: string;
  /** The same as a JSON string. */
  readonly json: Uint8Array;
  /** How many different keys lead to it; where it is one, no two keys of an object can meet in it. */
  keys: number;
  /** The last record that has it at its top level, and the last that has it from an attribute. */
  usedIn: number;
  attributeIn: number;
}

interface Key {
  readonly key: string;
  readonly name: Name;
}

/**
 * Writes flat records: attributes and the data of relationships at the top level, every key in snake_case. A key that is
 * taken gets `_2`, `_3`, ...; a relationship whose name an attribute has is called `<name>_data`.
 */
class FlatWriter {
  readonly #out: Lines;
  readonly #names = new Map<string, Name>();
  readonly #keys = new KeyCache((key): Key => {
    const name = this.#named(snake(key));
    name.keys++;
    return { key, name };
  });
  #record = 0;
  #isFirst = true;
  /** Of the record, what comes before is copied or left out. */
  #done = 0;
  #relationships = -1;

  constructor(out: Lines) {
    this.#out = out;
  }

  write(json: Buffer): void {
    // Between two records: within one, names are counted.
    if (this.#keys.clearIfFull()) this.#names.clear();
    this.#record++;
    this.#isFirst = true;
    this.#relationships = -1;
    // The resource keeps these for itself, whatever its attributes are called.
    for (const own of ['id', 'type', 'links']) this.#named(own).usedIn = this.#record;
    eachMember(json, 0, this.#member);
    // After the attributes, wherever they stand in the source: which of the two gets the name must not depend on it.
    if (this.#relationships >= 0) eachMember(json, this.#relationships, this.#relationship);
    if (this.#isFirst) this.#out.put(BRACE);
    this.#out.put(BRACE_END);
  }

  readonly #member = (json: Buffer, at: number, from: number, to: number): number => {
    const { key, name } = this.#keys.at(json, from, to);
    if (key === 'id' || key === 'type' || key === 'links') return this.#column(name, json, at);
    if (key === 'attributes' && isObject(json, at)) return eachMember(json, at, this.#attribute);
    if (key === 'relationships' && isObject(json, at)) {
      this.#relationships = at;
      return endOfValue(json, at);
    }
    return this.#column(this.#free(name), json, at);
  };

  readonly #attribute = (json: Buffer, at: number, from: number, to: number): number => {
    const name = this.#free(this.#keys.at(json, from, to).name);
    name.attributeIn = this.#record;
    return this.#column(name, json, at);
  };

  readonly #relationship = (json: Buffer, at: number, from: number, to: number): number => {
    if (!isObject(json, at)) return endOfValue(json, at);
    let data = -1;
    const end = eachMember(json, at, (_, value, from, to) => {
      if (this.#keys.at(json, from, to).key === 'data') data = value;
      return endOfValue(json, value);
    });
    if (data >= 0) {
      const { name } = this.#keys.at(json, from, to);
      const isTaken = name.attributeIn === this.#record;
      this.#column(this.#free(isTaken ? this.#named(`${name.text}_data`) : name), json, data);
    }
    return end;
  };

  #named(text: string): Name {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = { text, json: bytesOf(text), keys: 0, usedIn: 0, attributeIn: 0 };
      this.#names.set(text, name);
    }
    return name;
  }

  /** The name itself where it is free; else the first free one of `_2`, `_3`, ... */
  #free(name: Name): Name {
    let free = name;
    for (let n = 2; free.usedIn === this.#record; n++) free = this.#named(`${name.text}_${n}`);
    free.usedIn = this.#record;
    return free;
  }

  #column({ json: name }: Name, json: Buffer, at: number): number {
    this.#out.put(this.#isFirst ? BRACE : COMMA);
    this.#isFirst = false;
    this.#out.copy(name, 0, name.length);
    this.#out.put(COLON);
    this.#done = at;
    const end = this.#value(json, at);
    this.#out.copy(json, this.#done, end);
    return end;
  }

  /** Copies a value but for its last run, with the keys in it renamed. */
  readonly #value = (json: Buffer, at: number): number => {
    if (isObject(json, at)) return this.#object(json, at);
    return isArray(json, at) ? eachElement(json, at, this.#value) : endOfValue(json, at);
  };

  #object(json: Buffer, at: number): number {
    let used: Set<string> | undefined;
    return eachMember(json, at, (_, value, from, to) => {
      const { name } = this.#keys.at(json, from, to);
      // From the first key on that can meet another one, names are chosen with care.
      if (name.keys > 1) used ??= this.#namesBefore(json, at, from);
      this.#rename(json, from, to, used === undefined ? name.json : freeName(used, name.text));
      return this.#value(json, value);
    });
  }

  /** The names of an object's keys that stand before a place; until there, no two of them lead to the same. */
  #namesBefore(json: Buffer, at: number, place: number): Set<string> {
    const names = new Set<string>();
    eachMember(json, at, (_, value, from, to) => {
      if (from < place) names.add(this.#keys.at(json, from, to).name.text);
      return endOfValue(json, value);
    });
    return names;
  }

  #rename(json: Buffer, from: number, to: number, name: Uint8Array): void {
    this.#out.copy(json, this.#done, from);
    this.#out.copy(name, 0, name.length);
    this.#done = to;
  }
}

/** The name itself, or the first free one of `_2`, `_3`, ...; used from now on. */
function freeName(used: Set<string>, text: string): Uint8Array {
  let name = text;
  for (let n = 2; used.has(name); n++) name = `${text}_${n}`;
  used.add(name);
  return bytesOf(name);
}
