/**
 * `mode: check`: says what a sync would find and do, and does nothing of it. It prepares as a sync does, by the same
 * functions, asks Kustomer for the first page of each stream, and ends: a dozen requests for the usual streams.
 */
import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { asSyncError, isKind, isRefusal } from '../errors.ts';
import type { Context } from '../github/context.ts';
import { regionOf } from '../kustomer/host.ts';
import { archiveRefused } from '../kustomer/request-errors.ts';
import { openSource, type Source } from '../kustomer/source.ts';
import { isSearch, KLASS_LIST, type ListStream, type SearchStream, streamNamed } from '../kustomer/streams.ts';
import { openEncryption } from '../records/encryption.ts';
import { checkedLine } from '../report/check.ts';
import { grouped, utc } from '../report/format.ts';
import { endSection, type Log, openSection, stillAt } from '../report/log.ts';
import type { Check, CheckedStream, Finding, Report } from '../report/report.ts';
import { countList } from '../shards/count.ts';
import { minutesFor, pageCostOf, requestsFor } from '../shards/estimate.ts';
import { knownRemaining, remainingList } from '../shards/remaining.ts';
import { clamp, type Interval } from '../sync/intervals.ts';
import { liveFrom, type Selection } from '../sync/plan.ts';
import { readAll } from '../sync/read-all.ts';
import { SEARCH_CAP, type SearchIndex } from '../sync/source.ts';
import type { State } from '../sync/state.ts';
import { KLASSES_UNCHECKED } from './jobs.ts';
import { learnOrganization } from './organization.ts';
import { reportEnd } from './outcome.ts';
import { budgetsOf } from './plan.ts';
import { makeOutputDir, openReadingRun, type ReadingRun, recoverRun } from './prepare.ts';
import { judgeStreams } from './verdict.ts';

const EVERYTHING: Interval = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** Requests to Kustomer after which no archive is asked. Each stream gets its first request in any case. */
const MAX_REQUESTS = 12;

interface Checking extends ReadingRun {
  readonly state: State;
  readonly source: Source;
  readonly found: Check;
  /** What is left in the archive, by stream. */
  readonly archived: Map<string, Interval>;
}

/** Checks a sync. Never rejects: an error is in the report. */
export async function check(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const said: string[] = [];
  const run = openReadingRun(config, context, noting(log, said), stop);
  const { report, client } = run;
  const found: Check = { findings: [['Inputs', 'can be used']], streams: [] };
  Object.assign(report, { kind: 'Kustomer check', isDry: true, usage: client.usage, check: found });
  openSection('Prepare', ms => stillAt('Prepare', ms, client.waitingFor()));
  try {
    const state = await prepare(run, found.findings);
    const source = openSource(client, config.includeDeleted);
    source.expect(state.organizationId);
    openSection('Ask', ms => stillAt('Ask', ms, client.waitingFor()));
    await ask({ ...run, state, source, found, archived: new Map() });
    judgeStreams(report, state);
  } catch (thrown) {
    report.errors.push(asSyncError(thrown));
  } finally {
    clearTimeout(run.deadline);
    reportEnd(run);
    await client.close();
  }
  endSection();
  for (const [what, how] of found.findings) log.info(`${what}: ${how}.`);
  if (found.streams.length > 0) for (const stream of report.streams) log.info(checkedLine(stream, found));
  report.notes.push(...said);
  report.next = 'run the same step without `mode: check`.';
  return report;
}

/** The log, with what is said to people kept for the summary. */
function noting(log: Log, said: string[]): Log {
  const note = (say: (message: string) => void) => (message: string) => {
    said.push(message);
    say(message);
  };
  return { ...log, warning: note(log.warning), notice: note(log.notice) };
}

/** The directories of a path that do not exist, the innermost first. */
function missingLevels(path: string): string[] {
  return existsSync(path) ? [] : [path, ...missingLevels(dirname(path))];
}

/** What a sync does before its first request to Kustomer. */
async function prepare(run: ReadingRun, findings: Finding[]): Promise<State> {
  const { config, context, destination, report, api } = run;
  await openEncryption(config.encryptTo);
  await destination.requireAccess();
  const missing = missingLevels(config.outputDir);
  const directory = await makeOutputDir(config, context);
  for (const made of config.outputDir === '' ? [directory] : missing) await rmdir(made);
  const isPublic = await api()
    .then(github => github.isPublic(config.repository))
    .catch(() => undefined);
  const visibility = isPublic === undefined ? 'of unknown visibility' : isPublic ? 'public' : 'private';
  findings.push(['Destination', `\`${config.destination}\``], ['Repository', `${config.repository} is ${visibility}`]);
  const { state, foundIn } = await recoverRun(run);
  report.generation = state.generation;
  const isFirst = state.search.size + state.lists.size === 0;
  const saved = `generation ${state.generation} of ${utc(Date.parse(state.savedAt))}, in ${foundIn}`;
  findings.push(['State', foundIn === undefined || isFirst ? 'none to go on from: a first sync' : saved]);
  findings.push(...(await destination.permissions()));
  return state;
}

