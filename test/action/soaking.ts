// A soak: many scheduled runs in fast succession over one changing world, each of which may meet a trouble, onto both
// destinations. Now and then two runs without trouble have to set all right: what is published is then the truth, and a run
// without news takes as much as it took at the beginning.
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Used } from '../../bench/meter.ts';
import { readMeters } from '../../bench/meters.ts';
import { Random, type Stream } from '../world/kustomer/index.ts';
import { type ActionResult, usualNodeArgs } from '../world/runner/index.ts';
import { openStage, type Stage, type Sync } from '../world/stage.ts';
import { BRANCH, cloned, faults, HOUR, hold, uploaded } from './publishing.ts';

export interface SoakOptions {
  readonly seed: number;
  /** Those that may meet trouble, beside the runs of the checkpoints. */
  readonly runs: number;
  /** Of them, between two checkpoints. */
  readonly checkEvery: number;
  readonly say: (line: string) => void;
}

export interface SoakFigures {
  readonly problems: readonly string[];
  /** Runs of any kind. */
  readonly runs: number;
  /** How often each trouble was met. */
  readonly troubles: Readonly<Record<string, number>>;
  /** Of runs without news, at each checkpoint. */
  readonly quiet: readonly Quiet[];
  readonly history: History;
}

/** What a run without news has used, and left. */
export interface Quiet {
  readonly where: Where;
  readonly peakMB: number;
  readonly handles: number;
  /** Files in RUNNER_TEMP, once the job is over. */
  readonly left: number;
}

/** Of the repository with the data branch. */
export interface History {
  readonly commits: number;
  readonly objects: number;
  readonly packedBytes: number;
}

type Where = 'artifact' | 'branch';
const WHERES: readonly Where[] = ['artifact', 'branch'];
const CHANGING = ['conversations', 'customers', 'kobjects', 'messages', 'notes', 'tags', 'users'] as const;
const METER = fileURLToPath(new URL('../../bench/meter.ts', import.meta.url));

export async function soak(options: SoakOptions): Promise<SoakFigures> {
  await using stage = await openStage({ github: { ignoreCacheVersions: true }, world: { seed: options.seed } });
  return await new Soak(stage, options).run();
}

class Soak {
  readonly #stage: Stage;
  readonly #options: SoakOptions;
  readonly #random: Random;
  readonly #temp: string;
  readonly #problems: string[] = [];
  readonly #troubles: Record<string, number> = {};
  readonly #quiet: Quiet[] = [];
  /** What has happened since the last checkpoint. */
  #story: string[] = [];
  #isCompacted = false;
  #runs = 0;
  #at = 0;
  /** Runs until the key may read all streams again. */
  #refusedFor = 0;

  constructor(stage: Stage, options: SoakOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#temp = join(stage.root, 'tmp');
  }

