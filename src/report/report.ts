/**
 * What a run has to report, and the words for it. Pure.
 *
 * A report is an object that the run fills in as it goes, so that a run that fails reports what it knows by then.
 */
import type { SyncError } from '../errors.ts';
import type { StreamReport } from '../records/manifest.ts';
import { duration, plural, size } from './format.ts';

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
  /** At the address each stream has a folder of its name. */
  readonly hasFolders?: true;
}

/** The requests of a run, by budget. */
export type Usage = Readonly<
  Record<
    string,
    { readonly requests: number; readonly retries: number; readonly rate_limited: number; readonly waited_ms: number }
  >
>;

/** What the saved state says of the run that wrote it. */
export interface LastSave {
  /** RFC 3339. */
  readonly savedAt: string;
  readonly runUrl: string;
}

export interface Report {
  /** What kind of run it is, as in `First Kustomer sync`. */
  kind: string;
  streams: readonly StreamResult[];
  /** Only a sync keeps data fresh. Others read a window once. */
  isIncremental: boolean;
  /** A plan or a check: it says what there is to read, and reads nothing. */
  isDry?: boolean;
  /** Its records are where the shards have published them. */
  isMerge?: boolean;
  /** Requests to Kustomer. */
  usage?: Usage;
  /** Who saved the state that the run started from; undefined when that is not known. */
  lastSave?: LastSave;
  /** An absolute path, as is the next; empty when there is none. */
  outputDir: string;
  manifest: string;
  artifact?: UploadedArtifact;
  commit?: string;
  places: readonly Place[];
  stateSaved: boolean;
  /** The files stay on the runner, for the next steps of the job. */
  filesStay?: boolean;
  /** Whether only the holders of a key can read the files. */
  isEncrypted?: boolean;
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
  check?: Check;
  /** Of a run that does not say of each stream how far it is. Times are RFC 3339; `from` is empty for the beginning. */
  window?: { readonly from: string; readonly to: string };
  /** What to do once this run has succeeded. */
  next?: string;
}

/** What was looked at, and what was found, as in `Permission actions: read`, `granted`. */
export type Finding = readonly [what: string, found: string];

/** What a check has found. */
export interface Check {
  readonly findings: Finding[];
  readonly streams: CheckedStream[];
  /** What a sync would use; undefined as long as that is not known. */
  estimate?: { readonly requests: number; readonly minutes: number };
}

/** What a sync would read of a stream, as far as the first page of it says. */
export interface CheckedStream {
  readonly name: string;
  /** Where it would begin (ms). */
  readonly from: number;
  readonly records: number;
  /** There are more, and nobody has counted them. */
  isCapped: boolean;
  readonly requests: number;
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
  /** For the summary alone. */
  readonly details?: StreamDetails;
}

export interface StreamDetails {
  /** What the published records are; undefined where the run does not know. */
  readonly changes?: { readonly new: number; readonly changed: number; readonly deleted: number };
  /** Everything updated before this time (ms) is published; null when something may be missing from the beginning on. */
  readonly completeUpTo: number | 'earlier-run' | null;
  /** Where reading began (ms). */
  readonly readFrom?: number | 'whole list';
  /** Names of undocumented columns and klasses that earlier runs have not seen, and of those that are gone. */
  readonly news?: { readonly appeared: readonly string[]; readonly vanished: readonly string[] };
  /** Records that all runs together have published; undefined where nobody has counted. */
  readonly inAll?: number | undefined;
}

/** The report of a run that has done nothing yet. */
export function emptyReport(streams: readonly StreamResult[] = []): Report {
  const nothing = { outputDir: '', manifest: '', places: [], stateSaved: false, generation: 0, notes: [], errors: [] };
  return { kind: 'Kustomer sync', isIncremental: false, streams, ...nothing };
}

/** The report of a run that failed before it started. */
export function failedReport(error: SyncError): Report {
  return { ...emptyReport(), errors: [error] };
}

export function isFailure({ errors, streams }: Report): boolean {
  return errors.length > 0 || streams.some(isFailed);
}

/** Those of the run and of its streams: what several of them say is said once. */
export function errorsOf({ errors, streams }: Report): SyncError[] {
  const all = [...errors, ...streams.flatMap(({ error }) => error ?? [])];
  return [...new Map(all.map(error => [error.message, error])).values()];
}

/** A stream that was named must be read, if the organization has it. */
export function isFailed({ outcome, named, error }: StreamResult): boolean {
  return outcome === 'failed' || (outcome === 'skipped' && named && error?.kind !== 'absent');
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
export function streamReport({ error, named: _, details: __, ...rest }: StreamResult): StreamReport {
  return error === undefined ? rest : { ...rest, error: error.message };
}

export function recordsOf({ streams }: Report): number {
  return streams.reduce((sum, { records }) => sum + records, 0);
}

export function isComplete({ streams, errors, endsInFuture }: Report): boolean {
  const isRead = streams.length > 0 && streams.every(({ outcome }) => outcome === 'complete');
  return isRead && errors.length === 0 && !endsInFuture;
}

export const STOPPED = {
  'time-budget': 'The time budget was used up: the next run continues from here.',
  'disk-limit':
    'The files reached 8 GB, or the disk had less than 2 GB left: the next run continues from here. If each run stops so, set `compression: gzip` or use a larger runner.',
  cancelled:
    'The run was canceled: the records that it had read are kept, and the next run continues from here. If nobody canceled it, set `time-budget` below the `timeout-minutes` of the job.',
};

export function planLine({ shards, records, requests, minutes, bytes }: Plan['estimate']): string {
  return `${plural(shards, 'shard')} for about ${plural(records, 'record')}: ${plural(requests, 'request')}, ${duration(minutes * 60_000)} at the budget, ${size(bytes)}`;
}

/** Where the records are. @param show how to write a place and a directory */
export function publishedTo(
  report: Report,
  show: { place(place: Place): string; directory(path: string): string },
): string {
  const places = report.places.map(show.place);
  if (report.leftToPost && !report.filesStay) places.push('what was read is published by the post step');
  if (report.isMerge && recordsOf(report) > 0)
    return ['published by the shards', ...places.map(place => `manifest and state in ${place}`)].join(', ');
  if (places.length > 0) return places.join(', ');
  const isCutShort = isFailure(report) || report.stopped !== undefined;
  if (recordsOf(report) === 0) return isCutShort ? 'nothing published' : 'nothing new, nothing uploaded';
  return report.filesStay ? `files in ${show.directory(report.outputDir)}` : 'not published';
}

export function stateLine(report: Report): string {
  if (report.stateSaved) return `state generation ${report.generation} saved`;
  if (report.leftToPost)
    return `state is saved ${report.filesStay ? 'at the end of the job if it succeeds' : 'by the post step'}`;
  return 'state unchanged';
}
