// The interpreter of workflows, with workflows written for each test.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GitHub, startGitHub } from '../world/github/index.ts';
import { runWorkflow, type WorkflowOptions, type WorkflowRun } from '../world/workflow/index.ts';

let root: string;
let github: GitHub;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'world-workflow-'));
  github = await startGitHub();
});

afterAll(async () => {
  await github.close();
  await rm(root, { recursive: true, force: true });
});

/** A repository with these workflows, the first of which is the one to run. */
async function repository(main: string, called: Record<string, string> = {}) {
  const dir = join(root, `repository-${count++}`);
  const folder = join(dir, '.github/workflows');
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries({ main, ...called })) await writeFile(join(folder, `${name}.yml`), text);
  const machines = join(root, `machines-${count}`);
  return (options: Partial<WorkflowOptions> = {}): Promise<WorkflowRun> =>
    runWorkflow({
      action: '',
      github,
      root: machines,
      repository: dir,
      file: '.github/workflows/main.yml',
      event: 'workflow_dispatch',
      ...options,
    });
}

const lines = (run: WorkflowRun) =>
  run.jobs.flatMap(({ result }) => (result?.steps ?? []).flatMap(step => step.log.split('\n').filter(Boolean)));
const conclusions = (run: WorkflowRun) => run.jobs.map(({ name, conclusion }) => `${name}: ${conclusion}`);

const job = (text: string, more = '') =>
  `{runs-on: ubuntu-latest, ${more} steps: [{id: s, run: ${JSON.stringify(text)}}]}`;

test('expressions, inputs, secrets, environment, outputs, conditions', async () => {
  const run = await repository(`
on:
  workflow_dispatch:
    inputs:
      name: {type: string, required: true}
      loud: {type: boolean, default: false}
      times: {type: number, default: 2}
jobs:
  first:
    runs-on: ubuntu-latest
    env: {WHO: "\${{ inputs.name }}"}
    outputs: {list: "\${{ steps.make.outputs.list }}"}
    steps:
      - id: make
        env: {SECRET: "\${{ secrets.WORD }}"}
        run: |
          echo "hello $WHO, \${{ inputs.loud && 'LOUD' || format('{0} times', inputs.times) }}, $SECRET"
          echo 'list=["a","b"]' >> "$GITHUB_OUTPUT"
          echo "runtime: \${ACTIONS_RUNTIME_TOKEN:-none}"
      - if: failure()
        run: echo never
      - {id: broken, run: "false | true; exit 3", continue-on-error: true}
      - {shell: bash, if: "steps.broken.outcome == 'failure'", run: "echo \${{ steps.broken.conclusion }} \${{ job.status }}"}
  second:
    needs: first
    if: fromJSON(needs.first.outputs.list)[1] == 'B'
    runs-on: ubuntu-latest
    steps: [{run: "echo \${{ needs.first.result }} \${{ vars.PLACE }} \${{ github.event_name }}"}]
`);
  const result = await run({
    inputs: { name: 'Ann', loud: 'false' },
    secrets: { WORD: 'sesame' },
    vars: { PLACE: 'here' },
  });
  expect(lines(result).filter(line => !line.includes('##'))).toEqual([
    'hello Ann, 2 times, ***',
    'runtime: none',
    'success success',
    'success here workflow_dispatch',
  ]);
  await expect(run({ inputs: {} })).rejects.toThrow('input name is required');
  await expect(run({ inputs: { name: 'x', nick: 'y' } })).rejects.toThrow('there is no input nick');
});

test('a matrix keeps to max-parallel and to the order; failed legs and what needs them run again, and only they', async () => {
  const dir = join(root, `beside-${count++}`);
  await mkdir(dir);
  const run = await repository(`
on: {workflow_dispatch: }
jobs:
  plan: ${job('echo list=[1,2,3,4,5] >> $GITHUB_OUTPUT; echo planned', `outputs: {list: "\${{ steps.s.outputs.list }}"},`)}
  leg:
    needs: plan
    strategy: {fail-fast: false, max-parallel: "\${{ fromJSON('2') }}", matrix: {n: "\${{ fromJSON(needs.plan.outputs.list) }}"}}
    runs-on: ubuntu-latest
    steps:
      - run: |
          mkdir ${dir}/\${{ matrix.n }}; ls ${dir} | grep -v seen | wc -l
          sleep 0.1; rmdir ${dir}/\${{ matrix.n }}; echo \${{ matrix.n }} >> ${dir}/seen
          if [ \${{ matrix.n }} = 3 ] && [ "$GITHUB_RUN_ATTEMPT" = 1 ]; then exit 1; fi
  merge: ${job('echo merged in attempt $GITHUB_RUN_ATTEMPT', 'needs: [plan, leg],')}
  tidy: ${job('echo tidied', 'needs: merge, if: always(),')}
`);
  const first = await run();
  expect(conclusions(first)).toEqual([
    'plan: success',
    'leg (1): success',
    'leg (2): success',
    'leg (3): failure',
    'leg (4): success',
    'leg (5): success',
    'merge: skipped',
    'tidy: success',
  ]);
  expect(first.conclusion).toBe('failure');
  expect(Math.max(...lines(first).map(Number).filter(Boolean))).toBe(2);
  const second = await first.rerunFailed();
  expect([second.conclusion, second.id, second.attempt]).toEqual(['success', first.id, 2]);
  expect(second.jobs.filter(each => each.attempt === 2).map(({ name }) => name)).toEqual(['leg (3)', 'merge', 'tidy']);
  expect(lines(second)).toContain('merged in attempt 2');
  expect((await readFile(join(dir, 'seen'), 'utf8')).trim().split('\n').sort()).toEqual(['1', '2', '3', '3', '4', '5']);
});

