// The flat record beside a model of it: the same rules in values, as slow and plain as can be.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lines } from '../../src/records/record.ts';
import { snakeCase } from '../../src/sync/snake-case.ts';
import { cases } from '../forms.ts';

const flat = (json: string) => {
  const lines = new Lines(8);
  lines.add({ id: '1', type: 'x', json: Buffer.from(json) }, { recordFormat: 'flat' });
  return String(lines.bytes());
};

type Plain = Record<string, unknown>;
const OWN = ['id', 'type', 'links'];
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A name for each key, of those that it could have: the wanted one, or with a number. */
function named(wanted: readonly (readonly [key: string, name: string])[], taken: readonly string[]): string[] {
  const all = new Set([...taken, ...wanted.map(([, name]) => name)]);
  const names = new Array<string>(wanted.length);
  const order = wanted.map(([key, name], n) => ({ key, name, n }));
  order.sort(
    (a, b) =>
      Number(b.key === b.name) - Number(a.key === a.name) || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.n - b.n),
  );
  for (const { name, n } of order) {
    const isFree = !taken.includes(name) && !names.includes(name);
    let number = 2;
    while (all.has(`${name}_${number}`) || names.includes(`${name}_${number}`)) number++;
    names[n] = isFree ? name : `${name}_${number}`;
  }
  return names;
}

function flatValue(resource: Plain): [string, unknown][] {
  const attributes = isPlain(resource.attributes) ? Object.entries(resource.attributes) : [];
  const others = Object.entries(resource).filter(
    ([name, value]) => !OWN.includes(name) && !(['attributes', 'relationships'].includes(name) && isPlain(value)),
  );
  const members = [...attributes, ...others];
  const names = named(
    members.map(([key]) => [key, snakeCase(key)] as const),
    OWN,
  );
  const ofAttributes = names.slice(0, attributes.length);
  const related = Object.entries(isPlain(resource.relationships) ? resource.relationships : {}).flatMap(
    ([key, value]) => (isPlain(value) && Object.hasOwn(value, 'data') ? [[key, value.data] as const] : []),
  );
  const relations = named(
    related.map(
      ([key]) => [key, ofAttributes.includes(snakeCase(key)) ? `${snakeCase(key)}_data` : snakeCase(key)] as const,
    ),
    [...OWN, ...names],
  );
  // Where they stand in the source, but the relationships last.
  const columns = members.map(([, value], n) => [names[n] as string, value] as const);
  const ofOthers = columns.splice(attributes.length);
  const inOrder = Object.entries(resource).flatMap(([name, value]) => {
    if (OWN.includes(name)) return [[name, value] as const];
    if (name === 'attributes' && isPlain(value)) return columns;
    return name === 'relationships' && isPlain(value) ? [] : ofOthers.splice(0, 1);
  });
  return [...inOrder, ...related.map(([, value], n) => [relations[n] as string, value] as const)].map(
    ([name, value]) => [name as string, snakeValue(value)],
  );
}

function snakeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeValue);
  if (!isPlain(value)) return value;
  const names = named(
    Object.keys(value).map(key => [key, snakeCase(key)] as const),
    [],
  );
  return { entries: Object.values(value).map((inner, n) => [names[n], snakeValue(inner)]) };
}

/** Parsed JSON in the form of `snakeValue`, so that the order of keys counts. */
function entriesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(entriesOf);
  if (!isPlain(value)) return value;
  return { entries: Object.entries(value).map(([key, inner]) => [key, entriesOf(inner)]) };
}

describe('flat', () => {
  // Keys that collide often. No numbers, whose order JavaScript decides, and no escapes: the JSON.parse of Node 24.21,
  // which reads the line here, mixes such keys up now and then.
  const key = fc.oneof(
    fc.constantFrom(
      'aB',
      'a_b',
      'AB',
      'a_b_2',
      'id',
      'Id',
      'type',
      'links',
      'sla',
      'slaData',
      'sla_data',
      'org',
      'constructor',
      '',
    ),
    fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'B', '_', 'É', '-', 'ß') }),
  );
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.constantFrom(null, true, false, 'é"\\\n'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  const members = fc.dictionary(key, value, { maxKeys: 8 });
  const resource = fc.record(
    {
      relationships: fc.oneof(
        value,
        fc.dictionary(
          key,
          fc.oneof(
            value,
            value.map(data => ({ links: 1, data })),
          ),
          { maxKeys: 6 },
        ),
      ),
      id: fc.constant('1'),
      attributes: fc.oneof(members, value),
      type: fc.constant('x'),
      links: members,
      newMember: value,
    },
    { requiredKeys: [] },
  );

  test('is what the model says, for any resource', () => {
    fc.assert(
      fc.property(resource, fc.constantFrom(undefined, 1), (given, indent) => {
        const line = flat(JSON.stringify(given, null, indent));
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(entriesOf(JSON.parse(line))).toEqual({ entries: flatValue(given) });
      }),
      { numRuns: cases(5_000) },
    );
  });

  test('has keys in any alphabet', () => {
    expect(flat('{"attributes":{"КлючStr":1,"in":{"值Key":"值","😀Face":{"\\"":1,"\\\\":2}}}}')).toBe(
      '{"ключ_str":1,"in":{"值_key":"值","😀_face":{"\\"":1,"\\\\":2}}}\n',
    );
  });

  test('keeps every number as it is written', () => {
    expect(flat('{"id":"1","attributes":{"aNum":-1E-400,"in":[{"bNum":[9007199254740993,1.50]}]}}')).toBe(
      '{"id":"1","a_num":-1E-400,"in":[{"b_num":[9007199254740993,1.50]}]}\n',
    );
  });

  test('stays right when there are more keys than the limit of known keys', () => {
    for (let n = 0; n < 50; n++) {
      const many = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`key${n}No${i}`, i]));
      const line = flat(JSON.stringify({ id: '1', attributes: { ...many, aB: 1, a_b: 2, in: { aB: 1, a_b: 2 } } }));
      expect(JSON.parse(line)).toMatchObject({ a_b: 2, a_b_2: 1, in: { a_b: 2, a_b_2: 1 }, [`key${n}_no7`]: 7 });
    }
  });
});
