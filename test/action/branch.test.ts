// The data branch: data and state in one commit, checked with real git on a real repository behind the API.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { few, longTest } from '../forms.ts';
import { secondaryLimitFault } from '../world/github/index.ts';
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { type ActionResult, runJob } from '../world/runner/index.ts';
import { ACTION, type Stage, type StageOptions, type Sync } from '../world/stage.ts';
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
  stateOnBranch,
} from './publishing.ts';
import { expectError } from './troubles.ts';

let stage: Stage;
const open = async (options?: StageOptions) => {
  stage = await nextStage(stage, options);
};
beforeEach(() => open());
afterEach(() => endStage(stage));

const sync = ({ with: inputs, ...options }: Sync = {}) => stage.sync({ with: { ...onBranch, ...inputs }, ...options });
const touch = () => stage.world.update('conversations', 3, { at: Date.now() - HOUR / 3 });

describe('the branch', () => {
  test('is made as an orphan, grows with each run, and a clone of it is the truth', async () => {
    const first = await sync();
    expect(first.log).toContain('State: none yet');
    expect({ exit: first.exitCode, annotations: first.annotations }).toEqual({ exit: 0, annotations: [] });
    expect(first.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
    expect(first.outputs).toMatchObject({ 'state-saved': 'true', 'state-generation': '1', 'artifact-id': '' });
    expect(stage.github.artifacts()).toEqual([]);

    stage.world.create('customers', 2, { updatedAt: Date.now() - HOUR / 3 });
    const second = await sync();
    expect(second.outputs['state-generation']).toBe('2');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    const history = await stage.github.repository.history(BRANCH);
    expect(history.map(({ parents }) => parents.length)).toEqual([1, 0]);
    expect(history[0]?.message).toMatch(/^sync: customers, 2 records \[run \d+\.1\]/);
    expect(history.map(({ sha }) => sha)).not.toContain(await stage.github.repository.head('main'));

    const files = await stage.github.repository.files(BRANCH);
    expect(String(files.get('.gitattributes'))).toContain('-text');
    const readme = String(files.get('README.md'));
    expect(readme).toMatch(/\| \[customers\]\(data\/customers\) \| 10 \| 10 \| 2 \|/);
    for (const word of ['DuckDB', 'views.sql', 'pandas']) expect(readme).toContain(word);
    const state = await stateOnBranch(stage);
    expect(state).toMatchObject({ generation: 2, totals: { customers: { records: 10, files: 2 } } });
    const paths = [...files.keys()].filter(path => path.startsWith('data/'));
    for (const path of paths) expect(path).toMatch(/^data\/[a-z]+\/dt=\d{4}-\d\d-\d\d\/\d+-1-\d{5}\.ndjson$/);
  });

  test('gets no commit when there is nothing new', async () => {
    const { outputs } = await sync();
    const again = await sync();
    expect(again.outputs).toMatchObject({ records: '0', complete: 'true', commit: '', 'state-saved': 'true' });
    expect(await stage.github.repository.head(BRANCH)).toBe(outputs.commit);
  });

  test('gets files of at most 8 MiB, in a folder of ours, compressed if so wished', async () => {
    const now = Date.now();
    stage.world.populate({ notes: 40 }, { from: now - 9 * HOUR, to: now - 3 * HOUR });
    const result = await sync({
      with: { streams: 'all', compression: 'gzip', 'data-path': 'kustomer/raw', 'record-format': 'raw' },
    });
    expect(result.exitCode).toBe(0);
    const files = await stage.github.repository.files(BRANCH);
    expect([...files.keys()].filter(path => path.startsWith('kustomer/raw/notes/'))).toHaveLength(1);
    for (const [path, bytes] of files) {
      if (path.endsWith('.gz')) expect(bytes.subarray(0, 2).toString('hex')).toBe('1f8b');
    }
  });

  test('is begun in a repository without a commit', async () => {
    await open({ github: { empty: true } });
    const result = await sync();
    expect({ exit: result.exitCode, annotations: result.annotations }).toEqual({ exit: 0, annotations: [] });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  test('of another repository is written with its own token', async () => {
    const other = await stage.github.addRepository({
      owner: 'acme',
      repo: 'warehouse',
      tokens: { ghp_other: { contents: 'write' } },
    });
    const inputs = { repository: 'acme/warehouse', 'github-token': 'ghp_other' };
    const result = await sync({ with: inputs });
    expect(result.exitCode, result.log).toBe(0);
    expect(result.outputs.commit).toBe(await other.head(BRANCH));
    expect(faults(stage, await cloned(stage, other))).toEqual(FLAWLESS);
    expect(await stage.github.repository.head(BRANCH)).toBeUndefined();
    expect((await sync({ with: inputs })).outputs.records).toBe('0');
  });

  test('of another repository is not written from a public one, whether the event says so or the API', async () => {
    await open({ github: { visibility: 'public' } });
    const tokens = { ghp_other: { contents: 'write' } } as const;
    const other = await stage.github.addRepository({ owner: 'acme', repo: 'warehouse', tokens });
    const inputs = { repository: 'acme/warehouse', 'github-token': 'ghp_other' };
    for (const payload of [undefined, { repository: { default_branch: 'main' } }]) {
      const result = await sync({ with: inputs, job: { ...(payload && { payload }) } });
      expect(messages(result, 'error')).toEqual([
        expect.stringMatching(/^The repository acme\/support-data of this workflow is public, .*`allow-public: true`/),
      ]);
    }
    expect(stage.kustomer.requests).toEqual([]);
    expect(await other.head(BRANCH)).toBeUndefined();
    const allowed = await sync({ with: { ...inputs, 'allow-public': 'true' } });
    expect(allowed.outputs.commit, allowed.log).toBe(await other.head(BRANCH));
  });

  longTest('and an artifact can be had together, the artifact with the state of the commit', async () => {
    const result = await sync({ with: { destination: 'artifact,branch' } });
    expect(result.exitCode).toBe(0);
    const published = await stage.published(result);
    expect(published?.state.generation).toBe((await stateOnBranch(stage)).generation);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect(published?.records.get('customers')).toHaveLength(8);
  });

  test('keeps what it has when the artifact fails, and the error says where the records are', async () => {
    const inputs = { destination: 'artifact,branch' };
    const refusal = { kind: 'status', status: 403, body: { code: 'permission_denied', msg: 'no' } } as const;
    stage.github.traffic.fault('CreateArtifact', refusal, { times: Infinity });
    const result = await sync({ with: inputs });
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ 'artifact-id': '', 'state-saved': 'true', 'state-generation': '1' });
    expect(messages(result, 'error')).toEqual([
      expect.stringMatching(
        /^The artifact could not be uploaded \(403: no\)\. Its records are on the branch kustomer-data, with the/,
      ),
    ]);
    expect(result.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    stage.github.traffic.clearFaults();
    expect((await sync({ with: inputs })).outputs.records).toBe('0');
  });

  longTest('that has a README of its own keeps it', async () => {
    await stage.github.repository.commit(BRANCH, { 'README.md': 'ours' }, { orphan: true });
    expect((await sync()).exitCode).toBe(0);
    touch();
    expect((await sync()).outputs.records).toBe('3');
    const files = await stage.github.repository.files(BRANCH);
    expect(String(files.get('README.md'))).toBe('ours');
    expect((await stateOnBranch(stage)).totals.conversations).toMatchObject({ records: 15, files: 2 });
  });

  longTest('of an organization without records has the state of its first sync, and no other commit', async () => {
    for (const stream of ['conversations', 'customers', 'messages', 'tags', 'users'] as const)
      stage.world.hardDelete(stream, 99);
    const first = await sync();
    expect(first.outputs).toMatchObject({ records: '0', 'state-saved': 'true' });
    expect(first.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
    expect((await sync()).outputs).toMatchObject({ records: '0', commit: '', 'state-generation': '1' });
    expect(messages(await sync())).toEqual([]);
  });
});

describe('a full refresh', () => {
  test('takes the place of the files of its stream in one commit, and of no other stream', async () => {
    await sync();
    touch();
    await sync();
    const before = await stage.github.repository.files(BRANCH);
    const result = await sync({ with: { streams: 'conversations:full_refresh' } });
    expect(result.exitCode, result.log).toBe(0);
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(3);
    const after = await stage.github.repository.files(BRANCH);
    const of = (files: Map<string, Buffer>, stream: string) =>
      [...files.keys()].filter(path => path.startsWith(`data/${stream}/`));
    expect(of(before, 'conversations')).toHaveLength(2);
    expect(of(after, 'conversations')).toHaveLength(1);
    expect(of(after, 'customers')).toEqual(of(before, 'customers'));
    expect((await stateOnBranch(stage)).totals.conversations).toMatchObject({ records: 12, files: 1 });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest(
    'twice in one run brings what has changed in between, also where the first file is the same again',
    async () => {
      const refresh = {
        token: DEFAULT_TOKEN,
        'api-url': stage.kustomer.url,
        ...onBranch,
        streams: 'tags,users',
        'sync-mode': 'full_refresh',
      };
      const job = await runJob({
        context: stage.github.job(),
        root: stage.root,
        steps: [
          { uses: ACTION, with: refresh },
          { run: () => void stage.world.create('users', 2, { updatedAt: Date.now() - HOUR }) },
          { uses: ACTION, with: refresh },
        ],
      });
      expect(job.conclusion, job.log).toBe('success');
      const published = await cloned(stage);
      for (const stream of ['tags', 'users'] as const) {
        expect(stage.compare(stream, published.get(stream) ?? [])).toEqual([]);
      }
    },
  );

  longTest('removes what a backfill has brought, and the same backfill brings it again', async () => {
    const day = (ago: number) => new Date(Date.now() - ago * 24 * HOUR).toISOString().slice(0, 10);
    const streams = 'conversations,customers';
    const backfill = () => sync({ with: { streams, 'start-date': day(40), 'end-date': day(15) } });
    const missing = async () => faults(stage, await cloned(stage)).missing.filter(each => /^c[ou]/.test(each));
    await sync({ with: { streams, 'start-date': day(15) } });
    expect((await backfill()).outputs.complete).toBe('true');
    expect(await missing()).toEqual([]);
    expect((await backfill()).log).toContain('is published already');
    // One that begins where the sync does, so what is older is gone with it.
    await sync({ with: { streams: 'conversations:full_refresh', 'start-date': day(15) } });
    const gone = await missing();
    expect(gone.length).toBeGreaterThan(0);
    // Whichever copy of its state it goes on from.
    stage.github.evictCaches();
    const again = await backfill();
    expect(again.log).toContain(
      'A full refresh has replaced what the branch kustomer-data had of conversations, so that is read again.',
    );
    expect(again.outputs).toMatchObject({ complete: 'true', records: String(gone.length) });
    expect(faults(stage, await cloned(stage)).twice).toEqual([]);
    expect(await missing()).toEqual([]);
    expect((await backfill()).log).toContain('is published already');
  });

  longTest.each(few(['not a state', 'null', '{"refreshes":"many"}', '{"refreshes":{"tags":"many"}}']))(
    'that cannot be told of does not keep a backfill from going on (%s)',
    async text => {
      const inputs = { streams: 'tags', 'end-date': new Date(Date.now() - 24 * HOUR).toISOString().slice(0, 10) };
      await sync({ with: inputs });
      await stage.github.repository.commit(BRANCH, { 'state.json': text });
      const again = await sync({ with: inputs });
      expect(again.exitCode, again.log).toBe(0);
      expect(again.log).toContain('is published already');
    },
  );

  test('that is not complete replaces nothing', async () => {
    await sync();
    stage.kustomer.faults.add({ kind: 'status', status: 400, match: { stream: 'conversations' }, times: 99 });
    const result = await sync({ with: { 'sync-mode': 'full_refresh', streams: 'conversations,customers' } });
    expect(result.exitCode).toBe(1);
    stage.kustomer.faults.clear();
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect((await stateOnBranch(stage)).totals.conversations).toMatchObject({ records: 12, files: 1 });
  });

  longTest('of a stream that is empty now removes its files', async () => {
    await sync();
    stage.world.hardDelete('tags', 4);
    const result = await sync({ with: { streams: 'tags:full_refresh,customers' } });
    expect(result.exitCode, result.log).toBe(0);
    const files = await stage.github.repository.files(BRANCH);
    expect([...files.keys()].filter(path => path.startsWith('data/tags/'))).toEqual([]);
    expect((await stateOnBranch(stage)).totals).not.toHaveProperty('tags');
  });
});

describe('another writer', () => {
  /** A full refresh of the conversations that has read all and is about to upload it. */
  async function refreshing(inputs: Readonly<Record<string, string>>): Promise<{ end(): Promise<ActionResult> }> {
    const upload = hold(stage, 'git.createBlob');
    const refresh = sync({
      root: `${stage.root}-refresh`,
      with: { ...inputs, streams: 'conversations:full_refresh,tags' },
    });
    await upload.reached;
    return {
      async end() {
        upload.go();
        const result = await refresh;
        expect(result.exitCode, result.log).toBe(0);
        return result;
      },
    };
  }

  test('who was faster keeps all of his own', async () => {
    await sync();
    touch();
    let done = false;
    stage.github.traffic.onRequest(async exchange => {
      if (exchange.operation !== 'git.updateRef' || done) return;
      done = true;
      await stage.github.repository.commit(BRANCH, { 'notes/of-mine.txt': 'by hand' });
    });
    const result = await sync();
    expect(result.exitCode, result.log).toBe(0);
    const files = await stage.github.repository.files(BRANCH);
    expect(String(files.get('notes/of-mine.txt'))).toBe('by hand');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
    expect(stage.github.traffic.of('git.createBlob').length).toBeLessThan(20);
  });

  longTest('between two steps of one run does not make the second one overwrite the files of the first', async () => {
    const inputs = { token: DEFAULT_TOKEN, 'api-url': stage.kustomer.url, ...onBranch };
    const job = await runJob({
      context: stage.github.job(),
      root: join(stage.root, 'two-steps'),
      steps: [
        { uses: ACTION, with: inputs },
        {
          async run() {
            stage.world.update('customers', 1, { at: Date.now() - HOUR / 3 });
            expect((await sync()).outputs.records).toBe('1');
            touch();
          },
        },
        { uses: ACTION, with: inputs },
      ],
    });
    expect(job.conclusion, job.log).toBe('success');
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('who publishes beside a full refresh is faster: the refresh of that stream is not published', async () => {
    const inputs = { settle: '0s', streams: 'conversations,tags' };
    await sync({ with: inputs });
    const refresh = await refreshing(inputs);
    stage.world.create('conversations', 1, { updatedAt: Date.now() - HOUR / 4 });
    expect((await sync({ with: inputs })).outputs.records).toBe('1');
    const result = await refresh.end();
    expect(messages(result)).toEqual([expect.stringMatching(/has published conversations.*`concurrency`/)]);
    expect((await sync({ with: inputs })).outputs.records).toBe('0');
    const { missing, twice } = faults(stage, await cloned(stage));
    expect(missing.filter(each => /^(?:conversations|tags)/.test(each))).toEqual([]);
    expect(twice).toEqual([]);
  });

  longTest('who refreshes between two commits of a long run of ours leaves it no claim of the first', async () => {
    await open({ server: { latencyMs: 120 }, world: { pageSizeMax: 4 } });
    const inputs = { settle: '0s', streams: 'conversations,tags' };
    await sync({ with: inputs });
    const refresh = await refreshing(inputs);
    for (let n = 0; n < 24; n++)
      stage.world.create('conversations', 1, { updatedAt: Date.now() - HOUR / 4 - n * 1_000 });
    const ofLong = hold(stage, 'git.createCommit', 2);
    const long = sync({
      root: `${stage.root}-long`,
      with: inputs,
      action: await actionOf(stage, true, true),
    });
    await ofLong.reached;
    await refresh.end();
    ofLong.go();
    expect((await long).outputs).toMatchObject({ records: '24', complete: 'true' });
    expect((await sync({ with: inputs })).exitCode).toBe(0);
    const { missing, twice } = faults(stage, await cloned(stage));
    expect(missing.filter(each => /^(?:conversations|tags)/.test(each))).toEqual([]);
    expect(twice).toEqual([]);
  });

  longTest(
    'who publishes a stream between two commits of ours leaves what only we have read of it to the next run',
    async () => {
      await open({ server: { latencyMs: 120 }, world: { pageSizeMax: 4 } });
      const inputs = { settle: '0s', streams: 'conversations,customers' };
      await sync({ with: inputs });
      stage.world.update('customers', 1, { at: Date.now() - HOUR / 4 });
      const upload = hold(stage, 'git.createBlob');
      const other = sync({ root: `${stage.root}-other`, with: { ...inputs, streams: 'customers' } });
      await upload.reached;
      // The other run has read up to its start.
      stage.world.create('customers', 1, { updatedAt: Date.now() });
      for (let n = 0; n < 24; n++)
        stage.world.create('conversations', 1, { updatedAt: Date.now() - HOUR / 4 - n * 1_000 });
      const ofLong = hold(stage, 'git.createCommit');
      const long = sync({ root: `${stage.root}-long`, with: inputs, action: await actionOf(stage, true, true) });
      await ofLong.reached;
      upload.go();
      expect((await other).outputs.records).toBe('1');
      ofLong.go();
      expect(messages(await long)).toEqual([expect.stringMatching(/has published customers.*`concurrency`/)]);
      expect((await sync({ with: inputs })).outputs).toMatchObject({ records: '1', complete: 'true' });
      const { missing, twice } = faults(stage, await cloned(stage));
      expect(missing.filter(each => /^cu|^co/.test(each))).toEqual([]);
      expect(twice).toEqual([]);
    },
  );

  longTest('who has committed while our cache went ahead of the branch is heard, too', async () => {
    await sync();
    const feature = { ref: 'refs/heads/feature' };
    for (let n = 0; n < 4; n++) await sync({ job: feature });
    touch();
    expect((await sync()).outputs.records).toBe('3');
    expect((await sync({ job: feature })).outputs).toMatchObject({ records: '0', commit: '' });
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('a job beside ours in the same run does not get its files overwritten', async () => {
    const runId = 4711;
    const job = (name: string) => ({ ...stage.github.job({ runId, job: name }), runAttempt: 1 });
    await stage.sync({ with: { ...onBranch, streams: 'customers' }, context: job('one') });
    stage.world.create('customers', 2, { updatedAt: Date.now() - HOUR / 3 });
    await stage.sync({ with: { ...onBranch, streams: 'customers' }, context: job('two') });
    const files = [...(await stage.github.repository.files(BRANCH)).keys()].filter(path => path.startsWith('data/'));
    expect(files.map(path => path.slice(-26))).toHaveLength(2);
    expect(faults(stage, await cloned(stage)).twice).toEqual([]);
    expect((await cloned(stage)).get('customers')).toHaveLength(10);
  });
});

describe('GitHub', () => {
  longTest('is asked at most N + 8 times for N parts, also with 5,000 earlier runs on the branch', async () => {
    await sync();
    const files: Record<string, string> = {};
    for (let n = 0; n < 5_000; n++) {
      const day = new Date(Date.UTC(2026, 0, 1) + Math.floor(n / 24) * 24 * HOUR).toISOString().slice(0, 10);
      files[`data/conversations/dt=${day}/${9_000_000 + n}-1-00001.ndjson`] = `{"id":"x${n}"}\n`;
    }
    await stage.github.repository.commit(BRANCH, files);
    touch();
    stage.world.create('customers', 1, { updatedAt: Date.now() - HOUR / 3 });
    const before = stage.github.traffic.log.length;
    const result = await sync();
    expect(result.exitCode, result.log).toBe(0);
    const asked = stage.github.traffic.log.slice(before).filter(({ server }) => server === 'rest');
    expect(asked.length, asked.map(({ operation }) => operation).join(' ')).toBeLessThanOrEqual(2 + 8);
    await stage.github.repository.fsck();
  });

  test.each(
    few([
      ['a lost answer', { kind: 'lost' }],
      ['a 502', { kind: 'status', status: 502 }],
      ['a reset', { kind: 'reset' }],
      ['a cut answer', { kind: 'cut' }],
      ['a secondary limit', secondaryLimitFault(1)],
    ] as const),
  )('may answer any request with %s', async (_, fault) => {
    await sync();
    touch();
    for (const operation of [
      'git.createBlob',
      'git.createTree',
      'git.createCommit',
      'git.updateRef',
      'git.getRef',
      'git.getCommit',
      'git.getTree',
      'git.getBlob',
    ]) {
      stage.github.traffic.fault(operation, fault);
    }
    const result = await sync();
    expect(result.exitCode, result.log).toBe(0);
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(2);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('may lose the answer to the making of the branch', async () => {
    stage.github.traffic.fault('git.createRef', { kind: 'lost' });
    const result = await sync();
    expect(result.exitCode, result.log).toBe(0);
    expect(result.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
    expect(await stage.github.repository.history(BRANCH)).toHaveLength(1);
  });
});

describe('one sentence says what to set when', () => {
  const refused = async (expected: RegExp, options: Sync = {}, code?: ErrorCode) => {
    const result = await sync(options);
    expect(result.exitCode, result.log).toBe(1);
    expect(messages(result, 'error')).toEqual([expect.stringMatching(expected)]);
    expect(result.outputs['state-saved']).toBe('false');
    if (code !== undefined) expectError(result, code);
    return result;
  };

  longTest('the branch is protected', async () => {
    await sync();
    touch();
    stage.github.repository.protectedBranches.set(BRANCH, 'Changes must be made through a pull request.');
    const rule = 'Repository rule violations found';
    await refused(/^The branch kustomer-data of acme\/support-data is protected.* Take it out/);
    stage.github.repository.protectedBranches.set(BRANCH, rule);
    await refused(/is protected/);
    stage.github.repository.protectedBranches.clear();
    expect((await sync()).exitCode).toBe(0);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  test('the token may only read', async () => {
    await open({ github: { tokens: { ghs_main: { contents: 'read', actions: 'read' } } } });
    await refused(
      /may not write to the contents of acme\/support-data \(403: Resource not accessible by integration\)\. Give the job `permissions: contents: write`/,
      {},
      'branch-refused',
    );
  });

  test('there is no such repository for the token', async () => {
    const nowhere = { with: { repository: 'acme/nowhere', 'allow-public': 'true' } };
    await refused(/of acme\/nowhere could not be read.*Check `repository`/, nowhere, 'branch-unreadable');
  });

  test('the repository of the branch is public, or nobody knows', async () => {
    await stage.github.addRepository({
      owner: 'acme',
      repo: 'open',
      visibility: 'public',
      tokens: { ghs_main: { contents: 'write' } },
    });
    await refused(
      /^The repository acme\/open is public, .*data branch\. Publish to a private repository, or set `allow-public: true`/,
      {
        with: { repository: 'acme/open' },
      },
    );
    await refused(/^The token does not let the action see the repository acme\/nowhere \(404: Not Found\)/, {
      with: { repository: 'acme/nowhere' },
    });
    expect((await sync({ with: { repository: 'acme/open', 'allow-public': 'true' } })).exitCode).toBe(0);
  });

  longTest('a file is over the limit, which is named also where others are under way', async () => {
    const customers = (body: unknown) =>
      /^\{(?:"id":"\w+",)?"type":"customer"/.test(
        String(Buffer.from(String((body as { content?: unknown }).content), 'base64')),
      );
    const fault = {
      kind: 'status',
      status: 422,
      body: { message: 'Sorry, your input was too large to process.' },
    } as const;
    stage.github.traffic.fault('git.createBlob', fault, { when: ({ body }) => customers(body) });
    const result = await sync();
    expect(result.exitCode, result.log).toBe(1);
    expectError(result, 'record-too-large-for-branch');
    expect(messages(result, 'error')).toEqual([
      expect.stringMatching(
        /^The file customers\/customers-00001\.ndjson holds a record that is too large.* Set `compression: gzip`/,
      ),
    ]);
    // The other streams are published all the same.
    expect(result.outputs).toMatchObject({ records: '29', 'state-saved': 'true', 'state-generation': '1' });
    stage.github.traffic.clearFaults();
    expect((await sync()).exitCode).toBe(0);
    expect(faults(stage, await cloned(stage))).toEqual(FLAWLESS);
  });

  longTest('the branch belongs to another sync', async () => {
    await sync();
    await refused(/belongs to the sync with the `state-id` default/, { with: { 'state-id': 'other' } });
  });
});
