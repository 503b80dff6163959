// The fake GitHub: one repository or more, the results service and its blobs, the REST API, all on loopback.
//
//   const github = await startGitHub();
//   const job = github.job({ ref: 'refs/heads/main' });   // what the runner (../runner) needs to run a job of a new run
//   ...
//   await github.close();
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobContext } from '../runner/context.ts';
import { type Artifact, Artifacts } from './artifacts.ts';
import { type BlobStore, startBlobs } from './blobs.ts';
import { type CacheEntry, Caches } from './caches.ts';
import { type LimitOptions, Limits } from './limits.ts';
import {
  createRepository,
  type Permissions,
  type Repository,
  type Visibility,
  type WorkflowRun,
} from './repository.ts';
import { startRest } from './rest.ts';
import { startResults } from './results.ts';
import { type CacheScope, type RuntimeTokenOptions, runtimeToken, scopesOf } from './token.ts';
import { Traffic } from './traffic.ts';

export { primaryLimitFault, secondaryLimitFault } from './limits.ts';
export type { Exchange, Fault, FaultRule } from './traffic.ts';
export type { Artifact, CacheEntry, CacheScope, JobContext, Permissions, Repository, Visibility, WorkflowRun };

export interface GitHubOptions {
  owner?: string;
  repo?: string;
  visibility?: Visibility;
  defaultBranch?: string;
  /** Token -> permissions in the main repository. By default `ghs_main` may write contents and read actions. */
  tokens?: Record<string, Permissions>;
  limits?: LimitOptions;
  /** Where blobs are kept: the own small server, Azurite (scripts/azurite.ts) or anything else that is a BlobStore. */
  blobStore?: 'own' | 'azurite' | BlobStore;
  cacheUploadsPerMinute?: number;
  /** For runners side by side: see `CacheOptions`. */
  ignoreCacheVersions?: boolean;
  /** The main repository starts without a commit. */
  empty?: boolean;
}

export interface JobOptions {
  /** A new run by default; the id of an earlier one makes this another attempt of it. */
  runId?: number;
  /** With the id of a run that is under way: another job of the same attempt. */
  sameAttempt?: boolean;
  /** Default: refs/heads/<default branch>. */
  ref?: string;
  event?: string;
  payload?: Record<string, unknown>;
  /** Who has started it: `octocat` by default, `github-actions[bot]` when another run has. */
  actor?: string;
  /** Of a pull request. */
  headRef?: string;
  baseRef?: string;
  job?: string;
  workflowName?: string;
  /** File name under .github/workflows. */
  workflow?: string;
  /** `github.token`; `ghs_main` by default. */
  token?: string;
  /** The cache scopes of the runtime token, where the rules of GitHub are not what is wanted. */
  scopes?: CacheScope[];
  /** A token that may only read the cache, as events that outsiders can fire get. */
  readOnlyCache?: boolean;
  cacheMode?: 'read' | 'write' | 'write-only' | 'none';
  /**
   * `https://github.com`; `http://127.0.0.1` would count as GitHub Enterprise Server
   * (docs/actions-platform.md#enterprise-server).
   */
  serverUrl?: string;
}

export interface GitHub extends AsyncDisposable {
  /** For GITHUB_API_URL. */
  readonly apiUrl: string;
  /** For ACTIONS_RESULTS_URL. */
  readonly resultsUrl: string;
  /** The bare git directory of the main repository. */
  readonly repositoryDir: string;
  readonly repository: Repository;
  /** Log, faults and listeners of all three servers. */
  readonly traffic: Traffic;
  readonly limits: Limits;
  addRepository(options: {
    owner: string;
    repo: string;
    visibility?: Visibility;
    defaultBranch?: string;
    tokens?: Record<string, Permissions>;
    empty?: boolean;
  }): Promise<Repository>;
  /** Registers a workflow run, or the next attempt of one, and says what the runner has to know. */
  job(options?: JobOptions): JobContext;
  run(id: number): WorkflowRun;
  /** Marks a run as completed, which is what the REST API then says; the runner does so at the end of a job. */
  finishRun(id: number, conclusion: string): void;
  runtimeToken(options: RuntimeTokenOptions): string;
  caches(): CacheEntry[];
  readCache(id: number): Promise<Buffer>;
  putCache(key: string, version: string, scope: string, bytes: Buffer): Promise<CacheEntry>;
  replaceCache(id: number, bytes: Buffer): Promise<void>;
  evictCaches(which?: (entry: CacheEntry) => boolean): CacheEntry[];
  /** Finalized artifacts, oldest first; of one run or of all. */
  artifacts(runId?: number | string): Artifact[];
  readArtifact(id: number): Promise<Map<string, Buffer>>;
  artifactBytes(id: number): Promise<Buffer>;
  replaceArtifact(id: number, bytes: Buffer): Promise<void>;
  expireArtifacts(which?: (artifact: Artifact) => boolean): Artifact[];
  deleteArtifact(id: number): void;
  close(): Promise<void>;
}

const DEFAULT_TOKENS: Record<string, Permissions> = { ghs_main: { contents: 'write', actions: 'read' } };

