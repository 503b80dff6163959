// Memory does not grow with the number of records, also where they share one instant (README.md#what-it-promises).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Used } from '../../bench/meter.ts';
import { openStage } from '../world/stage.ts';
import { DAY } from './support.ts';

const METER = new URL('../../bench/meter.ts', import.meta.url).href;

/** Runs the action over so many notes of one instant and resolves to the peak of its resident memory in MB. */
async function peakOf(records: number): Promise<number> {
  await using stage = await openStage({ world: { tieOrder: 'unstable', exoticEvery: Number.POSITIVE_INFINITY } });
  const at = Date.now() - 5 * DAY;
  stage.world.addTie('notes', at, records, { createdSpreadMs: 300 * DAY });
  const meter = join(stage.root, 'meter');
  const result = await stage.sync({
    env: { METER: meter },
    nodeArgs: ['--disable-warning=ExperimentalWarning', '--import', METER],
    with: { streams: 'notes', 'start-date': new Date(at - DAY).toISOString(), destination: 'none' },
  });
  expect(result.outputs.records).toBe(String(records));
  expect(result.outputs.complete).toBe('true');
  // The main step is the first process, and by far the busier one.
  const all = readdirSync(stage.root).filter(name => name.startsWith('meter.'));
  const used = all.map(name => JSON.parse(readFileSync(join(stage.root, name), 'utf8')) as Used);
  return Math.max(...used.map(({ peakMB }) => peakMB));
}

test('60,000 records of one instant take hardly more memory than 15,000', async () => {
  const few = await peakOf(15_000);
  const many = await peakOf(60_000);
  expect(many).toBeLessThan(few + 40);
}, 240_000);
