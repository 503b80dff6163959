// A miniature of the runner: runs the steps of a job from a real action.yml, main and post as child processes in the
// environment of a hosted Linux machine, with file commands, masks, annotations, cancels, kills and time limits
// (docs/actions-platform.md#steps).
//
//   const result = await runAction({ action: '.', context: github.job(), with: { token: 'x' } });
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { type ActionFile, inputVariables, readAction } from './action-file.ts';
import { environment, githubContext, type Paths, pathsOf, writeEvent } from './context.ts';
import { condition, interpolate, type JobStatus, type Scope } from './expressions.ts';
import { createFileCommands } from './file-commands.ts';
import { Masks, StepLog } from './log.ts';
import type {
  ActionOptions,
  Handle,
  JobOptions,
  Moment,
  Phase,
  ProcessStep,
  RunStep,
  ShellStep,
  Step,
  UsesStep,
} from './options.ts';
import { RUNNER_LADDER, type StepProcess, startProcess } from './process.ts';
import {
  type ActionResult,
  type Conclusion,
  closeLog,
  type JobResult,
  type PhaseResult,
  type StepResult,
  skipped,
} from './results.ts';

export type { JobContext, Paths } from './context.ts';
export type { JobStatus } from './expressions.ts';
export type { Annotation, AnnotationLevel, Group, LogLine } from './log.ts';
export type {
  ActionOptions,
  Handle,
  JobOptions,
  Moment,
  Phase,
  RunnerOptions,
  RunStep,
  RunStepContext,
  ShellStep,
  Step,
  UsesStep,
} from './options.ts';
export { type Ladder, RUNNER_LADDER } from './process.ts';
export type { ActionResult, Conclusion, JobResult, PhaseResult, StepResult } from './results.ts';

/** A job with one step. */
export async function runAction(options: ActionOptions): Promise<ActionResult> {
  const { action, id, with: given, if: when, continueOnError, timeoutMs, cancelAfter, kill, ...others } = options;
  const { killPost, machineVanishes, ...runner } = others;
  const wanted = {
    id,
    with: given,
    if: when,
    continueOnError,
    timeoutMs,
    cancelAfter,
    kill,
    killPost,
    machineVanishes,
  };
  const present = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const job = await runJob({ ...runner, steps: [{ uses: action, ...present }] });
  const step = job.steps[0];
  if (!step) throw new Error('the job has no step');
  return { ...step, jobConclusion: job.conclusion, paths: job.paths, job };
}

/**
 * Node's own arguments for actions whose tests do not choose them. Tests that start the bundle a thousand times spare it
 * the collections of a young generation that it would fill in its first seconds (vitest.config.ts).
 */
export function usualNodeArgs(): string[] {
  return (process.env.ACTION_NODE_ARGS ?? '').split(' ').filter(arg => arg !== '');
}

export async function runJob(options: JobOptions): Promise<JobResult> {
  return new Job(options, options.root ?? (await mkdtemp(join(tmpdir(), 'runner-')))).run();
}

interface PendingPost {
  step: UsesStep;
  action: ActionFile;
  result: StepResult;
  name: string;
}

class Job {
  #options: JobOptions;
  #paths: Paths;
  #masks = new Masks();
  #status: JobStatus = 'success';
  #env: Record<string, string> = {};
  #path: string[] = [];
  #steps: Scope['steps'] = {};
  #results: StepResult[] = [];
  #posts: PendingPost[] = [];
  #names = new Map<string, number>();
  #current: { process: StepProcess; survivesCancel: boolean } | undefined;
  #cancelledAt: number | undefined;
  #vanished = false;

  constructor(options: JobOptions, root: string) {
    this.#options = options;
    this.#paths = pathsOf(resolve(root), options.context);
  }

