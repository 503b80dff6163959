// The records of an organization, what happens to them, and what the API shows of them. No sockets here: the server
// asks a world, and tests ask it for the truth.
import { AUDIT_DEFAULTS, type AuditEntry, type AuditOptions, answerAudit } from './audit.ts';
import { ALWAYS, type CriteriaOptions, readSearch, type SearchKind } from './criteria.ts';
import { type Answer, errorAnswer, listAnswer, pageNumber } from './envelope.ts';
import {
  answerList,
  type Definitions,
  dropped,
  type Klass,
  type KlassStatus,
  type MetadataIds,
  type Query,
} from './lists.ts';
import { mix, Random, textSeed } from './random.ts';
import { Renderer } from './render.ts';
import { objectId, type Row, type SpoiledUpdatedAt, type Version } from './rows.ts';
import { type Found, SearchIndex } from './search-index.ts';
import { ALL_STREAMS, contextNamed, isFixed, SEARCHED, STREAMS_BY_NAME, type Stream, typeOf } from './streams.ts';
import type { Tweak } from './tweak.ts';

const DAY = 86_400_000;

/** What a role can be missing for: a stream (its search context and its list), or one of these. */
export type Resource = Stream | 'search' | 'klasses' | 'users/current' | 'orgs/current' | 'audit-logs';

export interface TokenGrant {
  /** Id of the org the token belongs to; the world's own by default. */
  readonly org?: string;
  readonly missing?: readonly Resource[];
  readonly expired?: boolean;
}

export interface WorldOptions extends AuditOptions {
  readonly seed: number;
  readonly orgId: string;
  readonly orgName: string;
  readonly tokens: Readonly<Record<string, TokenGrant>>;
  /** What time it is in the world, for the two-year edge, the index lag and new changes. */
  readonly clock: () => number;
  readonly pageSizeMax: number;
  readonly maxPage: number;
  /**
   * Results of one search beyond this are out of reach; Infinity for no such limit (docs/kustomer-api.md#search-depth).
   */
  readonly resultLimit: number;
  /** What a page beyond that answers: nothing, or 400. */
  readonly beyondLimit: 'empty' | 'error';
  /** meta.total never says more; null: exact. */
  readonly totalCap: number | null;
  /** Live search shows what was updated since now less this (docs/kustomer-api.md#search-horizon). */
  readonly liveHorizonMs: number;
  /** The archive reaches so far into what live search shows; negative: there is a gap between them. */
  readonly archiveOverlapMs: number;
  readonly indexLagMs: number;
  readonly tieOrder: 'stable' | 'unstable';
  /** What searches compare by: milliseconds; whole seconds; or seconds that the index has, with what is asked for as it is. */
  readonly precision: 'ms' | 's' | 'stored-s';
  readonly listOrder: 'id' | 'insertion';
  readonly listLimit: number;
  /** `links.next` of a page that others follow: a link, null as on the last page, nothing; or all pages have a link. */
  readonly linksNext: 'link' | 'null' | 'absent' | 'always';
  /** What a page after the last one answers (docs/kustomer-api.md#links): nothing, a refusal, or the last page again. */
  readonly afterEnd: 'empty' | 404 | 400 | 'last-page';
  /** A page of a list shows each of its records so often. */
  readonly listCopies: number;
  readonly notesListDeleted: boolean;
  readonly strictBody: boolean;
  readonly klassFilterKey: CriteriaOptions['klassFilterKey'];
  /** KObjects of these klasses don't show under the plain `kobject`. */
  readonly hiddenKlasses: readonly string[];
  /** The records of these streams carry no `updatedAt`. */
  readonly undated: readonly Stream[];
  /** The ids that definitions of custom attributes come with: hexadecimal, the kind of object, or the same for all. */
  readonly metadataIds: MetadataIds;
  /** The custom attributes that are defined, by kind of object, beside the records of the stream `custom_attributes`. */
  readonly definitions: Definitions;
  /** Lists that this organization does not have: 404. */
  readonly missingLists: readonly Stream[];
  /** The searches of these klasses find nothing by a time (docs/kustomer-api.md#klass-filter-keys). */
  readonly unfilteredKlasses: readonly string[];
  /** What a search must not have in its body: it is answered with 400. */
  readonly refusedForms: readonly SearchForm[];
  /** docs/kustomer-api.md#search-request. */
  readonly idsOnlyShape: 'objects' | 'strings' | 'dated';
  /** One record in so many carries something that breaks copies; Infinity for none. */
  readonly exoticEvery: number;
  /** Changes what is shown of a record: tests plant values in it. */
  readonly plant?: (stream: Stream, json: string) => string;
  /** Ids of 24 hexadecimal digits, or decimal ones that begin with zeros. */
  readonly ids: 'hex' | 'decimal';
}

