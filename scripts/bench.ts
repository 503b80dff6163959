// How near the action comes to what is possible. Every figure is a ratio, or a number of requests, taken in one run: times
// of a machine say nothing.
//
//   npm run bench                        all of it, in real minutes (more than half an hour); writes bench/results.json
//   npm run bench -- --only throughput,memory
//   npm run bench -- --short             the part that CI runs; fails on a fall of more than 20 % below bench/reference.json
//   npm run bench -- --short --keep      makes what it measures the reference
//   npm run bench -- --against main      the bundle over that of another commit, by turns: throughput and CPU of `flat`
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Kustomer, openLab, startKustomer } from '../bench/lab.ts';
import type { Used } from '../bench/meter.ts';
import type { Scene, Seen } from '../bench/simulator.ts';

interface Figure {
  readonly name: string;
  readonly value: number;
  /** What the issue of the project asks for; absent where it asks for a number and no more. */
  readonly least?: number;
  readonly most?: number;
}

const REFERENCE = fileURLToPath(new URL('../bench/reference.json', import.meta.url));
const MINUTE = 60_000;
const PAGE = 500;
const short = process.argv.includes('--short');
const against = after('--against');
const only = after('--only')?.split(',');
const wants = (name: string) => against === undefined && (only?.includes(name) ?? true);
const figures: Figure[] = [];
const lab = await openLab();

/** CPU seconds over the floor, and MB of resident memory. The start of a process is a larger part of a short run. */
const MOST = short ? { raw: 1.3, flat: 1.7, memory: 200 } : { raw: 1.1, flat: 1.4, memory: 130 };

/** Nothing slows the action down but itself. */
const UNLIMITED = { 'search-requests-per-minute': '1000000', 'requests-per-minute': '1000000' };

function figure(name: string, value: number, bound: { least?: number; most?: number } = {}): void {
  const rounded = Math.round(value * 1_000) / 1_000;
  figures.push({ name, value: rounded, ...bound });
  const { least, most } = bound;
  const asked = least !== undefined ? `at least ${least}` : most !== undefined ? `at most ${most}` : '';
  const missed = rounded < (least ?? rounded) || rounded > (most ?? rounded);
  console.log(`${name.padEnd(66)}${String(rounded).padStart(10)}   ${asked}${missed ? '   MISSED' : ''}`);
}

// ---- Throughput without limits, over the floor ------------------------------------------------------------------------

async function throughput(records: number, rounds: number): Promise<void> {
  await using kustomer = await startKustomer({ counts: { conversations: records / 2, messages: records / 2 } });
  const ratios: Record<string, number[]> = { 'raw speed': [], 'raw cpu': [], 'flat speed': [], 'flat cpu': [] };
  // By turns, so that whatever else the machine does is shared out.
  for (let round = 0; round < rounds; round++) {
    for (const format of ['raw', 'flat']) {
      await kustomer.ask('forget');
      const inputs = {
        ...UNLIMITED,
        streams: 'conversations,messages',
        'reset-state': 'true',
        'record-format': format,
      };
      const { used: action } = await lab.action(kustomer, inputs);
      const floor = await floorOver(kustomer);
      ratios[`${format} speed`]?.push(floor.wallSeconds / action.wallSeconds);
      ratios[`${format} cpu`]?.push(action.cpuSeconds / floor.cpuSeconds);
    }
  }
  const of = (name: string) => median(ratios[name] ?? []);
  figure('throughput, raw: records a second over the floor', of('raw speed'), { least: 0.8 });
  figure('throughput, flat: records a second over the floor', of('flat speed'), { least: 0.6 });
  figure('CPU seconds, raw: over the floor', of('raw cpu'), { most: MOST.raw });
  figure('CPU seconds, flat: over the floor', of('flat cpu'), { most: MOST.flat });
}

// ---- Fields that are kept back ----------------------------------------------------------------------------------------

/** Columns that most records have, others deep inside, and some of few records. */
const FIELDS = `preview name subject external_id custom.msg_contact_reason_tree custom.msg_tracking_url
  custom.conv_order_id_str meta.from meta.to meta.cc meta.recipient.email last_message_in.meta first_message_out.meta
  satisfaction_level assigned_users assigned_teams tags suggested_tags modified_by.id customer.id`.split(/\s+/);

async function fields(records: number, rounds: number): Promise<void> {
  await using kustomer = await startKustomer({ counts: { conversations: records / 2, messages: records / 2 } });
  const paths = FIELDS.map(path => `*.${path}`).join('\n');
  const inputs = { ...UNLIMITED, streams: 'conversations,messages', 'reset-state': 'true' };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const cpu: number[] = [];
    for (const exclude of ['', paths]) {
      cpu.push((await lab.action(kustomer, { ...inputs, 'exclude-fields': exclude })).used.cpuSeconds);
    }
    ratios.push((cpu[1] as number) / (cpu[0] as number));
  }
  figure('CPU seconds, flat: with 20 excluded fields over without', median(ratios), { most: 1.15 });
}

