// The files that lie beside the records: the schema of each stream, and the views. Pure.
import { STREAM_NAMES } from '../kustomer/streams.ts';
import { CONTAINERS, type Container, type Kinds, type StreamSchema } from '../sync/stream-schema.ts';
import { type JsonSchema, jsonSchema } from './json-schema.ts';
import { ANY, KIND, type KindName } from './kinds.ts';
import { duckdbViews } from './views.ts';

export const VIEWS = 'views.sql';

/** The text of each file. In the directory of a run the schema of a stream is with its parts. */
export function filesBeside(
  schemas: readonly StreamSchema[],
  dataPath: string,
  pathOf = (stream: string) => `${stream}/schema.json`,
): Map<string, string> {
  // A state has streams that this version knows, in the order in which people know them.
  const known = STREAM_NAMES.flatMap(name => schemas.find(({ stream }) => stream === name) ?? []);
  if (known.length === 0) return new Map();
  const texts = known.map(schema => [pathOf(schema.stream), schemaText(schema)] as const);
  return new Map([...texts, [VIEWS, duckdbViews(known, dataPath)]]);
}

export function schemaText(schema: StreamSchema): string {
  return `${JSON.stringify(jsonSchema(schema), null, 1)}\n`;
}

/** What a `schema.json` allows, so that the next one allows it, too; null when it is none of ours. */
export function schemaIn(stream: string, text: string): StreamSchema | null {
  try {
    const json = JSON.parse(text) as JsonSchema;
    const format = json['x-record-format'];
    if (format !== 'flat' && format !== 'raw') return null;
    const open = new Set<Container>();
    const columns = new Map(
      CONTAINERS[format].map(container => {
        const keys = container === '' ? [] : container.split('.');
        const own = keys.reduce((at: JsonSchema, key) => (membersOf(at).get(key) ?? {}) as JsonSchema, json);
        if (own.additionalProperties === true) open.add(container);
        return [container, new Map([...membersOf(own)].map(([key, each]) => [key, kindsIn(each as JsonSchema)]))];
      }),
    );
    const klasses = Array.isArray(json['x-klasses']) ? json['x-klasses'].map(String) : [];
    return { stream, format, columns, open, klasses: new Set(klasses), vanished: new Set() };
  } catch {
    return null;
  }
}

function membersOf({ properties = {}, patternProperties = {} }: JsonSchema): Map<string, unknown> {
  const patterns = Object.entries(patternProperties as object).map(([key, own]) => [key.slice(1, -1), own] as const);
  return new Map([...Object.entries(properties as object), ...patterns]);
}

function kindsIn({ type, format }: JsonSchema): Kinds {
  if (type === undefined) return ANY;
  const names = (Array.isArray(type) ? type : [type]).filter(name => name !== 'null');
  return names.reduce((kinds: Kinds, name) => kinds | kindNamed(name, format === 'date-time'), 0);
}

function kindNamed(name: unknown, isTime: boolean): Kinds {
  if (name === 'string') return isTime ? KIND['date-time'] : KIND.string | KIND['date-time'];
  return KIND[name as Exclude<KindName, 'string'>] | (name === 'number' ? KIND.integer : 0);
}
