// What sends requests to the REST API. Only this file knows octokit.
import http from 'node:http';
import { Octokit } from '@octokit/rest';

export type { Octokit };

export function openOctokit(baseUrl: string, token: string, userAgent: string): Octokit {
  // Octokit uses Node's fetch, which asks past a proxy unless it is told; the other clients go by the environment themselves.
  // A Node 24 before 24.14 cannot be told.
  http.setGlobalProxyFromEnv?.();
  const quiet = () => {};
  return new Octokit({
    auth: token === '' ? undefined : token,
    baseUrl,
    userAgent,
    // It logs deprecations and request ids, which are nobody's business in a workflow's log.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
