// The REST calls to GitHub. Only this file knows octokit.
import { Octokit } from '@octokit/rest';
import type { Context } from './context.ts';

export interface Api {
  /** Whether a repository is public. Rejects when the API does not say. */
  isPublic(repository: string): Promise<boolean>;
  /** Cache entries whose key starts with `prefix`, newest first. Needs `actions: read`. */
  caches(prefix: string): Promise<readonly { readonly key: string; readonly ref: string }[]>;
  /** Name of the default branch. */
  defaultBranch(): Promise<string>;
}

export function openApi(context: Context, token: string, userAgent: string): Api {
  const quiet = () => {};
  const octokit = new Octokit({
    auth: token === '' ? undefined : token,
    baseUrl: context.apiUrl,
    userAgent,
    // It logs deprecations and request ids, which are nobody's business in a workflow's log.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    request: { timeout: 30_000 },
  });
  const here = split(context.repository);
  return {
    async isPublic(repository) {
      const { data } = await octokit.repos.get(split(repository));
      return data.visibility === undefined ? !data.private : data.visibility === 'public';
    },
    async caches(prefix) {
      const { data } = await octokit.actions.getActionsCacheList({
        ...here,
        key: prefix,
        per_page: 100,
        sort: 'created_at',
        direction: 'desc',
      });
      return data.actions_caches.map(({ key = '', ref = '' }) => ({ key, ref }));
    },
    async defaultBranch() {
      const { data } = await octokit.repos.get(here);
      return data.default_branch;
    },
  };
}

function split(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}
