// The REST API of GitHub: what is asked of it, and what is read out of its answers.
import type { Log } from '../report/log.ts';
import { type Context, isPublic } from './context.ts';
import { type Git, openGit } from './git.ts';
import { openOctokit } from './octokit.ts';
import { type ByteRange, fetchByteRange, type Kind, list, object, openRetryingClient, text, truth } from './request.ts';

export interface Api {
  /** Whether a repository is public. Rejects when the API does not say. */
  isPublic(repository: string): Promise<boolean>;
  /** Cache entries whose key starts with `prefix`, newest first. Needs `actions: read`. */
  caches(prefix: string, how: ReadKind): Promise<readonly { readonly key: string; readonly ref: string }[]>;
  /** Name of the default branch. */
  defaultBranch(): Promise<string>;
  /** The newest runs of a workflow (its file name) for a branch, newest first. Needs `actions: read`. */
  runs(workflow: string, branch: string, how: ReadKind): Promise<readonly WorkflowRun[]>;
  run(id: string, how: ReadKind): Promise<WorkflowRun>;
  /** The runs for a branch, of any workflow, that have an artifact of just this name, newest first. Needs `actions: read`. */
  uploaders(artifactName: string, branch: string, how: ReadKind): Promise<readonly string[]>;
  /** What a run has uploaded and can still be downloaded, newest first. Needs `actions: read`. */
  artifacts(runId: string, how: ReadKind): Promise<readonly { readonly id: number; readonly name: string }[]>;
  /** Reads the zip of an artifact, stretch by stretch. Needs `actions: read`. */
  artifact(id: number, how: ReadKind): (from: number, to: number) => Promise<ByteRange>;
  /**
   * Starts a workflow (its file name) on a ref, as somebody who runs it by hand would. Needs `actions: write`.
   * @throws Refused
   */
  dispatch(workflow: string, ref: string, inputs: Readonly<Record<string, unknown>>): Promise<void>;
  /** The Git Data API of a repository. */
  git(repository: string): Git;
}

/** Where there is another copy of what is sought, it is not worth as long a wait. */
export type ReadKind = Exclude<Kind, 'write'>;

export interface WorkflowRun {
  readonly id: string;
  /** `sync.yml` */
  readonly workflowFile: string;
  readonly event: string;
  /** Of the repository that the commit is in: another one than the workflow's for a pull request from a fork. */
  readonly headRepository: string;
  /** When something has last become of it, a later attempt included, in milliseconds. */
  readonly changedAt: number;
}

const PER_PAGE = 100;
export function openApi(context: Context, token: string, userAgent: string, log: Log): Api {
  const octokit = openOctokit(context.apiUrl, token, userAgent);
  const here = split(context.repository);
  const ask = openRetryingClient(log);

  return {
    isPublic: repository =>
      ask(
        'read',
        request => octokit.repos.get({ ...split(repository), request }),
        // What GitHub says in words that are not known here may mean everybody.
        data => isPublic({ ...object(data), private: truth(object(data).private) }) ?? true,
      ),
    caches: (prefix, how) =>
      ask(
        how,
        request =>
          octokit.actions.getActionsCacheList({
            ...here,
            key: prefix,
            per_page: 100,
            sort: 'created_at',
            direction: 'desc',
            request,
          }),
        data => list(object(data).actions_caches, each => ({ key: text(each.key), ref: text(each.ref) })),
      ),
    defaultBranch: () =>
      ask(
        'look',
        request => octokit.repos.get({ ...here, request }),
        data => text(object(data).default_branch),
      ),
    runs: (workflow, branch, how) =>
      ask(
        how,
        request =>
          octokit.actions.listWorkflowRuns({ ...here, workflow_id: workflow, branch, per_page: PER_PAGE, request }),
        data => list(object(data).workflow_runs, runOf),
      ),
    run: (id, how) =>
      ask(
        how,
        request => octokit.actions.getWorkflowRun({ ...here, run_id: Number(id), request }),
        data => runOf(object(data)),
      ),
    uploaders: (artifactName, branch, how) =>
      ask(
        how,
        request => octokit.actions.listArtifactsForRepo({ ...here, name: artifactName, per_page: PER_PAGE, request }),
        data =>
          list(object(data).artifacts, ({ name, expired, workflow_run }) => {
            const { id, head_branch } = object(workflow_run ?? {});
            return name === artifactName && expired !== true && head_branch === branch ? [String(id)] : [];
          }).flat(),
      ),
    async artifacts(runId, how) {
      const found: { id: number; name: string }[] = [];
      for (let number = 1; ; number++) {
        const some = await ask(
          how,
          request =>
            octokit.actions.listWorkflowRunArtifacts({
              ...here,
              run_id: Number(runId),
              per_page: PER_PAGE,
              page: number,
              request,
            }),
          data =>
            list(object(data).artifacts, each => ({
              id: Number(each.id),
              name: text(each.name),
              expired: each.expired === true,
            })),
        );
        for (const { id, name, expired } of some) if (!expired) found.push({ id, name });
        if (some.length < PER_PAGE) return found.sort((a, b) => b.id - a.id);
      }
    },
    artifact(id, how) {
      let known: string | undefined;
      return (from, to) =>
        ask(
          how,
          async request => {
            const url = known ?? (await addressOf(id, request));
            // It is good for some minutes: after a failure it is asked for anew.
            known = undefined;
            const data = await fetchByteRange(url, from, to, request.signal);
            known = url;
            return { data };
          },
          data => data as ByteRange,
        );
    },
    async dispatch(workflow, ref, inputs) {
      await ask(
        'write',
        request =>
          octokit.actions.createWorkflowDispatch({
            ...here,
            workflow_id: workflow,
            ref,
            inputs: { ...inputs },
            request,
          }),
        () => null,
      );
    },
    git: repository => openGit(octokit, ask, split(repository)),
  };

  /** Where the zip of an artifact is; not followed, as the token is none of the blob store's business. */
  async function addressOf(id: number, request: { signal: AbortSignal }): Promise<string> {
    const { headers } = await octokit.request('GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip', {
      ...here,
      artifact_id: id,
      request: { ...request, redirect: 'manual' },
    });
    return text(headers.location);
  }
}

function runOf(run: Record<string, unknown>): WorkflowRun {
  return {
    id: String(run.id),
    // `.github/workflows/sync.yml`, and at times the ref it was taken from.
    workflowFile: /([^/@]+)(?:@.*)?$/.exec(String(run.path))?.[1] ?? '',
    event: text(run.event),
    headRepository: String(object(run.head_repository ?? {}).full_name ?? ''),
    changedAt: Date.parse(String(run.updated_at)),
  };
}

function split(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}
