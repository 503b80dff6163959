// Two runs at once, without a `concurrency` group: no version is published twice, nothing is missing, and the run that comes
// second says so.
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage, type Sync } from '../world/stage.ts';
import { actionOf } from './crash-at.ts';
import { BRANCH, cloned, FLAWLESS, faults, HOUR, hold, messages, populate, uploaded } from './publishing.ts';
import { expectAnnotation } from './troubles.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage({ github: { ignoreCacheVersions: true } });
  populate(stage);
});
afterEach(async () => {
  expect(stage.github.traffic.bugs).toEqual([]);
  await stage.close();
});

/** The last request of a run before it decides what to publish. */
const DECIDES_AT = {
  artifact: ['GetCacheEntryDownloadURL', 2],
  'artifact,branch': ['git.updateRef', 1],
  branch: ['git.updateRef', 1],
  none: ['GetCacheEntryDownloadURL', 2],
} as const;

type Where = keyof typeof DECIDES_AT;

/** A run that has read everything and decides what to publish while another run publishes. */
async function overtaken(
  where: Where,
  other: () => Promise<unknown>,
  inputs: Sync['with'] = {},
): Promise<ActionResult> {
  const isNew = (await stage.github.repository.head(BRANCH)) === undefined;
  const [operation, n] = DECIDES_AT[where];
  const decision = hold(stage, operation === 'git.updateRef' && isNew ? 'git.createRef' : operation, n);
  const slow = stage.sync({ root: `${stage.root}/slow`, with: { destination: where, ...inputs } });
  await decision.reached;
  await other();
  decision.go();
  return slow;
}

const published = (where: Where) => (where === 'artifact' ? uploaded(stage) : cloned(stage));
const sync = (where: Where, inputs: Sync['with'] = {}) => stage.sync({ with: { destination: where, ...inputs } });

describe.each(few(['artifact', 'branch', 'artifact,branch'] as const, 2))('on %s', where => {
  // What the two destinations have in common is shown with one of them.
  const testOnce = where === 'artifact' ? test : longTest;
  test('two first syncs publish every record once, and the second says which run was first', async () => {
    let first: ActionResult | undefined;
    const second = await overtaken(where, async () => {
      first = await sync(where);
    });
    expect([first?.outputs.records, second.outputs.records], second.log).toEqual(['37', '0']);
    expect(second.exitCode).toBe(0);
    expect(second.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true', 'artifact-id': '', commit: '' });
    const runId = stage.github.repository.runs.at(-1)?.id;
    expect(messages(second)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Another run \\(${runId}, attempt 1\\) has published .*conversations.*\\. Give .*\`concurrency\` group`,
        ),
      ),
    ]);
    expect(faults(stage, await published(where))).toEqual(FLAWLESS);
    expectAnnotation(second, 'other-run');
    expect((await sync(where)).outputs).toMatchObject({ records: '0', complete: 'true' });
  });

  testOnce('two increments publish every change once', async () => {
    await sync(where);
    stage.world.update('conversations', 10, { at: Date.now() - HOUR / 3 });
    const second = await overtaken(where, async () => {
      expect((await sync(where)).outputs.records).toBe('10');
      // Comes with the next run, whichever that is.
      stage.world.update('customers', 1, { at: Date.now() - HOUR / 4 });
    });
    expect(second.outputs.records, second.log).toBe('0');
    expect((await sync(where)).outputs.records).toBe('1');
    expect(faults(stage, await published(where))).toEqual(FLAWLESS);
  });

  longTest('two runs with different streams both publish', async () => {
    await sync(where);
    stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
    stage.world.update('customers', 3, { at: Date.now() - HOUR / 3 });
    const second = await overtaken(
      where,
      async () => expect((await sync(where, { streams: 'conversations' })).outputs.records).toBe('2'),
      { streams: 'customers' },
    );
    expect({ records: second.outputs.records, says: messages(second) }).toEqual({ records: '3', says: [] });
    expect((await sync(where)).outputs.records).toBe('0');
    expect(faults(stage, await published(where))).toEqual(FLAWLESS);
  });

  testOnce('of two runs that share a stream the second publishes the others', async () => {
    await sync(where);
    for (const stream of ['conversations', 'customers', 'messages'] as const)
      stage.world.update(stream, 2, { at: Date.now() - HOUR / 3 });
    const second = await overtaken(
      where,
      async () => expect((await sync(where, { streams: 'conversations,messages' })).outputs.records).toBe('4'),
      { streams: 'conversations,customers' },
    );
    expect(second.outputs.records).toBe('2');
    expect(messages(second)).toEqual([expect.stringMatching(/has published conversations since/)]);
    expect((await sync(where)).outputs.records).toBe('0');
    expect(faults(stage, await published(where))).toEqual(FLAWLESS);
  });
});

