/**
 * The job summary, in Markdown: did it work, how fresh is the data, what has changed, where it went, and then the details.
 * Pure.
 */
import { checkLines } from './check.ts';
import { asCode, capitalized, duration, grouped, inMarkdown, linkTo, plural, row, size, utc } from './format.ts';
import {
  errorsOf,
  isComplete,
  isFailure,
  type Plan,
  planLine,
  publishedTo,
  type Report,
  recordsOf,
  STOPPED,
  type StreamResult,
  stateLine,
} from './report.ts';

/** When a run has ended (ms since the epoch), and how long it has taken. */
export interface End {
  readonly at: number;
  readonly ms: number;
}

/**
 * Bytes of each block at most, 64 kB in all: GitHub drops a summary above 1 MiB, and a page of that length answers nobody.
 * A block is cut between two lines.
 */
const MAX_BYTES = { alert: 24_000, freshness: 8_000, changes: 12_000, news: 4_000, place: 4_000, details: 10_000 };

/** A run publishes to two or three. */
const MAX_PLACES = 10;

export function summary(report: Report, end: End): string {
  const details = within(MAX_BYTES.details, detailLines(report));
  const blocks = [
    // The error is in the third line at the latest.
    [`## ${verdict(report, end)}`, ...within(MAX_BYTES.alert, alertLines(report))],
    within(MAX_BYTES.freshness, freshnessLines(report, end)),
    within(MAX_BYTES.changes, mainLines(report)),
    within(MAX_BYTES.news, newsLines(report)),
    within(MAX_BYTES.place, placeLines(report)),
    rateLines(report),
    report.next === undefined || isFailure(report) || report.stopped !== undefined ? [] : [`Next: ${report.next}`],
    details.length === 0 ? [] : ['<details><summary>Details</summary>', '', ...details, '', '</details>'],
  ];
  return `${blocks
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`;
}

function within(bytes: number, lines: readonly string[]): string[] {
  let left = bytes - 100;
  const kept = lines.findIndex(line => {
    left -= Buffer.byteLength(line) + 1;
    return left < 0;
  });
  if (kept < 0) return [...lines];
  return [...lines.slice(0, kept), lines[0]?.startsWith('>') ? '> …' : '', ...(lines[0]?.startsWith('>') ? [] : ['…'])];
}

function verdict(report: Report, { ms }: End): string {
  const { kind, plan, stopped, streams } = report;
  const took = duration(Math.max(1_000, ms));
  const nothing = isComplete(report) ? 'nothing new' : 'no record published';
  const records = recordsOf(report) === 0 ? nothing : plural(recordsOf(report), 'record');
  const name = inMarkdown(kind, 100);
  if (stopped === 'cancelled') return `🚫 ${name} canceled after ${took}`;
  if (isFailure(report)) return `❌ ${name} failed after ${took}`;
  if (report.check !== undefined) return checkVerdict(report, name, took);
  if (plan !== undefined) return `✅ ${name} of ${plural(plan.estimate.shards, 'shard')} made in ${took}`;
  if (isComplete(report)) return `✅ ${name} complete: ${records} in ${took}`;
  if (stopped !== undefined) return `⏸️ ${name} not done yet: ${records} in ${took}`;
  if (report.endsInFuture) return `⏸️ ${name} complete up to now: ${records} in ${took}`;
  const rest = streams.filter(({ outcome }) => outcome !== 'complete');
  return `⚠️ ${name} complete except for ${namesOf(rest)}: ${records} in ${took}`;
}

function checkVerdict({ streams, stopped }: Report, name: string, took: string): string {
  const skipped = streams.filter(({ outcome }) => outcome === 'skipped');
  if (stopped !== undefined) return `⏸️ ${name} not done after ${took}`;
  return skipped.length === 0
    ? `✅ ${name} passed in ${took}`
    : `⚠️ ${name} passed except for ${namesOf(skipped)} in ${took}`;
}

function namesOf(streams: readonly StreamResult[]): string {
  return streams.map(({ name }) => inMarkdown(name, 100)).join(', ');
}

const UNDONE = 'It was stopped before it was done, and has changed nothing.';
const UNKEPT = 'The run was canceled, and `destination: none` keeps nothing of it: the next run reads the same again.';

/** The first line names the kind of the alert. */
function alertLines(report: Report): string[] {
  const errors = errorsOf(report);
  const texts = [...errors.map(({ message }) => message), ...report.notes];
  if (report.stopped !== undefined) texts.push(stoppedText(report, report.stopped));
  if (texts.length === 0) return [];
  const kind = isFailure(report) ? 'CAUTION' : errors.length > 0 && report.stopped === undefined ? 'WARNING' : 'NOTE';
  const paragraphs = texts.map(text => text.trim().split('\n').map(quoted));
  return [`> [!${kind}]`, ...paragraphs.flatMap((lines, n) => (n === 0 ? lines : ['>', ...lines]))];
}

