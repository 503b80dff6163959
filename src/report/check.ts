// What a check has found, as Markdown and as a line of the log. Pure.
import { capitalized, duration, grouped, inMarkdown, plural, row, utc } from './format.ts';
import { type Check, type CheckedStream, isFailed, type Report, type StreamResult } from './report.ts';

/** What a sync would do, and about how long it would take. */
export function checkLine({ streams, estimate }: Check): string {
  if (estimate === undefined) return 'a sync would not begin to read.';
  if (estimate.requests === 0) return 'a sync would find everything published already.';
  const records = streams.reduce((sum, stream) => sum + stream.records, 0);
  const isMore = streams.some(({ isCapped }) => isCapped);
  const about = isMore ? 'more than' : 'about';
  const time = duration(Math.max(1_000, estimate.minutes * 60_000));
  const use = `${about} ${plural(records, 'record')} with ${about} ${plural(estimate.requests, 'request')}`;
  const rest = isMore ? '; `mode: plan` counts what is not counted here (+)' : '';
  return `a sync would read ${use}, which take ${about} ${time} at the budget${rest}.`;
}

/** What was found of a stream, for the log. */
export function checkedLine({ name, outcome, error }: StreamResult, { streams }: Check): string {
  const found = streams.find(stream => stream.name === name);
  if (error !== undefined || found === undefined) return `${name}: ${error?.code ?? outcome}.`;
  const [from, records, requests] = figuresOf(found);
  const what = from === '' ? 'nothing is left' : `from ${from}, records: ${records}, requests: ${requests}`;
  return `${name}: may be read, ${what}.`;
}

/** The tables of the summary. */
export function checkLines(check: Check, { streams }: Report): string[] {
  const lines = [`**${capitalized(checkLine(check))}**`, '', row('Looked at', 'Found'), '| :--- | :--- |'];
  lines.push(...check.findings.map(([what, found]) => row(inMarkdown(what), inMarkdown(found))));
  if (check.streams.length === 0 && streams.every(({ error }) => error === undefined)) return lines;
  lines.push(
    '',
    row('Stream', 'May be read', 'From (UTC)', 'Records', 'Requests'),
    '| :--- | :--- | :--- | ---: | ---: |',
  );
  lines.push(...streams.map(stream => streamRow(stream, check)));
  return [...lines, '', 'Records that were published before are among those to read, and are not published again.'];
}

function streamRow(stream: StreamResult, { streams }: Check): string {
  const { name, outcome, error } = stream;
  const found = streams.find(stream => stream.name === name);
  const why = error === undefined ? outcome : `no (\`${error.code}\`)`;
  const may = found !== undefined && error === undefined ? '✅ yes' : `${isFailed(stream) ? '❌' : '⚠️'} ${why}`;
  const figures = found === undefined ? ['', '', ''] : figuresOf(found);
  return row(inMarkdown(name, 100), may, ...figures);
}

function figuresOf({ from, records, requests, isCapped }: CheckedStream): string[] {
  const start = Number.isFinite(from) && from > 0 ? utc(from).replace(' UTC', '') : 'the beginning';
  const more = isCapped ? '+' : '';
  return requests === 0 ? ['', 'none', '0'] : [start, `${grouped(records)}${more}`, `${grouped(requests)}${more}`];
}
