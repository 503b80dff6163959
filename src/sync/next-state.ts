// Compare and swap, stream by stream: the state that a run saves, when another run may have saved since this one started.
// What the other run has changed is what changed after the generation that this run started from. Nothing inside a stream
// is merged.
import { SyncError } from '../errors.ts';
import { MAX_GENERATION, NO_STATE, type ShardFile, type State, type StreamRevision, streamOf } from './state.ts';
import { requireReadable } from './state-document.ts';
import { joinSchemas } from './stream-schema.ts';

/** What a run wants to save. */
export interface StateChange {
  /** What the run started from, and what it has published since. Its generation does not count. */
  readonly state: State;
  /** The streams that the run has changed. */
  readonly changed: readonly string[];
  /** The run ignores what is saved, as `reset-state` says. */
  readonly startsOver: boolean;
}

export interface MergedState {
  /** The state to save, with its generation. */
  readonly state: State;
  /** Streams of this run that another run has changed meanwhile: theirs holds, and ours must not be published. */
  readonly lost: readonly string[];
  /** The run that has saved meanwhile; null when none has. */
  readonly otherRun: State['run'] | null;
}

/**
 * The next state: the only place that gives out a generation.
 * @param baseGeneration the generation of the state that the run started from, or of its own last save; 0: there was none
 * @param latest what another run has saved since; null when nobody has
 * @throws SyncError `other-organization` when another run has saved the state of another Kustomer organization;
 *   `state-unreadable` when the next run could not read the state
 */
export function nextState(change: StateChange, baseGeneration: number, latest: State | null): MergedState {
  const { state, changed, startsOver } = change;
  const last = Math.max(latest?.generation ?? 0, baseGeneration);
  const generation = (startsOver && last >= MAX_GENERATION ? 0 : last) + 1;
  const isOurs = latest === null || startsOver;
  if (!isOurs) requireSameOrganization(state, latest);
  const theirs = isOurs ? state : latest;
  const isLost = (stream: string) => {
    const { changedIn = 0 } = theirs.revisions.get(stream) ?? {};
    // A shard also knows of generations of the sync that it goes on from.
    return changedIn > baseGeneration && changedIn <= theirs.generation;
  };
  const lost = isOurs ? [] : changed.filter(isLost);
  const taken = new Set(changed.filter(stream => !lost.includes(stream)));
  const pick = <T>(other: ReadonlyMap<string, T>, own: ReadonlyMap<string, T>) =>
    new Map([
      ...[...other].filter(([key]) => !taken.has(streamOf(key))),
      ...[...own].filter(([key]) => taken.has(streamOf(key))),
    ]);
  const revisions = pick(theirs.revisions, state.revisions);
  for (const [stream, revision] of revisions) {
    // Starting over changes every stream, also those that the run does not read.
    if (startsOver || taken.has(stream)) revisions.set(stream, { ...revision, changedIn: generation });
  }
  const next = {
    ...state,
    generation,
    organizationId: state.organizationId ?? theirs.organizationId,
    revisions,
    search: pick(theirs.search, state.search),
    lists: pick(theirs.lists, state.lists),
    schemas: joinSchemas(theirs.schemas, state.schemas),
  };
  requireReadable(next);
  return { lost, otherRun: latest?.run ?? null, state: next };
}

/** @throws SyncError `other-organization` */
export function requireSameOrganization(ours: State, theirs: State): void {
  if (ours.organizationId === null || theirs.organizationId === null) return;
  if (ours.organizationId === theirs.organizationId) return;
  throw new SyncError('other-organization', {
    what: `Another run has saved the state of another Kustomer organization (${theirs.organizationId}) under the same name.`,
    todo: 'Give each organization its own `state-id`, and its own `branch` where there is a data branch.',
  });
}

/**
 * The state of a run that ignores what is saved. Epochs and schemas stay: starting over replaces no file on the data branch.
 */
export function startOver({ generation, revisions, schemas }: State): State {
  const epochs = [...revisions].map(([stream, revision]) => [stream, { ...revision, changedIn: 0 }] as const);
  return { ...NO_STATE, generation, revisions: new Map(epochs), schemas };
}

/**
 * The state of a backfill or a shard without the streams whose files on the data branch a full refresh of the sync has
 * replaced since: what they had published there is gone.
 * @param sync the revisions of the sync that the branch belongs to
 */
export function withoutReplaced(
  state: State,
  sync: State['revisions'],
): { readonly state: State; readonly replaced: readonly string[] } {
  const isReplaced = ([stream, { epoch }]: [string, StreamRevision]) => (sync.get(stream)?.epoch ?? 0) > epoch;
  const replaced = [...state.revisions].filter(isReplaced).map(([stream]) => stream);
  return { replaced, state: withoutStreams(state, replaced, ({ stream }) => replaced.includes(stream)) };
}

/**
 * The state without some streams.
 * @param isGone whether a file that a shard's manifest lists is not published any more, or was never
 */
export function withoutStreams(state: State, streams: readonly string[], isGone: (file: ShardFile) => boolean): State {
  const kept = <T>(map: ReadonlyMap<string, T>) =>
    new Map([...map].filter(([key]) => !streams.includes(streamOf(key))));
  const { shardManifest } = state;
  const files = shardManifest?.files.filter(file => !isGone(file)) ?? [];
  return {
    ...state,
    revisions: kept(state.revisions),
    search: kept(state.search),
    lists: kept(state.lists),
    shardManifest: shardManifest && { ...shardManifest, files },
  };
}
