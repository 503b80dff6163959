// The records as messages of Singer, which any target takes (docs/reading-the-data.md#singer-targets). Pure.
import { beginText, bytesOf, eachMember, endOfValue, replaceEscapes, valueIn } from '../sync/json-bytes.ts';
import type { Kinds, StreamSchema } from '../sync/stream-schema.ts';
import { DOCUMENTED } from './columns.ts';
import { ANY, KIND, kindsOf } from './kinds.ts';

type Property = { readonly type: readonly string[]; readonly format?: string };

/** The column by which targets know a deleted record. */
const DELETED_AT = '_sdc_deleted_at';
/** Names that a column can have in the table of any target. */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;
const TIME: Property = { type: ['string', 'null'], format: 'date-time' };
/** Of a column with values of several kinds, which no table has: its values become their JSON text. */
const JSON_TEXT: Property = { type: ['string', 'null'] };

/** The columns that targets are told of; the others are in the records all the same. */
function propertiesOf({ stream, columns }: StreamSchema): ReadonlyMap<string, Property> {
  const documented = DOCUMENTED.get(stream)?.columns;
  const named = [...(columns.get('') ?? [])].filter(([name, kinds]) => NAME.test(name) && (kinds & ANY) > 0);
  return new Map(named.map(([name, kinds]) => [name, typeOf(kinds, documented?.has(name) === true)]));
}

/** Most targets cannot change the type of a column: one that is not documented gets a type that fits more than was seen. */
function typeOf(kinds: Kinds, isDocumented: boolean): Property {
  const isWithin = (allowed: Kinds) => (kinds & ANY & ~allowed) === 0;
  if (isWithin(KIND.boolean)) return { type: ['boolean', 'null'] };
  if (isWithin(KIND.integer) && isDocumented) return { type: ['integer', 'null'] };
  if (isWithin(KIND.integer | KIND.number)) return { type: ['number', 'null'] };
  if (isWithin(KIND['date-time']) && isDocumented) return TIME;
  if (isWithin(KIND.string | KIND['date-time'])) return { type: ['string', 'null'] };
  return isWithin(KIND.object | KIND.array) ? { type: ['object', 'array', 'null'] } : JSON_TEXT;
}

/** Comes before the records of its stream. */
export function schemaMessage(schema: StreamSchema): Buffer {
  const properties = { ...Object.fromEntries(propertiesOf(schema)), [DELETED_AT]: TIME };
  return message({
    type: 'SCHEMA',
    stream: schema.stream,
    schema: { type: 'object', properties },
    key_properties: ['id'],
    bookmark_properties: ['updated_at'],
  });
}

/** Comes after all records. @param completeTo streams, and up to when each is complete */
export function stateMessage(completeTo: ReadonlyMap<string, string>): Buffer {
  const bookmarks = [...completeTo].map(([stream, to]) => [
    stream,
    { replication_key: 'updated_at', replication_key_value: to },
  ]);
  return message({ type: 'STATE', value: { bookmarks: Object.fromEntries(bookmarks) } });
}

/** For a mark of deletion whose value is no time: targets must still see that the record is deleted. */
const EPOCH = '1970-01-01T00:00:00Z';
/** Databases take no NUL. */
const NUL = /\\(?:(u0000)|.)/g;

/** Makes messages of `flat` lines, which come without their line ends. May change the bytes of a line in place. */
export function recordMessages(schema: StreamSchema): (line: Buffer) => Buffer[] {
  const texts = new Set([...propertiesOf(schema)].flatMap(([name, type]) => (type === JSON_TEXT ? [name] : [])));
  const start = Buffer.from(`{"type":"RECORD","stream":${JSON.stringify(schema.stream)},"record":`);
  return line => {
    if (line.includes('\\u0000')) replaceEscapes(line, NUL);
    const pieces: Buffer[] = [start];
    const marks = new Map<string, unknown>();
    let copied = 0;
    beginText();
    eachMember(line, 0, (_, at, from, to) => {
      const end = endOfValue(line, at);
      const name = line.toString('latin1', from + 1, to - 1);
      if (/^(?:deleted|deleted_at|updated_at)$/.test(name)) marks.set(name, markIn(line, at, end));
      if (!texts.has(name) || (kindsOf(line, at, end) & ANY) === 0) return end;
      pieces.push(line.subarray(copied, at), bytesOf(line.toString('utf8', at, end)));
      copied = end;
      return end;
    });
    const deletedAt =
      marks.get('deleted_at') ?? (marks.get('deleted') === true ? (marks.get('updated_at') ?? EPOCH) : null);
    pieces.push(line.subarray(copied, -1), Buffer.from(`,"${DELETED_AT}":${JSON.stringify(deletedAt)}}}\n`));
    return pieces;
  };
}

/** A boolean or a time; {@link EPOCH} for any other value; undefined for null. */
function markIn(line: Buffer, at: number, end: number): unknown {
  const kind = kindsOf(line, at, end) & ANY;
  if (kind === 0) return undefined;
  return kind & (KIND['date-time'] | KIND.boolean) ? valueIn(line, at, end) : EPOCH;
}

function message(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}
