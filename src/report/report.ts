/**
 * Reports what a run did: as outputs, as the job summary, as annotations and as the last line of the log.
 *
 * A report is an object that the run fills in as it goes, so that a run that fails reports what it knows by then.
 * Rendering is pure; only publishReport writes.
 */
import * as core from '@actions/core';
import { causes, type SyncError } from '../errors.ts';
import type { StreamReport } from '../records/manifest.ts';
import { grouped, plural } from './format.ts';

export interface UploadedArtifact {
  readonly id: string;
  readonly url: string;
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly name: string;
}

/** Where files have been published, as in `artifact kustomer-sync`. */
export interface Place {
  /** Of what kind it is. */
  readonly kind: string;
  readonly name: string;
  readonly url?: string;
}

export interface Report {
  streams: readonly StreamResult[];
  /** An absolute path, as is the next; empty when there is none. */
  outputDir: string;
  manifest: string;
  artifact?: UploadedArtifact;
  commit?: string;
  places: readonly Place[];
  stateSaved: boolean;
  /** The files stay on the runner, for the next steps of the job. */
  filesStay?: boolean;
  /** The post step publishes what is in the journal. Where the files stay, it saves the state if the job succeeds. */
  leftToPost?: boolean;
  generation: number;
  /** What the summary says beside the figures. */
  readonly notes: string[];
  /** Errors of the run as a whole, not of one stream. */
  readonly errors: SyncError[];
  stopped?: keyof typeof STOPPED;
  /** Whether the window of a backfill ends in the future, so that the run cannot be complete yet. */
  endsInFuture?: boolean;
  plan?: Plan;
}

export interface Plan {
  readonly matrix: string;
  readonly streams: readonly { readonly name: string; readonly records: number; readonly bytes: number }[];
  /** What all shards together are expected to use. */
  readonly estimate: Readonly<Record<'requests' | 'minutes' | 'bytes' | 'records' | 'shards', number>>;
}

export interface StreamResult extends Omit<StreamReport, 'error'> {
  readonly error?: SyncError;
  /** Whether the user named the stream: then a missing role is an error. */
  readonly named: boolean;
}

/** The report of a run that has done nothing yet. */
export function emptyReport(streams: readonly StreamResult[] = []): Report {
  return { streams, outputDir: '', manifest: '', places: [], stateSaved: false, generation: 0, notes: [], errors: [] };
}

/** The report of a run that failed before it started. */
export function failedReport(error: SyncError): Report {
  return { ...emptyReport(), errors: [error] };
}

function isFailure({ errors, streams }: Report): boolean {
  return errors.length > 0 || streams.some(isFailed);
}

/** A stream that was named must be read, if the organization has it. */
function isFailed({ outcome, named, error }: StreamResult): boolean {
  return outcome === 'failed' || (outcome === 'skipped' && named && error?.kind !== 'absent');
}

/** Writes outputs, annotations, log and summary, and sets the exit code. A summary that fails does not fail the run. */
export async function publishReport(report: Report): Promise<void> {
  annotate(report);
  for (const [name, value] of Object.entries(outputs(report))) core.setOutput(name, value);
  core.info(lastLine(report));
  try {
    if ((process.env.GITHUB_STEP_SUMMARY ?? '') !== '') await core.summary.addRaw(summary(report)).write();
  } catch {
    core.warning('The summary of the run could not be written; the run itself is not affected.');
  }
  if (isFailure(report) || report.stopped === 'cancelled') process.exitCode = 1;
}

/** Annotates each error once, however many streams have it. The debug log gets its causes. */
function annotate({ errors, streams }: Report): void {
  const levels = new Map(errors.map(error => [error, core.error]));
  for (const stream of streams) {
    const { error } = stream;
    if (error === undefined || levels.has(error)) continue;
    levels.set(error, stream.outcome === 'skipped' && !isFailed(stream) ? core.warning : core.error);
  }
  for (const [error, show] of levels) {
    show(error.message, { title: `kustomer-sync: ${error.code}` });
    for (const cause of causes(error.cause)) core.debug(cause);
  }
}

export function outputs(report: Report): Record<string, string> {
  return {
    records: String(recordsOf(report)),
    complete: String(isComplete(report)),
    streams: JSON.stringify(report.streams.map(streamReport)),
    'output-dir': report.outputDir,
    manifest: report.manifest,
    'artifact-id': report.artifact?.id ?? '',
    'artifact-url': report.artifact?.url ?? '',
    'artifact-digest': report.artifact?.digest ?? '',
    commit: report.commit ?? '',
    'state-saved': String(report.stateSaved),
    'state-generation': String(report.generation),
    matrix: report.plan?.matrix ?? '',
    estimate: report.plan === undefined ? '' : JSON.stringify(report.plan.estimate),
  };
}

