// Fields that are kept back: `exclude-fields` and `hash-fields` (docs/privacy.md). Pure.
import type { RecordFormat } from './state.ts';

/** A line of one of the two inputs. */
export interface FieldPath {
  /** A stream, or `*` for all of them. */
  readonly stream: string;
  /** Names with dots between them, as the written record has them. */
  readonly path: string;
}

export interface FieldOptions {
  readonly excludeFields: readonly FieldPath[];
  readonly hashFields: readonly FieldPath[];
}

export type Treatment = 'excluded' | 'hashed';

/** How the fields of one stream are kept back, by path. */
export type KeptBack = ReadonlyMap<string, Treatment>;

/** Every reader needs them: a line is of a record, has a kind, and the latest line of a record wins. */
const PROTECTED: Readonly<Record<RecordFormat, readonly string[]>> = {
  flat: ['id', 'type', 'updated_at'],
  raw: ['id', 'type', 'updated_at', 'attributes.updatedAt'],
};

/** Null when the line does not have the form `stream.path`. */
export function parseFieldPath(line: string): FieldPath | null {
  const [, stream, path] = /^([^.]+)\.([^.]+(?:\.[^.]+)*)$/.exec(line) ?? [];
  return stream === undefined || path === undefined ? null : { stream, path };
}

/** What may not be kept back in a path: itself, or a field inside it; undefined where there is nothing. */
export function protectedIn(path: string, format: RecordFormat): string | undefined {
  return PROTECTED[format].find(own => isInside(own, path) || isInside(path, own));
}

/** Whether a path is that of a field or leads into it. */
export function isInside(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`);
}

/** Whether a path for one stream, or for all, also means a field that another one means. */
export function covers(a: FieldPath, b: FieldPath): boolean {
  return (a.stream === b.stream || a.stream === '*' || b.stream === '*') && isInside(b.path, a.path);
}

/** What is kept back of a stream. A field inside one that is excluded needs no entry of its own. */
export function keptBackOf(stream: string, { excludeFields, hashFields }: FieldOptions): KeptBack {
  const paths = (of: readonly FieldPath[]) =>
    of.filter(field => field.stream === stream || field.stream === '*').map(({ path }) => path);
  const excluded = paths(excludeFields).filter((path, _, all) => !all.some(outer => isWithin(path, outer)));
  const hashed = paths(hashFields);
  return new Map([
    ...hashed.map(path => [path, 'hashed'] as const),
    ...excluded.map(path => [path, 'excluded'] as const),
  ]);
}

function isWithin(path: string, outer: string): boolean {
  return path !== outer && isInside(path, outer);
}
