// What a job, its steps and its machine can be told.
import type { JobContext, Paths } from './context.ts';
import type { Contexts, JobStatus, Scope } from './expressions.ts';
import type { Ladder } from './process.ts';

export type Phase = 'main' | 'post';

/** A running phase, for those who decide when to cancel or kill it. */
export interface Handle {
  readonly pid: number;
  readonly step: string;
  readonly phase: Phase;
  readonly paths: Paths;
  /** The raw lines so far. */
  readonly lines: readonly string[];
  /** Resolves with the first raw line, from the start on, that contains or matches. */
  waitFor(pattern: string | RegExp): Promise<string>;
  readonly exited: Promise<unknown>;
}

/** The moment is when the promise resolves, or when what the function returns does. */
export type Moment = Promise<unknown> | ((handle: Handle) => unknown);

interface StepBase {
  id?: string;
  /** An expression; `success()` by default. */
  if?: string;
  continueOnError?: boolean;
}

export interface ProcessStep extends StepBase {
  env?: Record<string, string>;
  timeoutMs?: number;
  /** Cancels the job while this step's main runs. */
  cancelAfter?: Moment;
  /** SIGKILL to the main process and all it started; the job goes on with a failed step. */
  kill?: Moment;
  killPost?: Moment;
  /** With `kill` or `killPost`: nothing runs after it, and no file command is read. */
  machineVanishes?: boolean;
}

export interface UsesStep extends ProcessStep {
  /** The directory with action.yml. */
  uses: string;
  /** May contain expressions; evaluated anew for the post step, as defaults are. */
  with?: Record<string, string>;
}

/** `run:` of a workflow, in a real bash. */
export interface ShellStep extends ProcessStep {
  script: string;
  /** `bash` also minds failures in the middle of a pipe, which no shell at all (the default) does not. */
  shell?: 'bash';
  workingDirectory?: string;
}

export interface RunStep extends StepBase {
  /** A script of the workflow; a failed step when it throws. */
  run: (context: RunStepContext) => unknown;
}

export interface RunStepContext {
  paths: Paths;
  /** Of the steps before it, by id. */
  steps: Scope['steps'];
  /** What earlier steps exported. */
  env: Record<string, string>;
  status: JobStatus;
  setOutput(name: string, value: string): void;
  log(line: string): void;
}

export type Step = UsesStep | ShellStep | RunStep;

export interface RunnerOptions {
  context: JobContext;
  /**
   * Where the machine's directories are. Give the same root to jobs that follow each other: on GitHub RUNNER_TEMP is the
   * same on every machine, and the cache takes the literal path into account. Below it `work` is emptied at the start of
   * a job, as a new machine is empty. By default a new directory, which stays for the test to look at.
   */
  root?: string;
  /** Keep the work directory of the job before, as a self-hosted machine does (RUNNER_TEMP is emptied there too). */
  keepWorkspace?: boolean;
  /** Variables for every step, on top of the clean environment; a PATH here replaces the machine's. */
  env?: Record<string, string>;
  secrets?: Record<string, string>;
  /** More contexts for expressions: those of a workflow. */
  contexts?: Contexts;
  debug?: boolean;
  /** Whether to start a post step, by what main has saved for it; always by default, as on GitHub. */
  startsPost?: (state: Readonly<Record<string, string>>) => boolean;
  /** Node's own arguments, before the script; by default those of `usualNodeArgs`. */
  nodeArgs?: string[];
  node?: string;
  ladder?: Partial<Ladder>;
  /** From a cancel on, what still runs in post steps after this is ended by the service: 5 minutes less 15 s. */
  forceEndMs?: number;
  onLine?: (line: string, where: { step: string; phase: Phase }) => void;
  onSpawn?: (pid: number, where: { step: string; phase: Phase }) => void;
}

export interface JobOptions extends RunnerOptions {
  steps: Step[];
  /** Cancels the job, whatever step is running then. */
  cancelAfter?: Promise<unknown>;
}

export interface ActionOptions extends RunnerOptions, Omit<UsesStep, 'uses' | 'env'> {
  /** The directory with action.yml. */
  action: string;
}
