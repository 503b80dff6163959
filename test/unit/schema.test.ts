// What is documented of the streams, what is seen of them, and the schema that follows: it only ever widens.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/kustomer/client.ts';
import { definitionsOf } from '../../src/kustomer/custom-attributes.ts';
import { parseResponse } from '../../src/kustomer/json.ts';
import { type ListStream, streamNamed } from '../../src/kustomer/streams.ts';
import { FieldFilter } from '../../src/records/fields.ts';
import { schemaIn, schemaText } from '../../src/schema/beside.ts';
import { customKinds, DOCUMENTED, hasDeletionLines, sourceKey } from '../../src/schema/columns.ts';
import { jsonSchema } from '../../src/schema/json-schema.ts';
import { KIND, kindsOf } from '../../src/schema/kinds.ts';
import { learnSchema } from '../../src/schema/learn.ts';
import { Observer } from '../../src/schema/observer.ts';
import { changes, documentedSchema, type Observed, widen } from '../../src/schema/schema.ts';
import { viewColumns } from '../../src/schema/view-columns.ts';
import { DIALECTS, type Warehouse, warehouseViews } from '../../src/schema/warehouses.ts';
import { snakeCase } from '../../src/sync/snake-case.ts';
import {
  joinSchemas,
  MAX_COLUMNS,
  parseSchema,
  type StreamSchema,
  serializeSchema,
} from '../../src/sync/stream-schema.ts';
import { cases } from '../forms.ts';
import { ALL_STREAMS, LISTED } from '../world/kustomer/index.ts';
import { growOver, validatorOf } from './grown.ts';
import { linesOf, writtenBy } from './written.ts';

const FORMATS = ['flat', 'raw'] as const;

/** The same for both formats. */
const WORLDS = Array.from({ length: cases(20) }, (_, seed) =>
  writtenBy(seed, { exoticEvery: seed % 2 === 0 ? 3 : Number.POSITIVE_INFINITY }),
);

function observe(known: StreamSchema, lines: readonly (string | Buffer)[]): Observed {
  const observer = new Observer(known);
  for (const line of lines) observer.line(Buffer.from(line));
  return observer.seen();
}

const json = (value: unknown) => JSON.stringify(value);
const seen = (schema: StreamSchema, ...values: object[]) =>
  widen(
    schema,
    observe(
      schema,
      values.map(value => json(value)),
    ),
  );

describe('the documented columns', () => {
  test('are those of all streams', () => {
    expect([...DOCUMENTED.keys()].sort()).toEqual([...ALL_STREAMS].sort());
    expect([...DOCUMENTED.keys()].filter(hasDeletionLines)).toEqual([...LISTED]);
  });

  test.each([...DOCUMENTED])(
    'of %s have a key, a cursor, a mark of deletion, and a sentence each',
    (_, { columns }) => {
      expect([...columns.keys()]).toEqual(
        expect.arrayContaining(['id', 'type', 'updated_at', 'deleted', 'deleted_at']),
      );
      for (const { name, text } of columns.values()) {
        expect([name, text]).toEqual([
          expect.stringMatching(/^[a-z][a-z0-9_]*$/),
          expect.stringMatching(/^[A-Z].+\.$/),
        ]);
      }
    },
  );

  test('have a key in the source that becomes their name', () => {
    const names = [...DOCUMENTED.values()].flatMap(({ columns }) => [...columns.keys()]);
    expect(names.filter(name => snakeCase(sourceKey(name)) !== name)).toEqual([]);
  });

  test('are what the simulated world has, but for what it is to discover', () => {
    for (const written of writtenBy(1, { exoticEvery: Number.POSITIVE_INFINITY, count: 40 })) {
      const schema = documentedSchema(written.stream, 'flat');
      const found = widen(schema, observe(schema, linesOf(written, 'flat')));
      const appeared = changes(schema, found).appeared.filter(name => !/^(?:custom\.|klass )/.test(name));
      expect([written.stream, appeared]).toEqual([written.stream, written.stream === 'users' ? ['deleted_by'] : []]);
    }
  });
});

test.each([
  ['order_total_num', KIND.number | KIND.integer],
  ['orderTotalNum', KIND.number | KIND.integer],
  ['wish_at', KIND['date-time']],
  ['is_vip_bool', KIND.boolean],
  ['trackingUrl', KIND.string],
  ['reason_tree', KIND.string],
  ['that', 0],
  ['numbers', 0],
])('the end of the name of a custom attribute says its type: %s', (key, kinds) => {
  expect(customKinds(key)).toBe(kinds);
});

