/**
 * `mode: plan`: counts what there is to read, and splits it into shards that take about equal time and each fit into
 * one job. Publishes nothing and saves no state.
 *
 * The first shard gets what cannot be split: the lists, and the old notes, which are in a list, too.
 */
import { type Config, MOST_SHARDS, planDigest } from '../config/config.ts';
import { type Scope, wholeScope } from '../config/scope.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { rates } from '../kustomer/budget.ts';
import type { Client } from '../kustomer/client.ts';
import { openSource, streamNamed } from '../kustomer/source.ts';
import { count } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import type { Estimate, Report } from '../report/report.ts';
import {
  type CountableRange,
  type CountedStream,
  countHalves,
  countList,
  countOldNotes,
  countStream,
  type ListCount,
} from '../shards/count.ts';
import {
  bytesPerRecord,
  type CountedRange,
  minutesFor,
  requestsFor,
  type ShardBudgets,
  shardsFor,
  startRequestsFor,
} from '../shards/estimate.ts';
import { type RemainingOptions, type RemainingSearch, remainingLists, remainingSearch } from '../shards/remaining.ts';
import { digest, formatShard, type Shard } from '../shards/shard.ts';
import { rangesToHalve, splitIntoShards } from '../shards/split.ts';
import { clamp, type IntervalSet, union } from '../sync/intervals.ts';
import type { Selection } from '../sync/plan.ts';
import { Stopped } from '../sync/read-all.ts';
import type { Resource } from '../sync/source.ts';
import { iso } from '../sync/state-document.ts';
import { beginReport, openGitHub, openKustomer, recoverState, requirePermission, shownWindow } from './prepare.ts';

/** Makes a plan. Never rejects: an error is in the report. */
export async function plan(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const now = Date.now();
  const scope = wholeScope(config, now);
  const report = beginReport({ ...config, streams: [] }, shownWindow(config, scope));
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  const client = openKustomer(config, stop.signal, log);
  try {
    const github = openGitHub(context, config.githubToken, log);
    await requirePermission(config, context, github);
    const { state } = await recoverState(config, scope, context, github, log);
    report.generation = state.generation;
    const source = openSource(client, config.includeDeleted);
    source.expect(state.organizationId);
    const remaining = { options: config, state, now, source, signal: stop.signal };
    await countAndSplit({ ...remaining, config, context, log, scope, client, report });
  } catch (thrown) {
    report.errors.push(stop.signal.reason instanceof Stopped ? unfinished() : asSyncError(thrown));
  } finally {
    if (stop.signal.reason instanceof Stopped && stop.signal.reason.why === 'cancelled') report.stopped = 'cancelled';
    clearTimeout(deadline);
    await client.close();
  }
  return report;
}

interface Planning extends RemainingOptions {
  readonly config: Config;
  readonly context: Context;
  readonly log: Log;
  readonly scope: Scope;
  readonly client: Client;
  readonly report: Report;
}

interface CountedSearch extends RemainingSearch, CountedStream {
  readonly oldNotes: ListCount;
}

interface CountedList extends ListCount {
  readonly name: string;
}

async function countAndSplit(planning: Planning): Promise<void> {
  const { config, client, log, report } = planning;
  const [searches, lists] = await Promise.all([countSearches(planning), countLists(planning)]);
  const unsplit = [...lists, ...searches.map(({ oldNotes }) => oldNotes)];
  const fixed = unsplit.reduce((sum, { requests }) => sum + requests, 0);
  const budgets = budgetsOf(config);
  const numberFor = (ranges: readonly CountedRange[]) => shardsFor(requestsForAll(ranges) + fixed, budgets);
  const ranges = await countHalves(
    searches.flatMap(search => search.ranges),
    halved => rangesToHalve(halved, fixed, numberFor(halved)),
  );
  const number = numberFor(ranges);
  if (number > MOST_SHARDS) throw tooLarge(number);

  const shards = shardsOf(planning, splitIntoShards(ranges, fixed, number), searches, lists);
  report.matrix = JSON.stringify({ shard: shards.map(formatShard) });
  report.plan = [
    ...searches.map(search => searchRow(search, ranges, config)),
    ...lists.map(({ name, ...list }) => ({ name, ...sizeOf(list, config) })),
  ];
  report.estimate = estimateOf(report.plan, shards, ranges, fixed, budgets);
  const used = client.usage.search.requests + client.usage.other.requests;
  log.info(`Counted with ${count(used, 'request')}: ${count(shards.length, 'shard')}.`);
}

function countSearches(planning: Planning): Promise<CountedSearch[]> {
  const { config, source, scope, log } = planning;
  const selected = config.streams.flatMap(selection => {
    const stream = streamNamed(selection.name);
    return stream.kind === 'search' ? [{ selection, stream }] : [];
  });
  log.info(`Counting ${selected.map(({ stream }) => stream.name).join(', ')} up to ${iso(scope.window.to)}.`);
  return countEach(planning, selected, async ({ selection, stream }) => {
    const remaining = await remainingSearch(selection, stream, planning);
    const { klasses, toSearch, toList, horizon } = remaining;
    const [counted, oldNotes] = await Promise.all([
      countStream(source, stream, klasses ?? [], toSearch, horizon),
      countOldNotes(source, toList),
    ]);
    return { ...remaining, ...counted, oldNotes };
  });
}

