// The miniature runner, with tiny actions written for each test.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { longDescribe } from '../forms.ts';
import { startGitHub } from '../world/github/index.ts';
import { type Handle, type JobContext, runAction, runJob } from '../world/runner/index.ts';

const modules = join(import.meta.dirname, '../../node_modules');
const core = pathToFileURL(join(modules, '@actions/core/lib/core.js')).href;
const cache = pathToFileURL(join(modules, '@actions/cache/lib/cache.js')).href;
let root: string;
let count = 0;

beforeAll(async () => {
  // What a step finds in its environment is looked at here.
  vi.stubEnv('NODE_COMPILE_CACHE', '');
  root = await mkdtemp(join(tmpdir(), 'world-runner-'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

const context: JobContext = {
  repository: 'acme/support-data',
  repositoryId: 1,
  visibility: 'private',
  defaultBranch: 'main',
  ref: 'refs/heads/main',
  sha: 'a'.repeat(40),
  headRef: '',
  baseRef: '',
  event: 'schedule',
  payload: { schedule: '7 3 * * *' },
  actor: 'octocat',
  runId: 42,
  runAttempt: 1,
  runNumber: 7,
  workflowName: 'Sync',
  workflowPath: '.github/workflows/sync.yml',
  job: 'sync',
  serverUrl: 'https://github.com',
  apiUrl: 'http://127.0.0.1:1',
  resultsUrl: 'http://127.0.0.1:1/',
  token: 'ghs_secret',
  runtimeToken: 'runtime-secret',
};

/** An action whose scripts are given as text; `core` is there for both. */
async function action(main: string, post = '', more = ''): Promise<string> {
  const dir = join(root, `action-${count++}`);
  await mkdir(dir);
  const inputs = `inputs:
  api-token: {required: true}
  with space: {default: 'a b'}
  status: {default: '\${{ job.status }}'}
  repo: {default: '\${{ github.repository }}'}
  gh: {default: '\${{ github.token }}'}
`;
  const runs = `runs: {using: node24, main: main.mjs${post === '' ? '' : `, post: post.mjs${more}`}}`;
  await writeFile(join(dir, 'action.yml'), `name: fixture\n${inputs}${runs}\n`);
  const head = `import * as core from ${JSON.stringify(core)};\nimport fs from 'node:fs';\n`;
  await writeFile(join(dir, 'main.mjs'), head + main);
  await writeFile(join(dir, 'post.mjs'), head + post);
  return dir;
}

const ladder = { interruptMs: 150, terminateMs: 150 };
const run = (dir: string, options: Partial<Parameters<typeof runAction>[0]> = {}) =>
  runAction({ action: dir, context, ladder, root: join(root, `machine-${count++}`), ...options });

describe('a step', () => {
  test('inputs, outputs, state, environment, groups, annotations and the summary', async () => {
    const dir = await action(
      `core.saveState('cursor', 'one\\ntwo');
      core.setOutput('in', [core.getInput('api-token'), core.getInput('with space'), core.getInput('repo'), core.getInput('status')]);
      core.startGroup('reading'); core.info('inside'); core.endGroup();
      core.error('50%\\nlost', {title: 'Oh: no', file: 'a.ts', startLine: 3});
      for (let n = 0; n < 12; n++) core.notice('n' + n);
      core.debug('hidden');
      console.log('::stop-commands::tok'); console.log('::error::data'); console.log('::tok::');
      await core.summary.addRaw('# Done', true).write();
      core.setOutput('cwd', process.cwd() === process.env.GITHUB_WORKSPACE);
      core.setOutput('event', JSON.parse(fs.readFileSync(process.env.GITHUB_EVENT_PATH)).repository.private);
      core.setOutput('names', Object.keys(process.env));
      core.exportVariable('LATER', 'yes');`,
      `core.info('post ' + core.getState('cursor').length + core.getInput('status') + core.getInput('api-token') + process.env.LATER)`,
    );
    const seen: string[] = [];
    const result = await run(dir, {
      with: { 'api-token': 't1' },
      onLine: (line, { phase }) => seen.push(`${phase}: ${line}`),
    });
    expect(result).toMatchObject({ conclusion: 'success', exitCode: 0, signal: null, jobConclusion: 'success' });
    expect(JSON.parse(result.outputs.in ?? '')).toEqual(['t1', 'a b', 'acme/support-data', 'success']);
    expect(result.outputs).toMatchObject({ cwd: 'true', event: 'true' });
    expect(result.state).toEqual({ cursor: 'one\ntwo' });
    expect(result.env).toEqual({ LATER: 'yes' });
    expect(result.groups).toEqual([{ title: 'reading', lines: ['inside'] }]);
    expect(result.annotations[0]).toEqual({
      level: 'error',
      message: '50%\nlost',
      title: 'Oh: no',
      file: 'a.ts',
      line: 3,
    });
    expect(result.annotations.filter(({ level }) => level === 'notice')).toHaveLength(10);
    expect(result.droppedAnnotations).toHaveLength(2);
    expect(result.annotations.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(result.log).toContain('::error::data');
    expect(result.log).not.toContain('hidden');
    expect(result.summary.trim()).toBe('# Done');
    expect(result.post).toMatchObject({ conclusion: 'success', log: 'post 7successt1yes\n' });
    expect(seen).toContain('post: post 7successt1yes');
    // Nothing of this process's environment but PATH.
    const names: string[] = JSON.parse(result.outputs.names ?? '[]');
    const foreign = names.filter(name => !/^(GITHUB|RUNNER|ACTIONS|INPUT)_|^(CI|PATH|HOME|LANG)$/.test(name));
    expect(foreign).toEqual([]);
    expect(names).toContain('INPUT_API-TOKEN');
    expect(names).toContain('INPUT_WITH_SPACE');
  });

  test('masks hold from where they are set, for each line and encoding', async () => {
    const dir = await action(
      `console.log('early s3cr3t-value'); core.setSecret('s3cr3t-value\\nsecond-line');
      console.log('late s3cr3t-value'); console.log('second-line');
      console.log(Buffer.from('s3cr3t-value').toString('base64')); console.error('::warning::s3cr3t-value');
      console.log(core.getInput('gh')); fs.appendFileSync(process.env.GITHUB_STEP_SUMMARY, 'x s3cr3t-value');`,
    );
    const result = await run(dir, { debug: true, with: { 'api-token': 't', unheard: 'x' } });
    expect(result.log).toContain('early s3cr3t-value\nlate ***\n***\n***\n');
    expect(result.log.match(/s3cr3t/g)).toHaveLength(1);
    expect(result.log).not.toContain('ghs_secret');
    expect(result.unmaskedLog).toContain('late s3cr3t-value');
    expect(result.rawLog).toContain('::add-mask::');
    expect(result.unmaskedLog).not.toContain('::add-mask::');
    expect(result.summary).toBe('x ***');
    expect(result.annotations.map(({ message }) => message)).toEqual([
      expect.stringContaining("Unexpected input(s) 'unheard'"),
      '***',
    ]);
    expect(result.environment.RUNNER_DEBUG).toBe('1');
  });

  test('a summary over 1 MiB is dropped with an error and the step still passes; a broken output file fails it', async () => {
    const long = await run(await action(`fs.writeFileSync(process.env.GITHUB_STEP_SUMMARY, 'x'.repeat(1048577))`));
    expect(long).toMatchObject({ conclusion: 'success', summary: '', annotations: [{ level: 'error' }] });
    const broken = await run(await action(`fs.writeFileSync(process.env.GITHUB_OUTPUT, 'a<<END\\nnever closed')`));
    expect(broken).toMatchObject({ conclusion: 'failure', jobConclusion: 'failure', exitCode: 0 });
  });
});

describe('the end of a step', () => {
  const tell = `core.info('post: ' + core.getInput('status') + ' ' + core.getState('mark'))`;

  test('SIGINT that is obeyed, and one that is not: SIGTERM, SIGKILL, and the post step each time', async () => {
    const obedient = await action(
      `core.saveState('mark', 'kept'); process.on('SIGINT', () => { core.setOutput('stopped', 'true'); process.exit(0); });
      console.log('ready'); setInterval(() => {}, 1000);`,
      tell,
    );
    const deaf = await action(
      `core.saveState('mark', 'kept'); for (const s of ['SIGINT', 'SIGTERM']) process.on(s, () => console.log('no ' + s));
      console.log('ready'); setInterval(() => {}, 1000);`,
      tell,
    );
    const cancelAfter = (handle: Handle) => handle.waitFor('ready');
    const [first, second] = await Promise.all([run(obedient, { cancelAfter }), run(deaf, { cancelAfter })]);
    expect(first).toMatchObject({
      conclusion: 'cancelled',
      exitCode: 0,
      signals: ['SIGINT'],
      outputs: { stopped: 'true' },
    });
    expect(first.post?.log).toBe('post: cancelled kept\n');
    expect(second).toMatchObject({
      conclusion: 'cancelled',
      signal: 'SIGKILL',
      signals: ['SIGINT', 'SIGTERM', 'SIGKILL'],
    });
    expect(second.log).toContain('no SIGINT\nno SIGTERM\n');
    expect(second.post?.log).toBe('post: cancelled kept\n');
    expect(second.jobConclusion).toBe('cancelled');
  });

  test('a kill takes the children too, keeps the state, and runs the post step unless the machine vanished', async () => {
    const dir = await action(
      `import { spawn } from 'node:child_process'; core.saveState('mark', 'kept');
      const child = spawn('sleep', ['60'], {stdio: 'inherit'}); console.log('child ' + child.pid); setInterval(() => {}, 1000);`,
      tell,
    );
    const kill = (handle: Handle) => handle.waitFor('child');
    const [killed, gone] = await Promise.all([run(dir, { kill }), run(dir, { kill, machineVanishes: true })]);
    expect(killed).toMatchObject({
      conclusion: 'failure',
      signal: 'SIGKILL',
      state: { mark: 'kept' },
      jobConclusion: 'failure',
    });
    expect(killed.post?.log).toBe('post: failure kept\n');
    const pid = Number(/child (\d+)/.exec(killed.log)?.[1]);
    await sleep(50);
    expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'Z')).toContain('Z');
    expect(gone.post).toBeUndefined();
    expect(gone).toMatchObject({ conclusion: 'failure', state: {} });
  });

  test('a time limit fails the step; post-if is honored', async () => {
    const dir = await action(`setInterval(() => {}, 1000)`, tell, ', post-if: success()');
    const result = await run(dir, { timeoutMs: 100 });
    expect(result).toMatchObject({ conclusion: 'failure', signal: 'SIGINT', post: { conclusion: 'skipped' } });
    expect(result.annotations[0]?.message).toContain('has timed out');
  });
});

test('a job: outputs of earlier steps, conditions, post steps last to first with the status of the job', async () => {
  const dir = await action(
    `core.setOutput('dir', 'd-' + process.env.GITHUB_ACTION); if (core.getInput('api-token') === 'bad') core.setFailed('no');`,
    `core.info('post of ' + process.env.GITHUB_ACTION + ': ' + core.getInput('status'))`,
  );
  const order: string[] = [];
  const result = await runJob({
    context,
    root: join(root, 'job'),
    onLine: line => order.push(line),
    secrets: { TOKEN: 'tok-secret' },
    steps: [
      { uses: dir, id: 'one', with: { 'api-token': `\${{ secrets.TOKEN }}` } },
      { uses: dir, with: { 'api-token': 'bad' }, continueOnError: true },
      { run: ({ steps, log }) => log(`load ${steps.one?.outputs.dir}`) },
      {
        id: 'load',
        run: () => {
          throw new Error('the load failed');
        },
      },
      { run: () => order.push('never') },
      { if: 'always()', run: ({ status }) => order.push(`status ${status}`) },
    ],
  });
  expect(result.conclusion).toBe('failure');
  expect(result.steps.map(step => step.conclusion)).toEqual([
    'success',
    'success',
    'success',
    'failure',
    'skipped',
    'success',
  ]);
  expect(result.steps[1]?.outcome).toBe('failure');
  expect(order).toEqual([
    '##[error]no',
    'load d-one',
    '##[error]the load failed',
    'status failure',
    'post of __org_kustomer-sync: failure',
    'post of one: failure',
  ]);
});

longDescribe('with the fake GitHub', () => {
  const counter = `import { restoreCache, saveCache } from ${JSON.stringify(cache)};
    const dir = process.env.RUNNER_TEMP + '/state'; fs.mkdirSync(dir, {recursive: true});
    const n = () => fs.existsSync(dir + '/n') ? Number(fs.readFileSync(dir + '/n')) : 0;`;
  const main = `${counter} await restoreCache([dir], 'none', ['n-']);
    fs.writeFileSync(dir + '/n', String(n() + 1)); core.setOutput('n', n()); console.log('counted');
    if (core.getInput('api-token') === 'hang') setInterval(() => {}, 1000);`;
  const post = `${counter} core.info('saved ' + await saveCache([dir], 'n-' + process.env.GITHUB_RUN_ID + '-' + n()));`;

  test('state goes from job to job through the cache, also from a job that was killed', async () => {
    await using github = await startGitHub();
    const dir = await action(main, post);
    const machine = join(root, 'one-machine');
    const first = await run(dir, { context: github.job(), root: machine });
    expect(first.outputs).toEqual({ n: '1' });
    expect(first.post?.log).toMatch(/saved 1001\n/);
    expect(first.log).not.toContain('sig=0');
    expect(github.run(17_000_000_001)).toMatchObject({ status: 'completed', conclusion: 'success' });
    const kill = (handle: Handle) => handle.waitFor('counted');
    await run(dir, { context: github.job(), root: machine, kill, with: { 'api-token': 'hang' } });
    const third = await run(dir, { context: github.job(), root: machine });
    expect(third.outputs).toEqual({ n: '3' });
    expect(github.caches().map(({ key }) => key.replace(/^n-\d+-/, ''))).toEqual(['1', '2', '3']);
    expect(github.traffic.bugs).toEqual([]);
  });

  test('machines side by side share a cache when versions are looked over; a kill at one request', async () => {
    await using github = await startGitHub({ ignoreCacheVersions: true });
    const dir = await action(main, post);
    await run(dir, { context: github.job() });
    expect((await run(dir, { context: github.job() })).outputs).toEqual({ n: '2' });

    // Killed at one request, before it is answered: the service has done its part, the action never knows.
    const killPost = (handle: Handle) =>
      new Promise<void>(resolve => {
        github.traffic.onRequest(async ({ operation }) => {
          if (operation !== 'FinalizeCacheEntryUpload') return;
          resolve();
          await handle.exited;
        });
      });
    const killed = await run(dir, { context: github.job(), killPost });
    expect(killed).toMatchObject({ conclusion: 'success', jobConclusion: 'failure', post: { signal: 'SIGKILL' } });
    await vi.waitFor(() => expect(github.caches()).toHaveLength(3));
  });
});
