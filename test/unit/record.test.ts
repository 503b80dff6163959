// Lines of NDJSON: `raw` as received, and `flat` as the Singer tap and the Airbyte connector emit it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseResponse } from '../../src/kustomer/json.ts';
import { Lines } from '../../src/records/record.ts';
import { Observer } from '../../src/schema/observer.ts';
import { documentedSchema } from '../../src/schema/schema.ts';
import { snakeCase } from '../../src/sync/snake-case.ts';
import type { Resource } from '../../src/sync/source.ts';
import type { RecordFormat } from '../../src/sync/state.ts';
import { cases } from '../forms.ts';

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
    expect(snakeCase(key)).toBe(column);
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
    expect(flatOf({ relationships })).toMatchObject({ assigned_to: 2, assigned_to_2: 1 });
  });

  test('gives a name that several keys become to the one that is written so, and _2, _3 to the others by their alphabet', () => {
    const attributes = { parcelIdStr: 'a', parcel_id_str: 'b', ParcelIdStr: 'c', in: { aB: 1, AB: 3, a_b: 2, ab: 4 } };
    expect(flatOf({ attributes })).toMatchObject({
      parcel_id_str: 'b',
      parcel_id_str_2: 'c',
      parcel_id_str_3: 'a',
      in: { a_b: 2, a_b_2: 1, ab: 4, ab_2: 3 },
    });
    expect(flatOf({ attributes: { NAME: 1, name: 2, Name: 3 } })).toMatchObject({ name: 2, name_2: 1, name_3: 3 });
  });

  test('keeps a key that looks like the second of two', () => {
    const keys = { aB: 1, a_b_2: 2, a_b: 3 };
    expect(flatOf({ attributes: keys })).toMatchObject({ a_b: 3, a_b_2: 2, a_b_3: 1 });
    expect(flatOf({ attributes: { in: keys } }).in).toEqual({ a_b: 3, a_b_2: 2, a_b_3: 1 });
  });

  test('prefers an attribute to a member of the resource with the same key', () => {
    expect(flatOf({ meta: 1, attributes: { meta: 2 } })).toMatchObject({ meta: 2, meta_2: 1 });
    expect(flatOf({ attributes: { meta: 2 }, meta: 1 })).toMatchObject({ meta: 2, meta_2: 1 });
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
    const attributes = { body: 'a\nb\r\n\u2028\u2029\u0000"\\ 😀 é 值', 'Line\nBreak': 1 };
    const text = line(resource(JSON.stringify({ id: '1', type: 'x', attributes })), 'flat');
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text).body).toBe(attributes.body);
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
    fc.assert(fc.property(number, expectKept), { numRuns: cases(1_000) });
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
      { numRuns: cases(2_000) },
    );
  });

  test('flat names everything by the rule, followed by a number at most', () => {
    fc.assert(
      fc.property(anyResource, given => {
        const names = new Set([...Object.keys(given.attributes), ...Object.keys(given.relationships)].map(snakeCase));
        for (const column of Object.keys(JSON.parse(line(resource(JSON.stringify(given)), 'flat')))) {
          if (['id', 'type', 'links'].includes(column)) continue;
          const stem = column.replace(/_\d+$/, '');
          expect(
            [column, stem, stem.replace(/_data$/, ''), column.replace(/_data$/, '')].some(name => names.has(name)),
          ).toBe(true);
        }
      }),
      { numRuns: cases(500) },
    );
  });

  test('raw is the resource again', () => {
    fc.assert(
      fc.property(anyResource, given => {
        const text = JSON.stringify(given);
        expect(JSON.parse(line(resource(text), 'raw'))).toEqual(JSON.parse(text));
      }),
      { numRuns: cases(500) },
    );
  });
});