const CALLED = `
on:
  workflow_call:
    inputs: {n: {type: number, default: 1}, flag: {type: boolean, default: true}}
    secrets: {word: {required: true}}
    outputs: {said: {value: "\${{ jobs.say.outputs.said }}"}}
jobs:
  say:
    permissions: {contents: read}
    runs-on: ubuntu-latest
    outputs: {said: "\${{ steps.s.outputs.said }}"}
    steps:
      - {id: s, run: 'echo "said=\${{ inputs.n }} \${{ inputs.flag }} \${{ secrets.word }}" >> $GITHUB_OUTPUT'}
`;
const caller = (permissions: string, rest: string) => `
on: {workflow_dispatch: }
permissions: {}
jobs:
  call: {permissions: ${permissions}, uses: ./.github/workflows/called.yml, ${rest}}
  after: ${job(`echo "\${{ needs.call.outputs.said }}"`, 'needs: call,')}
`;

test('a called workflow: inputs by type, secrets, outputs, and never more permissions than the caller has', async () => {
  const secrets = `secrets: {word: '\${{ secrets.W }}'}`;
  const play = async (permissions: string, rest: string) =>
    (await repository(caller(permissions, rest), { called: CALLED }))({ secrets: { W: 'open' } });
  const run = await play('{contents: write}', `with: {n: "\${{ fromJSON('3') }}"}, ${secrets}`);
  expect(run.jobs.map(({ name, permissions }) => [name, permissions])).toEqual([
    ['call / say', { contents: 'read' }],
    ['after', {}],
  ]);
  expect(lines(run)).toEqual(['3 true ***']);
  await expect(play('{actions: read}', secrets)).rejects.toThrow(
    "call / say is requesting 'contents: read', but is only allowed 'contents: none'",
  );
  await expect(play('{contents: read}', `with: {n: many}, ${secrets}`)).rejects.toThrow('input n is to be a number');
  await expect(play('{contents: read}', `with: {m: 1}, ${secrets}`)).rejects.toThrow('there is no input m');
  await expect(play('{contents: read}', 'secrets: {}')).rejects.toThrow('secret word is required');
});

test('a concurrency group lets one in at a time; who is in it already waits for ever', async () => {
  const dir = join(root, `group-${count++}`);
  await mkdir(dir);
  const text = `mkdir ${dir}/in && sleep 0.1 && rmdir ${dir}/in`;
  const run = await repository(`
on: {workflow_dispatch: }
concurrency: {group: "g-\${{ github.repository }}", queue: max}
jobs: {a: ${job(text)}}
`);
  expect((await Promise.all([run(), run(), run()])).map(({ conclusion }) => conclusion)).toEqual(
    Array(3).fill('success'),
  );
  const stuck = await repository(`
on: {workflow_dispatch: }
concurrency: {group: g, queue: max}
jobs: {a: ${job('true', 'concurrency: {group: G, queue: max},')}}
`);
  await expect(stuck()).rejects.toThrow('a deadlock');
});

test('what it does not know it refuses', async () => {
  const refused = async (text: string) => (await repository(text))();
  const on = 'on: {workflow_dispatch: }\n';
  await expect(refused(`${on}defaults: {}\njobs: {}`)).rejects.toThrow('defaults is not played here');
  await expect(refused(`${on}jobs: {a: {container: x}}`)).rejects.toThrow('container is not played here');
  await expect(refused(`${on}jobs: {a: {steps: [{uses: actions/checkout@v7}]}}`)).rejects.toThrow('not to be had here');
  await expect(refused(`${on}jobs: {a: {strategy: {matrix: {n: [1]}}}}`)).rejects.toThrow('only fail-fast: false');
  await expect(refused(`${on}jobs: {a: ${job(`echo \${{ nothing.there }}`)}}`)).rejects.toThrow('cannot evaluate');
});
