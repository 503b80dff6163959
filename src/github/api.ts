// The REST API of GitHub: what is asked of it, and what is read out of its answers. Only this file knows octokit.
import { Octokit } from '@octokit/rest';
import type { Log } from '../log.ts';
import { list, object, openAsking, Refused, text, truth } from './asking.ts';
import type { Context } from './context.ts';

export interface Api {
  /** Whether a repository is public. Rejects when the API does not say. */
  isPublic(repository: string): Promise<boolean>;
  /** Cache entries whose key starts with `prefix`, newest first. Needs `actions: read`. */
  caches(prefix: string): Promise<readonly { readonly key: string; readonly ref: string }[]>;
  /** Name of the default branch. */
  defaultBranch(): Promise<string>;
  /** The newest runs of a workflow (its file name) for a branch, newest first. Needs `actions: read`. */
  runs(workflow: string, branch: string): Promise<readonly WorkflowRun[]>;
  /** What a run has uploaded and can still be downloaded, newest first. Needs `actions: read`. */
  artifacts(runId: string): Promise<readonly { readonly id: number; readonly name: string }[]>;
  /** Where the zip of an artifact can be fetched from for some minutes, by whoever knows the address. */
  artifactUrl(id: number): Promise<string>;
  /**
   * Starts a workflow (its file name) on a ref, as somebody who runs it by hand would. Needs `actions: write`.
   * @throws Refused
   */
  dispatch(workflow: string, ref: string, inputs: Readonly<Record<string, unknown>>): Promise<void>;
  /** The Git Data API of a repository. */
  git(repository: string): Git;
}

export interface WorkflowRun {
  readonly id: string;
  readonly event: string;
  /** Of the repository that the commit is in: another one than the workflow's for a pull request from a fork. */
  readonly headRepository: string;
  /** When something has last become of it, a later attempt included, in milliseconds. */
  readonly changedAt: number;
}

export interface Git {
  /** The commit a branch points at; null when there is no such branch, or nothing in the repository, or no such repository. */
  tip(branch: string): Promise<{ readonly commit: string; readonly tree: string } | null>;
  /** The entries of one tree, without those below. */
  tree(sha: string): Promise<readonly TreeEntry[]>;
  blob(sha: string): Promise<Buffer>;
  createBlob(bytes: Buffer): Promise<string>;
  /** A tree over another one, or over nothing. At most 100 changes: more make GitHub run out of time. */
  createTree(base: string | null, changes: readonly TreeChange[]): Promise<string>;
  createCommit(message: string, tree: string, parent: string | null): Promise<string>;
  createBranch(branch: string, commit: string): Promise<void>;
  /** Only forwards. */
  moveBranch(branch: string, commit: string): Promise<void>;
  /** Makes the first commit of a repository that has none, which the calls above do not work on; on that branch. */
  begin(branch: string, path: string, content: string, message: string): Promise<void>;
}

export interface TreeEntry {
  readonly path: string;
  readonly type: string;
  readonly sha: string;
}

/** A file by the sha of its blob or by its content, a folder by the sha of its tree; `sha: null` removes what is there. */
export type TreeChange = { readonly path: string; readonly type: 'blob' | 'tree' } & (
  | { readonly sha: string | null }
  | { readonly content: string }
);

