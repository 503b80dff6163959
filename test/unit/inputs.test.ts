// The table of inputs, what is generated from it, and the outputs of action.yml.
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generate } from '../../scripts/generate.ts';
import { makeConfig } from '../../src/config/config.ts';
import { defaultOf, INPUT_NAMES, INPUTS } from '../../src/config/inputs.ts';
import { SyncError } from '../../src/errors.ts';
import { failedReport, outputs } from '../../src/report/report.ts';
import { ACTION } from '../world/stage.ts';

interface Declared {
  readonly inputs: Record<string, { description?: string; required?: boolean; default?: unknown }>;
  readonly outputs: Record<string, { description?: string }>;
}

const action = parse(readFileSync(`${ACTION}/action.yml`, 'utf8')) as Declared;

/** Inputs and defaults that users rely on. */
const PROMISED: Record<string, string | undefined> = {
  token: undefined,
  'api-url': 'https://api.kustomerapp.com',
  streams: 'all',
  'sync-mode': 'incremental',
  'start-date': '',
  'end-date': '',
  'include-deleted': 'true',
  archive: 'auto',
  settle: '60s',
  lookback: '60m',
  'search-requests-per-minute': '100',
  'requests-per-minute': 'auto',
  concurrency: '10',
  'time-budget': '330m',
  'record-format': 'flat',
  compression: 'none',
  destination: 'artifact',
  'output-dir': '',
  'artifact-name': 'kustomer-sync',
  'retention-days': '0',
  branch: 'kustomer-data',
  'data-path': 'data',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub
  repository: '${{ github.repository }}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub
  'github-token': '${{ github.token }}',
  'allow-public': 'false',
  'state-id': 'default',
  'on-missing-state': 'full',
  'reset-state': 'false',
  'confirm-vanished': 'false',
  deletions: 'lists',
  'exclude-fields': '',
  'hash-fields': '',
  'hash-key': '',
  mode: 'sync',
  shard: '',
  'shards-at-once': '1',
  plan: '',
  'on-incomplete': 'stop',
};

const PROMISED_OUTPUTS = [
  'records',
  'complete',
  'streams',
  'output-dir',
  'manifest',
  'artifact-id',
  'artifact-url',
  'artifact-digest',
  'commit',
  'state-saved',
  'state-generation',
  'matrix',
  'estimate',
];

describe('the inputs of action.yml', () => {
  test.each(Object.keys(PROMISED))('%s is there with the default that is promised', name => {
    const { [name]: input } = action.inputs;
    expect(input?.default).toBe(PROMISED[name]);
    expect(input?.required ?? false).toBe(name === 'token');
  });

  test('are those of the table, in its order', () => {
    expect(Object.keys(action.inputs)).toEqual(INPUT_NAMES);
  });

  test('are all texts, since the runner hands texts over, and all explained', () => {
    for (const [name, { default: value, description }] of Object.entries(action.inputs)) {
      if (value !== undefined) expect(value, name).toBeTypeOf('string');
      expect(description, name).toMatch(/\S.*\.$/);
    }
  });
});

describe('the table of inputs', () => {
  test.each([...generate()])('%s has what is generated from it', (path, text) => {
    expect(readFileSync(`${ACTION}/${path}`, 'utf8')).toBe(text);
  });

  test.each(INPUT_NAMES)('%s has a default that its own kind accepts', name => {
    const { default: value, kind } = INPUTS[name];
    if (value !== undefined) expect(kind.parse(defaultOf(name))).toBeDefined();
  });

  test('has no input whose value nobody uses, but the one that the post step reads', () => {
    const code = globSync(`${ACTION}/src/**/*.ts`).filter(file => !/\/config\/(?!conflicts|scope)/.test(file));
    const words = new Set(code.flatMap(file => readFileSync(file, 'utf8').match(/\w+/g) ?? []));
    const fields = Object.keys(makeConfig(name => INPUTS[name].kind.parse(defaultOf(name))));
    expect(fields.filter(field => !words.has(field))).toEqual(['jobStatus']);
  });
});

describe('a list of streams', () => {
  const { kind } = INPUTS.streams;
  test.each([
    ['Conversations', 'Not known: `Conversations` (did you mean `conversations`?).'],
    ['tag, mails', 'Not known: `tag` (did you mean `tags`?), `mails`.'],
    ['ALL', 'Not known: `ALL` (did you mean `all`?).'],
    ['Tag :full_refresh', 'Not known: `Tag :full_refresh` (did you mean `tags`?).'],
    [
      'company, work-session',
      'Not known: `company` (did you mean `companies`?), `work-session` (did you mean `work_sessions`?).',
    ],
    ['Klass', 'Not known: `Klass` (did you mean `klasses`?).'],
    ['tags:sometimes', 'Not known: `tags:sometimes`.'],
    [',', ''],
  ])('%s is not accepted, and the message says what is wrong', (text, hint) => {
    expect(kind.parse(text)).toBeUndefined();
    expect(kind.hint?.(text)).toBe(hint);
  });
});

describe('the outputs of action.yml', () => {
  test('are those that are promised, and all explained', () => {
    expect(Object.keys(action.outputs).sort()).toEqual([...PROMISED_OUTPUTS].sort());
    for (const [name, { description }] of Object.entries(action.outputs)) expect(description, name).toMatch(/\S.*\.$/);
  });

  test('are those that a report sets, on the shortest path too', () => {
    const report = failedReport(new SyncError('invalid-input', { what: 'It went wrong.', todo: 'Do something.' }));
    expect(Object.keys(outputs(report)).sort()).toEqual(Object.keys(action.outputs).sort());
  });
});
