// What a run wrote: its window, its streams, and every part with counts and a hash. Pure.
import type { ShardFile } from '../sync/state.ts';
import type { PartFile } from './parts.ts';

export interface StreamReport {
  readonly name: string;
  readonly mode: string;
  readonly outcome: string;
  readonly records: number;
  readonly requests: number;
  readonly from: string;
  readonly to: string;
  readonly error?: string;
}

export interface Manifest {
  readonly run: Readonly<Record<string, string>>;
  readonly window: { readonly from: string; readonly to: string };
  readonly streams: readonly StreamReport[];
  /** A merge lists the parts of the shards, with the run and the artifact that has them. */
  readonly files: readonly (PartFile | ShardFile)[];
  /** Requests, retries and waits, by budget. */
  readonly api: unknown;
}

export function serializeManifest(manifest: Manifest): string {
  return `${JSON.stringify({ version: 1, ...manifest }, null, 1)}\n`;
}
