// Writes flat records: attributes and the data of relationships at the top level, every key in snake_case. Pure.
import {
  beginText,
  bytesOf,
  eachElement,
  eachMember,
  endOfSpace,
  endOfValue,
  hasUnicodeEscape,
  isArray,
  isObject,
  KeyCache,
  replaceEscapes,
} from '../sync/json-bytes.ts';
import { snakeCase } from '../sync/snake-case.ts';
import type { Field, FieldFilter } from './fields.ts';
import type { LineBuffer } from './line-buffer.ts';
import {
  type Key,
  type LineObserver,
  type Name,
  type NamePlan,
  planNames,
  RESERVED,
  type ValueObserver,
} from './name-plan.ts';

const [BRACE, COMMA, COLON, BRACE_END] = [0x7b, 0x2c, 0x3a, 0x7d] as const;

/** Every pair of surrogates, lone surrogate and other escape. The second is captured. */
const LONE_SURROGATES = /\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)/g;
/** Thrown when a name occurs twice in an object. Few records have such a name: they are written again, by a plan. */
const COLLISION = new Error('two keys meet in one name');
/** The members of a resource that have a meaning of their own. */
const OWN: ReadonlyMap<string, number> = new Map([
  ['id', 1],
  ['type', 2],
  ['links', 4],
  ['attributes', 8],
  ['relationships', 16],
]);

export class FlatWriter {
  readonly #out: LineBuffer;
  readonly #names = new Map<string, Name>();
  readonly #keys = new KeyCache((key): Key => ({ key, name: this.#nameOf(snakeCase(key).toWellFormed()) }));
  /** Number of the last object, and of the record. */
  #objects = 0;
  #record = 0;
  /** Names that an open object shares with an object around it, and the numbers to give back to them. */
  readonly #shadowed: Name[] = [];
  readonly #before: number[] = [];
  /** What this record's keys are called that do not just get their name: see {@link NamePlan}. */
  #plan: NamePlan | undefined;
  /** The members of {@link OWN} that the record has had. */
  #own = 0;
  #isFirst = true;
  /** Every byte of the record before this offset is copied or left out. */
  #copied = 0;
  /** Offset of the relationships in the record; -1 until they are found. */
  #relationships = -1;
  readonly #observer: LineObserver | undefined;
  #filter: FieldFilter | undefined;

  constructor(out: LineBuffer, observer: LineObserver | undefined) {
    this.#out = out;
    this.#observer = observer;
  }

