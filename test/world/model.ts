// Random worlds through random sequences of runs. A world is small, and so are its limits, so that every wall is met;
// sockets, client, reader and state document are the real ones. What is published over all runs is compared with the
// truth after every complete run: nothing missing, no version twice.

import { openJobs } from '../../src/commands/jobs.ts';
import { openBudget } from '../../src/kustomer/budget.ts';
import { openClient } from '../../src/kustomer/client.ts';
import { openSource } from '../../src/kustomer/source.ts';
import { isSearch, streamNamed } from '../../src/kustomer/streams.ts';
import { cutoffOf } from '../../src/sync/plan.ts';
import { readAll, Stopped } from '../../src/sync/read-all.ts';
import { openReaderPool } from '../../src/sync/reader-pool.ts';
import type { DatedRecord, ListPages } from '../../src/sync/source.ts';
import { NO_STATE, type State } from '../../src/sync/state.ts';
import {
  DEFAULT_TOKEN,
  type Fault,
  type KustomerServer,
  KustomerWorld,
  LISTED,
  Random,
  SEARCHED,
  STREAMS,
  type Stream,
  startKustomer,
} from './kustomer/index.ts';
import { savedState } from './reader.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

export interface Played {
  readonly seed: number;
  /** What was wrong; empty when nothing was. */
  readonly problems: readonly string[];
  /** What happened, line by line, for whoever replays the seed. */
  readonly story: readonly string[];
  readonly runs: number;
  readonly completeRuns: number;
  readonly requests: number;
}

/** How a run ends: as it should, at its time budget, killed while it reads, or killed before its state was saved. */
type End = 'whole' | 'time-budget' | 'killed';

/** Plays one world. The same seed plays the same world. */
export async function playWorld(seed: number): Promise<Played> {
  return new Game(seed).play();
}

