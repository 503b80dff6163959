// GitHub refuses a file: its stream waits, and nothing else does.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import type { Stage, StageOptions, Sync } from '../world/stage.ts';
import { actionOf } from './crash-at.ts';
import {
  BRANCH,
  cloned,
  endStage,
  FLAWLESS,
  faults,
  HOUR,
  hold,
  messages,
  nextStage,
  onBranch,
  uploaded,
} from './publishing.ts';
import { expectRed, outcomes, streamsOf } from './support.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
const open = async (options?: StageOptions) => {
  stage = await nextStage(stage, options);
};
beforeEach(() => open());
afterEach(() => endStage(stage));

const streams = 'customers,conversations,messages,tags,users';
const sync = ({ with: inputs, ...options }: Sync = {}) =>
  stage.sync({ with: { ...onBranch, streams, ...inputs }, ...options });
const settled = () => Date.now() - HOUR / 3;

/** From now on a customer's text holds a secret, until it is let through. */
function writeSecret(): void {
  const [id = ''] = stage.world.create('customers', 1, { updatedAt: settled() });
  stage.github.repository.secrets.add(`"id":"${id}"`);
}
const letThrough = () => stage.github.repository.secrets.clear();

const PUSH_PROTECTION =
  /^The file customers\/customers-\d+\.ndjson is refused by GitHub \(409: Repository rule violations found Secret detected in content\)\. Allow the secret .*`compression: gzip`/;

const missingStreams = async () => [
  ...new Set(faults(stage, await cloned(stage)).missing.map(each => each.split(' ')[0])),
];

async function stateStreams(): Promise<string[]> {
  const { streams = {} } = JSON.parse(String((await stage.github.repository.files(BRANCH)).get('state.json')));
  return Object.keys(streams);
}

