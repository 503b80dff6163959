// What a run has at some moment and has not published yet: files, what they are, and the state that they justify.

import type { Config } from '../config/config.ts';
import type { Scope } from '../config/scope.ts';
import type { Context } from '../github/context.ts';
import type { Client } from '../kustomer/client.ts';
import type { Source } from '../kustomer/source.ts';
import type { PartFile, PartsWriter } from '../records/parts.ts';
import { type StreamResult, streamReport } from '../report/report.ts';
import type { Job } from '../sync/job.ts';
import { refreshed } from '../sync/merge.ts';
import type { Ending } from '../sync/read-all.ts';
import type { ShardFile, ShardManifest, State } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import { artifactNameOf } from './publish.ts';
import type { Snapshot } from './publisher.ts';

export interface Run {
  readonly config: Config;
  readonly context: Context;
  readonly scope: Scope;
  /** That the run has begun with. */
  readonly state: State;
  readonly window: { readonly from: string; readonly to: string };
  readonly jobs: readonly Job[];
  readonly writers: ReadonlyMap<string, PartsWriter>;
  /** Streams that are read up to the cutoff. */
  readonly completed: ReadonlySet<string>;
  readonly source: Source;
  readonly client: Client;
}

export interface Snapshots {
  /** What could be published now; the files go on growing. */
  standing(): Promise<Snapshot>;
  /** The same, to be published: it is in no later snapshot. */
  take(): Promise<Snapshot>;
  /** All the rest, of a run that reads no more. */
  last(endings: ReadonlyMap<string, Ending>): Promise<Snapshot>;
  /** Files that are ended and not taken. */
  count(): number;
  /** The streams as the outputs show them, with the files given. */
  results(files: readonly PartFile[], endings: ReadonlyMap<string, Ending>): StreamResult[];
}

export function openSnapshots(run: Run): Snapshots {
  const { config, scope, window, jobs, writers, completed, client } = run;
  /** Refreshed streams whose files have taken the place of the earlier ones. */
  const replaced = new Set<string>();
  /** What this run has published, of a shard. */
  const taken: ShardFile[] = [];
  let publications = 0;
  // A full refresh replaces something when it has read all, and is nothing until then; an artifact gets it anyway when
  // the run ends.
  const isDone = ({ name, mode }: Job) => mode !== 'full_refresh' || completed.has(name);
  const takesAll = config.destinations.length === 0 || config.destinations.includes('artifact');

  async function snapshot(isTaken: boolean, endings?: ReadonlyMap<string, Ending>) {
    // Decided once: a refresh that ends while files are closed would be claimed without its own.
    const done = jobs.filter(isDone);
    const unfinished = jobs.filter(job => !done.includes(job)).map(({ name }) => name);
    const ready = endings !== undefined && takesAll ? jobs : done;
    const files: PartFile[] = [];
    for (const { name } of ready) {
      const writer = writers.get(name) as PartsWriter;
      files.push(...(await (isTaken ? writer.drain() : writer.peek())));
    }
    const replaces = done.filter(job => job.mode === 'full_refresh' && !replaced.has(job.name)).map(({ name }) => name);
    if (isTaken) for (const name of replaces) replaced.add(name);
    const claims = claimsOf(run, done, [...replaced, ...(isTaken ? [] : replaces)]);
    const mine = files.map(file => entryOf(run, file, publications + 1));
    const shardManifest = ledgerOf(run, [...taken, ...mine]);
    if (isTaken) publications++;
    if (isTaken) taken.push(...mine);
    return {
      files,
      replaces,
      unfinished,
      streams: results(files, endings ?? new Map()).map(streamReport),
      usage: structuredClone(client.usage),
      state: claims === null || scope.kind !== 'shard' ? claims : { ...claims, shardManifest },
    };
  }

  const results = (files: readonly PartFile[], endings: ReadonlyMap<string, Ending>) =>
    jobs.map(job => result(job, endings.get(job.name) ?? endingOf(completed, job), files, client, window));
  return {
    results,
    standing: () => snapshot(false),
    take: () => snapshot(true),
    last: endings => snapshot(true, endings),
    count: () => [...writers.values()].reduce((sum, writer) => sum + writer.count(), 0),
  };
}

function endingOf(completed: ReadonlySet<string>, { name }: Job): Ending {
  return { outcome: completed.has(name) ? 'complete' : 'partial' };
}

function result(
  job: Job,
  { outcome, error }: Ending,
  files: readonly PartFile[],
  client: Client,
  window: { from: string; to: string },
): StreamResult {
  const { name, mode, named, wanted } = job;
  return {
    name,
    mode,
    named,
    outcome,
    records: files.filter(({ stream }) => stream === name).reduce((sum, part) => sum + part.records, 0),
    requests: client.requestsFor(name),
    from: Number.isFinite(wanted.from) ? iso(wanted.from) : '',
    to: Number.isFinite(wanted.to) ? iso(wanted.to) : window.to,
    ...(error === undefined ? {} : { error }),
  };
}

/** A file as the merge will list it: with the run, and the artifact where there is one, that has it. */
function entryOf({ config, context, scope }: Run, file: PartFile, publication: number): ShardFile {
  const artifact = config.destinations.includes('artifact') ? artifactNameOf(scope, context, publication) : undefined;
  return { ...file, run: context.runId, ...(artifact === undefined ? {} : { artifact }) };
}

/** What a shard has published in all its runs, so that the merge can say so. */
function ledgerOf(
  { state: { shardManifest: before }, config, client }: Run,
  files: readonly ShardFile[],
): ShardManifest {
  const asked = config.streams.map(({ name }): [string, number] => [
    name,
    (before?.requests[name] ?? 0) + client.requestsFor(name),
  ]);
  return { files: [...(before?.files ?? []), ...files], requests: Object.fromEntries(asked) };
}

/** The state that holds once what has been read is published; null when there is nothing new it may claim. */
function claimsOf(run: Run, jobs: readonly Job[], replaced: readonly string[]): State | null {
  const { config, state: before, source, client, context } = run;
  const draft = {
    search: new Map(before.search),
    lists: new Map(before.lists),
    klassesCheckedAt: before.klassesCheckedAt,
  };
  const changes = jobs.map(job => job.updateState(draft, client.clockLeadMs()));
  if (!changes.includes(true)) return null;
  const state = {
    generation: before.generation + 1,
    organizationId: source.organization() ?? before.organizationId,
    savedAt: iso(Date.now()),
    run: { id: context.runId, attempt: context.attempt },
    ...draft,
    refreshes: before.refreshes,
    resets: before.resets,
  };
  // In artifacts and on the disk nothing is replaced.
  return config.destinations.includes('branch') ? refreshed(state, replaced, before) : state;
}
