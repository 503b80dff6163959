// The simulator is what every promise is tested against, so it is tested first: with real requests, against
// docs/kustomer-api.md.
import { afterEach, describe, expect, test } from 'vitest';
import {
  DEFAULT_TOKEN,
  type FaultRule,
  type KustomerServer,
  KustomerWorld,
  type ServerOptions,
  STREAMS,
  startKustomer,
  type WorldOptions,
  WRONG_ORG,
} from '../world/kustomer/index.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-01T00:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();

// biome-ignore lint/suspicious/noExplicitAny: what the API answers is looked at freely here
type Any = any;

let open: KustomerServer[] = [];
afterEach(async () => {
  await Promise.all(open.map(server => server.close()));
  open = [];
});

async function start(world: KustomerWorld, options: Partial<ServerOptions> = {}): Promise<KustomerServer> {
  const server = await startKustomer(world, options);
  open.push(server);
  return server;
}

function worldOf(options: Partial<WorldOptions> = {}): KustomerWorld {
  return new KustomerWorld({ clock: () => NOW, ...options });
}

async function call(server: KustomerServer, path: string, init: RequestInit = {}, token = DEFAULT_TOKEN) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(server.url + path, { redirect: 'manual', headers, ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Any };
}

interface Search {
  context?: string;
  and?: unknown;
  sort?: unknown;
  page?: number;
  pageSize?: number;
  query?: string;
  archive?: boolean;
  includeDeleted?: boolean;
  more?: object;
  token?: string;
}

function search(server: KustomerServer, ask: Search = {}) {
  const { context = 'conversation', page = 1, pageSize = 500, query = '', archive, token, and, includeDeleted } = ask;
  const sort = 'sort' in ask ? ask.sort : { [`${context}_updated_at`]: 'asc' };
  const body = JSON.stringify({ queryContext: context, and, sort, includeDeleted, ...ask.more });
  const path = `/v1/customers/${archive ? 'archive/' : ''}search?page=${page}&pageSize=${pageSize}${query}`;
  return call(server, path, { method: 'POST', body }, token);
}

async function idsOf(server: KustomerServer, ask: Search = {}): Promise<string[]> {
  const answer = await search(server, ask);
  expect(answer.status, answer.text.slice(0, 300)).toBe(200);
  return answer.json().data.map((one: Any) => one.id);
}

async function inAll(server: KustomerServer, ask: Search, pages: number): Promise<string[]> {
  const out: string[] = [];
  for (let page = 1; page <= pages; page++) out.push(...(await idsOf(server, { ...ask, page })));
  return out;
}

