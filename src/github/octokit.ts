/** Opens the client of GitHub's REST API. No other file imports octokit. */
import http from 'node:http';
import { Octokit } from '@octokit/rest';

export type { Octokit };

export function openOctokit(baseUrl: string, token: string, userAgent: string): Octokit {
  // Octokit uses Node's fetch, which ignores the proxy of the environment until this call. Node has it from 24.14 on
  // (docs/actions-platform.md#proxies).
  http.setGlobalProxyFromEnv?.();
  const quiet = () => {};
  return new Octokit({
    auth: token === '' ? undefined : token,
    baseUrl,
    userAgent,
    // Octokit logs deprecations and request ids, which do not belong into the log of a workflow.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
}