/** What a change costs: the bundle, and that of another commit, over the same records and by turns. */
async function comparison(commit: string, records: number, rounds: number): Promise<void> {
  await using kustomer = await startKustomer({ counts: { conversations: records / 2, messages: records / 2 } });
  const inputs = { ...UNLIMITED, streams: 'conversations,messages', 'reset-state': 'true' };
  const ratios: Record<'cpu' | 'speed', number[]> = { cpu: [], speed: [] };
  const bundles = [fileURLToPath(new URL('..', import.meta.url)), lab.actionOf(commit)];
  for (let round = 0; round < rounds; round++) {
    const used: Used[] = [];
    for (const n of round % 2 === 0 ? [0, 1] : [1, 0]) {
      await kustomer.ask('forget');
      used[n] = (await lab.action(kustomer, inputs, bundles[n])).used;
    }
    const [own, other] = used as [Used, Used];
    ratios.cpu.push(own.cpuSeconds / other.cpuSeconds);
    ratios.speed.push(other.wallSeconds / own.wallSeconds);
  }
  figure(`CPU seconds, flat: over those of ${commit}`, median(ratios.cpu), { most: 1.05 });
  figure(`throughput, flat: records a second over those of ${commit}`, median(ratios.speed), { least: 0.95 });
}

/** The floor over the searches that the action has just made, with as many in flight. */
async function floorOver(kustomer: Kustomer): Promise<Used> {
  const plan = join(lab.directory, 'plan.json');
  const searches = await kustomer.searches();
  const requests = searches.map(({ path, query, body }) => ({ path: `${path}?${new URLSearchParams(query)}`, body }));
  writeFileSync(plan, JSON.stringify(requests));
  return lab.floor(kustomer, plan, 9);
}

// ---- Memory -----------------------------------------------------------------------------------------------------------

async function memory(few: number, many: number): Promise<void> {
  const peaks: number[] = [];
  for (const records of [few, many]) {
    await using kustomer = await startKustomer({ counts: { conversations: records / 2, messages: records / 2 } });
    const runs: number[] = [];
    for (let run = 0; run < 3; run++) {
      const inputs = { ...UNLIMITED, streams: 'conversations,messages', 'reset-state': 'true' };
      runs.push((await lab.action(kustomer, inputs)).used.peakMB);
    }
    peaks.push(median(runs));
  }
  const [small = 0, large = 0] = peaks;
  figure(`memory, peak MB at ${few.toLocaleString('en-US')} records`, small);
  figure(`memory, peak MB at ${many.toLocaleString('en-US')} records`, large, { most: MOST.memory });
  figure('memory, the second over the first', large / small, { most: 1.1 });
}

// ---- At the limit -----------------------------------------------------------------------------------------------------

interface Limited {
  readonly requests: readonly Seen[];
  readonly inMinutes: readonly number[];
  readonly busiest: number;
  readonly refused: number;
  readonly records: number;
  readonly neighbour: { asked: number; refused: number; mostResets: number };
}

/** A run against a limit. `minute` is how long the windows are that are looked at. */
async function limited(scene: Scene, inputs: Record<string, string>): Promise<Limited> {
  await using kustomer = await startKustomer(scene);
  const { result } = await lab.action(kustomer, { 'record-format': 'raw', 'reset-state': 'true', ...inputs });
  const requests = await kustomer.ask('requests');
  const searches = requests.filter(({ budget }) => budget === 'search').map(({ at }) => at);
  const [start = 0, end = 0] = [searches[0], searches.at(-1)];
  const inMinutes: number[] = [];
  for (let from = start; from + MINUTE <= end; from += MINUTE) {
    inMinutes.push(searches.filter(at => at >= from && at < from + MINUTE).length);
  }
  return {
    requests,
    inMinutes,
    busiest: busiest(searches),
    refused: requests.filter(({ status }) => status === 429).length,
    records: Number(result.outputs.records),
    neighbour: await kustomer.ask('neighbour'),
  };
}

async function atTheLimit(): Promise<void> {
  const limit = 600;
  // At 600 pages a minute, so that there are three full minutes and a bit.
  const counts = { messages: 960_000 };
  const inputs = {
    streams: 'messages',
    'search-requests-per-minute': String(limit),
    'requests-per-minute': '1000',
    concurrency: '64',
  };
  const server = { searchLimit: limit, orgLimit: 1_000 };
  for (const latencyMs of [50, 500, 1_500, 3_000]) {
    const run = await limited({ counts, server: { ...server, latencyMs } }, inputs);
    const at = `at ${latencyMs} ms`;
    figure(`full minutes ${at}`, run.inMinutes.length, { least: 3 });
    figure(`budget use ${at}: the least of the full minutes`, Math.min(...run.inMinutes) / limit, { least: 0.97 });
    figure(`budget use ${at}: the busiest 60 s at the server`, run.busiest / limit, { most: 1 });
    figure(`refusals (429) ${at}`, run.refused, { most: 0 });
    figure(`page fill ${at}: records over ${PAGE} x searches`, run.records / (PAGE * run.requests.length));
  }
}

