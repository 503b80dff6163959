// What a destination is, and what it is asked to publish. choose.ts is the one place that asks which destination is set.
//
// The order is the same everywhere: files are closed, files are published, and only then the state says so. And a run
// publishes on top of the state that it started from: what another run has changed since is not published again.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { StreamReport } from '../records/manifest.ts';
import type { PartFile } from '../records/parts.ts';
import type { Log } from '../report/log.ts';
import type { Finding, Place, UploadedArtifact } from '../report/report.ts';
import type { Total } from '../state/branch.ts';
import type { Base, StateStore } from '../state/store.ts';
import { type MergedState, type StateChange, withoutStreams } from '../sync/next-state.ts';
import type { RecordFormat, ShardFile, State } from '../sync/state.ts';
import { iso, serializeState } from '../sync/state-document.ts';

/** What is to be published, with all that it takes: it can wait on the disk for another process. */
export interface PublishRequest {
  readonly directory: string;
  readonly files: readonly PartFile[];
  /** Parts in the artifacts of other runs, which a merge or a reconciliation only lists. */
  readonly externalFiles?: readonly ShardFile[];
  /** Streams whose full refresh is complete: its files replace the stream's earlier files. */
  readonly replaces: readonly string[];
  /** Streams whose full refresh is not: their files replace nothing. */
  readonly unfinished: readonly string[];
  readonly window: { readonly from: string; readonly to: string };
  readonly streams: readonly StreamReport[];
  /** Records in the files that no earlier run has published, by stream. */
  readonly firstSeen: Readonly<Record<string, number>>;
  /** Requests by budget, for the manifest. */
  readonly usage: unknown;
  /** The state that holds once this is published. Nothing is saved when no stream has changed. */
  readonly change: StateChange;
  /** What the run has started from, or what its last receipt says. */
  readonly base: Base;
  /** The state is worth saving although no file is new: it is the first one, or the run has stopped early. */
  readonly savesStateAlone: boolean;
}

/** Streams of which a run must not publish anything more. */
export interface Withheld {
  /** Another run has published them meanwhile. */
  readonly lost: readonly string[];
  /** GitHub has refused a file of theirs, and why. */
  readonly refused?: ReadonlyMap<string, SyncError>;
}

/** What became of the requests of one process, as far as they were done. */
export interface Receipt extends Withheld {
  /** Absolute path of the last one; empty as long as there is none. */
  manifest: string;
  /** The parts that have come to where they are kept. */
  files: readonly PartFile[];
  artifact?: UploadedArtifact;
  commit?: string;
  /** Where files have come to, for the report. */
  places: readonly Place[];
  /** The state now in force; null when no request has changed it. */
  state: State | null;
  stateSaved: boolean;
  /** For the next request of the run. */
  base: Base;
  lost: readonly string[];
  refused: ReadonlyMap<string, SyncError>;
}

/** What a compaction has made of a stream. */
export interface CompactedStream {
  readonly stream: string;
  readonly linesBefore: number;
  readonly filesBefore: number;
  readonly total: Total;
}

export interface Compacted {
  /** Null when there was nothing to do. */
  readonly commit: string | null;
  readonly places: readonly Place[];
  readonly streams: readonly CompactedStream[];
  /** As it was. */
  readonly state: State;
}

