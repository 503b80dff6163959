// The fake GitHub against its real clients: @actions/cache, @actions/artifact, @octokit/rest and git.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restoreCache, saveCache } from '@actions/cache';
import { Octokit } from '@octokit/rest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type GitHub,
  type JobContext,
  type JobOptions,
  secondaryLimitFault,
  startGitHub,
} from '../world/github/index.ts';

const { DefaultArtifactClient } = await import('@actions/artifact');

const silent = { debug() {}, info() {}, warn() {}, error() {} };
/** `BLOB_STORE=azurite` runs all of this over Azurite instead of the small blob server. */
const blobStore = process.env.BLOB_STORE === 'azurite' ? 'azurite' : 'own';

let github: GitHub;
let root: string;
let state: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'world-github-'));
  state = join(root, 'temp', 'state');
  await mkdir(state, { recursive: true });
  await mkdir(join(root, 'work'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

beforeEach(async () => {
  // What the toolkit prints is of no interest here.
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  github = await startGitHub({ blobStore });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  expect(github.traffic.bugs).toEqual([]);
  await github.close();
});

/** Makes this process look like a job to the toolkit. */
function enter(options: JobOptions = {}): JobContext {
  const job = github.job(options);
  vi.stubEnv('ACTIONS_RESULTS_URL', job.resultsUrl);
  vi.stubEnv('ACTIONS_RUNTIME_TOKEN', job.runtimeToken);
  vi.stubEnv('ACTIONS_CACHE_SERVICE_V2', 'True');
  vi.stubEnv('GITHUB_WORKSPACE', join(root, 'work'));
  vi.stubEnv('RUNNER_TEMP', join(root, 'temp'));
  vi.stubEnv('GITHUB_SERVER_URL', job.serverUrl);
  return job;
}

async function save(key: string, content: string): Promise<number> {
  await writeFile(join(state, 'state.json'), content);
  return saveCache([state], key);
}

async function restore(key: string, prefixes: string[] = []): Promise<{ key: string | undefined; content: string }> {
  await writeFile(join(state, 'state.json'), 'nothing');
  const hit = await restoreCache([state], key, prefixes);
  return { key: hit, content: await readFile(join(state, 'state.json'), 'utf8') };
}

describe('cache', () => {
  test('restores what was saved, the newest for a prefix, and never overwrites', async () => {
    enter();
    expect(await save('s-9', 'first')).toBeGreaterThan(0);
    expect(await save('s-1', 'second')).toBeGreaterThan(0);
    expect(await restore('s-9')).toEqual({ key: 's-9', content: 'first' });
    expect(await restore('s-none', ['s-'])).toEqual({ key: 's-1', content: 'second' });
    expect((await restore('other')).key).toBeUndefined();
    expect(await save('s-9', 'third')).toBe(-1);
    expect(await restore('s-9')).toEqual({ key: 's-9', content: 'first' });
    const conflict = github.traffic.of('CreateCacheEntry').at(-1);
    expect(conflict?.status).toBe(409);
    expect(github.caches().map(entry => entry.key)).toEqual(['s-9', 's-1']);
    github.evictCaches(entry => entry.key === 's-1');
    expect((await restore('s-none', ['s-'])).key).toBe('s-9');
  });

  test('a branch reads itself, then the default branch, and writes only itself', async () => {
    enter();
    await save('s-1', 'main');
    enter({ ref: 'refs/heads/feature' });
    expect((await restore('none', ['s-'])).content).toBe('main');
    await save('s-2', 'feature');
    expect((await restore('none', ['s-'])).content).toBe('feature');
    enter({ ref: 'refs/heads/sibling' });
    expect((await restore('none', ['s-'])).content).toBe('main');
    enter({ ref: 'refs/pull/7/merge', headRef: 'x', baseRef: 'feature' });
    expect((await restore('none', ['s-'])).content).toBe('feature');
    enter();
    expect((await restore('none', ['s-'])).content).toBe('main');
  });

  test('a read-only token, 429, a version of another path and a poisoned entry', async () => {
    enter();
    await save('s-1', 'good');
    const [entry] = github.caches();
    enter({ readOnlyCache: true });
    expect(await save('s-2', 'denied')).toBe(-1);
    expect((await restore('s-1')).content).toBe('good');
    enter();
    github.traffic.fault('CreateCacheEntry', {
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '1' },
      body: { msg: 'slow' },
    });
    expect(await save('s-3', 'limited')).toBe(-1);
    expect(github.traffic.of('CreateCacheEntry').filter(({ status }) => status === 429)).toHaveLength(1);
    expect(await restoreCache([`${state}/.`], 's-1')).toBeUndefined();
    await github.putCache('s-4', entry?.version ?? '', 'refs/heads/main', Buffer.from('no archive'));
    expect((await restore('none', ['s-'])).key).toBeUndefined();
  });

  test('a 503, and an answer that is lost: the retry meets its own reservation', async () => {
    enter();
    await save('s-1', 'good');
    github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'status', status: 503 });
    github.traffic.fault('CreateCacheEntry', { kind: 'lost', status: 502 });
    expect(await Promise.all([restoreCache([state], 's-1'), saveCache([state], 's-2')])).toEqual(['s-1', -1]);
    expect(github.traffic.of('CreateCacheEntry').map(({ status }) => status)).toEqual([200, 502, 409]);
  }, 15_000);
});