describe('a lone surrogate', () => {
  test('becomes U+FFFD in flat, in values and in keys, and stays in raw', () => {
    const text = String.raw`{"id":"1","type":"x","attributes":{"bodyTxt":"a\uD83D, \ude00\ud83d, \ud83d\ude00, \\ud83d, \\\uDBFF","\ud800Key":1,"\ud801Key":2,"in":["\udfff"]}}`;
    expect(line(resource(text), 'flat')).toBe(
      `${String.raw`{"id":"1","type":"x","body_txt":"a\ufffd, \ufffd\ufffd, \ud83d\ude00, \\ud83d, \\\ufffd","`}\ufffd_key":1,"\ufffd_key_2":2,"in":["\\ufffd"]}\n`,
    );
    expect(line(resource(text), 'raw')).toBe(`${text}\n`);
  });

  test('does so in any text', () => {
    const unit = fc.constantFrom('\ud83d', '\ude00', '\\', 'u', 'd83d', '"', 'a');
    fc.assert(
      fc.property(fc.string({ unit }), fc.boolean(), (body, isUpper) => {
        const escaped = JSON.stringify({ attributes: { body } });
        const text = isUpper ? escaped.replace(/\\u(d[89a-f]..)/g, (_, hex) => `\\u${hex.toUpperCase()}`) : escaped;
        fc.pre(JSON.parse(text).attributes.body === body);
        expect(JSON.parse(line(resource(text), 'flat')).body).toBe(body.toWellFormed());
      }),
    );
  });
});

describe('keys given twice in one object', () => {
  test.each([
    ['an attribute', '"attributes":{"a":1,"b":2,"a":3}', '"b":2,"a":3'],
    ['an attribute of another spelling', String.raw`"attributes":{"a":1,"\u0061":3}`, '"a":3'],
    ['all attributes', '"attributes":{"a":1,"b":2},"attributes":{"c":3}', '"c":3'],
    ['attributes that end as null', '"attributes":{"a":1},"attributes":null', '"attributes":null'],
    ['members of an object', '"attributes":{"in":{"a":[1], "b":2 , "a" : 3}}', '"in":{"b":2 , "a" : 3}'],
    ['the same name beside it', '"attributes":{"in":{"aB":1,"a_b":2,"aB":3}}', '"in":{"a_b":2,"a_b_2":3}'],
    ['below a key of the same name', '"attributes":{"a":{"a":{"b":1,"a":1}},"b":2,"a":4}', '"b":2,"a":4'],
    ['a relationship', '"relationships":{"r":{"data":1},"r":{"data":2,"data":3}}', '"r":3'],
    ['a relationship that ends without data', '"relationships":{"r":{"data":1},"r":{}}', ''],
    ['relationships', '"relationships":{"r":{"data":1}},"relationships":{"s":{"data":1}}', '"s":1'],
  ])('count for their last value: %s', (_what, given, wanted) => {
    const text = `{"id":"0","type":"x","id":"1",${given}}`;
    expect(line(resource(text), 'flat')).toBe(`{"type":"x","id":"1"${wanted === '' ? '' : `,${wanted}`}}\n`);
    expect(line(resource(text), 'raw')).toBe(`${text}\n`);
  });

  test('count as JSON.parse has them, in any record', () => {
    const key = fc.constantFrom('a', 'aB', 'a_b', 'A', 'b');
    const { value } = fc.letrec<{ value: string }>(tie => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer().map(String),
        fc
          .array(fc.tuple(key, fc.constantFrom('', ' '), tie('value')), { maxLength: 5 })
          .map(members => `{${members.map(([key, space, of]) => `${space}"${key}":${space}${of}${space}`).join()}}`),
        fc.array(tie('value'), { maxLength: 3 }).map(values => `[${values.join()}]`),
      ),
    }));
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        const text = `{"attributes":${a},"relationships":{"a":{"data":${b}},"r":{"data":${c}},"a":{"data":${c}}}}`;
        const once = JSON.stringify(JSON.parse(text));
        expect(JSON.parse(line(resource(text), 'flat'))).toEqual(JSON.parse(line(resource(once), 'flat')));
      }),
      { numRuns: cases(3_000) },
    );
  });
});

test('the order of keys in the source does not matter', () => {
  const key = fc.constantFrom('a', 'A', 'aB', 'a_b', 'AB', 'a_b_2', 'id', 'Id', 'aData', 'a_data', 'r', 'R');
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof({ depthSize: 'small' }, fc.nat(), fc.dictionary(key, tie('value'), { maxKeys: 6 })),
  }));
  const reversed = (of: unknown): unknown =>
    typeof of === 'object' && of !== null
      ? Object.fromEntries(
          Object.entries(of)
            .map(([key, inner]) => [key, reversed(inner)])
            .reverse(),
        )
      : of;
  const members = fc.dictionary(key, value, { maxKeys: 8 });
  const relationships = fc.dictionary(
    key,
    value.map(data => ({ data })),
  );
  fc.assert(
    fc.property(members, relationships, (attributes, relationships) => {
      const given = { attributes, relationships, a: 1, aB: 2 };
      expect(flatOf(reversed(given) as object)).toEqual(flatOf(given));
    }),
    { numRuns: cases(3_000) },
  );
});

describe('a record that is made to take time', () => {
  const within = (ms: number, text: string) => {
    const start = process.threadCpuUsage();
    const written = line(resource(text), 'flat');
    expect(process.threadCpuUsage(start).user / 1_000).toBeLessThan(ms);
    return JSON.parse(written) as Record<string, unknown>;
  };

  test('takes none with 60,000 keys of one hash', () => {
    // The cache hashes the length, the first, the middle and the last bytes.
    const keys = Array.from({ length: 60_000 }, (_, n) => `a${String(n).padStart(8, '0')}mmmmm${'0'.repeat(6)}zz`);
    const record = within(2_000, `{"attributes":{${keys.map(key => `"${key}":1`).join()}}}`);
    expect(Object.keys(record)).toHaveLength(60_000);
  });

  test('takes none with 20,000 keys that meet in one name', () => {
    const spelling = (n: number) => [...n.toString(2).padStart(15, '0')].map(bit => (bit === '1' ? 'É' : 'é')).join('');
    const keys = Array.from({ length: 20_000 }, (_, n) => spelling(n));
    expect(new Set(keys.map(snakeCase)).size).toBe(1);
    const record = within(2_000, `{"attributes":{"in":{${keys.map(key => `"${key}":1`).join()}}}}`);
    expect(Object.keys(record.in as object)).toHaveLength(20_000);
  });
});

test('what throws in the middle of a line leaves nothing of it', () => {
  const lines = new Lines(8);
  lines.add(resource('{"id":"1"}'), { recordFormat: 'flat' });
  expect(() => lines.add(resource('{"id":"2","attributes":{"a":'), { recordFormat: 'flat' })).toThrow();
  lines.add(resource('{"id":"3"}'), { recordFormat: 'flat' });
  expect(String(lines.bytes())).toBe('{"id":"1"}\n{"id":"3"}\n');
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

test('a response that nests too deep does not make the next line too deep', () => {
  const deep = `${'['.repeat(600)}${']'.repeat(600)}`;
  expect(() => parseResponse(Buffer.from(`{"data":[{"id":"a","type":"user","attributes":{"x":${deep}}}]}`))).toThrow(
    'nests',
  );
  const lines = new Lines(100, new Observer(documentedSchema('users', 'raw')));
  const json = '{"id":"a","type":"user","attributes":{"x":{"y":1}}}';
  lines.add(resource(json), { recordFormat: 'raw' });
  expect(String(lines.bytes())).toBe(`${json}\n`);
});
