/**
 * Shows what a run did: as outputs, as the job summary, as annotations and as the last line of the log.
 */
import * as core from '@actions/core';
import { causes } from '../errors.ts';
import { checkLine } from './check.ts';
import { duration, plural } from './format.ts';
import { endSection, log } from './log.ts';
import {
  errorsOf,
  isComplete,
  isFailed,
  isFailure,
  outputs,
  type Place,
  planLine,
  publishedTo,
  type Report,
  recordsOf,
  stateLine,
} from './report.ts';

/** Writes outputs, annotations, log and summary, and sets the exit code. A summary that fails does not fail the run. */
export async function publishReport(report: Report): Promise<void> {
  endSection();
  annotate(report);
  for (const [name, value] of Object.entries(outputs(report))) core.setOutput(name, value);
  // From the start of the process on.
  const end = { at: Date.now(), ms: performance.now() };
  log.info(lastLine(report, end.ms));
  try {
    if ((process.env.GITHUB_STEP_SUMMARY ?? '') !== '') {
      const { summary } = await import('./summary.ts');
      await core.summary.addRaw(summary(report, end)).write();
    }
  } catch {
    core.warning('The summary of the run could not be written; the run itself is not affected.');
  }
  if (isFailure(report) || report.stopped === 'cancelled') process.exitCode = 1;
}

/** Annotates each error once, however many streams have it or one like it. The debug log gets its causes. */
function annotate(report: Report): void {
  const warned = report.streams.filter(stream => stream.outcome === 'skipped' && !isFailed(stream));
  const others = { ...report, streams: report.streams.filter(stream => !warned.includes(stream)) };
  const failures = errorsOf(others).map(({ message }) => message);
  for (const error of errorsOf(report)) {
    (failures.includes(error.message) ? core.error : core.warning)(error.message, {
      title: `kustomer-sync: ${error.code}`,
    });
    for (const cause of causes(error.cause)) core.debug(cause);
  }
}

const PLAIN = { place: ({ kind, name }: Place) => `${kind} ${name}`, directory: (path: string) => path };

function outcomeOf(report: Report): string {
  const { stopped, endsInFuture, streams } = report;
  if (stopped === 'cancelled') return 'Canceled';
  if (isFailure(report)) return 'Failed';
  if (isComplete(report)) return 'Complete';
  if (stopped !== undefined || endsInFuture) return 'Stopped before the end';
  const rest = streams.filter(({ outcome }) => outcome !== 'complete');
  return `Complete except for ${rest.map(({ name }) => name).join(', ')}`;
}

function lastLine(report: Report, ms: number): string {
  const took = `in ${duration(ms)}`;
  const count = recordsOf(report);
  if (report.plan !== undefined && !isFailure(report)) return `Planned ${took}: ${planLine(report.plan.estimate)}.`;
  if (report.check !== undefined)
    return `Check ${isFailure(report) ? 'failed' : 'passed'} ${took}: ${checkLine(report.check)}`;
  const outcome = outcomeOf(report);
  const what = count === 0 ? `${outcome} after ${duration(ms)}:` : `${outcome}: ${plural(count, 'record')} ${took},`;
  return `${what} ${publishedTo(report, PLAIN)}, ${stateLine(report)}.`;
}
