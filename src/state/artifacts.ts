// The state in the artifacts that a workflow has uploaded: the backup of the cache.
import { SyncError } from '../errors.ts';
import type { WorkflowRun } from '../github/answers.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import type { State } from '../sync/state.ts';
import { type ArtifactFiles, readArtifact } from './artifact-files.ts';
import { artifactFailure, type LookupFailure, listFailure, readKindFor } from './lookup-failures.ts';
import type { LoadOptions, SavedState } from './store.ts';

export interface ArtifactSearch extends LoadOptions {
  readonly stateName: string;
  readonly context: Context;
  readonly artifactName: string;
  /** The newest state that is known already; null when none is. */
  readonly best: State | null;
  readonly api: () => Promise<Api>;
  /** Makes a state of its text; null when the text is damaged and need not be read. */
  readonly parse: (text: string, place: string) => State | null;
}

/**
 * How many of the workflow's last runs are asked for artifacts, and how many artifacts are read. Without any state, older
 * runs are asked, too: runs that find nothing new upload nothing.
 */
const MAX_RUNS = 10;
const MAX_ARTIFACTS = 3;

/**
 * The newest state in what this workflow has uploaded from this branch; null when there is none. Artifacts of pull requests
 * and of forks are not looked at.
 * @param failures filled with what could not be looked at
 */
export async function newestInArtifacts(search: ArtifactSearch, failures: LookupFailure[]): Promise<SavedState | null> {
  let newest: SavedState | null = null;
  let read = 0;
  const isFound = () => search.best !== null || newest !== null;
  const kind = () => readKindFor(!search.reset && !isFound());
  try {
    const github = await search.api();
    for await (const run of runsOf(search, github, isFound)) {
      for (const { id, name } of await github.artifacts(run.id, kind())) {
        if (read >= MAX_ARTIFACTS) return newest;
        if (!isOurs(name, search.artifactName)) continue;
        const place = `the artifact ${name} of run ${run.id}`;
        const files = await readArtifact(github, id, kind()).catch(error => {
          failures.push(artifactFailure(place, error));
          read++;
          return null;
        });
        const text = files && stateIn(files, search);
        const state = text === null ? null : search.parse(text, place);
        if (state === null) continue;
        read++;
        if (newest === null || state.generation > newest.state.generation) newest = { state, place };
        // The other artifacts of this run are older.
        break;
      }
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    failures.push(listFailure('the artifacts of earlier runs', error));
  }
  return newest;
}

/** The runs whose artifacts are looked at, newest first. */
async function* runsOf(
  { context, artifactsOf, artifactName, reset, best }: ArtifactSearch,
  github: Api,
  isFound: () => boolean,
): AsyncGenerator<{ readonly id: string }> {
  if (artifactsOf === 'this-run') return yield { id: context.runId };
  const branch = /^refs\/heads\/(.+)$/.exec(context.ref)?.[1];
  if (branch === undefined || context.workflowFile === '') return;
  const isCandidate = (run: WorkflowRun) =>
    !run.event.startsWith('pull_request') && run.headRepository === context.repository;
  // A run that was over before a state was saved knows no more than that state, unless it was run again since.
  const mayKnowMore = (run: WorkflowRun) =>
    best === null || isAtLeast(run.id, best.run.id) || run.updatedAt >= Date.parse(best.savedAt);

  const listed = await github.runs(context.workflowFile, branch, readKindFor(!reset && !isFound()));
  for (const [n, run] of listed.filter(run => isCandidate(run) && mayKnowMore(run)).entries()) {
    if (n >= MAX_RUNS && isFound()) return;
    yield run;
  }
  if (isFound()) return;
  // More runs than a list shows may have found nothing new. To ask each for its artifacts would take too many requests.
  for (const id of await github.runsWithArtifact(artifactName, branch, readKindFor(!reset))) {
    if (isFound()) return;
    if (listed.some(run => run.id === id)) continue;
    const run = await github.run(id, readKindFor(!reset));
    if (isCandidate(run) && run.workflowFile === context.workflowFile) yield run;
  }
}

/** Whether an artifact has a name that this sync gives (publish/artifact.ts). A shard's artifacts are not its plan's. */
function isOurs(name: string, artifactName: string): boolean {
  const rest = name.startsWith(artifactName) ? name.slice(artifactName.length) : '?';
  return /^(?:-attempt-\d+)?(?:-[0-9a-f]{6})?$/.test(rest);
}

/**
 * The state document of an artifact; null when the artifact has none or belongs to another sync. GitHub lists the runs of a
 * tag with those of a branch that has its name.
 */
function stateIn({ manifest, state }: ArtifactFiles, { stateName, context }: ArtifactSearch): string | null {
  const { run } = JSON.parse(manifest) as { run?: { state_id?: unknown; ref?: unknown } };
  return run?.state_id === stateName && run.ref === context.ref ? state : null;
}

/** Ids of runs grow. */
function isAtLeast(id: string, other: string): boolean {
  return !/^\d+$/.test(other) || BigInt(id) >= BigInt(other);
}
