// What users copy, from the documents and examples/, and the workflows that they call: GitHub's parser takes them, they use
// inputs and outputs that exist, and defaults are the same everywhere.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { fill } from '../world/runner/expressions.ts';
import { openWorkflowParser } from '../world/workflow/parser.ts';
import { blocksIn, DOCUMENTS } from './documents.ts';

interface Step {
  id?: string;
  uses?: string;
  with?: Record<string, unknown>;
}
interface Job extends Step {
  steps?: Step[];
  secrets?: Record<string, string>;
  outputs?: Record<string, string>;
  'timeout-minutes'?: number;
}
interface Queued {
  concurrency: { group: string };
}
interface Called {
  inputs: Record<string, { type: string; default?: unknown }>;
  secrets: Record<string, { required?: boolean }>;
  outputs: Record<string, { value: string }>;
}

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const files = (folder: string) => readdirSync(join(root, folder)).map(name => `${folder}/${name}`);

const action: { inputs: Record<string, { default?: string }>; outputs: Record<string, unknown> } = parse(
  read('action.yml'),
);
const CALLED = ['.github/workflows/backfill.yml', '.github/workflows/sync.yml'];
const called = Object.fromEntries(CALLED.map(path => [path, parse(read(path)).on.workflow_call as Called]));

const texts = new Map([
  ...blocksIn('yaml').map(([place, { text }]): [string, string] => [place, text]),
  ...[...files('examples'), ...CALLED].map((path): [string, string] => [path, read(path)]),
]);

/** Steps, and jobs that call a workflow, wherever they stand. */
function stepsOf(value: unknown): Job[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(stepsOf);
  return 'uses' in value || 'run' in value ? [value as Job, ...inside] : inside;
}

/** Everything that is wrong with what a text wants of us. */
function wrongWith(text: string): string[] {
  const wrong: string[] = [];
  const steps = stepsOf(parse(text));
  const known = (what: string, names: Iterable<string>, there: object) => {
    for (const name of names) if (!(name in there)) wrong.push(`${what} ${name}`);
  };
  for (const { id, uses = '', with: given = {}, secrets = {} } of steps) {
    const path = /^org\/kustomer-sync\/(.+)@v1$/.exec(uses)?.[1];
    const file = path === undefined ? undefined : called[path];
    if (path !== undefined && file === undefined) wrong.push(`no workflow ${path}`);
    else if (file !== undefined) {
      known('input', Object.keys(given), file.inputs);
      known('secret', Object.keys(secrets), file.secrets);
    } else if (/^org\/kustomer-sync@|^\$\/\.$/.test(uses)) {
      known('input', Object.keys(given), action.inputs);
      const used = [...text.matchAll(new RegExp(`steps\\.${id}\\.outputs\\.([\\w-]+)`, 'g'))];
      known(
        `output of ${id}`,
        used.map(([, name = '']) => name),
        action.outputs,
      );
    } else if (uses !== '' && !/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/.test(uses)) wrong.push(`not pinned: ${uses}`);
  }
  const ids = steps.map(({ id }) => id);
  for (const [, id = ''] of text.matchAll(/steps\.([\w-]+)\.outputs/g))
    if (!ids.includes(id)) wrong.push(`no step ${id}`);
  return wrong;
}

test('the check sees what is wrong', () => {
  const bad = `steps:
  - uses: org/kustomer-sync@v1
    id: a
    with: {tokn: x}
  - run: echo "\${{ steps.a.outputs.record }} \${{ steps.b.outputs.records }}"
  - uses: actions/checkout@v7
  - uses: org/kustomer-sync/.github/workflows/sync.yml@v1
    with: {strems: x}
    secrets: {tken: x}`;
  expect(wrongWith(bad)).toEqual([
    'input tokn',
    'output of a record',
    'not pinned: actions/checkout@v7',
    'input strems',
    'secret tken',
    'no step b',
  ]);
});

test.each([...texts])('%s uses only what there is', (_, text) => {
  expect(wrongWith(text)).toEqual([]);
});

describe("GitHub's workflow parser", async () => {
  const parser = await openWorkflowParser();

  test.each([...texts])('takes %s', async (name, text) => {
    expect(await parser.errorsInWorkflow(name, asWorkflow(text))).toEqual([]);
  });

  test.each([
    ['a job without a runner', 'on: push\njobs: {a: {steps: [{run: "true"}]}}'],
    ['an input that the called workflow lacks', 'jobs: {a: {uses: org/kustomer-sync/.github/workflows/sync.yml@v1}}'],
    ['a step that does nothing', 'steps: [{id: a}]'],
  ])('refuses %s', async (name, text) => {
    expect(await parser.errorsInWorkflow(name, asWorkflow(text))).not.toEqual([]);
  });
});

