// What the endpoints of the REST API share: a call with its repository, routes, errors, pages.
import type { Artifacts } from './artifacts.ts';
import type { Caches } from './caches.ts';
import type { Limits } from './limits.ts';
import type { Level, Permissions, Repository } from './repository.ts';
import { type Answer, type Call, Refusal } from './server.ts';
import type { Traffic } from './traffic.ts';

export interface World {
  repositories: Repository[];
  /** Caches and artifacts belong to the first repository, the one whose workflow runs. */
  caches: Caches;
  artifacts: Artifacts;
  limits: Limits;
  traffic: Traffic;
}

export interface RestCall extends Call {
  readonly world: World;
  readonly repository: Repository;
  /** `http://127.0.0.1:PORT/repos/OWNER/NAME` */
  readonly base: string;
  json(): Record<string, unknown>;
}

export interface Route {
  operation: string;
  /** `GET /repos/{owner}/{repo}/git/ref/{ref+}`: a plus takes slashes too. */
  path: string;
  needs?: { scope: keyof Permissions; level: Level };
  /** Counts against 80 a minute and 500 an hour (docs/actions-platform.md#request-limits). */
  createsContent?: boolean;
  answer: (call: RestCall) => Answer | Promise<Answer>;
}

export function says(status: number, message: string, more: Record<string, unknown> = {}): Refusal {
  return new Refusal(status, {
    message,
    documentation_url: 'https://docs.github.com/rest',
    status: String(status),
    ...more,
  });
}

export function notFound(): Refusal {
  return says(404, 'Not Found');
}

/** One page of a list, as `per_page` and `page` ask for it, with the Link header that Octokit's paginate follows. */
export function page<T>(call: RestCall, all: T[], most = 100): { items: T[]; headers: Record<string, string> } {
  const query = call.url.searchParams;
  const size = Math.min(most, Math.max(1, Number(query.get('per_page') ?? 30) || 30));
  const number = Math.max(1, Number(query.get('page') ?? 1) || 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, rel: string) => {
    const target = new URLSearchParams(query);
    target.set('page', String(to));
    return `<${new URL(call.base).origin}${call.url.pathname}?${target}>; rel="${rel}"`;
  };
  const links = number < last ? [link(number + 1, 'next'), link(last, 'last')] : [];
  if (number > 1) links.push(link(number - 1, 'prev'), link(1, 'first'));
  const headers: Record<string, string> = links.length > 0 ? { link: links.join(', ') } : {};
  return { items: all.slice((number - 1) * size, number * size), headers };
}
