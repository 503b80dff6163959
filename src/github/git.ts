/** The Git Data API of one repository (docs/actions-platform.md#git-data-api). */
import { object, parseBlob, parseCommitTree, parseRefCommit, parseSha, parseTree, type TreeEntry } from './answers.ts';
import type { Octokit } from './octokit.ts';
import { GitHubError, type RetryingClient } from './request.ts';

/** All methods reject with a {@link GitHubError}. */
export interface Git {
  /** The commit at the tip of a branch; null when the branch, all commits or the repository are missing. */
  tip(branch: string): Promise<{ readonly commit: string; readonly tree: string } | null>;
  /** The entries of one tree, without those of its subtrees. */
  tree(sha: string): Promise<readonly TreeEntry[]>;
  blob(sha: string): Promise<Buffer>;
  /** @returns its SHA, as do the two methods below */
  createBlob(bytes: Buffer): Promise<string>;
  /**
   * A tree that differs from `base` (null: from an empty tree) by at most 100 changes
   * (docs/actions-platform.md#tree-size).
   */
  createTree(base: string | null, changes: readonly TreeChange[]): Promise<string>;
  createCommit(message: string, tree: string, parent: string | null): Promise<string>;
  createBranch(branch: string, commit: string): Promise<void>;
  /** Fast-forward only. */
  moveBranch(branch: string, commit: string): Promise<void>;
  /**
   * Makes the first commit of an empty repository, on this branch, because all methods above fail there
   * (docs/actions-platform.md#empty-repositories).
   */
  createFirstCommit(branch: string, path: string, content: string, message: string): Promise<void>;
}

/** A file by the SHA of its blob or by its content, a folder by the SHA of its tree; `sha: null` removes the path. */
export type TreeChange = { readonly path: string; readonly type: 'blob' | 'tree' } & (
  | { readonly sha: string | null }
  | { readonly content: string }
);

export function openGit(octokit: Octokit, send: RetryingClient, repo: { owner: string; repo: string }): Git {
  return {
    async tip(branch) {
      const ref = `heads/${branch}`;
      const commit = await send('read', request => octokit.git.getRef({ ...repo, ref, request }), parseRefCommit).catch(
        nullIfMissing,
      );
      if (commit === null) return null;
      const tree = await send(
        'read',
        request => octokit.git.getCommit({ ...repo, commit_sha: commit, request }),
        parseCommitTree,
      );
      return { commit, tree };
    },
    tree: tree_sha => send('read', request => octokit.git.getTree({ ...repo, tree_sha, request }), parseTree),
    blob: file_sha => send('read', request => octokit.git.getBlob({ ...repo, file_sha, request }), parseBlob),
    createBlob(bytes) {
      const blob = { ...repo, content: bytes.toString('base64'), encoding: 'base64' };
      return send('write', request => octokit.git.createBlob({ ...blob, request }), parseSha);
    },
    createTree(base, changes) {
      const tree = changes.map(change => ({ ...change, mode: MODES[change.type] }));
      const on = base === null ? {} : { base_tree: base };
      return send('write', request => octokit.git.createTree({ ...repo, ...on, tree, request }), parseSha);
    },
    createCommit(message, tree, parent) {
      const commit = { ...repo, message, tree, parents: parent === null ? [] : [parent] };
      return send('write', request => octokit.git.createCommit({ ...commit, request }), parseSha);
    },
    async createBranch(branch, sha) {
      const ref = `refs/heads/${branch}`;
      await send('write', request => octokit.git.createRef({ ...repo, ref, sha, request }), object);
    },
    async moveBranch(branch, sha) {
      const ref = `heads/${branch}`;
      await send('write', request => octokit.git.updateRef({ ...repo, ref, sha, force: false, request }), object);
    },
    async createFirstCommit(branch, path, content, message) {
      const file = { ...repo, branch, path, message, content: Buffer.from(content).toString('base64') };
      await send('write', request => octokit.repos.createOrUpdateFileContents({ ...file, request }), object);
    },
  };
}

const MODES = { blob: '100644', tree: '040000' } as const;

/** GitHub answers 409 to every request about a repository without a commit. */
function nullIfMissing(error: unknown): null {
  if (error instanceof GitHubError && (error.status === 404 || error.status === 409)) return null;
  throw error;
}