const PER_PAGE = 100;
export function openApi(context: Context, token: string, userAgent: string, log: Log): Api {
  const quiet = () => {};
  const octokit = new Octokit({
    auth: token === '' ? undefined : token,
    baseUrl: context.apiUrl,
    userAgent,
    // It logs deprecations and request ids, which are nobody's business in a workflow's log.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  const here = split(context.repository);
  const ask = openAsking(log);

  return {
    isPublic: repository =>
      ask(
        'read',
        request => octokit.repos.get({ ...split(repository), request }),
        data => {
          const { visibility, private: isPrivate } = object(data);
          const isOpen = !truth(isPrivate);
          return visibility === undefined ? isOpen : visibility === 'public';
        },
      ),
    caches: prefix =>
      ask(
        'look',
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
    runs: (workflow, branch) =>
      ask(
        'look',
        request =>
          octokit.actions.listWorkflowRuns({ ...here, workflow_id: workflow, branch, per_page: PER_PAGE, request }),
        data =>
          list(object(data).workflow_runs, run => ({
            id: String(run.id),
            event: text(run.event),
            headRepository: String(object(run.head_repository ?? {}).full_name ?? ''),
            changedAt: Date.parse(String(run.updated_at)),
          })),
      ),
    async artifacts(runId) {
      const found: { id: number; name: string }[] = [];
      for (let number = 1; ; number++) {
        const some = await ask(
          'look',
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
    artifactUrl: id =>
      ask(
        'look',
        // Followed by hand: the token is none of the blob store's business.
        async request => {
          const { headers } = await octokit.request('GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip', {
            ...here,
            artifact_id: id,
            request: { ...request, redirect: 'manual' },
          });
          return { data: headers.location };
        },
        text,
      ),
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
    git: repository => openGit(split(repository)),
  };

  function openGit(there: { owner: string; repo: string }): Git {
    const sha = (data: unknown) => text(object(data).sha);
    return {
      async tip(branch) {
        const commit = await ask(
          'read',
          request => octokit.git.getRef({ ...there, ref: `heads/${branch}`, request }),
          data => sha(object(data).object),
        ).catch(nothingThere);
        if (commit === null) return null;
        const tree = await ask(
          'read',
          request => octokit.git.getCommit({ ...there, commit_sha: commit, request }),
          data => sha(object(data).tree),
        );
        return { commit, tree };
      },
      tree: tree_sha =>
        ask(
          'read',
          request => octokit.git.getTree({ ...there, tree_sha, request }),
          data =>
            list(object(data).tree, entry => ({
              path: text(entry.path),
              type: text(entry.type),
              sha: text(entry.sha),
            })),
        ),
      blob: file_sha =>
        ask(
          'read',
          request => octokit.git.getBlob({ ...there, file_sha, request }),
          data => Buffer.from(text(object(data).content), 'base64'),
        ),
      createBlob: bytes =>
        ask(
          'write',
          request =>
            octokit.git.createBlob({ ...there, content: bytes.toString('base64'), encoding: 'base64', request }),
          sha,
        ),
      createTree: (base, changes) =>
        ask(
          'write',
          request =>
            octokit.git.createTree({
              ...there,
              ...(base === null ? {} : { base_tree: base }),
              tree: changes.map(({ type, ...change }) => ({
                ...change,
                type,
                mode: type === 'tree' ? '040000' : '100644',
              })),
              request,
            }),
          sha,
        ),
      createCommit: (message, tree, parent) =>
        ask(
          'write',
          request =>
            octokit.git.createCommit({ ...there, message, tree, parents: parent === null ? [] : [parent], request }),
          sha,
        ),
      async createBranch(branch, commit) {
        await ask(
          'write',
          request => octokit.git.createRef({ ...there, ref: `refs/heads/${branch}`, sha: commit, request }),
          object,
        );
      },
      async moveBranch(branch, commit) {
        await ask(
          'write',
          request => octokit.git.updateRef({ ...there, ref: `heads/${branch}`, sha: commit, force: false, request }),
          object,
        );
      },
      async begin(branch, path, content, message) {
        await ask(
          'write',
          request =>
            octokit.repos.createOrUpdateFileContents({
              ...there,
              branch,
              path,
              message,
              content: Buffer.from(content).toString('base64'),
              request,
            }),
          object,
        );
      },
    };
  }
}

/** GitHub says 409 of everything in a repository that has no commit. */
function nothingThere(error: unknown): null {
  if (error instanceof Refused && (error.status === 404 || error.status === 409)) return null;
  throw error;
}

function split(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}
