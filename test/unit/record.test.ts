// Lines of NDJSON: `raw` as received, and `flat` as the Singer tap and the Airbyte connector emit it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lines, snake } from '../../src/records/record.ts';
import type { Resource } from '../../src/sync/source.ts';
import type { RecordFormat } from '../../src/sync/state.ts';

const resource = (text: string) => ({ id: '1', type: 'x', json: Buffer.from(text) }) as Resource;
const line = (of: Resource, format: RecordFormat) => {
  const lines = new Lines(1_000);
  lines.add(of, { recordFormat: format });
  return String(lines.bytes());
};
const flatOf = (members: object) =>
  JSON.parse(line(resource(JSON.stringify({ id: '1', type: 'note', ...members })), 'flat'));

describe('a key in snake_case', () => {
  test.each([
    ['createdAt', 'created_at'],
    ['id', 'id'],
    ['externalId', 'external_id'],
    ['parcelIDStr', 'parcel_id_str'],
    ['ParcelIdStr', 'parcel_id_str'],
    ['HTTPServer', 'http_server'],
    ['getHTTPResponseCode', 'get_http_response_code'],
    ['a1B', 'a1_b'],
    ['UPPER', 'upper'],
    ['s3DataUrl', 's3_data_url'],
    ['firstMessageIn', 'first_message_in'],
    ['already_snake', 'already_snake'],
    ['already_Snake', 'already__snake'],
    ['with-dash', 'with-dash'],
    ['satisfactionLevel.sentByTeams', 'satisfaction_level.sent_by_teams'],
    ['', ''],
    ['Ключ Str', 'ключ _str'],
    ['😀Face', '😀_face'],
  ])('%j is %j', (key, column) => {
    expect(snake(key)).toBe(column);
  });
});

