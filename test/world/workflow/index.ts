// Runs real workflow files: jobs in the order of their needs, matrices, calls of the workflows of this repository, and
// each job on a machine of its own, where the action is the committed dist/ and `run:` is bash.
//
//   const run = await runWorkflow({ action, github, root, file: 'examples/nightly.yml', secrets: { KUSTOMER_TOKEN } });
//   if (run.conclusion === 'failure') await run.rerunFailed();
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Permissions } from '../github/index.ts';
import { githubContext, pathsOf } from '../runner/context.ts';
import { type Contexts, fill, holds, valued } from '../runner/expressions.ts';
import { type JobContext, type JobResult, runJob, type StepResult } from '../runner/index.ts';
import { fromForm, inputsOf, lowered, secretsOf } from './calls.ts';
import { type Concurrency, type Job, readWorkflow, type Step, type Workflow } from './file.ts';
import type { JobRun, Place, WorkflowOptions, WorkflowRun } from './options.ts';
import { legsOf, mapped, type Outcome, present, together } from './outcomes.ts';
import { Queues, Slots } from './queues.ts';

export type { JobRun, Place, WorkflowOptions, WorkflowRun } from './options.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OURS = 'org/kustomer-sync';

export async function runWorkflow(options: WorkflowOptions): Promise<WorkflowRun> {
  const workflow = await readWorkflow(join(options.repository ?? ROOT, options.file), options.edit);
  const event = options.event ?? 'schedule';
  const trigger = workflow.on[event];
  if (trigger === undefined) throw new Error(`${options.file} does not run on ${event}`);
  const inputs = inputsOf(options.file, trigger?.inputs, fromForm(trigger?.inputs, options.inputs));
  return attempt(options, workflow, inputs, undefined);
}

async function attempt(
  options: WorkflowOptions,
  workflow: Workflow,
  inputs: Record<string, unknown>,
  before: WorkflowRun | undefined,
): Promise<WorkflowRun> {
  const { github, file, event = 'schedule' } = options;
  const context = github.job({
    ...(before === undefined ? {} : { runId: before.id }),
    event,
    workflow: file.split('/').at(-1) ?? file,
    workflowName: workflow.name,
    payload: event === 'workflow_dispatch' ? { inputs: options.inputs ?? {} } : {},
  });
  const run = new Run(options, context, new Map(before?.jobs.map(job => [job.name, job])));
  const { conclusion, jobs } = await run.workflow(workflow, {
    name: '',
    inputs,
    secrets: options.secrets ?? {},
    granted: workflow.permissions ?? { contents: 'read' },
    groups: [],
  });
  github.finishRun(context.runId, conclusion);
  const result: WorkflowRun = {
    id: context.runId,
    attempt: context.runAttempt,
    conclusion,
    jobs,
    rerunFailed: fate => attempt({ ...options, ...(fate && { fate }) }, workflow, inputs, result),
  };
  return result;
}

/** What a workflow is run with, be it the one of the event or a called one. */
interface Call {
  /** Of the jobs that called it. */
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly secrets: Record<string, string>;
  readonly granted: Permissions;
  /** Concurrency groups that wait for it to end. */
  readonly groups: readonly string[];
}

class Run {
  #options: WorkflowOptions;
  #context: JobContext;
  #before: Map<string, JobRun>;
  #tokens = 0;

  constructor(options: WorkflowOptions, context: JobContext, before: Map<string, JobRun>) {
    this.#options = options;
    this.#context = context;
    this.#before = before;
  }

