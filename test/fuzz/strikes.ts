// Sits between the three services and the action, and spoils the answers that a case names.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Stage } from '../world/stage.ts';
import { capture, type RightAnswer, type Service, type Tamper } from '../world/tamper.ts';
import { apply } from './apply.ts';
import { type Case, routeOf, type Strike } from './case.ts';
import { deliver } from './deliver.ts';

/** Of a server that has done nothing: no JSON, so that it cannot pass for an empty list. */
const NOTHING: RightAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"data":['),
};

export interface Strikes {
  readonly tamper: Tamper;
  /** Answers that are under way, or never come. */
  holding(): number;
  /** When a service was last asked, or last had an answer to give; of `performance.now`. */
  lastSign(): number;
  /** How many answers were spoiled. */
  hits(): number;
  /** Failures of the fuzzer itself. */
  readonly bugs: unknown[];
}

export function openStrikes({ strikes }: Case, stage: Stage, elsewhere: string): Strikes {
  const left = strikes.map(strike => ({ strike, skip: strike.skip, times: strike.times }));
  let [holding, lastSign, hits] = [0, performance.now(), 0];
  const bugs: unknown[] = [];

  function strikeFor(service: Service, route: string): Strike | undefined {
    for (const each of left) {
      const { strike } = each;
      if (strike.service !== service || (strike.route !== '*' && strike.route !== route) || each.times === 0) continue;
      if (each.skip-- > 0) continue;
      each.times--;
      return strike;
    }
    return undefined;
  }

  async function spoil(strike: Strike, right: RightAnswer, request: IncomingMessage): Promise<void> {
    const { how } = strike;
    if (how.kind === 'ref-moves') {
      const files = { 'of-others.txt': String(performance.now()) };
      if (await stage.github.repository.head('kustomer-data'))
        await stage.github.repository.commit('kustomer-data', files).catch(() => {});
    }
    const setting = {
      orgId: stage.world.options.orgId,
      elsewhere,
      n: ++hits,
      type: TYPES[routeOf('kustomer', 'GET', request.url ?? '')] ?? 'customer',
    };
    await deliver(how.kind === 'delivery' ? how.how : 'plain', apply(how, right, setting), request);
  }

  const tamper: Tamper = (service, request, response) => {
    lastSign = performance.now();
    const strike = strikeFor(service, routeOf(service, request.method ?? 'GET', request.url ?? '/'));
    if (strike === undefined) return false;
    holding++;
    const works = strike.works || !NEED_NO_WORK.has(strike.how.kind);
    if (!works) request.resume();
    void (works ? capture(response) : Promise.resolve(NOTHING))
      .then(right => spoil(strike, right, request))
      .catch(error => bugs.push(error))
      .finally(() => {
        holding--;
        lastSign = performance.now();
      });
    return !works;
  };
  return { tamper, holding: () => holding, lastSign: () => lastSign, hits: () => hits, bugs };
}

/** Mutations that do not look at what the server has to say. */
const NEED_NO_WORK = new Set(['status', 'body', 'delivery', 'ref-moves']);

const TYPES: Readonly<Record<string, string>> = {
  users: 'user',
  tags: 'tag',
  teams: 'team',
  shortcuts: 'shortcut',
  notes: 'note',
};

/** A host that nobody has a reason to ask. Says who did, with what. */
export async function openElsewhere(): Promise<{ origin: string; asked: string[]; server: Server }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}${request.headers.authorization === undefined ? '' : ' with a key'}`);
    response.end('{"data":[]}');
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}