describe('a flat record', () => {
  test('has the attributes at the top level, and id, type and links as they are', () => {
    const links = { self: '/v1/notes/1' };
    expect(flatOf({ attributes: { createdAt: 'x', body: null, deleted: false }, links })).toEqual({
      id: '1',
      type: 'note',
      created_at: 'x',
      body: null,
      deleted: false,
      links,
    });
  });

  test('has snake_case keys at every depth, in objects and in arrays of objects', () => {
    const attributes = { lastMessage: { sentAt: 1, meta: { inReplyTo: [{ mailBox: [[{ deepKey: 1 }]] }] } } };
    expect(flatOf({ attributes })).toMatchObject({
      last_message: { sent_at: 1, meta: { in_reply_to: [{ mail_box: [[{ deep_key: 1 }]] }] } },
    });
  });

  test('has the data of a relationship under its name: an object, null or an array', () => {
    const relationships = {
      org: { data: { type: 'org', id: 'o' }, links: { self: '/v1/orgs/o' } },
      createdBy: { data: { type: 'user', id: 'u', userType: 'x' } },
      parent: { data: null },
      assignedUsers: { data: [{ type: 'user', id: 'a' }] },
      none: { data: [] },
    };
    expect(flatOf({ relationships })).toEqual({
      id: '1',
      type: 'note',
      org: { type: 'org', id: 'o' },
      created_by: { type: 'user', id: 'u', user_type: 'x' },
      parent: null,
      assigned_users: [{ type: 'user', id: 'a' }],
      none: [],
    });
  });

  test('leaves out a relationship without data', () => {
    expect(flatOf({ relationships: { messages: { links: { self: '/v1/x' } }, odd: null } })).toEqual({
      id: '1',
      type: 'note',
    });
  });

  test('calls a relationship with the name of an attribute <name>_data, whichever of them comes first', () => {
    const attributes = { sla: { status: 'pending' } };
    const relationships = { sla: { data: { type: 'sla', id: 's' } } };
    const wanted = { id: '1', type: 'note', sla: { status: 'pending' }, sla_data: { type: 'sla', id: 's' } };
    expect(flatOf({ attributes, relationships })).toEqual(wanted);
    expect(flatOf({ relationships, attributes })).toEqual(wanted);
  });

  test('and where that name is taken too, keeps both', () => {
    const attributes = { sla: 1, slaData: 2 };
    const relationships = { sla: { data: 3 } };
    expect(flatOf({ attributes, relationships })).toMatchObject({ sla: 1, sla_data: 2, sla_data_2: 3 });
  });

  test('keeps two relationships that become the same name', () => {
    const relationships = { assignedTo: { data: 1 }, assigned_to: { data: 2 } };
    expect(flatOf({ relationships })).toMatchObject({ assigned_to: 1, assigned_to_2: 2 });
  });

  test('keeps keys that become the same name, the later ones with _2, _3 in the order of the source', () => {
    const attributes = { parcelIdStr: 'a', parcel_id_str: 'b', ParcelIdStr: 'c', in: { aB: 1, a_b: 2, AB: 3, ab: 4 } };
    expect(flatOf({ attributes })).toMatchObject({
      parcel_id_str: 'a',
      parcel_id_str_2: 'b',
      parcel_id_str_3: 'c',
      in: { a_b: 1, a_b_2: 2, ab: 3, ab_2: 4 },
    });
  });

  test('keeps a key that looks like the second of two', () => {
    expect(flatOf({ attributes: { aB: 1, a_b_2: 2, a_b: 3 } })).toMatchObject({ a_b: 1, a_b_2: 2, a_b_3: 3 });
    expect(flatOf({ attributes: { in: { aB: 1, a_b_2: 2, a_b: 3 } } }).in).toEqual({ a_b: 1, a_b_2: 2, a_b_3: 3 });
  });

  test('keeps its own id, type and links where attributes have such names', () => {
    const links = { self: 's' };
    const record = flatOf({ attributes: { id: 'a', type: 'b', links: 'c', Id: 'd' }, links });
    expect(record).toEqual({ id: '1', type: 'note', links, id_2: 'a', type_2: 'b', links_2: 'c', id_3: 'd' });
  });

  test('keeps members that JSON:API does not know', () => {
    expect(flatOf({ meta: { someThing: 1 }, newMember: 2 })).toMatchObject({ meta: { some_thing: 1 }, new_member: 2 });
  });

  test('treats __proto__ and the like as keys like any other', () => {
    const text =
      '{"id":"1","type":"x","attributes":{"__proto__":{"isAdmin":true},"constructor":"c","toString":null,"deep":{"__proto__":[{"__proto__":1}],"hasOwnProperty":2}}}';
    expect(line(resource(text), 'flat')).toBe(
      '{"id":"1","type":"x","__proto__":{"is_admin":true},"constructor":"c","to_string":null,"deep":{"__proto__":[{"__proto__":1}],"has_own_property":2}}\n',
    );
    expect(({} as Record<string, unknown>).is_admin).toBeUndefined();
    expect(line(resource(text), 'raw')).toBe(`${text}\n`);
  });

  test('has keys that are numbers', () => {
    expect(flatOf({ attributes: { 10: 'ten', 2: 'two', tree: { 0: 'a', 7: { 1: null } } } })).toMatchObject({
      10: 'ten',
      2: 'two',
      tree: { 0: 'a', 7: { 1: null } },
    });
  });

  test('is as deep as the source', () => {
    const depth = 500;
    const text = `{"id":"1","type":"x","attributes":{"deepTree":${'{"aB":'.repeat(depth)}1${'}'.repeat(depth)}}}`;
    expect(line(resource(text), 'flat')).toContain(`${'{"a_b":'.repeat(depth)}1${'}'.repeat(depth)}`);
  });

  test('is one line, whatever characters are in it, and its text survives', () => {
    const attributes = { body: 'a\nb\r\n\u2028\u2029\u0000"\\ \ud83d é 值', 'Line\nBreak': 1 };
    const text = line(resource(JSON.stringify({ id: '1', type: 'x', attributes })), 'flat');
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text).body).toBe(attributes.body);
    // A lone surrogate has no UTF-8, so it must stay escaped.
    expect(JSON.parse(Buffer.from(text).toString())).toEqual(JSON.parse(text));
  });
});

describe('numbers', () => {
  const numbers = [
    '9007199254740993',
    '-9007199254740995',
    '100000000000000000000000001',
    '12345678.123456789012345678901',
    '0.1234567890123456789',
    '1e400',
    '-1E-400',
    '18446744073709551615',
    '1234567890123456789.5e-3',
  ];

  /** Asserts that a number keeps every digit, wherever it stands. */
  function expectKept(number: string): void {
    const text = `{"id":"1","type":"x","attributes":{"aNum":${number},"in":[{"bNum":[${number}]}]},"relationships":{"r":{"data":${number}}}}`;
    expect(line(resource(text), 'raw')).toBe(`${text}\n`);
    expect(line(resource(text), 'flat')).toBe(
      `{"id":"1","type":"x","a_num":${number},"in":[{"b_num":[${number}]}],"r":${number}}\n`,
    );
  }

  test.each(numbers)('%s comes out of both formats as it came in', expectKept);

  test('any other does too', () => {
    const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?$/);
    fc.assert(fc.property(number, expectKept), { numRuns: 1_000 });
  });
});

