// A shard of a plan as one line of text: short enough for a matrix, readable in the name of a job, and damaged text is
// noticed. Pure.
import { createHash } from 'node:crypto';
import type { Interval, IntervalSet } from '../sync/intervals.ts';
import type { ShardWork } from '../sync/plan.ts';

export interface Shard extends ShardWork {
  /** Id of the plan. */
  readonly plan: string;
  /** Of the inputs that all jobs of a plan must share: see {@link digest}. */
  readonly inputs: string;
  /** Generation of the state that the plan goes on from; 0 where there was none. */
  readonly generation: number;
  /** From 1. */
  readonly number: number;
  readonly of: number;
  /** What the plan as a whole is about. */
  readonly window: Interval;
}

/** The first digits of a hash: enough to notice what is not the same. */
export function digest(text: string, digits = 8): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** `20240131T080000Z`, with the milliseconds where there are some: no file name and no cache key minds it. */
export function compact(at: number): string {
  return new Date(at).toISOString().replace(/[-:]/g, '').replace('.000Z', 'Z').replace('.', '');
}

function instant(text: string): number {
  const [, y, mo, d, h, mi, s, ms = '000'] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})?Z$/.exec(text) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
}

/** Whole seconds since the epoch in base 36, since a shard may have many pieces; with milliseconds after a point. */
function short(at: number): string {
  const ms = at % 1_000;
  return `${Math.floor(at / 1_000).toString(36)}${ms === 0 ? '' : `.${ms}`}`;
}

function long(text: string): number {
  const [, seconds = '', ms = '0'] = /^([0-9a-z]{1,8})(?:\.(\d{1,3}))?$/.exec(text) ?? [];
  return Number.parseInt(seconds, 36) * 1_000 + Number(ms);
}

/** `3/8 a1b2c3d4e5f6 0f9e8d7c 20240101T000000Z..20250101T000000Z/20250301T120000Z g7 messages=s5z2p8-s6kf00 tags #5d41402a` */
export function formatShard(shard: Shard): string {
  const { plan, inputs, number, of, window, cutoff, generation, search, lists, klasses } = shard;
  const pieces = (set: IntervalSet) => set.map(({ from, to }) => `${short(from)}-${short(to)}`).join(',');
  const text = [
    `${number}/${of}`,
    plan,
    inputs,
    `${compact(window.from)}..${compact(window.to)}/${compact(cutoff)}`,
    `g${generation}`,
    ...(klasses === null ? [] : [`${KLASSES}=${klasses.map(encodeURIComponent).join(',')}`]),
    ...[...search].map(([name, set]) => `${name}=${pieces(set)}`),
    ...lists,
  ].join(' ');
  return `${text} #${digest(text)}`;
}

/** Stands where the name of a stream does. */
const KLASSES = 'klasses';

/** Null when the text is not exactly what {@link formatShard} has made. */
export function parseShard(given: string): Shard | null {
  const [, text = '', check] = /^(.*) #([0-9a-f]{8})$/.exec(given.trim()) ?? [];
  if (check === undefined || digest(text) !== check) return null;
  const [place = '', plan = '', inputs = '', times = '', grown = '', ...streams] = text.split(' ');
  const [, number, of] = /^(\d+)\/(\d+)$/.exec(place) ?? [];
  const [, from = '', to = '', cutoff = ''] = /^(\w+)\.\.(\w+)\/(\w+)$/.exec(times) ?? [];
  const search = new Map<string, IntervalSet>();
  const lists: string[] = [];
  let klasses: string[] | null = null;
  for (const stream of streams) {
    const [name = '', pieces] = stream.split('=');
    if (pieces === undefined) lists.push(name);
    else if (name === KLASSES) klasses = pieces === '' ? [] : pieces.split(',').map(decoded);
    else {
      search.set(
        name,
        pieces.split(',').map(piece => {
          const [from = '', to = ''] = piece.split('-');
          return { from: long(from), to: long(to) };
        }),
      );
    }
  }
  const shard: Shard = {
    plan,
    inputs,
    number: Number(number),
    of: Number(of),
    window: { from: instant(from), to: instant(to) },
    cutoff: instant(cutoff),
    generation: Number(/^g(\d{1,15})$/.exec(grown)?.[1]),
    search,
    lists,
    klasses,
  };
  return formatShard(shard) === given.trim() ? shard : null;
}

/** What cannot be read is left as it is, and is then not what it was made of. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The shards of a plan from the output `matrix`; null when one of them is damaged or they are not those of one plan. */
export function parseMatrix(given: string): readonly Shard[] | null {
  let matrix: { shard?: unknown } | null;
  try {
    matrix = JSON.parse(given);
  } catch {
    return null;
  }
  if (!Array.isArray(matrix?.shard) || matrix.shard.length === 0) return null;
  const shards = matrix.shard.map(text => (typeof text === 'string' ? parseShard(text) : null));
  const [first] = shards;
  const isWhole = shards.every(
    (shard, n) =>
      shard !== null &&
      shard.plan === first?.plan &&
      shard.inputs === first.inputs &&
      shard.cutoff === first.cutoff &&
      shard.generation === first.generation &&
      shard.of === shards.length &&
      shard.number === n + 1,
  );
  return isWhole ? (shards as Shard[]) : null;
}
