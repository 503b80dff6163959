// Destinations whose state is in the Actions cache: artifacts, and files that stay on the runner for the next steps.
import type { GitHubError } from '../github/request.ts';
import { openSection } from '../report/log.ts';
import { requireTar } from '../state/tar.ts';
import {
  type Delivery,
  type Destination,
  type DestinationOptions,
  deliverTo,
  leaveOut,
  warnOfLost,
} from './destination.ts';

/** Few parts, and each can still be opened. */
const PART_BYTES = 64 * 1024 * 1024;

export function openCached(options: DestinationOptions, deliveries: readonly Delivery[]): Destination {
  const { log } = options;
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
    formats: async () => new Map(),
    savesAfterJob,
    artifactName,
    async requireAccess() {
      for (const delivery of deliveries) await delivery.requireAccess();
      await requireTar();
    },
    async permissions() {
      const github = await options.api();
      const found = await github.caches('kustomer-sync', 'best-effort').then(
        () => 'granted',
        ({ cited, isTemporary }: GitHubError) => `${isTemporary ? 'not known' : 'missing'}${cited}`,
      );
      return [
        ['Actions cache', 'there is one, and the job may write to it'],
        ['Permission `actions: read`', found],
      ];
    },
    async publish(request, receipt) {
      const { change, base } = request;
      const store = await openStore();
      // Compared right before the upload, so that what another run has published meanwhile is not published again.
      const hasChanged = change.changed.length > 0;
      const next = hasChanged ? await store.preview(change, base) : { ...change, lost: [], otherRun: null };
      const kept = await leaveOut(request, next, receipt, log);
      await deliverTo(deliveries, kept, next.state, receipt, options);
      receipt.files = [...receipt.files, ...kept.files];
      if (savesAfterJob || !hasChanged) return;
      if (kept.change.changed.length > 0) await destination.saveState(kept, receipt);
      else Object.assign(receipt, { state: next.state, stateSaved: true });
    },
    async saveState({ change, base }, receipt) {
      openSection('Save state');
      const store = await openStore();
      const saved = await store.save(change, base, receipt.artifact?.name);
      Object.assign(receipt, { state: saved.state, stateSaved: true, base: saved.base });
      if (saved.lost.length > 0)
        warnOfLost(saved, 'at the same time, so some of these records are published twice', log);
    },
  };
  return destination;
}