  write(json: Buffer, filter?: FieldFilter): void {
    this.#filter = filter;
    if (this.#keys.clearIfFull()) this.#names.clear();
    const start = this.#out.length;
    this.#plan = undefined;
    try {
      this.#write(json);
    } catch (error) {
      if (error !== COLLISION) throw error;
      this.#out.length = start;
      this.#plan = planNames(json, (from, to) => this.#keys.at(json, from, to));
      this.#write(json);
    }
    if (hasUnicodeEscape()) replaceEscapes(this.#out.bytes().subarray(start), LONE_SURROGATES);
    // What a plan calls the keys is not noted on the way.
    if (this.#plan !== undefined) this.#observer?.line(this.#out.bytes().subarray(start));
  }

  #write(json: Buffer): void {
    beginText();
    this.#record = ++this.#objects;
    this.#shadowed.length = 0;
    this.#before.length = 0;
    this.#own = 0;
    this.#isFirst = true;
    this.#relationships = -1;
    // Reserved for the resource's own members: an attribute with such a name gets another one.
    for (const own of RESERVED) this.#nameOf(own).object = this.#record;
    eachMember(json, 0, this.#member);
    // Last, wherever they stand in the source: the order must not decide whether an attribute gets the name.
    if (this.#relationships >= 0) eachMember(json, this.#relationships, this.#relationship);
    if (this.#isFirst) this.#out.put(BRACE);
    this.#out.put(BRACE_END);
  }

  readonly #member = (json: Buffer, at: number, from: number, to: number): number => {
    if (this.#plan?.get(from) === null) return endOfValue(json, at);
    const { key, name } = this.#keys.at(json, from, to);
    const own = OWN.get(key) ?? 0;
    if ((this.#own & own) > 0) throw COLLISION;
    this.#own |= own;
    if (RESERVED.includes(key)) return this.#column(name, name.json, json, at);
    if (key === 'attributes' && isObject(json, at)) return eachMember(json, at, this.#attribute);
    if (key === 'relationships' && isObject(json, at)) {
      this.#relationships = at;
      return endOfValue(json, at);
    }
    return this.#column(name, this.#nameIn(this.#record, name, from), json, at);
  };

  readonly #attribute = (json: Buffer, at: number, from: number, to: number): number => {
    const { name } = this.#keys.at(json, from, to);
    const column = this.#nameIn(this.#record, name, from);
    name.attributeOf = this.#record;
    return this.#column(name, column, json, at);
  };

  readonly #relationship = (json: Buffer, at: number, from: number, to: number): number => {
    const { name } = this.#keys.at(json, from, to);
    const isTaken = name.attributeOf === this.#record;
    const own = isTaken ? this.#nameOf(`${name.text}_data`) : name;
    const column = this.#nameIn(this.#record, own, from);
    if (!isObject(json, at)) return endOfValue(json, at);
    let data = -1;
    const end = eachMember(json, at, (_, value, from, to) => {
      if (this.#keys.at(json, from, to).key === 'data') data = value;
      return endOfValue(json, value);
    });
    if (data >= 0) this.#column(own, column, json, data);
    return end;
  };

  #nameOf(text: string): Name {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = {
        text,
        json: bytesOf(text),
        object: 0,
        attributeOf: 0,
        field: undefined,
        inLine: undefined,
        inCustom: undefined,
      };
      this.#names.set(text, name);
    }
    return name;
  }

  /**
   * What a key of the object is called; null when the same key comes again.
   * @param from offset of the key
   */
  #nameIn(object: number, name: Name, from: number): Uint8Array | null {
    // By far the most names are the first of their kind in the record.
    if (name.object < this.#record && this.#plan === undefined) {
      name.object = object;
      return name.json;
    }
    return this.#sharedName(object, name, from);
  }

  #sharedName(object: number, name: Name, from: number): Uint8Array | null {
    if (this.#plan !== undefined) {
      const planned = this.#plan.get(from);
      return planned === undefined ? name.json : planned;
    }
    if (name.object === object) throw COLLISION;
    this.#shadowed.push(name);
    this.#before.push(name.object);
    name.object = object;
    return name.json;
  }

  /** @param column what it is called here; null when the same key comes again */
  #column(name: Name, column: Uint8Array | null, json: Buffer, at: number): number {
    if (column === null) return endOfValue(json, at);
    const filter = this.#filter;
    const field = filter === undefined ? null : filter.columnOf(name, column);
    if (field?.treatment === 'excluded') return endOfValue(json, at);
    this.#out.put(this.#isFirst ? BRACE : COMMA);
    this.#isFirst = false;
    this.#out.copy(column, 0, column.length);
    this.#out.put(COLON);
    const start = this.#out.length;
    this.#copied = at;
    name.inLine ??= this.#observer?.column('', name.text);
    const seen = name.inLine;
    const end = this.#value(json, at, field === null && seen !== undefined && seen.inner !== null);
    this.#out.copy(json, this.#copied, end);
    if (field !== null) this.#keepBack(field, start, seen);
    else if (seen !== undefined && seen.settled[json[at] as number] === 0) this.#note(seen, json, at, end);
    return end;
  }

  /** Writes a column again without what is kept back of it, and notes what is left. */
  #keepBack(field: Field, start: number, seen: ValueObserver | undefined): void {
    this.#filter?.rewrite(this.#out, start, field);
    if (seen === undefined) return;
    const line = this.#out.bytes();
    this.#note(seen, line, start, line.length);
    if (seen.inner === null || !isObject(line, start)) return;
    eachMember(line, start, (_, value, from, to) => {
      const end = endOfValue(line, value);
      this.#noteCustom(this.#keys.at(line, from, to).name, line, value, end);
      return end;
    });
  }

  /**
   * Copies a value with its keys renamed, up to its last key: what follows is left to `#column`.
   * @param isCustom its members are columns
   */
  #value(json: Buffer, at: number, isCustom: boolean): number {
    if (isObject(json, at)) return this.#object(json, at, isCustom);
    return isArray(json, at) ? eachElement(json, at, this.#element) : endOfValue(json, at);
  }

  readonly #element = (json: Buffer, at: number): number => this.#value(json, at, false);

  #object(json: Buffer, at: number, isCustom: boolean): number {
    const object = ++this.#objects;
    const shadowed = this.#shadowed.length;
    const end = eachMember(json, at, (_, value, from, to) => {
      const { name } = this.#keys.at(json, from, to);
      const column = this.#nameIn(object, name, from);
      this.#out.copy(json, this.#copied, from);
      if (column === null) {
        const end = endOfValue(json, value);
        // The same key comes again, so a comma follows.
        this.#copied = endOfSpace(json, endOfSpace(json, end) + 1);
        return end;
      }
      this.#out.copy(column, 0, column.length);
      this.#copied = to;
      const end = this.#value(json, value, false);
      if (isCustom) this.#noteCustom(name, json, value, end);
      return end;
    });
    while (this.#shadowed.length > shadowed) (this.#shadowed.pop() as Name).object = this.#before.pop() as number;
    return end;
  }

  #noteCustom(name: Name, json: Buffer, at: number, end: number): void {
    name.inCustom ??= this.#observer?.column('custom', name.text);
    const seen = name.inCustom;
    if (seen !== undefined && seen.settled[json[at] as number] === 0) this.#note(seen, json, at, end);
  }

  #note(seen: ValueObserver, json: Buffer, at: number, end: number): void {
    // With a plan, the column may have another name.
    if (this.#plan === undefined) seen.note(json, at, end);
  }
}
