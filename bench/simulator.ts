// Kustomer in a process of its own, so that its work counts for nobody. Its first argument says what it is to be; its
// parent asks it questions over the channel between them.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Counts,
  DEFAULT_TOKEN,
  type Fault,
  KustomerWorld,
  type LoggedRequest,
  type ServerOptions,
  STREAMS,
  startKustomer,
  type WorldOptions,
} from '../test/world/kustomer/index.ts';
import { Tally } from './tally.ts';

export interface Scene {
  readonly world?: Partial<Omit<WorldOptions, 'clock'>>;
  readonly server?: Partial<Omit<ServerOptions, 'latencyMs'>> & { readonly latencyMs?: number };
  readonly counts: Counts;
  /** How far back the records go, to a day ago; 700 days by default, which no search but the live one has to show. */
  readonly days?: number;
  /** Another client of the organization, and how many requests a minute it makes, at random moments. */
  readonly neighbour?: number;
  /** What goes wrong with one request in so many. */
  readonly faults?: { readonly oneIn: number; readonly fault: Fault };
}

/** A request as the parent gets to see it. */
export type Seen = Pick<LoggedRequest, 'at' | 'budget' | 'status' | 'records' | 'path' | 'query' | 'body'>;

export interface Neighbour {
  asked: number;
  refused: number;
  /** How often in a row it was refused again after it had waited for the reset it was told. */
  mostResets: number;
}

export interface Answers {
  /** All requests so far, but the neighbour's. */
  requests: Seen[];
  neighbour: Neighbour;
  forget: null;
  /** How many there were since the last `forget`, by whether they were searches; and how many of them were refused (429). */
  counts: { readonly search: number; readonly other: number; readonly refused: number };
  /** Of each stream, how many records there are and the sum of their marks: it says which ones, in which version. */
  truth: Readonly<Record<string, { readonly records: number; readonly sum: number }>>;
}

const NEIGHBOURS_PATH = '/v1/users/current';
const DAY = 86_400_000;

const scene = JSON.parse(process.argv[2] ?? '{}') as Scene;
const world = new KustomerWorld(scene.world);
world.populate(scene.counts, {
  from: world.now - (scene.days ?? 700) * DAY,
  to: world.now - DAY,
  tieFraction: 0.1,
});
const kustomer = await startKustomer(world, {
  searchLimit: Number.POSITIVE_INFINITY,
  orgLimit: Number.POSITIVE_INFINITY,
  gzip: false,
  ...scene.server,
});
if (scene.faults !== undefined) {
  const { oneIn, fault } = scene.faults;
  kustomer.faults.add({ ...fault, match: ({ n }) => n % oneIn === 0, times: Number.POSITIVE_INFINITY });
}
const neighbour: Neighbour = { asked: 0, refused: 0, mostResets: 0 };
if (scene.neighbour !== undefined) void liveNextDoor(scene.neighbour);

const answers: { [question in keyof Answers]: () => Answers[question] } = {
  requests: () =>
    kustomer.requests
      .filter(({ path }) => path !== NEIGHBOURS_PATH)
      .map(({ at, budget, status, records, path, query, body }) => ({
        at,
        budget,
        status,
        records,
        path,
        query,
        body,
      })),
  neighbour: () => neighbour,
  forget: () => {
    kustomer.log.clear();
    return null;
  },
  counts: () => {
    const { search = 0, other = 0 } = kustomer.log.countBy(({ budget }) => budget);
    const { 429: refused = 0 } = kustomer.log.countBy(({ status }) => String(status));
    return { search, other, refused };
  },
  truth: () =>
    Object.fromEntries(
      STREAMS.map(stream => {
        const tally = new Tally();
        for (const [id, { updatedAt }] of world.truth(stream)) tally.add(id, updatedAt);
        return [stream, { records: tally.records, sum: tally.sum }];
      }),
    ),
};
process.on('message', question => process.send?.(answers[question as keyof Answers]()));
process.on('disconnect', () => process.exit());
process.send?.(kustomer.url);

/** Asks at random moments; when it is refused it waits for the reset, as it should, and asks again. */
async function liveNextDoor(perMinute: number): Promise<void> {
  for (;;) {
    await sleep((-Math.log(1 - Math.random()) * 60_000) / perMinute);
    void ask();
  }
}

async function ask(): Promise<void> {
  for (let resets = 0; ; resets++) {
    neighbour.asked++;
    const answer = await fetch(`${kustomer.url}${NEIGHBOURS_PATH}`, {
      headers: { authorization: `Bearer ${DEFAULT_TOKEN}` },
    });
    await answer.arrayBuffer();
    if (answer.status !== 429) return;
    neighbour.refused++;
    neighbour.mostResets = Math.max(neighbour.mostResets, resets + 1);
    await sleep(Math.max(0, Number(answer.headers.get('x-ratelimit-reset')) * 1_000 - Date.now()));
  }
}
