/** Where the action runs: what the environment and the event file say (docs/actions-platform.md#environment-of-an-action). */
import { readFileSync } from 'node:fs';
import { isPublic } from './answers.ts';

export interface Context {
  /** `owner/name` of the workflow's repository. */
  readonly repository: string;
  readonly runId: string;
  readonly attempt: string;
  readonly job: string;
  readonly workflow: string;
  /** File name of the workflow, `sync.yml`; empty when the runner does not say. */
  readonly workflowFile: string;
  /** `refs/heads/main` */
  readonly ref: string;
  /** Base branch of a pull request; empty otherwise. */
  readonly baseRef: string;
  readonly event: string;
  /** Whether a person started this run: runs that start runs use `workflow_dispatch` too. */
  readonly isByHand: boolean;
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly temp: string;
  readonly workspace: string;
  /** Undefined when the event does not say. */
  readonly defaultBranch: string | undefined;
  /** Whether the repository is public; undefined when the event does not say. */
  readonly isPublic: boolean | undefined;
  /** The inputs of `workflow_dispatch`; empty for other events. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

export function readContext(env: NodeJS.ProcessEnv = process.env): Context {
  const { repository, inputs } = readEvent(env.GITHUB_EVENT_PATH);
  return {
    repository: env.GITHUB_REPOSITORY ?? '',
    runId: env.GITHUB_RUN_ID ?? '0',
    attempt: env.GITHUB_RUN_ATTEMPT ?? '1',
    job: env.GITHUB_JOB ?? '',
    workflow: env.GITHUB_WORKFLOW ?? '',
    workflowFile: /\/([^/@]+)@/.exec(env.GITHUB_WORKFLOW_REF ?? '')?.[1] ?? '',
    ref: env.GITHUB_REF ?? '',
    baseRef: env.GITHUB_BASE_REF ?? '',
    event: env.GITHUB_EVENT_NAME ?? '',
    isByHand: env.GITHUB_EVENT_NAME === 'workflow_dispatch' && !/(^|\[bot\])$/.test(env.GITHUB_TRIGGERING_ACTOR ?? ''),
    serverUrl: env.GITHUB_SERVER_URL ?? 'https://github.com',
    apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    temp: env.RUNNER_TEMP ?? '',
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    defaultBranch: typeof repository?.default_branch === 'string' ? repository.default_branch : undefined,
    isPublic: isPublic(repository ?? {}),
    inputs: env.GITHUB_EVENT_NAME === 'workflow_dispatch' ? (inputs ?? {}) : {},
  };
}

/** The event's payload. No run fails for want of it, and that of a scheduled run says little. */
function readEvent(path: string | undefined): {
  repository?: Record<string, unknown>;
  inputs?: Record<string, unknown> | null;
} {
  try {
    const event: unknown = JSON.parse(readFileSync(path ?? '', 'utf8'));
    return typeof event === 'object' && event !== null ? event : {};
  } catch {
    return {};
  }
}