export interface Destination {
  readonly store: StateStore;
  /** Bytes of a part before compression. */
  readonly partBytes: number;
  /** Parts after which it is time to publish while the run goes on reading; infinite when it publishes at its end only. */
  readonly maxParts: number;
  /** Whether a full refresh replaces the stream's earlier files. */
  readonly replacesFiles: boolean;
  /**
   * How the lines are written that those of a run come to lie beside, by stream; empty where they lie beside none.
   * @param known what the state says of them
   */
  formats(streams: readonly string[], known: State['schemas']): Promise<ReadonlyMap<string, RecordFormat>>;
  /** Whether the state is saved by the post step, when the job has succeeded until then. */
  readonly savesAfterJob: boolean;
  /** The artifact of this attempt; null without one. */
  readonly artifactName: string | null;
  /**
   * Resolves when what is published can be read by members only, or when everybody may read it, and the state can be kept.
   * @throws SyncError `public-repository`, `repository-not-visible` or `tar-unusable`
   */
  requireAccess(): Promise<void>;
  /**
   * What the job may do of what a sync needs, as rows for people. Changes nothing.
   * @throws SyncError `branch-refused` or `branch-unavailable` when nothing could be published
   */
  permissions(): Promise<readonly Finding[]>;
  /**
   * Publishes, then saves the state. What a process before this one has published of the request is not published again.
   * @param receipt added to on the way; says what was done also when this rejects
   * @throws SyncError of kind `publish` or `state`; nothing after the step that failed is done
   */
  publish(request: PublishRequest, receipt: Receipt): Promise<void>;
  /**
   * Rewrites what is published: see branch/compact.ts. Only a data branch can.
   * @param step called before each file; it throws when the run is to stop
   */
  compact?(step: (stream: string) => void): Promise<Compacted>;
  /** Saves the state of a published request, for the post step. @throws SyncError `state-not-saved` */
  saveState(request: PublishRequest, receipt: Receipt): Promise<void>;
}

/** The inputs that a destination needs: no secret, so that they can wait on the disk for the post step. */
export interface DestinationSettings {
  /** As in the input `destination`. */
  readonly destination: string;
  /** Name of the state that goes with the data. */
  readonly stateName: string;
  /** Name of the artifact, before the attempt is added. */
  readonly artifactName: string;
  /** In the names of files on the branch, so that the jobs of one run do not meet; may be empty. */
  readonly fileMark: string;
  readonly retentionDays: number;
  readonly compression: 'none' | 'gzip';
  /** None: parts are not encrypted. */
  readonly encryptTo: readonly string[];
  readonly singer: boolean;
  readonly branch: string;
  readonly dataPath: string;
  /** `owner/name` of the data branch's repository. */
  readonly repository: string;
  readonly allowPublic: boolean;
}

export interface DestinationOptions extends DestinationSettings {
  readonly context: Context;
  readonly api: () => Promise<Api>;
  readonly log: Log;
}

/** A place that files are copied to. The state is elsewhere: on the data branch where there is one, or in the cache. */
export interface Delivery {
  /** See {@link Destination.artifactName}. */
  readonly artifactName?: string;
  requireAccess(): Promise<void>;
  /**
   * Copies the files, the manifest and the state in the directory. A run on a data branch calls this several times, and a
   * second try may find the files of the first.
   * @param request without the streams that are withheld
   * @returns where the files are now
   */
  deliver(request: PublishRequest, receipt: Receipt): Promise<Place>;
}

export function emptyReceipt(base: Base): Receipt {
  return { manifest: '', files: [], places: [], state: null, stateSaved: false, base, lost: [], refused: new Map() };
}

/**
 * The request without the streams that are withheld. Of those the state says what it has said before, or nothing.
 * @param published files that stay in a shard's manifest all the same
 */
export function withhold(
  request: PublishRequest,
  { lost, refused = new Map() }: Withheld,
  published: readonly PartFile[] = [],
): PublishRequest {
  const withheld = new Set([...lost, ...refused.keys()]);
  if (withheld.size === 0) return request;
  const { files, replaces, unfinished, change } = request;
  const isKept = (stream: string) => !withheld.has(stream);
  const left = new Set(files.filter(({ stream }) => !isKept(stream)).map(({ sha256 }) => sha256));
  for (const { sha256 } of published) left.delete(sha256);
  const state = withoutStreams(change.state, [...withheld], ({ sha256 }) => left.has(String(sha256)));
  return {
    ...request,
    files: files.filter(({ stream }) => isKept(stream)),
    replaces: replaces.filter(isKept),
    unfinished: unfinished.filter(isKept),
    streams: request.streams.map(stream => {
      const error = refused.get(stream.name);
      if (error !== undefined) return { ...stream, outcome: 'failed', records: 0, error: error.message };
      return isKept(stream.name) ? stream : { ...stream, outcome: 'partial', records: 0 };
    }),
    change: { ...change, changed: change.changed.filter(isKept), state },
  };
}

