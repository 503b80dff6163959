// Shows the action at work: the committed dist/, run three times by the runner of test/world against a simulated Kustomer
// and a simulated GitHub. What each run published is held against the truth; the demo fails when it differs.
//
//   npm run demo
//   KUSTOMER_TOKEN=... npm run demo   one sync of the real API, to tmp/demo/real
//     KUSTOMER_API_URL     another region
//     KUSTOMER_STREAMS     only these, as the input `streams`
//     KUSTOMER_START_DATE  only what was updated since, as the input `start-date`
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { STREAMS, type Stream } from '../test/world/kustomer/index.ts';
import type { ActionResult } from '../test/world/runner/index.ts';
import { type Line, openStage, type Stage, type Sync, updatedAtOf } from '../test/world/stage.ts';
import { answer, QUERY } from './demo/query.ts';
import { foldLog, shorten, summaryAsText } from './demo/show.ts';
import { change, populate } from './demo/world.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'tmp', 'demo');
/** Kustomer's answers take about so long; without it there would be nothing to watch. */
const LATENCY_MS = 300;

/** Ctrl-C cancels the job as GitHub does: the action publishes what it has, and the demo ends after that run. */
const interrupted = new Promise<void>(resolve => process.once('SIGINT', () => resolve()));
const wrong: string[] = [];
const GONE = 'gone';

const token = process.env.KUSTOMER_TOKEN ?? '';
await (token === '' ? simulated() : real(token));
if (wrong.length > 0) {
  console.error('\nThe demo has failed:');
  for (const problem of wrong) console.error(`  ${problem}`);
}
process.exit(wrong.length > 0 ? 1 : 0);

// ---- Three runs in the simulated world ----------------------------------------------------------------------------

async function simulated(): Promise<void> {
  await rm(OUT, { recursive: true, force: true });
  const stage = await openStage({ server: { latencyMs: LATENCY_MS } });
  try {
    populate(stage.world);
    const all = STREAMS.reduce((sum, stream) => sum + stage.world.truth(stream).size, 0);
    console.log(`A simulated Kustomer with ${n(all)} records in nine streams listens at ${stage.kustomer.url}.`);

    heading('Run 1: first sync');
    await syncAndCheck(stage, 1, truthOf(stage));
    if (wrong.length > 0) return;

    const since = Date.now();
    const changes = change(stage.world);
    // Changes count up to the last full second before a run, so the next run starts after theirs.
    await sleep(1_000 - (Date.now() % 1_000));
    heading(`Run 2: after changes at the source (${changes.said})`);
    const expected = truthOf(stage, since);
    for (const id of changes.deletedTags) expected.get('tags')?.set(id, GONE);
    await syncAndCheck(stage, 2, expected);
    if (wrong.length > 0) return;

    heading('Run 3: after no change');
    await syncAndCheck(stage, 3, new Map());
  } finally {
    await stage.close();
  }
  if (wrong.length > 0) return;
  console.log('\nAll three runs published what is true at the source: nothing missing, nothing twice.');
  await lookAt();
}

/** What there is to look at, and what to try next. */
async function lookAt(): Promise<void> {
  const first = join(OUT, 'run-1');
  const tags = await readFile(join(first, 'tags', 'tags-00001.ndjson'), 'utf8');
  heading('A record, as a line of tags/tags-00001.ndjson has it');
  console.log(indented(shorten(tags.slice(0, tags.indexOf('\n')))));
  heading('The summary of run 2, as GitHub shows it');
  console.log(indented(summaryAsText(await readFile(join(OUT, 'run-2', 'summary.md'), 'utf8'))));
  heading('Open conversations by team, last 30 days: a query over the three runs, with DuckDB');
  console.log(indented(`${QUERY}\n${await answer(OUT, 'run-2/views.sql')}`.trimEnd()));
  heading('What the runs left');
  for (const run of [1, 2, 3]) {
    const left = run === 3 ? 'manifest.json' : '<stream>/*.ndjson, views.sql, manifest.json, state.json';
    console.log(`  ${shown(join(OUT, `run-${run}`))}/  ${left}, summary.md, log.txt`);
  }
  heading('What to try next');
  console.log(`  head -1 ${shown(first)}/conversations/*.ndjson      a record with all that Kustomer knows of it`);
  console.log(`  cd ${shown(OUT)} && duckdb -init run-2/views.sql      a view of each stream, over all runs`);
  console.log('  KUSTOMER_TOKEN=... KUSTOMER_STREAMS=tags,users npm run demo      some streams of your own Kustomer');
  console.log('  README.md, "Quick start": the workflow that does this every six hours');
}

/** Per stream what a run has to publish: id -> updatedAt, or `GONE`. */
type Expected = Map<Stream, Map<string, string>>;

function truthOf({ world }: Stage, from = Number.NEGATIVE_INFINITY): Expected {
  return new Map(
    STREAMS.map(stream => {
      const truth = world.truth(stream, { from });
      return [stream, new Map([...truth].map(([id, { updatedAt }]) => [id, updatedAt]))];
    }),
  );
}

