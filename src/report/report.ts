// What a run did, said four ways: outputs, the summary, annotations and the last lines of the log. The rendering is pure.
import * as core from '@actions/core';
import { causes, type SyncError } from '../errors.ts';
import type { Uploaded } from '../publish/artifact.ts';
import type { StreamReport } from '../records/manifest.ts';
import { count, grouped } from './format.ts';

/** Filled in as the run goes, so that it holds whatever is known when the run ends, however it ends. */
export interface Report {
  streams: readonly StreamResult[];
  /** Absolute paths; empty when there is none. */
  outputDir: string;
  manifest: string;
  destinations: readonly string[];
  artifact?: Uploaded;
  commit?: string;
  stateSaved: boolean;
  /** The state is saved by the post step, when the job has succeeded until then. */
  stateDeferred: boolean;
  /** The time was up before all was published: the post step does the rest. */
  leftToPost: boolean;
  generation: number;
  /** Troubles of the run as a whole. */
  readonly errors: SyncError[];
  stopped?: 'time-budget' | 'cancelled';
  /** Read as far as it can be by now; the rest of the window has not happened yet. */
  endsInFuture?: boolean;
  /** Of `mode: plan`: what there is of each stream. */
  plan?: readonly { readonly name: string; readonly records: number; readonly bytes: number }[];
  matrix?: string;
  estimate?: Estimate;
}

/** What a plan expects its shards to use together. */
export interface Estimate {
  readonly requests: number;
  readonly minutes: number;
  readonly bytes: number;
  readonly records: number;
  readonly shards: number;
}

export interface StreamResult extends Omit<StreamReport, 'error'> {
  readonly error?: SyncError;
  /** The user asked for this stream by name, so a missing role is an error. */
  readonly named: boolean;
}

/** The report of a run that was refused before it began. */
export function refusal(error: SyncError): Report {
  return {
    streams: [],
    outputDir: '',
    manifest: '',
    destinations: [],
    stateSaved: false,
    stateDeferred: false,
    leftToPost: false,
    generation: 0,
    errors: [error],
  };
}

function isFailure(report: Report): boolean {
  return (
    report.errors.length > 0 ||
    report.streams.some(({ outcome, named }) => outcome === 'failed' || (outcome === 'skipped' && named))
  );
}

/** Says everything there is to say. Never rejects: a summary that cannot be written is no reason to fail. */
export async function publishReport(report: Report): Promise<void> {
  const annotated = new Set<SyncError>();
  for (const error of report.errors) annotate(error, false, annotated);
  for (const { error, outcome, named } of report.streams) {
    if (error !== undefined) annotate(error, outcome === 'skipped' && !named, annotated);
  }
  for (const [name, value] of Object.entries(outputs(report))) core.setOutput(name, value);
  core.info(lastLine(report));
  try {
    if ((process.env.GITHUB_STEP_SUMMARY ?? '') !== '') await core.summary.addRaw(summary(report)).write();
  } catch {
    core.warning('The summary of the run could not be written; the run itself is not affected.');
  }
  if (isFailure(report) || report.stopped === 'cancelled') process.exitCode = 1;
}

/** One sentence what happened and one what to do, once for each trouble; where in this program is for the debug log. */
function annotate(error: SyncError, isWarning: boolean, annotated: Set<SyncError>): void {
  if (annotated.has(error)) return;
  annotated.add(error);
  (isWarning ? core.warning : core.error)(error.message, { title: 'kustomer-sync' });
  for (const cause of causes(error.cause)) core.debug(cause);
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

/** A stream as outputs and manifest show it. */
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

const MARKS: Record<string, string> = {
  complete: '✅ complete',
  partial: '⏸️ partial',
  failed: '❌ failed',
  skipped: '⚠️ skipped',
};

/** The job summary, in Markdown. */
function summary(report: Report): string {
  const lines = ['## Kustomer sync', ''];
  if (report.plan !== undefined && report.estimate !== undefined) {
    lines.push(`**${planLine(report.estimate)}**`, '', '| Stream | Records | Size |', '| --- | ---: | ---: |');
    for (const { name, records, bytes } of report.plan) {
      lines.push(`| ${name} | ${grouped(records)} | ${megabytes(bytes)} |`);
    }
    return `${[...lines, ...troubleLines(report)].join('\n')}\n`;
  }
  lines.push(`**${count(recordsOf(report), 'record')}** · ${whereTo(report, true)} · ${stateLine(report)}`, '');
  if (report.stopped === 'time-budget') lines.push('The time budget was used up: the next run goes on from here.', '');
  if (report.stopped === 'cancelled') lines.push('The run was cancelled: what had been read until then is kept.', '');
  if (report.streams.length > 0) {
    lines.push(
      '| Stream | Mode | Outcome | Records | From | To | Requests |',
      '| --- | --- | --- | ---: | --- | --- | ---: |',
    );
    for (const { name, mode, outcome, records, from, to, requests } of report.streams) {
      const cells = [name, mode, MARKS[outcome] ?? outcome, grouped(records), from || '–', to || '–', String(requests)];
      lines.push(`| ${cells.join(' | ')} |`);
    }
    lines.push('');
  }
  return `${[...lines, ...troubleLines(report)].join('\n')}\n`;
}

function troubleLines(report: Report): string[] {
  const troubles = new Set([...report.errors, ...report.streams.flatMap(({ error }) => error ?? [])]);
  return ['', ...[...troubles].flatMap(error => [`> ${error.message.trim().replaceAll('\n', '\n> ')}`, ''])];
}

function planLine({ shards, records, requests, minutes, bytes }: Estimate): string {
  return `${count(shards, 'shard')} for about ${count(records, 'record')}: ${count(requests, 'request')}, ${count(minutes, 'minute')} at the budget, ${megabytes(bytes)}`;
}

function megabytes(bytes: number): string {
  return `${grouped(Math.round(bytes / 1e5) / 10)} MB`;
}

function whereTo(report: Report, asLink: boolean): string {
  const places: string[] = [];
  const { artifact } = report;
  if (artifact !== undefined) places.push(`artifact ${asLink ? `[${artifact.name}](${artifact.url})` : artifact.name}`);
  if (report.commit !== undefined) places.push(`commit ${report.commit}`);
  if (report.leftToPost) places.push('published by the post step');
  if (places.length > 0) return places.join(', ');
  if (recordsOf(report) === 0) return 'nothing new, nothing uploaded';
  return report.destinations.length === 0 ? `files in \`${report.outputDir}\`` : 'not published';
}

function stateLine(report: Report): string {
  if (report.stateSaved) return `state generation ${report.generation} saved`;
  if (report.leftToPost) return 'state is saved by the post step';
  if (report.stateDeferred) return 'state is saved at the end of the job if it succeeds';
  return `state stays at generation ${report.generation}`;
}

function lastLine(report: Report): string {
  if (report.estimate !== undefined && !isFailure(report)) return `Planned: ${planLine(report.estimate)}.`;
  const word = isFailure(report) ? 'Failed' : isComplete(report) ? 'Complete' : 'Stopped before the end';
  return `${word}: ${count(recordsOf(report), 'record')}, ${whereTo(report, false)}, ${stateLine(report)}.`;
}
