// Decides what keys are called that meet in one name: the one that is written so has it, and the others follow in
// alphabetical order with `_2`, `_3`, ... So the order of the source does not matter. Pure.
import { bytesOf, eachElement, eachMember, endOfValue, isArray, isObject } from '../sync/json-bytes.ts';
import type { ColumnName } from './fields.ts';

/** Gets the values of a column. */
export interface ValueObserver {
  /** Not null when members of the value are columns. */
  readonly inner: string | null;
  /** By the first byte of a value: not 0 where such a value would tell nothing new, and need not be noted. */
  readonly settled: Uint8Array;
  /** Gets the bytes [from, to) of a JSON text. */
  note(json: Uint8Array, from: number, to: number): void;
}

/** Is told what columns the lines have, and what values. */
export interface LineObserver {
  type(type: string): void;
  line(json: Buffer): void;
  /** A column of `flat` lines, or of their custom attributes. */
  column(container: '' | 'custom', name: string): ValueObserver;
}

/** A name in snake_case. */
export interface Name extends ColumnName {
  /** Number of the object that had it last. */
  object: number;
  /** Number of the last record that has it from an attribute. */
  attributeOf: number;
  /** Notes the values that it has in a line, and in the custom attributes of a line. */
  inLine: ValueObserver | undefined;
  inCustom: ValueObserver | undefined;
}

/** A key of the source and the name it becomes. */
export interface Key {
  readonly key: string;
  readonly name: Name;
}

/**
 * What the keys of a record are called that do not simply have their name, by the offset of the key; null when the same
 * key comes again in the object: the last one counts.
 */
export type NamePlan = ReadonlyMap<number, Uint8Array | null>;

/** The names of the resource's own members, which no attribute may have. */
export const RESERVED: readonly string[] = ['id', 'type', 'links'];

interface Member {
  readonly key: string;
  readonly natural: string;
  /** What it is called. */
  name: string;
  /** Offset of the key, and of the value. */
  readonly from: number;
  readonly at: number;
}

type Members = ReadonlyMap<string, Member>;

/** @param keyAt the key between two offsets */
export function planNames(json: Buffer, keyAt: (from: number, to: number) => Key): NamePlan {
  const plan = new Map<number, Uint8Array | null>();

  /** @param visit plans a value, and returns its end */
  function membersOf(at: number, visit: (json: Buffer, at: number, key: string) => number): [Members, number] {
    const members = new Map<string, Member>();
    const end = eachMember(json, at, (_, value, from, to) => {
      const { key, name } = keyAt(from, to);
      const earlier = members.get(key);
      if (earlier !== undefined) plan.set(earlier.from, null);
      members.set(key, { key, natural: name.text, name: name.text, from, at: value });
      return visit(json, value, key);
    });
    return [members, end];
  }

  function planValue(_: Buffer, at: number): number {
    if (isArray(json, at)) return eachElement(json, at, planValue);
    if (!isObject(json, at)) return endOfValue(json, at);
    const [members, end] = membersOf(at, planValue);
    give([...members.values()], new Set());
    return end;
  }

  /** Gives the members their names, and adds these to `taken`. */
  function give(members: readonly Member[], taken: Set<string>): void {
    for (const member of nameAll(members, taken)) {
      taken.add(member.name);
      if (member.name !== member.natural) plan.set(member.from, bytesOf(member.name));
    }
  }

  const isLayer = (key: string, at: number) => (key === 'attributes' || key === 'relationships') && isObject(json, at);
  const [own] = membersOf(0, (_, at, key) => (isLayer(key, at) ? endOfValue(json, at) : planValue(json, at)));
  const layer = (key: string): Member[] => {
    const at = own.get(key)?.at ?? -1;
    return isObject(json, at) ? [...membersOf(at, planValue)[0].values()] : [];
  };
  const [attributes, relationships] = [layer('attributes'), layer('relationships')];
  const others = [...own.values()].filter(({ key, at }) => !RESERVED.includes(key) && !isLayer(key, at));
  const taken = new Set(RESERVED);
  give([...attributes, ...others], taken);

  const ofAttributes = new Set(attributes.map(({ name }) => name));
  const hasData = (at: number) => isObject(json, at) && membersOf(at, endOfValue)[0].has('data');
  const columns = relationships.filter(({ at }) => hasData(at));
  for (const each of columns) if (ofAttributes.has(each.natural)) each.name = `${each.natural}_data`;
  give(columns, taken);
  return plan;
}

/** Names members, whose names are the wanted ones so far, so that no two have the same, nor one that is taken. */
function nameAll(members: readonly Member[], taken: ReadonlySet<string>): readonly Member[] {
  const groups = Map.groupBy(members, ({ name }) => name);
  const wanted = new Set([...taken, ...groups.keys()]);
  for (const [name, group] of groups) {
    let n = taken.has(name) ? 2 : 1;
    for (const member of group.sort(byPrecedence)) {
      // Goes on from the last number: trying all for each would take a square of time.
      while (n > 1 && wanted.has(`${name}_${n}`)) n++;
      if (n > 1) member.name = `${name}_${n}`;
      n++;
    }
  }
  return members;
}

/** Attributes come before other members of the same key, since sorting keeps the order of equals. */
function byPrecedence(a: Member, b: Member): number {
  const isWritten = ({ key, name }: Member) => Number(key === name);
  return isWritten(b) - isWritten(a) || (a.key < b.key ? -1 : Number(a.key > b.key));
}
