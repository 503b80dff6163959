// REST endpoints under /actions: caches, artifacts, runs, dispatches.
import { parse } from 'yaml';
import type { Artifact } from './artifacts.ts';
import type { CacheEntry } from './caches.ts';
import type { Repository, WorkflowRun } from './repository.ts';
import { notFound, page, type RestCall, type Route, says } from './rest-call.ts';
import { type Answer, Refusal } from './server.ts';

const read = { scope: 'actions', level: 'read' } as const;
const write = { scope: 'actions', level: 'write' } as const;
const REPO = '/repos/{owner}/{repo}';

export const actionsRoutes: Route[] = [
  { operation: 'actions.getActionsCacheList', path: `GET ${REPO}/actions/caches`, needs: read, answer: listCaches },
  {
    operation: 'actions.deleteActionsCacheByKey',
    path: `DELETE ${REPO}/actions/caches`,
    needs: write,
    answer: deleteCachesByKey,
  },
  {
    operation: 'actions.deleteActionsCacheById',
    path: `DELETE ${REPO}/actions/caches/{id}`,
    needs: write,
    answer: deleteCache,
  },
  {
    operation: 'actions.listArtifactsForRepo',
    path: `GET ${REPO}/actions/artifacts`,
    needs: read,
    answer: listArtifacts,
  },
  { operation: 'actions.getArtifact', path: `GET ${REPO}/actions/artifacts/{id}`, needs: read, answer: getArtifact },
  {
    operation: 'actions.deleteArtifact',
    path: `DELETE ${REPO}/actions/artifacts/{id}`,
    needs: write,
    answer: deleteArtifact,
  },
  {
    operation: 'actions.downloadArtifact',
    path: `GET ${REPO}/actions/artifacts/{id}/zip`,
    needs: read,
    answer: downloadArtifact,
  },
  { operation: 'actions.listWorkflowRunsForRepo', path: `GET ${REPO}/actions/runs`, needs: read, answer: listRuns },
  { operation: 'actions.getWorkflowRun', path: `GET ${REPO}/actions/runs/{id}`, needs: read, answer: getRun },
  {
    operation: 'actions.listWorkflowRunArtifacts',
    path: `GET ${REPO}/actions/runs/{run}/artifacts`,
    needs: read,
    answer: listArtifacts,
  },
  {
    operation: 'actions.listWorkflowRuns',
    path: `GET ${REPO}/actions/workflows/{workflow}/runs`,
    needs: read,
    answer: listRuns,
  },
  {
    operation: 'actions.createWorkflowDispatch',
    path: `POST ${REPO}/actions/workflows/{workflow}/dispatches`,
    needs: write,
    answer: dispatch,
  },
];

/** Only the repository whose workflow runs has caches and artifacts. */
function isHome(call: RestCall): boolean {
  return call.repository === call.world.repositories[0];
}

function cacheJson(entry: CacheEntry) {
  return {
    id: entry.id,
    ref: entry.scope,
    key: entry.key,
    version: entry.version,
    last_accessed_at: entry.lastAccessedAt.toISOString(),
    created_at: entry.createdAt.toISOString(),
    size_in_bytes: entry.size,
  };
}

function matchingCaches(call: RestCall, exact: boolean): CacheEntry[] {
  const query = call.url.searchParams;
  const key = query.get('key') ?? '';
  const ref = query.get('ref');
  if (!isHome(call)) return [];
  return call.world.caches
    .list()
    .filter(e => (exact ? e.key === key : e.key.startsWith(key)) && (ref === null || e.scope === ref));
}

function listCaches(call: RestCall): Answer {
  const query = call.url.searchParams;
  const sort = query.get('sort') ?? 'last_accessed_at';
  const value = (e: CacheEntry) =>
    sort === 'size_in_bytes' ? e.size : sort === 'created_at' ? e.createdAt.getTime() : e.lastAccessedAt.getTime();
  // Entries of one millisecond keep the order of their making.
  const sorted = matchingCaches(call, false).sort((a, b) => value(a) - value(b) || a.id - b.id);
  if (query.get('direction') !== 'asc') sorted.reverse();
  const { items, headers } = page(call, sorted);
  return { status: 200, headers, body: { total_count: sorted.length, actions_caches: items.map(cacheJson) } };
}

function deleteCachesByKey(call: RestCall): Answer {
  if (!call.url.searchParams.get('key')) throw says(422, 'Invalid request.\n\n"key" wasn\'t supplied.');
  const ids = new Set(matchingCaches(call, true).map(entry => entry.id));
  if (ids.size === 0) throw notFound();
  const gone = call.world.caches.evict(entry => ids.has(entry.id));
  return { status: 200, body: { total_count: gone.length, actions_caches: gone.map(cacheJson) } };
}

function deleteCache(call: RestCall): Answer {
  if (!isHome(call)) throw notFound();
  const gone = call.world.caches.evict(entry => entry.id === Number(call.params.id));
  if (gone.length === 0) throw notFound();
  return { status: 204 };
}

