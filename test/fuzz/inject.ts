// Intercepts the requests of the action, and mutates the answers that the rules of a case select.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { capture, type Interceptor, type RightAnswer, type Service } from '../world/intercept.ts';
import type { Stage } from '../world/stage.ts';
import { apply } from './apply.ts';
import { type Case, type Rule, routeOf } from './case.ts';
import { send } from './transport.ts';

/** For a request that the server did not handle. Not JSON, so that the action cannot read it as an empty list. */
const NOT_HANDLED: RightAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{"data":['),
};

export interface Injector {
  readonly intercept: Interceptor;
  /** Answers being sent, or withheld. */
  pending(): number;
  /** When a service last received a request or finished an answer, by `performance.now`. */
  lastActivity(): number;
  /** Number of mutated answers. */
  injected(): number;
  /** Failures of the fuzzer itself. */
  readonly bugs: unknown[];
}

export function openInjector({ rules }: Case, stage: Stage, foreignOrigin: string): Injector {
  const counters = rules.map(rule => ({ rule, skip: rule.skip, times: rule.times }));
  let [pending, lastActivity, injected] = [0, performance.now(), 0];
  const bugs: unknown[] = [];

  function ruleFor(service: Service, route: string): Rule | undefined {
    for (const each of counters) {
      const { rule } = each;
      if (rule.service !== service || (rule.route !== '*' && rule.route !== route) || each.times === 0) continue;
      if (each.skip-- > 0) continue;
      each.times--;
      return rule;
    }
    return undefined;
  }

  async function answer(rule: Rule, right: RightAnswer, request: IncomingMessage): Promise<void> {
    const { how } = rule;
    if (how.kind === 'ref-moves') {
      const files = { 'of-others.txt': String(performance.now()) };
      if (await stage.github.repository.head('kustomer-data'))
        await stage.github.repository.commit('kustomer-data', files).catch(() => {});
    }
    const setting = {
      orgId: stage.world.options.orgId,
      foreignOrigin,
      n: ++injected,
      type: TYPES[routeOf('kustomer', 'GET', request.url ?? '')] ?? 'customer',
    };
    await send(how.kind === 'transport' ? how.how : 'plain', apply(how, right, setting), request);
  }

  const intercept: Interceptor = (service, request, response) => {
    lastActivity = performance.now();
    const rule = ruleFor(service, routeOf(service, request.method ?? 'GET', request.url ?? '/'));
    if (rule === undefined) return false;
    pending++;
    const works = rule.works || !REPLACE_THE_ANSWER.has(rule.how.kind);
    if (!works) request.resume();
    void (works ? capture(response) : Promise.resolve(NOT_HANDLED))
      .then(right => answer(rule, right, request))
      .catch(error => bugs.push(error))
      .finally(() => {
        pending--;
        lastActivity = performance.now();
      });
    return !works;
  };
  return { intercept, pending: () => pending, lastActivity: () => lastActivity, injected: () => injected, bugs };
}

/** Mutations that do not use the right answer, so that the server need not handle the request. */
const REPLACE_THE_ANSWER = new Set(['status', 'body', 'transport', 'ref-moves']);

const TYPES: Readonly<Record<string, string>> = {
  users: 'user',
  tags: 'tag',
  teams: 'team',
  shortcuts: 'shortcut',
  notes: 'note',
};

/** A server that the action has no reason to call. Records each request. */
export async function openForeignHost(): Promise<{ origin: string; received: string[]; server: Server }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    received.push(
      `${request.method} ${request.url}${request.headers.authorization === undefined ? '' : ' with a key'}`,
    );
    response.end('{"data":[]}');
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, server };
}