  async workflow(workflow: Workflow, call: Call): Promise<Outcome> {
    const contexts = { ...this.#contexts(), inputs: call.inputs };
    return this.#queued(workflow.concurrency, contexts, call.groups, async groups => {
      const outcomes = new Map<string, Promise<Outcome>>();
      const outcomeOf = (id: string): Promise<Outcome> => {
        const job = workflow.jobs[id];
        if (job === undefined) throw new Error(`${workflow.path}: there is no job ${id}`);
        const outcome = outcomes.get(id) ?? this.#job(id, job, workflow, { ...call, groups }, outcomeOf);
        outcomes.set(id, outcome);
        return outcome;
      };
      const ids = Object.keys(workflow.jobs);
      const all = await Promise.all(ids.map(outcomeOf));
      const jobs = Object.fromEntries(
        ids.map((id, n) => [id, { outputs: all[n]?.outputs, result: all[n]?.conclusion }]),
      );
      const wanted = workflow.on.workflow_call?.outputs ?? {};
      return {
        // That a job was not to run is no fault of the whole.
        ...together(all.filter(({ conclusion }) => conclusion !== 'skipped')),
        jobs: all.flatMap(outcome => outcome.jobs),
        outputs: mapped(wanted, ({ value }) => fill(value, { contexts: { ...contexts, jobs }, status: 'success' })),
      };
    });
  }

  async #job(
    id: string,
    job: Job,
    workflow: Workflow,
    call: Call,
    outcomeOf: (id: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    const name = [call.name, job.name ?? id].filter(Boolean).join(' / ');
    const before = await Promise.all(job.needs.map(outcomeOf));
    const needs = Object.fromEntries(
      job.needs.map((need, n) => [need, { result: before[n]?.conclusion, outputs: before[n]?.outputs }]),
    );
    const contexts = { ...this.#contexts(), inputs: call.inputs, needs };
    const { conclusion: status } = together(before);
    const granted =
      call.name === ''
        ? (job.permissions ?? call.granted)
        : lowered(name, call.granted, job.permissions ?? workflow.permissions);
    const again = before.some(need => need.fresh);
    const leaf = { matrix: {}, attempt: this.#context.runAttempt, outputs: {}, permissions: granted };
    if (!holds(job.if ?? 'success()', { contexts, status })) {
      const skipped: JobRun = { ...leaf, name, conclusion: 'skipped' };
      return { conclusion: 'skipped', outputs: {}, jobs: [skipped], fresh: again };
    }
    if (job.uses !== undefined) return this.#called(name, job, contexts, { ...call, granted });

    const legs = legsOf(name, valued(job.strategy?.matrix ?? {}, { contexts, status })).map(leg =>
      // A name that says itself which row it is has no values added to it.
      name.includes('matrix.')
        ? { ...leg, name: fill(name, { contexts: { ...contexts, matrix: leg.matrix }, status }) }
        : leg,
    );
    const side = new Slots(Number(valued(job.strategy?.['max-parallel'] ?? legs.length, { contexts, status })));
    const outcomes = await Promise.all(
      legs.map(async ({ name: legName, matrix }): Promise<Outcome> => {
        const earlier = this.#before.get(legName);
        if (earlier?.conclusion === 'success' && !again)
          return { conclusion: 'success', outputs: earlier.outputs, jobs: [earlier], fresh: false };
        const all = { ...contexts, matrix };
        return side.use(() =>
          this.#queued(job.concurrency, all, call.groups, async () => {
            const place = { job: legName, matrix, attempt: this.#context.runAttempt };
            const { result, outputs } = await this.#machine(id, job, place, all, call.secrets, granted);
            const done: JobRun = { ...leaf, name: legName, matrix, conclusion: result.conclusion, outputs, result };
            return { conclusion: done.conclusion, outputs, jobs: [done], fresh: true };
          }),
        );
      }),
    );
    return together(outcomes);
  }

  async #called(name: string, job: Job, contexts: Contexts, call: Call): Promise<Outcome> {
    const path = /^(?:\.|org\/kustomer-sync)\/(\.github\/workflows\/[\w-]+\.yml)(?:@v1)?$/.exec(job.uses ?? '')?.[1];
    if (path === undefined) throw new Error(`${name}: ${job.uses} is not a workflow of this repository`);
    const workflow = await readWorkflow(join(this.#options.repository ?? ROOT, path));
    const trigger = workflow.on.workflow_call;
    if (trigger === undefined) throw new Error(`${name}: ${job.uses} cannot be called`);
    const about = { contexts: { ...contexts, secrets: call.secrets }, status: 'success' as const };
    return this.workflow(workflow, {
      ...call,
      name,
      inputs: inputsOf(
        name,
        trigger?.inputs,
        mapped(job.with ?? {}, value => valued(value, about)),
      ),
      secrets: secretsOf(
        name,
        trigger?.secrets,
        mapped(job.secrets ?? {}, value => fill(value, about)),
      ),
    });
  }

  /** One job on a machine of its own, with a token that may do what the job may. */
  async #machine(
    id: string,
    job: Job,
    place: Omit<Place, 'step'>,
    contexts: Contexts,
    secrets: Record<string, string>,
    permissions: Permissions,
  ): Promise<{ result: JobResult; outputs: Record<string, string> }> {
    const { github, root, env } = this.#options;
    const token = `ghs_${this.#context.runId}_${this.#context.runAttempt}_${this.#tokens++}`;
    github.repository.tokens.set(token, permissions);
    const context = {
      ...github.job({ runId: this.#context.runId, sameAttempt: true, payload: this.#context.payload, job: id, token }),
      finished: undefined,
    };
    const about = { contexts: { ...contexts, secrets }, status: 'success' as const };
    const result = await Queues.of(github).machines.use(n =>
      runJob({
        context,
        root: join(root, `machine-${n}`),
        secrets,
        contexts,
        env: { ...env, ...mapped(job.env ?? {}, value => String(valued(value, about))) },
        steps: (job.steps ?? []).map((step, at) => this.#step(step, { ...place, step: step.id ?? String(at) })),
      }),
    );
    github.repository.tokens.delete(token);
    const steps = Object.fromEntries(result.steps.map(stepContext));
    return {
      result,
      outputs: mapped(job.outputs ?? {}, value => fill(value, { ...about, contexts: { ...about.contexts, steps } })),
    };
  }

  #step(step: Step, place: Place) {
    const { action, fate, standIns = {} } = this.#options;
    const minutes = step['timeout-minutes'];
    const common = {
      ...present({
        id: step.id,
        if: step.if === undefined ? undefined : String(step.if),
        continueOnError: step['continue-on-error'],
        timeoutMs: minutes === undefined ? undefined : minutes * 60_000,
      }),
      env: mapped(step.env ?? {}, String),
    };
    if (step.run !== undefined) {
      const shell = { shell: step.shell, workingDirectory: step['working-directory'] };
      return { ...common, script: step.run, ...present(shell) };
    }
    const name = step.uses?.replace(/@.*$/, '') ?? '';
    const script = standIns[name];
    if (script !== undefined) return { ...common, script, shell: 'bash' as const };
    if (name !== OURS) throw new Error(`${place.job}: ${name} is not to be had here`);
    const { with: more, ...fated } = fate?.(place) ?? {};
    return {
      ...common,
      uses: action,
      with: { ...mapped(step.with ?? {}, String), ...this.#options.with, ...more },
      ...fated,
    };
  }

  #contexts(): Contexts {
    const paths = pathsOf(this.#options.root, this.#context);
    return { github: githubContext(this.#context, paths, ''), vars: this.#options.vars ?? {} };
  }

  /** Waits until the runs and jobs of its group that came before have ended. */
  async #queued<T>(
    concurrency: Concurrency | undefined,
    contexts: Contexts,
    held: readonly string[],
    act: (held: readonly string[]) => Promise<T>,
  ): Promise<T> {
    if (concurrency === undefined) return act(held);
    const group = fill(concurrency.group, { contexts, status: 'success' }).toLowerCase();
    if (held.includes(group)) throw new Error(`a deadlock: who waits for the end of group '${group}' is in it`);
    return Queues.of(this.#options.github).use(group, () => act([...held, group]));
  }
}

function stepContext({ id, outputs, outcome, conclusion }: StepResult) {
  return [id, { outputs, outcome, conclusion }] as const;
}
