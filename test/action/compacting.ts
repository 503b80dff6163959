// What the tests of compaction share: a data branch with a past, and what is on it, and reachable at all, after that.
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { STREAMS, type Stream } from '../world/kustomer/index.ts';
import { usualNodeArgs } from '../world/runner/index.ts';
import { openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { PRELOAD } from './crash-at.ts';
import { BRANCH, cloned, HOUR, onBranch, populate } from './publishing.ts';

export const COMPACT = { ...onBranch, mode: 'compact' };

/** Each record has this in front of its id, so that whoever is erased can be searched for. The state has ids alone. */
const MARK = 'MARKED-';

/** A stage whose records all are marked. */
export async function openMarked(options: StageOptions = {}): Promise<Stage> {
  const plant = (_: Stream, json: string) => {
    const { id } = JSON.parse(json) as { id: string };
    return json.replace('"attributes":{', `"attributes":{"planted":"${MARK}${id}",`);
  };
  const stage = await openStage({
    ...options,
    world: { plant, exoticEvery: Number.POSITIVE_INFINITY, ...options.world },
  });
  populate(stage);
  return stage;
}

/** Changes in the world that the next sync finds. @returns the ids of what is deleted, of which nothing is to be left */
export function change(stage: Stage, at = Date.now() - HOUR / 2): string[] {
  const { world } = stage;
  world.update('conversations', 4, { at });
  world.create('customers', 2, { updatedAt: at });
  world.update('messages', 3, { at });
  return [...world.softDelete('customers', 2, { at: at + 1 }), ...world.hardDelete('tags', 1)];
}

/** A branch with a past: several syncs, of which one compresses. @returns the ids of what was deleted */
export async function makeHistory(stage: Stage, inputs: Record<string, string> = {}): Promise<string[]> {
  const sync = { ...onBranch, settle: '0s', ...inputs };
  await stage.sync({ with: sync });
  const first = change(stage, Date.now() - HOUR);
  await stage.sync({ with: { ...sync, compression: 'gzip' } });
  const second = change(stage);
  await stage.sync({ with: sync });
  return [...first, ...second];
}

/** The same with less of a past, for tests to which its length does not matter. */
export async function makeShortHistory(stage: Stage): Promise<string[]> {
  await stage.sync({ with: { ...onBranch, settle: '0s' } });
  const erased = change(stage);
  await stage.sync({ with: { ...onBranch, settle: '0s' } });
  return erased;
}

/** What is wrong on the branch: it should have the latest version of each record that exists, once. */
export async function wrongOnBranch(stage: Stage): Promise<string[]> {
  const lines = await cloned(stage);
  return STREAMS.flatMap(stream => {
    const truth = new Map([...stage.world.truth(stream)].filter(([, { deleted }]) => !deleted));
    return stage.compare(stream, lines.get(stream) ?? [], truth).map(wrong => `${stream}: ${wrong}`);
  });
}

/** The same for a branch that syncs have added to since: what is there and deleted, and older versions, are no mistake then. */
export async function wrongInViews(stage: Stage): Promise<string[]> {
  const lines = await cloned(stage);
  return STREAMS.flatMap(stream => {
    const all = lines.get(stream) ?? [];
    const latest = new Map<string, (typeof all)[number]>();
    for (const line of all) {
      const before = latest.get(line.id);
      if (before === undefined || String(before.updated_at) <= String(line.updated_at)) latest.set(line.id, line);
    }
    const versions = all.map(line => `${line.id} ${line.updated_at}`);
    const twice = versions.filter((version, n) => versions.indexOf(version) < n).map(version => `${version} twice`);
    const truth = new Map([...stage.world.truth(stream)].filter(([, { deleted }]) => !deleted));
    const existing = [...latest.values()].filter(({ deleted }) => deleted !== true);
    return [...twice, ...stage.compare(stream, existing, truth)].map(wrong => `${stream}: ${wrong}`);
  });
}

/** Which marks of these ids are in an object that some ref leads to. */
export async function reachableMarks(stage: Stage, ids: readonly string[]): Promise<string[]> {
  const { git } = stage.github.repository;
  const objects = (await git.git('rev-list', '--objects', '--all')).trim().split('\n');
  const found = new Set<string>();
  for (const line of objects) {
    const { bytes } = (await git.read(line.slice(0, 40))) ?? { bytes: Buffer.alloc(0) };
    const text = String(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
    for (const id of ids) if (text.includes(MARK + id)) found.add(id);
  }
  return [...found];
}

/** The commits of the branch, and whether the first of them is a compaction. */
export async function commitsOf(stage: Stage): Promise<string[]> {
  return (await stage.github.repository.history(BRANCH)).map(({ message }) => message.split(':')[0] as string);
}

/** The files of a reconciliation of customers, as the branch has them. @param ids those that it has found */
export function reconciled(name: string, asOf: number, ids: readonly string[], outcome = 'complete') {
  const content = gzipSync(ids.map(id => `${JSON.stringify({ id })}\n`).join(''));
  const path = 'customers/7-1-ids-00001.ndjson.gz';
  const file = { path, stream: 'customers', records: ids.length, sha256: hash('sha256', content) };
  const manifest = { as_of: new Date(asOf).toISOString(), streams: [{ name: 'customers', outcome }], files: [file] };
  return { [`ids/${name}/${path}`]: content, [`ids/${name}/manifest.json`]: JSON.stringify(manifest) };
}

/** Compactions that die, one after the other, on a branch that is put back each time. */
export async function openCompactionCrashes() {
  const stage = await openMarked();
  const erased = await makeShortHistory(stage);
  const { repository } = stage.github;
  const old = (await repository.head(BRANCH)) as string;
  const stepsFile = join(stage.root, 'steps');
  return {
    /**
     * Dies at a step of input or output, and compacts again.
     * @param step from 1; 0 for one that lives, to count the steps
     * @returns what is wrong then
     */
    async crash(step: number): Promise<{ steps: number; died: boolean; wrong: string[] }> {
      await repository.forceBranch(BRANCH, old);
      const env = { DIE_AT: String(step), STEPS_FILE: stepsFile };
      const nodeArgs = [...usualNodeArgs(), '--import', PRELOAD];
      const first = await stage.sync({ with: COMPACT, nodeArgs, env });
      const wrong: string[] = [];
      const left = await repository.head(BRANCH);
      // The old branch, or the new one, which the next compaction finds nothing to do in.
      if (left !== old) wrong.push(...(await wrongOnBranch(stage)));
      const second = await stage.sync({ with: COMPACT });
      if (second.exitCode !== 0) wrong.push(second.log);
      if (left !== old && second.outputs.commit !== '') wrong.push('compacted twice');
      wrong.push(...(await wrongOnBranch(stage)), ...(await reachableMarks(stage, erased)));
      const next = await stage.sync({ with: { ...onBranch, settle: '0s' } });
      if (next.outputs.records !== '0') wrong.push(`${next.outputs.records} records again`);
      const steps = Number(await readFile(stepsFile, 'utf8').catch(() => '0'));
      return { steps, died: first.signal === 'SIGKILL', wrong };
    },
    [Symbol.asyncDispose]: () => stage.close(),
  };
}

export async function documentOf(stage: Stage): Promise<Record<string, unknown>> {
  return JSON.parse(String((await stage.github.repository.files(BRANCH)).get('state.json')));
}

export function pathsOf(files: ReadonlyMap<string, Buffer>, prefix: string): string[] {
  return [...files.keys()].filter(path => path.startsWith(prefix));
}
