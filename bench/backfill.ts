// A backfill of many records in both ways: over shards, one of which is killed and run again, and in one chain of runs
// that start each other. What they publish is compared with the truth line by line, and neither is ever held.
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GitHub, type JobOptions, startGitHub } from '../test/world/github/index.ts';
import { DEFAULT_TOKEN, type Stream } from '../test/world/kustomer/index.ts';
import { type ActionOptions, type ActionResult, runAction } from '../test/world/runner/index.ts';
import { type Kustomer, startKustomer } from './lab.ts';
import type { Used } from './meter.ts';
import type { Answers } from './simulator.ts';
import { Tally } from './tally.ts';

export interface Wanted {
  readonly records: number;
  readonly shards: number;
  /** How many of them run side by side. */
  readonly atOnce: number;
  /** Of a run of the chain, as the input takes it. */
  readonly timeBudget: string;
  /** Searches a minute that Kustomer allows; absent: as many as are asked for. */
  readonly perMinute?: number;
  readonly say: (line: string) => void;
}

export interface Figures {
  /** What is wrong; empty when all is right. */
  readonly problems: readonly string[];
  readonly estimate: {
    readonly requests: number;
    readonly minutes: number;
    readonly bytes: number;
    readonly records: number;
  };
  /** Of the plan alone. */
  readonly counting: number;
  /** From the beginning of the first shard to the end of the last. */
  readonly minutes: number;
  /** Answers of 429, from the plan to the last run of the chain. */
  readonly refused: number;
  /** Of the shards, the killed one's first try left out. */
  readonly requests: readonly number[];
  readonly bytes: number;
  /** Runs in the chain, and what they asked for together. */
  readonly runs: number;
  readonly chainRequests: number;
  /** The most that any process of the action took. */
  readonly peakMB: number;
}

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const DAY = 86_400_000;
const UNLIMITED = '1000000';
const TOKEN = 'ghs_main';

/** @throws Error with the log of a job that did not do as it should. */
export async function backfill({ records, shards, atOnce, timeBudget, perMinute, say }: Wanted): Promise<Figures> {
  const root = mkdtempSync(join(tmpdir(), 'kustomer-sync-backfill-'));
  const github = await startGitHub({ tokens: { [TOKEN]: { contents: 'write', actions: 'write' } } });
  const part = (share: number) => Math.round(records * share);
  // The list that old notes are read from cannot be divided, so there are few of them.
  const counts = { customers: part(0.2), conversations: part(0.29), messages: part(0.5), notes: part(0.01) };
  await using kustomer = await startKustomer({
    counts,
    days: 1_400,
    ...(perMinute === undefined ? {} : { server: { searchLimit: perMinute } }),
  });
  try {
    say(`A world of ${records.toLocaleString('en-US')} records.`);
    const world = new Proof({ kustomer, github, root, truth: await kustomer.ask('truth'), perMinute, say });
    const fanned = await world.fanOut(shards, atOnce);
    const chained = await world.chain(timeBudget);
    return {
      ...fanned,
      ...chained,
      problems: [...fanned.problems, ...chained.problems],
      refused: world.refused,
      peakMB: world.peakMB(),
    };
  } finally {
    await github.close();
    rmSync(root, { recursive: true, force: true });
  }
}

interface Surroundings {
  readonly kustomer: Kustomer;
  readonly github: GitHub;
  readonly root: string;
  readonly truth: Answers['truth'];
  readonly perMinute: number | undefined;
  readonly say: (line: string) => void;
}

class Proof {
  readonly #world: Surroundings;
  refused = 0;
  readonly #window = { streams: 'customers,conversations,messages,notes', 'end-date': iso(Date.now() - DAY / 2) };

  constructor(world: Surroundings) {
    this.#world = world;
  }