test('keys with escapes stay apart, which JSON.parse of Node 24.21 mixes up', () => {
  // JSON.parse('{"\\\\":1}') and then JSON.parse('{"\\"":2}') gives {"\\\\":2}.
  for (const key of [String.raw`\\`, String.raw`\"`, String.raw`\u0001`, String.raw`\n`, String.raw`\\`]) {
    const text = `{"id":"1","type":"x","attributes":{"${key}":2,"in":{"${key}":3}}}`;
    expect(line(resource(text), 'raw')).toBe(`${text}\n`);
    expect(line(resource(text), 'flat')).toBe(`{"id":"1","type":"x","${key}":2,"in":{"${key}":3}}\n`);
  }
});

describe('for any resource', () => {
  /** Keys that collide often. */
  const key = fc.oneof(
    fc.constantFrom('aB', 'a_b', 'AB', 'a_b_2', 'id', 'Id', 'type', 'links', 'sla', 'slaData', '__proto__', '7', ''),
    // No backslash: after a key that ends in one, JSON.parse of Node 24.21 mixes others up with it (see above).
    fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'B', '_', '2', 'É', '-', 'ß', 'İ', '\n', '"', '\u0001') }),
  );
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.constant(null),
      fc.string({ maxLength: 3 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: false }),
    ),
  }));
  const members = fc.dictionary(key, value, { maxKeys: 8 });
  const relationship = fc.oneof(
    value.map(data => ({ data, links: { self: 'x' } })),
    fc.constant({ links: { self: 'x' } }),
  );
  const anyResource = fc.record({
    id: fc.constant('1'),
    type: fc.constant('x'),
    attributes: members,
    relationships: fc.dictionary(key, relationship, { maxKeys: 5 }),
    links: fc.constant({ self: 's' }),
  });

  /** A value without the names of its keys: only its values, in any order. */
  const bare = (of: unknown): unknown => {
    if (Array.isArray(of)) return of.map(bare);
    if (typeof of !== 'object' || of === null) return of;
    const values = Object.values(of).map(bare);
    return { values: values.map(each => JSON.stringify(each)).sort() };
  };

  test('flat keeps every value of every attribute and relationship, and no key is lost at any depth', () => {
    fc.assert(
      fc.property(anyResource, given => {
        const record = JSON.parse(line(resource(JSON.stringify(given)), 'flat')) as Record<string, unknown>;
        const relations = Object.values(given.relationships).flatMap(each => ('data' in each ? [each.data] : []));
        const wanted = ['1', 'x', { self: 's' }, ...Object.values(given.attributes), ...relations];
        expect(bare(record)).toEqual(bare(Object.fromEntries(wanted.map((each, n) => [`k${n}`, each]))));
      }),
      { numRuns: 2_000 },
    );
  });

  test('flat names everything by the rule, followed by a number at most', () => {
    fc.assert(
      fc.property(anyResource, given => {
        const names = new Set([...Object.keys(given.attributes), ...Object.keys(given.relationships)].map(snake));
        for (const column of Object.keys(JSON.parse(line(resource(JSON.stringify(given)), 'flat')))) {
          if (['id', 'type', 'links'].includes(column)) continue;
          const stem = column.replace(/_\d+$/, '');
          expect(
            [column, stem, stem.replace(/_data$/, ''), column.replace(/_data$/, '')].some(name => names.has(name)),
          ).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('raw is the resource again', () => {
    fc.assert(
      fc.property(anyResource, given => {
        const text = JSON.stringify(given);
        expect(JSON.parse(line(resource(text), 'raw'))).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });
});

test.each([
  ['that collide', '{"subItem":1,"sub_item":'],
  ['that could collide', '{"subItem":'],
])('keys %s on every level of a deep record take no longer than others', (_what, level) => {
  const nest = (levels: number, end = '1') => `${level.repeat(levels)}${end}${'}'.repeat(levels)}`;
  const given = (value: string) => resource(`{"id":"a","type":"t","attributes":{"custom":${value}}}`);
  const lines = new Lines(1024);
  lines.add(given('{"subItem":1,"other":{"sub_item":1}}'), { recordFormat: 'flat' });
  const start = performance.now();
  lines.add(given(nest(200)), { recordFormat: 'flat' });
  expect(performance.now() - start).toBeLessThan(1_000);
});
