// The figures of docs/scale.md that take a while to measure: on this machine, and so not the same everywhere.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMeters } from '../../bench/meters.ts';
import type { Git } from '../../src/github/git.ts';
import { branchDocument } from '../../src/state/branch.ts';
import { parseState, requireReadable, serializeState } from '../../src/sync/state-document.ts';
import { openStage } from '../../test/world/stage.ts';
import { DAY, HOUR, NOW } from './company.ts';
import type { Section } from './figures.ts';
import { bytesOf, stateOf } from './state.ts';

/** Milliseconds of CPU. */
function costOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1_000);
}

function stateCosts(): string[][] {
  return (
    [
      [undefined, 'of an hourly sync'],
      [100_000, 'with as many dedup keys as there can be'],
    ] as const
  ).flatMap(([keys, what]) => {
    const state = stateOf(keys === undefined ? {} : { keys });
    const text = serializeState(state);
    return [
      [`The state ${what}`, `${(bytesOf(state).plain / 1e6).toFixed(1)} MB`],
      ['CPU to write it', `${costOf(() => serializeState(state))} ms`],
      ['CPU to read it', `${costOf(() => parseState(text, 'measured'))} ms`],
      ['CPU to read it back before publishing', `${costOf(() => requireReadable(state))} ms`],
    ];
  });
}

/** What git makes of the state documents of hourly runs, when it packs them. */
async function packedStates(commits: number): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'kustomer-sync-scale-'));
  const git = (...args: string[]) => execFileSync('git', ['-C', dir, ...args], { encoding: 'utf8' });
  try {
    git('init', '--quiet', '--bare');
    const place = {
      git: {} as Git,
      repository: 'a/b',
      branch: 'kustomer-data',
      dataPath: 'data',
      stateName: 'default',
    };
    const writers = Array.from(
      { length: 200 },
      (_, n) => `12345678901-1/01234567-89ab-cdef-0123-${String(n).padStart(12, '0')}`,
    );
    const importing = spawn('git', ['-C', dir, 'fast-import', '--quiet'], { stdio: ['pipe', 'ignore', 'inherit'] });
    for (let n = 0; n < commits; n++) {
      const at = NOW + n * HOUR;
      const text = branchDocument(stateOf({ at }), place, { writers, totals: {}, readme: '' });
      const commit = `commit refs/heads/kustomer-data\ncommitter a <a@b> ${at / 1_000} +0000\ndata 4\nsync\nM 100644 inline state.json\n`;
      importing.stdin.write(`${commit}data ${Buffer.byteLength(text)}\n${text}\n`);
    }
    importing.stdin.end();
    await once(importing, 'close');
    git('repack', '-adfq');
    const [, kilobytes = 0] = /size-pack: (\d+)/.exec(git('count-objects', '-v')) ?? [];
    return [
      `Packed by git, for each of ${commits} commits with a state`,
      `${Math.round(Number(kilobytes) / commits)} kB`,
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The action, with the users of the organization. */
async function manyUsers(users: number): Promise<string[][]> {
  await using stage = await openStage();
  stage.world.populate({ users }, { from: Date.now() - 900 * DAY, to: Date.now() - DAY });
  const rows: string[][] = [];
  for (const what of ['first', 'next']) {
    const meter = join(stage.root, `${what}-meter`);
    const result = await stage.sync({
      with: { streams: 'users' },
      env: { METER: meter },
      nodeArgs: ['--import', new URL('../../bench/meter.ts', import.meta.url).pathname],
    });
    if (result.jobConclusion !== 'success') throw new Error(`the run failed:\n${result.log}`);
    const used = readMeters(meter).sort((a, b) => a.startedAt - b.startedAt)[0];
    rows.push([
      `Most memory of the ${what} run with ${users.toLocaleString('en-US')} users`,
      `${Math.round(used?.peakMB ?? 0)} MB`,
    ]);
  }
  return rows;
}

export async function measured(): Promise<Section> {
  const rows = [...stateCosts(), await packedStates(48), ...(await manyUsers(50_000))];
  return { title: 'Measured', head: ['What', 'Figure'], rows };
}
