// `npm run demo` with a key: one sync of the real API, which the simulated one stands for here.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { answer, RESULT } from '../../scripts/demo/query.ts';
import { foldLog, summaryAsText } from '../../scripts/demo/show.ts';
import { change, populate as populateDemo } from '../../scripts/demo/world.ts';
import { longTest } from '../forms.ts';
import { DEFAULT_TOKEN } from '../world/kustomer/index.ts';
import { openStage } from '../world/stage.ts';
import { DAY, populate } from './support.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function demo(env: Record<string, string>) {
  const all = { ...process.env, KUSTOMER_TOKEN: DEFAULT_TOKEN, ...env };
  const run = promisify(execFile)(process.execPath, ['scripts/demo.ts'], { cwd: ROOT, env: all });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }) as { code: number; stdout: string; stderr: string },
  );
}

test('the demo of the real API takes streams and a start date, and ends with the summary and the place of the files', async () => {
  await using stage = await openStage();
  populate(stage);
  stage.world.populate({ notes: 9 }, { from: Date.now() - 90 * DAY, to: Date.now() - 80 * DAY });
  const since = new Date(Date.now() - 40 * DAY).toISOString().slice(0, 10);
  const env = { KUSTOMER_API_URL: stage.kustomer.url, KUSTOMER_STREAMS: 'notes, tags', KUSTOMER_START_DATE: since };
  const { code, stdout } = await demo(env);
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/✅ First Kustomer sync complete: 18 records in /);
  expect(stdout).toMatch(/ {2}notes +10 +0 +0 +10 +10\n/);
  expect(stdout).toContain('tmp/demo/real/  <stream>/*.ndjson');
  expect(stdout).not.toContain(DEFAULT_TOKEN);
  const lines = readFileSync(join(ROOT, 'tmp/demo/real/notes/notes-00001.ndjson'), 'utf8').trim().split('\n');
  expect(lines).toHaveLength(10);
  // What is in them is not for a terminal.
  for (const line of lines) expect(stdout).not.toContain(JSON.parse(line).id);
});

longTest('a demo that fails says that it has failed, and no more', async () => {
  const { code, stdout, stderr } = await demo({ KUSTOMER_API_URL: 'http://127.0.0.1:9', KUSTOMER_STREAMS: 'tags' });
  expect(code).toBe(1);
  expect(stdout).toMatch(/it refuses the connection/);
  expect(stdout).not.toMatch(/What the run left|The summary/);
  expect(stderr).toMatch(
    /^\nThe demo has failed:\n {2}the run ended with failure: tmp\/demo\/real\/summary\.md says why\n$/,
  );
});

test('the query of the README has the result that the README shows, over the runs of the demo', async () => {
  await using stage = await openStage();
  populateDemo(stage.world);
  const sync = async (run: string) => {
    const inputs = { streams: 'conversations,teams', settle: '0s', destination: 'none' };
    const result = await stage.sync({ with: { ...inputs, 'output-dir': `${stage.root}/${run}` } });
    expect(result.exitCode, result.log).toBe(0);
  };
  await sync('run-1');
  change(stage.world);
  // Changes count up to the last full second before a run.
  await sleep(1_000 - (Date.now() % 1_000));
  await sync('run-2');
  expect(RESULT).not.toBe('');
  expect(await answer(stage.root, 'run-2/views.sql')).toBe(RESULT);
});

test('the demo folds what the libraries print, and counts it', () => {
  const printed: string[] = [];
  const show = foldLog(line => printed.push(line));
  const lines = [
    '##[group]Prepare',
    'Cache hit',
    '[command]tar',
    'State: none yet.',
    '##[endgroup]',
    'Complete: 3 records.',
  ];
  for (const line of lines) show(line, 'main');
  expect(printed).toEqual([
    '  Run org/kustomer-sync@v1',
    '    ▸ Prepare',
    '      State: none yet.',
    '      (2 lines, in log.txt)',
    '    Complete: 3 records.',
  ]);
});

test('the demo shows a summary as text', () => {
  const markdown =
    '## ✅ Done\n> [!NOTE]\n> It&#39;s **so**.\n\n| Stream | Records |\n| --- | ---: |\n| [tags](https://x.test/a) | 12 |\n| notes | 3 |\n\n<details><summary>Details</summary>\n\nx\n\n</details>\n';
  expect(summaryAsText(markdown)).toBe(
    "✅ Done\nNOTE\n  It's so.\n\nStream  Records\ntags         12\nnotes         3\n\n▸ Details",
  );
});