/** A stream as it is in the outputs and in the manifest. */
export function streamReport({ error, named: _, ...rest }: StreamResult): StreamReport {
  return error === undefined ? rest : { ...rest, error: error.message };
}

function recordsOf({ streams }: Report): number {
  return streams.reduce((sum, { records }) => sum + records, 0);
}

function isComplete({ streams, errors, endsInFuture }: Report): boolean {
  const isRead = streams.length > 0 && streams.every(({ outcome }) => outcome === 'complete');
  return isRead && errors.length === 0 && !endsInFuture;
}

const LABELS: Record<string, string> = {
  complete: '✅ complete',
  partial: '⏸️ partial',
  failed: '❌ failed',
  skipped: '⚠️ skipped',
};

const STOPPED = {
  'time-budget': 'The time budget was used up: the next run continues from here.',
  'disk-limit': 'The disk was getting full: the next run continues from here.',
  cancelled: 'The run was cancelled: the records that it had read are kept.',
};

/** The job summary, in Markdown. */
function summary(report: Report): string {
  const errors = new Set([...report.errors, ...report.streams.flatMap(({ error }) => error ?? [])]);
  const said = [...report.notes, ...[...errors].map(({ message }) => message)];
  const quoted = said.flatMap(text => [`> ${text.trim().replaceAll('\n', '\n> ')}`, '']);
  return `${['## Kustomer sync', '', ...runLines(report), '', ...quoted].join('\n')}\n`;
}

function runLines(report: Report): string[] {
  if (report.plan !== undefined) {
    const rows = report.plan.streams.map(({ name, records, bytes }) => row(name, grouped(records), megabytes(bytes)));
    return [
      `**${planLine(report.plan.estimate)}**`,
      '',
      '| Stream | Records | Size |',
      '| --- | ---: | ---: |',
      ...rows,
    ];
  }
  const lines = [
    `**${plural(recordsOf(report), 'record')}** · ${publishedTo(report, true)} · ${stateLine(report)}`,
    '',
  ];
  if (report.stopped !== undefined) lines.push(STOPPED[report.stopped], '');
  if (report.streams.length === 0) return lines;
  const rows = report.streams.map(({ name, mode, outcome, records, from, to, requests }) =>
    row(name, mode, LABELS[outcome] ?? outcome, grouped(records), from || '–', to || '–', String(requests)),
  );
  const head = row('Stream', 'Mode', 'Outcome', 'Records', 'From', 'To', 'Requests');
  return [...lines, head, '| --- | --- | --- | ---: | --- | --- | ---: |', ...rows, ''];
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function planLine({ shards, records, requests, minutes, bytes }: Plan['estimate']): string {
  return `${plural(shards, 'shard')} for about ${plural(records, 'record')}: ${plural(requests, 'request')}, ${plural(minutes, 'minute')} at the budget, ${megabytes(bytes)}`;
}

function megabytes(bytes: number): string {
  return `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}

function publishedTo(report: Report, asLink: boolean): string {
  const places = report.places.map(({ kind, name, url }) => `${kind} ${asLink && url ? `[${name}](${url})` : name}`);
  if (report.leftToPost && !report.filesStay) places.push('published by the post step');
  if (places.length > 0) return places.join(', ');
  if (recordsOf(report) === 0) return 'nothing new, nothing uploaded';
  return report.filesStay ? `files in \`${report.outputDir}\`` : 'not published';
}

function stateLine(report: Report): string {
  if (report.stateSaved) return `state generation ${report.generation} saved`;
  if (report.leftToPost)
    return `state is saved ${report.filesStay ? 'at the end of the job if it succeeds' : 'by the post step'}`;
  return `state stays at generation ${report.generation}`;
}

function lastLine(report: Report): string {
  if (report.plan !== undefined && !isFailure(report)) return `Planned: ${planLine(report.plan.estimate)}.`;
  const outcome = isFailure(report) ? 'Failed' : isComplete(report) ? 'Complete' : 'Stopped before the end';
  return `${outcome}: ${plural(recordsOf(report), 'record')}, ${publishedTo(report, false)}, ${stateLine(report)}.`;
}
