// The facade of this folder: opens a stream for the engine in sync/, and watches whose records arrive.
//
// Every record that arrives, through whichever stream, passes `onRecord`. So a run cannot mix two organizations, nor
// apply the state of one to another (docs/kustomer-api.md#organization).
import { SyncError } from '../errors.ts';
import { type Klasses, organizationOf, type Resource, type SearchIndex } from '../sync/source.ts';
import { openAuditLog } from './audit-log.ts';
import type { Client } from './client.ts';
import { definedFor, definitionsOf, openCustomAttributes } from './custom-attributes.ts';
import { openKlasses } from './klasses.ts';
import { type ListPage, requestPage } from './list-pages.ts';
import { openList, openLongList } from './lists.ts';
import { openSearch, type Search } from './search.ts';
import { openFormNotes, openRefusals } from './search-form.ts';
import { isSearch, type ListStream, type SearchStream, streamNamed, USUAL_STREAMS } from './streams.ts';

export type Source = ReturnType<typeof openSource>;

/** @param readsIds of each record no more is needed than its id and its times */
export function openSource(client: Client, includeDeleted: boolean, readsIds = false) {
  const organization = openOrganizationCheck();
  const forms = openFormNotes();
  const onRecord = (resource: Resource) => organization.check(organizationOf(resource));
  const options = { client, includeDeleted, onRecord, onForm: forms.note, archiveRefusals: openRefusals(), readsIds };

  /** The first page of a list. @param countFor see {@link ReadOptions} */
  async function firstPage(stream: ListStream, countFor = stream.name): Promise<Omit<ListPage, 'included'>> {
    const { views, objects } = stream;
    if (objects === undefined) return requestPage({ ...options, stream, countFor }, views[0] ?? {});
    const defined = await definedFor(objects[0] as string, { ...options, stream });
    return { records: defined === null ? [] : [defined], total: null, isFull: true, next: null };
  }

  // The same each time: a search remembers in which form Kustomer accepts it.
  const searches = new Map<string, Search>();
  const klasses = new Map<string, Klasses>();
  return {
    firstPage,
    /** `klass`: one klass on its own, for a klass missing from the generic search. */
    search: (stream: SearchStream, klass?: string) =>
      once(searches, `${stream.name}/${klass ?? ''}`, () => openSearch({ ...options, stream }, klass)),
    list: (stream: ListStream) => (stream.objects ? openCustomAttributes : openList)({ ...options, stream }),
    /** What is defined of the custom attributes of a kind of object: see {@link definitionsOf}. */
    definitionsOf: (kind: string, countFor: string) =>
      definitionsOf(kind, { ...options, stream: streamNamed('custom_attributes') as ListStream, countFor }),
    auditLog: (stream: SearchStream) => openAuditLog({ ...options, stream }),
    /** The list with what no search shows of a stream: for streams whose `archive` is a list. */
    archiveList: ({ archive }: SearchStream) => openLongList({ ...options, stream: archive as ListStream }),
    klasses: (stream: SearchStream) => once(klasses, stream.name, () => openKlasses({ ...options, stream })),
    forms,
    expect: organization.expect,
    /** Id of the organization whose records have arrived; null before the first. */
    organization: organization.seen,
    /**
     * Requests a record, if none has arrived yet, to learn the organization: of these streams, else of other searches,
     * else of the users, of whom there is always one. A request that fails is passed over.
     * @throws SyncError that ends the run (another organization, a refused key); the reason of `stop`, once aborted.
     */
    async identify(streams: readonly SearchStream[], stop: AbortSignal): Promise<void> {
      const probes = (index: SearchIndex, of: readonly SearchStream[]) =>
        of.map(stream => () => openSearch({ ...options, stream, includeDeleted: true }).probe(index));
      const archived = streams.filter(({ archive }) => archive === 'search');
      const others = USUAL_STREAMS.filter(isSearch).filter(stream => !streams.includes(stream));
      const users = () => firstPage(streamNamed('users') as ListStream);
      const searches = [...probes('live', streams), ...probes('archive', archived), ...probes('live', others)];
      for (const probe of [...searches, users] as readonly (() => Promise<unknown>)[]) {
        if (organization.seen() !== null) return;
        await probe().catch(error => {
          stop.throwIfAborted();
          if (error instanceof SyncError && error.endsTheRun) throw error;
        });
      }
    },
  };
}

/** What is opened under a name, by the first who asks for it. */
function once<T>(opened: Map<string, T>, name: string, open: () => T): T {
  const each = opened.get(name) ?? open();
  opened.set(name, each);
  return each;
}

/** Watches that all records belong to one organization, and to the one that is expected. */
function openOrganizationCheck() {
  let expected: string | null = null;
  let seen: string | null = null;

  /** @throws SyncError `other-organization` or `two-organizations`; both end the run before anything is published. */
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

  return {
    check,
    /**
     * Sets the organization that all records must belong to; null when none is known.
     * @throws SyncError `other-organization` when a record of another one has arrived already.
     */
    expect(organization: string | null): void {
      expected = organization;
      check(seen);
    },
    seen: () => seen,
  };
}
