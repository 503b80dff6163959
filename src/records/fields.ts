/**
 * Keeps fields back: leaves them out of a line, or writes the hash of each value in their place (docs/privacy.md). Pure.
 *
 * A path names a field as the line has it, where keys have their final names. So a line is first written, and then what
 * a path leads into is written again. Nothing else is looked at.
 */
import {
  bytesOf,
  eachElement,
  eachMember,
  endOfValue,
  isArray,
  isObject,
  KeyCache,
  valueIn,
} from '../sync/json-bytes.ts';
import type { KeptBack, Treatment } from '../sync/kept-back.ts';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a] as const;
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const NULL = 0x6e;

/** Where the bytes go. */
export interface Output {
  length: number;
  bytes(): Buffer;
  put(byte: number): void;
  copy(from: Uint8Array, start: number, end: number): void;
}

/** A field that a path names, or that a path leads through. */
export class Field {
  treatment: Treatment | undefined;
  readonly inner = new Map<string, Field>();
  /** A line has had the field. */
  isMet = false;
  /** All fields in it were met. */
  #isComplete = false;
  /** Names of members, while a path leads to one that was not met: for whoever has misspelt it. */
  readonly names = new Set<string>();

  /** The field of a member. A dot in a key is as good as one between two keys. */
  member(key: string): Field | undefined {
    const own = this.inner.get(key);
    if (own !== undefined || !key.includes('.')) return own;
    let field: Field | undefined = this;
    let around: Field | undefined;
    for (const part of key.split('.')) {
      field = field.inner.get(part);
      if (field === undefined || field.treatment === 'excluded') return field ?? around;
      if (field.treatment === 'hashed') around = field;
    }
    return field;
  }

  /** The field of a member that a line has. */
  meet(key: string): Field | undefined {
    const field = this.member(key);
    if (field?.isMet === false) {
      field.isMet = true;
      this.#isComplete = [...this.inner.values()].every(({ isMet }) => isMet);
    } else if (field === undefined && !this.#isComplete && this.names.size < MAX_NAMES) this.names.add(key);
    return field;
  }
}

const MAX_NAMES = 1_000;

/** A name that columns of a line have. */
export interface ColumnName {
  readonly text: string;
  /** The name as a JSON string. */
  readonly json: Uint8Array;
  /** What is kept back of a column with this name: null is nothing, undefined is not known yet. */
  field: Field | null | undefined;
}

/** Makes the hash of a value in hex. @param json the JSON text of the value */
export type HashValue = (json: Uint8Array) => string;

/** What is kept back of one stream, and what of it was met. */
export class FieldFilter {
  readonly root = new Field();
  /** Lines were written, if only to a staging file that was discarded. */
  hasLines = false;
  readonly #hash: HashValue;
  readonly #keys = new KeyCache(key => key.toWellFormed());
  /** Holds a copy of a value while the value is written again. Reused, so it may be longer than the value. */
  #scratch = Buffer.alloc(0);

  constructor(paths: KeptBack, hash: HashValue) {
    this.#hash = hash;
    for (const [path, treatment] of paths) {
      let field = this.root;
      for (const name of path.split('.')) {
        const inner = field.inner.get(name) ?? new Field();
        field.inner.set(name, inner);
        field = inner;
      }
      field.treatment = treatment;
    }
  }

  /** The field of a column that paths name or lead through; null for all others. */
  columnOf(name: ColumnName, column: Uint8Array): Field | null {
    if (column !== name.json) return this.root.meet(JSON.parse(String(Buffer.from(column)))) ?? null;
    // Records have few different columns, a million times over.
    if (name.field === undefined) name.field = this.root.meet(name.text) ?? null;
    return name.field;
  }

