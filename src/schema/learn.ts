// What a run learns of the columns of its streams. Pure.
import type { RecordFormat, StreamSchema } from '../sync/stream-schema.ts';
import { Observer } from './observer.ts';
import { changes, documentedSchema, widen } from './schema.ts';

export { hasColumn } from './schema.ts';

export type LearnedSchema = ReturnType<typeof learnSchema>;

/** @param known what earlier runs have learned; of another format, it does not count */
export function schemaBefore(stream: string, format: RecordFormat, known: StreamSchema | undefined): StreamSchema {
  return known?.format === format ? known : documentedSchema(stream, format);
}

/** @param known as {@link schemaBefore} takes it */
export function learnSchema(stream: string, format: RecordFormat, known: StreamSchema | undefined) {
  const before = schemaBefore(stream, format, known);
  const observer = new Observer(before);
  return {
    observer,
    /** @param isComplete the run has read every record, so that what no record had is gone */
    schema: (isComplete: boolean): StreamSchema => widen(before, observer.seen(), { isComplete }),
    /** What is new in a schema, and what is gone; nothing in the first schema of a stream. */
    news: (schema: StreamSchema) => (known === before ? changes(known, schema) : { appeared: [], vanished: [] }),
  };
}
