// What a job knows of the world it runs in: the source of its GITHUB_*, RUNNER_* and ACTIONS_* variables and of the
// `github` context of expressions.
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** `GitHub.job()` of ../github makes one. */
export interface JobContext {
  repository: string;
  repositoryId: number;
  visibility: 'public' | 'private' | 'internal';
  defaultBranch: string;
  ref: string;
  sha: string;
  headRef: string;
  baseRef: string;
  event: string;
  /** Laid over what every event payload has; `{ repository: undefined }` makes an event that does not say. */
  payload: Record<string, unknown>;
  actor: string;
  runId: number;
  runAttempt: number;
  runNumber: number;
  workflowName: string;
  workflowPath: string;
  job: string;
  serverUrl: string;
  apiUrl: string;
  resultsUrl: string;
  /** `github.token` */
  token: string;
  runtimeToken: string;
  cacheMode?: 'read' | 'write' | 'write-only' | 'none' | undefined;
  /** Told how the job ended, as the runner tells the service. */
  finished?: ((conclusion: 'success' | 'failure' | 'cancelled') => void) | undefined;
}

/** The directories of a hosted runner, below a root of our own. */
export interface Paths {
  root: string;
  home: string;
  workspace: string;
  temp: string;
  toolCache: string;
  eventFile: string;
}

export function pathsOf(root: string, context: JobContext): Paths {
  const name = basename(context.repository);
  return {
    root,
    home: join(root, 'home'),
    workspace: join(root, 'work', name, name),
    temp: join(root, 'work', '_temp'),
    toolCache: join(root, 'toolcache'),
    eventFile: join(root, 'work', '_temp', '_github_workflow', 'event.json'),
  };
}

export async function writeEvent(context: JobContext, paths: Paths): Promise<void> {
  const [owner = '', name = ''] = context.repository.split('/');
  const payload = {
    repository: {
      id: context.repositoryId,
      name,
      full_name: context.repository,
      owner: { login: owner },
      private: context.visibility !== 'public',
      visibility: context.visibility,
      default_branch: context.defaultBranch,
    },
    sender: { login: context.actor },
    ...context.payload,
  };
  await mkdir(join(paths.eventFile, '..'), { recursive: true });
  await writeFile(paths.eventFile, JSON.stringify(payload, null, 2));
}

function refName(context: JobContext): string {
  return context.ref.replace(/^refs\/(heads|tags|pull)\//, '');
}

/** The `github` context; names that the action does not need are left out. */
export function githubContext(context: JobContext, paths: Paths, action: string): Record<string, unknown> {
  return {
    token: context.token,
    job: context.job,
    ref: context.ref,
    ref_name: refName(context),
    ref_type: context.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    sha: context.sha,
    repository: context.repository,
    repository_id: String(context.repositoryId),
    repository_owner: context.repository.split('/')[0],
    repository_visibility: context.visibility,
    run_id: String(context.runId),
    run_number: String(context.runNumber),
    run_attempt: String(context.runAttempt),
    actor: context.actor,
    workflow: context.workflowName,
    workflow_ref: `${context.repository}/${context.workflowPath}@${context.ref}`,
    head_ref: context.headRef,
    base_ref: context.baseRef,
    event_name: context.event,
    event_path: paths.eventFile,
    server_url: context.serverUrl,
    api_url: context.apiUrl,
    workspace: paths.workspace,
    action,
    retention_days: '90',
  };
}

/** What the runner sets for a step, on a hosted Linux machine (docs/actions-platform.md#environment-of-an-action). */
export function environment(context: JobContext, paths: Paths, action: string, debug: boolean): Record<string, string> {
  const owner = context.repository.split('/')[0] ?? '';
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: action,
    GITHUB_ACTION_REF: 'v1',
    GITHUB_ACTION_REPOSITORY: 'org/kustomer-sync',
    GITHUB_ACTOR: context.actor,
    GITHUB_ACTOR_ID: '583231',
    GITHUB_TRIGGERING_ACTOR: context.actor,
    GITHUB_REPOSITORY: context.repository,
    GITHUB_REPOSITORY_ID: String(context.repositoryId),
    GITHUB_REPOSITORY_OWNER: owner,
    GITHUB_REPOSITORY_OWNER_ID: '9919',
    GITHUB_RUN_ID: String(context.runId),
    GITHUB_RUN_NUMBER: String(context.runNumber),
    GITHUB_RUN_ATTEMPT: String(context.runAttempt),
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_REF: context.ref,
    GITHUB_REF_NAME: refName(context),
    GITHUB_REF_PROTECTED: 'false',
    GITHUB_REF_TYPE: context.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    GITHUB_HEAD_REF: context.headRef,
    GITHUB_BASE_REF: context.baseRef,
    GITHUB_SHA: context.sha,
    GITHUB_JOB: context.job,
    GITHUB_WORKFLOW: context.workflowName,
    GITHUB_WORKFLOW_REF: `${context.repository}/${context.workflowPath}@${context.ref}`,
    GITHUB_WORKFLOW_SHA: context.sha,
    GITHUB_EVENT_NAME: context.event,
    GITHUB_EVENT_PATH: paths.eventFile,
    GITHUB_WORKSPACE: paths.workspace,
    GITHUB_SERVER_URL: context.serverUrl,
    GITHUB_API_URL: context.apiUrl,
    GITHUB_GRAPHQL_URL: `${context.apiUrl}/graphql`,
    RUNNER_NAME: 'GitHub Actions 1',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: 'X64',
    RUNNER_TEMP: paths.temp,
    RUNNER_TOOL_CACHE: paths.toolCache,
    RUNNER_WORKSPACE: join(paths.workspace, '..'),
    ...(debug ? { RUNNER_DEBUG: '1' } : {}),
    ACTIONS_RESULTS_URL: context.resultsUrl,
    ACTIONS_RUNTIME_URL: context.resultsUrl,
    ACTIONS_CACHE_URL: context.resultsUrl,
    ACTIONS_RUNTIME_TOKEN: context.runtimeToken,
    ACTIONS_CACHE_SERVICE_V2: 'True',
    ACTIONS_ORCHESTRATION_ID: `${randomUUID()}.${context.job}.__default`,
    ...(context.cacheMode === undefined ? {} : { ACTIONS_CACHE_MODE: context.cacheMode }),
  };
}
