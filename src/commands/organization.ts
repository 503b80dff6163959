// Whose data a run has read: the state of one organization is never applied to another
// (docs/design.md#the-life-of-the-state).
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
 * The claims of a run that has read its last, if it is certain whose data it has read.
 * @throws SyncError when that is not certain and there is something to publish.
 */
export async function certain(
  { state, files }: Pick<Snapshot, 'state' | 'files'>,
  before: State,
  endings: ReadonlyMap<string, Ending>,
  source: Source,
  client: Client,
  log: Log,
  stop: AbortSignal,
): Promise<State | null> {
  if (state === null) return null;
  const ahead = client.clockLeadMs();
  if (ahead > 0) {
    log.warning(
      `The clock of this runner is ${duration(ahead)} ahead of Kustomer's: only what had come by Kustomer's clock is taken for read.`,
    );
  }
  if (source.organization() === null && before.organizationId !== null && !stop.aborted) {
    // Answers without a record do not say whose they are.
    const read = [...endings].filter(([, { error }]) => error === undefined);
    await source.identify(read.map(([name]) => streamNamed(name)).filter(isSearch), stop);
  }
  if (source.organization() === null && before.organizationId !== null) {
    const what = 'Kustomer showed no record at all, so it is not certain whose data this is';
    if (files.length > 0) {
      const todo =
        'Nothing is published and the state is left as it was; check that the API key may read more than that.';
      throw new SyncError('organization-unknown', { what: `${what}.`, todo });
    }
    log.notice(`${what}; the state is left as it was.`);
    return null;
  }
  return { ...state, organizationId: source.organization() ?? before.organizationId };
}