function countLists(planning: Planning): Promise<CountedList[]> {
  const remaining = remainingLists(planning.config.streams, planning);
  return countEach(planning, remaining, async ({ selection: { name }, stream, wanted }) => ({
    name,
    ...(await countList(planning.source, stream, wanted)),
  }));
}

/** Counts the streams that the key may read, side by side. The others are skipped, as the report says. */
async function countEach<Stream extends { readonly selection: Selection }, Counted>(
  { report }: Planning,
  streams: readonly Stream[],
  count: (stream: Stream) => Promise<Counted>,
): Promise<Counted[]> {
  const counted = await Promise.all(
    streams.map(async stream => {
      try {
        return [await count(stream)];
      } catch (thrown) {
        const error = asSyncError(thrown);
        if (error.kind !== 'forbidden') throw error;
        const skipped = { ...stream.selection, outcome: 'skipped' as const, records: 0, requests: 0, from: '', to: '' };
        report.streams = [...report.streams, { ...skipped, error }];
        return [];
      }
    }),
  );
  return counted.flat();
}

function budgetsOf({ searchesPerMinute, requestsPerMinute, shardsAtOnce, timeBudgetMs }: Config): ShardBudgets {
  const { search, other } = rates(searchesPerMinute, requestsPerMinute);
  return { searchesPerMinute: search, othersPerMinute: other, shardsAtOnce, mostShards: MOST_SHARDS, timeBudgetMs };
}

function requestsForAll(ranges: readonly CountedRange[]): number {
  return ranges.reduce((sum, range) => sum + requestsFor(range), startRequestsFor(ranges));
}

/** @param split the ranges of each shard, by stream */
function shardsOf(
  { config, context, scope, state }: Planning,
  split: readonly Map<string, IntervalSet>[],
  searches: readonly CountedSearch[],
  lists: readonly CountedList[],
): Shard[] {
  const klasses = searches.find(({ stream }) => stream.name === 'kobjects')?.klasses ?? null;
  const works = split.map((search, n) => ({
    search: n === 0 ? withOldNotes(search, searches) : search,
    lists: n === 0 ? lists.map(({ name }) => name) : [],
    klasses: search.has('kobjects') ? klasses : null,
  }));
  const inputs = planDigest(config);
  const contents = works.map(work => [[...work.search], work.lists]);
  const common = {
    of: works.length,
    plan: digest(JSON.stringify([inputs, scope, context.runId, context.attempt, contents]), 12),
    window: scope.window,
    cutoff: scope.cutoff,
    inputs,
    generation: state.generation,
  };
  return works.map((work, n) => ({ ...common, number: n + 1, ...work }));
}

function withOldNotes(search: ReadonlyMap<string, IntervalSet>, searches: readonly CountedSearch[]) {
  const all = new Map(search);
  for (const { stream, toList } of searches) {
    if (toList.length > 0) all.set(stream.name, union(all.get(stream.name) ?? [], toList));
  }
  return all;
}

function searchRow({ stream, samples, oldNotes }: CountedSearch, ranges: readonly CountableRange[], config: Config) {
  const own = ranges.filter(range => range.stream === stream.name);
  const searched = sizeOf({ records: own.reduce((sum, { records }) => sum + records, 0), samples }, config);
  const listed = sizeOf(oldNotes, config);
  return { name: stream.name, records: searched.records + listed.records, bytes: searched.bytes + listed.bytes };
}

function sizeOf({ records, samples }: { records: number; samples: readonly Resource[] }, config: Config) {
  return { records, bytes: Math.round(records * bytesPerRecord(samples, config)) };
}

/** What the shards will use together. */
function estimateOf(
  rows: NonNullable<Report['plan']>,
  shards: readonly Shard[],
  ranges: readonly CountedRange[],
  fixed: number,
  budgets: ShardBudgets,
): Estimate {
  const isIn = ({ search }: Shard, { stream, from, to }: CountedRange) =>
    clamp(search.get(stream) ?? [], from, to).length > 0;
  const starts = shards.map(shard => startRequestsFor(ranges.filter(range => isIn(shard, range))));
  const pages = ranges.reduce((sum, range) => sum + requestsFor(range), 0);
  const searches = Math.round(starts.reduce((a, b) => a + b, pages));
  return {
    requests: searches + fixed,
    minutes: Math.ceil(minutesFor(searches, fixed, budgets) * 10) / 10,
    bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
    records: rows.reduce((sum, { records }) => sum + records, 0),
    shards: shards.length,
  };
}

function unfinished(): SyncError {
  return new SyncError('plan-unfinished', {
    what: 'The plan was not done when the run had to stop.',
    todo: 'Run it again; counting takes some requests for each shard, so give it a longer `time-budget` if that was too short.',
  });
}

function tooLarge(shards: number): SyncError {
  return new SyncError('plan-too-large', {
    what: `The window needs ${shards} shards, and a matrix has ${MOST_SHARDS} jobs at most.`,
    todo: 'Make the window shorter (`start-date`, `end-date`), select fewer `streams`, lower `shards-at-once` or raise `time-budget`.',
  });
}