export type SearchForm = 'sort' | 'includeDeleted' | 'lt';

export const DEFAULT_TOKEN = 'kustomer-test-token';

const DEFAULTS: WorldOptions = {
  ...AUDIT_DEFAULTS,
  seed: 1,
  orgId: '5f0000000000000000000001',
  orgName: 'acme',
  tokens: { [DEFAULT_TOKEN]: {} },
  clock: Date.now,
  pageSizeMax: 500,
  maxPage: 100,
  resultLimit: 10_000,
  beyondLimit: 'empty',
  totalCap: null,
  liveHorizonMs: 730 * DAY,
  archiveOverlapMs: 0,
  indexLagMs: 0,
  tieOrder: 'stable',
  precision: 'ms',
  listOrder: 'id',
  listLimit: Infinity,
  linksNext: 'link',
  afterEnd: 'empty',
  listCopies: 1,
  notesListDeleted: true,
  strictBody: true,
  klassFilterKey: 'kobject_updated_at',
  hiddenKlasses: [],
  undated: [],
  metadataIds: 'hex',
  definitions: {},
  missingLists: [],
  unfilteredKlasses: [],
  refusedForms: [],
  idsOnlyShape: 'objects',
  exoticEvery: 40,
  ids: 'hex',
};

export type Counts = Partial<Record<Exclude<Stream, 'kobjects'>, number>> & {
  readonly kobjects?: Readonly<Record<string, number>>;
};

export interface Spread {
  readonly from: number;
  readonly to: number;
  /** Part of the records that share their updated_at with others, as after bulk writes (docs/kustomer-api.md#ties). */
  readonly tieFraction?: number;
  /** Groups of such records have 2 to so many; 40 by default. */
  readonly tieSize?: number;
}

export interface Visibility {
  /** How long after the change the search index shows it; the world's indexLagMs by default. */
  readonly lagMs?: number;
  /** The same as an instant. */
  readonly visibleAt?: number;
}

export interface CreateOptions extends Visibility {
  /** Now by default. */
  readonly updatedAt?: number | ((i: number) => number);
  /** The same as updatedAt by default. */
  readonly createdAt?: number | ((i: number) => number);
  /** Of KObjects; the first klass by default. */
  readonly klass?: string;
}

export interface UpdateOptions extends Visibility {
  /** The new updatedAt: now by default. */
  readonly at?: number | ((i: number) => number);
  /** The updatedAt stays what it was. */
  readonly keepUpdatedAt?: boolean;
}

export interface Truth {
  readonly updatedAt: string;
  readonly ms: number;
  readonly rev: number;
  readonly deleted: boolean;
  readonly klass?: string;
}

export class KustomerWorld {
  readonly options: WorldOptions;
  readonly #renderer: Renderer;
  readonly #rows: Record<Stream, Row[]>;
  readonly #byId = new Map<string, Row>();
  readonly #klasses = new Map<string, Klass>();
  readonly #klassRows = new Map<string, Row[]>();
  /** By stream, and by `kobject_<klass>`. The plain `kobject` is that of the stream. */
  readonly #indexes = new Map<string, SearchIndex>();
  readonly #ordered = new Map<string, readonly Row[]>();
  /** How many rows of a stream others may be related to: those of the first populate, so that texts never change. */
  readonly #relatable = new Map<Stream, number>();
  readonly #audit: AuditEntry[] = [];
  #pending: Version[] = [];
  #nextVisible = Infinity;
  #seq = 0;
  /** Of klasses: a number apart, so that the content of records does not depend on how many there are. */
  #klassSeq = 0xe00000;
  readonly #changes: Random;
  readonly #shuffle: Random;

