// The summary answers in this order: did it work, how fresh is the data, what has changed, where it went.
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { longTest } from '../forms.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { type Line, openStage, type Stage, type Sync } from '../world/stage.ts';
import { annotations, DAY, expectGreen, expectRed, populate, streamsOf } from './support.ts';

interface Counts {
  readonly new: number;
  readonly changed: number;
  readonly deleted: number;
}

/** The rows of the first table of the summary, by the name of the stream. */
function counted({ summary }: ActionResult): Map<string, Counts> {
  const lines = summary.split('\n');
  const head = lines.indexOf('| Stream | New | Changed | Deleted | Records | In all runs |');
  const rows = new Map<string, Counts>();
  for (const line of head < 0 ? [] : lines.slice(head + 2)) {
    if (!line.startsWith('|')) break;
    const [name = '', ...cells] = line.slice(2, -2).split(' | ');
    if (name === '**All**') continue;
    const [fresh, changed, deleted, records] = cells.map(cell => Number(cell.replaceAll(',', '')));
    expect((fresh ?? 0) + (changed ?? 0) + (deleted ?? 0), line).toBe(records);
    // Streams without news are in one row.
    if (records === 0) continue;
    rows.set(name, { new: fresh ?? 0, changed: changed ?? 0, deleted: deleted ?? 0 });
  }
  return rows;
}

function isDeleted(line: Line): boolean {
  return line.deleted === true || typeof line.deleted_at === 'string';
}

