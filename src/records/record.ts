// Writes records as lines of NDJSON (docs/reading-the-data.md#records): `raw` as received, `flat` as the Singer tap and
// the Airbyte connector emit them. Pure.
//
// A record never becomes values: its bytes are copied, and `flat` replaces the keys on the way. So a value stays as it
// was written, digit by digit. This runs over every byte that is written: changes here, allocations above all, show in
// the CPU figures of `npm run bench -- --only throughput`.
import { bytesOf, eachElement, eachMember, endOfValue, isArray, isObject, KeyCache } from '../sync/json-bytes.ts';
import type { Resource } from '../sync/source.ts';
import type { RecordFormat } from '../sync/state.ts';

const [LINE_END, RETURN] = [0x0a, 0x0d] as const;
const [BRACE, COMMA, COLON, BRACE_END] = [0x7b, 0x2c, 0x3a, 0x7d] as const;

/** How a record becomes a line: inputs of the same names. */
export interface LineOptions {
  readonly recordFormat: RecordFormat;
}

/** A buffer of lines. It grows when a line does not fit, and is reused after `clear`. */
export class Lines {
  readonly #flat = new FlatWriter(this);
  #bytes: Buffer;
  length = 0;

  /** @param size bytes to begin with */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** A view of the lines, valid until the next call of another method. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  add({ json }: Resource, { recordFormat }: LineOptions): void {
    // JSON has line breaks between tokens only, where they mean nothing.
    const isLine = !json.includes(LINE_END) && !json.includes(RETURN);
    const record = isLine ? json : Buffer.from(json.filter(byte => byte !== LINE_END && byte !== RETURN));
    if (recordFormat === 'flat') this.#flat.write(record);
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
    // A call into the runtime costs as much as copying some hundred bytes in this loop.
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

/** From camelCase to snake_case, by the rule of the Singer tap (docs/reading-the-data.md#records). */
export function snake(key: string): string {
  return key
    .replace(/([^\n])([A-Z][a-z]+)/gu, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** A name in snake_case. */
interface Name {
  readonly text: string;
  /** The name as a JSON string. */
  readonly json: Uint8Array;
  /** How many different keys become this name. While there is only one, no two keys of an object can collide in it. */
  keys: number;
  /** Number of the last record that has the name at its top level, and of the last that has it from an attribute. */
  usedIn: number;
  attributeIn: number;
}

/** A key of the source and the name it becomes. */
interface Key {
  readonly key: string;
  readonly name: Name;
}

/**
 * Writes flat records: attributes and the data of relationships at the top level, every key in snake_case. A name that
 * is used already gets `_2`, `_3`, ...; a relationship with the name of an attribute is called `<name>_data`.
 */
class FlatWriter {
  readonly #out: Lines;
  readonly #names = new Map<string, Name>();
  readonly #keys = new KeyCache((key): Key => {
    const name = this.#nameOf(snake(key));
    name.keys++;
    return { key, name };
  });
  /** Number of the current record, from 1. */
  #record = 0;
  #isFirst = true;
  /** Every byte of the record before this offset is copied or left out. */
  #copied = 0;
  /** Offset of the relationships in the record; -1 until they are found. */
  #relationships = -1;

  constructor(out: Lines) {
    this.#out = out;
  }

  write(json: Buffer): void {
    // Only between records, since a record relies on the counts of its names.
    if (this.#keys.clearIfFull()) this.#names.clear();
    this.#record++;
    this.#isFirst = true;
    this.#relationships = -1;
    // Reserved for the resource's own members: an attribute with such a name gets another one.
    for (const own of ['id', 'type', 'links']) this.#nameOf(own).usedIn = this.#record;
    eachMember(json, 0, this.#member);
    // Last, wherever they stand in the source: the order must not decide whether an attribute gets the name.
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
      this.#column(this.#free(isTaken ? this.#nameOf(`${name.text}_data`) : name), json, data);
    }
    return end;
  };

  #nameOf(text: string): Name {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = { text, json: bytesOf(text), keys: 0, usedIn: 0, attributeIn: 0 };
      this.#names.set(text, name);
    }
    return name;
  }

  /** The name itself if it is free, or else the first free one with `_2`, `_3`, ... It is used from now on. */
  #free(name: Name): Name {
    let free = name;
    for (let n = 2; free.usedIn === this.#record; n++) free = this.#nameOf(`${name.text}_${n}`);
    free.usedIn = this.#record;
    return free;
  }

  #column({ json: name }: Name, json: Buffer, at: number): number {
    this.#out.put(this.#isFirst ? BRACE : COMMA);
    this.#isFirst = false;
    this.#out.copy(name, 0, name.length);
    this.#out.put(COLON);
    this.#copied = at;
    const end = this.#value(json, at);
    this.#out.copy(json, this.#copied, end);
    return end;
  }

  /** Copies a value with its keys renamed, up to its last key: what follows is left to `#column`. */
  readonly #value = (json: Buffer, at: number): number => {
    if (isObject(json, at)) return this.#object(json, at);
    return isArray(json, at) ? eachElement(json, at, this.#value) : endOfValue(json, at);
  };

  #object(json: Buffer, at: number): number {
    let used: Set<string> | undefined;
    return eachMember(json, at, (_, value, from, to) => {
      const { name } = this.#keys.at(json, from, to);
      // Most objects have no two keys that can collide: only the others need a set of used names.
      if (name.keys > 1) used ??= this.#namesBefore(json, at, from);
      const renamed = used === undefined ? name.json : freeName(used, name.text);
      this.#out.copy(json, this.#copied, from);
      this.#out.copy(renamed, 0, renamed.length);
      this.#copied = to;
      return this.#value(json, value);
    });
  }

  /** The names of the object's keys that start before `end`; no two of them collide. */
  #namesBefore(json: Buffer, at: number, end: number): Set<string> {
    const names = new Set<string>();
    eachMember(json, at, (_, value, from, to) => {
      if (from < end) names.add(this.#keys.at(json, from, to).name.text);
      return endOfValue(json, value);
    });
    return names;
  }
}

/** The name itself if it is not used, or else the first free one with `_2`, `_3`, ... It is used from now on. */
function freeName(used: Set<string>, text: string): Uint8Array {
  let name = text;
  for (let n = 2; used.has(name); n++) name = `${text}_${n}`;
  used.add(name);
  return bytesOf(name);
}
