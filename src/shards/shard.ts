/**
 * A shard of a plan as one line of JSON, which a workflow hands from the job of the plan to the jobs of its matrix.
 *
 * The line ends with a digest of everything before it, so a line that was damaged, edited or reordered on the way is
 * refused. It has to stay short: the merge gets all shards of a plan in one input, which the runner hands over in one
 * environment variable, and Linux takes no more than 128 KiB in one. Pure.
 */
import { createHash } from 'node:crypto';
import type { Interval } from '../sync/intervals.ts';
import type { ShardWork } from '../sync/plan.ts';

/** All times are in milliseconds since the epoch. */
export interface Shard extends ShardWork {
  /** From 1. */
  readonly number: number;
  /** How many shards the plan has. */
  readonly of: number;
  /** Id of the plan. */
  readonly plan: string;
  /** The window of the whole plan. */
  readonly window: Interval;
  /** Digest of the inputs that all jobs of a plan must share. */
  readonly inputs: string;
  /** Generation of the state that the plan was made on top of; 0 where there was none. */
  readonly generation: number;
}

/** The first hexadecimal digits of the SHA-256 of a text: enough to notice a difference, no protection from forgery. */
export function digest(text: string, digits = 8): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

/** A shard as one line of JSON, its keys always in the same order. */
export function formatShard(shard: Shard): string {
  const { number, of, plan, window, cutoff, inputs, generation, search, lists, klasses } = shard;
  const ranges = Object.fromEntries(search);
  const content = { number, of, plan, window, cutoff, inputs, generation, search: ranges, lists, klasses };
  return JSON.stringify({ ...content, digest: digest(JSON.stringify(content)) });
}

/** Reads a shard back; null when the text is not exactly what {@link formatShard} wrote. */
export function parseShard(text: string): Shard | null {
  try {
    const { digest: _, search, ...content } = JSON.parse(text);
    const shard: Shard = { ...content, search: new Map(Object.entries(search)) };
    return formatShard(shard) === text.trim() ? shard : null;
  } catch {
    return null;
  }
}

/** What fits into one environment variable of 128 KiB, its name included. */
const MAX_MATRIX_BYTES = 128 * 1024 - 100;

/** The output `matrix` of a plan. Where the names of klasses make it too long, each shard looks for its klasses itself. */
export function formatMatrix(shards: readonly Shard[]): string {
  const matrixOf = (content: readonly Shard[]) => JSON.stringify({ shard: content.map(formatShard) });
  const matrix = matrixOf(shards);
  if (Buffer.byteLength(matrix) <= MAX_MATRIX_BYTES) return matrix;
  return matrixOf(shards.map(shard => ({ ...shard, klasses: null })));
}

/** Reads the output `matrix` of a plan; null when the text is not that of all the shards of one plan, in order. */
export function parseMatrix(text: string): readonly Shard[] | null {
  try {
    // Throws where one of them is not a shard, or there is none.
    const shards: Shard[] = JSON.parse(text).shard.map(parseShard);
    const { plan, inputs, cutoff, generation } = shards[0] as Shard;
    const common = { plan, inputs, cutoff, generation, of: shards.length };
    const isPlan = shards.every(
      (shard, n) => formatShard(shard) === formatShard({ ...shard, ...common, number: n + 1 }),
    );
    return isPlan ? shards : null;
  } catch {
    return null;
  }
}
