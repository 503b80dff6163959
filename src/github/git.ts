/** The Git Data API of one repository (docs/actions-platform.md#git-data-api). */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  object,
  parseBlob,
  parseCommit,
  parseNodeId,
  parseRefCommit,
  parseSha,
  parseTree,
  parseWholeTree,
  requireSha,
} from './answers.ts';
import { blobSha } from './objects.ts';
import { type Call, GitHubError, type Mutate } from './request.ts';

/** All methods but `archive` reject with a {@link GitHubError}. Those that create an object resolve to its SHA. */
export type Git = ReturnType<typeof openGit>;

/** A file by the SHA of its blob or by its content, a folder by the SHA of its tree; `sha: null` removes the path. */
export type TreeChange = { readonly path: string; readonly type: 'blob' | 'tree' } & (
  | { readonly sha: string | null }
  | { readonly content: string }
);

const MODES = { blob: '100644', tree: '040000' } as const;

/** @param archive the files of a commit, one after the other, as {@link filesInTar} gives them */
export function openGit(call: Call, mutate: Mutate, archive: (commit: string) => AsyncIterable<Buffer>) {
  return {
    archive,
    /** The commit at the tip of a branch; null when the branch, all commits or the repository are missing. */
    async tip(branch: string) {
      const ref = `heads/${branch}`;
      const commit_sha = await call('read', 'GET /git/ref/{ref}', { ref }, parseRefCommit).catch(nullIfMissing);
      if (commit_sha === null) return null;
      const route = 'GET /git/commits/{commit_sha}';
      return { commit: commit_sha, ...(await call('read', route, { commit_sha }, parseCommit)) };
    },
    /** The entries of one tree, without those of its subtrees. */
    tree: (tree_sha: string) =>
      call('read', 'GET /git/trees/{tree_sha}', { tree_sha }, data => parseTree(data, tree_sha)),
    /** The entries of a tree and of its subtrees, by their paths from there; null when they are too many. */
    wholeTree: (tree_sha: string) =>
      call('read', 'GET /git/trees/{tree_sha}', { tree_sha, recursive: '1' }, parseWholeTree),
    blob: (file_sha: string) =>
      call('read', 'GET /git/blobs/{file_sha}', { file_sha }, data => parseBlob(data, file_sha)),
    createBlob: (bytes: Buffer) => createBlob(call, bytes),
    /**
     * A tree that differs from `base` (null: from an empty tree) by at most 100 changes
     * (docs/actions-platform.md#tree-size).
     */
    createTree(base: string | null, changes: readonly TreeChange[]) {
      const tree = changes.map(change => ({ ...change, mode: MODES[change.type] }));
      const from = base === null ? {} : { base_tree: base };
      return call('write', 'POST /git/trees', { ...from, tree }, parseSha);
    },
    createCommit(message: string, tree: string, parent: string | null) {
      const commit = { message, tree, parents: parent === null ? [] : [parent] };
      return call('write', 'POST /git/commits', commit, parseSha);
    },
    createBranch: (branch: string, sha: string) =>
      call('write', 'POST /git/refs', { ref: `refs/heads/${branch}`, sha }, object),
    requireWrite: (branch: string) => requireWrite(call, branch),
    /** Fast-forward only. */
    moveBranch(branch: string, sha: string) {
      const update = { ref: `heads/${branch}`, sha, force: false };
      return call('write', 'PATCH /git/refs/{ref}', update, object);
    },
    /**
     * Moves a branch to a commit that does not follow on the one before, if it is still there
     * (docs/actions-platform.md#ref-updates).
     */
    async replaceBranch(branch: string, from: string, to: string) {
      const repositoryId = await call('read', 'GET ', {}, parseNodeId);
      const update = { name: `refs/heads/${branch}`, beforeOid: from, afterOid: to, force: true };
      await mutate('updateRefs', 'UpdateRefsInput', { repositoryId, refUpdates: [update] });
    },
    setRef: (name: string, sha: string) => setRef(call, name, sha),
    /**
     * Makes the first commit of an empty repository, on this branch, because all methods above fail there
     * (docs/actions-platform.md#empty-repositories).
     */
    createFirstCommit(branch: string, path: string, content: string, message: string) {
      const file = { branch, path, message, content: Buffer.from(content).toString('base64') };
      return call('write', 'PUT /contents/{path}', file, object);
    },
  };
}

/**
 * Resolves when the token may write, and changes nothing: GitHub looks at the permission of a request first, and then refuses
 * this one, since there is no such object (docs/actions-platform.md#git-data-api).
 */
async function requireWrite(call: Call, branch: string): Promise<void> {
  const nothing = { ref: `refs/heads/${branch}`, sha: '0'.repeat(40) };
  await call('write', 'POST /git/refs', nothing, object).catch(error => {
    // 409: there is no commit yet.
    if (!(error instanceof GitHubError) || ![409, 422].includes(error.status)) throw error;
  });
}

/** Points a ref that is no branch at a commit, wherever it has pointed. @param name without `refs/` */
async function setRef(call: Call, name: string, sha: string): Promise<void> {
  await call('write', 'PATCH /git/refs/{ref}', { ref: name, sha, force: true }, object).catch(error => {
    if (!(error instanceof GitHubError) || ![404, 422].includes(error.status)) throw error;
    return call('write', 'POST /git/refs', { ref: `refs/${name}`, sha }, object);
  });
}

/** GitHub answers 409 to every request about a repository without a commit. */
function nullIfMissing(error: unknown): null {
  if (error instanceof GitHubError && (error.status === 404 || error.status === 409)) return null;
  throw error;
}

/** What a large file leaves behind once it is sent is a multiple of it, of which V8 would let several pile up. */
const LARGE_BYTES = 2 * 1024 * 1024;

function createBlob(call: Call, bytes: Buffer): Promise<string> {
  // Computed first, so that the bytes are free while the request is under way.
  const sha = blobSha(bytes);
  return call('write', 'POST /git/blobs', blobRequest(bytes), data => requireSha(data, sha));
}

function blobRequest(bytes: Buffer) {
  if (bytes.length > LARGE_BYTES) {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    collectGarbage();
  }
  return { content: bytes.toString('base64'), encoding: 'base64' };
}