class Game {
  readonly #seed: number;
  readonly #random: Random;
  readonly #story: string[] = [];
  readonly #problems: string[] = [];
  #now = Date.UTC(2026, 5, 15, 12);
  #state: State = NO_STATE;
  /** By stream: every version published, in any run. */
  readonly #published = new Map<string, Set<string>>();
  #runs = 0;
  #completeRuns = 0;
  #requests = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
  }

  #chance(share: number): boolean {
    return this.#random.chance(share);
  }

  #between(least: number, most: number): number {
    return this.#random.int(least, most + 1);
  }

  #pick<T>(from: readonly T[]): T {
    return this.#random.pick(from);
  }

  async play(): Promise<Played> {
    const pageSizeMax = this.#between(3, 20);
    const hidden = this.#chance(0.2) ? ['hidden'] : [];
    const world = new KustomerWorld({
      seed: this.#seed,
      clock: () => this.#now,
      pageSizeMax,
      // Not smaller than what can come to share one creation second, which nothing could separate.
      resultLimit: this.#chance(0.3) ? Math.max(150, pageSizeMax * this.#between(8, 12)) : Number.POSITIVE_INFINITY,
      beyondLimit: this.#pick(['empty', 'error'] as const),
      tieOrder: this.#pick(['stable', 'unstable'] as const),
      precision: this.#pick(['ms', 'ms', 's', 'stored-s'] as const),
      listOrder: this.#pick(['id', 'insertion'] as const),
      archiveOverlapMs: this.#pick([0, 0, 5 * DAY, 40 * DAY]),
      klassFilterKey: this.#pick(['kobject_updated_at', 'kobject_<klass>_updated_at', 'both'] as const),
      hiddenKlasses: hidden,
      linksNext: (['link', 'null', 'absent'] as const)[this.#seed % 3] ?? 'link',
      afterEnd: (['empty', 404, 400] as const)[(this.#seed >> 2) % 3] ?? 'empty',
      exoticEvery: Number.POSITIVE_INFINITY,
    });
    const server = await startKustomer(world, {
      searchLimit: Number.POSITIVE_INFINITY,
      orgLimit: Number.POSITIVE_INFINITY,
      gzip: this.#chance(0.1),
    });
    try {
      const streams = this.#streams();
      this.#populate(world, streams);
      this.#story.push(
        `pages of ${pageSizeMax}, ${JSON.stringify({ ...world.options, tokens: undefined })}, ${streams}`,
      );
      for (let run = this.#between(2, 5); run >= 0; run--) {
        const last = run === 0;
        await this.#run(
          world,
          server,
          streams,
          last ? 'whole' : this.#pick<End>(['whole', 'whole', 'time-budget', 'killed']),
          last,
        );
        this.#now += this.#between(1, 90) * MINUTE;
        for (const stream of streams) this.#change(world, stream, false);
        // Once more after the last change, so that every world ends with a comparison.
        if (last) await this.#run(world, server, streams, 'whole', true);
      }
    } finally {
      await server.close();
    }
    const { problems, story, runs, completeRuns, requests } = {
      problems: this.#problems,
      story: this.#story,
      runs: this.#runs,
      completeRuns: this.#completeRuns,
      requests: this.#requests,
    };
    return { seed: this.#seed, problems, story, runs, completeRuns, requests };
  }

  #streams(): Stream[] {
    const some = [this.#streamOf(SEARCHED), this.#streamOf(SEARCHED)];
    if (this.#chance(0.4)) some.push(this.#streamOf(LISTED));
    return [...new Set(some)];
  }

  /** Now and then one of the streams that a user has to name. */
  #streamOf(streams: readonly Stream[]): Stream {
    const isUsual = (stream: Stream) => STREAMS.some(each => each === stream);
    const [usual, others] = [streams.filter(isUsual), streams.filter(stream => !isUsual(stream))];
    return this.#pick(others.length > 0 && this.#chance(0.25) ? others : usual);
  }

  #populate(world: KustomerWorld, streams: readonly Stream[]): void {
    for (const stream of streams) {
      const n = this.#pick([0, 1, this.#between(2, 30), this.#between(30, 150)]);
      const old = this.#chance(0.3);
      const spread = {
        from: this.#now - (old ? 1_000 : this.#pick([2, 30, 600])) * DAY,
        to: this.#now - this.#pick([0, 1, 90]) * MINUTE,
        tieFraction: this.#pick([0, 0.2, 0.8]),
        tieSize: this.#between(2, 25),
      };
      world.populate(
        stream === 'kobjects'
          ? { kobjects: { order: n, visit: Math.ceil(n / 3), hidden: Math.ceil(n / 4) } }
          : { [stream]: n },
        spread,
      );
      if (SEARCHED.includes(stream) && this.#chance(0.3)) {
        const at =
          this.#now - this.#pick([this.#between(1, 600) * DAY, this.#between(0, 120) * MINUTE]) + this.#between(0, 999);
        world.addTie(
          stream,
          at,
          this.#between(2, 60),
          this.#chance(0.2) ? { sameCreated: true } : { createdSpreadMs: this.#pick([50, 5_000, DAY]) },
        );
      }
      // Records that leave the live search while they are read, or from one run to the next.
      if (SEARCHED.includes(stream) && this.#chance(0.2)) {
        const edge = this.#now - 730 * DAY;
        const at = () => edge + this.#between(-10_000, 2 * 60 * MINUTE);
        world.create(stream, this.#between(1, 40), { updatedAt: at, createdAt: () => at() - DAY });
        world.addTie(stream, at(), this.#between(2, 40));
      }
      // An archive that is so long that readers share it. A random of its own: the other worlds stay as they are.
      const random = new Random(this.#seed * 31 + stream.length);
      if (world.isArchived(stream) && random.chance(0.1)) {
        const long = random.int(14, 25) * world.options.pageSizeMax;
        const spread = { from: this.#now - 1_500 * DAY, to: this.#now - random.pick([600, 740, 900]) * DAY };
        world.populate(stream === 'kobjects' ? { kobjects: { order: long } } : { [stream]: long }, spread);
      }
      // More records in one second than a page holds, each at a time of its own.
      if (SEARCHED.includes(stream) && this.#chance(0.2)) {
        const second = Math.floor(this.#now / 1_000) * 1_000 - this.#between(1, 50_000) * 1_000;
        const at = () => second + this.#between(0, 1_500);
        world.create(stream, this.#between(10, 60), { updatedAt: at, createdAt: () => at() - this.#between(0, DAY) });
      }
    }
  }

  /** What happens at the source between two runs, or while one reads. */
  #change(world: KustomerWorld, stream: Stream, whileRead: boolean): void {
    const lagMs = SEARCHED.includes(stream) && this.#chance(0.2) ? this.#between(0, 40) * MINUTE : 0;
    // What happens now is dated now; between two runs it may have happened a while ago.
    const at = () => this.#now - (whileRead ? 0 : this.#between(0, this.#chance(0.5) ? 2_000 : 10 * MINUTE));
    const n = this.#pick([0, 1, this.#between(1, 10), this.#between(1, 40)]);
    if (this.#chance(0.5)) world.create(stream, n, { updatedAt: at, lagMs });
    if (this.#chance(0.5)) world.update(stream, n, { lagMs });
    if (this.#chance(0.2)) world.softDelete(stream, 1, { lagMs });
    if (this.#chance(0.1)) world.hardDelete(stream, 1);
    if (SEARCHED.includes(stream) && this.#chance(0.1)) {
      world.addTie(stream, at(), this.#between(2, 40), this.#chance(0.2) ? { sameCreated: true } : {});
    }
  }

  /** A fault that costs no wait, or now and then one that does. */
  #fault(): Fault {
    const lies: Fault[] = [
      { kind: 'timed-out' },
      { kind: 'timed-out', keep: 0, counted: true },
      { kind: 'repeat-page' },
      { kind: 'short-page' },
      { kind: 'short-page', where: 'middle' },
      { kind: 'wrong-total', total: real => real + 3 },
      { kind: 'wrong-total', total: real => Math.max(0, real - 1) },
      { kind: 'ignored-sort' },
      { kind: 'outside-window' },
    ];
    const breaks: Fault[] = [
      { kind: 'reset' },
      { kind: 'status', status: 503 },
      { kind: 'cut-body' },
      { kind: 'bad-json' },
      { kind: 'missing-data' },
    ];
    return this.#chance(0.9) ? this.#pick(lies) : this.#pick(breaks);
  }

  async #run(
    world: KustomerWorld,
    server: KustomerServer,
    streams: readonly Stream[],
    end: End,
    calm: boolean,
  ): Promise<void> {
    const now = this.#now;
    const stop = new AbortController();
    const stopAt = end === 'whole' ? Number.POSITIVE_INFINITY : this.#between(1, 25);
    const movesAt = !calm && this.#chance(0.4) ? this.#between(1, 12) : Number.POSITIVE_INFINITY;
    let requests = 0;
    // What is created at one moment shares its creation second, and nothing could separate hundreds of such records.
    let changes = 6;
    const unhook = server.onRequest(() => {
      requests++;
      if (requests === stopAt) stop.abort(new Stopped('time-budget'));
      // Time goes by, also past the edge between the two searches.
      if (requests >= movesAt && this.#chance(0.1)) this.#now += this.#between(1, 180_000);
      if (requests >= movesAt && this.#chance(0.3) && changes-- > 0)
        for (const stream of streams) this.#change(world, stream, true);
    });
    server.faults.clear();
    for (let faults = calm ? 0 : this.#pick([0, 0, 1, 3]); faults > 0; faults--) {
      const nth = this.#between(1, 10);
      const fault = { ...this.#fault(), match: { on: this.#pick(['live', 'archive'] as const), nth }, times: 1 };
      this.#story.push(`fault: ${JSON.stringify(fault)}`);
      server.faults.add(fault);
    }
    const config = {
      streams: streams.map(name => ({ name, mode: 'incremental' as const, named: true })),
      startDate: calm || this.#chance(0.8) ? null : now - this.#between(1, 900) * DAY + this.#between(0, 999),
      settleMs: this.#pick([0, MINUTE]),
      lookbackMs: 60 * MINUTE,
      archive: 'auto' as const,
    };

    const client = openClient({
      origin: server.url,
      token: DEFAULT_TOKEN,
      concurrency: this.#pick([1, 3, 10]),
      budget: openBudget(1e6, 1e6, stop.signal),
      signal: stop.signal,
      userAgent: 'test',
      debug: () => {},
    });
    const source = openSource(client, true);
    source.expect(this.#state.organizationId);
    const written: [string, DatedRecord][] = [];
    const lists = new Map<string, ListPages>(
      streams.flatMap(name => {
        const stream = streamNamed(name);
        return stream.kind === 'list' ? [[name, source.list(stream)]] : [];
      }),
    );
    const quiet = () => {};
    const jobs = openJobs({
      config,
      state: this.#state,
      source,
      lists,
      context: { pool: openReaderPool(client), signal: stop.signal, now },
      log: { info: quiet, debug: quiet, warning: quiet, notice: quiet },
      writerOf: name => {
        const write = async (records: readonly DatedRecord[]) =>
          void written.push(...records.map(found => [name, found] as [string, DatedRecord]));
        return {
          write,
          openStagingFile() {
            const held: DatedRecord[] = [];
            return {
              write: async records => void held.push(...records),
              commit: () => write(held),
              discard: async () => {},
            };
          },
        };
      },
    });
    const endings = await readAll(jobs, stop);
    await client.close();
    unhook();

    this.#runs++;
    this.#requests += requests;
    const outcomes = jobs.map(({ name }) => [name, endings.get(name)?.outcome, endings.get(name)?.error?.what]);
    this.#story.push(
      `run ${this.#runs} at ${new Date(now).toISOString()}, ${end}: ${JSON.stringify(outcomes)}, ${written.length} records, ${requests} requests`,
    );
    if (calm) {
      for (const [name, { outcome, error }] of endings) {
        // A world without klasses may have no custom attributes: their list is then absent.
        const isAbsent = error?.kind === 'absent' && name === 'custom_attributes' && world.truth(name).size === 0;
        if (outcome !== 'complete' && !isAbsent) this.#problems.push(`${name} is ${outcome}: ${error?.message}`);
      }
    }
    if (end === 'killed') return;

    this.#publish(written);
    this.#state = savedState(this.#state, jobs, source.organization());
    const cutoff = cutoffOf(now, config.settleMs);
    if ([...endings.values()].every(({ outcome }) => outcome === 'complete')) {
      this.#completeRuns++;
      for (const stream of streams) this.#compare(world, stream, config.startDate ?? 0, cutoff, now);
    }
  }

  #publish(written: readonly [string, DatedRecord][]): void {
    for (const [name, { resource }] of written) {
      const versions = this.#published.get(name) ?? new Set();
      this.#published.set(name, versions);
      const { updatedAt, createdAt } = resource.attributes ?? {};
      const version = `${resource.id} ${updatedAt ?? createdAt}`;
      // What a list has shown as gone, and shows again, is published again.
      if (resource.attributes?.deleted === true && !isSearch(streamNamed(name))) {
        for (const known of versions) if (known.startsWith(`${resource.id} `)) versions.delete(known);
      }
      // A list may show a record changed under the same time; that is another version.
      const bytes = isSearch(streamNamed(name)) ? '' : ` ${resource.json}`;
      if (versions.has(`${version}${bytes}`)) this.#problems.push(`${name}: ${version} twice, in run ${this.#runs}`);
      versions.add(version).add(`${version}${bytes}`);
    }
  }

  /** Every record whose latest version was there to be found must have been published in that version. */
  #compare(world: KustomerWorld, stream: Stream, start: number, cutoff: number, now: number): void {
    const published = this.#published.get(stream) ?? new Set();
    const searched = SEARCHED.includes(stream);
    // What is too old for the live search, and in no other place.
    const lost = searched && !world.isArchived(stream) && stream !== 'notes' ? this.#now - 730 * DAY : 0;
    const truth = world.truth(stream);
    // A version of an SLA is shown beside an SLA. The first one may have come in this very run, after its list was read.
    const showsVersions = [...truth.values()].some(({ klass, ms }) => klass === undefined && ms < now);
    for (const [id, { updatedAt, ms, klass }] of truth) {
      if (klass === 'version' && !showsVersions) continue;
      if (ms < Math.max(start, lost) || (searched && ms >= cutoff)) continue;
      const latest = world.versions(id).at(-1);
      if (searched && latest !== undefined && latest.visibleAt > now) continue;
      // Changed in the middle of this very run, after its list was read.
      if (!searched && ms >= now) continue;
      if (!published.has(`${id} ${updatedAt}`))
        this.#problems.push(`${stream}: ${id} ${updatedAt} missing after run ${this.#runs}`);
    }
  }
}
