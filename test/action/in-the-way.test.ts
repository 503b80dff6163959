// What somebody else has put where the action keeps something of its own: it stays as it is.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { openStage, type Stage, type Sync } from '../world/stage.ts';
import { BRANCH, cloned, FLAWLESS, faults, messages, onBranch, populate } from './publishing.ts';
import { expectGreen, expectRed } from './support.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
  populate(stage);
});
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

const sync = ({ with: inputs, ...options }: Sync = {}) => stage.sync({ with: { ...onBranch, ...inputs }, ...options });

describe('on the branch', () => {
  const theirs = (path: string, content: string) => stage.github.repository.commit(BRANCH, { [path]: content });
  const TERRAFORM = '{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x"}';

  async function leaves(path: string, content: string, inputs: Readonly<Record<string, string>>): Promise<void> {
    const head = await stage.github.repository.head(BRANCH);
    const result = await sync({ with: inputs });
    expectRed(result);
    const taken = new RegExp(
      `^The branch kustomer-data of acme/support-data has a \`${path}\` that this .* Set \`branch\``,
    );
    expectError(result, 'branch-path-taken');
    expect(messages(result, 'error')).toEqual([expect.stringMatching(taken)]);
    expect(stage.kustomer.requests.filter(({ kind }) => kind === 'live')).toEqual([]);
    expect(await stage.github.repository.head(BRANCH)).toBe(head);
    expect(String((await stage.github.repository.files(BRANCH)).get(path))).toBe(content);
  }

  test.each(
    few([
      ['of another program', TERRAFORM],
      ['that is empty JSON', '{}'],
      ['that is no JSON', 'state: none\n'],
      ['that is a list', '[1, 2]'],
    ]),
  )('a state.json %s is not overwritten, not even with reset-state', async (_, content) => {
    await theirs('state.json', content);
    await leaves('state.json', content, {});
    await leaves('state.json', content, { 'reset-state': 'true' });
  });

  longTest('a state.json of another program in the place of ours is not overwritten either', async () => {
    await sync();
    stage.kustomer.log.clear();
    await theirs('state.json', TERRAFORM);
    await leaves('state.json', TERRAFORM, { 'reset-state': 'true' });
  });

  longTest('a state.json of ours that was cut off is healed by reset-state', async () => {
    await sync();
    const files = await stage.github.repository.files(BRANCH);
    await theirs('state.json', String(files.get('state.json')).slice(0, 200));
    await theirs('README.md', 'ours');
    expectRed(await sync());
    expect((await sync({ with: { 'reset-state': 'true' } })).exitCode).toBe(0);
    expect((await sync()).outputs.records).toBe('0');
  });

  test('a file where the data goes is not replaced by a folder', async () => {
    await theirs('data', 'x');
    await leaves('data', 'x', {});
    expect((await sync({ with: { 'data-path': 'kustomer' } })).exitCode).toBe(0);
  });

  longTest('the state of another state-id is left alone, and each gets a branch of its own', async () => {
    await sync();
    const head = await stage.github.repository.head(BRANCH);
    for (const reset of ['false', 'true']) {
      const refused = await sync({ with: { 'state-id': 'other', 'reset-state': reset } });
      expect(messages(refused, 'error')).toEqual([
        expect.stringMatching(/`state-id` default.* Give each sync its own `branch`/),
      ]);
    }
    expect(await stage.github.repository.head(BRANCH)).toBe(head);
    expect((await sync({ with: { 'state-id': 'other', branch: 'other' } })).exitCode).toBe(0);
    expect((await sync()).outputs.records).toBe('0');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});

describe('on the runner', () => {
  test.each(few(['.kustomer-sync', '.kustomer-sync/default/state.json/x']))(
    'a file %s in the workspace is not in the way, and stays as it is',
    async path => {
      const first = await stage.sync();
      expectGreen(first);
      const file = join(first.paths.workspace, path);
      await mkdir(join(file, '..'), { recursive: true });
      await writeFile(file, 'theirs');
      const second = await stage.sync({ keepWorkspace: true });
      expectGreen(second);
      expect(second.outputs).toMatchObject({ records: '0', 'state-generation': '2' });
      stage.world.update('conversations', 2, { at: Date.now() - 1_200_000 });
      const third = await stage.sync({ keepWorkspace: true });
      expectGreen(third);
      expect(third.outputs).toMatchObject({ records: '2', 'state-generation': '3' });
      expect(await readFile(file, 'utf8')).toBe('theirs');
    },
  );

  test.each(few(['artifact', 'branch', 'none']))(
    'a RUNNER_TEMP that is a file is one clear error (%s)',
    async destination => {
      const { paths } = await stage.sync({ with: { streams: 'x' } });
      const temp = join(paths.workspace, 'temp');
      await writeFile(temp, 'x');
      for (const inputs of few([{}, { 'output-dir': 'out' }])) {
        const result = await stage.sync({
          with: { destination, ...inputs },
          keepWorkspace: true,
          nodeArgs: ['--import', `data:text/javascript,process.env.RUNNER_TEMP = ${JSON.stringify(temp)}`],
        });
        expectRed(result);
        expectError(result, 'folder-unusable');
        expect(messages(result, 'error')).toEqual([
          expect.stringMatching(/^A folder that the action needs .*\(E\w+\)\. Let the job/),
        ]);
      }
    },
  );
});
