// How fresh a data branch is can be seen on it, also when nothing was new, and costs no commit a run.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LONG, longTest } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { markAt, measureMarks } from './freshness.ts';
import { BRANCH, cloned, HOUR, onBranch, populate } from './publishing.ts';
import { DAY, expectGreen } from './support.ts';

async function open(): Promise<Stage> {
  const stage = await openStage();
  populate(stage);
  return stage;
}

async function readmeOf(stage: Stage): Promise<string> {
  return String((await stage.github.repository.files(BRANCH)).get('README.md'));
}

describe.concurrent('a data branch', () => {
  test('has a mark that says when it was last checked, which a run without news replaces and does not commit', async () => {
    await using stage = await open();
    expectGreen(await stage.sync({ with: onBranch }));
    expect(await markAt(stage)).toBeUndefined();
    const marks = [];
    const checks = LONG ? 3 : 2;
    for (let n = 0; n < checks; n++) {
      const result = await stage.sync({ with: onBranch });
      expectGreen(result);
      const mark = (await markAt(stage)) ?? '';
      const [, checked = '', upTo, run] = /^checked (\S+): complete up to (\S+) \[run (\d+)\.1\]$/.exec(mark) ?? [];
      expect(Date.parse(checked)).toBeGreaterThan(result.startedAt.getTime() - 1_000);
      expect(upTo).toBe((JSON.parse(result.outputs.streams ?? '') as { to: string }[])[0]?.to);
      expect(run).toBe(String(stage.github.repository.runs.at(-1)?.id));
      marks.push(mark);
    }
    expect(new Set(marks).size).toBe(checks);
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(1);
    expect((await stage.github.repository.git.refs()).map(({ name }) => name).sort()).toEqual([
      `refs/heads/${BRANCH}`,
      'refs/heads/main',
      `refs/kustomer-sync/checked/${BRANCH}`,
    ]);
  });

  longTest('tells in its README how to clone it, with the real address, and how to ask for the mark then', async () => {
    await using stage = await open();
    await stage.sync({ with: onBranch });
    await stage.sync({ with: onBranch });
    const text = await readmeOf(stage);
    const address = 'https://github.com/acme/support-data';
    const commands = [...text.matchAll(/^```sh\n(git [^`]*)^```$/gm)].map(([, command = '']) =>
      command.replace(address, stage.github.repository.dir),
    );
    expect(commands).toHaveLength(2);
    expect(text).toMatch(/\[A run\]\(https:\/\/github\.com\/acme\/support-data\/actions\/workflows\/\w+\.yml\)/);
    const folder = await mkdtemp(join(tmpdir(), 'reader-'));
    try {
      const shell = (line = '', cwd = folder) => execFileSync('sh', ['-ec', line], { cwd, encoding: 'utf8' });
      shell(commands[0]);
      expect(shell(commands[1], join(folder, 'kustomer-data')).trim()).toBe(await markAt(stage));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('has in its README records beside lines, and the time up to which it is complete beside the newest record', async () => {
    await using stage = await open();
    const { world } = stage;
    const now = { ...onBranch, settle: '0s' };
    const check = async (gone = 0) => {
      const text = await readmeOf(stage);
      for (const [stream, lines] of await cloned(stage)) {
        const [, records, counted, newest, upTo] =
          new RegExp(
            `^\\| \\[${stream}\\]\\(data/${stream}\\) \\| (\\d+) \\| (\\d+) \\| \\d+ \\| \\d+ kB \\| ([\\w :]+|–) \\| ([\\w :]+) \\|$`,
            'm',
          )
            .exec(text)
            ?.map(cell => (/:/.test(cell) ? `${cell} UTC` : cell)) ?? [];
        expect([Number(records), Number(counted)], text).toEqual([
          new Set(lines.map(({ id }) => id)).size - (stream === 'tags' ? gone : 0),
          lines.length,
        ]);
        if (stream !== 'tags') expect(Date.parse(String(newest)), text).toBeLessThanOrEqual(Date.parse(String(upTo)));
        expect(Date.now() - Date.parse(String(upTo))).toBeLessThan(10 * 60_000);
      }
    };
    await stage.sync({ with: now });
    await check();
    world.update('conversations', 4, { at: Date.now() - HOUR / 2 });
    world.create('customers', 2, { updatedAt: Date.now() - HOUR / 2 });
    world.hardDelete('tags', 1);
    world.softDelete('messages', 2);
    await new Promise(resolve => setTimeout(resolve, 1_100));
    await stage.sync({ with: now });
    await check();
    await stage.sync({ with: { ...now, streams: 'users:full_refresh, messages' } });
    await check();
    await stage.sync({ with: { ...now, 'reset-state': 'true' } });
    // A record that is gone comes no second time.
    await check(1);
  });

  longTest('gets no mark by a run that is not complete, nor by a backfill', async () => {
    await using stage = await open();
    await stage.sync({ with: onBranch });
    stage.kustomer.faults.add({ kind: 'status', status: 400, times: Infinity, match: { stream: 'messages' } });
    await stage.sync({ with: onBranch });
    expect(await markAt(stage)).toBeUndefined();
    const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
    stage.kustomer.faults.clear();
    const backfill = { ...onBranch, 'start-date': day(20), 'end-date': day(10) };
    await stage.sync({ with: backfill });
    await stage.sync({ with: backfill });
    expect(await markAt(stage)).toBeUndefined();
    await stage.sync({ with: onBranch });
    expect(await markAt(stage)).toContain('complete up to');
  });

  longTest('costs no run its success where GitHub does not take the mark', async () => {
    await using stage = await open();
    await stage.sync({ with: onBranch });
    stage.github.traffic.fault('git.updateRef', { kind: 'status', status: 403 }, { times: Infinity });
    const result = await stage.sync({ with: onBranch });
    expectGreen(result);
    expect(result.log).toContain(
      'GitHub did not take the mark that says when the branch kustomer-data was last checked.',
    );
  });
});

// The long form, with the figures: npm run freshness
longTest('its repository does not grow by runs without news', async () => {
  const { mark, commits, commitsOnBranch, bytes } = await measureMarks(40);
  expect(mark).toMatch(
    /^checked 2026-01-02T16:00:00\.000Z: complete up to 2026-01-02T16:00:00\.000Z \[run 1000040\.1\]$/,
  );
  expect({ commits, commitsOnBranch }).toEqual({ commits: 1, commitsOnBranch: 0 });
  expect(bytes).toBeLessThan(1_000);
});
