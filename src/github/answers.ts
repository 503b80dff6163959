/**
 * Parsers for the answers of GitHub. No other file knows the shape of an answer.
 *
 * Every field is checked, whatever octokit's types promise: octokit takes a body that was cut off for an empty answer.
 * A parser throws {@link UnusableAnswer} then, and the request is made again, as after a connection that broke.
 */

import { blobSha, treeSha } from './objects.ts';

/** An answer lacks what it should have. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
}

export type WorkflowRun = Readonly<ReturnType<typeof parseRun>>;
export type TreeEntry = Readonly<ReturnType<typeof parseTree>[number]>;

/** Whether a repository is public; undefined when its description does not say so in a known way. */
export function isPublic({ visibility, private: isPrivate }: Record<string, unknown>): boolean | undefined {
  if (visibility === 'public') return true;
  if (visibility === 'private' || visibility === 'internal') return false;
  return visibility === undefined && typeof isPrivate === 'boolean' ? !isPrivate : undefined;
}

/** Whether a repository is public. A visibility that is not known here may mean everybody. */
export function parseIsPublic(data: unknown): boolean {
  const repository = object(data);
  if (typeof repository.private !== 'boolean') throw new UnusableAnswer();
  return isPublic(repository) ?? true;
}

export function parseDefaultBranch(data: unknown): string {
  return string(object(data).default_branch);
}

export function parseCaches(data: unknown): { key: string; ref: string }[] {
  return list(object(data).actions_caches).map(({ key, ref }) => ({ key: string(key), ref: string(ref) }));
}

export function parseRuns(data: unknown) {
  return list(object(data).workflow_runs).map(parseRun);
}

export function parseRun(data: unknown) {
  const run = object(data);
  return {
    id: String(run.id),
    /** `sync.yml`. GitHub says `.github/workflows/sync.yml`, sometimes with `@` and the ref that it was taken from. */
    workflowFile: /([^/@]+)(?:@.*)?$/.exec(String(run.path))?.[1] ?? '',
    event: string(run.event),
    /** Repository with the commit: for a pull request from a fork, not the repository of the workflow. */
    headRepository: String(object(run.head_repository ?? {}).full_name ?? ''),
    /** When the run or a later attempt of it last changed, in milliseconds since the epoch. */
    updatedAt: Date.parse(String(run.updated_at)),
  };
}

export function parseArtifacts(data: unknown) {
  return list(object(data).artifacts).map(({ id, name, expired }) => ({
    id: Number(id),
    name: string(name),
    isExpired: expired === true,
  }));
}

/** The ids of the runs of a branch that have an artifact of exactly this name, in the order of the answer. */
export function parseRunsWithArtifact(data: unknown, artifactName: string, branch: string): string[] {
  return list(object(data).artifacts).flatMap(({ name, expired, workflow_run }) => {
    const { id, head_branch } = object(workflow_run ?? {});
    return name === artifactName && expired !== true && head_branch === branch ? [String(id)] : [];
  });
}

/** Address of the blob that a redirect leads to. */
export function parseRedirect(headers: { readonly location?: unknown }): string {
  return string(headers.location);
}

/** The name of an object of git, which goes into later requests. */
export function parseSha(data: unknown): string {
  const sha = string(object(data).sha);
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new UnusableAnswer();
  return sha;
}

/** @param sha of the file that was uploaded: with another one, a commit would have another file */
export function requireSha(data: unknown, sha: string): string {
  if (parseSha(data) !== sha) throw new UnusableAnswer();
  return sha;
}

/** The commit that a ref points at. */
export function parseRefCommit(data: unknown): string {
  return parseSha(object(data).object);
}

/** The tree of a commit, and whether it has no parent. */
export function parseCommit(data: unknown) {
  const { tree, parents } = object(data);
  return { tree: parseSha(tree), isFirst: list(parents).length === 0 };
}

/** @param tree_sha of the tree that was asked for: one that lacks entries would seem to be without a state */
export function parseTree(data: unknown, tree_sha: string) {
  const entries = parseEntries(data);
  if (treeSha(entries) !== tree_sha) throw new UnusableAnswer();
  return entries;
}

function parseEntries(data: unknown) {
  return list(object(data).tree).map(entry => ({
    path: string(entry.path),
    type: string(entry.type),
    sha: parseSha(entry),
    mode: string(entry.mode),
  }));
}

/** The entries of a tree and of those inside it; null when they are too many for one answer. */
export function parseWholeTree(data: unknown): TreeEntry[] | null {
  return object(data).truncated === true ? null : parseEntries(data);
}

/** The id of a repository in the GraphQL API. */
export function parseNodeId(data: unknown): string {
  return string(object(data).node_id);
}

export function parseBlob(data: unknown, file_sha: string): Buffer {
  const bytes = Buffer.from(string(object(data).content), 'base64');
  if (blobSha(bytes) !== file_sha) throw new UnusableAnswer();
  return bytes;
}

export function object(data: unknown): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new UnusableAnswer();
  return data as Record<string, unknown>;
}

function list(data: unknown): Record<string, unknown>[] {
  if (!Array.isArray(data)) throw new UnusableAnswer();
  return data.map(object);
}

function string(data: unknown): string {
  if (typeof data !== 'string') throw new UnusableAnswer();
  return data;
}
