// What `exclude-fields` and `hash-fields` leave of a line, beside a model of it in values.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldFilter, type HashValue } from '../../src/records/fields.ts';
import { hashWith, keyDigest } from '../../src/records/hash-key.ts';
import { Lines } from '../../src/records/record.ts';
import {
  coversField,
  keptBackOf,
  parseFieldPath,
  protectedIn,
  type Treatment,
  unitePublished,
} from '../../src/sync/kept-back.ts';
import type { RecordFormat } from '../../src/sync/state.ts';
import { cases } from '../forms.ts';

const KEY = 'a key of these tests';
const hash = hashWith(KEY);

function filterOf(paths: Record<string, Treatment>, hashValue: HashValue = hash): FieldFilter {
  return new FieldFilter(new Map(Object.entries(paths)), hashValue);
}

function lineOf(json: string, recordFormat: RecordFormat, filter?: FieldFilter): string {
  const lines = new Lines(8);
  lines.add({ id: '1', type: 'x', json: Buffer.from(json) }, { recordFormat, filter });
  return String(lines.bytes());
}

const written = (resource: unknown, format: RecordFormat, paths: Record<string, Treatment>) =>
  JSON.parse(lineOf(JSON.stringify(resource), format, filterOf(paths)));
const flat = (attributes: object, paths: Record<string, Treatment>, more: object = {}) => {
  const { id: _, ...columns } = written({ id: '1', attributes, ...more }, 'flat', paths);
  return columns;
};
const excluded = (...paths: string[]) => Object.fromEntries(paths.map(path => [path, 'excluded' as const]));
const hashed = (...paths: string[]) => Object.fromEntries(paths.map(path => [path, 'hashed' as const]));
const hmac = (text: string) => createHmac('sha256', KEY).update(text).digest('hex');

describe('a field that is excluded', () => {
  test('is not in the line, wherever it stands: top level, custom, arrays, deep inside, relationships', () => {
    const attributes = {
      firstName: 'x',
      emails: [{ email: 'x', type: 'work' }, [{ email: 'x' }], 7, null],
      custom: { ssnStr: 'x', ageNum: 3 },
      lastMessage: { meta: { inReplyTo: { from: 'x', to: 'y' } } },
    };
    const relationships = { createdBy: { data: { id: 'u', type: 'user' } }, org: { data: { id: 'o' } } };
    const paths = excluded('first_name', 'emails.email', 'custom.ssn_str', 'last_message.meta.in_reply_to.from');
    expect(flat(attributes, { ...paths, ...excluded('created_by', 'org.id') }, { relationships })).toEqual({
      emails: [{ type: 'work' }, [{}], 7, null],
      custom: { age_num: 3 },
      last_message: { meta: { in_reply_to: { to: 'y' } } },
      org: {},
    });
  });

  test('is a whole subtree', () => {
    expect(flat({ custom: { a: { b: 1 } }, rest: 1 }, excluded('custom'))).toEqual({ rest: 1 });
  });

  test('is the one that the line calls so where keys meet in one name, and the others keep theirs', () => {
    const attributes = { parcelIdStr: 'a', parcel_id_str: 'b', ParcelIdStr: 'c', in: { aB: 1, a_b: 2 } };
    expect(flat(attributes, excluded('parcel_id_str', 'in.a_b_2'))).toEqual({
      parcel_id_str_2: 'c',
      parcel_id_str_3: 'a',
      in: { a_b: 2 },
    });
    expect(flat(attributes, excluded('parcel_id_str_2'))).toMatchObject({ parcel_id_str: 'b', parcel_id_str_3: 'a' });
    const sla = { relationships: { sla: { data: { id: 's' } } } };
    expect(flat({ sla: 1 }, excluded('sla_data'), sla)).toEqual({ sla: 1 });
    expect(flat({ sla: 1 }, excluded('sla'), sla)).toEqual({ sla_data: { id: 's' } });
    expect(flat({ id: 'secret' }, excluded('id_2'))).toEqual({});
  });

  test('may have a dot in its key', () => {
    const attributes = { 'satisfaction.level': 1, in: { 'a.b': { c: 1, d: 2 } } };
    expect(flat(attributes, excluded('satisfaction.level', 'in.a.b.c'))).toEqual({ in: { 'a.b': { d: 2 } } });
    // Also where the path ends inside the key.
    expect(flat(attributes, excluded('satisfaction', 'in.a'))).toEqual({ in: {} });
    expect(flat(attributes, hashed('satisfaction'))).toMatchObject({ 'satisfaction.level': hmac('1') });
  });

  test('is each of two with the same key, however the key is written, in raw', () => {
    const json = '{"id":"1","attributes":{"a":1,"\\u0061":2,"b":3}, "links":{}}';
    expect(lineOf(json, 'raw', filterOf(excluded('attributes.a')))).toBe(
      '{"id":"1","attributes":{"b":3},"links":{}}\n',
    );
  });

  test('leaves every other value as it was written', () => {
    const json = '{"id":"1","attributes":{"aNum":-1E-400,"in":{"x":1,"bNum":[9007199254740993, 1.50]}}}';
    expect(lineOf(json, 'flat', filterOf(excluded('in.x')))).toBe(
      '{"id":"1","a_num":-1E-400,"in":{"b_num":[9007199254740993, 1.50]}}\n',
    );
  });
});

