// The real reader in this process, against the simulator over real sockets: client, source, plans and state document are
// those of the action; only the files are left out. What is published over all runs is kept, to be compared with the truth.

import { openJobs } from '../../src/commands/jobs.ts';
import type { SyncError } from '../../src/errors.ts';
import { openBudget } from '../../src/kustomer/budget.ts';
import { openClient } from '../../src/kustomer/client.ts';
import { openSource } from '../../src/kustomer/source.ts';
import { streamNamed } from '../../src/kustomer/streams.ts';
import type { StreamJob } from '../../src/sync/job.ts';
import { cutoffOf } from '../../src/sync/plan.ts';
import { type Ending, readAll, Stopped } from '../../src/sync/read-all.ts';
import { openReaderPool } from '../../src/sync/reader-pool.ts';
import type { DatedRecord, ListPages, Resource } from '../../src/sync/source.ts';
import { NO_STATE, type SearchState, type State, streamOf } from '../../src/sync/state.ts';
import { parseState, serializeState } from '../../src/sync/state-document.ts';
import {
  DEFAULT_TOKEN,
  isFixed,
  type KustomerServer,
  KustomerWorld,
  type LoggedRequest,
  type ServerOptions,
  type Stream,
  startKustomer,
  type WorldOptions,
} from './kustomer/index.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** When a world begins, unless it says otherwise. */
export const NOON = Date.UTC(2026, 5, 15, 12);

export interface Wishes {
  readonly startDate: number | null;
  readonly settleMs: number;
  readonly lookbackMs: number;
  readonly archive: 'auto' | 'never';
  readonly mode: 'incremental' | 'full_refresh';
  readonly concurrency: number;
  /** What is read is published and the state kept; otherwise the run was killed before that. */
  readonly publishes: boolean;
  /** Called before each request is answered. */
  readonly onRequest: (request: LoggedRequest, run: Running) => void;
  /** Records kept as they came. */
  readonly onRecord: (resource: Resource) => void;
}

const USUAL: Wishes = {
  startDate: null,
  settleMs: MINUTE,
  lookbackMs: HOUR,
  archive: 'auto',
  mode: 'incremental',
  concurrency: 10,
  publishes: true,
  onRequest: () => {},
  onRecord: () => {},
};

/** A run while it reads. */
export interface Running {
  /** Number of the request that is about to be answered, from 1. */
  readonly request: number;
  /** What a stop at this moment would leave. */
  checkpoint(): Checkpoint;
  /** Ends it as the time budget does. */
  stop(): void;
}

export interface Checkpoint {
  readonly state: State;
  readonly published: readonly Version[];
}

/** A record as published: its stream, its id, and the `updatedAt` that it had. */
interface Version {
  readonly stream: string;
  readonly id: string;
  readonly updatedAt: string;
}

export interface Run {
  readonly endings: ReadonlyMap<string, Ending>;
  readonly complete: boolean;
  /** The first thing that went wrong, if something did. */
  readonly error: SyncError | undefined;
  readonly published: readonly Version[];
  /** Every request of this run, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  readonly warnings: readonly string[];
  readonly cutoff: number;
}

export class Reader {
  readonly world: KustomerWorld;
  readonly server: KustomerServer;
  readonly #clock: { now: number };
  state: State = NO_STATE;
  /** Everything published so far, by all runs. */
  published: Version[] = [];

  private constructor(world: KustomerWorld, server: KustomerServer, clock: { now: number }) {
    this.world = world;
    this.server = server;
    this.#clock = clock;
  }

