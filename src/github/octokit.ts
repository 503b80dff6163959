// What sends requests to the REST API. Only this file knows octokit.
import { Octokit } from '@octokit/rest';

export type { Octokit };

export function openOctokit(baseUrl: string, token: string, userAgent: string): Octokit {
  const quiet = () => {};
  return new Octokit({
    auth: token === '' ? undefined : token,
    baseUrl,
    userAgent,
    // It logs deprecations and request ids, which are nobody's business in a workflow's log.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