/** Runs a sync after the other, and holds what each says against what it published and what those before it had published. */
class Counting {
  readonly #stage: Stage;
  readonly #known = new Set<string>();
  readonly #published = new Map<string, number>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async sync(options: Sync = {}): Promise<ActionResult> {
    // The times of changes are whole seconds, and a run reads what is before its own.
    await new Promise(resolve => setTimeout(resolve, 1_100));
    const result = await this.#stage.sync({ ...options, with: { settle: '0s', ...options.with } });
    const records = (await this.#stage.published(result))?.records ?? new Map<string, Line[]>();
    const truth = new Map<string, Counts>();
    for (const [stream, lines] of records) {
      const counts = { new: 0, changed: 0, deleted: 0 };
      for (const line of lines) {
        const key = `${stream} ${line.id}`;
        if (isDeleted(line)) counts.deleted++;
        else counts[this.#known.has(key) ? 'changed' : 'new']++;
        this.#known.add(key);
      }
      truth.set(stream, counts);
    }
    expect(Object.fromEntries(counted(result)), result.summary).toEqual(Object.fromEntries(truth));
    for (const [stream, lines] of records) {
      const total = (this.#published.get(stream) ?? 0) + lines.length;
      this.#published.set(stream, total);
      expect(result.summary, stream).toMatch(new RegExp(`^\\| ${stream} \\|.* \\| ${total} \\|$`, 'm'));
    }
    return result;
  }
}

describe.concurrent('what has changed', () => {
  test('is counted as new, changed and deleted just as it is, run after run', async () => {
    await using stage = await openStage();
    populate(stage);
    const { world } = stage;
    const runs = new Counting(stage);
    expect((await runs.sync()).summary).toMatch(/^## ✅ First Kustomer sync complete: 190 records in \d+ s\n/);
    world.update('messages', 7);
    world.create('messages', 5);
    world.create('conversations', 3);
    world.softDelete('conversations', 2);
    world.softDelete('users', 1);
    world.hardDelete('tags', 2);
    world.update('tags', 1);
    world.create('teams', 1);
    const second = await runs.sync();
    expect(counted(second).get('messages')).toEqual({ new: 5, changed: 7, deleted: 0 });
    expect(second.summary).toContain('| customers, kobjects, notes, shortcuts | 0 | 0 | 0 | 0 | 66 |');
    // What is updated right after its creation is new all the same, and changed from then on.
    const ids = world.create('notes', 4);
    world.update('notes', ids.slice(2));
    expect(counted(await runs.sync()).get('notes')).toEqual({ new: 4, changed: 0, deleted: 0 });
    world.update('notes', ids);
    world.update('kobjects', 3);
    world.create('kobjects', 2);
    expect(counted(await runs.sync()).get('notes')).toEqual({ new: 0, changed: 4, deleted: 0 });
    const last = await runs.sync();
    expect(counted(last).size).toBe(0);
    expect(last.summary).toMatch(
      /^## ✅ Kustomer sync complete: nothing new in \d+ s\n\nThe data is complete up to \*\*/,
    );
  });

  longTest('is new where it was indexed late, or is older than what was read before', async () => {
    await using stage = await openStage();
    const now = Date.now();
    stage.world.populate({ messages: 30 }, { from: now - 30 * DAY, to: now - 20 * DAY });
    stage.world.populate({ messages: 20 }, { from: now - 10 * DAY, to: now - 5 * DAY });
    const late = stage.world.create('messages', 3, { updatedAt: now - 10 * 60_000, visibleAt: now + 8_000 });
    expect(late).toHaveLength(3);
    const runs = new Counting(stage);
    const only = { streams: 'messages' };
    const since = { ...only, 'start-date': new Date(now - 15 * DAY).toISOString() };
    expect(counted(await runs.sync({ with: since })).get('messages')?.new).toBe(20);
    await new Promise(resolve => setTimeout(resolve, 8_000));
    expect(counted(await runs.sync({ with: since })).get('messages')).toEqual({ new: 3, changed: 0, deleted: 0 });
    expect(counted(await runs.sync({ with: only })).get('messages')).toEqual({ new: 30, changed: 0, deleted: 0 });
  });

  longTest('is read again in full where that is asked for, and counts as neither new nor changed', async () => {
    await using stage = await openStage();
    populate(stage);
    expectGreen(await stage.sync({ with: { streams: 'tags,notes' } }));
    const again = await stage.sync({ with: { streams: 'tags:full_refresh,notes' } });
    expectGreen(again);
    expect(again.summary).toContain('| tags | read again |  | 0 | 8 | 16 |');
  });
});

describe.concurrent('a run that has failed', () => {
  test('says so, and why, in the first three lines, and then how fresh the data still is', async () => {
    await using stage = await openStage();
    populate(stage);
    const inputs = { streams: 'notes, tags' };
    // So that it ends before the window of the next run, however soon that comes.
    const first = await stage.sync({ with: { ...inputs, settle: '120s' } });
    expectGreen(first);
    stage.kustomer.faults.add({ kind: 'status', status: 400, times: Infinity, match: { stream: 'notes' } });
    const result = await stage.sync({ with: inputs });
    expectRed(result);
    const [error = ''] = annotations(result, 'error');
    const lines = result.summary.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^## ❌ Kustomer sync failed after \d+ s$/),
      '> [!CAUTION]',
      `> ${error}`,
    ]);
    expect(result.summary).toMatch(/- up to \*\*\d+ \w+ 2026 [\d:]+ UTC\*\*, .* before this run ended: notes\n/);
    expect(result.summary).toMatch(/\nThe state was last saved before this run: \[\d+ \w+ 2026 [\d:]+ UTC\]/);
    expect(result.summary).toContain(
      `](https://github.com/acme/support-data/actions/runs/${stage.github.repository.runs[0]?.id})`,
    );
    expect(result.summary).toMatch(/\| notes \| incremental \| ❌ failed \| 0 \|/);
    expect(streamsOf(result).find(({ name }) => name === 'notes')?.error).toBe(error);
  });

  longTest('before it read anything does not say that there was nothing new', async () => {
    await using stage = await openStage();
    stage.kustomer.faults.add({ kind: 'status', status: 401, times: Infinity });
    const result = await stage.sync();
    expectRed(result);
    expect(result.summary.split('\n')[2]).toMatch(/^> Kustomer does not accept the API key \(401\)/);
    expect(result.summary + result.log).not.toContain('nothing new');
    expect(result.summary).toContain('\n\nThe data is not complete yet.\n\n');
  });

  longTest('to publish does not say that what it has read is there', async () => {
    await using stage = await openStage();
    populate(stage);
    stage.github.traffic.fault('CreateArtifact', { kind: 'status', status: 403 }, { times: Infinity });
    const result = await stage.sync({ with: { streams: 'messages, tags' } });
    expectRed(result);
    expect(result.outputs['state-saved']).toBe('false');
    expect(result.summary).toContain('\n\nThe data is not complete yet.\n\nNothing published · state unchanged\n');
  });

  test('of its inputs has them as a list', async () => {
    await using stage = await openStage();
    const result = await stage.sync({ with: { settle: 'x|<b>', lookback: '6' } });
    const lines = result.summary.split('\n');
    expect(lines[0]).toMatch(/^## ❌ Kustomer sync failed after \d+ s$/);
    expect(lines.slice(1, 5)).toEqual([
      '> [!CAUTION]',
      '> These inputs cannot be used:',
      // What could end a cell or begin a tag is no code, but text.
      expect.stringContaining('> - `settle` is &#96;x&#124;&#60;b&#62;&#96;. Use a number'),
      expect.stringContaining('> - `lookback` is `6`'),
    ]);
  });

  longTest('a summary that cannot be written does not fail the run', async () => {
    await using stage = await openStage();
    populate(stage);
    const folder = join(stage.root, 'work', '_temp', '_runner_file_commands');
    let path = '';
    const onLine = (line: string) => {
      if (line.startsWith('Reading ')) {
        path = join(folder, readdirSync(folder).find(name => name.startsWith('step_summary')) ?? '');
        rmSync(path);
        mkdirSync(path);
      }
      if (!line.includes('could not be written')) return;
      rmdirSync(path);
      writeFileSync(path, '');
    };
    const result = await stage.sync({ onLine, with: { streams: 'tags' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(annotations(result, 'warning')).toEqual([
      expect.stringContaining('summary of the run could not be written'),
    ]);
  });
});

test('a run that was refused before it read anything shows no table of what it has not done', async () => {
  await using stage = await openStage({ github: { visibility: 'public' } });
  const result = await stage.sync();
  expectRed(result);
  expect(result.summary).toMatch(
    /^## ❌ Kustomer sync failed after \d+ s\n> \[!CAUTION\]\n> The repository .* is public/,
  );
  expect(result.summary).not.toContain('|');
});

longTest('a stream that the key may not read is in the verdict of a run that is green', async () => {
  await using stage = await openStage();
  populate(stage);
  stage.kustomer.faults.add({ kind: 'status', status: 403, times: Infinity, match: { stream: 'notes' } });
  const result = await stage.sync();
  expect(result.exitCode).toBe(0);
  expect(result.summary.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^## ⚠️ First Kustomer sync complete except for notes: \d+ records in \d+ s$/),
    '> [!WARNING]',
    `> ${annotations(result, 'warning')[0]}`,
  ]);
  expect(result.log).toMatch(/^Complete except for notes: \d+ records in \d+ m?s, artifact kustomer-sync, /m);
});

test('records on a branch are linked: the commit, and the folder on the branch', async () => {
  await using stage = await openStage();
  populate(stage);
  const result = await stage.sync({ with: { destination: 'branch', streams: 'tags' } });
  expectGreen(result);
  const { commit } = result.outputs;
  expect(result.summary).toContain(
    `commit [${commit?.slice(0, 12)}](https://github.com/acme/support-data/commit/${commit})`,
  );
  expect(result.summary).toContain(
    'branch [kustomer-data](https://github.com/acme/support-data/tree/kustomer-data/data)',
  );
  expect(result.summary).toContain(
    '| [tags](https://github.com/acme/support-data/tree/kustomer-data/data/tags) | 8 | 0 | 0 | 8 | 8 |',
  );
});

longTest('a plan, its shards and their merge say what they are', async () => {
  await using stage = await openStage();
  populate(stage);
  const { runId } = stage.github.job();
  const job = { runId, sameAttempt: true };
  const plan = await stage.sync({ job, with: { mode: 'plan' } });
  expect(plan.summary).toMatch(
    /^## ✅ Kustomer plan of 1 shard made in \d+ s\n\nFrom the beginning to .*\n\n\*\*1 shard for about 190 records/,
  );
  expect(plan.summary).toContain('Next: run a job with `shard: $');
  const [shard = ''] = (JSON.parse(plan.outputs.matrix ?? '') as { shard: string[] }).shard;
  const read = await stage.sync({ job, with: { shard } });
  expect(read.summary).toMatch(
    /^## ✅ Kustomer sync of shard 1 of 1 complete: 190 records in \d+ s\n\nFrom the beginning to /,
  );
  const merged = await stage.sync({ job, with: { mode: 'merge', plan: plan.outputs.matrix ?? '' } });
  expect(merged.summary).toMatch(
    /^## ✅ Kustomer merge of 1 shard complete: 190 records in \d+ s\n\nFrom the beginning to /,
  );
  expect(merged.summary).toContain('Next: let the schedule of the incremental sync run again; it goes on from here.');
});

test('a backfill says what it has read', async () => {
  await using stage = await openStage();
  populate(stage);
  const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
  const result = await stage.sync({ with: { 'start-date': day(20), 'end-date': day(10), streams: 'messages' } });
  expectGreen(result);
  expect(result.summary).toMatch(
    /^## ✅ Kustomer backfill complete: \d+ records in \d+ s\n\nFrom \d+ \w+ 2026 00:00:00 UTC to /,
  );
});
