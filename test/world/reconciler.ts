// Reconciliations in this process, against the simulator over real sockets, in random worlds that go on changing: what an id
// file says, and what the views show by it, is compared with what there was.
import { openReconciliation } from '../../src/commands/reconcile.ts';
import { openBudget } from '../../src/kustomer/budget.ts';
import { openClient } from '../../src/kustomer/client.ts';
import { openSource } from '../../src/kustomer/source.ts';
import { streamNamed } from '../../src/kustomer/streams.ts';
import { type Fact, factOf, openLatest } from '../../src/records/latest.ts';
import { orderOf } from '../../src/schema/view-columns.ts';
import type { StreamJob } from '../../src/sync/job.ts';
import { type Ending, readAll, Stopped } from '../../src/sync/read-all.ts';
import { openReaderPool } from '../../src/sync/reader-pool.ts';
import type { DatedRecord, ListPages, Resource } from '../../src/sync/source.ts';
import { NO_STATE, type Reconciliation, type ShardFile, type State } from '../../src/sync/state.ts';
import { DEFAULT_TOKEN, type LoggedRequest, Random, type Stream, type WorldOptions } from './kustomer/index.ts';
import { DAY, HOUR, MINUTE, NOON, Reader, SECOND, savedState } from './reader.ts';

const quiet = { info() {}, debug() {}, notice() {}, warning() {} };

/** What the newest files of ids say of a stream, as the views and a compaction take it. */
interface Evidence {
  /** When the first run of the reconciliation began. */
  readonly begunAt: number;
  readonly asOf: number;
  readonly from: number;
  readonly ids: readonly string[];
}

/** A run while it reads. */
interface Running {
  /** Of the search that is about to be answered, from 1. */
  readonly request: number;
  /** Ends it as the time budget does. */
  stop(): void;
  /** Notes what a post step would publish from now on. */
  checkpoint(): void;
  /** The process dies: what counts is the last checkpoint, if there is one. */
  kill(): void;
}

/** What a run leaves. */
interface Left {
  readonly state: State;
  readonly outcomes: readonly { readonly name: Stream; readonly outcome: string }[];
  readonly written: ReadonlyMap<Stream, readonly string[]>;
  readonly asOf: number;
}

export class Reconciler {
  readonly reader: Reader;
  state: State = NO_STATE;
  /** What the runs of the reconciliation under way have found, by stream. */
  found = new Map<Stream, readonly string[]>();
  /** By stream. */
  readonly evidence = new Map<Stream, Evidence>();
  #begunAt = Number.NaN;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  /** @param onRequest called before each search is answered */
  async run(streams: readonly Stream[], onRequest: (running: Running) => void = () => {}) {
    const { reader } = this;
    const stop = new AbortController();
    const requests: LoggedRequest[] = [];
    const client = openClient({
      ...{ origin: reader.server.url, token: DEFAULT_TOKEN, concurrency: 6, signal: stop.signal, userAgent: 'test' },
      ...{ budget: openBudget(1e6, 1e6, stop.signal), debug: () => {} },
    });
    const source = openSource(client, false, true);
    const selections = streams.map(name => ({ name, mode: 'incremental', named: true }) as const);
    const config = {
      streams: selections,
      startDate: null,
      settleMs: MINUTE,
      lookbackMs: HOUR,
      archive: 'auto',
      confirmVanished: true,
    } as const;
    const run = { config, now: reader.now, client, log: quiet, stop };
    const variant = openReconciliation(run as unknown as Parameters<typeof openReconciliation>[0]);
    const begun = variant.goOn?.(this.state) as State;
    if (begun.shardManifest === undefined) this.#begunAt = reader.now;
    const written = new Map<Stream, string[]>(streams.map(name => [name, []]));
    const write = (name: string) => async (records: readonly DatedRecord[]) => {
      written.get(name as Stream)?.push(...records.map(({ resource }) => String(JSON.parse(String(resource.json)).id)));
    };
    const lists = new Map<string, ListPages>();
    for (const name of streams) {
      const stream = streamNamed(name);
      if (stream.kind === 'list') lists.set(name, source.list(stream));
    }
    const context = { pool: openReaderPool(client), signal: stop.signal, now: reader.now };
    const writerOf = (name: string) => ({
      write: write(name),
      openStagingFile() {
        const held: DatedRecord[] = [];
        const add = async (records: readonly DatedRecord[]) => void held.push(...records);
        return { write: add, commit: () => write(name)(held), discard: async () => {} };
      },
    });
    const completed = new Set<string>();
    const jobs = variant.openJobs({ config, state: begun, source, lists, context, log: quiet, writerOf }).map(job => ({
      ...job,
      async read() {
        const isComplete = await job.read();
        if (isComplete) completed.add(job.name);
        return isComplete;
      },
    }));
    const leave = (endings: ReadonlyMap<string, Ending> | undefined): Left => {
      const outcomes = streams.map(name => ({
        name,
        outcome: endings?.get(name)?.outcome ?? (completed.has(name) ? 'complete' : 'partial'),
      }));
      const reconciliation = variant.after?.(outcomes as never, endings !== undefined) as Reconciliation;
      const own = streams.map((stream): ShardFile => ({ stream, records: written.get(stream)?.length ?? 0 }));
      const shardManifest = { files: [...(begun.shardManifest?.files ?? []), ...own], requests: {} };
      return {
        state: savedState({ ...begun, reconciliation, shardManifest }, jobs, source.organization()),
        outcomes,
        written: new Map([...written].map(([name, ids]) => [name, [...ids]])),
        asOf: reconciliation.asOf,
      };
    };
    let noted: Left | undefined;
    let isDead = false;
    const unhook = reader.server.onRequest(request => {
      requests.push(request);
      onRequest({
        request: requests.length,
        stop: () => stop.abort(new Stopped('time-budget')),
        checkpoint: () => {
          if (!isDead) noted = leave(undefined);
        },
        kill: () => {
          isDead = true;
          stop.abort(new Stopped('cancelled'));
        },
      });
    });
    const endings = await readAll(jobs, stop);
    unhook();
    await client.close();
    const left = isDead ? noted : leave(endings);
    if (left !== undefined) this.#keep(left, begun.shardManifest === undefined, jobs);
    const error = [...endings.values()].find(
      ({ outcome, error }) => outcome === 'failed' && error !== undefined,
    )?.error;
    const isComplete = !isDead && [...endings.values()].every(({ outcome }) => outcome === 'complete');
    return { isComplete, error, requests, asOf: left?.asOf ?? Number.NaN };
  }

