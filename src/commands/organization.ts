// Whose data a run has read: the state of one organization is never applied to another (docs/design.md#the-life-of-the-state).
import { SyncError } from '../errors.ts';
import type { Source } from '../kustomer/source.ts';
import { isSearch, streamNamed } from '../kustomer/streams.ts';
import type { Snapshot } from '../publish/publisher.ts';
import { duration } from '../report/format.ts';
import type { State } from '../sync/state.ts';
import type { ReadingRun } from './prepare.ts';
import type { Endings } from './snapshots.ts';

/**
 * The last snapshot of a run with its organization. Where that stays unknown, the snapshot changes no stream. Also warns of
 * clocks that differ, which matters only to a run that saves a state.
 * @param before the state that the run has started from
 * @throws SyncError `organization-unknown` when the organization is unknown and there is something to publish
 */
export async function withOrganization(
  { client, log, stop }: Pick<ReadingRun, 'client' | 'log' | 'stop'>,
  source: Source,
  before: State,
  snapshot: Snapshot,
  endings: Endings,
): Promise<Snapshot> {
  const { change, files } = snapshot;
  if (change.changed.length === 0) return snapshot;
  const clockLeadMs = client.clock.leadMs();
  if (clockLeadMs > 0) {
    log.warning(
      `The clock of this runner is ${duration(clockLeadMs)} fast by Kustomer's clock: only what that clock had reached counts as read. Check the clock of this runner.`,
    );
  }
  if (client.clock.hasIgnored()) {
    log.warning(
      'Kustomer sent a time (`date`) that is more than a day from the clock of this runner, so it was ignored. Check that clock if this comes with each run.',
    );
  }
  await learnOrganization({ stop }, source, before, endings);
  const organizationId = source.organization();
  // On a first sync there is no state that could be another's.
  if (organizationId !== null || before.organizationId === null) {
    return { ...snapshot, change: { ...change, state: { ...change.state, organizationId } } };
  }
  const what = 'Kustomer showed no record at all, so it cannot be told whose data this is';
  if (files.length > 0) {
    throw new SyncError('organization-unknown', {
      what: `${what}.`,
      todo: 'Nothing is published and the state is left as it was; check that the API key may read more than that.',
    });
  }
  log.notice(`${what}: the state is left as it was. Check that the API key may read more than that.`);
  return { ...snapshot, change: { ...change, changed: [] } };
}

/**
 * Asks Kustomer whose data it is, when the saved state belongs to an organization and no record so far has named one.
 * @throws SyncError `other-organization`
 */
export async function learnOrganization(
  { stop }: Pick<ReadingRun, 'stop'>,
  source: Source,
  before: State,
  endings: Endings,
): Promise<void> {
  if (source.organization() !== null || before.organizationId === null || stop.signal.aborted) return;
  const read = [...endings].filter(([, { error }]) => error === undefined);
  await source.identify(read.map(([name]) => streamNamed(name)).filter(isSearch), stop.signal);
}