describe('a field that is hashed', () => {
  test('has the HMAC of the JSON text of each value in it, and nothing where there is nothing', () => {
    const attributes = { email: 'ada@example.com', custom: { a: ['x', { b: 'é"\n/' }, 1.5, true, null, [], {}] } };
    const paths = hashed('email', 'custom');
    const [x, b] = [hmac('"x"'), hmac(JSON.stringify('é"\n/'))];
    expect(flat(attributes, paths)).toEqual({
      email: hmac('"ada@example.com"'),
      custom: { a: [x, { b }, hmac('1.5'), hmac('true'), null, [], {}] },
    });
  });

  test('is equal for equal texts, however their JSON is written, in every stream, format and run', () => {
    const texts = ['"é/😀"', '"\\u00e9\\/\\ud83d\\ude00"', '"\\u00E9/😀"'];
    const all = texts.flatMap(text => {
      const json = `{"id":"1","attributes":{"a":${text}}}`;
      return [
        JSON.parse(lineOf(json, 'flat', filterOf(hashed('a')))).a,
        JSON.parse(lineOf(json, 'raw', filterOf(hashed('attributes.a'), hashWith(KEY)))).attributes.a,
      ];
    });
    expect(new Set(all)).toEqual(new Set([hmac('"é/😀"')]));
    expect(flat({ a: '\ud800' }, hashed('a')).a).toBe(hmac('"\ufffd"'));
    expect(flat({ a: 'x' }, hashed('a')).a).not.toBe(
      lineOf('{"a":"x"}', 'raw', filterOf(hashed('a'), hashWith('other'))),
    );
  });

  test('may have a field inside that is excluded', () => {
    const paths = { custom: 'hashed', 'custom.ssn_str': 'excluded' } as const;
    expect(flat({ custom: { ssnStr: 'x', nameStr: 'y' } }, paths)).toEqual({ custom: { name_str: hmac('"y"') } });
  });
});

describe('for any record and any paths', () => {
  const key = fc.constantFrom('aB', 'a_b', 'a_b_2', 'custom', 'x', 'Id', 'sla', 'slaData');
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      fc.integer(),
      fc.constantFrom(null, true, 'é"\\\n', 'plain'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  }));
  const attributes = fc.dictionary(key, value, { maxKeys: 8 });
  const relationships = fc.dictionary(key, fc.record({ data: value }), { maxKeys: 3 });
  const resource = fc.record({ id: fc.constant('1'), attributes, relationships }, { requiredKeys: ['id'] });
  const names = fc.constantFrom('a_b', 'a_b_2', 'a_b_3', 'aB', 'custom', 'x', 'id_2', 'sla', 'sla_data', 'attributes');
  const path = fc.array(names, { minLength: 1, maxLength: 3 }).map(parts => parts.join('.'));
  const format = fc.constantFrom('flat', 'raw');

  function each(
    value: unknown,
    parts: readonly string[],
    at: (owner: Record<string, unknown>, key: string) => void,
  ): void {
    if (Array.isArray(value)) for (const element of value) each(element, parts, at);
    else if (typeof value === 'object' && value !== null) {
      const [first = '', ...rest] = parts;
      if (!Object.hasOwn(value, first)) return;
      if (rest.length === 0) at(value as Record<string, unknown>, first);
      else each((value as Record<string, unknown>)[first], rest, at);
    }
  }

  function hashAll(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(hashAll);
    if (typeof value !== 'object') return hmac(JSON.stringify(value));
    return value && Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hashAll(inner)]));
  }

  test('excluding and then reading is reading and then deleting; hashing is the same with hashes', () => {
    fc.assert(
      fc.property(resource, format, fc.array(path, { maxLength: 5 }), fc.option(path), (given, format, paths, one) => {
        const json = JSON.stringify(given);
        const model = JSON.parse(lineOf(json, format));
        if (one !== null) {
          each(model, one.split('.'), (owner, key) => {
            owner[key] = hashAll(owner[key]);
          });
        }
        for (const path of paths) {
          each(model, path.split('.'), (owner, key) => {
            delete owner[key];
          });
        }
        const all = keptBackOf('notes', {
          excludeFields: paths.map(path => ({ stream: 'notes', path })),
          hashFields: one === null ? [] : [{ stream: '*', path: one }],
        });
        expect(JSON.parse(lineOf(json, format, new FieldFilter(all, hash)))).toEqual(model);
      }),
      { numRuns: cases(5_000) },
    );
  });
});

