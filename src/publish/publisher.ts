// The publish requests of one run, one after the other. What is not published yet is always in the journal.
import { openMutex } from '../sync/mutex.ts';
import {
  type Destination,
  type DestinationSettings,
  emptyReceipt,
  type PublishRequest,
  type Receipt,
  withhold,
} from './destination.ts';
import type { Journal } from './journal.ts';

/** What a run has at one moment and has not published. */
export type Snapshot = Omit<PublishRequest, 'directory' | 'window' | 'base'>;

export type Publisher = ReturnType<typeof openPublisher>;

export interface PublisherOptions extends Pick<PublishRequest, 'directory' | 'window' | 'base'> {
  readonly destination: Destination;
  readonly settings: DestinationSettings;
  readonly journal: Journal;
}

export function openPublisher({ destination, settings, journal, base, directory, window }: PublisherOptions) {
  const receipt = emptyReceipt(base);
  let running: PublishRequest | undefined;
  const oneAtATime = openMutex();

  const requestOf = (snapshot: Snapshot) => continueFrom({ ...snapshot, directory, window, base }, receipt);
  const journalAll = (requests: readonly PublishRequest[]) =>
    journal.write({ settings, todo: 'publish', requests, startsNextRun: false });

  async function perform(snapshot: Snapshot): Promise<void> {
    const request = requestOf(snapshot);
    running = request;
    try {
      if (!destination.savesAfterJob) await journalAll([request]);
      await destination.publish(request, receipt);
    } finally {
      running = undefined;
    }
  }

  return {
    /** All that the run has done so far. */
    receipt: receipt as Readonly<Receipt>,
    /** Journals what could be published now. */
    checkpoint: (snapshot: Snapshot) => journalAll([...(running === undefined ? [] : [running]), requestOf(snapshot)]),
    /** Publishes, once what is being published is done. @throws SyncError */
    publish: (snapshot: Snapshot) => oneAtATime(() => perform(snapshot)),
  };
}

/** A request that comes after others: on the state that they have left, and without the streams that are withheld. */
export function continueFrom(request: PublishRequest, receipt: Receipt): PublishRequest {
  const { base, state } = receipt;
  const { change, ...rest } = withhold(request, receipt);
  // Only the first request that is saved starts over. Later ones go on from its state.
  return { ...rest, base, change: { ...change, startsOver: change.startsOver && state === null } };
}
