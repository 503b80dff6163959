// `mode: compact` leaves the latest version of each record on the data branch, in one commit without a past.
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { few, LONG, longTest } from '../forms.ts';
import { Random } from '../world/kustomer/index.ts';

import type { ActionResult } from '../world/runner/index.ts';
import type { Stage } from '../world/stage.ts';
import {
  COMPACT,
  change,
  commitsOf,
  documentOf,
  makeHistory,
  makeShortHistory,
  openCompactionCrashes,
  openMarked,
  pathsOf,
  reachableMarks,
  reconciled,
  wrongInViews,
  wrongOnBranch,
} from './compacting.ts';
import { markAt } from './freshness.ts';
import { BRANCH, cloned, endStage, hold, onBranch } from './publishing.ts';
import { annotations, DAY, expectGreen, expectRed, fastClock, requestsSince } from './support.ts';
import { expectError } from './troubles.ts';
import { existing, idsIn, onTheBranch } from './views.ts';

const sync = { ...onBranch, settle: '0s' };

describe('a compaction', () => {
  let stage: Stage;
  let erased: string[];
  let before: Record<string, unknown>;
  let result: ActionResult;
  beforeAll(async () => {
    stage = await openMarked();
    erased = await makeHistory(stage);
    await stage.github.repository.commit(BRANCH, { 'data/tags/dt=2026-01-01/notes.txt': 'mine' });
    // A run without news leaves its mark.
    expectGreen(await stage.sync({ with: sync }));
    expect(await markAt(stage)).toContain('complete up to');
    expect((await reachableMarks(stage, erased)).sort()).toEqual(erased.sort());
    before = await documentOf(stage);
    requestsSince(stage);
    result = await stage.sync({ with: COMPACT });
  });
  afterAll(() => endStage(stage));

  test('leaves of each record the latest version, of deleted ones nothing, and no ref to anything older', async () => {
    expectGreen(result);
    expect(await wrongOnBranch(stage)).toEqual([]);
    expect(await reachableMarks(stage, erased)).toEqual([]);
    expect(await commitsOf(stage)).toEqual(['compact']);
    expect(result.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
  });

  test('asks Kustomer for nothing', () => {
    expect(requestsSince(stage)).toBe(0);
  });

  test('leaves the state as it was, and what is not its own', async () => {
    const { totals: _, readme: __, ...state } = before;
    const { totals: ___, readme: ____, ...after } = await documentOf(stage);
    expect(after).toEqual(state);
    expect(result.outputs['state-generation']).toBe(String(state.generation));
    const files = await stage.github.repository.files(BRANCH);
    expect(String(files.get('data/tags/dt=2026-01-01/notes.txt'))).toBe('mine');
    expect(pathsOf(files, '').filter(path => !path.startsWith('data/'))).toEqual(
      expect.arrayContaining(['.gitattributes', 'README.md', 'schema/tags.json', 'state.json', 'views.sql']),
    );
  });

  test('says in summary, README and totals what is there', async () => {
    const summary = /The branch kustomer-data had \d+ lines in \d+ files, and has \d+ in 5 now\. Its history begins/;
    expect(result.rawSummary).toMatch(summary);
    const totals = (await documentOf(stage)).totals as Record<string, Record<string, unknown>>;
    const old = before.totals as typeof totals;
    const files = await stage.github.repository.files(BRANCH);
    for (const [stream, lines] of await cloned(stage)) {
      const own = pathsOf(files, `data/${stream}/`).filter(path => path.includes('.ndjson'));
      expect(totals[stream]).toEqual({
        records: lines.length,
        distinct: lines.length,
        files: own.length,
        bytes: own.reduce((sum, path) => sum + (files.get(path)?.length ?? 0), 0),
        max_updated_at: lines
          .map(line => String(line.updated_at))
          .sort()
          .at(-1),
        complete_up_to: old[stream]?.complete_up_to,
      });
    }
    expect(String(files.get('README.md'))).toContain(`<!-- totals: ${JSON.stringify(totals)} -->`);
  });

  longTest('that has nothing to do makes no commit', async () => {
    const again = await stage.sync({ with: COMPACT });
    expectGreen(again);
    expect(again.outputs).toMatchObject({ commit: '', records: '0', complete: 'true' });
    expect(await commitsOf(stage)).toEqual(['compact']);
    expect(await stage.github.repository.head(BRANCH)).toBe(result.outputs.commit);
  });

  longTest('is what the next syncs go on from', async () => {
    const unchanged = await stage.sync({ with: sync });
    expectGreen(unchanged);
    expect(unchanged.outputs).toMatchObject({ records: '0', commit: '' });
    change(stage, Date.now() - 60_000);
    expectGreen(await stage.sync({ with: sync }));
    expect(await wrongInViews(stage)).toEqual([]);
    expect(await commitsOf(stage)).toEqual(['sync', 'compact']);
  });
});

test.each(few(['flat', 'raw']))(
  'a record that a list shows again as it was is there, before and after: %s',
  async format => {
    await using stage = await openMarked();
    const inputs = { ...sync, streams: 'users, tags', 'record-format': format };
    const streams = ['users', 'tags'] as const;
    const expectTruth = async () =>
      expect(await idsIn(await onTheBranch(stage), streams)).toEqual(existing(stage, streams));
    const published = async () => (await stage.sync({ with: inputs })).outputs.records;
    expect(await published()).toBe('7');
    const gone = new Map(streams.map(stream => [stream, stage.world.hardDelete(stream, 2)]));
    expect(await published()).toBe('4');
    await expectTruth();
    for (const [stream, ids] of gone) stage.world.bringBack(stream, ids);
    expect(await published()).toBe('4');
    await expectTruth();
    expectGreen(await stage.sync({ with: { ...COMPACT, 'record-format': format } }));
    await expectTruth();
    const lines = await cloned(stage);
    for (const stream of streams)
      expect(
        lines
          .get(stream)
          ?.map(({ id }) => id)
          .sort(),
      ).toEqual(existing(stage, streams)[stream]);
    // Gone once more.
    for (const [stream, [id]] of gone) stage.world.hardDelete(stream, [id as string]);
    expect(await published()).toBe('2');
    await expectTruth();
    expectGreen(await stage.sync({ with: { ...COMPACT, 'record-format': format } }));
    await expectTruth();
    expect(await published()).toBe('0');
  },
);

longTest.each(few(['raw', 'flat']))(
  'a compaction takes %s, backfills, gzip, and what it has made before',
  async format => {
    await using stage = await openMarked();
    const inputs = { 'record-format': format };
    const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
    const backfill = { ...onBranch, ...inputs, 'start-date': day(20), 'end-date': day(5) };
    await stage.sync({ with: backfill });
    const erased = await makeHistory(stage, inputs);
    expectGreen(await stage.sync({ with: { ...COMPACT, ...inputs, compression: 'gzip' } }));
    expect(await wrongOnBranch(stage)).toEqual([]);
    const first = pathsOf(await stage.github.repository.files(BRANCH), 'data/');
    expect(first.filter(path => !path.endsWith('.ndjson.gz'))).toEqual([]);
    erased.push(...change(stage, Date.now() - 60_000));
    expectGreen(await stage.sync({ with: { ...sync, ...inputs } }));
    expectGreen(await stage.sync({ with: { ...COMPACT, ...inputs } }));
    expect(await wrongOnBranch(stage)).toEqual([]);
    expect(await reachableMarks(stage, erased)).toEqual([]);
    // Files of streams without news stay; no other path is used again.
    const second = pathsOf(await stage.github.repository.files(BRANCH), 'data/');
    expect(second.filter(path => first.includes(path) && !/\/(?:users|teams)\//.test(path))).toEqual([]);
    expect((await stage.sync({ with: backfill })).outputs).toMatchObject({ records: '0', commit: '' });
  },
);

test('a compaction leaves out what the newest complete reconciliation has not found, unless it was updated since', async () => {
  await using stage = await openMarked();
  await makeShortHistory(stage);
  const { repository } = stage.github;
  const asOf = Date.now() - 120_000;
  const [late] = stage.world.create('customers', 1, { updatedAt: asOf + 1_000 });
  expectGreen(await stage.sync({ with: sync }));
  // Gone, and no run notices.
  const early = [...stage.world.truth('customers')].filter(([id, { deleted }]) => id !== late && !deleted);
  const gone = stage.world.hardDelete(
    'customers',
    early.slice(0, 3).map(([id]) => id),
  );
  const ids = [...stage.world.truth('customers').keys()].filter(id => id !== late);
  const without = (n: number) => ids.slice(n);
  await repository.commit(BRANCH, {
    ...reconciled('20260101T000000Z', asOf - 1_000, without(3)),
    ...reconciled('20260102T000000Z', asOf, ids),
    ...reconciled('20260103T000000Z', asOf + 10_000, without(5), 'partial'),
    ...reconciled('20260104T000000Z', asOf + 20_000, without(6)),
  });
  await repository.commit(BRANCH, { 'ids/20260104T000000Z/customers/7-1-ids-00001.ndjson.gz': null });
  expect((await reachableMarks(stage, gone)).sort()).toEqual(gone.sort());
  expectGreen(await stage.sync({ with: COMPACT }));
  expect(await wrongOnBranch(stage)).toEqual([]);
  expect(await reachableMarks(stage, gone)).toEqual([]);
  expect(pathsOf(await repository.files(BRANCH), 'ids/')).toHaveLength(7);
});

test('a reconciliation and a compaction, one after the other, leave nothing of an erased person', async () => {
  await using stage = await openMarked();
  expectGreen(await stage.sync({ with: sync }));
  const gone = stage.world.hardDelete('customers', 3);
  expect((await stage.sync({ with: { ...sync, mode: 'reconcile' } })).outputs.complete).toBe('true');
  expectGreen(await stage.sync({ with: COMPACT }));
  expect(await reachableMarks(stage, gone)).toEqual([]);
  expect(await wrongOnBranch(stage)).toEqual([]);
});

test.each(few([true, false]))(
  'a compaction of many files asks for all of them at once, if GitHub lets it: %s',
  async isServed => {
    await using stage = await openMarked({ github: { limits: { enforce: true } } });
    await stage.sync({ with: { ...sync, streams: 'tags' } });
    const { repository, traffic } = stage.github;
    const random = new Random(11);
    const expected = new Map<string, { id: string; updated_at: string; n: number; deleted: boolean }>();
    const [commits, files] = LONG && isServed ? [2_000, 3] : [10, 6];
    let n = 0;
    for (let run = 1; run <= commits; run++) {
      const changes = Array.from({ length: files }, (_, i) => {
        const lines = Array.from({ length: random.int(1, 8) }, () => {
          const updated_at = new Date(1.7e12 + random.int(0, 1_000_000)).toISOString();
          const line = { id: `x${random.int(0, 40 * files)}`, updated_at, n: n++, deleted: random.chance(0.1) };
          if ((expected.get(line.id)?.updated_at ?? '') <= updated_at) expected.set(line.id, line);
          return `${JSON.stringify(line)}\n`;
        });
        const isZipped = random.chance(0.5);
        const path = `data/tags/dt=2026-01-0${random.int(1, 9)}/${run}-1-${i + 1}.ndjson${isZipped ? '.gz' : ''}`;
        return [path, isZipped ? gzipSync(lines.join('')) : lines.join('')];
      });
      await repository.commit(BRANCH, Object.fromEntries(changes));
    }
    if (!isServed) traffic.fault('codeload.tarball', { kind: 'cut' });
    traffic.log.length = 0;
    const result = await stage.sync({ with: COMPACT });
    expectGreen(result);
    const asked = traffic.log.filter(({ operation }) => operation === 'git.getBlob').length;
    if (isServed) expect(asked).toBeLessThan(10);
    else expect(asked).toBeGreaterThan(10);
    const there = (await cloned(stage)).get('tags')?.filter(({ id }) => id.startsWith('x')) ?? [];
    const existing = [...expected.values()].filter(({ deleted }) => !deleted);
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    expect(there.sort(byId)).toEqual(existing.sort(byId));
    expect(await commitsOf(stage)).toEqual(['compact']);
  },
);

/** Everything that a compaction asks GitHub for after it has found out where the branch is. */
const MOMENTS = [
  'graphql.updateRefs',
  'git.getTree',
  'git.getBlob',
  'git.createBlob',
  'git.createTree',
  'git.createCommit',
];

describe.concurrent('a sync in between', () => {
  test.each(few(MOMENTS))('at %s loses nothing and repeats nothing', async moment => {
    await using stage = await openMarked();
    const erased = await makeShortHistory(stage);
    const held = hold(stage, moment, moment === 'git.getBlob' ? 4 : 1);
    const compacting = stage.sync({ root: `${stage.root}/slow`, with: COMPACT });
    await held.reached;
    erased.push(...change(stage, Date.now() - 60_000));
    expectGreen(await stage.sync({ with: sync }));
    held.go();
    expectGreen(await compacting);
    expect(await wrongOnBranch(stage)).toEqual([]);
    expect(await reachableMarks(stage, erased)).toEqual([]);
    expect(await commitsOf(stage)).toEqual(['compact']);
    expect((await stage.sync({ with: sync })).outputs).toMatchObject({ records: '0', commit: '', complete: 'true' });
    await endStage(stage);
  });

  longTest.each(few(['git.updateRef', 'git.createCommit', 'git.createTree', 'git.createBlob']))(
    'that a compaction overtakes at %s comes after it',
    async moment => {
      await using stage = await openMarked();
      const erased = await makeShortHistory(stage);
      change(stage, Date.now() - 60_000);
      const held = hold(stage, moment);
      const syncing = stage.sync({ root: `${stage.root}/slow`, with: sync });
      await held.reached;
      expectGreen(await stage.sync({ with: COMPACT }));
      held.go();
      expectGreen(await syncing);
      expect(await wrongInViews(stage)).toEqual([]);
      expect(await reachableMarks(stage, erased)).toEqual([]);
      expect(await commitsOf(stage)).toEqual(['sync', 'compact']);
      await endStage(stage);
    },
  );

  test('that finds nothing new keeps nothing alive by its mark', async () => {
    await using stage = await openMarked();
    const erased = await makeShortHistory(stage);
    const held = hold(stage, 'git.createCommit');
    const syncing = stage.sync({ root: `${stage.root}/slow`, with: sync });
    await held.reached;
    expectGreen(await stage.sync({ with: COMPACT }));
    held.go();
    expectGreen(await syncing);
    expect(await markAt(stage)).toContain('complete up to');
    expect(await reachableMarks(stage, erased)).toEqual([]);
  });

  longTest('of a full refresh replaces what the compaction has made', async () => {
    await using stage = await openMarked();
    await makeShortHistory(stage);
    const held = hold(stage, 'git.updateRef');
    const syncing = stage.sync({
      root: `${stage.root}/slow`,
      with: { ...sync, streams: 'tags, users', 'sync-mode': 'full_refresh' },
    });
    await held.reached;
    expectGreen(await stage.sync({ with: COMPACT }));
    held.go();
    expectGreen(await syncing);
    expect(await wrongInViews(stage)).toEqual([]);
  });
});

describe('the branch', () => {
  let stage: Stage;
  let head: string | undefined;
  beforeAll(async () => {
    stage = await openMarked();
    await stage.sync({ with: sync });
    change(stage);
    await stage.sync({ with: sync });
    head = await stage.github.repository.head(BRANCH);
  });
  afterEach(async () => {
    const { repository, traffic } = stage.github;
    traffic.clearFaults();
    repository.protectedBranches.clear();
    await repository.forceBranch(BRANCH, head as string);
  });
  afterAll(() => stage.close());

  const file = 'data/tags/dt=2026-01-01/1-1-00001.ndjson';
  const deepDown = { 'deep/down/tags/dt=2026-01-01/1-1-00001.ndjson': '{"id":"1"}\n', 'deep/else': 'mine' };
  const otherIds = { ...reconciled('20260101T000000Z', Date.now(), ['1']) };
  otherIds['ids/20260101T000000Z/customers/7-1-ids-00001.ndjson.gz'] = gzipSync('{"id":"2"}\n');
  const commit = (files: Record<string, string | Buffer>) => () => stage.github.repository.commit(BRANCH, files);
  const fault =
    (...rule: Parameters<Stage['github']['traffic']['fault']>) =>
    () =>
      stage.github.traffic.fault(...rule);
  const answer = (body: unknown) => ({ kind: 'status', status: 200, body }) as const;
  const cutOff = gzipSync('{"id":"1"}\n').subarray(0, 25);
  const always = { times: Number.POSITIVE_INFINITY };
  const cases: [ErrorCode, Record<string, string>, string, () => unknown][] = [
    ['branch-shared', {}, 'that has the files of others', commit({ 'src/main.c': 'int main;' })],
    ['branch-encrypted', {}, 'that has encrypted files', commit({ [`${file}.age`]: 'age' })],
    ['branch-file-damaged', {}, 'with a line that is no record', commit({ [file]: '{"id":"1"}\n{"name":2}\n' })],
    ['branch-file-damaged', {}, 'with a file that is cut off', commit({ [`${file}.gz`]: cutOff })],
    ['branch-file-damaged', {}, 'with ids that are not those that were found', commit(otherIds)],
    ['no-data-branch', { branch: 'other' }, 'that is not there', () => {}],
    ['data-path-changed', { 'data-path': 'deep/down' }, 'with its records in another folder', commit(deepDown)],
    ['no-data-branch', { branch: 'main' }, 'without a sync', () => {}],
    [
      'branch-refused',
      {},
      'that is protected',
      () => stage.github.repository.protectedBranches.set(BRANCH, 'Protected branch'),
    ],
    ['branch-of-other-sync', { 'state-id': 'other' }, 'of another sync', () => {}],
    [
      'branch-refused',
      {},
      'to which the token may not write',
      fault('graphql.updateRefs', answer({ errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible' }] })),
    ],
    [
      'branch-unavailable',
      {},
      'of which GitHub gives another file than was asked for',
      fault('git.getBlob', answer({ content: 'e30K', encoding: 'base64' }), { ...always, skip: 2 }),
    ],
    [
      'branch-unavailable',
      {},
      'whose move GitHub fails at',
      fault('graphql.updateRefs', answer({ errors: [{ message: 'Something' }] }), always),
    ],
    [
      'branch-unavailable',
      {},
      'whose move GitHub does not answer',
      fault('graphql.updateRefs', { kind: 'status', status: 500 }, always),
    ],
  ];
  test.each(few(cases, 3))('(%s, %j) %s is left as it was', async (code, inputs, _, prepare) => {
    await prepare();
    const { git } = stage.github.repository;
    const before = await git.refs();
    const result = await stage.sync({ with: { ...COMPACT, ...inputs } });
    expectRed(result);
    expectError(result, code);
    expect(await git.refs()).toEqual(before);
    expect(result.outputs).toMatchObject({ commit: '', complete: 'false', 'state-saved': 'false' });
  });

  test.each(
    few([
      [{ destination: 'artifact' }, '`destination` is `artifact`. Use `branch` with `mode: compact`'],
      [{ destination: 'artifact,branch' }, '`destination` is `artifact,branch`. Use `branch`'],
      [{ 'end-date': '2026-01-01' }, '`end-date` must be left out with `mode: compact`'],
      [{ 'exclude-fields': 'customers.emails' }, '`exclude-fields` must be left out'],
      [{ 'hash-fields': 'customers.emails', 'hash-key': 'a key' }, '`hash-fields` must be left out'],
      [{ 'reset-state': 'true' }, '`reset-state` must be left out'],
    ] as [Record<string, string>, string][]),
  )('is left as it was with an input that has no meaning: %j', async (inputs, message) => {
    const result = await stage.sync({ with: { ...COMPACT, ...inputs } });
    expectRed(result);
    expectError(result, 'invalid-input');
    expect(annotations(result, 'error')[0]).toContain(message);
  });

  test.each(['cancelled', 'time-budget'] as const)(
    'is left as it was by a compaction that is stopped: %s',
    async how => {
      const held = hold(stage, 'git.getBlob', 4);
      void held.reached.then(() => setTimeout(held.go, how === 'cancelled' ? 300 : 1_500));
      const result = await stage.sync({
        with: { ...COMPACT, 'time-budget': how === 'cancelled' ? '330m' : '1s' },
        ...(how === 'cancelled' && { cancelAfter: () => held.reached }),
      });
      expect(result.outputs).toMatchObject({ commit: '', complete: 'false', 'state-saved': 'false' });
      expect(result.rawSummary).toContain('It was stopped before it was done, and has changed nothing.');
      expect(await stage.github.repository.head(BRANCH)).toBe(head);
    },
  );

  test.each(few([{ kind: 'lost' }, { kind: 'lost', status: 502 }, { kind: 'status', status: 502 }] as const))(
    'is looked at when the answer to its move is %j',
    async answer => {
      stage.github.traffic.fault('graphql.updateRefs', answer);
      const result = await stage.sync({ with: COMPACT });
      expectGreen(result);
      expect(result.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
      expect(await wrongOnBranch(stage)).toEqual([]);
    },
  );

  test('is moved once a rate limit of the GraphQL API is over', async () => {
    const limited = { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] };
    stage.github.traffic.fault('graphql.updateRefs', { kind: 'status', status: 200, body: limited });
    const result = await stage.sync({ with: COMPACT, ...fastClock(400) });
    expectGreen(result);
    expect(result.log).toContain('GitHub asks to wait for 60 s.');
    expect(result.outputs.commit).toBe(await stage.github.repository.head(BRANCH));
  });
});

test('killed at any step, a compaction leaves the old branch or the new one, and another one ends it', async () => {
  await using compactions = await openCompactionCrashes();
  const { steps, wrong } = await compactions.crash(0);
  expect(wrong).toEqual([]);
  const last = [steps - 2, steps - 4, steps - 8, steps - 12];
  // The long form of it all: npm run kill-everywhere -- compact
  for (const step of few([...last, ...[0.5, 0.1, 0.3, 0.7].map(part => Math.round(part * steps))])) {
    expect(await compactions.crash(step), `step ${step} of ${steps}`).toMatchObject({ wrong: [] });
  }
});