async function syncAndCheck(stage: Stage, run: number, expected: Expected): Promise<void> {
  const before = stage.kustomer.requests.length;
  const result = await sync(stage, {});
  const dir = join(OUT, `run-${run}`);
  await keep(stage, result, dir);

  if (result.jobConclusion === 'cancelled') {
    wrong.push(`run ${run} was cancelled; what it had read is in ${shown(dir)}`);
    return;
  }

  const published = (await stage.published(result))?.records ?? new Map<string, Line[]>();
  const rows = STREAMS.map(stream => {
    const want = expected.get(stream) ?? new Map<string, string>();
    const lines = published.get(stream) ?? [];
    for (const problem of differences(want, lines)) wrong.push(`run ${run}, ${stream}: ${problem}`);
    // The list of klasses is of no stream; it is asked for the sake of kobjects.
    const mine = stage.kustomer.requests.slice(before).filter(request => (request.stream ?? 'kobjects') === stream);
    return [stream, n(lines.length), n(want.size), n(mine.length)];
  });
  const total = (column: number) => n(rows.reduce((sum, row) => sum + Number(row[column]?.replaceAll(',', '')), 0));
  console.log('');
  table(['stream', 'published', 'true at the source', 'requests'], [...rows, ['', total(1), total(2), total(3)]]);

  if (result.jobConclusion !== 'success') wrong.push(`run ${run} ended with ${result.jobConclusion}`);
  if (result.outputs.complete !== 'true') wrong.push(`run ${run} is not complete`);
  const want = [...expected.values()].reduce((sum, { size }) => sum + size, 0);
  if (result.outputs.records !== String(want))
    wrong.push(`the output records is ${result.outputs.records}, not ${want}`);
  if (want === 0 && result.outputs['artifact-id'] !== '') wrong.push(`run ${run} uploaded an artifact of nothing`);
}

/** The first few differences of one stream, and how many there are. */
function differences(want: ReadonlyMap<string, string>, lines: readonly Line[]): string[] {
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const line of lines) {
    if (seen.has(line.id)) found.push(`${line.id} twice`);
    seen.set(line.id, updatedAtOf(line));
    if (!want.has(line.id)) found.push(`${line.id} was not to be published`);
    else if (!isWanted(line, want.get(line.id))) found.push(`${line.id} in another version`);
  }
  for (const id of want.keys()) if (!seen.has(id)) found.push(`${id} missing`);
  return found.length > 3 ? [...found.slice(0, 3), `${n(found.length)} differences in all`] : found;
}

/** A deletion has the time at which the run found the id gone: at the source there is nothing to compare that with. */
function isWanted(line: Line, version: string | undefined): boolean {
  return version === GONE ? line.deleted === true && updatedAtOf(line) !== '' : version === updatedAtOf(line);
}

/** What a user would download, and what GitHub would show. */
async function keep(stage: Stage, result: ActionResult, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const artifact = Number(result.outputs['artifact-id'] ?? 0);
  if (artifact > 0) {
    for (const [path, bytes] of await stage.github.readArtifact(artifact)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), bytes);
    }
  } else if (result.outputs['output-dir']) {
    await cp(result.outputs['output-dir'], dir, { recursive: true });
  }
  await writeFile(join(dir, 'summary.md'), result.summary);
  await writeFile(join(dir, 'log.txt'), result.job.log);
}

// ---- One run against the real API ---------------------------------------------------------------------------------

async function real(secret: string): Promise<void> {
  const dir = join(OUT, 'real');
  await rm(dir, { recursive: true, force: true });
  // Only the GitHub of it is used: its cache takes the state, which goes when the demo ends.
  const stage = await openStage();
  try {
    heading('One sync of the real API');
    const result = await sync(stage, {
      token: secret,
      'api-url': process.env.KUSTOMER_API_URL ?? '',
      destination: 'none',
      'output-dir': dir,
      settle: '60s',
      'search-requests-per-minute': '100',
      'requests-per-minute': 'auto',
      streams: process.env.KUSTOMER_STREAMS ?? '',
      'start-date': process.env.KUSTOMER_START_DATE ?? '',
    });
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'summary.md'), result.summary);
    await writeFile(join(dir, 'log.txt'), result.job.log);
    if (result.conclusion !== 'success') {
      wrong.push(`the run ended with ${result.conclusion}: ${shown(dir)}/summary.md says why`);
      return;
    }
    heading('The summary, as GitHub shows it');
    console.log(indented(summaryAsText(result.summary)));
    // Records of a real organization are for whoever opens the files.
    heading('What the run left');
    console.log(`  ${shown(dir)}/  <stream>/*.ndjson, manifest.json, summary.md, log.txt. These are personal data.`);
  } finally {
    await stage.close();
  }
}

// ---- What is printed ----------------------------------------------------------------------------------------------

function sync(stage: Stage, inputs: Record<string, string>): Promise<ActionResult> {
  const show = foldLog(line => console.log(line));
  const options: Sync = {
    with: { settle: '0s', ...inputs },
    cancelAfter: interrupted,
    onLine: (line, { phase }) => show(line, phase),
  };
  return stage.sync(options);
}

function heading(text: string): void {
  console.log(`\n== ${text}`);
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** The first column to the left, the others to the right. */
function table(head: string[], rows: string[][]): void {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map(row => row[i]?.length ?? 0)));
  for (const row of [head, ...rows]) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)));
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
}

function n(value: number): string {
  return value.toLocaleString('en-US');
}

function shown(path: string): string {
  return relative(ROOT, path);
}