/**
 * The request without the streams that turn out to be withheld. Says which run has published the lost ones, and removes
 * their parts: what is in the directory is what the manifest lists.
 */
export async function leaveOut(
  request: PublishRequest,
  next: MergedState & Withheld,
  receipt: Receipt,
  log: Log,
): Promise<PublishRequest> {
  const { lost, refused = new Map() } = next;
  const effect =
    'since this run began, so this run does not: these records are there already, or come with the next run';
  if (lost.length > 0 && next.otherRun !== null) warnOfLost(next, effect, log);
  receipt.lost = [...receipt.lost, ...lost];
  receipt.refused = new Map([...receipt.refused, ...refused]);
  const parts = request.files.filter(({ stream }) => lost.includes(stream) || refused.has(stream));
  await Promise.all(parts.map(({ path }) => rm(join(request.directory, path), { force: true })));
  return withhold(request, next);
}

export function warnOfLost({ lost, otherRun }: MergedState, effect: string, log: Log): void {
  const run = `Another run (${otherRun?.id}, attempt ${otherRun?.attempt})`;
  log.warning(
    `${run} has published ${lost.join(', ')} ${effect}. Give the workflow a \`concurrency\` group, so that runs wait for each other.`,
  );
}

/** Writes the manifest, and copies the files where there are any. */
export async function deliverTo(
  deliveries: readonly Delivery[],
  request: PublishRequest,
  state: State,
  receipt: Receipt,
  options: DestinationOptions,
): Promise<void> {
  receipt.manifest = await writeManifest(request, options, state);
  if (request.files.length === 0 && request.externalFiles === undefined) return;
  for (const { deliver } of deliveries) {
    const place = await deliver(request, receipt).catch(error => {
      throw error instanceof SyncError ? error : notDelivered(error);
    });
    receipt.places = [...receipt.places, place];
  }
}

function notDelivered(cause: unknown): SyncError {
  const { code } = cause as { code?: unknown };
  return new SyncError('files-not-copied', {
    what: `The files could not be copied to the place that \`destination\` names${typeof code === 'string' ? ` (${code})` : ''}.`,
    todo: 'Nothing is taken for published: check that the job may write there, and run again.',
    cause,
  });
}

type ManifestContents = Pick<PublishRequest, 'window' | 'streams' | 'usage' | 'externalFiles' | 'files'>;

/** The text of a manifest. @param state the state that holds once the parts are published */
export function manifestOf(
  { window, streams, usage, externalFiles = [], files }: ManifestContents,
  { context, stateName }: Pick<DestinationOptions, 'context' | 'stateName'>,
  { reconciliation }: State,
): string {
  const { runId, attempt, job, workflow, repository, ref, event } = context;
  const run = { id: runId, attempt, job, workflow, repository, ref, event, state_id: stateName };
  const isComplete = streams.every(({ outcome }) => outcome === 'complete');
  const evidence = reconciliation && { as_of: iso(reconciliation.asOf), complete: isComplete };
  // A merge lists the parts of the shards, with the run and the artifact that has them.
  const all = [...externalFiles, ...files];
  return `${JSON.stringify({ version: 1, run, window, ...evidence, streams, files: all, api: usage }, null, 1)}\n`;
}

/**
 * Writes `manifest.json`, `state.json` with the state that holds once the parts are published, the schemas, the views, and
 * the messages of Singer where they are asked for.
 * @returns the path of the manifest
 */
export async function writeManifest(
  contents: ManifestContents & Pick<PublishRequest, 'directory'>,
  options: Pick<DestinationOptions, 'context' | 'stateName' | 'dataPath' | 'singer'>,
  state: State,
): Promise<string> {
  const { directory } = contents;
  const path = join(directory, 'manifest.json');
  await writeFile(path, manifestOf(contents, options, state));
  if (state.generation > 0) await writeFile(join(directory, 'state.json'), serializeState(state));
  const { filesBeside } = await import('../schema/beside.ts');
  for (const [name, text] of filesBeside([...state.schemas.values()], options.dataPath)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  if (options.singer) await (await import('./singer.ts')).writeSinger(contents, state);
  return path;
}
