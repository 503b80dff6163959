// The face of this wing: a stream's name -> what sync needs to read it. It also knows whose records these are.
import { SyncError } from '../errors.ts';
import {
  type Counting,
  type Klasses,
  type ListPages,
  type LongList,
  organizationOf,
  type Resource,
  type SearchIndex,
  type SearchPages,
} from '../sync/source.ts';
import type { Client } from './client.ts';
import { openKlasses } from './klasses.ts';
import { openList, openLongList } from './lists.ts';
import { openKlassSearch, openSearch } from './search.ts';
import { type ListStream, OLD_NOTES, type SearchStream, STREAMS, type Stream } from './streams.ts';

export interface Source {
  readonly search: (stream: SearchStream) => SearchPages & Counting;
  /** A klass of KObjects that `search` does not show. */
  readonly klass: (stream: SearchStream, klass: string) => SearchPages & Counting;
  readonly list: (stream: ListStream) => ListPages & Pick<LongList, 'extent'>;
  /** All notes, also those older than any search of notes reaches. */
  readonly oldNotes: () => LongList;
  readonly klasses: (stream: SearchStream) => Klasses;
  /** From now on, records of another organization than this one are refused; null as long as it is not known. */
  expect(organization: string | null): void;
  /** The organization of the records seen so far, or null. */
  organization(): string | null;
  /**
   * Asks for any one record, so that its organization is known: of the streams given first, then of any search, then of
   * the users, of whom there is always one. What cannot be asked for says nothing.
   * @throws SyncError when it is another one than was expected, or the key is no longer accepted; the signal's reason when the run is stopped.
   */
  identify(streams: readonly SearchStream[], stop: AbortSignal): Promise<void>;
}

export function openSource(client: Client, includeDeleted: boolean): Source {
  let expected: string | null = null;
  let seen: string | null = null;

  /** @throws SyncError `state`, which ends the run before anything is published. */
  function check(organization: string | null): void {
    if (organization === null) return;
    if (expected !== null && organization !== expected) {
      throw new SyncError('other-organization', {
        what: `The saved state belongs to another Kustomer organization (${expected}) than the API key (${organization}).`,
        todo: 'Give this sync its own `state-id`, or run once with `reset-state: true` to start over with the new organization.',
      });
    }
    if (seen !== null && organization !== seen) {
      throw new SyncError('two-organizations', {
        what: `Kustomer sent records of two organizations (${seen} and ${organization}) in one run.`,
        todo: 'Nothing is published; check the API key and `api-url`, and run again.',
      });
    }
    seen = organization;
  }

  const onRecord = (resource: Resource) => check(organizationOf(resource));
  return {
    search: stream => openSearch({ client, stream, includeDeleted, onRecord }),
    klass: (stream, klass) => openKlassSearch({ client, stream, includeDeleted, onRecord }, klass),
    list: stream => openList({ client, stream, onRecord }),
    oldNotes: () => openLongList({ client, stream: OLD_NOTES, onRecord }, includeDeleted),
    klasses: stream => openKlasses({ client, stream, includeDeleted, onRecord }),
    expect(organization) {
      expected = organization;
      check(seen);
    },
    organization: () => seen,
    async identify(streams, stop) {
      const others = STREAMS.filter(isSearch).filter(stream => !streams.includes(stream));
      const ask = (index: SearchIndex, some: readonly SearchStream[]) =>
        some.map(stream => () => openSearch({ client, stream, includeDeleted: true, onRecord }).probe(index));
      const archived = streams.filter(stream => stream.archived);
      const users = openList({ client, stream: streamNamed('users') as ListStream, onRecord });
      const asks = [...ask('live', streams), ...ask('archive', archived), ...ask('live', others), users.any];
      for (const any of asks) {
        if (seen !== null) return;
        await any().catch(error => {
          stop.throwIfAborted();
          if (error instanceof SyncError && error.endsTheRun) throw error;
        });
      }
    },
  };
}

/** The row of a stream. */
export function streamNamed(name: string): Stream {
  return STREAMS.find(stream => stream.name === name) as Stream;
}

export function isSearch(stream: Stream): stream is SearchStream {
  return stream.kind === 'search';
}
