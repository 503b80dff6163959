// The Git Data API: what is asked of it, and what is read out of its answers.

import type { Octokit } from './octokit.ts';
import { list, object, Refused, type RetryingClient, text } from './request.ts';

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

export function openGit(octokit: Octokit, ask: RetryingClient, there: { owner: string; repo: string }): Git {
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
        request => octokit.git.createBlob({ ...there, content: bytes.toString('base64'), encoding: 'base64', request }),
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

/** GitHub says 409 of everything in a repository that has no commit. */
function nothingThere(error: unknown): null {
  if (error instanceof Refused && (error.status === 404 || error.status === 409)) return null;
  throw error;
}
