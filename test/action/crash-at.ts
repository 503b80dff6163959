// One crash: a run that dies at its n-th step of input or output, the post step or none, and a run to completion. Then
// everything that was ever published is compared with the truth.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { usualNodeArgs } from '../world/runner/index.ts';
import { openStage, type Stage, type Sync } from '../world/stage.ts';
import { impatientMain } from './impatient/bundle.ts';
import { cloned, faults, HOUR, populate, uploaded } from './publishing.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Node loads it before the action, which then dies at the step that DIE_AT names. */
export const PRELOAD = join(ROOT, 'scripts/die-at-step.mjs');

export interface Crash {
  readonly destination: 'artifact' | 'branch';
  /** From 1; 0 for a run that lives, to count the steps. */
  readonly step: number;
  /** Whether the machine lives to run the post step. */
  readonly post: boolean;
  /** Notes down and publishes what it has read all the time, as a run of many hours does now and then. */
  readonly impatient?: boolean;
  /** No manifest can be read: the token may not. */
  readonly blind?: boolean;
}

export interface Outcome {
  /** Of the run that was to die. */
  readonly steps: number;
  readonly died: boolean;
  readonly missing: readonly string[];
  readonly twice: readonly string[];
  /** Why the second run, or the post step, failed, if it did. */
  readonly log: string;
  /** Publications: artifacts or commits. */
  readonly publications: number;
}

export async function crash({ destination, step, post, impatient, blind }: Crash): Promise<Outcome> {
  const stage = await openStage({
    ...(impatient ? { server: { latencyMs: 120 }, world: { pageSizeMax: 4 } } : {}),
    ...(blind ? { github: { tokens: { ghs_main: { contents: 'write' } } } } : {}),
  });
  try {
    populate(stage);
    const stepsFile = join(stage.root, 'steps');
    const inputs = { destination };
    const options: Sync = { with: inputs, action: await actionOf(stage, impatient ?? false, post) };
    const first = await stage.sync({
      ...options,
      nodeArgs: [...usualNodeArgs(), '--import', PRELOAD],
      env: { DIE_AT: String(step), STEPS_FILE: stepsFile },
    });
    const steps = Number(await readFile(stepsFile, 'utf8').catch(() => '0'));
    stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
    stage.world.create('customers', 1, { updatedAt: Date.now() - HOUR / 3 });
    const second = await stage.sync({ ...options, action: ROOT });
    const published = await (destination === 'branch' ? cloned(stage) : uploaded(stage));
    const bad = second.exitCode !== 0 || (first.post !== undefined && first.post.exitCode !== 0);
    return {
      steps,
      died: first.signal === 'SIGKILL',
      ...faults(stage, published),
      log: bad ? first.job.log + second.job.log : '',
      publications:
        destination === 'branch'
          ? (await stage.github.repository.history('kustomer-data')).length
          : stage.github.artifacts().length,
    };
  } finally {
    await stage.close();
  }
}

/** The action, with or without its post step: without one is what a machine that vanishes leaves of it. */
export async function actionOf(stage: Stage, impatient: boolean, post: boolean): Promise<string> {
  const dir = join(stage.root, `action-${impatient}-${post}`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const text = await readFile(join(ROOT, 'action.yml'), 'utf8');
  const main = impatient ? await impatientMain() : join(ROOT, 'dist/main.mjs');
  await writeFile(
    join(dir, 'action.yml'),
    text
      .replace('main: dist/main.mjs', `main: ${relative(dir, main)}`)
      .replace(/ *post: dist\/post\.mjs/, post ? `  post: ${relative(dir, join(ROOT, 'dist/post.mjs'))}` : ''),
  );
  return dir;
}