test('metadata says the type of a custom attribute, where it is given', () => {
  const { observer, tell, schema } = learnSchema('customers', 'flat', undefined);
  const definitions = new Map([
    ['colorsStr', { type: 'string', isList: true }],
    ['odd', { type: 'number', isList: false }],
    ['sizeStr', { type: 'number', isList: false }],
    ['newAt', { type: 'hologram', isList: false }],
  ]);
  tell('customer', definitions, 0);
  observer.line(Buffer.from(json({ id: '1', type: 'customer', custom: { size_str: 5, new_at: null } })));
  const { custom } = schema(false);
  expect(customKinds('colors_str', custom)).toBe(KIND.array);
  expect(customKinds('odd', custom)).toBe(KIND.number | KIND.integer);
  const types = new Map(viewColumns(schema(false)).map(({ name, type }) => [name, type]));
  const wanted = { colors_str: 'json', odd: 'number', size_str: 'number', new_at: 'time' };
  for (const [key, type] of Object.entries(wanted)) expect([key, types.get(`custom_${key}`)]).toEqual([key, type]);
  expect(jsonSchema(schema(false))).toMatchObject({
    properties: {
      custom: { properties: { colors_str: { type: ['array', 'null'] }, odd: { type: ['number', 'null'] } } },
    },
  });
});

test('types are asked for once for each kind of object, again when an attribute is new, and after a month', () => {
  const [start, day] = [1_000, 86_400_000];
  const learn = (known?: StreamSchema, ...values: object[]) => {
    const learned = learnSchema('kobjects', 'raw', known);
    for (const custom of values) {
      learned.observer.type('kobject.order');
      learned.observer.line(Buffer.from(json({ id: '1', type: 'kobject.order', attributes: { custom } })));
    }
    return learned;
  };
  expect(learn(undefined, {}).toAsk(start)).toEqual([]);
  const first = learn(undefined, { sizeNum: 1 });
  expect(first.toAsk(start)).toEqual(['kobject.order']);
  first.tell('kobject.order', null, start);
  // Through the state.
  const known = parseSchema('kobjects', JSON.parse(json(serializeSchema(first.schema(false)))));
  expect(known).toEqual(first.schema(false));
  expect(learn(known, { sizeNum: 2 }).toAsk(start + 29 * day)).toEqual([]);
  expect(learn(known).toAsk(start + 90 * day)).toEqual([]);
  expect(learn(known, { sizeNum: 2 }).toAsk(start + 31 * day)).toEqual(['kobject.order']);
  const second = learn(known, { sizeNum: 2, newStr: 'x' });
  expect(second.toAsk(start + day)).toEqual(['kobject.order']);
  second.tell('kobject.order', new Map([['newStr', { type: 'boolean', isList: false }]]), start + day);
  expect(second.schema(false).custom).toEqual({
    kinds: new Map([['newStr', KIND.boolean]]),
    askedAt: new Map([['kobject.order', start + day]]),
  });
  const many = learn();
  for (let n = 0; n < 500; n++) many.observer.type(`kobject.k${n}`);
  many.observer.line(Buffer.from(json({ attributes: { custom: { a: 1 } } })));
  expect(many.toAsk(start)).toHaveLength(50);
});

test('a definition of any size and shape is taken as far as it is one', async () => {
  const attributes = Object.fromEntries(
    Array.from({ length: 3_000 }, (_, n) => [`key${n}Num`, { type: 'string', tree: Array(9).fill({}) }]),
  );
  const answers: [unknown, number][] = [
    [{ properties: { ['k'.repeat(300)]: { type: 'number' }, ...attributes } }, 500],
    [{ properties: { a: null, b: 'string', c: { type: 5 }, d: { type: 'x'.repeat(99) } } }, 2],
    [{ properties: [{ type: 'string' }] }, 0],
    [{}, 0],
    [null, 0],
  ];
  for (const [attributes, count] of answers) {
    const data = { id: '1', type: 'metadata', attributes };
    const client = { send: async () => parseResponse(Buffer.from(json({ data }))) } as unknown as Client;
    const stream = streamNamed('custom_attributes') as ListStream;
    const found = await definitionsOf('customer', { client, stream, includeDeleted: true, onRecord: () => {} });
    expect(found?.size).toBe(count);
    const { tell, schema } = learnSchema('customers', 'flat', undefined);
    tell('customer', found, 0);
    expect(schema(false).columns.get('custom')?.size).toBe(count === 500 ? 500 : 0);
  }
});

