// The story of a plan: what a window has is counted, and divided into shards that are about equal and each fit for one
// job. Nothing is published and no state is saved.

import type { Config } from '../config/config.ts';
import { planDigest } from '../config/conflicts.ts';
import { MAX_SHARDS } from '../config/inputs.ts';
import { type Scope, syncScope } from '../config/scope.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { rates } from '../kustomer/budget.ts';
import type { Client } from '../kustomer/client.ts';
import { openSource, type Source } from '../kustomer/source.ts';
import { type SearchStream, streamNamed } from '../kustomer/streams.ts';
import { count } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import {
  countList,
  countOld,
  countStream,
  judged,
  type Listed,
  meanBytes,
  missingKlasses,
  refine,
  sample,
} from '../shards/count.ts';
import { digest, formatShard, type Shard } from '../shards/shard.ts';
import {
  type CountedRange,
  minutesFor,
  recordsOf,
  requestsFor,
  requestsForAll,
  type Sizes,
  shardsFor,
  splitIntoShards,
} from '../shards/split.ts';
import { clamp, type IntervalSet, union } from '../sync/intervals.ts';
import { klassKey as nameOfKlass } from '../sync/klasses-job.ts';
import type { Selection } from '../sync/plan.ts';
import { isListDone, planList, planSearch, type SearchPlan } from '../sync/plan.ts';
import { Stopped } from '../sync/read-all.ts';
import type { Resource } from '../sync/source.ts';
import { type State, stateKeysOf } from '../sync/state.ts';
import { iso } from '../sync/state-document.ts';
import { beginReport, openDestination, openGitHub, openKustomer, recoverState, shownWindow } from './prepare.ts';

/** Of a page of records before it is known, as Kustomer documents it. */
const FULL_PAGE = 500;

/** Makes a plan. Never rejects: whatever became of it is in the report. */
export async function plan(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const now = Date.now();
  const scope = syncScope(config, now);
  const report = beginReport({ ...config, streams: [] }, shownWindow(config, scope));
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  const client = openKustomer(config, stop.signal, log);
  try {
    const github = openGitHub(context, config.githubToken, log);
    const destination = openDestination(config, scope, context, github, log);
    await destination.requireAccess();
    const { state } = await recoverState(config, scope, destination, context, log);
    report.generation = state.generation;
    const source = openSource(client, config.includeDeleted);
    source.expect(state.organizationId);
    await divide({ config, context, log, now, scope, state, source, client, report, signal: stop.signal });
  } catch (thrown) {
    report.errors.push(stop.signal.reason instanceof Stopped ? unfinished() : asSyncError(thrown));
  } finally {
    if (stop.signal.reason instanceof Stopped && stop.signal.reason.why === 'cancelled') report.stopped = 'cancelled';
    clearTimeout(deadline);
    await client.close();
  }
  return report;
}

