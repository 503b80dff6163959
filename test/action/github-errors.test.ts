// What GitHub, or the runner, says of itself, and what a job without a permission risks.
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { secondaryLimitFault } from '../world/github/index.ts';
import { openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { annotations, expectGreen, expectRed, fastClock, populate } from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';

async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage(options);
  populate(stage);
  return stage;
}

const TAGS = { streams: 'tags' };

describe.concurrent('a job without `actions: read`', () => {
  const less: StageOptions = { github: { tokens: { ghs_main: { contents: 'read' } } } };

  test('learns in one sentence what it risks', async () => {
    await using stage = await open(less);
    const result = await stage.sync({ with: TAGS });
    expect(result.exitCode, result.log).toBe(0);
    expectAnnotation(result, 'places-not-looked-at');
    expect(annotations(result, 'notice')).toEqual([
      'Not all places where a state may be saved could be looked at: the artifacts of earlier runs (403: Resource not accessible by integration), and the list of cache entries, which tells a miss from a failure (403: Resource not accessible by integration). Give the job the permission `actions: read`: without it, everything is delivered again once the cache has lost the state.',
    ]);
  });

  test.each(few([403, 500]))(
    'fails when the cache does not answer (%i), rather than deliver everything again',
    async status => {
      await using stage = await open(less);
      const first = await stage.sync({ with: TAGS });
      expect(first.exitCode, first.log).toBe(0);
      stage.github.traffic.fault('GetCacheEntryDownloadURL', { kind: 'status', status }, { times: Infinity });
      const second = await stage.sync({ with: TAGS });
      expect(second.exitCode, second.log).toBe(1);
      expectError(second, 'state-not-found');
      expect(second.outputs).toMatchObject({ records: '0', 'artifact-id': '', 'state-saved': 'false' });
      const errors = annotations(second, 'error').filter(message => !message.startsWith('Failed to restore'));
      expect(errors).toEqual([
        'No saved state was found, and not all places where it may be could be looked at: the Actions cache, and the artifacts of earlier runs (403: Resource not accessible by integration), and the list of cache entries, which tells a miss from a failure (403: Resource not accessible by integration). Give the job the permission `actions: read`. If it stays, run once with `reset-state: true`, which publishes everything again.',
      ]);
      stage.github.traffic.clearFaults();
      expect((await stage.sync({ with: TAGS })).outputs).toMatchObject({ records: '0', 'state-generation': '2' });
    },
  );
});

test('an allow list of addresses is said in the words of GitHub, and is no missing permission', async () => {
  await using stage = await open();
  const message =
    'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.';
  const fault = { kind: 'status', status: 403, body: { message } } as const;
  for (const operation of ['actions.listWorkflowRuns', 'actions.getActionsCacheList'])
    stage.github.traffic.fault(operation, fault, { times: Infinity });
  const result = await stage.sync({ with: TAGS });
  expectRed(result);
  expectError(result, 'state-not-found');
  expect(annotations(result, 'error')[0]).toMatch(
    /\(403: Although you .* has an IP allow list enabled, .*\)\. See to what GitHub says, and run again/,
  );
  expect(annotations(result, 'error')[0]).not.toContain('actions: read');
});

longTest('an answer that puts megabytes into the log does not cost the errors behind it', async () => {
  await using stage = await open();
  // The toolkit writes each answer as a debug command, with as many spaces before each line as it is deep: 32 MB.
  const deep: unknown = JSON.parse(`${'['.repeat(4_000)}${']'.repeat(4_000)}`);
  stage.github.traffic.fault(
    'CreateArtifact',
    { kind: 'status', status: 200, body: { ok: deep } },
    { times: Infinity },
  );
  const result = await stage.sync({ with: TAGS });
  expectRed(result);
  expectError(result, 'artifact-not-uploaded');
  stage.github.traffic.clearFaults();
  const next = await stage.sync({ with: TAGS });
  expectGreen(next);
  expect(next.outputs).toMatchObject({ records: '8', 'state-generation': '1' });
});

describe.concurrent('a `tar` that the cache cannot use', () => {
  async function withTar(script: string | null): Promise<Record<string, string>> {
    const folder = await mkdtemp(join(tmpdir(), 'path-'));
    await mkdir(folder, { recursive: true });
    if (script !== null) {
      await writeFile(join(folder, 'tar'), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, 'tar'), 0o755);
    }
    return { PATH: script === null ? folder : `${folder}:${process.env.PATH}` };
  }
  const BUSYBOX =
    'echo "tar: unrecognized option --version" >&2; echo "BusyBox v1.36.1 () multi-call binary." >&2; exit 1';

  test.each(
    few([
      ['BusyBox', BUSYBOX, 'The `tar` of BusyBox does not do what the Actions cache needs, and there is no other'],
      ['no tar', null, 'There is no `tar`'],
    ]),
  )('(%s) is named before anything is read', async (_what, script, what) => {
    await using stage = await open();
    const result = await stage.sync({ env: await withTar(script) });
    expectRed(result);
    expect(annotations(result, 'error')).toEqual([
      `${what} on this runner, so the state of this sync could not be kept in the Actions cache. Install GNU tar before this step (in Alpine \`apk add tar\`), run the job without that container, or use \`destination: branch\`.`,
    ]);
    expect([stage.github.artifacts(), stage.github.caches()]).toEqual([[], []]);
    expectError(result, 'tar-unusable');
    expect(stage.kustomer.requests).toEqual([]);
  });

  longTest('matters to no data branch', async () => {
    await using stage = await open();
    expectGreen(await stage.sync({ env: await withTar(BUSYBOX), with: { ...TAGS, destination: 'branch' } }));
  });
});

test('a full storage for artifacts is named, with what to delete', async () => {
  await using stage = await open();
  const msg = 'Artifact storage quota has been hit. Unable to upload any new artifacts.';
  stage.github.traffic.fault(
    'CreateArtifact',
    { kind: 'status', status: 403, body: { code: 'resource_exhausted', msg: `insufficient usage: ${msg}` } },
    { times: Infinity },
  );
  const result = await stage.sync({ with: TAGS });
  expectRed(result);
  expect(annotations(result, 'error')).toHaveLength(1);
  expectError(result, 'artifact-not-uploaded');
  expect(annotations(result, 'error')[0]).toMatch(
    /^The artifact could not be uploaded: the storage for artifacts is used up\. Delete old artifacts, lower `retention-days` /,
  );
});

longTest('the full name of a branch, as `github.ref` has it, means the branch', async () => {
  await using stage = await open();
  const onBranch = { ...TAGS, destination: 'branch' };
  expectGreen(await stage.sync({ with: { ...onBranch, branch: 'refs/heads/kustomer-data' } }));
  expect(await stage.github.repository.head('kustomer-data')).not.toBeNull();
  const again = await stage.sync({ with: { ...onBranch, branch: 'kustomer-data' } });
  expect(again.outputs).toMatchObject({ records: '0', 'state-generation': '1' });
});

test('a rate limit that says no time is waited out for a minute, and for twice as long each time', async () => {
  await using stage = await open();
  stage.github.traffic.fault('git.updateRef', secondaryLimitFault(null, 429), { times: 3 });
  stage.github.traffic.fault('git.createRef', secondaryLimitFault(null, 429), { times: 3 });
  const result = await stage.sync({ with: { ...TAGS, destination: 'branch' }, ...fastClock(400) });
  expectGreen(result);
  const waits = [...result.log.matchAll(/^GitHub asks to wait for (.*)\.$/gm)].map(([, time]) => time);
  expect(waits).toEqual(['61 s', '2 min 1 s', '4 min 1 s']);
});