describe('records', () => {
  test('are JSON of the documented shapes, the same each time, in every stream', () => {
    const make = () => {
      const world = worldOf({ exoticEvery: 4 });
      const counts = {
        conversations: 300,
        customers: 300,
        messages: 300,
        notes: 300,
        shortcuts: 60,
        tags: 60,
        teams: 60,
        users: 60,
      };
      world.populate({ ...counts, kobjects: { order: 200, 'my-klass': 100 } }, { from: NOW - 100 * DAY, to: NOW });
      return world;
    };
    const [world, again] = [make(), make()];
    const names = new Set<string>();
    for (const stream of STREAMS) {
      expect([...world.truth(stream)]).toEqual([...again.truth(stream)]);
      for (const [id, truth] of world.truth(stream)) {
        const text = world.render(stream, id);
        expect(text).toBe(again.render(stream, id));
        const record = JSON.parse(text);
        expect(record.id).toBe(id);
        expect(record.attributes.updatedAt).toBe(truth.updatedAt);
        expect(record.attributes.createdAt <= record.attributes.updatedAt).toBe(true);
        expect(record.relationships.org.data).toEqual({ type: 'org', id: world.options.orgId });
        expect(record.type).toBe(stream === 'kobjects' ? `kobject.${truth.klass}` : stream.slice(0, -1));
        for (const name of Object.keys(record.attributes)) names.add(name);
        for (const name of Object.keys(record.attributes.custom ?? {})) names.add(name);
      }
    }
    expect(names.size).toBeGreaterThan(250);
    const customer = JSON.parse(world.render('customers', [...world.truth('customers').keys()][0] as string));
    expect(customer.relationships.orders).toEqual({
      links: { self: `/v1/customers/${customer.id}/klasses/order` },
      meta: { kobject: true },
    });
    const kobject = JSON.parse(world.render('kobjects', [...world.truth('kobjects').keys()][0] as string));
    expect(kobject.relationships.klass).toEqual({
      data: { type: 'klass', id: 'order' },
      link: { self: '/v1/klasses/order' },
    });
  });

  test('carry everything that breaks copies', () => {
    const world = worldOf({ exoticEvery: 1 });
    world.populate({ conversations: 400, messages: 100 }, { from: NOW - DAY, to: NOW });
    const texts = [...world.truth('conversations').keys()].map(id => world.render('conversations', id));
    const all = texts.join('\n');
    for (const part of [
      ':9007199254740993',
      ':12345678.123456789012345678901',
      ':1e400',
      '"__proto__":{',
      '"10":"ten","2":"two"',
      '\u2028',
      '👩‍👩‍👧‍👦',
      '\\ud83d"',
      '\\ude00 cut',
      '\\u0000',
      '"parcelIdStr":"camel","parcel_id_str":"snake"',
      '"":"empty key"',
      '"data":null',
    ]) {
      expect(all.includes(part), part).toBe(true);
    }
    const to = [...world.truth('messages').keys()].map(
      id => JSON.parse(world.render('messages', id)).attributes.meta.to,
    );
    expect(new Set(to.map(one => (Array.isArray(one) ? 'array' : typeof one)))).toEqual(
      new Set(['array', 'object', 'string']),
    );
    expect(Math.max(...texts.map(text => text.length))).toBeLessThan(300_000);
  });

  test('change their text with each version, and the old text can still be asked for', () => {
    const world = worldOf();
    const [id] = world.create('customers', 1, { updatedAt: NOW - DAY }) as [string];
    const before = world.render('customers', id);
    world.update('customers', [id]);
    expect(world.render('customers', id)).not.toBe(before);
    expect(world.render('customers', id, 1)).toBe(before);
    expect(world.versions(id).map(one => [one.rev, one.ms])).toEqual([
      [1, NOW - DAY],
      [2, NOW],
    ]);
    for (const how of ['missing', 'null', 'unreadable', 'number'] as const) {
      world.spoilUpdatedAt([id], how);
      const { updatedAt } = JSON.parse(world.render('customers', id)).attributes;
      expect(updatedAt).toBe({ missing: undefined, null: null, unreadable: 'not a date', number: NOW }[how]);
    }
  });
});

