// What runs without news leave in the repository of a data branch: their marks, in a real git repository behind the API.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readContext } from '../../src/github/context.ts';
import { openApi } from '../../src/github/rest.ts';
import { markChecked, markOf } from '../../src/publish/branch/freshness.ts';
import type { PublishRequest } from '../../src/publish/destination.ts';
import { NO_STATE } from '../../src/sync/state.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { BRANCH, onBranch, populate } from './publishing.ts';

const SILENT = { info() {}, debug() {}, warning() {}, notice() {} };

/** Bytes of all objects of a repository. */
function bytesOf(stage: Stage): number {
  const objects = join(stage.github.repository.dir, 'objects');
  const files = readdirSync(objects, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

async function commitsOf(stage: Stage, ...refs: readonly string[]): Promise<number> {
  return Number(await stage.github.repository.git.git('rev-list', '--count', ...refs));
}

/** The first line of the mark; undefined without one. */
export async function markAt(stage: Stage, branch = BRANCH): Promise<string | undefined> {
  const sha = await stage.github.repository.git.ref(markOf(branch));
  return sha && (await stage.github.repository.git.git('log', '-1', '--format=%s', sha)).trim();
}

/** @param runs that find nothing new after a first sync */
export async function measureMarks(runs: number) {
  await using stage = await openStage();
  populate(stage);
  await stage.sync({ with: onBranch });
  const { git } = stage.github.repository;
  await git.git('gc', '--quiet', '--prune=now');
  const before = {
    bytes: bytesOf(stage),
    commits: await commitsOf(stage, '--all'),
    onBranch: await commitsOf(stage, BRANCH),
  };
  const job = stage.github.job();
  const context = { ...readContext({}), apiUrl: job.apiUrl, repository: job.repository };
  for (let n = 1; n <= runs; n++) {
    // As a process of its own: each has a limit of its own for what it creates.
    const api = openApi(context, job.token, 'measure', SILENT).git(job.repository);
    const place = { git: api, repository: job.repository, branch: BRANCH, dataPath: 'data', stateName: 'default' };
    const savedAt = new Date(Date.UTC(2026, 0, 1, n)).toISOString();
    const state = { ...NO_STATE, savedAt, run: { id: String(1_000_000 + n), attempt: '1' } };
    const streams = [{ name: 'messages', outcome: 'complete' }];
    const request = { streams, window: { from: '', to: savedAt }, change: { state }, unfinished: [] };
    await markChecked(place, await api.tip(BRANCH), request as unknown as PublishRequest, { lost: [] }, SILENT);
  }
  const loose = bytesOf(stage) - before.bytes;
  const mark = await markAt(stage);
  const commits = (await commitsOf(stage, '--all')) - before.commits;
  const commitsOnBranch = (await commitsOf(stage, BRANCH)) - before.onBranch;
  await git.git('gc', '--quiet', '--prune=now');
  return { mark, commits, commitsOnBranch, looseBytes: loose, bytes: bytesOf(stage) - before.bytes };
}
