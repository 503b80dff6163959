// The story of a run: recover the state, plan, read, publish, save the state. From top to bottom, once.
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asSyncError } from './errors.ts';
import { openGate } from './files/gate.ts';
import { openParts, type Part, type PartsWriter } from './files/parts.ts';
import { type Published, writeManifest } from './finish.ts';
import type { Api } from './github/api.ts';
import type { Context } from './github/context.ts';
import type { Recovered } from './github/recover.ts';
import { requirePrivate } from './github/visibility.ts';
import { leaveForPost, openHandover } from './handover.ts';
import type { Config } from './inputs.ts';
import { openJobs } from './jobs.ts';
import { keepSafe, type Pace } from './keeper.ts';
import { openBudget } from './kustomer/budget.ts';
import { type Client, openClient } from './kustomer/client.ts';
import { openSource, type Source, streamNamed } from './kustomer/source.ts';
import { duration, type Log } from './log.ts';
import { openPublisher, type Publisher } from './publisher.ts';
import { type Report, streamReport } from './report.ts';
import { openSnapshots } from './snapshot.ts';
import type { Job } from './sync/job.ts';
import { cutoffOf } from './sync/plan.ts';
import { readAll, Stopped } from './sync/read-all.ts';
import { readAhead } from './sync/read-list.ts';
import type { ListPages } from './sync/source.ts';
import { iso, type State, serialise } from './sync/state.ts';
import { USER_AGENT } from './version.ts';

/** Bytes of a part before compression. In an artifact: few parts, and each can still be opened. In git: see contract 5. */
const PART_BYTES = { artifact: 64 * 1024 * 1024, branch: 8 * 1024 * 1024 };
/** So many files are enough for a commit (actions-platform.md 9.3): a run that has more makes several. */
const COMMIT_FILES = 50;
/** From a cancel on, main has 7.5 seconds (actions-platform.md 6.3); what is not done then is left to the post step. */
const CANCEL_MS = 5_500;
/** How often the log says how far the run is, at most. */
const PROGRESS_MS = 10_000;

const PACE: Pace = { checkpointMs: 30_000, publishMs: 15 * 60_000 };

/** Runs one sync to its end. Never rejects: whatever became of it is in the report. */
export async function run(
  config: Config,
  context: Context,
  log: Log,
  stop: AbortController,
  pace: Pace = PACE,
): Promise<Report> {
  const now = Date.now();
  const window = {
    from: config.startDate === null ? '' : iso(config.startDate),
    to: iso(cutoffOf(now, config.settleMs)),
  };
  const report: Report = {
    streams: config.streams.map(selection => ({ ...selection, ...window, outcome: 'failed', records: 0, requests: 0 })),
    outputDir: '',
    manifest: '',
    destinations: config.destinations,
    stateSaved: false,
    stateDeferred: false,
    leftToPost: false,
    generation: 0,
    errors: [],
  };
  const handover = openHandover(context);
  const story = tell({ config, context, log, stop, pace, now, window, report, handover });
  await Promise.race([story, outOfTime(stop.signal)]);
  if (stop.signal.reason instanceof Stopped) report.stopped = stop.signal.reason.why;
  if (report.stopped === 'cancelled') {
    report.leftToPost = handover.isPending();
    // A stream that was not yet begun has not failed.
    report.streams = report.streams.map(each =>
      each.outcome === 'failed' && each.error === undefined ? { ...each, outcome: 'partial' } : each,
    );
  }
  return report;
}

interface Telling {
  readonly config: Config;
  readonly context: Context;
  readonly log: Log;
  readonly stop: AbortController;
  readonly pace: Pace;
  readonly now: number;
  readonly window: { readonly from: string; readonly to: string };
  readonly report: Report;
  readonly handover: ReturnType<typeof openHandover>;
}

