// The state as the document that is saved: JSON with a version. Pure. The document holds record ids, times and hashes, the
// names of columns, and nothing else of a record (docs/design.md#the-life-of-the-state).
import { oneLine, SyncError } from '../errors.ts';
import { parsePublished, publishedToJson } from './kept-back.ts';
import { parseReconciliation, reconciliationToJson } from './reconciliation.ts';
import { isOrganizationId } from './source.ts';
import {
  isStreamName,
  type ListState,
  MAX_CLOCK_LEAD_MS,
  MAX_GENERATION,
  RECORD_FORMATS,
  type SearchState,
  type ShardManifest,
  type State,
  type StreamRevision,
  streamOf,
} from './state.ts';
import {
  isCount,
  isJsonObject,
  iso,
  type Json,
  listToJson,
  mapToJson,
  parseDocument,
  parseList,
  parseSearch,
  parseTime,
  searchToJson,
} from './stream-document.ts';
import { parseSchemas, serializeSchema } from './stream-schema.ts';

export { iso } from './stream-document.ts';

export const STATE_VERSION = 1;

/** By version: makes a document of that version one of the next version. */
type Migrations = Readonly<Record<number, (document: Json) => Json>>;

/** Nothing is released yet, so there is no older version. */
const MIGRATIONS: Migrations = {};

