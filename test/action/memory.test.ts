// Memory does not grow with the number of records, also where they share one instant (README.md#what-it-promises).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Used } from '../../bench/meter.ts';
import { few, LONG, longTest } from '../forms.ts';
import type { ActionResult } from '../world/runner/index.ts';
import { openStage, type Stage } from '../world/stage.ts';
import { COMPACT } from './compacting.ts';
import { BRANCH, onBranch } from './publishing.ts';
import { annotations, DAY, populate } from './support.ts';

const METER = new URL('../../bench/meter.ts', import.meta.url).href;

/** Measures the main step: the first process, and by far the busier one. */
async function peakIn(stage: Stage, inputs: Record<string, string>): Promise<[ActionResult, peakMB: number]> {
  const meter = join(stage.root, 'meter');
  const nodeArgs = ['--disable-warning=ExperimentalWarning', '--import', METER];
  const result = await stage.sync({ env: { METER: meter }, nodeArgs, with: inputs });
  const all = readdirSync(stage.root).filter(name => name.startsWith('meter.'));
  const used = all.map(name => JSON.parse(readFileSync(join(stage.root, name), 'utf8')) as Used);
  return [result, Math.max(...used.map(({ peakMB }) => peakMB))];
}

/** Runs the action over so many notes of one instant and resolves to the peak of its resident memory in MB. */
async function peakOf(records: number): Promise<number> {
  await using stage = await openStage({ world: { tieOrder: 'unstable', exoticEvery: Number.POSITIVE_INFINITY } });
  const at = Date.now() - 5 * DAY;
  stage.world.addTie('notes', at, records, { createdSpreadMs: 300 * DAY });
  const inputs = { streams: 'notes', 'start-date': new Date(at - DAY).toISOString(), destination: 'none' };
  const [result, peak] = await peakIn(stage, inputs);
  expect(result.outputs.records).toBe(String(records));
  expect(result.outputs.complete).toBe('true');
  return peak;
}

const [FEW, MANY] = LONG ? [15_000, 60_000] : [5_000, 40_000];

test(`${MANY} records of one instant take hardly more memory than ${FEW}`, async () => {
  const few = await peakOf(FEW);
  const many = await peakOf(MANY);
  expect(many).toBeLessThan(few + 40);
}, 240_000);

/** The same over the compaction of so many files of 8 MB, half of whose lines are older versions. */
async function peakOfCompaction(files: number): Promise<number> {
  await using stage = await openStage();
  stage.world.create('tags', 2, { updatedAt: Date.now() - DAY });
  await stage.sync({ with: { ...onBranch, streams: 'tags' } });
  const lines = 25_000;
  for (let file = 0; file < files; file++) {
    const text = Array.from({ length: lines }, (_, n) => {
      const number = Math.floor((file * lines + n) / 2);
      return `{"id":"id of ${number}","updated_at":"2026-01-01T00:00:0${n % 10}.000Z","note":"${'x'.repeat(250)}"}\n`;
    });
    const path = `data/tags/dt=2026-01-01/${file + 1}-1-00001.ndjson`;
    await stage.github.repository.commit(BRANCH, { [path]: text.join('') });
  }
  const [result, peak] = await peakIn(stage, COMPACT);
  expect(result.outputs.records, result.log).toBe(String((files * lines) / 2 + 2));
  return peak;
}

longTest(
  'a compaction of 1,000,000 lines takes hardly more memory than one of 100,000',
  async () => {
    const few = await peakOfCompaction(4);
    const many = await peakOfCompaction(40);
    expect(few).toBeLessThan(300);
    expect(many).toBeLessThan(few + 80);
  },
  480_000,
);

/** A zip whose file is 400 MB long and packed into less than one. */
const ZIP = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    for name in sys.argv[2:]:
        with archive.open(name, 'w') as file:
            file.write(b'{"files":[' if name == 'manifest.json' else b'{"version":1,"generation":9,"a":[')
            for _ in range(400): file.write(b'[],' * 333_333)
`;

test.each(few([['manifest.json'], ['manifest.json', 'state.json']]))(
  'a backup of the state that would fill the memory is an error, and not read (%s)',
  async (...names) => {
    await using stage = await openStage();
    populate(stage);
    await stage.sync({ with: { streams: 'tags' } });
    const zip = join(stage.root, 'artifact.zip');
    execFileSync('python3', ['-c', ZIP, zip, ...names]);
    const bytes = readFileSync(zip);
    expect(bytes.length).toBeLessThan(2_000_000);
    await stage.github.replaceArtifact(stage.github.artifacts().at(-1)?.id ?? 0, bytes);
    stage.github.evictCaches();
    const [result, peak] = await peakIn(stage, { streams: 'tags' });
    expect(annotations(result, 'error'), result.log).toEqual([expect.stringMatching(/^No saved state was found, and/)]);
    expect(peak).toBeLessThan(300);
  },
);