export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  const dir = await mkdtemp(join(tmpdir(), 'fake-github-'));
  const traffic = new Traffic();
  const blobs = await blobStoreOf(options, traffic);
  const caches = new Caches({
    blobs,
    uploadsPerMinute: options.cacheUploadsPerMinute ?? 200,
    ignoreVersions: options.ignoreCacheVersions ?? false,
  });
  const artifacts = new Artifacts(blobs);
  const limits = new Limits(options.limits);
  const repositories: Repository[] = [];

  const addRepository: GitHub['addRepository'] = async wanted => {
    const id = 700_001 + repositories.length;
    const settings = {
      id,
      owner: wanted.owner,
      name: wanted.repo,
      visibility: wanted.visibility ?? 'private',
      defaultBranch: wanted.defaultBranch ?? 'main',
      tokens: wanted.tokens ?? {},
    };
    const repository = await createRepository(join(dir, `${id}.git`), settings, wanted.empty ?? false);
    repositories.push(repository);
    return repository;
  };

  const repository = await addRepository({
    owner: options.owner ?? 'acme',
    repo: options.repo ?? 'support-data',
    tokens: options.tokens ?? DEFAULT_TOKENS,
    visibility: options.visibility ?? 'private',
    defaultBranch: options.defaultBranch ?? 'main',
    empty: options.empty ?? false,
  });
  const initialSha = (await repository.head()) ?? '0'.repeat(40);
  const results = await startResults({ traffic, caches, artifacts });
  const rest = await startRest({ repositories, caches, artifacts, limits, traffic });

  function runOf(id: number): WorkflowRun {
    const run = repository.runs.find(candidate => candidate.id === id);
    if (!run) throw new Error(`no run ${id}`);
    return run;
  }

  function registerRun(wanted: JobOptions): WorkflowRun {
    const known = repository.runs.find(candidate => candidate.id === wanted.runId);
    if (known) {
      known.attempt += wanted.sameAttempt ? 0 : 1;
      known.status = 'in_progress';
      known.conclusion = null;
      known.changedAt = new Date();
      return known;
    }
    const number = repository.runs.length + 1;
    const workflow = wanted.workflow ?? 'sync.yml';
    const ref = wanted.ref ?? `refs/heads/${repository.defaultBranch}`;
    const run: WorkflowRun = {
      id: wanted.runId ?? 17_000_000_000 + number,
      attempt: 1,
      number,
      ref,
      headBranch: wanted.headRef ?? ref.replace(/^refs\/(heads|tags)\//, ''),
      headSha: initialSha,
      event: wanted.event ?? 'schedule',
      workflowPath: `.github/workflows/${workflow}`,
      workflowName: wanted.workflowName ?? 'Sync',
      status: 'in_progress',
      conclusion: null,
      createdAt: new Date(),
      changedAt: new Date(),
    };
    repository.runs.push(run);
    return run;
  }

  function job(wanted: JobOptions = {}): JobContext {
    const run = registerRun(wanted);
    const name = wanted.job ?? 'sync';
    const scopes =
      wanted.scopes ??
      scopesOf({
        ref: run.ref,
        defaultBranch: repository.defaultBranch,
        readOnly: wanted.readOnlyCache ?? false,
        ...(wanted.baseRef === undefined ? {} : { baseRef: wanted.baseRef }),
      });
    return {
      repository: repository.fullName,
      repositoryId: repository.id,
      visibility: repository.visibility,
      defaultBranch: repository.defaultBranch,
      ref: run.ref,
      sha: run.headSha,
      headRef: wanted.headRef ?? '',
      baseRef: wanted.baseRef ?? '',
      event: run.event,
      payload: wanted.payload ?? {},
      actor: wanted.actor ?? 'octocat',
      runId: run.id,
      runAttempt: run.attempt,
      runNumber: run.number,
      workflowName: run.workflowName,
      workflowPath: run.workflowPath,
      job: name,
      serverUrl: wanted.serverUrl ?? 'https://github.com',
      apiUrl: rest.origin,
      resultsUrl: `${results.origin}/`,
      token: wanted.token ?? Object.keys(options.tokens ?? DEFAULT_TOKENS)[0] ?? '',
      runtimeToken: runtimeToken({ runId: run.id, jobId: `${name}-${run.attempt}`, scopes }),
      cacheMode: wanted.cacheMode,
      finished: conclusion => Object.assign(run, { status: 'completed', conclusion, changedAt: new Date() }),
    };
  }

  async function close(): Promise<void> {
    await Promise.all([rest.close(), results.close(), blobs.close()]);
    await rm(dir, { recursive: true, force: true });
  }

  return {
    apiUrl: rest.origin,
    resultsUrl: `${results.origin}/`,
    repositoryDir: repository.dir,
    repository,
    traffic,
    limits,
    addRepository,
    job,
    run: runOf,
    finishRun: (id, conclusion) => {
      Object.assign(runOf(id), { status: 'completed', conclusion, changedAt: new Date() });
    },
    runtimeToken,
    caches: () => caches.list(),
    readCache: id => caches.read(id),
    putCache: (key, version, scope, bytes) => caches.put(key, version, scope, bytes),
    replaceCache: (id, bytes) => caches.replace(id, bytes),
    evictCaches: which => caches.evict(which),
    artifacts: runId => artifacts.list(runId),
    readArtifact: id => artifacts.read(id),
    artifactBytes: id => artifacts.bytes(id),
    replaceArtifact: (id, bytes) => artifacts.replace(id, bytes),
    expireArtifacts: which => artifacts.expire(which),
    deleteArtifact: id => artifacts.delete(id),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function blobStoreOf(options: GitHubOptions, traffic: Traffic): Promise<BlobStore> {
  const wanted = options.blobStore ?? 'own';
  if (wanted === 'own') return startBlobs({ traffic });
  if (wanted !== 'azurite') return wanted;
  const { startAzurite } = await import('../../../scripts/azurite.ts');
  return startAzurite();
}
