// Searches that are not what the documents say: what Kustomer refuses costs as little as it can, and is said.
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN, type Fault, type Stream, type WorldOptions } from '../world/kustomer/index.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { savedText } from './saved-state.ts';
import {
  all,
  annotations,
  DAY,
  expectGreen,
  expectRed,
  expectSound,
  gather,
  HOUR,
  outcomes,
  populate,
  requestsSince,
  SEARCH_STREAMS,
  wrongs,
} from './support.ts';
import { expectAnnotation, expectError } from './troubles.ts';

async function open(world: Partial<WorldOptions> = {}): Promise<Stage> {
  const stage = await openStage({ world });
  populate(stage);
  return stage;
}

/** A run that is green, says one thing, and has not read all of these streams. */
function expectPartial(result: ActionResult, streams: readonly Stream[], warning: RegExp): void {
  expectSound(result);
  expect(result.exitCode, result.log).toBe(0);
  expect(outcomes(result)).toEqual(all('complete', Object.fromEntries(streams.map(name => [name, 'partial']))));
  if (/archive search/.test(warning.source)) expectAnnotation(result, 'archive-refused');
  expect(annotations(result, 'warning')).toEqual([expect.stringMatching(warning)]);
  expect(annotations(result, 'error')).toEqual([]);
  expect(result.outputs).toMatchObject({ complete: 'false', 'state-saved': 'true' });
}

const refuse = (stage: Stage, status: number, match: { context?: string; on?: 'live' | 'archive' }) =>
  stage.kustomer.faults.add({ kind: 'status', status, times: Number.POSITIVE_INFINITY, match } as Fault & {
    match: object;
  });

longTest('a klass whose own search is refused is named in one warning, and everything else is published', async () => {
  await using stage = await open({ hiddenKlasses: ['rare'] });
  stage.world.create('kobjects', 5, { klass: 'rare', updatedAt: Date.now() - 3 * DAY });
  const fault = refuse(stage, 400, { context: 'kobject_rare' });
  const first = await stage.sync();
  expectPartial(first, ['kobjects'], /refused the search of some klasses \(`rare`\)/);
  expectAnnotation(first, 'klasses-refused');
  expect((await wrongs(stage, [first])).every(wrong => /^kobjects: .* missing$/.test(wrong))).toBe(true);
  expect(await wrongs(stage, [first])).toHaveLength(5);
  const second = await stage.sync();
  expectPartial(second, ['kobjects'], /`rare`/);
  expect(second.outputs.records).toBe('0');
  fault.remove();
  const third = await stage.sync();
  expectGreen(third);
  expect(await wrongs(stage, [first, third])).toEqual([]);
});

describe('where the archive search is refused', () => {
  const ARCHIVED: readonly Stream[] = ['conversations', 'customers', 'kobjects', 'messages'];
  const WARNING = /refused the archive search \(status \d+\).*`archive: never`/;

  async function openOld(world: Partial<WorldOptions> = {}): Promise<Stage> {
    const stage = await open(world);
    const old = { from: Date.now() - 1_000 * DAY, to: Date.now() - 650 * DAY };
    stage.world.populate({ conversations: 40, customers: 40, messages: 40, notes: 40, kobjects: { order: 40 } }, old);
    return stage;
  }

  test.each(few([400, 403, 404]))(
    '(%d) the live records are published, one warning says it, and all comes once it is let through',
    async status => {
      await using stage = await openOld();
      const fault = refuse(stage, status, { on: 'archive' });
      const first = await stage.sync();
      expectPartial(first, ARCHIVED, WARNING);
      const missing = await wrongs(stage, [first]);
      expect(missing.length).toBeGreaterThan(20);
      expect(missing.filter(wrong => !/ missing$/.test(wrong))).toEqual([]);
      requestsSince(stage);
      const second = await stage.sync();
      expectPartial(second, ARCHIVED, WARNING);
      expect(second.outputs.records).toBe('0');
      // A 400 may be due to the form of the search, of which there are five. They are tried for one stream.
      const asked = stage.kustomer.requests.filter(({ kind }) => kind === 'archive').length;
      expect(asked).toBeLessThanOrEqual(ARCHIVED.length * 2 + (status === 400 ? 4 + 3 : 0));
      fault.remove();
      stage.world.create('messages', 3, { updatedAt: Date.now() - HOUR / 2 });
      const third = await stage.sync();
      expectGreen(third);
      expect(await wrongs(stage, [first, third])).toEqual([]);
    },
  );

  longTest('a role that the live search lacks as well is still a missing role', async () => {
    await using stage = await openOld({ tokens: { [DEFAULT_TOKEN]: { missing: ['messages'] } } });
    const result = await stage.sync();
    expectSound(result);
    expect(outcomes(result)).toEqual(all('complete', { messages: 'skipped' }));
    expect(annotations(result, 'warning')).toEqual([expect.stringMatching(/may not read messages \(403\)/)]);
  });

  longTest('and only archived records are wanted, a key without the role is told so, too', async () => {
    await using stage = await openOld({ tokens: { [DEFAULT_TOKEN]: { missing: ['messages'] } } });
    const day = (ago: number) => new Date(Date.now() - ago * DAY).toISOString();
    const window = { streams: 'messages', 'start-date': day(1_000), 'end-date': day(900) };
    const result = await stage.sync({ with: window });
    expectRed(result);
    expect(annotations(result, 'error').join()).toMatch(/may not read messages \(403\)/);
  });
});

