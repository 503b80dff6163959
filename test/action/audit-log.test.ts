// `deletions: lists,audit-log`: what the audit log records as deleted is published as such, once.
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, type Stream } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { type Line, openStage, type Stage, type StageOptions } from '../world/stage.ts';
import { cloned, endStage, onBranch, uploaded } from './publishing.ts';
import { annotations, expectGreen, expectRed, outcomes, populate } from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';
import { downloaded, existing, idsIn } from './views.ts';

const MINUTE = 60_000;
const streams = ['conversations', 'customers'] as const;
const inputs = { streams: streams.join(), deletions: 'lists,audit-log' };

async function withStage(options: StageOptions, body: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openStage(options);
  populate(stage);
  try {
    await body(stage);
  } finally {
    await endStage(stage);
  }
}

/** Ten minutes ago: before the cutoff of a run. */
const ago = () => Date.now() - 10 * MINUTE;

function deletionsIn(lines: ReadonlyMap<Stream, readonly Line[]>): string[] {
  const all = streams.flatMap(stream => lines.get(stream) ?? []);
  return all.flatMap(line => (line.deleted === true ? [line.id] : [])).sort();
}

async function linesOf(stage: Stage, result: ActionResult): Promise<Line[]> {
  const { records } = (await stage.published(result)) ?? {};
  return [...(records?.values() ?? [])].flat();
}

test('a deletion is published as a line that wins, once, whatever comes between', () =>
  withStage({}, async stage => {
    expectGreen(await stage.sync({ with: inputs }));
    const at = ago();
    const gone = [
      ...stage.world.hardDelete('customers', 3, at),
      ...stage.world.hardDelete('conversations', 2, at + 1),
    ].sort();
    const second = await stage.sync({ with: inputs });
    expectGreen(second);
    const lines = await linesOf(stage, second);
    expect(lines.map(({ id }) => id).sort()).toEqual(gone);
    const time = new Date(at).toISOString();
    expect(lines.find(({ type }) => type === 'customer')).toEqual({
      ...{ id: expect.any(String), type: 'customer', deleted: true, deleted_at: time, updated_at: time },
    });
    expect(second.summary).toMatch(/customers.*3/);
    expect(await idsIn(await downloaded(stage), streams)).toEqual(existing(stage, streams));
    // The lookback reads the log again, and the state knows what was published.
    const third = await stage.sync({ with: inputs });
    expect(third.outputs.records).toBe('0');
    const killed = stage.world.hardDelete('customers', 1, ago());
    const audits = ({ path }: { path: string }) => path === '/v1/audit-logs';
    let seen = 0;
    const reached = new Promise<void>(done => {
      stage.kustomer.onRequest(request => {
        if (audits(request) && ++seen === 2) done();
      });
    });
    await stage.sync({ with: inputs, kill: reached });
    expectGreen(await stage.sync({ with: inputs }));
    expect(deletionsIn(await uploaded(stage))).toEqual([...gone, ...killed].sort());
    // Without the audit log, nothing is asked of it, and how far it was read stays known.
    stage.world.hardDelete('customers', 1, ago());
    const before = stage.kustomer.requests.filter(audits).length;
    expect((await stage.sync({ with: { streams: inputs.streams } })).outputs.records).toBe('0');
    expect(stage.kustomer.requests.filter(audits).length).toBe(before);
    expect((await stage.sync({ with: inputs })).outputs.records).toBe('1');
  }));

describe('the log', () => {
  const pages = [{ auditPageMax: 4, auditLinks: true }, { auditLagMs: 4_000 }];

  test.each(few(pages))('is read to its end, also when it has many pages or is late: %j', world =>
    withStage({ world }, async stage => {
      expectGreen(await stage.sync({ with: { ...inputs, ...onBranch } }));
      stage.world.update('customers', 20, { at: i => ago() - i });
      const gone = stage.world.hardDelete('customers', 7, ago() - MINUTE);
      stage.world.update('conversations', 9, { at: i => ago() - i });
      expectGreen(await stage.sync({ with: { ...inputs, ...onBranch } }));
      if (world.auditLagMs !== undefined) {
        await new Promise(resolve => setTimeout(resolve, world.auditLagMs));
        expectGreen(await stage.sync({ with: { ...inputs, ...onBranch } }));
      }
      expectGreen(await stage.sync({ with: { ...inputs, ...onBranch } }));
      expect(deletionsIn(await cloned(stage))).toEqual([...gone].sort());
    }),
  );

  longTest('that shows a thousand entries of one second and no link is an error, and the records are published', () =>
    withStage({ world: { auditLinks: false } }, async stage => {
      expectGreen(await stage.sync({ with: inputs }));
      const at = ago();
      for (let n = 0; n < 40; n++) stage.world.update('customers', 25, { at });
      const cut = await stage.sync({ with: inputs });
      expectRed(cut);
      expectError(cut, 'audit-log-cut');
      expect(outcomes(cut)).toEqual({ conversations: 'complete', customers: 'failed' });
      expect((await linesOf(stage, cut)).length).toBeGreaterThan(0);
    }),
  );

  longTest('that the key may not read is said once, and everything else is read', () =>
    withStage({ world: { tokens: { [DEFAULT_TOKEN]: {}, less: { missing: ['audit-logs'] } } } }, async stage => {
      const first = await stage.sync({ with: { ...inputs, token: 'less' } });
      expect([first.exitCode, first.outputs.complete]).toEqual([0, 'true']);
      expect(annotations(first, 'warning').length).toBe(1);
      expectAnnotation(first, 'audit-log-refused');
      const gone = stage.world.hardDelete('customers', 2, ago());
      await stage.sync({ with: { ...inputs, token: 'less' } });
      // Once the key may read it, what it has recorded since comes.
      expectGreen(await stage.sync({ with: inputs }));
      expect(deletionsIn(await uploaded(stage))).toEqual([...gone].sort());
    }),
  );
});