test.each([
  ['null', KIND.seen],
  ['true', KIND.boolean],
  ['-12', KIND.integer],
  ['1.0', KIND.number],
  ['1E3', KIND.number],
  ['"2026-01-05T10:00:00Z"', KIND['date-time']],
  ['"2026-01-05T10:00:00.123456Z"', KIND['date-time']],
  ['"2026-01-05T10:00:00-05:00"', KIND['date-time']],
  ['"2026-01-05"', KIND.string],
  ['"2026-01-05T10:00:00"', KIND.string],
  ['"abcd-ef-ghTij:kl:mnZ"', KIND.string],
  ['""', KIND.string],
  ['{}', KIND.object],
  ['[1]', KIND.array],
])('the kind of %s', (text, kinds) => {
  expect(kindsOf(Buffer.from(text), 0, text.length)).toBe(kinds | KIND.seen);
});

describe.each(Object.keys(DIALECTS) as Warehouse[])('the views for %s', warehouse => {
  test('have every documented column, with ids as text, and know what is deleted', () => {
    const dialect = DIALECTS[warehouse];
    for (const [stream, { columns }] of DOCUMENTED) {
      const sql = warehouseViews(warehouse, documentedSchema(stream, 'flat'));
      for (const name of columns.keys()) expect(sql).toContain(` AS ${dialect.name(name)}`);
      expect(sql).toContain(`  ${dialect.text(['id'])} AS ${dialect.name('id')},`);
      expect(sql).toContain('WHERE age = 1 AND deleted IS NOT TRUE AND deleted_at IS NULL\n');
    }
  });

  test('leave out a custom attribute whose name is none in SQL', () => {
    const schema = seen(documentedSchema('tags', 'flat'), { id: '1', custom: { "it's odd_num": 1, fine_num: 1 } });
    const sql = warehouseViews(warehouse, schema);
    expect(sql).toContain(DIALECTS[warehouse].name('custom_fine_num'));
    expect(sql).not.toMatch(/odd/);
  });
});

