// The documented columns of each stream, and what the name of a custom attribute says of its type. Pure.
import type { Definition } from '../kustomer/custom-attributes.ts';
import { STREAMS } from '../kustomer/streams.ts';
import type { RecordFormat } from '../sync/state.ts';
import type { Container, CustomTypes, Kinds } from '../sync/stream-schema.ts';
import { DOCUMENTED_LISTS } from './documented-lists.ts';
import { DOCUMENTED_SEARCH } from './documented-search.ts';
import { ANY, KIND } from './kinds.ts';

/** A documented column. */
export interface Column {
  /** As `flat` writes it. */
  readonly name: string;
  readonly kinds: Kinds;
  /** One sentence. */
  readonly text: string;
  readonly sources: string;
  readonly isRelationship: boolean;
  /** The column has ids of records of this stream, or of this kind of record if there is no such stream. */
  readonly joins?: string;
}

/** What is documented of a stream. */
export interface StreamColumns {
  readonly stream: string;
  readonly text: string;
  readonly columns: ReadonlyMap<string, Column>;
}

const TYPES: Readonly<Record<string, Kinds>> = {
  str: KIND.string,
  time: KIND['date-time'],
  int: KIND.integer,
  num: KIND.number | KIND.integer,
  bool: KIND.boolean,
  obj: KIND.object,
  list: KIND.array,
  any: ANY,
  id: KIND.string,
  ids: KIND.array,
  '>': KIND.object,
  '>>': KIND.array,
};

/** By stream. A stream that is not documented has no entry. */
export const DOCUMENTED: ReadonlyMap<string, StreamColumns> = parseDocumented(DOCUMENTED_SEARCH + DOCUMENTED_LISTS);

/** Whether a record that a list no longer shows gets a deletion line; other streams mark the record itself. */
export function hasDeletionLines(stream: string): boolean {
  return STREAMS.some(({ name, kind }) => name === stream && kind === 'list');
}

function parseDocumented(text: string): ReadonlyMap<string, StreamColumns> {
  const streams = new Map<string, StreamColumns>();
  let common = new Map<string, Column>();
  let columns = new Map<string, Column>();
  let sources = '';
  for (const line of text.split('\n')) {
    const [first = '', ...rest] = line.split(' ');
    if (first === '#') {
      const [stream = '', from = '', text = ''] = line.slice(2).split(' | ');
      columns = new Map();
      sources = from;
      if (stream === '*') common = columns;
      else streams.set(stream, { stream, text, columns });
    } else if (first === '+') {
      for (const name of rest) columns.set(name, { ...(common.get(name) as Column), sources });
    } else if (first !== '') {
      columns.set(first, parseColumn(line, sources));
    }
  }
  return streams;
}

function parseColumn(line: string, sources: string): Column {
  const [, name = '', type = '', joins, text = '', source = sources] =
    /^(\w+) (>{0,2}|[a-z]+)(?::?(?<=[:>])(\w+))? (.*?)(?: \{(.+)\})?$/.exec(line) ?? [];
  const kinds = TYPES[type];
  if (kinds === undefined) throw new Error(`no column: ${line}`);
  return { name, kinds, text, sources: source, isRelationship: type.startsWith('>'), ...(joins && { joins }) };
}

const SUFFIXES: Readonly<Record<string, Kinds>> = {
  str: KIND.string,
  txt: KIND.string,
  num: KIND.number | KIND.integer,
  at: KIND['date-time'],
  bool: KIND.boolean,
  url: KIND.string,
  id: KIND.string,
  tree: KIND.string,
};

/** Types of attributes as Kustomer calls them, and other words for the same. */
const DEFINED: Readonly<Record<string, Kinds>> = {
  ...SUFFIXES,
  string: KIND.string,
  text: KIND.string,
  uri: KIND.string,
  number: KIND.number | KIND.integer,
  date: KIND['date-time'],
  datetime: KIND['date-time'],
  'date-time': KIND['date-time'],
  boolean: KIND.boolean,
};

/** The kinds of values that an attribute is defined for; 0 for a type that nobody knows. */
export function definedKinds({ type, isList }: Definition): Kinds {
  if (isList) return KIND.array;
  const known = type.toLowerCase();
  return Object.hasOwn(DEFINED, known) ? (DEFINED[known] as Kinds) : 0;
}

/** What is known of a custom attribute: as Kustomer says, or by the end of its name (docs/kustomer-api.md#custom-attributes). */
export function customKinds(key: string, custom?: CustomTypes): Kinds {
  const [suffix = ''] = /(?:(?<=_)[a-z]+|[A-Z][a-z]+)$/.exec(key) ?? [];
  const word = suffix.toLowerCase();
  return custom?.kinds.get(key) ?? (Object.hasOwn(SUFFIXES, word) ? (SUFFIXES[word] as Kinds) : 0);
}

/** The key in the source behind the flat name of a documented column. */
export function sourceKey(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Where a documented column is in a line. */
export function placeOf({ name, isRelationship }: Column, format: RecordFormat): { in: Container; key: string } {
  if (format === 'flat' || /^(?:id|type|links)$/.test(name)) return { in: '', key: name };
  // A relationship that shares its name with an attribute: its flat name only ends so.
  if (isRelationship) return { in: 'relationships', key: sourceKey(name.replace(/_data$/, '')) };
  return { in: 'attributes', key: sourceKey(name) };
}