describe('search', () => {
  test('pages in order, with the documented meta and links', async () => {
    const world = worldOf();
    world.populate({ conversations: 1200 }, { from: NOW - 100 * DAY, to: NOW });
    const server = await start(world);
    const first = (await search(server)).json();
    expect(first.meta).toEqual({
      pageSize: 500,
      page: 1,
      total: 1200,
      totalPages: 3,
      timed_out: false,
      aggregations: {},
    });
    expect(first.links.next).toBe('/v1/customers/search?page=2&pageSize=500');
    expect(first.links.last).toBe('/v1/customers/search?page=3&pageSize=500');
    const last = (await search(server, { page: 3 })).json();
    expect([last.links.next, last.links.prev, last.data.length]).toEqual([null, null, 200]);
    const ids = await inAll(server, {}, 3);
    const truth = world.truth('conversations');
    expect(ids).toEqual([...truth].sort((a, b) => a[1].ms - b[1].ms).map(([id]) => id));
    expect(await inAll(server, { sort: [{ conversation_updated_at: 'desc' }] }, 3)).toEqual(ids.toReversed());
    const byCreated = (await search(server, { sort: { conversation_created_at: 'asc' } })).json().data;
    const created = byCreated.map((one: Any) => one.attributes.createdAt);
    expect(created).toEqual(created.toSorted());
    // Without a sort: everything once, in no order.
    const unsorted = await inAll(server, { sort: undefined }, 3);
    expect(unsorted).not.toEqual(ids);
    expect(unsorted.toSorted()).toEqual(ids.toSorted());
    expect((await search(server, { pageSize: 5000 })).json().meta.pageSize).toBe(500);
    expect((await search(server, { query: '&idsOnly=true' })).json().data[0]).toEqual({
      type: 'conversation',
      id: ids[0],
    });
    expect(server.log.searches().length).toBe(server.requests.length);
  });

  test('filters half-open and closed windows, by updated_at and created_at', async () => {
    const world = worldOf();
    const ids = world.create('notes', 10, { updatedAt: i => NOW - 10_000 + i * 1000, createdAt: i => NOW - DAY - i });
    const server = await start(world);
    const at = (i: number) => iso(NOW - 10_000 + i * 1000);
    const found = async (...and: object[]) =>
      (await idsOf(server, { context: 'note', and })).map(id => ids.indexOf(id));
    expect(await found({ note_updated_at: { gte: at(3) } }, { note_updated_at: { lt: at(6) } })).toEqual([3, 4, 5]);
    expect(await found({ note_updated_at: { gt: at(3) } }, { note_updated_at: { lte: at(6) } })).toEqual([4, 5, 6]);
    expect(await found({ note_created_at: { gt: iso(NOW - DAY - 3) } })).toEqual([0, 1, 2]);
    const one = await search(server, { context: 'note', and: { note_updated_at: { gte: at(9) } } });
    expect(one.json().meta.total).toBe(1);
    const not = await search(server, { context: 'note', more: { not: { note_updated_at: { gte: at(2) } } } });
    expect(not.json().meta.total).toBe(2);
  });

  test('refuses what the schema does not allow', async () => {
    const world = worldOf({ klassFilterKey: 'kobject_<klass>_updated_at' });
    world.defineKlass('order');
    const server = await start(world, { searchLimit: Infinity });
    const since = { gte: iso(NOW) };
    const status = async (ask: Search) => (await search(server, ask)).status;
    expect(await status({ more: { page: 1 } })).toBe(400);
    expect(await status({ more: { pageSize: 1 } })).toBe(400);
    expect(await status({ page: 101 })).toBe(400);
    expect(await status({ page: 0 })).toBe(400);
    expect(await status({ and: { conversation_updated_at: { gte: iso(0), lt: iso(1) } } })).toBe(400);
    expect(await status({ and: { customer_updated_at: since } })).toBe(400);
    expect(await status({ and: { conversation_id: { equals: 'x' } } })).toBe(400);
    expect(await status({ and: { conversation_updated_at: { gte: 'soon' } } })).toBe(400);
    expect(
      await status({ and: Array.from({ length: 21 }, (_, i) => ({ conversation_updated_at: { gte: iso(i) } })) }),
    ).toBe(400);
    expect(await status({ sort: { customer_updated_at: 'asc' } })).toBe(400);
    expect(await status({ context: 'ticket' })).toBe(400);
    expect(await status({ archive: true, context: 'note' })).toBe(400);
    expect(await status({ archive: true, more: { fields: ['id'] } })).toBe(400);
    expect(await status({ context: 'kobject_nothing' })).toBe(404);
    expect(await status({ context: 'kobject_order', sort: undefined, and: { kobject_updated_at: since } })).toBe(400);
    expect(await status({ context: 'kobject_order', and: { kobject_order_updated_at: since } })).toBe(200);
    const broken = await call(server, '/v1/customers/search', { method: 'POST', body: '{' });
    expect([broken.status, broken.json().errors[0].code]).toEqual([400, 'bad_request']);
  });

  test('shows klasses apart, and hides those it is told to hide', async () => {
    const world = worldOf({ hiddenKlasses: ['secret'] });
    world.populate({ kobjects: { order: 5, 'my-klass': 3, secret: 2 } }, { from: NOW - DAY, to: NOW });
    world.defineKlass('old', 'disabled');
    const server = await start(world);
    expect((await idsOf(server, { context: 'kobject' })).length).toBe(8);
    const mine = { context: 'kobject_secret', sort: { kobject_updated_at: 'asc' } };
    expect((await idsOf(server, mine)).length).toBe(2);
    const names = async (query: string) =>
      (await call(server, `/v1/klasses${query}`)).json().data.map((one: Any) => one.id);
    expect(await names('')).toEqual(['order', 'my-klass', 'secret']);
    expect(await names('?status=disabled')).toEqual(['old']);
    expect((await call(server, '/v1/klasses/my-klass')).json().data.length).toBe(3);
    world.removeKlass('secret');
    expect((await search(server, mine)).status).toBe(404);
    expect(world.truth('kobjects').size).toBe(8);
  });

  test('keeps to the result limit, either way, and caps the total when told to', async () => {
    const world = worldOf({ resultLimit: 25, totalCap: 28 });
    world.create('tags', 1);
    world.create('customers', 30);
    const server = await start(world);
    const page = (page: number) => search(server, { context: 'customer', pageSize: 10, page });
    expect((await page(1)).json().meta).toMatchObject({ total: 28, totalPages: 3 });
    expect((await page(3)).json().data.length).toBe(5);
    expect((await page(4)).json().data.length).toBe(0);
    const strict = worldOf({ resultLimit: 25, beyondLimit: 'error', maxPage: 100 });
    strict.create('customers', 30);
    const other = await start(strict);
    expect((await search(other, { context: 'customer', pageSize: 10, page: 2 })).status).toBe(200);
    expect((await search(other, { context: 'customer', pageSize: 10, page: 3 })).status).toBe(400);
    expect((await search(other, { context: 'customer', pageSize: 1, page: 1 })).json().meta.total).toBe(30);
  });

  test('at page 100 the next link points to page 101', async () => {
    const world = worldOf();
    world.create('customers', 120, { updatedAt: i => NOW - i });
    const server = await start(world);
    const answer = (await search(server, { context: 'customer', pageSize: 1, page: 100 })).json();
    expect(answer.links.next).toBe('/v1/customers/search?page=101&pageSize=1');
  });

  test('orders equal instants anew for each request, when unstable, and only those', async () => {
    for (const tieOrder of ['stable', 'unstable'] as const) {
      const world = worldOf({ tieOrder });
      world.create('messages', 10, { updatedAt: i => NOW - 20_000 + i });
      world.addTie('messages', NOW - 10_000, 300, { sameCreated: true });
      world.create('messages', 10, { updatedAt: i => NOW - 5000 + i });
      const server = await start(world);
      const ask = { context: 'message', pageSize: 500 };
      const [one, two] = [await idsOf(server, ask), await idsOf(server, ask)];
      expect(one.toSorted()).toEqual(two.toSorted());
      expect([one.slice(0, 10), one.slice(310)]).toEqual([two.slice(0, 10), two.slice(310)]);
      expect(JSON.stringify(one) === JSON.stringify(two)).toBe(tieOrder === 'stable');
      // Paging through the tie: complete when stable, with gaps and doubles when not.
      const paged = await inAll(server, { ...ask, pageSize: 64 }, 5);
      expect(paged.length).toBe(320);
      expect(new Set(paged).size === 320).toBe(tieOrder === 'stable');
      expect(new Set((await idsOf(server, { ...ask, sort: { message_updated_at: 'desc' } })).slice(0, 10))).toEqual(
        new Set(one.slice(310)),
      );
    }
  });

  test('can compare in whole seconds', async () => {
    const world = worldOf({ precision: 's' });
    world.create('notes', 4, { updatedAt: i => NOW - 2000 + i * 500 });
    const server = await start(world);
    const count = async (op: string, ms: number) =>
      (await idsOf(server, { context: 'note', and: { note_updated_at: { [op]: iso(ms) } } })).length;
    expect(await count('gte', NOW - 1001)).toBe(4);
    expect(await count('gt', NOW - 2000)).toBe(2);
    expect(await count('lt', NOW - 1)).toBe(2);
    expect(await count('lte', NOW - 2000)).toBe(2);
  });

  test('shows the previous version until the index has caught up', async () => {
    let now = NOW;
    const world = worldOf({ clock: () => now, indexLagMs: 30_000 });
    const [old] = world.create('customers', 1, { updatedAt: NOW - DAY }) as [string];
    const server = await start(world);
    const seen = async () =>
      (await search(server, { context: 'customer' })).json().data.map((one: Any) => [one.id, one.attributes.rev]);
    world.update('customers', [old]);
    const [fresh] = world.create('customers', 1) as [string];
    expect(await seen()).toEqual([[old, 1]]);
    now += 29_999;
    expect(await seen()).toEqual([[old, 1]]);
    now += 1;
    expect((await seen()).toSorted()).toEqual(
      [
        [old, 2],
        [fresh, 1],
      ].toSorted(),
    );
    // A late old version does not replace a newer one.
    world.update('customers', [old], { lagMs: 5000 });
    world.update('customers', [old], { lagMs: 1000 });
    now += 2000;
    expect((await seen()).find((one: Any) => one[0] === old)).toEqual([old, 4]);
    now += 4000;
    expect((await seen()).find((one: Any) => one[0] === old)).toEqual([old, 4]);
  });

  test('live search and archive part at two years, and a record crosses by ageing', async () => {
    let now = NOW;
    const world = worldOf({ clock: () => now, archiveOverlapMs: 1000 });
    const edge = NOW - 730 * DAY;
    const [older, at, later] = world.create('messages', 3, { updatedAt: i => edge - 1 + i * 1000 }) as [
      string,
      string,
      string,
    ];
    const server = await start(world);
    const both = async () => [
      await idsOf(server, { context: 'message' }),
      await idsOf(server, { context: 'message', archive: true }),
    ];
    expect(await both()).toEqual([
      [at, later],
      [older, at],
    ]);
    now += 1000;
    expect(await both()).toEqual([[later], [older, at, later]]);
    const archive = (await search(server, { context: 'message', archive: true, pageSize: 1 })).json();
    expect(archive.links.next).toBe('/v1/customers/search?page=2&pageSize=1');
  });

  test('soft deletes show with includeDeleted only, hard deletes never', async () => {
    const world = worldOf();
    const ids = world.create('notes', 5, { updatedAt: i => NOW - DAY + i });
    const server = await start(world);
    world.softDelete('notes', [ids[0] as string]);
    world.softDelete('notes', [ids[1] as string], { keepUpdatedAt: true });
    world.hardDelete('notes', [ids[2] as string]);
    expect(await idsOf(server, { context: 'note' })).toEqual([ids[3], ids[4]]);
    expect(await idsOf(server, { context: 'note', includeDeleted: true })).toEqual([ids[1], ids[3], ids[4], ids[0]]);
    const gone = JSON.parse(world.render('notes', ids[0] as string)).attributes;
    expect([gone.deleted, gone.deletedAt]).toEqual([true, iso(NOW)]);
    expect(world.truth('notes').get(ids[0] as string)).toMatchObject({ deleted: true, ms: NOW });
    expect(world.truth('notes').has(ids[2] as string)).toBe(false);
    expect([...world.truth('notes', { before: NOW }).keys()].length).toBe(3);
  });

  test('many changes between searches leave the index as it should be', () => {
    const world = worldOf();
    world.populate({ customers: 3000 }, { from: NOW - 50 * DAY, to: NOW - DAY, tieFraction: 0.3 });
    for (const n of [1, 5, 600, 20]) {
      world.update('customers', n, { at: i => NOW - 20 * DAY + i });
      world.softDelete('customers', n);
      world.create('customers', n);
      world.hardDelete('customers', n);
      for (const includeDeleted of [true, false]) {
        const truth = [...world.truth('customers')].filter(([, one]) => includeDeleted || !one.deleted);
        const body = { queryContext: 'customer', includeDeleted, sort: { customer_updated_at: 'asc' } };
        const ids: string[] = [];
        for (let page = 1; page <= Math.ceil(truth.length / 500); page++) {
          const answer = world.search('live', { page: String(page), pageSize: '500', idsOnly: 'true' }, body);
          ids.push(...JSON.parse(String(answer.body)).data.map((one: Any) => one.id));
        }
        expect(ids.toSorted()).toEqual(truth.map(([id]) => id).toSorted());
        const byId = new Map(truth);
        const times = ids.map(id => byId.get(id)?.ms ?? 0);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
    }
  });

  test('serves a page out of 200,000 records at once', () => {
    const world = worldOf({ resultLimit: Infinity, tieOrder: 'unstable' });
    world.populate({ messages: 200_000 }, { from: NOW - 600 * DAY, to: NOW, tieFraction: 0.2 });
    const body = { queryContext: 'message', sort: { message_updated_at: 'asc' } };
    world.search('live', { pageSize: '1' }, body);
    const fastest = (work: (page: number) => unknown) => {
      let least = Number.POSITIVE_INFINITY;
      for (let page = 1; page <= 20; page++) {
        const begin = performance.now();
        work(page);
        least = Math.min(least, performance.now() - begin);
      }
      return least;
    };
    const full = (page: number) => world.search('live', { page: String(page), pageSize: '500' }, body);
    // Beside what it takes to parse the same page, so that a busy machine does not matter.
    const parsing = fastest(page => JSON.parse(String(full(page).body)));
    expect(fastest(page => world.search('live', { page: String(page * 5), pageSize: '1' }, body))).toBeLessThan(
      parsing,
    );
    expect(fastest(full)).toBeLessThan(parsing);
  });
});

describe('lists', () => {
  test('page as documented, with and without a total', async () => {
    const world = worldOf({ notesListDeleted: true });
    world.populate({ users: 30, teams: 5, tags: 25, shortcuts: 12, notes: 7 }, { from: NOW - 900 * DAY, to: NOW });
    const server = await start(world);
    const get = async (path: string) => (await call(server, path)).json();
    const users = await get('/v1/users?pageSize=20');
    expect([users.meta, users.data.length]).toEqual([{ pageSize: 20, page: 1 }, 20]);
    expect(users.links.next).toBe('/v1/users?page=2&pageSize=20');
    expect((await get(users.links.next)).links.next).toBe(null);
    expect((await get('/v1/users?pageSize=1000')).meta.pageSize).toBe(500);
    expect((await get('/v1/tags?pageSize=10')).meta).toEqual({ pageSize: 10, page: 1, total: 25, totalPages: 3 });
    const ids = users.data.map((one: Any) => one.id);
    expect(ids).toEqual(ids.toSorted());

    world.softDelete('users', 3);
    world.softDelete('teams', 2);
    world.softDelete('tags', 1);
    world.softDelete('shortcuts', 4);
    world.softDelete('notes', 1);
    const count = async (path: string) => (await get(path)).data.length;
    expect([
      await count('/v1/users'),
      await count('/v1/users?deleted=false'),
      await count('/v1/users?deleted=true'),
    ]).toEqual([27, 27, 3]);
    expect([await count('/v1/teams'), await count('/v1/teams?deleted=true')]).toEqual([3, 2]);
    expect([await count('/v1/tags'), await count('/v1/tags?deleted=true')]).toEqual([24, 1]);
    expect([await count('/v1/shortcuts'), await count('/v1/shortcuts?deleted=true')]).toEqual([12, 12]);
    expect(await count('/v1/notes')).toBe(7);
    expect((await call(server, '/v1/users?deleted=true&userType=user')).status).toBe(400);
    expect((await call(server, '/v1/nothing')).status).toBe(404);
    expect((await get('/v1/orgs/current')).data).toMatchObject({
      type: 'org',
      id: world.options.orgId,
      attributes: { name: 'acme' },
    });
    expect((await get('/v1/users/current')).data.attributes.userType).toBe('machine');
    expect((await get('/v1/auth/tokens/current')).data.attributes.roles).toContain('org.permission.search.create');
  });
});

describe('who may ask, and how often', () => {
  test('401 and 403, in both shapes of errors, and tokens of another org', async () => {
    const world = worldOf({
      tokens: {
        good: {},
        late: { expired: true },
        poor: { missing: ['messages', 'teams'] },
        theirs: { org: WRONG_ORG },
      },
    });
    world.create('messages', 1);
    const server = await start(world);
    const unknown = await search(server, { token: 'nobody' });
    expect([unknown.status, unknown.json().errors[0].message]).toEqual([401, 'invalid authentication token']);
    const list = await call(server, '/v1/users', {}, 'late');
    expect([list.status, list.json().errors[0].status]).toEqual([401, '401']);
    expect((await call(server, '/v1/users', { headers: {} })).status).toBe(401);
    const statuses = [
      await search(server, { token: 'poor', context: 'message' }),
      await search(server, { token: 'poor', context: 'note' }),
      await call(server, '/v1/teams', {}, 'poor'),
      await call(server, '/v1/tags', {}, 'poor'),
      await search(server, { token: 'good', context: 'message' }),
    ].map(answer => answer.status);
    expect(statuses).toEqual([403, 200, 403, 200, 200]);
    const theirs = (await search(server, { token: 'theirs', context: 'message' })).json().data[0];
    expect(theirs.relationships.org.data.id).toBe(WRONG_ORG);
    expect(server.log.countBy(request => request.status)).toEqual({ 200: 4, 401: 3, 403: 2 });
    expect(server.requests.filter(request => !request.authorized).length).toBe(3);
  });

  test('two budgets in sliding windows, and 429 in every dialect', async () => {
    const world = worldOf();
    const limits = { orgLimit: 6, searchLimit: 2, windowMs: 400 };
    const server = await start(world, limits);
    const first = await search(server);
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['6', '5']);
    await search(server, { archive: true });
    const refused = await search(server);
    expect(refused.status).toBe(429);
    const reset = Number(refused.headers.get('x-ratelimit-reset'));
    expect(Math.abs(reset - Date.now() / 1000)).toBeLessThan(3);
    expect(refused.headers.get('retry-after')).toBe(null);
    // Lists draw on the org's budget only, of which another client takes a part.
    expect((await call(server, '/v1/tags')).headers.get('x-ratelimit-remaining')).toBe('3');
    server.consume(3);
    expect((await call(server, '/v1/tags')).status).toBe(429);
    await new Promise(resolve => setTimeout(resolve, 450));
    expect((await search(server)).status).toBe(200);
    expect(server.log.busiestWindow(60_000)).toBe(6);
    expect(server.log.busiestWindow(60_000, request => request.budget === 'search')).toBe(4);
    expect(server.log.busiestWindow(300)).toBeLessThan(6);

    const dialects = [
      [{ reset: 'epoch-ms', retryAfter: 'seconds' }, /^\d{13}$/, /^1$/],
      [{ reset: 'delta', retryAfter: 'date' }, /^1$/, / GMT$/],
      [{ reset: 'none', rateHeaders: false }, undefined, undefined],
    ] as const;
    for (const [options, resetLike, retryLike] of dialects) {
      const other = await start(world, { ...limits, orgLimit: 0, ...options });
      const { status, headers } = await call(other, '/v1/tags');
      expect(status).toBe(429);
      for (const [name, like] of [
        ['x-ratelimit-reset', resetLike],
        ['retry-after', retryLike],
      ] as const) {
        if (like === undefined) expect(headers.get(name)).toBe(null);
        else expect(headers.get(name)).toMatch(like);
      }
      expect(headers.has('x-ratelimit-limit')).toBe(!('rateHeaders' in options));
    }
  });

  test('hooks change the world while it is read; latency is real; gzip is optional', async () => {
    const world = worldOf();
    world.populate({ customers: 100 }, { from: NOW - 9 * DAY, to: NOW - DAY });
    const server = await start(world, { latencyMs: request => (request.page === 2 ? 60 : 0) });
    const end = server.onRequest(request => {
      if (server.log.searches().length === 2) world.update('customers', 30);
      expect(request.context).toBe('customer');
    });
    const sorted = { context: 'customer', pageSize: 50 };
    const one = await search(server, sorted);
    expect(one.headers.get('content-encoding')).toBe('gzip');
    const begin = performance.now();
    const two = await idsOf(server, { ...sorted, page: 2 });
    expect(performance.now() - begin).toBeGreaterThan(55);
    end();
    expect(two.filter(id => world.truth('customers').get(id)?.ms === NOW).length).toBe(30);
    const flat = await start(world, { gzip: false });
    expect((await search(flat, sorted)).headers.get('content-encoding')).toBe(null);
  });
});

