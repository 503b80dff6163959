/** Opens the client of GitHub's REST API. No other file imports octokit. */
import { Octokit } from '@octokit/rest';
import { fetchUrl } from './fetch.ts';

export type { Octokit };

export function openOctokit(baseUrl: string, token: string, userAgent: string): Octokit {
  const quiet = () => {};
  return new Octokit({
    auth: token === '' ? undefined : token,
    baseUrl,
    userAgent,
    request: { fetch: fetchUrl },
    // Octokit logs deprecations and request ids, which do not belong into the log of a workflow.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