/** The document: keys in order and one value a line, so that two documents can be compared line by line. */
export function serializeState(state: State): string {
  const document = {
    version: STATE_VERSION,
    written_by: state.writtenBy,
    generation: state.generation,
    identity: state.organizationId,
    saved_at: state.savedAt,
    run: state.run,
    publish_id: state.publishId,
    consecutive_runs: state.consecutiveRuns,
    shard_manifest: state.shardManifest,
    reconciliation: state.reconciliation && reconciliationToJson(state.reconciliation),
    revisions: mapToJson(state.revisions, revisionToJson),
    streams: mapToJson(new Map<string, SearchState | ListState>([...state.search, ...state.lists]), stream =>
      'seen' in stream ? listToJson(stream) : searchToJson(stream),
    ),
    schemas: mapToJson(state.schemas, serializeSchema),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

function revisionToJson({ changedIn, epoch, recordFormat, includeDeleted, published, keptBack }: StreamRevision): Json {
  const fields = keptBack && { kept_back: publishedToJson(keptBack) };
  const options = { record_format: recordFormat, include_deleted: includeDeleted, ...fields };
  return { changed_in: changedIn, epoch, ...options, ...(published !== undefined && { published }) };
}

/**
 * Reads a saved document.
 * @param place where the document was found, for messages
 * @throws SyncError `state-damaged`, or `state-too-new` when a newer version of the action wrote the document. A document
 *   that cannot be read is never treated as if there were none.
 */
export function parseState(text: string, place: string, migrations = MIGRATIONS, current = STATE_VERSION): State {
  const document = upgrade(readDocument(text, place), place, migrations, current);
  const damaged = (why: string) => damagedState(place, why);
  const { generation, identity, revisions, streams } = document;
  const { consecutive_runs: consecutiveRuns, shard_manifest: shardManifest } = document;
  if (!isCount(generation) || generation < 1 || generation > MAX_GENERATION) {
    throw damaged('its generation is not a number from 1');
  }
  if (identity !== null && !isOrganizationId(identity)) throw damaged('its identity is unreadable');
  if (!isJsonObject(streams)) throw damaged('it has no streams');
  if (consecutiveRuns !== undefined && !isCount(consecutiveRuns)) {
    throw damaged('its number of consecutive runs is unreadable');
  }
  if (shardManifest !== undefined && !isShardManifest(shardManifest)) throw damaged('its list of files is unreadable');

  const search = new Map<string, SearchState>();
  const lists = new Map<string, ListState>();
  for (const [key, each] of Object.entries(streams)) {
    const stream = isJsonObject(each) ? (parseSearch(each) ?? parseList(each)) : null;
    if (stream === null || !isStreamName(streamOf(key))) {
      throw damaged(`what it says of ${oneLine(key.slice(0, 40))} is unreadable`);
    }
    if ('seen' in stream) lists.set(key, stream);
    else search.set(key, stream);
  }
  const parsedRevisions = parseRevisions(revisions, [...search.keys(), ...lists.keys()].map(streamOf));
  if (parsedRevisions === null) throw damaged('the revisions of its streams are unreadable');
  const parsedSchemas = parseSchemas(document.schemas ?? {});
  if (parsedSchemas === null) throw damaged('the schemas of its streams are unreadable');
  const reconciliation = parseReconciliation(document.reconciliation);
  if (reconciliation === null) throw damaged('what it says of a reconciliation is unreadable');
  return {
    generation,
    organizationId: identity,
    ...labelsIn(document),
    revisions: parsedRevisions,
    search,
    lists,
    schemas: parsedSchemas,
    consecutiveRuns,
    shardManifest,
    reconciliation,
  };
}

/** What the document says of its writer, which comes into links, names and messages. What cannot be that is as if absent. */
function labelsIn({
  saved_at,
  run,
  publish_id,
  written_by,
}: Json): Pick<State, 'savedAt' | 'run' | 'publishId' | 'writtenBy'> {
  const label = (text: unknown, pattern: RegExp) => (typeof text === 'string' && pattern.test(text) ? text : '');
  const { id, attempt } = isJsonObject(run) ? run : {};
  return {
    savedAt: Number.isNaN(parseTime(saved_at)) ? '' : String(saved_at),
    run: { id: label(id, /^\d{1,20}$/), attempt: label(attempt, /^\d{1,10}$/) },
    publishId: label(publish_id, /^[\w-]{1,60}$/),
    writtenBy: label(written_by, WRITER),
  };
}

const WRITER = /^[\w./-]{1,60}$/;

/**
 * Reads a state back before anything is published with it: what the next run could not read must not be saved.
 * @throws SyncError `state-unreadable`
 */
export function requireReadable(state: State): void {
  try {
    const text = serializeState(state);
    if (serializeState(parseState(text, 'not saved yet')) === text) return;
    throw new Error('the state is another one when it is read back');
  } catch (cause) {
    throw new SyncError('state-unreadable', {
      what: 'The state of this run could not be read again once it was saved, so nothing is published with it.',
      todo: 'Report it to this project, with the log of a run with debug logging on; until then `reset-state: true` starts over.',
      cause,
    });
  }
}

function readDocument(text: string, place: string): Json {
  let document: unknown;
  try {
    document = parseDocument(text);
  } catch (error) {
    throw damagedState(place, 'it is not JSON', error);
  }
  if (!isJsonObject(document)) throw damagedState(place, 'it is not an object');
  return document;
}

/** Makes an older document one of the current version, a version at a time. */
function upgrade(document: Json, place: string, migrations: Migrations, current: number): Json {
  let { version } = document;
  if (typeof version !== 'number') throw damagedState(place, 'it names no version');
  if (version > current) {
    throw new SyncError('state-too-new', {
      what: `The saved state (${place}) was written by a newer version of this action (${writerOf(document)}; state version ${version}, known is ${current}).`,
      todo: 'Use that newer version again, or run once with `reset-state: true` to start over.',
    });
  }
  let upgraded = document;
  for (; version !== current; version++) {
    const migrate = migrations[version];
    if (migrate === undefined) throw damagedState(place, `there is no state version ${version}`);
    upgraded = migrate(upgraded);
  }
  return upgraded;
}

function writerOf({ written_by: writer }: Json): string {
  return typeof writer === 'string' && WRITER.test(writer) ? writer : 'unknown';
}

/** A clock may be slow by this against that of the run before. */
const MAX_CLOCK_LAG_MS = 15 * 60_000;

/**
 * Refuses a state that speaks of times that have not come: what is updated until then would be taken for published.
 * @param now milliseconds
 * @throws SyncError `state-damaged`
 */
export function requirePast({ search, lists, reconciliation }: State, place: string, now: number): void {
  const ofSearch = [...search.values()].flatMap(({ syncedRanges, cutoff, dedupSince, klasses, deletions }) => [
    syncedRanges.at(-1)?.to,
    cutoff,
    dedupSince,
    klasses?.from,
    deletions?.upTo,
    deletions?.since,
  ]);
  const others = [...lists.values()].map(({ until }) => until).concat(reconciliation?.cutoff, reconciliation?.asOf);
  const times = [...ofSearch, ...others].filter(each => each !== undefined);
  const latest = times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  // The last reader of a reconciliation reads beyond its own clock: see lastWork.
  if (latest <= now + MAX_CLOCK_LAG_MS + (reconciliation === undefined ? 0 : MAX_CLOCK_LEAD_MS)) return;
  throw new SyncError('state-damaged', {
    what: `The saved state (${place}) says what was read up to ${iso(latest)}, and the clock of this runner shows ${iso(now)}.`,
    todo: 'Check that clock. If it is right, run once with `reset-state: true` to start over, or delete that copy of the state so that an older one is used.',
  });
}

function damagedState(place: string, why: string, cause?: unknown): SyncError {
  return new SyncError('state-damaged', {
    what: `The saved state (${place}) is damaged: ${why}.`,
    todo: 'Run once with `reset-state: true` to start over, or delete that copy of the state so that an older one is used.',
    cause,
  });
}

/** Every stream of the state must have a revision: without one, two runs at once could not be told apart. */
function parseRevisions(revisions: unknown, streams: readonly string[]): Map<string, StreamRevision> | null {
  if (!isJsonObject(revisions) || !streams.every(stream => Object.hasOwn(revisions, stream))) return null;
  const parsed = new Map<string, StreamRevision>();
  for (const [stream, each] of Object.entries(revisions)) {
    if (!isJsonObject(each) || !isStreamName(streamOf(stream))) return null;
    const { changed_in: changedIn, record_format: recordFormat, include_deleted: includeDeleted, ...others } = each;
    const { epoch, published, kept_back } = others;
    if (!isCount(changedIn) || !isCount(epoch) || typeof includeDeleted !== 'boolean') return null;
    const format = RECORD_FORMATS.find(each => each === recordFormat);
    if (format === undefined) return null;
    const keptBack = kept_back === undefined ? undefined : parsePublished(kept_back);
    if (keptBack === null) return null;
    const known = { ...(isCount(published) && { published }), ...(keptBack && { keptBack }) };
    parsed.set(stream, { changedIn, epoch, recordFormat: format, includeDeleted, ...known });
  }
  return parsed;
}

function isShardManifest(value: unknown): value is ShardManifest {
  if (!isJsonObject(value) || !Array.isArray(value.files) || !isJsonObject(value.requests)) return false;
  const isFile = (file: unknown) =>
    isJsonObject(file) && typeof file.stream === 'string' && isStreamName(file.stream) && isCount(file.records);
  return value.files.every(isFile) && Object.values(value.requests).every(isCount);
}