  constructor(options: Partial<WorldOptions> = {}) {
    this.options = { ...DEFAULTS, ...options };
    const { seed, exoticEvery, plant } = this.options;
    this.#changes = new Random(mix(seed, 1));
    this.#shuffle = new Random(mix(seed, 2));
    this.#rows = Object.fromEntries(ALL_STREAMS.map(stream => [stream, []])) as unknown as Record<Stream, Row[]>;
    this.#renderer = new Renderer({
      seed,
      exoticEvery,
      plant,
      klasses: () => [...this.#klasses.keys()],
      relate: (stream, hash) => this.#related(stream, hash),
    });
  }

  get now(): number {
    return Math.floor(this.options.clock());
  }

  // ---- Making and changing records ---------------------------------------------------------------------------------

  /** Fills the world: updatedAt spread evenly over [from, to), with jitter. */
  populate(counts: Counts, spread: Spread): void {
    const { kobjects = {}, ...plain } = counts;
    for (const klass of Object.keys(kobjects)) if (!this.#klasses.has(klass)) this.defineKlass(klass);
    for (const stream of [
      'users',
      'teams',
      'tags',
      'customers',
      'conversations',
      'messages',
      'notes',
      'shortcuts',
      ...STREAMS_BY_NAME,
    ] as const) {
      this.#spread(stream, plain[stream] ?? 0, spread);
      if (!this.#relatable.has(stream)) this.#relatable.set(stream, this.#rows[stream].length);
    }
    for (const [klass, count] of Object.entries(kobjects)) this.#spread('kobjects', count, spread, klass);
  }

  #spread(stream: Stream, count: number, spread: Spread, klass?: string): void {
    const { from, to, tieFraction = 0, tieSize = 40 } = spread;
    const random = new Random(mix(this.options.seed, textSeed(klass ?? stream), this.#seq));
    const meanTie = (2 + tieSize) / 2;
    // So that the records in ties, not the ties, are that fraction.
    const tieChance = tieFraction / (meanTie * (1 - tieFraction) + tieFraction);
    const step = (to - from) / Math.max(1, count);
    for (let i = 0; i < count; ) {
      const instant = Math.floor(from + (i + random.next()) * step);
      const group = tieFraction > 0 && random.chance(tieChance) ? random.int(2, tieSize + 1) : 1;
      for (const end = Math.min(count, i + group); i < end; i++) {
        const age = Math.floor(random.next() ** 3 * 300 * DAY);
        this.#add(stream, klass, instant - age, instant, 1 + random.int(0, 40), this.#visibleAt(instant, {}));
      }
    }
  }

  /** `n` records with one updatedAt. Their createdAt is spread over the time before it, or all the same. */
  addTie(
    stream: Stream,
    instant: number,
    n: number,
    how: {
      readonly createdSpreadMs?: number;
      readonly sameCreated?: boolean;
      readonly klass?: string;
    } & Visibility = {},
  ): string[] {
    const spread = how.sameCreated ? 0 : (how.createdSpreadMs ?? DAY);
    const createdAt = () => instant - (spread === 0 ? 0 : this.#changes.int(0, spread));
    return this.create(stream, n, { ...how, updatedAt: instant, createdAt });
  }

  create(stream: Stream, n: number, how: CreateOptions = {}): string[] {
    const klass = stream === 'kobjects' ? (how.klass ?? [...this.#klasses.keys()][0] ?? 'order') : undefined;
    if (klass !== undefined && !this.#klasses.has(klass)) this.defineKlass(klass);
    return Array.from({ length: n }, (_, i) => {
      const updatedAt = at(how.updatedAt, i) ?? this.now;
      const createdAt = at(how.createdAt, i) ?? updatedAt;
      return this.#add(stream, klass, createdAt, updatedAt, 1, this.#visibleAt(updatedAt, how)).id;
    });
  }

  /** Changes `n` random records, or those of these ids; gives the ids. None of a stream whose records never change. */
  update(stream: Stream, which: number | readonly string[], how: UpdateOptions = {}): string[] {
    return this.#change(stream, which, how, row => row.latest.deleted);
  }

  /** Marks records as deleted: only `includeDeleted` shows them from now on. */
  softDelete(stream: Stream, which: number | readonly string[], how: UpdateOptions = {}): string[] {
    return this.#change(stream, which, how, () => true);
  }

  #change(
    stream: Stream,
    which: number | readonly string[],
    how: UpdateOptions,
    deleted: (row: Row) => boolean,
  ): string[] {
    if (isFixed(stream)) return [];
    return this.#choose(stream, which).map((row, i) => {
      const { latest } = row;
      const updatedAt = how.keepUpdatedAt ? latest.updatedAt : (at(how.at, i) ?? this.now);
      const visibleAt = this.#visibleAt(how.keepUpdatedAt ? this.now : updatedAt, how);
      this.#note(row, 'update', updatedAt);
      this.#write(row, updatedAt, latest.rev + 1, deleted(row), visibleAt);
      return row.id;
    });
  }

  /** Gone from every endpoint at once, and from the truth. */
  hardDelete(stream: Stream, which: number | readonly string[], at = this.now): string[] {
    const rows = this.#choose(stream, which);
    for (const row of rows) {
      this.#note(row, 'delete', at);
      const { shown } = row;
      row.gone = true;
      row.shown = undefined;
      if (stream === 'klasses') this.#klasses.delete(row.id);
      if (shown !== undefined) for (const index of this.#indexesOf(row)) index.remove(shown);
    }
    if (rows.length > 0) this.#ordered.clear();
    return rows.map(row => row.id);
  }

  /** Shows records of a list again, as they were, that were gone. */
  bringBack(stream: Stream, ids: readonly string[]): void {
    for (const id of ids) this.#row(id).gone = false;
    this.#ordered.clear();
    if (SEARCHED.includes(stream)) throw new Error(`${stream} has an index`);
  }

  /** Makes the `updatedAt` in the text of these records unusable; search still finds them by the real one. */
  spoilUpdatedAt(ids: readonly string[], how: SpoiledUpdatedAt): void {
    for (const id of ids) {
      const row = this.#row(id);
      const { updatedAt, rev, deleted } = row.latest;
      this.#write(row, updatedAt, rev + 1, deleted, -Infinity, how);
    }
  }

  defineKlass(name: string, status: KlassStatus = 'enabled'): void {
    const since = this.now - 900 * DAY;
    if (this.#klasses.has(name)) this.update('klasses', [name]);
    else this.#add('klasses', name, since, since, 1, since);
    this.#klasses.set(name, { name, status });
  }

  /** The klass and its records are gone; its context is a 404 from now on. */
  removeKlass(name: string): void {
    this.hardDelete('klasses', [name]);
    this.hardDelete(
      'kobjects',
      (this.#klassRows.get(name) ?? []).filter(row => !row.gone).map(row => row.id),
    );
  }

  // ---- The truth ---------------------------------------------------------------------------------------------------

  /** The latest versions, deleted ones included, with an updatedAt before the given instant. */
  truth(
    stream: Stream,
    { before = Infinity, from = -Infinity }: { before?: number; from?: number } = {},
  ): Map<string, Truth> {
    const out = new Map<string, Truth>();
    // A version of an SLA is shown beside an SLA, and there may be none (docs/kustomer-api.md#slas).
    if (stream === 'slas' && !this.#rows.slas.some(row => !row.gone && row.klass === undefined)) return out;
    for (const { id, latest, gone, klass } of this.#rows[stream]) {
      if (gone || latest.updatedAt >= before || latest.updatedAt < from) continue;
      out.set(id, { ...this.#truthOf(latest), ...(klass === undefined ? {} : { klass }) });
    }
    return out;
  }

  /** Every version a record has had, the oldest first. */
  versions(id: string): (Truth & { readonly visibleAt: number })[] {
    const out: (Truth & { readonly visibleAt: number })[] = [];
    for (let version: Version | undefined = this.#row(id).latest; version; version = version.previous) {
      out.unshift({ ...this.#truthOf(version), visibleAt: version.visibleAt });
    }
    return out;
  }

  /** The exact text of the resource: of the latest version, or of the one with that rev. */
  render(stream: Stream, id: string, rev?: number): string {
    const row = this.#row(id);
    let version: Version | undefined = row.stream === stream ? row.latest : undefined;
    while (version !== undefined && rev !== undefined && version.rev !== rev) version = version.previous;
    if (version === undefined) throw new Error(`no ${stream} ${id} with rev ${rev}`);
    return this.#renderer.render(version, this.options.orgId);
  }

  /** Whether the archive search has the stream. */
  isArchived(stream: Stream): boolean {
    return contextNamed(typeOf(stream, ''))?.isArchived === true;
  }

  get klasses(): readonly Klass[] {
    return [...this.#klasses.values()];
  }

  #truthOf({ updatedAt, rev, deleted }: Version): Truth {
    return { updatedAt: this.#renderer.iso(updatedAt), ms: updatedAt, rev, deleted };
  }

  // ---- What the API answers ----------------------------------------------------------------------------------------

  /**
   * POST /v1/customers/search and /v1/customers/archive/search (docs/kustomer-api.md#live-search,
   * docs/kustomer-api.md#archive).
   */
  search(kind: SearchKind, query: Query, body: unknown, orgId = this.options.orgId, tweak: Tweak = {}): Answer {
    const { options } = this;
    const asked = readSearch(kind, body, { ...options, hasKlass: name => this.#klasses.has(name) });
    if ('status' in asked) return errorAnswer(asked.status, asked.message);
    const refused = options.refusedForms.find(form => JSON.stringify(body).includes(`"${form}":`));
    if (refused !== undefined) return errorAnswer(400, `"${refused}" is not supported`);
    const page = pageNumber(query.page, 1);
    const size = pageNumber(query.pageSize, Math.min(100, options.pageSizeMax));
    if (page === undefined || size === undefined) return errorAnswer(400, 'page or pageSize is not a number');
    if (page > options.maxPage) return errorAnswer(400, `page is limited to ${options.maxPage}`);
    // Clamped, not refused (docs/kustomer-api.md#page-size).
    const pageSize = Math.min(size, options.pageSizeMax);
    const shownPage = tweak.repeatPage ? 1 : page;
    if (shownPage * pageSize > options.resultLimit && options.beyondLimit === 'error') {
      return errorAnswer(400, 'Result window is too large');
    }

    this.#promote();
    const edge = this.now - options.liveHorizonMs;
    const index = this.#index(asked.context.klass === undefined ? asked.context.stream : asked.context.name);
    const isBlind = options.unfilteredKlasses.includes(asked.context.klass ?? '') && asked.updated !== ALWAYS;
    const ask = {
      query: asked,
      shown: isBlind
        ? { from: 0, to: 0 }
        : kind === 'live'
          ? { from: edge, to: Infinity }
          : { from: -Infinity, to: edge + options.archiveOverlapMs },
      from: (shownPage - 1) * pageSize,
      to: Math.min(shownPage * pageSize, options.resultLimit),
      shuffle: options.tieOrder === 'unstable' ? this.#shuffle : undefined,
      ignoreSort: tweak.ignoreSort === true,
    };
    const found = index.find(ask);
    // Only the refusals: a search is checked against its total.
    if (typeof options.afterEnd === 'number' && shownPage > 1 && ask.from >= found.total) {
      return errorAnswer(options.afterEnd, 'no such page');
    }
    let versions: readonly Version[] = dropped(found.versions, tweak);
    if (tweak.timedOut !== undefined) versions = versions.slice(0, Math.floor(versions.length * tweak.timedOut.keep));
    if (tweak.outside !== undefined) versions = this.#outside(index, ask, found, versions, tweak.outside);
    const counted = tweak.timedOut?.counted ? versions.length : found.total;
    const total = tweak.total?.(found.total) ?? Math.min(counted, options.totalCap ?? Infinity);
    return listAnswer({
      // The archive's links are under the live path: documented (docs/kustomer-api.md#archive-links).
      path: '/v1/customers/search',
      query: query.idsOnly === 'true' ? { idsOnly: 'true' } : {},
      page: shownPage,
      pageSize,
      total,
      // At page 100 this still points to page 101 (docs/kustomer-api.md#search-depth).
      hasNext: tweak.repeatPage === true || shownPage * pageSize < total,
      linksNext: options.linksNext,
      meta: { timed_out: tweak.timedOut !== undefined, aggregations: {} },
      data: tweak.missingData ? undefined : this.#renderAll(versions, query.idsOnly === 'true', tweak.org ?? orgId),
    });
  }

  #renderAll(versions: readonly Version[], idsOnly: boolean, orgId: string): string[] {
    if (!idsOnly) return versions.map(version => this.#renderer.render(version, orgId));
    const { idsOnlyShape: shape } = this.options;
    return versions.map(({ row: { id, stream, klass }, updatedAt }) => {
      const attributes = shape === 'dated' ? { attributes: { updatedAt: this.#renderer.iso(updatedAt) } } : {};
      return JSON.stringify(shape === 'strings' ? id : { type: typeOf(stream, klass), id, ...attributes });
    });
  }

  /** Adds the last records before the asked window, or the first after it; made-up ones when there are none. */
  #outside(
    index: SearchIndex,
    ask: Parameters<SearchIndex['find']>[0],
    found: Found,
    page: readonly Version[],
    count: number,
  ): readonly Version[] {
    const { updated } = ask.query;
    const near = (range: typeof updated, descending: boolean) =>
      index.find({
        ...ask,
        query: {
          ...ask.query,
          created: ALWAYS,
          test: undefined,
          updated: range,
          sort: { field: 'updated', descending },
        },
        from: 0,
        to: count,
      }).versions;
    const before = near({ from: -Infinity, to: updated.from }, true).reverse();
    if (before.length > 0) return [...before, ...page];
    const after = near({ from: updated.to, to: Infinity }, false);
    if (after.length > 0) return [...page, ...after];
    return [...found.versions.slice(0, count).map(one => ({ ...one, updatedAt: one.updatedAt - 400 * DAY })), ...page];
  }

  /** The GET endpoints; undefined: no such path. */
  get(path: string, query: Query, orgId = this.options.orgId, tweak: Tweak = {}): Answer | undefined {
    if (path === '/v1/audit-logs') return answerAudit(this.#audit, this.now, query, this.options);
    return answerList(
      {
        renderer: this.#renderer,
        klasses: () => this.klasses,
        missingLists: this.options.missingLists,
        metadataIds: this.options.metadataIds,
        definitions: this.options.definitions,
        rows: (stream, klass) => this.#inListOrder(stream, klass),
        options: this.options,
      },
      path,
      query,
      orgId,
      tweak,
    );
  }

  // ---- Inside ------------------------------------------------------------------------------------------------------

  #add(
    stream: Stream,
    klass: string | undefined,
    createdAt: number,
    updatedAt: number,
    rev: number,
    visibleAt: number,
  ): Row {
    const seq = stream === 'klasses' ? this.#klassSeq++ : this.#seq++;
    const own = this.#ownName(stream, klass, seq);
    const isNamed = stream === 'klasses' || stream === 'custom_attributes';
    const id = isNamed ? (own ?? '') : this.#idOf(createdAt, seq);
    const row = {
      id,
      seq,
      stream,
      klass: own,
      createdAt: isFixed(stream) ? updatedAt : createdAt,
      latest: undefined,
      shown: undefined,
      gone: false,
    } as unknown as Row;
    this.#rows[stream].push(row);
    this.#byId.set(id, row);
    if (stream === 'kobjects' && klass !== undefined) {
      const rows = this.#klassRows.get(klass);
      if (rows === undefined) this.#klassRows.set(klass, [row]);
      else rows.push(row);
    }
    if (this.#ordered.size > 0) this.#ordered.clear();
    this.#write(row, updatedAt, rev, false, visibleAt);
    return row;
  }

  #idOf(createdAt: number, seq: number): string {
    if (this.options.ids === 'decimal') return String(seq + 1).padStart(6, '0');
    return objectId(createdAt, this.options.seed >>> 0, seq);
  }

  /** The klass of a row: a klass has its own name. Every third record of SLAs is one, and the others are versions. */
  #ownName(stream: Stream, klass: string | undefined, seq: number): string | undefined {
    if (stream === 'slas') return seq % 3 === 0 ? undefined : 'version';
    if (stream === 'custom_attributes') return this.#kindOfObject();
    if (stream !== 'klasses') return klass;
    const name = klass ?? `klass-${seq - 0xe00000}`;
    this.#klasses.set(name, { name, status: 'enabled' });
    return name;
  }

  /** The next that has no custom attributes yet: one of the usual four, and then a new klass. */
  #kindOfObject(): string {
    const kinds = ['company', 'conversation', 'customer', 'message'];
    const n = this.#rows.custom_attributes.length;
    if (n >= kinds.length) this.defineKlass(`described-${n}`);
    return kinds[n] ?? `kobject.described-${n}`;
  }

  #write(
    row: Row,
    updatedAt: number,
    rev: number,
    deleted: boolean,
    visibleAt: number,
    spoiled: SpoiledUpdatedAt | undefined = this.options.undated.includes(row.stream) ? 'missing' : undefined,
  ): void {
    const version: Version = { row, updatedAt, rev, deleted, visibleAt, previous: row.latest, spoiled };
    row.latest = version;
    if (visibleAt <= this.now) this.#show(version);
    else {
      this.#pending.push(version);
      this.#nextVisible = Math.min(this.#nextVisible, visibleAt);
    }
  }

  #visibleAt(updatedAt: number, { lagMs = this.options.indexLagMs, visibleAt }: Visibility): number {
    // A record dated in the future was written now all the same.
    return visibleAt ?? Math.min(updatedAt, this.now) + lagMs;
  }

  #show(version: Version): void {
    const { row } = version;
    // A version that was indexed late must not replace a newer one.
    if (row.gone || (row.shown !== undefined && row.shown.rev > version.rev)) return;
    const indexes = this.#indexesOf(row);
    if (row.shown !== undefined) for (const index of indexes) index.remove(row.shown);
    row.shown = version;
    for (const index of indexes) index.add(version);
  }

  /** Lets the index see what it was to see by now. */
  #promote(): void {
    const { now } = this;
    if (now < this.#nextVisible) return;
    const due = this.#pending.filter(version => version.visibleAt <= now);
    this.#pending = this.#pending.filter(version => version.visibleAt > now);
    this.#nextVisible = this.#pending.reduce((least, version) => Math.min(least, version.visibleAt), Infinity);
    for (const version of due) this.#show(version);
  }

  #indexesOf(row: Row): SearchIndex[] {
    if (row.stream !== 'kobjects') return [this.#index(row.stream)];
    const own = this.#index(`kobject_${row.klass}`);
    return this.options.hiddenKlasses.includes(row.klass ?? '') ? [own] : [this.#index(row.stream), own];
  }

  #index(name: string): SearchIndex {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new SearchIndex();
      this.#indexes.set(name, index);
    }
    return index;
  }

  /** What the audit log says of it: only of some streams. */
  #note({ stream, id }: Row, verb: AuditEntry['verb'], at: number): void {
    if (stream !== 'customers' && stream !== 'conversations') return;
    const entry = objectId(at, this.options.seed >>> 0, 0x900000 + this.#audit.length);
    const visibleAt = this.now + this.options.auditLagMs;
    this.#audit.push({ id: entry, at, verb, objectType: typeOf(stream), objectId: id, visibleAt });
  }

  #choose(stream: Stream, which: number | readonly string[]): Row[] {
    if (typeof which !== 'number') return which.map(id => this.#row(id));
    const rows = this.#rows[stream];
    // A klass that has records cannot be deleted.
    const isUsed = ({ stream, id }: Row) =>
      stream === 'klasses' && (this.#klassRows.has(id) || this.#byId.has(`kobject.${id}`));
    const alive = (row: Row) => !row.gone && !row.latest.deleted && !isUsed(row);
    // A few of many are drawn; looking at all of them is for when that does not succeed.
    const few = this.#changes.sample(which, 0, rows.length).map(i => rows[i] as Row);
    if (which <= rows.length && few.every(alive)) return few;
    const all = rows.filter(alive);
    return this.#changes.sample(which, 0, all.length).map(i => all[i] as Row);
  }

  #row(id: string): Row {
    const row = this.#byId.get(id);
    if (row === undefined) throw new Error(`no record ${id}`);
    return row;
  }

  #inListOrder(stream: Stream, klass?: string): readonly Row[] {
    const key = klass ?? `stream ${stream}`;
    let rows = this.#ordered.get(key);
    if (rows === undefined) {
      const all = (klass === undefined ? this.#rows[stream] : this.#klassRows.get(klass)) ?? [];
      const present = all.filter(row => !row.gone);
      rows =
        this.options.listOrder === 'id' && stream !== 'klasses'
          ? present.sort((a, b) => (a.id < b.id ? -1 : 1))
          : present;
      this.#ordered.set(key, rows);
    }
    return rows;
  }

  #related(stream: Stream, hash: number): string {
    const count = this.#relatable.get(stream) ?? 0;
    if (count === 0) return `5e${(hash % 4096).toString(16).padStart(22, '0')}`;
    return this.#rows[stream][hash % count]?.id ?? '';
  }
}

function at(value: number | ((i: number) => number) | undefined, i: number): number | undefined {
  return typeof value === 'function' ? value(i) : value;
}