  /** What is published: the state, and files of ids with a manifest. */
  #keep({ state, outcomes, written, asOf }: Left, isNew: boolean, jobs: readonly StreamJob[]): void {
    this.state = state;
    if (isNew) this.found = new Map();
    for (const [name, ids] of written) this.found.set(name, [...(this.found.get(name) ?? []), ...ids]);
    for (const { name, outcome } of outcomes) {
      if (outcome !== 'complete' || asOf <= (this.evidence.get(name)?.asOf ?? Number.NEGATIVE_INFINITY)) continue;
      const from = jobs.find(job => job.name === name)?.wanted.from ?? Number.NEGATIVE_INFINITY;
      this.evidence.set(name, { begunAt: this.#begunAt, asOf, from, ids: this.found.get(name) ?? [] });
    }
  }
}

/** What a sync has published of a stream: which records the views show by it, and by the evidence there is. */
class Views {
  readonly #facts = new Map<Stream, Fact[]>();

  async sync(reader: Reader): Promise<string[]> {
    const problems: string[] = [];
    for (const stream of STREAMS) {
      const facts = this.#facts.get(stream) ?? [];
      this.#facts.set(stream, facts);
      const onRecord = ({ json }: Resource) => void facts.push(factOf(String(json)) as Fact);
      const { complete, error } = await reader.run(stream, { onRecord });
      if (!complete) problems.push(`${stream} is not synced: ${error?.message}`);
    }
    return problems;
  }

