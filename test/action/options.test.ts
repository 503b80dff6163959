// Options that change from run to run: what goes beyond what was published is said in each run, what contradicts it is refused.
import { expect, test } from 'vitest';
import { few, LONG, longTest } from '../forms.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { annotations, expectGreen, expectRed, expectSound, gather, HOUR, populate, wrongs } from './support.ts';

/** How many runs show that something is said in each run. */
const AGAIN = LONG ? 2 : 1;

async function sync(stage: Stage, inputs: Record<string, string> = {}) {
  const result = await stage.sync({ with: inputs });
  expect({ exit: result.exitCode, complete: result.outputs.complete }, result.log).toEqual({
    exit: 0,
    complete: 'true',
  });
  expectSound(result);
  return { result, warnings: annotations(result, 'warning') };
}

const missing = (streams: string) => [
  expect.stringMatching(
    new RegExp(`^Records of ${streams} that were marked as deleted are missing .*\`reset-state: true\``),
  ),
];
const SEARCHED = 'conversations, customers, kobjects, messages, notes';

test.each(few(['artifact', 'branch']))(
  'deleted records that were left out are said to be missing in each run, for the streams that lack them (%s)',
  async destination => {
    await using stage = await openStage();
    populate(stage);
    const at = Date.now() - HOUR;
    for (const stream of ['conversations', 'customers', 'messages'] as const) stage.world.softDelete(stream, 5, { at });
    expect((await sync(stage, { destination, 'include-deleted': 'false' })).warnings).toEqual([]);
    for (let n = 0; n < AGAIN; n++) expect((await sync(stage, { destination })).warnings).toEqual(missing(SEARCHED));
    await sync(stage, { destination, streams: 'conversations:full_refresh' });
    expect((await sync(stage, { destination })).warnings).toEqual(missing('customers, kobjects, messages, notes'));
    const { result, warnings } = await sync(stage, { destination, 'reset-state': 'true' });
    expect(warnings).toEqual([]);
    // All of them, the 15 deleted ones among them.
    if (destination === 'artifact') expect(await wrongs(stage, [result])).toEqual([]);
    const after = await sync(stage, { destination });
    expectGreen(after.result);
    expect(after.result.outputs.records).toBe('0');
  },
);

longTest('what is deleted while `include-deleted` is false is said to be missing afterwards', async () => {
  await using stage = await openStage();
  populate(stage);
  await sync(stage);
  const gone = stage.world.softDelete('notes', 2, { at: Date.now() - 120_000 });
  const without = await sync(stage, { 'include-deleted': 'false' });
  expect((await gather(stage, [without.result])).get('notes')).toEqual([]);
  for (let n = 0; n < 2; n++) expect((await sync(stage)).warnings).toEqual(missing(SEARCHED));
  const refreshed = await sync(stage, { streams: 'notes', 'sync-mode': 'full_refresh' });
  const found = (await gather(stage, [refreshed.result])).get('notes')?.map(({ id }) => id);
  expect(found).toEqual(expect.arrayContaining(gone));
  expect((await sync(stage, { streams: 'notes' })).warnings).toEqual([]);
});

test.each(few(['artifact', 'branch']))(
  'another `record-format` is refused until the state is reset (%s)',
  async destination => {
    await using stage = await openStage();
    populate(stage);
    await sync(stage, { destination, streams: 'notes, tags' });
    stage.world.create('notes', 2, { updatedAt: Date.now() - 120_000 });
    for (let n = 0; n < AGAIN; n++) {
      const refused = await stage.sync({ with: { destination, streams: 'notes, users', 'record-format': 'raw' } });
      expectRed(refused);
      expect(annotations(refused, 'error')).toEqual([
        expect.stringMatching(/^`record-format` is `raw`, and notes were published as `flat`/),
      ]);
      expect(refused.outputs).toMatchObject({ records: '0', 'state-saved': 'false', 'artifact-id': '', commit: '' });
    }
    expect((await sync(stage, { destination, streams: 'notes, tags' })).result.outputs.records).toBe('2');
    await sync(stage, { destination, streams: 'notes, tags', 'record-format': 'raw', 'reset-state': 'true' });
  },
);
