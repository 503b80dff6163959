/**
 * Reports what a run did: as outputs, as the job summary, as annotations and as the last line of the log.
 *
 * A report is an object that the run fills in as it goes, so that a run that fails reports what it knows by then.
 * Rendering is pure; only publishReport writes.
 */
import * as core from '@actions/core';
import { causes, type SyncError } from '../errors.ts';
import type { StreamReport } from '../records/manifest.ts';
import { count, grouped } from './format.ts';

export interface UploadedArtifact {
  readonly id: string;
  readonly url: string;
  /** SHA-256 in hex. */
  readonly digest: string;
  readonly name: string;
}

export interface Report {
  streams: readonly StreamResult[];
  /** An absolute path, as is the next; empty when there is none. */
  outputDir: string;
  manifest: string;
  artifact?: UploadedArtifact;
  commit?: string;
  stateSaved: boolean;
  /** The files stay on the runner, for the next steps of the job. */
  filesStay?: boolean;
  /** The state is saved by the post step, when the job has succeeded until then. */
  stateDeferred?: boolean;
  /** The post step publishes or saves what the journal has: the run was cancelled, or the state waits for the job. */
  leftToPost?: boolean;
  generation: number;
  /** Errors of the run as a whole, not of one stream. */
  readonly errors: SyncError[];
  stopped?: keyof typeof STOPPED;
  /** Whether the window of a backfill ends in the future, so that the run cannot be complete yet. */
  endsInFuture?: boolean;
  /** Of `mode: plan`: the size of each stream. */
  plan?: readonly { readonly name: string; readonly records: number; readonly bytes: number }[];
  matrix?: string;
  estimate?: Estimate;
}

/** What a plan expects all its shards together to use. */
export interface Estimate {
  readonly requests: number;
  readonly minutes: number;
  readonly bytes: number;
  readonly records: number;
  readonly shards: number;
}

export interface StreamResult extends Omit<StreamReport, 'error'> {
  readonly error?: SyncError;
  /** Whether the user named the stream: then a missing role is an error. */
  readonly named: boolean;
}

/** The report of a run that failed before it started. */
export function refusal(error: SyncError): Report {
  return { streams: [], outputDir: '', manifest: '', stateSaved: false, generation: 0, errors: [error] };
}

function isFailure(report: Report): boolean {
  return (
    report.errors.length > 0 ||
    report.streams.some(({ outcome, named }) => outcome === 'failed' || (outcome === 'skipped' && named))
  );
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
  for (const { error, outcome, named } of streams) {
    if (error === undefined || levels.has(error)) continue;
    levels.set(error, outcome === 'skipped' && !named ? core.warning : core.error);
  }
  for (const [error, show] of levels) {
    show(error.message, { title: 'kustomer-sync' });
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
    matrix: report.matrix ?? '',
    estimate: report.estimate === undefined ? '' : JSON.stringify(report.estimate),
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
  return (
    !endsInFuture && errors.length === 0 && streams.length > 0 && streams.every(({ outcome }) => outcome === 'complete')
  );
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
  const lines = ['## Kustomer sync', ''];
  if (report.plan !== undefined && report.estimate !== undefined) {
    lines.push(`**${planLine(report.estimate)}**`, '', '| Stream | Records | Size |', '| --- | ---: | ---: |');
    for (const { name, records, bytes } of report.plan) {
      lines.push(`| ${name} | ${grouped(records)} | ${megabytes(bytes)} |`);
    }
    return withErrors(lines, report);
  }
  lines.push(`**${count(recordsOf(report), 'record')}** · ${publishedTo(report, true)} · ${stateLine(report)}`, '');
  if (report.stopped !== undefined) lines.push(STOPPED[report.stopped], '');
  if (report.streams.length > 0) {
    lines.push(
      '| Stream | Mode | Outcome | Records | From | To | Requests |',
      '| --- | --- | --- | ---: | --- | --- | ---: |',
    );
    for (const { name, mode, outcome, records, from, to, requests } of report.streams) {
      const label = LABELS[outcome] ?? outcome;
      const cells = [name, mode, label, grouped(records), from || '–', to || '–', requests];
      lines.push(`| ${cells.join(' | ')} |`);
    }
    lines.push('');
  }
  return withErrors(lines, report);
}

function withErrors(lines: readonly string[], report: Report): string {
  const errors = new Set([...report.errors, ...report.streams.flatMap(({ error }) => error ?? [])]);
  const quoted = [...errors].flatMap(error => [`> ${error.message.trim().replaceAll('\n', '\n> ')}`, '']);
  return `${[...lines, '', ...quoted].join('\n')}\n`;
}

function planLine({ shards, records, requests, minutes, bytes }: Estimate): string {
  return `${count(shards, 'shard')} for about ${count(records, 'record')}: ${count(requests, 'request')}, ${count(minutes, 'minute')} at the budget, ${megabytes(bytes)}`;
}

function megabytes(bytes: number): string {
  return `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}

function publishedTo(report: Report, asLink: boolean): string {
  const places: string[] = [];
  const { artifact } = report;
  if (artifact !== undefined) places.push(`artifact ${asLink ? `[${artifact.name}](${artifact.url})` : artifact.name}`);
  if (report.commit !== undefined) places.push(`commit ${report.commit}`);
  if (report.leftToPost && !report.stateDeferred) places.push('published by the post step');
  if (places.length > 0) return places.join(', ');
  if (recordsOf(report) === 0) return 'nothing new, nothing uploaded';
  return report.filesStay ? `files in \`${report.outputDir}\`` : 'not published';
}

function stateLine(report: Report): string {
  if (report.stateSaved) return `state generation ${report.generation} saved`;
  if (report.stateDeferred) return 'state is saved at the end of the job if it succeeds';
  if (report.leftToPost) return 'state is saved by the post step';
  return `state stays at generation ${report.generation}`;
}

function lastLine(report: Report): string {
  if (report.estimate !== undefined && !isFailure(report)) return `Planned: ${planLine(report.estimate)}.`;
  const outcome = isFailure(report) ? 'Failed' : isComplete(report) ? 'Complete' : 'Stopped before the end';
  return `${outcome}: ${count(recordsOf(report), 'record')}, ${publishedTo(report, false)}, ${stateLine(report)}.`;
}