describe('faults', () => {
  async function faulty(rule: FaultRule, ask: Search = {}) {
    const world = worldOf();
    world.create('conversations', 30, { updatedAt: i => NOW - 30_000 + i * 1000 });
    const server = await start(world);
    const fault = server.faults.add(rule);
    const answer = await search(server, { pageSize: 10, ...ask });
    expect(fault.hits).toBe(1);
    expect(server.requests[0]?.fault).toBe(rule.kind);
    // Once only: the next one is right again.
    expect((await idsOf(server, { pageSize: 10 })).length).toBe(10);
    return answer;
  }

  test('answers of any status', async () => {
    const answer = await faulty({
      kind: 'status',
      status: 503,
      headers: { 'retry-after': '7' },
      body: '<html></html>',
    });
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([
      503,
      '7',
      'text/html',
    ]);
    expect((await faulty({ kind: 'status', status: 500 })).json().errors.length).toBe(1);
    expect((await faulty({ kind: 'status', status: 409, body: { message: 'no' } })).json()).toEqual({ message: 'no' });
  });

  test('broken bodies', async () => {
    const broken = await faulty({ kind: 'bad-json' });
    expect(broken.json).toThrow(SyntaxError);
    expect((await faulty({ kind: 'empty-body' })).text).toBe('');
    expect((await faulty({ kind: 'html-200' })).text).toMatch(/^<!DOCTYPE html>/);
    const cut = await faulty({ kind: 'cut-chunked' });
    expect([cut.status, cut.text.startsWith('{"meta"')]).toEqual([200, true]);
    expect(cut.json).toThrow(SyntaxError);
    expect((await faulty({ kind: 'errors-200' })).json()).toEqual({
      errors: [expect.objectContaining({ code: 'internal' })],
    });
    const missing = (await faulty({ kind: 'missing-data' })).json();
    expect([missing.data, missing.meta.total]).toEqual([undefined, 30]);
    const away = await faulty({ kind: 'redirect', to: 'https://example.test/x' });
    expect([away.status, away.headers.get('location')]).toEqual([302, 'https://example.test/x']);
  });

  test('broken connections', async () => {
    await expect(faulty({ kind: 'reset' })).rejects.toThrow('fetch failed');
    await expect(faulty({ kind: 'cut-body' })).rejects.toThrow('terminated');
    const begin = performance.now();
    const drip = await faulty({ kind: 'drip', chunks: 5, everyMs: 20 });
    expect([drip.status, drip.json().data.length]).toEqual([200, 10]);
    expect(performance.now() - begin).toBeGreaterThan(75);
    const server = await start(worldOf());
    server.faults.add({ kind: 'hang', times: Infinity });
    server.faults.add({ kind: 'hang', afterBytes: 20 });
    const signal = AbortSignal.timeout(100);
    await expect(call(server, '/v1/tags', { signal })).rejects.toThrow('timeout');
    const hanging = call(server, '/v1/tags');
    setTimeout(() => server.close(), 50);
    await expect(hanging).rejects.toThrow();
    open = open.filter(one => one !== server);
  });

  test('answers that lie', async () => {
    const timed = (await faulty({ kind: 'timed-out' })).json();
    expect([timed.meta.timed_out, timed.data.length]).toEqual([true, 5]);
    expect((await faulty({ kind: 'wrong-total', total: 7 })).json().meta.total).toBe(7);
    expect((await faulty({ kind: 'wrong-total', total: n => n * 2 })).json().meta.total).toBe(60);
    const times = (answer: Any) => answer.data.map((one: Any) => one.attributes.updatedAt) as string[];
    const unsorted = times((await faulty({ kind: 'ignored-sort' })).json());
    expect(unsorted).not.toEqual(unsorted.toSorted());
    const short = (await faulty({ kind: 'short-page', drop: 3 })).json();
    expect([short.data.length, short.meta.total, short.links.next === null]).toEqual([7, 30, false]);
    expect((await faulty({ kind: 'short-page', where: 'middle' })).json().data.length).toBe(5);
    const from = iso(NOW - 20_000);
    const outside = times(
      (await faulty({ kind: 'outside-window' }, { and: { conversation_updated_at: { gte: from } } })).json(),
    );
    expect(outside.filter(at => at < from).length).toBe(3);
    const repeat = (await faulty({ kind: 'repeat-page' }, { page: 3 })).json();
    expect([repeat.meta.page, repeat.links.next]).toEqual([1, '/v1/customers/search?page=2&pageSize=10']);
    const org = (await faulty({ kind: 'wrong-org' })).json();
    expect(org.data.every((one: Any) => one.relationships.org.data.id === WRONG_ORG)).toBe(true);
  });

  test('hit the requests they are meant for', async () => {
    const server = await start(worldOf());
    server.faults.add({ kind: 'status', status: 500, match: { path: /tags$/, nth: 2 } });
    server.faults.add({ kind: 'status', status: 501, match: { stream: 'messages' }, times: Infinity });
    server.faults.add({ kind: 'status', status: 502, match: request => request.page === 3 });
    server.faults.add({ kind: 'status', status: 503, match: { on: 'archive' } });
    const statuses = [
      await call(server, '/v1/tags'),
      await call(server, '/v1/tags'),
      await call(server, '/v1/tags'),
      await search(server, { context: 'message' }),
      await call(server, '/v1/messages'),
      await search(server, { page: 3 }),
      await search(server, { page: 3 }),
      await search(server, { archive: true }),
      await search(server),
    ].map(answer => answer.status);
    expect(statuses).toEqual([200, 500, 200, 501, 501, 502, 200, 503, 200]);
    server.faults.add({ kind: 'repeat-page', match: { path: '/v1/tags' }, times: Infinity });
    server.world.create('tags', 250);
    for (const page of [1, 2, 9]) {
      expect((await call(server, `/v1/tags?page=${page}`)).json().links.next).toBe('/v1/tags?page=2&pageSize=100');
    }
    server.faults.clear();
    expect((await call(server, '/v1/tags?page=3')).json().links.next).toBe(null);
  });
});
