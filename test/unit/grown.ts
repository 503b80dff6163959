// Schemas that grow over random worlds, as those of runs do: through the state, and through the file on a branch.
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaIn, schemaText } from '../../src/schema/beside.ts';
import { jsonSchema } from '../../src/schema/json-schema.ts';
import { ANY } from '../../src/schema/kinds.ts';
import { learnSchema } from '../../src/schema/learn.ts';
import { documentedSchema } from '../../src/schema/schema.ts';
import {
  joinSchemas,
  parseSchema,
  type RecordFormat,
  type StreamSchema,
  serializeSchema,
} from '../../src/sync/stream-schema.ts';
import { linesOf, type Written } from './written.ts';

// The world has numbers that no double holds: JSON.parse makes Infinity of them.
const ajv = new Ajv2020({ strict: true, strictNumbers: false, strictTypes: false, code: { optimize: false } });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
for (const keyword of ['x-record-format', 'x-klasses', 'x-joins', 'x-undocumented']) ajv.addKeyword(keyword);

export function validatorOf(schema: StreamSchema) {
  return ajv.compile(jsonSchema(schema));
}

export interface Grown {
  readonly schemas: number;
  readonly lines: number;
  /** Lines of any of the worlds that the last schema of their stream does not allow. */
  readonly invalid: readonly string[];
  /** Columns of which a schema allows less than the one before. */
  readonly narrowed: readonly string[];
}

export function growOver(worlds: Iterable<readonly Written[]>, format: RecordFormat): Grown {
  const schemas = new Map<string, StreamSchema>();
  const lines = new Map<string, Buffer[]>();
  const narrowed: string[] = [];
  for (const world of worlds) {
    for (const written of world) {
      const { stream } = written;
      const before = schemas.get(stream) ?? documentedSchema(stream, format);
      const known = parseSchema(stream, JSON.parse(JSON.stringify(serializeSchema(before))));
      const { observer, tell, schema } = learnSchema(stream, format, known);
      const now = linesOf(written, format, observer);
      tell('kind', definitionsOf(known, lines.get(stream)?.length ?? 0), 0);
      const next = schema(false);
      const there = schemaIn(stream, schemaText(before)) as StreamSchema;
      const joined = joinSchemas(new Map([[stream, there]]), new Map([[stream, next]])).get(stream) as StreamSchema;
      narrowed.push(...narrowedIn(before, next), ...narrowedIn(before, there), ...narrowedIn(next, joined));
      schemas.set(stream, next);
      lines.set(stream, [...(lines.get(stream) ?? []), ...now]);
    }
  }
  const invalid = [...schemas].flatMap(([stream, schema]) => {
    const validate = validatorOf(schema);
    return (lines.get(stream) ?? []).flatMap(line =>
      validate(JSON.parse(String(line))) ? [] : [`${stream}: ${JSON.stringify(validate.errors)}`],
    );
  });
  const count = [...lines.values()].reduce((sum, { length }) => sum + length, 0);
  return { schemas: schemas.size, lines: count, invalid, narrowed };
}

/** Some attributes are defined, each time in another way. */
function definitionsOf({ columns, format }: StreamSchema, time: number) {
  const keys = [...(columns.get(format === 'flat' ? 'custom' : 'attributes.custom')?.keys() ?? []), 'neverSeenNum'];
  const types = ['string', 'number', 'boolean', 'date', 'hologram'];
  const definitionOf = (n: number) => ({
    type: types[(time + n) % types.length] as string,
    isList: (time + n) % 7 === 0,
  });
  return new Map(keys.flatMap((key, n) => ((time + n) % 3 === 0 ? [[key, definitionOf(n)] as const] : [])));
}

function narrowedIn(before: StreamSchema, next: StreamSchema): string[] {
  const closed = [...before.open].filter(container => !next.open.has(container));
  const columns = [...before.columns].flatMap(([container, keys]) => {
    const later = next.columns.get(container);
    const allowed = (key: string) => later?.get(key) ?? (next.open.has(container) ? ANY : 0);
    return [...keys].filter(([key, kinds]) => (kinds & ANY & ~allowed(key)) > 0).map(([key]) => `${container}.${key}`);
  });
  return [...closed, ...columns].map(name => `${before.stream} ${name}`);
}
