/** The REST API of GitHub, as far as the action uses it. */
import type { Log } from '../report/log.ts';
import {
  type ArtifactEntry,
  parseArtifacts,
  parseCaches,
  parseDefaultBranch,
  parseIsPublic,
  parseRedirect,
  parseRun,
  parseRuns,
  parseRunsWithArtifact,
  type WorkflowRun,
} from './answers.ts';
import { type ByteRange, fetchByteRange } from './byte-range.ts';
import type { Context } from './context.ts';
import { type Git, openGit } from './git.ts';
import { openOctokit } from './octokit.ts';
import { openRetryingClient, type ReadKind } from './request.ts';

export type { TreeEntry, WorkflowRun } from './answers.ts';
export type { Git, TreeChange } from './git.ts';

/** All methods reject with a `GitHubError`. Those with a {@link ReadKind} need the permission `actions: read`. */
export interface Api {
  isPublic(repository: string): Promise<boolean>;
  /** Cache entries whose key starts with `prefix`, newest first. */
  caches(prefix: string, kind: ReadKind): Promise<readonly { readonly key: string; readonly ref: string }[]>;
  /** Name of the default branch. */
  defaultBranch(): Promise<string>;
  /** The newest runs of a workflow (its file name) on a branch, newest first. */
  runs(workflow: string, branch: string, kind: ReadKind): Promise<readonly WorkflowRun[]>;
  run(id: string, kind: ReadKind): Promise<WorkflowRun>;
  /** Ids of the runs on a branch, of any workflow, that have an artifact of exactly this name, newest first. */
  runsWithArtifact(artifactName: string, branch: string, kind: ReadKind): Promise<readonly string[]>;
  /** The artifacts of a run that have not expired, newest first. */
  artifacts(runId: string, kind: ReadKind): Promise<readonly { readonly id: number; readonly name: string }[]>;
  /** Reads the zip of an artifact by ranges of bytes, from the first number to before the second. */
  artifact(id: number, kind: ReadKind): (from: number, to: number) => Promise<ByteRange>;
  /** Starts a workflow (its file name) on a ref, as by hand. Needs the permission `actions: write`. */
  dispatch(workflow: string, ref: string, inputs: Readonly<Record<string, unknown>>): Promise<void>;
  /** The Git Data API of a repository. */
  git(repository: string): Git;
}

/** The most that GitHub gives. */
const PER_PAGE = 100;

export function openApi(context: Context, token: string, userAgent: string, log: Log): Api {
  const octokit = openOctokit(context.apiUrl, token, userAgent);
  const { actions, repos } = octokit;
  const here = split(context.repository);
  const send = openRetryingClient(log);

  return {
    isPublic: repository => send('read', request => repos.get({ ...split(repository), request }), parseIsPublic),
    caches(key, kind) {
      const newest = { ...here, key, per_page: PER_PAGE, sort: 'created_at', direction: 'desc' } as const;
      return send(kind, request => actions.getActionsCacheList({ ...newest, request }), parseCaches);
    },
    defaultBranch: () => send('best-effort', request => repos.get({ ...here, request }), parseDefaultBranch),
    runs(workflow_id, branch, kind) {
      const newest = { ...here, workflow_id, branch, per_page: PER_PAGE };
      return send(kind, request => actions.listWorkflowRuns({ ...newest, request }), parseRuns);
    },
    run: (id, kind) =>
      send(kind, request => actions.getWorkflowRun({ ...here, run_id: Number(id), request }), parseRun),
    runsWithArtifact: (name, branch, kind) =>
      send(
        kind,
        request => actions.listArtifactsForRepo({ ...here, name, per_page: PER_PAGE, request }),
        data => parseRunsWithArtifact(data, name, branch),
      ),
    async artifacts(runId, kind) {
      const found: ArtifactEntry[] = [];
      for (let page = 1; ; page++) {
        const some = { ...here, run_id: Number(runId), per_page: PER_PAGE, page };
        const artifacts = await send(
          kind,
          request => actions.listWorkflowRunArtifacts({ ...some, request }),
          parseArtifacts,
        );
        found.push(...artifacts.filter(({ isExpired }) => !isExpired));
        if (artifacts.length < PER_PAGE) return found.sort((a, b) => b.id - a.id);
      }
    },
    artifact(id, kind) {
      let address: string | undefined;
      return (from, to) =>
        send(
          kind,
          async request => {
            const url = address ?? (await addressOf(id, request));
            // An address expires within minutes, so the next try after a failure gets a new one.
            address = undefined;
            const data = await fetchByteRange(url, from, to, request.signal);
            address = url;
            return { data };
          },
          data => data as ByteRange,
        );
    },
    async dispatch(workflow_id, ref, inputs) {
      const event = { ...here, workflow_id, ref, inputs: { ...inputs } };
      await send(
        'write',
        request => actions.createWorkflowDispatch({ ...event, request }),
        () => null,
      );
    },
    git: repository => openGit(octokit, send, split(repository)),
  };

  /** The address of the zip of an artifact. The redirect is not followed, because the blob store must not get the token. */
  async function addressOf(id: number, request: { signal: AbortSignal }): Promise<string> {
    const { headers } = await octokit.request('GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip', {
      ...here,
      artifact_id: id,
      request: { ...request, redirect: 'manual' },
    });
    return parseRedirect(headers);
  }
}

function split(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}
