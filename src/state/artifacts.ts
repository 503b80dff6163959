// The state in the artifacts that a workflow has uploaded: the backup of the cache.
import { SyncError } from '../errors.ts';
import type { WorkflowRun } from '../github/answers.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { jsonObject } from '../sync/stream-document.ts';
import { readArtifact } from './artifact-files.ts';
import { type LookupFailure, lookupFailure, readKindFor } from './lookup-failures.ts';
import { type LoadOptions, parseSaved, type SavedState } from './store.ts';

export interface ArtifactSearch extends LoadOptions {
  readonly stateName: string;
  readonly context: Context;
  readonly artifactName: string;
  /** Null when the cache has no state. */
  readonly cached: SavedState | null;
  readonly api: () => Promise<Api>;
}

/**
 * How many of the workflow's last runs are asked for artifacts, and how many artifacts are read. Without any state, all
 * runs of a list are asked.
 */
const MAX_RUNS = 10;
const MAX_ARTIFACTS = 3;

/**
 * The newest state, in the cache or in what this workflow has uploaded from this branch; null when there is none. Artifacts
 * of pull requests and of forks are not looked at.
 * @param failures filled with what could not be looked at
 */
export async function newestState(search: ArtifactSearch, failures: LookupFailure[]): Promise<SavedState | null> {
  let newest = search.cached;
  let read = 0;
  const kind = () => readKindFor(!search.reset && newest === null);
  try {
    const github = await search.api();
    for await (const run of runsOf(search, github, () => newest)) {
      for (const { id, name } of await github.artifacts(run.id, kind())) {
        if (read >= MAX_ARTIFACTS) return newest;
        if (!isOurs(name, search.artifactName)) continue;
        const place = `the artifact ${name} of run ${run.id}`;
        const files = await readArtifact(github, id, kind()).catch(error => {
          failures.push(lookupFailure(place, error, true));
          read++;
          return null;
        });
        if (files === null || files.state === null || !isOfSync(files.manifest, search)) continue;
        const state = parseSaved(files.state, place, search.reset);
        if (state === null) continue;
        read++;
        if (newest === null || state.generation > newest.state.generation) newest = { state, place };
        // The other artifacts of this run are older.
        break;
      }
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    failures.push(lookupFailure('the artifacts of earlier runs', error, false));
  }
  return newest;
}

/** The runs whose artifacts are looked at, newest first. */
async function* runsOf(
  { context, artifactsOf, artifactName, reset, cached }: ArtifactSearch,
  github: Api,
  newest: () => SavedState | null,
): AsyncGenerator<{ readonly id: string }> {
  if (artifactsOf === 'this-run') return yield { id: context.runId };
  const branch = /^refs\/heads\/(.+)$/.exec(context.ref)?.[1];
  if (branch === undefined || context.workflowFile === '') return;
  const isCandidate = (run: WorkflowRun) =>
    !run.event.startsWith('pull_request') && run.headRepository === context.repository;
  const kind = () => readKindFor(!reset && newest() === null);
  const known = cached?.state;
  // A run that was over before a state was saved knows no more than that state, unless it was run again since.
  const mayKnowMore = (run: WorkflowRun) =>
    known === undefined || isAtLeast(run.id, known.run.id) || run.updatedAt >= Date.parse(known.savedAt);

  const listed = await github.runs(context.workflowFile, branch, kind());
  const candidates = listed.filter(run => isCandidate(run) && mayKnowMore(run));
  const asked = new Set<string>();
  for (const run of candidates) {
    if (asked.size === MAX_RUNS && newest() !== null) break;
    asked.add(run.id);
    yield run;
  }
  if (newest() !== null && candidates.length <= MAX_RUNS) return;
  // Any number of later runs may have found nothing new, and uploaded nothing. To ask each would take too many requests.
  const isUnasked = (id: string) =>
    !asked.has(id) && (known === undefined || (id !== known.run.id && isAtLeast(id, known.run.id)));
  const others = (await github.runsWithArtifact(artifactName, branch, kind())).filter(isUnasked);
  for (const id of newest() === null ? others : others.slice(0, MAX_RUNS)) {
    if (newest() !== cached) return;
    const run = listed.find(each => each.id === id) ?? (await github.run(id, kind()));
    if (isCandidate(run) && run.workflowFile === context.workflowFile) yield run;
  }
}

/** Whether an artifact has a name that this sync gives (publish/artifact.ts). A shard's artifacts are not its plan's. */
function isOurs(name: string, artifactName: string): boolean {
  const rest = name.startsWith(artifactName) ? name.slice(artifactName.length) : '?';
  return /^(?:-attempt-\d+)?(?:-[0-9a-f]{6})?$/.test(rest);
}

/** Whether a manifest is this sync's. GitHub lists the runs of a tag with those of a branch that has its name. */
function isOfSync(manifest: string, { stateName, context }: ArtifactSearch): boolean {
  const { run } = jsonObject(manifest) as { run?: { state_id?: unknown; ref?: unknown } };
  return run?.state_id === stateName && run.ref === context.ref;
}

/** Ids of runs grow. */
function isAtLeast(id: string, other: string): boolean {
  return !/^\d+$/.test(other) || BigInt(id) >= BigInt(other);
}
