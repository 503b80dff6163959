/**
 * Where the action runs: what the environment and the event file say
 * (docs/actions-platform.md#environment-of-an-action).
 */
import { readFileSync } from 'node:fs';
import { isPublic } from './answers.ts';

export type Context = Readonly<ReturnType<typeof readContext>>;

export function readContext(env: NodeJS.ProcessEnv = process.env) {
  const payload = readPayload(env.GITHUB_EVENT_PATH);
  const repository = payload.repository ?? {};
  const event = env.GITHUB_EVENT_NAME ?? '';
  const serverUrl = env.GITHUB_SERVER_URL ?? 'https://github.com';
  const runId = env.GITHUB_RUN_ID ?? '0';
  return {
    /** `owner/name` of the workflow's repository. */
    repository: env.GITHUB_REPOSITORY ?? '',
    /** `https://github.com`, without a slash. */
    serverUrl,
    runId,
    runUrl: `${serverUrl}/${env.GITHUB_REPOSITORY ?? ''}/actions/runs/${runId}`,
    attempt: env.GITHUB_RUN_ATTEMPT ?? '1',
    job: env.GITHUB_JOB ?? '',
    workflow: env.GITHUB_WORKFLOW ?? '',
    /** File name of the workflow, `sync.yml`; empty when the runner does not say. */
    workflowFile: /\/([^/@]+)@/.exec(env.GITHUB_WORKFLOW_REF ?? '')?.[1] ?? '',
    /** `refs/heads/main` */
    ref: env.GITHUB_REF ?? '',
    /** Base branch of a pull request; empty otherwise. */
    baseRef: env.GITHUB_BASE_REF ?? '',
    event,
    /** Whether a person started this run: runs that start runs use `workflow_dispatch` too. */
    isByHand: event === 'workflow_dispatch' && !/(^|\[bot\])$/.test(env.GITHUB_TRIGGERING_ACTOR ?? ''),
    apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    temp: env.RUNNER_TEMP ?? '',
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    /** Undefined when the event does not say. */
    defaultBranch: typeof repository.default_branch === 'string' ? repository.default_branch : undefined,
    /** Whether the repository is public; undefined when the event does not say. */
    isPublic: isPublic(repository),
    /** The inputs of `workflow_dispatch`; empty for other events. */
    inputs: event === 'workflow_dispatch' ? (payload.inputs ?? {}) : {},
  };
}

/** The event's payload. No run fails for want of it, and that of a scheduled run says little. */
function readPayload(path = ''): { readonly [Field in 'repository' | 'inputs']?: Readonly<Record<string, unknown>> } {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) ?? {};
  } catch {
    return {};
  }
}
