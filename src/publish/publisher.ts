// One run's publications, one after the other, and on the disk always what is still to be published, so that the post
// step can do it should this process not live to.

import type { PartFile } from '../records/parts.ts';
import type { Recovered } from '../state/recovery.ts';
import { openMutex } from '../sync/mutex.ts';
import type { Handover } from './journal.ts';
import {
  goOnFrom,
  type Means,
  nothingPublished,
  type Others,
  othersBeside,
  type Publication,
  type Published,
  publish,
} from './publish.ts';

/** What a run has that is not published; the state's generation is ours to give. */
export type Snapshot = Omit<Publication, 'number' | 'directory' | 'window' | 'branch' | 'cacheKey'>;

export interface Publisher {
  /** Notes down what could be published now. */
  checkpoint(snapshot: Snapshot): Promise<void>;
  /** Publishes, once what is being published is done. Resolves to all that the run has done until then. */
  publish(snapshot: Snapshot): Promise<Published>;
  /** All that the run has done so far. */
  readonly done: Published;
  /** The files that have come to a place where they are kept. */
  readonly published: readonly PartFile[];
  /** Publications so far, the one under way included. */
  count(): number;
}

export function openPublisher(
  means: Means,
  { state, branch, cacheKey }: Recovered,
  { directory, window }: Pick<Publication, 'directory' | 'window'>,
  handover: Handover,
): Publisher {
  const done: Published = { ...nothingPublished(), state, branch, cacheKey };
  const published: PartFile[] = [];
  let number = 0;
  /** What other runs have published beside us, as far as we have met it. */
  let others: Others | null = null;
  let running: Publication | undefined;
  const inTurn = openMutex();

  /** A snapshot as the publication that comes after those so far. */
  function next(snapshot: Snapshot): Publication {
    const publication = { ...snapshot, directory, window, number: number + 1, branch, cacheKey };
    return goOnFrom(publication, { ...done, state: running?.state ?? done.state }, others);
  }

  async function perform(snapshot: Snapshot): Promise<Published> {
    const publication = next(snapshot);
    number++;
    running = publication;
    const mine = nothingPublished();
    try {
      const isKept = means.target.destinations.length === 0;
      if (!isKept) await handover.leave(means.target, [publication]);
      await publish(publication, means, mine);
      if (isKept) published.push(...publication.files);
    } finally {
      if (mine.artifact !== undefined || mine.commit !== undefined) published.push(...publication.files);
      running = undefined;
      const inForce = mine.stateSaved || mine.commit !== undefined;
      if (inForce) others = othersBeside(publication, mine) ?? others;
      Object.assign(done, mine, { state: inForce ? mine.state : done.state, stateSaved: mine.stateSaved });
    }
    return done;
  }

  return {
    done,
    published,
    count: () => number,
    checkpoint: snapshot => handover.leave(means.target, [...(running ? [running] : []), next(snapshot)]),
    publish: snapshot => inTurn(() => perform(snapshot)),
  };
}
