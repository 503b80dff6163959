// The destination `branch`: the files of a run and the state that speaks of them in one commit on a data branch.
import { randomUUID } from 'node:crypto';
import { isKind, SyncError } from '../../errors.ts';
import { requirePrivate } from '../../github/visibility.ts';
import type { Finding, Place } from '../../report/report.ts';
import { type Branch, type BranchPlace, openBranchStore } from '../../state/branch.ts';
import {
  type Delivery,
  type Destination,
  type DestinationOptions,
  deliverTo,
  leaveOut,
  type PublishRequest,
  type Receipt,
  withhold,
} from '../destination.ts';
import { continueFrom } from '../publisher.ts';
import type { CommitResult } from './commit.ts';
import { markChecked } from './freshness.ts';
import { branchError } from './refusal.ts';

/** Git stores every version of a file whole, so parts stay small (docs/actions-platform.md#commit-size). */
const PART_BYTES = 8 * 1024 * 1024;
/** A commit of more files takes GitHub too long (docs/actions-platform.md#commit-size). */
const MAX_PARTS = 50;

/** @param deliveries copies of the same files elsewhere, made once they are committed */
export function openBranch(options: DestinationOptions, deliveries: readonly Delivery[]): Destination {
  const { context, api, log, branch, repository, dataPath, stateName, allowPublic } = options;
  const artifactName = deliveries.find(delivery => delivery.artifactName !== undefined)?.artifactName ?? null;
  const openPlace = async (): Promise<BranchPlace> => ({
    git: (await api()).git(repository),
    repository,
    branch,
    dataPath,
    stateName,
  });
  let loaded: Branch | undefined;

  /** Commits what GitHub takes of a request, and notes in the receipt what became of it. */
  async function commit(request: PublishRequest, receipt: Receipt): Promise<CommitResult> {
    const { commitToBranch } = await import('./commit.ts');
    const result = await commitToBranch(await openPlace(), request, options, loaded);
    loaded = undefined;
    await leaveOut(request, result, receipt, log);
    const { commit: sha, state, base, files } = result;
    // Without a commit, the state on the branch holds.
    receipt.stateSaved ||= sha !== null || receipt.refused.size === 0;
    if (sha === null) return result;
    const places = [...receipt.places.filter(({ kind }) => kind !== 'branch'), ...placesOf(sha, options)];
    Object.assign(receipt, { commit: sha, state, base, places, files: [...receipt.files, ...files] });
    log.info(`Committed ${sha.slice(0, 12)} to ${branch} of ${repository}.`);
    return result;
  }

  return {
    store: openBranchStore(openPlace, api, context.repository, branch => {
      loaded = branch;
    }),
    partBytes: PART_BYTES,
    maxParts: MAX_PARTS,
    replacesFiles: true,
    savesAfterJob: false,
    artifactName,
    async requireAccess() {
      if (!allowPublic) await requirePrivate(repository, 'its data branch', context, api);
      for (const delivery of deliveries) await delivery.requireAccess();
    },
    permissions: async () => permissionsFor(await openPlace()),
    async publish(request, receipt) {
      const before = receipt.files;
      const result = await commit(request, receipt).catch(async error => {
        if (!isKind(error, 'refused')) throw error;
        log.info(`${error.what} Each stream gets a commit of its own, to find out which it is.`);
        let last: CommitResult | undefined;
        for (const part of oneByOne(request, receipt)) last = await commit(continueFrom(part, receipt), receipt);
        return last as CommitResult;
      });
      if (result.commit === null) await markChecked(await openPlace(), result.tip, request, receipt, log);
      const kept = withhold(request, receipt);
      await deliverTo(deliveries, kept, result.state, receipt, options).catch(error => {
        throw receipt.files === before ? error : onBranchAlone(error, branch);
      });
      if (deliveries.length > 0) receipt.files = [...before, ...kept.files];
    },
    async saveState() {},
  };
}

/** @throws SyncError as a commit would, when the token may not write */
async function permissionsFor(place: BranchPlace): Promise<Finding[]> {
  await place.git.requireWrite(place.branch).catch(error => {
    throw branchError(error, place, false);
  });
  return [['Permission `contents: write`', 'granted']];
}

/** The commit, and the folder with the data. */
function placesOf(commit: string, { context, repository, branch, dataPath }: DestinationOptions): Place[] {
  const pages = `${context.serverUrl}/${repository}`;
  return [
    { kind: 'commit', name: commit.slice(0, 12), url: `${pages}/commit/${commit}` },
    { kind: 'branch', name: branch, url: encodeURI(`${pages}/tree/${branch}/${dataPath}`), hasFolders: true },
  ];
}

/** A request as several: one for each stream that has files, and one for what has none. Each is made when it is its turn. */
function* oneByOne(request: PublishRequest, receipt: Receipt): Generator<PublishRequest> {
  const withFiles = new Set(request.files.map(({ stream }) => stream));
  const all = [...new Set([...request.streams.map(({ name }) => name), ...withFiles])];
  const parts = [...[...withFiles].map(name => [name]), all.filter(name => !withFiles.has(name))];
  for (const part of parts) {
    const lost = all.filter(name => !part.includes(name));
    const { change, ...rest } = withhold(request, { lost }, receipt.files);
    yield { ...rest, change: { ...change, state: { ...change.state, publishId: randomUUID() } } };
  }
}

/** A copy failed whose records, and the state that speaks of them, are in a commit already. */
function onBranchAlone(error: unknown, branch: string): unknown {
  if (!isKind(error, 'publish') || error.code === 'part-changed') return error;
  return new SyncError(error.code, {
    what: error.what,
    todo: `Its records are on the branch ${branch}, with the state: take them from there, no later run delivers them again.`,
    cause: error,
  });
}
