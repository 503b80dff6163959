// What the audit log records as deleted is published once, however late it comes and whatever becomes of the runs.
import { expect, test } from 'vitest';
import { withDeletions } from '../../src/sync/deletions-job.ts';
import type { StreamJob } from '../../src/sync/job.ts';
import type { Deletion, DeletionLog } from '../../src/sync/source.ts';
import type { SearchState } from '../../src/sync/state.ts';
import { few, LONG } from '../forms.ts';
import { Random } from '../world/kustomer/index.ts';
import { DAY, HOUR, MINUTE, NOON } from '../world/reader.ts';

const LOOKBACK = 40 * MINUTE;
const START = { syncedRanges: [], cutoff: NOON, dedupSince: NOON, dedupKeys: new Set<string>() };

interface Entry extends Deletion {
  readonly visibleAt: number;
}

/** A run that publishes what it reads, unless it dies. @returns the state, and the ids of the lines in their order */
async function run(before: SearchState | undefined, entries: readonly Entry[], now: number, failAt = Infinity) {
  const lines: string[] = [];
  let calls = 0;
  const log: DeletionLog = {
    async deletions(from, to) {
      if (++calls === failAt) throw new Error('cut off');
      const isShown = ({ at, visibleAt }: Entry) => at >= from && at < to && visibleAt <= now;
      return entries.filter(isShown).sort((a, b) => a.at - b.at);
    },
  };
  const write = async (records: readonly { resource: { id: string } }[]) => {
    lines.push(...records.map(({ resource }) => resource.id));
  };
  const job = {
    name: 'customers',
    read: async () => true,
    records: () => 0,
    changes: () => ({ new: 0, changed: 0, deleted: 0 }),
    updateState: (draft: { search: Map<string, SearchState> }) => {
      draft.search.set('customers', { ...START, ...before, deletions: before?.deletions });
      return true;
    },
  } as unknown as StreamJob;
  const audited = withDeletions(job, {
    ...{
      log,
      type: 'customer',
      before,
      cutoff: now - MINUTE,
      lookbackMs: LOOKBACK,
      signal: new AbortController().signal,
    },
    sink: { write, openStagingFile: () => ({ write, commit: async () => {}, discard: async () => {} }) },
    onRefused: () => {},
  });
  const hasFailed = await audited.read().then(
    () => false,
    () => true,
  );
  const draft = { search: new Map<string, SearchState>(), lists: new Map() };
  audited.updateState(draft, 0);
  return { state: draft.search.get('customers') as SearchState, lines, hasFailed };
}

test(`in ${LONG ? 3_000 : 300} random histories each deletion is published once`, async () => {
  const wrong: string[] = [];
  for (let seed = 1; seed <= (LONG ? 3_000 : 300); seed++) {
    const random = new Random(seed);
    let now = NOON;
    let state = (await run(undefined, [], now)).state;
    const entries: Entry[] = [];
    const published: string[] = [];
    for (let n = 0; n < 12; n++) {
      const step = random.pick([MINUTE, 20 * MINUTE, HOUR, 3 * DAY]);
      for (let i = random.int(0, 5); i > 0; i--) {
        const at = now + random.int(0, step);
        // Late by less than the lookback and the settling time together.
        entries.push({
          entry: `e${entries.length}`,
          id: `r${entries.length}`,
          at,
          visibleAt: at + random.int(0, LOOKBACK),
        });
      }
      now += step;
      const {
        state: after,
        lines,
        hasFailed,
      } = await run(state, entries, now, random.pick([1, 2, Infinity, Infinity]));
      // One that dies publishes nothing; one that fails publishes what it has.
      if (!hasFailed && random.chance(0.2)) continue;
      published.push(...lines);
      state = after;
    }
    now += 2 * HOUR;
    published.push(...(await run(state, entries, now)).lines);
    const twice = published.filter((id, n) => published.indexOf(id) !== n);
    const missing = entries.filter(({ id }) => !published.includes(id)).map(({ id }) => id);
    if (twice.length + missing.length > 0) wrong.push(`seed ${seed}: twice ${twice}, missing ${missing}`);
  }
  expect(wrong).toEqual([]);
});

test.each(few([0, 1, 7]))('a state with %i entries remembers those of the lookback alone', async count => {
  const entries = Array.from({ length: count }, (_, n): Entry => {
    const at = NOON + n * 10 * MINUTE;
    return { entry: `e${n}`, id: `r${n}`, at, visibleAt: at };
  });
  const first = await run(undefined, [], NOON);
  const { state } = await run(first.state, entries, NOON + 2 * HOUR);
  expect([...(state.deletions?.seen.values() ?? [])].every(at => at >= NOON + 2 * HOUR - MINUTE - LOOKBACK)).toBe(true);
  expect(state.deletions?.upTo).toBe(NOON + 2 * HOUR - MINUTE);
});
