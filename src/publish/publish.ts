// What is read becomes published, and only then the state says so (docs/design.md#the-life-of-the-state). The same
// order for every run, whether main does it at its end or on the way, or the post step does what main left undone.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Scope } from '../config/scope.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Context } from '../github/context.ts';
import type { Api } from '../github/rest.ts';
import { MANIFEST_VERSION, type StreamReport, serializeManifest } from '../records/manifest.ts';
import type { PartFile } from '../records/parts.ts';
import { count } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import type { Known } from '../state/branch.ts';
import { merge } from '../sync/merge.ts';
import type { ShardFile, State } from '../sync/state.ts';
import { parseState, serializeState } from '../sync/state-document.ts';
import type { Uploaded } from './artifact.ts';

/** Where to, and how: the part of the inputs that says so. No secret in it. */
export type Target = Pick<Config, 'destinations' | 'retentionDays' | 'gzip' | 'branch' | 'dataPath' | 'repository'> &
  Pick<Scope, 'stateName' | 'artifactName' | 'fileMark'>;

/** Something to be published with all that it takes, so that it can wait on the disk for another process. */
export interface Publication {
  /** From 1: a long run publishes several times. */
  readonly number: number;
  readonly directory: string;
  readonly files: readonly PartFile[];
  /** Streams whose earlier files are replaced: those of a full refresh that has read all. */
  readonly replaces: readonly string[];
  /** Streams of a full refresh that has not: their files are no refresh, so the branch does not get them. */
  readonly unfinished: readonly string[];
  readonly window: { readonly from: string; readonly to: string };
  readonly streams: readonly StreamReport[];
  readonly usage: unknown;
  /** The state that is in force once this is published; null when there is nothing new to claim. */
  readonly state: State | null;
  /** What the data branch said when the state was recovered, or when it was last written. */
  readonly branch: Known | null;
  /** The newest entry of the cache that has gone into the state. */
  readonly cacheKey: string | null;
  /** What runs before this one have published, and this one only puts together: the manifest is all there is to publish. */
  readonly elsewhere?: readonly ShardFile[];
}

export interface Means {
  readonly target: Target;
  readonly context: Context;
  readonly api: () => Promise<Api>;
  readonly log: Log;
}

/** What was done, as far as it was done. */
export interface Published {
  artifact?: Uploaded;
  commit?: string;
  manifest: string;
  /** The state now in force; it may know more than ours, when other runs have published meanwhile. */
  state: State | null;
  branch: Known | null;
  cacheKey: string | null;
  stateSaved: boolean;
}

/** What other runs have published beside us, and what we had claimed by then. */
export interface Others {
  readonly state: State;
  readonly before: State;
}

export function othersBeside({ state: before }: Publication, { state }: Published): Others | null {
  // Others that count lower do not make it count higher, so it is not by its generation that it is known to be ours alone.
  return state === null || before === null || state === before ? null : { state, before };
}

/** What is left to be published when another process, or another publication, has done something before. */
export function goOnFrom(
  publication: Publication,
  { state, branch, cacheKey }: Published,
  others: Others | null,
): Publication {
  const own = publication.state;
  if (own === null || state === null) return { ...publication, branch, cacheKey };
  const generation = state.generation + 1;
  return {
    ...publication,
    branch,
    cacheKey,
    state: { ...(others === null ? own : merge(own, others.state, others.before)), generation },
  };
}

/**
 * Publishes, then saves the state. What a process before this one has published of it already is not published again.
 * `done` is filled in on the way, and says what was done also when this rejects.
 * @throws SyncError `publish` or `state`; nothing after the step that failed is done.
 */
export async function publish(publication: Publication, means: Means, done: Published): Promise<void> {
  const { target, log } = means;
  const { files } = publication;
  done.state = publication.state;
  done.branch = publication.branch;
  done.cacheKey = publication.cacheKey;

  done.manifest = await writeManifest(publication, means, done.state, files);
  // First the place where data and state are one; from there on the records count as published.
  if (target.destinations.includes('branch') && publication.state !== null) {
    await toBranch(publication, publication.state, means, done);
    await writeManifest(publication, means, done.state, files);
  }
  if (target.destinations.includes('artifact') && (files.length > 0 || publication.elsewhere !== undefined)) {
    done.artifact = await toArtifact(publication, means).catch(error => {
      throw done.commit === undefined ? error : onBranchAlone(error, target);
    });
    log.info(`Uploaded ${count(files.length, 'file')} as artifact ${done.artifact.name}.`);
  }
  if (done.state !== null && target.destinations.length > 0) await saveState(means, done.state, done);
}

