// The story of a run: recover the state, plan, read, publish, save the state. From top to bottom, once.
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asSyncError } from './errors.ts';
import { openParts, type Part, type PartsWriter } from './files/parts.ts';
import { finish } from './finish.ts';
import type { Api } from './github/api.ts';
import type { Context } from './github/context.ts';
import { requirePrivate } from './github/visibility.ts';
import type { Config } from './inputs.ts';
import { openJobs } from './jobs.ts';
import { openBudget } from './kustomer/budget.ts';
import { type Client, openClient } from './kustomer/client.ts';
import { openSource, type Source, streamNamed } from './kustomer/source.ts';
import { duration, type Log } from './log.ts';
import type { Report, StreamResult } from './report.ts';
import type { Job } from './sync/job.ts';
import { cutoffOf } from './sync/plan.ts';
import { type Ending, readAll, Stopped } from './sync/read-all.ts';
import { readAhead } from './sync/read-list.ts';
import { openCrew } from './sync/read-search.ts';
import type { ListPages } from './sync/source.ts';
import { iso, type State } from './sync/state.ts';
import { USER_AGENT } from './version.ts';

/** Bytes before compression after which a part of an artifact is ended: few parts, and each can still be opened. */
const PART_BYTES = 64 * 1024 * 1024;
/** How often the log says how far the run is, at most. */
const PROGRESS_MS = 10_000;

/** Runs one sync to its end. Never rejects: whatever became of it is in the report. */
export async function run(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const now = Date.now();
  const window = {
    from: config.startDate === null ? '' : iso(config.startDate),
    to: iso(cutoffOf(now, config.settleMs)),
  };
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  const client = openClient({
    origin: config.apiUrl,
    token: config.token,
    concurrency: config.concurrency,
    budget: openBudget(config.searchesPerMinute, config.requestsPerMinute, stop.signal),
    signal: stop.signal,
    userAgent: USER_AGENT,
    debug: log.debug,
  });
  const report: Report = {
    streams: config.streams.map(selection => ({ ...selection, ...window, outcome: 'failed', records: 0, requests: 0 })),
    outputDir: '',
    manifest: '',
    destinations: config.destinations,
    stateSaved: false,
    stateDeferred: false,
    generation: 0,
    errors: [],
  };

  try {
    const github = openGitHub(config, context);
    if (context.isPublic !== undefined) await requirePermission(config, context, github);
    report.outputDir = await makeOutputDir(config, context);

    // The lists do not depend on the state, nor the state on whether it may be published: all of it is asked for at once.
    const source = openSource(client, config.includeDeleted);
    const lists = beginLists(config, source);
    const [state] = await Promise.all([
      recoverState(config, context, github, log),
      context.isPublic === undefined ? requirePermission(config, context, github) : undefined,
    ]);
    report.generation = state.generation;
    source.expect(state.identity);

    const writers = new Map<string, PartsWriter>();
    const progress = paced(PROGRESS_MS, () => log.info(progressLine(jobs)));
    const jobs = openJobs({
      config,
      state,
      now,
      source,
      lists,
      surroundings: { crew: openCrew(client.idle), signal: stop.signal },
      log,
      writerOf(name) {
        const { format, gzip } = config;
        const writer = openParts({ directory: report.outputDir, stream: name, format, gzip, partBytes: PART_BYTES });
        writers.set(name, writer);
        return {
          write: records => writer.write(records).then(progress),
          aside() {
            const aside = writer.aside();
            return { ...aside, write: records => aside.write(records).then(progress) };
          },
        };
      },
    });

    log.info(`Reading ${jobs.map(({ name }) => name).join(', ')} up to ${window.to}.`);
    const endings = await readAll(jobs, stop);
    if (stop.signal.reason instanceof Stopped) report.stopped = stop.signal.reason.why;
    const files: Part[] = [];
    for (const writer of writers.values()) files.push(...(await writer.close()));
    report.streams = jobs.map(job => result(job, endings.get(job.name) as Ending, files, client, window));
    // What the state claims of one organisation must not be mixed with another's records.
    if ([...endings.values()].some(({ error }) => error?.trouble === 'state')) return report;
    const after = await stateAfter(state, jobs, source, client, context, log, stop.signal);
    await finish(report, { config, context, log, files, state: after, window, usage: client.usage });
  } catch (thrown) {
    const error = asSyncError(thrown);
    report.errors.push(error);
    stop.abort(error);
  } finally {
    clearTimeout(deadline);
    await client.close();
  }
  return report;
}