describe('a schema', () => {
  test('marks what was seen and is not documented', () => {
    const schema = seen(documentedSchema('tags', 'flat'), {
      id: '1',
      type: 'tag',
      weight: 1.5,
      custom: { fooStr: 'x' },
    });
    const { properties } = jsonSchema(schema) as { properties: Record<string, Record<string, unknown>> };
    expect(properties.weight).toEqual({ type: ['number', 'null'], 'x-undocumented': true });
    expect(properties.color).toEqual({ type: ['string', 'null'], description: 'Color.' });
    expect(properties.updated_at).toMatchObject({ type: ['string', 'null'], format: 'date-time' });
    expect(properties.custom?.properties).toEqual({ fooStr: { type: ['string', 'null'] } });
  });

  test('types custom attributes by suffix, also when only null was seen', () => {
    const schema = seen(documentedSchema('customers', 'flat'), {
      id: '1',
      custom: { total_num: null, wish_at: 'tomorrow', x: null },
    });
    expect(jsonSchema(schema)).toMatchObject({
      properties: {
        custom: {
          properties: {
            total_num: { type: ['number', 'null'] },
            wish_at: { type: ['string', 'null'] },
            x: { type: ['null'], 'x-undocumented': true },
          },
        },
      },
    });
  });

  test('stays small when keys are data', () => {
    const many = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`key${i}`, i]));
    const before = documentedSchema('tags', 'flat');
    const line = { id: '1', type: 'tag', ...many, custom: { ...many, ['k'.repeat(5_000)]: 1 }, name: 5 };
    const schema = seen(before, line);
    for (const container of ['', 'custom'] as const) {
      expect(schema.columns.get(container)?.size).toBe(MAX_COLUMNS);
      expect(schema.open).toContain(container);
    }
    // A documented column is noted all the same.
    expect(schema.columns.get('')?.get('name')).toBe(KIND.string | KIND.integer | KIND.seen);
    expect(json(serializeSchema(schema)).length).toBeLessThan(100_000);
    expect(jsonSchema(schema)).toMatchObject({ additionalProperties: true });
  });

  test('does not list a key that was allowed already, with any value', () => {
    const open = seen(documentedSchema('tags', 'flat'), { id: '1', type: 'tag', ['k'.repeat(5_000)]: 1 });
    const later = seen(open, { id: '1', type: 'tag', later: 'text' });
    expect(validatorOf(open)({ id: '1', type: 'tag', later: 1 })).toBe(true);
    expect(validatorOf(later)({ id: '1', type: 'tag', later: 1 })).toBe(true);
  });

  test('says once what is new and what a complete read no longer shows', () => {
    const first = seen(documentedSchema('tags', 'flat'), { id: '1', weight: 1, custom: { a_str: 'x' } });
    expect(changes(documentedSchema('tags', 'flat'), first).appeared).toEqual(
      ['custom.a_str', 'weight', 'custom'].sort(),
    );
    const lines = [json({ id: '1', weight: 2, size: 3 })];
    const partly = widen(first, observe(first, lines));
    expect(changes(first, partly)).toEqual({ appeared: ['size'], vanished: [] });
    const wholly = widen(first, observe(first, lines), { isComplete: true });
    expect(changes(first, wholly)).toEqual({ appeared: ['size'], vanished: ['custom', 'custom.a_str'] });
    const again = widen(wholly, observe(wholly, lines), { isComplete: true });
    expect(changes(wholly, again)).toEqual({ appeared: [], vanished: [] });
    const back = seen(again, { id: '1', custom: { a_str: 'y' } });
    expect([...back.vanished]).toEqual([]);
  });

  test('can be read back from its file, so that the next one allows what it allows', () => {
    const line = JSON.parse('{"id":"1","__proto__":1,"n":1.5,"t":"x","custom":{"__proto__":{},"a_num":2,"odd":[]}}');
    for (const format of ['flat', 'raw'] as const) {
      const schema = seen(documentedSchema('users', format), format === 'flat' ? line : { attributes: line });
      const back = schemaIn('users', schemaText(schema)) as StreamSchema;
      expect(schemaText(back)).toBe(schemaText(schema));
      const own = new Map([['users', documentedSchema('users', format)]]);
      const joined = joinSchemas(new Map([['users', back]]), own).get('users') as StreamSchema;
      expect(schemaText(joined)).toBe(schemaText(schema));
    }
    for (const text of ['', 'null', '[]', '{}', '{"x-record-format":"flat","properties":3}'])
      expect([text, schemaIn('users', text)?.columns.get('')?.size ?? 0]).toEqual([text, 0]);
  });

  test('of two runs allows what either allows, and no order of them matters', () => {
    const record = fc.dictionary(fc.constantFrom('a', 'b', 'name', 'custom'), fc.constantFrom(1, 1.5, 'x', null, {}));
    fc.assert(
      fc.property(fc.array(record), fc.array(record), fc.boolean(), (one, two, isOpen) => {
        const start = documentedSchema('tags', 'flat');
        const [a, b] = [seen(start, ...one), seen(isOpen ? { ...start, open: new Set(['' as const]) } : start, ...two)];
        const join = (x: StreamSchema, y: StreamSchema) =>
          joinSchemas(new Map([['tags', x]]), new Map([['tags', y]])).get('tags') as StreamSchema;
        expect(schemaText(join(a, b))).toBe(schemaText(join(b, a)));
        const [validate, validators] = [validatorOf(join(a, b)), [validatorOf(a), validatorOf(b)]];
        for (const each of [...one, ...two]) {
          const line = { ...each, id: '1', type: 'tag' };
          if (validators.some(valid => valid(line))) expect([line, validate(line)]).toEqual([line, true]);
        }
      }),
      { numRuns: cases(40) },
    );
  });

  test('lists the klasses that were seen', () => {
    const before = documentedSchema('kobjects', 'flat');
    const observer = new Observer(before);
    for (const type of ['kobject.order', 'kobject.shopify-Return', 'customer']) observer.type(type);
    const schema = widen(before, observer.seen());
    expect(jsonSchema(schema)).toMatchObject({ 'x-klasses': ['order', 'shopify-Return'] });
    expect(changes(before, schema).appeared).toEqual(['klass order', 'klass shopify-Return']);
  });

  test('survives the state, and nothing else is taken for it', () => {
    const schema = seen(
      documentedSchema('users', 'raw'),
      JSON.parse('{"id":"1","attributes":{"__proto__":1,"10":2,"custom":{"__proto__":{}}}}'),
    );
    const text = json(serializeSchema(schema));
    expect(parseSchema('users', JSON.parse(text))).toEqual(schema);
    expect(json(serializeSchema(parseSchema('users', JSON.parse(text))))).toBe(text);
    for (const wrong of [null, [], {}, { ...JSON.parse(text), format: 'x' }, { ...JSON.parse(text), klasses: [1] }]) {
      expect(() => parseSchema('users', wrong)).toThrow(TypeError);
    }
    const badKinds = JSON.parse(text.replace(/"color":\d+|"roles":\d+/, '"roles":256'));
    expect(() => parseSchema('users', badKinds)).toThrow(TypeError);
  });
});

