// `mode: reconcile`: which ids exist. The views over what was synced and what was reconciled show just the records there are.
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, type LoggedRequest, STREAMS, type Stream } from '../world/kustomer/index.ts';
import { ageKey, partText } from '../world/part-text.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { type Line, openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { BRANCH, endStage, onBranch } from './publishing.ts';
import { openReconciliationCrashes } from './reconciling.ts';
import { annotations, DAY, expectGreen, expectRed, expectSound, outcomes, populate } from './support.ts';
import { expectError } from './troubles.ts';
import { downloaded, existing, idsIn, onTheBranch } from './views.ts';

async function withStage(options: StageOptions, body: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openStage(options);
  populate(stage);
  // Of the archive.
  stage.world.populate({ customers: 12, messages: 9 }, { from: Date.now() - 1200 * DAY, to: Date.now() - 740 * DAY });
  try {
    await body(stage);
  } finally {
    await endStage(stage);
  }
}

const MINUTE = 60_000;
const reconcile = { mode: 'reconcile' };
const SEARCHED: readonly Stream[] = ['conversations', 'customers', 'kobjects', 'messages', 'notes'];

/** Removes some records of each kind for good. */
function removeSome(stage: Stage): void {
  const { world } = stage;
  for (const stream of SEARCHED) world.hardDelete(stream, [...world.truth(stream).keys()].slice(0, 3));
  world.hardDelete('users', 1);
  world.hardDelete('tags', 1);
}

interface Evidence {
  as_of: string;
  complete: boolean;
  run: { state_id: string };
  streams: { name: string; outcome: string }[];
  files: { path: string; records: number; run?: string }[];
}

async function idsOf(
  stage: Stage,
  result: ActionResult,
): Promise<{ manifest: Evidence; records: Map<string, Line[]> }> {
  const { manifest, records } = (await stage.published(result)) ?? {};
  return { manifest: manifest as unknown as Evidence, records: records ?? new Map() };
}

/** Resolves when so many searches for messages have come. */
function searches(stage: Stage, n: number): Promise<void> {
  return new Promise(done => {
    let seen = 0;
    const end = stage.kustomer.onRequest(({ stream, kind }) => {
      if (stream !== 'messages' || kind !== 'live' || ++seen !== n) return;
      end();
      done();
    });
  });
}

