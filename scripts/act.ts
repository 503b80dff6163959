// Runs examples under act, which is a runner of other people's making: the nightly sync, twice, and the backfill over
// several jobs. Kustomer and GitHub's cache, artifacts and API are the simulated ones, and what was published is compared
// with the truth. Go fetches act into tmp/; without Go it is said that nothing was run.
//
//   npm run act
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_TOKEN, STREAMS } from '../test/world/kustomer/index.ts';
import { type Line, openStage, type Stage } from '../test/world/stage.ts';

const VERSION = 'v0.2.89';
const DAY = 86_400_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const act = join(root, 'tmp/act/act');

if (!existsSync(act)) {
  console.log(`Fetching act ${VERSION} ...`);
  const env = { ...process.env, GOBIN: dirname(act) };
  const install = spawnSync('go', ['install', `github.com/nektos/act@${VERSION}`], { env, stdio: 'inherit' });
  if (install.error) console.log('Nothing was run: there is no Go here to build act with.');
  if (install.status !== 0) process.exit(install.error ? 0 : 1);
}

const dir = mkdtempSync(join(tmpdir(), 'act-'));
// What act takes for org/kustomer-sync@v1.
const action = join(dir, 'action');
for (const part of ['action.yml', 'dist']) cpSync(join(root, part), join(action, part), { recursive: true });
mkdirSync(join(action, '.github/workflows'), { recursive: true });
for (const name of ['sync.yml', 'backfill.yml']) {
  const file = join('.github/workflows', name);
  writeFileSync(join(action, file), forAct(readFileSync(join(root, file), 'utf8')));
}

/** act has no concurrency groups, and refuses a file that gives one a queue; and it does not know `$/.`. */
function forAct(text: string): string {
  return text.replace(/^ +queue: max\n/gm, '').replaceAll('uses: $/.', 'uses: org/kustomer-sync@v1');
}

let wrong = 0;
function check(what: string, is: unknown, expected: unknown): void {
  const fits = JSON.stringify(is) === JSON.stringify(expected);
  if (!fits) wrong += 1;
  console.log(
    `${fits ? 'ok' : 'WRONG'}: ${what}${fits ? '' : `: ${JSON.stringify(is)?.slice(0, 2_000)} instead of ${JSON.stringify(expected)}`}`,
  );
}

await using stage = await openStage({ world: { pageSizeMax: 100 } });
const now = Date.now();
stage.world.populate(
  {
    conversations: 400,
    customers: 300,
    messages: 900,
    notes: 40,
    kobjects: { order: 60 },
    tags: 12,
    teams: 3,
    users: 9,
  },
  { from: now - 800 * DAY, to: now - 2 * DAY, tieFraction: 0.1, tieSize: 5 },
);
const truth = STREAMS.reduce((sum, stream) => sum + stage.world.truth(stream).size, 0);

const first = await run('nightly.yml', 'schedule');
check('nightly: act is content', first.code, 0);
check('nightly: what is wrong with its artifact', await wrongIn(stage, first.runId), []);
const second = await run('nightly.yml', 'schedule');
check('nightly, once more: act is content', second.code, 0);
check('nightly, once more: nothing new, no artifact', stage.github.artifacts(second.runId).length, 0);

const filled = await run('backfill-fan-out.yml', 'workflow_dispatch', {
  'end-date': new Date(now - DAY).toISOString(),
});
check('backfill: act is content', filled.code, 0);
check(
  'backfill: its artifacts',
  stage.github
    .artifacts(filled.runId)
    .map(({ name }) => name.replace(/-[0-9a-f]{6}$/, ''))
    .sort(),
  ['kustomer-backfill', ...[1, 2, 3, 4].map(n => `kustomer-backfill-shard-00${n}-of-004`)],
);
check('backfill: what is wrong with them', await wrongIn(stage, filled.runId), []);
console.log(wrong === 0 ? `${truth} records, each time the truth.` : `${wrong} wrong. The logs of act are in tmp/act.`);
rmSync(dir, { recursive: true, force: true });
process.exitCode = wrong === 0 ? 0 : 1;

