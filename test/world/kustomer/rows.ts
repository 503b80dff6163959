// What the simulator keeps of a record: a few numbers. The JSON text is rendered when it is asked for, so that a world
// of a million records fits in memory.
import type { Stream } from './streams.ts';

export interface Row {
  /** 24 hex digits: seconds of creation, a constant of the world, a counter (docs/kustomer-api.md#ids-and-dates); see `ids`. */
  readonly id: string;
  /** Number of the row in its world; what its content is drawn from. */
  readonly seq: number;
  readonly stream: Stream;
  /** Of KObjects and klasses; `version` for the version of an SLA. */
  readonly klass: string | undefined;
  readonly createdAt: number;
  latest: Version;
  /** The version that the search index shows; undefined until it has seen the first, and again when the row is gone. */
  shown: Version | undefined;
  /** Hard-deleted. */
  gone: boolean;
}

export interface Version {
  readonly row: Row;
  readonly updatedAt: number;
  readonly rev: number;
  readonly deleted: boolean;
  /** When the search index gets to know it. */
  readonly visibleAt: number;
  readonly previous: Version | undefined;
  /** Spoils the text of `updatedAt` in the rendered record; searching goes by the number all the same. */
  readonly spoiled: SpoiledUpdatedAt | undefined;
}

export type SpoiledUpdatedAt = 'missing' | 'null' | 'unreadable' | 'number' | 'end-of-time';

const idBytes = Buffer.alloc(12);

/** By way of bytes: a string put together from parts would keep the parts in memory, a million times. */
export function objectId(createdAt: number, seed: number, seq: number): string {
  idBytes.writeUInt32BE(Math.max(0, Math.floor(createdAt / 1000)), 0);
  idBytes.writeUInt8(0xa5, 4);
  idBytes.writeUInt32BE(seed >>> 0, 5);
  idBytes.writeUIntBE(seq, 9, 3);
  return idBytes.toString('hex');
}
