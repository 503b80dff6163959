// What a run learns of the columns of its streams. Pure.
import type { Definition } from '../kustomer/custom-attributes.ts';
import { ATTRIBUTED, isSearch, streamNamed } from '../kustomer/streams.ts';
import { snakeCase } from '../sync/snake-case.ts';
import {
  CONTAINERS,
  type Columns,
  type CustomTypes,
  type RecordFormat,
  type StreamSchema,
  uniteTypes,
} from '../sync/stream-schema.ts';
import { definedKinds } from './columns.ts';
import { Observer } from './observer.ts';
import { changes, documentedSchema, widen } from './schema.ts';

export { hasColumn } from './schema.ts';

export type LearnedSchema = ReturnType<typeof learnSchema>;

/** After this, definitions are asked for again: one may change. */
const MAX_AGE_MS = 30 * 86_400_000;
/** Kinds of objects that one run asks for: each takes a request, and there may be many klasses. */
const MAX_ASKED = 50;

/** @param known what earlier runs have learned; of another format, it does not count */
export function schemaBefore(stream: string, format: RecordFormat, known: StreamSchema | undefined): StreamSchema {
  return known?.format === format ? known : documentedSchema(stream, format);
}

/** @param known as {@link schemaBefore} takes it */
export function learnSchema(stream: string, format: RecordFormat, known: StreamSchema | undefined) {
  const before = schemaBefore(stream, format, known);
  const observer = new Observer(before);
  let { custom } = before;

  return {
    observer,
    /** The kinds of objects of which the definitions of custom attributes are worth a request (`now` in ms). */
    toAsk(now: number): readonly string[] {
      const { columns, klasses } = observer.seen();
      const container = CONTAINERS[format].find(name => name.endsWith('custom')) as 'custom';
      const keys = [...(columns.get(container)?.keys() ?? [])];
      const hasNew = keys.some(key => !before.columns.get(container)?.has(key));
      const isOld = (kind: string) => now - (custom?.askedAt.get(kind) ?? Number.NEGATIVE_INFINITY) > MAX_AGE_MS;
      return keys.length === 0
        ? []
        : objectKindsOf(stream, klasses)
            .filter(kind => hasNew || isOld(kind))
            .slice(0, MAX_ASKED);
    },
    /**
     * Takes what is defined of the attributes of a kind of object.
     * @param defined by the name of the attribute; null when Kustomer does not tell
     * @param at when Kustomer was asked (ms)
     */
    tell(kind: string, defined: ReadonlyMap<string, Definition> | null, at: number): void {
      const kinds: Columns = new Map();
      for (const [name, definition] of defined ?? []) {
        const key = format === 'flat' ? snakeCase(name) : name;
        const own = definedKinds(definition);
        // Names that meet in one key are of both types.
        if (own > 0) kinds.set(key, (kinds.get(key) ?? 0) | own);
      }
      custom = uniteTypes(custom, { kinds, askedAt: new Map([[kind, at]]) } satisfies CustomTypes);
    },
    /** @param isComplete the run has read every record, so that what no record had is gone */
    schema: (isComplete: boolean): StreamSchema =>
      widen({ ...before, ...(custom && { custom }) }, observer.seen(), { isComplete }),
    /** What is new in a schema, and what is gone; nothing in the first schema of a stream. */
    news: (schema: StreamSchema) => (known === before ? changes(known, schema) : { appeared: [], vanished: [] }),
  };
}

/** The kinds of objects that the records of a stream are, as far as their attributes are defined somewhere. */
function objectKindsOf(stream: string, klasses: ReadonlySet<string>): readonly string[] {
  const traits = streamNamed(stream);
  if (!isSearch(traits)) return [];
  return traits.hasKlasses
    ? [...klasses].map(klass => `kobject.${klass}`)
    : ATTRIBUTED.filter(kind => kind === traits.context);
}