function stoppedText({ isDry, filesStay }: Report, stopped: keyof typeof STOPPED): string {
  if (isDry) return UNDONE;
  return stopped === 'cancelled' && filesStay ? UNKEPT : STOPPED[stopped];
}

/** A line of one of our errors, which may be an item of a list. */
function quoted(line: string): string {
  const [, bullet = '', text = ''] = /^([-*] )?(.*)$/s.exec(line) ?? [];
  return `> ${bullet}${inMarkdown(text)}`.trimEnd();
}

function freshnessLines(report: Report, { at }: End): string[] {
  const { streams, isIncremental, lastSave, window } = report;
  if (window === undefined && streams.every(({ details }) => details === undefined)) return [];
  if (!isIncremental) {
    const { from, to } = window ?? (streams[0] as StreamResult);
    return [`From ${timeOf(Date.parse(from))} to ${timeOf(Date.parse(to))}.`];
  }
  const ago = (upTo: number) => `${duration(Math.max(0, at - upTo))} before this run ended`;
  const times = [...new Set(streams.map(({ details }) => details?.completeUpTo ?? null))];
  const [only] = times;
  const last = isFailure(report) && lastSave !== undefined ? ['', lastSaveLine(lastSave)] : [];
  if (times.length === 1 && typeof only === 'number')
    return [`The data is complete up to **${utc(only)}**, ${ago(only)}.`, ...last];
  if (times.length === 1 && only === null) return ['The data is not complete yet.', ...last];
  const sorted = times.sort((a, b) => Number(a ?? 0) - Number(b ?? 0));
  const lines = sorted.flatMap(time => {
    const found = streams.filter(({ details }) => (details?.completeUpTo ?? null) === time);
    const skipped = time === null ? found.filter(({ outcome }) => outcome === 'skipped') : [];
    const others = found.filter(stream => !skipped.includes(stream));
    let how = 'not complete yet';
    if (time === 'earlier-run') how = 'as an earlier run has left them';
    else if (time !== null) how = `up to **${utc(time)}**, ${ago(time)}`;
    return [...line('not read', skipped), ...line(how, others)];
  });
  return ['How far the data is complete:', '', ...lines, ...last];
}

function line(how: string, streams: readonly StreamResult[]): string[] {
  return streams.length === 0 ? [] : [`- ${how}: ${namesOf(streams)}`];
}

function lastSaveLine({ savedAt, runUrl }: NonNullable<Report['lastSave']>): string {
  return `The state was last saved before this run: ${linkTo(utc(Date.parse(savedAt)), runUrl)}.`;
}

const ICONS: Readonly<Record<string, string>> = { complete: '✅', partial: '⏸️', failed: '❌', skipped: '⚠️' };

function mainLines(report: Report): string[] {
  const { plan, check } = report;
  if (check !== undefined) return checkLines(check, report);
  return plan === undefined ? changeLines(report) : planLines(plan);
}

function changeLines({ streams, places }: Report): string[] {
  // A merge knows how many records the shards have published.
  if (streams.every(({ details }) => details === undefined)) return recordLines(streams);
  const folders = places.find(({ hasFolders }) => hasFolders)?.url;
  const rows = streams.filter(({ records }) => records > 0).map(stream => changeRow(stream, folders));
  if (rows.length === 0) return [];
  for (const outcome of Object.keys(ICONS)) {
    const rest = streams.filter(each => each.records === 0 && each.outcome === outcome);
    if (rest.length === 0) continue;
    const cells = outcome === 'complete' ? ['0', '0', '0'] : [outcome, '', ''];
    rows.push(row(`${iconOf(outcome)}${namesOf(rest)}`, ...cells, '0', totalOf(rest)));
  }
  const total = grouped(streams.reduce((sum, { records }) => sum + records, 0));
  if (streams.length > 1) rows.push(row('**All**', '', '', '', `**${total}**`, totalOf(streams)));
  return [
    row('Stream', 'New', 'Changed', 'Deleted', 'Records', 'In all runs'),
    `| :--- |${' ---: |'.repeat(5)}`,
    ...rows,
  ];
}

function recordLines(streams: readonly StreamResult[]): string[] {
  if (streams.every(({ records }) => records === 0)) return [];
  const rows = streams.map(({ name, outcome, records }) =>
    row(inMarkdown(name, 100), `${ICONS[outcome] ?? ''} ${outcome}`, grouped(records)),
  );
  return [row('Stream', 'Outcome', 'Records'), '| :--- | :--- | ---: |', ...rows];
}

/** What all runs together have published. */
function totalOf(streams: readonly StreamResult[]): string {
  const totals = streams.map(({ details }) => details?.inAll ?? Number.NaN);
  const total = totals.reduce((sum, each) => sum + each, 0);
  return Number.isNaN(total) ? '–' : grouped(total);
}