/** Streams of very different length, and how near to each other they end. */
async function together(): Promise<void> {
  const counts = { conversations: 60_000, customers: 20_000, messages: 160_000, notes: 40_000 };
  const server = { searchLimit: 600, orgLimit: 1_000, latencyMs: 300 };
  const inputs = {
    streams: Object.keys(counts).join(),
    'search-requests-per-minute': '600',
    'requests-per-minute': '1000',
    concurrency: '20',
  };
  const { requests } = await limited({ counts, server }, inputs);
  const searches = requests.filter(({ budget }) => budget === 'search');
  const ofStream = Map.groupBy(searches, ({ body }) => (body as { queryContext: string }).queryContext);
  const last = [...ofStream.values()].map(of => Math.max(...of.map(({ at }) => at)));
  const start = Math.min(...searches.map(({ at }) => at));
  figure(
    'streams of 20,000 to 160,000: end of the first over end of the last',
    (Math.min(...last) - start) / (Math.max(...last) - start),
  );
}

async function withFaults(): Promise<void> {
  const scene: Scene = {
    counts: { messages: 300_000 },
    server: { searchLimit: 600, orgLimit: 1_000, latencyMs: 200 },
    faults: { oneIn: 15, fault: { kind: 'status', status: 503 } },
  };
  const inputs = {
    streams: 'messages',
    'search-requests-per-minute': '600',
    concurrency: '64',
    'requests-per-minute': '1000',
  };
  const { busiest, refused, records } = await limited(scene, inputs);
  figure('faults, one request in 15: the busiest 60 s at the server', busiest / 600, { most: 1 });
  figure('faults, one request in 15: refusals (429)', refused, { most: 0 });
  figure('faults, one request in 15: records read of all', records / 300_000, { least: 1, most: 1 });
}

async function withNeighbour(): Promise<void> {
  const scene: Scene = {
    counts: { messages: 600_000 },
    server: { searchLimit: 800, orgLimit: 1_000, latencyMs: 300 },
    neighbour: 300,
  };
  const inputs = {
    streams: 'messages,users',
    'search-requests-per-minute': '800',
    concurrency: '32',
    'requests-per-minute': '1000',
  };
  const { requests, refused, records, neighbour } = await limited(scene, inputs);
  figure('neighbour with 30 % of the limit: our refusals over our requests', refused / requests.length, { most: 0.01 });
  figure('neighbour: refused again after a reset, the most in a row', neighbour.mostResets, { most: 1 });
  figure('neighbour: its refusals over its requests', neighbour.refused / neighbour.asked);
  figure('neighbour: records read of all', records / 600_000, { least: 1, most: 1 });
}

// ---- A small organization, beside the taps ----------------------------------------------------------------------------

/** A first sync that could fit into one minute of Kustomer's own limits, and one without a change. */
async function small(): Promise<void> {
  const lists = { shortcuts: 60, tags: 130, teams: 12, users: 88 };
  const searched = { conversations: 9_150, customers: 11_020, messages: 19_380, notes: 3_290 };
  const counts = { ...searched, ...lists, kobjects: { order: 2_400, visit: 760 } };
  const all = 46_290;
  const scene: Scene = { counts, server: { searchLimit: 100, orgLimit: 1_000, latencyMs: 250 } };
  const searchesOf = async (kustomer: Kustomer) => (await kustomer.searches()).length;
  let seconds: number;
  {
    await using kustomer = await startKustomer(scene);
    const { result, used } = await lab.action(kustomer, { 'state-id': 'small' });
    seconds = used.wallSeconds;
    figure(`${all} records: read of all`, Number(result.outputs.records) / all, { least: 1, most: 1 });
    figure(`${all} records: searches`, await searchesOf(kustomer), { most: 100 });
    figure(`${all} records: refusals (429)`, (await kustomer.ask('counts')).refused, { most: 0 });
    figure(`${all} records: wall seconds, of all of it`, seconds, { most: 30 });
    await kustomer.ask('forget');
    // Within the same minute the budget of the first run would not be there again.
    await sleep(MINUTE);
    await lab.action(kustomer, { 'state-id': 'small' });
    figure(`${all} records: searches of a run without a change`, await searchesOf(kustomer), { most: 5 });
  }
  for (const [which, name] of [
    ['singer', 'singer-io/tap-kustomer'],
    ['meltano', 'MeltanoLabs/tap-kustomer'],
  ] as const) {
    await using kustomer = await startKustomer(scene);
    const { records, used } = await lab.tap(kustomer, which);
    figure(`${name}: records read of all`, records / all);
    figure(`${name}: searches`, await searchesOf(kustomer));
    figure(`${name}: wall seconds over those of the action`, used.wallSeconds / seconds, { least: 1 });
  }
}