  /** Writes a value again, which is all that stands in the output from `start` on. */
  rewrite(out: Output, start: number, field: Field): void {
    const size = out.length - start;
    if (size > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(2 * size);
    out.bytes().copy(this.#scratch, 0, start);
    out.length = start;
    this.write(this.#scratch.subarray(0, size), out, field);
  }

  /** Writes a value, without what is kept back of it. */
  write(json: Buffer, out: Output, field = this.root): void {
    this.#keys.clearIfFull();
    this.#write(json, 0, out, field, field.treatment === 'hashed');
  }

  /** Whether a line has had the field of a path. Inside of one that is left out, nobody looks. */
  hasMet(path: string): boolean {
    let field: Field | undefined = this.root;
    for (const name of path.split('.')) {
      field = field?.inner.get(name);
      if (field?.treatment === 'excluded' && field.isMet) return true;
    }
    return field?.isMet === true;
  }

  /** Names that lines have at the place where a path leads nowhere, and the name that the path has there. */
  namesBeside(path: string): { readonly at: string; readonly name: string; readonly names: readonly string[] } {
    const parts = path.split('.');
    let field = this.root;
    let depth = 0;
    for (; depth < parts.length - 1; depth++) {
      const inner = field.inner.get(parts[depth] as string);
      if (inner?.isMet !== true) break;
      field = inner;
    }
    const at = parts.slice(0, depth).map(part => `${part}.`);
    return { at: at.join(''), name: parts[depth] as string, names: [...field.names] };
  }

  #write(json: Buffer, at: number, out: Output, field: Field | undefined, isHashed: boolean): number {
    const isPlain = field === undefined || field.inner.size === 0;
    if (isPlain && !isHashed) {
      const end = endOfValue(json, at);
      out.copy(json, at, end);
      return end;
    }
    if (isObject(json, at)) return this.#writeObject(json, at, out, field, isHashed);
    if (isArray(json, at)) {
      let next = BRACKET as number;
      const end = eachElement(json, at, (_, element) => {
        out.put(next);
        next = COMMA;
        return this.#write(json, element, out, field, isHashed);
      });
      if (next === BRACKET) out.put(BRACKET);
      out.put(BRACKET_END);
      return end;
    }
    const end = endOfValue(json, at);
    // null is not hashed: it says nothing of a person, and two records that have it have nothing in common.
    if (isHashed && json[at] !== NULL) this.#writeHash(json, at, end, out);
    else out.copy(json, at, end);
    return end;
  }

  #writeObject(json: Buffer, at: number, out: Output, field: Field | undefined, isHashed: boolean): number {
    let next = BRACE as number;
    /** Members in a row that stay as they are: they are copied together. */
    let [from, to] = [0, 0];
    const copyRow = () => {
      if (to === 0) return;
      out.put(next);
      next = COMMA;
      out.copy(json, from, to);
      to = 0;
    };
    const end = eachMember(json, at, (_, value, key, keyEnd) => {
      const inner = field?.meet(this.#keys.at(json, key, keyEnd));
      if (inner === undefined && !isHashed) {
        if (to === 0) from = key;
        to = endOfValue(json, value);
        return to;
      }
      copyRow();
      if (inner?.treatment === 'excluded') return endOfValue(json, value);
      out.put(next);
      next = COMMA;
      out.copy(json, key, keyEnd);
      out.put(COLON);
      return this.#write(json, value, out, inner, isHashed || inner?.treatment === 'hashed');
    });
    copyRow();
    if (next === BRACE) out.put(BRACE);
    out.put(BRACE_END);
    return end;
  }

  /** Of a text as JSON.stringify writes it, so that equal texts have equal hashes however they came. */
  #writeHash(json: Buffer, at: number, end: number, out: Output): void {
    const text = json.subarray(at, end);
    const isEscaped = text[0] === QUOTE && text.includes(BACKSLASH);
    const hex = this.#hash(isEscaped ? bytesOf(String(valueIn(json, at, end)).toWellFormed()) : text);
    const bytes = Buffer.from(`"${hex}"`, 'latin1');
    out.copy(bytes, 0, bytes.length);
  }
}
