// What is known about a phase (main or post), a step and a job when they are over.
import type { Paths } from './context.ts';
import type { JobStatus } from './expressions.ts';
import type { Annotation, Group, LogLine, StepLog } from './log.ts';

export type Conclusion = JobStatus | 'skipped';

export interface PhaseResult {
  conclusion: Conclusion;
  exitCode: number | null;
  /** What ended the process, if a signal did. */
  signal: NodeJS.Signals | null;
  /** The signals the runner sent, in order. */
  signals: NodeJS.Signals[];
  outputs: Record<string, string>;
  state: Record<string, string>;
  /** What was exported through GITHUB_ENV. */
  env: Record<string, string>;
  /** What the process was started with. */
  environment: Record<string, string>;
  annotations: Annotation[];
  /** Beyond ten of a level: in the log only. */
  droppedAnnotations: Annotation[];
  /** The masked text. */
  log: string;
  /** As the log would be without masks; lines with ::add-mask:: are not in it. */
  unmaskedLog: string;
  /** Every line as the process wrote it. */
  rawLog: string;
  lines: LogLine[];
  groups: Group[];
  /** Masked; empty when it was over 1 MiB. */
  summary: string;
  /** As the step wrote it. */
  rawSummary: string;
  startedAt: Date;
  ms: number;
}

export interface StepResult extends PhaseResult {
  id: string;
  /** The result before `continueOnError`. */
  outcome: Conclusion;
  /** Absent when the action has no post step, the step was skipped, or the machine vanished. */
  post?: PhaseResult;
}

export interface JobResult {
  conclusion: JobStatus;
  steps: StepResult[];
  log: string;
  unmaskedLog: string;
  rawLog: string;
  annotations: Annotation[];
  paths: Paths;
  startedAt: Date;
  ms: number;
}

/** The main phase of the one step, with what concerns the job. */
export interface ActionResult extends StepResult {
  jobConclusion: JobStatus;
  paths: Paths;
  job: JobResult;
}

/** With what the log of the phase has to say. */
export function closeLog(result: PhaseResult, log: StepLog, started: number): PhaseResult {
  const joined = (lines: string[]) => lines.map(line => `${line}\n`).join('');
  return {
    ...result,
    annotations: log.annotations,
    droppedAnnotations: log.dropped,
    log: log.text,
    unmaskedLog: joined(log.unmasked),
    rawLog: joined(log.raw),
    lines: log.lines,
    groups: log.groups,
    ms: performance.now() - started,
  };
}

export function skipped(): PhaseResult {
  return {
    conclusion: 'skipped',
    exitCode: null,
    signal: null,
    signals: [],
    outputs: {},
    state: {},
    env: {},
    environment: {},
    annotations: [],
    droppedAnnotations: [],
    log: '',
    unmaskedLog: '',
    rawLog: '',
    lines: [],
    groups: [],
    summary: '',
    rawSummary: '',
    startedAt: new Date(),
    ms: 0,
  };
}