describe('artifacts', () => {
  test('a zip of many blocks comes back byte for byte; a name is taken once in a run', async () => {
    const job = enter();
    const files = join(root, 'files');
    await mkdir(join(files, 'messages'), { recursive: true });
    const big = randomBytes(9 * 1024 * 1024);
    await writeFile(join(files, 'messages', 'big.bin'), big);
    await writeFile(join(files, 'ü.json'), '{}');
    const client = new DefaultArtifactClient();
    const all = [join(files, 'messages', 'big.bin'), join(files, 'ü.json')];
    const { id, digest, size } = await client.uploadArtifact('data', all, files, { retentionDays: 3 });
    if (blobStore === 'own') expect(github.traffic.of('PutBlock').length).toBeGreaterThan(1);
    const [artifact] = github.artifacts(job.runId);
    expect(artifact).toMatchObject({ id, name: 'data', size, digest: `sha256:${digest}` });
    const read = await github.readArtifact(id ?? 0);
    expect([...read.keys()].sort()).toEqual(['messages/big.bin', 'ü.json']);
    expect(read.get('messages/big.bin')?.equals(big)).toBe(true);
    await expect(client.uploadArtifact('data', all, files)).rejects.toThrow('already exists on the workflow run');
    expect((await client.listArtifacts()).artifacts.map(({ name }) => name)).toEqual(['data']);

    enter();
    expect((await client.listArtifacts()).artifacts).toEqual([]);
    await client.uploadArtifact('data', [join(files, 'ü.json')], files);
    const octokit = new Octokit({ baseUrl: github.apiUrl, auth: 'ghs_main', log: silent });
    const listed = await octokit.rest.actions.listArtifactsForRepo({
      owner: 'acme',
      repo: 'support-data',
      name: 'data',
    });
    expect(listed.data.artifacts.map(a => a.workflow_run?.id)).toEqual([17_000_000_002, 17_000_000_001]);
    const zip = await octokit.rest.actions.downloadArtifact({
      owner: 'acme',
      repo: 'support-data',
      artifact_id: id ?? 0,
      archive_format: 'zip',
    });
    expect(Buffer.from(zip.data as ArrayBuffer).equals(await github.artifactBytes(id ?? 0))).toBe(true);
    github.expireArtifacts(a => a.id === id);
    const again = octokit.rest.actions.downloadArtifact({
      owner: 'acme',
      repo: 'support-data',
      artifact_id: id ?? 0,
      archive_format: 'zip',
    });
    await expect(again).rejects.toMatchObject({ status: 410 });
  });

  test('a raw file keeps its name and type', async () => {
    enter();
    const file = join(root, 'one.ndjson');
    await writeFile(file, '{"a":1}\n');
    const client = new DefaultArtifactClient();
    const { id = 0 } = await client.uploadArtifact('ignored', [file], root, { skipArchive: true });
    expect([...(await github.readArtifact(id))]).toEqual([['one.ndjson', Buffer.from('{"a":1}\n')]]);
    const { downloadPath } = await client.downloadArtifact(id, { path: join(root, 'down') });
    expect(await readFile(join(downloadPath ?? '', 'one.ndjson'), 'utf8')).toBe('{"a":1}\n');
  });
});