// ---- Start-up, and a run with no change -------------------------------------------------------------------------------

async function quiet(): Promise<void> {
  const searchStreams = ['conversations', 'customers', 'messages', 'notes'];
  const listStreams = ['shortcuts', 'tags', 'teams', 'users'];
  const counts = Object.fromEntries([...searchStreams, ...listStreams].map(stream => [stream, 90]));
  await using kustomer = await startKustomer({ counts, server: { latencyMs: 50 } });
  const inputs = { ...UNLIMITED, streams: [...searchStreams, ...listStreams].join(), 'record-format': 'flat' };
  const starts: number[][] = [[], []];
  for (let round = 0; round < 3; round++) {
    for (const [state, times] of starts.entries()) {
      await kustomer.ask('forget');
      const { used } = await lab.action(kustomer, { ...inputs, 'state-id': `bench-${round}` });
      const [first] = await kustomer.ask('requests');
      times.push((first?.at ?? 0) - used.startedAt);
      if (round > 0 || state === 0) continue;
      const requests = await kustomer.ask('requests');
      const searches = requests.filter(({ budget }) => budget === 'search');
      const ofStream = Map.groupBy(searches, ({ body }) => (body as { queryContext: string }).queryContext);
      const lists = requests.length - searches.length;
      figure(
        'no change: the most requests of a search stream',
        Math.max(...[...ofStream.values()].map(of => of.length)),
        { most: 2 },
      );
      // Tags, teams and users show what is deleted in a view of its own; each view is one page here.
      figure('no change: requests of all list streams over their pages', lists / 7, { most: 1 });
      figure('no change: wall seconds, of all of it', used.wallSeconds);
    }
  }
  figure('start-up: ms from the start of the process to the first request', median(starts[0] ?? []));
  figure('start-up: the same with a state, over that without', median(starts[1] ?? []) / median(starts[0] ?? []));
}

// ---- All of it --------------------------------------------------------------------------------------------------------

try {
  if (against !== undefined) await comparison(against, 40_000, 21);
  if (wants('quiet')) await quiet();
  if (wants('throughput')) await (short ? throughput(40_000, 3) : throughput(500_000, 3));
  if (wants('fields')) await (short ? fields(40_000, 5) : fields(500_000, 5));
  if (wants('memory')) await (short ? memory(20_000, 80_000) : memory(50_000, 1_000_000));
  if (wants('limit') && !short) await atTheLimit();
  if (wants('small') && !short) await small();
  if (wants('together') && !short) await together();
  if (wants('faults') && !short) await withFaults();
  if (wants('neighbour') && !short) await withNeighbour();
} finally {
  await lab.close();
  // What has been measured is not lost with a part that could not be.
  if (!short && against === undefined) keep();
}
if (short && process.argv.includes('--keep')) writeFileSync(REFERENCE, `${JSON.stringify(asReference(), null, 2)}\n`);
else if (short && fallen().length > 0) {
  console.error(`Fallen by more than 20 %: ${fallen().join('; ')}`);
  process.exitCode = 1;
}

/** Puts the figures into bench/results.json, beside those of other parts. */
function keep(): void {
  const file = fileURLToPath(new URL('../bench/results.json', import.meta.url));
  const before: Figure[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const others = before.filter(({ name }) => !figures.some(figure => figure.name === name));
  writeFileSync(file, `${JSON.stringify([...others, ...figures], null, 2)}\n`);
}

/** The figures that are ratios or counts: the same on any machine. */
function asReference(): Record<string, number> {
  return Object.fromEntries(figures.filter(({ least, most }) => least ?? most).map(({ name, value }) => [name, value]));
}

/** Figures that are more than 20 % worse than their reference. */
function fallen(): string[] {
  const reference: Record<string, number> = JSON.parse(readFileSync(REFERENCE, 'utf8'));
  return figures
    .filter(({ name, value, least }) => {
      const before = reference[name];
      if (before === undefined) return false;
      return least === undefined ? value > before * 1.2 : value < before * 0.8;
    })
    .map(({ name, value }) => `${name}: ${value} instead of ${reference[name]}`);
}

function after(option: string): string | undefined {
  const at = process.argv.indexOf(option);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** The most of these moments in any minute. */
function busiest(moments: readonly number[]): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while ((sorted[to] as number) - (sorted[from] as number) >= MINUTE) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
