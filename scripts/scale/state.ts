// A state as the sync of the organization has it, and the worst that one can be.
import { gzipSync } from 'node:zlib';
import { hash64 } from '../../src/sync/hash.ts';
import { klassKey } from '../../src/sync/klasses-job.ts';
import { dedupKey, type ListState, NO_STATE, type SearchState, type State } from '../../src/sync/state.ts';
import { serializeState } from '../../src/sync/state-document.ts';
import { type Columns, MAX_COLUMNS, type StreamSchema } from '../../src/sync/stream-schema.ts';
import { changesIn, HOUR, KLASSES, LISTED, LISTED_NAMES, NOW, SEARCHED_NAMES, SINCE } from './company.ts';

/** An id as Kustomer gives it: 24 hexadecimal digits, of which no two records have the same. */
function idOf(stream: string, n: number): string {
  const digits = hash64(Buffer.from(`${stream} ${n}`))
    .toString(16)
    .padStart(16, '0');
  return `5f${digits}${n.toString(16).slice(-6).padStart(6, '0')}`;
}

/** @param keys how many dedup keys @param at when (ms) the last of them was published */
function searchState(stream: string, keys: number, at: number): SearchState {
  const cutoff = at - 60_000;
  // An hour later, others have changed.
  const first = Math.round(at / HOUR) * keys;
  const keyOf = (n: number) => {
    const resource = { id: idOf(stream, first + n), type: stream, json: Buffer.alloc(0) };
    return dedupKey({ at: cutoff - Math.floor((n * HOUR) / keys), resource }, {});
  };
  return {
    syncedRanges: [{ from: SINCE, to: cutoff }],
    cutoff,
    dedupSince: cutoff - HOUR,
    dedupKeys: new Set(Array.from({ length: keys }, (_, n) => keyOf(n))),
    ...(stream === 'kobjects' && { klasses: { checkedAt: at, from: SINCE, skipped: [] } }),
  };
}

/** A version as `listVersion` writes it, of a record that nobody has made. */
function listState(stream: string, records: number): ListState {
  const version = (n: number) => {
    const hash = hash64(Buffer.from(`${stream} record ${n}`)).toString(36);
    return `${new Date(SINCE + n * 1_000).toISOString()} ${hash}`;
  };
  return { seen: new Map(Array.from({ length: records }, (_, n) => [idOf(stream, n), version(n)])) };
}

function schemaOf(stream: string): StreamSchema {
  const own: Columns = new Map(Array.from({ length: 60 }, (_, n) => [`a_column_of_records_${n}`, 255]));
  const isKobjects = stream === 'kobjects';
  // Each klass has attributes of its own.
  const custom: Columns = new Map(
    Array.from({ length: isKobjects ? MAX_COLUMNS : 40 }, (_, n) => [`attribute_${n}Str`, 255]),
  );
  return {
    stream,
    format: 'flat',
    columns: new Map([
      ['', own],
      ['custom', custom],
    ]),
    open: new Set(isKobjects ? ['custom'] : []),
    klasses: new Set(isKobjects ? KLASSES : []),
    vanished: new Set(),
  };
}

interface StateOptions {
  /** When the run was (ms). */
  readonly at?: number;
  /** Of each stream; by default those of an hour. */
  readonly keys?: number;
  /** Klasses that are read by a search of their own. */
  readonly missing?: readonly string[];
}

export function stateOf({ at = NOW, keys, missing = [] }: StateOptions = {}): State {
  const search = SEARCHED_NAMES.map(name => [name, searchState(name, keys ?? changesIn(name, HOUR), at)] as const);
  const klasses = missing.map(klass => [klassKey('kobjects', klass), searchState(klass, 1, at)] as const);
  const names = [...SEARCHED_NAMES, ...LISTED_NAMES];
  const revision = { changedIn: 9_999, epoch: 0, recordFormat: 'flat', includeDeleted: true } as const;
  return {
    ...NO_STATE,
    generation: 10_000,
    organizationId: '5f0000000000000000000001',
    savedAt: new Date(at).toISOString(),
    run: { id: '12345678901', attempt: '1' },
    publishId: '01234567-89ab-cdef-0123-456789abcdef',
    writtenBy: '0.1.0',
    revisions: new Map(names.map(name => [name, revision])),
    search: new Map([...search, ...klasses]),
    lists: new Map(LISTED_NAMES.map(name => [name, listState(name, LISTED[name])])),
    schemas: new Map(names.map(name => [name, schemaOf(name)])),
  };
}

/** Bytes of the document, and of the document compressed. */
export function bytesOf(state: State): { readonly plain: number; readonly gzip: number } {
  const text = serializeState(state);
  return { plain: Buffer.byteLength(text), gzip: gzipSync(text).length };
}
