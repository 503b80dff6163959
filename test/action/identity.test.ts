// Whose data it is: a state is never applied to another organization's, and a run that meets no record finds out.
import { expect, test } from 'vitest';
import { few, longTest } from '../forms.ts';
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { openStage } from '../world/stage.ts';
import { annotations, DAY, expectGreen, expectRed, HOUR, LIST_STREAMS, outcomes } from './support.ts';
import { expectError } from './troubles.ts';

const LONG_AGO = { from: Date.now() - 30 * DAY, to: Date.now() - 3 * HOUR };

longTest('records that went are told once, also where the streams that are read show no other', async () => {
  await using stage = await openStage();
  const inputs = { streams: 'conversations, customers, shortcuts' };
  stage.world.populate({ shortcuts: 2, customers: 5 }, LONG_AGO);
  expectGreen(await stage.sync({ with: inputs }));
  stage.world.hardDelete('shortcuts', [...stage.world.truth('shortcuts').keys()]);
  const second = await stage.sync({ with: inputs });
  expectGreen(second);
  expect(second.outputs).toMatchObject({ records: '2', 'state-saved': 'true' });
  expect((await stage.sync({ with: inputs })).outputs.records).toBe('0');
});

longTest.each(
  few([
    [
      'that only the archive has',
      { from: Date.now() - 1_000 * DAY, to: Date.now() - 900 * DAY },
      'customers, shortcuts',
    ],
    ['of a stream that is not read', LONG_AGO, 'shortcuts'],
  ]),
)('a record %s says it, too', async (_what, when, streams) => {
  await using stage = await openStage();
  stage.world.populate({ shortcuts: 1, customers: 5 }, when);
  expectGreen(await stage.sync({ with: { streams } }));
  stage.world.hardDelete('shortcuts', 1);
  expect((await stage.sync({ with: { streams } })).outputs).toMatchObject({ records: '1', 'state-saved': 'true' });
  expect((await stage.sync({ with: { streams } })).outputs.records).toBe('0');
});

test('where no record is left at all, nothing is published, and it is no quiet failure', async () => {
  await using stage = await openStage();
  stage.world.populate({ shortcuts: 2 }, LONG_AGO);
  expectGreen(await stage.sync({ with: { streams: 'shortcuts' } }));
  stage.world.hardDelete('shortcuts', 2);
  const second = await stage.sync({ with: { streams: 'shortcuts' } });
  expectRed(second);
  expect(annotations(second, 'error').join()).toContain('cannot be told whose data this is');
  expectError(second, 'organization-unknown');
  expect(second.outputs).toMatchObject({ records: '0', 'artifact-id': '', 'state-saved': 'false' });
});

longTest('is asked of no stream that the key may not read, and a quiet run stays green', async () => {
  await using stage = await openStage({
    world: { tokens: { [DEFAULT_TOKEN]: { missing: ['conversations', ...LIST_STREAMS] } } },
  });
  stage.world.populate({ customers: 20, conversations: 5, users: 2 }, LONG_AGO);
  expect((await stage.sync()).exitCode).toBe(0);
  const second = await stage.sync();
  expect(second.exitCode, second.log).toBe(0);
  expect(outcomes(second)).toMatchObject({ customers: 'complete', conversations: 'skipped' });
  expect(annotations(second, 'error')).toEqual([]);
});

longTest('is asked of no stream that has failed, whose trouble costs the others nothing', async () => {
  await using stage = await openStage();
  stage.world.populate({ customers: 20, conversations: 5, users: 2 }, LONG_AGO);
  const inputs = { streams: 'conversations, customers' };
  expectGreen(await stage.sync({ with: inputs }));
  stage.kustomer.faults.add({
    kind: 'status',
    status: 404,
    times: Number.POSITIVE_INFINITY,
    match: { stream: 'conversations' },
  });
  const second = await stage.sync({ with: inputs });
  expect(outcomes(second)).toEqual({ conversations: 'failed', customers: 'complete' });
  expect(second.outputs['state-saved']).toBe('true');
  expect(annotations(second, 'error')).toHaveLength(1);
});
