// Reconciliations in this process, against the simulator over real sockets, in random worlds that go on changing: what an id
// file says is compared with what there was.
import { openReconciliation } from '../../src/commands/reconcile.ts';
import { openBudget } from '../../src/kustomer/budget.ts';
import { openClient } from '../../src/kustomer/client.ts';
import { openSource } from '../../src/kustomer/source.ts';
import { streamNamed } from '../../src/kustomer/streams.ts';
import { readAll, Stopped } from '../../src/sync/read-all.ts';
import { openReaderPool } from '../../src/sync/reader-pool.ts';
import type { DatedRecord, ListPages } from '../../src/sync/source.ts';
import { NO_STATE, type ShardFile, type State } from '../../src/sync/state.ts';
import { DEFAULT_TOKEN, type LoggedRequest, Random, type Stream, type WorldOptions } from './kustomer/index.ts';
import { DAY, HOUR, MINUTE, NOON, Reader, SECOND, savedState } from './reader.ts';

const quiet = { info() {}, debug() {}, notice() {}, warning() {} };

export class Reconciler {
  readonly reader: Reader;
  state: State = NO_STATE;
  /** What the runs of the reconciliation under way have found, by stream. */
  found = new Map<string, string[]>();

  constructor(reader: Reader) {
    this.reader = reader;
  }

  /** @param onRequest called before each search is answered, with its number and what stops the run */
  async run(streams: readonly Stream[], onRequest: (n: number, stop: () => void) => void = () => {}) {
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
    } as const;
    const run = { config, now: reader.now, client, log: quiet, stop };
    const variant = openReconciliation(run as unknown as Parameters<typeof openReconciliation>[0]);
    const begun = variant.goOn?.(this.state) as State;
    if (begun.shardManifest === undefined) this.found = new Map();
    const written = new Map<string, string[]>(streams.map(name => [name, []]));
    const write = (name: string) => async (records: readonly DatedRecord[]) => {
      written.get(name)?.push(...records.map(({ resource }) => String(JSON.parse(String(resource.json)).id)));
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
    const jobs = variant.openJobs({ config, state: begun, source, lists, context, log: quiet, writerOf });
    const unhook = reader.server.onRequest(request => {
      requests.push(request);
      onRequest(requests.length, () => stop.abort(new Stopped('time-budget')));
    });
    const endings = await readAll(jobs, stop);
    unhook();
    await client.close();
    const outcomes = streams.map(name => ({ name, outcome: endings.get(name)?.outcome ?? 'failed' }));
    const reconciliation = variant.after?.(outcomes as never, true);
    const earlier = begun.shardManifest?.files ?? [];
    const own = streams.map((stream): ShardFile => ({ stream, records: written.get(stream)?.length ?? 0 }));
    const shardManifest = { files: [...earlier, ...own], requests: {} };
    this.state = savedState({ ...begun, reconciliation, shardManifest }, jobs, source.organization());
    for (const [name, ids] of written) this.found.set(name, [...(this.found.get(name) ?? []), ...ids]);
    const error = [...endings.values()].find(each => each.error !== undefined)?.error;
    const isComplete = outcomes.every(({ outcome }) => outcome === 'complete');
    return { isComplete, error, requests, asOf: reconciliation?.asOf ?? Number.NaN };
  }
}

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
    else world.update(stream, Math.min(2, ids(stream).length));
  };
  const gone = new Map(STREAMS.map(stream => [stream, world.hardDelete(stream, ids(stream).slice(0, 3))]));
  for (let n = 0; n < 10; n++) change();
  reader.now += random.int(0, 2) * HOUR;

  const reconciler = new Reconciler(reader);
  const begunAt = reader.now;
  const busy = random.pick([0, 0.3, 0.8]);
  let changes = 0;
  for (let run = 1; run <= 12; run++) {
    const stopAt = run < 4 && random.chance(0.5) ? random.int(1, 40) : Number.POSITIVE_INFINITY;
    const result = await reconciler.run(STREAMS, (n, stop) => {
      // As fast as the reading, it would never end.
      if (changes < 200 && random.chance(busy)) {
        changes++;
        change();
      }
      if (n >= stopAt) stop();
    });
    if (result.error !== undefined) return [`seed ${seed}: ${result.error.message}`];
    if (!result.isComplete) {
      reader.now += random.int(0, 3 * DAY);
      continue;
    }
    return STREAMS.flatMap(stream => wrongs(reconciler, stream, gone.get(stream) ?? [], result.asOf, begunAt)).map(
      problem => `seed ${seed}: ${problem}`,
    );
  }
  return [`seed ${seed}: not complete after 12 runs`];
}

/** Whoever was there at `asOf` and is still there is among the ids; whoever was gone before the first run is not. */
function wrongs({ reader, found }: Reconciler, stream: Stream, gone: readonly string[], asOf: number, begunAt: number) {
  const ids = new Set(found.get(stream));
  const problems = gone.filter(id => ids.has(id)).map(id => `${stream} ${id} is gone and among the ids`);
  if (!(asOf <= begunAt - HOUR)) problems.push(`${stream} speaks for ${new Date(asOf).toISOString()}`);
  for (const id of reader.world.truth(stream).keys()) {
    const [first] = reader.world.versions(id);
    if (first !== undefined && first.ms <= asOf && !ids.has(id)) problems.push(`${stream} ${id} is not among the ids`);
  }
  return problems;
}