longTest(
  'four runs at once on a branch: one publishes, nothing is missing and no generation goes backwards',
  async () => {
    // Each of them has seen the branch before the first one commits.
    let begun = 0;
    const allHaveBegun = Promise.withResolvers<void>();
    stage.github.traffic.onRequest(async ({ operation }) => {
      if (operation !== 'git.createRef') return;
      if (++begun === 4) allHaveBegun.resolve();
      await allHaveBegun.promise;
    });
    const runs = await Promise.all(
      [1, 2, 3, 4].map(n => stage.sync({ root: `${stage.root}/m${n}`, with: { destination: 'branch' } })),
    );
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(runs.map(({ outputs }) => outputs.records).sort()).toEqual(['0', '0', '0', '37']);
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(1);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect((await sync('branch')).outputs).toMatchObject({ records: '0', 'state-generation': '1' });
  },
);

longTest(
  'with `destination: none`, files of a stream that another run has published are not left for the next step',
  async () => {
    await sync('none');
    stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
    stage.world.update('customers', 2, { at: Date.now() - HOUR / 3 });
    const second = await overtaken('none', () => sync('none', { streams: 'conversations' }));
    expect(second.outputs.records, second.log).toBe('2');
    const dir = second.outputs['output-dir'] ?? '';
    const files = await readdir(dir, { recursive: true, withFileTypes: true });
    expect(files.flatMap(({ name }) => (/ndjson|partial/.test(name) ? [name] : []))).toEqual([
      'customers-00001.ndjson',
    ]);
    expect((await sync('none')).outputs.records).toBe('0');
  },
);

test('two uploads at the same moment are both there, and the run that saves second says what is there twice', async () => {
  await sync('artifact');
  stage.world.update('conversations', 2, { at: Date.now() - HOUR / 3 });
  const upload = hold(stage, 'CreateArtifact');
  const slow = stage.sync({ root: `${stage.root}/slow` });
  await upload.reached;
  expect((await sync('artifact')).outputs.records).toBe('2');
  upload.go();
  expect(messages(await slow)).toEqual([
    expect.stringMatching(/has published conversations.* at the same time, .* twice\. .*`concurrency` group/),
  ]);
  expect((await sync('artifact')).outputs.records).toBe('0');
  const { missing, twice } = faults(stage, await uploaded(stage));
  expect([missing, twice.length]).toEqual([[], 2]);
});

longTest(
  'a run that commits several times gives up a stream that another run has published in between, for good',
  async () => {
    await stage.close();
    stage = await openStage({ server: { latencyMs: 120 }, world: { pageSizeMax: 4 } });
    populate(stage, 3);
    const secondCommit = hold(stage, 'git.createCommit', 2);
    const long = stage.sync({
      root: `${stage.root}/long`,
      with: { destination: 'branch' },
      action: await actionOf(stage, true, true),
    });
    await secondCommit.reached;
    const other = await sync('branch');
    expect(other.exitCode, other.log).toBe(0);
    secondCommit.go();
    const result = await long;
    expect(result.exitCode, result.log).toBe(0);
    expect((await sync('branch')).outputs.complete).toBe('true');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  },
);
