// The publish requests of one run, one after the other. What is not published yet is always in the journal.
import type { PartFile } from '../records/parts.ts';
import type { Base } from '../state/store.ts';
import { openMutex } from '../sync/mutex.ts';
import {
  type Destination,
  type DestinationSettings,
  emptyReceipt,
  type PublishRequest,
  type Receipt,
  withoutLost,
} from './destination.ts';
import type { Journal } from './journal.ts';

/** What a run has at one moment and has not published. */
export type Snapshot = Omit<PublishRequest, 'directory' | 'window' | 'base'>;

export interface Publisher {
  /** Journals what could be published now. */
  checkpoint(snapshot: Snapshot): Promise<void>;
  /** Publishes, once what is being published is done. @throws SyncError */
  publish(snapshot: Snapshot): Promise<void>;
  /** All that the run has done so far. */
  readonly receipt: Receipt;
  /** The parts that have come to where they are kept. */
  readonly published: readonly PartFile[];
}

export interface PublisherOptions {
  readonly destination: Destination;
  readonly settings: DestinationSettings;
  readonly journal: Journal;
  readonly base: Base;
  readonly directory: string;
  readonly window: { readonly from: string; readonly to: string };
}

export function openPublisher(options: PublisherOptions): Publisher {
  const { destination, settings, journal, base, directory, window } = options;
  const receipt = emptyReceipt(base);
  const published: PartFile[] = [];
  let running: PublishRequest | undefined;
  const oneAtATime = openMutex();

  const requestOf = (snapshot: Snapshot) => continueFrom({ ...snapshot, directory, window, base }, receipt);
  const record = (requests: readonly PublishRequest[]) =>
    journal.write({ settings, todo: 'publish', requests, startsNextRun: false });

  async function perform(snapshot: Snapshot): Promise<void> {
    const request = requestOf(snapshot);
    running = request;
    const own = emptyReceipt(request.base);
    try {
      if (!destination.savesAfterJob) await record([request]);
      await destination.publish(request, own);
    } finally {
      running = undefined;
      published.push(...own.files);
      Object.assign(receipt, own, {
        state: own.state ?? receipt.state,
        stateSaved: own.stateSaved || (receipt.stateSaved && own.state === null),
        commit: own.commit ?? receipt.commit,
        lost: [...receipt.lost, ...own.lost],
      });
    }
  }

  return {
    receipt,
    published,
    checkpoint: snapshot => record([...(running === undefined ? [] : [running]), requestOf(snapshot)]),
    publish: snapshot => oneAtATime(() => perform(snapshot)),
  };
}

/** A request that comes after others: on the state that they have left, and without the streams that are lost. */
export function continueFrom(request: PublishRequest, { base, lost, state }: Receipt): PublishRequest {
  const { change, ...rest } = withoutLost(request, lost);
  // What has started over goes on from there.
  return { ...rest, base, change: { ...change, startsOver: change.startsOver && state === null } };
}
