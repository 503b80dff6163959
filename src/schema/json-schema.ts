// The JSON Schema (2020-12) of the lines of a stream. Pure.
import type { RecordFormat } from '../sync/state.ts';
import { byKey, CONTAINERS, type Container, type Kinds, type StreamSchema } from '../sync/stream-schema.ts';
import { customKinds, DOCUMENTED, placeOf, type StreamColumns } from './columns.ts';
import { ANY, KIND, type KindName } from './kinds.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown };

export function jsonSchema(schema: StreamSchema): JsonSchema {
  const { stream, format, klasses } = schema;
  const documented = DOCUMENTED.get(stream);
  const root = objectSchema(schema, '');
  for (const container of CONTAINERS[format].slice(1)) {
    // `attributes.custom` is a property of `attributes`, which comes before it.
    const path = container.split('.');
    const parent = path.slice(0, -1).reduce((at: JsonSchema, key) => propertiesOf(at)[key] as JsonSchema, root);
    const key = path.at(-1) as string;
    const own = propertiesOf(parent)[key];
    if (own !== undefined) Object.assign(own as JsonSchema, objectSchema(schema, container));
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: stream,
    ...(documented && { description: documented.text }),
    'x-record-format': format,
    ...(klasses.size > 0 && { 'x-klasses': [...klasses].sort() }),
    type: 'object',
    required: ['id', 'type'],
    ...root,
  };
}

function propertiesOf(schema: JsonSchema): Record<string, unknown> {
  return schema.properties as Record<string, unknown>;
}

function objectSchema({ stream, format, columns, open, custom }: StreamSchema, container: Container): JsonSchema {
  const documented = columnsByKey(DOCUMENTED.get(stream), format, container);
  const listed = [...(columns.get(container) ?? [])].sort(byKey).map(([key, kinds]): [string, JsonSchema] => {
    const column = documented.get(key);
    const isTyped = container.endsWith('custom') && customKinds(key, custom) > 0;
    const isKnown = column !== undefined || isTyped || /^(?:attributes|relationships)$/.test(key);
    return [
      key,
      {
        ...typeOf(kinds),
        ...(column && { description: column.text }),
        ...(column?.joins && { 'x-joins': column.joins }),
        ...(!isKnown && { 'x-undocumented': true }),
      },
    ];
  });
  // Validators written in JavaScript find these names in every object, unless a pattern asks for them.
  const isInherited = ([key]: [string, unknown]) => Object.hasOwn(Object.prototype, key);
  const patterns = listed.filter(isInherited).map(([key, own]) => [`^${key}$`, own]);
  return {
    properties: Object.fromEntries(listed.filter(each => !isInherited(each))),
    ...(patterns.length > 0 && { patternProperties: Object.fromEntries(patterns) }),
    additionalProperties: open.has(container),
  };
}

function columnsByKey(documented: StreamColumns | undefined, format: RecordFormat, container: Container) {
  const places = [...(documented?.columns.values() ?? [])].map(column => ({ ...placeOf(column, format), column }));
  return new Map(places.filter(place => place.in === container).map(({ key, column }) => [key, column]));
}

function typeOf(kinds: Kinds): JsonSchema {
  if ((kinds & ANY) === ANY) return {};
  const has = (name: KindName) => (kinds & KIND[name]) > 0;
  const types: string[] = (['boolean', 'object', 'array'] as const).filter(has);
  if (has('number')) types.push('number');
  else if (has('integer')) types.push('integer');
  if (has('string') || has('date-time')) types.push('string');
  const isTime = has('date-time') && !has('string');
  return { type: [...types, 'null'], ...(isTime && { format: 'date-time' }) };
}
