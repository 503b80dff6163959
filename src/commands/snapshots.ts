// What a run has at one moment and has not published: closed parts, and the state that holds once they are published.
import { randomUUID } from 'node:crypto';
import { USER_AGENT } from '../config/version.ts';
import type { Context } from '../github/context.ts';
import type { Source } from '../kustomer/source.ts';
import type { Snapshot } from '../publish/publisher.ts';
import type { PartFile, PartsWriter } from '../records/parts.ts';
import { type StreamResult, streamReport } from '../report/report.ts';
import type { RecoveredState } from '../state/store.ts';
import type { StreamJob } from '../sync/job.ts';
import type { Ending } from '../sync/read-all.ts';
import type { Reconciliation, ShardManifest, State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import type { KeptFields } from './kept-back.ts';
import type { Learning } from './learning.ts';
import { type ReadingRun, revisionBefore } from './prepare.ts';

export type Endings = ReadonlyMap<string, Ending>;

export interface SnapshotOptions extends Pick<ReadingRun, 'config' | 'context' | 'destination' | 'window' | 'client'> {
  /** What the run has started from. */
  readonly recovered: RecoveredState;
  readonly jobs: readonly StreamJob[];
  readonly writers: ReadonlyMap<string, PartsWriter>;
  /** Streams that are read up to the cutoff. */
  readonly completed: ReadonlySet<string>;
  readonly source: Source;
  readonly learning: Learning;
  readonly fields: KeptFields;
  /** Of a reconciliation: what the state says of it. @param isEnd the run reads no more */
  readonly reconciled?: ((streams: readonly StreamResult[], isEnd: boolean) => Reconciliation) | undefined;
}

export function openSnapshots(options: SnapshotOptions) {
  const { jobs, writers, completed, client } = options;
  /** Streams whose full refresh has been drained. */
  const replaced = new Set<string>();
  /** Parts that have been drained, and of their records, by stream, those that no earlier run has published. */
  const drained: PartFile[] = [];
  const drainedFirst = new Map<string, number>();

  /** The streams as the outputs show them, with the parts given. */
  function results(parts: readonly PartFile[], endings: Endings = new Map()): StreamResult[] {
    return jobs.map(job => {
      const ending = endings.get(job.name) ?? { outcome: completed.has(job.name) ? 'complete' : 'partial' };
      return resultOf(job, ending, parts, options);
    });
  }

  async function take(isDrained: boolean, endings?: Endings): Promise<Snapshot> {
    // Decided once: a refresh that ends while parts are closed would be in the state without its own parts.
    const done = jobs.filter(({ name, mode }) => mode !== 'full_refresh' || completed.has(name));
    const files: PartFile[] = [];
    const firstSeen: Record<string, number> = {};
    for (const job of endings === undefined ? done : jobs) {
      const { name } = job;
      const writer = writers.get(name) as PartsWriter;
      firstSeen[name] = job.firstSeen() - (drainedFirst.get(name) ?? 0);
      if (isDrained) drainedFirst.set(name, job.firstSeen());
      files.push(...(await (isDrained ? writer.drain() : writer.peek())));
    }
    const replaces = done.filter(job => job.mode === 'full_refresh' && !replaced.has(job.name)).map(({ name }) => name);
    const streams = results(files, endings);
    const learned = await whatIsLearned(options, streams, endings !== undefined);
    const change = changeOf(options, done, [...replaced, ...replaces], [...drained, ...files], learned);
    if (isDrained) {
      for (const name of replaces) replaced.add(name);
      drained.push(...files);
    }
    return {
      files,
      replaces,
      unfinished: jobs.filter(job => !done.includes(job)).map(({ name }) => name),
      firstSeen,
      streams: streams.map(streamReport),
      usage: structuredClone(client.usage),
      change,
      savesStateAlone: false,
      ...(options.reconciled && change.changed.length > 0 && { externalFiles: earlierFiles(options) }),
    };
  }

  return {
    results,
    /** What could be published now; the parts go on growing. */
    peek: () => take(false),
    /** The same, to be published: it is in no later snapshot. */
    drain: () => take(true),
    /** All the rest, of a run that reads no more. */
    drainAll: (endings: Endings) => take(true, endings),
    /** Closed parts that are not drained. */
    count: () => [...writers.values()].reduce((sum, writer) => sum + writer.count(), 0),
  };
}

/** What the state says of columns, which ids do not have, and of a reconciliation. */
async function whatIsLearned(options: SnapshotOptions, streams: readonly StreamResult[], isEnd: boolean) {
  const { jobs, completed, learning, recovered, reconciled } = options;
  const reconciliation = reconciled?.(streams, isEnd);
  return { schemas: reconciled ? recovered.state.schemas : await learning.schemas(jobs, completed), reconciliation };
}

function resultOf(
  { name, mode, named, wanted }: StreamJob,
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

/** What earlier runs of a reconciliation have published. */
function earlierFiles({ recovered }: SnapshotOptions): ShardManifest['files'] {
  return recovered.state.shardManifest?.files ?? [];
}

/** What a shard has published in all its runs. The merge lists each part with the run and the artifact that has it. */
function shardManifestOf(options: SnapshotOptions, parts: readonly PartFile[]): ShardManifest {
  const { recovered, config, client, context, destination } = options;
  const { files = [], requests = {} } = recovered.state.shardManifest ?? {};
  const artifact = destination.artifactName === null ? {} : { artifact: destination.artifactName };
  const all = config.streams.map(({ name }) => [name, (requests[name] ?? 0) + client.requestsFor(name)]);
  return {
    files: [...files, ...parts.map(part => ({ ...part, run: context.runId, ...artifact }))],
    requests: Object.fromEntries(all),
  };
}

/** The state that holds once what has been read is published, and the streams that it changes. */
function changeOf(
  options: SnapshotOptions,
  done: readonly StreamJob[],
  replaced: readonly string[],
  parts: PartFile[],
  read: Pick<State, 'schemas' | 'reconciliation'>,
) {
  const { config, recovered, source, client, context, destination, fields } = options;
  const before = recovered.state;
  const draft = { search: new Map(before.search), lists: new Map(before.lists) };
  const changed = done.filter(job => job.updateState(draft, client.clock.leadMs()));
  const epochs = recovered.syncRevisions ?? before.revisions;
  const revisions = new Map(before.revisions);
  for (const job of changed) {
    const keptBack = fields.publishedOf(job.name, revisionBefore(before, job));
    revisions.set(job.name, {
      changedIn: before.revisions.get(job.name)?.changedIn ?? 0,
      epoch: (epochs.get(job.name)?.epoch ?? 0) + (destination.replacesFiles && replaced.includes(job.name) ? 1 : 0),
      recordFormat: config.recordFormat,
      includeDeleted:
        config.includeDeleted &&
        source.forms.hasDeleted(job.name) &&
        (revisionBefore(before, job)?.includeDeleted ?? true),
      published: publishedInAll(before, job, parts),
      ...(keptBack && { keptBack }),
    });
  }
  const state: State = {
    // What only the state knows of stays in it.
    ...before,
    organizationId: source.organization() ?? before.organizationId,
    ...stampOf(context),
    revisions,
    ...draft,
    ...read,
    ...((config.shard !== null || read.reconciliation) && { shardManifest: shardManifestOf(options, parts) }),
  };
  return { state, changed: changed.map(({ name }) => name), startsOver: config.resetState && config.shard === null };
}

/** Lines that all runs together have published of a stream; undefined when an earlier run did not count them. */
function publishedInAll(before: State, { name }: StreamJob, parts: readonly PartFile[]): number | undefined {
  const wasPublished = before.search.has(name) || before.lists.has(name);
  const earlier = before.revisions.get(name)?.published ?? (wasPublished ? undefined : 0);
  const own = parts.filter(({ stream }) => stream === name).reduce((sum, { records }) => sum + records, 0);
  return earlier === undefined ? undefined : earlier + own;
}

/** Who saves a state, and when. */
export function stampOf({ runId, attempt }: Context) {
  return { savedAt: iso(Date.now()), run: { id: runId, attempt }, publishId: randomUUID(), writtenBy: USER_AGENT };
}
