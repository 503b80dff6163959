// Where the action runs: facts that the runner gives in the environment. Reads nothing else.
import { readFileSync } from 'node:fs';

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
  /** Whether a person has started this run, and no other run: those do it by the API, too. */
  readonly isByHand: boolean;
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly temp: string;
  readonly workspace: string;
  /** As the event says; undefined when it does not. */
  readonly defaultBranch: string | undefined;
  /** Whether the repository is public, as the event says; undefined when it does not. */
  readonly isPublic: boolean | undefined;
  /** What the workflow was started with by hand or through the API; empty for other events. */
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

/** Whether a repository is public, as GitHub describes it; undefined when that is not said in words that are known here. */
export function isPublic({ visibility, private: isPrivate }: Record<string, unknown>): boolean | undefined {
  if (visibility === 'public') return true;
  if (visibility === 'private' || visibility === 'internal') return false;
  return visibility === undefined && typeof isPrivate === 'boolean' ? !isPrivate : undefined;
}

/** The event's payload, or nothing: a scheduled run's says little, and no run fails for want of it. */
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
