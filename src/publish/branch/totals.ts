// What is on the data branch of each stream: counted on from commit to commit, for the README.
import type { Total, Totals } from '../../state/branch.ts';
import { publishedUpTo, type State } from '../../sync/state.ts';
import { iso } from '../../sync/state-document.ts';
import type { PublishRequest } from '../destination.ts';

const NOTHING: Total = { records: 0, distinct: 0, files: 0, bytes: 0, max_updated_at: null };

/** @param stateName a backfill or a shard adds files, and says nothing of how far the sync is */
export function totalsAfter(before: Totals, request: PublishRequest, state: State, stateName: string): Totals {
  const { files, replaces, firstSeen, change } = request;
  const kept = Object.entries(before).filter(([stream]) => !replaces.includes(stream));
  // A run that starts over counts each record as published for the first time.
  const totals = new Map(
    kept.map(([stream, total]) => [stream, change.startsOver ? { ...total, distinct: 0 } : total]),
  );
  for (const [stream, parts] of Map.groupBy(files, part => part.stream)) {
    const sum = (of: 'records' | 'bytes') => parts.reduce((total, part) => total + part[of], 0);
    const total = totals.get(stream) ?? NOTHING;
    const times = [total, ...parts].map(each => each.max_updated_at ?? '').sort();
    const first = firstSeen[stream];
    totals.set(stream, {
      ...total,
      records: total.records + sum('records'),
      distinct: total.distinct === undefined || first === undefined ? undefined : total.distinct + first,
      files: total.files + parts.length,
      bytes: total.bytes + sum('bytes'),
      max_updated_at: times.at(-1) || null,
    });
  }
  const isOfSync = !stateName.includes('/');
  const rows = [...totals].map(([stream, total]): [string, Total] => {
    const upTo = isOfSync ? completeUpTo(stream, state, request) : undefined;
    return [stream, upTo === undefined ? total : { ...total, complete_up_to: upTo }];
  });
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Up to where a stream has been read; undefined when that is not known. */
function completeUpTo(stream: string, state: State, { streams, window }: PublishRequest): string | undefined {
  if (state.search.has(stream)) {
    const upTo = publishedUpTo(state, stream, window.from === '' ? 0 : Date.parse(window.from));
    return upTo === null ? undefined : iso(upTo);
  }
  // A state does not say when a list was read.
  return streams.some(({ name, outcome }) => name === stream && outcome === 'complete') ? window.to : undefined;
}
