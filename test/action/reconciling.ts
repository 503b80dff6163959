// Reconciliations that die: each in a small organization of its own, which has been synced and has lost records since.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { STREAMS, type Stream } from '../world/kustomer/index.ts';
import { partText } from '../world/part-text.ts';
import { usualNodeArgs } from '../world/runner/index.ts';
import { ACTION, type Line, openStage, type Stage } from '../world/stage.ts';
import { actionOf, PRELOAD } from './crash-at.ts';
import { cloned, faults, HOUR, populate } from './publishing.ts';
import { downloaded, existing, idsIn, onTheBranch } from './views.ts';

/** Updated and created while nobody reconciles, after a death. */
const CHANGES = 2;
const GONE: readonly Stream[] = ['messages', 'customers', 'tags'];

/** Reconciliations that die, ten at most, of an organization that is synced and loses and gets records meanwhile. */
export async function openReconciliationCrashes(destination: 'artifact' | 'branch') {
  const stage = await openStage({ world: { pageSizeMax: 6 } });
  const { world, root } = stage;
  populate(stage);
  stage.streams = 'all';
  // Of the archive, too.
  const [from, to] = [Date.now() - 30_000 * HOUR, Date.now() - 20_000 * HOUR];
  world.populate({ messages: 6, customers: 3, kobjects: { order: 4 } }, { from, to });
  const inputs = { destination, settle: '0s' };
  await stage.sync({ with: inputs });
  const stepsFile = join(root, 'steps');
  return {
    /**
     * Dies at a step of input or output, reconciles again, and syncs.
     * @param step from 1; 0 for one that lives, to count the steps
     * @param post whether the machine lives to run the post step
     * @returns what is wrong then
     */
    async crash(step: number, post = true): Promise<{ steps: number; died: boolean; wrong: string[] }> {
      for (const stream of GONE) world.hardDelete(stream, [goer(stage, stream)]);
      const first = await stage.sync({
        with: { ...inputs, mode: 'reconcile' },
        action: await actionOf(stage, false, post),
        nodeArgs: [...usualNodeArgs(), '--import', PRELOAD],
        env: { DIE_AT: String(step), STEPS_FILE: stepsFile },
      });
      const steps = Number(await readFile(stepsFile, 'utf8').catch(() => '0'));
      const at = Date.now() - 1_000;
      world.update('conversations', CHANGES, { at });
      for (const stream of GONE) world.create(stream, 1, { updatedAt: at });
      const second = await stage.sync({ with: { ...inputs, mode: 'reconcile' }, action: ACTION });
      const wrong = second.outputs.complete === 'true' ? [] : [first.job.log + second.job.log];
      if (first.post !== undefined && first.post.exitCode !== 0) wrong.push(first.job.log);
      wrong.push(...(await wrongIds(stage, destination)));

      // The sync goes on as if nobody had reconciled; that the tag is gone is a line of its own.
      const last = await stage.sync({ with: inputs });
      const expected = CHANGES + GONE.length + 1;
      if (last.outputs.records !== String(expected)) wrong.push(`${last.outputs.records} records in the next sync`);
      wrong.push(...(await wrongRecords(stage, destination)));
      return { steps, died: first.signal === 'SIGKILL', wrong };
    },
    [Symbol.asyncDispose]: () => stage.close(),
  };
}

/** A record that is to go: of what was updated lately a reconciliation does not say that it is gone, but of lists. */
function goer({ world }: Stage, stream: Stream): string {
  const isOld = ({ updatedAt }: { updatedAt: string }) => Date.parse(updatedAt) < Date.now() - 2 * HOUR;
  const [id] = [...world.truth(stream)].find(([, each]) => stream === 'tags' || isOld(each)) ?? [];
  if (id === undefined) throw new Error(`${stream} has no record that is old enough: it takes another world`);
  return id;
}

/** What is missing or twice among all lines, and what the views do not show as it is. */
async function wrongRecords(stage: Stage, destination: string): Promise<string[]> {
  const files = destination === 'branch' ? await onTheBranch(stage) : await downloaded(stage);
  const { missing, twice } = faults(stage, destination === 'branch' ? await cloned(stage) : await recordsIn(files));
  const [shown, truth] = [await idsIn(files, STREAMS), existing(stage, STREAMS)];
  const others = STREAMS.filter(stream => String(shown[stream]) !== String(truth[stream]));
  return [
    ...missing.map(id => `${id} missing`),
    ...twice.map(id => `${id} twice`),
    ...others.map(stream => `${stream}: the views show ${shown[stream]} instead of ${truth[stream]}`),
  ];
}

/** The ids of the newest reconciliation: each of what exists once, but those twice that changed meanwhile. */
async function wrongIds(stage: Stage, destination: string): Promise<string[]> {
  const files = destination === 'branch' ? await onTheBranch(stage) : await downloaded(stage);
  const manifests = [...files].filter(([path]) => /(?:^ids\/.*|^[^/]+)\/manifest\.json$/.test(path));
  const { as_of, complete, files: listed } = JSON.parse(String(manifests.at(-1)?.[1] ?? '{}'));
  if (as_of === undefined || complete !== true) return ['the newest reconciliation is not complete'];
  return Object.entries(existing(stage, STREAMS)).flatMap(([stream, ids]) => {
    const own = (listed as { stream: string; records: number }[]).filter(file => file.stream === stream);
    const found = own.reduce((sum, { records }) => sum + records, 0);
    const most = ids.length + (stream === 'conversations' ? CHANGES : 0);
    return found >= ids.length && found <= most ? [] : [`${stream}: ${found} ids of ${ids.length}`];
  });
}

/** The lines of records in downloaded artifacts. */
async function recordsIn(files: ReadonlyMap<string, Buffer>): Promise<Map<Stream, Line[]>> {
  const lines = new Map<Stream, Line[]>();
  for (const [path, bytes] of files) {
    const [, stream] = /^[^/]+\/([^/]+)\/[^/]+\.ndjson$/.exec(path) ?? [];
    if (stream === undefined || path.includes('-ids-')) continue;
    const own = (await partText(path, bytes))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line);
    lines.set(stream as Stream, [...(lines.get(stream as Stream) ?? []), ...own]);
  }
  return lines;
}
