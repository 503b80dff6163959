// What a run of a workflow can be told, and what is known of it afterwards.
import type { GitHub, Permissions } from '../github/index.ts';
import type { Conclusion, JobResult, UsesStep } from '../runner/index.ts';

export interface WorkflowOptions {
  /** The directory with action.yml. */
  readonly action: string;
  readonly github: GitHub;
  /** The machines are below it. */
  readonly root: string;
  /** From `repository` on. */
  readonly file: string;
  /** Where the files are, and the workflows that they call; this project by default. */
  readonly repository?: string;
  /** Changes the text of the file. */
  readonly edit?: (text: string) => string;
  readonly event?: 'schedule' | 'workflow_dispatch';
  /** Of a `workflow_dispatch`. */
  readonly inputs?: Record<string, string>;
  readonly secrets?: Record<string, string>;
  readonly vars?: Record<string, string>;
  /** Laid over what the files give the action: where the simulated Kustomer is, say. */
  readonly with?: Record<string, string>;
  /** Variables of every machine; a PATH takes the place of the usual one. */
  readonly env?: Record<string, string>;
  /** What befalls a step of the action: a kill, a cancel, other inputs than its like. */
  readonly fate?: (place: Place) => Pick<UsesStep, 'kill' | 'machineVanishes' | 'cancelAfter' | 'with'>;
  /** What stands in for the actions of others, by name without version: a script. */
  readonly standIns?: Readonly<Record<string, string>>;
}

export interface Place {
  /** `backfill / shard 3 of 8`, as on the page of a run. */
  readonly job: string;
  readonly matrix: Record<string, unknown>;
  readonly attempt: number;
  readonly step: string;
}

export interface JobRun {
  readonly name: string;
  readonly matrix: Record<string, unknown>;
  /** The attempt in which it ran. */
  readonly attempt: number;
  readonly conclusion: Conclusion;
  readonly outputs: Record<string, string>;
  readonly permissions: Permissions;
  /** Absent when it was skipped. */
  readonly result?: JobResult;
}

export interface WorkflowRun {
  readonly id: number;
  readonly attempt: number;
  readonly conclusion: Conclusion;
  /** As of this attempt: those that ran in it, and those that it kept. */
  readonly jobs: readonly JobRun[];
  /** The jobs that failed and all that need them, in a new attempt; the others keep what they had. */
  rerunFailed(fate?: WorkflowOptions['fate']): Promise<WorkflowRun>;
}
