// The mistakes of somebody who sets up the action by the README alone: what they see first leads to the next step.
//
// Each begins with the workflow of the quick start, in a repository where nothing has run.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { few } from '../forms.ts';
import { blocksIn } from '../unit/documents.ts';
import { DEFAULT_TOKEN, type Fault, STREAMS } from '../world/kustomer/index.ts';
import { ACTION, openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { runWorkflow, type WorkflowOptions, type WorkflowRun } from '../world/workflow/index.ts';
import { populate } from './publishing.ts';
import { poison } from './saved-state.ts';
import { expectOnPage } from './troubles.ts';

const FILE = '.github/workflows/kustomer.yml';

let repository: string;
let bin: string;
beforeAll(async () => {
  repository = await mkdtemp(join(tmpdir(), 'mistakes-'));
  await mkdir(join(repository, '.github/workflows'), { recursive: true });
  const [, block] = blocksIn('yaml').find(([place]) => place.startsWith('README.md:')) ?? [];
  await writeFile(join(repository, FILE), block?.text ?? '');
  bin = await mkdtemp(join(tmpdir(), 'busybox-'));
  await writeFile(join(bin, 'tar'), '#!/bin/sh\necho "BusyBox v1.36.1 () multi-call binary." >&2\nexit 1\n');
  await chmod(join(bin, 'tar'), 0o755);
});
afterAll(async () => {
  await rm(repository, { recursive: true });
  await rm(bin, { recursive: true });
});

type Options = Partial<Omit<WorkflowOptions, 'env'>> & { readonly env?: () => Record<string, string> };

interface Mistake extends Options {
  readonly world?: StageOptions;
  /** What was there before the mistake. */
  readonly before?: (stage: Stage, run: (options?: Options) => Promise<WorkflowRun>) => unknown;
  /** The first error or else warning; the summary of a run that has none, or that somebody else ends. */
  readonly says: RegExp;
  /** What that tells to do; nothing where the mistake does no harm. */
  readonly next?: RegExp;
  readonly ends?: 'success' | 'cancelled';
}

/** Plays the workflow of the quick start; only where Kustomer is, and how much at once, is of the simulated world. */
function play(stage: Stage, { edit = text => text, env, ...options }: Options = {}): Promise<WorkflowRun> {
  return runWorkflow({
    action: ACTION,
    github: stage.github,
    root: stage.root,
    repository,
    file: FILE,
    secrets: { KUSTOMER_TOKEN: DEFAULT_TOKEN },
    ...options,
    ...(env && { env: env() }),
    // The two groups are the same for one run at a time.
    edit: text => edit(text).replace('  group: kustomer-sync', '$&\n  queue: max'),
    with: {
      'api-url': stage.kustomer.url,
      'search-requests-per-minute': '100000',
      'requests-per-minute': '100000',
      ...options.with,
    },
  });
}

const given = (inputs: Record<string, string>): Options => ({ with: inputs });
const secret = (KUSTOMER_TOKEN: string): Options => ({ secrets: { KUSTOMER_TOKEN } });
const permissions = (text: string): Options => ({
  edit: file => file.replace(/^permissions:\n(?: .*\n)+/m, text === '' ? '' : `permissions: ${text}\n`),
});
const answers = (fault: Fault) => (stage: Stage) =>
  stage.kustomer.faults.add({ ...fault, times: Number.POSITIVE_INFINITY });
const onBranch = { destination: 'branch' };
const WRITES = permissions('{ contents: write }');
const toBranch = (inputs: Record<string, string> = {}): Options => ({
  ...given({ ...onBranch, ...inputs }),
  ...WRITES,
});
/** A second step, which does the same once more but for one input. */
const twice = (line: string): Options => ({
  edit: file => {
    const step = file.slice(file.indexOf('      - uses: org/kustomer-sync'));
    return `${file}${step.trimEnd()}\n          ${line}\n`;
  },
});
const NOTHING_NEW = /^## ✅ Kustomer sync complete: nothing new/;
const missing = (...roles: string[]) =>
  ({ world: { tokens: { [DEFAULT_TOKEN]: { missing: roles } } } }) as unknown as StageOptions;

const MISTAKES: readonly (readonly [string, Mistake])[] = [
  [
    'the secret is not set',
    { secrets: {}, says: /^`token` is empty\./, next: /has none of this name \(Settings.*Correct the secret/ },
  ],
  [
    'the secret has another name, or the schedule runs in a fork',
    {
      secrets: { KUSTOMER_KEY: DEFAULT_TOKEN },
      says: /^`token` is empty\./,
      next: /`\$\{\{ secrets\.KUSTOMER_TOKEN \}\}`/,
    },
  ],
  [
    'a key in quotes',
    { ...secret(`"${DEFAULT_TOKEN}"`), says: /contains quotation marks/, next: /save the secret again/ },
  ],
  [
    'a key with Bearer',
    { ...secret(`Bearer ${DEFAULT_TOKEN}`), says: /begins with `Bearer`/, next: /again without it/ },
  ],
  ['a key of two lines', { ...secret('eyJhbGciOi\nJIUzI1NiJ9'), says: /a line break/, next: /save the secret again/ }],
  [
    'a key that ends with a line break',
    { ...secret(`${DEFAULT_TOKEN}\n`), ends: 'success', says: /sync complete: 37/ },
  ],
  [
    'a wrong key',
    { ...secret('eyJ.wrong.key'), says: /does not accept the API key \(401\)/, next: /Check that the secret/ },
  ],
  ['a key without roles', { world: missing(...STREAMS), says: /may read none of/, next: /a key with the roles org\./ }],
  [
    'a key that lacks a role',
    {
      world: missing('tags'),
      ends: 'success',
      says: /may not read tags \(403\)/,
      next: /the role org\.\S+\.tag\.read/,
    },
  ],
  [
    'the address of a page of the web app',
    {
      ...given({ 'api-url': 'https://acme.kustomerapp.com/app/x' }),
      says: /^`api-url` is `https:\/\/acme\.kustomerapp\.com\/app\/x`/,
      next: /Did you mean `https:\/\/acme\.api\.kustomerapp\.com`\?/,
    },
  ],
  [
    'a host without https',
    {
      ...given({ 'api-url': 'api.prod2.kustomerapp.com' }),
      says: /^`api-url` is/,
      next: /Did you mean `https:\/\/api\.prod2\.kustomerapp\.com`\?/,
    },
  ],
  [
    'ORG as the documents have it',
    { ...given({ 'api-url': 'https://ORG.api.kustomerapp.com' }), says: /^`api-url` is/, next: /in place of `ORG`/ },
  ],
  [
    'a host that does not exist',
    { ...given({ 'api-url': 'https://acme.invalid' }), says: /its name cannot be resolved/, next: /Check `api-url`/ },
  ],
  [
    'the web app in place of the API',
    { before: answers({ kind: 'html-200' }), says: /a page of HTML/, next: /Check `api-url`/ },
  ],
  [
    'the host of another region',
    { before: answers({ kind: 'status', status: 401 }), says: /\(401\)/, next: /`api-url` is the host of your region/ },
  ],
  [
    'streams in the singular and in capitals',
    {
      ...given({ streams: 'conversation, Tag' }),
      says: /^`streams` is/,
      next: /did you mean `conversations`\?.*did you mean `tags`\?/,
    },
  ],
  [
    'a misspelt input',
    { ...given({ stream: 'tags' }), ends: 'success', says: /^Unexpected input\(s\) 'stream'/, next: /'streams'/ },
  ],
  [
    'a start date to come',
    { ...given({ 'start-date': '2999-01-01' }), says: /which has not come yet/, next: /in the past/ },
  ],
  [
    'a date as people write it',
    { ...given({ 'start-date': '31.12.2025' }), says: /^`start-date` is/, next: /`YYYY-MM-DD`/ },
  ],
  [
    'dates in the wrong order',
    {
      ...given({ 'start-date': '2026-02-01', 'end-date': '2026-01-01' }),
      says: /^`end-date`/,
      next: /after `start-date`/,
    },
  ],
  [
    'a duration without a unit',
    { ...given({ 'time-budget': '330' }), says: /^`time-budget` is/, next: /such as `90s`/ },
  ],
  [
    'a time budget beyond the time limit of the job',
    {
      before: stage => stage.kustomer.faults.add({ kind: 'hang', times: 99, match: { stream: 'messages' } }),
      fate: () => ({ cancelAfter: handle => handle.waitFor('Reading ') }),
      ends: 'cancelled',
      says: /^## 🚫 First Kustomer sync canceled/,
      next: /set `time-budget` below the `timeout-minutes` of the job/,
    },
  ],
  ['yes for true', { ...given({ 'allow-public': 'yes' }), says: /^`allow-public`/, next: /Use `true` or `false`/ }],
  ['retention for ever', { ...given({ 'retention-days': '9999' }), says: /^`retention-days`/, next: /from 0 to 400/ }],
  [
    'an artifact name with a slash',
    { ...given({ 'artifact-name': 'a/b' }), says: /^`artifact-name`/, next: /none of them/ },
  ],
  [
    'a destination that does not exist',
    { ...given({ destination: 's3' }), says: /^`destination` is/, next: /`artifact,branch`/ },
  ],
  [
    'files where others are',
    { ...given({ 'output-dir': '/' }), says: /^`output-dir` is `\/`/, next: /that is empty or does not/ },
  ],
  [
    'a folder that nobody may make',
    { ...given({ 'output-dir': '/proc/x' }), says: /could not be made/, next: /may write to/ },
  ],
  [
    'no permissions',
    {
      ...permissions(''),
      ends: 'success',
      says: /^Not all places where a state/,
      next: /Give the job the permission `actions: read`/,
    },
  ],
  [
    'a data branch with `contents: read`',
    { ...given(onBranch), says: /may not write/, next: /`permissions: contents: write`/ },
  ],
  [
    'a public repository',
    { world: { github: { visibility: 'public' } }, says: /is public/, next: /Publish to a private/ },
  ],
  [
    'a data branch that is protected',
    {
      ...toBranch(),
      before: ({ github }) => github.repository.protectedBranches.set('kustomer-data', 'Protected branch'),
      says: /is protected/,
      next: /Take it out of the branch protection/,
    },
  ],
  [
    'a data branch of something else',
    {
      ...toBranch(),
      before: ({ github }) => github.repository.commit('kustomer-data', { 'state.json': '{}' }, { orphan: true }),
      says: /that this action has not written/,
      next: /Set `branch`/,
    },
  ],
  [
    'two syncs on one branch',
    {
      ...toBranch({ 'state-id': 'b' }),
      before: (_, run) => run(toBranch()),
      says: /belongs to the sync/,
      next: /its own `branch`/,
    },
  ],
  [
    'gzip on a branch that has none',
    { ...toBranch({ compression: 'gzip' }), before: (_, run) => run(toBranch()), ends: 'success', says: NOTHING_NEW },
  ],
  [
    'another format',
    {
      ...given({ 'record-format': 'raw' }),
      before: (_, run) => run(),
      says: /both formats/,
      next: /Set `record-format` back/,
    },
  ],
  [
    'more streams than before',
    { before: (_, run) => run(given({ streams: 'tags' })), ends: 'success', says: /complete: 33 records/ },
  ],
  [
    'the key of another organization',
    {
      before: async (stage, run) => {
        await run();
        await poison(stage, text => text.replace(/("identity": ?")[^"]+/, '$1ffffffffffffffffffffffff'));
      },
      says: /belongs to another Kustomer organization/,
      next: /Give this sync its own `state-id`/,
    },
  ],
  ['two syncs with one artifact name', { ...twice('state-id: b'), ends: 'success', says: /complete: 37 records/ }],
  [
    'a cache that GitHub has evicted',
    {
      before: async (stage, run) => {
        await run();
        stage.github.evictCaches();
      },
      ends: 'success',
      says: NOTHING_NEW,
    },
  ],
  [
    'a cache that somebody deletes during a run',
    {
      before: async (stage, run) => {
        await run();
        stage.kustomer.onRequest(() => void stage.github.evictCaches());
      },
      ends: 'success',
      says: NOTHING_NEW,
    },
  ],
  [
    'on-incomplete without `actions: write`',
    {
      ...given({ 'on-incomplete': 'continue', 'time-budget': '3s' }),
      before: stage => stage.kustomer.faults.add({ kind: 'hang', times: 99, match: { stream: 'messages' } }),
      ends: 'success',
      says: /could not be started.*lacks the permission `actions: write`/,
      next: /run the workflow again by hand/,
    },
  ],
  [
    'a container with BusyBox',
    { env: () => ({ PATH: `${bin}:/nowhere` }), says: /`tar` of BusyBox/, next: /Install GNU tar/ },
  ],
  [
    'a merge without a plan',
    { ...given({ mode: 'merge' }), says: /^`plan` is empty/, next: /output `matrix` of the job/ },
  ],
  ['a shard without a matrix', { ...given({ shard: '1' }), says: /^`shard` is/, next: /`\$\{\{ matrix\.shard \}\}`/ }],
  ['the mode of other tools', { ...given({ mode: 'full' }), says: /^`mode` is/, next: /`sync`, `plan`, `merge`/ }],
];

test.concurrent.each(few(MISTAKES, 3))('%s', async (_what, { world, before, says, next = /^/, ends, ...options }) => {
  await using stage = await openStage(world);
  populate(stage);
  await before?.(stage, more => play(stage, more));
  const run = await play(stage, options);
  const results = run.jobs.flatMap(({ result }) => result ?? []);
  const annotations = results.flatMap(result => result.annotations);
  const ours = annotations.filter(({ message }) => !message.startsWith('Unexpected input'));
  const first = annotations.find(({ level }) => level === 'error') ?? annotations[0];
  const summary = results.flatMap(({ steps }) => steps.map(step => step.summary)).join('\n');
  const seen = ends === 'cancelled' || first === undefined ? summary : first.message;
  expect(run.conclusion).toBe(ends ?? 'failure');
  expect(seen).toMatch(says);
  expect(seen).toMatch(next);
  expectOnPage({ annotations: ours });
  // Who opens the summary finds it within three lines. What could end a cell of a table stands there as an entity.
  if (ends === undefined)
    expect(summary.split('\n')[2]?.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code))).toBe(
      `> ${first?.message}`,
    );
});