  static async open(world: Partial<WorldOptions> = {}, server: Partial<ServerOptions> = {}): Promise<Reader> {
    const clock = { now: NOON };
    const made = new KustomerWorld({ exoticEvery: Number.POSITIVE_INFINITY, clock: () => clock.now, ...world });
    const unlimited = { searchLimit: Number.POSITIVE_INFINITY, orgLimit: Number.POSITIVE_INFINITY, gzip: false };
    return new Reader(made, await startKustomer(made, { ...unlimited, ...server }), clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }

  /** What time it is, for the world and for the next run. */
  get now(): number {
    return this.#clock.now;
  }

  set now(now: number) {
    this.#clock.now = now;
  }

  async run(streams: Stream | readonly Stream[], wishes: Partial<Wishes> = {}): Promise<Run> {
    const wanted = { ...USUAL, ...wishes };
    const names: readonly Stream[] = typeof streams === 'string' ? [streams] : streams;
    const stop = new AbortController();
    const before = this.state;
    const { now } = this;
    const published: Version[] = [];
    const requests: LoggedRequest[] = [];
    const warnings: string[] = [];

    const client = openClient({
      origin: this.server.url,
      token: DEFAULT_TOKEN,
      concurrency: wanted.concurrency,
      budget: openBudget(1e6, 1e6, stop.signal),
      signal: stop.signal,
      userAgent: 'test',
      debug: () => {},
    });
    const source = openSource(client, true);
    source.expect(before.organizationId);
    const write = (stream: string) => async (records: readonly DatedRecord[]) => {
      for (const { resource } of records) {
        wanted.onRecord(resource);
        published.push({ stream, id: resource.id, updatedAt: versionOf(resource, stream) });
      }
    };
    const jobs = openJobs({
      config: { ...wanted, streams: names.map(name => ({ name, mode: wanted.mode, named: true })) },
      state: before,
      source,
      lists: new Map<string, ListPages>(
        names.flatMap(name => {
          const stream = streamNamed(name);
          return stream.kind === 'list' ? [[name, source.list(stream)]] : [];
        }),
      ),
      context: { pool: openReaderPool(client), signal: stop.signal, now },
      log: { info() {}, debug() {}, notice() {}, warning: message => void warnings.push(message) },
      writerOf: name => ({
        write: write(name),
        openStagingFile() {
          const held: DatedRecord[] = [];
          return {
            write: async records => void held.push(...records),
            commit: () => write(name)(held),
            discard: async () => {},
          };
        },
      }),
    });

    const state = () => savedState(before, jobs, source.organization());
    const unhook = this.server.onRequest(request => {
      requests.push(request);
      wanted.onRequest(request, {
        request: requests.length,
        checkpoint: () => ({ state: state(), published: [...published] }),
        stop: () => stop.abort(new Stopped('time-budget')),
      });
    });
    const endings = await readAll(jobs, stop);
    await client.close();
    unhook();

    if (wanted.publishes) {
      this.published.push(...published);
      this.state = state();
    }
    return {
      endings,
      complete: [...endings.values()].every(({ outcome }) => outcome === 'complete'),
      error: [...endings.values()].find(({ error }) => error !== undefined)?.error,
      published,
      requests,
      warnings,
      cutoff: cutoffOf(now, wanted.settleMs),
    };
  }

  /** Goes back to what a stop at a checkpoint would have left. */
  resume({ state, published }: Checkpoint): void {
    this.state = state;
    this.published = [...published];
  }

  /** What the state says of a search stream. */
  stateOf(stream: string): SearchState | undefined {
    return this.state.search.get(stream);
  }

  /**
   * What is wrong with all that was published of a stream: latest versions of before `before` (and from `from` on) that
   * are missing, versions that are there twice, and versions that no record ever had. Empty when nothing is.
   */
  problems(stream: Stream, { before, from }: { before?: number; from?: number } = {}): string[] {
    const times = new Map<string, number>();
    const latest = this.world.truth(stream);
    const problems: string[] = [];
    const everHad = ({ id, updatedAt }: Version) =>
      latest.get(id)?.updatedAt === updatedAt || this.world.versions(id).some(had => had.updatedAt === updatedAt);
    for (const version of this.published) {
      if (version.stream !== stream) continue;
      const name = `${version.id} ${version.updatedAt}`;
      const n = (times.get(name) ?? 0) + 1;
      times.set(name, n);
      if (n === 2) problems.push(`${name} twice`);
      if (n === 1 && !everHad(version)) problems.push(`${name} was made up`);
    }
    const truth = this.world.truth(stream, {
      ...(before === undefined ? {} : { before }),
      ...(from === undefined ? {} : { from }),
    });
    for (const [id, { updatedAt }] of truth) {
      if (!times.has(`${id} ${updatedAt}`)) problems.push(`${id} ${updatedAt} missing`);
    }
    return problems.length > 5 ? [...problems.slice(0, 5), `and ${problems.length - 5} more`] : problems;
  }
}

/** The state that the jobs leave, through the document and back, as between two runs. */
export function savedState(before: State, jobs: readonly StreamJob[], organization: string | null): State {
  const draft = { search: new Map(before.search), lists: new Map(before.lists) };
  for (const job of jobs) job.updateState(draft, 0);
  const generation = before.generation + 1;
  const revision = { changedIn: generation, epoch: 0, recordFormat: 'flat', includeDeleted: true } as const;
  const revisions = new Map([...draft.search.keys(), ...draft.lists.keys()].map(key => [streamOf(key), revision]));
  const organizationId = organization ?? before.organizationId;
  return parseState(serializeState({ ...before, ...draft, generation, organizationId, revisions }), 'the test');
}

function versionOf(resource: Resource, stream: string): string {
  if (isFixed(stream as Stream)) return String(resource.attributes?.createdAt);
  const updatedAt = resource.attributes?.updatedAt;
  if (/^\{"id":"[^"]*","type":"\w+","attributes":\{"deleted":true,"updatedAt"/.test(String(resource.json)))
    return 'gone';
  return typeof updatedAt === 'string' ? updatedAt : 'undated';
}