  async fanOut(shards: number, atOnce: number) {
    const { github, say } = this.#world;
    const inputs = { ...this.#window, 'state-id': 'fan-out', 'shards-at-once': String(shards) };
    const { runId } = github.job();
    const job = { runId, sameAttempt: true };
    await this.#forget();
    const plan = await this.#job({ job, with: { ...inputs, mode: 'plan' } });
    const { matrix = '', estimate = '' } = plan.outputs;
    const { shard: texts } = JSON.parse(matrix) as { shard: string[] };
    const counting = await this.#asked();
    await this.#forget();
    say(`Planned ${texts.length} shards with ${counting} requests: ${estimate}`);

    const published = new Published();
    const requests: number[] = [];
    const killed = Math.ceil(texts.length / 2);
    const run = async (n: number) => {
      const options = { job, machine: n, with: { ...inputs, shard: texts[n - 1] ?? '' } };
      if (n === killed) {
        const kill: ActionOptions['kill'] = async ({ paths }) => waitForFiles(paths.temp);
        const { signal } = await this.#run({ ...options, kill, machineVanishes: true });
        if (signal !== 'SIGKILL') throw new Error('the shard that was to be killed lived');
        say(`Shard ${n} was killed.`);
      }
      const result = await this.#job(options);
      requests[n - 1] = requestsOf(result);
      await published.take(result);
    };
    let next = 1;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let n = next++; n <= texts.length; n = next++) await run(n);
      }),
    );
    const minutes = (performance.now() - began) / 60_000;
    await this.#forget();
    const merged = await this.#job({ job, with: { ...inputs, mode: 'merge', plan: matrix } });
    const again = await this.#job({ with: { ...inputs, 'shards-at-once': '1' } });
    const problems = published.compare(this.#world.truth);
    if (Number(merged.outputs.records) !== published.records())
      problems.push('the merge has another number of records');
    if (again.outputs.records !== '0' || (await this.#asked()) > 0)
      problems.push('the backfill is not done after the merge');
    say(`Shards: ${requests.join(', ')} requests. ${problems.join('; ') || 'Exactly the truth.'}`);
    return {
      problems,
      estimate: JSON.parse(estimate) as Figures['estimate'],
      counting,
      minutes,
      requests,
      bytes: published.bytes,
    };
  }

  async chain(timeBudget: string) {
    const { github, say } = this.#world;
    const { dispatches } = github.repository;
    const inputs = { ...this.#window, 'state-id': 'chain', 'on-incomplete': 'continue', 'time-budget': timeBudget };
    const published = new Published();
    let runs = 0;
    await this.#forget();
    do {
      const result = await this.#job({ job: { event: 'workflow_dispatch', payload: { inputs: {} } }, with: inputs });
      await published.take(result);
      runs++;
    } while (dispatches.length === runs);
    const chainRequests = await this.#asked();
    await this.#forget();
    const problems = published.compare(this.#world.truth).map(problem => `in the chain: ${problem}`);
    say(`Chain: ${runs} runs, ${chainRequests} requests. ${problems.join('; ') || 'Exactly the truth.'}`);
    return { problems, runs, chainRequests };
  }

  peakMB(): number {
    const { root } = this.#world;
    const meters = readdirSync(root).filter(name => name.startsWith('meter.'));
    return Math.max(...meters.map(name => (JSON.parse(readFileSync(join(root, name), 'utf8')) as Used).peakMB));
  }

  async #asked(): Promise<number> {
    const { search, other } = await this.#world.kustomer.ask('counts');
    return search + other;
  }

  /** Begins to count anew, but for what was refused. */
  async #forget(): Promise<void> {
    const { kustomer } = this.#world;
    this.refused += (await kustomer.ask('counts')).refused;
    await kustomer.ask('forget');
  }

  /** @throws Error with the log when the job does not succeed. */
  async #job(options: Run): Promise<ActionResult> {
    const result = await this.#run(options);
    if (result.jobConclusion !== 'success') throw new Error(`a job failed:\n${result.job.log}`);
    return result;
  }

  #run({ job = {}, machine = 0, with: inputs, ...options }: Run): Promise<ActionResult> {
    const { root, github, kustomer, perMinute } = this.#world;
    const budgets = {
      'search-requests-per-minute': String(perMinute ?? UNLIMITED),
      'requests-per-minute': UNLIMITED,
    };
    return runAction({
      action: file('..'),
      context: github.job(job),
      root: join(root, `machine-${machine}`),
      env: { METER: join(root, 'meter') },
      nodeArgs: ['--disable-warning=ExperimentalWarning', '--import', file('meter.ts')],
      ...options,
      with: { token: DEFAULT_TOKEN, 'api-url': kustomer.url, destination: 'none', ...budgets, ...inputs },
    });
  }
}

type Run = Pick<ActionOptions, 'kill' | 'machineVanishes'> & {
  readonly job?: JobOptions;
  readonly machine?: number;
  readonly with: Record<string, string>;
};

/** What was published, tallied; the files go as soon as they are read. */
class Published {
  readonly #tallies = new Map<Stream, Tally>();
  /** One bit for each record of the world, by the number in its id: a record that comes twice is noticed. */
  readonly #seen = new Uint8Array(1 << 21);
  #twice = 0;
  bytes = 0;

  async take({ outputs }: ActionResult): Promise<void> {
    const directory = outputs['output-dir'] ?? '';
    const { files } = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as {
      files: { path: string; stream: Stream; bytes: number }[];
    };
    for (const { path, stream, bytes } of files) {
      const tally = this.#tallies.get(stream) ?? new Tally();
      this.#tallies.set(stream, tally);
      for await (const line of linesOf(join(directory, path))) {
        const { id, updated_at } = JSON.parse(line) as { id: string; updated_at: string };
        const n = Number.parseInt(id.slice(18), 16);
        const bit = 1 << (n & 7);
        if (((this.#seen[n >> 3] as number) & bit) !== 0) this.#twice++;
        (this.#seen[n >> 3] as number) |= bit;
        tally.add(id, updated_at);
      }
      this.bytes += bytes;
    }
    await rm(directory, { recursive: true, force: true });
  }

  records(): number {
    return [...this.#tallies.values()].reduce((sum, { records }) => sum + records, 0);
  }

  compare(truth: Answers['truth']): string[] {
    const problems = this.#twice > 0 ? [`${this.#twice} records twice`] : [];
    for (const [stream, { records, sum }] of Object.entries(truth)) {
      const tally = this.#tallies.get(stream as Stream) ?? new Tally();
      if (tally.records !== records) problems.push(`${stream}: ${tally.records} records instead of ${records}`);
      else if (tally.sum !== sum) problems.push(`${stream}: other records, or other versions of them`);
    }
    return problems;
  }
}

/** By line feeds alone: what else ends a line elsewhere may stand in a record. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      yield bytes.toString('utf8', from, end);
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) throw new Error('a file does not end with a line end');
}

/** Until a run has begun to write. */
async function waitForFiles(temp: string): Promise<void> {
  for (;;) {
    if (
      existsSync(temp) &&
      readdirSync(temp, { recursive: true }).some(name => /\.(?:partial|ndjson)/.test(String(name)))
    )
      return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

function requestsOf({ outputs }: ActionResult): number {
  const streams = JSON.parse(outputs.streams ?? '[]') as { requests: number }[];
  return streams.reduce((sum, { requests }) => sum + requests, 0);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
