// What the tests of publishing share: a small organization, and all that was ever published, read where a user would.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { STREAMS, type Stream } from '../world/kustomer/index.ts';
import { partText } from '../world/part-text.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { type Line, openStage, type Stage, type StageOptions, updatedAtOf } from '../world/stage.ts';

const run = promisify(execFile);
export const BRANCH = 'kustomer-data';
export const HOUR = 3_600_000;

/** Few records, of some streams of each kind, which are what is asked for: the others take time, and have nothing. */
export function populate(stage: Stage, times = 1): void {
  const now = Date.now();
  stage.streams = 'conversations, customers, messages, tags, users';
  stage.world.populate(
    { users: 3, tags: 4, customers: 8 * times, conversations: 12 * times, messages: 10 * times },
    { from: now - 30 * 24 * HOUR, to: now - 3 * HOUR, tieFraction: 0.2, tieSize: 4 },
  );
}

/** A stage with a small organization, in the place of the one before. */
export async function nextStage(before: Stage | undefined, options?: StageOptions): Promise<Stage> {
  await before?.close();
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

/** Closes a stage whose GitHub has had no request that it should not have had. */
export async function endStage(stage: Stage): Promise<void> {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
}

export const onBranch = { destination: 'branch' };

/** The NDJSON of a set of files, by stream. */
async function linesOf(
  files: ReadonlyMap<string, Buffer>,
  streamOf: (path: string) => string | undefined,
): Promise<Map<Stream, Line[]>> {
  const lines = new Map<Stream, Line[]>();
  for (const [path, bytes] of files) {
    const stream = streamOf(path) as Stream | undefined;
    if (stream === undefined || !/\.ndjson(\.gz)?(\.age)?$/.test(path)) continue;
    const text = await partText(path, bytes);
    if (!text.endsWith('\n')) throw new Error(`${path} does not end with a line end`);
    const mine = text.slice(0, -1).split('\n');
    lines.set(stream, [...(lines.get(stream) ?? []), ...mine.map(line => JSON.parse(line) as Line)]);
  }
  return lines;
}

/** What a clone of the data branch holds; checks the repository on the way. */
export async function cloned(stage: Stage, repository = stage.github.repository): Promise<Map<Stream, Line[]>> {
  await repository.fsck();
  const dir = await mkdtemp(join(tmpdir(), 'clone-'));
  try {
    await run('git', ['clone', '--quiet', '--single-branch', '--branch', BRANCH, repository.dir, dir]);
    const { stdout } = await run('git', ['ls-files', '-z'], { cwd: dir });
    const files = new Map<string, Buffer>();
    for (const path of stdout.split('\0').filter(name => name !== '')) files.set(path, await readFile(join(dir, path)));
    return linesOf(files, path => /^data\/([^/]+)\/dt=\d{4}-\d\d-\d\d\/[^/]+$/.exec(path)?.[1]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * What all artifacts together hold; each has to agree with its manifest. `merged`: one that holds a manifest alone tells of
 * files in other artifacts, which have to be there.
 */
export async function uploaded(stage: Stage, merged = false): Promise<Map<Stream, Line[]>> {
  const all = new Map<Stream, Line[]>();
  const names = new Map(stage.github.artifacts().map(({ name, id }) => [name, id]));
  for (const { id } of stage.github.artifacts()) {
    const files = await stage.github.readArtifact(id);
    const manifest = JSON.parse(String(files.get('manifest.json'))) as {
      files: { path: string; bytes: number; artifact?: string }[];
    };
    if (merged && [...files.keys()].every(path => !path.includes('.ndjson'))) {
      for (const { path, bytes, artifact = '' } of manifest.files) {
        expect((await stage.github.readArtifact(names.get(artifact) ?? 0)).get(path)?.length).toBe(bytes);
      }
      continue;
    }
    const beside = ['manifest.json', 'state.json', 'views.sql'];
    expect([...files.keys()].filter(path => beside.includes(path)).sort()).toEqual(beside);
    expect([...files.keys()].filter(path => !beside.includes(path) && !path.endsWith('/schema.json')).sort()).toEqual(
      manifest.files.map(({ path }) => path).sort(),
    );
    for (const { path, bytes } of manifest.files) expect(files.get(path)?.length).toBe(bytes);
    for (const [stream, lines] of await linesOf(files, path => /^([^/]+)\/[^/]+$/.exec(path)?.[1])) {
      all.set(stream, [...(all.get(stream) ?? []), ...lines]);
    }
  }
  return all;
}

/** What is missing, and what is there twice in one version. */
export function faults(
  stage: Stage,
  published: ReadonlyMap<Stream, readonly Line[]>,
): { missing: string[]; twice: string[] } {
  const missing: string[] = [];
  const twice: string[] = [];
  for (const stream of STREAMS) {
    const versions = new Map<string, number>();
    for (const line of published.get(stream) ?? []) {
      const version = `${stream} ${line.id} ${updatedAtOf(line)}`;
      versions.set(version, (versions.get(version) ?? 0) + 1);
    }
    for (const [version, n] of versions) if (n > 1) twice.push(version);
    for (const [id, { updatedAt }] of stage.world.truth(stream)) {
      if (!versions.has(`${stream} ${id} ${updatedAt}`)) missing.push(`${stream} ${id} ${updatedAt}`);
    }
  }
  return { missing, twice };
}

export const FLAWLESS = { missing: [], twice: [] };

/** Holds up the n-th request of a kind from now on, until `go` is called. */
export function hold(stage: Stage, kind: string, n = 1): { reached: Promise<void>; go(): void } {
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let seen = 0;
  stage.github.traffic.onRequest(async ({ operation }) => {
    if (operation !== kind || ++seen !== n) return;
    reached.resolve();
    await released.promise;
  });
  return { reached: reached.promise, go: released.resolve };
}

export function messages(result: ActionResult, level?: string): string[] {
  const all = [...result.annotations, ...(result.post?.annotations ?? [])];
  return all.filter(each => level === undefined || each.level === level).map(({ message }) => message);
}

export async function stateOnBranch(
  stage: Stage,
): Promise<{ generation: number; totals: Record<string, { records: number; files: number }> }> {
  const files = await stage.github.repository.files(BRANCH);
  return JSON.parse(String(files.get('state.json')));
}