async function tell({ config, context, log, stop, pace, now, window, report, handover }: Telling): Promise<void> {
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

  let publisher: Publisher | undefined;
  try {
    const github = openGitHub(config, context, log);
    if (context.isPublic !== undefined) await requirePermission(config, context, github);
    report.outputDir = await makeOutputDir(config, context);

    // The lists do not depend on the state, nor the state on whether it may be published: all of it is asked for at once.
    const source = openSource(client, config.includeDeleted);
    const lists = beginLists(config, source);
    const [recovered] = await Promise.all([
      recoverState(config, context, github, log),
      context.isPublic === undefined ? requirePermission(config, context, github) : undefined,
    ]);
    const { state } = recovered;
    report.generation = state.generation;
    source.expect(state.identity);

    const gate = openGate();
    const writers = new Map<string, PartsWriter>();
    const progress = paced(PROGRESS_MS, () => log.info(progressLine(jobs)));
    const completed = new Set<string>();
    const jobs = openJobs({
      config,
      state,
      now,
      source,
      lists,
      surroundings: { idle: client.idle, signal: stop.signal },
      log,
      writerOf(name) {
        const { format, gzip } = config;
        const partBytes = config.destinations.includes('branch') ? PART_BYTES.branch : PART_BYTES.artifact;
        const writer = openParts({ directory: report.outputDir, stream: name, format, gzip, partBytes });
        writers.set(name, writer);
        return {
          write: records => gate.pass(() => writer.write(records)).then(progress),
          aside() {
            const { write, keep, drop } = writer.aside();
            return { write: records => write(records).then(progress), keep: () => gate.pass(keep), drop };
          },
        };
      },
    }).map(job => ({ ...job, read: () => job.read().then(all => remember(completed, job.name, all)) }));

    const snapshots = openSnapshots({ config, context, state, window, jobs, writers, completed, source, client });
    const means = { target: config, context, api: github, log };
    const publishing = openPublisher(means, recovered, { directory: report.outputDir, window }, handover);
    publisher = publishing;
    const published: Part[] = [];
    const keeper =
      config.destinations.length === 0
        ? null
        : keepSafe(
            pace,
            {
              checkpoint: () => gate.still(async () => publishing.checkpoint(await snapshots.standing())),
              isMuch: () => config.destinations.includes('branch') && snapshots.count() >= COMMIT_FILES,
              publish: async () => {
                const taken = await gate.still(async () => {
                  const { files, state } = await snapshots.standing();
                  return files.length === 0 || state === null ? null : snapshots.take();
                });
                if (taken === null) return;
                published.push(...taken.files);
                log.info('Publishing what has been read until now, in case this run does not come to its end.');
                await publishing.publish(taken);
              },
            },
            error => stop.abort(error),
          );

    log.info(`Reading ${jobs.map(({ name }) => name).join(', ')} up to ${window.to}.`);
    const endings = await readAll(jobs, stop);
    await keeper?.stop();
    const rest = await snapshots.last(endings);
    const files = [...published, ...rest.files];
    report.streams = snapshots.results(files, endings);
    // What the state claims of one organisation must not be mixed with another's records.
    if ([...endings.values()].some(({ error }) => error?.trouble === 'state' || error?.trouble === 'publish')) return;
    const last = { ...rest, state: await certain(state, rest.state, jobs, source, client, log, stop.signal) };

    await publishing.publish(last);
    if (publishing.count() > 1) {
      const whole = {
        usage: last.usage,
        streams: report.streams.map(streamReport),
        directory: report.outputDir,
        window,
      };
      await writeManifest(whole, means, publishing.done.state, files);
    }
    if (config.destinations.length === 0 && last.state !== null) {
      await leaveForPost(config, context, serialise(last.state));
      report.stateDeferred = true;
    }
  } catch (thrown) {
    const error = asSyncError(thrown);
    report.errors.push(error);
    stop.abort(error);
  } finally {
    if (publisher !== undefined) sayDone(report, publisher.done);
    // The post step does what main did not come to, and repeats nothing that main has tried in vain.
    if (handover.isPending()) await handover.leave(config, []);
    clearTimeout(deadline);
    await client.close();
  }
}

/** Puts what was published into the report, also of a run that then failed. */
function sayDone(report: Report, done: Published): void {
  if (done.artifact !== undefined) report.artifact = done.artifact;
  if (done.commit !== undefined) report.commit = done.commit;
  report.manifest = done.manifest;
  report.stateSaved = done.stateSaved;
  if (report.destinations.length > 0) report.generation = done.state?.generation ?? report.generation;
}

/** The REST API of GitHub, loaded when somebody asks for it. */
function openGitHub(config: Config, context: Context, log: Log): () => Promise<Api> {
  let api: Promise<Api> | undefined;
  return () => {
    api ??= import('./github/api.ts').then(({ openApi }) => openApi(context, config.githubToken, USER_AGENT, log));
    return api;
  };
}

async function requirePermission(config: Config, context: Context, github: () => Promise<Api>): Promise<void> {
  if (config.destinations.length > 0 && !config.allowPublic) await requirePrivate(context, config, github);
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

async function recoverState(config: Config, context: Context, api: () => Promise<Api>, log: Log): Promise<Recovered> {
  const { cacheTrouble } = await import('./github/cache.ts');
  const trouble = cacheTrouble();
  if (trouble !== null && !config.destinations.includes('branch')) throw trouble;
  if (trouble !== null) log.notice(`${trouble.what} The data branch keeps it, so there is nothing to do.`);
  const { recover } = await import('./github/recover.ts');
  const { onMissingState: onMissing, resetState: reset } = config;
  return recover({ ...config, context, hasCache: trouble === null, onMissing, reset, api, log });
}

/** Resolves when a cancelled run has to come to its end; never when it is not cancelled. */
function outOfTime(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    signal.addEventListener('abort', () => {
      if (signal.reason instanceof Stopped && signal.reason.why === 'cancelled') setTimeout(resolve, CANCEL_MS);
    });
  });
}

function remember(completed: Set<string>, name: string, all: boolean): boolean {
  if (all) completed.add(name);
  return all;
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

/** The claims of a run that has read its last, if it is certain whose data it has read. */
async function certain(
  before: State,
  claims: State | null,
  jobs: readonly Job[],
  source: Source,
  client: Client,
  log: Log,
  stop: AbortSignal,
): Promise<State | null> {
  if (claims === null) return null;
  const ahead = client.clockAhead();
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
  return { ...claims, identity: source.organisation() ?? before.identity };
}