describe('rest', () => {
  const at = { owner: 'acme', repo: 'support-data' };
  let octokit: Octokit;

  beforeEach(() => {
    octokit = new Octokit({ baseUrl: github.apiUrl, auth: 'ghs_main', log: silent });
  });

  async function commit(branch: string, files: Record<string, string | null>): Promise<string> {
    const head = await octokit.rest.git.getRef({ ...at, ref: `heads/${branch}` }).catch(() => undefined);
    const parent = head?.data.object.sha;
    const base = parent && (await octokit.rest.git.getCommit({ ...at, commit_sha: parent })).data.tree.sha;
    const tree = [];
    for (const [path, text] of Object.entries(files)) {
      const content = Buffer.from(text ?? '').toString('base64');
      const blob =
        text === null ? null : (await octokit.rest.git.createBlob({ ...at, content, encoding: 'base64' })).data.sha;
      tree.push({ path, mode: '100644' as const, type: 'blob' as const, sha: blob });
    }
    const made = await octokit.rest.git.createTree({ ...at, tree, ...(base ? { base_tree: base } : {}) });
    const parents = parent ? [parent] : [];
    const { sha } = (
      await octokit.rest.git.createCommit({ ...at, message: `to ${branch}`, tree: made.data.sha, parents })
    ).data;
    if (parent) await octokit.rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha, force: false });
    else await octokit.rest.git.createRef({ ...at, ref: `refs/heads/${branch}`, sha });
    return sha;
  }

  test('an orphan branch, changes on it, and a clone of it are real git', async () => {
    await commit('data', { 'state.json': '1', 'data/a/x.ndjson': 'x\n', 'data/a-b': 'sorts before a/', 'data/z': 'z' });
    await commit('data', { 'state.json': '2', 'data/a/y.ndjson': 'y\n', 'data/z': null });
    await github.repository.fsck();
    const clone = join(root, 'clone');
    execFileSync('git', ['clone', '--quiet', '--branch', 'data', github.repositoryDir, clone], { stdio: 'pipe' });
    const listed = execFileSync('git', ['ls-files'], { cwd: clone, encoding: 'utf8' }).trim().split('\n');
    expect(listed).toEqual(['data/a-b', 'data/a/x.ndjson', 'data/a/y.ndjson', 'state.json']);
    expect([...(await github.repository.files('data')).keys()].sort()).toEqual(listed);
    expect((await github.repository.history('data')).map(({ parents }) => parents.length)).toEqual([1, 0]);
    const content = await octokit.rest.repos.getContent({ ...at, path: 'state.json', ref: 'data' });
    expect(content.data).toMatchObject({
      type: 'file',
      encoding: 'base64',
      content: Buffer.from('2').toString('base64'),
    });
    const tree = await octokit.rest.git.getTree({ ...at, tree_sha: 'data', recursive: '1' });
    expect(tree.data.tree.filter(({ type }) => type === 'blob').map(({ path }) => path)).toEqual(listed);
    expect(tree.data.tree.at(-1)).toMatchObject({ path: 'state.json', size: 1 });
    expect(await github.repository.head('main')).not.toBe(await github.repository.head('data'));
    // Packed objects and refs are read as well.
    await github.repository.git.git('gc', '--quiet');
    await github.repository.git.git('pack-refs', '--all');
    await commit('data', { 'state.json': '3' });
    expect((await github.repository.files('data')).get('state.json')?.toString()).toBe('3');
  });

  test('another writer between read and update: 422, and nothing of theirs is lost', async () => {
    await commit('data', { a: '1' });
    const stop = github.traffic.onRequest(async ({ operation }) => {
      if (operation !== 'git.updateRef') return;
      stop();
      await github.repository.commit('data', { theirs: '1' });
    });
    await expect(commit('data', { mine: '1' })).rejects.toMatchObject({
      status: 422,
      message: /Update is not a fast forward/,
    });
    await commit('data', { mine: '1' });
    expect([...(await github.repository.files('data')).keys()]).toEqual(['a', 'mine', 'theirs']);
    const sha = await commit('data', { a: '2' });
    await expect(octokit.rest.git.createRef({ ...at, ref: 'refs/heads/data', sha })).rejects.toThrow(
      'Reference already exists',
    );
    const five = await Promise.allSettled([1, 2, 3, 4, 5].map(n => commit('data', { [`w${n}`]: '1' })));
    const landed = five.filter(({ status }) => status === 'fulfilled').length;
    expect(landed).toBeGreaterThan(0);
    expect((await github.repository.history('data')).filter(c => c.message === 'to data')).toHaveLength(3 + landed);
    await github.repository.fsck();
  });

  test('refuses what GitHub refuses', async () => {
    const zeros = (bytes: number) => Buffer.alloc(bytes).toString('base64');
    const blob = (bytes: number) => octokit.rest.git.createBlob({ ...at, content: zeros(bytes), encoding: 'base64' });
    await expect(blob(41_820_161)).rejects.toMatchObject({ status: 422 });
    const { sha } = (await blob(3)).data;
    const entry = (n: number) => ({ path: `f${n}`, mode: '100644' as const, type: 'blob' as const, sha });
    const many = Array.from({ length: 101 }, (_, n) => entry(n));
    await expect(octokit.rest.git.createTree({ ...at, tree: many })).rejects.toMatchObject({ status: 502 });
    await expect(octokit.rest.git.getRef({ ...at, ref: 'heads/none' })).rejects.toMatchObject({ status: 404 });
    github.repository.protectedBranches.set('main', 'Protected branch update failed for refs/heads/main.');
    await expect(commit('main', { a: '1' })).rejects.toThrow('Protected branch update failed');
  });

  test('permissions, visibility, other repositories and rate limits', async () => {
    github.repository.tokens.set('ghs_weak', {});
    const other = await github.addRepository({ owner: 'acme', repo: 'lake', tokens: { pat: { contents: 'write' } } });
    const as = (auth: string) => new Octokit({ baseUrl: github.apiUrl, auth, log: silent });
    const weak = as('ghs_weak');
    const content = { content: 'x', encoding: 'utf-8' };
    await expect(weak.rest.git.createBlob({ ...at, ...content })).rejects.toThrow(
      'Resource not accessible by integration',
    );
    await expect(weak.rest.actions.getActionsCacheList(at)).rejects.toMatchObject({ status: 403 });
    expect((await weak.rest.repos.get(at)).data).toMatchObject({
      private: true,
      visibility: 'private',
      default_branch: 'main',
    });
    await expect(as('nobody').rest.repos.get(at)).rejects.toMatchObject({ status: 401 });
    await expect(as('pat').rest.repos.get(at)).rejects.toMatchObject({ status: 404 });
    await as('pat').rest.git.createBlob({ owner: 'acme', repo: 'lake', ...content });
    github.repository.visibility = 'public';
    expect((await as('pat').rest.repos.get(at)).data.private).toBe(false);
    await other.fsck();

    github.traffic.fault('git.createBlob', secondaryLimitFault(7));
    const limited = octokit.rest.git.createBlob({ ...at, ...content });
    await expect(limited).rejects.toMatchObject({ status: 403, response: { headers: { 'retry-after': '7' } } });
    Object.assign(github.limits.options, { enforce: true, contentPerMinute: 2 });
    await octokit.rest.git.createBlob({ ...at, ...content });
    await expect(octokit.rest.git.createBlob({ ...at, ...content })).rejects.toThrow(/secondary rate limit/);
    expect(github.limits.peak.minute).toBe(2);
  });

  test('caches, runs and dispatches', async () => {
    await github.putCache('a-1', 'v', 'refs/heads/main', Buffer.from('1'));
    await github.putCache('a-2', 'v', 'refs/heads/x', Buffer.from('22'));
    await github.putCache('b-1', 'v', 'refs/heads/main', Buffer.from('1'));
    const list = async (query: object) =>
      (await octokit.rest.actions.getActionsCacheList({ ...at, ...query })).data.actions_caches.map(({ key }) => key);
    expect(await list({ key: 'a-', sort: 'created_at' })).toEqual(['a-2', 'a-1']);
    expect(await list({ key: 'a-', ref: 'refs/heads/main' })).toEqual(['a-1']);
    const pages = octokit.paginate(octokit.rest.actions.getActionsCacheList, { ...at, per_page: 1 });
    expect(await pages).toHaveLength(3);

    const job = github.job({ ref: 'refs/heads/x', event: 'push' });
    const run = async () => (await octokit.rest.actions.getWorkflowRun({ ...at, run_id: job.runId })).data;
    expect(await run()).toMatchObject({ head_branch: 'x', event: 'push', status: 'in_progress', run_attempt: 1 });
    github.finishRun(job.runId, 'failure');
    expect(github.job({ runId: job.runId }).runAttempt).toBe(2);
    github.job();
    const runs = await octokit.rest.actions.listWorkflowRuns({ ...at, workflow_id: 'sync.yml', branch: 'main' });
    expect(runs.data.workflow_runs.map(({ head_branch }) => head_branch)).toEqual(['main']);

    github.repository.tokens.set('ghs_main', { actions: 'write' });
    await octokit.rest.actions.createWorkflowDispatch({
      ...at,
      workflow_id: 'sync.yml',
      ref: 'main',
      inputs: { a: 'b' },
    });
    expect(github.repository.dispatches).toMatchObject([{ workflow: 'sync.yml', ref: 'main', inputs: { a: 'b' } }]);
  });

  test('faults: reset and hang leave no trace, a lost answer does', async () => {
    const content = { content: 'x', encoding: 'utf-8' };
    const head = await github.repository.head('main');
    github.traffic.fault('git.createBlob', { kind: 'reset' });
    await expect(octokit.rest.git.createBlob({ ...at, ...content })).rejects.toThrow();
    const ref = { ...at, ref: 'refs/heads/new', sha: head ?? '' };
    github.traffic.fault('git.createRef', { kind: 'lost' });
    await expect(octokit.rest.git.createRef(ref)).rejects.toThrow();
    expect(await github.repository.head('new')).toBe(head);
    github.traffic.fault('git.getRef', { kind: 'hang' }, { skip: 1 });
    await octokit.rest.git.getRef({ ...at, ref: 'heads/new' });
    const signal = AbortSignal.timeout(100);
    await expect(octokit.rest.git.getRef({ ...at, ref: 'heads/new', request: { signal } })).rejects.toThrow();
    github.traffic.fault('repos.get', { kind: 'cut' });
    // Octokit takes a body that was cut off for an empty one, and says nothing: callers must look at what they get.
    expect(await octokit.rest.repos.get(at)).toMatchObject({ status: 200, data: '' });
    expect(github.traffic.log.map(({ fault }) => fault)).toEqual(['reset', 'lost', undefined, 'hang', 'cut']);
  });
});