  shows(stream: Stream, evidence: Evidence | undefined): (id: string) => boolean {
    const existing = evidence && {
      keys: new Set(evidence.ids.map(keyOf)),
      asOf: evidence.asOf * 1_000,
      from: evidence.from * 1_000,
    };
    const latest = openLatest(orderOf(stream), existing);
    for (const [n, fact] of (this.#facts.get(stream) ?? []).entries()) latest.add(fact, n);
    const shown = new Set([...latest.holding()].map(({ key }) => key));
    return id => shown.has(keyOf(id));
  }
}

const keyOf = (id: string) => (factOf(JSON.stringify({ id })) as Fact).key;

const STREAMS: readonly Stream[] = ['messages', 'kobjects', 'customers', 'notes', 'tags'];

/** What is wrong with the ids of a random world; empty when nothing is. */
export async function playReconciliation(seed: number): Promise<string[]> {
  const random = new Random(seed);
  const options: Partial<WorldOptions> = {
    seed,
    pageSizeMax: random.pick([3, 5, 8, 20]),
    tieOrder: random.pick(['stable', 'unstable'] as const),
    precision: random.pick(['ms', 's', 'stored-s'] as const),
    idsOnlyShape: random.pick(['objects', 'strings', 'dated'] as const),
    hiddenKlasses: random.pick([[], ['visit']]),
    indexLagMs: random.pick([0, 20 * SECOND, 40 * MINUTE]),
    archiveOverlapMs: random.pick([0, 5 * DAY]),
  };
  await using reader = await Reader.open(options);
  const { world } = reader;
  const counts = { messages: random.int(0, 60), customers: random.int(0, 30), notes: 8, tags: 6 };
  const kobjects = { order: random.int(0, 20), visit: random.int(1, 12) };
  const ages = [900 * DAY, 90 * DAY, 3 * HOUR] as const;
  for (const age of ages) {
    const spread = { from: NOON - age, to: NOON - age / 3, tieFraction: random.pick([0, 0.6]), tieSize: 9 };
    world.populate({ ...counts, kobjects }, spread);
  }
  const ids = (stream: Stream) => [...world.truth(stream).keys()];
  const change = () => {
    reader.now += random.int(0, 3_000);
    const stream = random.pick(STREAMS.filter(each => each !== 'tags'));
    if (random.chance(0.2))
      world.create(stream, 1, stream === 'kobjects' ? { klass: random.pick(['order', 'visit']) } : {});
    else if (random.chance(0.15)) world.hardDelete(stream, ids(stream).length > 0 ? 1 : 0);
    else if (random.chance(0.1)) world.softDelete(stream, Math.min(1, ids(stream).length));
    else world.update(stream, Math.min(2, ids(stream).length));
  };
  const views = new Views();
  const problems = await views.sync(reader);
  const gone = new Map(STREAMS.map(stream => [stream, world.hardDelete(stream, ids(stream).slice(0, 3))]));
  for (let n = 0; n < 10; n++) change();
  reader.now += random.int(0, 2) * HOUR;

  const reconciler = new Reconciler(reader);
  const busy = random.pick([0, 0.3, 0.8]);
  let changes = 0;
  let isComplete = false;
  for (let run = 1; run <= 16 && !isComplete; run++) {
    const fate = run < 6 ? random.pick(FATES) : 'lives';
    const at = random.int(1, 40);
    const lacking = random.pick(STREAMS.filter(stream => stream !== 'kobjects'));
    const result = await reconciler.run(STREAMS, running => {
      const { request } = running;
      // As fast as the reading, it would never end.
      if (changes < 200 && random.chance(busy)) {
        changes++;
        change();
      }
      if (random.chance(0.2)) running.checkpoint();
      if (request < at) return;
      if (fate === 'stops') running.stop();
      if (fate === 'dies') running.kill();
      if (fate === 'lacks a role' && request === at) {
        const match = { stream: lacking };
        reader.server.faults.add({ kind: 'status', status: 403, times: Number.POSITIVE_INFINITY, match });
      }
    });
    reader.server.faults.clear();
    if (result.error !== undefined) return [`seed ${seed}: ${result.error.message}`];
    ({ isComplete } = result);
    if (!isComplete) reader.now += random.int(0, 2 * DAY);
  }
  if (!isComplete) return [`seed ${seed}: not complete after 16 runs`];
  for (const stream of STREAMS) problems.push(...wrongs(reconciler, stream, gone.get(stream) ?? []));
  // What was indexed late is there by now.
  reader.now += 2 * HOUR;
  problems.push(...(await views.sync(reader)));
  for (const stream of STREAMS) problems.push(...wrongViews(reconciler, views, stream, gone.get(stream) ?? []));
  return problems.map(problem => `seed ${seed}: ${problem}`);
}

/** What becomes of a run. */
const FATES = ['lives', 'stops', 'dies', 'lacks a role'] as const;

/** Whoever was there at `asOf` and is still there is among the ids; whoever was gone before the first run is not. */
function wrongs({ reader, evidence }: Reconciler, stream: Stream, gone: readonly string[]): string[] {
  const { begunAt = Number.NaN, asOf = Number.NaN, ids: found = [] } = evidence.get(stream) ?? {};
  const ids = new Set(found);
  const problems = gone.filter(id => ids.has(id)).map(id => `${stream} ${id} is gone and among the ids`);
  if (!(asOf <= begunAt - HOUR)) problems.push(`${stream} speaks for ${new Date(asOf).toISOString()}`);
  for (const [id, { deleted }] of reader.world.truth(stream)) {
    if (deleted) continue;
    const [first] = reader.world.versions(id);
    if (first !== undefined && first.ms <= asOf && !ids.has(id)) problems.push(`${stream} ${id} is not among the ids`);
  }
  return problems;
}

/** The views show whoever exists, and neither who is marked as deleted nor who was gone before and not updated after `asOf`. */
function wrongViews({ reader, evidence }: Reconciler, views: Views, stream: Stream, gone: readonly string[]): string[] {
  const shows = views.shows(stream, evidence.get(stream));
  const asOf = evidence.get(stream)?.asOf ?? Number.NaN;
  const isOld = (id: string) => (reader.world.versions(id).at(-1)?.ms ?? Number.NaN) <= asOf;
  return [
    ...[...reader.world.truth(stream)]
      .filter(([id, { deleted }]) => shows(id) === deleted)
      .map(([id, { deleted }]) => `${stream} ${id} is ${deleted ? 'deleted and' : 'not'} shown`),
    ...gone.filter(id => isOld(id) && shows(id)).map(id => `${stream} ${id} is gone and shown`),
  ];
}
