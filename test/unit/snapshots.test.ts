// What a run could publish at some moment, while it goes on reading.
import { expect, test } from 'vitest';
import { openSnapshots } from '../../src/commands/snapshots.ts';
import { NO_STATE, type SearchState } from '../../src/sync/state.ts';

const EVER = { from: 0, to: 9 };

test.each([true, false])(
  'a refresh that ends while parts are closed is in the state only with its own parts (replaces files: %s)',
  async replacesFiles => {
    const completed = new Set<string>();
    const jobOf = (name: string, mode: string) => ({
      name,
      mode,
      named: true,
      wanted: EVER,
      records: () => 1,
      // As a search does it: a full refresh that is not complete settles nothing.
      firstSeen: () => 0,
      updateState({ search }: { search: Map<string, SearchState> }) {
        if (mode === 'full_refresh' && !completed.has(name)) return false;
        search.set(name, { syncedRanges: [EVER], cutoff: 9, dedupSince: 9, dedupKeys: new Set() });
        return true;
      },
    });
    const writerOf = (stream: string, meanwhile = () => {}) => ({
      async drain() {
        meanwhile();
        return [{ path: `${stream}/${stream}-00001.ndjson`, stream, records: 1 }];
      },
    });
    const snapshots = openSnapshots({
      config: { streams: [], shard: null, recordFormat: 'flat', includeDeleted: true },
      context: { runId: '1', attempt: '1' },
      destination: { replacesFiles, artifactName: null },
      recovered: { state: NO_STATE },
      fields: { publishedOf: () => undefined },
      window: { from: '', to: '' },
      jobs: [jobOf('customers', 'incremental'), jobOf('conversations', 'full_refresh')],
      writers: new Map([
        ['customers', writerOf('customers', () => void completed.add('conversations'))],
        ['conversations', writerOf('conversations')],
      ]),
      completed,
      learning: { schemas: async () => new Map() },
      source: { organization: () => 'org', forms: { hasDeleted: () => true } },
      client: { usage: {}, clock: { leadMs: () => 0 }, requestsFor: () => 0 },
    } as never);
    const first = await snapshots.drain();
    expect(first.files.map(({ stream }) => stream)).toEqual(['customers']);
    expect([...first.change.state.search.keys()]).toEqual(['customers']);
    expect(first).toMatchObject({ replaces: [], unfinished: ['conversations'] });
    const second = await snapshots.drain();
    expect(second.files.map(({ stream }) => stream)).toEqual(['customers', 'conversations']);
    expect([...second.change.state.search.keys()].sort()).toEqual(['conversations', 'customers']);
    expect(second).toMatchObject({ replaces: ['conversations'], unfinished: [] });
    expect(second.change.state.revisions.get('conversations')?.epoch).toBe(replacesFiles ? 1 : 0);
  },
);