async function ask(checking: Checking): Promise<void> {
  const { config, client, report, stop, source, state, found, archived } = checking;
  const look = ({ name }: Selection, how: () => Promise<CheckedStream>) => ({
    name,
    async read() {
      found.streams.push(await how());
      return false;
    },
  });
  const endings = await readAll(
    config.streams.map(selection => {
      const stream = streamNamed(selection.name);
      return look(selection, () =>
        isSearch(stream) ? askSearch(checking, selection, stream) : askList(checking, selection, stream),
      );
    }),
    stop,
  );
  await learnOrganization(checking, source, state, endings);
  // Those with the most records first; there are requests left for some of them.
  const left = Math.max(0, MAX_REQUESTS - client.usage.search.requests - client.usage.other.requests);
  const byRecords = found.streams.filter(({ name }) => archived.has(name)).sort((a, b) => b.records - a.records);
  const chosen = byRecords.slice(0, left);
  for (const each of byRecords.slice(left)) each.isCapped = true;
  const later = await readAll(
    chosen.map(each => ({ name: each.name, read: () => askArchive(checking, each) })),
    stop,
  );
  report.streams = report.streams.map(stream => {
    const { name } = stream;
    const second = later.get(name);
    return { ...stream, ...endings.get(name), ...(second?.error && second), requests: client.requestsFor(name) };
  });
  addFindings(checking);
}

/** What the answers have said, and what follows for a sync. */
function addFindings({ config, client, found }: Checking): void {
  const { limits } = client;
  const limitOf = ({ limit, remaining }: NonNullable<typeof limits.search>) =>
    `${grouped(limit)} a minute${remaining >= 0 ? `, ${grouped(remaining)} of them left` : ''}`;
  const reported = [
    ...(limits.other ? [`all requests: ${limitOf(limits.other)}`] : []),
    ...(limits.search ? [`searches: ${limitOf(limits.search)}`] : []),
  ];
  if (found.streams.length === 0) return;
  const { host } = new URL(config.apiUrl);
  found.findings.push(
    ['Host', `${host} (${regionOf(host)})`],
    ['API key', 'Kustomer accepts it'],
    ['Limits', reported.length === 0 ? 'Kustomer reports none' : reported.join('; ')],
  );
  const requests = (isOfSearch: boolean) =>
    found.streams.reduce(
      (sum, { name, requests }) => sum + (isSearch(streamNamed(name)) === isOfSearch ? requests : 0),
      0,
    );
  const minutes = minutesFor(requests(true), requests(false), budgetsOf(config));
  found.estimate = { requests: requests(true) + requests(false), minutes };
}

async function askSearch(checking: Checking, selection: Selection, stream: SearchStream): Promise<CheckedStream> {
  const { source, log, archived } = checking;
  const { horizon, toSearch, toList } = knownRemaining(selection, stream, checking);
  const middle = liveFrom(horizon);
  const live = clamp(toSearch, middle, Number.POSITIVE_INFINITY);
  const old = clamp(toSearch, Number.NEGATIVE_INFINITY, middle);
  const { name } = stream;
  const checked = { name, from: (toList[0] ?? toSearch[0])?.from ?? Number.NaN, isCapped: toList.length > 0 };
  // The role is asked for in any case.
  if (live.length === 0) await source.search(stream).probe('live');
  const found =
    live.length === 0 ? { records: 0, requests: 0, isCapped: false } : await pageOf(checking, name, 'live', hull(live));
  if (old.length > 0) archived.set(name, hull(old));
  if (stream.hasKlasses) {
    await source.firstPage(KLASS_LIST, name).catch(error => {
      if (!isKind(error, 'forbidden')) throw error;
      log.warning(KLASSES_UNCHECKED);
    });
  }
  return { ...checked, ...found, isCapped: checked.isCapped || found.isCapped };
}

/** A refused archive costs a sync nothing but itself. */
async function askArchive(checking: Checking, stream: CheckedStream): Promise<boolean> {
  const { archived, found, log } = checking;
  const { name } = stream;
  try {
    const old = await pageOf(checking, name, 'archive', archived.get(name) as Interval);
    found.streams[found.streams.indexOf(stream)] = {
      ...stream,
      records: stream.records + old.records,
      requests: stream.requests + old.requests,
      isCapped: stream.isCapped || old.isCapped,
    };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    log.warning(archiveRefused(error).message);
  }
  return false;
}

/** Asks for the first page of a range, which tells about how much there is to read in it. */
async function pageOf({ source }: Checking, name: string, index: SearchIndex, range: Interval) {
  const page = await source.search(streamNamed(name) as SearchStream).page({ index, ...range, created: null, page: 1 });
  const records = page.total ?? page.found.length;
  const requests = 1 + Math.floor(requestsFor({ ...range, reads: records, page: pageCostOf([page]) }));
  return {
    records,
    requests,
    isCapped: page.timedOut || records === SEARCH_CAP || (page.total === null && page.hasMore),
  };
}

async function askList(checking: Checking, selection: Selection, stream: ListStream): Promise<CheckedStream> {
  const isReadAnew = checking.scope.kind === 'incremental';
  const wanted = isReadAnew ? EVERYTHING : remainingList(selection, checking);
  const { records, total, next, isFull } = await checking.source.firstPage(stream);
  const isOnePage = next === null && !isFull;
  const pages = isOnePage ? 1 : total === null ? 2 : Math.ceil(total / Math.max(1, records.length));
  const extent = {
    pages: pages + Math.max(0, stream.views.length - 1),
    records: isOnePage ? records.length : (total ?? records.length),
    sample: records,
  };
  const counted = await countList({ extent: async () => extent }, wanted === null ? [] : [wanted]);
  return {
    name: stream.name,
    from: wanted?.from ?? Number.NaN,
    records: counted.records,
    isCapped: !isOnePage && total === null,
    requests: wanted === null ? 0 : counted.requests,
  };
}

function hull(ranges: readonly Interval[]): Interval {
  return { from: ranges[0]?.from as number, to: ranges.at(-1)?.to as number };
}
