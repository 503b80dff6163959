// Destinations whose state is in the Actions cache: artifacts, and files that stay on the runner for the next steps.
import { writeManifest } from './beside.ts';
import {
  type Delivery,
  type Destination,
  type DestinationOptions,
  removeLost,
  warnOfLost,
  withoutLost,
} from './destination.ts';

/** Few parts, and each can still be opened. */
const PART_BYTES = 64 * 1024 * 1024;

export function openCached(options: DestinationOptions, deliveries: readonly Delivery[]): Destination {
  const { log, context, stateName } = options;
  const artifactName = deliveries.find(delivery => delivery.artifactName !== undefined)?.artifactName ?? null;
  const openStore = async () => {
    const { openCacheStore } = await import('../state/cache-store.ts');
    return openCacheStore({ ...options, artifactName: artifactName === null ? null : options.artifactName });
  };
  const savesAfterJob = deliveries.length === 0;

  const destination: Destination = {
    store: { load: how => openStore().then(store => store.load(how)) },
    partBytes: PART_BYTES,
    maxParts: Number.POSITIVE_INFINITY,
    replacesFiles: false,
    savesAfterJob,
    artifactName,
    async requireAccess() {
      for (const delivery of deliveries) await delivery.requireAccess();
    },
    async publish(request, receipt) {
      const { change, base } = request;
      const store = await openStore();
      // Compared right before the upload, so that what another run has published meanwhile is not published again.
      const isNews = change.changed.length > 0;
      const { state, lost, otherRun } = isNews
        ? await store.preview(change, base)
        : { ...change, lost: [], otherRun: null };
      warnOfLost(lost, otherRun, log);
      receipt.lost = lost;
      const kept = withoutLost(request, lost);
      await removeLost(request, lost);
      receipt.manifest = await writeManifest(kept, context, stateName, state);
      if (kept.files.length > 0 || kept.externalFiles !== undefined)
        for (const delivery of deliveries) await delivery.deliver(kept, receipt);
      receipt.files = kept.files;
      if (savesAfterJob || !isNews) return;
      if (kept.change.changed.length > 0) await destination.saveState(kept, receipt);
      else Object.assign(receipt, { state, stateSaved: true });
    },
    async saveState({ change, base }, receipt) {
      const store = await openStore();
      const saved = await store.save(change, base, receipt.artifact?.name);
      receipt.state = saved.state;
      receipt.stateSaved = true;
      receipt.base = saved.base;
      if (saved.lost.length === 0) return;
      log.warning(
        `Another run (${saved.otherRun?.id}, attempt ${saved.otherRun?.attempt}) has published ${saved.lost.join(', ')} at the same time, so some of these records are published twice. Give the workflow a \`concurrency\` group, so that runs wait for each other.`,
      );
    },
  };
  return destination;
}
