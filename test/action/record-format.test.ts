// A data branch has each stream in one record format and in one folder: what would leave a mixture that nobody can read as
// one table is refused before the first record is read.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { longTest } from '../forms.ts';
import type { Line, Stage, Sync } from '../world/stage.ts';
import { BRANCH, cloned, endStage, HOUR, nextStage, onBranch } from './publishing.ts';
import { expectGreen } from './support.ts';
import { expectError } from './troubles.ts';

const TO = new Date(Date.now() - 15 * 24 * HOUR).toISOString().slice(0, 10);
const flat = { ...onBranch };
const raw = { ...onBranch, 'record-format': 'raw' };
const backfill = { 'start-date': '2020-01-01', 'end-date': TO };

let stage: Stage;
beforeEach(async () => {
  stage = await nextStage(undefined);
});
afterEach(() => endStage(stage));

/** Runs what is refused: no record is read, and the branch stays as it was. */
async function refused(inputs: NonNullable<Sync['with']>) {
  const before = await stage.github.repository.files(BRANCH);
  stage.kustomer.log.clear();
  const result = await stage.sync({ with: inputs });
  expect(stage.kustomer.requests.filter(({ budget }) => budget === 'search')).toEqual([]);
  expect(await stage.github.repository.files(BRANCH)).toEqual(before);
  return result;
}

/** The formats of the lines of each stream on the branch. */
async function formats(): Promise<Record<string, string[]>> {
  const formatOf = (line: Line) => ('attributes' in line ? 'raw' : 'flat');
  return Object.fromEntries(
    [...(await cloned(stage))].map(([name, lines]) => [name, [...new Set(lines.map(formatOf))]]),
  );
}

test('another record format is refused on a data branch, also with reset-state, which keeps the files there', async () => {
  expectGreen(await stage.sync({ with: flat }));
  expectError(await refused(raw), 'record-format-changed');
  const reset = await refused({ ...raw, 'reset-state': 'true' });
  expectError(reset, 'record-format-changed');
  expect(reset.log).toMatch(/`sync-mode: full_refresh`/);
});

longTest(
  'a full refresh in the other format replaces the files, stream by stream, and a stream that fails keeps its own',
  async () => {
    expectGreen(await stage.sync({ with: flat }));
    stage.kustomer.faults.add({
      kind: 'status',
      status: 400,
      match: ({ body }) => JSON.stringify(body ?? '').includes('conversation_updated_at'),
      times: 100,
    });
    await stage.sync({ with: { ...raw, 'sync-mode': 'full_refresh' } });
    stage.kustomer.faults.clear();
    expect(await formats()).toMatchObject({ conversations: ['flat'], customers: ['raw'], tags: ['raw'] });
    const files = await stage.github.repository.files(BRANCH);
    const schemaOf = (stream: string) => JSON.parse(String(files.get(`schema/${stream}.json`)))['x-record-format'];
    expect([schemaOf('conversations'), schemaOf('customers')]).toEqual(['flat', 'raw']);
    expectGreen(await stage.sync({ with: { ...raw, 'sync-mode': 'full_refresh' } }));
    expectGreen(await stage.sync({ with: raw }));
    expect(await formats()).toMatchObject({ conversations: ['raw'], customers: ['raw'], tags: ['raw'] });
  },
);

longTest('a backfill and a sync of one branch write one format, whoever was first', async () => {
  expectGreen(await stage.sync({ with: { ...raw, ...backfill } }));
  expectError(await refused(flat), 'record-format-changed');
  expectGreen(await stage.sync({ with: { ...raw, 'start-date': TO } }));
  expectError(
    await refused({ ...flat, 'start-date': '2019-01-01', 'end-date': '2020-01-01' }),
    'record-format-changed',
  );
});

test('another data-path on a branch that has its records elsewhere is refused', async () => {
  expectGreen(await stage.sync({ with: flat }));
  const result = await refused({ ...flat, 'data-path': 'records' });
  expectError(result, 'data-path-changed');
});

longTest(
  'so it is when a backfill was there first, for a sync, another backfill and a run that begins at the same time',
  async () => {
    const elsewhere = { ...flat, 'data-path': 'records' };
    expectGreen(await stage.sync({ with: { ...flat, ...backfill } }));
    for (const inputs of [{}, { 'reset-state': 'true' }, { 'start-date': '2019-01-01', 'end-date': '2020-01-01' }])
      expectError(await refused({ ...elsewhere, ...inputs }), 'data-path-changed');
    expectGreen(await stage.sync({ with: flat }));
    const files = await stage.github.repository.files(BRANCH);
    expect([...files.keys()].filter(path => path.endsWith('.ndjson') && !path.startsWith('data/'))).toEqual([]);
  },
);

longTest('of two runs that begin a branch at the same time, the slower one is refused in another folder', async () => {
  const [one, other] = await Promise.all([
    stage.sync({ with: flat }),
    stage.sync({ with: { ...flat, ...backfill, 'data-path': 'records' } }),
  ]);
  const late = one.exitCode === 0 ? other : one;
  expectGreen(one.exitCode === 0 ? one : other);
  expectError(late, 'data-path-changed');
  const files = await stage.github.repository.files(BRANCH);
  const folders = [...files.keys()].filter(path => path.endsWith('.ndjson')).map(path => path.split('/')[0]);
  expect(new Set(folders).size).toBe(1);
});

longTest('a backfill with another data-path than the sync of the branch is refused', async () => {
  expectGreen(await stage.sync({ with: { ...flat, 'start-date': TO } }));
  expectError(await refused({ ...flat, ...backfill, 'data-path': 'records' }), 'data-path-changed');
});
