/**
 * `mode: plan`: counts what there is to read, and splits it into shards that take about equal time and each fit into
 * one job. Publishes nothing and saves no state.
 *
 * The first shard gets what cannot be split: the lists, and the old notes, which are in a list, too.
 */
import type { Config } from '../config/config.ts';
import { planDigest } from '../config/conflicts.ts';
import { MAX_SHARDS } from '../config/inputs.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { rates } from '../kustomer/budget.ts';
import { openSource, type Source } from '../kustomer/source.ts';
import { isSearch, type Stream, streamNamed } from '../kustomer/streams.ts';
import { plural, utc } from '../report/format.ts';
import { type Log, openSection, stillAt } from '../report/log.ts';
import type { Report } from '../report/report.ts';
import { type CountableRange, countHalves, countList, countStream, type ListCount } from '../shards/count.ts';
import {
  bytesPerRecord,
  type CountedRange,
  minutesFor,
  requestsFor,
  type ShardBudgets,
  shardsFor,
  startRequestsFor,
} from '../shards/estimate.ts';
import { remainingList, remainingSearch } from '../shards/remaining.ts';
import { digest, formatMatrix, type Shard } from '../shards/shard.ts';
import { rangesToHalve, splitIntoShards } from '../shards/split.ts';
import { clamp, type IntervalSet, union } from '../sync/intervals.ts';
import type { Selection } from '../sync/plan.ts';
import { isSkipped, Stopped } from '../sync/read-all.ts';
import type { Resource } from '../sync/source.ts';
import type { State } from '../sync/state.ts';
import { DISK_LIMITS, SINGER_BYTES } from './disk-limits.ts';
import { isCancelled } from './outcome.ts';
import { openReadingRun, type ReadingRun, recoverState } from './prepare.ts';
import { judgeStreams } from './verdict.ts';

/** Makes a plan. Never rejects: an error is in the report. */
export async function plan(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const run = openReadingRun(config, context, log, stop);
  const { report, destination, client } = run;
  // Only streams that the key may not read are in the report of a plan.
  report.streams = [];
  Object.assign(report, { kind: 'Kustomer plan', isDry: true, usage: client.usage });
  openSection('Prepare');
  try {
    await destination.requireAccess();
    const { state } = await recoverState(run);
    report.generation = state.generation;
    const source = openSource(client, config.includeDeleted);
    source.expect(state.organizationId);
    await countAndSplit({ ...run, state, source });
    judgeStreams(report, state, config.streams.length);
  } catch (thrown) {
    report.errors.push(stop.signal.reason instanceof Stopped ? unfinished() : asSyncError(thrown));
  } finally {
    if (isCancelled(stop.signal)) report.stopped = 'cancelled';
    clearTimeout(run.deadline);
    await client.close();
  }
  return report;
}

interface Planning extends ReadingRun {
  readonly state: State;
  readonly source: Source;
}

/** What a plan knows of a stream. */
interface Counted {
  readonly stream: Stream;
  readonly ranges: readonly CountableRange[];
  readonly samples: readonly Resource[];
  readonly klasses: readonly string[] | null;
  /** What no search shows of a search stream. */
  readonly toList: IntervalSet;
  /** What is read from a list: all of a list stream, or what is in `toList`. */
  readonly list: ListCount;
}

const NO_LIST: ListCount = { requests: 0, records: 0, samples: [] };

async function countAndSplit(planning: Planning): Promise<void> {
  const { config, client, window, log, report } = planning;
  const names = config.streams.map(({ name }) => name).filter(name => isSearch(streamNamed(name)));
  openSection('Count', ms => stillAt('Count', ms, client.waitingFor()));
  log.info(`Counting ${names.join(', ')} up to ${utc(Date.parse(window.to))}.`);
  const counting = config.streams.map(selection =>
    countSelected(selection, planning).catch(error => skip(selection, error, report)),
  );
  const counted = (await Promise.all(counting)).flat();
  const fixed = counted.reduce((sum, { list }) => sum + list.requests, 0);
  const budgets = budgetsOf(config);
  const sizes = counted.map(({ stream: { name }, samples }) => ({ name, bytes: bytesPerRecord(samples, config) }));
  const loadsOf = (ranges: readonly CountedRange[]) =>
    sizes.map(({ name, bytes }) => {
      const own = ranges.filter(range => range.stream === name);
      return { requests: requestsForAll(own), bytes: bytes * recordsIn(own) };
    });
  const numberFor = (ranges: readonly CountedRange[]) =>
    shardsFor(requestsForAll(ranges) + startRequestsFor(ranges) + fixed, budgets, loadsOf(ranges));
  const ranges = await countHalves(
    counted.flatMap(stream => stream.ranges),
    halved => rangesToHalve(halved, fixed, numberFor(halved)),
  );
  const number = numberFor(ranges);
  if (number > MAX_SHARDS) {
    throw new SyncError('plan-too-large', {
      what: `The window needs ${number} shards, and a matrix has ${MAX_SHARDS} jobs at most.`,
      todo: 'Make the window shorter (`start-date`, `end-date`), select fewer `streams`, set `compression: gzip`, lower `shards-at-once` or raise `time-budget`.',
    });
  }

  const shards = shardsOf(planning, splitIntoShards(ranges, fixed, number), counted);
  const streams = counted.map(stream => sizeOf(stream, ranges, config));
  report.window = window;
  report.next = `run a job with \`shard: \${{ matrix.shard }}\` for each shard, and then one with \`mode: merge\`; the callable workflow \`backfill.yml\` does both.`;
  report.plan = {
    matrix: formatMatrix(shards),
    streams,
    estimate: {
      ...usageOf(shards, ranges, fixed, budgets),
      bytes: streams.reduce((sum, { bytes }) => sum + bytes, 0),
      records: streams.reduce((sum, { records }) => sum + records, 0),
      shards: shards.length,
    },
  };
  const used = client.usage.search.requests + client.usage.other.requests;
  log.info(`Counted with ${plural(used, 'request')}: ${plural(shards.length, 'shard')}.`);
}