  async run(): Promise<JobResult> {
    const startedAt = new Date();
    await this.#setUp();
    for (const step of this.#options.steps) {
      if (!this.#vanished) await this.#runStep(step);
    }
    // Last in, first out; a machine that has vanished runs none.
    for (const post of this.#posts.reverse()) {
      if (!this.#vanished) await this.#runPost(post);
    }
    this.#options.context.finished?.(this.#status);
    const phases = this.#results.flatMap(step => (step.post ? [step, step.post] : [step]));
    return {
      conclusion: this.#status,
      steps: this.#results,
      log: phases.map(phase => phase.log).join(''),
      unmaskedLog: phases.map(phase => phase.unmaskedLog).join(''),
      rawLog: phases.map(phase => phase.rawLog).join(''),
      annotations: phases.flatMap(phase => phase.annotations),
      paths: this.#paths,
      startedAt,
      ms: Date.now() - startedAt.getTime(),
    };
  }

  async #setUp(): Promise<void> {
    const { context, secrets, keepWorkspace, cancelAfter } = this.#options;
    const paths = this.#paths;
    await rm(keepWorkspace ? paths.temp : join(paths.root, 'work'), { recursive: true, force: true });
    for (const dir of [paths.home, paths.workspace, paths.temp, paths.toolCache]) await mkdir(dir, { recursive: true });
    await writeEvent(context, paths);
    for (const secret of [context.token, context.runtimeToken, ...Object.values(secrets ?? {})])
      this.#masks.add(secret);
    void cancelAfter?.then(() => this.#cancel());
  }

  /** Without waiting for the process to obey. */
  #cancel(): void {
    if (this.#vanished || this.#cancelledAt !== undefined) return;
    this.#cancelledAt = Date.now();
    this.#status = 'cancelled';
    // The condition of the running step is evaluated again: with always() it goes on.
    if (this.#current && !this.#current.survivesCancel) void this.#current.process.cancel();
  }

  #scope(action: string): Scope {
    return {
      github: githubContext(this.#options.context, this.#paths, action),
      runner: {
        temp: this.#paths.temp,
        tool_cache: this.#paths.toolCache,
        os: 'Linux',
        arch: 'X64',
        name: 'GitHub Actions 1',
      },
      job: { status: this.#status },
      env: { ...this.#options.env, ...this.#env },
      steps: this.#steps,
      secrets: this.#options.secrets ?? {},
      contexts: this.#options.contexts ?? {},
    };
  }

  /** GITHUB_ACTION: the id, or a name of the runner's; unique within the job. */
  #nameOf(step: Step): string {
    const name = step.id ?? ('uses' in step ? '__org_kustomer-sync' : '__run');
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  }

  async #runStep(step: Step): Promise<void> {
    const name = this.#nameOf(step);
    let result: StepResult;
    if (!condition(step.if ?? 'success()', this.#scope(name))) result = { ...skipped(), id: name, outcome: 'skipped' };
    else if ('run' in step) result = { ...(await this.#runScript(step, name)), id: name, outcome: 'success' };
    else if ('script' in step) result = { ...(await this.#runShell(step, name)), id: name, outcome: 'success' };
    else result = await this.#runMain(step, name);
    this.#results.push(result);
    result.outcome = result.conclusion;
    if (result.conclusion === 'failure' && step.continueOnError) result.conclusion = 'success';
    if (result.conclusion === 'failure' && this.#status === 'success') this.#status = 'failure';
    this.#steps[name] = { outputs: result.outputs, outcome: result.outcome, conclusion: result.conclusion };
  }

  async #runScript(step: RunStep, name: string): Promise<PhaseResult> {
    const log = this.#openLog(name, 'main');
    const result = skipped();
    const started = performance.now();
    result.conclusion = 'success';
    result.exitCode = 0;
    try {
      await step.run({
        paths: this.#paths,
        steps: this.#steps,
        env: this.#env,
        status: this.#status,
        setOutput: (key, value) => {
          result.outputs[key] = value;
        },
        log: line => log.write(line),
      });
    } catch (error) {
      log.annotate({ level: 'error', message: (error as Error).message });
      result.conclusion = 'failure';
      result.exitCode = 1;
    }
    if (this.#cancelledAt !== undefined && step.if === undefined) result.conclusion = 'cancelled';
    return closeLog(result, log, started);
  }

  async #runShell(step: ShellStep, name: string): Promise<PhaseResult> {
    const file = join(this.#paths.temp, `${randomUUID()}.sh`);
    await writeFile(file, interpolate(step.script, this.#scope(name)));
    return this.#runProcess({
      phase: 'main',
      step,
      name,
      title: 'run',
      command: 'bash',
      args: step.shell === 'bash' ? ['--noprofile', '--norc', '-e', '-o', 'pipefail', file] : ['-e', file],
      cwd: resolve(this.#paths.workspace, step.workingDirectory ?? ''),
      // Only actions are given the services of the platform (docs/actions-platform.md#environment-of-an-action).
      variables: (all: Record<string, string>) =>
        Object.fromEntries(Object.entries(all).filter(([variable]) => !variable.startsWith('ACTIONS_'))),
      warnings: [],
    });
  }

  async #runMain(step: UsesStep, name: string): Promise<StepResult> {
    const action = await readAction(step.uses);
    const result: StepResult = { ...skipped(), id: name, outcome: 'success' };
    // Registered before main starts, so that it runs even when main is killed (docs/actions-platform.md#post-step).
    if (action.post !== undefined) this.#posts.push({ step, action, result, name });
    Object.assign(result, await this.#runPhase({ phase: 'main', script: action.main, step, action, name, state: {} }));
    return result;
  }

  async #runPost({ step, action, result, name }: PendingPost): Promise<void> {
    if (!condition(action.postIf, this.#scope(name))) {
      result.post = skipped();
      return;
    }
    if (this.#options.startsPost?.(result.state) === false) return;
    const script = action.post ?? '';
    const post = await this.#runPhase({
      phase: 'post',
      script,
      step,
      action,
      name,
      state: result.state,
    });
    if (this.#vanished) return;
    result.post = post;
    if (post.conclusion === 'failure' && this.#status === 'success') this.#status = 'failure';
  }

  async #runPhase(given: {
    phase: Phase;
    script: string;
    step: UsesStep;
    action: ActionFile;
    name: string;
    state: Record<string, string>;
  }): Promise<PhaseResult> {
    const { script, step, action, name, state } = given;
    const { node, nodeArgs = usualNodeArgs() } = this.#options;
    const inputs = inputVariables(action, step.with ?? {}, this.#scope(name));
    return this.#runProcess({
      ...given,
      title: action.name,
      command: node ?? process.execPath,
      args: [...nodeArgs, join(resolve(action.dir), script)],
      cwd: this.#paths.workspace,
      variables: all => ({
        ...all,
        ...inputs.variables,
        ...Object.fromEntries(Object.entries(state).map(([key, value]) => [`STATE_${key}`, value])),
      }),
      warnings: inputs.warnings,
    });
  }

  async #runProcess(given: {
    phase: Phase;
    step: ProcessStep;
    name: string;
    /** How the service calls it. */
    title: string;
    command: string;
    args: string[];
    cwd: string;
    /** What it makes of the variables that every step has. */
    variables: (all: Record<string, string>) => Record<string, string>;
    warnings: string[];
  }): Promise<PhaseResult> {
    const { phase, step, name, title } = given;
    const { context, ladder, onSpawn, forceEndMs, debug } = this.#options;
    const survivesCancel = phase === 'post' || /\balways\s*\(/.test(step.if ?? '');
    const scope = this.#scope(name);
    const log = this.#openLog(name, phase);
    const result = skipped();
    const started = performance.now();
    for (const message of given.warnings) log.annotate({ level: 'warning', message });
    const files = await createFileCommands(this.#paths.temp);
    const stepEnv = Object.entries(step.env ?? {}).map(([key, value]) => [key, interpolate(value, scope)]);
    const jobEnv = this.#options.env ?? {};
    // The tests start the bundle a thousand times, and need not compile it as often (vitest.config.ts).
    const compileCache = process.env.NODE_COMPILE_CACHE;
    result.environment = given.variables({
      HOME: this.#paths.home,
      LANG: 'C.UTF-8',
      ...(compileCache && { NODE_COMPILE_CACHE: compileCache }),
      ...jobEnv,
      ...this.#env,
      ...Object.fromEntries(stepEnv),
      PATH: [...this.#path, jobEnv.PATH ?? process.env.PATH ?? ''].join(delimiter),
      ...environment(context, this.#paths, name, debug ?? false),
      ...files.variables,
    });

    const watchers: Array<(line: string) => void> = [];
    const child = startProcess({
      command: given.command,
      args: given.args,
      cwd: given.cwd,
      env: result.environment,
      ladder: { ...RUNNER_LADDER, ...ladder },
      onLine: line => {
        log.write(line);
        for (const watcher of [...watchers]) watcher(line);
      },
    });
    this.#current = { process: child, survivesCancel };
    onSpawn?.(child.pid, { step: name, phase });
    const handle: Handle = {
      pid: child.pid,
      step: name,
      phase,
      paths: this.#paths,
      lines: log.raw,
      exited: child.exited,
      waitFor: pattern => {
        const hit = (line: string) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line));
        const early = log.raw.find(hit);
        if (early !== undefined) return Promise.resolve(early);
        return new Promise(found => watchers.push(line => hit(line) && found(line)));
      },
    };

    let timedOut = false;
    let cancelled = this.#cancelledAt !== undefined && phase === 'main' && !survivesCancel;
    const timers: NodeJS.Timeout[] = [];
    if (phase === 'main' && step.timeoutMs !== undefined) {
      timers.push(
        setTimeout(() => {
          timedOut = true;
          void child.cancel();
        }, step.timeoutMs),
      );
    }
    if (phase === 'post' && this.#cancelledAt !== undefined) {
      const left = this.#cancelledAt + (forceEndMs ?? 285_000) - Date.now();
      timers.push(setTimeout(() => child.kill(), Math.max(0, left)));
    }
    at(phase === 'main' ? step.kill : step.killPost, handle, () => {
      if (!child.running) return;
      this.#vanished ||= step.machineVanishes ?? false;
      child.kill();
    });
    at(phase === 'main' ? step.cancelAfter : undefined, handle, () => {
      if (child.running) this.#cancel();
    });
    // Cancelled between the last step and this one.
    if (cancelled) void child.cancel();

    try {
      const end = await child.exited;
      result.exitCode = end.code;
      result.signal = end.signal;
      result.signals = child.signals;
    } finally {
      this.#current = undefined;
      for (const timer of timers) clearTimeout(timer);
    }
    cancelled ||= this.#cancelledAt !== undefined && phase === 'main' && !survivesCancel;
    // Whatever the exit code: a step that was told to stop counts as cancelled.
    let conclusion: Conclusion = result.exitCode === 0 ? 'success' : 'failure';
    if (cancelled) {
      conclusion = 'cancelled';
      log.annotate({ level: 'error', message: 'The operation was canceled.' });
    }
    if (timedOut) {
      conclusion = 'failure';
      const minutes = (step.timeoutMs ?? 0) / 60_000;
      log.annotate({ level: 'error', message: `The action '${title}' has timed out after ${minutes} minutes.` });
    }
    if (this.#vanished) {
      this.#status = 'failure';
      return closeLog({ ...result, conclusion: 'failure' }, log, started);
    }

    const commands = await files.read();
    for (const message of commands.errors) log.annotate({ level: 'error', message });
    if (commands.failed && conclusion === 'success') conclusion = 'failure';
    Object.assign(this.#env, commands.env);
    this.#path.unshift(...commands.path.reverse());
    return closeLog(
      {
        ...result,
        conclusion,
        outputs: { ...log.outputs, ...commands.outputs },
        state: { ...log.state, ...commands.state },
        env: commands.env,
        summary: this.#masks.apply(commands.summary),
        rawSummary: commands.summary,
      },
      log,
      started,
    );
  }

  #openLog(step: string, phase: Phase): StepLog {
    const { debug, onLine } = this.#options;
    return new StepLog({ masks: this.#masks, debug: debug ?? false, onLine: line => onLine?.(line, { step, phase }) });
  }
}

function at(moment: Moment | undefined, handle: Handle, act: () => void): void {
  if (moment === undefined) return;
  void Promise.resolve(typeof moment === 'function' ? moment(handle) : moment).then(act);
}
