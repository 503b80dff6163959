// What a run has at one moment and has not published: closed parts, and the state that holds once they are published.
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { USER_AGENT } from '../config/version.ts';
import type { Context } from '../github/context.ts';
import type { Client } from '../kustomer/client.ts';
import type { Source } from '../kustomer/source.ts';
import type { Destination } from '../publish/destination.ts';
import type { Snapshot } from '../publish/publisher.ts';
import type { PartFile, PartsWriter } from '../records/parts.ts';
import { type StreamResult, streamReport } from '../report/report.ts';
import type { RecoveredState } from '../state/store.ts';
import type { Job } from '../sync/job.ts';
import type { StateChange } from '../sync/next-state.ts';
import type { Ending } from '../sync/read-all.ts';
import type { ShardFile, ShardManifest, State, StreamRevision } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';

export interface SnapshotOptions {
  readonly config: Config;
  readonly context: Context;
  readonly destination: Destination;
  /** What the run has started from. */
  readonly recovered: RecoveredState;
  readonly window: { readonly from: string; readonly to: string };
  readonly jobs: readonly Job[];
  readonly writers: ReadonlyMap<string, PartsWriter>;
  /** Streams that are read up to the cutoff. */
  readonly completed: ReadonlySet<string>;
  readonly source: Source;
  readonly client: Client;
}

export interface Snapshots {
  /** What could be published now; the parts go on growing. */
  peek(): Promise<Snapshot>;
  /** The same, to be published: it is in no later snapshot. */
  drain(): Promise<Snapshot>;
  /** All the rest, of a run that reads no more. */
  drainAll(endings: ReadonlyMap<string, Ending>): Promise<Snapshot>;
  /** Closed parts that are not drained. */
  count(): number;
  /** The streams as the outputs show them, with the parts given. */
  results(parts: readonly PartFile[], endings: ReadonlyMap<string, Ending>): StreamResult[];
}

export function openSnapshots(options: SnapshotOptions): Snapshots {
  const { config, jobs, writers, completed, client, destination } = options;
  /** Streams whose full refresh has been drained. */
  const replaced = new Set<string>();
  /** Parts that have been drained. */
  const drained: ShardFile[] = [];
  const results = (parts: readonly PartFile[], endings: ReadonlyMap<string, Ending>) =>
    jobs.map(job => resultOf(job, endings.get(job.name) ?? endingOf(completed, job), parts, options));

  async function take(isDrained: boolean, endings?: ReadonlyMap<string, Ending>): Promise<Snapshot> {
    // Decided once: a refresh that ends while parts are closed would be in the state without its own parts.
    const done = jobs.filter(({ name, mode }) => mode !== 'full_refresh' || completed.has(name));
    const unfinished = jobs.filter(job => !done.includes(job)).map(({ name }) => name);
    const files: PartFile[] = [];
    for (const { name } of endings === undefined ? done : jobs) {
      const writer = writers.get(name) as PartsWriter;
      files.push(...(await (isDrained ? writer.drain() : writer.peek())));
    }
    const replaces = done.filter(job => job.mode === 'full_refresh' && !replaced.has(job.name)).map(({ name }) => name);
    const change = changeOf(options, done, destination.replacesFiles ? [...replaced, ...replaces] : []);
    const parts = [...drained, ...files.map(file => shardFileOf(options, file))];
    if (isDrained) {
      for (const name of replaces) replaced.add(name);
      drained.splice(0, drained.length, ...parts);
    }
    const state =
      config.shard === null ? change.state : { ...change.state, shardManifest: shardManifestOf(options, parts) };
    return {
      files,
      replaces,
      unfinished,
      streams: results(files, endings ?? new Map()).map(streamReport),
      usage: structuredClone(client.usage),
      change: { ...change, state },
      savesStateAlone: false,
    };
  }

  return {
    results,
    peek: () => take(false),
    drain: () => take(true),
    drainAll: endings => take(true, endings),
    count: () => [...writers.values()].reduce((sum, writer) => sum + writer.count(), 0),
  };
}

function endingOf(completed: ReadonlySet<string>, { name }: Job): Ending {
  return { outcome: completed.has(name) ? 'complete' : 'partial' };
}

function resultOf(
  { name, mode, named, wanted }: Job,
  { outcome, error }: Ending,
  parts: readonly PartFile[],
  { client, window }: SnapshotOptions,
): StreamResult {
  return {
    name,
    mode,
    named,
    outcome,
    records: parts.filter(({ stream }) => stream === name).reduce((sum, part) => sum + part.records, 0),
    requests: client.requestsFor(name),
    from: Number.isFinite(wanted.from) ? iso(wanted.from) : '',
    to: Number.isFinite(wanted.to) ? iso(wanted.to) : window.to,
    ...(error === undefined ? {} : { error }),
  };
}

/** A part as the merge will list it: with the run, and the artifact where there is one, that has it. */
function shardFileOf({ context, destination: { artifactName } }: SnapshotOptions, part: PartFile): ShardFile {
  return { ...part, run: context.runId, ...(artifactName === null ? {} : { artifact: artifactName }) };
}

/** What a shard has published in all its runs. */
function shardManifestOf({ recovered, config, client }: SnapshotOptions, parts: readonly ShardFile[]): ShardManifest {
  const before = recovered.state.shardManifest;
  const requests = config.streams.map(({ name }): [string, number] => [
    name,
    (before?.requests[name] ?? 0) + client.requestsFor(name),
  ]);
  return { files: [...(before?.files ?? []), ...parts], requests: Object.fromEntries(requests) };
}

/** The state that holds once what has been read is published, and the streams that it changes. */
function changeOf(options: SnapshotOptions, done: readonly Job[], replaced: readonly string[]): StateChange {
  const { config, recovered, source, client, context } = options;
  const before = recovered.state;
  const { search, lists, klassesCheckedAt } = before;
  const draft = { search: new Map(search), lists: new Map(lists), klassesCheckedAt };
  const changed = done.filter(job => job.updateState(draft, client.clockLeadMs()));
  const revisions = new Map(before.revisions);
  for (const job of changed) revisions.set(job.name, revisionOf(job, options, replaced.includes(job.name)));
  const state: State = {
    generation: before.generation,
    organizationId: source.organization() ?? before.organizationId,
    savedAt: iso(Date.now()),
    run: { id: context.runId, attempt: context.attempt },
    publishId: randomUUID(),
    writtenBy: USER_AGENT,
    revisions,
    ...draft,
  };
  return { state, changed: changed.map(({ name }) => name), startsOver: config.resetState && config.shard === null };
}

function revisionOf({ name, mode }: Job, { config, recovered }: SnapshotOptions, isReplaced: boolean): StreamRevision {
  const { state, syncRevisions } = recovered;
  const before = state.revisions.get(name);
  const isContinued = mode === 'incremental' && (state.search.has(name) || state.lists.has(name));
  return {
    changedIn: before?.changedIn ?? 0,
    epoch: ((syncRevisions ?? state.revisions).get(name)?.epoch ?? 0) + (isReplaced ? 1 : 0),
    recordFormat: config.format,
    includeDeleted: config.includeDeleted && (isContinued ? (before?.includeDeleted ?? true) : true),
  };
}