  async run(): Promise<SoakFigures> {
    const { runs, checkEvery, say } = this.#options;
    const stage = this.#stage;
    await mkdir(this.#temp);
    const counts = {
      users: 5,
      teams: 2,
      tags: 6,
      shortcuts: 3,
      customers: 20,
      conversations: 30,
      messages: 40,
      notes: 8,
    };
    const spread = { from: Date.now() - 900 * 24 * HOUR, to: Date.now() - 2 * HOUR, tieFraction: 0.2, tieSize: 4 };
    stage.world.populate({ ...counts, kobjects: { order: 6, 'return-case': 4 } }, spread);
    await this.#check('at the start');
    for (let n = 1; n <= runs; n++) {
      this.#change();
      await this.#meet(n);
      if (n % checkEvery === 0 || n === runs) await this.#check(`after ${n} runs`);
      if (n % checkEvery === 0) say(`${n} runs, ${this.#problems.length} problems`);
    }
    const left = await readdir(this.#temp);
    if (left.length > 0) this.#note(`the temporary folder has ${left.length} entries: ${left.slice(0, 3).join(', ')}`);
    this.#compareQuiet();
    for (const bug of stage.github.traffic.bugs) this.#note(`the simulated GitHub: ${bug.message}`);
    const history = await this.#history();
    return { problems: this.#problems, runs: this.#runs, troubles: this.#troubles, quiet: this.#quiet, history };
  }

  #note(problem: string): void {
    this.#problems.push(problem);
    this.#options.say(`WRONG: ${problem}`);
  }

  /** Some records are created, updated or deleted; none in the same millisecond as another. */
  #change(): void {
    const random = this.#random;
    const { world } = this.#stage;
    const when = (n: number) => {
      const first = Math.max(this.#at + 1, Date.now() - HOUR / 2);
      this.#at = first + n;
      return (i: number) => first + i;
    };
    for (const stream of CHANGING) {
      if (!random.chance(0.4)) continue;
      const n = random.int(1, 4);
      world.update(stream, n, { at: when(n) });
      if (random.chance(0.3)) world.create(stream, n, { updatedAt: when(n) });
      if (random.chance(0.1)) world.softDelete(stream, 1, { at: when(1) });
      if (random.chance(0.1) && world.truth(stream).size > 4) world.hardDelete(stream, 1);
    }
  }

  /** One run, and what happens to it. */
  async #meet(n: number): Promise<void> {
    const random = this.#random;
    const where = random.pick(WHERES);
    const [name, trouble] = random.pick(TROUBLES);
    this.#troubles[name] = (this.#troubles[name] ?? 0) + 1;
    this.#story.push(`${n} ${where}: ${name}`);
    if (this.#refusedFor > 0 && --this.#refusedFor === 0) this.#stage.kustomer.faults.clear();
    const more = await trouble({
      stage: this.#stage,
      where,
      random,
      sync: sync => this.#sync(where, sync),
      refuse: runs => {
        this.#refusedFor = runs;
      },
    });
    const result = more === null ? null : await this.#sync(where, more);
    this.#isCompacted ||= more?.with?.mode === 'compact';
    this.#stage.github.traffic.clearFaults();
    if (this.#refusedFor === 0) this.#stage.kustomer.faults.clear();
    const isKilled = more?.kill !== undefined || more?.killPost !== undefined;
    if (result !== null && !isKilled && result.exitCode === null)
      this.#note(`run ${n} (${name}) ended by itself with a signal`);
  }

  async #sync(where: Where, { with: inputs, env, ...options }: Sync = {}): Promise<ActionResult> {
    this.#runs++;
    return this.#stage.sync({
      env: { TMPDIR: this.#temp, ...env },
      ...options,
      with: { destination: where, ...inputs },
    });
  }

  async #check(when: string): Promise<void> {
    const known = this.#problems.length;
    this.#refusedFor = 0;
    this.#stage.kustomer.faults.clear();
    for (const where of WHERES) {
      const all = await this.#sync(where);
      const { complete } = all.outputs;
      if (all.jobConclusion !== 'success' || complete !== 'true')
        this.#note(`${when}, ${where}: the run was\n${all.log}`);
      const published = await (where === 'branch' ? cloned(this.#stage) : uploaded(this.#stage));
      const { missing, twice } = faults(this.#stage, published);
      for (const each of missing.filter(each => !this.#isLeftOut(where, each)))
        this.#note(`${when}, ${where}: ${each} is missing`);
      for (const each of twice) this.#note(`${when}, ${where}: ${each} is there twice`);
      await this.#measure(when, where);
    }
    if (this.#problems.length > known) this.#options.say(`Before it: ${this.#story.join(', ')}`);
    this.#story = [];
  }

  /** A compaction leaves out what is marked as deleted. @param missing stream, id and time */
  #isLeftOut(where: Where, missing: string): boolean {
    const [stream, id = ''] = missing.split(' ');
    return (
      where === 'branch' && this.#isCompacted && this.#stage.world.truth(stream as Stream).get(id)?.deleted === true
    );
  }

  async #measure(when: string, where: Where): Promise<void> {
    const meter = join(this.#stage.root, `meter-${this.#runs}`);
    const nodeArgs = [...usualNodeArgs(), '--disable-warning=ExperimentalWarning', '--import', METER];
    const result = await this.#sync(where, { nodeArgs, env: { METER: meter } });
    const { records } = result.outputs;
    if (result.exitCode !== 0 || records !== '0')
      this.#note(`${when}, ${where}: nothing changed, and ${records} records came`);
    const [used] = readMeters(meter).sort((a, b) => a.startedAt - b.startedAt) as [Used];
    const left = await filesIn(result.paths.temp);
    this.#quiet.push({ where, peakMB: used.peakMB, handles: used.handles, left });
  }

  /** The last runs without news have used no more than the first ones. */
  #compareQuiet(): void {
    for (const where of WHERES) {
      const of = this.#quiet.filter(each => each.where === where);
      const [first, last] = [of[0], of.at(-1)] as [Quiet, Quiet];
      const grown = [
        last.peakMB > 1.3 * first.peakMB && `memory from ${first.peakMB} MB to ${last.peakMB} MB`,
        last.handles > first.handles + 3 && `open handles from ${first.handles} to ${last.handles}`,
        last.left > first.left && `files left in RUNNER_TEMP from ${first.left} to ${last.left}`,
      ];
      for (const each of grown) if (each !== false) this.#note(`${where}: ${each}`);
    }
  }

  async #history(): Promise<History> {
    const { git } = this.#stage.github.repository;
    await git.git('gc', '--quiet', '--prune=now');
    const counted = await git.git('count-objects', '-v');
    const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(counted)?.[1] ?? Number.NaN);
    const commits = Number(await git.git('rev-list', '--count', BRANCH));
    return { commits, objects: count('in-pack'), packedBytes: count('size-pack') * 1_024 };
  }
}

async function filesIn(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true });
  const areFiles = await Promise.all(entries.map(async each => (await stat(join(directory, each))).isFile()));
  return areFiles.filter(isFile => isFile).length;
}

