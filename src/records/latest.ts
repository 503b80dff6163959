/**
 * Which lines of a stream hold: of each record the latest version, unless that says that the record is deleted, or the
 * record is gone. The rule is that of the views (schema/views.ts), which show the same with these lines alone. Pure.
 */
import { hash } from 'node:crypto';
import type { Json } from '../sync/stream-document.ts';

/** What decides about a line. */
export interface Fact {
  /** Instead of the id, which may be of any length: 16 bytes of its hash, as a text of Latin-1. */
  readonly key: string;
  /** `updated_at` in microseconds since the epoch; without one, earlier than any. */
  readonly at: number;
  /** The same; for a record without `updated_at` when it was created, in microseconds. */
  readonly since: number;
  readonly rev: number;
  readonly isDeleted: boolean;
}

/** What there was of a stream at one time, by a reading of all ids. */
export interface Existing {
  readonly keys: ReadonlySet<string>;
  /** Microseconds since the epoch. Of a record that was updated later, or that has no time, it says nothing. */
  readonly asOf: number;
  /** Nor does it say anything of a record from before this time (microseconds since the epoch): nobody has looked for it. */
  readonly from: number;
}

/** Of a line in either record format. @returns null when the text is no record */
export function factOf(text: string): Fact | null {
  const record = objectIn(text);
  const { id, attributes } = record;
  if (typeof id !== 'string') return null;
  // A flat line has its attributes at the top.
  const isRaw = typeof attributes === 'object' && attributes !== null && !('updated_at' in record);
  const [own, updated, created, deleted] = isRaw
    ? [attributes as Json, 'updatedAt', 'createdAt', 'deletedAt']
    : [record, 'updated_at', 'created_at', 'deleted_at'];
  const at = microseconds(own[updated]);
  return {
    key: hash('sha256', id, 'buffer').toString('latin1', 0, KEY_BYTES),
    at,
    since: Number.isFinite(at) ? at : microseconds(own[created]),
    rev: Number.isSafeInteger(own.rev) ? (own.rev as number) : Number.NEGATIVE_INFINITY,
    isDeleted: own.deleted === true || microseconds(own[deleted]) > Number.NEGATIVE_INFINITY,
  };
}

/** The object of a line, however much a sync has let it have; empty when there is none. */
function objectIn(line: string): Json {
  try {
    return Object(JSON.parse(line)) as Json;
  } catch {
    return {};
  }
}

interface Line extends Fact {
  readonly number: number;
}

/** How the lines of a stream are compared. */
export interface Order {
  /** The latest version is that with the latest `updated_at`, and not the one that was written last. */
  readonly isDated: boolean;
  /** A deletion line does not count once a version is written after it that had been written before it. */
  readonly mayComeBack: boolean;
}

/** Finds the lines that hold. */
export function openLatest({ isDated, mayComeBack }: Order, existing?: Existing) {
  const latest = new Map<string, Line>();
  /** By key: the deletion lines, where they count by themselves. */
  const deletions = new Map<string, Line>();
  const comesBack = openReturns();
  const back = new Set<string>();
  const isOlder = (a: Fact, b: Fact) => isDated && (a.at < b.at || (a.at === b.at && a.rev < b.rev));
  const holds = (line: Line) => {
    const deletion = deletions.get(line.key);
    const isNewest =
      deletion === undefined || isOlder(deletion, line) || (!isOlder(line, deletion) && deletion.number < line.number);
    return isNewest && !line.isDeleted && (back.has(line.key) || !isGone(line, existing));
  };
  return {
    /** Lines come in the order in which they were written. */
    add(fact: Fact, number: number): void {
      const { key } = fact;
      const lines = mayComeBack && fact.isDeleted ? deletions : latest;
      const before = lines.get(key);
      if (before === undefined || !isOlder(fact, before)) lines.set(key, { ...fact, number });
      if (mayComeBack && comesBack(fact)) {
        deletions.delete(key);
        back.add(key);
      }
    },
    /** The lines that hold, with their numbers. */
    *holding(): Generator<Line> {
      for (const line of latest.values()) if (holds(line)) yield line;
    },
  };
}

/** Notices a version that is written after a deletion line and had been written before it. */
function openReturns(): (fact: Fact) => boolean {
  /** By key: how many deletion lines there were. By version: how many when it was first written. */
  const deletions = new Map<string, number>();
  const versions = new Map<string, number>();
  return ({ key, at, isDeleted }) => {
    const count = deletions.get(key) ?? 0;
    if (isDeleted) deletions.set(key, count + 1);
    if (isDeleted || !Number.isFinite(at)) return false;
    const version = `${key}${at}`;
    const before = versions.get(version) ?? count;
    versions.set(version, before);
    return count > before;
  };
}

function isGone({ key, since }: Fact, existing: Existing | undefined): boolean {
  if (existing === undefined || !Number.isFinite(since)) return false;
  return since >= existing.from && since <= existing.asOf && !existing.keys.has(key);
}

/** Sorts names of files of one stream by when they were written, as the views do: by the numbers in them. */
export function byWriting(a: string, b: string): number {
  const [left, right] = [numbersIn(a), numbersIn(b)];
  const n = left.findIndex((number, i) => number !== right[i]);
  if (n < 0) return left.length - right.length;
  return (left[n] as string) < (right[n] ?? '') ? -1 : 1;
}

const KEY_BYTES = 16;
/** Of a fact as bytes. */
export const FACT_BYTES = KEY_BYTES + 3 * 8 + 1;

export function writeFact({ key, at, since, rev, isDeleted }: Fact, bytes: Buffer, offset: number): void {
  bytes.write(key, offset, 'latin1');
  for (const [n, number] of [at, since, rev].entries()) bytes.writeDoubleLE(number, offset + KEY_BYTES + 8 * n);
  bytes[offset + FACT_BYTES - 1] = Number(isDeleted);
}

/**
 * The facts in bytes that are in one of so many groups, with their numbers from 0: for facts that do not all fit into
 * memory at once.
 */
export function* factsIn(bytes: Buffer, group: number, groups: number): Generator<readonly [Fact, number]> {
  for (let offset = 0, number = 0; offset < bytes.length; offset += FACT_BYTES, number++) {
    if (bytes.readUInt32LE(offset) % groups !== group) continue;
    const key = bytes.toString('latin1', offset, offset + KEY_BYTES);
    const [at, since, rev] = [0, 1, 2].map(n => bytes.readDoubleLE(offset + KEY_BYTES + 8 * n)) as [
      number,
      number,
      number,
    ];
    yield [{ key, at, since, rev, isDeleted: bytes[offset + FACT_BYTES - 1] === 1 }, number];
  }
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