describe.each(FORMATS)('%s', format => {
  test(`every line of ${WORLDS.length} random worlds is valid by the last schema of its stream, and none was narrower than before`, () => {
    const { lines, invalid, narrowed } = growOver(WORLDS, format);
    expect({ invalid, narrowed }).toEqual({ invalid: [], narrowed: [] });
    expect(lines).toBeGreaterThan(200 * WORLDS.length);
  });

  test('what is noted while a line is written is what a pass over the line finds', () => {
    for (const written of [...writtenBy(3, { exoticEvery: Number.POSITIVE_INFINITY }), ...writtenBy(4)]) {
      const known = documentedSchema(written.stream, format);
      const observer = new Observer(known);
      const lines = linesOf(written, format, observer);
      expect(observer.seen().columns).toEqual(observe(known, lines).columns);
    }
  });

  test('of a line without the fields that are kept back, only what is left is noted', () => {
    for (const written of writtenBy(5)) {
      const own = format === 'flat' ? '' : 'attributes.';
      const members = linesOf(written, format).flatMap(line => {
        const record = JSON.parse(String(line));
        const { custom, ...others } = format === 'flat' ? record : record.attributes;
        return [...Object.keys(others), ...Object.keys(custom ?? {}).map(key => `custom.${key}`)];
      });
      const names = [...new Set(members)].filter(name => !/^(?:id|type)$/.test(name));
      const treatments = names.map(
        (name, n) => [`${own}${name}`, (['excluded', 'hashed', null] as const)[n % 3]] as const,
      );
      const paths = new Map(treatments.flatMap(([path, treatment]) => (treatment ? [[path, treatment] as const] : [])));
      const known = documentedSchema(written.stream, format);
      const observer = new Observer(known);
      const lines = linesOf(written, format, observer, new FieldFilter(paths, () => 'a hash'));
      expect(observer.seen().columns).toEqual(observe(known, lines).columns);
    }
  });

  test('a schema only widens: what one allows, all later ones allow', () => {
    const key = fc.constantFrom(
      'name',
      'color',
      'updated_at',
      'a',
      'b_num',
      'c_at',
      '__proto__',
      'custom',
      'attributes',
    );
    const leaf = fc.oneof(
      fc.constantFrom(null, true, 1, -2, 1.5, 'x', '2026-01-01T00:00:00Z', '2026-01-01', [], [1]),
      fc.constant({ deep: 1 }),
    );
    const members = fc.array(fc.tuple(key, leaf)).map(entries => Object.fromEntries(entries));
    const record = fc
      .record({ id: fc.string(), type: fc.string(), rest: members, custom: fc.oneof(members, leaf) })
      .map(({ id, type, rest, custom }) =>
        format === 'flat'
          ? { ...rest, id, type, custom }
          : { id, type, attributes: { ...rest, custom }, relationships: rest },
      );
    const runs = fc.array(fc.array(record, { maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(runs, fc.array(record), (runs, others) => {
        let schema = documentedSchema('tags', format);
        let allowed: object[] = [];
        for (const records of runs) {
          schema = seen(parseSchema('tags', JSON.parse(json(serializeSchema(schema)))), ...records);
          const validate = validatorOf(schema);
          for (const record of [...allowed, ...records])
            expect([validate(record), validate.errors]).toEqual([true, null]);
          allowed = [...allowed, ...records, ...others.filter(other => validate(other))];
        }
      }),
      { numRuns: cases(60) },
    );
  });
});