/** The REST API of GitHub, loaded when somebody asks for it. */
function openGitHub(config: Config, context: Context): () => Promise<Api> {
  let api: Promise<Api> | undefined;
  return () => {
    api ??= import('./github/api.ts').then(({ openApi }) => openApi(context, config.githubToken, USER_AGENT));
    return api;
  };
}

async function requirePermission(config: Config, context: Context, github: () => Promise<Api>): Promise<void> {
  if (config.destinations.length > 0 && !config.allowPublic) await requirePrivate(context, github);
}

async function makeOutputDir(config: Config, context: Context): Promise<string> {
  if (config.outputDir === '') return mkdtemp(join(context.temp || tmpdir(), 'kustomer-sync-'));
  await mkdir(config.outputDir, { recursive: true });
  return config.outputDir;
}

function beginLists(config: Config, source: Source): ReadonlyMap<string, ListPages> {
  const lists = new Map<string, ListPages>();
  for (const { name } of config.streams) {
    const stream = streamNamed(name);
    if (stream.kind === 'list') lists.set(name, readAhead(source.list(stream)));
  }
  return lists;
}

async function recoverState(config: Config, context: Context, api: () => Promise<Api>, log: Log): Promise<State> {
  const { requireCache } = await import('./github/cache.ts');
  requireCache();
  const { recover } = await import('./github/recover.ts');
  const { stateId, onMissingState: onMissing, resetState } = config;
  return recover({ stateId, context, onMissing, reset: resetState, api, log });
}

/** Says something now and then. It is called whenever there is news, so waiting costs nothing. */
function paced(everyMs: number, say: () => void): () => void {
  let last = performance.now();
  return () => {
    if (performance.now() - last < everyMs) return;
    last = performance.now();
    say();
  };
}

function progressLine(jobs: readonly Job[]): string {
  const read = jobs.filter(job => job.records() > 0).map(job => `${job.name} ${job.records().toLocaleString('en-US')}`);
  return `Read so far: ${read.join(', ')}.`;
}

function result(
  job: Job,
  { outcome, error }: Ending,
  files: readonly Part[],
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

/** The state that holds once this run's files are published; null when there is nothing new it may claim. */
async function stateAfter(
  before: State,
  jobs: readonly Job[],
  source: Source,
  client: Client,
  context: Context,
  log: Log,
  stop: AbortSignal,
): Promise<State | null> {
  const draft = {
    search: new Map(before.search),
    lists: new Map(before.lists),
    klassesCheckedAt: before.klassesCheckedAt,
  };
  const ahead = client.clockAhead();
  const changes = jobs.map(job => job.settle(draft, ahead));
  if (!changes.includes(true)) return null;
  if (ahead > 0) {
    log.warning(
      `The clock of this runner is ${duration(ahead)} ahead of Kustomer's: only what had come by Kustomer's clock is taken for read.`,
    );
  }
  if (source.organisation() === null && before.identity !== null) {
    // Answers without a record do not say whose they are.
    const stream = jobs.map(({ name }) => streamNamed(name)).find(({ kind }) => kind === 'search');
    if (stream?.kind === 'search' && !stop.aborted) await source.probe(stream);
    if (source.organisation() === null) {
      log.notice(
        'Kustomer showed no record at all, so it is not certain whose data this is; the state is left as it was.',
      );
      return null;
    }
  }
  return {
    generation: before.generation + 1,
    identity: source.organisation() ?? before.identity,
    savedAt: iso(Date.now()),
    run: { id: context.runId, attempt: context.attempt },
    ...draft,
  };
}