interface Surroundings {
  readonly stage: Stage;
  readonly where: Where;
  readonly random: Random;
  readonly sync: (sync?: Sync) => Promise<ActionResult>;
  /** The key may not read a stream for so many runs. */
  readonly refuse: (runs: number) => void;
}

/** What the next run is given; null when it has been run. */
type Trouble = (surroundings: Surroundings) => Promise<Sync | null> | Sync | null;

/** When so many requests have come from now on. */
function afterRequests({ stage, random }: Surroundings): Promise<void> {
  let left = random.int(1, 40);
  return new Promise(done => {
    const count = () => {
      if (--left > 0) return;
      for (const stop of stops) stop();
      done();
    };
    const stops = [stage.kustomer.onRequest(count), stage.github.traffic.onRequest(count)];
  });
}

const KUSTOMER_FAULTS = [
  { kind: 'status', status: 500 },
  { kind: 'reset' },
  { kind: 'bad-json' },
  { kind: 'cut-body' },
  { kind: 'missing-data' },
  { kind: 'repeat-page' },
] as const;
const OPERATIONS: Readonly<Record<Where, readonly string[]>> = {
  artifact: [
    'CreateArtifact',
    'FinalizeArtifact',
    'CreateCacheEntry',
    'FinalizeCacheEntryUpload',
    'GetCacheEntryDownloadURL',
  ],
  branch: ['git.createBlob', 'git.createTree', 'git.createCommit', 'git.updateRef', 'git.getRef'],
};
const ALL = 'conversations,customers,kobjects,messages,notes,shortcuts,tags,teams,users';

/** By chance: what stands here twice is met twice as often. */
const TROUBLES: readonly (readonly [name: string, trouble: Trouble])[] = [
  ['none', () => ({})],
  ['none', () => ({})],
  ['other options', ({ random }) => ({ with: otherOptions(random) })],
  ['some streams', ({ random }) => ({ with: { streams: random.pick(['messages,tags', 'customers', 'users,notes']) } })],
  [
    'full refresh',
    ({ where }) => (where === 'branch' ? { with: { streams: ALL.replace('tags', 'tags:full_refresh') } } : {}),
  ],
  ['fault of Kustomer', faultOfKustomer],
  ['fault of Kustomer', faultOfKustomer],
  ['fault of GitHub', faultOfGitHub],
  ['fault of GitHub', faultOfGitHub],
  ['killed', around => ({ kill: afterRequests(around) })],
  ['killed', around => ({ kill: afterRequests(around) })],
  ['machine gone', around => ({ kill: afterRequests(around), machineVanishes: true })],
  ['post step killed', around => ({ kill: afterRequests(around), killPost: afterRequests(around) })],
  ['canceled', around => ({ cancelAfter: afterRequests(around) })],
  ['cache evicted', evict],
  ['stream refused', refuseStream],
  ['two at once', twoAtOnce],
  ['two at once', twoAtOnce],
  ['compaction', ({ where }) => (where === 'branch' ? { with: { mode: 'compact' } } : {})],
];

function otherOptions(random: Random): Record<string, string> {
  return {
    compression: random.pick(['none', 'gzip']),
    concurrency: random.pick(['1', '3', '10']),
    settle: random.pick(['30s', '60s']),
    lookback: random.pick(['45m', '60m', '90m']),
    'include-deleted': 'true',
    archive: random.pick(['auto', 'never']),
  };
}

function faultOfKustomer({ stage, random }: Surroundings): Sync {
  stage.kustomer.faults.add({ ...random.pick(KUSTOMER_FAULTS), times: 1, match: { nth: random.int(1, 15) } });
  return {};
}

function faultOfGitHub({ stage, where, random }: Surroundings): Sync {
  const fault = random.pick([{ kind: 'status', status: 503 }, { kind: 'lost' }, { kind: 'reset' }] as const);
  stage.github.traffic.fault(random.pick(OPERATIONS[where]), fault, { skip: random.int(0, 2) });
  return {};
}

function evict({ stage, random }: Surroundings): Sync {
  stage.github.evictCaches(() => random.chance(0.7));
  return {};
}

function refuseStream({ stage, random, refuse }: Surroundings): Sync {
  refuse(random.int(1, 4));
  const stream = random.pick(['customers', 'messages', 'tags', 'kobjects'] as const);
  stage.kustomer.faults.add({ kind: 'status', status: 403, times: Number.POSITIVE_INFINITY, match: { stream } });
  return {};
}

/** Two uploads of artifacts that end within the same seconds may both count, so the second begins before the first decides. */
async function twoAtOnce({ stage, where, sync }: Surroundings): Promise<null> {
  const root = `${stage.root}/other`;
  if (where === 'branch') {
    await Promise.all([sync(), sync({ root })]);
    return null;
  }
  const decision = hold(stage, 'GetCacheEntryDownloadURL', 2);
  const slow = sync({ root });
  await Promise.race([decision.reached, slow, sleep(60_000, undefined, { ref: false })]);
  await sync();
  decision.go();
  await slow;
  return null;
}
