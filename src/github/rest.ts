/** The REST API of GitHub, as far as the action uses it. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Log } from '../report/log.ts';
import * as answers from './answers.ts';
import type { Context } from './context.ts';
import { openGit } from './git.ts';
import { type Fetch, GitHubError, openRequests, type ReadKind } from './request.ts';
import { filesInTar } from './tar.ts';

/** All methods reject with a `GitHubError`. Those with a {@link ReadKind} need the permission `actions: read`. */
export type Api = ReturnType<typeof openApi>;

/** How long the files of a commit may take to come. */
const ARCHIVE_MS = 30 * 60_000;
/** The most that GitHub gives. */
const PER_PAGE = 100;
/** Artifacts of a run that are listed: as many as GitHub's own client lists. */
const MAX_ARTIFACTS = 1_000;

export function openApi(context: Context, token: string, userAgent: string, log: Log) {
  const { request, retry, callsTo, mutate, fetch } = openRequests(context.apiUrl, token, userAgent, log);
  const call = callsTo(context.repository);

  return {
    isPublic: (repository: string) => callsTo(repository)('read', 'GET ', {}, answers.parseIsPublic),
    /** Cache entries whose key starts with `prefix`, newest first. */
    caches(prefix: string, kind: ReadKind) {
      const newest = { key: prefix, per_page: PER_PAGE, sort: 'created_at', direction: 'desc' };
      return call(kind, 'GET /actions/caches', newest, answers.parseCaches);
    },
    /** Name of the default branch. */
    defaultBranch: () => call('best-effort', 'GET ', {}, answers.parseDefaultBranch),
    /** The newest runs of a workflow (its file name) on a branch, newest first. */
    runs(workflow_id: string, branch: string, kind: ReadKind) {
      const newest = { workflow_id, branch, per_page: PER_PAGE };
      return call(kind, 'GET /actions/workflows/{workflow_id}/runs', newest, answers.parseRuns);
    },
    run: (run_id: string, kind: ReadKind) => call(kind, 'GET /actions/runs/{run_id}', { run_id }, answers.parseRun),
    /** Ids of the runs on a branch, of any workflow, that have an artifact of exactly this name, newest first. */
    runsWithArtifact: (name: string, branch: string, kind: ReadKind) =>
      call(kind, 'GET /actions/artifacts', { name, per_page: PER_PAGE }, data =>
        answers.parseRunsWithArtifact(data, name, branch),
      ),
    /** The artifacts of a run that have not expired, newest first. */
    async artifacts(run_id: string, kind: ReadKind) {
      const route = 'GET /actions/runs/{run_id}/artifacts';
      const found: ReturnType<typeof answers.parseArtifacts> = [];
      for (let page = 1; page <= MAX_ARTIFACTS / PER_PAGE; page++) {
        const artifacts = await call(kind, route, { run_id, per_page: PER_PAGE, page }, answers.parseArtifacts);
        found.push(...artifacts);
        if (artifacts.length < PER_PAGE) break;
      }
      return found.filter(({ isExpired }) => !isExpired).sort((a, b) => b.id - a.id);
    },
    /** Reads the zip of an artifact by ranges of bytes, from the first number to before the second. */
    artifact(id: number, kind: ReadKind) {
      let address: string | undefined;
      return (from: number, to: number) =>
        retry(kind, async signal => {
          const url = address ?? (await addressOf(`${context.repository}/actions/artifacts/${id}/zip`, signal));
          // An address expires within minutes, so the next try after a failure gets a new one.
          address = undefined;
          const range = await fetchByteRange(fetch, url, from, to, signal);
          address = url;
          return range;
        });
    },
    /** Starts a workflow (its file name) on a ref, as by hand. Needs the permission `actions: write`. */
    async dispatch(workflow_id: string, ref: string, inputs: Readonly<Record<string, unknown>>): Promise<void> {
      const route = 'POST /actions/workflows/{workflow_id}/dispatches';
      await call('write', route, { workflow_id, ref, inputs }, () => null);
    },
    /** The Git Data API of a repository. */
    git: (repository: string) => openGit(callsTo(repository), mutate, commit => archiveOf(repository, commit)),
  };

  /** All files of a commit in one request: see {@link openGit}. */
  async function* archiveOf(repository: string, commit: string): AsyncGenerator<Buffer> {
    const url = await retry('read', signal => addressOf(`${repository}/tarball/${commit}`, signal));
    const { ok, body } = await fetch(url, { signal: AbortSignal.timeout(ARCHIVE_MS) });
    if (!ok || body === null) throw new answers.UnusableAnswer();
    yield* filesInTar(Readable.fromWeb(body).compose(createGunzip()));
  }

  /** The address that GitHub redirects to. Following the redirect would send the token there. */
  async function addressOf(path: string, signal: AbortSignal): Promise<string> {
    const { headers } = await request(`GET /repos/${path}`, { request: { signal, redirect: 'manual' } });
    return answers.parseRedirect(headers);
  }
}

/**
 * Reads a part of a blob by the signed address that GitHub redirects to, without a token
 * (docs/actions-platform.md#blob-store).
 * @returns the bytes, and the size of the whole blob
 * @throws GitHubError when the blob no longer exists
 */
async function fetchByteRange(fetch: Fetch, url: string, from: number, to: number, signal: AbortSignal) {
  const answer = await fetch(url, { headers: { range: `bytes=${from}-${to - 1}` }, signal });
  if (answer.status === 404 || answer.status === 410) throw new GitHubError(answer.status, 'no longer exists');
  // Other errors are temporary. Even a 403: the address has expired, and the next try gets a new one.
  if (!answer.ok) throw new answers.UnusableAnswer();
  const body = Buffer.from(await answer.arrayBuffer());
  const size = Number(/\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? body.length);
  const bytes = answer.status === 206 ? body : body.subarray(from, to);
  if (bytes.length !== Math.min(to, size) - from) throw new answers.UnusableAnswer();
  return { bytes, size };
}