/** One run of an example, in which only the place of Kustomer and the budgets are not what users copy. */
async function run(example: string, event: string, inputs: Record<string, string> = {}) {
  const repository = join(dir, 'repository');
  const file = `.github/workflows/${example}`;
  rmSync(repository, { recursive: true, force: true });
  mkdirSync(join(repository, '.github/workflows'), { recursive: true });
  const ours = `$1api-url: ${stage.kustomer.url}\n$1settle: 0s\n$1requests-per-minute: 100000\n$1search-requests-per-minute: 100000\n`;
  const text = forAct(readFileSync(join(root, 'examples', example), 'utf8'))
    .replace(/^ +search-requests-per-minute: .*\n/m, '')
    .replace(
      /^( +)(?:retention-days|artifact-name): .*\n/m,
      match => match + ours.replaceAll('$1', / +/.exec(match)?.[0] ?? ''),
    );
  writeFileSync(join(repository, file), text);
  spawnSync('git', ['init', '--quiet', '--initial-branch=main', repository]);
  const as = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  spawnSync('git', ['-C', repository, ...as, 'commit', '--quiet', '--allow-empty', '-m', 'first']);

  const job = stage.github.job({ event, workflow: example });
  const variables = {
    GITHUB_API_URL: job.apiUrl,
    GITHUB_REPOSITORY: job.repository,
    GITHUB_REPOSITORY_OWNER: job.repository.split('/')[0] ?? '',
    GITHUB_RUN_ID: String(job.runId),
    GITHUB_REF: job.ref,
    GITHUB_WORKFLOW_REF: `${job.repository}/${job.workflowPath}@${job.ref}`,
    ACTIONS_RESULTS_URL: job.resultsUrl,
    ACTIONS_RUNTIME_URL: job.resultsUrl,
    ACTIONS_RUNTIME_TOKEN: job.runtimeToken,
    ACTIONS_CACHE_SERVICE_V2: 'True',
  };
  const payload = join(dir, 'event.json');
  const [owner, name] = job.repository.split('/');
  const about = {
    private: true,
    visibility: 'private',
    default_branch: 'main',
    full_name: job.repository,
    name,
    owner: { login: owner },
  };
  writeFileSync(payload, JSON.stringify({ inputs, repository: about }));
  const args = [
    event,
    ...['--workflows', file, '--directory', repository, '--eventpath', payload],
    ...['--platform', 'ubuntu-latest=-self-hosted', '--no-cache-server', '--concurrent-jobs', '2'],
    ...['--local-repository', `org/kustomer-sync@v1=${action}`, '--action-cache-path', join(dir, 'cache')],
    ...['--secret', `KUSTOMER_TOKEN=${DEFAULT_TOKEN}`, '--secret', `GITHUB_TOKEN=${job.token}`],
    ...Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
  ];
  // act runs the Node that it finds.
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const log = openSync(join(dirname(act), `${example}-${job.runNumber}.log`), 'w');
  const child = spawn(act, args, { stdio: ['ignore', log, log], env: { PATH, HOME: dir } });
  const code = await new Promise<number | null>(resolve => child.once('exit', resolve));
  closeSync(log);
  stage.github.finishRun(job.runId, code === 0 ? 'success' : 'failure');
  return { code, runId: job.runId };
}

/** Ids that are missing, twice or of another version in the artifacts of a run. */
async function wrongIn({ github, compare, world }: Stage, runId: number): Promise<string[]> {
  const lines = new Map<string, Line[]>();
  for (const { id } of github.artifacts(runId)) {
    for (const [path, bytes] of await github.readArtifact(id)) {
      if (!path.endsWith('.ndjson')) continue;
      const stream = dirname(path);
      const records = String(bytes)
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as Line);
      lines.set(stream, [...(lines.get(stream) ?? []), ...records]);
    }
  }
  return STREAMS.flatMap(stream => compare(stream, lines.get(stream) ?? [], world.truth(stream)));
}
