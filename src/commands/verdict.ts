// What the streams that could not be read mean for the run, and how that is said: one error for one cause.
import { isKind, SyncError } from '../errors.ts';
import { inWords } from '../kustomer/request-errors.ts';
import { STREAM_NAMES, streamNamed } from '../kustomer/streams.ts';
import type { Report, StreamResult } from '../report/report.ts';
import type { State } from '../sync/state.ts';

/**
 * Adds to the report the errors of the run that follow from its streams. A key without a role fails the run when it had
 * the role before, or when it may read nothing.
 * @param before the state that the run has started from
 * @param selected number of streams, where the report has only some
 */
export function judgeStreams(report: Report, before: State, selected = report.streams.length): void {
  const { streams, errors } = report;
  const [first] = streams;
  if (first === undefined) return;
  const isCommon = selected > 1 && streams.length === selected && streams.every(stream => isAlike(stream, first));
  if (isCommon) {
    const error = isKind(first.error, 'forbidden') ? noReadableStream(streams) : forAll(streams);
    report.streams = streams.map(stream => ({ ...stream, error }));
    errors.push(error);
    return;
  }
  report.streams = streams.map(stream => {
    const { name, outcome, error } = stream;
    const wasRead = (before.search.get(name)?.syncedRanges.length ?? 0) > 0 || before.lists.has(name);
    if (outcome !== 'skipped' || !wasRead || !isKind(error, 'forbidden')) return stream;
    const lost = roleLost(name, error);
    errors.push(lost);
    return { ...stream, error: lost };
  });
}

/** Whether two streams cannot be read for the same cause. */
function isAlike({ name, error }: StreamResult, { name: firstName, error: first }: StreamResult): boolean {
  if (error === undefined || first === undefined || error.code !== first.code) return false;
  if (error.kind === 'forbidden') return true;
  const isForAll = error.kind === 'outage' || error.kind === 'refused';
  return isForAll && error.what.replace(` for ${name}`, '') === first.what.replace(` for ${firstName}`, '');
}

function roleLost(name: string, { status, said }: SyncError): SyncError {
  return new SyncError('role-lost', {
    what: `The API key may no longer read ${name} (403), which an earlier run could.`,
    todo: `Make a key that also has ${inWords(streamNamed(name).role)}, or name in \`streams\` what is to be read without ${name}.`,
    status,
    said,
  });
}

function noReadableStream(streams: readonly StreamResult[]): SyncError {
  const roles = inOrder(streams).flatMap(name => streamNamed(name).role.match(/org\.[\w.]+/g) ?? []);
  return new SyncError('no-readable-stream', {
    what: `The API key may read none of the streams (403): ${namesOf(streams)}.`,
    todo: `Make a key with the roles ${[...new Set(roles)].join(', ')}.`,
  });
}

/** The error of the first stream, of all of them. */
function forAll(streams: readonly StreamResult[]): SyncError {
  const [{ name, error }] = streams as readonly [StreamResult & { readonly error: SyncError }];
  const { code, what, todo, status, cause } = error;
  return new SyncError(code, { what: what.replace(` for ${name}`, ` for ${namesOf(streams)}`), todo, status, cause });
}

/** A plan reports them in the order in which they were refused. */
function inOrder(streams: readonly StreamResult[]): string[] {
  return STREAM_NAMES.filter(each => streams.some(({ name }) => name === each));
}

function namesOf(streams: readonly StreamResult[]): string {
  return inOrder(streams).join(', ');
}
