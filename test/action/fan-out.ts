// A plan, its shards and the merge as the jobs of one workflow run.
import { formatShard, parseShard } from '../../src/shards/shard.ts';
import type { ActionResult } from '../world/runner/index.ts';
import type { Stage, Sync } from '../world/stage.ts';

export interface FanOut {
  readonly runId: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly plan: ActionResult;
  readonly matrix: string;
  readonly shards: readonly string[];
}

/** The first job: the plan. Of a new run, unless there is one with a plan already. */
export async function makePlan(
  stage: Stage,
  inputs: Readonly<Record<string, string>>,
  { runId }: Pick<FanOut, 'runId'> = stage.github.job({ job: 'plan' }),
): Promise<FanOut> {
  const plan = await stage.sync({
    context: stage.github.job({ runId, sameAttempt: true, job: 'plan' }),
    with: { ...inputs, mode: 'plan' },
  });
  const matrix = plan.outputs.matrix ?? '';
  const shards = plan.exitCode === 0 ? (JSON.parse(matrix) as { shard: string[] }).shard : [];
  return { runId, inputs, plan, matrix, shards };
}

/** One job of the matrix, on a machine of its own; in a later attempt when it is run again. */
export function runShard(
  stage: Stage,
  { runId, inputs, shards }: FanOut,
  number: number,
  { job, with: more, ...options }: Sync = {},
): Promise<ActionResult> {
  return stage.sync({
    context: stage.github.job({ runId, sameAttempt: true, job: `shard-${number}`, ...job }),
    root: `${stage.root}/machine-${number}`,
    ...options,
    with: { ...inputs, shard: shards[number - 1] ?? '', ...more },
  });
}

/** The last job. */
export function runMerge(stage: Stage, { runId, inputs, matrix }: FanOut, options: Sync = {}): Promise<ActionResult> {
  return stage.sync({
    context: stage.github.job({ runId, sameAttempt: true, job: 'merge', ...options.job }),
    with: { ...inputs, mode: 'merge', plan: matrix, ...options.with },
  });
}

/** All shards, some at once. */
export async function runShards(stage: Stage, fan: FanOut, atOnce = 2): Promise<ActionResult[]> {
  const results: ActionResult[] = [];
  let next = 1;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let n = next++; n <= fan.shards.length; n = next++) results[n - 1] = await runShard(stage, fan, n);
    }),
  );
  return results;
}

/** A shard with something changed, and a check that fits it. */
export function forged(text: string, change: object): string {
  const shard = parseShard(text);
  if (shard === null) throw new Error('no shard');
  return formatShard({ ...shard, ...change });
}