function artifactJson(call: RestCall, artifact: Artifact) {
  const run = call.repository.runs.find(candidate => String(candidate.id) === artifact.runId);
  const url = `${call.base}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    node_id: `A_${artifact.id}`,
    name: artifact.name,
    size_in_bytes: artifact.size,
    url,
    archive_download_url: `${url}/zip`,
    expired: artifact.expired || artifact.expiresAt.getTime() < Date.now(),
    digest: artifact.digest,
    created_at: artifact.createdAt.toISOString(),
    updated_at: artifact.createdAt.toISOString(),
    expires_at: artifact.expiresAt.toISOString(),
    workflow_run: {
      id: Number(artifact.runId),
      repository_id: call.repository.id,
      head_repository_id: call.repository.id,
      head_branch: run?.headBranch ?? null,
      head_sha: run?.headSha ?? null,
    },
  };
}

/** Of the repository or of one run; newest first. */
function listArtifacts(call: RestCall): Answer {
  const name = call.url.searchParams.get('name');
  const { run } = call.params;
  const found = (isHome(call) ? call.world.artifacts.list(run) : [])
    .filter(a => name === null || a.name === name)
    .reverse();
  if (run !== undefined && !call.repository.runs.some(r => String(r.id) === run)) throw notFound();
  const { items, headers } = page(call, found);
  return {
    status: 200,
    headers,
    body: { total_count: found.length, artifacts: items.map(a => artifactJson(call, a)) },
  };
}

function artifactOf(call: RestCall): Artifact {
  const artifact = isHome(call) ? call.world.artifacts.get(Number(call.params.id)) : undefined;
  if (!artifact) throw notFound();
  return artifact;
}

function getArtifact(call: RestCall): Answer {
  return { status: 200, body: artifactJson(call, artifactOf(call)) };
}

function deleteArtifact(call: RestCall): Answer {
  call.world.artifacts.delete(artifactOf(call).id);
  return { status: 204 };
}

/** 302 to the blob store, where the signature in the URL is all that is needed: no token goes there. */
function downloadArtifact(call: RestCall): Answer {
  const artifact = artifactOf(call);
  if (call.token === undefined) throw says(401, 'Requires authentication');
  if (artifact.expired || artifact.expiresAt.getTime() < Date.now())
    throw new Refusal(410, { message: 'Artifact has expired' });
  return { status: 302, headers: { location: call.world.artifacts.downloadUrl(artifact.id) } };
}

const workflowId = (run: WorkflowRun, repository: Repository) =>
  9000 + [...new Set(repository.runs.map(r => r.workflowPath))].indexOf(run.workflowPath);

function runJson(call: RestCall, run: WorkflowRun) {
  return {
    id: run.id,
    name: run.workflowName,
    path: run.workflowPath,
    workflow_id: workflowId(run, call.repository),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    run_number: run.number,
    run_attempt: run.attempt,
    created_at: run.createdAt.toISOString(),
    updated_at: run.changedAt.toISOString(),
    run_started_at: run.createdAt.toISOString(),
    url: `${call.base}/actions/runs/${run.id}`,
    html_url: `https://github.com/${call.repository.fullName}/actions/runs/${run.id}`,
    artifacts_url: `${call.base}/actions/runs/${run.id}/artifacts`,
    repository: { id: call.repository.id, full_name: call.repository.fullName },
    head_repository: { id: call.repository.id, full_name: call.repository.fullName },
  };
}

function ofWorkflow(run: WorkflowRun, workflow: string, repository: Repository): boolean {
  return run.workflowPath.endsWith(`/${workflow}`) || String(workflowId(run, repository)) === workflow;
}

function listRuns(call: RestCall): Answer {
  const query = call.url.searchParams;
  const wants = (name: string, ...values: Array<string | null>) => !query.has(name) || values.includes(query.get(name));
  const found = call.repository.runs
    .filter(run => call.params.workflow === undefined || ofWorkflow(run, call.params.workflow, call.repository))
    .filter(
      run =>
        wants('branch', run.headBranch) && wants('event', run.event) && wants('status', run.status, run.conclusion),
    )
    .reverse();
  const { items, headers } = page(call, found);
  return {
    status: 200,
    headers,
    body: { total_count: found.length, workflow_runs: items.map(run => runJson(call, run)) },
  };
}

function getRun(call: RestCall): Answer {
  const run = call.repository.runs.find(candidate => String(candidate.id) === call.params.id);
  if (!run) throw notFound();
  return { status: 200, body: runJson(call, run) };
}

async function dispatch(call: RestCall): Promise<Answer> {
  const { ref, inputs } = call.json();
  const name = String(ref ?? '').replace(/^refs\/heads\//, '');
  if ((await call.repository.head(name)) === undefined) throw says(422, `No ref found for: ${String(ref)}`);
  const given = (inputs ?? {}) as Record<string, unknown>;
  checkDispatch(call, given);
  call.repository.dispatches.push({
    workflow: call.params.workflow ?? '',
    ref: String(ref),
    inputs: given,
    at: new Date(),
  });
  return { status: 204 };
}

/** What GitHub checks of the workflow itself: that it can be dispatched, and with just these inputs. */
function checkDispatch({ repository: { workflows }, params }: RestCall, given: Record<string, unknown>): void {
  if (workflows.size === 0) return;
  const text = workflows.get(params.workflow ?? '');
  if (text === undefined) throw notFound();
  const { on } = parse(text) as { on?: unknown };
  const events =
    typeof on === 'string' ? { [on]: null } : Array.isArray(on) ? Object.fromEntries(on.map(each => [each, null])) : on;
  const known = (events ?? {}) as Record<string, { inputs?: Record<string, { required?: boolean }> } | null>;
  if (!('workflow_dispatch' in known)) throw says(422, "Workflow does not have 'workflow_dispatch' trigger");
  const declared = known.workflow_dispatch?.inputs ?? {};
  const unexpected = Object.keys(given).filter(name => !(name in declared));
  if (unexpected.length > 0) throw says(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  const missing = Object.entries(declared).find(([name, input]) => input?.required === true && !(name in given));
  if (missing !== undefined) throw says(422, `Required input '${missing[0]}' not provided`);
}