export function budgetsOf(config: Config): ShardBudgets {
  const { search: searchesPerMinute, other } = rates(config.searchesPerMinute, config.requestsPerMinute);
  const maxBytes = DISK_LIMITS.maxParts / (config.singer ? 1 + SINGER_BYTES : 1);
  return { ...config, searchesPerMinute, othersPerMinute: other, mostShards: MAX_SHARDS, maxBytes };
}

/** Empty for a list that is read already. */
async function countSelected(selection: Selection, planning: Planning): Promise<Counted[]> {
  const { source } = planning;
  const stream = streamNamed(selection.name);
  if (!isSearch(stream)) {
    const wanted = remainingList(selection, planning);
    const counted = { stream, ranges: [], samples: [], klasses: null, toList: [] };
    return wanted === null ? [] : [{ ...counted, list: await countList(source.list(stream), [wanted]) }];
  }
  const remaining = await remainingSearch(selection, stream, planning);
  const { klasses, toList } = remaining;
  const [counted, list] = await Promise.all([
    countStream(source, stream, remaining),
    toList.length > 0 ? countList(source.archiveList(stream), toList) : NO_LIST,
  ]);
  return [{ ...counted, stream, klasses, toList, list }];
}

/** A stream that the key may not read is left out of the plan, and the report says so. */
function skip(selection: Selection, thrown: unknown, report: Report): [] {
  const error = asSyncError(thrown);
  if (!isSkipped(error)) throw error;
  const skipped = { ...selection, outcome: 'skipped', records: 0, requests: 0, from: '', to: '', error };
  report.streams = [...report.streams, skipped];
  return [];
}

/** @param split the ranges of each shard, by stream */
function shardsOf(
  planning: Planning,
  split: readonly Map<string, IntervalSet>[],
  counted: readonly Counted[],
): Shard[] {
  const { config, context, scope, state } = planning;
  const [first] = split;
  for (const { stream, toList } of counted) {
    if (toList.length > 0) first?.set(stream.name, union(first.get(stream.name) ?? [], toList));
  }
  const lists = counted.map(({ stream }) => stream).filter(stream => !isSearch(stream));
  const works = split.map((search, n) => ({
    search,
    lists: n === 0 ? lists.map(({ name }) => name) : [],
    // Only one stream has klasses.
    klasses: counted.find(({ stream, klasses }) => klasses !== null && search.has(stream.name))?.klasses ?? null,
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

function sizeOf({ stream: { name }, samples, list }: Counted, ranges: readonly CountedRange[], config: Config) {
  const searched = recordsIn(ranges.filter(range => range.stream === name));
  const bytes = searched * bytesPerRecord(samples, config) + list.records * bytesPerRecord(list.samples, config);
  return { name, records: searched + list.records, bytes: Math.round(bytes) };
}

function recordsIn(ranges: readonly CountedRange[]): number {
  return ranges.reduce((sum, { records }) => sum + records, 0);
}

function requestsForAll(ranges: readonly CountedRange[]): number {
  return ranges.reduce((sum, range) => sum + requestsFor(range), 0);
}

/** What the shards will use together. */
function usageOf(shards: readonly Shard[], ranges: readonly CountedRange[], fixed: number, budgets: ShardBudgets) {
  const starts = shards.map(({ search }) =>
    startRequestsFor(ranges.filter(({ stream, from, to }) => clamp(search.get(stream) ?? [], from, to).length > 0)),
  );
  const searches = Math.round(starts.reduce((a, b) => a + b, requestsForAll(ranges)));
  return { requests: searches + fixed, minutes: Math.ceil(minutesFor(searches, fixed, budgets) * 10) / 10 };
}

function unfinished(): SyncError {
  return new SyncError('plan-unfinished', {
    what: 'The plan was not done when the run had to stop.',
    todo: 'Run it again; counting takes some requests for each shard, so give it a longer `time-budget` if that was too short.',
  });
}
