// Fields that are kept back: `exclude-fields` and `hash-fields` (docs/privacy.md). Pure.

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
const PROTECTED = {
  flat: ['id', 'type', 'updated_at'],
  raw: ['id', 'type', 'updated_at', 'attributes.updatedAt'],
};

/** Null when the line does not have the form `stream.path`. */
export function parseFieldPath(line: string): FieldPath | null {
  const [, stream, path] = /^([^.]+)\.([^.]+(?:\.[^.]+)*)$/.exec(line) ?? [];
  return stream === undefined || path === undefined ? null : { stream, path };
}

/** The protected field that a path names, or that is inside or around what the path names; undefined when there is none. */
export function protectedIn(path: string, format: keyof typeof PROTECTED): string | undefined {
  return PROTECTED[format].find(own => isInside(own, path) || isInside(path, own));
}

/** Whether a path is that of a field, or of something inside it. */
function isInside(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`);
}

/** Whether keeping `a` back also keeps `b` back, in one stream at least. */
export function coversField(a: FieldPath, b: FieldPath): boolean {
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

/** How the fields of a stream were kept back in all lines that are published; `mixed`: not in the same way. */
export interface PublishedFields {
  readonly paths: ReadonlyMap<string, Treatment | 'mixed'>;
  /** Paths that no record has had so far. */
  readonly unmet: ReadonlySet<string>;
  /** Tells two keys of `hash-fields` apart. */
  readonly hashKey?: string | undefined;
}

/** How a field is kept back: as its own path says, or else with the nearest field around it. */
export function treatmentOf<T>(path: string, paths: ReadonlyMap<string, T>): T | undefined {
  const outer = [...paths].filter(([field]) => isInside(path, field)).sort(([a], [b]) => b.length - a.length);
  return outer[0]?.[1];
}

/** What holds for the lines of both; undefined when nothing was kept back in either. */
export function unitePublished(a?: PublishedFields, b?: PublishedFields): PublishedFields | undefined {
  const [ofA, ofB] = [a?.paths ?? new Map(), b?.paths ?? new Map()];
  const paths = new Map<string, Treatment | 'mixed'>();
  for (const path of [...ofA.keys(), ...ofB.keys()].sort()) {
    const treatment = treatmentOf(path, ofA);
    paths.set(path, treatment !== undefined && treatment === treatmentOf(path, ofB) ? treatment : 'mixed');
  }
  if (paths.size === 0) return undefined;
  const isMet = (path: string, of?: PublishedFields) => of?.paths.has(path) === true && !of.unmet.has(path);
  const unmet = new Set([...paths.keys()].filter(path => !isMet(path, a) && !isMet(path, b)));
  return { paths, unmet, hashKey: a?.hashKey ?? b?.hashKey };
}

/** For the state. */
export function publishedToJson({ paths, unmet, hashKey }: PublishedFields): unknown {
  return { paths: Object.fromEntries([...paths].sort()), unmet: [...unmet].sort(), hash_key: hashKey };
}

/** Null when the value is not what `publishedToJson` makes. */
export function parsePublished(value: unknown): PublishedFields | null {
  const { paths, unmet, hash_key: hashKey } = Object(value) as Record<string, unknown>;
  const entries = Object.entries(Object(paths) as object);
  const isTreatment = (each: unknown) => each === 'excluded' || each === 'hashed' || each === 'mixed';
  if (!entries.every(([, each]) => isTreatment(each)) || entries.length === 0) return null;
  if (!Array.isArray(unmet) || !unmet.every(path => entries.some(([own]) => own === path))) return null;
  if (hashKey !== undefined && typeof hashKey !== 'string') return null;
  return { paths: new Map(entries), unmet: new Set(unmet), hashKey };
}
