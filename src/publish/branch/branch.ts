// The destination `branch`: the files of a run and the state that speaks of them in one commit on a data branch.
import { isKind, SyncError } from '../../errors.ts';
import { requirePrivate } from '../../github/visibility.ts';
import { type Branch, type BranchPlace, openBranchStore } from '../../state/branch.ts';
import { type Delivery, type Destination, type DestinationOptions, deliverTo, leaveOutLost } from '../destination.ts';

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
    async publish(request, receipt) {
      const { commitToBranch } = await import('./commit.ts');
      const result = await commitToBranch(await openPlace(), request, options, loaded);
      loaded = undefined;
      const kept = await leaveOutLost(request, result, receipt, log);
      const before = receipt.files;
      // Without a commit, the state on the branch holds.
      receipt.stateSaved = true;
      if (result.commit !== null) {
        const { commit: sha, state, base, files } = result;
        const places = [...receipt.places, { kind: 'commit', name: sha }];
        Object.assign(receipt, { commit: sha, state, base, places, files: [...before, ...files] });
        log.info(`Committed ${sha.slice(0, 12)} to ${branch} of ${repository}.`);
      }
      await deliverTo(deliveries, kept, result.state, receipt, options).catch(error => {
        throw result.commit === null ? error : onBranchAlone(error, branch);
      });
      if (deliveries.length > 0) receipt.files = [...before, ...kept.files];
    },
    async saveState() {},
  };
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
