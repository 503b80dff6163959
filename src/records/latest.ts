/**
 * Which lines of a stream hold: of each record the latest version, unless that says that the record is deleted, or the
 * record is gone. The rule is that of the views (schema/views.ts), which show the same with these lines alone. Pure.
 */

export interface Line {
  readonly id: string;
  /** `updated_at` in microseconds since the epoch; without one, earlier than any. */
  readonly at: number;
  /** The same, or when it was created. */
  readonly since: number;
  readonly rev: number;
  readonly isDeleted: boolean;
}

/** What there was of a stream at one time, by a reading of all ids. */
export interface Existing {
  readonly ids: ReadonlySet<string>;
  /** Microseconds since the epoch. Of a record that was updated later, or that has no time, it says nothing. */
  readonly asOf: number;
}

/** Of a line in either record format. @returns null when the text is no record */
export function lineIn(text: string): Line | null {
  const record = parsed(text);
  const { id, attributes } = record;
  if (typeof id !== 'string') return null;
  // A flat line has its attributes at the top.
  const isRaw = typeof attributes === 'object' && attributes !== null && !('updated_at' in record);
  const [own, updated, created, deleted] = isRaw
    ? [attributes as Json, 'updatedAt', 'createdAt', 'deletedAt']
    : [record, 'updated_at', 'created_at', 'deleted_at'];
  const at = microseconds(own[updated]);
  return {
    id,
    at,
    since: Number.isFinite(at) ? at : microseconds(own[created]),
    rev: Number.isSafeInteger(own.rev) ? (own.rev as number) : Number.NEGATIVE_INFINITY,
    isDeleted: own.deleted === true || microseconds(own[deleted]) > Number.NEGATIVE_INFINITY,
  };
}

/**
 * Finds the lines that hold.
 * @param isDated the latest version is that with the latest `updated_at`, and not the one that was written last
 */
export function openLatest(isDated: boolean, existing?: Existing) {
  const latest = new Map<string, Line & { readonly number: number }>();
  const isOlder = (a: Line, b: Line) => isDated && (a.at < b.at || (a.at === b.at && a.rev < b.rev));
  return {
    /** Lines come in the order in which they were written. */
    add(line: Line, number: number): void {
      const before = latest.get(line.id);
      if (before === undefined || !isOlder(line, before)) latest.set(line.id, { ...line, number });
    },
    /** The lines that hold, with their numbers. */
    *holding(): Generator<Line & { readonly number: number }> {
      for (const line of latest.values()) {
        if (!line.isDeleted && !isGone(line, existing)) yield line;
      }
    },
  };
}

function isGone({ id, since }: Line, existing: Existing | undefined): boolean {
  return existing !== undefined && Number.isFinite(since) && since <= existing.asOf && !existing.ids.has(id);
}

/** Sorts names of files of one stream by when they were written, as the views do: by the numbers in them. */
export function byWriting(a: string, b: string): number {
  const [left, right] = [numbersIn(a), numbersIn(b)];
  const n = left.findIndex((number, i) => number !== right[i]);
  if (n < 0) return left.length - right.length;
  return (left[n] as string) < (right[n] ?? '') ? -1 : 1;
}

/** In which of so many groups an id is: for ids that do not all fit into memory at once. */
export function groupOf(id: string, groups: number): number {
  if (groups === 1) return 0;
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) | 0;
  return (hash >>> 0) % groups;
}

/** A time of ISO 8601 in microseconds since the epoch; before any time when it is none. */
export function microseconds(time: unknown): number {
  const [, seconds, fraction = '', zone = 'Z'] =
    (typeof time === 'string' && /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/.exec(time)) ||
    [];
  const at = Date.parse(`${seconds?.replace(' ', 'T')}${zone}`);
  return Number.isNaN(at) ? Number.NEGATIVE_INFINITY : at * 1_000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function numbersIn(name: string): string[] {
  return (name.match(/\d+/g) ?? []).map(digits => digits.padStart(20, '0'));
}

type Json = Readonly<Record<string, unknown>>;

function parsed(text: string): Json {
  try {
    return Object(JSON.parse(text)) as Json;
  } catch {
    return {};
  }
}
