// A repository of the fake GitHub: its settings, who may do what, its real git repository and its workflow runs. The
// methods are for tests: to prepare a branch, to be the other writer, and to see what has become of it.
import { GitObjects } from './objects.ts';
import { listTree, type PathChange, writeOver } from './trees.ts';

export type Level = 'none' | 'read' | 'write';

/** As in `permissions:` of a workflow; what is not named is `none`. Metadata can always be read. */
export interface Permissions {
  actions?: Level;
  contents?: Level;
}

export type Visibility = 'public' | 'private' | 'internal';

export interface RepositoryOptions {
  owner: string;
  name: string;
  id: number;
  visibility: Visibility;
  defaultBranch: string;
  /** Token -> what it may do here. */
  tokens: Record<string, Permissions>;
}

export interface WorkflowRun {
  id: number;
  attempt: number;
  number: number;
  /** Of a tag or a pull request too: what GITHUB_REF is. */
  ref: string;
  headBranch: string;
  headSha: string;
  event: string;
  workflowPath: string;
  workflowName: string;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  createdAt: Date;
  /** When something has last become of it, a later attempt included. */
  changedAt: Date;
}

export interface Dispatch {
  workflow: string;
  ref: string;
  inputs: Record<string, unknown>;
  at: Date;
}

export const BOT = 'github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>';

export class Repository {
  readonly owner: string;
  readonly name: string;
  readonly id: number;
  readonly git: GitObjects;
  readonly tokens: Map<string, Permissions>;
  readonly runs: WorkflowRun[] = [];
  readonly dispatches: Dispatch[] = [];
  /** File name -> text, for what a dispatch is checked against. Empty: every workflow takes every dispatch. */
  readonly workflows = new Map<string, string>();
  /** Branch -> the message with which a move of it is refused (422). */
  readonly protectedBranches = new Map<string, string>();
  /** Push protection: texts that count as secrets. A blob that holds one is refused (409). */
  readonly secrets = new Set<string>();
  /** A ruleset about files: why a commit may not bring a file (its path, its content); undefined when it may. */
  fileRule?: (path: string, bytes: Buffer) => string | undefined;
  visibility: Visibility;
  defaultBranch: string;
  #hasCommits = false;

  constructor(options: RepositoryOptions, git: GitObjects) {
    this.owner = options.owner;
    this.name = options.name;
    this.id = options.id;
    this.visibility = options.visibility;
    this.defaultBranch = options.defaultBranch;
    this.tokens = new Map(Object.entries(options.tokens));
    this.git = git;
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`;
  }

  /** Its id in the GraphQL API. */
  get nodeId(): string {
    return `R_${this.id}`;
  }

  get dir(): string {
    return this.git.dir;
  }

  /** The commit at the tip of a branch. */
  head(branch: string = this.defaultBranch): Promise<string | undefined> {
    return this.git.ref(`refs/heads/${branch}`);
  }

  /** Commits files to a branch, as another writer would; `null` deletes one. Creates the branch when there is none. */
  async commit(
    branch: string,
    files: Record<string, string | Buffer | null>,
    options: { message?: string; orphan?: boolean } = {},
  ): Promise<string> {
    const changes: PathChange[] = [];
    for (const [path, content] of Object.entries(files)) {
      changes.push({
        path,
        mode: '100644',
        sha: content === null ? null : await this.git.write('blob', Buffer.from(content)),
      });
    }
    const head = await this.head(branch);
    const parent = options.orphan ? undefined : head;
    const base = parent === undefined ? undefined : (await this.git.commit(parent))?.tree;
    const who = `${BOT} ${Math.floor(Date.now() / 1000)} +0000`;
    const sha = await this.git.writeCommit({
      tree: await writeOver(this.git, base, changes),
      parents: parent === undefined ? [] : [parent],
      author: who,
      committer: who,
      message: options.message ?? 'another writer',
    });
    // With `orphan` this is what a forced push does.
    if (!(await this.git.moveRef(`refs/heads/${branch}`, head, sha))) throw new Error(`${branch} moved meanwhile`);
    this.#hasCommits = true;
    return sha;
  }

  async deleteBranch(branch: string): Promise<void> {
    await this.git.deleteRef(`refs/heads/${branch}`);
  }

  /** Points a branch anywhere, forwards or not. */
  async forceBranch(branch: string, sha: string): Promise<void> {
    await this.git.git('update-ref', `refs/heads/${branch}`, sha);
  }

  /** Path -> bytes of every file at the tip of a branch (or at a commit); empty when there is no such branch. */
  async files(branchOrSha: string = this.defaultBranch): Promise<Map<string, Buffer>> {
    const sha = (await this.head(branchOrSha)) ?? branchOrSha;
    const commit = await this.git.commit(sha);
    const files = new Map<string, Buffer>();
    for (const entry of commit === undefined ? [] : await listTree(this.git, commit.tree, true)) {
      if (entry.type === 'blob') files.set(entry.path, (await this.git.read(entry.sha))?.bytes ?? Buffer.alloc(0));
    }
    return files;
  }

  /** The commits of a branch along first parents, newest first. */
  async history(
    branch: string = this.defaultBranch,
  ): Promise<Array<{ sha: string; message: string; parents: string[] }>> {
    const commits: Array<{ sha: string; message: string; parents: string[] }> = [];
    for (let sha = await this.head(branch); sha !== undefined; ) {
      const commit = await this.git.commit(sha);
      if (!commit) throw new Error(`commit ${sha} is missing`);
      commits.push({ sha, message: commit.message, parents: commit.parents });
      sha = commit.parents[0];
    }
    return commits;
  }

  /** Runs `git fsck`; throws with what it says unless the repository is whole. Blobs nobody refers to are no fault. */
  async fsck(): Promise<void> {
    const printed = await this.git.git('fsck', '--full', '--strict', '--no-dangling', '--no-progress');
    if (printed.trim() !== '') throw new Error(printed);
  }

  /** Asked with every request, so it is remembered once there has been a commit. */
  async isEmpty(): Promise<boolean> {
    this.#hasCommits ||= (await this.git.refs()).length > 0;
    return !this.#hasCommits;
  }
}

export async function createRepository(dir: string, options: RepositoryOptions, empty: boolean): Promise<Repository> {
  const repository = new Repository(options, await GitObjects.create(dir, options.defaultBranch));
  // The empty tree is a constant of git, and yet fsck wants the object when a commit refers to it.
  await repository.git.write('tree', Buffer.alloc(0));
  if (!empty)
    await repository.commit(
      options.defaultBranch,
      { 'README.md': `# ${options.name}\n` },
      { message: 'Initial commit' },
    );
  return repository;
}
