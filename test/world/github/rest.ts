// The REST API: which endpoint, may this token do that here, is there a limit; the endpoints themselves are in
// rest-actions.ts and rest-git.ts. Operations are named as Octokit names them.

import { archiveOf, CODELOAD } from './codeload.ts';
import { answerGraphql, GRAPHQL } from './graphql.ts';
import type { Repository } from './repository.ts';
import { actionsRoutes } from './rest-actions.ts';
import { notFound, type Route, says, type World } from './rest-call.ts';
import { gitRoutes } from './rest-git.ts';
import { type Answer, type Call, type LoopbackServer, Refusal, serve } from './server.ts';

const repositoryRoute: Route = {
  operation: 'repos.get',
  path: 'GET /repos/{owner}/{repo}',
  answer: ({ repository, base }) => ({
    status: 200,
    body: {
      id: repository.id,
      node_id: repository.nodeId,
      name: repository.name,
      full_name: repository.fullName,
      private: repository.visibility !== 'public',
      visibility: repository.visibility,
      default_branch: repository.defaultBranch,
      owner: { login: repository.owner },
      url: base,
      html_url: `https://github.com/${repository.fullName}`,
    },
  }),
};

export async function startRest(world: World): Promise<LoopbackServer> {
  const routes = [repositoryRoute, ...actionsRoutes, ...gitRoutes].map(route => ({ ...route, ...compile(route.path) }));
  const byOperation = new Map(routes.map(route => [route.operation, route]));

  async function answer(call: Call): Promise<Answer> {
    if (call.operation === CODELOAD.operation) return archiveOf(world, call);
    if (call.operation === GRAPHQL.operation) {
      world.limits.count(true);
      return answerGraphql(world, call, parse(call.body));
    }
    const route = byOperation.get(call.operation);
    if (!route) throw notFound();
    try {
      const repository = admit(world, call, route);
      world.limits.count(route.createsContent ?? false);
      const base = `${server.origin}/repos/${repository.fullName}`;
      const given = await route.answer({ ...call, world, repository, base, json: () => parse(call.body) });
      return { ...given, headers: { ...world.limits.headers(), ...given.headers } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ...error.answer, headers: { ...world.limits.headers(), ...error.answer.headers } };
    }
  }

  const server: LoopbackServer = await serve({
    name: 'rest',
    traffic: world.traffic,
    answer,
    identify: (method, url) => {
      if (url.pathname.startsWith(CODELOAD.path)) return { operation: CODELOAD.operation };
      if (method === 'POST' && url.pathname === GRAPHQL.path) return { operation: GRAPHQL.operation };
      for (const route of routes) {
        const match = method === route.method ? route.pattern.exec(url.pathname) : null;
        if (!match) continue;
        const params = Object.fromEntries(
          route.names.map((name, index) => [name, decodeURIComponent(match[index + 1] ?? '')]),
        );
        return { operation: route.operation, params };
      }
      return undefined;
    },
  });
  return server;
}

/** The repository, if this token may do this there; otherwise what GitHub says, which hides private repositories. */
function admit(world: World, call: Call, route: Route): Repository {
  const { token } = call;
  const { owner, repo } = call.params;
  if (token !== undefined && !world.repositories.some(r => r.tokens.has(token))) throw says(401, 'Bad credentials');
  const name = `${owner}/${repo}`.toLowerCase();
  const repository = world.repositories.find(r => r.fullName.toLowerCase() === name);
  if (!repository) throw notFound();
  const permissions = token === undefined ? undefined : repository.tokens.get(token);
  const isPublic = repository.visibility === 'public';
  if (!permissions && !isPublic) throw notFound();
  if (!route.needs || (isPublic && route.needs.level === 'read')) return repository;
  if (token === undefined) throw says(401, 'Requires authentication');
  const level = permissions?.[route.needs.scope] ?? 'none';
  if (level === 'write' || level === route.needs.level) return repository;
  throw says(403, 'Resource not accessible by integration');
}

function compile(path: string): { method: string; pattern: RegExp; names: string[] } {
  const [method = '', template = ''] = path.split(' ');
  const names = [...template.matchAll(/\{(\w+)\+?\}/g)].map(match => match[1] ?? '');
  const source = template.replace(/\{\w+\+\}/g, '(.+)').replace(/\{\w+\}/g, '([^/]+)');
  return { method, names, pattern: new RegExp(`^${source}$`) };
}

function parse(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Answered below.
  }
  throw says(400, 'Problems parsing JSON');
}