interface Planning {
  readonly config: Config;
  readonly context: Context;
  readonly log: Log;
  readonly now: number;
  readonly scope: Scope;
  readonly state: State;
  readonly source: Source;
  readonly client: Client;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** A search stream with what is to be read of it. */
interface Part {
  readonly selection: Selection;
  readonly stream: SearchStream;
  readonly plan: SearchPlan;
  /** Klasses that are read apart; null where nobody can tell. */
  readonly klasses: readonly string[] | null;
  readonly work: IntervalSet;
  /** Before the reach of any search: read from a list, by one shard. */
  readonly listed: IntervalSet;
}

/** The same with what was counted of it. */
interface CountedPart extends Part {
  readonly stretches: Parameters<typeof refine>[0];
  /** Some pages, to judge the others by. */
  readonly pages: Awaited<ReturnType<typeof sample>>;
  readonly old: Listed;
}

interface CountedList extends Listed {
  readonly name: string;
}

async function divide(planning: Planning): Promise<void> {
  const { config, log, scope, client, report } = planning;
  const searched = config.streams.flatMap(selection => {
    const stream = streamNamed(selection.name);
    return stream.kind === 'search' ? [{ selection, stream }] : [];
  });
  log.info(`Counting ${searched.map(({ stream }) => stream.name).join(', ')} up to ${iso(scope.window.to)}.`);
  const [counted, lists] = await Promise.all([countSearches(planning, searched), countLists(planning)]);

  const page = Math.min(FULL_PAGE, ...counted.flatMap(({ pages }) => pages.map(({ size }) => size)));
  const fixed =
    lists.reduce((sum, { requests }) => sum + requests, 0) + counted.reduce((sum, { old }) => sum + old.requests, 0);
  const sizes: Sizes = { page, fixed };
  const { search: searchesPerMinute, other: othersPerMinute } = rates(
    config.searchesPerMinute,
    config.requestsPerMinute,
  );
  const pace = {
    searchesPerMinute,
    othersPerMinute,
    shardsAtOnce: config.shardsAtOnce,
    mostShards: MAX_SHARDS,
    timeBudgetMs: config.timeBudgetMs,
  };
  const shardsOf = (all: readonly CountedRange[]) => shardsFor(requestsForAll(all, sizes) + fixed, pace);
  const first = counted.flatMap(({ stretches }) => stretches);
  const stretches = await refine(first, sizes, shardsOf);
  const wanted = shardsOf(stretches);
  if (wanted > MAX_SHARDS) throw tooMuch(wanted);
  const shards = shardsFrom(
    planning,
    splitIntoShards(stretches, sizes, wanted),
    counted,
    lists.map(({ name }) => name),
  );
  report.matrix = JSON.stringify({ shard: shards.map(formatShard) });

  const isIn = ({ stream, from, to }: CountedRange, { search }: Shard) =>
    clamp(search.get(stream) ?? [], from, to).length > 0;
  /** What each shard asks for beside full pages. */
  const beside = shards.map(shard => first.reduce((sum, each) => sum + (isIn(each, shard) ? each.begins : 0), 0));
  const pages = stretches.reduce((sum, each) => sum + requestsFor(each, sizes), 0);
  const searches = Math.round(beside.reduce((a, b) => a + b, pages));
  report.plan = [
    ...counted.map(part => rowOf(part, stretches, config)),
    ...lists.map(({ name, records, found }) => rowFor(name, records, found, config)),
  ];
  report.estimate = {
    requests: searches + fixed,
    minutes: Math.ceil(minutesFor(searches, fixed, pace) * 10) / 10,
    bytes: report.plan.reduce((sum, { bytes }) => sum + bytes, 0),
    records: report.plan.reduce((sum, { records }) => sum + records, 0),
    shards: shards.length,
  };
  const used = client.usage.search.requests + client.usage.other.requests;
  log.info(`Counted with ${count(used, 'request')}: ${count(shards.length, 'shard')}.`);
}

function countSearches(
  planning: Planning,
  searched: readonly Pick<Part, 'selection' | 'stream'>[],
): Promise<CountedPart[]> {
  const { source } = planning;
  return countEach(planning, searched, async each => {
    const part = await partOf(planning, each);
    const stretches = await countStream(source, part);
    const [pages, old] = await Promise.all([sample(stretches), countOld(source, part.stream, part.listed)]);
    return { ...part, stretches: judged(stretches, pages), pages, old };
  });
}

function countLists(planning: Planning): Promise<CountedList[]> {
  return countEach(planning, listsOf(planning), async ({ selection: { name }, stream, wanted }) => ({
    name,
    ...(await countList(planning.source, stream, wanted)),
  }));
}

/** Counts the streams that the key may read; the others are in the report. */
async function countEach<Each extends { readonly selection: Selection }, Counted>(
  { report }: Planning,
  all: readonly Each[],
  count: (each: Each) => Promise<Counted>,
): Promise<Counted[]> {
  const counted = await Promise.all(
    all.map(async each => {
      try {
        return [await count(each)];
      } catch (thrown) {
        const error = asSyncError(thrown);
        if (error.kind !== 'forbidden') throw error;
        const skipped = { ...each.selection, outcome: 'skipped' as const, records: 0, requests: 0, from: '', to: '' };
        report.streams = [...report.streams, { ...skipped, error }];
        return [];
      }
    }),
  );
  return counted.flat();
}

/** The shards of what was cut; the first of them has what cannot be cut. */
function shardsFrom(
  { config, context, scope, state }: Planning,
  cuts: readonly Map<string, IntervalSet>[],
  counted: readonly CountedPart[],
  lists: readonly string[],
): Shard[] {
  const old = new Map(counted.flatMap(({ stream, listed }) => (listed.length > 0 ? [[stream.name, listed]] : [])));
  const klasses = counted.find(({ stream }) => stream.hasKlasses)?.klasses ?? null;
  const works = cuts.map((search, n) => ({
    search: n === 0 ? withOld(search, old) : search,
    lists: n === 0 ? lists : [],
    klasses: search.has('kobjects') ? klasses : null,
  }));
  const inputs = planDigest(config);
  const plan = digest(JSON.stringify([inputs, scope, context.runId, context.attempt, works.map(shownWork)]), 12);
  const common = { plan, inputs, of: works.length, window: scope.window, cutoff: scope.cutoff };
  return works.map((work, n) => ({ ...common, generation: state.generation, number: n + 1, ...work }));
}

/** What the plan says of a search stream. */
function rowOf({ selection: { name }, old, pages }: CountedPart, stretches: readonly CountedRange[], config: Config) {
  const records = recordsOf(stretches.filter(({ stream }) => stream === name));
  const found = pages.flatMap(page => page.found).map(({ resource }) => resource);
  const [searched, listed] = [rowFor(name, records, found, config), rowFor(name, old.records, old.found, config)];
  return { name, records: searched.records + listed.records, bytes: searched.bytes + listed.bytes };
}

/** `found`: some of the records. */
function rowFor(name: string, records: number, found: readonly Resource[], config: Config) {
  return { name, records, bytes: Math.round(records * meanBytes(found, config)) };
}

function shownWork({ search, lists }: { search: ReadonlyMap<string, IntervalSet>; lists: readonly string[] }) {
  return [[...search], lists];
}

/** What a single run would read now of a search stream, klasses that hide included. */
async function partOf(
  { config, now, state, source, signal }: Planning,
  { selection, stream }: Pick<Part, 'selection' | 'stream'>,
): Promise<Part> {
  const planOf = (name: string) => planSearch(name, selection, config, state, now, stream.archive === 'search');
  const plan = planOf(stream.name);
  const leftOf = (names: readonly string[]) => union(...names.map(name => planOf(name).work.toRead));
  const known = stateKeysOf(state, stream.name);
  // Also in what is published of earlier windows; where all is published and was looked through, it is done.
  const from = Math.min(plan.wanted.from, plan.before?.syncedRanges[0]?.from ?? Number.POSITIVE_INFINITY);
  const all = { ...plan, wanted: { ...plan.wanted, from } };
  const isUnknown = stream.hasKlasses && (state.klassesCheckedAt === null || leftOf(known).length > 0);
  const klasses = isUnknown ? await missingKlasses(source, stream, all, signal) : null;
  const left = leftOf([...known, ...(klasses ?? []).map(klass => nameOfKlass(stream.name, klass))]);
  const border = plan.listOnlyBefore ?? Number.NEGATIVE_INFINITY;
  const work = clamp(left, border, Number.POSITIVE_INFINITY);
  return { selection, stream, plan, klasses, work, listed: clamp(left, Number.NEGATIVE_INFINITY, border) };
}

/** The list streams that are not read yet. Those of an incremental sync are its own affair once it has read them. */
function listsOf({ config, now, state }: Planning) {
  return config.streams.flatMap(selection => {
    const stream = streamNamed(selection.name);
    if (stream.kind !== 'list') return [];
    const plan = planList(selection.name, selection, config, state, now);
    const isDone = plan.until === undefined ? plan.before !== undefined : isListDone(plan);
    return isDone ? [] : [{ selection, stream, wanted: plan.wanted }];
  });
}

function withOld(search: ReadonlyMap<string, IntervalSet>, old: ReadonlyMap<string, IntervalSet>) {
  const both = new Map(search);
  for (const [name, listed] of old) both.set(name, union(both.get(name) ?? [], listed));
  return both;
}

function unfinished(): SyncError {
  return new SyncError('plan-unfinished', {
    what: 'The plan was not done when the run had to stop.',
    todo: 'Run it again; counting takes some requests for each shard, so give it a longer `time-budget` if that was too short.',
  });
}

function tooMuch(shards: number): SyncError {
  return new SyncError('plan-too-large', {
    what: `The window needs ${shards} shards, and a matrix has ${MAX_SHARDS} jobs at most.`,
    todo: 'Make the window shorter (`start-date`, `end-date`), select fewer `streams`, lower `shards-at-once` or raise `time-budget`.',
  });
}