function changeRow(stream: StreamResult, folders: string | undefined): string {
  const { name, mode, outcome, records, details } = stream;
  const { changes } = details ?? {};
  const cells = [changes?.new, changes?.changed, changes?.deleted].map(n => (n === undefined ? '–' : grouped(n)));
  if (mode === 'full_refresh') cells.splice(0, 2, 'read again', '');
  const link = folders === undefined ? inMarkdown(name, 100) : linkTo(name, `${folders}/${name}`);
  return row(`${iconOf(outcome)}${link}`, ...cells, grouped(records), totalOf([stream]));
}

/** Marks a stream that was not read to its end. */
function iconOf(outcome: string): string {
  return outcome === 'complete' ? '' : `${ICONS[outcome] ?? ''} `;
}

const MAX_NAMES = 10;

function newsLines({ streams }: Report): string[] {
  const lines = (what: string, name: string, names: readonly string[] = []) => {
    const shown = names.slice(0, MAX_NAMES).map(each => asCode(each, 60));
    const rest = names.length > MAX_NAMES ? [`${names.length - MAX_NAMES} more`] : [];
    return names.length === 0 ? [] : [`- ${what} ${inMarkdown(name, 100)}: ${[...shown, ...rest].join(', ')}`];
  };
  const found = streams.filter(({ records }) => records > 0);
  return found.flatMap(({ name, details }) => [
    ...lines('New in', name, details?.news?.appeared),
    ...lines('No longer in', name, details?.news?.vanished),
  ]);
}

function planLines({ streams, estimate }: Plan): string[] {
  const rows = streams.map(({ name, records, bytes }) => row(inMarkdown(name, 100), grouped(records), size(bytes)));
  return [`**${planLine(estimate)}**`, '', '| Stream | Records | Size |', '| :--- | ---: | ---: |', ...rows];
}

/** What a holder of the key does in the folder of the files, which other programs can read after that. */
const COMMAND = `find . -name '*.age' -exec sh -c 'age --decrypt --identity key.txt --output "\${1%.age}" "$1"' sh {} \\;`;
const DECRYPT = ['', 'The files are encrypted. Whoever has the key decrypts them so:', '', '```sh', COMMAND, '```'];

function placeLines(report: Report): string[] {
  if (report.isDry || report.streams.length === 0) return [];
  const where = publishedTo(
    { ...report, places: report.places.slice(0, MAX_PLACES) },
    {
      place: ({ kind, name, url }) => `${inMarkdown(kind, 100)} ${linkTo(name, url)}`,
      directory: path => asCode(path),
    },
  );
  const records = recordsOf(report);
  const first = records === 0 ? capitalized(where) : `**${plural(records, 'record')}** · ${where}`;
  const key = report.isEncrypted && records > 0 ? DECRYPT : [];
  return [`${first} · ${stateLine(report)}`, ...key];
}

function detailLines({ streams, usage, plan }: Report): string[] {
  const rows = streams.map(({ name, mode, outcome, records, from, to, requests, details }) =>
    row(
      inMarkdown(name, 100),
      mode,
      `${ICONS[outcome] ?? ''} ${outcome}`,
      grouped(records),
      details?.readFrom === 'whole list' ? details.readFrom : inTable(details?.readFrom ?? Date.parse(from)),
      inTable(Date.parse(to)),
      grouped(requests),
    ),
  );
  const head = [
    row('Stream', 'Mode', 'Outcome', 'Records', 'Read from (UTC)', 'To (UTC)', 'Requests'),
    '| :--- | :--- | :--- | ---: | :--- | :--- | ---: |',
  ];
  const isUnread = streams.every(({ details }) => details === undefined);
  const table = plan !== undefined || isUnread ? [] : [...head, ...rows];
  const requests = used(usage, 'requests');
  if (requests === 0) return table;
  const searches = `${grouped(usage?.search?.requests ?? 0)} of them searches`;
  const again = `${grouped(used(usage, 'retries'))} repeated, ${grouped(used(usage, 'rate_limited'))} refused for the rate (429)`;
  const waited = `Together they waited ${duration(used(usage, 'waited_ms'))} for the budgets and for each other.`;
  const line = `To Kustomer: ${plural(requests, 'request')}, ${searches}, ${again}. ${waited}`;
  return [...table, ...(table.length > 0 ? [''] : []), line];
}

/** Of both budgets together. */
function used(usage: Report['usage'], what: keyof NonNullable<Report['usage']>[string]): number {
  return Object.values(usage ?? {}).reduce((sum, each) => sum + each[what], 0);
}

/** What somebody should see who wonders why a run took so long. */
function rateLines({ usage }: Report): string[] {
  const refused = used(usage, 'rate_limited');
  if (refused === 0) return [];
  const were = `${plural(refused, 'request')} ${refused === 1 ? 'was' : 'were'} refused (429) and repeated`;
  return [`Kustomer's rate limit held this run up: ${were}.`];
}

function timeOf(at: number): string {
  return Number.isFinite(at) && at > 0 ? utc(at) : 'the beginning';
}

function inTable(at: number): string {
  return timeOf(at).replace(' UTC', '');
}
