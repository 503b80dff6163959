// The clock of the runner against that of Kustomer, which the header `date` of its answers tells, if it tells the truth.
import { describe, expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { annotations, DAY, expectSound, HOUR, wrongs } from './support.ts';
import { expectAnnotation } from './troubles.ts';

const MINUTE = 60_000;
const STREAMS = ['conversations', 'kobjects', 'messages', 'notes', 'tags'] as const;

async function open(): Promise<Stage> {
  const stage = await openStage();
  const now = Date.now();
  const counts = { conversations: 40, kobjects: { order: 10 }, messages: 300, notes: 20, tags: 5 };
  stage.world.populate(counts, { from: now - 30 * DAY, to: now - DAY });
  // Young ones, around whatever a wrong clock makes of the lookback.
  stage.world.populate(counts, { from: now - DAY, to: now - MINUTE });
  return stage;
}

/** The header `date` of the answers, by their number. */
function tell(stage: Stage, date: (n: number) => string | undefined): void {
  let n = 0;
  Object.assign(stage.kustomer.options, { date: () => date(++n) });
}

/** A run on a machine whose clock is fast by so much. */
async function sync(stage: Stage, leadMs = 0, streams = STREAMS.join(', ')) {
  const fake = encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${leadMs}`);
  const env: Record<string, string> = leadMs === 0 ? {} : { NODE_OPTIONS: `--import=data:text/javascript,${fake}` };
  const result = await stage.sync({ with: { streams, settle: '0s' }, env });
  expect({ exit: result.exitCode, complete: result.outputs.complete }, result.log).toEqual({
    exit: 0,
    complete: 'true',
  });
  expectSound(result);
  return { result, warnings: annotations(result, 'warning') };
}

/** Before the end of the window of a run that begins now. */
const NOW = { updatedAt: () => Date.now() - 2_000 };
const at = (ms: number) => new Date(ms).toUTCString();
const honest = () => at(Date.now());
const IGNORED =
  /^Kustomer sent a time \(`date`\) that is more than a day from the clock of this runner, so it was ignored\. /;
const FAST = /^The clock of this runner is .* fast by Kustomer's clock/;

describe('nothing is lost and nothing is doubled', () => {
  test.each(
    few([
      ['3 hours', 3 * HOUR],
      ['14 hours', 14 * HOUR],
    ]),
  )('where the clock of a runner is fast by %s', async (_what, leadMs) => {
    await using stage = await open();
    const first = await sync(stage, leadMs);
    expect(first.warnings).toEqual([expect.stringMatching(FAST)]);
    stage.world.create('messages', 5, NOW);
    stage.world.create('notes', 5, NOW);
    const second = await sync(stage);
    expect(second.warnings).toEqual([]);
    stage.world.create('messages', 3, NOW);
    const third = await sync(stage);
    expect([second, third].map(({ result }) => result.outputs.records)).toEqual(['10', '3']);
    expect(await wrongs(stage, [first.result, second.result, third.result], STREAMS)).toEqual([]);
  });

  const FIRST = (n: number) => n === 1;
  const MIDDLE = (n: number) => n === 3;
  const MOST = (n: number) => n > 3;
  const YEAR_1970 = 'Thu, 01 Jan 1970 00:00:00 GMT';
  const LIES: [string, string, (n: number) => boolean, RegExp | null][] = [
    ['1970 in the first answer', YEAR_1970, FIRST, IGNORED],
    ['1970 in nearly all answers', YEAR_1970, MOST, IGNORED],
    ['year -271821 in an answer in the middle', '-271821-04-20T00:00:00.000Z', MIDDLE, IGNORED],
    ['5 hours ago in the first answer', at(Date.now() - 5 * HOUR), FIRST, null],
    ['5 hours ago in an answer in the middle', at(Date.now() - 5 * HOUR), MIDDLE, null],
    ['5 hours ago in nearly all answers', at(Date.now() - 5 * HOUR), MOST, FAST],
    ['in 5 hours in the first answer', at(Date.now() + 5 * HOUR), FIRST, null],
    ['in 5 hours in nearly all answers', at(Date.now() + 5 * HOUR), MOST, null],
  ];

  test.each(few(LIES))('where the header `date` is %s', async (_what, date, isLie, warning) => {
    await using stage = await open();
    tell(stage, n => (isLie(n) ? date : honest()));
    const first = await sync(stage);
    if (warning === IGNORED) expectAnnotation(first.result, 'clock-ignored');
    expect(first.warnings).toEqual(warning === null ? [] : [expect.stringMatching(warning)]);
    stage.world.create('messages', 5, NOW);
    tell(stage, () => undefined);
    const second = await sync(stage);
    expect(second.result.outputs.records).toBe('5');
    expect(second.warnings).toEqual([]);
    expect(await wrongs(stage, [first.result, second.result], STREAMS)).toEqual([]);
  });

  longTest.each(
    few<[string, () => string]>([
      ['1970', () => YEAR_1970],
      ['5 hours ago', () => at(Date.now() - 5 * HOUR)],
    ]),
  )('where one answer is all that a run gets, and it says %s', async (_what, date) => {
    await using stage = await open();
    tell(stage, date);
    const first = await sync(stage, 0, 'messages');
    expect(first.warnings).toHaveLength(1);
    tell(stage, () => undefined);
    stage.world.create('messages', 5, NOW);
    const second = await sync(stage, 0, 'messages');
    expect(second.result.outputs.records).toBe('5');
    expect(await wrongs(stage, [first.result, second.result], ['messages'])).toEqual([]);
  });

  longTest.each(
    few([
      ['the first answer', FIRST],
      ['an answer in the middle', MIDDLE],
    ] as const),
  )('where the clock of a runner is fast, and %s says that it is right', async (_what, isLie) => {
    await using stage = await open();
    tell(stage, n => at(Date.now() + (isLie(n) ? 3 * HOUR : 0)));
    const first = await sync(stage, 3 * HOUR);
    expect(first.warnings).toEqual([expect.stringMatching(FAST)]);
    stage.world.create('messages', 5, NOW);
    tell(stage, () => undefined);
    const second = await sync(stage);
    expect(second.result.outputs.records).toBe('5');
    expect(await wrongs(stage, [first.result, second.result], STREAMS)).toEqual([]);
  });
});
