// Whose data a run has read: the state of one organization is never applied to another (docs/design.md#the-life-of-the-state).
import { SyncError } from '../errors.ts';
import type { Client } from '../kustomer/client.ts';
import type { Source } from '../kustomer/source.ts';
import { isSearch, streamNamed } from '../kustomer/streams.ts';
import type { Snapshot } from '../publish/publisher.ts';
import { duration } from '../report/format.ts';
import type { Log } from '../report/log.ts';
import type { Ending } from '../sync/read-all.ts';
import type { State } from '../sync/state.ts';

/**
 * The last snapshot of a run with its organization. Where that stays unknown, the snapshot changes no stream.
 * @param before the state that the run has started from
 * @throws SyncError `organization-unknown` when the organization is unknown and there is something to publish
 */
export async function withOrganization(
  snapshot: Snapshot,
  before: State,
  endings: ReadonlyMap<string, Ending>,
  source: Source,
  client: Client,
  log: Log,
  stop: AbortSignal,
): Promise<Snapshot> {
  const { change, files } = snapshot;
  if (change.changed.length === 0) return snapshot;
  const clockLeadMs = client.clockLeadMs();
  if (clockLeadMs > 0) {
    log.warning(
      `The clock of this runner is ${duration(clockLeadMs)} ahead of Kustomer's: only what had come by Kustomer's clock is taken for read.`,
    );
  }
  if (source.organization() === null && before.organizationId !== null && !stop.aborted) {
    // Answers without a record do not say whose they are.
    const read = [...endings].filter(([, { error }]) => error === undefined);
    await source.identify(read.map(([name]) => streamNamed(name)).filter(isSearch), stop);
  }
  if (source.organization() !== null || before.organizationId === null) {
    const organizationId = source.organization() ?? before.organizationId;
    return { ...snapshot, change: { ...change, state: { ...change.state, organizationId } } };
  }
  const what = 'Kustomer showed no record at all, so it is not certain whose data this is';
  if (files.length > 0) {
    throw new SyncError('organization-unknown', {
      what: `${what}.`,
      todo: 'Nothing is published and the state is left as it was; check that the API key may read more than that.',
    });
  }
  log.notice(`${what}; the state is left as it was.`);
  return { ...snapshot, change: { ...change, changed: [] } };
}