describe('one run', () => {
  test.each(few(['flat', 'raw']))('publishes the ids of all that exists, and the views show what is left: %s', format =>
    withStage({ world: { hiddenKlasses: ['return-case'] } }, async stage => {
      expectGreen(await stage.sync({ with: { 'record-format': format } }));
      removeSome(stage);
      stage.world.softDelete('customers', 2, { at: Date.now() - 10 * MINUTE, keepUpdatedAt: true });
      const before = Date.now();
      const result = await stage.sync({ with: reconcile });
      expectGreen(result);
      const { manifest, records } = await idsOf(stage, result);
      expect(manifest).toMatchObject({ complete: true, run: { state_id: 'reconcile/default' } });
      // An hour and a minute before the run: `lookback` and `settle`.
      expect(Date.parse(manifest.as_of) - (before - 61 * 60_000)).toSatisfy((ms: number) => ms > -1_000 && ms < 20_000);
      for (const stream of STREAMS) {
        const lines = records.get(stream) ?? [];
        expect([stream, lines.map(({ id }) => id).sort()]).toEqual([stream, existing(stage, [stream])[stream]]);
        for (const line of lines) expect(Object.keys(line)).toEqual(['id', 'updated_at']);
      }
      expect(manifest.files.map(({ path }) => path)).toContain('customers/customers-ids-00001.ndjson');
      expect(await idsIn(await downloaded(stage), STREAMS)).toEqual(existing(stage, STREAMS));
      // The state of the sync is as it was.
      const next = await stage.sync({ with: { streams: SEARCHED.join(), 'record-format': format } });
      expect([next.outputs.records, next.outputs['state-generation']]).toEqual(['0', '2']);
    }),
  );

  longTest(
    'on a branch puts them where nobody takes them for records, and the next one takes the place of the last',
    () =>
      withStage({}, async stage => {
        expectGreen(await stage.sync({ with: onBranch }));
        removeSome(stage);
        expectGreen(await stage.sync({ with: { ...onBranch, ...reconcile, compression: 'gzip' } }));
        const files = await onTheBranch(stage);
        expect([...files.keys()].filter(path => /-ids-/.test(path))).toContainEqual(
          expect.stringMatching(/^ids\/\d{8}T\d{6}Z\/customers\/\d+-1-ids-00001\.ndjson\.gz$/),
        );
        expect(await idsIn(files, STREAMS)).toEqual(existing(stage, STREAMS));
        expect(String(files.get('README.md'))).not.toMatch(/ids/);
        removeSome(stage);
        // Its folder has the time in its name, in seconds.
        await new Promise(resolve => setTimeout(resolve, 1_100));
        const second = await stage.sync({ with: { ...onBranch, ...reconcile } });
        expectGreen(second);
        const after = await onTheBranch(stage);
        const folders = new Set([...after.keys()].flatMap(path => /^ids\/[^/]+/.exec(path) ?? []));
        expect(folders.size).toBe(1);
        expect(await idsIn(after, STREAMS)).toEqual(existing(stage, STREAMS));
        expect((await stage.github.repository.history(BRANCH))[0]?.message).toMatch(/^reconcile: .* ids \[run/);
      }),
  );
});

describe('ids alone', () => {
  const isBrief = ({ query }: LoggedRequest) => query.idsOnly === 'true';

  test.each(few(['strings', 'dated', 'objects', 'refused'] as const))('that come as %s', shape =>
    withStage({ world: shape === 'refused' ? {} : { idsOnlyShape: shape } }, async stage => {
      if (shape === 'refused')
        stage.kustomer.faults.add({ kind: 'status', status: 400, match: isBrief, times: Number.POSITIVE_INFINITY });
      const result = await stage.sync({ with: { ...reconcile, streams: 'customers,messages' } });
      expectGreen(result);
      const { records } = await idsOf(stage, result);
      for (const stream of ['customers', 'messages'] as const)
        expect(
          records
            .get(stream)
            ?.map(({ id }) => id)
            .sort(),
        ).toEqual(existing(stage, [stream])[stream]);
      const asked = stage.kustomer.requests.filter(({ kind }) => kind !== 'list');
      // Ids without their times are no use to a reader that goes by time: that is tried once for each stream.
      if (shape === 'dated') expect(asked.filter(each => !isBrief(each))).toEqual([]);
      else
        expect(
          asked
            .filter(isBrief)
            .map(({ stream }) => stream)
            .sort(),
        ).toEqual(['customers', 'messages']);
    }),
  );
});

describe('what is gone', () => {
  test('a fall of more than a tenth is an error, until somebody confirms it', () =>
    withStage({}, async stage => {
      const inputs = { ...onBranch, streams: 'messages,customers' };
      expectGreen(await stage.sync({ with: inputs }));
      // For an earlier time: the difference of the clocks, which is not known to the second, must not make it a later one.
      expectGreen(await stage.sync({ with: { ...inputs, ...reconcile, settle: '2m' } }));
      const shown = await idsIn(await onTheBranch(stage), ['customers', 'messages']);
      stage.world.hardDelete('messages', 25);
      stage.world.hardDelete('customers', 15);
      const fallen = await stage.sync({ with: { ...inputs, ...reconcile } });
      expectRed(fallen);
      expectError(fallen, 'ids-vanished');
      expect(annotations(fallen, 'error').join()).toMatch(/^Kustomer shows 44 messages, and had 69 at the last/);
      expect(outcomes(fallen)).toEqual({ messages: 'failed', customers: 'complete' });
      const after = await idsIn(await onTheBranch(stage), ['customers', 'messages']);
      expect(after).toEqual({ ...existing(stage, ['customers']), messages: shown.messages });
      const confirmed = await stage.sync({ with: { ...inputs, ...reconcile, 'confirm-vanished': 'true' } });
      expectGreen(confirmed);
      const streams = ['customers', 'messages'] as const;
      expect(await idsIn(await onTheBranch(stage), streams)).toEqual(existing(stage, streams));
      expectGreen(await stage.sync({ with: { ...inputs, ...reconcile } }));
    }));

  test('is not said by ids that are not complete, or not all there', () =>
    withStage({}, async stage => {
      const inputs = { streams: 'customers,messages' };
      expectGreen(await stage.sync({ with: inputs }));
      const all = existing(stage, ['customers', 'messages']);
      stage.world.hardDelete('customers', 3);
      stage.world.hardDelete('messages', 3);
      const match = ({ stream, kind }: LoggedRequest) => stream === 'messages' && kind === 'live';
      stage.kustomer.faults.add({ kind: 'status', status: 404, match, times: Number.POSITIVE_INFINITY });
      const failed = await stage.sync({ with: { ...inputs, ...reconcile } });
      expect(outcomes(failed)).toEqual({ customers: 'complete', messages: 'failed' });
      expect((await idsOf(stage, failed)).manifest.complete).toBe(false);
      const files = await downloaded(stage);
      expect(await idsIn(files, ['messages'])).toEqual({ messages: all.messages });
      expect(await idsIn(files, ['customers'])).toEqual(existing(stage, ['customers']));
      // Without the file of ids, it is as before.
      const lost = new Map([...files].filter(([path]) => !path.includes('customers-ids-')));
      expect(await idsIn(lost, ['customers'])).toEqual({ customers: all.customers });
    }));

  test('is not said of what was updated while the ids were read, created since, or indexed late', () =>
    withStage({ world: { pageSizeMax: 5 } }, async stage => {
      const inputs = { streams: 'conversations,messages,kobjects', concurrency: '4' };
      const { world } = stage;
      const streams = ['conversations', 'messages', 'kobjects'] as const;
      const before = existing(stage, streams);
      // Written half an hour ago, and to be seen once the ids are read.
      const late = world.create('messages', 2, { updatedAt: Date.now() - 30 * MINUTE, visibleAt: Date.now() + 8_000 });
      let n = 0;
      const end = stage.kustomer.onRequest(({ kind }) => {
        // As fast as the reading, it would never come to an end.
        if ((kind !== 'live' && kind !== 'archive') || ++n % 3 !== 0 || n > 120) return;
        // The oldest and the newest first: they leave ranges that are not read yet for such that are.
        const ids = [...world.truth('messages')].filter(([id]) => !late.includes(id)).map(([id]) => id);
        world.update('messages', [ids[n % ids.length] as string, ids.at(-1 - (n % ids.length)) as string]);
        if (n % 5 === 0) world.create('conversations', 1);
        world.update('conversations', 1);
        world.update('kobjects', 1);
      });
      const result = await stage.sync({ with: { ...inputs, ...reconcile } });
      end();
      expectGreen(result);
      // What was updated meanwhile is among the ids, wherever the readers were then.
      const { records } = await idsOf(stage, result);
      for (const stream of streams) {
        const found = new Set(records.get(stream)?.map(({ id }) => id));
        expect([stream, before[stream]?.filter(id => !found.has(id))]).toEqual([stream, []]);
      }
      await new Promise(resolve =>
        setTimeout(resolve, Math.max(0, Number(world.versions(late[0] as string)[0]?.visibleAt) - Date.now())),
      );
      // Read before and after, the views have all that there is.
      expectGreen(await stage.sync({ with: { ...inputs, settle: '0s' } }));
      expect(await idsIn(await downloaded(stage), streams)).toEqual(existing(stage, streams));
    }));
});

describe('over several runs', () => {
  const slow = { server: { latencyMs: 60 }, world: { pageSizeMax: 3 } };
  const inputs = { streams: 'customers,messages,users', concurrency: '2' };
  const streams = ['customers', 'messages', 'users'] as const;

  test.each(few(['branch', 'artifact'] as const))(
    'it goes on where it was cancelled, killed or out of time: %s',
    destination =>
      withStage(slow, async stage => {
        const with_ = { ...inputs, destination };
        expectGreen(await stage.sync({ with: with_ }));
        const all = existing(stage, streams);
        for (const stream of streams) stage.world.hardDelete(stream, 2);
        const files = () => (destination === 'branch' ? onTheBranch(stage) : downloaded(stage));
        const first = await stage.sync({ with: { ...with_, ...reconcile }, cancelAfter: searches(stage, 8) });
        expect(first.outputs.complete).toBe('false');
        expect((await idsIn(await files(), ['messages'])).messages).toEqual(all.messages);
        const second = await stage.sync({ with: { ...with_, ...reconcile, 'time-budget': '2s' } });
        expectSound(second);
        expect([second.exitCode, second.outputs.complete, second.outputs['state-saved']]).toEqual([0, 'false', 'true']);
        const killed = await stage.sync({ with: { ...with_, ...reconcile }, kill: searches(stage, 8) });
        expect(killed.signal).toBe('SIGKILL');
        const last = await stage.sync({ with: { ...with_, ...reconcile } });
        expectGreen(last);
        expect(last.log).toMatch(/Going on with the reconciliation of/);
        expect(await idsIn(await files(), streams)).toEqual(existing(stage, streams));
        if (destination === 'branch') return stage.github.repository.fsck();
        // What earlier runs have read is in their artifacts. Where one of them is not there, nothing is gone.
        const loaded = await downloaded(stage);
        const [, early] = [...new Set([...loaded.keys()].map(path => path.split('/')[0] as string))];
        const some = new Map([...loaded].filter(([path]) => !path.startsWith(`${early}/`)));
        expect(await idsIn(some, ['messages'])).toEqual({ messages: all.messages });
      }),
  );
});

longTest.each(few(['branch', 'artifact'] as const))(
  'killed at any step, a reconciliation is done again, and the views show what there is: %s',
  async destination => {
    await using reconciliations = await openReconciliationCrashes(destination);
    const { steps, wrong } = await reconciliations.crash(0);
    expect(wrong).toEqual([]);
    // The long form of it all: npm run kill-everywhere -- reconcile
    const parts = few([0.97, 0.9, 0.8, 0.6, 0.4, 0.2], 2);
    for (const [n, part] of parts.entries()) {
      const step = Math.round(part * steps);
      expect(await reconciliations.crash(step, n % 2 === 0), `step ${step} of ${steps}`).toMatchObject({ wrong: [] });
    }
  },
);

longTest('ids that are encrypted count once they are decrypted', () =>
  withStage({}, async stage => {
    const inputs = { streams: 'customers' };
    expectGreen(await stage.sync({ with: inputs }));
    const all = existing(stage, ['customers']);
    stage.world.hardDelete('customers', 3);
    const sealed = { 'encrypt-to': (await ageKey()).recipient };
    expectGreen(await stage.sync({ with: { ...inputs, ...reconcile, ...sealed } }));
    const files = await downloaded(stage);
    expect(await idsIn(files, ['customers'])).toEqual(all);
    for (const [path, bytes] of [...files].filter(([name]) => name.endsWith('.age'))) {
      files.set(path.slice(0, -'.age'.length), Buffer.from(await partText(path, bytes)));
    }
    expect(await idsIn(files, ['customers'])).toEqual(existing(stage, ['customers']));
  }),
);

longTest('of a stream without an archive, old records are not said to be gone', () =>
  withStage({}, async stage => {
    const streams = ['work_sessions', 'conversation_times'] as const;
    const inputs = { streams: streams.join() };
    const ages = [720 * DAY, 300 * DAY];
    for (const age of ages)
      stage.world.populate(
        { work_sessions: 9, conversation_times: 9 },
        { from: Date.now() - age, to: Date.now() - age + DAY },
      );
    expectGreen(await stage.sync({ with: inputs }));
    const old = streams.map(stream => [...stage.world.truth(stream, { before: Date.now() - 710 * DAY }).keys()]);
    for (const [n, stream] of streams.entries()) stage.world.hardDelete(stream, old[n] as string[]);
    for (const stream of streams) stage.world.hardDelete(stream, 2);
    const shown = Object.fromEntries(
      streams.map((stream, n) => [stream, [...(existing(stage, [stream])[stream] ?? []), ...(old[n] ?? [])].sort()]),
    );
    expectGreen(await stage.sync({ with: { ...inputs, ...reconcile } }));
    expect(await idsIn(await downloaded(stage), streams)).toEqual(shown);
  }),
);

longTest('a key that lacks a role has the other streams reconciled', () =>
  withStage({ world: { tokens: { [DEFAULT_TOKEN]: {}, less: { missing: ['notes'] } } } }, async stage => {
    expectGreen(await stage.sync());
    removeSome(stage);
    const result = await stage.sync({ with: { ...reconcile, token: 'less' } });
    expect([result.exitCode, result.outputs.complete]).toEqual([0, 'false']);
    expect(outcomes(result).notes).toBe('skipped');
    const others = STREAMS.filter(stream => stream !== 'notes');
    expect(await idsIn(await downloaded(stage), others)).toEqual(existing(stage, others));
  }),
);

test('a window or `archive: never` is refused: the ids would not be all', () =>
  withStage({}, async stage => {
    const result = await stage.sync({ with: { ...reconcile, 'start-date': '2024-01-01', archive: 'never' } });
    expectRed(result);
    expect(annotations(result, 'error')[0]).toMatch(/`start-date` .*mode: reconcile.*`archive` /s);
  }));