longTest.each(few([403, 404]))(
  'a plan that is refused the archive search (%d) ends with one error that says so',
  async status => {
    await using stage = await open({ hiddenKlasses: ['order'] });
    const fault = refuse(stage, status, { on: 'archive' });
    const plan = { mode: 'plan', streams: 'kobjects, tags' };
    const refused = await stage.sync({ with: plan });
    expectRed(refused);
    expectError(refused, 'archive-refused');
    expect(annotations(refused, 'error')).toEqual([
      expect.stringMatching(/archive search \(status \d+\).*`archive: never`/),
    ]);
    expect((await stage.sync({ with: { ...plan, archive: 'never' } })).exitCode).toBe(0);
    fault.remove();
    expect((await stage.sync({ with: plan })).exitCode).toBe(0);
  },
);

describe('a search that is refused in its full form is read in a narrower one', () => {
  const notices = (result: ActionResult) => annotations(result, 'notice');

  test.each(
    few([
      ['sort', /refused `sort` in searches of .*kobjects.*small windows/],
      ['lt', /refused `lt` in searches of .*notes.*`lte`/],
    ] as const),
  )('without `%s`, which a notice and the summary say, and everything comes', async (form, notice) => {
    await using stage = await open({ refusedForms: [form], pageSizeMax: 20 });
    const first = await stage.sync();
    expectSound(first);
    expect(outcomes(first)).toEqual(all('complete'));
    expectAnnotation(first, 'search-form');
    expect(notices(first)).toEqual([expect.stringMatching(notice)]);
    expect(first.summary).toMatch(notice);
    expect(await wrongs(stage, [first])).toEqual([]);
    const second = await stage.sync();
    expect(second.outputs).toMatchObject({ records: '0', complete: 'true' });
  });

  longTest('without `includeDeleted`, which the state remembers', async () => {
    const refusedForms: ('includeDeleted' | 'sort')[] = ['includeDeleted'];
    await using stage = await open({ refusedForms });
    const first = await stage.sync();
    expect(outcomes(first)).toEqual(all('complete'));
    expect(notices(first)).toEqual([expect.stringMatching(/refused `includeDeleted` .*deleted may be missing/)]);
    const { revisions } = JSON.parse(await savedText(stage, stage.github.caches().at(-1)?.id ?? 0));
    for (const stream of SEARCH_STREAMS) expect(revisions[stream].include_deleted).toBe(false);
    expect(revisions.tags.include_deleted).toBe(true);
    refusedForms.pop();
    const second = await stage.sync();
    expect(annotations(second, 'warning')).toEqual([expect.stringMatching(/marked as deleted are missing/)]);
  });

  longTest('without all of them, when each alone is refused as well', async () => {
    await using stage = await open({ refusedForms: ['sort', 'includeDeleted', 'lt'], pageSizeMax: 20 });
    const first = await stage.sync();
    expect(outcomes(first)).toEqual(all('complete'));
    expect(notices(first)).toHaveLength(3);
    const lines = await gather(stage, [first]);
    for (const stream of SEARCH_STREAMS) {
      const truth = new Map([...stage.world.truth(stream)].filter(([, { deleted }]) => !deleted));
      expect(stage.compare(stream, lines.get(stream) ?? [], truth)).toEqual([]);
    }
  });

  test('and one that is refused in every form fails its stream after some requests', async () => {
    await using stage = await open();
    refuse(stage, 400, { context: 'message' });
    const result = await stage.sync({ with: { streams: 'messages, tags' } });
    expectRed(result);
    expect(outcomes(result)).toEqual({ messages: 'failed', tags: 'complete' });
    expect(stage.kustomer.requests.filter(({ context }) => context === 'message').length).toBeLessThanOrEqual(25);
  });
});

test('a record without a usable date is published again when its bytes change, and not otherwise', async () => {
  await using stage = await open();
  const [id = ''] = stage.world.create('notes', 1, { updatedAt: Date.now() - HOUR / 2 });
  const published: string[] = [];
  for (const how of ['missing', null, 'unreadable', 'unreadable', null] as const) {
    if (how !== null) stage.world.spoilUpdatedAt([id], how);
    published.push((await stage.sync({ with: { streams: 'notes' } })).outputs.records ?? '');
  }
  expect(published).toEqual(['11', '0', '1', '1', '0']);
});