/** A snippet as a workflow of its own: the documents show only the part they are about. */
function asWorkflow(text: string): string {
  const { on, jobs, steps } = parse(text) as { on?: unknown; jobs?: unknown; steps?: unknown };
  if (on !== undefined) return text;
  return stringify({ on: 'push', jobs: jobs ?? { job: { 'runs-on': 'ubuntu-latest', steps } } });
}

test('documents show YAML', () => {
  expect(new Set(blocksIn('yaml').map(([, { path }]) => path))).toEqual(
    new Set(['README.md', 'SECURITY.md', 'docs/backfills.md', 'docs/privacy.md']),
  );
});

test('the README names every example', () => {
  expect(files('examples').filter(path => !DOCUMENTS.get('README.md')?.includes(`(${path})`))).toEqual([]);
});

test('who queues up behind whom', () => {
  const [backfill, sync] = CALLED.map(path => parse(read(path)) as Queued & { jobs: Record<string, Queued> });
  const group = (of: Queued | undefined, inputs: object) =>
    fill(of?.concurrency.group ?? '', { contexts: { inputs: { 'state-id': 'a', ...inputs } }, status: 'success' });
  const window = { 'start-date': '2024-01-01', 'end-date': '2025-01-01' };
  const other = { ...window, 'end-date': '2026-01-01' };
  const merge = backfill?.jobs.merge;
  // One sync behind itself; and the merge that writes its state behind it, which the shards do not.
  expect(group(sync, {})).toBe('kustomer-sync-a');
  expect(group(merge, {})).toBe('kustomer-sync-a');
  // Everything else beside each other: no two of these are the same.
  const beside = [
    group(sync, {}),
    group(sync, { 'state-id': 'b' }),
    ...[window, other].flatMap(dates => [sync, backfill, merge].map(each => group(each, dates))),
    group(backfill, {}),
  ];
  expect(new Set(beside).size).toBe(beside.length);
});

describe.each(CALLED)('%s', path => {
  const workflow = parse(read(path)) as { jobs: Record<string, Job> };
  const file = called[path]!;
  const uses = Object.entries(workflow.jobs).flatMap(([id, job]) =>
    (job.steps ?? []).filter(step => step.uses === '$/.').map(step => [id, step] as const),
  );
  /** What a caller decides, and not the workflow itself. */
  const passed = Object.keys(file.inputs);

  test('defaults are those of the action', () => {
    // Whoever fans out wants several at once; an empty text stands for the repository of the caller.
    const other: Record<string, unknown> = { 'shards-at-once': 4, repository: '' };
    const expected = passed.map(name => [name, String(other[name] ?? action.inputs[name]?.default)]);
    expect(Object.entries(file.inputs).map(([name, input]) => [name, String(input.default)])).toEqual(expected);
  });

  test('each job passes on all inputs and secrets', () => {
    for (const [id, { with: given = {} }] of uses) {
      const { token, 'github-token': github, 'hash-key': key, mode: _, shard: __, plan: ___, ...others } = given;
      const secrets = ['token', 'github-token || github.token', 'hash-key'].map(name => `\${{ secrets.${name} }}`);
      expect([token, github, key], id).toEqual(secrets);
      const expected = passed.map(name => [
        name,
        name === 'repository' ? `\${{ inputs.repository || github.repository }}` : `\${{ inputs.${name} }}`,
      ]);
      expect(Object.entries(others), id).toEqual(expected);
    }
  });

  test('a caller decides everything but what the workflow itself is for', () => {
    const own = ['token', 'github-token', 'hash-key', 'job-status', 'output-dir', 'mode', 'shard', 'plan'];
    const left: Record<string, string[]> = {
      // A fan-out goes on by "Re-run failed jobs", starts from what is there, and refuses a full refresh.
      '.github/workflows/backfill.yml': [
        'sync-mode',
        'reset-state',
        'on-missing-state',
        'on-incomplete',
        'confirm-vanished',
        'deletions',
        // A merge has no records of its own.
        'singer',
      ],
      '.github/workflows/sync.yml': ['shards-at-once'],
    };
    const expected = Object.keys(action.inputs).filter(name => ![...own, ...(left[path] ?? [])].includes(name));
    expect([...passed].sort()).toEqual(expected.sort());
  });

  test('outputs lead to those of the action, and time limits leave room for the time budget', () => {
    for (const [name, { value }] of Object.entries(file.outputs)) {
      const [, id = ''] = /^\$\{\{ jobs\.(\w+)\.outputs\./.exec(value) ?? [];
      expect(value).toBe(`\${{ jobs.${id}.outputs.${name} }}`);
      expect(workflow.jobs[id]?.outputs?.[name]).toBe(`\${{ steps.${id}.outputs.${name} }}`);
    }
    // A merge reads nothing; everything else stops at the time budget.
    for (const [id, job] of Object.entries(workflow.jobs))
      expect([id, job['timeout-minutes']]).toEqual([id, id === 'merge' ? 60 : 350]);
  });
});
