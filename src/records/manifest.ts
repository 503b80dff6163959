// What a run wrote: files, counts, hashes, windows and the state that goes with them. Pure.
import type { ShardFile } from '../sync/state.ts';
import type { PartFile } from './parts.ts';

export const MANIFEST_VERSION = 1;

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
  readonly version: typeof MANIFEST_VERSION;
  readonly run: Readonly<Record<string, string>>;
  readonly window: { readonly from: string; readonly to: string };
  readonly streams: readonly StreamReport[];
  /** Those of a merge are in the artifacts of the shards, and say in which. */
  readonly files: readonly (PartFile | ShardFile)[];
  readonly api: unknown;
  /** The state document that is in force once this run's files are published. */
  readonly state: unknown;
}

export function serializeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}