async function toBranch(publication: Publication, state: State, means: Means, done: Published): Promise<void> {
  const { target, context, api, log } = means;
  const { files, unfinished, replaces, directory, window } = publication;
  const { deliver } = await import('./branch/branch.ts');
  const { repository, branch, dataPath, stateName, fileMark: mark } = target;
  const git = (await api()).git(repository);
  const delivered = await deliver(
    { git, repository, branch, dataPath, stateName },
    {
      directory,
      files: files.filter(({ stream }) => !unfinished.includes(stream)),
      replaces,
      state,
      stateAlone: publication.elsewhere !== undefined,
      mark,
      day: window.to.slice(0, 10),
      run: {
        id: context.runId,
        attempt: context.attempt,
        url: `${context.serverUrl}/${context.repository}/actions/runs/${context.runId}`,
      },
      known: publication.branch,
    },
    log,
  );
  if (delivered === null) return;
  done.commit = delivered.commit;
  done.state = delivered.state;
  done.stateSaved = true;
  done.branch = delivered.known;
  log.info(`Committed ${delivered.commit.slice(0, 12)} to ${branch} of ${repository}.`);
}

/** An artifact failed whose records, and the state that speaks of them, are in a commit already. */
function onBranchAlone(error: unknown, { branch }: Target): SyncError {
  const failure = asSyncError(error);
  if (failure.actor !== 'github') return failure;
  const todo = `Its records are on the branch ${branch}, with the state: take them from there, no later run delivers them again.`;
  return new SyncError('artifact-not-uploaded', { what: failure.what, todo, cause: error });
}

/** Writes what the files are beside them; resolves to its path. */
export async function writeManifest(
  publication: Pick<Publication, 'directory' | 'window' | 'streams' | 'usage' | 'elsewhere'>,
  { target, context }: Pick<Means, 'target' | 'context'>,
  state: State | null,
  files: readonly PartFile[],
): Promise<string> {
  const { directory, window, streams, usage, elsewhere = [] } = publication;
  const path = join(directory, 'manifest.json');
  const { runId, attempt, job, workflow, repository, ref, event } = context;
  await writeFile(
    path,
    serializeManifest({
      version: MANIFEST_VERSION,
      run: { id: runId, attempt, job, workflow, repository, ref, event, state_id: target.stateName },
      window,
      streams,
      files: [...elsewhere, ...files],
      api: usage,
      state: state === null ? null : JSON.parse(serializeState(state)),
    }),
  );
  return path;
}

async function toArtifact(publication: Publication, { target, context, api }: Means): Promise<Uploaded> {
  const { upload } = await import('./artifact.ts');
  const { number, files, directory, elsewhere = [] } = publication;
  return upload(context, {
    name: artifactNameOf(target, context, number),
    directory,
    files,
    retentionDays: target.retentionDays,
    compressed: target.gzip,
    async holdsThese(id) {
      try {
        const { manifestOf } = await import('../state/artifact-manifest.ts');
        const text = await manifestOf(await api(), id);
        return text !== null && JSON.stringify(JSON.parse(text).files) === JSON.stringify([...elsewhere, ...files]);
      } catch {
        return null;
      }
    },
  });
}

/** A re-run finds the artifacts of the attempts before it, and a long run its own. */
export function artifactNameOf(
  { artifactName }: Pick<Target, 'artifactName'>,
  { attempt }: Context,
  number: number,
): string {
  return `${artifactName}${attempt === '1' ? '' : `-attempt-${attempt}`}${number === 1 ? '' : `-part-${number}`}`;
}

/** Saves the state in the cache, with what others have saved there meanwhile. */
export async function saveState(
  { target, context, log }: Pick<Means, 'context' | 'log'> & { target: Pick<Target, 'stateName' | 'destinations'> },
  state: State,
  done: Published,
): Promise<void> {
  const { cacheTrouble, newerThan, save } = await import('../state/cache.ts');
  const { stateName, destinations } = target;
  // With a data branch the cache only makes things faster: the state is there, in the commit.
  const isSpare = destinations.includes('branch');
  if (isSpare && cacheTrouble() !== null) return;

  const { withGenerationOnBranch } = await import('../state/recovery.ts');
  let all = state;
  let known = done.cacheKey;
  let text = '';
  async function document(): Promise<{ text: string; generation: number }> {
    const other = await newerThan(known, stateName, context);
    // Our own text is that of a try before, whose answer was lost.
    if (other !== null && other.text !== text)
      all = withOthers(all, parseState(other.text, `Actions cache, ${other.key}`));
    known = other?.key ?? known;
    text = serializeState(all);
    if (isSpare) text = withGenerationOnBranch(text, done.branch?.generation ?? 0);
    return { text, generation: all.generation };
  }
  try {
    done.cacheKey = await save(stateName, context, document, done.artifact?.name);
    done.state = all;
    done.stateSaved = true;
  } catch (error) {
    if (!isSpare || asSyncError(error).actor !== 'github') throw error;
    log.warning(
      `The state could not be saved in the Actions cache. ${done.stateSaved ? 'It is on the data branch' : 'Nothing new was published, and the state on the data branch still holds'}, so there is nothing to do.`,
    );
  }
}

/** A state counts higher than all that are in it, and no higher than that takes. */
function withOthers(ours: State, theirs: State): State {
  const { generation, ...both } = merge(ours, theirs);
  return { ...both, generation: theirs.generation < ours.generation ? ours.generation : generation };
}

export function nothingPublished(): Published {
  return { manifest: '', state: null, branch: null, cacheKey: null, stateSaved: false };
}