describe('a secret in one file', () => {
  test("holds back its stream alone, with GitHub's reason, until it is let through", async () => {
    writeSecret();
    const first = await sync();
    expectRed(first);
    expect(messages(first, 'error')).toEqual([expect.stringMatching(PUSH_PROTECTION)]);
    expectError(first, 'file-refused');
    const complete = { conversations: 'complete', messages: 'complete', tags: 'complete', users: 'complete' };
    expect(outcomes(first)).toEqual({ ...complete, customers: 'failed' });
    expect(streamsOf(first).find(({ name }) => name === 'customers')).toMatchObject({ records: 0 });
    expect(first.outputs).toMatchObject({ 'state-saved': 'true', 'state-generation': '1', complete: 'false' });
    expect(first.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
    expect(await missingStreams()).toEqual(['customers']);
    expect(await stateStreams()).not.toContain('customers');

    stage.world.update('conversations', 2, { at: settled() });
    const second = await sync();
    expect(second.outputs.records).toBe('2');
    expect(messages(second, 'error')).toEqual([expect.stringMatching(PUSH_PROTECTION)]);
    const third = await sync();
    expectRed(third);
    expect(third.outputs).toMatchObject({ records: '0', commit: '' });

    letThrough();
    const caughtUp = await sync();
    expect(caughtUp.exitCode, caughtUp.log).toBe(0);
    expect(caughtUp.outputs).toMatchObject({ records: '9', complete: 'true' });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect((await sync()).outputs.records).toBe('0');
  });

  longTest('is not seen in a compressed one', async () => {
    writeSecret();
    const result = await sync({ with: { compression: 'gzip' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('keeps it from the artifact, too, which holds what the commit holds', async () => {
    writeSecret();
    const inputs = { destination: 'artifact,branch' };
    const first = await sync({ with: inputs });
    expectRed(first);
    expect(messages(first, 'error')).toEqual([expect.stringMatching(PUSH_PROTECTION)]);
    const published = await stage.published(first);
    expect([...(published?.records.keys() ?? [])].sort()).toEqual(['conversations', 'messages', 'tags', 'users']);
    expect(published?.manifest.streams.find(({ name }) => name === 'customers')).toMatchObject({
      outcome: 'failed',
      records: 0,
      error: expect.stringMatching(PUSH_PROTECTION),
    });
    letThrough();
    expect((await sync({ with: inputs })).outputs.records).toBe('9');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('of a full refresh leaves the earlier files of the stream in their place', async () => {
    await sync();
    writeSecret();
    const result = await sync({ with: { 'sync-mode': 'full_refresh' } });
    expectRed(result);
    expect((await cloned(stage)).get('customers')).toHaveLength(8);
    letThrough();
    expect((await sync()).outputs.records).toBe('1');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('in one of many commits holds back the rest of its stream, and nothing is lost', async () => {
    await open({ server: { latencyMs: 120 }, world: { pageSizeMax: 4 } });
    const action = await actionOf(stage, true, true);
    for (let n = 0; n < 20; n++) stage.world.create('customers', 1, { updatedAt: Date.now() - 2 * HOUR + n * 1_000 });
    const ids = [...stage.world.truth('customers').keys()];
    stage.github.repository.secrets.add(`"id":"${ids[Math.floor(ids.length / 2)]}"`);
    const first = await sync({ action });
    expectRed(first);
    expect((await stage.github.repository.history(BRANCH)).length).toBeGreaterThan(1);
    expect(await missingStreams()).toEqual(['customers']);
    expect((await sync({ action })).outputs.records).toBe('0');
    letThrough();
    expect((await sync()).exitCode).toBe(0);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest(
    'left out of a commit after which the run is killed is not taken for published by the post step',
    async () => {
      await open({ server: { latencyMs: 120 }, world: { pageSizeMax: 4 } });
      // Nothing names these.
      const ids = Array.from({ length: 40 }, (_, n) => {
        stage.world.create('conversations', 1, { updatedAt: Date.now() - 2 * HOUR + n * 1_000 });
        return stage.world.create('customers', 1, { updatedAt: Date.now() - 2 * HOUR + n * 1_000 })[0];
      });
      let pid = 0;
      let next = 'git.createBlob';
      stage.github.traffic.onRequest(async ({ operation, body }) => {
        if (operation !== next) return;
        if (operation === 'git.createCommit') {
          // The rest is read, and noted down, while the commit is made.
          await sleep(2_500);
          next = '(?:create|update)Ref';
        }
        const content = String(Buffer.from(String((body as { content?: string }).content), 'base64'));
        const id = ids.find(each => content.includes(`"id":"${each}"`));
        if (id === undefined) return;
        stage.github.repository.secrets.add(`"id":"${id}"`);
        next = 'git.createCommit';
      });
      stage.github.traffic.onAnswer(({ operation }) => {
        if (next.endsWith('Ref') && operation.endsWith('Ref') && operation !== 'git.getRef') {
          next = 'nothing more';
          process.kill(pid, 'SIGKILL');
        }
      });
      const running = sync({
        action: await actionOf(stage, true, true),
        onSpawn: (spawned, { phase }) => {
          if (phase === 'main') pid = spawned;
        },
      });
      const { post, signal, log } = await running;
      expect({ signal, exit: post?.exitCode }, log).toEqual({ signal: 'SIGKILL', exit: 0 });
      letThrough();
      expect((await sync()).exitCode).toBe(0);
      expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    },
  );

  longTest('is told by the post step, which publishes the rest of what a killed run has read', async () => {
    writeSecret();
    const upload = hold(stage, 'git.createBlob');
    let pid = 0;
    const running = sync({
      onSpawn: (spawned, { phase }) => {
        if (phase === 'main') pid = spawned;
      },
    });
    await upload.reached;
    process.kill(pid, 'SIGKILL');
    upload.go();
    const { post, log } = await running;
    expect(post?.exitCode, log).toBe(1);
    expect(post?.annotations.map(({ message }) => message)).toEqual([expect.stringMatching(PUSH_PROTECTION)]);
    expect(await missingStreams()).toEqual(['customers']);
    letThrough();
    expect((await sync()).outputs.records).toBe('9');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});

describe('a rule about files, which refuses a whole commit and names none', () => {
  const refuse = (pattern: RegExp | null) => {
    stage.github.repository.fileRule = path => (pattern?.test(path) ? 'File path is restricted' : undefined);
  };

  test('costs the streams whose files it refuses, and no other', async () => {
    refuse(/\/(?:customers|tags)\//);
    const first = await sync({ with: { destination: 'artifact,branch' } });
    expectRed(first);
    expect(messages(first, 'error')).toEqual(
      ['customers', 'tags'].map(stream =>
        expect.stringMatching(
          `^A file of ${stream} is refused by GitHub \\(422: Repository rule violations found File path is restricted\\)\\. Change the rule`,
        ),
      ),
    );
    expect(await missingStreams()).toEqual(['customers', 'tags']);
    expect((await stateStreams()).sort()).toEqual(['conversations', 'messages', 'users']);
    expect(stage.github.artifacts()).toHaveLength(1);
    expect([...((await stage.published(first))?.records.keys() ?? [])].sort()).toEqual([
      'conversations',
      'messages',
      'users',
    ]);
    refuse(null);
    expect((await sync({ with: { destination: 'artifact,branch' } })).outputs).toMatchObject({
      records: '12',
      complete: 'true',
    });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect(faults(stage, await uploaded(stage))).toEqual(FLAWLESS);
  });

  longTest('costs all of them where it refuses all, one error a stream', async () => {
    refuse(/^data\//);
    const first = await sync();
    expectRed(first);
    expect(messages(first, 'error')).toHaveLength(5);
    expect(first.outputs).toMatchObject({ records: '0', complete: 'false' });
    refuse(null);
    expect((await sync()).exitCode).toBe(0);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});

describe("GitHub's own reason is told", () => {
  const ALLOW_LIST =
    'Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.';
  const LIMIT = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
  const answer = (status: number, message: string, headers = {}) =>
    ({
      kind: 'status',
      status,
      headers,
      body: { message, documentation_url: 'https://docs.github.com/rest' },
    }) as const;

  test.each(
    few(
      [
        [
          'git.getRef',
          answer(403, ALLOW_LIST),
          /could not be read \(403: Although .* IP allow list enabled.*\), so it is not/,
        ],
        [
          'git.createBlob',
          answer(403, ALLOW_LIST),
          /^GitHub refuses the commit to acme\/support-data \(403: Although .* IP allow/,
        ],
        [
          'git.createTree',
          answer(403, 'Repository was archived so is read-only.'),
          /\(403: Repository was archived so is read-only\)\. Have an owner/,
        ],
        [
          'git.createTree',
          answer(422, 'tree.sha does not exist'),
          /could not be made \(422: tree\.sha does not exist\)\. Nothing is taken/,
        ],
        [
          'git.createBlob',
          answer(403, LIMIT, { 'retry-after': '7200' }),
          /could not be made \(403: You have exceeded a secondary rate limit\. Please .*\)\. Nothing/,
        ],
        [
          'git.createBlob',
          answer(429, LIMIT, { 'retry-after': '7200' }),
          /could not be made \(429: You have exceeded a secondary rate limit/,
        ],
        [
          'git.createRef',
          answer(422, 'Changes must be made through a pull request.'),
          /is protected and does not take the commit \(422: Changes must be made through a pull request\)\. Take/,
        ],
        [
          'git.createRef',
          answer(403, 'Resource not accessible by integration'),
          /may not write .*\(403: Resource not accessible by integration\)\. Give the job/,
        ],
        ['git.createCommit', answer(403, 'x'.repeat(500)), /\(403: x{199}…\)/],
        ['git.createCommit', { kind: 'status', status: 403, body: '<p>conversations of Jane</p>' }, /\(403\)\. Give/],
      ] as const,
      2,
    ),
  )('of a refusal at %s (%#)', async (operation, fault, expected) => {
    stage.github.traffic.fault(operation, fault, { times: Infinity });
    const result = await sync();
    expectRed(result);
    expect(messages(result, 'error')).toEqual([expect.stringMatching(expected)]);
    expect(result.log).not.toContain('Jane');
    expect(result.outputs).toMatchObject({ 'state-saved': 'false', commit: '' });
    stage.github.traffic.clearFaults();
    expect((await sync()).exitCode).toBe(0);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });
});
