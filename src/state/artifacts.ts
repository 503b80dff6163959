// The states in what a workflow has uploaded.
import { SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api, WorkflowRun } from '../github/rest.ts';
import type { State } from '../sync/state.ts';
import { manifestOf } from './artifact-manifest.ts';
import { artifactFailure, type LookupFailure, listFailure, readKindFor } from './lookup-failures.ts';

export interface Uploads {
  readonly stateName: string;
  readonly context: Context;
  readonly artifactName: string;
  /** Whose artifacts may hold it: those of this workflow's runs, of this run alone, or nobody's. */
  readonly uploadedBy: 'workflow' | 'this-run' | 'nobody';
  /** Start over: of what is saved only the generation counts, so that the new state outranks it. */
  readonly reset: boolean;
  readonly api: () => Promise<Api>;
}

export interface Copy {
  readonly state: State;
  /** As in `from the Actions cache`. */
  readonly place: string;
}

/**
 * So many of the workflow's last runs are asked for artifacts, and so many manifests are read. As long as there is no
 * state at all the older ones are asked, too: runs that find nothing new upload nothing.
 */
const MOST_RUNS = 10;
const MOST_MANIFESTS = 3;

/** Makes a state of its text; null when it is damaged and nobody minds. */
type Parse = (text: string, place: string) => State | null;

/** The states in what this workflow has uploaded from this branch. Those of pull requests and forks are not looked at. */
export async function fromArtifacts(
  uploads: Uploads,
  best: State | undefined,
  unseen: LookupFailure[],
  parse: Parse,
): Promise<Copy[]> {
  const { artifactName, api, reset } = uploads;
  const copies: Copy[] = [];
  let tried = 0;
  try {
    const github = await api();
    const isFound = () => best !== undefined || copies.length > 0;
    for await (const run of runsOf(uploads, github, best, isFound)) {
      const how = readKindFor(!reset && !isFound());
      for (const { id, name } of await github.artifacts(run.id, how)) {
        if (tried >= MOST_MANIFESTS) return copies;
        if (!isOurs(name, artifactName)) continue;
        const place = `the artifact ${name} of run ${run.id}`;
        let manifest: string | null;
        try {
          manifest = await manifestOf(github, id, how);
        } catch (error) {
          unseen.push(artifactFailure(place, error));
          tried++;
          continue;
        }
        const text = manifest === null ? null : stateIn(manifest, uploads);
        const state = text === null ? null : parse(text, place);
        if (state === null) continue;
        tried++;
        copies.push({ state, place });
        // The others of this run are older.
        break;
      }
    }
  } catch (error) {
    if (error instanceof SyncError) throw error;
    unseen.push(listFailure('the artifacts of earlier runs', error));
  }
  return copies;
}

/** The runs whose artifacts are looked at, newest first. */
async function* runsOf(
  { context, uploadedBy, artifactName, reset }: Uploads,
  github: Api,
  best: State | undefined,
  isFound: () => boolean,
): AsyncGenerator<{ readonly id: string }> {
  if (uploadedBy === 'this-run') return yield { id: context.runId };
  const branch = /^refs\/heads\/(.+)$/.exec(context.ref)?.[1];
  if (branch === undefined || context.workflowFile === '') return;
  const isMeant = (run: WorkflowRun) =>
    !run.event.startsWith('pull_request') && run.headRepository === context.repository;
  // What was over before a state was saved cannot know more than it does. An older run may have been run again since.
  const mayKnowMore = (run: WorkflowRun) =>
    best === undefined || isAtLeast(run.id, best.run.id) || run.updatedAt >= Date.parse(best.savedAt);

  const listed = await github.runs(context.workflowFile, branch, readKindFor(!reset && !isFound()));
  for (const [n, run] of listed.filter(run => isMeant(run) && mayKnowMore(run)).entries()) {
    if (n >= MOST_RUNS && isFound()) return;
    yield run;
  }
  if (isFound()) return;
  // More runs than a list shows may have found nothing new since. To ask each for its artifacts would take too many requests.
  for (const id of await github.runsWithArtifact(artifactName, branch, readKindFor(!reset))) {
    if (isFound()) return;
    if (listed.some(run => run.id === id)) continue;
    const run = await github.run(id, readKindFor(!reset));
    if (isMeant(run) && run.workflowFile === context.workflowFile) yield run;
  }
}

/** Whether an artifact is called as finish.ts and artifact.ts call those of this sync. A shard's are not its plan's. */
function isOurs(name: string, artifactName: string): boolean {
  const rest = name.startsWith(artifactName) ? name.slice(artifactName.length) : '?';
  return /^(?:-attempt-\d+)?(?:-part-\d+)?(?:-[0-9a-f]{6})?$/.test(rest);
}

/**
 * The state document in a manifest, as text; null when it has none or belongs to another sync. GitHub lists the runs of a
 * tag with those of a branch that has its name.
 */
function stateIn(manifest: string, { stateName, context }: Uploads): string | null {
  let document: { run?: { state_id?: unknown; ref?: unknown }; state?: unknown } | null;
  try {
    document = JSON.parse(manifest);
  } catch {
    // Somebody else's: ours are whole, since an artifact is finished only when it is.
    return null;
  }
  const { run, state } = document ?? {};
  return run?.state_id === stateName && run.ref === context.ref && state ? JSON.stringify(state) : null;
}

/** Ids of runs grow. */
function isAtLeast(id: string, other: string): boolean {
  return !/^\d+$/.test(other) || BigInt(id) >= BigInt(other);
}