describe('what was met', () => {
  test('is known of each path, and the names that lines have where one leads nowhere', () => {
    const filter = filterOf({ ...excluded('emails.email', 'custom.ssn', 'nane'), ...hashed('custom.age_num') });
    const met = () => ['emails.email', 'custom.ssn', 'nane', 'custom.age_num'].filter(path => filter.hasMet(path));
    expect(met()).toEqual([]);
    const json = '{"id":"1","attributes":{"name":"x","emails":[{"email":1}],"custom":{"ssnStr":1,"ageNum":2}}}';
    lineOf(json, 'flat', filter);
    expect(met()).toEqual(['emails.email', 'custom.age_num']);
    expect(filter.namesBeside('custom.ssn')).toEqual({ at: 'custom.', name: 'ssn', names: ['ssn_str'] });
    expect(filter.namesBeside('nane.x')).toEqual({ at: '', name: 'nane', names: ['id', 'name'] });
  });
});

describe('a line of the inputs', () => {
  test.each([
    ['customers.emails', { stream: 'customers', path: 'emails' }],
    ['*.custom.ssn_str', { stream: '*', path: 'custom.ssn_str' }],
    ['customers', null],
    ['customers.', null],
    ['.emails', null],
    ['customers..emails', null],
    ['customers.emails.', null],
  ])('%s', (line, parsed) => {
    expect(parseFieldPath(line)).toEqual(parsed);
  });

  test.each([
    ['id', 'flat', 'id'],
    ['type.x', 'flat', 'type'],
    ['updated_at', 'flat', 'updated_at'],
    ['updated_at', 'raw', 'updated_at'],
    ['attributes', 'raw', 'attributes.updatedAt'],
    ['attributes.updatedAt', 'raw', 'attributes.updatedAt'],
    ['attributes', 'flat', undefined],
    ['ids', 'flat', undefined],
    ['attributes.id', 'raw', undefined],
  ] as const)('%s keeps back in %s what nobody can do without: %s', (path, format, own) => {
    expect(protectedIn(path, format)).toBe(own);
  });

  test('covers those inside of it, in its stream or in all', () => {
    const of = (line: string) => parseFieldPath(line) as NonNullable<ReturnType<typeof parseFieldPath>>;
    expect(coversField(of('*.custom'), of('notes.custom.a'))).toBe(true);
    expect(coversField(of('notes.custom'), of('*.custom'))).toBe(true);
    expect(coversField(of('notes.custom.a'), of('notes.custom'))).toBe(false);
    expect(coversField(of('notes.custom'), of('tags.custom'))).toBe(false);
    expect(coversField(of('notes.custom'), of('notes.custom_2'))).toBe(false);
  });
});

test('what is published of two runs was kept back as both say, and is mixed where they differ', () => {
  const of = (paths: Record<string, Treatment>, ...unmet: string[]) => ({
    paths: new Map(Object.entries(paths)),
    unmet: new Set(unmet),
  });
  const united = unitePublished(
    of({ custom: 'excluded', a: 'excluded', b: 'hashed' }, 'a'),
    of({ 'custom.x': 'excluded', a: 'excluded', b: 'excluded', c: 'hashed' }, 'a', 'c'),
  );
  expect(Object.fromEntries(united?.paths ?? [])).toEqual({
    a: 'excluded',
    b: 'mixed',
    c: 'mixed',
    custom: 'mixed',
    'custom.x': 'excluded',
  });
  expect([...(united?.unmet ?? [])]).toEqual(['a', 'c']);
  expect(unitePublished(undefined, undefined)).toBeUndefined();
});

test('the digest of a key is the same in all runs, and another one for another key', () => {
  expect(keyDigest(KEY)).toMatch(/^[0-9a-f]{16}$/);
  expect(keyDigest(KEY)).toBe(keyDigest(KEY));
  expect(keyDigest(`${KEY}.`)).not.toBe(keyDigest(KEY));
});
