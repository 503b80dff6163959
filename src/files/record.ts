// A resource as its reader sees it (contract 4): `raw` as received, `flat` as the Singer tap and the Airbyte connector
// emit it. Pure.
import type { Resource } from '../sync/source.ts';

export type Format = 'flat' | 'raw';

/** One line of NDJSON, with its line end. */
export function line(resource: Resource, format: Format): string {
  return `${JSON.stringify(format === 'flat' ? flat(resource) : resource)}\n`;
}

type Plain = Record<string, unknown>;

/** Names that the resource keeps for itself, whatever its attributes are called. */
const OWN: ReadonlySet<string> = new Set(['id', 'type', 'links']);

/**
 * The flat record: attributes and the data of relationships at the top level, every key in snake_case. A key that is
 * taken gets `_2`, `_3`, ...; a relationship whose name an attribute has is called `<name>_data`.
 */
export function flat(resource: Resource): Plain {
  const record = plain();
  const attributes = new Set<string>();
  for (const name of Object.keys(resource)) {
    const value = resource[name];
    if (OWN.has(name)) {
      record[name] = snakeValue(value);
    } else if (name === 'attributes' && isPlain(value)) {
      for (const key of Object.keys(value)) {
        const column = free(record, snake(key));
        attributes.add(column);
        record[column] = snakeValue(value[key]);
      }
    } else if (name !== 'relationships' || !isPlain(value)) {
      record[free(record, snake(name))] = snakeValue(value);
    }
  }
  // After the attributes, wherever they stand in the source: which of the two gets the name must not depend on it.
  const { relationships } = resource;
  if (isPlain(relationships)) {
    for (const key of Object.keys(relationships)) {
      const relationship = relationships[key];
      if (!isPlain(relationship) || !('data' in relationship)) continue;
      const name = snake(key);
      record[free(record, attributes.has(name) ? `${name}_data` : name)] = snakeValue(relationship.data);
    }
  }
  return record;
}

/** The name itself where it is free, and not one that the resource keeps; else the first free one of `_2`, `_3`, ... */
function free(record: Plain, name: string): string {
  let column = name;
  for (let n = 2; column in record || OWN.has(column); n++) column = `${name}_${n}`;
  return column;
}

function snakeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeValue);
  if (!isPlain(value)) return value;
  const out = plain();
  for (const key of Object.keys(value)) {
    const name = snake(key);
    let column = name;
    for (let n = 2; column in out; n++) column = `${name}_${n}`;
    out[column] = snakeValue(value[key]);
  }
  return out;
}

/** An object that has only what is put in: a record may well have a key called `__proto__` or `constructor`. */
function plain(): Plain {
  return Object.create(null);
}

/** An object to walk into. A number that stands for itself (see json.ts) is one only in name. */
function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);
}

const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;

/** Keys come from a small vocabulary, a million times over. The limit is for data that has ids for keys. */
const MOST_NAMES = 20_000;
const names = new Map<string, string>();

/** camelCase to snake_case as contract 4 has it: two replacements, then lower case. */
export function snake(key: string): string {
  let name = names.get(key);
  if (name === undefined) {
    name = key
      .replace(/([^\n])([A-Z][a-z]+)/gu, '$1_$2')
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toLowerCase();
    if (names.size >= MOST_NAMES) names.clear();
    names.set(key, name);
  }
  return name;
}
