// `mode: compact`: rewrites the data branch, so that it has the latest version of each record that exists, and no past.
// Nothing is asked of Kustomer.
import type { Config } from '../config/config.ts';
import { scopeOf } from '../config/scope.ts';
import { asSyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Compacted } from '../publish/destination.ts';
import { grouped, plural } from '../report/format.ts';
import { type Log, openSection, stillAt } from '../report/log.ts';
import type { Report, StreamResult } from '../report/report.ts';
import { Stopped } from '../sync/read-all.ts';
import { openRun, type Run } from './prepare.ts';

/** Compacts the data branch. Never rejects: whatever became of it is in the report. */
export async function compact(config: Config, context: Context, log: Log, stop: AbortController): Promise<Report> {
  const run = openRun(config, scopeOf(config, Date.now()), context, log);
  const { report, destination } = run;
  // Dry as long as nothing is changed, which is until the end.
  Object.assign(report, { kind: 'Kustomer compaction', streams: [], isDry: true });
  const deadline = setTimeout(() => stop.abort(new Stopped('time-budget')), config.timeBudgetMs);
  let at = '';
  let steps = 0;
  openSection('Prepare');
  try {
    await destination.requireAccess();
    openSection('Compact', ms => stillAt('Compact', ms, at));
    const done = await destination.compact?.(stream => {
      stop.signal.throwIfAborted();
      at = `${stream}, ${plural(++steps, 'file')} read or written`;
    });
    if (done !== undefined) reportCompaction(run, done);
  } catch (thrown) {
    if (thrown instanceof Stopped) report.stopped = thrown.why;
    else report.errors.push(asSyncError(thrown));
  } finally {
    clearTimeout(deadline);
  }
  return report;
}

function reportCompaction({ report, config, log }: Run, { commit, streams, state, places }: Compacted): void {
  const isNew = commit !== null;
  report.generation = state.generation;
  report.stateSaved = true;
  report.isDry = false;
  report.streams = streams.map(({ stream: name, total }): StreamResult => {
    const read = { from: '', to: '', requests: 0, named: false };
    return { name, mode: 'compact', outcome: 'complete', records: isNew ? total.records : 0, ...read };
  });
  for (const { stream, linesBefore, filesBefore, total } of streams) {
    const before = `${plural(linesBefore, 'line')} in ${plural(filesBefore, 'file')}`;
    log.info(`${stream}: ${before}, now ${grouped(total.records)} in ${grouped(total.files)}.`);
  }
  if (!isNew) {
    log.info(`The branch ${config.branch} is compact: there is nothing to do.`);
    return;
  }
  Object.assign(report, { commit, places });
  const sum = (of: (each: (typeof streams)[number]) => number) => streams.reduce((all, each) => all + of(each), 0);
  const [lines, files] = [sum(each => each.linesBefore), sum(each => each.filesBefore)];
  const [linesNow, filesNow] = [sum(({ total }) => total.records), sum(({ total }) => total.files)].map(grouped);
  report.notes.push(
    `The branch ${config.branch} had ${plural(lines, 'line')} in ${plural(files, 'file')}, and has ${linesNow} in ${filesNow} now. Its history begins with this commit. GitHub keeps what was there before until it collects it, for whoever knows its id: docs/privacy.md says how to have it purged.`,
  );
}
